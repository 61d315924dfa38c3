//! IST0101 and IST0112 for destinations, IST0140: hosts, ports and subsets that VirtualServices lead to.

use std::collections::BTreeSet;

use super::hosts::{Hosts, KnownHost, name_in_cluster};
use crate::config::istio::Destination;
use crate::config::istio::virtual_service::{HttpRule, VirtualService};
use crate::config::object::Object;
use crate::control_plane::lint::undefined::{Clients, defines_subset};
use crate::control_plane::lint::{Finding, Subject, catalog, is_generated, name_of};
use crate::control_plane::resolve_short_name;
use crate::control_plane::rules::MESH;

/// A destination as it is written, and what it is for.
struct Named<'v> {
    destination: &'v Destination,
    is_mirror: bool,
}

/// Checks the destinations of all VirtualServices.
pub(super) fn findings(subject: &Subject<'_>) -> Vec<Finding> {
    let hosts = Hosts::new(subject);
    let subsets = subsets(subject);
    let clients = Clients::new(subject.resources, subject.mesh);
    let mut found = Vec::new();
    let objects = &subject.resources.virtual_services;
    for object in objects.iter().filter(|object| !is_generated(&object.meta)) {
        for named in destinations(&object.spec) {
            found.extend(host_finding(&hosts, object, &named));
            found.extend(subset_finding(subject, &clients, &subsets, object, &named));
        }
        found.extend(ingress_findings(subject, object));
    }
    found
}

/// Destinations of TCP, TLS and HTTP rules, then mirrors. Where ASM's `fallback` catches what is missing,
/// the destination itself may be (asm-lanes 2.5).
fn destinations(spec: &VirtualService) -> Vec<Named<'_>> {
    let tcp = spec.tcp.iter().flat_map(|rule| &rule.route).map(|route| &route.destination);
    let tls = spec.tls.iter().flat_map(|rule| &rule.route).map(|route| &route.destination);
    let http = spec.http.iter().flat_map(|rule| &rule.route).map(|route| {
        let target = route.fallback.as_ref().and_then(|fallback| fallback.target.as_ref());
        if target.is_some() { (target, None) } else { (route.destination.as_ref(), None) }
    });
    let http = http.flat_map(|(first, second): (Option<&Destination>, Option<&Destination>)| {
        [first, second].into_iter().flatten()
    });
    let routed = tcp.chain(tls).flatten().chain(http);
    let mirrors = spec.http.iter().flat_map(mirrors);
    routed
        .map(|destination| Named { destination, is_mirror: false })
        .chain(mirrors.map(|destination| Named { destination, is_mirror: true }))
        .collect()
}

fn mirrors(rule: &HttpRule) -> impl Iterator<Item = &Destination> {
    let several = rule.mirrors.iter().filter_map(|mirror| mirror.destination.as_ref());
    rule.mirror.iter().chain(several)
}

fn host_finding(
    hosts: &Hosts,
    object: &Object<VirtualService>,
    named: &Named<'_>,
) -> Option<Finding> {
    let host = named.destination.host.as_ref()?;
    let (namespace, export_to) = (&object.meta.namespace, &object.spec.export_to);
    let Some(known) = hosts.find(namespace, export_to, &host.value) else {
        let what = if named.is_mirror { "mirror host" } else { "host" };
        let message = format!("there is no {what} `{}` for {}", host.value, name_of(object));
        let full = hosts.full_name(&host.value, namespace);
        let mut finding = Finding::new(&catalog::NOT_FOUND, name_of(object), host.place, message);
        if full != host.value {
            finding = finding.help(format!("it is looked up as {full}"));
        }
        return Some(finding);
    };
    port_finding(object, named.destination, known)
}

fn port_finding(
    object: &Object<VirtualService>,
    destination: &Destination,
    known: &KnownHost,
) -> Option<Finding> {
    let host = destination.host.as_ref()?;
    let number = destination.port.as_ref().and_then(|port| port.number.as_ref());
    let ports: Vec<String> = known.ports.iter().map(ToString::to_string).collect();
    match number {
        Some(number) if known.ports.contains(&number.value) => None,
        Some(number) => {
            let message = format!("`{}` has no port {}", host.value, number.value);
            let finding = Finding::new(&catalog::NOT_FOUND, name_of(object), number.place, message);
            Some(finding.help(format!("it has {}", ports.join(", "))))
        }
        None if known.ports.len() > 1 => {
            let list = ports.join(", ");
            let message = format!("`{}` has the ports {list}; the rule names none", host.value);
            let finding =
                Finding::new(&catalog::PORT_REQUIRED, name_of(object), host.place, message);
            //
            Some(finding.help("without `port` it is the port that the client dialled"))
        }
        None => None,
    }
}

