//! A request at a proxy: faults, split, fallback, answer.

use super::deadlines::Limit;
use super::numbers::Later;
use super::plan::PlanTarget;
use super::records::{Event, Parent, Stage};
use super::slab::NONE;
use super::traces::{TraceId, Traces};
use super::world::World;
use crate::data_plane::ResponseFlag;
use crate::data_plane::resilience::RetryState;
use crate::engine::flow::Answer;

// === impl World ===

impl World<'_> {
    /// Makes the record of a call that nobody waits for; [`World::start_call`] is to follow.
    #[inline]
    pub(super) fn new_call(&mut self, plan: u32, request: u64, counted: bool) -> u32 {
        let known = &self.plan.calls[plan as usize];
        let slot = self.calls.take();
        let call = &mut self.calls[slot];
        call.number = call.number.wrapping_add(1);
        call.first = call.number;
        call.attempt = 0;
        call.attempts = 0;
        call.stage = Stage::Delayed;
        call.plan = plan;
        call.leg = NONE;
        call.hosts = NONE;
        call.upstream = NONE;
        call.connection = None;
        call.request = request;
        call.parent = Parent::Nobody;
        call.try_number = 0;
        call.retries =
            known.retry.map(|retry| RetryState::new(&self.plan.retries[retry as usize].rules));
        call.tried.clear();
        call.random = Later::new(known.host, request);
        call.counted = counted;
        call.fell_back = false;
        call.lane = None;
        call.cause = None;
        call.started = self.now;
        call.chain = Traces::ROOT;
        call.sibling = NONE;
        slot
    }

    /// Starts a call at the proxy of a station, for `NONE` at one of those that may send it: a fault may delay
    /// it first.
    #[inline]
    pub(super) fn start_call(&mut self, slot: u32, proxy: u32) {
        let call = &mut self.calls[slot];
        let known = &self.plan.calls[call.plan as usize];
        call.proxy = match proxy {
            NONE => {
                let index = call.random.below(known.senders.len(), &mut self.numbers);
                known.senders.get(index).copied().unwrap_or(0)
            }
            proxy => proxy,
        };
        let (request, counted) = (call.request, call.counted);
        self.tally.add(known.visits, counted);
        if let Some((time, chance, slot_of_delay)) = known.delay
            && chance.fraction.draws(self.numbers.get(chance.column, request))
        {
            self.tally.add(slot_of_delay, counted);
            self.after(time, Event::Dispatch(slot));
        } else {
            self.dispatch(slot);
        }
    }

    /// Decides what becomes of a call: a fault's abort, then the split (E-150).
    pub(super) fn dispatch(&mut self, slot: u32) {
        let (request, counted) = (self.calls[slot].request, self.calls[slot].counted);
        let known = &self.plan.calls[self.calls[slot].plan as usize];
        if let Some((chance, answer, aborts)) = known.abort
            && chance.fraction.draws(self.numbers.get(chance.column, request))
        {
            self.tally.add(aborts, counted);
            return self.answer_itself(slot, answer);
        }
        if let Some(answer) = known.answer {
            return self.answer_itself(slot, answer);
        }
        // E-152: the wait of a fault does not count against it.
        if let Some(at) = known.timeouts.request_deadline(self.now) {
            let reference = self.reference(slot);
            self.set_deadline(Limit::Request, self.calls[slot].plan, at, reference);
        }
        let mut leg = known.legs.start;
        if known.legs.len() > 1 {
            // E-50.
            let value = self.numbers.get(known.route, request) % known.total.max(1);
            while self.plan.legs[leg as usize].bound <= value {
                leg += 1;
            }
        }
        self.calls[slot].leg = leg;
        let leg = &self.plan.legs[leg as usize];
        self.calls[slot].lane = leg.lane;
        self.tally.add(leg.taken, counted);
        match leg.target {
            PlanTarget::Answer(answer) => self.answer_itself(slot, answer),
            PlanTarget::Outside(host) => {
                let trace = self.traces.outside(host);
                self.finish(slot, 200, None, trace);
            }
            PlanTarget::Through(next) => {
                self.calls[slot].stage = Stage::Through;
                let reference = self.reference(slot);
                let inner = self.new_call(next, request, counted);
                self.calls[inner].parent = Parent::Proxy(reference);
                self.start_call(inner, NONE);
            }
            PlanTarget::Hosts(hosts) => self.send(slot, hosts),
        }
    }

    /// Sends a call to a cluster, or to its fallback while no host is healthy (asm-lanes 2.5).
    #[inline]
    fn send(&mut self, slot: u32, hosts: u32) {
        let plan = self.plan;
        let (proxy, counted) = (self.calls[slot].proxy, self.calls[slot].counted);
        let leg = &plan.legs[self.calls[slot].leg as usize];
        let mut hosts = hosts;
        let mut upstream = self.upstream(proxy, plan.hosts[hosts as usize].cluster);
        if let Some((other, taken)) = leg.alternative
            && !self.upstreams[upstream as usize].has_healthy_host()
        {
            hosts = other;
            upstream = self.upstream(proxy, plan.hosts[hosts as usize].cluster);
            self.tally.add(taken, counted);
            self.calls[slot].fell_back = true;
        }
        let fell_back = self.calls[slot].fell_back || plan.hosts[hosts as usize].fallback;
        if fell_back {
            self.tally.fallback();
        }
        let workers = self.upstreams[upstream as usize].balancers.len();
        let call = &mut self.calls[slot];
        call.fell_back = fell_back;
        call.hosts = hosts;
        call.upstream = upstream;
        call.worker = if workers > 1 {
            super::slab::id(call.random.below(workers, &mut self.numbers))
        } else {
            0
        };
        self.tally.request_to(plan.hosts[hosts as usize].service, call.try_number, counted);
        self.attempt(slot);
        // E-160: no copies of what found no host.
        if !leg.copies.is_empty() && !self.calls[slot].tried.is_empty() {
            self.mirror(slot);
        }
    }

    fn answer_itself(&mut self, slot: u32, answer: Answer) {
        let trace = self.traces.answered(answer.status);
        self.finish(slot, answer.status, answer.flag, trace);
    }

    /// Ends a call; whoever made it goes on when what happens now is over.
    #[inline]
    pub(super) fn finish(
        &mut self,
        slot: u32,
        status: u16,
        flag: Option<ResponseFlag>,
        trace: TraceId,
    ) {
        let call = &mut self.calls[slot];
        if let Some(retries) = &mut call.retries
            && call.upstream != NONE
        {
            retries.finish(&mut self.upstreams[call.upstream as usize].breaker);
        }
        let by_fallback =
            call.fell_back || (call.leg != NONE && self.plan.legs[call.leg as usize].fallback);
        call.trace = if by_fallback && self.traces.is_served(trace) {
            self.traces.by_fallback(trace)
        } else {
            trace
        };
        call.stage = Stage::Done;
        call.status = status;
        call.flag = flag;
        if let Some(flag) = flag {
            let site = self.plan.calls[call.plan as usize].site;
            self.tally.flag(site, flag, call.counted);
            if let Some(cause) = call.cause {
                self.tally.flag(site, cause, call.counted);
            }
        }
        self.returns(slot);
    }

    /// Gives the answer of a call to whoever made it.
    pub(super) fn return_call(&mut self, slot: u32) {
        let call = &self.calls[slot];
        match call.parent {
            Parent::Nobody => self.calls.give(slot),
            Parent::Client(client) => self.client_answered(slot, client),
            Parent::Run(run, index) => self.run_answered(slot, run, index),
            Parent::Proxy(outer) => {
                let (status, flag, trace, lane) = (call.status, call.flag, call.trace, call.lane);
                self.calls.give(slot);
                if self.is_at(outer, Stage::Through) {
                    let own = &mut self.calls[outer.slot()].lane;
                    *own = own.or(lane);
                    self.finish(outer.slot(), status, flag, trace);
                }
            }
        }
    }
}
