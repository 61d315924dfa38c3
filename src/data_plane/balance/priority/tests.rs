use proptest::prelude::*;

use super::*;

/// Counts from `(total, healthy, degraded)`.
fn counts(list: &[(u32, u32, u32)]) -> Vec<PriorityCounts> {
    let of = |&(total, healthy, degraded)| PriorityCounts { total, healthy, degraded, excluded: 0 };
    list.iter().map(of).collect()
}

fn loads(list: &[(u32, u32, u32)], threshold: u32) -> Vec<(u32, u32, bool)> {
    let loads = PriorityLoads::new(&counts(list), threshold);
    loads.loads().iter().map(|load| (load.healthy, load.degraded, load.panic)).collect()
}

#[test]
fn loads_follow_health_and_priority() {
    for (hosts, threshold, expected) in [
        // One priority has everything, whatever its health.
        (vec![(4, 4, 0)], 0, vec![(100, 0, false)]),
        (vec![(4, 1, 0)], 0, vec![(100, 0, false)]),
        // The first keeps all down to 71.43 %: 5 of 7 is just enough, 70 of 100 is not.
        (vec![(7, 5, 0), (1, 1, 0)], 50, vec![(100, 0, false), (0, 0, false)]),
        (vec![(100, 70, 0), (1, 1, 0)], 50, vec![(98, 0, false), (2, 0, false)]),
        (vec![(100, 68, 0), (10, 10, 0)], 0, vec![(95, 0, false), (5, 0, false)]),
        // Together below 100 %: scaled, the rest of rounding to the first.
        (
            vec![(10, 1, 0), (10, 2, 0), (10, 1, 0)],
            0,
            vec![(25, 0, false), (50, 0, false), (25, 0, false)],
        ),
        (vec![(10, 1, 0); 3], 0, vec![(34, 0, false), (33, 0, false), (33, 0, false)]),
        // Degraded hosts get what healthy ones cannot take.
        (vec![(2, 1, 1)], 50, vec![(70, 30, false)]),
        (vec![(2, 0, 2)], 50, vec![(0, 100, false)]),
        (vec![(10, 1, 3), (10, 2, 1)], 0, vec![(16, 42, false), (28, 14, false)]),
        // Priorities without hosts get nothing.
        (vec![(0, 0, 0), (3, 3, 0)], 50, vec![(0, 0, false), (100, 0, false)]),
    ] {
        assert_eq!(loads(&hosts, threshold), expected, "{hosts:?}");
    }
}

#[test]
fn panic_uses_all_hosts_of_priorities_below_the_threshold() {
    for (hosts, threshold, expected) in [
        // A threshold of 0 never panics: the first priority gets the load and finds nobody.
        (vec![(3, 0, 0), (3, 0, 0)], 0, vec![(100, 0, false), (0, 0, false)]),
        (vec![(3, 0, 0)], 50, vec![(100, 0, true)]),
        // Between 50 % and 71.4 % a single priority does not panic.
        (vec![(4, 2, 0)], 50, vec![(100, 0, false)]),
        (vec![(5, 2, 0)], 50, vec![(100, 0, true)]),
        // With enough capacity elsewhere nobody panics.
        (vec![(10, 1, 0), (10, 10, 0)], 50, vec![(14, 0, false), (86, 0, false)]),
        // One of two panics and keeps its load by health.
        (vec![(10, 1, 0), (10, 5, 0)], 50, vec![(17, 0, true), (83, 0, false)]),
        // All panic: shared by size, the rest of rounding to the first that has hosts.
        (
            vec![(0, 0, 0), (10, 1, 0), (20, 1, 0)],
            50,
            vec![(0, 0, true), (34, 0, true), (66, 0, true)],
        ),
        (vec![], 50, vec![]),
    ] {
        assert_eq!(loads(&hosts, threshold), expected, "{hosts:?} {threshold}");
    }
}

