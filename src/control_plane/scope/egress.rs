//! The outbound listeners of a Sidecar: which hosts they import.

use std::collections::BTreeMap;

use super::super::Mesh;
use super::super::names::{by_specificity, is_wildcard, is_within, overlaps};
use super::super::registry::{Protocol, Provider, ServiceId};
use super::super::rules::{MESH, RuleSet};
use super::ScopedService;
use crate::config::istio::sidecar::{self, Sidecar};
use crate::config::object::Object;

/// One outbound listener and what it imports.
#[derive(Clone, Debug)]
pub struct EgressListener {
    /// Its port and protocol; `None` serves all other ports.
    pub port: Option<(u32, Protocol)>,
    /// Services that it imports.
    pub services: Vec<ScopedService>,
    /// Rules that it imports, as indices of [`Mesh::rule_sets`], in candidate order.
    pub rules: Vec<usize>,
    /// For each service hostname the rule set with the most specific host for it.
    pub most_specific: BTreeMap<String, usize>,
}

/// The hosts of an egress entry that name one namespace.
#[derive(Clone, Debug, Default)]
struct Hosts {
    imported: Vec<String>,
    excluded: Vec<String>,
}

/// Hosts by namespace; `*` is every namespace.
type HostsByNamespace = BTreeMap<String, Hosts>;

/// Builds the listeners of a Sidecar, or the implicit one that imports everything.
pub(super) fn listeners(
    mesh: &Mesh,
    namespace: &str,
    sidecar: Option<&Object<Sidecar>>,
) -> Vec<EgressListener> {
    let written = sidecar.map_or(&[] as &[_], |sidecar| sidecar.spec.egress.as_slice());
    if written.is_empty() {
        let everything = Hosts { imported: vec!["*".to_owned()], excluded: Vec::new() };
        let hosts = BTreeMap::from([("*".to_owned(), everything)]);
        return vec![listener(mesh, namespace, None, &hosts)];
    }
    let build = |egress: &sidecar::EgressListener| {
        let port = egress.port.as_ref().and_then(|port| {
            let number = port.number.as_ref()?.value;
            let protocol = port.protocol.as_ref().map_or("", |protocol| protocol.value.as_str());
            (number != 0).then(|| (number, Protocol::parse(protocol)))
        });
        listener(mesh, namespace, port, &read_hosts(egress, namespace))
    };
    written.iter().map(build).collect()
}

/// `namespace/host` with `.` for the workload's namespace and `~` for exclusions.
fn read_hosts(egress: &sidecar::EgressListener, own: &str) -> HostsByNamespace {
    let mut hosts = HostsByNamespace::new();
    for entry in &egress.hosts {
        let Some((namespace, host)) = entry.value.split_once('/') else { continue };
        let (excluded, namespace) = match namespace.strip_prefix('~') {
            Some("") => (true, "*"),
            Some(namespace) => (true, namespace),
            None => (false, namespace),
        };
        let namespace = if namespace == "." { own } else { namespace };
        let list = hosts.entry(namespace.to_owned()).or_default();
        if excluded { &mut list.excluded } else { &mut list.imported }.push(host.to_owned());
    }
    hosts
}

fn listener(
    mesh: &Mesh,
    client: &str,
    port: Option<(u32, Protocol)>,
    hosts: &HostsByNamespace,
) -> EgressListener {
    let services = select_services(mesh, client, port, hosts);
    let rules = select_rules(mesh, client, hosts);
    let most_specific = most_specific_rules(mesh, &rules, &services);
    EgressListener { port, services, rules, most_specific }
}

// === impl Hosts ===

impl Hosts {
    fn excludes(&self, host: &str) -> bool {
        self.excluded.iter().any(|excluded| is_within(host, excluded))
    }

    fn imports_service(&self, hostname: &str) -> bool {
        self.imported.iter().any(|imported| imported == hostname || is_within(hostname, imported))
    }

    /// overlap either way, or containment for rules of HTTPRoutes.
    fn imports_rule_host(&self, host: &str, from_gateway_api: bool) -> bool {
        self.imported.iter().any(|imported| {
            imported == host
                || if from_gateway_api {
                    is_within(host, imported)
                } else {
                    overlaps(host, imported)
                }
        })
    }
}

fn excluded(hosts: &HostsByNamespace, namespace: &str, host: &str) -> bool {
    [namespace, "*"].iter().any(|key| hosts.get(*key).is_some_and(|list| list.excludes(host)))
}

