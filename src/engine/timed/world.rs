//! The state of a run, and the loop that moves it on.

use std::collections::VecDeque;

use super::calendar::Calendar;
use super::client::Clients;
use super::deadlines::{self, Deadlines};
use super::numbers::{Local, Numbers};
use super::plan::Plan;
use super::pod::Pod;
use super::records::{Call, CallRef, Dial, Event, Run, Stage};
use super::rollout::Rollout;
use super::setup::{Setup, Station};
use super::slab::{NONE, Slab, id};
use super::tally::Tally;
use super::timeline::Timeline;
use super::traces::Traces;
use super::upstream::{Pool, Upstream};
use crate::data_plane::resilience::PoolEvent;
use crate::scenario::time::End;
use crate::units::Nanos;

/// A run under way.
pub(super) struct World<'a> {
    pub(super) setup: &'a Setup,
    pub(super) plan: &'a Plan,
    pub(super) now: Nanos,
    calendar: Calendar<Event>,
    /// What happens at this moment, before anything of the calendar.
    soon: VecDeque<Event>,
    /// A call that returns before all that; `NONE` if there is none.
    returns: u32,
    pub(super) numbers: Numbers,
    /// Seeds of balancers.
    seeds: Local,
    pub(super) calls: Slab<Call>,
    pub(super) runs: Slab<Run>,
    pub(super) dials: Slab<Dial>,
    pub(super) pods: Vec<Pod>,
    /// Per station, the upstreams of its proxy by name of the cluster; empty until it sends something.
    pub(super) proxies: Vec<Vec<u32>>,
    pub(super) upstreams: Vec<Upstream>,
    pub(super) pools: Vec<Pool>,
    pub(super) out: Vec<PoolEvent>,
    /// As `out`, of pools whose host is ejected meanwhile.
    pub(super) renewed: Vec<PoolEvent>,
    pub(super) deadlines: Vec<Deadlines>,
    pub(super) traces: Traces,
    pub(super) tally: Tally,
    pub(super) clients: Clients,
    pub(super) timeline: Timeline,
    pub(super) rollout: Rollout,
    /// The graph that new requests follow.
    pub(super) graph: usize,
    /// When the clock stops.
    end: Nanos,
    done: bool,
}

// === impl World ===

impl<'a> World<'a> {
    /// Prepares a run.
    pub(super) fn new(
        setup: &'a Setup,
        plan: &'a Plan,
        stations: &'a [Station],
        seed: u64,
    ) -> Self {
        let mut world = Self {
            setup,
            plan,
            now: Nanos(0),
            calendar: Calendar::new(),
            soon: VecDeque::new(),
            returns: NONE,
            numbers: Numbers::new(&plan.columns, seed),
            seeds: Local(seed),
            calls: Slab::default(),
            runs: Slab::default(),
            dials: Slab::default(),
            pods: stations.iter().map(Pod::new).collect(),
            proxies: vec![Vec::new(); stations.len()],
            upstreams: Vec::new(),
            pools: Vec::new(),
            out: Vec::new(),
            renewed: Vec::new(),
            deadlines: deadlines::queues(plan.calls.len()),
            traces: Traces::new(),
            tally: Tally::new(setup, plan),
            clients: Clients::new(setup, seed),
            timeline: Timeline::default(),
            rollout: Rollout::new(setup, stations.len()),
            graph: 0,
            end: match setup.end {
                End::At(at) => at,
                End::Requests(_) => Nanos(u64::MAX),
            },
            done: false,
        };
        world.start_timeline();
        world.start_clients();
        world
    }

    /// Lets everything happen until the end.
    pub(super) fn run(&mut self) {
        while !self.done {
            if self.returns != NONE {
                let call = std::mem::replace(&mut self.returns, NONE);
                self.tally.events += 1;
                self.return_call(call);
                continue;
            }
            if let Some(event) = self.soon.pop_front() {
                self.handle(event);
                continue;
            }
            let Some((now, event)) = self.calendar.pop() else { break };
            if now >= self.end {
                self.now = self.end;
                break;
            }
            self.now = now;
            self.handle(event);
        }
        for pod in &mut self.pods {
            pod.settle(self.now);
        }
        // The last interval may be cut short.
        let intervals = self.now.0.saturating_sub(1) / self.setup.interval.0.max(1);
        self.tally.series.next(Nanos(intervals * self.setup.interval.0));
    }

    /// Ends the run at this moment.
    pub(super) fn stop(&mut self) {
        self.done = true;
    }

