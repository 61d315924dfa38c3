//! Waypoints: which services they serve, and the table of each.

use super::Mesh;
use super::clusters::ClusterName;
use super::destination_rules::{DestinationRules, MergedRule};
use super::gateway_api::NamespaceChoice;
use super::names::overlaps;
use super::proxy::{Proxy, ProxyKind};
use super::registry::Service;
use super::routes::{self, KnownService, Lookup, RouteBuilder, destination_port};
use super::rules::{Destination, MESH};
use super::scope::Scope;
use crate::data_plane::{Route, RouteTable, VirtualHost};

/// The label on a Service or its namespace that names its waypoint.
const USE_WAYPOINT: &str = "istio.io/use-waypoint";
/// The label that names the namespace of that waypoint.
const USE_WAYPOINT_NAMESPACE: &str = "istio.io/use-waypoint-namespace";

/// A waypoint: a Gateway of the class `istio-waypoint`.
#[derive(Clone, Debug, PartialEq)]
pub struct Waypoint {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// From which namespaces Services may use it.
    pub allowed: NamespaceChoice,
    /// Whether it is meant for Services (label `istio.io/waypoint-for`).
    pub for_services: bool,
}

/// The lookup of a waypoint knows whole services and names clusters behind itself.
struct WaypointLookup<'a, 'm> {
    scope: &'a Scope<'m>,
}

/// Returns the waypoint that serves a service, if any.
#[must_use]
pub fn serving<'m>(mesh: &'m Mesh, service: &Service) -> Option<&'m Waypoint> {
    let of_namespace = |label: &str| mesh.registry.namespace_label(&service.namespace, label);
    // A label of the Service that leads nowhere does not fall back to that of the namespace.
    let own = service.labels.get(USE_WAYPOINT);
    let (name, namespace) = match own {
        Some(name) => {
            (name.as_str(), service.labels.get(USE_WAYPOINT_NAMESPACE).map(String::as_str))
        }
        None => (of_namespace(USE_WAYPOINT)?, of_namespace(USE_WAYPOINT_NAMESPACE)),
    };
    if name == "none" {
        return None;
    }
    let namespace = namespace.unwrap_or(&service.namespace);
    let found = mesh.waypoints.iter().find(|w| w.name == name && w.namespace == namespace)?;
    let admits = found.allowed.admits(&service.namespace, &found.namespace, &mesh.registry);
    (found.for_services && admits).then_some(found)
}

/// Tells whether a proxy is the waypoint.
fn is(proxy: &Proxy, waypoint: &Waypoint) -> bool {
    let label = "gateway.networking.k8s.io/gateway-name";
    proxy.kind == ProxyKind::Waypoint
        && proxy.namespace == waypoint.namespace
        && proxy.labels.get(label) == Some(&waypoint.name)
}

/// Tells whether a proxy is the waypoint that serves a service.
#[must_use]
pub fn serves(scope: &Scope<'_>, service: &Service) -> bool {
    serving(scope.mesh, service).is_some_and(|waypoint| is(&scope.proxy, waypoint))
}

/// Tells whether a cluster of a known service exists as far as waypoints are concerned.
#[must_use]
pub(super) fn has_cluster(scope: &Scope<'_>, name: &ClusterName<'_>, service: &Service) -> bool {
    if scope.proxy.kind != ProxyKind::Waypoint {
        return !name.behind_waypoint;
    }
    if name.behind_waypoint {
        return serves(scope, service);
    }
    if serves(scope, service) {
        return false;
    }
    // only what some mesh rule for the exact name of a served service leads to.
    let mesh = scope.mesh;
    mesh.rule_sets.iter().filter(|set| set.is_bound_to(MESH)).any(|set| {
        let leads_there = set.destinations(None).any(|(host, _)| host == service.hostname);
        leads_there
            && set.hosts.iter().any(|host| {
                scope
                    .service(host)
                    .is_some_and(|(_, served)| served.hostname == *host && serves(scope, served))
            })
    })
}

