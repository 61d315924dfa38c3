//! How the outcomes of several runs add up.

use super::{
    BreakerRow, EjectionRow, GraphOutcome, GroupOutcome, Outcome, PodOutcome, SeriesOutcome,
};
use crate::engine::timed::rollout::RolloutRow;
use crate::units::Nanos;

// === impl Outcome ===

impl Outcome {
    /// Adds a further run of the same setup.
    pub fn merge(&mut self, other: Self) {
        let run = self.replications;
        self.replications += other.replications;
        self.time.0 = self.time.0.saturating_add(other.time.0);
        self.events += other.events;
        self.classes.iter_mut().zip(&other.classes).for_each(|(a, b)| a.merge(b));
        self.lanes.iter_mut().zip(&other.lanes).for_each(|(a, b)| a.merge(b));
        for (own, more) in self.hops.iter_mut().zip(&other.hops) {
            own.failed += more.failed;
            own.latency.merge(&more.latency);
        }
        self.graphs.iter_mut().zip(other.graphs).for_each(|(a, b)| a.merge(b));
        for (key, count) in other.flags {
            *self.flags.entry(key).or_default() += count;
        }
        self.pods.iter_mut().zip(&other.pods).for_each(|(a, b)| a.merge(b));
        for (own, more) in self.services.iter_mut().zip(&other.services) {
            own.requests += more.requests;
            own.attempts += more.attempts;
        }
        let ejections = other.ejections.into_iter();
        self.ejections.extend(ejections.map(|row| EjectionRow { run: run + row.run, ..row }));
        let breakers = other.breakers.into_iter();
        self.breakers.extend(breakers.map(|row| BreakerRow { run: run + row.run, ..row }));
        let rows = other.rollout.into_iter();
        self.rollout.extend(rows.map(|row| RolloutRow { run: run + row.run, ..row }));
        self.series.merge(&other.series);
        self.hurt.iter_mut().zip(&other.hurt).for_each(|(a, b)| a.2.merge(&b.2));
        self.runs.extend(other.runs);
        self.records.extend(other.records);
        self.upstream_requests.extend(other.upstream_requests);
    }
}

// === impl GroupOutcome ===

impl GroupOutcome {
    fn merge(&mut self, other: &Self) {
        self.failed += other.failed;
        self.latency.merge(&other.latency);
    }
}

// === impl GraphOutcome ===

impl GraphOutcome {
    fn merge(&mut self, other: Self) {
        self.slots.iter_mut().zip(other.slots).for_each(|(a, b)| *a += b);
        self.classes.iter_mut().zip(other.classes).for_each(|(a, b)| *a += b);
        for (key, count) in other.ends {
            *self.ends.entry(key).or_default() += count;
        }
    }
}

// === impl PodOutcome ===

impl PodOutcome {
    fn merge(&mut self, other: &Self) {
        self.busy += other.busy;
        self.queued += other.queued;
        self.longest_queue = self.longest_queue.max(other.longest_queue);
        self.served += other.served;
        self.refused += other.refused;
        self.begun += other.begun;
        self.waited += other.waited;
        let longest = self.intervals.len().max(other.intervals.len());
        self.intervals.resize(longest, Nanos(0));
        for (own, more) in self.intervals.iter_mut().zip(&other.intervals) {
            own.0 = own.0.saturating_add(more.0);
        }
    }
}

// === impl SeriesOutcome ===

impl SeriesOutcome {
    fn merge(&mut self, other: &Self) {
        let pairs = [
            (&mut self.arrivals, &other.arrivals),
            (&mut self.answers, &other.answers),
            (&mut self.failures, &other.failures),
            (&mut self.fallbacks, &other.fallbacks),
        ];
        for (own, more) in pairs.into_iter().chain(self.lanes.iter_mut().zip(&other.lanes)) {
            // Runs of one setup have one interval.
            let _same = own.merge(more);
        }
        if other.quantiles.len() > self.quantiles.len() {
            self.quantiles.resize(other.quantiles.len(), (Nanos(0), Nanos(0), 0));
        }
        for (own, more) in self.quantiles.iter_mut().zip(&other.quantiles) {
            own.0.0 = own.0.0.saturating_add(more.0.0);
            own.1.0 = own.1.0.saturating_add(more.1.0);
            own.2 += more.2;
        }
    }
}
