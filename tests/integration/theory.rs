//! The timed engine against queueing theory: what it simulates must be what the formulas say.
//!
//! Every station stands behind a gateway that adds nothing: no delay of the network, connections at once. Seeds
//! are fixed; tolerances are stated where they are used.

mod closed_forms;

use std::sync::Arc;

use closed_forms as theory;
use lanecast::engine::timed::service::Distribution;
use lanecast::engine::timed::{Graph, Outcome, Setup, Simulation, Source, Station, Traffic};
use lanecast::scenario::time::{
    ArrivalPlan, End, Process, RatePiece, RateProfile, TimeDistribution,
};
use lanecast::stats::mean_interval;
use lanecast::units::{Nanos, Rate};

use crate::scene;

const MILLI: Nanos = Nanos::MILLISECOND;

/// Poisson arrivals at a rate.
fn poisson(rate: u64) -> Traffic {
    let rate = Rate::per_second(rate);
    let pieces = vec![RatePiece { start: Nanos(0), from: rate, to: rate }];
    Traffic::Plan(ArrivalPlan::Open(RateProfile { process: Process::Poisson, pieces }))
}

/// One pod with so many workers and places to wait.
fn station(service: Distribution, workers: u32, queue: Option<u32>) -> Station {
    Station { service, workers: Some(workers), queue, ..Station::instant("app-0.default") }
}

/// A gateway in front of one pod.
fn setup(pod: Station, traffic: Traffic, seconds: u64, warm_up: u64) -> Setup {
    let graph = Graph {
        flow: Arc::new(scene::single(1, &|_, _| {})),
        instances: vec![1],
        senders: vec![vec![0]],
    };
    let end = End::At(Nanos(seconds * Nanos::SECOND.0));
    let mut setup = Setup::new(graph, vec![Station::instant("gateway"), pod], end);
    setup.sources = vec![Source { class: 0, traffic }];
    setup.warm_up = Nanos(warm_up * Nanos::SECOND.0);
    setup.interval = Nanos(100 * Nanos::SECOND.0);
    setup
}

fn run(setup: Setup, replications: u32) -> Outcome {
    Simulation::new(setup).replicate(1, replications).unwrap()
}

/// The mean time in the queue of the pod, in seconds.
fn wait(outcome: &Outcome) -> f64 {
    let pod = &outcome.pods[1];
    pod.waited as f64 / pod.begun as f64 / 1e9
}

fn close(name: &str, found: f64, expected: f64, tolerance: f64) {
    let error = (found - expected).abs() / expected;
    assert!(
        error <= tolerance,
        "{name}: {found} instead of {expected}, {:.2} % off",
        error * 100.0
    );
}

/// Kleinrock, Queueing Systems 1, 3.2, 3.5, 5.7: mean waits within 1 %.
#[test]
fn mean_waits_are_those_of_the_formulas() {
    let mean = Nanos(10 * MILLI.0);
    let gamma = |shape: f64| Distribution::new(&TimeDistribution::Gamma { mean, shape });
    let exponential = Distribution::exponential(mean);
    for (name, service, workers, rate, expected) in [
        ("M/M/1", exponential.clone(), 1, 50, theory::mm1_wait(50.0, 0.01)),
        ("M/D/1", Distribution::constant(mean), 1, 50, theory::md1_wait(50.0, 0.01)),
        ("M/G/1, cv² 1/4", gamma(4.0), 1, 50, theory::mg1_wait(50.0, 0.01, 0.25)),
        ("M/G/1, cv² 4", gamma(0.25), 1, 30, theory::mg1_wait(30.0, 0.01, 4.0)),
        ("M/M/4", exponential, 4, 240, theory::mmc_wait(4, 240.0, 0.01)),
    ] {
        let setup = setup(station(service, workers, None), poisson(rate), 700_000 / rate, 20);
        close(name, wait(&run(setup, 2)), expected, 0.01);
    }
}

/// Little's law, and utilisation: what is in the queue and in service is rate times time.
#[test]
fn littles_law_holds() {
    let pod = station(Distribution::exponential(Nanos(10 * MILLI.0)), 4, None);
    let outcome = run(setup(pod, poisson(300), 2_000, 20), 1);
    let pod = &outcome.pods[1];
    let time = outcome.time.0 as f64;
    close("utilisation", pod.busy as f64 / time / 4.0, 0.75, 0.01);
    let rate = pod.begun as f64 / outcome.time.as_secs_f64();
    close("queue", pod.queued as f64 / time, rate * wait(&outcome), 0.001);
    let sojourn = outcome.classes[0].latency.mean_seconds().unwrap();
    close("latency", sojourn, wait(&outcome) + 0.01, 0.01);
}

