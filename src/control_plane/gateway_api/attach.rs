//! Which listeners and services an HTTPRoute attaches to, and the rule sets that come of it (R-208, R-218 to
//!

use std::collections::BTreeMap;

use super::listeners::{class, internal_name, listener_name};
use super::rule::{self, RankedRule};
use super::{Context, GROUP, NamespaceChoice};
use crate::config::gateway_api::{Gateway, HttpRoute, Listener, ParentRef};
use crate::config::object::{Object, Timestamp};
use crate::control_plane::audience::Audience;
use crate::control_plane::names::{is_wildcard, is_within, overlaps};
use crate::control_plane::rules::{MESH, RuleSet};

/// Where the rules of a route go.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Target {
    /// Internal name of the rule set.
    name: String,
    /// `mesh` or the internal gateway.
    gateway: String,
    /// The one host.
    host: String,
    /// The port that a mesh parent names.
    port: Option<u32>,
}

/// Parts of one internal rule set, by age of their routes.
type Parts<'r> = Vec<(&'r Object<HttpRoute>, Vec<RankedRule>)>;

/// Converts all HTTPRoutes.
pub(in crate::control_plane) fn rule_sets(context: Context<'_>) -> Vec<RuleSet> {
    let mut routes: Vec<&Object<HttpRoute>> = context.resources.http_routes.iter().collect();
    // by age, then namespace, then name.
    routes.sort_by_key(|route| {
        let meta = &route.meta;
        (meta.created.unwrap_or(Timestamp::MAX), meta.namespace.clone(), meta.name.clone())
    });
    let mut sets: BTreeMap<Target, Parts<'_>> = BTreeMap::new();
    for route in routes {
        for target in targets(context, route) {
            let for_mesh = target.gateway == MESH;
            // one hard error invalidates the whole route.
            let Some(rules) = rule::convert(context, route, for_mesh, target.port) else {
                continue;
            };
            sets.entry(target).or_default().push((route, rules));
        }
    }
    sets.into_iter().map(|(target, parts)| merge(target, parts)).collect()
}

/// the rules of all parts, stably sorted; age and namespace of the oldest part.
fn merge(target: Target, parts: Parts<'_>) -> RuleSet {
    let oldest = parts[0].0;
    let (namespace, created, place) =
        (oldest.meta.namespace.clone(), oldest.meta.created, oldest.meta.place);
    let mut rules: Vec<RankedRule> = parts.into_iter().flat_map(|(_, rules)| rules).collect();
    rules.sort_by_key(|a| a.rank);
    RuleSet {
        object: format!("HTTPRoute {namespace}/{}", target.name),
        name: target.name,
        namespace,
        created,
        hosts: vec![target.host],
        gateways: vec![target.gateway],
        audience: Audience::Public,
        rules: rules.into_iter().map(|ranked| ranked.rule).collect(),
        l4_destinations: Vec::new(),
        from_gateway_api: true,
        place,
    }
}

fn targets(context: Context<'_>, route: &Object<HttpRoute>) -> Vec<Target> {
    let mut found = Vec::new();
    for parent in &route.spec.parent_refs {
        let group = parent.group.as_deref().unwrap_or(GROUP);
        let kind = parent.kind.as_deref().unwrap_or("Gateway");
        match (group, kind) {
            (GROUP, "Gateway") => found.extend(gateway_targets(context, route, parent)),
            ("", "Service") | ("networking.istio.io", "ServiceEntry") => {
                found.extend(mesh_targets(context, route, parent, kind));
            }
            _ => {}
        }
    }
    found.sort();
    found.dedup();
    found
}

/// the service, or every host of the ServiceEntry.
fn mesh_targets(
    context: Context<'_>,
    route: &Object<HttpRoute>,
    parent: &ParentRef,
    kind: &str,
) -> Vec<Target> {
    let own = &route.meta.namespace;
    let namespace = parent.namespace.as_deref().unwrap_or(own);
    let Some(name) = &parent.name else { return Vec::new() };
    let hosts = if kind == "Service" {
        vec![format!("{}.{namespace}.svc.{}", name.value, context.mesh.domain)]
    } else {
        let entries = context.resources.service_entries.iter();
        let mut found = entries
            .filter(|entry| entry.meta.name == name.value && entry.meta.namespace == namespace);
        let hosts = found.next().map(|entry| entry.spec.hosts.iter());
        hosts.into_iter().flatten().map(|host| host.value.clone()).collect()
    };
    let port = parent.port.as_ref().map(|port| port.value);
    let key = port.map_or(own.clone(), |port| format!("{own}~{port}"));
    let target = |host: String| Target {
        name: format!("{key}~{host}"),
        gateway: MESH.to_owned(),
        host,
        port,
    };
    hosts.into_iter().map(target).collect()
}

