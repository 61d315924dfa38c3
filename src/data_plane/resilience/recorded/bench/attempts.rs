//! The way of an attempt: host, connection, outcome, retry.

use rand::Rng;

use super::super::super::super::balance::{HostId, Pick};
use super::super::super::*;
use super::{Attempt, Bench, CONNECT, Event, Row};
use crate::units::Nanos;

impl Bench<'_> {
    pub(super) fn attempt(&mut self, request: usize) {
        let tried = &self.requests[request].tried;
        let pick = match self.policy.filter(|_| !tried.is_empty()) {
            Some(policy) => Pick::retry(policy, None, tried),
            None => Pick::first(None),
        };
        let random = &mut self.random;
        let host = self.balancer.choose(&self.set, self.now, pick, &mut || random.next_u64());
        let Some(host) = host else {
            return self.end(request, Outcome::Failure(Failure::NoHost), None, None);
        };
        self.requests[request].current = Some(self.attempts.len());
        self.requests[request].tried.push(host);
        let stream = StreamId(self.attempts.len() as u64);
        self.attempts.push(Attempt { request, host, connection: None });
        self.pools[host.index()].request(stream, &mut self.breaker, &mut self.out);
        self.follow(host.0);
    }

    /// Acts on what a pool said.
    pub(super) fn follow(&mut self, host: u32) {
        for event in std::mem::take(&mut self.out) {
            match event {
                PoolEvent::Connect(connection) => {
                    self.schedule(self.after(CONNECT), Event::Connected(host, connection));
                }
                PoolEvent::Attached(stream, connection) => self.attached(stream, connection),
                PoolEvent::Failed(stream, failure) => {
                    self.attempt_ended(
                        usize::try_from(stream.0).unwrap(),
                        Outcome::Failure(failure),
                    );
                }
                PoolEvent::Closed(_) => {}
            }
        }
    }

    fn attached(&mut self, stream: StreamId, connection: ConnectionId) {
        let attempt = usize::try_from(stream.0).unwrap();
        let Attempt { host, request, .. } = self.attempts[attempt];
        self.attempts[attempt].connection = Some(connection);
        self.set.begin_request(host);
        if let Some(detector) = &mut self.detector {
            detector.on_connected(host);
        }
        if let Some(retries) = &mut self.requests[request].retries {
            retries.mark_sent();
        }
        if let Some(at) = self.timeouts.attempt_deadline(self.now) {
            self.schedule(at, Event::AttemptDeadline(attempt));
        }
        self.upstream.push((self.now, host.0));
        let uniform = (self.random.next_u64() >> 11) as f64 / 2_f64.powi(53);
        let status = self.hosts[host.index()].status(Nanos(self.now.0 - self.age.0), uniform);
        let uniform = (self.random.next_u64() >> 11) as f64 / 2_f64.powi(53);
        let service = self.hosts[host.index()].service(uniform);
        self.schedule(self.after(service), Event::Answered(attempt, status));
    }

    pub(super) fn answered(&mut self, attempt: usize, status: u16) {
        let Attempt { host, connection, .. } = self.attempts[attempt];
        let Some(connection) = connection else { return };
        self.attempts[attempt].connection = None;
        self.set.end_request(host);
        let pool = &mut self.pools[host.index()];
        pool.finished(connection, self.now, &mut self.breaker, &mut self.out);
        self.attempt_ended(attempt, Outcome::Answer(Answer::http(status)));
        self.follow(host.0);
    }

    pub(super) fn give_up(&mut self, attempt: usize, failure: Failure) {
        let Attempt { host, connection, .. } = self.attempts[attempt];
        self.attempts[attempt].connection = None;
        let pool = &mut self.pools[host.index()];
        if let Some(connection) = connection {
            self.set.end_request(host);
            pool.reset(connection, self.now, &mut self.breaker, &mut self.out);
        } else {
            pool.cancel(StreamId(attempt as u64), &mut self.breaker);
        }
        self.attempt_ended(attempt, Outcome::Failure(failure));
        self.follow(host.0);
    }

    fn attempt_ended(&mut self, attempt: usize, outcome: Outcome) {
        let Attempt { host, request, .. } = self.attempts[attempt];
        let random = &mut self.random;
        let mut random = || random.next_u64();
        if let Some(detector) = &mut self.detector
            && detector.on_outcome(self.now, host, outcome, &mut random).is_some()
        {
            self.set.set_ejected(host, true, self.now);
        }
        let verdict = match (&self.rules, &mut self.requests[request].retries) {
            (Some(rules), Some(state)) => {
                state.decide(rules, outcome, &mut self.breaker, &mut random)
            }
            _ => RetryVerdict::No,
        };
        self.requests[request].current = None;
        if let RetryVerdict::After(wait) = verdict {
            self.schedule(self.after(wait), Event::Attempt(request));
        } else {
            // Envoy names no host for a request that found no place to wait.
            let waited = outcome != Outcome::Failure(Failure::Overflow);
            self.end(request, outcome, waited.then_some(host), verdict.flag());
        }
        self.schedule_delivery();
    }

    pub(super) fn end(
        &mut self,
        request: usize,
        outcome: Outcome,
        host: Option<HostId>,
        flag: Option<ResponseFlag>,
    ) {
        let (status, own) = match outcome {
            Outcome::Answer(answer) => (answer.status, None),
            Outcome::Failure(failure) => (failure.status(), Some(failure.flag())),
        };
        let request = &mut self.requests[request];
        if let Some(retries) = &mut request.retries {
            retries.finish(&mut self.breaker);
        }
        let attempts = u32::try_from(request.tried.len()).unwrap();
        let duration = Nanos(self.now.0 - request.started.0);
        let (flag, host) = (flag.or(own).map(ResponseFlag::short), host.map(|host| host.0));
        request.row = Some(Row { status, flag, host, attempts, duration });
    }
}
