//! Outbound route tables of sidecars.
//!
//! One table per service port. Each service is owned by the one rule set with the most specific host for
//! it; what no rule owns has a default route; hosts that no service has may stand as literal virtual hosts.

mod domains;
mod listeners;

use std::collections::{BTreeMap, BTreeSet};

use super::mesh_config::OutboundPolicy;
use super::names::{is_wildcard, overlaps};
use super::registry::{Port, Resolution, Service};
use super::routes::{self, KnownService, Lookup, RouteBuilder};
use super::rules::{MESH, RuleSet};
use super::scope::{EgressListener, Scope, ScopedService};
use crate::control_plane::destination_rules::MergedRule;
use crate::data_plane::{
    DirectResponse, HeaderOps, PathMatcher, Route, RouteAction, RouteMatcher, RouteTable,
    VirtualHost,
};

pub(super) use listeners::full_names;
pub use listeners::{Dialled, Listener, dialled_address, listener};

/// A service in the table of one port: it is seen as having only that port.
struct TableService<'m> {
    scoped: &'m ScopedService,
    service: &'m Service,
    port: [Port; 1],
}

/// The services of a table by lower-case hostname.
type TableServices<'m> = BTreeMap<String, TableService<'m>>;

/// The lookup of a sidecar's table knows only services that have the addressed port.
struct SidecarLookup<'a, 'm> {
    scope: &'a Scope<'m>,
    services: &'a TableServices<'a>,
}

/// Virtual hosts that belong together: the same routes for some services and some literal hosts.
struct Group<'m> {
    services: Vec<&'m TableService<'m>>,
    hosts: Vec<String>,
    routes: Vec<Route>,
}

/// Builds the route table of a port; with a hostname, that of an auto-detected service, which ignores
/// the Host header.
#[must_use]
pub fn route_table(scope: &Scope<'_>, port: u32, detected: Option<&str>) -> RouteTable {
    let Some(listener) = egress_listener(scope, port) else {
        return RouteTable::new(port.to_string(), Vec::new());
    };
    let services = table_services(scope, listener, port);
    let mut hosts = virtual_hosts(scope, listener, &services, port);
    match detected {
        Some(hostname) => {
            let hostname = hostname.to_lowercase();
            hosts.retain(|host| host.domains.contains(&hostname));
            hosts.truncate(1);
            for host in &mut hosts {
                host.domains = vec!["*".to_owned()];
            }
            RouteTable::new(format!("{hostname}:{port}"), hosts)
        }
        None => {
            hosts.push(catch_all(scope));
            RouteTable::new(port.to_string(), hosts)
        }
    }
}

/// the entry with the port, else the one without.
fn egress_listener<'s>(scope: &'s Scope<'_>, port: u32) -> Option<&'s EgressListener> {
    scope.egress.iter().find(|listener| listener.port.is_none_or(|(number, _)| number == port))
}

/// R-191(c): of several objects of a hostname the last one in the list gives the vhost its addresses.
fn table_services<'m>(
    scope: &Scope<'m>,
    listener: &'m EgressListener,
    port: u32,
) -> TableServices<'m> {
    let mut services = TableServices::new();
    for scoped in &listener.services {
        let service = &scope.mesh.registry.services[scoped.id];
        if let Some(port) = scoped.port(port) {
            let entry = TableService { scoped, service, port: [port.clone()] };
            services.insert(service.hostname.to_lowercase(), entry);
        }
    }
    services
}

fn virtual_hosts(
    scope: &Scope<'_>,
    listener: &EgressListener,
    services: &TableServices<'_>,
    port: u32,
) -> Vec<VirtualHost> {
    let groups = groups(scope, listener, services, port);
    let mut names = BTreeSet::new();
    let mut taken = BTreeSet::new();
    let known: BTreeSet<&str> = groups
        .iter()
        .flat_map(|group| &group.services)
        .map(|entry| entry.service.hostname.as_str())
        .collect();
    let mut out = Vec::new();
    for group in &groups {
        for host in &group.hosts {
            let host = host.to_lowercase();
            out.extend(named_host(&mut names, &host, port).and_then(|name| {
                finish(name, vec![(host, false)], &mut taken, &known, &group.routes)
            }));
        }
        for entry in &group.services {
            let hostname = entry.service.hostname.to_lowercase();
            out.extend(named_host(&mut names, &hostname, port).and_then(|name| {
                let domains = domains::of_service(scope, entry.scoped, entry.service);
                finish(name, domains, &mut taken, &known, &group.routes)
            }));
        }
    }
    out
}

/// the first writer of a name keeps it.
fn named_host(names: &mut BTreeSet<String>, host: &str, port: u32) -> Option<String> {
    let name = format!("{host}:{port}");
    names.insert(name.clone()).then_some(name)
}

/// the first writer of a domain keeps it, and an expanded form never takes a service's full name.
fn finish(
    name: String,
    domains: Vec<(String, bool)>,
    taken: &mut BTreeSet<String>,
    known: &BTreeSet<&str>,
    routes: &[Route],
) -> Option<VirtualHost> {
    let free = domains.into_iter().filter_map(|(domain, expanded)| {
        let domain = domain.to_lowercase();
        let steals = expanded && known.contains(domain.as_str());
        (!steals && taken.insert(domain.clone())).then_some(domain)
    });
    let domains: Vec<String> = free.collect();
    (!domains.is_empty()).then(|| VirtualHost {
        name,
        domains,
        routes: routes.to_vec(),
        https_redirect: false,
    })
}

