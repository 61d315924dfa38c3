//! The hosts of one cluster as one proxy knows them.
//!
//! Discovery lists them ([`HostSet::assign`]), outlier detection ejects them
//! ([`HostSet::set_ejected`]); weights, health and requests under way hold at once, but the lists that
//! workers choose from follow with the delay of E-95. One set serves all workers of a proxy; cloning
//! one is cheap and gives another proxy the same start.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::cluster::{Endpoint, EndpointGroup};
use super::host::{Health, HostId, HostState};
use super::merge::{MergedUpdates, Visible};
use super::view::{Members, PriorityView};
use crate::units::Nanos;

mod assign;

/// Envoy refuses priorities from this number on; here they count as the last one.
pub(super) const PRIORITIES: u32 = 128;

/// The hosts of one cluster.
#[derive(Clone, Debug)]
pub struct HostSet {
    endpoints: Vec<Arc<Endpoint>>,
    states: Vec<HostState>,
    priorities: Vec<Priority>,
    merge_window: Nanos,
    generation: u64,
}

/// What a new list from discovery changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembershipChange {
    /// Hosts that were not members before.
    pub added: Vec<HostId>,
    /// Hosts that are members no more; requests under way end as usual.
    pub removed: Vec<HostId>,
    /// When the workers have seen all of it.
    pub visible: Visible,
}

#[derive(Clone, Debug, Default)]
struct Priority {
    members: Vec<Members>,
    view: PriorityView,
    updates: MergedUpdates,
}

// === impl HostSet ===

impl HostSet {
    /// Builds the set of a cluster that starts; the window is [`DEFAULT_MERGE_WINDOW`] by default and
    /// merges nothing if it is 0.
    ///
    /// [`DEFAULT_MERGE_WINDOW`]: super::DEFAULT_MERGE_WINDOW
    #[must_use]
    pub fn new(groups: &[EndpointGroup], now: Nanos, merge_window: Nanos) -> Self {
        let mut set = Self {
            endpoints: Vec::new(),
            states: Vec::new(),
            priorities: vec![Priority::default()],
            merge_window,
            generation: 0,
        };
        set.assign(groups, now);
        // The first list is no update: the first ejection is passed on at once (E-95).
        for priority in &mut set.priorities {
            priority.updates = MergedUpdates::default();
        }
        set
    }

    /// Takes over a new list from discovery; hosts are recognised by their address.
    ///
    /// Additions, removals and moves between priorities are seen at once, new weights with the delay of
    /// E-95. A list in another order changes nothing by itself. Of equal addresses the first counts.
    pub fn assign(&mut self, groups: &[EndpointGroup], now: Nanos) -> MembershipChange {
        let before: BTreeMap<String, HostId> = self
            .members()
            .map(|host| (self.endpoints[host.index()].address.clone(), host))
            .collect();
        let first_new = self.endpoints.len();
        let mut reweighted = BTreeSet::new();
        let lists = self.read(groups, &before, &mut reweighted);
        let kept: BTreeSet<HostId> =
            lists.iter().flatten().flat_map(|members| members.hosts.iter().copied()).collect();
        let removed: Vec<HostId> =
            before.into_values().filter(|host| !kept.contains(host)).collect();
        for host in &removed {
            self.states[host.index()].member = false;
        }
        let added = kept.into_iter().filter(|host| host.index() >= first_new).collect();
        let visible = self.replace(lists, &reweighted, now);
        MembershipChange { added, removed, visible }
    }

    /// Sets what discovery or an active check says about a host.
    pub fn set_health(&mut self, host: HostId, health: Health, now: Nanos) -> Visible {
        self.change(host, now, |state| std::mem::replace(&mut state.health, health) != health)
    }

    /// Ejects a host or takes it back.
    pub fn set_ejected(&mut self, host: HostId, ejected: bool, now: Nanos) -> Visible {
        self.change(host, now, |state| std::mem::replace(&mut state.ejected, ejected) != ejected)
    }

