//! A host of a cluster: its number and what is known about its health.

/// Number of a host within its [`HostSet`](super::HostSet), from 0.
///
/// A host keeps its number as long as it is a member; one that comes back is a new host with a new
/// number, as in Envoy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(pub u32);

/// What discovery or an active check says about a host (E-62); ejection is counted apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// Gets traffic.
    #[default]
    Healthy,
    /// Gets traffic that the healthy hosts have no capacity for.
    Degraded,
    /// Gets traffic in panic only.
    Unhealthy,
    /// As unhealthy, and not counted when the health of its priority is measured.
    Excluded,
}

/// What the proxy keeps per host, shared by its workers.
#[derive(Clone, Copy, Debug)]
pub(super) struct HostState {
    /// Load-balancing weight, at least 1.
    pub weight: u32,
    /// Requests attached to a connection (E-81).
    pub active: u32,
    /// Priority, below [`PRIORITIES`](super::host_set::PRIORITIES).
    pub priority: u32,
    /// From discovery.
    pub health: Health,
    /// From outlier detection.
    pub ejected: bool,
    /// Whether discovery still lists it.
    pub member: bool,
    /// When the workers first saw it healthy: the start of its ramp (E-92).
    pub healthy_since: Option<crate::units::Nanos>,
}

// === impl HostId ===

impl HostId {
    /// Returns the number as an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

// === impl HostState ===

impl HostState {
    /// The health that counts: ejection makes every host unhealthy.
    pub(super) fn effective(&self) -> Health {
        match self.health {
            Health::Excluded => Health::Excluded,
            _ if self.ejected => Health::Unhealthy,
            health => health,
        }
    }
}