/// Erlang B and C: arrivals that are refused, or have to wait, within four standard errors of batch means.
#[test]
fn erlangs_formulas_hold() {
    let service = Distribution::exponential(Nanos(100 * MILLI.0));
    let blocked: Vec<f64> = (1..=20)
        .map(|seed| {
            let pod = station(service.clone(), 10, Some(0));
            let outcome = Simulation::new(setup(pod, poisson(90), 400, 20)).run(seed);
            let pod = &outcome.pods[1];
            pod.refused as f64 / (pod.refused + pod.begun) as f64
        })
        .collect();
    let found = mean_interval(&blocked, 0.999).unwrap();
    let expected = theory::erlang_b(10, 9.0);
    assert!(found.interval.contains(expected), "{found:?} does not hold {expected}");
    assert!(found.interval.high - found.interval.low < 0.1 * expected, "{found:?} says little");
    // The mean wait over those who wait is 1 / (c mu - lambda); so the share of those is wait times that.
    let waiting: Vec<f64> = (1..=20)
        .map(|seed| {
            let pod = station(service.clone(), 10, None);
            let outcome = Simulation::new(setup(pod, poisson(80), 400, 20)).run(seed);
            wait(&outcome) * (10.0 / 0.1 - 80.0)
        })
        .collect();
    let found = mean_interval(&waiting, 0.999).unwrap();
    let expected = theory::erlang_c(10, 8.0);
    assert!(found.interval.contains(expected), "{found:?} does not hold {expected}");
}

/// Closed loop: the machine repairman.
#[test]
fn users_that_wait_for_answers_go_around_as_often_as_mean_value_analysis_says() {
    let exponential = TimeDistribution::Exponential;
    let think = exponential(Nanos(100 * MILLI.0));
    let users = Traffic::Plan(ArrivalPlan::Users { users: 12, think });
    let pod = station(Distribution::exponential(Nanos(10 * MILLI.0)), 1, None);
    let outcome = run(setup(pod, users, 4_000, 20), 1);
    let rate = outcome.classes[0].latency.count() as f64 / outcome.time.as_secs_f64();
    close("cycle", 12.0 / rate, theory::closed_cycle(12, 0.1, 0.01), 0.01);
}

/// 95 % intervals over replications hold the true mean in 93 to 97 % of 1,000 repetitions.
#[test]
fn intervals_over_replications_cover_as_often_as_they_say() {
    let expected = theory::mm1_wait(50.0, 0.01);
    let pod = station(Distribution::exponential(Nanos(10 * MILLI.0)), 1, None);
    let simulation = Simulation::new(setup(pod, poisson(50), 9, 1));
    let covered = (0..1_000_u64).filter(|repetition| {
        let waits: Vec<f64> =
            (0..5).map(|run| wait(&simulation.run(1_000_000 + repetition * 10 + run))).collect();
        mean_interval(&waits, 0.95).unwrap().interval.contains(expected)
    });
    let covered = covered.count();
    assert!((930..=970).contains(&covered), "{covered} of 1,000");
}

/// Three stations in a row: by Burke's theorem each is M/M/8 on its own.
#[test]
fn a_tandem_is_a_row_of_independent_queues() {
    let mut setup = scene::tandem(3, Some(8), Nanos(10 * MILLI.0), poisson(640), &|_, _| {});
    setup.end = End::At(Nanos(600 * Nanos::SECOND.0));
    let outcome = run(setup, 1);
    let sojourn = theory::mmc_wait(8, 640.0, 0.01) + 0.01;
    let found = outcome.classes[0].latency.mean_seconds().unwrap();
    close("tandem", found, 3.0 * sojourn, 0.02);
}

/// The same seed gives the same outcome, whatever the number of threads.
#[test]
fn a_seed_determines_the_outcome_on_any_number_of_threads() {
    let pod = || station(Distribution::exponential(Nanos(10 * MILLI.0)), 2, Some(5));
    let simulation = Simulation::new(setup(pod(), poisson(180), 20, 1));
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| simulation.replicate(7, 6).unwrap())
    };
    let (one, two) = (on(1), on(2));
    assert!(one == two && one == on(1));
    assert!(one != simulation.replicate(8, 6).unwrap());
    let again = Simulation::new(setup(pod(), poisson(180), 20, 1));
    assert!(again.run(7) == simulation.run(7));
}
