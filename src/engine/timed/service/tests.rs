use statrs::distribution::{ContinuousCDF, Exp, Gamma, LogNormal};

use super::Distribution;
use crate::scenario::time::TimeDistribution;
use crate::units::{Nanos, Share};

const MEAN: Nanos = Nanos(5_000_000);

/// Numbers that fill [0, 2^64) evenly: the n-th of `of`, in the middle of its part.
fn even(n: u64, of: u64) -> u64 {
    let middle = (u128::from(n) * 2 + 1) << 63;
    u64::try_from(middle / u128::from(of)).unwrap()
}

/// Mean in seconds and variance of what even numbers give.
fn moments(distribution: &Distribution, of: u64) -> (f64, f64) {
    let values = || (0..of).map(|n| distribution.sample(even(n, of)).as_secs_f64());
    let mean = values().sum::<f64>() / of as f64;
    (mean, values().map(|value| (value - mean).powi(2)).sum::<f64>() / of as f64)
}

/// The greatest distance between what even numbers give and a distribution function.
fn distance(distribution: &Distribution, of: u64, cdf: impl Fn(f64) -> f64) -> f64 {
    // A drawn time stands for the nanosecond around it.
    let gap = |n: u64| {
        let time = distribution.sample(even(n, of)).as_secs_f64();
        let (low, high) = (cdf((time - 5e-10).max(0.0)), cdf(time + 5e-10));
        let (below, above) = (n as f64 / of as f64, (n + 1) as f64 / of as f64);
        (low - above).max(below - high)
    };
    (0..of).map(gap).fold(0.0, f64::max)
}

fn lognormal(cv: f64) -> (Distribution, LogNormal) {
    let sigma = (cv * cv).ln_1p().sqrt();
    let location = MEAN.as_secs_f64().ln() - sigma * sigma / 2.0;
    let plan = TimeDistribution::LogNormal { mean: MEAN, sigma };
    (Distribution::new(&plan), LogNormal::new(location, sigma).unwrap())
}

fn gamma(cv: f64) -> (Distribution, Gamma) {
    let shape = 1.0 / (cv * cv);
    let plan = TimeDistribution::Gamma { mean: MEAN, shape };
    (Distribution::new(&plan), Gamma::new(shape, shape / MEAN.as_secs_f64()).unwrap())
}

#[test]
fn every_distribution_has_the_mean_and_variance_that_it_states() {
    let exponential = Distribution::exponential(MEAN);
    let cases = [
        (exponential, 1.0),
        (lognormal(0.3).0, 0.3),
        (lognormal(2.0).0, 2.0),
        (gamma(0.1).0, 0.1),
        (gamma(0.5).0, 0.5),
        (gamma(1.0).0, 1.0),
        (gamma(3.0).0, 3.0),
    ];
    for (distribution, cv) in cases {
        let (mean, variance) = moments(&distribution, 1 << 20);
        let expected = cv * cv * mean * mean;
        assert!((distribution.mean_seconds() - MEAN.as_secs_f64()).abs() < 1e-18);
        assert!((distribution.variance() / expected - 1.0).abs() < 1e-3, "cv {cv}");
        // What is left is the sum's own error: its last part holds the whole tail.
        assert!((mean / MEAN.as_secs_f64() - 1.0).abs() < 1e-4, "cv {cv}: mean {mean}");
        let tail = if cv > 1.0 { 2e-2 } else { 1e-3 };
        assert!((variance / expected - 1.0).abs() < tail, "cv {cv}: variance {variance}");
    }
}

/// Kolmogorov and Smirnov: with even numbers no distance beyond one part is left but that of the table.
#[test]
fn what_is_drawn_follows_the_distribution_function() {
    let parts = 100_000;
    let rate = 1.0 / MEAN.as_secs_f64();
    let exponential = Exp::new(rate).unwrap();
    let found = distance(&Distribution::exponential(MEAN), parts, |x| exponential.cdf(x));
    assert!(found < 3e-5, "exponential: {found}");
    for cv in [0.1, 0.5, 1.0, 2.0] {
        let (drawn, exact) = lognormal(cv);
        let found = distance(&drawn, parts, |x| exact.cdf(x));
        assert!(found < 1e-4, "lognormal {cv}: {found}");
        let (drawn, exact) = gamma(cv);
        let found = distance(&drawn, parts, |x| exact.cdf(x));
        assert!(found < 1e-4, "gamma {cv}: {found}");
    }
}

#[test]
fn quantiles_agree_far_into_the_tails() {
    let close = |found: f64, expected: f64, within: f64, what: &str| {
        assert!((found / expected - 1.0).abs() < within, "{what}: {found} instead of {expected}");
    };
    let exponential = Distribution::exponential(MEAN);
    for bits in [1_u32, 5, 10, 20, 30] {
        let tail = 0.5_f64.powi(i32::try_from(bits).unwrap());
        let upper = |it: &Distribution| it.sample(u64::MAX - (1 << (64 - bits)) + 1).as_secs_f64();
        let lower = |it: &Distribution| it.sample(1 << (64 - bits)).as_secs_f64();
        close(upper(&exponential), -MEAN.as_secs_f64() * tail.ln(), 1e-4, "exponential");
        let (drawn, exact) = gamma(0.5);
        close(exact.sf(upper(&drawn)), tail, 1e-3, "gamma above");
        close(exact.cdf(lower(&drawn)), tail, 1e-3, "gamma below");
        let (drawn, exact) = lognormal(1.0);
        close(exact.sf(upper(&drawn)), tail, 1e-3, "lognormal above");
    }
    // Beyond the table the tail is cut off, not made up.
    assert_eq!(exponential.sample(u64::MAX), exponential.sample(u64::MAX - 1_000));
    assert_eq!(exponential.sample(0), Nanos(0));
}

#[test]
fn greater_numbers_give_times_that_are_not_shorter() {
    let points = vec![(Share::new(1, 2).unwrap(), Nanos(10)), (Share::ONE, Nanos(1_000))];
    let percentiles = Distribution::new(&TimeDistribution::Percentiles(points));
    for distribution in
        [Distribution::exponential(MEAN), lognormal(2.0).0, gamma(3.0).0, percentiles]
    {
        let times = (0..100_000).map(|n| distribution.sample(even(n, 100_000)));
        assert!(times.is_sorted());
    }
}

#[test]
fn percentiles_are_joined_by_straight_lines() {
    let share = |percent| Share::new(percent, 100).unwrap();
    let points =
        vec![(share(50), Nanos(4_000)), (share(90), Nanos(8_000)), (share(99), Nanos(40_000))];
    let distribution = Distribution::new(&TimeDistribution::Percentiles(points));
    let at =
        |permille: u128| distribution.sample(u64::try_from((permille << 64) / 1_000).unwrap()).0;
    for (permille, expected) in [
        (0, 4_000),
        (300, 4_000),
        (500, 4_000),
        (700, 6_000),
        (900, 8_000),
        (945, 24_000),
        (999, 40_000),
    ] {
        assert!(at(permille).abs_diff(expected) <= 1, "{permille}: {}", at(permille));
    }
    let (mean, variance) = moments(&distribution, 1 << 18);
    assert!((mean / distribution.mean_seconds() - 1.0).abs() < 1e-4);
    assert!((variance / distribution.variance() - 1.0).abs() < 1e-3);
    let always = Distribution::constant(Nanos(7));
    assert_eq!((always.sample(0), always.sample(u64::MAX)), (Nanos(7), Nanos(7)));
}
