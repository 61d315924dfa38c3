//! Requests that suffer from what the timeline does.
//!
//! # Model
//! Around each event lie two windows of equal length: at most a minute, and not beyond the events next to it,
//! the warm-up and the end. The 99th percentile of the latencies in the window before is the measure: of the
//! window after, those requests are hurt that failed, or took longer. Even an event that does nothing hurts
//! about 1 % in this sense, and as many as failed before; both are reported beside.

use super::setup::Setup;
use crate::stats::LatencyHistogram;
use crate::units::Nanos;

/// The longest window.
const WINDOW: Nanos = Nanos(60 * Nanos::SECOND.0);

/// What is counted around the events of a timeline.
#[derive(Debug, Default)]
pub(super) struct Marks {
    list: Vec<Watch>,
    /// Those whose windows are open.
    open: Vec<usize>,
}

/// What is counted around one event.
#[derive(Debug, Default)]
struct Watch {
    at: Nanos,
    window: Nanos,
    before: LatencyHistogram,
    failed_before: u64,
    happened: bool,
    limit: Option<Nanos>,
    after: Hurt,
}

/// Requests in the window after an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hurt {
    /// Length of the windows before and after, summed over replications.
    pub window: Nanos,
    /// Answers in the window before.
    pub requests_before: u64,
    /// Failures among them.
    pub failed_before: u64,
    /// Answers in the window after.
    pub requests: u64,
    /// Failures among them.
    pub failed: u64,
    /// Answers that are no failures but took longer than 99 % of those before.
    pub slow: u64,
}

// === impl Marks ===

impl Marks {
    /// Prepares the windows; `end` is 0 if it is not known.
    pub(super) fn new(setup: &Setup, end: Nanos) -> Self {
        let times: Vec<Nanos> = setup.marks.iter().map(|mark| mark.at).collect();
        let list = times.iter().map(|&at| {
            let earlier = times.iter().filter(|other| **other < at).max().copied();
            let later = times.iter().filter(|other| **other > at).min().copied();
            let begin = earlier.unwrap_or(Nanos(0)).max(setup.warm_up).min(at);
            let end = later.or(Some(end).filter(|end| end.0 > 0)).unwrap_or(Nanos(u64::MAX));
            let window = (at.0 - begin.0).min(end.0.saturating_sub(at.0)).min(WINDOW.0);
            Watch { at, window: Nanos(window), ..Watch::default() }
        });
        Self { list: list.collect(), open: Vec::new() }
    }

    /// Returns the three moments of each window: it opens, the event, it closes.
    pub(super) fn moments(&self) -> impl Iterator<Item = [Nanos; 3]> + '_ {
        self.list.iter().map(|watch| {
            let (at, window) = (watch.at.0, watch.window.0);
            [Nanos(at - window), Nanos(at), Nanos(at.saturating_add(window))]
        })
    }

    /// Goes on to a moment, numbered through all marks.
    pub(super) fn advance(&mut self, moment: u32) {
        let mark = moment as usize / 3;
        let watch = &mut self.list[mark];
        match moment % 3 {
            0 => self.open.push(mark),
            1 => {
                watch.happened = true;
                watch.limit = watch.before.quantile(0.99);
            }
            _ => self.open.retain(|open| *open != mark),
        }
    }

    /// Counts an answer.
    pub(super) fn end(&mut self, latency: Nanos, failed: bool) {
        for index in &self.open {
            let watch = &mut self.list[*index];
            if watch.happened {
                watch.after.requests += 1;
                watch.after.failed += u64::from(failed);
                let slow = !failed && watch.limit.is_some_and(|limit| latency > limit);
                watch.after.slow += u64::from(slow);
            } else {
                watch.before.record(latency);
                watch.failed_before += u64::from(failed);
            }
        }
    }

    /// Returns what was counted, mark by mark.
    pub(super) fn hurt(&self) -> impl Iterator<Item = Hurt> + '_ {
        self.list.iter().map(|watch| Hurt {
            window: watch.window,
            requests_before: watch.before.count(),
            failed_before: watch.failed_before,
            ..watch.after
        })
    }
}

// === impl Hurt ===

impl Hurt {
    /// Adds those of another run.
    pub(super) fn merge(&mut self, other: &Self) {
        self.window.0 = self.window.0.saturating_add(other.window.0);
        self.requests_before += other.requests_before;
        self.failed_before += other.failed_before;
        self.requests += other.requests;
        self.failed += other.failed;
        self.slow += other.slow;
    }
}
