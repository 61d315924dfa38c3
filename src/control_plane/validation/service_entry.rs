//! `ServiceEntry`: hosts, ports, addresses, endpoints.

use std::collections::BTreeSet;

use super::addresses;
use super::export::{self, Exported};
use super::hosts;
use super::labels;
use super::ports::{self, is_http, is_tcp, is_tls, protocol};
use super::report::{Report as _, at_most, at_most_entries, exclusive, filled, required};
use super::workload_entry::{self, PortNames};
use crate::config::decode::Located;
use crate::config::istio::service_entry::{Location, Resolution, ServiceEntry, ServicePort};
use crate::config::object::{Meta, Object};
use crate::control_plane::names::is_wildcard;
use crate::control_plane::registry::Protocol;
use crate::diagnostic::{Diagnostics, Place};

/// The most hosts, ports, addresses and labels.
const MOST_ENTRIES: usize = 256;
/// The most endpoints.
const MOST_ENDPOINTS: usize = 4096;
/// The label that keeps istiod from giving addresses to a service.
const AUTO_ADDRESS: &str = "networking.istio.io/enable-autoallocate-ip";
/// The label that names a waypoint.
const USE_WAYPOINT: &str = "istio.io/use-waypoint";

/// Checks a `ServiceEntry`.
pub(super) fn check(object: &Object<ServiceEntry>, problems: &mut Diagnostics) {
    let (spec, meta) = (&object.spec, &object.meta);
    let resolution = resolution(spec);
    check_selector(spec, problems);
    check_hosts(spec, resolution, problems);
    check_addresses(spec, resolution, problems);
    check_ports(spec, resolution, meta, problems);
    at_most_entries(spec.endpoints.len(), MOST_ENDPOINTS, spec.place, problems);
    for endpoint in &spec.endpoints {
        workload_entry::check_schema(endpoint, problems);
    }
    match resolution {
        Resolution::None => check_unresolved(spec, problems),
        Resolution::Static => {
            let names = port_names(spec);
            for endpoint in &spec.endpoints {
                workload_entry::check_static(endpoint, &names, problems);
            }
        }
        Resolution::Dns | Resolution::DnsRoundRobin => check_dns(spec, resolution, problems),
        Resolution::DynamicDns => check_dynamic(spec, meta, problems),
    }
    if resolution != Resolution::None {
        refuse_several_hosts(spec, problems);
    }
    export::check(&spec.export_to, &meta.namespace, Exported::Service, problems);
}

/// NONE if nothing is written.
fn resolution(spec: &ServiceEntry) -> Resolution {
    spec.resolution.as_ref().map_or(Resolution::None, |resolution| resolution.value)
}

/// endpoints are listed or selected.
fn check_selector(spec: &ServiceEntry, problems: &mut Diagnostics) {
    let Some(selector) = &spec.workload_selector else { return };
    labels::check_selector(selector.labels.written(), selector.place, MOST_ENTRIES, problems);
    let fields =
        [("workloadSelector", Some(selector.place)), ("endpoints", spec.written_endpoints.0)];
    exclusive(&fields, problems);
}

fn check_hosts(spec: &ServiceEntry, resolution: Resolution, problems: &mut Diagnostics) {
    if spec.hosts.is_empty() {
        problems.refuse("missing-field", spec.place, "a ServiceEntry needs at least one host");
    }
    at_most_entries(spec.hosts.len(), MOST_ENTRIES, spec.place, problems);
    for host in &spec.hosts {
        if host.value == "*" {
            problems.refuse("any-host", host.place, "`*` is no host of a service");
            continue;
        }
        hosts::report(host, hosts::wildcard_domain(&host.value), problems);
        if resolution != Resolution::DynamicDns && hosts::is_partial_wildcard(&host.value) {
            let message = format!("the `*` of `{}` is a part of a label", host.value);
            problems.warn_with("partial-wildcard", host.place, message, "write `*.` and the rest");
        }
    }
}

