//! A request at a pod: queue, service, calls to others, answer.

use super::records::{CallRef, Event, Parent};
use super::slab::NONE;
use super::traces::Traces;
use super::world::World;
use crate::topology::{APP_ERROR, FailurePolicy, is_failure};
use crate::units::Nanos;

/// Where a request is served.
pub(super) struct RunPlace {
    pub(super) plan: u32,
    pub(super) station: u32,
    /// One-way delay.
    pub(super) delay: Nanos,
    /// Number of the attempt, to tell draws apart.
    pub(super) attempt: u16,
}

// === impl World ===

impl World<'_> {
    /// Makes the record of a request that is on its way to a pod.
    pub(super) fn start_run(
        &mut self,
        place: &RunPlace,
        parent: CallRef,
        request: u64,
        counted: bool,
    ) -> u32 {
        let label = self.plan.runs[place.plan as usize].label;
        let trace = self.traces.served(label);
        let slot = self.runs.take();
        let run = &mut self.runs[slot];
        run.plan = place.plan;
        run.station = place.station;
        run.parent = parent;
        run.request = request;
        run.attempt = place.attempt;
        run.counted = counted;
        run.failed = false;
        run.delay = place.delay;
        run.trace = trace;
        run.step = 0;
        run.waiting = 0;
        run.finished = NONE;
        run.behind = NONE;
        slot
    }

    /// A request reaches its pod: a worker takes it, or it waits, or there is no place to wait.
    #[inline]
    pub(super) fn reach(&mut self, run: u32) {
        let now = self.now;
        self.runs[run].reached = now;
        let pod = &mut self.pods[self.runs[run].station as usize];
        if pod.busy < pod.workers {
            pod.settle(now);
            pod.busy += 1;
            return self.serve(run);
        }
        if pod.queued >= pod.limit {
            pod.load.refused += 1;
            self.runs[run].failed = true;
            self.note_answer(run, APP_ERROR);
            // Whoever sent it may still be busy with that.
            return self.after_always(self.runs[run].delay, Event::Answer(run));
        }
        pod.settle(now);
        pod.queued += 1;
        pod.load.longest_queue = pod.load.longest_queue.max(pod.queued);
        let last = std::mem::replace(&mut pod.back, run);
        if last == NONE {
            pod.front = run;
        } else {
            self.runs[last].behind = run;
        }
    }

    /// A worker begins with a request.
    #[inline]
    fn serve(&mut self, run: u32) {
        let known = &self.runs[run];
        let plan = &self.plan.runs[known.plan as usize];
        let pod = &self.pods[known.station as usize];
        let (request, attempt) = (known.request, u32::from(known.attempt));
        let (numerator, denominator) = pod.errors.unwrap_or(plan.errors);
        let failed = numerator > 0
            && self.numbers.again(plan.error, request, attempt) % denominator.max(1) < numerator;
        let constant = pod.constant;
        let word =
            if constant { 0 } else { self.numbers.again(plan.service_time, request, attempt) };
        let time = pod.service_time(word);
        let waited = self.now.0 - known.reached.0;
        let pod = &mut self.pods[known.station as usize];
        pod.load.waited += u128::from(waited);
        pod.load.begun += 1;
        self.runs[run].failed = failed;
        if constant {
            self.after_always(time, Event::Served(run));
        } else {
            self.after(time, Event::Served(run));
        }
    }

    /// A worker is done with a request: it takes the next one; calls to others need no worker.
    #[inline]
    pub(super) fn served(&mut self, run: u32) {
        let pod = &mut self.pods[self.runs[run].station as usize];
        pod.settle(self.now);
        pod.load.served += 1;
        let next = pod.front;
        // There may be fewer workers than before.
        if next != NONE && pod.busy <= pod.workers {
            pod.queued -= 1;
            pod.front = std::mem::replace(&mut self.runs[next].behind, NONE);
            if pod.front == NONE {
                pod.back = NONE;
            }
            self.serve(next);
        } else {
            pod.busy -= 1;
        }
        if self.runs[run].failed {
            let failed = self.plan.runs[self.runs[run].plan as usize].failed;
            self.tally.add(failed, self.runs[run].counted);
            return self.respond(run, APP_ERROR);
        }
        self.step(run);
    }

    /// Makes the calls of the next step; without further steps the answer is ready.
    fn step(&mut self, run: u32) {
        let plan = self.plan;
        loop {
            let known = &self.runs[run];
            let own = &plan.runs[known.plan as usize];
            let index = own.steps.start + known.step;
            if index >= own.steps.end {
                return self.respond(run, own.status);
            }
            let (request, counted, station) = (known.request, known.counted, known.station);
            let calls = plan.steps[index as usize].clone();
            let first = calls.start;
            // Held until all calls of the step are made.
            self.runs[run].waiting = 1;
            for call in calls {
                let known = &plan.app_calls[call as usize];
                if let Some((column, numerator, denominator)) = known.made
                    && self.numbers.get(column, request) % denominator >= numerator
                {
                    continue;
                }
                let Some(plan) = known.attempts.first() else { continue };
                self.runs[run].waiting += 1;
                let index = u16::try_from(call - first).unwrap_or(u16::MAX);
                let slot = self.new_call(*plan, request, counted);
                self.calls[slot].parent = Parent::Run(run, index);
                self.start_call(slot, station);
            }
            self.runs[run].waiting -= 1;
            if self.runs[run].waiting > 0 {
                return;
            }
            self.runs[run].step += 1;
        }
    }

    /// A call of an application is over: the application tries again, or waits for the others.
    pub(super) fn run_answered(&mut self, slot: u32, run: u32, index: u16) {
        let plan = self.plan;
        let known = &self.runs[run];
        let step = plan.runs[known.plan as usize].steps.start + known.step;
        let own = &plan.app_calls[plan.steps[step as usize].start as usize + usize::from(index)];
        let call = &self.calls[slot];
        let try_number = call.try_number + 1;
        if let Some(next) = own.attempts.get(try_number as usize)
            && own.retry_on.matches(call.status)
        {
            let (request, counted, proxy) = (call.request, call.counted, call.proxy);
            let chain = self.traces.call(call.chain, own.service, call.trace);
            self.calls.give(slot);
            let slot = self.new_call(*next, request, counted);
            let call = &mut self.calls[slot];
            call.parent = Parent::Run(run, index);
            call.try_number = try_number;
            call.chain = chain;
            return self.start_call(slot, proxy);
        }
        let run_record = &mut self.runs[run];
        let call = &mut self.calls[slot];
        call.sibling = std::mem::replace(&mut run_record.finished, slot);
        run_record.waiting -= 1;
        if run_record.waiting == 0 {
            self.end_step(run);
        }
    }

    /// All calls of a step are over: their traces are noted in listed order, the first failure decides.
    fn end_step(&mut self, run: u32) {
        let plan = self.plan;
        let known = &self.runs[run];
        let step = plan.runs[known.plan as usize].steps.start + known.step;
        let calls = plan.steps[step as usize].clone();
        let mut trace = known.trace;
        let mut finished = known.finished;
        let mut failing = None;
        for (index, call) in (0..).zip(calls) {
            let Some((slot, before)) = self.find(finished, index) else { continue };
            let record = &self.calls[slot];
            let (chain, status, sibling) = (record.chain, record.status, record.sibling);
            let own = &plan.app_calls[call as usize];
            // What came before the last try of the application.
            if chain != Traces::ROOT {
                trace = self.traces.append(trace, chain);
            }
            trace = self.traces.call(trace, own.service, record.trace);
            match own.on_failure {
                FailurePolicy::Answer(answer) if is_failure(status) => {
                    failing = failing.or(Some(answer));
                }
                _ => {}
            }
            match before {
                NONE => finished = sibling,
                before => self.calls[before].sibling = sibling,
            }
            self.calls.give(slot);
        }
        let known = &mut self.runs[run];
        known.trace = trace;
        known.finished = NONE;
        known.step += 1;
        match failing {
            Some(status) => self.respond(run, status),
            None => self.step(run),
        }
    }

    /// Finds the finished call with an index, and the one before it in the list.
    fn find(&self, first: u32, index: u16) -> Option<(u32, u32)> {
        let (mut slot, mut before) = (first, NONE);
        while slot != NONE {
            if matches!(self.calls[slot].parent, Parent::Run(_, own) if own == index) {
                return Some((slot, before));
            }
            before = slot;
            slot = self.calls[slot].sibling;
        }
        None
    }

    #[inline]
    fn note_answer(&mut self, run: u32, status: u16) {
        let known = &mut self.runs[run];
        known.status = status;
        if known.failed || is_failure(status) {
            known.trace = self.traces.error(known.trace, status);
        }
    }

    /// An application answers.
    #[inline]
    fn respond(&mut self, run: u32, status: u16) {
        self.note_answer(run, status);
        match self.runs[run].delay {
            Nanos(0) => self.answer(run),
            delay => self.after_always(delay, Event::Answer(run)),
        }
    }
}
