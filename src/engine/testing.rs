//! Scenarios with everything that an engine decides, and a naive second way to the exact answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::flow::{Action, AppRun, CallId, Flow, Hosts, LaneId, Leg, RunCall, RunId, Target};
use super::probability::{Probability, of_fraction, of_share, one, ratio};
use super::trace::{Served, Trace, TracedCall};
use crate::data_plane::RetryPolicy;
use crate::scenario::{self, MemoryFiles, Options, Scenario};
use crate::topology::{APP_ERROR, FailurePolicy, is_failure};

/// What differs between scenarios of this shape.
#[derive(Clone, Debug)]
pub(super) struct Knobs {
    /// Weights of b's versions.
    pub(super) weights: [u32; 2],
    /// Percentages: abort fault at b, errors of b v1, b v2 and c, mirror of b to c, calls that are made.
    pub(super) percent: [u32; 6],
    /// Retries of the proxy at b.
    pub(super) retries: u32,
    /// Attempts of a's first call.
    pub(super) attempts: u32,
    /// What a does when its first call fails.
    pub(super) on_failure: &'static str,
    /// Pods of b v2.
    pub(super) replicas: u32,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            weights: [70, 30],
            percent: [10, 20, 5, 10, 50, 60],
            retries: 1,
            attempts: 2,
            on_failure: "ignore",
            replicas: 2,
        }
    }
}

const TOPOLOGY: &str = r#"
services:
  a:
    port: 8000
    versions: [v1]
    calls:
    - {to: "GET http://b:8000/", attempts: ATTEMPTS, retryOn: 5xx, onFailure: ON_FAILURE, probability: MADE%}
    - parallel: ["GET http://c:8000/", {to: "GET http://b:8000/x", onFailure: fail}]
  b:
    port: 8000
    versions: {v1: {errorRate: ERRORS_V1%}, v2: {errorRate: ERRORS_V2%}}
    calls: ["GET http://c:8000/"]
  c: {port: 8000, versions: [v1], errorRate: ERRORS_C%}
clients: {sleep: }
"#;

const MESH: &str = "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: b, namespace: default}
spec:
  hosts: [b]
  http:
  - fault: {abort: {httpStatus: 500, percentage: {value: ABORT}}}
    retries: RETRIES
    mirror: {host: c}
    mirrorPercentage: {value: MIRROR}
    route:
    - {destination: {host: b, subset: v1}, weight: WEIGHT_1}
    - {destination: {host: b, subset: v2}, weight: WEIGHT_2}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: b, namespace: default}
spec:
  host: b
  subsets:
  - {name: v1, labels: {version: v1}}
  - {name: v2, labels: {version: v2}}
";

const SCENARIO: &str = "
mesh: [mesh.yaml]
topology: topology.yaml
scale: {b-v2: REPLICAS}
traffic:
- {class: first, share: 3, from: workload default/sleep, request: {url: 'http://a:8000/'}}
- {class: second, share: 1, from: workload default/sleep, request: {url: 'http://b:8000/'}}
seed: 7
";

/// Loads a scenario from texts.
pub(super) fn load(texts: &[(&str, &str)]) -> Scenario {
    let files = texts.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()));
    let files = MemoryFiles(files.collect());
    let loaded = scenario::load(&files, "scenario.yaml", &Options::default());
    loaded.scenario.unwrap_or_else(|| panic!("{}", loaded.problems.render(&loaded.sources)))
}

/// The scenario of some knobs.
pub(super) fn scenario(knobs: &Knobs) -> Scenario {
    let [abort, errors_v1, errors_v2, errors_c, mirror, made] = knobs.percent;
    let retries = match knobs.retries {
        0 => "{attempts: 0}".to_owned(),
        attempts => format!("{{attempts: {attempts}, retryOn: 5xx}}"),
    };
    let values = [
        ("ATTEMPTS", knobs.attempts.to_string()),
        ("ON_FAILURE", knobs.on_failure.to_owned()),
        ("MADE", made.to_string()),
        ("ERRORS_V1", errors_v1.to_string()),
        ("ERRORS_V2", errors_v2.to_string()),
        ("ERRORS_C", errors_c.to_string()),
        ("ABORT", abort.to_string()),
        ("RETRIES", retries),
        ("MIRROR", mirror.to_string()),
        ("WEIGHT_1", knobs.weights[0].to_string()),
        ("WEIGHT_2", knobs.weights[1].to_string()),
        ("REPLICAS", knobs.replicas.to_string()),
    ];
    let fill = |text: &str| {
        values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    };
    load(&[
        ("scenario.yaml", &fill(SCENARIO)),
        ("topology.yaml", &fill(TOPOLOGY)),
        ("mesh.yaml", &fill(MESH)),
    ])
}

/// The ways of a request: lane, status and trace, with probabilities.
pub(super) type Ways = BTreeMap<(Option<LaneId>, u16, Arc<Trace>), Probability>;

fn add(ways: &mut Ways, lane: Option<LaneId>, status: u16, trace: Trace, probability: Probability) {
    *ways.entry((lane, status, Arc::new(trace))).or_default() += probability;
}

