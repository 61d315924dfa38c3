//! Which `referer` values reach the application: an address without user and fragment (observed on 1.40).

use std::net::Ipv6Addr;

/// Tells whether a proxy lets a value through; it drops the header otherwise.
///
/// An absolute address may have anything printable in its path, a relative one only what RFC 3986 allows
/// in a path and a query.
pub(super) fn is_kept(value: &str) -> bool {
    is_absolute(value) || is_relative(value)
}

fn is_absolute(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once("://") else { return false };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    // The empty fragment counts as none.
    let path = path.strip_suffix('#').unwrap_or(path);
    is_scheme(scheme)
        && is_authority(authority)
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
}

fn is_scheme(text: &str) -> bool {
    let follows = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.bytes().all(follows)
}

/// A host without user, with a port or without.
fn is_authority(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    };
    let is_port =
        |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    let is_host = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').is_some_and(|ip| ip.parse::<Ipv6Addr>().is_ok()),
        None => {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
            !host.is_empty() && host.bytes().all(allowed)
        }
    };
    is_host && port.is_none_or(is_port)
}

fn is_relative(value: &str) -> bool {
    let first = value.split('/').next().unwrap_or_default();
    let allowed =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:@/?".contains(&byte);
    !first.contains(':') && value.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::is_kept;

    #[test]
    fn addresses_without_user_and_fragment_are_kept() {
        for value in [
            "",
            "v1",
            "*",
            "a@b",
            "a/b:c",
            "?q",
            "x?/:",
            "%zz",
            "//u@h/",
            "/~!$&'()*+,;=-._@",
            "http://a.test",
            "HTTP://H/",
            "h+p://x/",
            "https://b.test:8443",
            "http://h:080/",
            "http://h:80?x",
            "http://[::1]:80/x",
            "http://h/{x}\"<>^`|\\",
            "http://h?q#",
            "https://h/a@b",
        ] {
            assert!(is_kept(value), "{value}");
        }
    }

    #[test]
    fn everything_else_is_dropped() {
        for value in [
            "a b",
            "u=\"bob\"",
            "a:b",
            "a?b:c",
            "about:blank",
            "mailto:x@y",
            "/a#b",
            "/[x]",
            "/a|b",
            "://x",
            "1h://x",
            "http:/x",
            "http:///x",
            "http://u@a.test/",
            "http://u:p@a.test/x",
            "http://a_b/",
            "http://h%41/",
            "http://h:",
            "http://h:x/",
            "http://h:65536/",
            "http://[x]/",
            "http://h#",
            "http://h/?a#b",
            "http://h/a b",
        ] {
            assert!(!is_kept(value), "{value}");
        }
    }
}
