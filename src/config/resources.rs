//! Documents to objects: lists are opened, foreign kinds counted, repeated objects replaced.

use std::collections::{BTreeMap, BTreeSet};

use super::asm::{SwimLane, SwimLaneGroup, TrafficLabel};
use super::decode::{Decode, Fields, closest};
use super::gateway_api::{self, HttpRoute, ReferenceGrant};
use super::istio::destination_rule::DestinationRule;
use super::istio::gateway::Gateway;
use super::istio::service_entry::{ServiceEntry, WorkloadEntry};
use super::istio::sidecar::Sidecar;
use super::istio::virtual_service::VirtualService;
use super::kubernetes::{ConfigMapData, PodSpec, PodStatus, Service, Workload};
use super::node::{Node, Value};
use super::object::{Kind, Meta, Object};
use super::progressive::{Canary, Rollout};
use super::yaml;
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Severity, SourceId, Sources};

/// A pod: its containers and what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Pod {
    /// Containers and node.
    pub spec: Option<PodSpec>,
    /// Address and readiness.
    pub status: Option<PodStatus>,
}

/// All objects of a load, by kind, in the order in which they were read.
#[derive(Clone, Debug, Default)]
pub struct Resources {
    /// VirtualServices.
    pub virtual_services: Vec<Object<VirtualService>>,
    /// DestinationRules.
    pub destination_rules: Vec<Object<DestinationRule>>,
    /// Istio Gateways.
    pub gateways: Vec<Object<Gateway>>,
    /// ServiceEntries.
    pub service_entries: Vec<Object<ServiceEntry>>,
    /// WorkloadEntries.
    pub workload_entries: Vec<Object<WorkloadEntry>>,
    /// Sidecars.
    pub sidecars: Vec<Object<Sidecar>>,
    /// Gateways of the Gateway API.
    pub kubernetes_gateways: Vec<Object<gateway_api::Gateway>>,
    /// HTTPRoutes.
    pub http_routes: Vec<Object<HttpRoute>>,
    /// ReferenceGrants.
    pub reference_grants: Vec<Object<ReferenceGrant>>,
    /// Services.
    pub services: Vec<Object<Service>>,
    /// Deployments, StatefulSets, ReplicaSets, DaemonSets, Rollouts.
    pub workloads: Vec<Object<Workload>>,
    /// What Rollouts have beyond their pods.
    pub rollouts: Vec<Object<Rollout>>,
    /// Canaries.
    pub canaries: Vec<Object<Canary>>,
    /// Pods.
    pub pods: Vec<Object<Pod>>,
    /// Namespaces.
    pub namespaces: Vec<Object<()>>,
    /// ConfigMaps that hold a mesh config.
    pub mesh_configs: Vec<Object<ConfigMapData>>,
    /// Lane groups.
    pub lane_groups: Vec<Object<SwimLaneGroup>>,
    /// Lanes.
    pub lanes: Vec<Object<SwimLane>>,
    /// Traffic labels.
    pub traffic_labels: Vec<Object<TrafficLabel>>,
    /// How many objects of other kinds were passed over, by `apiVersion kind`.
    pub skipped: BTreeMap<String, usize>,
    /// Objects that a schema check refused, with the place of their name.
    pub refused: Vec<(Kind, String, Place)>,
    /// Which objects were read, to notice repetitions.
    seen: BTreeMap<(Kind, String), Place>,
    /// Which objects may be replaced without a word.
    below: BTreeSet<(Kind, String)>,
}

/// Reads texts into resources.
#[derive(Debug)]
pub struct Loader<'a> {
    sources: &'a mut Sources,
    problems: &'a mut Diagnostics,
    default_namespace: String,
    resources: Resources,
}

// === impl Loader ===

impl<'a> Loader<'a> {
    /// Starts a load; objects without a namespace belong to `default_namespace`.
    pub fn new(
        sources: &'a mut Sources,
        problems: &'a mut Diagnostics,
        default_namespace: impl Into<String>,
    ) -> Self {
        let default_namespace = default_namespace.into();
        Self { sources, problems, default_namespace, resources: Resources::default() }
    }

    /// Goes on with a load: further texts add to `resources`.
    pub fn resume(
        sources: &'a mut Sources,
        problems: &'a mut Diagnostics,
        default_namespace: impl Into<String>,
        resources: Resources,
    ) -> Self {
        Self { sources, problems, default_namespace: default_namespace.into(), resources }
    }

    /// Reads all documents of a text.
    pub fn read(&mut self, name: &str, text: &str) {
        let source = self.sources.add(name, text);
        self.read_source(source);
    }

