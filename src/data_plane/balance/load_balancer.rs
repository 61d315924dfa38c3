//! A worker's load balancer for one cluster.
//!
//! Turns, weighted schedules and seeds belong to the worker (E-60); what is shared by the workers of a
//! proxy is in the [`HostSet`]. Hash tables are built at their first use after a change and shared by
//! clones.

use std::sync::Arc;

use super::super::cluster::{BalancerPolicy, Cluster, SlowStart};
use super::super::policy::RetryPolicy;
use super::super::version::EnvoyVersion;
use super::hash_table::HashTable;
use super::host::HostId;
use super::host_set::HostSet;
use super::index_below;
use super::locality::{LocalityTurns, hosts_of};
use super::priority::{Choice, HealthClass, PriorityLoads};
use super::slow_start::Ramp;
use super::source::{Source, Weighing};
use crate::units::Nanos;

mod refresh;

/// The settings of a cluster that decide about choices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BalancerSettings {
    /// The algorithm.
    pub policy: BalancerPolicy,
    /// Ramp of new hosts, for round robin and least request.
    pub slow_start: Option<SlowStart>,
    /// Below this percentage of healthy hosts all are used; 0 is never.
    pub panic_threshold_percent: u32,
    /// Whether localities are chosen by weight first.
    pub locality_weighted: bool,
    /// The Envoy that is modelled.
    pub version: EnvoyVersion,
}

/// What one choice is for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pick<'a> {
    /// Hash of the request's keys, if it has any.
    pub hash: Option<u64>,
    /// Hosts that earlier attempts of the request were sent to, in order; empty for the first attempt.
    pub tried: &'a [HostId],
    /// How often a host that was tried is passed over (E-118).
    pub reselections: u32,
    /// Whether priorities that were tried are left out (E-119).
    pub other_priorities: bool,
}

/// The state of one worker for one cluster.
#[derive(Clone, Debug)]
pub struct LoadBalancer {
    settings: BalancerSettings,
    seed: u64,
    weighing: Weighing,
    loads: PriorityLoads,
    priorities: Vec<PriorityState>,
    generation: u64,
}

/// The state for one priority.
#[derive(Clone, Debug)]
struct PriorityState {
    generation: u64,
    all: Source,
    classes: [ClassState; 2],
    table: Option<Compiled>,
}

/// The hash table of a priority.
#[derive(Clone, Debug)]
struct Compiled {
    /// Whether it holds all hosts.
    panic: bool,
    table: Arc<HashTable>,
}

/// The state for one health class of a priority.
#[derive(Clone, Debug)]
struct ClassState {
    hosts: Source,
    turns: LocalityTurns,
    localities: Vec<Source>,
}

/// Istio's limit of repeated picks for a host that was not tried yet.
const RESELECTIONS: u32 = 5;
/// Attempts after which the priorities tried so far are left out (E-119).
const PRIORITY_UPDATE: usize = 2;

// === impl BalancerSettings ===

impl BalancerSettings {
    /// Takes over the settings of a cluster.
    #[must_use]
    pub fn of_cluster(cluster: &Cluster, version: EnvoyVersion) -> Self {
        Self {
            policy: cluster.balancer,
            slow_start: cluster.slow_start,
            panic_threshold_percent: cluster.panic_threshold_percent,
            locality_weighted: cluster.locality_weighted,
            version,
        }
    }

    fn hashes(self) -> bool {
        matches!(self.policy, BalancerPolicy::RingHash { .. } | BalancerPolicy::Maglev { .. })
    }
}

// === impl Pick ===

impl<'a> Pick<'a> {
    /// Describes the first attempt of a request.
    #[must_use]
    pub const fn first(hash: Option<u64>) -> Self {
        Self { hash, tried: &[], reselections: 0, other_priorities: false }
    }

    /// Describes a retry after attempts on `tried`, in order.
    #[must_use]
    pub fn retry(policy: &RetryPolicy, hash: Option<u64>, tried: &'a [HostId]) -> Self {
        let reselections = if policy.another_host { RESELECTIONS } else { 0 };
        Self { hash, tried, reselections, other_priorities: policy.remote_localities }
    }

    fn passes_over(&self, host: HostId) -> bool {
        self.tried.contains(&host)
    }
}

// === impl LoadBalancer ===

impl LoadBalancer {
    /// Builds the balancer of a worker that starts at `now`; `seed` is any random number.
    #[must_use]
    pub fn new(settings: BalancerSettings, seed: u64, now: Nanos) -> Self {
        let least_request = settings.policy == BalancerPolicy::LeastRequest;
        let ramps = least_request || settings.policy == BalancerPolicy::RoundRobin;
        let ramp = settings.slow_start.filter(|_| ramps).and_then(Ramp::new);
        Self {
            settings,
            seed,
            weighing: Weighing { least_request, ramp, newest: now },
            loads: PriorityLoads::default(),
            priorities: Vec::new(),
            generation: 0,
        }
    }

