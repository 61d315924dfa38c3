//! The solution by dynamic programming against following every way by itself.

use proptest::prelude::*;

use super::*;
use crate::engine::flow;
use crate::engine::probability::{one, ratio};
use crate::engine::testing::{Knobs, Ways, load, scenario, ways};

fn solved(knobs: &Knobs) -> (Flow, Exact) {
    let flow = flow::build(&scenario(knobs)).unwrap();
    let exact = solve(&flow);
    (flow, exact)
}

fn outcomes(exact: &Exact, root: u32) -> Ways {
    let list = exact.calls[root as usize].outcomes.list.iter();
    let ways = list.map(|it| ((it.lane, it.status, Arc::clone(&it.trace)), it.probability.clone()));
    ways.filter(|(_, probability)| *probability != zero()).collect()
}

fn knobs() -> impl Strategy<Value = Knobs> {
    (
        (0_u32..=100).prop_map(|weight| [weight, 100 - weight]),
        prop::array::uniform6(prop_oneof![Just(0_u32), Just(100), 1_u32..100]),
        (0_u32..3, 1_u32..3, prop_oneof![Just("ignore"), Just("fail"), Just("404")], 0_u32..3),
    )
        .prop_map(|(weights, percent, (retries, attempts, on_failure, replicas))| Knobs {
            weights,
            percent,
            retries,
            attempts,
            on_failure,
            replicas,
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_outcome_has_the_probability_of_its_ways(knobs in knobs()) {
        let (flow, exact) = solved(&knobs);
        for root in &flow.roots {
            let naive = ways(&flow, *root);
            prop_assert_eq!(naive.values().sum::<Probability>(), one());
            prop_assert_eq!(outcomes(&exact, *root), naive);
        }
    }
}

#[test]
fn expected_visits_follow_the_weights_and_the_retries() {
    let knobs = Knobs { percent: [0, 50, 0, 0, 0, 100], weights: [50, 50], ..Knobs::default() };
    let (flow, exact) = solved(&knobs);
    let root = flow.roots[1] as usize;
    let slots = &exact.layout.calls[root];
    // Half of the requests go to v1, half of those fail once, half of the retried fail again.
    assert_eq!(exact.expected[slots.legs[0].taken as usize], ratio(1, 2));
    assert_eq!(exact.expected[slots.legs[0].hosts as usize], ratio(1, 2) + ratio(1, 4));
    assert_eq!(exact.expected[slots.retries as usize], ratio(1, 4));
    let statuses = exact.calls[root].outcomes.statuses();
    assert_eq!(statuses[&200], ratio(7, 8));
}

#[test]
fn ways_that_are_too_many_become_a_remainder_and_shares_stay_exact() {
    // Eight calls in a row with three hosts each: 3^8 ways are more than a node tells apart.
    let calls = ["\"GET http://b:8000/\""; 8].join(", ");
    let topology = format!(
        "services:\n  a: {{port: 8000, calls: [{calls}]}}\n  \
         b: {{port: 8000, versions: [v1, v2, v3]}}\nclients: {{sleep: }}\n"
    );
    let text = "topology: topology.yaml\ntraffic:\n\
                - {class: all, from: workload default/sleep, request: {url: 'http://a:8000/'}}\n";
    let flow =
        flow::build(&load(&[("scenario.yaml", text), ("topology.yaml", &topology)])).unwrap();
    let exact = solve(&flow);
    let list = &exact.calls[flow.roots[0] as usize].outcomes.list;
    assert!(list.len() <= MAX_OUTCOMES);
    assert_eq!(list.iter().map(|it| it.probability.clone()).sum::<Probability>(), one());
    assert!(list.iter().any(|it| it.trace.text(None).contains('…')), "a remainder is expected");
    // Marginals do not suffer: every call reaches each version with one third.
    let thirds = flow.calls.iter().enumerate().filter(|(_, call)| call.action.legs().len() == 1);
    let mut seen = 0;
    for (id, call) in thirds {
        let flow::Target::Hosts(hosts) = &call.action.legs()[0].target else { continue };
        if hosts.list.len() != 3 {
            continue;
        }
        seen += 1;
        let first = exact.layout.calls[id].legs[0].hosts as usize;
        let visits = &exact.expected[exact.layout.calls[id].visits as usize];
        for slot in first..first + 3 {
            assert_eq!(exact.expected[slot], visits * ratio(1, 3));
        }
    }
    assert!(seen > 0);
}