fn check_addresses(spec: &ServiceEntry, resolution: Resolution, problems: &mut Diagnostics) {
    at_most_entries(spec.addresses.len(), MOST_ENTRIES, spec.place, problems);
    for address in &spec.addresses {
        at_most(address, 64, problems);
        addresses::check_subnet(address, problems);
        if address.value.contains('/')
            && !matches!(resolution, Resolution::None | Resolution::Static)
        {
            let message = format!("a subnet such as `{}` cannot be looked up", address.value);
            problems.refuse_with(
                "subnet-with-dns",
                address.place,
                message,
                "subnets go with `resolution: NONE` or STATIC",
            );
        }
    }
}

fn check_ports(
    spec: &ServiceEntry,
    resolution: Resolution,
    meta: &Meta,
    problems: &mut Diagnostics,
) {
    at_most_entries(spec.ports.len(), MOST_ENTRIES, spec.place, problems);
    let (mut names, mut numbers) = (BTreeSet::new(), BTreeSet::new());
    for port in &spec.ports {
        if let Some(name) = required(port.name.as_ref(), "name", port.place, problems) {
            ports::check_name(name, problems);
            if !names.insert(name.value.as_str()) {
                let message = format!("there are two ports named `{}`", name.value);
                problems.refuse("duplicate-port-name", name.place, message);
            }
        }
        if let Some(number) = required(port.number.as_ref(), "number", port.place, problems) {
            ports::check_number(number, problems);
            if !numbers.insert(number.value) {
                let message = format!("there are two ports {}", number.value);
                problems.refuse("duplicate-port", number.place, message);
            }
        }
        if let Some(protocol) = &port.protocol {
            ports::check_protocol(protocol, problems);
        }
        if let Some(target) = &port.target_port {
            ports::check_number(target, problems);
        }
        warn_without_address(spec, port, resolution, meta, problems);
    }
}

/// TCP connections are told apart by their address; istiod gives one unless it is told not to, or the
/// addresses are not resolved.
fn warn_without_address(
    spec: &ServiceEntry,
    port: &ServicePort,
    resolution: Resolution,
    meta: &Meta,
    problems: &mut Diagnostics,
) {
    let opted_out = meta.labels.get(AUTO_ADDRESS).is_some_and(|v| v.eq_ignore_ascii_case("false"));
    let gets_one = resolution != Resolution::None && !opted_out;
    let name = filled(port.protocol.as_ref());
    // The spelling counts here: `tcp` does not warn.
    let is_tcp = name.is_none_or(|name| name.value == "TCP");
    if spec.addresses.is_empty() && !gets_one && is_tcp {
        problems.warn_with(
            "no-address",
            name.map_or(port.place, |name| name.place),
            "a TCP port of a service without `addresses` takes the port of all addresses",
            "write `addresses`, or the protocol if it is not TCP",
        );
    }
}

fn port_names(spec: &ServiceEntry) -> PortNames<'_> {
    spec.ports
        .iter()
        .filter_map(|port| port.name.as_ref())
        .map(|name| name.value.as_str())
        .collect()
}

fn check_unresolved(spec: &ServiceEntry, problems: &mut Diagnostics) {
    if let Some(place) = spec.written_endpoints.0 {
        problems.refuse_with(
            "endpoints-without-resolution",
            place,
            "without resolution there are no endpoints",
            "write `resolution: STATIC` or DNS",
        );
    }
    if let Some(selector) = &spec.workload_selector {
        problems.warn_with(
            "selector-without-resolution",
            selector.place,
            "without resolution the selector has no effect",
            "write `resolution: STATIC`",
        );
    }
}

