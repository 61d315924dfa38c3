//! Resolves a step-by-step change of weights, stated by the scenario or read from the mesh files.

use super::overlay::{Overlay, Shift, Side};
use super::station::find;
use super::timeline::World;
use super::{Check, Loading, Metric, Rollout, Station, Step};
use crate::config::decode::Located;
use crate::config::resources::Resources;
use crate::config::scenario::{ChecksFile, OneOrMany, RolloutFile, RolloutStep};
use crate::diagnostic::{Diagnostic, Diagnostics, Place};
use crate::scenario::Scenario;
use crate::units::{Nanos, Share};

/// A rollout before its meshes are built.
#[derive(Debug)]
pub(super) struct Plan {
    name: String,
    at: Nanos,
    steps: Vec<Step>,
    checks: Vec<(Limit, Option<Nanos>)>,
    window: Nanos,
    every: Nanos,
    failures: u32,
    consecutive: bool,
    promoted: usize,
    /// The workload or `service@version` whose answers are checked; those of clients if absent.
    watched: Option<Located<String>>,
    place: Place,
    /// What each state adds to the mesh; state 0 is the mesh as it stands.
    pub(super) states: Vec<Overlay>,
}

/// A metric with its limit.
pub(super) type Limit = Metric;

/// The steps of a rollout, wherever they were read.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) name: String,
    /// What each step changes, its weight for reports, its pause, and whether checks are made.
    pub(super) steps: Vec<(Overlay, u32, Option<Nanos>, bool)>,
    /// What holds when all steps are done.
    pub(super) promoted: Option<Overlay>,
    /// What is checked, over another time than the rollout's if stated.
    pub(super) checks: Vec<(Limit, Option<Nanos>)>,
    pub(super) window: Option<Nanos>,
    pub(super) every: Option<Nanos>,
    pub(super) failures: Option<u32>,
    pub(super) consecutive: bool,
    pub(super) watched: Option<Located<String>>,
}

/// Over which time checks look back if nothing is said.
const WINDOW: Nanos = Nanos(60_000_000_000);

/// More steps than a rollout has.
const MAX_STEPS: usize = 50;

// === impl Plan ===

impl Plan {
    /// Reads the rollout of the scenario; problems are reported.
    pub(super) fn read(resources: &Resources, loading: &mut Loading<'_>) -> Option<Self> {
        let file = loading.file.rollout.as_ref()?;
        let mut outline = Outline::default();
        if let Some(base) = &file.base {
            outline = super::progressive::find(base, resources, loading.problems)?;
        }
        outline.add_steps(file, resources, loading.problems)?;
        if let Some(checks) = &file.checks {
            outline.add_checks(checks, loading.problems);
        }
        if outline.steps.is_empty() || outline.steps.len() > MAX_STEPS {
            let message = format!("a rollout has 1 to {MAX_STEPS} steps");
            let help = "write `steps: [{weight: 10, pause: 60s}, {weight: 100}]`";
            let problem = Diagnostic::error("missing-field", file.place, message);
            loading.problems.push(problem.help(help));
            return None;
        }
        let at = file.at.as_ref().map_or(Nanos(0), |at| at.value);
        Some(outline.plan(at, file.place))
    }

    /// Builds what the engine needs: the meshes of all states before the first epoch.
    pub(super) fn build(
        self,
        world: &mut World<'_>,
        loading: &mut Loading<'_>,
    ) -> (Rollout, Option<Located<String>>) {
        let states: Vec<Scenario> =
            self.states.iter().filter_map(|state| world.build(state, loading)).collect();
        let checks = self.checks.iter().map(|(metric, window)| Check {
            metric: *metric,
            window: window.unwrap_or(self.window),
            stations: Vec::new(),
        });
        let rollout = Rollout {
            name: self.name,
            at: self.at,
            steps: self.steps,
            checks: checks.collect(),
            check_every: self.every,
            failure_limit: self.failures,
            consecutive: self.consecutive,
            states,
            stable: 0,
            promoted: self.promoted,
            place: self.place,
        };
        (rollout, self.watched)
    }
}

// === impl Rollout ===

impl Rollout {
    /// Names the stations whose answers are checked; nothing if all clients' answers are.
    pub(super) fn watch(
        mut self,
        watched: Option<Located<String>>,
        stations: &[Station],
        loading: &mut Loading<'_>,
    ) -> Self {
        let Some(name) = watched.filter(|_| !self.checks.is_empty()) else { return self };
        let (host, version) = name.value.split_once('@').unwrap_or((&name.value, ""));
        let short = host.split('.').next().unwrap_or_default();
        let spelled =
            if version.is_empty() { short.to_owned() } else { format!("{short}@{version}") };
        let mut found = find(&name.value, stations);
        if found.is_empty() {
            found = find(&spelled, stations);
        }
        if found.is_empty() {
            let message =
                format!("no pods are known as `{}`: checks look at all answers", name.value);
            let help = "call the subset as its pods' label `version`";
            let problem = Diagnostic::warning("unknown-app", name.place, message);
            loading.problems.push(problem.help(help));
        }
        for check in &mut self.checks {
            check.stations.clone_from(&found);
        }
        self
    }
}

// === impl Outline ===

