//! What a proxy does for clients that speak gRPC.

use super::request::Request;

impl Request {
    /// Tells whether the client speaks gRPC.
    #[must_use]
    pub fn is_grpc(&self) -> bool {
        let content = self.headers.first("content-type").unwrap_or_default();
        content == "application/grpc" || content.starts_with("application/grpc+")
    }

    /// Returns the time limit that the client sends in `grpc-timeout`, in milliseconds, rounded up: a number of
    /// at most eight digits with a unit (E-161). 0 is no limit, nor is what cannot be read.
    #[must_use]
    pub fn grpc_timeout_ms(&self) -> Option<u64> {
        let value = self.headers.first("grpc-timeout")?;
        let (count, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
        let count: u64 = count.trim_ascii().parse().ok().filter(|count| *count < LIMIT)?;
        let millis = match unit {
            "H" => count * 3_600_000,
            "M" => count * 60_000,
            "S" => count * 1_000,
            "m" => count,
            "u" => count.div_ceil(1_000),
            "n" => count.div_ceil(1_000_000),
            _ => return None,
        };
        (millis > 0).then_some(millis)
    }
}

/// The first number of nine digits: that of a limit has eight.
const LIMIT: u64 = 100_000_000;

/// A time limit in milliseconds as the header `grpc-timeout`: at most eight digits and a unit (E-161).
pub(super) fn timeout(millis: u64) -> String {
    const UNITS: [(u64, char); 3] = [(1, 'm'), (1_000, 'S'), (60_000, 'M')];
    let fitting = UNITS.into_iter().find(|(unit, _)| millis / unit < LIMIT);
    let (unit, letter) = fitting.unwrap_or((3_600_000, 'H'));
    format!("{}{letter}", millis / unit)
}

#[cfg(test)]
mod tests {
    use super::super::headers::HeaderMap;
    use super::*;

    #[test]
    fn grpc_is_told_by_the_content_type() {
        for (content, expected) in [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("application/grpc-web", false),
            ("application/json", false),
        ] {
            let mut request = Request::get("shop", "/");
            request.headers = HeaderMap::decode([("content-type", content)]);
            assert_eq!(request.is_grpc(), expected, "{content}");
        }
        assert!(!Request::get("shop", "/").is_grpc());
    }

    /// As the real Envoy 1.40 took them.
    #[test]
    fn a_client_s_limit_is_read() {
        for (value, expected) in [
            ("1S", Some(1_000)),
            ("500m", Some(500)),
            ("5u", Some(1)),
            ("1500u", Some(2)),
            ("1n", Some(1)),
            ("1M", Some(60_000)),
            ("99999999H", Some(359_999_996_400_000)),
            ("+1S", Some(1_000)),
            ("1 S", Some(1_000)),
            ("01S", Some(1_000)),
            ("123456789m", None),
            ("99999999999999999999m", None),
            ("0S", None),
            ("1", None),
            ("S", None),
            ("1x", None),
            ("1Sx", None),
            ("-1S", None),
            ("1S,2S", None),
            ("1ü", None),
            ("", None),
        ] {
            let mut request = Request::get("shop", "/");
            request.headers = HeaderMap::decode([("grpc-timeout", value)]);
            assert_eq!(request.grpc_timeout_ms(), expected, "{value}");
        }
        assert_eq!(Request::get("shop", "/").grpc_timeout_ms(), None);
    }

    #[test]
    fn a_limit_has_at_most_eight_digits() {
        for (millis, expected) in [
            (2_500, "2500m"),
            (99_999_999, "99999999m"),
            (100_000_000, "100000S"),
            (100_000_000_000, "1666666M"),
            (u64::MAX / 1_000_000, "5124095H"),
        ] {
            assert_eq!(timeout(millis), expected);
        }
    }
}
