//! The discrete-event engine: the decision graph on a clock, with queues, balancers, retries and breakers.
//!
//! A [`Setup`] says everything that a run depends on, [`Simulation`] compiles and runs it, an [`Outcome`] says
//! what came of it. Time is integer nanoseconds; the same seed gives the same outcome, however many threads
//! run replications.
//!
//! # Model
//! A request walks the graph as in replay, with the same slots of randomness, but waits where it would wait:
//! for a fault's delay, a connection, the network, a worker of the pod, the calls of the application. Every
//! proxy has balancers, limits and outlier detection of its own. A worker is busy during the service time
//! alone; what an application waits for does not keep one.

mod app;
pub mod arrivals;
mod attempt;
pub mod calendar;
mod client;
mod connections;
mod deadlines;
mod marks;
mod numbers;
mod outcome;
mod plan;
mod pod;
mod proxy;
mod records;
mod rollout;
mod scenario;
pub mod service;
mod setup;
mod simulation;
mod slab;
mod tally;
mod timeline;
mod traces;
mod upstream;
mod world;

pub use marks::Hurt;
pub use outcome::{
    BreakerRow, ClassRun, EjectionRow, EndKey, GraphOutcome, GroupOutcome, HopOutcome, Outcome,
    PodOutcome, Record, RunRow, SeriesOutcome, ServiceLoad,
};
pub use rollout::{RolloutAct, RolloutRow};
pub use scenario::Prepared;
pub use setup::{
    Change, CheckPlan, Graph, Mark, Period, RolloutPlan, Setup, Source, Station, StationId,
    Traffic, What,
};
pub use simulation::{Simulation, run_seed};
