//! What a run reports: counts and expectations of a flow turned into rows, tests and verdicts.
//!
//! The types here are the contract of `summary.json` (schema [`SCHEMA`]): fields are added, never renamed or
//! removed, within a version. [`build()`] makes them; the reports only print them.

mod build;
mod count;
mod expect;
mod fit;
mod fixed;
mod merge;
mod rows;
pub mod time;
mod timed;

use serde::Serialize;

pub use build::{Engine, Run, build};
pub use fixed::{Fixed, PValue};
pub use timed::{TimedRun, build_timed};

/// The name of the schema.
pub const SCHEMA: &str = "lanecast.summary/1";

/// Everything that a run reports.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Title of the scenario.
    pub title: String,
    /// What the result is a function of.
    pub manifest: Manifest,
    /// `exact`, `replay` or `timed`.
    pub engine: &'static str,
    /// Requests; `None` with the exact engine.
    pub requests: Option<u64>,
    /// Classes of requests.
    pub classes: Vec<ClassRow>,
    /// Lanes over all classes, most requests first; those without a lane come last.
    pub lanes: Vec<LaneRow>,
    /// Traces by class, most probable first.
    pub traces: Vec<TraceRow>,
    /// Calls that pods served, in the order of the call tree.
    pub hops: Vec<HopRow>,
    /// Fallbacks.
    pub fallbacks: Vec<FallbackRow>,
    /// Hops that left their lane with no fallback to explain it.
    pub strays: Vec<StrayRow>,
    /// Answers of proxies in place of the application, and errors of applications.
    pub errors: Vec<ErrorRow>,
    /// Copies made by mirrors.
    pub mirrors: Vec<MirrorRow>,
    /// Delays injected by faults.
    pub delays: Vec<SiteRow>,
    /// Further attempts of proxies.
    pub retries: Vec<SiteRow>,
    /// Tests of counts against weights.
    pub fit: Vec<FitRow>,
    /// Expectations of the scenario.
    pub expectations: Vec<ExpectationRow>,
    /// What had to be assumed.
    pub assumptions: Vec<String>,
    /// What only the timed engine can say.
    pub time: Option<time::TimeSummary>,
    /// The outcome in words.
    pub verdict: VerdictRow,
}

/// What a result is a function of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// Version of lanecast.
    pub lanecast: &'static str,
    /// Seed.
    pub seed: u64,
    /// Files with XXH3 hashes of their bytes.
    pub inputs: Vec<InputRow>,
    /// Changes from the command line.
    pub changes: Vec<String>,
}

/// A file of the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InputRow {
    /// Name.
    pub name: String,
    /// XXH3, 16 hexadecimal digits.
    pub xxh3: String,
}

/// A number of times, its share, and what was to be expected.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Count {
    /// How often; `None` with the exact engine.
    pub requests: Option<u64>,
    /// Per request of the class (of all for lanes and classes).
    pub share: Fixed,
    /// The exact expectation of `share`.
    pub expected: Fixed,
    /// The same as a fraction, `3/5`.
    pub expected_fraction: String,
    /// 95 % interval of the share (Wilson; simultaneous for lanes and traces); `None` with the exact
    /// engine, and where one request can count more than once.
    pub interval: Option<[Fixed; 2]>,
}

/// A class of requests.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassRow {
    /// Name.
    pub class: String,
    /// Where its requests enter.
    pub from: String,
    /// Its part of all requests.
    #[serde(flatten)]
    pub count: Count,
    /// What its clients get: status (0 is a refused connection) and share of the class.
    pub statuses: Vec<StatusRow>,
}

/// A status that clients of a class get.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StatusRow {
    /// Status.
    pub status: u16,
    /// How often.
    #[serde(flatten)]
    pub count: Count,
}

/// A lane.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LaneRow {
    /// Name; `None` for requests without a lane.
    pub lane: Option<String>,
    /// Its part of all requests.
    #[serde(flatten)]
    pub count: Count,
    /// Its part of each class that has requests in it.
    pub classes: Vec<LaneClassRow>,
    /// How its hops stand to it.
    pub isolation: Vec<IsolationRow>,
}

/// The part of a lane in a class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LaneClassRow {
    /// Class.
    pub class: String,
    /// How often.
    #[serde(flatten)]
    pub count: Count,
}

/// Hops of a lane that stand to it in one way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IsolationRow {
    /// `inside`, `fallback`, `after fallback`, `shared`, `stray` or `no lane`.
    pub status: &'static str,
    /// Hops; `None` with the exact engine.
    pub hops: Option<u64>,
    /// Part of all hops of the lane.
    pub share: Fixed,
}