/// Rule sets first, in candidate order, then the services that none of them owns.
fn groups<'m>(
    scope: &Scope<'_>,
    listener: &EgressListener,
    services: &'m TableServices<'m>,
    port: u32,
) -> Vec<Group<'m>> {
    let lookup = SidecarLookup { scope, services };
    let builder = RouteBuilder {
        mesh: scope.mesh,
        proxy: &scope.proxy,
        port,
        gateway: MESH,
        tls: false,
        drops_source_labels: false,
        lookup: &lookup,
    };
    let mut groups = Vec::new();
    for index in &listener.rules {
        let set = &scope.mesh.rule_sets[*index];
        // on other ports than 80 a set must attach to a service.
        if port == 80 || attaches(set, services) {
            groups.extend(rule_group(&builder, set, *index, listener, services));
        }
    }
    let owned: BTreeSet<&str> = groups
        .iter()
        .flat_map(|group| &group.services)
        .map(|entry| entry.service.hostname.as_str())
        .collect();
    let mut rest = Vec::new();
    for entry in services.values() {
        let hostname = entry.service.hostname.as_str();
        let is_alias = entry.service.resolution == Resolution::Alias;
        if owned.contains(hostname) || is_alias || !entry.port[0].protocol.is_http_or_detected() {
            continue;
        }
        let hash = routes::default_hash(scope.destination_rule(hostname), Some(port));
        let cluster = format!("outbound|{port}||{}", hostname.to_lowercase());
        let route = routes::default_route(cluster, &scope.mesh.config, hash);
        rest.push(Group { services: vec![entry], hosts: Vec::new(), routes: vec![route] });
    }
    groups.extend(rest);
    groups
}

/// Tells whether a host of the set has a service in the table.
fn attaches(set: &RuleSet, services: &TableServices<'_>) -> bool {
    set.hosts.iter().any(|host| {
        let host = host.to_lowercase();
        services.contains_key(&host)
            || services.keys().any(|hostname| {
                (is_wildcard(&host) || is_wildcard(hostname)) && overlaps(&host, hostname)
            })
    })
}

/// the services that a set owns, and its literal hosts.
fn rule_group<'m>(
    builder: &RouteBuilder<'_>,
    set: &RuleSet,
    index: usize,
    listener: &EgressListener,
    services: &'m TableServices<'m>,
) -> Option<Group<'m>> {
    let routes = builder.routes(set);
    if routes.is_empty() {
        return None;
    }
    let (hosts, matched) = separate(set, index, listener, services);
    // a mesh HTTPRoute counts only in the service's or in the client's namespace.
    if set.from_gateway_api {
        let honoured = |entry: &&TableService<'_>| {
            entry.service.namespace == set.namespace || builder.proxy.namespace == set.namespace
        };
        if !matched.iter().any(honoured) {
            return None;
        }
    }
    let http: Vec<_> =
        matched.into_iter().filter(|entry| entry.port[0].protocol.is_http_or_detected()).collect();
    // without a service the literal hosts live on port 80 alone.
    if http.is_empty() && builder.port != 80 {
        return None;
    }
    Some(Group { services: http, hosts, routes })
}

/// Splits a set's hosts into literal ones and services of the table.
fn separate<'m>(
    set: &RuleSet,
    index: usize,
    listener: &EgressListener,
    services: &'m TableServices<'m>,
) -> (Vec<String>, Vec<&'m TableService<'m>>) {
    let (mut foreign, mut matched) = (Vec::new(), Vec::new());
    for host in set.hosts.iter().filter(|host| !is_wildcard(host)) {
        match services.get(&host.to_lowercase()) {
            Some(entry) => matched.push(entry),
            None => foreign.push(host.clone()),
        }
    }
    for host in set.hosts.iter().filter(|host| is_wildcard(host)) {
        let host = host.to_lowercase();
        if set.from_gateway_api {
            // wildcard hosts of HTTPRoutes never meet services.
            foreign.push(host);
            continue;
        }
        let mut found = false;
        for (hostname, entry) in services.iter().filter(|(hostname, _)| overlaps(hostname, &host)) {
            found = true;
            if listener.most_specific.get(hostname) == Some(&index) {
                matched.push(entry);
            }
        }
        if !found {
            foreign.push(host);
        }
    }
    (foreign, matched)
}

/// what happens to hosts that no virtual host has.
fn catch_all(scope: &Scope<'_>) -> VirtualHost {
    let any = |name: &str, route: Route| VirtualHost {
        name: name.to_owned(),
        domains: vec!["*".to_owned()],
        routes: vec![route],
        https_redirect: false,
    };
    if scope.outbound == OutboundPolicy::RegistryOnly {
        return any(
            "block_all",
            Route {
                name: "block_all".to_owned(),
                source: None,
                matcher: RouteMatcher::path(PathMatcher::Any),
                action: RouteAction::Direct(DirectResponse { status: 502, body: String::new() }),
                fault: None,
                cors: None,
                response_ops: HeaderOps::default(),
            },
        );
    }
    let cluster = match &scope.egress_proxy {
        Some((host, subset, port)) => format!("outbound|{}|{subset}|{host}", port.unwrap_or(0)),
        None => "PassthroughCluster".to_owned(),
    };
    any("allow_any", routes::passthrough_route("allow_any", cluster))
}

// === impl Lookup for SidecarLookup ===

impl Lookup for SidecarLookup<'_, '_> {
    fn service(&self, host: &str) -> Option<KnownService<'_>> {
        let entry = self.services.get(host)?;
        let external_name = entry.service.external_name.as_deref();
        Some(KnownService { ports: &entry.port, external_name })
    }

    fn destination_rule(&self, host: &str) -> Option<&MergedRule> {
        self.scope.destination_rule(host)
    }
}
