//! The proxies of a mesh and their route tables: whom the findings ask.
//!
//! Sidecars that cannot be told apart by any rule are asked once. A namespace with rules or services but
//! without pods gets a sidecar that carries no labels; a Gateway without pods gets a workload that carries
//! just its selector.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::Entry;
use crate::config::resources::Resources;
use crate::control_plane::capture::{Capture, capture};
use crate::control_plane::gateway::{Applies, Gateway};
use crate::control_plane::registry::{Pod, Protocol};
use crate::control_plane::{Connection, Handling, Mesh, Proxy, ProxyKind, ProxyView, waypoint};
use crate::data_plane::{Cluster, Edge, PathNormalization, Request, RouteTable, router};

/// A route table and how to get there.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// The proxy and port.
    pub(super) entry: Entry,
    /// From which side the proxy sees requests.
    pub(super) edge: Edge,
    /// The table.
    pub(super) table: Arc<RouteTable>,
    /// The host that the table belongs to whatever the Host header says, if there is one.
    pub(super) dialled: Option<String>,
    view: usize,
    option: PathNormalization,
}

/// All proxies with all their tables.
#[derive(Debug)]
pub(super) struct Survey<'m> {
    /// The tables: gateways first, then sidecars, then waypoints.
    pub(super) asked: Vec<Asked>,
    views: Vec<ProxyView<'m>>,
}

// === impl Asked ===

impl Asked {
    /// Asks what happens to a request.
    pub(super) fn decide(&self, request: &Request) -> (router::Decision<'_>, Option<Request>) {
        router::route(&self.table, request, self.edge, self.option)
    }

    /// Tells whether the table is that of a sidecar.
    pub(super) fn is_sidecar(&self) -> bool {
        self.entry.proxy.kind == ProxyKind::Sidecar
    }
}

// === impl Survey ===

impl<'m> Survey<'m> {
    /// Builds every table once.
    pub(super) fn new(resources: &Resources, mesh: &'m Mesh) -> Self {
        let mut survey = Self { asked: Vec::new(), views: Vec::new() };
        for (name, proxy) in gateways(mesh) {
            survey.add(mesh, &name, &proxy);
        }
        for (name, proxy) in sidecars(resources, mesh) {
            survey.add(mesh, &name, &proxy);
        }
        for waypoint in &mesh.waypoints {
            let label = "gateway.networking.k8s.io/gateway-name".to_owned();
            let labels = BTreeMap::from([(label, waypoint.name.clone())]);
            let proxy = Proxy::new(ProxyKind::Waypoint, &waypoint.namespace, labels);
            let name = format!("waypoint {}/{}", waypoint.namespace, waypoint.name);
            survey.add(mesh, &name, &proxy);
        }
        survey
    }

    /// Returns a cluster as the proxy of a table knows it.
    pub(super) fn cluster(&mut self, asked: usize, name: &str) -> Option<Arc<Cluster>> {
        let view = self.asked[asked].view;
        self.views[view].cluster(name)
    }

    fn add(&mut self, mesh: &'m Mesh, name: &str, proxy: &Proxy) {
        let dials = match proxy.kind {
            ProxyKind::Gateway => gateway_dials(mesh),
            ProxyKind::Sidecar => sidecar_dials(mesh),
            ProxyKind::Waypoint => waypoint_dials(mesh),
        };
        let is_waypoint = proxy.kind == ProxyKind::Waypoint;
        let mut view = ProxyView::new(mesh, proxy.clone());
        let index = self.views.len();
        let mut seen = BTreeSet::new();
        for (port, authority, tls) in dials {
            let connection = Connection { address: None, port, authority: &authority, tls };
            let Handling::Http(table, edge) = view.handle(&connection) else { continue };
            if !seen.insert(table.name().to_owned()) {
                continue;
            }
            let own = is_waypoint || (table.name().contains(':') && edge == Edge::Inside);
            self.asked.push(Asked {
                entry: Entry { name: name.to_owned(), proxy: proxy.clone(), port, tls },
                edge,
                table,
                dialled: own.then_some(authority),
                view: index,
                option: mesh.config.path_normalization,
            });
        }
        self.views.push(view);
    }
}

/// What is dialled to see all tables of a kind of proxy: (port, host, whether encrypted).
type Dials = Vec<(u32, String, bool)>;

fn gateway_dials(mesh: &Mesh) -> Dials {
    let servers = mesh.gateways.iter().flat_map(|gateway| &gateway.servers);
    let mut dials = Dials::new();
    for server in servers {
        let tls = server.tls.is_some() && !server.protocol.is_http();
        for host in &server.hosts {
            let host = host.split_once('/').map_or(host.as_str(), |(_, host)| host);
            let dial = (server.number, concrete(host, 0), tls);
            if !dials.contains(&dial) {
                dials.push(dial);
            }
        }
    }
    dials
}

/// One HTTP service per port leads to its shared table; auto-detected ports have tables of their own.
fn sidecar_dials(mesh: &Mesh) -> Dials {
    let mut dials = Dials::new();
    let mut shared = BTreeSet::new();
    for service in &mesh.registry.services {
        let host = concrete(&service.hostname, 0);
        for port in &service.ports {
            let own = port.protocol == Protocol::Detected;
            if own
                || (port.protocol.is_http()
                    && shared.insert((port.number, !service.addresses.is_empty())))
            {
                dials.push((port.number, host.clone(), false));
            }
        }
    }
    dials
}

fn waypoint_dials(mesh: &Mesh) -> Dials {
    let served = mesh.registry.services.iter().filter(|s| waypoint::serving(mesh, s).is_some());
    served
        .flat_map(|service| {
            service.ports.iter().map(|port| (port.number, service.hostname.clone(), false))
        })
        .collect()
}

