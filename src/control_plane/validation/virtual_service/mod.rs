//! `VirtualService`: hosts, gateways, and its rules one by one.

mod action;
mod condition;
mod connections;
mod gateways;
mod policy;
mod rule;
mod unreachable;

use super::addresses::is_ip;
use super::export::{self, Exported};
use super::headers::is_claim;
use super::hosts;
use super::report::Report as _;
use crate::config::istio::virtual_service::VirtualService;
use crate::config::object::Object;
use crate::control_plane::names::overlaps;
use crate::control_plane::rules::MESH;
use crate::diagnostic::{Diagnostics, Place};

/// What a `VirtualService` is bound to decides which hosts and conditions it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Binding {
    /// Sidecars, perhaps gateways too.
    Mesh,
    /// Gateways alone.
    Gateways,
}

/// Checks a `VirtualService`.
pub(super) fn check(object: &Object<VirtualService>, problems: &mut Diagnostics) {
    let spec = &object.spec;
    let binding = Binding::of(spec);
    let is_delegate = spec.hosts.is_empty();
    if is_delegate {
        check_delegate(spec, problems);
    }
    gateways::check(&spec.gateways, gateways::Legacy::Warned, problems);
    if binding == Binding::Mesh {
        refuse_claims(spec, problems);
    }
    check_hosts(spec, binding, problems);
    if spec.http.is_empty() && spec.tls.is_empty() && spec.tcp.is_empty() {
        problems.refuse_with(
            "no-rules",
            spec.place,
            "this VirtualService has no rules",
            "write `http`, `tls` or `tcp`",
        );
    }
    for http in &spec.http {
        rule::check(http, is_delegate, problems);
    }
    for tls in &spec.tls {
        connections::check_tls(tls, spec, problems);
    }
    for tcp in &spec.tcp {
        connections::check_tcp(tcp, problems);
    }
    export::check(&spec.export_to, &object.meta.namespace, Exported::Rule, problems);
    unreachable::check(spec, problems);
}

/// without hosts it is a delegate, which has HTTP rules alone.
fn check_delegate(spec: &VirtualService, problems: &mut Diagnostics) {
    let parts: [(&str, Option<Place>); 3] = [
        ("gateways", spec.gateways.first().map(|gateway| gateway.place)),
        ("tls", spec.tls.first().map(|rule| rule.place)),
        ("tcp", spec.tcp.first().map(|rule| rule.place)),
    ];
    for (name, place) in parts {
        if let Some(place) = place {
            let message =
                format!("a VirtualService without hosts is a delegate and has no `{name}`");
            problems.refuse_with(
                "delegate-part",
                place,
                message,
                "if it is no delegate, write `hosts`",
            );
        }
    }
}

/// tokens are known at gateways only.
fn refuse_claims(spec: &VirtualService, problems: &mut Diagnostics) {
    for condition in spec.http.iter().flat_map(|rule| &rule.matches) {
        for (name, _) in condition.headers.iter().chain(condition.without_headers.iter()) {
            if is_claim(&name.value) {
                let message = format!("`{}`: claims are not known in the mesh", name.value);
                problems.refuse_with(
                    "claim-in-mesh",
                    name.place,
                    message,
                    "bind the VirtualService to gateways alone",
                );
            }
        }
    }
}

fn check_hosts(spec: &VirtualService, binding: Binding, problems: &mut Diagnostics) {
    let has_server_names =
        spec.tls.iter().flat_map(|rule| &rule.matches).any(|m| !m.sni_hosts.is_empty());
    let mut all_fit = true;
    for host in &spec.hosts {
        let verdict = match binding {
            Binding::Gateways => hosts::gateway_domain(&host.value, has_server_names),
            Binding::Mesh => hosts::wildcard_domain(&host.value),
        };
        if verdict.is_err() {
            if !is_ip(&host.value) {
                hosts::report(host, verdict, problems);
                all_fit = false;
            }
        } else if binding == Binding::Mesh && host.value == "*" {
            problems.refuse_with(
                "any-host-in-mesh",
                host.place,
                "`*` is no host for rules of the mesh",
                "name the hosts, or bind the VirtualService to gateways alone",
            );
            all_fit = false;
        }
    }
    if all_fit {
        check_overlaps(spec, problems);
    }
}

/// Hosts of one `VirtualService` must not overlap, a wildcard and a name under it neither.
fn check_overlaps(spec: &VirtualService, problems: &mut Diagnostics) {
    for (index, host) in spec.hosts.iter().enumerate() {
        let earlier = spec.hosts[..index].iter().find(|other| overlaps(&other.value, &host.value));
        if let Some(earlier) = earlier {
            let message = if earlier.value == host.value {
                format!("`{}` is listed twice", host.value)
            } else {
                format!("`{}` overlaps `{}`", host.value, earlier.value)
            };
            problems.refuse_with(
                "overlapping-hosts",
                host.place,
                message,
                "keep the wider one, or make two VirtualServices",
            );
        }
    }
}

// === impl Binding ===

impl Binding {
    fn of(spec: &VirtualService) -> Self {
        let names_mesh = spec.gateways.iter().any(|gateway| gateway.value == MESH);
        if names_mesh || spec.gateways.is_empty() { Self::Mesh } else { Self::Gateways }
    }
}

#[cfg(test)]
mod tests;