    /// Reads all documents of a text that was added to the sources before.
    pub fn read_source(&mut self, source: SourceId) {
        let Some(text) = self.sources.get(source).map(|source| source.text.clone()) else { return };
        let errors = self.problems.count(Severity::Error);
        let nodes = yaml::parse(source, &text, self.problems);
        if nodes.is_empty() && self.problems.count(Severity::Error) == errors {
            let place = Place::new(source, 1, 1);
            self.problems.push(Diagnostic::error(
                "empty-file",
                place,
                "there is no object in this file",
            ));
        }
        for node in &nodes {
            self.object(node);
        }
    }

    /// Returns what was read so far.
    #[must_use]
    pub const fn resources(&self) -> &Resources {
        &self.resources
    }

    /// Ends the load.
    #[must_use]
    pub fn finish(self) -> Resources {
        self.resources
    }

    fn object(&mut self, node: &Node) {
        let Some(entries) = node.entries() else {
            let message =
                format!("expected an object with apiVersion and kind, found {}", node.describe());
            self.problems.push(Diagnostic::error("not-an-object", node.place, message));
            return;
        };
        let text = |name: &str| node.get(name).and_then(Node::text);
        let (Some(api_version), Some(kind)) = (text("apiVersion"), text("kind")) else {
            let message = "this object has no apiVersion or no kind";
            let keys = ["apiVersion", "kind"];
            let mut problem = Diagnostic::error("not-an-object", node.place, message);
            for (key, _) in entries {
                if let Some(close) = closest(&key.name, keys.into_iter()).filter(|c| *c != key.name)
                {
                    problem =
                        problem.help(format!("did you mean `{close}` instead of `{}`?", key.name));
                }
            }
            self.problems.push(problem);
            return;
        };
        if let Some(items) = node.get("items").filter(|_| kind.ends_with("List")) {
            self.list(items);
            return;
        }
        match Kind::find(api_version, kind) {
            Some(kind) => self.known_object(kind, node),
            None => {
                *self.resources.skipped.entry(format!("{api_version} {kind}")).or_default() += 1;
            }
        }
    }

    fn list(&mut self, items: &Node) {
        match &items.value {
            Value::Sequence(items) => items.iter().for_each(|item| self.object(item)),
            Value::Null => {}
            _ => super::decode::wrong_type(items, "a list of objects", self.problems),
        }
    }

    fn known_object(&mut self, kind: Kind, node: &Node) {
        let mut found = Diagnostics::new();
        let meta = Meta::read(kind, node, &self.default_namespace, &mut found);
        Self::check_top_level(kind, node, &mut found);
        let spec = node.get("spec").filter(|spec| spec.value != Value::Null);
        if let Some(meta) = meta {
            self.note_repetition(kind, &meta);
            let (name, place) = (meta.full_name(), meta.place);
            self.resources.keep(kind, meta, node, spec, &mut found);
            if found.has_errors() {
                self.resources.drop_object(kind, &name);
                self.resources.refused.push((kind, name, place));
            }
        }
        self.problems.append(found);
    }

    fn check_top_level(kind: Kind, node: &Node, problems: &mut Diagnostics) {
        let Some(mut fields) = Fields::open(kind.name(), node, problems) else { return };
        fields.know(&["apiVersion", "kind", "metadata", "spec", "status"]);
        let ignored: &[&str] = if kind == Kind::ConfigMap { &["*"] } else { &[] };
        fields.finish(ignored, problems);
    }

    /// of two objects with one kind, namespace and name the later one counts.
    fn note_repetition(&mut self, kind: Kind, meta: &Meta) {
        let key = (kind, meta.full_name());
        if self.resources.below.remove(&key) {
            self.resources.replace(kind, &key.1);
        }
        if let Some(first) = self.resources.seen.insert(key.clone(), meta.place) {
            let message = format!("{kind} {} is defined again; this one counts", key.1);
            let help = format!("the first one, at {}, is dropped", self.sources.describe(first));
            self.problems
                .push(Diagnostic::warning("duplicate-object", meta.place, message).help(help));
            self.resources.replace(kind, &key.1);
        }
    }
}

/// Reads the spec of one kind into its list; an absent spec reads as an empty map.
fn push<S: Decode>(
    list: &mut Vec<Object<S>>,
    kind: Kind,
    meta: Meta,
    spec: Option<&Node>,
    problems: &mut Diagnostics,
) {
    let empty = Node { value: Value::Mapping(Vec::new()), place: meta.place };
    if let Some(spec) = S::decode(spec.unwrap_or(&empty), problems) {
        list.push(Object { kind, meta, spec });
    }
}

