//! The way of an attempt: host, connection, outcome, retry.

use super::deadlines::Limit;
use super::records::{Event, Stage};
use super::slab::NONE;
use super::traces::TraceId;
use super::world::World;
use crate::data_plane::balance::{HostId, Pick};
use crate::data_plane::resilience::{
    Answer, ConnectionId, Failure, Outcome, RetryVerdict, StreamId,
};
use crate::units::Nanos;

// === impl World ===

impl World<'_> {
    /// Chooses a host for the next attempt of a call and asks its pool for a connection.
    pub(super) fn attempt(&mut self, slot: u32) {
        let plan = self.plan;
        let call = &mut self.calls[slot];
        call.attempts += 1;
        let known = &plan.calls[call.plan as usize];
        let hash = plan.hosts[call.hosts as usize].hash;
        let upstream = &mut self.upstreams[call.upstream as usize];
        let pick = match known.retry.filter(|_| !call.tried.is_empty()) {
            Some(retry) => Pick::retry(&plan.retries[retry as usize].policy, hash, &call.tried),
            None => Pick::first(hash),
        };
        if call.attempt > 0 {
            self.tally.add(known.retries, call.counted);
        }
        let (random, numbers) = (&mut call.random, &mut self.numbers);
        let balancer = &mut upstream.balancers[call.worker as usize];
        let host = balancer.choose(&upstream.set, self.now, pick, &mut || random.next(numbers));
        call.stage = Stage::Pending;
        call.connection = None;
        call.attempt_started = self.now;
        let Some(host) = host else {
            call.host = NOBODY;
            self.attempt_ended(slot, Outcome::Failure(Failure::NoHost), 0);
            return;
        };
        call.host = host;
        call.tried.push(host);
        let (number, worker) = (call.upstream, call.worker);
        let pool = upstream.pool(host, worker).unwrap_or_else(|| self.make_pool(slot));
        self.calls[slot].pool = pool;
        let connections = &mut self.pools[pool as usize].connections;
        let breaker = &mut self.upstreams[number as usize].breaker;
        match connections.request(StreamId(u64::from(slot)), breaker, &mut self.out) {
            Some(connection) => self.attached(slot, connection),
            None => self.follow(pool),
        }
    }

    /// The back-off of a call is over, unless the call was, or was used again.
    pub(super) fn attempt_again(&mut self, slot: u32) {
        let call = &self.calls[slot];
        if call.stage == Stage::BackOff && call.wakes == self.now {
            self.attempt(slot);
        }
    }

    /// An attempt is on a connection: it reaches its pod after the delay of the network.
    #[inline]
    pub(super) fn attached(&mut self, slot: u32, connection: ConnectionId) {
        let plan = self.plan;
        let reference = self.reference(slot);
        let call = &mut self.calls[slot];
        call.connection = Some(connection);
        call.stage = Stage::Attached;
        if let Some(retries) = &mut call.retries {
            retries.mark_sent();
        }
        let upstream = &mut self.upstreams[call.upstream as usize];
        upstream.set.begin_request(call.host);
        if let Some(detector) = &mut upstream.detector {
            detector.on_connected(call.host);
        }
        let endpoint = upstream.endpoints.get(call.host.index()).copied().unwrap_or(NONE);
        let hosts = &plan.hosts[call.hosts as usize];
        let deadline = plan.calls[call.plan as usize].timeouts.attempt_deadline(self.now);
        let (request, counted, attempt) = (call.request, call.counted, call.attempt);
        if let Some(at) = deadline {
            self.set_deadline(Limit::Attempt, self.calls[slot].plan, at, reference);
        }
        self.tally.attempt_at(hosts.service, counted);
        self.tally.upstream_request(self.now, plan.endpoints.get(endpoint as usize).copied());
        let Some((run, counter)) = hosts.entry(endpoint) else { return };
        self.tally.add(counter, counted);
        let station = plan.endpoints.get(endpoint as usize).copied().unwrap_or(0);
        let place = super::app::RunPlace { plan: run, station, delay: hosts.delay, attempt };
        let run = self.start_run(&place, reference, request, counted);
        if hosts.delay.0 == 0 {
            self.reach(run);
        } else {
            self.after_always(hosts.delay, Event::Reach(run));
        }
    }

    /// An answer is back at the proxy, which may have given up waiting.
    pub(super) fn answer(&mut self, run: u32) {
        let known = &self.runs[run];
        let (status, trace, plan, station) = (known.status, known.trace, known.plan, known.station);
        let parent = known.parent;
        self.runs.give(run);
        if !self.is_at(parent, Stage::Attached) {
            return;
        }
        let slot = parent.slot();
        let call = &mut self.calls[slot];
        let upstream = &mut self.upstreams[call.upstream as usize];
        upstream.set.end_request(call.host);
        let pool = call.pool;
        let elapsed = Nanos(self.now.0 - call.attempt_started.0);
        let hop = self.plan.runs[plan as usize].hop;
        self.tally.hop(hop, elapsed, status, call.counted);
        self.rollout.pod(self.now, station, status, elapsed);
        let (connection, upstream) = (call.connection.take(), call.upstream);
        let outcome = Outcome::Answer(Answer::http(status));
        // Judged when its head is there: the request still counts as under way (E-105).
        let again = self.attempt_ended(slot, outcome, trace);
        if let Some(connection) = connection {
            let breaker = &mut self.upstreams[upstream as usize].breaker;
            let connections = &mut self.pools[pool as usize].connections;
            if again {
                // Nobody reads the rest of the answer, and HTTP/1 cannot pass over it.
                connections.reset(connection, self.now, breaker, &mut self.out);
            } else {
                connections.finished(connection, self.now, breaker, &mut self.out);
            }
        }
        self.follow(pool);
    }

    /// Gives up an attempt; its pod does not notice.
    pub(super) fn give_up(&mut self, slot: u32, failure: Failure) {
        let call = &mut self.calls[slot];
        let pool = call.pool;
        let upstream = &mut self.upstreams[call.upstream as usize];
        let connections = &mut self.pools[pool as usize].connections;
        if let Some(connection) = call.connection.take() {
            upstream.set.end_request(call.host);
            connections.reset(connection, self.now, &mut upstream.breaker, &mut self.out);
        } else {
            connections.cancel(StreamId(u64::from(slot)), &mut upstream.breaker);
        }
        self.attempt_ended(slot, Outcome::Failure(failure), 0);
        self.follow(pool);
    }

    /// Judges the end of an attempt: outlier detection first, then the retry policy; tells whether another one
    /// follows.
    #[inline]
    pub(super) fn attempt_ended(&mut self, slot: u32, outcome: Outcome, trace: TraceId) -> bool {
        let call = &mut self.calls[slot];
        let (mut branch, root, numbers) =
            (call.random.branch(), &mut call.random, &mut self.numbers);
        let mut random = || branch.next(root, numbers);
        let (number, host) = (call.upstream, call.host);
        let upstream = &mut self.upstreams[number as usize];
        let mut ejects = false;
        if let Some(detector) = &mut upstream.detector {
            ejects = detector.on_outcome(self.now, host, outcome, &mut random).is_some();
        }
        let retry = self.plan.calls[call.plan as usize].retry;
        let verdict = match (retry, &mut call.retries) {
            (Some(retry), Some(state)) => {
                let rules = &self.plan.retries[retry as usize].rules;
                state.decide(rules, outcome, &mut upstream.breaker, &mut random)
            }
            _ => RetryVerdict::No,
        };
        if let Outcome::Failure(failure @ (Failure::Overflow | Failure::PendingOverflow)) = outcome
        {
            upstream.overflows[0].add(self.now);
            if failure == Failure::PendingOverflow {
                call.host = NOBODY;
            }
        }
        if verdict == RetryVerdict::Overflow {
            upstream.overflows[1].add(self.now);
        }
        let again = matches!(verdict, RetryVerdict::After(_));
        if let RetryVerdict::After(wait) = verdict {
            call.stage = Stage::BackOff;
            call.attempt = call.attempt.saturating_add(1);
            call.number = call.number.wrapping_add(1);
            call.wakes = Nanos(self.now.0.saturating_add(wait.0));
            self.after(wait, Event::Attempt(slot));
        } else {
            let (status, flag, trace) = match outcome {
                Outcome::Answer(answer) => (answer.status, None, trace),
                Outcome::Failure(failure) => {
                    let status = failure.status();
                    (status, Some(failure.flag()), self.traces.answered(status))
                }
            };
            call.cause = flag.filter(|_| verdict.flag().is_some());
            self.finish(slot, status, verdict.flag().or(flag), trace);
        }
        if ejects {
            self.eject(number, host);
        }
        again
    }

    /// Asks the copies of a call where they go (E-160).
    pub(super) fn mirror(&mut self, slot: u32) {
        let call = &self.calls[slot];
        let (request, counted, proxy) = (call.request, call.counted, call.proxy);
        let known = &self.plan.calls[call.plan as usize];
        let copies = self.plan.legs[call.leg as usize].copies.clone();
        for copy in copies {
            let copy = &self.plan.copies[copy as usize];
            // E-02: the number of the split decides.
            if copy.fraction.numerator < copy.fraction.denominator
                && !copy.fraction.draws(self.numbers.get(known.route, request))
            {
                continue;
            }
            self.tally.add(copy.made, counted);
            let Some(plan) = copy.call else { continue };
            let call = self.new_call(plan, request, counted);
            self.start_call(call, proxy);
        }
    }
}

/// The host of a request that has none.
const NOBODY: HostId = HostId(NONE);
