//! The complete, valid, resolved input of a run: mesh, applications, traffic, expectations.
//!
//! [`load()`] reads a scenario file and everything it names; every problem is reported at once, and a
//! [`Scenario`] exists only if none of them is an error. Files are read through [`Files`], so that tests
//! and the command line share one loader.

mod assume;
mod base;
mod entry;
mod expect;
mod files;
mod inputs;
mod inspect;
mod load;
mod mesh;
mod request;
pub mod time;

pub use base::{Base, read_text};
pub use entry::{Entry, Sender};
pub use expect::{Bounds, Expectation, Subject};
pub use files::{Files, MemoryFiles};
pub use inspect::{Inspected, inspect};
pub use load::{Loaded, Options, load, load_into};

use crate::control_plane::Mesh;
use crate::control_plane::lanes::{LaneGroup, Propagation};
use crate::data_plane::Request;
use crate::diagnostic::Place;
use crate::topology::Topology;
use crate::units::Share;

/// The resolved input of a run.
#[derive(Debug)]
pub struct Scenario {
    /// Title for reports.
    pub title: String,
    /// What istiod knows.
    pub mesh: Mesh,
    /// What the applications do.
    pub topology: Topology,
    /// Lane groups.
    pub lane_groups: Vec<LaneGroup>,
    /// How sidecars carry lanes along.
    pub propagation: Propagation,
    /// Headers that name the lane on what the entry proxy sends on, most important first.
    pub lane_headers: Vec<String>,
    /// The service whose calls traces show; `None` shows all.
    pub trace_from: Option<String>,
    /// Classes of requests, at least one.
    pub classes: Vec<Class>,
    /// How many requests.
    pub requests: u64,
    /// The seed of all randomness.
    pub seed: u64,
    /// What must come out.
    pub expectations: Vec<Expectation>,
    /// Significance level of all tests together, in (0, 1).
    pub alpha: f64,
    /// The share error that matters in practice.
    pub tolerance: Share,
    /// What had to be assumed, in plain sentences.
    pub assumptions: Vec<String>,
    /// The files that the result depends on.
    pub inputs: Vec<Input>,
    /// The VirtualServices of the mesh files that stand for themselves.
    pub rules: Vec<RuleObject>,
    /// Where the topology of the scenario is named.
    pub topology_place: Place,
    /// How it runs in time.
    pub time: time::TimePlan,
}

/// A class of requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Class {
    /// Name.
    pub name: String,
    /// Weight relative to the other classes; all zero never happens.
    pub weight: u64,
    /// Where its requests enter.
    pub entry: Entry,
    /// The request as its client sends it.
    pub request: Request,
    /// Its lane, if the scenario says so.
    pub lane: Option<String>,
}

/// A VirtualService of the mesh files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleObject {
    /// `VirtualService namespace/name`.
    pub object: String,
    /// Gateways that it is bound to; empty is the mesh.
    pub gateways: Vec<String>,
    /// Where its name stands.
    pub place: Place,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Name as the scenario states it.
    pub name: String,
    /// XXH3 of its bytes, 16 hexadecimal digits.
    pub hash: String,
}

// === impl Scenario ===

impl Scenario {
    /// Returns the sum of the class weights, at least 1.
    #[must_use]
    pub fn total_weight(&self) -> u64 {
        self.classes.iter().map(|class| class.weight).sum::<u64>().max(1)
    }
}

#[cfg(test)]
mod tests;
