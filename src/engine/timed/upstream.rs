//! A cluster in one proxy: its hosts, balancers, limits, detector and connections.
//!
//! Made when the proxy first sends something there, as if it had been there from the beginning of its graph:
//! until then nothing happens to it. A graph with other endpoints updates the hosts and keeps what is known of
//! them (EDS); one with other settings makes the cluster anew (CDS).

use super::numbers::Local;
use super::plan::{Plan, PlanCluster};
use super::slab::{NONE, id};
use crate::data_plane::EndpointGroup;
use crate::data_plane::balance::{
    DEFAULT_MERGE_WINDOW, HostId, HostSet, LoadBalancer, MembershipChange,
};
use crate::data_plane::resilience::{CircuitBreaker, ConnectionPool, OutlierDetector};
use crate::units::Nanos;

/// A cluster in one proxy.
#[derive(Debug)]
pub(super) struct Upstream {
    pub(super) proxy: u32,
    pub(super) cluster: u32,
    pub(super) set: HostSet,
    pub(super) balancers: Vec<LoadBalancer>,
    pub(super) breaker: CircuitBreaker,
    pub(super) detector: Option<OutlierDetector>,
    /// Pool by host and worker; `NONE` if it has none yet.
    pools: Vec<u32>,
    /// Endpoint of each host.
    pub(super) endpoints: Vec<u32>,
    /// Chance that stays: the order in which ejected hosts come back.
    pub(super) order: u64,
    /// When a delivery is scheduled.
    pub(super) delivery: Option<Nanos>,
    /// Ejections that have not ended: host and number among the recorded ones.
    pub(super) ejected: Vec<(HostId, u32)>,
    /// Requests and retries that the breaker refused.
    pub(super) overflows: [Overflow; 2],
}

/// How often a breaker refused something.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Overflow {
    pub(super) count: u64,
    pub(super) first: Nanos,
    pub(super) last: Nanos,
}

/// The connections of one worker to one host.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) upstream: u32,
    pub(super) station: u32,
    pub(super) connections: ConnectionPool,
    /// Time to open a connection.
    pub(super) connect: Nanos,
    /// Whether a look at old connections is scheduled.
    pub(super) expiry: bool,
}

// === impl Upstream ===

impl Upstream {
    /// Makes a cluster as it stands at `since`.
    pub(super) fn new(
        plan: &Plan,
        proxy: u32,
        cluster: u32,
        workers: u32,
        since: Nanos,
        mut seed: Local,
    ) -> Self {
        let known = &plan.clusters[cluster as usize];
        let set = HostSet::new(&known.cluster.groups, since, DEFAULT_MERGE_WINDOW);
        let detector = known.outlier.map(|settings| {
            let mut detector = OutlierDetector::new(settings, since);
            set.members().for_each(|host| detector.add(host));
            detector
        });
        let balancer = |_| LoadBalancer::new(known.balancer, seed.next(), since);
        let mut upstream = Self {
            proxy,
            cluster,
            balancers: (0..workers.max(1)).map(balancer).collect(),
            breaker: CircuitBreaker::new(&known.cluster.limits),
            detector,
            pools: Vec::new(),
            endpoints: Vec::new(),
            order: seed.next(),
            delivery: None,
            ejected: Vec::new(),
            overflows: [Overflow::default(); 2],
            set,
        };
        upstream.note_endpoints();
        upstream
    }

    /// Takes over new endpoints.
    pub(super) fn assign(&mut self, groups: &[EndpointGroup], now: Nanos) -> MembershipChange {
        let change = self.set.assign(groups, now);
        if let Some(detector) = &mut self.detector {
            change.removed.iter().for_each(|host| detector.remove(*host));
            change.added.iter().for_each(|host| detector.add(*host));
        }
        self.note_endpoints();
        change
    }

    fn note_endpoints(&mut self) {
        for host in (id(self.endpoints.len())..).map(HostId) {
            let Some(endpoint) = self.set.endpoint(host) else { break };
            self.endpoints.push(endpoint.instance.unwrap_or(NONE));
        }
    }

    /// Tells whether the workers see a healthy host.
    pub(super) fn has_healthy_host(&self) -> bool {
        self.set.views().any(|view| view.counts().healthy > 0)
    }

    /// Returns the pool of a worker for a host, if there is one.
    #[inline]
    pub(super) fn pool(&self, host: HostId, worker: u32) -> Option<u32> {
        let pool = self.pools.get(host.index() * self.balancers.len() + worker as usize);
        pool.copied().filter(|pool| *pool != NONE)
    }

    /// Returns the pools of all workers for a host.
    pub(super) fn pools_of(&self, host: HostId) -> Vec<u32> {
        let workers = 0..id(self.balancers.len());
        workers.filter_map(|worker| self.pool(host, worker)).collect()
    }

    /// Takes in the pool of a worker for a host.
    pub(super) fn add_pool(&mut self, host: HostId, worker: u32, pool: u32) {
        let index = host.index() * self.balancers.len() + worker as usize;
        if self.pools.len() <= index {
            self.pools.resize(index + 1, NONE);
        }
        self.pools[index] = pool;
    }
}

// === impl Overflow ===

impl Overflow {
    /// Counts one.
    pub(super) fn add(&mut self, now: Nanos) {
        if self.count == 0 {
            self.first = now;
        }
        self.last = now;
        self.count += 1;
    }
}

// === impl PlanCluster ===

impl PlanCluster {
    /// Tells whether a cluster of another graph differs in its endpoints at most.
    pub(super) fn has_settings_of(&self, other: &Self) -> bool {
        self.balancer == other.balancer
            && self.pool == other.pool
            && self.outlier == other.outlier
            && self.connect_timeout == other.connect_timeout
            && self.cluster.limits == other.cluster.limits
    }
}
