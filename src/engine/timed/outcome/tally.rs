//! The counts of a graph in the shape that replay has.

use std::collections::BTreeMap;

use super::{EndKey, GraphOutcome};
use crate::engine::exact::Exact;
use crate::engine::flow::Flow;
use crate::engine::replay::Tally;

// === impl GraphOutcome ===

impl GraphOutcome {
    /// Returns the counts by slot of the exact solution of the same graph, and those ends of requests that the
    /// solution does not know: queues, limits and times bring about what is impossible without them.
    #[must_use]
    pub fn tally(&self, flow: &Flow, exact: &Exact) -> (Tally, Vec<(EndKey, u64)>) {
        let mut slots = self.slots.clone();
        slots.resize(exact.layout.len, 0);
        let mut known = BTreeMap::new();
        for (class, root) in flow.roots.iter().enumerate() {
            let first = exact.layout.outcomes[class] as usize;
            let outcomes = &exact.calls[*root as usize].outcomes.list;
            for (slot, outcome) in (first..).zip(outcomes) {
                let lane = outcome.lane.and_then(|lane| flow.lanes.get(lane as usize));
                let lane = lane.map(String::as_str);
                known.insert((class, lane, outcome.status, &*outcome.trace), slot);
            }
        }
        let mut others = Vec::new();
        for (end, count) in &self.ends {
            let key = (end.class, end.lane.as_deref(), end.status, &end.trace);
            match known.get(&key) {
                Some(slot) => slots[*slot] += count,
                None => others.push((end.clone(), *count)),
            }
        }
        (Tally { slots, classes: self.classes.clone() }, others)
    }
}
