use super::Arrivals;
use crate::scenario::time::{ArrivalPlan, Process, RatePiece, RateProfile, TimeDistribution};
use crate::units::{Nanos, Rate};

fn open(process: Process, pieces: &[(u64, u64, u64)]) -> ArrivalPlan {
    let piece = |&(start, from, to): &(u64, u64, u64)| RatePiece {
        start: Nanos(start * 1_000_000_000),
        from: Rate::per_second(from),
        to: Rate::per_second(to),
    };
    ArrivalPlan::Open(RateProfile { process, pieces: pieces.iter().map(piece).collect() })
}

fn times(plan: &ArrivalPlan, class: &str, seed: u64) -> Arrivals {
    Arrivals::new(plan, class, seed).unwrap()
}

#[test]
fn a_constant_process_keeps_its_distance_for_ever() {
    let plan = open(Process::Constant, &[(0, 3, 3)]);
    let found: Vec<u64> = times(&plan, "a", 1).take(3_000_000).map(|at| at.0).collect();
    assert_eq!(found[..4], [333_333_333, 666_666_666, 1_000_000_000, 1_333_333_333]);
    assert_eq!(found[2_999_999], 1_000_000 * 1_000_000_000);
}

/// The integral of a ramp is a parabola: arrival n comes at the root.
#[test]
fn a_ramp_is_inverted_exactly() {
    let plan = open(Process::Constant, &[(0, 10, 10), (1, 10, 30), (11, 30, 30)]);
    let found: Vec<Nanos> = times(&plan, "a", 1).take(300).collect();
    for (index, at) in found.iter().enumerate() {
        let number = index as f64 + 1.0;
        let expected = if number <= 10.0 {
            number / 10.0
        } else if number <= 210.0 {
            // 10 t + t² = number - 10, from second 1 on.
            1.0 + ((100.0 + 4.0 * (number - 10.0)).sqrt() - 10.0) / 2.0
        } else {
            11.0 + (number - 210.0) / 30.0
        };
        assert!((at.as_secs_f64() - expected).abs() < 2e-9, "{number}: {at} not {expected}");
    }
}

#[test]
fn nothing_arrives_while_the_rate_is_zero() {
    let plan =
        open(Process::Constant, &[(0, 0, 0), (5, 2, 2), (7, 0, 0), (100, 1, 1), (103, 0, 0)]);
    let seconds: Vec<f64> = times(&plan, "a", 1).map(Nanos::as_secs_f64).collect();
    assert_eq!(seconds, [5.5, 6.0, 6.5, 7.0, 101.0, 102.0, 103.0]);
    assert_eq!(times(&open(Process::Poisson, &[(0, 0, 0)]), "a", 1).next(), None);
}

/// Counts of a Poisson process are Poisson, and gaps independent of the rate's shape after time change.
#[test]
fn a_poisson_process_has_the_mean_and_the_spread_of_one() {
    for pieces in [&[(0, 1_000, 1_000)][..], &[(0, 0, 2_000), (400, 2_000, 2_000)][..]] {
        let plan = open(Process::Poisson, pieces);
        let integral = |at: Nanos| match pieces.len() {
            1 => at.as_secs_f64() * 1_000.0,
            _ => at.as_secs_f64().powi(2) * 2.5,
        };
        let mut gaps = Vec::new();
        let mut before = 0.0;
        for at in times(&plan, "a", 7).take_while(|at| at.as_secs_f64() < 400.0) {
            gaps.push(integral(at) - before);
            before = integral(at);
        }
        let count = gaps.len() as f64;
        assert!((count - 400_000.0).abs() < 4.0 * 400_000.0_f64.sqrt(), "{count}");
        let mean = gaps.iter().sum::<f64>() / count;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / count;
        // The variance of a sample variance of exponential values is 8 / n.
        assert!((variance - 1.0).abs() < 4.0 * (8.0 / count).sqrt(), "{variance}");
        let joint = gaps.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum::<f64>();
        assert!((joint / count).abs() < 4.0 / count.sqrt(), "{joint}");
    }
}

#[test]
fn classes_and_seeds_have_streams_of_their_own() {
    let plan = open(Process::Poisson, &[(0, 100, 100)]);
    let first = |class, seed| times(&plan, class, seed).take(5).collect::<Vec<_>>();
    assert_eq!(first("a", 1), first("a", 1));
    assert_ne!(first("a", 1), first("b", 1));
    assert_ne!(first("a", 1), first("a", 2));
}

/// A rate that changes later moves no arrival before the change, and uses the same random numbers after it.
#[test]
fn arrivals_before_a_change_stay_where_they_are() {
    let steady: Vec<Nanos> =
        times(&open(Process::Poisson, &[(0, 100, 100)]), "a", 3).take(2_000).collect();
    let doubled = open(Process::Poisson, &[(0, 100, 100), (10, 200, 200)]);
    let ten = Nanos(10_000_000_000);
    for (one, two) in steady.iter().zip(times(&doubled, "a", 3)) {
        if *one <= ten {
            assert_eq!(*one, two);
        } else {
            let squeezed = ten.0 + (one.0 - ten.0) / 2;
            assert!(two.0.abs_diff(squeezed) <= 1, "{two} instead of {squeezed}");
        }
    }
}

#[test]
fn bursts_come_at_once_and_again() {
    let every = Nanos(10_000_000_000);
    let plan = ArrivalPlan::Bursts { size: 3, every };
    let found: Vec<u64> = times(&plan, "a", 1).take(7).map(|at| at.0 / every.0).collect();
    assert_eq!(found, [0, 0, 0, 1, 1, 1, 2]);
    assert_eq!(times(&ArrivalPlan::Bursts { size: 0, every }, "a", 1).next(), None);
    let users = ArrivalPlan::Users { users: 5, think: TimeDistribution::default() };
    assert!(Arrivals::new(&users, "a", 1).is_none());
}

#[test]
fn the_end_of_time_ends_the_arrivals() {
    let plan = ArrivalPlan::Open(RateProfile::level(Rate(1), Process::Constant));
    // One request in 10^9 seconds: 18 of them fit into 2^64 nanoseconds.
    assert_eq!(times(&plan, "a", 1).count(), 18);
    let plan = ArrivalPlan::Bursts { size: 1, every: Nanos(u64::MAX / 2) };
    assert_eq!(times(&plan, "a", 1).count(), 3);
    let steep = open(Process::Poisson, &[(0, 10_000_000_000, 0), (18_000_000_000, 0, 0)]);
    assert!(times(&steep, "a", 1).take(1_000).is_sorted());
}
