//! IST0109: VirtualServices of the mesh with the same host and a common audience.

use std::collections::{BTreeMap, BTreeSet};

use super::hosts::scopes;
use crate::config::istio::virtual_service::VirtualService;
use crate::config::object::{Object, Timestamp};
use crate::control_plane::lint::{Finding, Subject, catalog, is_generated, name_of};
use crate::control_plane::rules::MESH;
use crate::control_plane::{overlaps, resolve_short_name};
use crate::diagnostic::Place;

/// VirtualServices by (scope, full host), with the place of the host in each.
type ByHost<'r> = BTreeMap<(String, String), Vec<(&'r Object<VirtualService>, Place)>>;

/// Reports every VirtualService once, for the first host that it shares.
pub(super) fn findings(subject: &Subject<'_>) -> Vec<Finding> {
    let by_host = by_host(subject);
    let mut reported = BTreeSet::new();
    let mut found = Vec::new();
    for ((scope, host), own) in &by_host {
        let mut sharing = own.clone();
        if scope != "*" {
            let public =
                by_host.iter().filter(|((scope, other), _)| scope == "*" && overlaps(other, host));
            sharing.extend(public.flat_map(|(_, list)| list.iter().copied()));
        }
        if sharing.len() < 2 {
            continue;
        }
        sharing.sort_by_key(|(object, _)| age(object));
        for (object, place) in &sharing {
            if is_generated(&object.meta) || !reported.insert(object.meta.full_name()) {
                continue;
            }
            found.push(finding(object, *place, host, &sharing));
        }
    }
    found
}

fn finding(
    object: &Object<VirtualService>,
    place: Place,
    host: &str,
    sharing: &[(&Object<VirtualService>, Place)],
) -> Finding {
    let mut names: Vec<String> = sharing
        .iter()
        .filter(|(other, _)| other.meta.full_name() != object.meta.full_name())
        .map(|(other, _)| name_of(other))
        .collect();
    names.dedup();
    let message = format!("{} has the host {host} too", names.join(", "));
    let code = &catalog::CONFLICTING_HOSTS;
    Finding::new(code, name_of(object), place, message)
        .help("sidecars do not merge VirtualServices: one takes the host, the others are dropped")
        .help("put all rules for the host into one VirtualService")
}

///
fn age(object: &Object<VirtualService>) -> (Timestamp, String, String) {
    let meta = &object.meta;
    (meta.created.unwrap_or(Timestamp::MAX), meta.name.clone(), meta.namespace.clone())
}

fn by_host<'r>(subject: &Subject<'r>) -> ByHost<'r> {
    let mut by_host = ByHost::new();
    for object in &subject.resources.virtual_services {
        let (spec, namespace) = (&object.spec, &object.meta.namespace);
        if !spec.gateways.is_empty() && !spec.gateways.iter().any(|gateway| gateway.value == MESH) {
            continue;
        }
        for scope in scopes(&spec.export_to, namespace) {
            for host in &spec.hosts {
                let full = resolve_short_name(&host.value, namespace, &subject.mesh.config.domain);
                by_host.entry((scope.clone(), full)).or_default().push((object, host.place));
            }
        }
    }
    by_host
}
