//! The model of the timed engine as a loop written by hand: the bare loop, with answers that go back through every
//! proxy, time limits, limits of requests, failures in a row, and the tallies of a report.
//!
//! What never happens here is left out: retries, ejections, requests that are given up. So are connections.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::bare::Random;
use crate::tally::Tally;

const HOPS: usize = 3;
const WORKERS: u32 = 8;

/// Nanoseconds until an attempt and a request are given up, and of an interval of the series.
const ATTEMPT: u64 = 30_000_000_000;
const REQUEST: u64 = 60_000_000_000;
const INTERVAL: u64 = 1_000_000_000;

/// Requests under way that a proxy lets through.
const MOST: u32 = 100_000;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrive,
    /// Station, request.
    Served(usize, u32),
    /// Which time limits.
    Deadline(usize),
    Interval,
}

/// A proxy with the pod behind it.
#[derive(Default)]
struct Station {
    busy: u32,
    waiting: VecDeque<u32>,
    /// Integrals of busy workers and of the queue, and since when they have not changed.
    work: u128,
    queue: u128,
    since: u64,
    waited: u128,
    served: u64,
    visits: u64,
    under_way: u32,
    failures_in_a_row: u32,
    tally: Tally,
}

/// A request under way.
#[derive(Clone, Copy, Default)]
struct Request {
    /// Counts the uses of the record.
    number: u32,
    /// Hops that wait for an answer.
    depth: usize,
    /// When it came to each proxy, and to each pod.
    started: [u64; HOPS],
}

/// All of it.
struct Row {
    now: u64,
    heap: BinaryHeap<Reverse<(u64, u64, Event)>>,
    pushed: u64,
    random: Random,
    gap: f64,
    service: f64,
    stations: [Station; HOPS],
    requests: Vec<Request>,
    free: Vec<u32>,
    /// Per hop and limit, in order: when, which request, which use of it.
    deadlines: [VecDeque<(u64, u32, u32)>; 2 * HOPS],
    armed: [bool; 2 * HOPS],
    /// Of all answers, of those of each lane (there is one), and of the present interval.
    clients: Tally,
    lanes: Vec<Tally>,
    present: Tally,
    arrived: u64,
    /// Arrivals, answers and quantiles of each interval.
    series: Vec<(u64, u64, [usize; 2])>,
}

// === impl Station ===

impl Station {
    fn settle(&mut self, now: u64) {
        let time = u128::from(now - self.since);
        self.work += u128::from(self.busy) * time;
        self.queue += self.waiting.len() as u128 * time;
        self.since = now;
    }
}

// === impl Row ===

impl Row {
    fn push(&mut self, at: u64, event: Event) {
        self.pushed += 1;
        self.heap.push(Reverse((at, self.pushed, event)));
    }

    fn arrive(&mut self) {
        let gap = self.random.exponential(self.gap);
        self.push(self.now + gap, Event::Arrive);
        let request = self.free.pop().unwrap_or_else(|| {
            self.requests.push(Request::default());
            u32::try_from(self.requests.len() - 1).expect("few are under way")
        });
        self.requests[request as usize].number += 1;
        self.arrived += 1;
        self.call(0, request);
    }

    /// A proxy sends a request to its pod.
    fn call(&mut self, hop: usize, request: u32) {
        let now = self.now;
        self.stations[hop].visits += 1;
        if self.stations[hop].under_way >= MOST {
            return self.answer(request, 503);
        }
        let known = &mut self.requests[request as usize];
        known.depth = hop + 1;
        known.started[hop] = now;
        let number = known.number;
        for (limit, time) in [ATTEMPT, REQUEST].into_iter().enumerate() {
            self.limit(2 * hop + limit, now + time, request, number);
        }
        let station = &mut self.stations[hop];
        station.under_way += 1;
        station.settle(now);
        if station.busy < WORKERS {
            station.busy += 1;
            self.serve(hop, request);
        } else {
            station.waiting.push_back(request);
        }
    }

    fn serve(&mut self, hop: usize, request: u32) {
        let started = self.requests[request as usize].started[hop];
        self.stations[hop].waited += u128::from(self.now - started);
        let time = self.random.exponential(self.service);
        self.push(self.now + time, Event::Served(hop, request));
    }

    fn served(&mut self, hop: usize, request: u32) {
        let now = self.now;
        let station = &mut self.stations[hop];
        station.settle(now);
        station.served += 1;
        match station.waiting.pop_front() {
            Some(next) => self.serve(hop, next),
            None => station.busy -= 1,
        }
        if hop + 1 < HOPS {
            self.call(hop + 1, request);
        } else {
            self.answer(request, 200);
        }
    }

    /// An answer goes back through all proxies.
    fn answer(&mut self, request: u32, status: u16) {
        let known = self.requests[request as usize];
        for hop in (0..known.depth).rev() {
            let station = &mut self.stations[hop];
            station.under_way -= 1;
            let failures = station.failures_in_a_row + 1;
            station.failures_in_a_row = if status >= 500 { failures } else { 0 };
            station.tally.add(self.now - known.started[hop], status);
        }
        let latency = self.now - known.started[0];
        self.clients.add(latency, status);
        self.lanes[0].add(latency, status);
        self.present.add(latency, status);
        self.requests[request as usize].depth = 0;
        self.free.push(request);
    }

    /// Notes a time limit; those of requests that are over go when there is no room.
    fn limit(&mut self, index: usize, at: u64, request: u32, number: u32) {
        let queue = &self.deadlines[index];
        if queue.len() == queue.capacity() {
            self.forget(index);
        }
        self.deadlines[index].push_back((at, request, number));
        if !std::mem::replace(&mut self.armed[index], true) {
            self.push(at, Event::Deadline(index));
        }
    }

    fn forget(&mut self, index: usize) {
        while let Some((_, request, number)) = self.deadlines[index].front() {
            let known = &self.requests[*request as usize];
            if known.number == *number && known.depth > index / 2 {
                return;
            }
            self.deadlines[index].pop_front();
        }
    }

    fn deadline(&mut self, index: usize) {
        self.forget(index);
        let Some((at, ..)) = self.deadlines[index].front().copied() else {
            self.armed[index] = false;
            return;
        };
        assert!(at > self.now, "no request of this model takes so long");
        self.push(at, Event::Deadline(index));
    }
}

/// Runs so many requests; returns the sum of their times.
pub(crate) fn run(seed: u64, requests: u64, rate: u64, service: u64) -> u128 {
    let mut row = Row {
        now: 0,
        heap: BinaryHeap::new(),
        pushed: 0,
        random: Random(seed),
        gap: 1e9 / rate as f64,
        service: service as f64,
        stations: Default::default(),
        requests: Vec::new(),
        free: Vec::new(),
        deadlines: Default::default(),
        armed: Default::default(),
        clients: Tally::default(),
        lanes: vec![Tally::default()],
        present: Tally::default(),
        arrived: 0,
        series: Vec::new(),
    };
    row.push(0, Event::Arrive);
    row.push(INTERVAL, Event::Interval);
    while row.clients.count < requests {
        let Some(Reverse((now, _, event))) = row.heap.pop() else { break };
        row.now = now;
        match event {
            Event::Arrive => row.arrive(),
            Event::Served(hop, request) => row.served(hop, request),
            Event::Deadline(index) => row.deadline(index),
            Event::Interval => {
                let (arrived, answered) = (std::mem::take(&mut row.arrived), row.present.count);
                row.series.push((arrived, answered, row.present.take_quantiles()));
                row.push(now + INTERVAL, Event::Interval);
            }
        }
    }
    row.clients.sum
}
