//! TLS and TCP rules.

use super::super::addresses::{check_subnet, is_ip};
use super::super::report::Report as _;
use super::super::{destination, hosts, labels, ports};
use super::gateways::{self, Legacy};
use crate::config::decode::Located;
use crate::config::istio::virtual_service::{
    L4Destination, L4Match, TcpRule, TlsMatch, TlsRule, VirtualService,
};
use crate::control_plane::names::is_within;
use crate::control_plane::rules::MESH;
use crate::diagnostic::{Diagnostics, Place};

/// Checks a TLS rule.
pub(super) fn check_tls(rule: &TlsRule, spec: &VirtualService, problems: &mut Diagnostics) {
    if rule.matches.is_empty() {
        problems.refuse_with(
            "missing-field",
            rule.place,
            "a TLS rule needs a `match` with server names",
            "for any server name of a host, list the host in `sniHosts`",
        );
    }
    for condition in &rule.matches {
        check_tls_match(condition, spec, problems);
    }
    check_route(&rule.route, rule.place, problems);
}

/// Checks a TCP rule.
pub(super) fn check_tcp(rule: &TcpRule, problems: &mut Diagnostics) {
    for condition in &rule.matches {
        check_tcp_match(condition, problems);
    }
    check_route(&rule.route, rule.place, problems);
}

fn check_route(route: &[L4Destination], place: Place, problems: &mut Diagnostics) {
    if route.is_empty() {
        problems.refuse("missing-field", place, "this rule needs a `route`");
    }
    destination::check_connections(route, problems);
}

fn check_tls_match(condition: &TlsMatch, spec: &VirtualService, problems: &mut Diagnostics) {
    if condition.sni_hosts.is_empty() {
        problems.refuse(
            "missing-field",
            condition.place,
            "`sniHosts` needs at least one server name",
        );
    }
    for name in &condition.sni_hosts {
        check_server_name(name, spec, problems);
    }
    for subnet in &condition.destination_subnets {
        check_subnet(subnet, problems);
    }
    ports::check_optional(condition.port.as_ref(), problems);
    labels::check(&condition.source_labels, problems);
    gateways::check(&condition.gateways, Legacy::Warned, problems);
}

fn check_tcp_match(condition: &L4Match, problems: &mut Diagnostics) {
    for subnet in &condition.destination_subnets {
        check_subnet(subnet, problems);
    }
    ports::check_optional(condition.port.as_ref(), problems);
    labels::check(&condition.source_labels, problems);
    gateways::check(&condition.gateways, Legacy::Silent, problems);
}

/// A server name must be one of the hosts, or narrower.
fn check_server_name(name: &Located<String>, spec: &VirtualService, problems: &mut Diagnostics) {
    // Unlike for hosts, a VirtualService without gateways counts as one for gateways here.
    let verdict = if spec.gateways.iter().any(|gateway| gateway.value == MESH) {
        hosts::wildcard_domain(&name.value)
    } else {
        hosts::gateway_domain(&name.value, true)
    };
    if verdict.is_err() && is_ip(&name.value) {
        let message =
            format!("`{}` is an address; most clients send no server name for one", name.value);
        problems.warn("address-as-server-name", name.place, message);
        return;
    }
    if verdict.is_err() {
        hosts::report(name, verdict, problems);
    } else if !spec.hosts.iter().any(|host| is_within(&name.value, &host.value)) {
        let message = format!("the server name `{}` is none of the hosts", name.value);
        problems.refuse_with(
            "foreign-server-name",
            name.place,
            message,
            "list it in `hosts`, or a wildcard that contains it",
        );
    }
}
