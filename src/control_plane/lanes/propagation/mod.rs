//! What sidecars do to tags besides routing: remember, restore, label (asm-lanes 2.3, 2.6).
//!
//! [`Propagation`] knows all labels and lane groups, [`WorkloadTags`] is the part of one workload, and
//! [`Memory`] is what its sidecar keeps of one request between [`WorkloadTags::on_inbound`] and
//! [`WorkloadTags::on_outbound`]. A `VirtualService` may then match the headers, or name one as a subset,
//! `subset: $label`, which [`resolve_label`](crate::data_plane::resolve_label) fills in.
//!
//! # Model
//! Values are kept under a trace id: what the application does not forward the id of, is lost. A header that
//! the application sets itself comes first (`overwrite` of a label turns that round), then what is
//! remembered, then labels of the pod. Two requests at a time with one trace id share a memory in ASM and
//! can take each other's tags; here every request has a memory of its own.

mod baggage;
mod memory;
mod source;

use std::collections::{BTreeMap, BTreeSet};

use super::super::destination_rules::is_subset;
use super::group::{LaneGroup, Permissive, TagCarrier};
use super::loaded::is_generated;
use crate::config::asm::{LabelSource, TrafficLabel};
use crate::config::object::{Object, Timestamp};
use crate::config::resources::Resources;
use crate::data_plane::Request;
use crate::diagnostic::{Diagnostic, Diagnostics};
pub use memory::Memory;
use source::{HeaderRoles, Source};

/// What the sidecars of all workloads do to tags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Propagation {
    rules: Vec<WorkloadRule>,
}

/// What the sidecar of one workload does to tags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkloadTags {
    restored: Vec<Restored>,
    labels: Vec<Label>,
    baggage: Vec<String>,
}

/// What one object asks of some workloads.
#[derive(Clone, Debug, PartialEq, Eq)]
struct WorkloadRule {
    namespace: String,
    selector: BTreeMap<String, String>,
    tags: WorkloadTags,
}

/// A header that is restored from memory as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Restored {
    context: String,
    header: String,
}

/// A header that is set from the first source that yields a value.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Label {
    name: String,
    overwrite: bool,
    sources: Vec<Source>,
}

// === impl Propagation ===

impl Propagation {
    /// Reads `TrafficLabels`, those of [`expand`](super::expand) among them, and the groups that use baggage.
    pub fn read(resources: &Resources, groups: &[LaneGroup], problems: &mut Diagnostics) -> Self {
        let roles = HeaderRoles::of(groups);
        let mut objects: Vec<&Object<TrafficLabel>> = resources.traffic_labels.iter().collect();
        // of two labels with one name the older one is set.
        objects.sort_by_key(|object| {
            let meta = &object.meta;
            (meta.created.unwrap_or(Timestamp::MAX), &meta.name, &meta.namespace)
        });
        let mut rules: Vec<WorkloadRule> = objects
            .into_iter()
            .map(|object| WorkloadRule::read(object, &roles, problems))
            .collect();
        rules.extend(groups.iter().flat_map(baggage_rules));
        Self { rules }
    }

    /// Returns what the sidecar of a workload does.
    #[must_use]
    pub fn for_workload(&self, namespace: &str, labels: &BTreeMap<String, String>) -> WorkloadTags {
        let mut tags = WorkloadTags::default();
        for rule in &self.rules {
            if rule.namespace == namespace && is_subset(&rule.selector, labels) {
                tags.absorb(&rule.tags, labels);
            }
        }
        tags
    }

    /// Tells whether no sidecar does anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.iter().all(|rule| rule.tags.is_empty())
    }
}

/// In baggage mode every workload of the group extracts the routing header.
fn baggage_rules(group: &LaneGroup) -> Vec<WorkloadRule> {
    let carrier = |permissive: &Permissive| permissive.carrier() == TagCarrier::Baggage;
    let Some(permissive) = group.permissive().filter(|p| carrier(p)) else { return Vec::new() };
    let header = &permissive.route_header;
    let rule = |service: &super::GroupService| WorkloadRule {
        namespace: service.namespace.clone(),
        selector: service.selector.clone(),
        tags: WorkloadTags { baggage: vec![header.clone()], ..WorkloadTags::default() },
    };
    group.services.iter().map(rule).collect()
}

// === impl WorkloadRule ===

impl WorkloadRule {
    fn read(
        object: &Object<TrafficLabel>,
        roles: &HeaderRoles,
        problems: &mut Diagnostics,
    ) -> Self {
        let generated = is_generated(&object.meta);
        let mut tags = WorkloadTags::default();
        for written in object.spec.rules.iter().flat_map(|rule| &rule.labels) {
            let Some(label) = Label::read(written, roles, generated, problems) else { continue };
            if generated {
                tags.restored.extend(label.sources.iter().filter_map(Source::restored));
            }
            tags.labels.push(label);
        }
        let selector = object.spec.workload_selector.as_ref();
        Self {
            namespace: object.meta.namespace.clone(),
            selector: selector.map(|selector| (*selector.labels).clone()).unwrap_or_default(),
            tags,
        }
    }
}

