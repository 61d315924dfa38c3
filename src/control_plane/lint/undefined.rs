//! Destinations that nobody defines: what a run warns about before it counts 503s.

use std::collections::{BTreeMap, BTreeSet};

use super::is_generated;
use crate::config::istio::Destination;
use crate::config::istio::virtual_service::{RouteDestination, VirtualService};
use crate::config::object::Object;
use crate::config::resources::Resources;
use crate::control_plane::gateway::Applies;
use crate::control_plane::rules::{Context, MESH};
use crate::control_plane::{Mesh, resolve_short_name};
use crate::diagnostic::Diagnostic;

/// The namespaces that clients of rules may live in.
#[derive(Clone, Debug, Default)]
pub(super) struct Clients {
    mesh: BTreeSet<String>,
    gateways: BTreeMap<String, BTreeSet<String>>,
}

/// Returns a warning for each destination of an HTTP rule whose service or subset exists for no client:
/// its share is answered 503 NC, or 500 behind the Gateway API.
///
/// The warnings point at the host (`undefined-service`) or the subset (`undefined-subset`). A destination
/// without traffic, and one that ASM's `fallback` catches, gets none.
#[must_use]
pub fn undefined_destinations(resources: &Resources, mesh: &Mesh) -> Vec<Diagnostic> {
    let clients = Clients::new(resources, mesh);
    let mut found = Vec::new();
    for object in resources.virtual_services.iter().filter(|object| !is_generated(&object.meta)) {
        for rule in &object.spec.http {
            let alone = rule.route.len() == 1;
            for route in rule.route.iter().filter(|route| alone || route.weight() > 0) {
                found.extend(of_route(mesh, &clients, object, route));
            }
        }
    }
    found.extend(of_http_routes(mesh));
    found
}

fn of_route(
    mesh: &Mesh,
    clients: &Clients,
    object: &Object<VirtualService>,
    route: &RouteDestination,
) -> Option<Diagnostic> {
    let problem = of_destination(mesh, clients, object, route.destination.as_ref()?)?;
    let fallback = route.fallback.as_ref().and_then(|fallback| fallback.target.as_ref());
    let caught =
        fallback.is_some_and(|target| of_destination(mesh, clients, object, target).is_none());
    (!caught).then_some(problem)
}

fn of_destination(
    mesh: &Mesh,
    clients: &Clients,
    object: &Object<VirtualService>,
    destination: &Destination,
) -> Option<Diagnostic> {
    let host = destination.host.as_ref()?;
    let full = resolve_short_name(&host.value, &object.meta.namespace, &mesh.config.domain);
    let consequence = "requests for it are answered 503 (NC: the cluster does not exist)";
    if mesh.registry.owners(&full).is_none() {
        let message = format!("no service has the host `{full}`");
        let mut problem =
            Diagnostic::warning("undefined-service", host.place, message).help(consequence);
        if let Some(meant) = dotted_name(mesh, &full) {
            problem =
                problem.help(format!("did you mean `{meant}`? a name with a dot stays as it is"));
        }
        return Some(problem);
    }
    let subset = destination.subset.as_ref().filter(|subset| !subset.value.is_empty())?;
    // `$label` is filled in per request (asm-lanes 2.6).
    if subset.value.starts_with('$') {
        return None;
    }
    let mut asking = clients.of(mesh, object);
    if asking.any(|client| defines_subset(mesh, client, &full, &subset.value)) {
        return None;
    }
    let message = format!("no DestinationRule defines the subset `{}` of {full}", subset.value);
    let mut problem =
        Diagnostic::warning("undefined-subset", subset.place, message).help(consequence);
    if clients.all().any(|client| defines_subset(mesh, client, &full, &subset.value)) {
        problem = problem.help("the one that does is not the rule that these clients use (R-159)");
    }
    Some(problem)
}

