//! How fast a million requests are replayed on one core, load included, beside the ceiling: drawing the
//! numbers that they need and counting into a table.

use std::hint::black_box;
use std::path::PathBuf;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lanecast::cli::Disk;
use lanecast::engine::{exact, flow, replay};
use lanecast::scenario::{self, Options, Scenario};
use lanecast::summary::{self, Run};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Requests of one sample.
const REQUESTS: u64 = 1_000_000;

fn scenarios() -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let entries = std::fs::read_dir(folder).expect("scenarios are shipped");
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    files
}

fn load(path: &std::path::Path) -> Scenario {
    let loaded = scenario::load(&Disk, &path.display().to_string(), &Options::default());
    loaded.scenario.expect("shipped scenarios load")
}

/// Load, graph, exact solution, replay and summary: all that `run --no-charts --quiet` does but writing.
fn whole_run(path: &std::path::Path) -> usize {
    let scenario = load(path);
    let flow = flow::build(&scenario).expect("shipped scenarios have no circle");
    let exact = exact::solve(&flow);
    let tally = replay::Program::new(&scenario, &flow, &exact).run(scenario.seed, REQUESTS);
    let run =
        Run { scenario: &scenario, flow: &flow, exact: &exact, tally: Some(&tally), changes: &[] };
    summary::build(&run).traces.len()
}

fn replay_of_every_scenario(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("run 1M requests, one core");
    group.sample_size(10).measurement_time(Duration::from_secs(3));
    group.throughput(Throughput::Elements(REQUESTS));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread starts");
    for path in scenarios() {
        let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        group.bench_function(name, |bencher| {
            bencher.iter(|| pool.install(|| whole_run(black_box(&path))));
        });
    }
    group.finish();
}

/// Four words a request, as a split at three hops and one class need, and one count.
fn ceiling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ceiling");
    group.sample_size(10);
    group.throughput(Throughput::Elements(REQUESTS));
    group.bench_function("4 ChaCha8 words and a count, 1M times", |bencher| {
        bencher.iter(|| {
            let mut random = ChaCha8Rng::seed_from_u64(black_box(42));
            let mut counts = [0_u64; 64];
            for _ in 0..REQUESTS {
                let word = (0..4).fold(0_u64, |sum, _| sum ^ random.next_u64());
                counts[(word % 64) as usize] += 1;
            }
            counts
        });
    });
    group.finish();
}

fn load_alone(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("load");
    group.sample_size(20);
    for path in scenarios().into_iter().take(3) {
        let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        group.bench_function(name, |bencher| bencher.iter(|| load(black_box(&path))));
    }
    group.finish();
}

criterion_group!(benches, ceiling, load_alone, replay_of_every_scenario);
criterion_main!(benches);
