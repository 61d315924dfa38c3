//! Rules to routes: what istiod sends to one proxy for one port.
//!
//! [`RouteBuilder`] holds what depends on the proxy and the table; [`RouteBuilder::routes`] gives the list
//! of a rule set, cut after its first catch-all.

mod action;
mod condition;
mod headers;

use super::Mesh;
use super::destination_rules::MergedRule;
use super::proxy::Proxy;
use super::registry::Port;
use super::rules::{Destination, Match, Rule, RuleSet};
use crate::data_plane::{HeaderOps, Route, RouteMatcher};

pub(super) use action::{default_hash, default_route, passthrough_route, port_policy};
pub(super) use condition::claim;

/// What a table knows of a destination's service when a rule gives no port.
#[derive(Clone, Copy, Debug)]
pub(super) struct KnownService<'s> {
    /// The ports that the table sees.
    pub ports: &'s [Port],
    /// What an alias stands for.
    pub external_name: Option<&'s str>,
}

/// How a table looks up services and names clusters: sidecars, gateways and waypoints differ.
pub(super) trait Lookup {
    /// Returns what the table knows of a destination host.
    fn service(&self, host: &str) -> Option<KnownService<'_>>;

    /// Returns the DestinationRule that holds for a destination host.
    fn destination_rule(&self, host: &str) -> Option<&MergedRule>;

    /// Returns the name of the cluster of a destination.
    fn cluster(&self, destination: &Destination, table_port: u32) -> String {
        outbound_cluster(destination, self.service(&destination.host), table_port)
    }
}

/// Translates rule sets for one proxy and one table.
pub(super) struct RouteBuilder<'a> {
    /// The mesh.
    pub mesh: &'a Mesh,
    /// The proxy.
    pub proxy: &'a Proxy,
    /// The port that `match.port` is compared with.
    pub port: u32,
    /// `mesh`, or the gateway as `namespace/name`.
    pub gateway: &'a str,
    /// Whether the table stands behind terminated TLS.
    pub tls: bool,
    /// Whether matches with source labels are dropped: waypoints.
    pub drops_source_labels: bool,
    /// Services and clusters.
    pub lookup: &'a dyn Lookup,
}

/// port as written, else the only port of a known service, else that of the table.
pub(super) fn outbound_cluster(
    destination: &Destination,
    service: Option<KnownService<'_>>,
    table_port: u32,
) -> String {
    if destination.host.is_empty() {
        // a Gateway API backend that does not resolve.
        return "UnknownService".to_owned();
    }
    // an alias is translated one hop.
    let alias = service.and_then(|service| service.external_name);
    let host = alias.unwrap_or(&destination.host);
    let port = destination_port(destination, service, table_port);
    format!("outbound|{port}|{}|{host}", destination.subset)
}

///
pub(super) fn destination_port(
    destination: &Destination,
    service: Option<KnownService<'_>>,
    table_port: u32,
) -> u32 {
    match (destination.port, service.map(|service| service.ports)) {
        (Some(port), _) => port,
        (None, Some([only])) => only.number,
        _ => table_port,
    }
}

// === impl RouteBuilder ===

impl RouteBuilder<'_> {
    /// Returns the routes of a rule set: rule by rule, match by match, up to the first catch-all that
    /// exists for this proxy.
    pub(super) fn routes(&self, set: &RuleSet) -> Vec<Route> {
        let mut routes = Vec::new();
        for rule in &set.rules {
            if rule.matches.is_empty() {
                routes.push(self.route(set, rule, None));
                break;
            }
            for condition in &rule.matches {
                if !self.applies(condition) {
                    continue;
                }
                let route = self.route(set, rule, Some(condition));
                let is_last = route.matcher.is_catch_all();
                routes.push(route);
                if is_last {
                    return routes;
                }
            }
        }
        routes
    }

    /// whether a match exists for this proxy and table at all.
    fn applies(&self, condition: &Match) -> bool {
        if condition.port != 0 && condition.port != self.port {
            return false;
        }
        if self.drops_source_labels && !condition.source_labels.is_empty() {
            return false;
        }
        if !condition.gateways.is_empty() {
            return condition.gateways.iter().any(|gateway| gateway == self.gateway);
        }
        let namespace = &condition.source_namespace;
        super::destination_rules::is_subset(&condition.source_labels, &self.proxy.labels)
            && (namespace.is_empty() || *namespace == self.proxy.namespace)
    }

    fn route(&self, set: &RuleSet, rule: &Rule, condition: Option<&Match>) -> Route {
        // the match's name is only a suffix.
        let mut name = rule.name.clone();
        if let Some(condition) = condition.filter(|condition| !condition.name.is_empty()) {
            name = format!("{name}.{}", condition.name);
        }
        let mut source = rule.source.clone();
        source.condition = condition.map(|condition| condition.index);
        let matcher: RouteMatcher = self.matcher(set, condition);
        let operations = headers::translate(rule.headers.as_ref());
        let (action, response_ops) = self.action(set, rule, &matcher, operations);
        Route {
            name,
            source: Some(source),
            matcher,
            action,
            fault: rule.fault.as_ref().and_then(action::fault),
            cors: rule.cors.as_ref().map(|cors| self.cors(cors)),
            response_ops,
        }
    }
}

/// Header operations of a rule or a destination, ready for the data plane.
#[derive(Clone, Debug, Default)]
struct Operations {
    request: HeaderOps,
    response: HeaderOps,
    /// New Host; empty is none.
    authority: String,
}