    /// Adds an event after some time; without any time it happens next, after those that wait already.
    #[inline]
    pub(super) fn after(&mut self, time: Nanos, event: Event) {
        if time.0 == 0 {
            self.soon.push_back(event);
        } else {
            self.calendar.push(Nanos(self.now.0.saturating_add(time.0)), event);
        }
    }

    /// As [`World::after`], for a time that is one of a few and no random number.
    #[inline]
    pub(super) fn after_always(&mut self, time: Nanos, event: Event) {
        if time.0 == 0 {
            self.soon.push_back(event);
        } else {
            self.calendar.push_after(time, event);
        }
    }

    /// Adds an event of a source at a time that is not before that of the last one.
    #[inline]
    pub(super) fn at_in_order(&mut self, source: u32, time: Nanos, event: Event) {
        self.calendar.push_in_order(source, time, event);
    }

    /// Adds an event at a time.
    #[inline]
    pub(super) fn at(&mut self, time: Nanos, event: Event) {
        self.calendar.push(time, event);
    }

    /// Lets a call return at this moment, after what waits already. Mostly nothing does: that needs no queue.
    #[inline]
    pub(super) fn returns(&mut self, call: u32) {
        if self.returns == NONE && self.soon.is_empty() {
            self.returns = call;
        } else {
            self.soon.push_back(Event::Return(call));
        }
    }

    fn handle(&mut self, event: Event) {
        self.tally.events += 1;
        match event {
            Event::Arrive(source) => self.arrive(source),
            Event::User(user) => self.user_sends(user),
            Event::Dispatch(call) => self.dispatch(call),
            Event::Attempt(call) => self.attempt_again(call),
            Event::Dialed(dial) => self.dialed(dial),
            Event::Reach(run) => self.reach(run),
            Event::Served(run) => self.served(run),
            Event::Answer(run) => self.answer(run),
            Event::Return(call) => self.return_call(call),
            Event::Deadline(index) => self.deadline(index),
            Event::Tick(upstream) => self.tick(upstream),
            Event::Deliver(upstream) => self.deliver(upstream),
            Event::Expire(pool) => self.expire(pool),
            Event::Change(change) => self.change(change),
            Event::Period(period) => self.enter(period),
            Event::WarmedUp => self.warmed_up(),
            Event::Interval => self.end_interval(),
            Event::RolloutStep(step) => self.rollout_step(step),
            Event::RolloutCheck(step) => self.rollout_check(step),
            Event::Mark(moment) => self.tally.marks.advance(moment),
        }
    }

    /// The name of the present attempt of a call.
    #[inline]
    pub(super) fn reference(&self, slot: u32) -> CallRef {
        CallRef::new(slot, self.calls[slot].number)
    }

    /// Tells whether an attempt is the present one and stands there.
    #[inline]
    pub(super) fn is_at(&self, reference: CallRef, stage: Stage) -> bool {
        let call = self.calls.get(reference.slot());
        call.is_some_and(|call| call.number == reference.number() && call.stage == stage)
    }

    /// Returns the upstream of a proxy for a cluster; the first use makes it.
    pub(super) fn upstream(&mut self, proxy: u32, cluster: u32) -> u32 {
        let known = &self.plan.clusters[cluster as usize];
        match self.proxies[proxy as usize].get(known.name as usize) {
            Some(upstream) if *upstream != NONE => *upstream,
            _ => self.make_upstream(proxy, cluster),
        }
    }

    #[cold]
    fn make_upstream(&mut self, proxy: u32, cluster: u32) -> u32 {
        let known = &self.plan.clusters[cluster as usize];
        let own = &mut self.proxies[proxy as usize];
        if own.is_empty() {
            own.resize(self.plan.cluster_names.len(), NONE);
        }
        let number = id(self.upstreams.len());
        own[known.name as usize] = number;
        let since = self.timeline.since(known.graph, self.now);
        let seed = Local(self.seeds.next());
        let workers = self.setup.envoy.concurrency;
        let mut upstream = Upstream::new(self.plan, proxy, cluster, workers, since, seed);
        if let Some(detector) = &mut upstream.detector {
            // It has been ticking all along; nothing came of it.
            while detector.next_tick() <= self.now {
                let at = detector.next_tick();
                detector.tick(at, &mut Vec::new());
            }
            let next = detector.next_tick();
            self.calendar.push(next, Event::Tick(number));
        }
        self.upstreams.push(upstream);
        number
    }
}