/// A name that a host stands for; further ones for further numbers.
pub(super) fn concrete(host: &str, number: usize) -> String {
    const LABELS: [&str; 3] = ["any", "some-name", "a.b"];
    let label = LABELS.get(number).copied().unwrap_or("any");
    match host.strip_prefix('*') {
        Some("") => format!("{label}.example"),
        Some(suffix) => format!("{label}{suffix}"),
        None => match host.strip_suffix('*') {
            Some(prefix) => format!("{prefix}{label}"),
            None => host.to_owned(),
        },
    }
}

/// The gateway workloads: pods that a Gateway selects, else one that carries its selector.
fn gateways(mesh: &Mesh) -> Vec<(String, Proxy)> {
    let mut found: Vec<(String, Proxy)> = Vec::new();
    let mut add = |name: String, proxy: Proxy| {
        if !found.iter().any(|(_, known)| *known == proxy) {
            found.push((name, proxy));
        }
    };
    for gateway in &mesh.gateways {
        let mut any = false;
        for pod in mesh.registry.pods.iter().filter(|pod| applies(mesh, gateway, pod)) {
            any = true;
            let proxy = Proxy::new(ProxyKind::Gateway, &pod.namespace, pod.labels.clone());
            add(format!("gateway {}/{}", pod.namespace, pod.workload), proxy);
        }
        if let (Applies::Labels(selector), false) = (&gateway.applies, any) {
            let (name, namespace, labels) = assumed(mesh, gateway, selector);
            let proxy = Proxy::new(ProxyKind::Gateway, &namespace, labels);
            add(format!("gateway {namespace}/{name}"), proxy);
        }
    }
    found
}

/// Tells whether a Gateway is for a pod. An empty selector means every gateway, not every pod.
fn applies(mesh: &Mesh, gateway: &Gateway, pod: &Pod) -> bool {
    let carries = |selector: &BTreeMap<String, String>| {
        !selector.is_empty()
            && selector.iter().all(|(key, value)| pod.labels.get(key) == Some(value))
    };
    match &gateway.applies {
        Applies::Labels(selector) => carries(selector),
        Applies::Services(names) => mesh.registry.services.iter().any(|service| {
            names.contains(&service.hostname)
                && service.namespace == pod.namespace
                && carries(&service.selector)
        }),
    }
}

/// The workload of an installation, or one beside the Gateway.
fn assumed(
    mesh: &Mesh,
    gateway: &Gateway,
    selector: &BTreeMap<String, String>,
) -> (String, String, BTreeMap<String, String>) {
    let mut labels = selector.clone();
    let app = match selector.get("istio").map(String::as_str) {
        Some("ingressgateway") => "istio-ingressgateway",
        Some("egressgateway") => "istio-egressgateway",
        Some("ingress") => "istio-ingress",
        _ => return (gateway.name.clone(), gateway.namespace.clone(), labels),
    };
    labels.entry("app".to_owned()).or_insert_with(|| app.to_owned());
    (app.to_owned(), mesh.config.root_namespace.clone(), labels)
}

/// One sidecar for all pods of a namespace that no rule can tell apart.
fn sidecars(resources: &Resources, mesh: &Mesh) -> Vec<(String, Proxy)> {
    let keys = telling_labels(resources, mesh);
    let at_edge = |pod: &Pod| mesh.gateways.iter().any(|gateway| applies(mesh, gateway, pod));
    let mut known = BTreeSet::new();
    let mut found = Vec::new();
    let mut inhabited = BTreeSet::new();
    for pod in &mesh.registry.pods {
        if at_edge(pod) {
            continue;
        }
        inhabited.insert(pod.namespace.as_str());
        if capture(mesh, &pod.namespace, &pod.labels) != Capture::Sidecar {
            continue;
        }
        let told: BTreeMap<&String, &String> =
            pod.labels.iter().filter(|(key, _)| keys.contains(key.as_str())).collect();
        if known.insert((pod.namespace.as_str(), told)) {
            let mut proxy = Proxy::new(ProxyKind::Sidecar, &pod.namespace, pod.labels.clone());
            proxy.locality = pod.locality.clone();
            proxy.node.clone_from(&pod.node);
            found.push((format!("sidecar of {}/{}", pod.namespace, pod.workload), proxy));
        }
    }
    let rules = resources.virtual_services.iter().map(|object| object.meta.namespace.as_str());
    let services = mesh.registry.services.iter().map(|service| service.namespace.as_str());
    let empty: BTreeSet<&str> = rules
        .chain(services)
        .filter(|name| !inhabited.contains(name) && *name != mesh.config.root_namespace)
        .collect();
    for namespace in empty {
        if capture(mesh, namespace, &BTreeMap::new()) == Capture::Sidecar {
            let proxy = Proxy::new(ProxyKind::Sidecar, namespace, BTreeMap::new());
            found.push((format!("sidecar of a workload in {namespace}"), proxy));
        }
    }
    found
}

/// The labels that rules, Sidecars and DestinationRules look at.
fn telling_labels<'r>(resources: &'r Resources, mesh: &'r Mesh) -> BTreeSet<&'r str> {
    let sources = mesh
        .rule_sets
        .iter()
        .flat_map(|set| &set.rules)
        .flat_map(|rule| &rule.matches)
        .flat_map(|condition| condition.source_labels.keys());
    let selectors = resources.sidecars.iter().filter_map(|s| s.spec.workload_selector.as_ref());
    let policies =
        resources.destination_rules.iter().filter_map(|rule| rule.spec.workload_selector.as_ref());
    sources
        .chain(selectors.flat_map(|selector| selector.labels.keys()))
        .map(String::as_str)
        .chain(policies.flat_map(|p| p.match_labels.iter().map(|(key, _)| key.value.as_str())))
        .collect()
}
