//! From the decision graphs to the plan.

mod app;

use std::collections::BTreeMap;

use super::clusters::{ClusterNumbers, ClusterPlace};
use super::{
    Chance, Plan, PlanCall, PlanCopy, PlanGraph, PlanHosts, PlanLeg, PlanRetry, PlanTarget,
};
use crate::data_plane::Fraction;
use crate::data_plane::resilience::{RetryRules, Timeouts};
use crate::engine::draws::Purpose;
use crate::engine::exact::{Layout, LegSlots};
use crate::engine::flow::{Call, Flow, Hosts, Leg, MirrorCopy, SiteId, Target};
use crate::engine::timed::setup::{Graph, Setup, Station};
use crate::engine::timed::slab::{NONE, id};
use crate::scenario::Sender;
use crate::units::Nanos;

/// Compiles all graphs; stations of addresses that are no instances are added.
pub(in crate::engine::timed) fn compile(setup: &Setup, stations: &mut Vec<Station>) -> Plan {
    let mut plan = Plan { slots: 1, ..Plan::default() };
    let mut names = Names::default();
    for (number, graph) in setup.graphs.iter().enumerate() {
        let layout = Layout::new(&graph.flow);
        let first = id(plan.slots);
        let mut compiler = Compiler {
            setup,
            graph,
            flow: &graph.flow,
            layout: &layout,
            number: id(number),
            slots: first,
            calls: id(plan.calls.len()),
            runs: id(plan.runs.len()),
            senders: Vec::new(),
            copies: Vec::new(),
            plan: &mut plan,
            names: &mut names,
            stations: &mut *stations,
        };
        compiler.graph();
        let calls = compiler.calls;
        plan.slots += layout.len;
        let mut alive = vec![false; stations.len()];
        for station in &graph.instances {
            alive[*station as usize] = true;
        }
        plan.graphs.push(PlanGraph {
            roots: graph.flow.roots.iter().map(|root| root + calls).collect(),
            slots: first..id(plan.slots),
            by_sender: names.clusters.of_graph(id(number)),
            alive,
        });
    }
    plan
}

/// Names that have numbers.
#[derive(Default)]
struct Names {
    labels: BTreeMap<(String, String), u32>,
    services: BTreeMap<String, u32>,
    lanes: BTreeMap<String, u32>,
    hops: BTreeMap<(String, String, String), u32>,
    sites: BTreeMap<String, u32>,
    senders: BTreeMap<Sender, u32>,
    clusters: ClusterNumbers,
}

struct Compiler<'a> {
    setup: &'a Setup,
    graph: &'a Graph,
    flow: &'a Flow,
    layout: &'a Layout,
    number: u32,
    /// Where the slots, calls and runs of the graph begin.
    slots: u32,
    calls: u32,
    runs: u32,
    /// Numbers of the graph's senders.
    senders: Vec<u32>,
    /// Calls of mirrors; they stand behind those of the graph.
    copies: Vec<PlanCall>,
    plan: &'a mut Plan,
    names: &'a mut Names,
    stations: &'a mut Vec<Station>,
}

fn number<K: Ord + Clone>(known: &mut BTreeMap<K, u32>, list: &mut Vec<K>, key: K) -> u32 {
    *known.entry(key).or_insert_with_key(|key| {
        list.push(key.clone());
        id(list.len() - 1)
    })
}