// === impl Label ===

impl Label {
    fn read(
        written: &LabelSource,
        roles: &HeaderRoles,
        generated: bool,
        problems: &mut Diagnostics,
    ) -> Option<Self> {
        let Some(name) = &written.name else {
            let message = "a label needs a name";
            problems.push(Diagnostic::error("missing-field", written.place, message));
            return None;
        };
        if !is_header_name(&name.value) {
            let message = format!("`{}` is no name of a header, so no label", name.value);
            problems.push(Diagnostic::error("invalid-label-name", name.place, message));
            return None;
        }
        if written.value_from.is_empty() {
            let message =
                format!("label `{}` has no valueFrom, so it never has a value", name.value);
            problems.push(Diagnostic::warning("label-without-value", written.place, message));
        }
        let name = name.value.to_ascii_lowercase();
        let sources = source::read(written, &name, roles, generated, problems);
        Some(Self { name, overwrite: written.overwrite, sources })
    }
}

/// The characters of RFC 9110, section 5.6.2.
fn is_header_name(text: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(token)
}

// === impl WorkloadTags ===

impl WorkloadTags {
    /// Tells whether the sidecar does nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.restored.is_empty() && self.labels.is_empty() && self.baggage.is_empty()
    }

    /// Handles a request that reaches the workload: remembers values, and puts the routing header into the
    /// `baggage` that the application sees.
    pub fn on_inbound(&self, memory: &mut Memory, request: &mut Request) {
        for restored in &self.restored {
            memory.remember(&restored.context, &restored.header, request);
        }
        for source in self.labels.iter().flat_map(|label| &label.sources) {
            for header in source.remembered_headers() {
                memory.remember(source.context(), header, request);
            }
        }
        for header in &self.baggage {
            if let Some(value) = request.headers.first(header).map(str::to_owned) {
                baggage::put(&mut request.headers, header, &value);
            }
        }
    }

    /// Handles a request at a gateway, before it is routed: it comes in and leaves as one, so labels need no
    /// trace id.
    pub fn at_gateway(&self, request: &mut Request) {
        let value = |label: &'_ Label| label.sources.iter().find_map(|s| s.value_here(request));
        let labels: Vec<(&Label, String)> =
            self.labels.iter().filter_map(|label| Some((label, value(label)?))).collect();
        set(labels, request);
    }

    /// Handles a request that the workload sends, before it is routed: restores headers and sets labels.
    pub fn on_outbound(&self, memory: &Memory, request: &mut Request) {
        // Sources look at what the application sent, not at what is restored beside them.
        let labels: Vec<(&Label, String)> =
            self.labels.iter().filter_map(|l| Some((l, l.value(memory, request)?))).collect();
        for Restored { context, header } in &self.restored {
            if !request.headers.contains(header)
                && let Some(value) = memory.recall(context, header, request)
            {
                request.headers.set(header, value.to_owned());
            }
        }
        for header in &self.baggage {
            if !request.headers.contains(header)
                && let Some(value) = baggage::get(&request.headers, header)
            {
                request.headers.set(header, value);
            }
        }
        set(labels, request);
    }

    /// Adds what another object asks for; labels of the pod become fixed values.
    fn absorb(&mut self, other: &Self, pod_labels: &BTreeMap<String, String>) {
        for restored in &other.restored {
            if !self.restored.contains(restored) {
                self.restored.push(restored.clone());
            }
        }
        for header in &other.baggage {
            if !self.baggage.contains(header) {
                self.baggage.push(header.clone());
            }
        }
        for label in &other.labels {
            let sources = label.sources.iter().filter_map(|source| source.in_pod(pod_labels));
            let label = Label { sources: sources.collect(), ..label.clone() };
            if !self.labels.contains(&label) {
                self.labels.push(label);
            }
        }
    }
}

/// Sets labels; of two with one name the first one counts.
fn set(labels: Vec<(&Label, String)>, request: &mut Request) {
    let mut names = BTreeSet::new();
    for (label, value) in labels {
        let own = request.headers.contains(&label.name) && !label.overwrite;
        if !own && names.insert(&label.name) {
            request.headers.set(&label.name, value);
        }
    }
}

impl Label {
    fn value(&self, memory: &Memory, request: &Request) -> Option<String> {
        self.sources.iter().find_map(|source| source.value(memory, request))
    }
}
