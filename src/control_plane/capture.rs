//! How the traffic of a workload meets the mesh: sidecar, ambient, or not at all.

use std::collections::BTreeMap;

use super::Mesh;

/// How traffic that a workload sends is handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capture {
    /// It is a gateway itself.
    Gateway,
    /// By its sidecar.
    Sidecar,
    /// By the node's ztunnel: L4 only, through the waypoint of the called Service if it has one.
    Ambient,
    /// By nobody: plain connections to the pods of the called Service.
    Outside,
}

/// Decides how a workload is captured, from the labels of its pods and its namespace.
///
/// Injection is taken as given where nothing is said: a mesh without injected workloads routes nothing.
#[must_use]
pub fn capture(mesh: &Mesh, namespace: &str, labels: &BTreeMap<String, String>) -> Capture {
    const MODE: &str = "istio.io/dataplane-mode";
    let label = |name: &str| labels.get(name).map(String::as_str);
    let of_namespace = |name: &str| mesh.registry.namespace_label(namespace, name);
    match label("sidecar.istio.io/inject") {
        Some("true") => return Capture::Sidecar,
        Some("false") if label(MODE).or(of_namespace(MODE)) != Some("ambient") => {
            return Capture::Outside;
        }
        _ => {}
    }
    match label(MODE).or(of_namespace(MODE)) {
        Some("ambient") => return Capture::Ambient,
        Some("none") => return Capture::Outside,
        _ => {}
    }
    match of_namespace("istio-injection") {
        Some("disabled") => Capture::Outside,
        _ => Capture::Sidecar,
    }
}
