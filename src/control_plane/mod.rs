//! istiod's part: from objects to what each proxy is sent.
//!
//! [`Mesh::build`] reads everything once: names are resolved, rules sorted by age, delegates put in place,
//! Gateway API objects converted. [`Scope`] is the view of one proxy; [`sidecar`], [`gateway`] and
//! [`waypoint`] make its route tables, [`clusters`] its clusters. Tables are built when they are asked for.

mod audience;
pub mod capture;
pub mod clusters;
mod destination_rules;
pub mod gateway;
mod gateway_api;
pub mod lanes;
pub mod lint;
mod mesh_config;
mod names;
mod proxy;
pub mod registry;
mod routes;
pub mod rules;
pub mod scope;
pub mod sidecar;
pub mod validation;
mod view;
pub mod waypoint;

use std::collections::BTreeMap;
use std::sync::Mutex;

pub use audience::Audience;
pub use destination_rules::{DestinationRules, MergedRule};
pub use gateway_api::NamespaceChoice;
pub use mesh_config::{MeshConfig, OutboundPolicy};
pub use names::{is_wildcard, is_within, overlaps, resolve_short_name};
pub use proxy::{Proxy, ProxyKind};
pub use scope::Scope;
pub use view::{Connection, Handling, ProxyView};

use crate::config::istio::sidecar::Sidecar;
use crate::config::object::{Object, Timestamp};
use crate::config::resources::Resources;
use crate::data_plane::Regex;
use crate::diagnostic::Diagnostics;
use destination_rules::is_subset;
use gateway::Gateway;
use registry::Registry;
use rules::{MESH, RuleSet};
use waypoint::Waypoint;

/// Everything that istiod knows, resolved and sorted.
#[derive(Debug)]
pub struct Mesh {
    /// Mesh-wide options.
    pub config: MeshConfig,
    /// Services, pods, endpoints.
    pub registry: Registry,
    /// Rule sets by age, name, namespace.
    pub rule_sets: Vec<RuleSet>,
    /// DestinationRules.
    pub destination_rules: DestinationRules,
    /// Gateways by age, name, namespace.
    pub gateways: Vec<Gateway>,
    /// Waypoints.
    pub waypoints: Vec<Waypoint>,
    /// Sidecars by age, name, namespace.
    sidecars: Vec<Object<Sidecar>>,
    /// Compiled patterns; the same ones recur in many tables.
    regexes: Mutex<BTreeMap<String, Option<Regex>>>,
}

// === impl Mesh ===

impl Mesh {
    /// Builds the mesh from objects that passed validation.
    #[must_use]
    pub fn build(resources: &Resources, config: MeshConfig, problems: &mut Diagnostics) -> Self {
        let registry = Registry::build(resources, &config, problems);
        let context = gateway_api::Context { resources, registry: &registry, mesh: &config };
        let mut rule_sets = rules::read_all(&resources.virtual_services, &config);
        rule_sets.extend(gateway_api::rule_sets(context));
        rule_sets.sort_by(|a, b| {
            age(a.created, &a.name, &a.namespace).cmp(&age(b.created, &b.name, &b.namespace))
        });
        let mut gateways: Vec<Gateway> = resources.gateways.iter().map(Gateway::read).collect();
        gateways.extend(gateway_api::gateways(context));
        gateways.sort_by(|a, b| {
            age(a.created, &a.name, &a.namespace).cmp(&age(b.created, &b.name, &b.namespace))
        });
        let waypoints = gateway_api::waypoints(context);
        let mut sidecars = resources.sidecars.clone();
        sidecars.sort_by_key(|object| {
            let meta = &object.meta;
            (meta.created.unwrap_or(Timestamp::MAX), meta.name.clone(), meta.namespace.clone())
        });
        Self {
            destination_rules: DestinationRules::build(&resources.destination_rules, &config),
            rule_sets,
            gateways,
            waypoints,
            sidecars,
            registry,
            config,
            regexes: Mutex::default(),
        }
    }

    /// Returns the rule sets that a proxy of a namespace may use for `mesh` or a gateway, in candidate
    /// order: private ones, those exported by name, HTTPRoutes of the namespace, all others.
    #[must_use]
    pub fn rule_candidates(&self, namespace: &str, gateway: &str) -> Vec<usize> {
        let bound = |set: &&(usize, &RuleSet)| {
            set.1.is_bound_to(gateway) && set.1.audience.admits(namespace)
        };
        let all: Vec<(usize, &RuleSet)> = self.rule_sets.iter().enumerate().collect();
        let rank = |set: &RuleSet| match (&set.audience, set.namespace == namespace) {
            (Audience::Namespaces(_), true) => 0,
            (Audience::Namespaces(_), false) => 1,
            (Audience::Public, true) if set.from_gateway_api => 2,
            (Audience::Public, _) => 3,
        };
        let mut found: Vec<(usize, usize)> =
            all.iter().filter(bound).map(|(index, set)| (rank(set), *index)).collect();
        // Stable by index, which is by age.
        found.sort_unstable();
        found.into_iter().map(|(_, index)| index).collect()
    }

    /// Returns the Sidecar that holds for a proxy.
    #[must_use]
    pub fn sidecar_for(&self, proxy: &Proxy) -> Option<&Object<Sidecar>> {
        let of = |namespace: &str| {
            let namespace = namespace.to_owned();
            self.sidecars.iter().filter(move |sidecar| sidecar.meta.namespace == namespace)
        };
        let selected = of(&proxy.namespace).find(|sidecar| {
            let selector = sidecar.spec.workload_selector.as_ref();
            selector.is_some_and(|selector| is_subset(&selector.labels, &proxy.labels))
        });
        let general = |sidecar: &&Object<Sidecar>| sidecar.spec.workload_selector.is_none();
        selected
            .or_else(|| of(&proxy.namespace).find(general))
            .or_else(|| of(&self.config.root_namespace).find(general))
    }

    /// Tells whether the Gateway API object `namespace/name` is a gateway at the edge.
    #[must_use]
    pub fn has_kubernetes_gateway(&self, namespace: &str, name: &str) -> bool {
        let of_listener = |gateway: &Gateway| {
            gateway.from_gateway_api
                && gateway.namespace == namespace
                && gateway.name.split('~').next() == Some(name)
        };
        self.gateways.iter().any(of_listener)
    }

    /// Compiles a pattern once; `None` if it is no RE2.
    #[must_use]
    pub fn regex(&self, pattern: &str) -> Option<Regex> {
        let Ok(mut cache) = self.regexes.lock() else { return Regex::new(pattern).ok() };
        if let Some(known) = cache.get(pattern) {
            return known.clone();
        }
        let compiled = Regex::new(pattern).ok();
        cache.insert(pattern.to_owned(), compiled.clone());
        compiled
    }

    /// Tells whether a rule set is bound to sidecars and waypoints.
    #[must_use]
    pub fn is_mesh_rule(set: &RuleSet) -> bool {
        set.is_bound_to(MESH)
    }
}

/// an object without date is younger than every dated one.
fn age<'k>(
    created: Option<Timestamp>,
    name: &'k str,
    namespace: &'k str,
) -> (Timestamp, &'k str, &'k str) {
    (created.unwrap_or(Timestamp::MAX), name, namespace)
}
