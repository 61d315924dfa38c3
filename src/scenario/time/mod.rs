//! How a scenario runs in time: traffic by the clock, service times, network, and what happens when.
//!
//! Plain data with dense ids, resolved and checked while the scenario loads; only the timed engine reads
//! it. A mesh that changes during the run is a list of [`Epoch`]s: each is the whole scenario once more,
//! loaded with the replicas and the mesh files that hold from its start on.
//!
//! # Invariants
//! - [`TimePlan::arrivals`] has one entry per class, in the order of the classes.
//! - [`TimePlan::timeline`] is sorted by time; events of one moment keep their written order.
//! - [`TimePlan::epochs`] is sorted by start; the time before the first epoch is the scenario itself.
//! - [`TimePlan::stations`] is sorted by namespace and workload, behind the first entry.

mod arrivals;
mod csv;
mod distribution;
mod overlay;
mod plan;
mod progressive;
mod rollout;
mod station;
mod timeline;
mod traffic;

pub use distribution::TimeDistribution;
pub(super) use overlay::Overlay;
pub(super) use plan::{Loading, resolve};
pub(super) use progressive::expand;
pub use station::{Station, StationId};
pub use traffic::{ArrivalPlan, Process, RatePiece, RateProfile};

use super::Scenario;
use crate::data_plane::EnvoyVersion;
use crate::diagnostic::Place;
use crate::units::{Nanos, Share};

/// Index of an epoch in [`TimePlan::epochs`].
pub type EpochId = usize;

/// How a scenario runs in time.
#[derive(Debug, Default)]
pub struct TimePlan {
    /// When the run ends.
    pub end: End,
    /// Time from the start that statistics leave out.
    pub warm_up: Nanos,
    /// Length of the buckets of series over time, not 0.
    pub interval: Nanos,
    /// Independent runs, at least 1.
    pub replications: u32,
    /// When requests of each class arrive.
    pub arrivals: Vec<ArrivalPlan>,
    /// What serves requests: index 0 stands for every host that is no pod of the mesh, then one entry per
    /// workload that any epoch has.
    pub stations: Vec<Station>,
    /// Delays of the network.
    pub network: Network,
    /// What happens when.
    pub timeline: Vec<Event>,
    /// The meshes that replace the scenario's own during the run.
    pub epochs: Vec<Epoch>,
    /// A step-by-step change of weights that watches the traffic.
    pub rollout: Option<Rollout>,
    /// The proxies.
    pub envoy: EnvoySettings,
    /// What had to be assumed for a run in time, in plain sentences.
    pub assumptions: Vec<String>,
}

/// When a run ends; what is under way then is not waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// At this time.
    At(Nanos),
    /// When this many requests of clients have been answered.
    Requests(u64),
}

/// One-way delays between applications.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// The delay that holds if no edge states another one.
    pub default: Nanos,
    /// Delays of single edges: caller, called service, delay. `*` stands for any name; first match.
    pub edges: Vec<(String, String, Nanos)>,
}

/// Something that happens at a moment of the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When, from the start of the run.
    pub at: Nanos,
    /// What.
    pub action: Action,
    /// In words for reports, `scale mockb-v2 to 0`.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

/// What a timeline event does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// The mesh of this epoch holds from now on.
    Enter(EpochId),
    /// The stations answer this share of requests with 503 by themselves.
    Errors(Vec<StationId>, Share),
    /// The stations take this many times their stated service time; 1 is normal again.
    Slow(Vec<StationId>, Share),
    /// The stations have another service time.
    Service(Vec<StationId>, TimeDistribution),
    /// The rate of open-loop classes changes; [`TimePlan::arrivals`] has it already.
    Rate,
    /// A closed-loop class (its index) has another number of users.
    Users(usize, u32),
}

/// A mesh that holds from a moment on.
#[derive(Debug)]
pub struct Epoch {
    /// When it begins.
    pub at: Nanos,
    /// The scenario with this mesh: one for every state of the rollout, exactly one if there is none.
    /// Classes, apps, seed and expectations are those of the whole run.
    pub states: Vec<Scenario>,
}

/// How proxies are modelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnvoySettings {
    /// Which Envoy.
    pub version: EnvoyVersion,
    /// Worker threads per proxy, at least 1.
    pub concurrency: u32,
}

/// A step-by-step change of weights that watches the traffic and goes back if it suffers.
#[derive(Debug)]
pub struct Rollout {
    /// Name for reports.
    pub name: String,
    /// When it begins.
    pub at: Nanos,
    /// Its steps in order; the last one is complete when its pause is over.
    pub steps: Vec<Step>,
    /// What is measured at the end of every step's interval.
    pub checks: Vec<Check>,
    /// How often the checks are made while a step is held.
    pub check_every: Nanos,
    /// Failed rounds of checks in a row or in total that abort, at least 1.
    pub failure_limit: u32,
    /// Whether only failures in a row count.
    pub consecutive: bool,
    /// The weights before the first epoch: one scenario for every state; empty without a rollout.
    pub states: Vec<Scenario>,
    /// The state that holds before the rollout begins and after it was aborted.
    pub stable: usize,
    /// The state that holds when all steps are done.
    pub promoted: usize,
    /// Where it stands.
    pub place: Place,
}

/// One step of a rollout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Share of the traffic for the new version in percent, for reports.
    pub weight: u32,
    /// The state of the mesh that holds it: index in [`Rollout::states`] and [`Epoch::states`].
    pub state: usize,
    /// How long it is held; `None` for ever.
    pub pause: Option<Nanos>,
    /// Whether the checks are made while it is held.
    pub checked: bool,
}

/// A condition that a rollout watches.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// What is measured.
    pub metric: Metric,
    /// Over which time back from now.
    pub window: Nanos,
    /// Whose answers: the station ids of the new version; empty are the answers that clients get.
    pub stations: Vec<StationId>,
}

/// What a rollout measures, with the limit that must not be passed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Metric {
    /// The share of answers with status 500 and above is at most this.
    ErrorRate(Share),
    /// The given quantile of latencies is at most this.
    Latency(Share, Nanos),
}

// === impl TimePlan ===

impl TimePlan {
    /// Returns the station of a workload; 0 if no epoch has it.
    #[must_use]
    pub fn station(&self, namespace: &str, workload: &str) -> StationId {
        let pods = self.stations.get(1..).unwrap_or_default();
        let key = |station: &Station| {
            (station.namespace.as_str(), station.workload.as_str()).cmp(&(namespace, workload))
        };
        pods.binary_search_by(key)
            .map_or(0, |index| StationId::try_from(index + 1).unwrap_or_default())
    }
}

// === impl End ===

impl Default for End {
    fn default() -> Self {
        Self::Requests(1)
    }
}

// === impl Network ===

impl Network {
    /// Returns the one-way delay from an application, client or gateway to a service, by name.
    #[must_use]
    pub fn delay(&self, caller: &str, service: &str) -> Nanos {
        let fits = |pattern: &str, name: &str| pattern == "*" || pattern == name;
        let found = self.edges.iter().find(|(from, to, _)| fits(from, caller) && fits(to, service));
        found.map_or(self.default, |(_, _, delay)| *delay)
    }
}

// === impl EnvoySettings ===

impl Default for EnvoySettings {
    fn default() -> Self {
        // Istio gives a sidecar two workers unless its proxy config or CPU limit says otherwise.
        Self { version: EnvoyVersion::NEWEST, concurrency: 2 }
    }
}

#[cfg(test)]
mod tests;
