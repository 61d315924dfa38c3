//! What happens by the clock: changes of the timeline, detection intervals, deliveries, buckets.

use super::pod::parts;
use super::records::Event;
use super::setup::What;
use super::slab::{NONE, id};
use super::world::World;
use crate::data_plane::EndpointGroup;
use crate::data_plane::balance::HostId;
use crate::units::Nanos;

/// Where the run is on its timeline.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    period: usize,
    state: usize,
    /// When each graph began to hold for the last time.
    since: Vec<Option<Nanos>>,
    /// Which stations come and go with graphs.
    mortal: Vec<bool>,
    pub(super) ejections: Vec<EjectionSpan>,
}

/// An ejection, as it is recorded.
#[derive(Clone, Copy, Debug)]
pub(super) struct EjectionSpan {
    pub(super) upstream: u32,
    pub(super) station: u32,
    pub(super) from: Nanos,
    pub(super) until: Option<Nanos>,
}

// === impl Timeline ===

impl Timeline {
    /// Returns when the clusters of a graph were made.
    pub(super) fn since(&self, graph: u32, now: Nanos) -> Nanos {
        self.since.get(graph as usize).copied().flatten().unwrap_or(now)
    }
}

// === impl World ===

impl World<'_> {
    /// Schedules everything that happens by the clock.
    pub(super) fn start_timeline(&mut self) {
        let (setup, plan) = (self.setup, self.plan);
        self.timeline.since = vec![None; plan.graphs.len()];
        self.timeline.mortal = (0..self.pods.len())
            .map(|pod| plan.graphs.iter().any(|graph| graph.alive.get(pod) == Some(&true)))
            .collect();
        for (index, period) in setup.periods.iter().enumerate().skip(1) {
            self.at(period.at, Event::Period(id(index)));
        }
        for (index, change) in setup.changes.iter().enumerate() {
            self.at(change.at, Event::Change(id(index)));
        }
        let moments: Vec<[Nanos; 3]> = self.tally.marks.moments().collect();
        for (moment, at) in (0..).zip(moments.into_iter().flatten()) {
            self.at(at, Event::Mark(moment));
        }
        if setup.warm_up.0 > 0 {
            self.at(setup.warm_up, Event::WarmedUp);
        }
        self.at(setup.interval, Event::Interval);
        if let Some(rollout) = &setup.rollout {
            self.timeline.state = rollout.stable;
            self.at(rollout.at, Event::RolloutStep(0));
        }
        self.enter(0);
    }

    /// Begins a period.
    pub(super) fn enter(&mut self, period: u32) {
        self.timeline.period = period as usize;
        self.switch();
    }

    /// Lets the state of a rollout hold.
    pub(super) fn set_state(&mut self, state: usize) {
        self.timeline.state = state;
        self.switch();
    }

    /// Lets new requests follow the graph of the present period and state. Clusters of all proxies follow;
    /// requests under way keep their plan, and pods that are gone finish what they have.
    fn switch(&mut self) {
        let states = &self.setup.periods[self.timeline.period].states;
        let Some(graph) = states.get(self.timeline.state).or(states.first()).copied() else {
            return;
        };
        if self.timeline.since[graph].is_some() && self.graph == graph {
            return;
        }
        self.graph = graph;
        self.timeline.since[graph] = Some(self.now);
        let alive = &self.plan.graphs[graph].alive;
        for (index, pod) in self.pods.iter_mut().enumerate() {
            pod.alive = !self.timeline.mortal[index] || alive.get(index) == Some(&true);
        }
        for upstream in 0..id(self.upstreams.len()) {
            self.update(upstream);
        }
    }

    fn update(&mut self, number: u32) {
        let (plan, now) = (self.plan, self.now);
        let upstream = &mut self.upstreams[number as usize];
        let known = &plan.clusters[upstream.cluster as usize];
        let own = &mut self.proxies[upstream.proxy as usize][known.name as usize];
        if *own != number {
            return;
        }
        let by_sender = &plan.graphs[self.graph].by_sender;
        let found = by_sender.binary_search_by_key(&(known.sender, known.name), |(key, _)| *key);
        let change = match found.map(|index| by_sender[index].1) {
            Ok(next) if plan.clusters[next as usize].has_settings_of(known) => {
                upstream.cluster = next;
                upstream.assign(&plan.clusters[next as usize].cluster.groups, now)
            }
            Ok(_) => {
                // A cluster with other settings is another cluster.
                *own = NONE;
                let ejected = std::mem::take(&mut upstream.ejected);
                return self.end_ejections(&ejected);
            }
            Err(_) => {
                let groups = living(&known.cluster.groups, |endpoint| {
                    self.pods[plan.endpoints[endpoint as usize] as usize].alive
                });
                upstream.assign(&groups, now)
            }
        };
        let gone = |(host, _): &(HostId, u32)| change.removed.contains(host);
        let ejected: Vec<(HostId, u32)> = upstream.ejected.iter().copied().filter(gone).collect();
        upstream.ejected.retain(|entry| !gone(entry));
        let pools = change.removed.iter().flat_map(|host| upstream.pools_of(*host));
        let pools: Vec<u32> = pools.collect();
        self.end_ejections(&ejected);
        for pool in pools {
            let breaker = &mut self.upstreams[number as usize].breaker;
            self.pools[pool as usize].connections.drain(breaker, &mut self.out);
            self.follow(pool);
        }
        self.hosts_changed(number);
    }

    fn end_ejections(&mut self, ejected: &[(HostId, u32)]) {
        for (_, span) in ejected {
            self.timeline.ejections[*span as usize].until = Some(self.now);
        }
    }

    /// Something of the timeline happens.
    pub(super) fn change(&mut self, change: u32) {
        let setup = self.setup;
        match &setup.changes[change as usize].what {
            What::Errors(stations, share) => {
                for station in stations {
                    self.pods[*station as usize].errors = share.map(parts);
                }
            }
            What::Slowdown(stations, factor) => {
                for station in stations {
                    self.pods[*station as usize].slowdown = parts(*factor);
                }
            }
            What::Service(stations, service) => {
                for station in stations {
                    self.pods[*station as usize].set_service(service.clone());
                }
            }
            What::Users(class, users) => self.set_users(*class, *users),
        }
    }

    /// A host is ejected.
    pub(super) fn eject(&mut self, number: u32, host: HostId) {
        let upstream = &mut self.upstreams[number as usize];
        upstream.set.set_ejected(host, true, self.now);
        let endpoint = upstream.endpoints.get(host.index()).copied().unwrap_or(NONE);
        upstream.ejected.push((host, id(self.timeline.ejections.len())));
        self.timeline.ejections.push(EjectionSpan {
            upstream: number,
            station: self.plan.endpoints.get(endpoint as usize).copied().unwrap_or(NONE),
            from: self.now,
            until: None,
        });
        self.renew(number, host);
        self.hosts_changed(number);
    }

    /// Lets the connections to an ejected host go; those who wait for one get new ones.
    fn renew(&mut self, number: u32, host: HostId) {
        let upstream = &mut self.upstreams[number as usize];
        for pool in upstream.pools_of(host) {
            let connections = &mut self.pools[pool as usize].connections;
            connections.renew(&mut upstream.breaker, &mut self.renewed);
            // Nothing but closed connections, which nobody waits for.
            self.renewed.clear();
        }
    }

    /// A detection interval of an upstream ends (E-137).
    pub(super) fn tick(&mut self, number: u32) {
        let upstream = &mut self.upstreams[number as usize];
        let Some(detector) = &mut upstream.detector else { return };
        let mut returned = Vec::new();
        detector.tick(self.now, &mut returned);
        // Envoy goes through its hosts in an order that is chance, but always the same.
        let order = upstream.order;
        returned.sort_by_key(|host| super::numbers::Local(order ^ u64::from(host.0)).next());
        let next = detector.next_tick();
        for host in &returned {
            upstream.set.set_ejected(*host, false, self.now);
            if let Some(index) = upstream.ejected.iter().position(|(own, _)| own == host) {
                let (_, span) = upstream.ejected.swap_remove(index);
                self.timeline.ejections[span as usize].until = Some(self.now);
            }
        }
        self.at(next, Event::Tick(number));
        if !returned.is_empty() {
            self.hosts_changed(number);
        }
    }

    /// Waiting changes of hosts reach the workers (E-95).
    pub(super) fn deliver(&mut self, number: u32) {
        let upstream = &mut self.upstreams[number as usize];
        upstream.delivery = None;
        upstream.set.deliver(self.now);
        self.hosts_changed(number);
    }

    /// Lets balancers follow at once, and schedules what they will see later.
    fn hosts_changed(&mut self, number: u32) {
        let mut random = super::numbers::Local(self.now.0 ^ (u64::from(number) << 40));
        let upstream = &mut self.upstreams[number as usize];
        for balancer in &mut upstream.balancers {
            balancer.refresh(&upstream.set, self.now, &mut || random.next());
        }
        let next = upstream.set.next_delivery();
        if let Some(at) = next.filter(|_| next != upstream.delivery) {
            upstream.delivery = next;
            self.at(at, Event::Deliver(number));
        }
    }

    /// Statistics begin.
    pub(super) fn warmed_up(&mut self) {
        for pod in &mut self.pods {
            pod.settle(self.now);
            pod.restart(self.now);
        }
    }

    /// A bucket of the series ends.
    pub(super) fn end_interval(&mut self) {
        self.tally.series.next(Nanos(self.now.0.saturating_sub(self.setup.interval.0)));
        let now = self.now;
        self.pods.iter_mut().for_each(|pod| pod.end_interval(now));
        self.after(self.setup.interval, Event::Interval);
    }
}

/// The endpoints that still exist.
fn living(groups: &[EndpointGroup], alive: impl Fn(u32) -> bool) -> Vec<EndpointGroup> {
    let mut groups = groups.to_vec();
    for group in &mut groups {
        group.endpoints.retain(|endpoint| endpoint.instance.is_some_and(&alive));
    }
    groups
}
