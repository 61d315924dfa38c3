//! What the engine runs: plain data, complete, with numbers in place of names.
//!
//! [`Prepared`](super::Prepared) makes one from a scenario; tests and benches may write one by
//! hand.

use std::sync::Arc;

use super::service::Distribution;
use crate::engine::flow::{ClassId, Flow};
use crate::scenario::time::{ArrivalPlan, End, EnvoySettings, Metric, Network, Step};
use crate::units::{Nanos, Share};

/// Index of a station in [`Setup::stations`].
pub type StationId = u32;

/// Everything that a run depends on but its seed.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The decision graphs.
    pub graphs: Vec<Graph>,
    /// Which of them hold when; the first period begins at 0.
    pub periods: Vec<Period>,
    /// All pods that there ever are, and addresses that are no pods.
    pub stations: Vec<Station>,
    /// What addresses that are no pods are like; the name is theirs.
    pub outside: Station,
    /// Where requests come from.
    pub sources: Vec<Source>,
    /// What changes at stations and sources, by time.
    pub changes: Vec<Change>,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// When the run ends.
    pub end: End,
    /// Requests that arrive before this are not counted.
    pub warm_up: Nanos,
    /// Length of the buckets of series.
    pub interval: Nanos,
    /// One-way delays between applications.
    pub network: Network,
    /// Time to open a connection; `None` is one round trip.
    pub connect: Option<Nanos>,
    /// The proxies.
    pub envoy: EnvoySettings,
    /// A change of weights that watches the traffic.
    pub rollout: Option<RolloutPlan>,
    /// Events for which hurt requests are counted, by time.
    pub marks: Vec<Mark>,
    /// Whether every request is kept: for short runs only.
    pub record: bool,
}

/// A decision graph and what its numbers stand for.
#[derive(Clone, Debug)]
pub struct Graph {
    /// The graph, best with what stands by until endpoints fail
    /// ([`build_with_standbys`](crate::engine::flow::build_with_standbys)).
    pub flow: Arc<Flow>,
    /// The station of each instance that its clusters name.
    pub instances: Vec<StationId>,
    /// The stations of each sender of the graph; at least one.
    pub senders: Vec<Vec<StationId>>,
}

/// A time during which the same mesh holds, but for the steps of a rollout.
#[derive(Clone, Debug)]
pub struct Period {
    /// When it begins.
    pub at: Nanos,
    /// Its graph for every state of the rollout; one without a rollout.
    pub states: Vec<usize>,
}

/// A pod: a queue with workers, and a proxy beside it.
#[derive(Clone, Debug)]
pub struct Station {
    /// Name, `mocka-v1-0.default`.
    pub name: String,
    /// What reports sum it under: `mocka@v1`.
    pub group: String,
    /// Time that a worker spends on a request.
    pub service: Distribution,
    /// Requests served at a time; `None` is no limit.
    pub workers: Option<u32>,
    /// Requests that may wait; `None` is no limit. What finds no place is answered 503.
    pub queue: Option<u32>,
    /// Share of requests that are answered 503; `None` leaves it to the graph.
    pub errors: Option<Share>,
    /// Factor on service times.
    pub slowdown: Share,
}

/// Where requests come from.
#[derive(Clone, Debug)]
pub struct Source {
    /// Their class.
    pub class: ClassId,
    /// When they come.
    pub traffic: Traffic,
}

/// When requests come.
#[derive(Clone, Debug)]
pub enum Traffic {
    /// At these times, which never fall.
    Times(Arc<[Nanos]>),
    /// As a plan says.
    Plan(ArrivalPlan),
}

/// A change at a time.
#[derive(Clone, Debug)]
pub struct Change {
    /// When.
    pub at: Nanos,
    /// What.
    pub what: What,
}

/// What changes.
#[derive(Clone, Debug)]
pub enum What {
    /// The share of requests that stations answer 503; `None` is as the graph says.
    Errors(Vec<StationId>, Option<Share>),
    /// The factor on the service times of stations.
    Slowdown(Vec<StationId>, Share),
    /// The service time of stations.
    Service(Vec<StationId>, Distribution),
    /// The number of users of a class.
    Users(ClassId, u32),
}

/// A step-by-step change of weights that watches the traffic and goes back if it suffers.
#[derive(Clone, Debug)]
pub struct RolloutPlan {
    /// When it begins.
    pub at: Nanos,
    /// Its steps in order.
    pub steps: Vec<Step>,
    /// What is measured.
    pub checks: Vec<CheckPlan>,
    /// How often the checks are made while a step is held.
    pub check_every: Nanos,
    /// Failed rounds of checks that abort, at least 1.
    pub failure_limit: u32,
    /// Whether only failures in a row count.
    pub consecutive: bool,
    /// The state that holds before, and after it was aborted.
    pub stable: usize,
    /// The state that holds when all steps are done.
    pub promoted: usize,
}

/// A condition that a rollout watches.
#[derive(Clone, Debug)]
pub struct CheckPlan {
    /// What is measured, and its limit.
    pub metric: Metric,
    /// Over which time back from now.
    pub window: Nanos,
    /// Whose answers; empty are the answers that clients get.
    pub stations: Vec<StationId>,
}

/// An event whose consequences are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When.
    pub at: Nanos,
    /// In words.
    pub text: String,
}

// === impl Station ===

impl Station {
    /// Builds a station that answers at once, however many requests come.
    #[must_use]
    pub fn instant(name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            group: name.clone(),
            name,
            service: Distribution::constant(Nanos(0)),
            workers: None,
            queue: None,
            errors: None,
            slowdown: Share::ONE,
        }
    }
}

// === impl Setup ===

impl Setup {
    /// Builds a setup without traffic on one graph.
    #[must_use]
    pub fn new(graph: Graph, stations: Vec<Station>, end: End) -> Self {
        let classes = (0..graph.flow.roots.len()).map(|class| format!("class-{}", class + 1));
        Self {
            classes: classes.collect(),
            graphs: vec![graph],
            periods: vec![Period { at: Nanos(0), states: vec![0] }],
            stations,
            outside: Station::instant(""),
            sources: Vec::new(),
            changes: Vec::new(),
            end,
            warm_up: Nanos(0),
            interval: Nanos::SECOND,
            network: Network::default(),
            connect: None,
            envoy: EnvoySettings { concurrency: 1, ..EnvoySettings::default() },
            rollout: None,
            marks: Vec::new(),
            record: false,
        }
    }
}
