//! Writes the way of a request, hop by hop.

use std::collections::BTreeSet;

use super::condition;
use crate::control_plane::clusters::ClusterName;
use crate::data_plane::{HeaderMap, Request, ResponseFlag, RouteTable, UNIQUE, VirtualHost};
use crate::engine::exact::Exact;
use crate::engine::flow::{
    Action, Answer, AppRun, Call, CallId, FallbackReason, Flow, Hosts, Leg, RunCall, RunId, Target,
};
use crate::engine::probability::{of_fraction, ratio, to_f64};
use crate::scenario::Scenario;
use crate::topology::FailurePolicy;
use crate::units::Share;

/// Endpoints beyond this are counted.
const MAX_ENDPOINTS: usize = 6;

/// Routes that were passed over beyond this are counted.
const MAX_TRIALS: usize = 12;

pub(super) struct Writer<'a> {
    scenario: &'a Scenario,
    flow: &'a Flow,
    exact: &'a Exact,
    pub(super) text: String,
    /// Calls and runs that were explained already.
    calls: BTreeSet<CallId>,
    runs: BTreeSet<RunId>,
}

impl<'a> Writer<'a> {
    pub(super) const fn new(scenario: &'a Scenario, flow: &'a Flow, exact: &'a Exact) -> Self {
        Self {
            scenario,
            flow,
            exact,
            text: String::new(),
            calls: BTreeSet::new(),
            runs: BTreeSet::new(),
        }
    }

    fn line(&mut self, depth: usize, text: &str, rule: &str) {
        self.text.push_str(&"  ".repeat(depth));
        self.text.push_str(text);
        if !rule.is_empty() {
            self.text.push_str(&format!("  [{rule}]"));
        }
        self.text.push('\n');
    }

    /// Explains all requests of a class.
    pub(super) fn class(&mut self, index: usize) {
        let class = &self.scenario.classes[index];
        let request = shown_request(&class.request);
        self.line(0, &format!("class {}: {request}", class.name), "");
        for header in shown_headers(&class.request.headers) {
            self.line(2, &header, "");
        }
        let root = self.flow.roots[index];
        self.call(root, 0, "");
        let from = self.scenario.trace_from.as_deref();
        self.line(0, "in the end", "");
        let mut outcomes: Vec<_> = self.exact.calls[root as usize].outcomes.list.iter().collect();
        outcomes.sort_by(|a, b| b.probability.cmp(&a.probability));
        for outcome in outcomes.into_iter().take(20) {
            let status = match outcome.status {
                0 => "no answer".to_owned(),
                status => format!("status {status}"),
            };
            let share = percent(to_f64(&outcome.probability));
            let trace = outcome.trace.text(from).replace('>', " > ");
            self.line(1, &format!("{share}  {trace}  ({status})"), "");
        }
    }

    fn call(&mut self, id: CallId, depth: usize, intro: &str) {
        let (call, flow) = (&self.flow.calls[id as usize], self.flow);
        let sender = &flow.senders[call.sender as usize];
        let seen = &flow.calls_seen[id as usize];
        let site = &flow.sites[call.site as usize];
        let head = format!("{intro}{sender}, port {}", seen.port);
        if !self.calls.insert(id) {
            self.line(depth, &format!("{head}: as above at {}", site.path), "");
            return;
        }
        self.line(depth, &head, "");
        let restored = difference(&seen.sent.headers, &seen.received.headers);
        if !restored.is_empty() {
            let text = format!("its proxy adds {}", restored.join(", "));
            self.line(depth + 1, &text, "asm-lanes 2.3");
        }
        match &seen.table {
            Some(table) => self.table(table, &seen.received, depth + 1),
            None => self.line(depth + 1, "no rule looks at the request: plain connection", "R-198"),
        }
        self.faults(call, depth + 1);
        match &call.action {
            Action::Answer(answer) => self.answer(*answer, depth + 1),
            Action::Forward(legs) => {
                let total: u64 = legs.iter().map(|leg| leg.weight).sum();
                if legs.len() > 1 {
                    let weights: Vec<String> =
                        legs.iter().map(|leg| leg.weight.to_string()).collect();
                    let text = format!("split {} by one random number", weights.join(" : "));
                    self.line(depth + 1, &text, "E-50");
                }
                for leg in legs {
                    self.leg(call, leg, ratio_of(leg.weight, total), depth + 1);
                }
            }
        }
    }

