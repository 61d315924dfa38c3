//! Port numbers, port names and protocols.

use super::hosts::is_dns_label;
use super::report::Report as _;
use crate::config::decode::Located;
use crate::control_plane::registry::Protocol;
use crate::diagnostic::{Diagnostics, Place};

/// Checks a port number.
pub(super) fn check_number(port: &Located<u32>, problems: &mut Diagnostics) {
    report_number(port.value.into(), port.place, problems);
}

/// Reports a number that is no port.
pub(super) fn report_number(number: i64, place: Place, problems: &mut Diagnostics) {
    if !(1..=65_535).contains(&number) {
        let message = format!("port {number} is not between 1 and 65535");
        problems.refuse("invalid-port", place, message);
    }
}

/// Checks a port number that counts as unset if it is 0.
pub(super) fn check_optional(port: Option<&Located<u32>>, problems: &mut Diagnostics) {
    if let Some(port) = port.filter(|port| port.value != 0) {
        check_number(port, problems);
    }
}

/// Checks the name of a port.
pub(super) fn check_name(name: &Located<String>, problems: &mut Diagnostics) {
    if !is_dns_label(&name.value) {
        let message = format!("`{}` is no port name", name.value);
        problems.refuse_with(
            "invalid-port-name",
            name.place,
            message,
            "letters, digits and inner `-`, at most 63 characters",
        );
    }
}

/// Returns what a protocol name stands for; `None` for one that istiod does not know.
pub(super) fn protocol(name: &str) -> Option<Protocol> {
    // The names with a slash belong to `appProtocol` of Kubernetes.
    Some(Protocol::parse(name)).filter(|found| *found != Protocol::Detected && !name.contains('/'))
}

/// Checks a protocol name; an empty one is auto-detected.
pub(super) fn check_protocol(name: &Located<String>, problems: &mut Diagnostics) {
    if !name.value.is_empty() && protocol(&name.value).is_none() {
        let message = format!("`{}` is no protocol that istiod knows", name.value);
        problems.refuse_with(
            "unknown-protocol",
            name.place,
            message,
            "one of: HTTP, HTTPS, HTTP2, GRPC, GRPC-WEB, TLS, TCP, UDP, MONGO, REDIS, MYSQL",
        );
    }
}

/// Tells whether a protocol is TLS on the wire.
pub(super) fn is_tls(protocol: Option<Protocol>) -> bool {
    matches!(protocol, Some(Protocol::Https | Protocol::Tls))
}

/// Tells whether a protocol is HTTP in the clear.
pub(super) fn is_http(protocol: Option<Protocol>) -> bool {
    protocol.is_some_and(Protocol::is_http)
}

/// Tells whether a protocol is handled as TCP: TLS counts, HTTP does not.
pub(super) fn is_tcp(protocol: Option<Protocol>) -> bool {
    is_tls(protocol) || protocol == Some(Protocol::Tcp)
}

/// Reports a `targetPort` where there is none to choose.
pub(super) fn refuse_target_port(
    port: Option<&Located<u32>>,
    kind: &str,
    problems: &mut Diagnostics,
) {
    if let Some(port) = port.filter(|port| port.value > 0) {
        let message = format!("a {kind} has no target port");
        problems.refuse_with("target-port", port.place, message, "remove the field");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_known_in_any_letter_case() {
        for (name, expected) in [
            ("HTTP", Some(Protocol::Http)),
            ("http_proxy", Some(Protocol::Http)),
            ("Mongo", Some(Protocol::Tcp)),
            ("GRPC-Web", Some(Protocol::GrpcWeb)),
            ("kubernetes.io/h2c", None),
            ("HBONE", None),
            ("SMTP", None),
            ("", None),
        ] {
            assert_eq!(protocol(name), expected, "{name}");
        }
        assert!(is_tcp(protocol("https")) && is_tls(protocol("tls")) && !is_tcp(protocol("udp")));
    }
}