/// All ways of a call, found by following each one.
pub(super) fn ways(flow: &Flow, id: CallId) -> Ways {
    let call = &flow.calls[id as usize];
    let mut ways = Ways::new();
    let mut reached = one();
    if let Some((fraction, answer)) = &call.abort {
        reached -= of_fraction(*fraction);
        add(&mut ways, None, answer.status, Trace::Answered(answer.status), of_fraction(*fraction));
    }
    let legs = match &call.action {
        Action::Answer(answer) => {
            add(&mut ways, None, answer.status, Trace::Answered(answer.status), reached);
            return ways;
        }
        Action::Forward(legs) => legs,
    };
    let total = legs.iter().map(|leg| leg.weight).sum();
    for leg in legs {
        let share = &reached * ratio(leg.weight, total);
        for ((lane, status, trace), probability) in behind(flow, leg, call.retry.as_ref()) {
            let trace = if leg.fallback.is_some() { trace.by_fallback() } else { (*trace).clone() };
            add(&mut ways, leg.lane.or(lane), status, trace, &share * probability);
        }
    }
    ways.retain(|_, probability| *probability != Probability::default());
    ways
}

fn behind(flow: &Flow, leg: &Leg, retry: Option<&RetryPolicy>) -> Ways {
    let mut ways = Ways::new();
    match &leg.target {
        Target::Answer(answer) => {
            add(&mut ways, None, answer.status, Trace::Answered(answer.status), one());
        }
        Target::Outside(host) => add(&mut ways, None, 200, Trace::Outside(host.clone()), one()),
        Target::Through(next) => return self::ways(flow, *next),
        Target::Hosts(hosts) => attempts(flow, hosts, retry, &mut Vec::new(), &one(), &mut ways),
    }
    ways
}

/// Every order in which hosts can be tried.
fn attempts(
    flow: &Flow,
    hosts: &Hosts,
    retry: Option<&RetryPolicy>,
    tried: &mut Vec<usize>,
    reached: &Probability,
    ways: &mut Ways,
) {
    let another = retry.is_some_and(|policy| policy.another_host);
    let all = 0..hosts.list.len();
    let fresh: Vec<usize> = all.clone().filter(|host| !another || !tried.contains(host)).collect();
    let candidates = if fresh.is_empty() { all.collect() } else { fresh };
    let total = candidates.iter().map(|host| hosts.list[*host].weight).sum();
    for host in candidates {
        let here = reached * ratio(hosts.list[host].weight, total);
        for ((_, status, trace), probability) in runs(flow, hosts.list[host].run) {
            let probability = &here * probability;
            let again = |policy: &RetryPolicy| {
                tried.len() < policy.attempts as usize && policy.retries_status(status)
            };
            if retry.is_some_and(again) {
                tried.push(host);
                attempts(flow, hosts, retry, tried, &probability, ways);
                tried.pop();
            } else {
                add(ways, None, status, (*trace).clone(), probability);
            }
        }
    }
}

/// What an app did so far: its calls, and the status that a failed one decided.
type Done = (Vec<TracedCall>, Option<u16>, Probability);

fn runs(flow: &Flow, id: RunId) -> Ways {
    let run = &flow.runs[id as usize];
    let error = of_share(run.error_rate);
    let mut ways = Ways::new();
    add(&mut ways, None, APP_ERROR, served(run, Some(APP_ERROR), Vec::new()), error.clone());
    let mut done: Vec<Done> = vec![(Vec::new(), None, one() - error)];
    for step in &run.steps {
        let (stopped, mut going): (Vec<Done>, Vec<Done>) =
            done.into_iter().partition(|(_, status, _)| status.is_some());
        for call in step {
            going = going.into_iter().flat_map(|done| one_call(flow, call, done)).collect();
        }
        done = stopped.into_iter().chain(going).collect();
    }
    for (calls, failed, probability) in done {
        let status = failed.unwrap_or(run.status);
        let trace = served(run, is_failure(status).then_some(status), calls);
        add(&mut ways, None, status, trace, probability);
    }
    ways.retain(|_, probability| *probability != Probability::default());
    ways
}

fn served(run: &AppRun, error: Option<u16>, calls: Vec<TracedCall>) -> Trace {
    let (app, version) = (run.app.clone(), run.version.clone());
    Trace::Served(Box::new(Served { app, version, fallback: false, error, calls }))
}

fn one_call(flow: &Flow, call: &RunCall, (calls, failed, probability): Done) -> Vec<Done> {
    let made = of_share(call.probability);
    let mut ends = vec![(calls.clone(), failed, &probability * (one() - &made))];
    let mut trying = vec![(calls, probability * made)];
    for (number, id) in call.attempts.iter().enumerate() {
        let last = number + 1 == call.attempts.len();
        let service = &flow.sites[flow.calls[*id as usize].site as usize].service;
        for (calls, probability) in std::mem::take(&mut trying) {
            for ((_, status, trace), share) in ways(flow, *id) {
                let mut calls = calls.clone();
                calls.push(TracedCall { service: service.clone(), trace });
                let probability = &probability * share;
                if !last && call.retry_on.matches(status) {
                    trying.push((calls, probability));
                    continue;
                }
                let answer = match call.on_failure {
                    FailurePolicy::Answer(answer) if is_failure(status) => Some(answer),
                    _ => None,
                };
                ends.push((calls, failed.or(answer), probability));
            }
        }
    }
    ends
}
