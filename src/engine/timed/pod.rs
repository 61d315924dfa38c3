//! A pod: workers, a queue in order of arrival, and how busy it was.

use super::service::Distribution;
use super::setup::Station;
use super::slab::NONE;
use crate::units::{Nanos, Share};

/// The state of a station.
#[derive(Debug)]
pub(super) struct Pod {
    service: Distribution,
    /// Whether service times need no random number.
    pub(super) constant: bool,
    pub(super) workers: u32,
    pub(super) limit: u32,
    pub(super) errors: Option<(u64, u64)>,
    /// Factor on service times.
    pub(super) slowdown: (u64, u64),
    pub(super) busy: u32,
    pub(super) queued: u32,
    /// First and last run in the queue.
    pub(super) front: u32,
    pub(super) back: u32,
    /// Whether it still exists.
    pub(super) alive: bool,
    pub(super) load: Load,
    /// Busy time of all workers in each whole interval; empty without a limit of workers.
    pub(super) intervals: Vec<Nanos>,
    /// Busy time of the present interval that `load` does not hold, or holds already.
    carried: i128,
}

/// What a station did since statistics began.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Load {
    /// Integrals of busy workers and of the queue, in nanoseconds.
    pub(super) busy: u128,
    pub(super) queued: u128,
    pub(super) longest_queue: u32,
    pub(super) served: u64,
    /// Time from arrival to the beginning of service, summed over the requests that began.
    pub(super) waited: u128,
    pub(super) begun: u64,
    /// Requests that found no place in the queue.
    pub(super) refused: u64,
    /// Since when the numbers have not changed.
    pub(super) since: Nanos,
}

// === impl Pod ===

impl Pod {
    /// Starts a station without requests.
    pub(super) fn new(station: &Station) -> Self {
        Self {
            constant: station.service.variance() <= 0.0,
            service: station.service.clone(),
            workers: station.workers.unwrap_or(u32::MAX),
            limit: station.queue.unwrap_or(u32::MAX),
            errors: station.errors.map(parts),
            slowdown: parts(station.slowdown),
            busy: 0,
            queued: 0,
            front: NONE,
            back: NONE,
            alive: true,
            load: Load::default(),
            intervals: Vec::new(),
            carried: 0,
        }
    }

    /// Adds up the time since the last change.
    pub(super) fn settle(&mut self, now: Nanos) {
        let time = u128::from(now.0 - self.load.since.0);
        self.load.busy += u128::from(self.busy) * time;
        self.load.queued += u128::from(self.queued) * time;
        self.load.since = now;
    }

    /// Ends an interval of the series.
    pub(super) fn end_interval(&mut self, now: Nanos) {
        if self.workers == u32::MAX {
            return;
        }
        self.settle(now);
        let all = i128::try_from(self.load.busy).unwrap_or(i128::MAX);
        let busy = u64::try_from(all.saturating_add(self.carried)).unwrap_or(0);
        self.intervals.push(Nanos(busy));
        self.carried = -all;
    }

    /// Forgets what was counted, but for the series.
    pub(super) fn restart(&mut self, now: Nanos) {
        self.settle(now);
        self.carried += i128::try_from(self.load.busy).unwrap_or(i128::MAX);
        self.load = Load { since: now, longest_queue: self.queued, ..Load::default() };
    }

    /// Changes the distribution of service times.
    pub(super) fn set_service(&mut self, service: Distribution) {
        self.constant = service.variance() <= 0.0;
        self.service = service;
    }

    /// The time that a worker spends on a request.
    pub(super) fn service_time(&self, word: u64) -> Nanos {
        let time = self.service.sample(word);
        let (times, by) = self.slowdown;
        if times == by {
            return time;
        }
        let slowed = u128::from(time.0) * u128::from(times) / u128::from(by.max(1));
        Nanos(u64::try_from(slowed).unwrap_or(u64::MAX))
    }
}

pub(super) fn parts(share: Share) -> (u64, u64) {
    (share.numerator(), share.denominator())
}
