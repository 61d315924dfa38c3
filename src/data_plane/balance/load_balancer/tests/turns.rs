//! Round robin and least request as sequences: phase, updates, weights, slow start.

use super::super::super::DEFAULT_MERGE_WINDOW;
use super::super::super::fixture::endpoint;
use super::*;

fn digits(hosts: &[u32]) -> String {
    hosts.iter().map(ToString::to_string).collect()
}

fn ramped(policy: BalancerPolicy, count: u32) -> Cluster {
    let ramp = SlowStart { window: Nanos::SECOND, aggression: 1.0, minimum_percent: 10.0 };
    Cluster { slow_start: Some(ramp), ..cluster(policy, hosts(count)) }
}

#[test]
fn equal_hosts_take_turns_from_a_random_phase() {
    for (seed, expected) in [(0, "0120120"), (7, "1201201"), (u64::MAX, "0012012")] {
        // The turn wraps at 2^64, which is no multiple of 3.
        let mut proxy = proxy(&cluster(BalancerPolicy::RoundRobin, hosts(3)), seed);
        assert_eq!(digits(&proxy.run(7)), expected, "{seed}");
    }
}

#[test]
fn the_turn_survives_updates_and_each_list_has_its_own() {
    let mut proxy = proxy(&cluster(BalancerPolicy::RoundRobin, hosts(4)), 0);
    assert_eq!(digits(&proxy.run(5)), "01230");
    proxy.eject([0]);
    // The sixth turn, now of three hosts.
    assert_eq!(digits(&proxy.run(4)), "3123");
}

#[test]
fn weighted_turns_are_those_of_envoy_and_idle_least_request_has_the_same() {
    let golden = golden();
    let weights = numbers(&golden["edf"]["weights"]);
    for policy in [BalancerPolicy::RoundRobin, BalancerPolicy::LeastRequest] {
        for (seed, expected) in golden["edf"]["cases"].as_object().unwrap() {
            let expected = expected.as_str().unwrap();
            // The start is the seed modulo 429,496,729.
            for turns in [0, 3] {
                let seed = seed.parse::<u64>().unwrap() + turns * 429_496_729;
                let mut proxy = proxy(&cluster(policy, vec![weighted(&weights)]), seed);
                assert_eq!(digits(&proxy.run(expected.len())), expected, "{policy:?} {seed}");
            }
        }
    }
}

#[test]
fn weighted_turns_start_again_from_the_same_phase_at_every_update() {
    let mut proxy = proxy(&cluster(BalancerPolicy::RoundRobin, vec![weighted(&[5, 3, 1])]), 23);
    let before = proxy.run(14);
    proxy.eject([2]);
    proxy.run(5);
    proxy.now = Nanos(proxy.now.0 + 2 * DEFAULT_MERGE_WINDOW.0);
    proxy.hosts.set_ejected(HostId(2), false, proxy.now);
    assert_eq!(proxy.run(14), before);
}

#[test]
fn older_releases_start_weighted_turns_near_the_heavy_hosts() {
    let cluster = cluster(BalancerPolicy::RoundRobin, vec![weighted(&[7, 1, 1])]);
    let firsts = |minor| -> Vec<u32> {
        let settings = BalancerSettings::of_cluster(&cluster, EnvoyVersion::minor(minor));
        let hosts = HostSet::new(&cluster.groups, Nanos(0), DEFAULT_MERGE_WINDOW);
        let mut seeds = random(9);
        let mut random = random(10);
        let mut tally = vec![0; 3];
        for _ in 0..1_800 {
            let mut balancer = LoadBalancer::new(settings, seeds(), Nanos(0));
            let host = balancer.choose(&hosts, Nanos(0), Pick::first(None), &mut random);
            tally[host.unwrap().index()] += 1;
        }
        tally
    };
    assert_eq!(firsts(29), [1_800, 0, 0]);
    let newest = firsts(40);
    assert!(newest[0].abs_diff(1_400) < 100 && newest[1].abs_diff(200) < 70, "{newest:?}");
}

