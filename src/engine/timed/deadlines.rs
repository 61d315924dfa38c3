//! Time limits of requests and attempts.
//!
//! All requests of one call of the plan have the same limit, so their deadlines come in the order in which they
//! begin: a queue each, and one event for its front. Most requests end in time; they leave the queue without an
//! event of their own, when its front is due or there is no room left.

use std::collections::VecDeque;

use super::records::{CallRef, Event, Stage};
use super::slab::id;
use super::world::World;
use crate::data_plane::resilience::Failure;
use crate::units::Nanos;

/// The deadlines of one kind at one call of the plan, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Deadlines {
    queue: VecDeque<(Nanos, CallRef)>,
    /// Whether an event is scheduled.
    armed: bool,
}

/// What a deadline is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// A request with all its attempts (E-116).
    Request,
    /// An attempt (E-115).
    Attempt,
}

// === impl Limit ===

impl Limit {
    fn of(index: u32) -> Self {
        if index.is_multiple_of(2) { Self::Request } else { Self::Attempt }
    }

    fn index(self, plan: u32) -> u32 {
        plan * 2 + u32::from(self == Self::Attempt)
    }
}

// === impl World ===

impl World<'_> {
    /// Notes when a request or an attempt is given up.
    #[inline]
    pub(super) fn set_deadline(&mut self, limit: Limit, plan: u32, at: Nanos, call: CallRef) {
        let index = limit.index(plan);
        let known = &mut self.deadlines[index as usize];
        if known.armed && known.queue.len() < known.queue.capacity() {
            known.queue.push_back((at, call));
        } else {
            self.make_room(limit, index, (at, call));
        }
    }

    #[cold]
    fn make_room(&mut self, limit: Limit, index: u32, last: (Nanos, CallRef)) {
        self.forget_ended(limit, index);
        let known = &mut self.deadlines[index as usize];
        known.queue.push_back(last);
        if !known.armed {
            known.armed = true;
            self.at(last.0, Event::Deadline(index));
        }
    }

    /// Gives up what is out of time.
    pub(super) fn deadline(&mut self, index: u32) {
        let limit = Limit::of(index);
        loop {
            self.forget_ended(limit, index);
            let known = &mut self.deadlines[index as usize];
            let Some((at, call)) = known.queue.front().copied() else {
                known.armed = false;
                return;
            };
            if at > self.now {
                return self.at(at, Event::Deadline(index));
            }
            known.queue.pop_front();
            match limit {
                Limit::Request => self.request_deadline(call),
                Limit::Attempt => self.give_up(call.slot(), Failure::PerTryTimeout),
            }
        }
    }

    fn forget_ended(&mut self, limit: Limit, index: u32) {
        while let Some((_, call)) = self.deadlines[index as usize].queue.front().copied() {
            let known = &self.calls[call.slot()];
            let waits = match limit {
                Limit::Request => known.first == call.number() && known.stage != Stage::Done,
                Limit::Attempt => self.is_at(call, Stage::Attached),
            };
            if waits {
                return;
            }
            self.deadlines[index as usize].queue.pop_front();
        }
    }

    /// The time of a request is over, whichever attempt is under way.
    fn request_deadline(&mut self, reference: CallRef) {
        let slot = reference.slot();
        match self.calls[slot].stage {
            Stage::Attached | Stage::Pending => self.give_up(slot, Failure::RouteTimeout),
            Stage::BackOff | Stage::Through => {
                let failure = Failure::RouteTimeout;
                let trace = self.traces.answered(failure.status());
                self.finish(slot, failure.status(), Some(failure.flag()), trace);
            }
            Stage::Delayed | Stage::Done => {}
        }
    }
}

/// Makes the queues for so many calls of the plan.
pub(super) fn queues(calls: usize) -> Vec<Deadlines> {
    vec![Deadlines::default(); id(calls.saturating_mul(2)) as usize]
}