// === impl Resources ===

impl Resources {
    fn keep(
        &mut self,
        kind: Kind,
        meta: Meta,
        node: &Node,
        spec: Option<&Node>,
        problems: &mut Diagnostics,
    ) {
        match kind {
            Kind::VirtualService => push(&mut self.virtual_services, kind, meta, spec, problems),
            Kind::DestinationRule => push(&mut self.destination_rules, kind, meta, spec, problems),
            Kind::Gateway => push(&mut self.gateways, kind, meta, spec, problems),
            Kind::ServiceEntry => push(&mut self.service_entries, kind, meta, spec, problems),
            Kind::WorkloadEntry => push(&mut self.workload_entries, kind, meta, spec, problems),
            Kind::Sidecar => push(&mut self.sidecars, kind, meta, spec, problems),
            Kind::KubernetesGateway => {
                push(&mut self.kubernetes_gateways, kind, meta, spec, problems);
            }
            Kind::HttpRoute => push(&mut self.http_routes, kind, meta, spec, problems),
            Kind::ReferenceGrant => push(&mut self.reference_grants, kind, meta, spec, problems),
            Kind::Service => push(&mut self.services, kind, meta, spec, problems),
            Kind::Deployment | Kind::StatefulSet | Kind::ReplicaSet | Kind::DaemonSet => {
                push(&mut self.workloads, kind, meta, spec, problems);
            }
            Kind::Rollout => {
                // One that takes its pods from a Deployment is no workload of its own.
                if spec.is_some_and(|spec| spec.get("template").is_some()) {
                    push(&mut self.workloads, kind, meta.clone(), spec, problems);
                }
                push(&mut self.rollouts, kind, meta, spec, problems);
            }
            Kind::Canary => push(&mut self.canaries, kind, meta, spec, problems),
            Kind::SwimLaneGroup => push(&mut self.lane_groups, kind, meta, spec, problems),
            Kind::SwimLane => push(&mut self.lanes, kind, meta, spec, problems),
            Kind::TrafficLabel => push(&mut self.traffic_labels, kind, meta, spec, problems),
            Kind::ConfigMap => {
                if let Some(data) = node.get("data").filter(|data| data.get("mesh").is_some()) {
                    push(&mut self.mesh_configs, kind, meta, Some(data), problems);
                }
            }
            Kind::Namespace => self.namespaces.push(Object { kind, meta, spec: () }),
            Kind::Pod => {
                let status = node.get("status");
                let spec = Pod {
                    spec: spec.and_then(|spec| PodSpec::decode(spec, problems)),
                    status: status.and_then(|status| PodStatus::decode(status, problems)),
                };
                self.pods.push(Object { kind, meta, spec });
            }
        }
    }

    /// Begins a layer: what is read from now on replaces what was read before, object by object.
    pub fn begin_layer(&mut self) {
        let seen = std::mem::take(&mut self.seen);
        self.below.extend(seen.into_keys());
    }

    /// Forgets an object, whether it was kept or refused.
    fn replace(&mut self, kind: Kind, full_name: &str) {
        self.drop_object(kind, full_name);
        self.refused.retain(|(other, name, _)| (*other, name.as_str()) != (kind, full_name));
    }

    /// Removes an object that was kept before.
    pub fn drop_object(&mut self, kind: Kind, full_name: &str) {
        macro_rules! drop_from {
            ($($list:ident),*) => {
                $( self.$list.retain(|object| {
                    object.kind != kind || object.meta.full_name() != full_name
                }); )*
            };
        }
        drop_from!(
            virtual_services,
            destination_rules,
            gateways,
            service_entries,
            workload_entries,
            sidecars,
            kubernetes_gateways,
            http_routes,
            reference_grants,
            services,
            workloads,
            rollouts,
            canaries,
            pods,
            namespaces,
            mesh_configs,
            lane_groups,
            lanes,
            traffic_labels
        );
    }

    /// Returns how many objects were kept.
    #[must_use]
    pub fn len(&self) -> usize {
        macro_rules! total {
            ($($list:ident),*) => { 0 $( + self.$list.len() )* };
        }
        total!(
            virtual_services,
            destination_rules,
            gateways,
            service_entries,
            workload_entries,
            sidecars,
            kubernetes_gateways,
            http_routes,
            reference_grants,
            services,
            workloads,
            canaries,
            pods,
            namespaces,
            mesh_configs,
            lane_groups,
            lanes,
            traffic_labels
        )
    }

    /// Tells whether there is no object at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests;
