//! The `networking.istio.io` kinds, field by field as their schema has them.

pub mod destination_rule;
pub mod gateway;
pub mod service_entry;
pub mod sidecar;
pub mod virtual_service;

use std::collections::BTreeMap;

use super::decode::{Located, record};

record! {
    /// Labels that workloads must carry.
    pub struct WorkloadSelector("WorkloadSelector") {
        /// All of them must be there.
        "labels" => labels: BTreeMap<String, String>,
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