impl Compiler<'_> {
    fn graph(&mut self) {
        let flow = self.flow;
        for index in 0..flow.senders.len() {
            let next = id(self.names.senders.len());
            // Graphs that were written by hand may name senders only.
            let number = match flow.proxies.get(index) {
                Some(sender) => *self.names.senders.entry(sender.clone()).or_insert(next),
                None => id(index),
            };
            self.senders.push(number);
        }
        for run in &flow.runs {
            let run = self.run(run);
            self.plan.runs.push(run);
        }
        for (run, slots) in (self.runs..).zip(&self.layout.runs) {
            self.plan.runs[run as usize].failed = self.slots + slots.errors;
        }
        for index in 0..flow.calls.len() {
            let call = self.call(index);
            self.plan.calls.push(call);
        }
        self.plan.calls.append(&mut self.copies);
    }

    fn column(&mut self, purpose: Purpose, site: SiteId) -> u32 {
        self.plan.columns.column(purpose, &self.flow.sites[site as usize].path)
    }

    fn chance(&mut self, purpose: Purpose, site: SiteId, fraction: Fraction) -> Chance {
        Chance { column: self.column(purpose, site), fraction }
    }

    fn lane(&mut self, lane: Option<u32>) -> Option<u32> {
        let name = self.flow.lanes.get(lane? as usize)?.clone();
        Some(number(&mut self.names.lanes, &mut self.plan.lanes, name))
    }

    fn site(&mut self, site: SiteId) -> u32 {
        let path = self.flow.sites[site as usize].path.clone();
        number(&mut self.names.sites, &mut self.plan.sites, path)
    }

    fn service(&mut self, name: &str) -> u32 {
        number(&mut self.names.services, &mut self.plan.services, name.to_owned())
    }

    fn call(&mut self, index: usize) -> PlanCall {
        let graph = self.graph;
        let (call, slots) = (&self.flow.calls[index], &self.layout.calls[index]);
        let mut bound = 0;
        let mut legs = Vec::with_capacity(slots.legs.len());
        for (leg, own) in call.action.legs().iter().zip(&slots.legs) {
            bound += leg.weight;
            legs.push(self.leg(call, leg, own, bound));
        }
        let first = id(self.plan.legs.len());
        self.plan.legs.append(&mut legs);
        let retry = call.retry.as_ref().and_then(|policy| {
            let rules = RetryRules::new(policy)?;
            self.plan.retries.push(PlanRetry { rules, policy: policy.clone() });
            Some(id(self.plan.retries.len() - 1))
        });
        let per_try = call.retry.as_ref().and_then(|policy| policy.per_try_timeout);
        PlanCall {
            graph: self.number,
            class: call.class,
            site: self.site(call.site),
            senders: graph.senders.get(call.sender as usize).cloned().unwrap_or_default(),
            lane: self.lane(call.lane),
            visits: self.slots + slots.visits,
            delay: call.delay.map(|(time, fraction)| {
                let chance = self.chance(Purpose::Delay, call.site, fraction);
                (time, chance, self.slots + slots.delays)
            }),
            abort: call.abort.map(|(fraction, answer)| {
                let chance = self.chance(Purpose::Abort, call.site, fraction);
                (chance, answer, self.slots + slots.aborts)
            }),
            answer: match &call.action {
                crate::engine::flow::Action::Answer(answer) => Some(*answer),
                crate::engine::flow::Action::Forward(_) => None,
            },
            legs: first..id(self.plan.legs.len()),
            total: bound,
            route: self.column(Purpose::Route, call.site),
            host: self.column(Purpose::Host(0), call.site),
            timeouts: Timeouts::new(call.timeout, per_try),
            retry,
            retries: self.slots + slots.retries,
        }
    }

    fn leg(&mut self, call: &Call, leg: &Leg, slots: &LegSlots, bound: u64) -> PlanLeg {
        let fallback = leg.fallback.is_some();
        let target = match &leg.target {
            Target::Answer(answer) => PlanTarget::Answer(*answer),
            Target::Outside(host) => {
                self.plan.outside.push(host.clone());
                PlanTarget::Outside(id(self.plan.outside.len() - 1))
            }
            Target::Through(next) => PlanTarget::Through(self.calls + next),
            Target::Hosts(hosts) => {
                PlanTarget::Hosts(self.hosts(call, hosts, slots.hosts, fallback))
            }
        };
        let alternative = leg.alternative.as_ref().map(|alternative| {
            let hosts = self.hosts(call, &alternative.hosts, slots.alternative_hosts, true);
            (hosts, self.slots + slots.alternative)
        });
        let mut copies = Vec::with_capacity(leg.copies.len());
        for (index, (copy, slots)) in leg.copies.iter().zip(&slots.copies).enumerate() {
            copies.push(self.copy(call, copy, (slots.made, slots.hosts), id(index)));
        }
        let first = id(self.plan.copies.len());
        self.plan.copies.append(&mut copies);
        PlanLeg {
            bound,
            taken: self.slots + slots.taken,
            lane: self.lane(leg.lane),
            target,
            alternative,
            fallback,
            copies: first..id(self.plan.copies.len()),
        }
    }

    /// A copy is a call of its own: it is not retried and has the time of the whole request (E-160).
    fn copy(&mut self, call: &Call, copy: &MirrorCopy, slots: (u32, u32), index: u32) -> PlanCopy {
        let made = self.slots + slots.0;
        let Some(hosts) = &copy.hosts else {
            return PlanCopy { fraction: copy.fraction, made, call: None };
        };
        let hosts = self.hosts(call, hosts, slots.1, false);
        let first = id(self.plan.legs.len());
        self.plan.legs.push(PlanLeg {
            bound: 1,
            taken: 0,
            lane: None,
            target: PlanTarget::Hosts(hosts),
            alternative: None,
            fallback: false,
            copies: 0..0,
        });
        let column = self.column(Purpose::CopyHost(index), copy.site);
        let made_up = PlanCall {
            graph: self.number,
            class: call.class,
            site: self.site(copy.site),
            senders: Vec::new(),
            lane: None,
            visits: 0,
            delay: None,
            abort: None,
            answer: None,
            legs: first..first + 1,
            total: 1,
            route: column,
            host: column,
            timeouts: Timeouts::new(call.timeout, None),
            retry: None,
            retries: 0,
        };
        let number = self.calls + id(self.flow.calls.len() + self.copies.len());
        self.copies.push(made_up);
        PlanCopy { fraction: copy.fraction, made, call: Some(number) }
    }

    fn hosts(&mut self, call: &Call, hosts: &Hosts, slot: u32, fallback: bool) -> u32 {
        let place = ClusterPlace {
            number: self.number,
            graph: self.graph,
            sender: self.senders.get(call.sender as usize).copied().unwrap_or(0),
            version: self.setup.envoy.version,
            outside: &self.setup.outside,
        };
        let cluster = self.names.clusters.cluster(self.plan, self.stations, place, &hosts.cluster);
        let numbers: Vec<u32> = self.plan.clusters[cluster as usize]
            .cluster
            .endpoints()
            .map(|endpoint| endpoint.instance.unwrap_or(NONE))
            .collect();
        let met = hosts.all().zip(self.slots + slot..);
        let met: Vec<(u32, u32, u32)> = met
            .filter_map(|(host, slot)| {
                Some((*numbers.get(host.endpoint)?, self.runs + host.run, slot))
            })
            .collect();
        let first = met.iter().map(|(endpoint, ..)| *endpoint).min().unwrap_or(0);
        let last = met.iter().map(|(endpoint, ..)| *endpoint).max().unwrap_or(0);
        let mut entries = vec![(NONE, 0); (last - first) as usize + 1];
        for (endpoint, run, slot) in met {
            entries[(endpoint - first) as usize] = (run, slot);
        }
        let app = hosts.list.first().or(hosts.standby.first());
        let app = app.map_or("", |host| self.flow.runs[host.run as usize].app.as_str());
        let caller = self.flow.sites[call.site as usize].caller.as_str();
        let delay = self.setup.network.delay(caller, app);
        let round_trip = Nanos(delay.0.saturating_mul(2));
        let hosts = PlanHosts {
            cluster,
            first,
            entries,
            hash: hosts.hash,
            fallback,
            delay,
            connect: self.setup.connect.unwrap_or(round_trip),
            service: self.service(app),
        };
        self.plan.hosts.push(hosts);
        id(self.plan.hosts.len() - 1)
    }
}
