use super::super::fixture::{endpoint, group};
use super::super::{DEFAULT_MERGE_WINDOW, HealthClass};
use super::*;

fn ms(millis: u64) -> Nanos {
    Nanos::from_millis(millis)
}

fn set(groups: &[EndpointGroup]) -> HostSet {
    HostSet::new(groups, Nanos(0), DEFAULT_MERGE_WINDOW)
}

fn healthy(set: &HostSet, priority: usize) -> Vec<u32> {
    let hosts = set.view(priority).unwrap().hosts(Some(HealthClass::Healthy));
    hosts.iter().map(|host| host.0).collect()
}

fn all(set: &HostSet, priority: usize) -> Vec<u32> {
    set.view(priority).unwrap().hosts(None).iter().map(|host| host.0).collect()
}

#[test]
fn workers_see_the_first_ejection_at_once_and_the_next_one_a_window_later() {
    let mut set = set(&[group(0, 1, 0..3)]);
    assert_eq!(set.set_ejected(HostId(0), true, ms(7)), Visible::Now);
    assert_eq!(set.set_ejected(HostId(1), true, ms(9)), Visible::At(ms(1009)));
    // The proxy knows at once; its workers go on with the old list.
    assert!(set.is_ejected(HostId(1)) && !set.is_healthy(HostId(1)));
    assert_eq!(healthy(&set, 0), [1, 2]);
    assert_eq!(set.next_delivery(), Some(ms(1009)));
    assert!(!set.deliver(ms(1008)) && set.deliver(ms(1009)) && !set.deliver(ms(1009)));
    assert_eq!((healthy(&set, 0), set.next_delivery()), (vec![2], None));
    assert_eq!(all(&set, 0), [0, 1, 2]);
}

#[test]
fn a_change_that_is_taken_back_before_its_delivery_is_never_seen() {
    let mut set = set(&[group(0, 1, 0..2)]);
    set.set_ejected(HostId(0), true, ms(0));
    set.set_ejected(HostId(1), true, ms(1));
    set.set_ejected(HostId(1), false, ms(2));
    set.deliver(ms(1001));
    assert_eq!(healthy(&set, 0), [1]);
}

#[test]
fn the_same_state_again_is_no_change() {
    let mut set = set(&[group(0, 1, 0..2)]);
    let before = set.generation();
    set.set_ejected(HostId(0), false, ms(5));
    set.set_health(HostId(0), Health::Healthy, ms(5));
    set.assign(&[group(0, 1, 0..2)], ms(5));
    set.assign(&[group(0, 1, [1, 0].into_iter())], ms(5));
    set.set_ejected(HostId(99), true, ms(5));
    assert_eq!((set.generation(), set.next_delivery()), (before, None));
}

#[test]
fn health_changes_reach_all_priorities_each_in_its_own_time() {
    let mut set = set(&[group(0, 1, 0..2), group(1, 1, 2..4)]);
    // Hosts are added to the second priority alone, which starts its window.
    set.assign(&[group(0, 1, 0..2), group(1, 1, 2..5)], ms(500));
    assert_eq!(set.set_ejected(HostId(0), true, ms(600)), Visible::Now);
    assert_eq!(set.set_ejected(HostId(2), true, ms(700)), Visible::At(ms(1600)));
    assert_eq!((healthy(&set, 0), healthy(&set, 1)), (vec![1], vec![2, 3, 4]));
    assert!(set.deliver(ms(1600)));
    assert_eq!(healthy(&set, 1), [3, 4]);
    assert_eq!(set.next_delivery(), Some(ms(1700)));
}

