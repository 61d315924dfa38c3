use rand::SeedableRng;
use rand::rand_core::Rng;
use rand_chacha::ChaCha8Rng;

use super::{BatchMeans, PRECISE_ENOUGH, Replications, warm_up};
use crate::units::Nanos;

struct Random(ChaCha8Rng);

impl Random {
    fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Uniform in (0, 1).
    fn uniform(&mut self) -> f64 {
        ((self.0.next_u64() >> 12) as f64 + 0.5) / 2.0_f64.powi(52)
    }

    /// Normal by the sum of twelve uniform numbers: mean 0, variance 1.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// 10 synthetic replications, 1,000 times: the 95 % interval holds in 93 to 97 % of them.
#[test]
fn intervals_over_replications_cover_as_promised() {
    let mut random = Random::new(5);
    let covered = (0..1_000)
        .filter(|_| {
            let values: Vec<f64> = (0..10).map(|_| 40.0 + 3.0 * random.normal()).collect();
            Replications::new(&values, 0.95).unwrap().mean.interval.contains(40.0)
        })
        .count();
    assert!((930..=970).contains(&covered), "{covered}");
}

/// The mean 10 with deviation 1 of 4 runs: t(0.975, 3) = 3.182 446, half width 1.591 223.
#[test]
fn the_half_width_says_how_many_runs_are_needed() {
    let spread = (3.0_f64 / 2.0).sqrt() / 2.0_f64.sqrt();
    let values = [10.0 - spread, 10.0 + spread, 10.0 - spread, 10.0 + spread];
    let found = Replications::new(&values, 0.95).unwrap();
    assert!((found.relative_half_width - 0.159_122_3).abs() < 1e-6, "{found:?}");
    assert!(found.is_precise(0.16) && !found.is_precise(PRECISE_ENOUGH));
    // 4 * (0.1591 / (0.1 / 1.1))² = 12.25...
    assert_eq!(found.runs_needed(0.1), Some(13));
    assert_eq!(found.runs_needed(1.0), Some(4));
    assert_eq!(found.runs_needed(0.0), None);
}

#[test]
fn one_run_is_never_enough() {
    let one = Replications::new(&[3.0], 0.95).unwrap();
    assert!(!one.is_precise(1e9) && one.runs_needed(0.1).is_none());
    assert!(Replications::new(&[], 0.95).is_err());
    let same = Replications::new(&[2.0, 2.0, 2.0], 0.95).unwrap();
    assert!(same.is_precise(0.0) && same.runs_needed(0.05) == Some(3));
    let zero = Replications::new(&[-1.0, 1.0], 0.95).unwrap();
    assert!(!zero.is_precise(1e9) && zero.runs_needed(0.1).is_none());
}

#[test]
fn batches_are_joined_when_there_are_too_many() {
    let mut batches = BatchMeans::new();
    for value in 0..1_000 {
        batches.add(value);
    }
    let means = batches.means();
    assert_eq!((batches.batch_size(), means.len()), (16, 62));
    assert!(
        means
            .iter()
            .enumerate()
            .all(|(batch, mean)| (mean - 16.0 * batch as f64 - 7.5).abs() < 1e-9)
    );
    assert!(batches.autocorrelation() > 0.9);
    assert!(BatchMeans::new().interval(0.95).is_err());
    assert!(BatchMeans::new().autocorrelation() == 0.0);
}

/// An autoregressive process with a memory of about 10 values, 1,000 runs of 20,000 values each.
#[test]
fn intervals_over_batches_cover_although_values_are_correlated() {
    let mut random = Random::new(6);
    let mut naive_covered = 0;
    let covered = (0..1_000)
        .filter(|_| {
            let mut batches = BatchMeans::new();
            let mut values = Vec::new();
            let mut level = 0.0;
            for _ in 0..4_000 {
                level = 0.8 * level + 0.6 * (random.uniform() - 0.5) * 12.0_f64.sqrt();
                let value = 1e6 + 1e5 * level;
                batches.add(Nanos::from_secs_f64(value / 1e9).0);
                values.push(value);
            }
            let naive = Replications::new(&values, 0.95).unwrap().mean.interval;
            naive_covered += usize::from(naive.contains(1e6));
            batches.interval(0.95).unwrap().interval.contains(1e6)
        })
        .count();
    assert!((920..=970).contains(&covered), "{covered}");
    assert!(naive_covered < 600, "{naive_covered}");
}

#[test]
fn the_warm_up_ends_where_the_series_settles() {
    let mut random = Random::new(7);
    let series: Vec<f64> =
        (0..1_000).map(|n| 20.0 - 15.0 * (-f64::from(n) / 40.0).exp() + random.normal()).collect();
    let found = warm_up(&series).unwrap();
    assert!(found.settles && (80..=220).contains(&found.values), "{found:?}");
    let steady: Vec<f64> = (0..1_000).map(|_| random.normal()).collect();
    assert!(warm_up(&steady).unwrap().values < 150);
    let rising: Vec<f64> = (0..1_000).map(|n| f64::from(n) + random.normal()).collect();
    assert!(!warm_up(&rising).unwrap().settles);
    assert_eq!(warm_up(&series[..49]), None);
}