/// Subsets that DestinationRules define, by (namespace, name) of their host.
fn subsets(subject: &Subject<'_>) -> BTreeSet<(String, String, String)> {
    let mut found = BTreeSet::new();
    for object in &subject.resources.destination_rules {
        let Some(host) = &object.spec.host else { continue };
        let (owner, name) = name_in_cluster(subject.mesh, &host.value, &object.meta.namespace);
        for subset in object.spec.subsets.iter().filter_map(|subset| subset.name.as_ref()) {
            found.insert((owner.clone(), name.clone(), subset.value.clone()));
        }
    }
    found
}

fn subset_finding(
    subject: &Subject<'_>,
    clients: &Clients,
    subsets: &BTreeSet<(String, String, String)>,
    object: &Object<VirtualService>,
    named: &Named<'_>,
) -> Option<Finding> {
    let host = named.destination.host.as_ref()?;
    let subset = named.destination.subset.as_ref()?;
    // `$label` is filled in per request (asm-lanes 2.6).
    if subset.value.is_empty() || subset.value.starts_with('$') {
        return None;
    }
    let (owner, name) = name_in_cluster(subject.mesh, &host.value, &object.meta.namespace);
    if subsets.contains(&(owner, name, subset.value.clone())) {
        return None;
    }
    // a wildcard rule defines it as well, which the analyzer does not see.
    let full = resolve_short_name(&host.value, &object.meta.namespace, &subject.mesh.config.domain);
    if clients.all().any(|client| defines_subset(subject.mesh, client, &full, &subset.value)) {
        return None;
    }
    let what = if named.is_mirror { "mirror subset" } else { "subset" };
    let message =
        format!("no DestinationRule defines the {what} `{}` of `{}`", subset.value, host.value);
    Some(Finding::new(&catalog::NOT_FOUND, name_of(object), subset.place, message))
}

/// IST0140: a gateway rule without subset beside a rule of the mesh that chooses subsets.
fn ingress_findings(subject: &Subject<'_>, object: &Object<VirtualService>) -> Vec<Finding> {
    let domain = &subject.mesh.config.domain;
    let at_gateway = object.spec.gateways.iter().any(|gateway| gateway.value != MESH);
    if !at_gateway {
        return Vec::new();
    }
    let routes = object.spec.http.iter().flat_map(|rule| &rule.route);
    let mut found = Vec::new();
    for destination in routes.filter_map(|route| route.destination.as_ref()) {
        let Some(host) = destination.host.as_ref() else { continue };
        if destination.subset.as_ref().is_some_and(|subset| !subset.value.is_empty()) {
            continue;
        }
        let full = resolve_short_name(&host.value, &object.meta.namespace, domain);
        for other in &subject.resources.virtual_services {
            if other.meta.full_name() == object.meta.full_name() || !chooses(other, &full, domain) {
                continue;
            }
            let other = name_of(other);
            let message = format!(
                "the gateway sends straight to `{}`; the subsets of {other} do not apply",
                host.value
            );
            let code = &catalog::INGRESS_NOT_AFFECTED;
            found.push(
                Finding::new(code, name_of(object), host.place, message)
                    .help("repeat the subsets and weights in the rule of the gateway"),
            );
        }
    }
    found
}

/// Tells whether a VirtualService for a host sends to subsets of this host.
fn chooses(object: &Object<VirtualService>, full: &str, domain: &str) -> bool {
    let resolve = |host: &str| resolve_short_name(host, &object.meta.namespace, domain);
    let own = object.spec.hosts.iter().any(|host| resolve(&host.value) == full);
    let mut routes = object.spec.http.iter().flat_map(|rule| &rule.route);
    own && routes.any(|route| {
        let Some(destination) = &route.destination else { return false };
        destination.subset.as_ref().is_some_and(|subset| !subset.value.is_empty())
            && destination.host.as_ref().is_some_and(|host| resolve(&host.value) == full)
    })
}
