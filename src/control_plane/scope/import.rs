//! Destinations of imported rules, which need no import of their own.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Mesh;
use super::super::registry::{Provider, Service, ServiceId};
use super::{EgressListener, ScopedService};

/// Returns the services that the rules of a listener lead to.
pub(super) fn inferred_services(
    mesh: &Mesh,
    client: &str,
    listener: &EgressListener,
) -> Vec<ScopedService> {
    let mut found = Vec::new();
    for index in &listener.rules {
        for (hostname, ports) in mentioned(mesh, *index, client) {
            let Some(id) = best_object(mesh, client, hostname) else { continue };
            let service = &mesh.registry.services[id];
            let only = match listener.port {
                Some((number, _)) => Some(BTreeSet::from([number])),
                None => ports,
            };
            found.extend(with_ports(id, service, only.as_ref()));
        }
    }
    found
}

/// The hosts that a rule set leads to, each with the ports that are mentioned; `None` is all ports, as
/// soon as one mention has no port.
fn mentioned<'m>(
    mesh: &'m Mesh,
    index: usize,
    client: &'m str,
) -> BTreeMap<&'m str, Option<BTreeSet<u32>>> {
    let mut hosts: BTreeMap<&str, Option<BTreeSet<u32>>> = BTreeMap::new();
    for (host, port) in mesh.rule_sets[index].destinations(Some(client)) {
        let ports = hosts.entry(host).or_insert_with(|| Some(BTreeSet::new()));
        match (port.filter(|port| *port != 0), ports.as_mut()) {
            (Some(port), Some(ports)) => {
                ports.insert(port);
            }
            _ => *ports = None,
        }
    }
    hosts
}

/// the client's own object, even a hidden one; else a visible Kubernetes Service; else the oldest
/// visible entry.
fn best_object(mesh: &Mesh, client: &str, hostname: &str) -> Option<ServiceId> {
    let owners = mesh.registry.owners(hostname)?;
    if let Some(own) = owners.get(client) {
        return Some(*own);
    }
    let service = |id: &ServiceId| &mesh.registry.services[*id];
    let visible: Vec<ServiceId> =
        owners.values().copied().filter(|id| service(id).audience.admits(client)).collect();
    let kubernetes = visible.iter().find(|id| service(id).provider == Provider::Kubernetes);
    // Services are stored by age, so the least index is the oldest.
    kubernetes.or_else(|| visible.iter().min()).copied()
}

fn with_ports(
    id: ServiceId,
    service: &Service,
    only: Option<&BTreeSet<u32>>,
) -> Option<ScopedService> {
    let mut scoped = ScopedService::whole(id, service);
    if let Some(only) = only {
        scoped.ports.retain(|port| only.contains(&port.number));
        if scoped.ports.is_empty() {
            return None;
        }
    }
    Some(scoped)
}
