//! Findings about a mesh config: what Istio's analyzers say, and what only an asked proxy can tell.
//!
//! [`findings`] is the whole list, [`undefined_destinations`] the few that a run must show. The analyzers'
//! findings keep Istio's codes and grades ([`catalog`]); those of our own carry a [`Proof`]: a request that
//! the compiled tables of a proxy of this mesh were asked about, with their answer.
//!
//! # Model
//! Section 12b of the routing spec. Where an analyzer contradicts what istiod does, the
//! analyzer is not followed: a finding that the mesh disproves is left out.
//!
//! # Invariants
//! - Nothing is said about objects that ASM's lane groups generate: nobody wrote them.

mod analyzers;
pub mod catalog;
mod finding;
mod proven;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod undefined;

use std::collections::BTreeSet;

pub use catalog::Code;
pub use finding::{Entry, Finding, Outcome, Proof};
pub use undefined::undefined_destinations;

use super::Mesh;
use crate::config::object::{Meta, Object};
use crate::config::resources::Resources;
use crate::diagnostic::Diagnostic;

/// The label that ASM puts on the objects it generates for a lane group.
const GENERATED: &str = "swimlane-group";

/// What is looked at.
#[derive(Clone, Debug)]
struct Subject<'a> {
    resources: &'a Resources,
    mesh: &'a Mesh,
    /// Generated VirtualServices, as `VirtualService namespace/name`.
    generated: BTreeSet<String>,
}

/// Finds everything that is wrong or surprising in a mesh, sorted by place.
///
/// `problems` are those of loading and validation: their errors become IST0106, their warnings IST0133,
/// IST0130 or IST0131.
#[must_use]
pub fn findings(resources: &Resources, mesh: &Mesh, problems: &[Diagnostic]) -> Vec<Finding> {
    let subject = Subject::new(resources, mesh);
    let mut found = analyzers::schema::findings(&subject, problems);
    found.extend(analyzers::all(&subject));
    found.extend(proven::all(&subject));
    found.sort_by(|a, b| {
        let key = |finding: &Finding| (finding.place, finding.severity(), finding.code.code);
        key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
    });
    found.dedup();
    found
}

// === impl Subject ===

impl<'a> Subject<'a> {
    fn new(resources: &'a Resources, mesh: &'a Mesh) -> Self {
        let objects = resources.virtual_services.iter().filter(|object| is_generated(&object.meta));
        let generated = objects.map(name_of).collect();
        Self { resources, mesh, generated }
    }
}

/// Tells whether ASM generated the object.
fn is_generated(meta: &Meta) -> bool {
    meta.labels.contains_key(GENERATED)
}

/// Returns `Kind namespace/name`.
fn name_of<S>(object: &Object<S>) -> String {
    format!("{} {}", object.kind, object.meta.full_name())
}
