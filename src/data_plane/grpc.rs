//! What a proxy does for clients that speak gRPC.

use super::request::Request;

impl Request {
    /// Tells whether the client speaks gRPC.
    #[must_use]
    pub fn is_grpc(&self) -> bool {
        let content = self.headers.first("content-type").unwrap_or_default();
        content == "application/grpc" || content.starts_with("application/grpc+")
    }
}

/// A time limit in milliseconds as the header `grpc-timeout`: at most eight digits and a unit (E-161).
pub(super) fn timeout(millis: u64) -> String {
    const UNITS: [(u64, char); 3] = [(1, 'm'), (1_000, 'S'), (60_000, 'M')];
    let fitting = UNITS.into_iter().find(|(unit, _)| millis / unit < 100_000_000);
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