    /// Chooses a host; `None` if there is none, which is answered 503 with flag UH (E-72).
    ///
    /// Follows changes of the set that were delivered since the last call as if they arrived now; call
    /// [`LoadBalancer::refresh`] at each delivery where the exact moment matters (slow start, weights by
    /// requests under way).
    pub fn choose(
        &mut self,
        hosts: &HostSet,
        now: Nanos,
        pick: Pick<'_>,
        random: &mut impl FnMut() -> u64,
    ) -> Option<HostId> {
        self.refresh(hosts, now, random);
        if self.settings.hashes() {
            return self.choose_by_hash(hosts, pick, random);
        }
        if pick.tried.is_empty() {
            return self.choose_once(hosts, now, 0, random);
        }
        let excluded = if pick.other_priorities { self.excluded(hosts, pick.tried) } else { 0 };
        let mut chosen = None;
        for _ in 0..=pick.reselections {
            chosen = self.choose_once(hosts, now, excluded, random);
            if !chosen.is_some_and(|host| pick.passes_over(host)) {
                break;
            }
        }
        // After the last repetition a host that was tried is taken anyway.
        chosen
    }

    /// Returns the loads of the priorities as this worker sees them.
    #[must_use]
    pub fn loads(&self) -> &PriorityLoads {
        &self.loads
    }

    #[inline]
    fn choose_once(
        &mut self,
        hosts: &HostSet,
        now: Nanos,
        excluded: u128,
        random: &mut impl FnMut() -> u64,
    ) -> Option<HostId> {
        let by_chance = self.settings.policy == BalancerPolicy::Random;
        let only = self.loads.only().filter(|_| excluded == 0 && !by_chance);
        let number = if only.is_some() { 0 } else { random() };
        let choice = only.unwrap_or_else(|| self.loads.choose_without(excluded, number));
        let Choice { priority, class } = choice;
        let state = self.priorities.get_mut(priority)?;
        let locality = match class.filter(|_| self.settings.locality_weighted) {
            Some(class) => state.classes[class as usize].turns.pick(),
            None => None,
        };
        let list = hosts_of(hosts, priority, class, locality);
        if by_chance {
            // E-68: the number that chose the priority chooses the host as well.
            return list.get(index_below(number, list.len())).copied();
        }
        let source = state.source(class, locality)?;
        source.choose(list, hosts, self.weighing, now, random)
    }

    /// E-89: a request without a hash gets a random one; the number chooses the priority too (E-68).
    fn choose_by_hash(
        &mut self,
        hosts: &HostSet,
        pick: Pick<'_>,
        random: &mut impl FnMut() -> u64,
    ) -> Option<HostId> {
        let hash = pick.hash.unwrap_or_else(random);
        let priority = self.loads.choose(hash).priority;
        self.compile(hosts, priority);
        let table = &self.priorities.get(priority)?.table.as_ref()?.table;
        let mut chosen = None;
        for attempt in 0..=pick.reselections {
            chosen = table.pick_again(hash, attempt).map(HostId);
            if !chosen.is_some_and(|host| pick.passes_over(host)) {
                break;
            }
        }
        chosen
    }

    /// The priorities to leave out, as bits: those of all hosts tried, looked at after every second
    /// attempt; when nothing is left the count starts again (E-119).
    fn excluded(&self, hosts: &HostSet, tried: &[HostId]) -> u128 {
        let (mut start, mut excluded) = (0, 0);
        for end in 1..=tried.len() {
            if !(end - start).is_multiple_of(PRIORITY_UPDATE) {
                continue;
            }
            for host in &tried[start..end] {
                let priority = hosts.state(*host).map_or(0, |state| state.priority);
                excluded |= 1_u128.checked_shl(priority).unwrap_or(0);
            }
            if !self.loads.is_available_without(excluded) {
                (start, excluded) = (end, 0);
            }
        }
        excluded
    }
}

// === impl PriorityState ===

impl PriorityState {
    fn new(seed: u64) -> Self {
        let class = || ClassState {
            hosts: Source::new(seed),
            turns: LocalityTurns::default(),
            localities: Vec::new(),
        };
        let classes = [class(), class()];
        Self { generation: 0, all: Source::new(seed), classes, table: None }
    }

    fn source(
        &mut self,
        class: Option<HealthClass>,
        locality: Option<usize>,
    ) -> Option<&mut Source> {
        let Some(class) = class else { return Some(&mut self.all) };
        let class = &mut self.classes[class as usize];
        match locality {
            None => Some(&mut class.hosts),
            Some(index) => class.localities.get_mut(index),
        }
    }
}

#[cfg(test)]
mod tests;
