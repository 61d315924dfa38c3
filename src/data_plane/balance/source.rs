//! One list of hosts that round robin or least request chooses from, with its state (E-75 to E-83).

use super::super::version::EnvoyVersion;
use super::edf::Edf;
use super::host::{Health, HostId};
use super::host_set::HostSet;
use super::index_below;
use super::slow_start::Ramp;
use crate::units::Nanos;

/// The state of one list: the turn of plain round robin, or weighted turns.
#[derive(Clone, Debug)]
pub(super) struct Source {
    turn: u64,
    edf: Edf,
}

/// How hosts weigh and what a choice among equals is; the same for all lists of a balancer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weighing {
    /// Whether requests under way count.
    pub least_request: bool,
    /// The ramp of new hosts.
    pub ramp: Option<Ramp>,
    /// When the newest host that has a ramp became healthy.
    pub newest: Nanos,
}

/// Weighted turns start after this many picks at most (E-77).
const START_PICKS: u64 = 429_496_729;

/// E-80.
const CHOICES: usize = 2;

// === impl Source ===

impl Source {
    /// Builds the state of a list that was not seen yet; `seed` is the balancer's.
    pub(super) fn new(seed: u64) -> Self {
        Self { turn: seed, edf: Edf::default() }
    }

    /// Follows a change of the list: weighted turns start anew from the same seed (E-77), plain turns
    /// go on where they are (E-75).
    pub(super) fn refresh(
        &mut self,
        list: &[HostId],
        hosts: &HostSet,
        weighing: Weighing,
        now: Nanos,
        start: u32,
    ) {
        self.edf.clear();
        let weight = |host: &HostId| hosts.state(*host).map_or(1, |state| state.weight);
        let equal = list.windows(2).all(|pair| weight(&pair[0]) == weight(&pair[1]));
        if list.len() <= 1 || (equal && !weighing.ramping(now)) {
            return;
        }
        let entries = u32::try_from(list.len()).unwrap_or(u32::MAX);
        self.edf.restart(entries, start, |entry| {
            list.get(entry as usize).map_or(1.0, |&host| weighing.weight(host, hosts, now))
        });
    }

    /// Chooses a host of the list.
    #[inline]
    pub(super) fn choose(
        &mut self,
        list: &[HostId],
        hosts: &HostSet,
        weighing: Weighing,
        now: Nanos,
        random: &mut impl FnMut() -> u64,
    ) -> Option<HostId> {
        if !self.edf.is_empty() {
            let host = |entry: u32| list.get(entry as usize).copied();
            let weight = |entry| host(entry).map_or(1.0, |host| weighing.weight(host, hosts, now));
            return self.edf.pick(weight).and_then(host);
        }
        if !weighing.least_request {
            let turn = self.turn;
            self.turn = turn.wrapping_add(1);
            return list.get(index_below(turn, list.len())).copied();
        }
        if let [only] = list {
            return Some(*only);
        }
        let mut chosen = *list.get(index_below(random(), list.len()))?;
        for _ in 1..CHOICES {
            let other = list[index_below(random(), list.len())];
            if hosts.active_requests(other) < hosts.active_requests(chosen) {
                chosen = other;
            }
        }
        Some(chosen)
    }
}

// === impl Weighing ===

impl Weighing {
    /// Tells whether some host may be on its ramp (E-83: this, not a host's own age, is asked first).
    fn ramping(self, now: Nanos) -> bool {
        self.ramp.is_some_and(|ramp| ramp.is_new(self.newest, now))
    }

    /// The weight of a host in its next turn.
    fn weight(self, host: HostId, hosts: &HostSet, now: Nanos) -> f64 {
        let Some(state) = hosts.state(host) else { return 1.0 };
        let mut weight = f64::from(state.weight);
        if self.least_request {
            // E-82 with the default bias of 1.
            weight /= f64::from(state.active) + 1.0;
        }
        match (self.ramp, state.healthy_since) {
            (Some(ramp), Some(since))
                if self.ramping(now) && state.effective() == Health::Healthy =>
            {
                weight * ramp.factor(since, now)
            }
            _ => weight,
        }
    }
}

/// The picks that weighted turns of `hosts` hosts start after (E-77).
pub(super) fn start_picks(seed: u64, hosts: usize, version: EnvoyVersion) -> u32 {
    let modulus = if version.starts_anywhere_in_cycle() { START_PICKS } else { hosts as u64 };
    u32::try_from(seed.checked_rem(modulus).unwrap_or(0)).unwrap_or(0)
}