#[test]
fn excluded_hosts_do_not_count_when_health_is_measured() {
    let excluded = PriorityCounts { total: 10, healthy: 5, degraded: 0, excluded: 5 };
    let rest = PriorityCounts { total: 1, healthy: 1, degraded: 0, excluded: 0 };
    let loads = PriorityLoads::new(&[excluded, rest], 50);
    assert_eq!(loads.loads()[0], PriorityLoad { healthy: 100, degraded: 0, panic: false });
}

#[test]
fn a_number_chooses_by_its_last_two_digits_healthy_loads_first() {
    let loads = PriorityLoads::new(&counts(&[(10, 1, 3), (10, 2, 1)]), 0);
    let healthy = |priority| Choice { priority, class: Some(HealthClass::Healthy) };
    let degraded = |priority| Choice { priority, class: Some(HealthClass::Degraded) };
    // 16 and 28 healthy, then 42 and 14 degraded.
    for (number, expected) in [
        (0, healthy(0)),
        (15, healthy(0)),
        (16, healthy(1)),
        (43, healthy(1)),
        (44, degraded(0)),
        (85, degraded(0)),
        (86, degraded(1)),
        (99, degraded(1)),
        (12_300, healthy(0)),
    ] {
        assert_eq!(loads.choose(number), expected, "{number}");
    }
}

#[test]
fn only_whole_loads_need_no_number() {
    let only = |hosts: &[(u32, u32, u32)]| PriorityLoads::new(&counts(hosts), 50).only();
    assert_eq!(only(&[(0, 0, 0), (3, 3, 0)]).map(|choice| choice.priority), Some(1));
    assert_eq!(only(&[(3, 0, 0)]), Some(Choice { priority: 0, class: None }));
    assert_eq!(only(&[(2, 1, 1)]), None);
    assert_eq!(only(&[]), None);
}

#[test]
fn excluded_priorities_get_nothing_unless_nothing_else_is_left() {
    let mut loads = PriorityLoads::new(&counts(&[(2, 2, 0), (10, 1, 0), (10, 2, 0)]), 0);
    let tally = |loads: &mut PriorityLoads, excluded: u128| -> [u32; 3] {
        let mut tally = [0; 3];
        (0..100).for_each(|number| tally[loads.choose_without(excluded, number).priority] += 1);
        tally
    };
    assert_eq!(tally(&mut loads, 0), [100, 0, 0]);
    // 14 and 28 of 42: 33 + 66, and the one left over to the first.
    assert_eq!(tally(&mut loads, 0b001), [0, 34, 66]);
    assert_eq!(tally(&mut loads, 0b011), [0, 0, 100]);
    assert_eq!(tally(&mut loads, 0b111), [100, 0, 0]);
    assert!(loads.is_available_without(0b011) && !loads.is_available_without(0b111));
}

proptest! {
    #[test]
    fn loads_sum_to_one_hundred(
        hosts in prop::collection::vec((0_u32..300, 0_u32..=100, 0_u32..=100), 1..6),
        threshold in 0_u32..=100,
        excluded in 0_u128..64,
    ) {
        let hosts: Vec<(u32, u32, u32)> = hosts
            .into_iter()
            .map(|(total, healthy, degraded)| {
                let healthy = total * healthy / 100;
                (total, healthy, (total - healthy) * degraded / 100)
            })
            .collect();
        let mut loads = PriorityLoads::new(&counts(&hosts), threshold);
        let sum: u32 = loads.loads().iter().map(|load| load.healthy + load.degraded).sum();
        prop_assert_eq!(sum, 100);
        // Every number finds a priority that has the load, and an unavailable one only in need.
        for number in 0..100 {
            let choice = loads.choose(number);
            let load = loads.loads()[choice.priority];
            prop_assert!(load.healthy + load.degraded > 0);
            prop_assert_eq!(choice.class.is_none(), load.panic);
            let other = loads.choose_without(excluded, number);
            if loads.is_available_without(excluded) {
                prop_assert_eq!(excluded >> other.priority & 1, 0);
            }
        }
    }
}