/// A trace.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TraceRow {
    /// Class.
    pub class: String,
    /// `mocka@v2>mockb@v1>mockc@v2`
    pub trace: String,
    /// Lane.
    pub lane: Option<String>,
    /// Its part of the class.
    #[serde(flatten)]
    pub count: Count,
    /// Services that were reached by fallback, in order.
    pub fallbacks: Vec<String>,
}

/// Calls at one hop that one pod served.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HopRow {
    /// Class.
    pub class: String,
    /// Applications from the entry to the call, joined with `>`.
    pub hop: String,
    /// The application that served.
    pub service: String,
    /// The subset of the destination; empty if it has none.
    pub subset: String,
    /// Version of the pod; empty if unknown.
    pub version: String,
    /// The pod, `NAME.NAMESPACE`.
    pub pod: String,
    /// How often, per request of the class.
    #[serde(flatten)]
    pub count: Count,
}

/// Fallbacks at one hop.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FallbackRow {
    /// Class.
    pub class: String,
    /// Hop.
    pub hop: String,
    /// The application that served.
    pub service: String,
    /// The destination that could not serve.
    pub from: String,
    /// The one that did.
    pub to: String,
    /// `no endpoints` or `subset undefined`.
    pub reason: &'static str,
    /// How often, per request of the class.
    #[serde(flatten)]
    pub count: Count,
}

/// Hops that left their lane.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StrayRow {
    /// Class.
    pub class: String,
    /// Hop.
    pub hop: String,
    /// The lane that was left.
    pub lane: String,
    /// The application that served.
    pub service: String,
    /// Its version.
    pub version: String,
    /// How often, per request of the class.
    #[serde(flatten)]
    pub count: Count,
}

/// Answers in place of a good one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ErrorRow {
    /// Class.
    pub class: String,
    /// Hop.
    pub hop: String,
    /// Envoy's response flag; `-` for an answer without one, `app` for an error of the application.
    pub flag: String,
    /// Status; 0 is a refused connection.
    pub status: u16,
    /// How often, per request of the class.
    #[serde(flatten)]
    pub count: Count,
}

/// Copies made by a mirror.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MirrorRow {
    /// Class.
    pub class: String,
    /// Hop.
    pub hop: String,
    /// The cluster that gets the copies.
    pub cluster: String,
    /// Whether it has endpoints; copies are dropped if not.
    pub served: bool,
    /// How often, per request of the class.
    #[serde(flatten)]
    pub count: Count,
}

/// Something that happened at a hop.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SiteRow {
    /// Class.
    pub class: String,
    /// Hop.
    pub hop: String,
    /// How often, per request of the class.
    #[serde(flatten)]
    pub count: Count,
}

/// A test of counts against probabilities.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FitRow {
    /// `weights` (a rule against its weights), `traces` (a class against its exact traces) or `classes`.
    pub kind: &'static str,
    /// The rule's object, or the class.
    pub rule: String,
    /// The rule's entry: its name, else its number from 0.
    pub route: String,
    /// The cells.
    pub destinations: Vec<FitCell>,
    /// Pearson's chi-square.
    pub chi_square: Option<PValue>,
    /// Degrees of freedom.
    pub df: usize,
    /// `chi-square`, `exact multinomial`, `mixed` or `degenerate`.
    pub method: String,
    /// p value.
    pub p: Option<PValue>,
    /// p value after Holm's correction over all tests of the run.
    pub p_adjusted: Option<PValue>,
    /// Cohen's w, that is Cramér's V against fixed probabilities.
    pub cramers_w: Option<Fixed>,
    /// The smallest error of a share that this many requests show with probability 0.8.
    pub detectable_difference: Option<Fixed>,
    /// `fits`, `deviates` or `untested`.
    pub verdict: String,
}

/// A cell of a test.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FitCell {
    /// The destination, trace or class.
    pub destination: String,
    /// The configured weight; `None` for traces.
    pub weight: Option<u64>,
    /// Observed number.
    pub observed: Option<u64>,
    /// Observed share.
    pub share: Option<Fixed>,
    /// Expected share.
    pub expected: Fixed,
    /// 95 % interval of the share, simultaneous over the cells.
    pub interval: Option<[Fixed; 2]>,
}

/// An expectation and what came out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExpectationRow {
    /// The expectation in words.
    pub expectation: String,
    /// Line in the scenario file.
    pub line: u32,
    /// What was asked for.
    pub target: String,
    /// What came out.
    pub observed: String,
    /// Whether it holds.
    pub met: bool,
    /// Why it holds or not, where that is not plain.
    pub reason: String,
}

/// The outcome in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerdictRow {
    /// `met`, `failed` or `none`.
    pub expectations: &'static str,
    /// `fits`, `deviates` or `untested`.
    pub fit: &'static str,
}

#[cfg(test)]
mod tests;
