//! Pictures of what happens in time: lanes over time, latencies, utilisation.
//!
//! Their inputs are plain numbers per interval, so that any engine can make them. Everything is laid out in
//! integers: a curve has the same pixels on every machine.

mod axis;
mod events;
mod latency;
mod rows;
mod timeline;
mod utilisation;

use super::draw::DrawError;
use super::{Chart, drawn};
use crate::summary::Summary;
use crate::units::Nanos;

/// Requests over time, by lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// Title of the scenario.
    pub title: String,
    /// How the numbers were found: engine, seed, replications.
    pub subtitle: String,
    /// Length of an interval; intervals of no length are taken as a second long.
    pub interval: Nanos,
    /// Intervals before this time count in no statistics; the picture shades them.
    pub warm_up: Nanos,
    /// Lanes in the order in which they are stacked, from below.
    pub lanes: Vec<Series>,
    /// What happened when.
    pub events: Vec<Event>,
}

/// Requests of a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// Name of the lane; empty for requests without one.
    pub name: String,
    /// Requests in each interval.
    pub counts: Vec<u64>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When, from the start of the run.
    pub at: Nanos,
    /// What, in a few words.
    pub text: String,
}

/// How long requests took, by class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LatencyCurves {
    /// Title of the scenario.
    pub title: String,
    /// How the numbers were found.
    pub subtitle: String,
    /// Classes.
    pub classes: Vec<LatencyCurve>,
}

/// How long requests of a class took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LatencyCurve {
    /// Name of the class.
    pub name: String,
    /// Latencies, ascending, each with the number of requests that took at most so long; the last number is that
    /// of all requests.
    pub points: Vec<(Nanos, u64)>,
}

/// How busy pods were over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Utilisation {
    /// Title of the scenario.
    pub title: String,
    /// How the numbers were found.
    pub subtitle: String,
    /// Length of an interval; intervals of no length are taken as a second long.
    pub interval: Nanos,
    /// Pods.
    pub pods: Vec<PodLoad>,
    /// What happened when.
    pub events: Vec<Event>,
}

/// How busy a pod was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodLoad {
    /// Name of the pod.
    pub pod: String,
    /// Its workers; none are taken as one.
    pub workers: u64,
    /// Busy time of all its workers together, in each interval.
    pub busy: Vec<Nanos>,
}

/// Draws the pictures of a run in time; none without time.
pub(super) fn all(summary: &Summary) -> Vec<Result<Chart, DrawError>> {
    let Some(time) = &summary.time else { return Vec::new() };
    let mut charts =
        vec![timeline(&rows::timeline(summary, time)), latency(&rows::latency(summary, time))];
    let pods = rows::utilisation(summary, time);
    if !pods.pods.is_empty() {
        charts.push(utilisation(&pods));
    }
    charts
}

/// Draws requests per second by lane, stacked, with marks where something happened.
///
/// # Errors
/// The reason of a drawing backend. They draw to memory, where there is none.
pub fn timeline(input: &Timeline) -> Result<Chart, DrawError> {
    drawn("timeline", &timeline::layout(input))
}

/// Draws the share of requests that took at most so long, by class.
///
/// # Errors
/// The reason of a drawing backend. They draw to memory, where there is none.
pub fn latency(input: &LatencyCurves) -> Result<Chart, DrawError> {
    drawn("latency", &latency::layout(input))
}

/// Draws how busy each pod was in each interval.
///
/// # Errors
/// The reason of a drawing backend. They draw to memory, where there is none.
pub fn utilisation(input: &Utilisation) -> Result<Chart, DrawError> {
    drawn("utilisation", &utilisation::layout(input))
}

#[cfg(test)]
mod tests;