fn select_services(
    mesh: &Mesh,
    client: &str,
    port: Option<(u32, Protocol)>,
    hosts: &HostsByNamespace,
) -> Vec<ScopedService> {
    let mut found: Vec<ScopedService> = Vec::new();
    for id in candidates(mesh, client, hosts) {
        let service = &mesh.registry.services[id];
        if excluded(hosts, &service.namespace, &service.hostname) {
            continue;
        }
        let lists = [service.namespace.as_str(), "*"].into_iter().filter_map(|key| hosts.get(key));
        let imported = lists.into_iter().find_map(|list| {
            if !list.imports_service(&service.hostname) {
                return None;
            }
            let mut scoped = ScopedService::whole(id, service);
            if let Some((number, _)) = port {
                scoped.ports.retain(|port| port.number == number);
                if scoped.ports.is_empty() {
                    return None;
                }
                scoped.ports.truncate(1);
            }
            scoped.aliases.retain(|alias| list.imports_service(alias));
            Some(scoped)
        });
        found.extend(imported);
    }
    keep_one_namespace(mesh, client, found)
}

/// R-191(c): a list of only exact hosts with named namespaces looks at the owners alone.
fn candidates(mesh: &Mesh, client: &str, hosts: &HostsByNamespace) -> Vec<ServiceId> {
    let all_exact = hosts.iter().all(|(namespace, list)| {
        let any_namespace = namespace == "*" && !list.imported.is_empty();
        !any_namespace && !list.imported.iter().any(|host| is_wildcard(host))
    });
    if !all_exact {
        return mesh.registry.visible_to(client);
    }
    let mut found: Vec<ServiceId> = hosts
        .iter()
        .flat_map(|(namespace, list)| list.imported.iter().map(move |host| (namespace, host)))
        .filter_map(|(namespace, host)| mesh.registry.owner(host, namespace))
        .filter(|id| mesh.registry.services[*id].audience.admits(client))
        .collect();
    // Services are stored by age.
    found.sort_unstable();
    found.dedup();
    found
}

/// R-191(a): of a hostname in several namespaces the client's own wins, else one with a Kubernetes
/// Service, else the first.
fn keep_one_namespace(mesh: &Mesh, client: &str, found: Vec<ScopedService>) -> Vec<ScopedService> {
    let mut chosen: BTreeMap<&str, (&str, Provider)> = BTreeMap::new();
    for scoped in &found {
        let service = &mesh.registry.services[scoped.id];
        let candidate = (service.namespace.as_str(), service.provider);
        chosen
            .entry(&service.hostname)
            .and_modify(|best| {
                let to_kubernetes =
                    best.1 == Provider::Entry && candidate.1 == Provider::Kubernetes;
                if candidate.0 == client || (to_kubernetes && best.0 != client) {
                    *best = candidate;
                }
            })
            .or_insert(candidate);
    }
    let is_chosen = |scoped: &ScopedService| {
        let service = &mesh.registry.services[scoped.id];
        chosen.get(service.hostname.as_str()).is_some_and(|best| best.0 == service.namespace)
    };
    let keep: Vec<bool> = found.iter().map(is_chosen).collect();
    found.into_iter().zip(keep).filter(|(_, keep)| *keep).map(|(scoped, _)| scoped).collect()
}

/// rules whose namespace and one of whose hosts an entry covers.
fn select_rules(mesh: &Mesh, client: &str, hosts: &HostsByNamespace) -> Vec<usize> {
    let imports = |set: &RuleSet| {
        let lists = [set.namespace.as_str(), "*"].into_iter().filter_map(|key| hosts.get(key));
        lists.into_iter().any(|list| {
            set.hosts.iter().any(|host| {
                list.imports_rule_host(host, set.from_gateway_api)
                    && !excluded(hosts, &set.namespace, host)
            })
        })
    };
    let candidates = mesh.rule_candidates(client, MESH).into_iter();
    candidates.filter(|index| imports(&mesh.rule_sets[*index])).collect()
}

/// exact hosts beat wildcards, longer wildcards beat shorter ones, the first of equal ones stays.
/// The texts are compared as written.
fn most_specific_rules(
    mesh: &Mesh,
    rules: &[usize],
    services: &[ScopedService],
) -> BTreeMap<String, usize> {
    let mut exact: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wildcards: BTreeMap<&str, usize> = BTreeMap::new();
    for index in rules {
        for host in &mesh.rule_sets[*index].hosts {
            let map = if is_wildcard(host) { &mut wildcards } else { &mut exact };
            map.entry(host).or_insert(*index);
        }
    }
    let mut found = BTreeMap::new();
    for scoped in services {
        let hostname = &mesh.registry.services[scoped.id].hostname;
        let same = if is_wildcard(hostname) { &wildcards } else { &exact }.get(hostname.as_str());
        let index = same.copied().or_else(|| {
            let suffix = hostname.strip_prefix('*').unwrap_or(hostname);
            let fitting = wildcards.iter().filter(|(host, _)| suffix.ends_with(&host[1..]));
            fitting.min_by(|a, b| by_specificity(a.0, b.0)).map(|(_, index)| *index)
        });
        if let Some(index) = index {
            found.insert(hostname.clone(), index);
        }
    }
    found
}
