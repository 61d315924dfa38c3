//! New lists from discovery: which hosts came, went, moved or weigh something else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::super::cluster::{Endpoint, EndpointGroup};
use super::super::host::{Health, HostId, HostState};
use super::super::merge::Visible;
use super::super::view::Members;
use super::{HostSet, PRIORITIES, Priority};
use crate::units::Nanos;

// === impl HostSet ===

impl HostSet {
    /// The new lists by priority; hosts that are not known yet get numbers.
    pub(super) fn read(
        &mut self,
        groups: &[EndpointGroup],
        before: &BTreeMap<String, HostId>,
        reweighted: &mut BTreeSet<HostId>,
    ) -> Vec<Vec<Members>> {
        let mut seen = BTreeSet::new();
        let mut lists = vec![Vec::new(); self.priorities.len()];
        for group in groups {
            let priority = group.priority.min(PRIORITIES - 1);
            let mut members = Members { weight: group.weight, hosts: Vec::new() };
            for endpoint in &group.endpoints {
                if !seen.insert(endpoint.address.as_str()) {
                    continue;
                }
                let host = match before.get(&endpoint.address) {
                    Some(&host) => self.keep(host, endpoint),
                    None => self.add(endpoint),
                };
                let state = &mut self.states[host.index()];
                state.priority = priority;
                if std::mem::replace(&mut state.weight, endpoint.weight.max(1)) != state.weight {
                    reweighted.insert(host);
                }
                members.hosts.push(host);
            }
            let priority = priority as usize;
            if priority >= lists.len() {
                lists.resize(priority + 1, Vec::new());
            }
            lists[priority].push(members);
        }
        lists
    }

    fn keep(&mut self, host: HostId, endpoint: &Endpoint) -> HostId {
        let known = &mut self.endpoints[host.index()];
        if **known != *endpoint {
            *known = Arc::new(endpoint.clone());
        }
        host
    }

    fn add(&mut self, endpoint: &Endpoint) -> HostId {
        let host = HostId(u32::try_from(self.endpoints.len()).unwrap_or(u32::MAX));
        self.endpoints.push(Arc::new(endpoint.clone()));
        self.states.push(HostState {
            weight: endpoint.weight.max(1),
            active: 0,
            priority: 0,
            health: Health::Healthy,
            ejected: false,
            member: true,
            healthy_since: None,
        });
        host
    }

    /// Puts the new lists in place and passes on what changed.
    pub(super) fn replace(
        &mut self,
        lists: Vec<Vec<Members>>,
        reweighted: &BTreeSet<HostId>,
        now: Nanos,
    ) -> Visible {
        let mut visible = Visible::Now;
        self.priorities.resize_with(lists.len(), Priority::default);
        for (index, list) in lists.into_iter().enumerate() {
            let priority = &mut self.priorities[index];
            let same_hosts = hosts(&list) == hosts(&priority.members);
            let same_groups = sorted(&list) == sorted(&priority.members);
            if same_groups && hosts(&list).is_disjoint(reweighted) {
                continue;
            }
            priority.members = list;
            match priority.updates.register(now, same_hosts, self.merge_window) {
                Visible::Now => self.publish(index, now),
                Visible::At(due) => visible = later(visible, due),
            }
        }
        visible
    }
}

fn hosts(list: &[Members]) -> BTreeSet<HostId> {
    list.iter().flat_map(|members| members.hosts.iter().copied()).collect()
}

/// The groups with their hosts in order of number, to compare lists whatever their order.
fn sorted(list: &[Members]) -> Vec<Members> {
    let mut list = list.to_vec();
    for members in &mut list {
        members.hosts.sort_unstable();
    }
    list
}

fn later(visible: Visible, due: Nanos) -> Visible {
    match visible {
        Visible::At(other) => Visible::At(other.max(due)),
        Visible::Now => Visible::At(due),
    }
}
