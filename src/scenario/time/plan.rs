//! Resolves the parts of a scenario file that concern time.

use super::station::Workloads;
use super::timeline::{self, World};
use super::{End, EnvoySettings, Network, Overlay, TimePlan, arrivals, rollout, station};
use crate::config::decode::{Located, closest};
use crate::config::scenario::{EnvoyFile, NetworkFile, ScenarioFile, TopologyChoice};
use crate::data_plane::EnvoyVersion;
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::scenario::Scenario;
use crate::scenario::files::{Files, beside, folder};
use crate::scenario::inputs::Inputs;
use crate::scenario::load::Assembled;
use crate::topology::builtin;
use crate::units::Nanos;

/// A scenario file while it is resolved.
pub(in crate::scenario) struct Loading<'a> {
    pub(in crate::scenario) files: &'a dyn Files,
    pub(in crate::scenario) name: &'a str,
    pub(in crate::scenario) file: &'a ScenarioFile,
    pub(in crate::scenario) sources: &'a mut Sources,
    pub(in crate::scenario) inputs: &'a mut Inputs,
    pub(in crate::scenario) problems: &'a mut Diagnostics,
}

/// More intervals than any chart shows.
const MAX_INTERVALS: u64 = 1_000_000;

/// More runs than anybody waits for.
const MAX_REPLICATIONS: u32 = 100_000;

/// More worker threads than a proxy has.
const MAX_CONCURRENCY: u32 = 128;

// === impl Loading ===

impl Loading<'_> {
    /// The folder of the scenario file.
    pub(super) fn folder(&self) -> &str {
        folder(self.name)
    }

    /// The folder of the topology file; a built-in topology names no files.
    pub(super) fn topology_folder(&self) -> String {
        let named = match &self.file.topology {
            Some(TopologyChoice::Name(name)) => Some(name),
            Some(TopologyChoice::Changed(changed)) => changed.base.as_ref(),
            None => None,
        };
        let named = named.filter(|name| builtin(&name.value).is_none());
        named
            .map_or_else(String::new, |name| folder(&beside(self.folder(), &name.value)).to_owned())
    }
}

/// Resolves the plan for time of a scenario; problems are reported.
pub(in crate::scenario) fn resolve(
    base: Assembled,
    loading: &mut Loading<'_>,
) -> (Scenario, TimePlan) {
    let mut assumptions = Vec::new();
    let mut workloads = Workloads::new();
    station::collect(&base, &mut workloads);
    let Assembled { scenario, resources } = base;
    let file = loading.file;
    let end = end(&scenario, loading);
    let moments = timeline::moments(end, loading);
    let stepwise = rollout::Plan::read(&resources, loading);
    let mut world = World { base: &scenario, workloads, assumptions: &mut assumptions };
    let alone = [Overlay::default()];
    let states = stepwise.as_ref().map_or(&alone[..], |plan| &plan.states);
    let (epochs, entered) = timeline::epochs(&moments, states, &mut world, loading);
    let stepwise = stepwise.map(|plan| plan.build(&mut world, loading));
    let workloads = world.workloads;
    let stations = station::resolve(&workloads, &scenario.topology, loading, &mut assumptions);
    let rollout = stepwise.map(|(rollout, watched)| rollout.watch(watched, &stations, loading));
    let mut arrivals = arrivals::resolve(&scenario, loading, &mut assumptions);
    let mut happening =
        timeline::Happening { scenario: &scenario, stations: &stations, arrivals: &mut arrivals };
    let timeline = happening.events(&moments, &entered, loading);
    let network = network(file.network.as_ref(), &scenario, &stations, loading.problems);
    let plan = TimePlan {
        end,
        warm_up: warm_up(end, loading),
        interval: interval(end, loading),
        replications: replications(loading),
        arrivals,
        stations,
        network,
        timeline,
        epochs,
        rollout,
        envoy: envoy(file.envoy.as_ref(), loading.problems),
        assumptions,
    };
    (scenario, plan)
}

fn out_of_range<T>(value: &Located<T>, message: impl Into<String>, problems: &mut Diagnostics) {
    problems.push(Diagnostic::error("out-of-range", value.place, message));
}

