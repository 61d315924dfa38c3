//! Ejects hosts that keep failing (E-130 to E-142).
//!
//! Fed with the outcome of every attempt, asked at every interval; what it ejects or takes back is to be
//! told to the hosts of the cluster. One detector per cluster and proxy: proxies judge alone.
//!
//! # Model
//! A host is ejected when failures follow each other without a success, for `base × n`, where n grows
//! with each ejection and shrinks with each healthy interval; it comes back at the first interval after
//! that. Success-rate and failure-percentage ejections are left out: Istio sends enforcement 0 for the
//! first and Envoy's default is 0 for the second (E-139, E-140).

use super::super::balance::HostId;
use super::outcome::{Failure, Outcome};
use crate::units::Nanos;

mod settings;

pub use settings::OutlierSettings;

/// What was counted when a host was ejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detection {
    /// Consecutive 5xx, or the statuses listed instead.
    ServerErrors,
    /// Consecutive 502, 503, 504.
    GatewayFailures,
    /// Consecutive failures on the way to the host, where these count apart.
    LocalOriginFailures,
}

/// How often hosts were found failing, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DetectionCounts {
    /// Counters that reached their limit.
    pub detected: u64,
    /// Of these, ejections.
    pub ejected: u64,
    /// Of these, without ejection because too many hosts were out (E-134).
    pub overflowed: u64,
    /// Of these, without ejection because of the enforcing percentage (E-135).
    pub not_enforced: u64,
}

/// The state for one cluster in one proxy.
#[derive(Clone, Debug)]
pub struct OutlierDetector {
    settings: OutlierSettings,
    monitors: Vec<Monitor>,
    members: u32,
    ejected: u32,
    counts: DetectionCounts,
    next_tick: Nanos,
}

/// The state for one host.
#[derive(Clone, Copy, Debug, Default)]
struct Monitor {
    member: bool,
    /// Since when and for how long it is out.
    ejected: Option<(Nanos, Nanos)>,
    returned: Option<Nanos>,
    /// n of the next ejection time, minus 1.
    multiplier: u64,
    /// Consecutive failures by [`Detection`].
    consecutive: [u32; 3],
}

// === impl OutlierDetector ===

impl OutlierDetector {
    /// Builds the detector of a cluster that starts at `now` without hosts.
    #[must_use]
    pub fn new(settings: OutlierSettings, now: Nanos) -> Self {
        Self {
            settings,
            monitors: Vec::new(),
            members: 0,
            ejected: 0,
            counts: DetectionCounts::default(),
            next_tick: Nanos(now.0.saturating_add(settings.interval.0)),
        }
    }

    /// Starts to watch a host.
    pub fn add(&mut self, host: HostId) {
        if self.monitors.len() <= host.index() {
            self.monitors.resize(host.index().saturating_add(1), Monitor::default());
        }
        let monitor = &mut self.monitors[host.index()];
        if !monitor.member {
            *monitor = Monitor { member: true, ..Monitor::default() };
            self.members = self.members.saturating_add(1);
        }
    }

    /// Stops to watch a host that left the cluster.
    pub fn remove(&mut self, host: HostId) {
        let Some(monitor) = self.monitors.get_mut(host.index()).filter(|m| m.member) else {
            return;
        };
        let was_ejected = monitor.ejected.is_some();
        *monitor = Monitor::default();
        self.members = self.members.saturating_sub(1);
        self.ejected = self.ejected.saturating_sub(u32::from(was_ejected));
    }

    /// Notes that an attempt was attached to a connection to a host: it can be reached (E-131).
    pub fn on_connected(&mut self, host: HostId) {
        if let Some(monitor) = self.monitors.get_mut(host.index()) {
            monitor.consecutive[Detection::LocalOriginFailures as usize] = 0;
        }
    }

    /// Notes the end of an attempt; if it ejects the host, returns why.
    pub fn on_outcome(
        &mut self,
        now: Nanos,
        host: HostId,
        outcome: Outcome,
        random: &mut impl FnMut() -> u64,
    ) -> Option<Detection> {
        match outcome {
            Outcome::Answer(answer) => {
                let status = self.settings.judged_status(answer.effective_status());
                self.on_status(now, host, status, random)
            }
            // Limits of the proxy say nothing about the host.
            Outcome::Failure(Failure::Overflow | Failure::PendingOverflow | Failure::NoHost) => {
                None
            }
            Outcome::Failure(_) if self.settings.split_local_origin => {
                self.count(now, host, Detection::LocalOriginFailures, random)
            }
            Outcome::Failure(Failure::PerTryTimeout | Failure::RouteTimeout) => {
                self.on_status(now, host, 504, random)
            }
            Outcome::Failure(_) => self.on_status(now, host, 503, random),
        }
    }

