//! A rollout: weights change step by step, and go back if what is measured passes its limit.
//!
//! # Model
//! A check looks at the answers of a window back from now, kept in [`PARTS`] parts; the oldest part is as old as
//! the window at most. A window without answers passes. Failed rounds of checks are counted over the whole
//! rollout, or in a row.

use super::records::Event;
use super::setup::{CheckPlan, RolloutPlan, Setup};
use super::world::World;
use crate::scenario::time::Metric;
use crate::stats::LatencyHistogram;
use crate::units::Nanos;

/// Parts of a window.
const PARTS: usize = 32;

/// A rollout under way.
#[derive(Debug, Default)]
pub(super) struct Rollout {
    /// Those of the clients' answers.
    clients: Vec<usize>,
    /// By station, the meters that see its answers.
    stations: Vec<Vec<usize>>,
    meters: Vec<Meter>,
    failures: u32,
    /// The step that is held; `None` before and after.
    step: Option<u32>,
    pub(super) rows: Vec<RolloutRow>,
}

/// Answers of a window.
#[derive(Debug)]
struct Meter {
    /// Length of a part.
    part: Nanos,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, Default)]
struct Part {
    number: u64,
    failed: u64,
    latency: LatencyHistogram,
}

/// Something that a rollout did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RolloutRow {
    /// Number of the run, from 0.
    pub run: u64,
    /// When.
    pub at: Nanos,
    /// What.
    pub act: RolloutAct,
}

/// What a rollout does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RolloutAct {
    /// It holds a step (its index) from now on.
    Holds(usize),
    /// A round of checks failed.
    Failed,
    /// It went back.
    Aborted,
    /// It is complete.
    Promoted,
}

// === impl Rollout ===

impl Rollout {
    /// Prepares the measurements.
    pub(super) fn new(setup: &Setup, stations: usize) -> Self {
        let mut rollout = Self::default();
        let Some(plan) = &setup.rollout else { return rollout };
        rollout.stations = vec![Vec::new(); stations];
        for (index, check) in plan.checks.iter().enumerate() {
            rollout.meters.push(Meter::new(check.window));
            if check.stations.is_empty() {
                rollout.clients.push(index);
            }
            for station in &check.stations {
                rollout.stations[*station as usize].push(index);
            }
        }
        rollout
    }

    /// Notes an answer that a client got.
    pub(super) fn client(&mut self, now: Nanos, status: u16, latency: Nanos) {
        for meter in &self.clients {
            self.meters[*meter].add(now, status, latency);
        }
    }

    /// Notes an answer of a pod.
    pub(super) fn pod(&mut self, now: Nanos, station: u32, status: u16, latency: Nanos) {
        for meter in self.stations.get(station as usize).into_iter().flatten() {
            self.meters[*meter].add(now, status, latency);
        }
    }

    fn passes(&self, now: Nanos, checks: &[CheckPlan]) -> bool {
        let mut pairs = checks.iter().zip(&self.meters);
        pairs.all(|(check, meter)| meter.passes(now, check.metric))
    }
}

// === impl Meter ===

impl Meter {
    fn new(window: Nanos) -> Self {
        let part = Nanos((window.0 / PARTS as u64).max(1));
        Self { part, parts: vec![Part::default(); PARTS] }
    }

    fn add(&mut self, now: Nanos, status: u16, latency: Nanos) {
        let number = now.0 / self.part.0;
        let index = usize::try_from(number % PARTS as u64).unwrap_or(0);
        let part = &mut self.parts[index];
        if part.number != number {
            part.number = number;
            part.failed = 0;
            part.latency.clear();
        }
        part.failed += u64::from(status >= 500);
        part.latency.record(latency);
    }

    fn passes(&self, now: Nanos, metric: Metric) -> bool {
        let present = now.0 / self.part.0;
        let recent = |part: &&Part| part.number + PARTS as u64 > present;
        let parts = self.parts.iter().filter(recent);
        match metric {
            Metric::ErrorRate(limit) => {
                let failed: u64 = parts.clone().map(|part| part.failed).sum();
                let all: u64 = parts.map(|part| part.latency.count()).sum();
                // failed / all <= limit, in integers.
                u128::from(failed) * u128::from(limit.denominator())
                    <= u128::from(all) * u128::from(limit.numerator())
            }
            Metric::Latency(share, limit) => {
                let mut latency = LatencyHistogram::new();
                parts.for_each(|part| latency.merge(&part.latency));
                latency.quantile(share.as_f64()).is_none_or(|found| found <= limit)
            }
        }
    }
}

// === impl World ===

impl World<'_> {
    /// Holds a step, or ends the rollout behind the last one.
    pub(super) fn rollout_step(&mut self, number: u32) {
        let setup = self.setup;
        let Some(plan) = &setup.rollout else { return };
        // After an abort the ends of pauses mean nothing.
        if number > 0 && self.rollout.step != Some(number - 1) {
            return;
        }
        let Some(step) = plan.steps.get(number as usize) else {
            self.rollout.step = None;
            self.note(RolloutAct::Promoted);
            return self.set_state(plan.promoted);
        };
        self.rollout.step = Some(number);
        self.note(RolloutAct::Holds(number as usize));
        self.set_state(step.state);
        if let Some(pause) = step.pause {
            self.after(pause, Event::RolloutStep(number + 1));
        }
        if step.checked && plan.check_every.0 > 0 {
            self.after(plan.check_every, Event::RolloutCheck(number));
        }
    }

    /// Makes the checks of a step.
    pub(super) fn rollout_check(&mut self, number: u32) {
        let setup = self.setup;
        let Some(plan) = setup.rollout.as_ref().filter(|_| self.rollout.step == Some(number))
        else {
            return;
        };
        if self.rollout.passes(self.now, &plan.checks) {
            if plan.consecutive {
                self.rollout.failures = 0;
            }
        } else {
            self.rollout.failures += 1;
            self.note(RolloutAct::Failed);
            if self.rollout.failures >= plan.failure_limit.max(1) {
                return self.abort(plan);
            }
        }
        self.after(plan.check_every, Event::RolloutCheck(number));
    }

    fn abort(&mut self, plan: &RolloutPlan) {
        self.rollout.step = None;
        self.note(RolloutAct::Aborted);
        self.set_state(plan.stable);
    }

    fn note(&mut self, act: RolloutAct) {
        self.rollout.rows.push(RolloutRow { run: 0, at: self.now, act });
    }
}
