//! Where each count of a flow stands in one flat array: the same for expectations and for tallies.

use super::CallTable;
use crate::engine::flow::{Action, Call, Flow, Hosts, Leg, Target};

/// The slots of a flow.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// Per call.
    pub calls: Vec<CallSlots>,
    /// Per app run.
    pub runs: Vec<RunSlots>,
    /// Per class: the slot of its first outcome.
    pub outcomes: Vec<u32>,
    /// Number of slots.
    pub len: usize,
}

/// The slots of a call.
#[derive(Clone, Debug, Default)]
pub struct CallSlots {
    /// How often the call was made.
    pub visits: u32,
    /// How often a fault delayed it.
    pub delays: u32,
    /// How often a fault answered it.
    pub aborts: u32,
    /// How often the proxy tried again.
    pub retries: u32,
    /// Per leg.
    pub legs: Vec<LegSlots>,
}

/// The slots of a leg.
#[derive(Clone, Debug, Default)]
pub struct LegSlots {
    /// How often it was taken.
    pub taken: u32,
    /// The slot of its first host; attempts, retries among them.
    pub hosts: u32,
    /// How often the fallback took over because no endpoint was healthy; 0 without time.
    pub alternative: u32,
    /// The slot of the first host of that fallback.
    pub alternative_hosts: u32,
    /// Per copy.
    pub copies: Vec<CopySlots>,
}

/// The slots of a mirror.
#[derive(Clone, Copy, Debug, Default)]
pub struct CopySlots {
    /// How often a copy was made.
    pub made: u32,
    /// The slot of its first host.
    pub hosts: u32,
}

/// The slots of an app run.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunSlots {
    /// How often the app failed by itself.
    pub errors: u32,
}

// === impl Layout ===

impl Layout {
    /// Numbers everything but the outcomes, which are not known yet and come last.
    #[must_use]
    pub fn new(flow: &Flow) -> Self {
        let mut layout = Self::default();
        layout.calls = flow.calls.iter().map(|call| layout.call(call)).collect();
        layout.runs = flow.runs.iter().map(|_| RunSlots { errors: layout.take(1) }).collect();
        layout
    }

    /// Numbers the outcomes of the entry calls.
    pub(super) fn add_outcomes(&mut self, flow: &Flow, tables: &[CallTable]) {
        for root in &flow.roots {
            let outcomes = tables[*root as usize].outcomes.list.len();
            let first = self.take(outcomes);
            self.outcomes.push(first);
        }
    }

    fn call(&mut self, call: &Call) -> CallSlots {
        let mut slots = CallSlots {
            visits: self.take(1),
            delays: self.take(1),
            aborts: self.take(1),
            retries: self.take(1),
            legs: Vec::new(),
        };
        if let Action::Forward(legs) = &call.action {
            slots.legs = legs.iter().map(|leg| self.leg(leg)).collect();
        }
        slots
    }

    fn leg(&mut self, leg: &Leg) -> LegSlots {
        let count = |hosts: &Hosts| hosts.list.len() + hosts.standby.len();
        let hosts = if let Target::Hosts(hosts) = &leg.target { count(hosts) } else { 0 };
        LegSlots {
            taken: self.take(1),
            hosts: self.take(hosts),
            alternative: self.take(usize::from(leg.alternative.is_some())),
            alternative_hosts: self.take(leg.alternative.as_ref().map_or(0, |a| count(&a.hosts))),
            copies: leg
                .copies
                .iter()
                .map(|copy| CopySlots {
                    made: self.take(1),
                    hosts: self.take(copy.hosts.as_ref().map_or(0, count)),
                })
                .collect(),
        }
    }

    fn take(&mut self, count: usize) -> u32 {
        let first = u32::try_from(self.len).unwrap_or(u32::MAX);
        self.len += count;
        first
    }
}
