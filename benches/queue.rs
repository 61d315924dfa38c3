//! Future event lists on the hold model: take the next event, put one back a random while later.
//!
//! `cargo bench --bench queue`. [`Calendar`] is the one in use; the others are what it was chosen from, and
//! the standard library's heap is the baseline. Cost is per hold: one pop and one push.

mod queue {
    pub(crate) mod binary_radix;
    pub(crate) mod brown;
    pub(crate) mod heaps;
}

use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
};
use lanecast::engine::timed::calendar::Calendar;
use lanecast::engine::timed::service::Distribution;
use lanecast::units::Nanos;
use queue::binary_radix::BinaryRadix;
use queue::brown::Brown;
use queue::heaps::{Binary, Quaternary};
use rand::SeedableRng;
use rand::rand_core::Rng;
use rand_chacha::ChaCha8Rng;

/// What a simulation keeps with a time, as large as a kind, an index and a generation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event(pub(crate) [u64; 2]);

/// A future event list with first in, first out at equal times.
pub(crate) trait Queue: Default {
    /// Name in reports.
    const NAME: &'static str;
    /// Adds an event that is not before the last one taken.
    fn push(&mut self, at: u64, event: Event);
    /// Takes the next event.
    fn pop(&mut self) -> Option<(u64, Event)>;
}

impl Queue for Calendar<Event> {
    const NAME: &'static str = "wide radix heap (in use)";

    fn push(&mut self, at: u64, event: Event) {
        Self::push(self, Nanos(at), event);
    }

    fn pop(&mut self) -> Option<(u64, Event)> {
        Self::pop(self).map(|(at, event)| (at.0, event))
    }
}

/// Events that are pending at a time.
const PENDING: [usize; 5] = [100, 1_000, 10_000, 100_000, 1_000_000];

/// Increments that are drawn before the clock starts.
const DRAWN: usize = 1 << 16;

/// Holds per measured turn.
const HOLDS: usize = 1_000;

/// Exponential with mean 10 ms; or mostly service times about 1 ms and some timers about 15 s.
fn increments(bimodal: bool) -> Vec<u64> {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let short = if bimodal { Nanos::from_millis(1) } else { Nanos::from_millis(10) };
    let (short, long) =
        (Distribution::exponential(short), Distribution::exponential(Nanos::from_millis(15_000)));
    let one = |_| {
        let is_timer = bimodal && random.next_u64() < u64::MAX / 10;
        if is_timer { &long } else { &short }.sample(random.next_u64()).0
    };
    (0..DRAWN).map(one).collect()
}

/// A queue in its steady state.
struct Hold<'a, Q> {
    queue: Q,
    increments: &'a [u64],
    next: usize,
}

impl<'a, Q: Queue> Hold<'a, Q> {
    fn new(pending: usize, increments: &'a [u64]) -> Self {
        let mut queue = Q::default();
        for index in 0..pending {
            queue.push(increments[index % DRAWN], Event([0, index as u64]));
        }
        let mut hold = Self { queue, increments, next: 0 };
        hold.run(3 * pending.max(DRAWN));
        hold
    }

    fn run(&mut self, holds: usize) {
        for _ in 0..holds {
            let Some((at, event)) = self.queue.pop() else { return };
            let Event([generation, index]) = black_box(event);
            let event = Event([generation + 1, index]);
            self.queue.push(at + self.increments[self.next % DRAWN], event);
            self.next += 1;
        }
    }
}

fn measure<Q: Queue>(group: &mut BenchmarkGroup<'_, WallTime>, increments: &[u64]) {
    for pending in PENDING {
        let mut hold = Hold::<Q>::new(pending, increments);
        group.bench_function(BenchmarkId::new(Q::NAME, pending), |bencher| {
            bencher.iter(|| hold.run(HOLDS));
        });
    }
}

fn hold_model(criterion: &mut Criterion) {
    for (name, bimodal) in [("exponential", false), ("bimodal", true)] {
        let increments = increments(bimodal);
        let mut group = criterion.benchmark_group(name);
        group
            .throughput(Throughput::Elements(HOLDS as u64))
            .warm_up_time(Duration::from_millis(300))
            .measurement_time(Duration::from_secs(1))
            .sample_size(20);
        measure::<Calendar<Event>>(&mut group, &increments);
        measure::<Binary>(&mut group, &increments);
        measure::<Quaternary>(&mut group, &increments);
        measure::<BinaryRadix>(&mut group, &increments);
        measure::<Brown>(&mut group, &increments);
        group.finish();
    }
}

criterion_group!(benches, hold_model);
criterion_main!(benches);
