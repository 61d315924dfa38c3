//! Who asks: the proxies that the control plane makes configuration for.

use std::collections::BTreeMap;

use crate::data_plane::Locality;

/// Which part a proxy plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProxyKind {
    /// Beside a workload.
    Sidecar,
    /// At the edge.
    Gateway,
    /// In front of services, in ambient mode.
    Waypoint,
}

/// A proxy: what istiod knows of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Proxy {
    /// Its part.
    pub kind: ProxyKind,
    /// Namespace of its workload.
    pub namespace: String,
    /// Labels of its workload.
    pub labels: BTreeMap<String, String>,
    /// Where it stands.
    pub locality: Locality,
    /// The node it runs on; empty if unknown.
    pub node: String,
    /// Address of its pod; empty if it has none.
    pub ip: String,
}

// === impl Proxy ===

impl Proxy {
    /// Builds a proxy from its namespace and labels; the locality is read from the labels.
    #[must_use]
    pub fn new(kind: ProxyKind, namespace: &str, labels: BTreeMap<String, String>) -> Self {
        let locality = super::registry::locality_of(&labels);
        Self {
            kind,
            namespace: namespace.to_owned(),
            labels,
            locality,
            node: String::new(),
            ip: String::new(),
        }
    }
}