fn check_dns(spec: &ServiceEntry, resolution: Resolution, problems: &mut Diagnostics) {
    if spec.endpoints.is_empty() {
        for host in spec.hosts.iter().filter(|host| is_wildcard(&host.value) && host.value != "*") {
            let message = format!("`{}` cannot be looked up", host.value);
            let help = "name the endpoints, or write `resolution: NONE` or DYNAMIC_DNS";
            problems.refuse_with("wildcard-with-dns", host.place, message, help);
        }
        for host in spec.hosts.iter().filter(|host| !is_wildcard(&host.value)) {
            if hosts::wildcard_domain(&host.value).is_ok() {
                hosts::report(host, hosts::domain(&host.value), problems);
            }
        }
    }
    if resolution == Resolution::DnsRoundRobin
        && let Some(second) = spec.endpoints.get(1)
    {
        problems.refuse_with(
            "several-endpoints",
            second.place,
            "DNS_ROUND_ROBIN looks up one endpoint",
            "write `resolution: DNS` for several",
        );
    }
    let names = port_names(spec);
    for endpoint in &spec.endpoints {
        workload_entry::check_named(endpoint, &names, problems);
    }
    let by_address = spec.ports.iter().any(|port| is_tcp(protocol_of(port)));
    if let Some(second) = spec.hosts.get(1).filter(|_| by_address && !spec.addresses.is_empty()) {
        problems.warn_with(
            "several-hosts-at-address",
            second.place,
            "TCP connections to one address cannot be told apart by host",
            "make a ServiceEntry for each host",
        );
    }
}

fn protocol_of(port: &ServicePort) -> Option<Protocol> {
    port.protocol.as_ref().and_then(|name| protocol(&name.value))
}

/// the name of each request is looked up.
fn check_dynamic(spec: &ServiceEntry, meta: &Meta, problems: &mut Diagnostics) {
    for host in spec.hosts.iter().filter(|host| !is_wildcard(&host.value)) {
        let message = format!("`{}` is no wildcard", host.value);
        problems.refuse_with(
            "name-with-dynamic-dns",
            host.place,
            message,
            "DYNAMIC_DNS looks up what a request names; for one name write `resolution: DNS`",
        );
    }
    let refuse = |place: Option<Place>, name: &str, problems: &mut Diagnostics| {
        if let Some(place) = place {
            let message = format!("`{name}` cannot stand beside `resolution: DYNAMIC_DNS`");
            problems.refuse("exclusive-fields", place, message);
        }
    };
    refuse(spec.addresses.first().map(|address| address.place), "addresses", problems);
    refuse(spec.endpoints.first().map(|endpoint| endpoint.place), "endpoints", problems);
    for port in &spec.ports {
        check_dynamic_protocol(port, problems);
    }
    let waypoint = meta.labels.get(USE_WAYPOINT).filter(|name| !name.is_empty());
    let uses_waypoint = waypoint.is_some_and(|name| !name.eq_ignore_ascii_case("none"));
    let location = spec.location.as_ref().filter(|location| location.value == Location::Internal);
    refuse(
        location.filter(|_| uses_waypoint).map(|location| location.place),
        "location: MESH_INTERNAL",
        problems,
    );
}

fn check_dynamic_protocol(port: &ServicePort, problems: &mut Diagnostics) {
    let name = port.protocol.as_ref().map_or("", |name| name.value.as_str());
    let fits = matches!(
        protocol(name),
        Some(Protocol::Http | Protocol::Tls | Protocol::Grpc | Protocol::Http2)
    );
    if !fits || name.eq_ignore_ascii_case("http_proxy") {
        let message = "DYNAMIC_DNS serves HTTP, HTTP2, GRPC and TLS only";
        let place = port.protocol.as_ref().map_or(port.place, |name: &Located<String>| name.place);
        problems.refuse("protocol-with-dynamic-dns", place, message);
    }
}

/// Only HTTP and TLS say which host is meant.
fn refuse_several_hosts(spec: &ServiceEntry, problems: &mut Diagnostics) {
    let says_host = |port: &&ServicePort| {
        let protocol = protocol_of(port);
        is_http(protocol) || is_tls(protocol)
    };
    let silent = spec.ports.iter().find(|port| !says_host(port));
    if let Some(port) = silent.filter(|_| spec.hosts.len() > 1) {
        problems.refuse_with(
            "several-hosts-without-names",
            port.protocol.as_ref().map_or(port.place, |name| name.place),
            "connections to this port cannot be told apart by host",
            "make a ServiceEntry for each host, or write HTTP or TLS as protocol",
        );
    }
}

#[cfg(test)]
mod tests;
