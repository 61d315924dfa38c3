//! Timed against exact on every shipped scenario: where no policy couples requests, time changes nothing.

use std::path::PathBuf;

use lanecast::data_plane::{Cluster, Limits};
use lanecast::engine::exact::{self, Exact};
use lanecast::engine::flow::{Flow, Target};
use lanecast::engine::timed::service::Distribution;
use lanecast::engine::timed::{Outcome, Prepared, Setup, Simulation, Source, Traffic};
use lanecast::scenario::time::{ArrivalPlan, End, Network, Process, RatePiece, RateProfile};
use lanecast::scenario::{self, Options, Scenario};
use lanecast::stats::{goodness_of_fit, holm_adjusted};
use lanecast::units::{Nanos, Rate};

/// Requests per second of all classes together.
const RATE: u64 = 1_000;

const SECONDS: u64 = 20;

fn files() -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|ending| ending == "yaml")).collect();
    files.sort();
    files
}

fn load(file: &std::path::Path) -> Scenario {
    let name = file.to_string_lossy();
    let loaded = scenario::load(&lanecast::cli::Disk, &name, &Options::default());
    let messages = loaded.problems.render(&loaded.sources);
    loaded.scenario.unwrap_or_else(|| panic!("{messages}"))
}

/// Whether what happens to one request depends on others.
fn is_coupled(scenario: &Scenario, flow: &Flow) -> bool {
    let plan = &scenario.time;
    let by_time = !plan.timeline.is_empty() || plan.rollout.is_some();
    let by_apps = plan.stations.iter().any(|it| it.workers.is_some() || it.errors.is_some());
    by_time
        || by_apps
        || flow.calls.iter().any(|call| {
            call.timeout.is_some()
                || call.action.legs().iter().any(|leg| match &leg.target {
                    Target::Hosts(hosts) => is_limited(&hosts.cluster),
                    _ => false,
                })
        })
}

fn is_limited(cluster: &Cluster) -> bool {
    cluster.outlier.is_some() || cluster.limits != Limits::default()
}

/// The scenario with steady traffic of its own classes, and answers at once: requests that overlap are coupled
/// by least request.
fn with_traffic(scenario: &Scenario, mut setup: Setup) -> Setup {
    let total = scenario.total_weight();
    let sources = scenario.classes.iter().enumerate().map(|(index, class)| {
        let part = u128::from(Rate::per_second(RATE).0) * u128::from(class.weight);
        let rate = Rate(u64::try_from(part / u128::from(total)).unwrap());
        let pieces = vec![RatePiece { start: Nanos(0), from: rate, to: rate }];
        let profile = RateProfile { process: Process::Poisson, pieces };
        Source { class: index, traffic: Traffic::Plan(ArrivalPlan::Open(profile)) }
    });
    setup.sources = sources.collect();
    setup.end = End::At(Nanos(SECONDS * Nanos::SECOND.0));
    setup.warm_up = Nanos(0);
    setup.network = Network::default();
    for station in &mut setup.stations {
        station.service = Distribution::constant(Nanos(0));
    }
    setup
}

/// Compares the ends of requests class by class; returns the p values.
fn ends(name: &str, flow: &Flow, exact: &Exact, outcome: &Outcome) -> Vec<f64> {
    let (tally, others) = outcome.graphs[0].tally(flow, exact);
    assert!(others.is_empty(), "{name}: {:?} are impossible", others.first());
    let classes = flow.roots.iter().enumerate().map(|(class, root)| {
        let first = exact.layout.outcomes[class] as usize;
        let outcomes = &exact.calls[*root as usize].outcomes.list;
        let observed = &tally.slots[first..first + outcomes.len()];
        let expected: Vec<f64> = outcomes
            .iter()
            .map(|outcome| lanecast::engine::probability::to_f64(&outcome.probability))
            .collect();
        let sum: u64 = observed.iter().sum();
        assert_eq!(sum, tally.classes[class], "{name}");
        goodness_of_fit(observed, &expected, 0.001).unwrap().p_value
    });
    classes.collect()
}

/// Every count lies where it is expected, within six standard errors of a Poisson number and of the requests
/// that were under way at the end.
fn counts(name: &str, flow: &Flow, exact: &Exact, outcome: &Outcome) {
    let (tally, _) = outcome.graphs[0].tally(flow, exact);
    for (call, slots) in flow.calls.iter().zip(&exact.layout.calls) {
        let requests = tally.classes[call.class] as f64;
        let mut named =
            vec![("visits", slots.visits), ("delays", slots.delays), ("aborts", slots.aborts)];
        for (leg, slots) in call.action.legs().iter().zip(&slots.legs) {
            named.push(("taken", slots.taken));
            named.extend(slots.copies.iter().map(|copy| ("copies", copy.made)));
            if let Target::Hosts(hosts) = &leg.target {
                let list = (slots.hosts..).take(hosts.list.len());
                named.extend(list.map(|slot| ("host", slot)));
            }
        }
        for (what, slot) in named {
            let expected =
                requests * lanecast::engine::probability::to_f64(&exact.expected[slot as usize]);
            let found = tally.slots[slot as usize] as f64;
            let path = &flow.sites[call.site as usize].path;
            let far = (found - expected).abs() > 6.0 * expected.sqrt() + 5.0;
            assert!(!far, "{name}: {what} at {path}: {found} instead of {expected}");
            assert!(expected > 0.0 || found == 0.0, "{name}: {what} at {path} is impossible");
        }
    }
}

#[test]
fn timed_agrees_with_exact_wherever_no_policy_couples_requests() {
    let mut names = Vec::new();
    let mut p_values = Vec::new();
    for file in files() {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let scenario = load(&file);
        let prepared = Prepared::new(&scenario).unwrap();
        let flow = std::sync::Arc::clone(&prepared.setup.graphs[0].flow);
        if is_coupled(&scenario, &flow) {
            println!("{name}: requests are coupled");
            continue;
        }
        let exact = exact::solve(&flow);
        let simulation = Simulation::new(with_traffic(&scenario, prepared.setup));
        let outcome = simulation.run(scenario.seed);
        let found = ends(&name, &flow, &exact, &outcome);
        counts(&name, &flow, &exact, &outcome);
        names.extend(found.iter().map(|_| name.clone()));
        p_values.extend(found);
    }
    assert!(names.len() >= 14, "{names:?}");
    let adjusted = holm_adjusted(&p_values).unwrap();
    for (name, p) in names.iter().zip(adjusted) {
        assert!(p >= 0.001, "{name}: p = {p}");
    }
}
