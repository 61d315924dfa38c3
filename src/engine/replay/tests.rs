//! Replay against the exact solution, and against itself in other orders.

use super::*;
use crate::engine::exact::{Exact, solve};
use crate::engine::flow::{self, Flow};
use crate::engine::probability::to_f64;
use crate::engine::testing::{Knobs, scenario};

const REQUESTS: u64 = 200_000;

fn program(knobs: &Knobs) -> (Flow, Exact, Program) {
    let scenario = scenario(knobs);
    let flow = flow::build(&scenario).unwrap();
    let exact = solve(&flow);
    let program = Program::new(&scenario, &flow, &exact);
    (flow, exact, program)
}

/// Every slot's count against its expectation; a request takes a slot at most `most` times.
fn assert_agrees(knobs: &Knobs, most: f64) {
    let (flow, exact, program) = program(knobs);
    let tally = program.run(11, REQUESTS);
    assert_eq!(tally.classes.iter().sum::<u64>(), REQUESTS);
    let [first, second] = [tally.classes[0] as f64, tally.classes[1] as f64];
    let deviation = (REQUESTS as f64 * 0.75 * 0.25).sqrt();
    assert!((first - REQUESTS as f64 * 0.75).abs() < 4.5 * deviation, "{first} of class one");
    let mut seen = 0;
    for (id, call) in flow.calls.iter().enumerate() {
        let slots = &exact.layout.calls[id];
        let requests = if call.class == 0 { first } else { second };
        let site = &flow.sites[call.site as usize].path;
        let mut check = |slot: u32| {
            let observed = tally.slots[slot as usize] as f64;
            let expected = to_f64(&exact.expected[slot as usize]) * requests;
            let bound = 5.0 * (expected * most).sqrt() + 5.0;
            assert!((observed - expected).abs() <= bound, "{site}: {observed}, not {expected}");
            seen += u32::from(expected > 0.0);
        };
        [slots.visits, slots.aborts, slots.retries].into_iter().for_each(&mut check);
        for leg in &slots.legs {
            check(leg.taken);
            leg.copies.iter().for_each(|copy| check(copy.made));
        }
    }
    for (class, root) in flow.roots.iter().enumerate() {
        let requests = if class == 0 { first } else { second };
        let outcomes = &exact.calls[*root as usize].outcomes.list;
        let slot = exact.layout.outcomes[class] as usize;
        let counts = &tally.slots[slot..slot + outcomes.len()];
        assert_eq!(counts.iter().sum::<u64>(), tally.classes[class]);
        for (outcome, count) in outcomes.iter().zip(counts) {
            let share = to_f64(&outcome.probability);
            // The constant is for outcomes that are too rare for the normal approximation.
            let bound = 5.0 * (requests * share * (1.0 - share)).sqrt() + 5.0;
            let expected = requests * share;
            assert!((*count as f64 - expected).abs() <= bound, "{count}, not {expected}");
            assert!(share > 0.0 || *count == 0);
        }
    }
    assert!(seen > 10, "{seen} slots are taken");
}

#[test]
fn counts_agree_with_exact_probabilities() {
    assert_agrees(&Knobs::default(), 6.0);
    let knobs = Knobs {
        retries: 2,
        attempts: 1,
        on_failure: "fail",
        percent: [0, 40, 40, 0, 25, 100],
        ..Knobs::default()
    };
    assert_agrees(&knobs, 6.0);
    assert_agrees(&Knobs { weights: [1, 99], replicas: 0, retries: 0, ..Knobs::default() }, 6.0);
}

#[test]
fn any_number_of_threads_and_any_shards_add_up_to_the_same() {
    let (_, _, program) = program(&Knobs::default());
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| program.run(3, REQUESTS))
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(8));
    let mut shards = program.empty();
    // Shards in reverse order, and none of them at a border of blocks.
    for (first, requests) in [(150_001, 49_999), (77, 149_924), (0, 77)] {
        program.run_range(3, first, requests, &mut shards);
    }
    assert_eq!(one, shards);
    assert_ne!(one, program.run(4, REQUESTS));
}

#[test]
fn another_config_meets_the_same_requests() {
    // Moving one percent of the weight moves one percent of the requests, and no other request notices.
    let (flow, exact, before) = program(&Knobs { weights: [70, 30], ..Knobs::default() });
    let (_, _, after) = program(&Knobs { weights: [71, 29], ..Knobs::default() });
    let root = flow.roots[1] as usize;
    let slot = exact.layout.calls[root].legs[0].taken as usize;
    for first in 0..2_000 {
        let taken = |program: &Program| {
            let mut tally = program.empty();
            program.run_range(5, first, 1, &mut tally);
            (tally.classes[1], tally.slots[slot])
        };
        let (before, after) = (taken(&before), taken(&after));
        assert_eq!(before.0, after.0, "request {first} is of the same class");
        assert!(after.1 >= before.1, "request {first} left a version that gained weight");
    }
}
