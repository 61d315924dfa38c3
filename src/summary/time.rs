//! What only a run in time can say: latencies, queues, retries, ejections, and how they change.
//!
//! Times are milliseconds, moments are seconds from the start of a run.

mod build;
mod spread;

use serde::Serialize;

pub(super) use build::build;

use super::Fixed;

/// The part of a summary that comes from the timed engine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TimeSummary {
    /// Independent runs.
    pub replications: u64,
    /// Measured time in seconds, summed over the runs.
    pub measured_s: Fixed,
    /// Time from the start that statistics leave out.
    pub warm_up_s: Fixed,
    /// Events that the engine handled.
    pub events_handled: u64,
    /// Latencies of classes, lanes and hops.
    pub latency: Vec<LatencyRow>,
    /// Means over runs with their intervals; empty for one run.
    pub replicated: Vec<ReplicatedRow>,
    /// Pods with a limit of workers, and those that refused requests.
    pub pods: Vec<PodRow>,
    /// How many attempts a service gets per request that is meant for it.
    pub services: Vec<ServiceRow>,
    /// Calls with a response flag, whatever the client got in the end.
    pub flags: Vec<FlagRow>,
    /// Ejections by outlier detection.
    pub ejections: Vec<EjectionRow>,
    /// What circuit breakers refused.
    pub breakers: Vec<BreakerRow>,
    /// What the timeline did to requests.
    pub timeline: Vec<TimelineRow>,
    /// What the rollout did.
    pub rollout: Vec<RolloutRow>,
    /// Counts over time.
    pub series: SeriesRows,
    /// What limits the trust in these numbers.
    pub warnings: Vec<String>,
}

/// Latencies of requests of one kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LatencyRow {
    /// `class`, `lane` or `hop`.
    pub kind: &'static str,
    /// Name; a hop is `site service@version`, from the choice of the host to the answer.
    pub name: String,
    /// Answers.
    pub requests: u64,
    /// Answers that are neither 2xx nor 3xx.
    pub failed: u64,
    /// Mean.
    pub mean_ms: Fixed,
    /// Median.
    pub p50_ms: Fixed,
    /// 90th percentile.
    pub p90_ms: Fixed,
    /// 95th percentile.
    pub p95_ms: Fixed,
    /// 99th percentile.
    pub p99_ms: Fixed,
    /// 95 % interval of the 99th percentile by order statistics; `None` for too few requests.
    pub p99_interval_ms: Option<[Fixed; 2]>,
    /// 99.9th percentile.
    pub p999_ms: Fixed,
    /// Longest.
    pub max_ms: Fixed,
    /// Points of the distribution for charts: latency in nanoseconds, answers up to there.
    #[serde(skip)]
    pub curve: Vec<(u64, u64)>,
}

/// A mean over runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReplicatedRow {
    /// Class.
    pub class: String,
    /// `requests`, `failed share`, `mean ms`, `p95 ms` or `p99 ms`.
    pub quantity: &'static str,
    /// Mean over the runs.
    pub mean: Fixed,
    /// 95 % interval (Student).
    pub interval: [Fixed; 2],
    /// Half the width of the interval over the mean; `None` if the mean is 0.
    pub relative_half_width: Option<Fixed>,
    /// Runs that would bring the relative half width to 5 %; `None` if that cannot be told.
    pub runs_needed: Option<u64>,
}

/// How busy a pod was.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PodRow {
    /// Name.
    pub pod: String,
    /// What it belongs to.
    pub group: String,
    /// Workers; `None` is no limit.
    pub workers: Option<u32>,
    /// Part of the workers that is busy on average; `None` without a limit.
    pub utilisation: Option<Fixed>,
    /// Mean number of waiting requests.
    pub mean_queue: Fixed,
    /// Longest queue.
    pub longest_queue: u32,
    /// Mean wait of the requests that were begun.
    pub mean_wait_ms: Fixed,
    /// Requests that were finished.
    pub served: u64,
    /// Requests that found no place in the queue.
    pub refused: u64,
    /// Busy time of all workers in each whole interval in nanoseconds, averaged over the runs.
    #[serde(skip)]
    pub busy: Vec<u64>,
}

/// Requests for a service and what they became.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServiceRow {
    /// The application.
    pub service: String,
    /// Calls that applications and clients meant to make.
    pub requests: u64,
    /// Attempts that reached its pods.
    pub attempts: u64,
    /// Attempts per request; `None` without requests.
    pub amplification: Option<Fixed>,
}

/// Calls with a response flag.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FlagRow {
    /// Hop.
    pub hop: String,
    /// Envoy's response flag.
    pub flag: &'static str,
    /// How many.
    pub calls: u64,
}

/// An ejection.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EjectionRow {
    /// Number of the run, from 0.
    pub run: u64,
    /// The pod whose proxy judged.
    pub proxy: String,
    /// The cluster.
    pub cluster: String,
    /// The pod that was ejected.
    pub pod: String,
    /// When.
    pub from_s: Fixed,
    /// When it came back; `None` if the run ended before.
    pub until_s: Option<Fixed>,
}

/// What a circuit breaker refused.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BreakerRow {
    /// Number of the run, from 0.
    pub run: u64,
    /// The pod whose proxy it is.
    pub proxy: String,
    /// The cluster.
    pub cluster: String,
    /// `requests` or `retries`.
    pub refused: &'static str,
    /// How many.
    pub count: u64,
    /// The first time.
    pub first_s: Fixed,
    /// The last time.
    pub last_s: Fixed,
}

/// What an event of the timeline did to requests.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TimelineRow {
    /// When.
    pub at_s: Fixed,
    /// What happened.
    pub event: String,
    /// Length of the windows before and after, summed over runs.
    pub window_s: Fixed,
    /// Answers in the window before.
    pub requests_before: u64,
    /// Failures among them.
    pub failed_before: u64,
    /// Answers in the window after.
    pub requests_after: u64,
    /// Failures among them.
    pub failed_after: u64,
    /// Answers that are no failures but took longer than 99 % of those before.
    pub slow_after: u64,
}

/// Something that a rollout did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RolloutRow {
    /// Number of the run, from 0.
    pub run: u64,
    /// When.
    pub at_s: Fixed,
    /// What, in words.
    pub what: String,
}

/// Counts per interval, summed over the runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeriesRows {
    /// Length of an interval.
    pub interval_s: Fixed,
    /// Requests that arrived.
    pub arrivals: Vec<u64>,
    /// Requests that were answered.
    pub answers: Vec<u64>,
    /// Failures among them.
    pub failures: Vec<u64>,
    /// Requests that took a fallback, counted at every hop.
    pub fallbacks: Vec<u64>,
    /// Answers by lane; `None` is no lane.
    pub lanes: Vec<LaneSeries>,
    /// Median latency, averaged over the runs; `None` without answers.
    pub p50_ms: Vec<Option<Fixed>>,
    /// 99th percentile, averaged over the runs.
    pub p99_ms: Vec<Option<Fixed>>,
}

/// Answers of a lane over time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LaneSeries {
    /// Name; `None` is no lane.
    pub lane: Option<String>,
    /// Answers per interval.
    pub answers: Vec<u64>,
}
