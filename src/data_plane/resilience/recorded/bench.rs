//! A proxy with one worker in front of recorded hosts: the smallest engine that uses every part of load
//! balancing and resilience together.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rand::{Rng, SeedableRng};

use super::super::super::balance::{
    BalancerSettings, DEFAULT_MERGE_WINDOW, HostId, HostSet, LoadBalancer,
};
use super::super::super::cluster::{Cluster, OutlierDetection};
use super::super::super::policy::RetryPolicy;
use super::super::super::version::EnvoyVersion;
use super::super::*;
use super::recording::{Host, Route};
use crate::units::Nanos;

mod attempts;

/// What became of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub status: u16,
    pub flag: Option<&'static str>,
    pub host: Option<u32>,
    pub attempts: u32,
    pub duration: Nanos,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Tick,
    Deliver,
    Arrive(usize),
    Connected(u32, ConnectionId),
    Answered(usize, u16),
    AttemptDeadline(usize),
    RequestDeadline(usize),
    Attempt(usize),
}

struct Request {
    started: Nanos,
    retries: Option<RetryState>,
    tried: Vec<HostId>,
    current: Option<usize>,
    row: Option<Row>,
}

struct Attempt {
    request: usize,
    host: HostId,
    connection: Option<ConnectionId>,
}

pub(super) struct Bench<'a> {
    hosts: &'a [Host],
    set: HostSet,
    balancer: LoadBalancer,
    pools: Vec<ConnectionPool>,
    breaker: CircuitBreaker,
    detector: Option<OutlierDetector>,
    policy: Option<&'a RetryPolicy>,
    rules: Option<RetryRules>,
    timeouts: Timeouts,
    age: Nanos,
    queue: BinaryHeap<Reverse<(Nanos, u64, Event)>>,
    scheduled: u64,
    now: Nanos,
    random: rand_chacha::ChaCha8Rng,
    requests: Vec<Request>,
    attempts: Vec<Attempt>,
    out: Vec<PoolEvent>,
    /// When each request reached a host.
    pub upstream: Vec<(Nanos, u32)>,
}

/// Connections are local.
const CONNECT: Nanos = Nanos(100_000);

impl<'a> Bench<'a> {
    /// Starts the cluster `age` before the first request.
    pub(super) fn new(
        cluster: &Cluster,
        hosts: &'a [Host],
        route: &'a Route,
        age: Nanos,
        seed: u64,
    ) -> Self {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let settings = BalancerSettings::of_cluster(cluster, EnvoyVersion::NEWEST);
        let set = HostSet::new(&cluster.groups, Nanos(0), DEFAULT_MERGE_WINDOW);
        let pool = PoolSettings::new(&cluster.limits, Protocol::Http1, EnvoyVersion::NEWEST);
        let watch = |detection: &OutlierDetection| {
            let settings = OutlierSettings::new(detection, EnvoyVersion::NEWEST);
            let mut detector = OutlierDetector::new(settings, Nanos(0));
            set.members().for_each(|host| detector.add(host));
            detector
        };
        Self {
            hosts,
            balancer: LoadBalancer::new(settings, random.next_u64(), Nanos(0)),
            pools: hosts.iter().map(|_| ConnectionPool::new(pool)).collect(),
            breaker: CircuitBreaker::new(&cluster.limits),
            detector: cluster.outlier.as_ref().map(watch),
            policy: route.retry.as_ref(),
            rules: route.retry.as_ref().and_then(RetryRules::new),
            timeouts: Timeouts::new(
                route.timeout,
                route.retry.as_ref().and_then(|r| r.per_try_timeout),
            ),
            age,
            queue: BinaryHeap::new(),
            scheduled: 0,
            now: Nanos(0),
            random,
            requests: Vec::new(),
            attempts: Vec::new(),
            out: Vec::new(),
            upstream: Vec::new(),
            set,
        }
    }

    /// Runs requests that arrive at these times.
    pub(super) fn run(&mut self, arrivals: &[Nanos]) -> Vec<Row> {
        for (index, at) in arrivals.iter().enumerate() {
            let (tried, retries) = (Vec::new(), self.rules.as_ref().map(RetryState::new));
            self.requests.push(Request { started: *at, retries, tried, current: None, row: None });
            self.schedule(*at, Event::Arrive(index));
        }
        if let Some(detector) = &self.detector {
            let first = detector.next_tick();
            self.schedule(first, Event::Tick);
        }
        while self.requests.iter().any(|request| request.row.is_none()) {
            // Looking at all requests for each event would be slow: a batch between two looks.
            for _ in 0..2_000 {
                let Some(Reverse((now, _, event))) = self.queue.pop() else { break };
                self.now = now;
                self.handle(event);
            }
        }
        self.requests.iter().filter_map(|request| request.row).collect()
    }

    fn schedule(&mut self, at: Nanos, event: Event) {
        self.scheduled += 1;
        self.queue.push(Reverse((at, self.scheduled, event)));
    }

    fn after(&self, time: Nanos) -> Nanos {
        Nanos(self.now.0 + time.0)
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Tick => self.tick(),
            Event::Deliver => {
                self.set.deliver(self.now);
            }
            Event::Arrive(request) => {
                if let Some(at) = self.timeouts.request_deadline(self.now) {
                    self.schedule(at, Event::RequestDeadline(request));
                }
                self.attempt(request);
            }
            Event::Attempt(request) if self.requests[request].row.is_none() => {
                self.attempt(request);
            }
            Event::Connected(host, connection) => {
                let pool = &mut self.pools[host as usize];
                pool.connected(connection, self.now, &mut self.breaker, &mut self.out);
                self.follow(host);
            }
            Event::Answered(attempt, status) => self.answered(attempt, status),
            Event::AttemptDeadline(attempt) if self.is_current(attempt) => {
                self.give_up(attempt, Failure::PerTryTimeout);
            }
            Event::RequestDeadline(request) if self.requests[request].row.is_none() => {
                if let Some(attempt) = self.requests[request].current {
                    self.give_up(attempt, Failure::RouteTimeout);
                } else {
                    let last = self.requests[request].tried.last().copied();
                    self.end(request, Outcome::Failure(Failure::RouteTimeout), last, None);
                }
            }
            _ => {}
        }
    }

    fn is_current(&self, attempt: usize) -> bool {
        self.requests[self.attempts[attempt].request].current == Some(attempt)
    }

    fn tick(&mut self) {
        let Some(detector) = &mut self.detector else { return };
        let mut returned = Vec::new();
        detector.tick(self.now, &mut returned);
        let next = detector.next_tick();
        for host in returned {
            self.set.set_ejected(host, false, self.now);
        }
        self.schedule(next, Event::Tick);
        self.schedule_delivery();
    }

    fn schedule_delivery(&mut self) {
        if let Some(at) = self.set.next_delivery() {
            self.schedule(at, Event::Deliver);
        }
    }
}