impl Outline {
    /// Steps of the scenario file replace those of the mesh files.
    fn add_steps(
        &mut self,
        file: &RolloutFile,
        resources: &Resources,
        problems: &mut Diagnostics,
    ) -> Option<()> {
        let Some(steps) = &file.steps else { return Some(()) };
        let weighted = steps.iter().find(|step| step.0.weight.is_some());
        let sides = match (weighted, &file.stable, &file.canary) {
            (None, _, _) => None,
            (Some(_), Some(stable), Some(canary)) => {
                Some((Side::parse(&stable.value), Side::parse(&canary.value), stable.place))
            }
            (Some(step), _, _) => {
                let message = "weights need to know their two sides";
                let help =
                    "write `stable: reviews@v1` and `canary: reviews@v2`, service and subset";
                problems.push(Diagnostic::error("missing-field", step.0.place, message).help(help));
                return None;
            }
        };
        self.steps.clear();
        self.promoted = None;
        for (index, step) in steps.iter().enumerate() {
            let overlay = step_overlay(step, sides.as_ref(), problems)?;
            let weight = step.0.weight.as_ref().map_or(0, |weight| weight.value);
            // The last step stays; the others go on at once unless they say how long they are held.
            let at_once = (index + 1 < steps.len()).then_some(Nanos(0));
            let pause = step.0.pause.as_ref().map(|pause| pause.value).or(at_once);
            self.steps.push((overlay, weight, pause, true));
        }
        if let Some((stable, canary, place)) = sides {
            let shift = Shift::whole(stable, canary, 100);
            if shift.apply(&mut resources.clone()) == 0 {
                let message = "no route has both sides of the rollout as destinations";
                problems.push(Diagnostic::error("unknown-destination", place, message));
            }
            // After the last step nothing is left on the old side, as controllers do.
            if weighted.is_some() && steps.last().is_some_and(|last| last.0.mesh.0.is_empty()) {
                self.promoted = Some(Overlay { shifts: vec![shift], ..Overlay::default() });
            }
        }
        if self.name.is_empty() {
            "rollout".clone_into(&mut self.name);
        }
        self.watched = file.canary.clone().filter(|_| weighted.is_some());
        Some(())
    }

    fn add_checks(&mut self, file: &ChecksFile, problems: &mut Diagnostics) {
        let mut checks = Vec::new();
        if let Some(rate) = &file.error_rate {
            checks.push((Metric::ErrorRate(rate.value), None));
        }
        for (percent, limit) in [(50, &file.p50), (90, &file.p90), (95, &file.p95), (99, &file.p99)]
        {
            let share = Share::new(percent, 100).unwrap_or(Share::ONE);
            let limit = limit.as_ref().map(|limit| Metric::Latency(share, limit.value));
            checks.extend(limit.map(|limit| (limit, None)));
        }
        if !checks.is_empty() {
            self.checks = checks;
        }
        for time in [&file.window, &file.every].into_iter().flatten() {
            if time.value < Nanos::MILLISECOND {
                let message = format!("{} is too short to measure anything", time.value);
                problems.push(Diagnostic::error("out-of-range", time.place, message));
            }
        }
        let value = |time: &Option<Located<Nanos>>| time.as_ref().map(|time| time.value);
        self.window = value(&file.window).or(self.window);
        self.every = value(&file.every).or(self.every);
        self.failures = file.failures.as_ref().map(|it| it.value.max(1)).or(self.failures);
    }

    /// Numbers the states: equal ones are one.
    fn plan(self, at: Nanos, place: Place) -> Plan {
        let mut states = vec![Overlay::default()];
        let mut state_of = |overlay: Overlay| {
            states.iter().position(|known| *known == overlay).unwrap_or_else(|| {
                states.push(overlay);
                states.len() - 1
            })
        };
        let mut steps = Vec::new();
        for (overlay, weight, pause, checked) in self.steps {
            steps.push(Step { weight, state: state_of(overlay), pause, checked });
        }
        let last = steps.last().map_or(0, |step| step.state);
        let promoted = self.promoted.map_or(last, &mut state_of);
        let window = self.window.unwrap_or(WINDOW);
        Plan {
            name: self.name,
            at,
            steps,
            checks: self.checks,
            window,
            every: self.every.unwrap_or(window),
            failures: self.failures.unwrap_or(1),
            consecutive: self.consecutive,
            promoted,
            watched: self.watched,
            place,
            states,
        }
    }
}

fn step_overlay(
    step: &RolloutStep,
    sides: Option<&(Side, Side, Place)>,
    problems: &mut Diagnostics,
) -> Option<Overlay> {
    let mesh: Vec<OneOrMany> =
        if step.0.mesh.0.is_empty() { Vec::new() } else { vec![step.0.mesh.clone()] };
    let (Some(weight), Some((stable, canary, _))) = (&step.0.weight, sides) else {
        return Some(Overlay { mesh, ..Overlay::default() });
    };
    if weight.value > 100 {
        let message = format!("{} is more than 100 percent", weight.value);
        problems.push(Diagnostic::error("out-of-range", weight.place, message));
        return None;
    }
    let shift = Shift::whole(stable.clone(), canary.clone(), weight.value);
    Some(Overlay { mesh, shifts: vec![shift], ..Overlay::default() })
}

#[cfg(test)]
mod tests;
