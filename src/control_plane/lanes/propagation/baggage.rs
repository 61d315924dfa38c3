//! The `baggage` header: a list of `key=value;property` members (W3C Baggage).

use std::fmt::Write as _;

use crate::data_plane::HeaderMap;

/// The header.
const BAGGAGE: &str = "baggage";

/// Returns the value of a key, decoded; of repeated keys the last one counts.
pub(super) fn get(headers: &HeaderMap, key: &str) -> Option<String> {
    let found = members(headers).filter(|member| key_of(member) == key).last()?;
    let value = found.split_once('=')?.1;
    let value = value.split(';').next().unwrap_or_default().trim();
    Some(decode(value)).filter(|value| !value.is_empty())
}

/// Puts a key behind the others, in the place of its former values.
pub(super) fn put(headers: &mut HeaderMap, key: &str, value: &str) {
    let kept = members(headers).filter(|member| key_of(member) != key).map(str::to_owned);
    let mut kept: Vec<String> = kept.collect();
    kept.push(format!("{key}={}", encode(value)));
    headers.set(BAGGAGE, kept.join(","));
}

fn members(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.values(BAGGAGE);
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|member| !member.is_empty())
}

fn key_of(member: &str) -> &str {
    member.split(['=', ';']).next().unwrap_or_default().trim()
}

/// Printable ASCII stays, save what separates members and the sign of the encoding itself.
fn encode(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\",;\\%".contains(&byte);
    let mut out = String::new();
    for byte in value.bytes() {
        if plain(byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// An escape that is none stays as it is; what is no UTF-8 becomes replacement characters.
fn decode(value: &str) -> String {
    let bytes = value.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while let Some(byte) = bytes.get(index) {
        let digits = bytes.get(index + 1..index + 3).filter(|_| *byte == b'%');
        let escaped = digits
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(escaped.unwrap_or(*byte));
        index += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_replaces_its_former_value_and_leaves_the_others() {
        let mut headers = HeaderMap::decode([
            (BAGGAGE, "user=alice;ttl=5, lane=s3"),
            (BAGGAGE, "lane = s4 ; p=1,,isProd=false"),
        ]);
        assert_eq!(get(&headers, "lane").as_deref(), Some("s4"));
        put(&mut headers, "lane", "s2");
        let lines: Vec<&str> = headers.values(BAGGAGE).collect();
        assert_eq!(lines, ["user=alice;ttl=5,isProd=false,lane=s2"]);
        assert_eq!(get(&headers, "user").as_deref(), Some("alice"));
        assert_eq!((get(&headers, "lan"), get(&headers, "p")), (None, None));
    }

    #[test]
    fn values_survive_the_encoding() {
        for (value, encoded) in [
            ("s2", "s2"),
            ("a b", "a%20b"),
            ("a,b;c=d", "a%2Cb%3Bc=d"),
            ("100%", "100%25"),
            ("ü", "%C3%BC"),
            ("", ""),
        ] {
            assert_eq!(encode(value), encoded);
            assert_eq!(decode(encoded), value);
        }
        for text in ["%", "%2", "%zz", "%+1"] {
            assert_eq!(decode(text), text, "no escape");
        }
    }
}
