//! The `networking.istio.io` kinds, field by field as their schema has them.

pub mod destination_rule;
pub mod gateway;
pub mod service_entry;
pub mod sidecar;
pub mod virtual_service;

use std::collections::BTreeMap;
use std::ops::Deref;

use super::decode::{Decode, Entries, Located, entries, record};
use super::node::Node;
use crate::diagnostic::{Diagnostics, Place};

/// Labels as a map, with the places of what was written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Labels {
    map: BTreeMap<String, String>,
    written: Entries<Located<String>>,
}

/// Where a field stands, whatever its value: to a schema an empty list is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written(
    /// The place of the value.
    pub Option<Place>,
);

record! {
    /// Labels that workloads must carry.
    pub struct WorkloadSelector("WorkloadSelector") {
        /// All of them must be there.
        "labels" => labels: Labels,
    }
}

record! {
    /// A service, one of its subsets, one of its ports.
    pub struct Destination("Destination") {
        /// The service; a short name belongs to the namespace of the object.
        "host" => host: Option<Located<String>>,
        /// A subset of a DestinationRule.
        "subset" => subset: Option<Located<String>>,
        /// The port of the service.
        "port" => port: Option<PortSelector>,
    }
}

record! {
    /// A port by number.
    pub struct PortSelector("PortSelector") {
        /// The number.
        "number" => number: Option<Located<u32>>,
    }
}

// === impl Labels ===

impl Labels {
    /// Returns the labels in written order; none for labels that no file holds.
    #[must_use]
    pub fn written(&self) -> &[(Located<String>, Located<String>)] {
        &self.written
    }
}

impl Deref for Labels {
    type Target = BTreeMap<String, String>;

    fn deref(&self) -> &Self::Target {
        &self.map
    }
}

impl From<BTreeMap<String, String>> for Labels {
    fn from(map: BTreeMap<String, String>) -> Self {
        Self { map, written: Entries::new() }
    }
}

impl Decode for Labels {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let written = entries::<Located<String>>(node, problems)?;
        let pairs = written.iter().map(|(key, value)| (key.value.clone(), value.value.clone()));
        Some(Self { map: pairs.collect(), written })
    }
}

// === impl Written ===

impl Decode for Written {
    fn decode(node: &Node, _: &mut Diagnostics) -> Option<Self> {
        Some(Self(Some(node.place)))
    }
}