/// The duration, else the number of requests.
fn end(scenario: &Scenario, loading: &mut Loading<'_>) -> End {
    match &loading.file.duration {
        Some(duration) => {
            if duration.value == Nanos(0) {
                out_of_range(duration, "a run takes some time", loading.problems);
            }
            End::At(duration.value)
        }
        None => End::Requests(scenario.requests),
    }
}

fn warm_up(end: End, loading: &mut Loading<'_>) -> Nanos {
    let Some(warm_up) = &loading.file.warm_up else { return Nanos(0) };
    if matches!(end, End::At(end) if warm_up.value >= end) {
        let message = format!("the warm-up of {} leaves nothing of the run", warm_up.value);
        out_of_range(warm_up, message, loading.problems);
    }
    warm_up.value
}

fn interval(end: End, loading: &mut Loading<'_>) -> Nanos {
    let Some(interval) = &loading.file.interval else { return Nanos::SECOND };
    let too_many = matches!(end, End::At(end) if end.0 / interval.value.0.max(1) > MAX_INTERVALS);
    if interval.value < Nanos::MICROSECOND || too_many {
        let message = format!(
            "an interval of {} is too short: at least 1us and at most {MAX_INTERVALS} of them",
            interval.value
        );
        out_of_range(interval, message, loading.problems);
        return Nanos::SECOND;
    }
    interval.value
}

fn replications(loading: &mut Loading<'_>) -> u32 {
    let Some(runs) = &loading.file.replications else { return 1 };
    if !(1..=MAX_REPLICATIONS).contains(&runs.value) {
        let message = format!("{} is not between 1 and {MAX_REPLICATIONS}", runs.value);
        out_of_range(runs, message, loading.problems);
        return 1;
    }
    runs.value
}

fn envoy(file: Option<&EnvoyFile>, problems: &mut Diagnostics) -> EnvoySettings {
    let mut settings = EnvoySettings::default();
    let Some(file) = file else { return settings };
    if let Some(version) = &file.version {
        settings.version = EnvoyVersion::minor(version.value.0);
        if settings.version > EnvoyVersion::NEWEST {
            let message = format!("Envoy 1.{} is newer than what is known here", version.value.0);
            let help = "it is modelled as the newest known release, 1.40";
            problems.push(Diagnostic::warning("newer-version", version.place, message).help(help));
        }
    }
    if let Some(workers) = &file.concurrency {
        if !(1..=MAX_CONCURRENCY).contains(&workers.value) {
            let message = format!("{} is not between 1 and {MAX_CONCURRENCY}", workers.value);
            out_of_range(workers, message, problems);
        }
        settings.concurrency = workers.value.clamp(1, MAX_CONCURRENCY);
    }
    settings
}

fn network(
    file: Option<&NetworkFile>,
    scenario: &Scenario,
    stations: &[super::Station],
    problems: &mut Diagnostics,
) -> Network {
    let Some(file) = file else { return Network::default() };
    let mut known: Vec<&str> = vec!["*"];
    for station in stations {
        known.extend([station.service.as_str(), station.workload.as_str()]);
    }
    known.extend(scenario.topology.clients.iter().map(|(name, _)| name.as_str()));
    known.extend(scenario.mesh.registry.services.iter().map(|service| service.name.as_str()));
    let entry = |name: &'_ str| name.rsplit('/').next().unwrap_or_default().to_owned();
    let entries: Vec<String> =
        scenario.classes.iter().map(|class| entry(&class.entry.sender.name)).collect();
    known.extend(entries.iter().map(String::as_str));
    let mut edges = Vec::new();
    for (name, delay) in &file.edges {
        let Some((from, to)) = name.value.split_once('>') else {
            let message = format!("`{}` is no edge of the network", name.value);
            let help = "write `default` or an edge such as \"mocka>mockb\"";
            problems.push(Diagnostic::error("invalid-edge", name.place, message).help(help));
            continue;
        };
        for end in [from.trim(), to.trim()] {
            if known.contains(&end) && !end.is_empty() {
                continue;
            }
            let message = format!("there is no service, client or gateway `{end}`");
            let problem = Diagnostic::error("unknown-app", name.place, message);
            problems.push(match closest(end, known.iter().copied()) {
                Some(close) => problem.help(format!("did you mean `{close}`?")),
                None => problem,
            });
        }
        edges.push((from.trim().to_owned(), to.trim().to_owned(), delay.value));
    }
    let default = file.default.as_ref().map_or(Nanos(0), |delay| delay.value);
    Network { default, edges }
}
