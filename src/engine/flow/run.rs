//! What an application does with a request: its inbound sidecar, its behaviour, its own calls.

use std::collections::BTreeMap;

use super::build::{Arrival, Ask, Builder};
use super::{AppRun, FlowError, Node, RunCall, RunId, SeenRun, SenderId, Site};
use crate::topology::{Behaviour, Call as AppCall};
use crate::units::Share;

/// Labels that name the version of a pod, most important first.
const VERSION_LABELS: [&str; 3] = ["version", "app.kubernetes.io/version", "ASM_TRAFFIC_TAG"];

/// Labels that name the application of a pod, most important first.
const APP_LABELS: [&str; 2] = ["app", "app.kubernetes.io/name"];

impl Builder<'_> {
    /// Follows a request that reaches a pod; equal states are followed once.
    pub(super) fn run(&mut self, mut arrival: Arrival) -> Result<RunId, FlowError> {
        let Some(sender) = arrival.pod else {
            return self.leaf(arrival);
        };
        let known = self.senders.get(sender);
        known.tags.on_inbound(&mut arrival.memory, &mut arrival.request);
        if let Some(run) = self.runs.get(&arrival) {
            return Ok(*run);
        }
        let proxy = &known.sender.proxy;
        let labels = proxy.labels.clone();
        let workload = known.sender.name.clone();
        let app = self.scenario.topology.app_of(&labels);
        let name = match app {
            Some(app) => app.name.clone(),
            None => first_label(&labels, &APP_LABELS)
                .unwrap_or_else(|| workload.rsplit('/').next().unwrap_or_default().to_owned()),
        };
        let behaviour = self.scenario.topology.behaviour(&labels);
        let mut run = AppRun {
            class: arrival.class,
            site: arrival.site,
            version: first_label(&labels, &VERSION_LABELS).unwrap_or_default(),
            app: name,
            error_rate: behaviour.map_or(Share::ZERO, |behaviour| behaviour.error_rate),
            status: 200,
            steps: Vec::new(),
        };
        if let Some(behaviour) = behaviour {
            let handling = behaviour.handling(&arrival.request.path);
            run.status = handling.status;
            let caller = Caller { behaviour, sender, app: &run.app, arrival: &arrival };
            let mut seen: Vec<&str> = Vec::new();
            for step in &handling.steps {
                let mut calls = Vec::with_capacity(step.len());
                for call in step {
                    seen.push(&call.service);
                    let ordinal = seen.iter().filter(|name| **name == call.service).count();
                    calls.push(self.run_call(&caller, call, ordinal)?);
                }
                run.steps.push(calls);
            }
        }
        self.add_run(run, arrival)
    }

    /// An endpoint that is no pod: it answers, and nothing is known of what it does.
    fn leaf(&mut self, arrival: Arrival) -> Result<RunId, FlowError> {
        if let Some(run) = self.runs.get(&arrival) {
            return Ok(*run);
        }
        let run = AppRun {
            class: arrival.class,
            site: arrival.site,
            app: arrival.host.clone(),
            version: String::new(),
            error_rate: Share::ZERO,
            status: 200,
            steps: Vec::new(),
        };
        self.add_run(run, arrival)
    }

    fn add_run(&mut self, run: AppRun, arrival: Arrival) -> Result<RunId, FlowError> {
        if self.extras.seen {
            self.flow.runs_seen.push(SeenRun { request: arrival.request.clone() });
        }
        let number = u32::try_from(self.flow.runs.len()).unwrap_or(u32::MAX);
        self.flow.runs.push(run);
        self.add_node(Node::Run(number))?;
        self.runs.insert(arrival, number);
        Ok(number)
    }

    /// One call of an app; each attempt has a site, and so random numbers, of its own.
    fn run_call(
        &mut self,
        caller: &Caller<'_>,
        call: &AppCall,
        ordinal: usize,
    ) -> Result<RunCall, FlowError> {
        let request = caller.behaviour.outgoing(call, &caller.arrival.request);
        let own = self.flow.sites[caller.arrival.site as usize].clone();
        let above = match own.path.rfind('>') {
            Some(at) => format!("{}>{}", &own.path[..at], caller.app),
            None => caller.app.to_owned(),
        };
        let above = if own.mirrored { own.path.clone() } else { above };
        let mut attempts = Vec::new();
        let mut first = None;
        for attempt in 1..=call.attempts {
            let mut path = format!("{above}>{}", call.service);
            if ordinal > 1 {
                path = format!("{path}({ordinal})");
            }
            if attempt > 1 {
                path = format!("{path}#{attempt}");
            }
            let site = self.site(Site {
                path,
                caller: caller.app.to_owned(),
                service: call.service.clone(),
                depth: own.depth + 1,
                mirrored: own.mirrored,
            });
            first.get_or_insert(site);
            attempts.push(self.call(Ask {
                class: caller.arrival.class,
                site,
                sender: caller.sender,
                request: request.clone(),
                memory: caller.arrival.memory.clone(),
                lane: caller.arrival.lane,
                displaced: caller.arrival.displaced,
                port: call.port,
                tls: false,
                service: None,
            })?);
        }
        Ok(RunCall::new(call, attempts, first.unwrap_or_default()))
    }
}

/// Who makes a call.
struct Caller<'a> {
    behaviour: &'a Behaviour,
    sender: SenderId,
    app: &'a str,
    arrival: &'a Arrival,
}

fn first_label(labels: &BTreeMap<String, String>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| labels.get(*name).filter(|value| !value.is_empty())).cloned()
}