/// Builds the table for one port of a served service.
#[must_use]
pub fn route_table(scope: &Scope<'_>, service: &Service, port: u32) -> RouteTable {
    let lookup = WaypointLookup { scope };
    let mut routes = rule_routes(scope, &lookup, service, port);
    if routes.is_empty() {
        //
        let hash = routes::default_hash(rule_behind(scope, service), None);
        let cluster = format!("inbound-vip|{port}|http|{}", service.hostname);
        routes.push(routes::default_route(cluster, &scope.mesh.config, hash));
    }
    let host = VirtualHost {
        name: format!("inbound|http|{port}"),
        domains: vec!["*".to_owned()],
        routes,
        https_redirect: false,
    };
    RouteTable::new(format!("inbound-vip|{port}|http|{}", service.hostname), vec![host])
}

/// all rule sets of the service's or the waypoint's namespace, one behind the other; an
/// earlier catch-all hides later ones.
fn rule_routes(
    scope: &Scope<'_>,
    lookup: &WaypointLookup<'_, '_>,
    service: &Service,
    port: u32,
) -> Vec<Route> {
    let builder = RouteBuilder {
        mesh: scope.mesh,
        proxy: &scope.proxy,
        port,
        gateway: MESH,
        tls: false,
        drops_source_labels: true,
        lookup,
    };
    let own = &scope.proxy.namespace;
    let candidates = scope.mesh.rule_candidates(own, MESH).into_iter();
    let sets = candidates.map(|index| &scope.mesh.rule_sets[index]).filter(|set| {
        (set.namespace == *own || set.namespace == service.namespace)
            && set.hosts.iter().any(|host| overlaps(host, &service.hostname))
    });
    sets.flat_map(|set| builder.routes(set)).collect()
}

/// Returns the cluster that takes connections to a port that is not HTTP.
#[must_use]
pub fn tcp_cluster(service: &Service, port: u32) -> String {
    format!("inbound-vip|{port}|tcp|{}", service.hostname)
}

// === impl Lookup for WaypointLookup ===

impl Lookup for WaypointLookup<'_, '_> {
    fn service(&self, host: &str) -> Option<KnownService<'_>> {
        // aliases are not translated here.
        let (scoped, _) = self.scope.service(host)?;
        Some(KnownService { ports: &scoped.ports, external_name: None })
    }

    /// The policy of the service behind, which asks no workload selector.
    fn destination_rule(&self, host: &str) -> Option<&MergedRule> {
        self.scope.destination_rule(host)
    }

    /// `inbound-vip` for services behind this waypoint and for hosts that no service has.
    fn cluster(&self, destination: &Destination, table_port: u32) -> String {
        if destination.host.is_empty() {
            return "UnknownService".to_owned();
        }
        let Destination { host, subset, .. } = destination;
        let port = destination_port(destination, self.service(host), table_port);
        let found = self.scope.service(host);
        if let Some((_, service)) = found
            && !serves(self.scope, service)
        {
            return format!("outbound|{port}|{subset}|{host}");
        }
        let protocol = found.and_then(|(scoped, _)| scoped.port(port)).map(|port| port.protocol);
        let word = match protocol {
            Some(protocol) if !protocol.is_http_or_detected() => "tcp",
            _ => "http",
        };
        let slash = if subset.is_empty() { "" } else { "/" };
        format!("inbound-vip|{port}|{word}{slash}{subset}|{host}")
    }
}

/// Returns the rule for a service behind a waypoint: rules with a workload selector do not count.
#[must_use]
pub fn rule_behind<'m>(scope: &Scope<'m>, service: &Service) -> Option<&'m MergedRule> {
    let client = &scope.proxy.namespace;
    let found = scope.mesh.destination_rules.find(client, &service.hostname, &service.namespace);
    let general: Vec<&MergedRule> =
        found.into_iter().filter(|rule| rule.selector.is_none()).collect();
    DestinationRules::choose(&general, client, &scope.proxy.labels)
}
