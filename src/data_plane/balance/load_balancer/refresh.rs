//! How a balancer follows its hosts: loads, schedules and tables after a delivery (E-95).

use std::sync::Arc;

use super::super::hash_table::{HashTable, HashedLocality, shares};
use super::super::host::Health;
use super::super::host_set::HostSet;
use super::super::priority::HealthClass;
use super::super::source::{Source, start_picks};
use super::super::view::PriorityView;
use super::{BalancerSettings, ClassState, Compiled, LoadBalancer, PriorityState};
use crate::units::Nanos;

const CLASSES: [HealthClass; 2] = [HealthClass::Healthy, HealthClass::Degraded];

// === impl LoadBalancer ===

impl LoadBalancer {
    /// Follows the changes that were delivered since the last call; does nothing if there were none.
    pub fn refresh(&mut self, hosts: &HostSet, now: Nanos, random: &mut impl FnMut() -> u64) {
        if self.generation == hosts.generation() {
            return;
        }
        self.generation = hosts.generation();
        let counts = hosts.views().map(PriorityView::counts);
        self.loads.recompute(counts, self.settings.panic_threshold_percent);
        let seed = self.seed;
        self.priorities.resize_with(hosts.views().count(), || PriorityState::new(seed));
        for (index, view) in hosts.views().enumerate() {
            if self.priorities[index].generation != view.generation() {
                self.priorities[index].generation = view.generation();
                self.priorities[index].table = None;
                self.follow(index, view, hosts, now);
                self.follow_localities(index, view, hosts, now, random);
            }
        }
    }

    fn follow(&mut self, priority: usize, view: &PriorityView, hosts: &HostSet, now: Nanos) {
        if self.settings.hashes() {
            return;
        }
        self.find_newest(view, hosts, now);
        let (weighing, seed, version) = (self.weighing, self.seed, self.settings.version);
        let state = &mut self.priorities[priority];
        let refresh = |source: &mut Source, class| {
            let list = view.hosts(class);
            let start = start_picks(seed, list.len(), version);
            source.refresh(list, hosts, weighing, now, start);
        };
        refresh(&mut state.all, None);
        for class in CLASSES {
            refresh(&mut state.classes[class as usize].hosts, Some(class));
        }
    }

    /// E-79: localities take turns from a fresh random start, hosts within them as everywhere.
    fn follow_localities(
        &mut self,
        priority: usize,
        view: &PriorityView,
        hosts: &HostSet,
        now: Nanos,
        random: &mut impl FnMut() -> u64,
    ) {
        if self.settings.hashes() || !self.settings.locality_weighted {
            return;
        }
        let (weighing, seed, version) = (self.weighing, self.seed, self.settings.version);
        let start = if version.starts_anywhere_in_cycle() { random() } else { 0 };
        for class in CLASSES {
            let ClassState { turns, localities, .. } =
                &mut self.priorities[priority].classes[class as usize];
            turns.restart(view, class, start_picks(start, 1, version));
            localities.resize_with(view.localities().len(), || Source::new(seed));
            for (source, locality) in localities.iter_mut().zip(view.localities()) {
                let list = locality.hosts(Some(class));
                let start = start_picks(seed, list.len(), version);
                source.refresh(list, hosts, weighing, now, start);
            }
        }
    }

    /// Remembers when the newest host on a ramp became healthy.
    fn find_newest(&mut self, view: &PriorityView, hosts: &HostSet, now: Nanos) {
        let Some(ramp) = self.weighing.ramp else { return };
        for host in view.hosts(None) {
            let Some(state) = hosts.state(*host) else { continue };
            let since = state.healthy_since.filter(|_| state.effective() == Health::Healthy);
            if let Some(since) = since.filter(|since| ramp.is_new(*since, now)) {
                self.weighing.newest = self.weighing.newest.max(since);
            }
        }
    }

    /// Builds the table of a priority, unless there is one that still holds.
    pub(super) fn compile(&mut self, hosts: &HostSet, priority: usize) {
        let panic = self.loads.loads().get(priority).is_some_and(|load| load.panic);
        let (Some(view), Some(state)) = (hosts.view(priority), self.priorities.get_mut(priority))
        else {
            return;
        };
        // Panic may begin or end by what happens in other priorities.
        if state.table.as_ref().is_none_or(|compiled| compiled.panic != panic) {
            let class = (!panic).then_some(HealthClass::Healthy);
            let table = build(&self.settings, view, hosts, class);
            state.table = table.map(|table| Compiled { panic, table: Arc::new(table) });
        }
    }
}

fn build(
    settings: &BalancerSettings,
    view: &PriorityView,
    hosts: &HostSet,
    class: Option<HealthClass>,
) -> Option<HashTable> {
    let hashed = view.localities().iter().map(|locality| HashedLocality {
        weight: locality.weight(),
        hosts: locality
            .hosts(class)
            .iter()
            .filter_map(|&host| {
                let weight = hosts.state(host)?.weight;
                Some((hosts.endpoint(host)?.address.as_str(), weight, host.0))
            })
            .collect(),
    });
    let hashed: Vec<HashedLocality<'_>> = hashed.collect();
    HashTable::new(settings.policy, &shares(&hashed, settings.locality_weighted))
}