    fn table(&mut self, table: &RouteTable, received: &Request, depth: usize) {
        let Some(host) = table.virtual_host(&received.authority) else {
            let text =
                format!("table {}: no virtual host for `{}`", table.name(), received.authority);
            self.line(depth, &text, "R-036");
            return;
        };
        let text = format!("table {}, virtual host {}", table.name(), host.name);
        self.line(depth, &text, "R-036");
        if host.https_redirect && received.scheme != "https" {
            self.line(depth, "every plain request is sent to https", "R-052");
            return;
        }
        self.trials(host, received, depth);
    }

    fn trials(&mut self, host: &VirtualHost, received: &Request, depth: usize) {
        let trials: Vec<_> = host.trials(received).collect();
        let passed = trials.iter().filter(|(_, mismatch)| mismatch.is_some()).count();
        let hidden = passed.saturating_sub(MAX_TRIALS);
        for (number, (route, mismatch)) in trials.iter().enumerate() {
            let name = match &route.source {
                Some(source) if source.rule_name.is_empty() => {
                    format!("{} http[{}]", source.object, source.rule)
                }
                Some(source) => format!("{} {}", source.object, source.rule_name),
                None if route.name.is_empty() => "default route".to_owned(),
                None => format!("default route {}", route.name),
            };
            match mismatch {
                Some(_) if number < hidden => {}
                Some(mismatch) => {
                    let (why, rule) = condition::failed(mismatch, received);
                    self.line(depth, &format!("✗ {name}: {why}"), rule);
                }
                None => {
                    let text = format!("✓ {name}: {}", condition::all(&route.matcher));
                    self.line(depth, &text, "R-087");
                }
            }
        }
        if hidden > 0 {
            self.line(depth, &format!("({hidden} more before these do not match either)"), "");
        }
    }

    fn faults(&mut self, call: &Call, depth: usize) {
        if let Some((length, fraction)) = call.delay {
            let share = percent(to_f64(&of_fraction(fraction)));
            self.line(depth, &format!("{share} of the requests wait {length} first"), "E-150");
        }
        if let Some((fraction, answer)) = call.abort {
            let share = percent(to_f64(&of_fraction(fraction)));
            let text = format!("{share} of the requests are answered {} instead", answer.status);
            self.line(depth, &text, "E-150");
        }
        if let Some(retry) = &call.retry {
            let text = format!("up to {} retries on {}", retry.attempts, retry.on.join(", "));
            self.line(depth, &text, "R-150");
        }
        if let Some(timeout) = call.timeout {
            self.line(depth, &format!("the whole request may take {timeout}"), "R-147");
        }
    }

    fn answer(&mut self, answer: Answer, depth: usize) {
        let (text, rule) = match (answer.status, answer.flag) {
            (0, _) => ("nobody takes the connection".to_owned(), "R-040"),
            (status, Some(ResponseFlag::NoRoute)) => {
                (format!("no route matches: {status} NR"), "E-15")
            }
            (status, Some(ResponseFlag::NoCluster)) => {
                (format!("the destination does not exist: {status} NC"), "R-103")
            }
            (status, Some(ResponseFlag::NoHealthyUpstream)) => {
                (format!("the destination has no endpoint: {status} UH"), "E-72")
            }
            (status, _) => (format!("the proxy answers {status} itself"), "R-132"),
        };
        self.line(depth, &text, rule);
    }

    fn leg(&mut self, call: &Call, leg: &Leg, share: f64, depth: usize) {
        let lane = leg.lane.map(|lane| format!(", lane {}", self.flow.lanes[lane as usize]));
        let destination = match leg.rule {
            Some((rule, index)) => {
                let rule = &self.flow.rules[rule as usize];
                rule.destinations.get(index).map(|(name, _)| name.clone()).unwrap_or_default()
            }
            None => "the service itself".to_owned(),
        };
        let text = format!("→ {destination}, {}{}", percent(share), lane.unwrap_or_default());
        self.line(depth, &text, "");
        if let Some(fallback) = &leg.fallback {
            let why = match fallback.reason {
                FallbackReason::NoEndpoints => "has no endpoint",
                FallbackReason::Undefined => "is not defined",
                FallbackReason::NoneHealthy => "has no healthy endpoint",
            };
            let text = format!("{} {why}: falls back to {}", fallback.from, fallback.to);
            self.line(depth + 1, &text, "asm-lanes 2.5");
        }
        match &leg.target {
            Target::Answer(answer) => self.answer(*answer, depth + 1),
            Target::Outside(host) => {
                self.line(depth + 1, &format!("leaves the mesh for {host}"), "R-039");
            }
            Target::Through(next) => self.call(*next, depth + 1, "through "),
            Target::Hosts(hosts) => self.hosts(call, hosts, depth + 1),
        }
        for copy in &leg.copies {
            let share = percent(to_f64(&of_fraction(copy.fraction)));
            let fate = if copy.hosts.is_some() { "" } else { ", dropped: it has no endpoint" };
            self.line(depth + 1, &format!("{share} are copied to {}{fate}", copy.cluster), "E-160");
        }
    }

