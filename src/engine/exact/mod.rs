//! Exact probabilities on the decision graph, by dynamic programming; nothing is sampled.
//!
//! From the leaves up, every node gets the [`Outcomes`] that it can have with their probabilities; from the
//! entries down, every branch gets the expected number of times that one request takes it.
//!
//! # Model
//! Draws of different purposes and sites are independent; the split and the copies of one proxied request
//! share a number (E-02). An outcome is a status and a trace. Where a node has more than [`MAX_OUTCOMES`],
//! the least probable ones are one remainder per status: marginals stay exact, joint traces say what they
//! leave out.

mod call;
mod layout;
mod run;
mod visits;

use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) use call::THROUGH;
pub use layout::{CallSlots, CopySlots, Layout, LegSlots, RunSlots};
pub(super) use run::Codes;

use super::flow::{Flow, LaneId, Node, RunId};
use super::probability::{Probability, zero};
use super::trace::Trace;

/// How many outcomes a node tells apart.
pub const MAX_OUTCOMES: usize = 4_096;

/// What can become of a request at a node.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The lane that the entry hop decided; `None` elsewhere.
    pub lane: Option<LaneId>,
    /// The status that the caller gets.
    pub status: u16,
    /// What the request did.
    pub trace: Arc<Trace>,
    /// Probability, given that the node is reached.
    pub probability: Probability,
}

/// The outcomes of a node, each with a number.
#[derive(Clone, Debug, Default)]
pub struct Outcomes {
    /// The outcomes.
    pub list: Vec<Outcome>,
    index: BTreeMap<(Option<LaneId>, u16, Arc<Trace>), u32>,
}

/// Numbers of outcomes of a call.
#[derive(Clone, Debug, Default)]
pub struct CallTable {
    /// The outcomes.
    pub outcomes: Outcomes,
    /// The outcome of an injected abort.
    pub abort: u32,
    /// Per leg, the numbers of its outcomes; one entry without legs if the proxy answers.
    pub legs: Vec<LegTable>,
}

/// Numbers of outcomes of a leg.
#[derive(Clone, Debug, Default)]
pub struct LegTable {
    /// The outcome if nothing stands behind the leg.
    pub own: u32,
    /// From the outcomes of what stands behind it (an app run, or a waypoint's call under `RunId::MAX`) to
    /// those of the call.
    pub behind: BTreeMap<RunId, Vec<u32>>,
    /// Expected attempts at each host, given that the leg is taken.
    attempts: Vec<Probability>,
    /// Whether a retry looks for a host that was not tried yet.
    pub(super) excluding: bool,
    /// Expected attempts of the proxy beyond the first one.
    retries: Probability,
}

/// Numbers of outcomes of an app run.
#[derive(Clone, Debug, Default)]
pub struct RunTable {
    /// The outcomes.
    pub outcomes: Outcomes,
    /// The outcome of an error of its own.
    pub error: u32,
    /// From what its calls did to its outcomes.
    pub(super) codes: Codes,
    /// Probability that each attempt is made, in the order of [`super::flow::AppRun::steps`].
    made: Vec<Probability>,
}

/// The exact solution of a flow.
#[derive(Clone, Debug)]
pub struct Exact {
    /// Per call.
    pub calls: Vec<CallTable>,
    /// Per app run.
    pub runs: Vec<RunTable>,
    /// Where each count stands.
    pub layout: Layout,
    /// Expected counts per request of the class, by slot of the layout.
    pub expected: Vec<Probability>,
}

/// Solves a flow.
#[must_use]
pub fn solve(flow: &Flow) -> Exact {
    let mut exact = Exact {
        calls: vec![CallTable::default(); flow.calls.len()],
        runs: vec![RunTable::default(); flow.runs.len()],
        layout: Layout::new(flow),
        expected: Vec::new(),
    };
    for node in &flow.order {
        match node {
            Node::Call(id) => {
                let table = call::table(&flow.calls[*id as usize], &exact);
                exact.calls[*id as usize] = table;
            }
            Node::Run(id) => {
                let table = run::table(&flow.runs[*id as usize], flow, &exact);
                exact.runs[*id as usize] = table;
            }
        }
    }
    exact.layout.add_outcomes(flow, &exact.calls);
    exact.expected = visits::expected(flow, &exact);
    exact
}

// === impl Outcomes ===

impl Outcomes {
    /// Adds probability to an outcome and returns its number.
    fn add(
        &mut self,
        lane: Option<LaneId>,
        status: u16,
        trace: &Arc<Trace>,
        probability: &Probability,
    ) -> u32 {
        let key = (lane, status, Arc::clone(trace));
        if let Some(known) = self.index.get(&key) {
            self.list[*known as usize].probability += probability;
            return *known;
        }
        let number = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.index.insert(key, number);
        let trace = Arc::clone(trace);
        self.list.push(Outcome { lane, status, trace, probability: probability.clone() });
        number
    }

    /// Returns the probability of each status.
    #[must_use]
    pub fn statuses(&self) -> BTreeMap<u16, Probability> {
        let mut statuses = BTreeMap::new();
        for outcome in &self.list {
            *statuses.entry(outcome.status).or_insert_with(zero) += &outcome.probability;
        }
        statuses
    }
}

#[cfg(test)]
mod tests;
