//! ASM traffic lanes: lane groups become the subsets, rules and labels that ASM generates from them.
//!
//! [`expand`] runs before the mesh is built: it resolves each `ASMSwimLaneGroup` with its lanes to a
//! [`LaneGroup`], checks it and adds ordinary objects, which istiod's rules then treat like any other.
//! [`Propagation`] tells what sidecars do to tags besides routing.
//!
//! # Model
//! asm-lanes 2.1 to 2.7. Permissive lanes go by the routing header and fall back to the baseline lane,
//! strict lanes go by the labels of the caller and have no fallback. A lane that does not hold a service has
//! no subset for it, so it falls back even where a pod carries the lane's labels.
//!
//! # Invariants
//! - What ASM has generated already (labels `swimlane-group` and `asm-system` or `provider`) is used as it is.

mod check;
mod generate;
mod group;
mod ingress;
mod loaded;
mod propagation;
mod resolve;
#[cfg(test)]
mod tests;
mod write;

pub use group::{GroupService, Lane, LaneGroup, LaneMode, Permissive, TagCarrier};
pub use propagation::{Memory, Propagation, WorkloadTags};

use super::mesh_config::MeshConfig;
use crate::config::resources::Resources;
use crate::diagnostic::Diagnostics;
use loaded::Loaded;

/// What generated rules do, inside the mesh, with requests that name no lane (asm-lanes 2.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Untagged {
    /// They reach every pod of the service.
    #[default]
    Any,
    /// They reach the baseline lane, or the lane that stands in for it for this service.
    Baseline,
    /// No route: 404.
    Reject,
}

/// Adds the objects of all lane groups to `resources` and returns the groups that could be resolved.
///
/// `DestinationRules` and `VirtualServices` go to the root namespace, `TrafficLabels` to that of their service,
/// the `VirtualService` at the edge to that of the gateway. Problems point at the groups and lanes. A second
/// call adds nothing: it finds the objects of the first one.
pub fn expand(
    resources: &mut Resources,
    mesh: &MeshConfig,
    untagged: Untagged,
    problems: &mut Diagnostics,
) -> Vec<LaneGroup> {
    let loaded = Loaded { resources, mesh };
    let drafts = resolve::drafts(loaded, problems);
    check::all(loaded, &drafts, problems);
    let mut made = generate::Generated::default();
    for draft in &drafts {
        generate::add(loaded, draft, untagged, &mut made);
        ingress::add(loaded, draft, &mut made, problems);
    }
    let groups = drafts.into_iter().map(|draft| draft.group).collect();
    resources.virtual_services.extend(made.virtual_services);
    resources.destination_rules.extend(made.destination_rules);
    resources.traffic_labels.extend(made.traffic_labels);
    groups
}
