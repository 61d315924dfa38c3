//! What a run in time found out; outcomes of replications add up.

use std::collections::BTreeMap;

mod merge;
mod read;
mod tally;

use super::marks::Hurt;
use super::rollout::RolloutRow;
use super::setup::StationId;
use crate::data_plane::ResponseFlag;
use crate::engine::trace::Trace;
use crate::stats::{LatencyHistogram, Series};
use crate::units::Nanos;

/// What one or more replications found out.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// How many runs.
    pub replications: u64,
    /// Measured time, summed over the runs.
    pub time: Nanos,
    /// Events that were handled.
    pub events: u64,
    /// By class.
    pub classes: Vec<GroupOutcome>,
    /// By lane; the first one, without a name, is no lane.
    pub lanes: Vec<GroupOutcome>,
    /// By hop: `site service@version`, from the choice of the host to the answer.
    pub hops: Vec<HopOutcome>,
    /// What the counts of each graph say.
    pub graphs: Vec<GraphOutcome>,
    /// Calls with a flag, by path of the site.
    pub flags: BTreeMap<(String, ResponseFlag), u64>,
    /// By station.
    pub pods: Vec<PodOutcome>,
    /// Requests and attempts by service.
    pub services: Vec<ServiceLoad>,
    /// Ejections in order of time, run by run.
    pub ejections: Vec<EjectionRow>,
    /// What circuit breakers refused.
    pub breakers: Vec<BreakerRow>,
    /// Counts over time.
    pub series: SeriesOutcome,
    /// Requests around each event of the timeline: text, time, counts.
    pub hurt: Vec<(String, Nanos, Hurt)>,
    /// What the rollout did, run by run.
    pub rollout: Vec<RolloutRow>,
    /// One row per run.
    pub runs: Vec<RunRow>,
    /// Every request, if the setup asks for that; in order of the answers.
    pub records: Vec<Record>,
    /// When requests reached stations, if the setup asks for that.
    pub upstream_requests: Vec<(Nanos, StationId)>,
}

/// Requests of a kind that got an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupOutcome {
    /// Name.
    pub name: String,
    /// Failures: neither 2xx nor 3xx.
    pub failed: u64,
    /// Times from the arrival at the first proxy to its answer.
    pub latency: LatencyHistogram,
}

/// Answers at a hop.
#[derive(Clone, Debug, PartialEq)]
pub struct HopOutcome {
    /// Path of the site.
    pub site: String,
    /// The application that answered.
    pub service: String,
    /// Its version.
    pub version: String,
    /// Failures: neither 2xx nor 3xx.
    pub failed: u64,
    /// Times of attempts, from the choice of the host.
    pub latency: LatencyHistogram,
}

/// The counts of one graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphOutcome {
    /// Counts by slot of its layout; those of outcomes are 0, see `ends`.
    pub slots: Vec<u64>,
    /// Requests by class.
    pub classes: Vec<u64>,
    /// What became of requests.
    pub ends: BTreeMap<EndKey, u64>,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EndKey {
    /// Index of the class.
    pub class: usize,
    /// The lane that the entry hop decided.
    pub lane: Option<String>,
    /// The status that the client got.
    pub status: u16,
    /// The flag of the first proxy.
    pub flag: Option<ResponseFlag>,
    /// What the request did.
    pub trace: Trace,
}

/// How busy a station was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodOutcome {
    /// Name.
    pub name: String,
    /// What reports sum it under.
    pub group: String,
    /// Workers; `None` is no limit.
    pub workers: Option<u32>,
    /// Integral of the busy workers over time, in nanoseconds.
    pub busy: u128,
    /// Integral of the queue over time, in nanoseconds.
    pub queued: u128,
    /// Longest queue.
    pub longest_queue: u32,
    /// Requests that a worker finished.
    pub served: u64,
    /// Requests that found no place in the queue.
    pub refused: u64,
    /// Requests that a worker began with.
    pub begun: u64,
    /// Time that they waited in the queue, summed, in nanoseconds.
    pub waited: u128,
    /// Busy time of all workers in each whole interval, summed over the runs; empty without a limit.
    pub intervals: Vec<Nanos>,
}

/// Requests for a service and what they became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceLoad {
    /// The application.
    pub service: String,
    /// Calls that applications and clients meant to make.
    pub requests: u64,
    /// Attempts that reached its pods, retries of applications and proxies among them.
    pub attempts: u64,
}

/// An ejection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EjectionRow {
    /// Number of the run, from 0.
    pub run: u64,
    /// The pod whose proxy judged.
    pub proxy: String,
    /// The cluster.
    pub cluster: String,
    /// The pod that was ejected.
    pub host: String,
    /// When.
    pub from: Nanos,
    /// When it came back; `None` if the run ended before.
    pub until: Option<Nanos>,
}

/// What a circuit breaker refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakerRow {
    /// Number of the run, from 0.
    pub run: u64,
    /// The pod whose proxy it is.
    pub proxy: String,
    /// The cluster.
    pub cluster: String,
    /// Whether retries were refused, or else requests.
    pub retries: bool,
    /// How many.
    pub count: u64,
    /// The first time.
    pub first: Nanos,
    /// The last time.
    pub last: Nanos,
}

/// Counts per interval, summed over the runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesOutcome {
    /// Requests that arrived.
    pub arrivals: Series,
    /// Requests that were answered.
    pub answers: Series,
    /// Failures among them.
    pub failures: Series,
    /// Requests that took a fallback, at any hop.
    pub fallbacks: Series,
    /// Answers by lane, in the order of [`Outcome::lanes`].
    pub lanes: Vec<Series>,
    /// Median and 99th percentile of the latencies: sums over the runs that had any, and their number.
    pub quantiles: Vec<(Nanos, Nanos, u64)>,
}

/// The result of one run in short, for intervals over replications.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRow {
    /// Per class: requests, failures, mean latency in seconds, median, 95th and 99th percentile.
    pub classes: Vec<ClassRun>,
}

/// One class in one run.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassRun {
    /// Requests.
    pub requests: u64,
    /// Failures.
    pub failed: u64,
    /// Mean latency in seconds; 0 without requests.
    pub mean: f64,
    /// Median, 95th and 99th percentile of the latency; 0 without requests.
    pub quantiles: [Nanos; 3],
}

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number, in order of arrival.
    pub request: u64,
    /// When it arrived.
    pub started: Nanos,
    /// The status that the client got.
    pub status: u16,
    /// The flag of the first proxy.
    pub flag: Option<ResponseFlag>,
    /// Its other flag: why the last attempt failed, where `flag` says that it was not repeated.
    pub cause: Option<ResponseFlag>,
    /// The station of the last attempt, as Envoy names it: none if that found no host, or no place to wait.
    pub host: Option<StationId>,
    /// Attempts of the first proxy, those that found no host among them.
    pub attempts: u32,
    /// Time from the arrival to the answer.
    pub latency: Nanos,
}
