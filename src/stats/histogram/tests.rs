use rand::SeedableRng;
use rand::rand_core::Rng;
use rand_chacha::ChaCha8Rng;

use super::{LatencyHistogram, binomial_cdf};
use crate::units::Nanos;

fn of(values: impl IntoIterator<Item = u64>) -> LatencyHistogram {
    let mut histogram = LatencyHistogram::new();
    values.into_iter().for_each(|value| histogram.record(Nanos(value)));
    histogram
}

#[test]
fn an_empty_histogram_knows_nothing() {
    let empty = LatencyHistogram::new();
    assert_eq!((empty.count(), empty.sum(), empty.mean_seconds()), (0, 0, None));
    assert_eq!((empty.min(), empty.max(), empty.quantile(0.5)), (None, None, None));
    assert_eq!(empty.quantile_interval(0.5, 0.95), Ok(None));
    assert_eq!(empty.cumulative().count(), 0);
}

#[test]
fn quantiles_are_order_statistics_to_three_digits() {
    let exact = of(1..=1_000);
    for (quantile, value) in
        [(0.0, 1), (0.001, 1), (0.5, 500), (0.9, 900), (0.9991, 1_000), (1.0, 1_000)]
    {
        assert_eq!(exact.quantile(quantile), Some(Nanos(value)), "{quantile}");
    }
    let large = of((1..=10_000).map(|n| n * 12_345_678));
    for quantile in [0.01, 0.5, 0.99, 0.9999] {
        let expected = (quantile * 10_000.0_f64).ceil() * 12_345_678.0;
        let found = large.quantile(quantile).unwrap().0 as f64;
        assert!((0.0..=1e-3).contains(&(found / expected - 1.0)), "{found} for {expected}");
    }
    assert_eq!(large.sum(), 12_345_678 * 50_005_000);
    assert!((large.mean_seconds().unwrap() - 12.345_678e-3 * 5_000.5).abs() < 1e-9);
}

#[test]
fn merging_is_recording_everything_in_one() {
    let (mut one, two) = (of((0..5_000).map(|n| n * n)), of((0..70_000).map(|n| n * 1_000_003)));
    let both = of((0..5_000).map(|n| n * n).chain((0..70_000).map(|n| n * 1_000_003)));
    one.merge(&two);
    let points = |it: &LatencyHistogram| it.cumulative().collect::<Vec<_>>();
    assert_eq!(points(&one), points(&both));
    assert_eq!((one.sum(), one.count()), (both.sum(), 75_000));
    let mut empty = LatencyHistogram::new();
    empty.merge(&both);
    assert_eq!(points(&empty), points(&both));
    empty.merge(&LatencyHistogram::new());
    assert_eq!(empty.count(), 75_000);
    empty.clear();
    assert_eq!((empty.count(), empty.sum(), empty.max()), (0, 0, None));
}

#[test]
fn the_longest_time_is_a_latency_too() {
    let histogram = of([0, u64::MAX, 1]);
    assert_eq!((histogram.count(), histogram.min()), (3, Some(Nanos(0))));
    assert!(histogram.max().unwrap().0 >= u64::MAX - (u64::MAX >> 10));
}

#[test]
fn binomial_probabilities_are_right() {
    // 11 / 32 for at most 2 hits would be wrong: (1 + 5 + 10) / 32 is right.
    assert!((binomial_cdf(2, 5, 0.5) - 0.5).abs() < 1e-12);
    assert!((binomial_cdf(0, 10, 0.1) - 0.9_f64.powi(10)).abs() < 1e-12);
    assert!((binomial_cdf(10, 10, 0.1) - 1.0).abs() < 1e-15);
}

/// The classical case: the median of 100 values lies between the 40th and the 61st with 95 %.
#[test]
fn the_interval_of_a_median_has_the_ranks_of_the_tables() {
    let hundred = of(1..=100);
    assert_eq!(hundred.quantile_interval(0.5, 0.95), Ok(Some((Nanos(40), Nanos(61)))));
    assert_eq!(hundred.quantile_interval(0.99, 0.95), Ok(None));
    assert_eq!(of(1..=5).quantile_interval(0.5, 0.95), Ok(None));
    for (quantile, confidence) in
        [(0.0, 0.95), (1.0, 0.95), (0.5, 0.0), (0.5, 1.0), (0.5, f64::NAN)]
    {
        assert!(hundred.quantile_interval(quantile, confidence).is_err());
    }
}

/// 1,000 samples of 2,000 values each: the interval of the 90th percentile holds in 93 to 97.5 % of them.
#[test]
fn the_interval_of_a_quantile_covers_as_promised() {
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let scale = u64::MAX / 1_000_000;
    let covered = (0..1_000)
        .filter(|_| {
            let sample = of((0..2_000).map(|_| random.next_u64() / scale));
            let (low, high) = sample.quantile_interval(0.9, 0.95).unwrap().unwrap();
            // Values were rounded up by 0.1 % at most.
            low.0 <= 900_900 && 900_000 <= high.0
        })
        .count();
    assert!((930..=975).contains(&covered), "{covered}");
}