/// the listeners of the gateway that admit the route, each with each of its hostnames.
fn gateway_targets(
    context: Context<'_>,
    route: &Object<HttpRoute>,
    parent: &ParentRef,
) -> Vec<Target> {
    let namespace = parent.namespace.as_deref().unwrap_or(&route.meta.namespace);
    let Some(name) = &parent.name else { return Vec::new() };
    let mut gateways = context.resources.kubernetes_gateways.iter();
    let found = gateways.find(|g| g.meta.name == name.value && g.meta.namespace == namespace);
    let Some(gateway) = found.filter(|gateway| class(gateway) != "istio-waypoint") else {
        return Vec::new();
    };
    let hostnames: Vec<&str> = if route.spec.hostnames.is_empty() {
        vec!["*"]
    } else {
        route.spec.hostnames.iter().map(|hostname| hostname.value.as_str()).collect()
    };
    let mut targets = Vec::new();
    for listener in &gateway.spec.listeners {
        if !admits(context, gateway, listener, route, parent, &hostnames) {
            continue;
        }
        let internal = internal_name(&gateway.meta.name, listener_name(listener));
        let kept = hostnames.iter().filter(|hostname| !is_isolated(gateway, listener, hostname));
        targets.extend(kept.map(|hostname| Target {
            name: format!("{namespace}~{internal}~{hostname}"),
            gateway: format!("{namespace}/{internal}"),
            host: (*hostname).to_owned(),
            port: None,
        }));
    }
    targets
}

fn admits(
    context: Context<'_>,
    gateway: &Object<Gateway>,
    listener: &Listener,
    route: &Object<HttpRoute>,
    parent: &ParentRef,
    hostnames: &[&str],
) -> bool {
    let section = parent.section_name.as_ref();
    let port = parent.port.as_ref().map(|port| port.value);
    let own_port = listener.port.as_ref().map(|port| port.value);
    let host = hostname_of(listener);
    let allowed = listener.allowed_routes.as_ref();
    let choice = NamespaceChoice::read(allowed);
    let kinds = allowed.map_or(&[] as &[_], |allowed| allowed.kinds.as_slice());
    let kind_allowed = kinds.is_empty()
        || kinds.iter().any(|kind| {
            kind.kind.as_deref() == Some("HTTPRoute")
                && kind.group.as_deref().unwrap_or(GROUP) == GROUP
        });
    let protocol = listener.protocol.as_ref().map_or("", |protocol| protocol.value.as_str());
    matches!(protocol, "HTTP" | "HTTPS")
        && section.is_none_or(|section| section.value == listener_name(listener))
        && (port.is_none() || port == own_port)
        && hostnames.iter().any(|hostname| overlaps(hostname, host))
        && choice.admits(&route.meta.namespace, &gateway.meta.namespace, context.registry)
        && kind_allowed
}

fn hostname_of(listener: &Listener) -> &str {
    match listener.hostname.as_ref().map(|hostname| hostname.value.as_str()) {
        None | Some("") => "*",
        Some(hostname) => hostname,
    }
}

/// another listener of the same port and protocol serves the hostname more specifically.
fn is_isolated(gateway: &Object<Gateway>, listener: &Listener, hostname: &str) -> bool {
    let own = hostname_of(listener);
    if !is_wildcard(own) {
        return false;
    }
    if !overlaps(hostname, own) {
        return true;
    }
    let key = |listener: &Listener| {
        let port = listener.port.as_ref().map(|port| port.value);
        (port, listener.protocol.as_ref().map(|protocol| protocol.value.clone()))
    };
    let length = |host: &str| if host == "*" { 0 } else { host.len() };
    gateway.spec.listeners.iter().any(|other| {
        let host = hostname_of(other);
        key(other) == key(listener)
            && other.hostname.is_some()
            && host != own
            && is_within(hostname, host)
            && length(host) >= length(own)
    })
}
