//! Clients: when they send requests, and what becomes of the answers.

use std::sync::Arc;

use super::arrivals::Arrivals;
use super::outcome::Record;
use super::records::{Event, Parent};
use super::service::Distribution;
use super::setup::{Setup, Traffic};
use super::slab::{NONE, id};
use super::traces::End;
use super::world::World;
use crate::engine::draws::Purpose;
use crate::engine::flow::ClassId;
use crate::scenario::time::{self, ArrivalPlan};
use crate::units::Nanos;

/// Where requests come from, and how many there were.
#[derive(Debug)]
pub(super) struct Clients {
    sources: Vec<SourceState>,
    /// Sources from which more may come.
    open: usize,
    /// Requests that arrived: the number of the next one.
    arrived: u64,
    answered: u64,
}

#[derive(Debug)]
struct SourceState {
    class: ClassId,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Times(Arc<[Nanos]>, usize),
    Stream(Box<Arrivals>),
    Users {
        think: Distribution,
        /// How many there should be, and are.
        wanted: u32,
        present: u32,
        random: super::numbers::Local,
    },
}

// === impl Clients ===

impl Clients {
    /// Prepares the sources of a run.
    pub(super) fn new(setup: &Setup, seed: u64) -> Self {
        let state = |source: &super::setup::Source| {
            let name = setup.classes.get(source.class).map_or("", String::as_str);
            let kind = match &source.traffic {
                Traffic::Times(times) => Kind::Times(Arc::clone(times), 0),
                Traffic::Plan(ArrivalPlan::Users { users, think }) => Kind::Users {
                    think: Distribution::new(think),
                    wanted: *users,
                    present: 0,
                    random: super::numbers::Local(seed ^ Purpose::ThinkTime.stream(name)),
                },
                Traffic::Plan(plan) => match Arrivals::new(plan, name, seed) {
                    Some(arrivals) => Kind::Stream(Box::new(arrivals)),
                    None => Kind::Times(Arc::from([]), 0),
                },
            };
            SourceState { class: source.class, kind }
        };
        let sources: Vec<SourceState> = setup.sources.iter().map(state).collect();
        let open = sources.len();
        Self { sources, open, arrived: 0, answered: 0 }
    }
}

// === impl World ===

impl World<'_> {
    /// Schedules the first request of each source.
    pub(super) fn start_clients(&mut self) {
        for source in 0..id(self.clients.sources.len()) {
            self.next_arrival(source);
            self.recruit(source);
        }
    }

    fn next_arrival(&mut self, source: u32) {
        let at = match &mut self.clients.sources[source as usize].kind {
            Kind::Times(times, next) => {
                *next += 1;
                times.get(*next - 1).copied()
            }
            Kind::Stream(arrivals) => arrivals.next(),
            Kind::Users { .. } => return,
        };
        match at {
            Some(at) => self.at_in_order(source, at, Event::Arrive(source)),
            None => self.clients.open -= 1,
        }
    }

    /// Lets users of a closed loop begin until there are as many as wanted: they think first.
    fn recruit(&mut self, source: u32) {
        while let Kind::Users { think, wanted, present, random } =
            &mut self.clients.sources[source as usize].kind
            && present < wanted
        {
            *present += 1;
            let time = think.sample(random.next());
            self.after(time, Event::User(source));
        }
    }

    /// Changes the number of users of a class; those who are too many leave when they have thought.
    pub(super) fn set_users(&mut self, class: ClassId, users: u32) {
        for source in 0..id(self.clients.sources.len()) {
            let known = &mut self.clients.sources[source as usize];
            if let Kind::Users { wanted, .. } = &mut known.kind
                && known.class == class
            {
                *wanted = users;
                self.recruit(source);
            }
        }
    }

    /// A request of an open loop arrives.
    pub(super) fn arrive(&mut self, source: u32) {
        self.next_arrival(source);
        let class = self.clients.sources[source as usize].class;
        self.request(class, NONE);
    }

    /// A user of a source has thought.
    pub(super) fn user_sends(&mut self, source: u32) {
        let known = &mut self.clients.sources[source as usize];
        if let Kind::Users { wanted, present, .. } = &mut known.kind
            && present > wanted
        {
            *present -= 1;
            return;
        }
        let class = known.class;
        self.request(class, source);
    }

    /// Sends a request; `users` is the source of the user who waits for the answer, if one does.
    fn request(&mut self, class: ClassId, users: u32) {
        let request = self.clients.arrived;
        self.clients.arrived += 1;
        self.tally.arrival();
        let plan = self.plan.graphs[self.graph].roots[class];
        let call = self.new_call(plan, request, self.now >= self.setup.warm_up);
        self.calls[call].parent = Parent::Client(users);
        self.start_call(call, NONE);
    }

    /// A client gets its answer.
    pub(super) fn client_answered(&mut self, slot: u32, users: u32) {
        let call = &self.calls[slot];
        let known = &self.plan.calls[call.plan as usize];
        let end = End {
            graph: known.graph as usize,
            class: known.class,
            lane: call.lane,
            status: call.status,
            flag: call.flag,
            trace: call.trace,
        };
        let latency = Nanos(self.now.0 - call.started.0);
        let lane = call.lane.or(known.lane);
        self.tally.end(&end, latency, lane);
        self.rollout.client(self.now, end.status, latency);
        if call.counted {
            self.traces.count(&end);
            self.tally.counted_end(&end, latency, lane);
        }
        self.keep(slot, latency);
        self.calls.give(slot);
        self.clients.answered += 1;
        if let time::End::Requests(requests) = self.setup.end {
            let last = self.clients.open == 0 && self.clients.answered == self.clients.arrived;
            if self.clients.answered >= requests || last {
                self.stop();
            }
        }
        if let Some(source) = self.clients.sources.get_mut(users as usize)
            && let Kind::Users { think, random, .. } = &mut source.kind
        {
            let time = think.sample(random.next());
            self.after(time, Event::User(users));
        }
    }

    fn keep(&mut self, slot: u32, latency: Nanos) {
        let call = &self.calls[slot];
        let plan = self.plan;
        let upstreams = &self.upstreams;
        self.tally.keep(|| {
            let upstream = upstreams.get(call.upstream as usize);
            let endpoint = upstream.and_then(|up| up.endpoints.get(call.host.index()));
            let station = endpoint.and_then(|it| plan.endpoints.get(*it as usize).copied());
            Record {
                request: call.request,
                started: call.started,
                status: call.status,
                flag: call.flag,
                cause: call.cause,
                host: station.filter(|_| !call.tried.is_empty()),
                attempts: call.attempts,
                latency,
            }
        });
    }
}