#[test]
fn additions_and_removals_are_seen_at_once_and_take_along_what_waits() {
    let mut set = set(&[group(0, 1, 0..3)]);
    set.set_ejected(HostId(0), true, ms(0));
    set.set_ejected(HostId(1), true, ms(1));
    let change = set.assign(&[group(0, 1, 1..5)], ms(2));
    assert_eq!(change.added, [HostId(3), HostId(4)]);
    assert_eq!(change.removed, [HostId(0)]);
    assert_eq!((change.visible, set.next_delivery()), (Visible::Now, None));
    assert_eq!((healthy(&set, 0), all(&set, 0)), (vec![2, 3, 4], vec![1, 2, 3, 4]));
    assert!(!set.is_healthy(HostId(0)));
    assert_eq!(set.members().map(|host| host.0).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[test]
fn a_host_that_comes_back_is_a_new_one() {
    let mut set = set(&[group(0, 1, 0..2)]);
    set.begin_request(HostId(1));
    set.assign(&[group(0, 1, 0..1)], ms(10));
    let change = set.assign(&[group(0, 1, 0..2)], ms(20));
    assert_eq!(change.added, [HostId(2)]);
    assert_eq!(set.endpoint(HostId(2)).unwrap().address, "10.0.0.1:80");
    // Requests to the old one still end as usual.
    assert_eq!((set.active_requests(HostId(1)), set.active_requests(HostId(2))), (1, 0));
    set.end_request(HostId(1));
    set.end_request(HostId(1));
    assert_eq!(set.active_requests(HostId(1)), 0);
}

#[test]
fn a_move_to_another_priority_keeps_the_host_and_is_seen_at_once() {
    let mut set = set(&[group(0, 1, 0..2), group(1, 1, 2..3)]);
    set.set_ejected(HostId(1), true, ms(5));
    let change = set.assign(&[group(0, 1, 0..1), group(1, 1, 1..3)], ms(6));
    assert_eq!((change.added, change.removed), (vec![], vec![]));
    assert_eq!((all(&set, 0), all(&set, 1)), (vec![0], vec![1, 2]));
    assert_eq!(healthy(&set, 1), [2]);
}

#[test]
fn new_weights_hold_at_once_but_lists_follow_later() {
    let mut set = set(&[group(0, 1, 0..2)]);
    set.set_ejected(HostId(0), true, ms(0));
    let generation = set.generation();
    let heavier =
        EndpointGroup { endpoints: vec![endpoint(0, 1), endpoint(1, 9)], ..group(0, 1, 0..0) };
    let change = set.assign(&[heavier], ms(10));
    assert_eq!(change.visible, Visible::At(ms(1010)));
    assert_eq!(set.state(HostId(1)).unwrap().weight, 9);
    assert_eq!(set.generation(), generation);
    set.assign(&[group(0, 5, 0..2)], ms(20));
    assert_eq!(set.view(0).unwrap().localities()[0].weight(), 1);
    set.deliver(ms(1010));
    assert_eq!(set.view(0).unwrap().localities()[0].weight(), 5);
}

#[test]
fn of_equal_addresses_the_first_counts_and_odd_priorities_and_weights_are_bounded() {
    let twice =
        EndpointGroup { endpoints: vec![endpoint(7, 0), endpoint(7, 5)], ..group(0, 1, 0..0) };
    let set = set(&[twice, group(u32::MAX, 1, 7..9)]);
    assert_eq!((all(&set, 0), all(&set, 127)), (vec![0], vec![1]));
    assert_eq!(set.state(HostId(0)).unwrap().weight, 1);
    assert_eq!(set.views().count(), 128);
}

#[test]
fn health_of_discovery_and_ejection_combine() {
    let mut set = HostSet::new(&[group(0, 1, 0..4)], Nanos(0), Nanos(0));
    set.set_health(HostId(0), Health::Degraded, ms(1));
    set.set_health(HostId(1), Health::Unhealthy, ms(1));
    set.set_health(HostId(2), Health::Excluded, ms(1));
    let counts = set.view(0).unwrap().counts();
    assert_eq!((counts.total, counts.healthy, counts.degraded, counts.excluded), (4, 1, 1, 1));
    set.set_ejected(HostId(0), true, ms(2));
    set.set_ejected(HostId(2), true, ms(2));
    let counts = set.view(0).unwrap().counts();
    assert_eq!((counts.healthy, counts.degraded, counts.excluded), (1, 0, 1));
}

#[test]
fn an_empty_cluster_has_one_empty_priority() {
    let mut set = set(&[]);
    assert_eq!((set.views().count(), all(&set, 0)), (1, vec![]));
    let change = set.assign(&[group(0, 1, 0..1)], ms(1));
    assert_eq!((change.added, all(&set, 0)), (vec![HostId(0)], vec![0]));
}
