use proptest::prelude::*;

use super::super::fixture::{golden, numbers};
use super::*;

fn sequence(edf: &mut Edf, weights: &[u32], picks: usize) -> Vec<u32> {
    let weight = |entry: u32| f64::from(weights[entry as usize]);
    (0..picks).map(|_| edf.pick(weight).unwrap()).collect()
}

fn after(weights: &[u32], picks: u32) -> Edf {
    let entries = u32::try_from(weights.len()).unwrap();
    Edf::after_picks(entries, picks, |entry| f64::from(weights[entry as usize]))
}

fn digits(text: &serde_json::Value) -> Vec<u32> {
    text.as_str().unwrap().chars().map(|digit| digit.to_digit(10).unwrap()).collect()
}

#[test]
fn weighted_turns_are_those_of_envoy() {
    let golden = golden();
    let weights = numbers(&golden["edf"]["weights"]);
    for (picks, expected) in golden["edf"]["cases"].as_object().unwrap() {
        let expected = digits(expected);
        let mut edf = after(&weights, picks.parse().unwrap());
        assert_eq!(sequence(&mut edf, &weights, expected.len()), expected, "{picks}");
    }
    let expected = digits(&golden["edf_25_75_picks23_next20"]);
    assert_eq!(sequence(&mut after(&[25, 75], 23), &[25, 75], 20), expected);
}

/// Deadlines as fractions, compared without division: a second implementation without rounding.
fn exact(weights: &[u32], picks: usize) -> Vec<u32> {
    // Entry, its picks so far plus 1, and when it was inserted.
    let mut turns: Vec<(usize, u64, usize)> = (0..weights.len()).map(|i| (i, 1, i)).collect();
    (0..picks)
        .map(|pick| {
            let earliest = turns.iter_mut().min_by(|a, b| {
                let (x, y) = (a.1 * u64::from(weights[b.0]), b.1 * u64::from(weights[a.0]));
                x.cmp(&y).then(a.2.cmp(&b.2))
            });
            let turn = earliest.unwrap();
            (turn.1, turn.2) = (turn.1 + 1, weights.len() + pick);
            u32::try_from(turn.0).unwrap()
        })
        .collect()
}

#[test]
fn without_rounding_the_sequence_is_exact() {
    // Weights that are powers of two divide without rounding, so ties are ties.
    for weights in [vec![1, 1, 1], vec![4, 2, 1], vec![8, 1], vec![2, 16, 4, 4], vec![1]] {
        let got = sequence(&mut after(&weights, 0), &weights, 200);
        assert_eq!(got, exact(&weights, 200), "{weights:?}");
    }
}

#[test]
fn a_new_weight_counts_from_the_next_turn() {
    let mut edf = after(&[1, 1], 0);
    let heavy = |entry: u32| if entry == 0 { 4.0 } else { 1.0 };
    let got: Vec<u32> = (0..10).map(|_| edf.pick(heavy).unwrap()).collect();
    assert_eq!(got, [0, 1, 0, 0, 0, 1, 0, 0, 0, 0]);
}

#[test]
fn odd_weights_and_no_entries_do_no_harm() {
    assert_eq!(Edf::after_picks(0, 1000, |_| 1.0).pick(|_| 1.0), None);
    let mut edf = Edf::after_picks(2, 10, |_| f64::INFINITY);
    assert!(edf.pick(|_| 0.0).is_some() && edf.pick(|_| f64::NAN).is_some());
}

proptest! {
    #[test]
    fn every_cycle_has_each_weight_up_to_one_pick(
        weights in prop::collection::vec(1_u32..40, 1..9),
        picks in 0_u32..429_496_729,
    ) {
        let cycle = weights.iter().sum::<u32>() as usize;
        let picked = sequence(&mut after(&weights, picks), &weights, 3 * cycle);
        for window in picked.windows(cycle) {
            for (entry, weight) in (0..).zip(&weights) {
                let count = window.iter().filter(|picked| **picked == entry).count();
                prop_assert!(count.abs_diff(*weight as usize) <= 1, "{entry} {count} {weight}");
            }
        }
    }

    #[test]
    fn the_start_is_where_so_many_single_picks_lead(
        weights in prop::collection::vec(1_u32..40, 1..9),
        picks in 0_u32..3_000,
    ) {
        let mut single = after(&weights, 0);
        sequence(&mut single, &weights, picks as usize);
        let cycle = weights.iter().sum::<u32>() as usize;
        let (mut total, mut jump) = (vec![0_i64; weights.len()], vec![0_i64; weights.len()]);
        // Both go on with the same shares: what differs is the order of entries that are due together.
        let steps = std::iter::zip(
            sequence(&mut single, &weights, 2 * cycle),
            sequence(&mut after(&weights, picks), &weights, 2 * cycle),
        );
        for (a, b) in steps {
            total[a as usize] += 1;
            jump[b as usize] += 1;
            for (a, b) in total.iter().zip(&jump) {
                prop_assert!((a - b).abs() <= 2, "{total:?} {jump:?}");
            }
        }
    }
}