/// Backends of HTTPRoutes that no service is; one route makes several rule sets.
fn of_http_routes(mesh: &Mesh) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    let sets = mesh.rule_sets.iter().filter(|set| set.from_gateway_api);
    for destination in sets.flat_map(|set| &set.rules).flat_map(super::proven::weighted) {
        let host = &destination.host;
        if host.is_empty() || mesh.registry.owners(host).is_some() {
            continue;
        }
        let message = format!("no service has the host `{host}`");
        let problem = Diagnostic::warning("undefined-service", destination.place, message)
            .help("requests for it are answered 500 (NC: the cluster does not exist)");
        if !found.contains(&problem) {
            found.push(problem);
        }
    }
    found
}

/// Tells whether the DestinationRule that a client namespace uses for a host defines a subset.
pub(super) fn defines_subset(mesh: &Mesh, client: &str, host: &str, subset: &str) -> bool {
    let Some(owners) = mesh.registry.owners(host) else { return false };
    owners.keys().any(|owner| {
        let rules = mesh.destination_rules.find(client, host, owner);
        rules.iter().any(|rule| rule.subset(subset).is_some())
    })
}

/// The full name that `name.namespace` or `name.namespace.svc` was meant for.
pub(super) fn dotted_name(mesh: &Mesh, host: &str) -> Option<String> {
    let head = host.strip_suffix(".svc").unwrap_or(host);
    let (name, namespace) = head.split_once('.')?;
    let full = format!("{name}.{namespace}.svc.{}", mesh.config.domain);
    let literal = mesh.registry.owners(host).is_some();
    let known = mesh.registry.owners(&full).is_some() && !namespace.contains('.');
    (known && !literal).then_some(full)
}

// === impl Clients ===

impl Clients {
    /// Collects the namespaces of pods, services and rules, and those of gateway workloads.
    pub(super) fn new(resources: &Resources, mesh: &Mesh) -> Self {
        let registry = &mesh.registry;
        let pods = registry.pods.iter().map(|pod| pod.namespace.clone());
        let services = registry.services.iter().map(|service| service.namespace.clone());
        let rules = resources.virtual_services.iter().map(|object| object.meta.namespace.clone());
        let mut gateways: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for gateway in &mesh.gateways {
            let Applies::Labels(selector) = &gateway.applies else { continue };
            let selected = registry.pods.iter().filter(|pod| {
                selector.iter().all(|(key, value)| pod.labels.get(key) == Some(value))
            });
            let mut namespaces: BTreeSet<String> =
                selected.map(|pod| pod.namespace.clone()).collect();
            if namespaces.is_empty() {
                // Where an installation puts its gateways, or where their owner put the Gateway.
                namespaces.insert(mesh.config.root_namespace.clone());
                namespaces.insert(gateway.namespace.clone());
            }
            gateways.insert(gateway.full_name(), namespaces);
        }
        Self { mesh: pods.chain(services).chain(rules).collect(), gateways }
    }

    /// Returns all namespaces that anybody may ask from.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.mesh.iter().chain(self.gateways.values().flatten()).map(String::as_str)
    }

    /// Returns the namespaces of those who use a VirtualService; for a delegate, everybody.
    fn of<'c>(
        &'c self,
        mesh: &Mesh,
        object: &Object<VirtualService>,
    ) -> Box<dyn Iterator<Item = &'c str> + 'c> {
        let context = Context { namespace: &object.meta.namespace, domain: &mesh.config.domain };
        let bound: Vec<String> =
            object.spec.gateways.iter().map(|gateway| context.gateway(&gateway.value)).collect();
        if object.spec.hosts.is_empty() || bound.is_empty() || bound.iter().any(|g| g == MESH) {
            return Box::new(self.all());
        }
        let named: Vec<&BTreeSet<String>> =
            bound.into_iter().filter_map(|gateway| self.gateways.get(&gateway)).collect();
        if named.is_empty() {
            return Box::new(self.all());
        }
        Box::new(named.into_iter().flatten().map(String::as_str))
    }
}
