//! The hosts of one priority as the workers see them: a snapshot, refilled at each delivery (E-95).

use super::host::{Health, HostId, HostState};
use super::priority::{HealthClass, PriorityCounts};

/// The hosts of one priority, in listed order (E-63).
#[derive(Clone, Debug, Default)]
pub struct PriorityView {
    generation: u64,
    hosts: ByHealth,
    localities: Vec<LocalityView>,
}

/// The hosts of one locality of a priority, in listed order.
#[derive(Clone, Debug, Default)]
pub struct LocalityView {
    weight: u32,
    hosts: ByHealth,
}

#[derive(Clone, Debug, Default)]
struct ByHealth {
    all: Vec<HostId>,
    healthy: Vec<HostId>,
    degraded: Vec<HostId>,
    excluded: u32,
}

/// The members of one locality, as discovery lists them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Members {
    pub weight: u32,
    pub hosts: Vec<HostId>,
}

// === impl PriorityView ===

impl PriorityView {
    /// Returns how often the view was delivered; balancers compare it with what they have seen.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns the hosts of a class; `None` is all of them, the list used in panic.
    #[must_use]
    pub fn hosts(&self, class: Option<HealthClass>) -> &[HostId] {
        self.hosts.of(class)
    }

    /// Returns the localities in listed order.
    #[must_use]
    pub fn localities(&self) -> &[LocalityView] {
        &self.localities
    }

    /// Counts the hosts.
    #[must_use]
    pub fn counts(&self) -> PriorityCounts {
        self.hosts.counts()
    }

    /// Takes over the present state of the members.
    pub(super) fn refill(&mut self, members: &[Members], states: &[HostState]) {
        self.generation = self.generation.saturating_add(1);
        self.hosts.clear();
        self.localities.resize_with(members.len(), LocalityView::default);
        for (locality, members) in self.localities.iter_mut().zip(members) {
            locality.weight = members.weight;
            locality.hosts.clear();
            for &host in &members.hosts {
                let Some(state) = states.get(host.index()) else { continue };
                locality.hosts.push(host, state.effective());
                self.hosts.push(host, state.effective());
            }
        }
    }
}

// === impl LocalityView ===

impl LocalityView {
    /// Returns the weight of the locality.
    #[must_use]
    pub const fn weight(&self) -> u32 {
        self.weight
    }

    /// Returns the hosts of a class; `None` is all of them.
    #[must_use]
    pub fn hosts(&self, class: Option<HealthClass>) -> &[HostId] {
        self.hosts.of(class)
    }

    /// Counts the hosts.
    #[must_use]
    pub fn counts(&self) -> PriorityCounts {
        self.hosts.counts()
    }
}

// === impl ByHealth ===

impl ByHealth {
    fn clear(&mut self) {
        self.all.clear();
        self.healthy.clear();
        self.degraded.clear();
        self.excluded = 0;
    }

    fn push(&mut self, host: HostId, health: Health) {
        self.all.push(host);
        match health {
            Health::Healthy => self.healthy.push(host),
            Health::Degraded => self.degraded.push(host),
            Health::Unhealthy => {}
            Health::Excluded => self.excluded = self.excluded.saturating_add(1),
        }
    }

    fn of(&self, class: Option<HealthClass>) -> &[HostId] {
        match class {
            None => &self.all,
            Some(HealthClass::Healthy) => &self.healthy,
            Some(HealthClass::Degraded) => &self.degraded,
        }
    }

    fn counts(&self) -> PriorityCounts {
        let number = |hosts: &[HostId]| u32::try_from(hosts.len()).unwrap_or(u32::MAX);
        PriorityCounts {
            total: number(&self.all),
            healthy: number(&self.healthy),
            degraded: number(&self.degraded),
            excluded: self.excluded,
        }
    }
}