    /// Returns when [`OutlierDetector::tick`] is to be called next.
    #[must_use]
    pub const fn next_tick(&self) -> Nanos {
        self.next_tick
    }

    /// Ends an interval: adds the hosts that come back to `returned` (E-137, E-139).
    pub fn tick(&mut self, now: Nanos, returned: &mut Vec<HostId>) {
        for (host, monitor) in (0..).map(HostId).zip(&mut self.monitors) {
            if let Some((since, duration)) = monitor.ejected {
                if now.0.saturating_sub(since.0) >= duration.0 {
                    // The other counters may be close to their limits: they start again too.
                    *monitor = Monitor {
                        member: true,
                        returned: Some(now),
                        multiplier: monitor.multiplier,
                        ..Monitor::default()
                    };
                    self.ejected = self.ejected.saturating_sub(1);
                    returned.push(host);
                }
            } else if monitor
                .returned
                .is_some_and(|since| now.0.saturating_sub(since.0) >= self.settings.interval.0)
            {
                monitor.multiplier = monitor.multiplier.saturating_sub(1);
            }
        }
        self.next_tick = Nanos(now.0.saturating_add(self.settings.interval.0));
    }

    /// Tells whether a host is ejected.
    #[must_use]
    pub fn is_ejected(&self, host: HostId) -> bool {
        self.monitors.get(host.index()).is_some_and(|monitor| monitor.ejected.is_some())
    }

    /// Returns how long a host is ejected at least: that ends at the first interval afterwards.
    #[must_use]
    pub fn ejection_time(&self, host: HostId) -> Option<Nanos> {
        self.monitors.get(host.index())?.ejected.map(|(_, duration)| duration)
    }

    /// Returns how many hosts are ejected.
    #[must_use]
    pub const fn ejected(&self) -> u32 {
        self.ejected
    }

    /// Returns what was found so far.
    #[must_use]
    pub const fn counts(&self) -> DetectionCounts {
        self.counts
    }

    /// E-132: gateway failures count in both counters, other 5xx end a row of gateway failures.
    fn on_status(
        &mut self,
        now: Nanos,
        host: HostId,
        status: u16,
        random: &mut impl FnMut() -> u64,
    ) -> Option<Detection> {
        let mut ejection = None;
        if (502..=504).contains(&status) {
            ejection = self.count(now, host, Detection::GatewayFailures, random);
        } else {
            self.reset(host, Detection::GatewayFailures);
        }
        if (500..=599).contains(&status) {
            let other = self.count(now, host, Detection::ServerErrors, random);
            return ejection.or(other);
        }
        self.reset(host, Detection::ServerErrors);
        ejection
    }

    fn reset(&mut self, host: HostId, detection: Detection) {
        if let Some(monitor) = self.monitors.get_mut(host.index()) {
            monitor.consecutive[detection as usize] = 0;
        }
    }

    /// Counts a failure; the counter fires when it equals its limit and starts again, whatever comes of
    /// it (E-133).
    fn count(
        &mut self,
        now: Nanos,
        host: HostId,
        detection: Detection,
        random: &mut impl FnMut() -> u64,
    ) -> Option<Detection> {
        let monitor = self.monitors.get_mut(host.index()).filter(|monitor| monitor.member)?;
        let counter = &mut monitor.consecutive[detection as usize];
        *counter = counter.saturating_add(1);
        if *counter != self.settings.limits[detection as usize] || monitor.ejected.is_some() {
            return None;
        }
        *counter = 0;
        self.counts.detected += 1;
        if !self.settings.allows_ejection(self.ejected, self.members) {
            self.counts.overflowed += 1;
            return None;
        }
        if !self.settings.enforces(detection, random) {
            self.counts.not_enforced += 1;
            return None;
        }
        monitor.multiplier = self.settings.raised(monitor.multiplier);
        let duration = self.settings.ejection_time(monitor.multiplier, random);
        monitor.ejected = Some((now, duration));
        self.ejected = self.ejected.saturating_add(1);
        self.counts.ejected += 1;
        Some(detection)
    }
}

#[cfg(test)]
mod tests;
