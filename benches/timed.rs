//! The timed engine on a row of M/M/8 stations: beside loops written by hand for exactly that and models in a
//! general framework for discrete events, both of the queues alone and of all that the engine does there; with few
//! and with many pending events, on one and on two threads.

#[path = "timed/bare.rs"]
mod bare;
#[path = "timed/framework.rs"]
mod framework;
#[path = "timed/loop_with_all.rs"]
mod loop_with_all;
#[path = "timed/mesh.rs"]
mod mesh;
#[path = "../tests/integration/scene.rs"]
#[expect(dead_code, reason = "the tests build more scenes than the bench")]
mod scene;
#[path = "timed/tally.rs"]
mod tally;

use std::hint::black_box;
use std::path::PathBuf;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use lanecast::cli::Disk;
use lanecast::data_plane::{OutlierDetection, RetryPolicy};
use lanecast::engine::timed::{Prepared, Setup, Simulation, Source, Station, Traffic};
use lanecast::scenario::time::{
    ArrivalPlan, End, Process, RatePiece, RateProfile, TimeDistribution,
};
use lanecast::scenario::{self, Options};
use lanecast::units::{Nanos, Rate};

/// Requests of one sample.
const REQUESTS: u64 = 100_000;

/// Requests per second, mean service time in nanoseconds: 80 % load of 8 workers.
const RATE: u64 = 640;
const SERVICE: u64 = 10_000_000;

fn poisson(rate: u64) -> Traffic {
    let rate = Rate::per_second(rate);
    let pieces = vec![RatePiece { start: Nanos(0), from: rate, to: rate }];
    Traffic::Plan(ArrivalPlan::Open(RateProfile { process: Process::Poisson, pieces }))
}

/// Three stations; with limits, retries and outlier detection at every proxy.
fn tandem() -> Setup {
    let policies = |call: &mut lanecast::engine::flow::Call,
                    cluster: &mut lanecast::data_plane::Cluster| {
        call.timeout = Some(Nanos(60 * Nanos::SECOND.0));
        call.retry = Some(RetryPolicy {
            attempts: 2,
            on: vec!["5xx".to_owned()],
            status_codes: Vec::new(),
            per_try_timeout: Some(Nanos(30 * Nanos::SECOND.0)),
            backoff: None,
            another_host: true,
            remote_localities: false,
        });
        cluster.limits.max_connections = Some(100_000);
        cluster.limits.max_pending_requests = Some(100_000);
        cluster.outlier = Some(OutlierDetection::default());
    };
    let mut setup = scene::tandem(3, Some(8), Nanos(SERVICE), poisson(RATE), &policies);
    setup.end = End::Requests(REQUESTS);
    setup
}

fn three_stations(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("three M/M/8 stations");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    group.throughput(Throughput::Elements(REQUESTS));
    let simulation = Simulation::new(tandem());
    group.bench_function("lanecast, full tallies and policies", |bencher| {
        bencher.iter(|| black_box(simulation.run(black_box(1))).events);
    });
    group.bench_function("bare loop", |bencher| {
        bencher.iter(|| bare::run(black_box(1), REQUESTS, RATE, SERVICE));
    });
    group.bench_function("loop with answers, time limits and tallies", |bencher| {
        bencher.iter(|| loop_with_all::run(black_box(1), REQUESTS, RATE, SERVICE));
    });
    group.bench_function("nexosim, queues alone", |bencher| {
        bencher.iter(|| framework::run(black_box(1), REQUESTS, RATE, SERVICE));
    });
    group.bench_function("nexosim, answers, time limits and tallies", |bencher| {
        bencher.iter(|| mesh::run(black_box(1), REQUESTS, RATE, SERVICE));
    });
    group.finish();
}

/// Users that think: each of them has one pending event.
fn pending_events(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cost per request by pending events");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    for users in [1_000, 10_000, 100_000, 1_000_000] {
        let think = TimeDistribution::Exponential(Nanos(10 * Nanos::SECOND.0));
        let traffic = Traffic::Plan(ArrivalPlan::Users { users, think });
        let mut setup = scene::tandem(1, None, Nanos(1_000_000), traffic, &|_, _| {});
        let requests = u64::from(users).max(500_000) * 2;
        setup.end = End::Requests(requests);
        group.throughput(Throughput::Elements(requests));
        let simulation = Simulation::new(setup);
        group.bench_with_input(BenchmarkId::from_parameter(users), &(), |bencher, ()| {
            bencher.iter(|| black_box(simulation.run(1)).events);
        });
    }
    group.finish();
}

fn replications(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("8 replications by threads");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    let simulation = Simulation::new(tandem());
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.expect("threads start");
        group.bench_function(BenchmarkId::from_parameter(threads), |bencher| {
            bencher.iter(|| pool.install(|| simulation.replicate(1, 8)).map(|it| it.events));
        });
    }
    group.finish();
}

/// Ten minutes at 2,000 requests per second.
fn bookinfo(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("bookinfo, ten minutes at 2,000/s");
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("scenarios/bookinfo-10-40-50.yaml").display().to_string();
    let loaded = scenario::load(&Disk, &path, &Options::default());
    let scenario = loaded.scenario.expect("shipped scenarios load");
    let mut setup = Prepared::new(&scenario).expect("it has no circle").setup;
    let classes = setup.sources.len().max(1) as u64;
    setup.sources = (0..setup.classes.len())
        .map(|class| Source { class, traffic: poisson(2_000 / classes) })
        .collect();
    setup.end = End::At(Nanos(600 * Nanos::SECOND.0));
    for station in &mut setup.stations {
        *station = Station {
            service: lanecast::engine::timed::service::Distribution::exponential(Nanos(2_000_000)),
            workers: Some(32),
            ..station.clone()
        };
    }
    setup.network.default = Nanos(200_000);
    group.throughput(Throughput::Elements(1_200_000));
    let simulation = Simulation::new(setup);
    group.bench_function("one core", |bencher| {
        bencher.iter(|| black_box(simulation.run(1)).events);
    });
    group.finish();
}

criterion_group!(benches, three_stations, pending_events, replications, bookinfo);
criterion_main!(benches);
