//! From a scenario to what the engine runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::service::Distribution;
use super::setup::{
    Change, CheckPlan, Graph, Mark, Period, RolloutPlan, Setup, Source, Station, StationId,
    Traffic, What,
};
use super::slab::id;
use crate::control_plane::registry::Pod;
use crate::engine::flow::{Flow, FlowError, build_with_standbys};
use crate::scenario::time::{self, Action, TimePlan};
use crate::scenario::{Scenario, Sender};
use crate::units::{Nanos, Share};

/// A setup and the scenarios that its graphs were made from.
#[derive(Debug)]
pub struct Prepared<'s> {
    /// What to run.
    pub setup: Setup,
    /// The scenario of each graph.
    pub scenarios: Vec<&'s Scenario>,
}

/// Collects the stations of all graphs.
struct Stations<'s> {
    plan: &'s TimePlan,
    ids: BTreeMap<String, StationId>,
    list: Vec<Station>,
    /// The pods of each station of the plan.
    of_workload: Vec<Vec<StationId>>,
}

// === impl Prepared ===

impl<'s> Prepared<'s> {
    /// Prepares a scenario to be run in time.
    ///
    /// # Errors
    /// Calls that nest too deep, or too many states.
    pub fn new(scenario: &'s Scenario) -> Result<Self, FlowError> {
        let plan = &scenario.time;
        let mut stations = Stations {
            plan,
            ids: BTreeMap::new(),
            list: Vec::new(),
            of_workload: vec![Vec::new(); plan.stations.len()],
        };
        let mut graphs = Vec::new();
        let mut scenarios = Vec::new();
        let mut period = |at: Nanos, states: &[&'s Scenario]| -> Result<Period, FlowError> {
            let mut numbers = Vec::with_capacity(states.len());
            for state in states {
                numbers.push(graphs.len());
                graphs.push(stations.graph(state)?);
                scenarios.push(*state);
            }
            Ok(Period { at, states: numbers })
        };
        let first: Vec<&Scenario> = match &plan.rollout {
            Some(rollout) if !rollout.states.is_empty() => rollout.states.iter().collect(),
            _ => vec![scenario],
        };
        let mut periods = vec![period(Nanos(0), &first)?];
        for epoch in &plan.epochs {
            periods.push(period(epoch.at, &epoch.states.iter().collect::<Vec<_>>())?);
        }
        let setup = Setup {
            graphs,
            periods,
            outside: plan.stations.first().map_or(Station::instant(""), |s| station("", s)),
            sources: sources(plan),
            changes: changes(plan, &stations.of_workload),
            classes: scenario.classes.iter().map(|class| class.name.clone()).collect(),
            end: plan.end,
            warm_up: plan.warm_up,
            interval: plan.interval.max(Nanos(1)),
            network: plan.network.clone(),
            connect: None,
            envoy: plan.envoy,
            rollout: plan.rollout.as_ref().map(|it| rollout(it, &stations.of_workload)),
            marks: marks(plan),
            record: false,
            stations: stations.list,
        };
        Ok(Self { setup, scenarios })
    }
}

// === impl Stations ===