#[test]
fn a_new_weight_counts_from_the_next_turn_before_any_delivery() {
    let mut proxy = proxy(&cluster(BalancerPolicy::RoundRobin, vec![weighted(&[2, 1])]), 0);
    proxy.eject([0]);
    proxy.now = Nanos(9 * Nanos::SECOND.0);
    proxy.hosts.set_ejected(HostId(0), false, proxy.now);
    assert_eq!(proxy.tally(30, 2), [20, 10]);
    proxy.hosts.assign(&[weighted(&[20, 1])], proxy.now);
    assert!(proxy.hosts.next_delivery().is_some());
    let tally = proxy.tally(42, 2);
    assert!(tally[0].abs_diff(40) <= 1, "{tally:?}");
}

#[test]
fn equal_weights_that_become_unequal_matter_after_the_delivery() {
    let mut proxy = proxy(&cluster(BalancerPolicy::RoundRobin, hosts(2)), 0);
    proxy.eject([0]);
    proxy.hosts.set_ejected(HostId(0), false, proxy.now);
    let update =
        EndpointGroup { endpoints: vec![endpoint(0, 9), endpoint(1, 1)], ..group(0, 1, 0..0) };
    proxy.hosts.assign(&[update], proxy.now);
    assert_eq!(proxy.tally(20, 2), [0, 20]);
    proxy.now = proxy.hosts.next_delivery().unwrap();
    proxy.hosts.deliver(proxy.now);
    assert_eq!(proxy.tally(20, 2), [18, 2]);
}

#[test]
fn weighted_least_request_sees_requests_at_its_turns() {
    let mut proxy = proxy(&cluster(BalancerPolicy::LeastRequest, vec![weighted(&[2, 1])]), 0);
    (0..3).for_each(|_| proxy.hosts.begin_request(HostId(0)));
    // The weight of the first is 2 / 4 from its second turn on.
    let tally = proxy.tally(3_001, 2);
    assert!(tally[0].abs_diff(1_001) <= 2, "{tally:?}");
}

#[test]
fn slow_start_leaves_a_burst_on_one_host_and_then_strict_turns() {
    for policy in [BalancerPolicy::LeastRequest, BalancerPolicy::RoundRobin] {
        // Three turns at a tenth of the weight are over: three hosts are due ten turns after the last.
        let mut proxy = proxy(&ramped(policy, 4), 3);
        proxy.now = Nanos(3 * Nanos::SECOND.0);
        assert_eq!(digits(&proxy.run(27)), "333333333301230123012301230", "{policy:?}");
    }
}

#[test]
fn a_new_host_gets_its_share_in_proportion_to_its_ramp() {
    let mut proxy = proxy(&ramped(BalancerPolicy::RoundRobin, 2), 2);
    proxy.now = Nanos(10 * Nanos::SECOND.0);
    proxy.hosts.assign(&hosts(3), proxy.now);
    for (millis, expected) in [(0, 47), (500, 200), (2_000, 333)] {
        proxy.now = Nanos(10 * Nanos::SECOND.0 + millis * 1_000_000);
        proxy.run(50);
        let tally = proxy.tally(1_000, 3);
        assert!(tally[2].abs_diff(expected) <= 2, "{millis} {tally:?}");
    }
}

#[test]
fn an_update_after_the_ramp_ends_weighted_turns() {
    let mut proxy = proxy(&ramped(BalancerPolicy::LeastRequest, 3), 2);
    proxy.now = Nanos(10 * Nanos::SECOND.0);
    proxy.run(40);
    proxy.hosts.begin_request(HostId(0));
    let strict = proxy.tally(300, 3);
    proxy.eject([2]);
    // Now two draws: the busy one of two in a quarter of all cases.
    let drawn = proxy.tally(4_000, 3);
    assert!(strict[0] > 50, "{strict:?}");
    assert!(drawn[0].abs_diff(1_000) < 140, "{drawn:?}");
}

#[test]
fn hosts_that_come_back_from_an_ejection_have_no_ramp() {
    let mut proxy = proxy(&ramped(BalancerPolicy::RoundRobin, 2), 0);
    proxy.now = Nanos(5 * Nanos::SECOND.0);
    proxy.eject([1]);
    proxy.now = Nanos(20 * Nanos::SECOND.0);
    proxy.hosts.set_ejected(HostId(1), false, proxy.now);
    assert_eq!(proxy.tally(100, 2), [50, 50]);
}
