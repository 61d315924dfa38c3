//! Expectations that only a run in time can meet.

use super::{Bounds, Subject, Written, service};
use crate::config::decode::Located;
use crate::diagnostic::{Diagnostic, Diagnostics, Place};
use crate::topology::Topology;
use crate::units::Share;

/// Reads the subjects of an entry: one, or one per stated percentile.
pub(super) fn subjects(
    written: &Written,
    topology: &Topology,
    problems: &mut Diagnostics,
) -> Vec<Subject> {
    let mut found = Vec::new();
    if let Some(latency) = &written.latency {
        let stated =
            [(50, &latency.p50), (90, &latency.p90), (95, &latency.p95), (99, &latency.p99)];
        for (percentile, limit) in stated {
            found.extend(limit.as_ref().map(|limit| Subject::Latency(percentile, limit.value)));
        }
        if found.is_empty() {
            let message = "this expectation states no percentile";
            let problem = Diagnostic::error("missing-field", latency.place, message);
            problems
                .push(problem.help("write `p99: 50ms`, the most that the 99th percentile may be"));
        }
    }
    if let Some(it) = &written.amplification {
        let bounds = bounds(it.at_least.as_ref(), it.at_most.as_ref(), it.place, problems);
        let service = service(it.service.as_ref(), it.place, topology, problems);
        found
            .extend(service.zip(bounds).map(|(name, bounds)| Subject::Amplification(name, bounds)));
    }
    if let Some(it) = &written.ejections {
        let bounds = bounds(it.at_least.as_ref(), it.at_most.as_ref(), it.place, problems);
        let pod = it.pod.as_ref().map(|pod| pod.value.clone()).unwrap_or_default();
        found.extend(bounds.map(|bounds| Subject::Ejections(pod, bounds)));
    }
    found
}

fn bounds(
    at_least: Option<&Located<Share>>,
    at_most: Option<&Located<Share>>,
    place: Place,
    problems: &mut Diagnostics,
) -> Option<Bounds> {
    if at_least.is_none() && at_most.is_none() {
        let message = "this expectation states no bound";
        let problem = Diagnostic::error("missing-field", place, message);
        problems.push(problem.help("write `atLeast: 1`, `atMost: 3`, or both"));
        return None;
    }
    let value = |bound: Option<&Located<Share>>| bound.map(|bound| bound.value);
    Some(Bounds { at_least: value(at_least), at_most: value(at_most) })
}