impl Stations<'_> {
    fn graph(&mut self, scenario: &Scenario) -> Result<Graph, FlowError> {
        let flow = build_with_standbys(scenario)?;
        let mesh = &scenario.mesh;
        let mut of_sender: BTreeMap<Sender, Vec<StationId>> = BTreeMap::new();
        let mut instances = Vec::with_capacity(mesh.registry.pods.len());
        for pod in &mesh.registry.pods {
            let station = self.pod(pod);
            instances.push(station);
            of_sender.entry(Sender::of_pod(mesh, pod)).or_default().push(station);
        }
        let senders = self.senders(&flow, scenario, &instances, &of_sender);
        Ok(Graph { flow: Arc::new(flow), instances, senders })
    }

    fn pod(&mut self, pod: &Pod) -> StationId {
        let name = format!("{}.{}", pod.name, pod.namespace);
        if let Some(known) = self.ids.get(&name) {
            return *known;
        }
        let workload = self.plan.station(&pod.namespace, &pod.workload) as usize;
        let mut own = match self.plan.stations.get(workload).filter(|_| workload > 0) {
            Some(known) => station(&name, known),
            None => Station::instant(name.as_str()),
        };
        if own.group.is_empty() {
            own.group.clone_from(&pod.workload);
        }
        let number = id(self.list.len());
        self.list.push(own);
        self.ids.insert(name, number);
        if let Some(pods) = self.of_workload.get_mut(workload).filter(|_| workload > 0) {
            pods.push(number);
        }
        number
    }

    /// The stations whose proxies act for each sender. A gateway is its pods, or one that nobody deployed.
    fn senders(
        &mut self,
        flow: &Flow,
        scenario: &Scenario,
        instances: &[StationId],
        of_sender: &BTreeMap<Sender, Vec<StationId>>,
    ) -> Vec<Vec<StationId>> {
        let mut list = Vec::with_capacity(flow.proxies.len());
        for sender in &flow.proxies {
            let mut own = of_sender.get(sender).cloned().unwrap_or_default();
            let labels = &sender.proxy.labels;
            if own.is_empty() && !labels.is_empty() {
                let pods = scenario.mesh.registry.pods.iter().zip(instances);
                let selected = |pod: &Pod| {
                    pod.namespace == sender.proxy.namespace
                        && labels.iter().all(|(key, value)| pod.labels.get(key) == Some(value))
                };
                own = pods.filter(|(pod, _)| selected(pod)).map(|(_, station)| *station).collect();
            }
            if own.is_empty() {
                let next = id(self.list.len());
                let number = *self.ids.entry(sender.name.clone()).or_insert(next);
                if number == next {
                    self.list.push(Station::instant(sender.name.as_str()));
                }
                own.push(number);
            }
            list.push(own);
        }
        list
    }
}

/// A pod of a workload.
fn station(name: &str, known: &time::Station) -> Station {
    let group = match known.version.as_str() {
        "" => known.service.clone(),
        version => format!("{}@{version}", known.service),
    };
    Station {
        name: name.to_owned(),
        group,
        service: Distribution::new(&known.service_time),
        workers: known.workers,
        queue: known.queue,
        errors: known.errors,
        slowdown: Share::ONE,
    }
}

fn sources(plan: &TimePlan) -> Vec<Source> {
    let arrivals = plan.arrivals.iter().enumerate();
    arrivals.map(|(class, plan)| Source { class, traffic: Traffic::Plan(plan.clone()) }).collect()
}

fn pods(stations: &[time::StationId], of_workload: &[Vec<StationId>]) -> Vec<StationId> {
    let known = stations.iter().filter_map(|station| of_workload.get(*station as usize));
    known.flatten().copied().collect()
}

fn changes(plan: &TimePlan, of_workload: &[Vec<StationId>]) -> Vec<Change> {
    let change = |event: &time::Event| {
        let what = match &event.action {
            Action::Errors(stations, share) => {
                What::Errors(pods(stations, of_workload), Some(*share))
            }
            Action::Slow(stations, factor) => What::Slowdown(pods(stations, of_workload), *factor),
            Action::Service(stations, service) => {
                What::Service(pods(stations, of_workload), Distribution::new(service))
            }
            Action::Users(class, users) => What::Users(*class, *users),
            // Periods and arrivals have these.
            Action::Enter(_) | Action::Rate => return None,
        };
        Some(Change { at: event.at, what })
    };
    plan.timeline.iter().filter_map(change).collect()
}

fn marks(plan: &TimePlan) -> Vec<Mark> {
    let mark = |event: &time::Event| Mark { at: event.at, text: event.text.clone() };
    plan.timeline.iter().map(mark).collect()
}

fn rollout(plan: &time::Rollout, of_workload: &[Vec<StationId>]) -> RolloutPlan {
    let check = |check: &time::Check| CheckPlan {
        metric: check.metric,
        window: check.window,
        stations: pods(&check.stations, of_workload),
    };
    RolloutPlan {
        at: plan.at,
        steps: plan.steps.clone(),
        checks: plan.checks.iter().map(check).collect(),
        check_every: plan.check_every,
        failure_limit: plan.failure_limit,
        consecutive: plan.consecutive,
        stable: plan.stable,
        promoted: plan.promoted,
    }
}
