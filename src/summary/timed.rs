//! A run in time: the counts of each of its meshes as those of a replay, then added up.
//!
//! Expected shares are exact for every mesh and weighted by the requests that met it. Where policies couple
//! requests (ejections, full queues, retries after a refusal) observed shares may differ: that is a result,
//! not a misfit, so only weights are tested.

use super::build::{Assembled, Tested, assemble, finish};
use super::merge::merge;
use super::{Summary, time};
use crate::engine::exact::{self, Exact, Outcome as ExactOutcome};
use crate::engine::flow::Flow;
use crate::engine::probability::zero;
use crate::engine::replay::Tally;
use crate::engine::timed::{GraphOutcome, Outcome, Prepared};
use crate::scenario::Scenario;

/// A run in time that is over.
#[derive(Clone, Copy, Debug)]
pub struct TimedRun<'a> {
    /// What was asked.
    pub scenario: &'a Scenario,
    /// What was run.
    pub prepared: &'a Prepared<'a>,
    /// What came out.
    pub outcome: &'a Outcome,
    /// Changes from the command line.
    pub changes: &'a [String],
}

/// Makes the summary of a run in time.
#[must_use]
pub fn build_timed(run: &TimedRun<'_>) -> Summary {
    let met = |graph: &usize| run.outcome.graphs[*graph].classes.iter().any(|count| *count > 0);
    // The first mesh stands for the run if no request met any; the others say nothing then.
    let rest = (1..run.outcome.graphs.len()).filter(met).map(|graph| part(run, graph));
    let rest: Vec<Assembled> = rest.collect();
    let mut assembled = merge(run.scenario, part(run, 0), rest);
    let summary = &mut assembled.summary;
    summary.engine = "timed";
    summary.assumptions.extend(run.scenario.time.assumptions.iter().cloned());
    summary.time = Some(time::build(run.outcome, &run.prepared.setup));
    finish(run.scenario, assembled)
}

fn part(run: &TimedRun<'_>, graph: usize) -> Assembled {
    let (scenario, counted) = (run.prepared.scenarios[graph], &run.outcome.graphs[graph]);
    let flow: &Flow = &run.prepared.setup.graphs[graph].flow;
    let (exact, tally) = with_ends(flow, exact::solve(flow), counted);
    let run =
        super::Run { scenario, flow, exact: &exact, tally: Some(&tally), changes: run.changes };
    assemble(&run, Tested::Weights)
}

/// Puts what became of requests into the slots of outcomes; what the exact engine holds for impossible is
/// added with probability 0.
fn with_ends(flow: &Flow, mut exact: Exact, counted: &GraphOutcome) -> (Exact, Tally) {
    let (mut tally, others) = counted.tally(flow, &exact);
    let first = exact.layout.outcomes.first().map_or(exact.layout.len, |slot| *slot as usize);
    let known = tally.slots.split_off(first);
    exact.expected.truncate(first);
    for (class, root) in flow.roots.iter().enumerate() {
        let list = &mut exact.calls[*root as usize].outcomes.list;
        let begin = exact.layout.outcomes[class] as usize - first;
        exact.layout.outcomes[class] = u32::try_from(tally.slots.len()).unwrap_or(u32::MAX);
        tally.slots.extend(&known[begin..begin + list.len()]);
        for (end, count) in others.iter().filter(|(end, _)| end.class == class) {
            let lane = end.lane.as_ref().and_then(|name| flow.lanes.iter().position(|l| l == name));
            let lane = lane.and_then(|lane| u32::try_from(lane).ok());
            let trace = std::sync::Arc::new(end.trace.clone());
            list.push(ExactOutcome { lane, status: end.status, trace, probability: zero() });
            tally.slots.push(*count);
        }
        exact.expected.extend(list.iter().map(|it| it.probability.clone()));
    }
    exact.layout.len = tally.slots.len();
    (exact, tally)
}
