//! What a proxy may know of the mesh: services with ports, rules, destinations.

mod egress;
mod import;

use std::collections::BTreeMap;

use super::Mesh;
use super::destination_rules::{DestinationRules, MergedRule};
use super::mesh_config::OutboundPolicy;
use super::proxy::{Proxy, ProxyKind};
use super::registry::{Port, Provider, Service, ServiceId};
use crate::config::istio::sidecar::{OutboundMode, Sidecar};
use crate::config::object::Object;

pub use egress::EgressListener;

/// A service as a proxy sees it: perhaps with fewer ports or aliases.
#[derive(Clone, Debug, PartialEq)]
pub struct ScopedService {
    /// The service in the registry.
    pub id: ServiceId,
    /// The ports that are known.
    pub ports: Vec<Port>,
    /// The aliases that are known, as hostnames.
    pub aliases: Vec<String>,
}

/// What one proxy knows.
#[derive(Clone, Debug)]
pub struct Scope<'m> {
    /// The mesh it is a part of.
    pub mesh: &'m Mesh,
    /// Who asks.
    pub proxy: Proxy,
    /// Outbound listeners of the Sidecar object, or the one that imports everything.
    pub egress: Vec<EgressListener>,
    /// Services that have clusters, by hostname.
    pub services: BTreeMap<String, ScopedService>,
    /// What happens to unknown hosts.
    pub outbound: OutboundPolicy,
    /// Where unknown hosts go instead.
    pub egress_proxy: Option<(String, String, Option<u32>)>,
}

// === impl ScopedService ===

impl ScopedService {
    /// Builds the view of a whole service.
    #[must_use]
    pub fn whole(id: ServiceId, service: &Service) -> Self {
        let aliases = service.aliases.iter().map(|(hostname, _)| hostname.clone());
        Self { id, ports: service.ports.clone(), aliases: aliases.collect() }
    }

    /// Returns a known port by number.
    #[must_use]
    pub fn port(&self, number: u32) -> Option<&Port> {
        self.ports.iter().find(|port| port.number == number)
    }
}

// === impl Scope ===

impl<'m> Scope<'m> {
    /// Works out what a proxy knows.
    #[must_use]
    pub fn new(mesh: &'m Mesh, proxy: Proxy) -> Self {
        match proxy.kind {
            ProxyKind::Sidecar => Self::of_sidecar(mesh, proxy),
            ProxyKind::Gateway | ProxyKind::Waypoint => Self::of_gateway(mesh, proxy),
        }
    }

    fn empty(mesh: &'m Mesh, proxy: Proxy) -> Self {
        let outbound = mesh.config.outbound;
        Self {
            mesh,
            proxy,
            egress: Vec::new(),
            services: BTreeMap::new(),
            outbound,
            egress_proxy: None,
        }
    }

    /// exactly one Sidecar applies, or an implicit `*/*`.
    fn of_sidecar(mesh: &'m Mesh, proxy: Proxy) -> Self {
        let mut scope = Self::empty(mesh, proxy);
        let sidecar = mesh.sidecar_for(&scope.proxy);
        scope.egress = egress::listeners(mesh, &scope.proxy.namespace, sidecar);
        scope.collect_services();
        if let Some(sidecar) = sidecar {
            scope.take_outbound_policy(sidecar);
        }
        scope
    }

    /// Gateways and waypoints ignore Sidecars; they know every visible service (R-191(e), R-193).
    fn of_gateway(mesh: &'m Mesh, proxy: Proxy) -> Self {
        let mut scope = Self::empty(mesh, proxy);
        for id in mesh.registry.visible_to(&scope.proxy.namespace) {
            let service = &mesh.registry.services[id];
            scope.add_service(ScopedService::whole(id, service));
        }
        scope
    }

    /// a Sidecar that says nothing leaves the mesh's policy in force.
    fn take_outbound_policy(&mut self, sidecar: &Object<Sidecar>) {
        let Some(policy) = &sidecar.spec.outbound_traffic_policy else { return };
        self.outbound = match policy.mode {
            Some(OutboundMode::AllowAny) => OutboundPolicy::AllowAny,
            // The zero value of the field.
            Some(OutboundMode::RegistryOnly) | None => OutboundPolicy::RegistryOnly,
        };
        if let Some(proxy) = &policy.egress_proxy {
            let text = |value: &Option<crate::config::decode::Located<String>>| {
                value.as_ref().map(|value| value.value.clone()).unwrap_or_default()
            };
            let port = proxy.port.as_ref().and_then(|port| port.number.as_ref());
            self.egress_proxy =
                Some((text(&proxy.host), text(&proxy.subset), port.map(|port| port.value)));
        }
    }

    /// the services of all listeners, then those that imported rules lead to.
    fn collect_services(&mut self) {
        for index in 0..self.egress.len() {
            for service in self.egress[index].services.clone() {
                self.add_service(service);
            }
            let listener = &self.egress[index];
            for service in import::inferred_services(self.mesh, &self.proxy.namespace, listener) {
                self.add_service(service);
            }
        }
    }

    /// R-191(b): the first object of a hostname owns it, a Kubernetes Service takes it from an entry, a
    /// further entry only adds ports.
    fn add_service(&mut self, service: ScopedService) {
        let registry = &self.mesh.registry;
        let new = &registry.services[service.id];
        let Some(existing) = self.services.get_mut(&new.hostname) else {
            self.services.insert(new.hostname.clone(), service);
            return;
        };
        let old = &registry.services[existing.id];
        match (old.provider, new.provider) {
            (Provider::Kubernetes, Provider::Entry) => {}
            (Provider::Entry, Provider::Kubernetes) => *existing = service,
            _ if can_merge(old, new) => {
                let missing: Vec<Port> = service
                    .ports
                    .into_iter()
                    .filter(|port| existing.port(port.number).is_none())
                    .collect();
                existing.ports.extend(missing);
            }
            _ => {}
        }
    }

    /// Returns a service that has clusters here, with its registry entry.
    #[must_use]
    pub fn service(&self, hostname: &str) -> Option<(&ScopedService, &'m Service)> {
        let scoped = self.services.get(hostname)?;
        Some((scoped, &self.mesh.registry.services[scoped.id]))
    }

    /// Returns the DestinationRule that holds for a hostname; a hostname without service
    /// here has none.
    #[must_use]
    pub fn destination_rule(&self, hostname: &str) -> Option<&'m MergedRule> {
        let (_, service) = self.service(hostname)?;
        let client = &self.proxy.namespace;
        let found = self.mesh.destination_rules.find(client, hostname, &service.namespace);
        DestinationRules::choose(&found, client, &self.proxy.labels)
    }
}

/// R-191(b): whether a further object of a hostname may add ports.
fn can_merge(a: &Service, b: &Service) -> bool {
    a.namespace == b.namespace
        && a.resolution == b.resolution
        && a.provider == b.provider
        && a.labels == b.labels
        && a.selector == b.selector
        && a.audience == b.audience
}
