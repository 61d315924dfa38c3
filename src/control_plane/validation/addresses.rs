//! IP addresses, subnets, Unix sockets and `host:port` pairs as the admission check reads them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::ports::report_number;
use super::report::Report as _;
use crate::config::decode::Located;
use crate::diagnostic::Diagnostics;

/// How an address of a Unix socket begins.
pub(super) const UNIX: &str = "unix://";

/// Where a listener may send what comes in: the own machine.
const LOCAL: [&str; 5] = ["", "127.0.0.1", "0.0.0.0", "::1", "::"];

/// How such a place is written.
const LOCAL_FORMS: &str =
    "write 127.0.0.1:PORT, 0.0.0.0:PORT, [::1]:PORT, [::]:PORT or unix:///path";

/// Tells whether a text is an IPv4 address or an IPv6 address, the latter also with a zone.
pub(super) fn is_ip(text: &str) -> bool {
    if !text.contains(':') {
        return text.parse::<Ipv4Addr>().is_ok();
    }
    let (address, zone) =
        text.split_once('%').map_or((text, None), |(address, zone)| (address, Some(zone)));
    zone != Some("") && address.parse::<Ipv6Addr>().is_ok()
}

/// Tells whether a text is an address or a subnet such as `10.0.0.0/8`.
fn is_subnet(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return is_ip(text) };
    let longest = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    let plain = bits == "0" || !bits.starts_with(['0', '+']);
    plain && bits.parse::<u32>().is_ok_and(|bits| bits <= longest)
}

/// Checks an address.
pub(super) fn check_ip(text: &Located<String>, problems: &mut Diagnostics) {
    if !is_ip(&text.value) {
        let message = format!("`{}` is no IP address", text.value);
        problems.refuse("invalid-address", text.place, message);
    }
}

/// Checks an address or a subnet.
pub(super) fn check_subnet(text: &Located<String>, problems: &mut Diagnostics) {
    if !is_subnet(&text.value) {
        let message = format!("`{}` is neither an IP address nor a subnet", text.value);
        problems.refuse_with(
            "invalid-address",
            text.place,
            message,
            "a subnet is written 10.0.0.0/8",
        );
    }
}

/// Checks what stands behind `unix://`: an absolute path to a file, or an abstract socket `@name`.
pub(super) fn check_socket(text: &Located<String>, problems: &mut Diagnostics) {
    let path = text.value.strip_prefix(UNIX).unwrap_or(&text.value);
    let fits = path.starts_with('@') || (path.starts_with('/') && !path.ends_with('/'));
    if !fits {
        let message = format!("`{}` names no Unix socket", text.value);
        problems.refuse_with(
            "invalid-socket",
            text.place,
            message,
            "write unix:///path/to/socket or unix://@name",
        );
    }
}

/// Checks where a Sidecar's listener sends what comes in: a Unix socket or a port of the own machine.
pub(super) fn check_default_endpoint(text: &Located<String>, problems: &mut Diagnostics) {
    if text.value.is_empty() {
        return;
    }
    if text.value.starts_with(UNIX) {
        check_socket(text, problems);
        return;
    }
    let Some((host, port)) = split_host_port(&text.value) else {
        let message = format!("`{}` is no address with a port", text.value);
        problems.refuse_with("invalid-endpoint", text.place, message, LOCAL_FORMS);
        return;
    };
    if !LOCAL.contains(&host) {
        let message = format!("`{host}` is not the own machine");
        problems.refuse_with("invalid-endpoint", text.place, message, LOCAL_FORMS);
    }
    if let Ok(number) = port.parse::<i64>() {
        report_number(number, text.place, problems);
    } else {
        let message = format!("`{port}` is no port number");
        problems.refuse_with("invalid-endpoint", text.place, message, LOCAL_FORMS);
    }
}

/// Splits `host:port` and `[v6]:port` as Go does; brackets are taken off.
fn split_host_port(text: &str) -> Option<(&str, &str)> {
    let (host, port) = text.rsplit_once(':')?;
    let bare = match host.strip_prefix('[') {
        Some(inside) => inside.strip_suffix(']')?,
        None if host.contains(':') => return None,
        None => host,
    };
    (!bare.contains(['[', ']']) && !port.contains(['[', ']'])).then_some((bare, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_subnets_are_read_as_in_go() {
        for (text, ip, subnet) in [
            ("1.2.3.4", true, true),
            ("01.2.3.4", false, false),
            ("1.2.3", false, false),
            ("::1", true, true),
            ("fe80::1%eth0", true, true),
            ("fe80::1%", false, false),
            ("1.2.3.4%eth0", false, false),
            ("::ffff:1.2.3.4", true, true),
            ("10.0.0.0/8", false, true),
            ("10.0.0.0/0", false, true),
            ("10.0.0.0/08", false, false),
            ("10.0.0.0/+8", false, false),
            ("10.0.0.0/33", false, false),
            ("2001:db8::/32", false, true),
            ("2001:db8::/129", false, false),
            ("fe80::1%eth0/64", true, false),
            ("1.2.3.4/8/8", false, false),
            ("", false, false),
            ("shop", false, false),
        ] {
            assert_eq!((is_ip(text), is_subnet(text)), (ip, subnet), "{text}");
        }
    }

    #[test]
    fn pairs_are_split_as_in_go() {
        for (text, expected) in [
            ("127.0.0.1:80", Some(("127.0.0.1", "80"))),
            (":80", Some(("", "80"))),
            ("[::1]:80", Some(("::1", "80"))),
            ("::1:80", None),
            ("127.0.0.1", None),
            ("[::1]", None),
            ("[::1]80", None),
            ("a]:80", None),
            ("a:", Some(("a", ""))),
        ] {
            assert_eq!(split_host_port(text), expected, "{text}");
        }
    }
}