    /// Returns when changes that wait are to be passed on: [`HostSet::deliver`] must be called then.
    #[must_use]
    pub fn next_delivery(&self) -> Option<Nanos> {
        self.priorities.iter().filter_map(|priority| priority.updates.due()).min()
    }

    /// Passes on the changes whose time has come, and says whether there were any.
    pub fn deliver(&mut self, now: Nanos) -> bool {
        let mut delivered = false;
        for index in 0..self.priorities.len() {
            if self.priorities[index].updates.end_wait(now) {
                self.publish(index, now);
                delivered = true;
            }
        }
        delivered
    }

    /// Counts a request as attached to a connection of a host (E-81).
    pub fn begin_request(&mut self, host: HostId) {
        if let Some(state) = self.states.get_mut(host.index()) {
            state.active = state.active.saturating_add(1);
        }
    }

    /// Counts such a request as ended.
    pub fn end_request(&mut self, host: HostId) {
        if let Some(state) = self.states.get_mut(host.index()) {
            state.active = state.active.saturating_sub(1);
        }
    }

    /// Returns the requests attached to connections of a host.
    #[must_use]
    pub fn active_requests(&self, host: HostId) -> u32 {
        self.states.get(host.index()).map_or(0, |state| state.active)
    }

    /// Returns the endpoint that a host stands for; `None` for numbers of other sets.
    #[must_use]
    pub fn endpoint(&self, host: HostId) -> Option<&Endpoint> {
        self.endpoints.get(host.index()).map(AsRef::as_ref)
    }

    /// Tells whether a host is healthy and not ejected right now, whatever the workers see.
    #[must_use]
    pub fn is_healthy(&self, host: HostId) -> bool {
        self.states
            .get(host.index())
            .is_some_and(|state| state.member && state.effective() == Health::Healthy)
    }

    /// Tells whether a host is ejected right now.
    #[must_use]
    pub fn is_ejected(&self, host: HostId) -> bool {
        self.states.get(host.index()).is_some_and(|state| state.ejected)
    }

    /// Returns all members, in order of their numbers.
    pub fn members(&self) -> impl Iterator<Item = HostId> {
        let numbered = (0..).map(HostId).zip(&self.states);
        numbered.filter(|(_, state)| state.member).map(|(host, _)| host)
    }

    /// Returns what workers see, by priority.
    pub fn views(&self) -> impl Iterator<Item = &PriorityView> + Clone {
        self.priorities.iter().map(|priority| &priority.view)
    }

    /// Returns what workers see of one priority.
    #[must_use]
    pub fn view(&self, priority: usize) -> Option<&PriorityView> {
        self.priorities.get(priority).map(|priority| &priority.view)
    }

    /// Returns how often any view was delivered.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    pub(super) fn state(&self, host: HostId) -> Option<&HostState> {
        self.states.get(host.index())
    }

    /// Envoy passes every change of health on to all priorities.
    fn change(
        &mut self,
        host: HostId,
        now: Nanos,
        change: impl FnOnce(&mut HostState) -> bool,
    ) -> Visible {
        let Some(state) = self.states.get_mut(host.index()).filter(|state| state.member) else {
            return Visible::Now;
        };
        let own = state.priority as usize;
        let mut visible = Visible::Now;
        if change(state) {
            for index in 0..self.priorities.len() {
                let seen = self.priorities[index].updates.register(now, true, self.merge_window);
                if seen == Visible::Now {
                    self.publish(index, now);
                }
                if index == own {
                    visible = seen;
                }
            }
        }
        visible
    }

    fn publish(&mut self, priority: usize, now: Nanos) {
        let Some(priority) = self.priorities.get_mut(priority) else { return };
        for host in priority.members.iter().flat_map(|members| &members.hosts) {
            let state = &mut self.states[host.index()];
            if state.effective() == Health::Healthy {
                state.healthy_since.get_or_insert(now);
            }
        }
        priority.view.refill(&priority.members, &self.states);
        self.generation = self.generation.saturating_add(1);
    }
}

#[cfg(test)]
mod tests;