    fn hosts(&mut self, call: &Call, hosts: &Hosts, depth: usize) {
        if let Some(name) = ClusterName::parse(&hosts.cluster.name) {
            let subset = if name.subset.is_empty() { "no subset" } else { name.subset };
            let count = hosts.list.len();
            let text = format!(
                "cluster {} ({subset}), {count} endpoint{}",
                hosts.cluster.name,
                if count == 1 { "" } else { "s" }
            );
            self.line(depth, &text, "R-109");
        }
        let in_lane = call.lane.is_some();
        for host in hosts.list.iter().take(MAX_ENDPOINTS) {
            let run = &self.flow.runs[host.run as usize];
            let share = percent(ratio_of(host.weight, hosts.total));
            let place = match (in_lane, host.isolation) {
                (_, crate::engine::flow::Isolation::NoLane) => String::new(),
                (_, isolation) => format!(", {}", isolation.word()),
            };
            let text = format!("{share} {} is {}{place}", host.name, app_of(run));
            self.line(depth, &text, "");
        }
        if hosts.list.len() > MAX_ENDPOINTS {
            let more = hosts.list.len() - MAX_ENDPOINTS;
            self.line(depth, &format!("and {more} more endpoints"), "");
        }
        let runs: BTreeSet<RunId> = hosts.list.iter().map(|host| host.run).collect();
        for run in runs {
            self.run(run, depth);
        }
    }

    fn run(&mut self, id: RunId, depth: usize) {
        let run = &self.flow.runs[id as usize];
        if run.steps.is_empty() && run.error_rate == Share::ZERO {
            return;
        }
        if !self.runs.insert(id) {
            self.line(depth, &format!("{}: goes on as above", app_of(run)), "");
            return;
        }
        let seen = &self.flow.runs_seen[id as usize];
        let text = format!("{} gets {} {}", app_of(run), seen.request.method, seen.request.path);
        self.line(depth, &text, "");
        if run.error_rate != Share::ZERO {
            let text = format!("it fails by itself for {} of them", run.error_rate);
            self.line(depth + 1, &text, "");
        }
        for step in &run.steps {
            for call in step {
                self.run_call(run, call, depth + 1);
            }
        }
    }

    fn run_call(&mut self, run: &AppRun, call: &RunCall, depth: usize) {
        let Some(first) = call.attempts.first() else { return };
        let seen = &self.flow.calls_seen[*first as usize];
        let mut text = format!("{} calls {}", run.app, shown_request(&seen.sent));
        if call.probability != Share::ONE {
            text = format!("{text} for {} of the requests", call.probability);
        }
        if call.attempts.len() > 1 {
            text = format!("{text}, up to {} times", call.attempts.len());
        }
        let failure = match call.on_failure {
            FailurePolicy::Ignore => "; goes on if that fails".to_owned(),
            FailurePolicy::Answer(status) => format!("; answers {status} if that fails"),
        };
        self.line(depth, &format!("{text}{failure}"), "");
        let passed = shown_headers(&seen.sent.headers);
        if !passed.is_empty() {
            self.line(depth + 1, &format!("with {}", passed.join(", ")), "");
        }
        self.call(*first, depth + 1, "");
    }
}

fn app_of(run: &AppRun) -> String {
    if run.version.is_empty() { run.app.clone() } else { format!("{}@{}", run.app, run.version) }
}

fn ratio_of(part: u64, whole: u64) -> f64 {
    to_f64(&ratio(part, whole))
}

fn percent(share: f64) -> String {
    let text = format!("{:.2}", share * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

fn shown_request(request: &Request) -> String {
    format!("{} {}://{}{}", request.method, request.scheme, request.authority, request.path)
}

/// Headers that a person wrote; those that every proxy adds are left out.
fn shown_headers(headers: &HeaderMap) -> Vec<String> {
    const NOISE: [&str; 4] =
        ["x-forwarded-proto", "x-forwarded-for", "x-envoy-external-address", "x-request-id"];
    let lines = headers.lines().iter().filter(|(name, _)| !NOISE.contains(&name.as_str()));
    lines.map(|(name, value)| format!("{name}: {}", value.replace(UNIQUE, "${unique}"))).collect()
}

/// Header lines that are in the second map only.
fn difference(before: &HeaderMap, after: &HeaderMap) -> Vec<String> {
    let old = shown_headers(before);
    shown_headers(after).into_iter().filter(|line| !old.contains(line)).collect()
}
