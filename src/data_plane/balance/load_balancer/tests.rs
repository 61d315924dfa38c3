use super::super::super::cluster::EndpointGroup;
use super::super::fixture::{Proxy, cluster, golden, group, numbers, proxy, random, weighted};
use super::*;

const RING: BalancerPolicy = BalancerPolicy::RingHash { minimum_ring_size: 1024 };
const MAGLEV: BalancerPolicy = BalancerPolicy::Maglev { table_size: 251 };

fn hosts(count: u32) -> Vec<EndpointGroup> {
    vec![group(0, 1, 0..count)]
}

fn ids(hosts: &[u32]) -> Vec<HostId> {
    hosts.iter().map(|host| HostId(*host)).collect()
}

fn first(hash: u64) -> Pick<'static> {
    Pick::first(Some(hash))
}

fn retry(tried: &[HostId]) -> Pick<'_> {
    Pick { tried, reselections: RESELECTIONS, ..Pick::first(None) }
}

mod turns;

#[test]
fn least_request_takes_the_better_of_two_draws_with_replacement() {
    let mut proxy = proxy(&cluster(BalancerPolicy::LeastRequest, hosts(2)), 1);
    proxy.hosts.begin_request(HostId(0));
    // The busy one of two is still chosen when both draws are it: in a quarter of all cases.
    let tally = proxy.tally(20_000, 2);
    assert!(tally[0].abs_diff(5_000) < 310, "{tally:?}");
    // Among equals the first draw stays: uniform.
    proxy.hosts.begin_request(HostId(1));
    let tally = proxy.tally(20_000, 2);
    assert!(tally[0].abs_diff(10_000) < 360, "{tally:?}");
}

#[test]
fn of_two_equally_busy_hosts_the_one_drawn_first_stays() {
    let mut proxy = proxy(&cluster(BalancerPolicy::LeastRequest, hosts(3)), 1);
    let mut draws = [2, 1, 1, 2, 5, 7].into_iter();
    let mut choose = || {
        let mut draw = || draws.next().unwrap();
        proxy.balancer.choose(&proxy.hosts, Nanos(0), Pick::first(None), &mut draw)
    };
    // Draws count modulo the number of hosts.
    assert_eq!([choose(), choose(), choose()], [2, 1, 2].map(|host| Some(HostId(host))));
}

#[test]
fn random_ignores_weights() {
    let mut proxy = proxy(&cluster(BalancerPolicy::Random, vec![weighted(&[1, 9])]), 1);
    let tally = proxy.tally(20_000, 2);
    assert!(tally[0].abs_diff(10_000) < 360, "{tally:?}");
}

#[test]
fn random_chooses_host_and_priority_with_the_same_number() {
    // 95 % for the first priority; the last digit of the numbers beyond is 5 to 9 (E-68).
    let groups = vec![group(0, 1, 0..100), group(1, 1, 100..110)];
    let mut proxy = proxy(&cluster(BalancerPolicy::Random, groups), 1);
    proxy.eject(0..32);
    let tally = proxy.tally(20_000, 110);
    assert_eq!(tally[..32].iter().chain(&tally[100..105]).sum::<usize>(), 0);
    assert!(tally[105..].iter().all(|count| count.abs_diff(200) < 80), "{tally:?}");
}

#[test]
fn round_robin_is_even_over_priorities() {
    let groups = vec![group(0, 1, 0..100), group(1, 1, 100..110)];
    let mut proxy = proxy(&cluster(BalancerPolicy::RoundRobin, groups), 1);
    proxy.eject(0..32);
    let tally = proxy.tally(20_000, 110);
    let second = &tally[100..];
    assert!(second.iter().sum::<usize>().abs_diff(1_000) < 160, "{tally:?}");
    assert!(second.iter().all(|count| count.abs_diff(second[0]) <= 1), "{tally:?}");
}

#[test]
fn without_panic_a_cluster_of_ejected_hosts_has_none_and_with_it_all() {
    for policy in [BalancerPolicy::LeastRequest, BalancerPolicy::Random, RING, MAGLEV] {
        for threshold in [0, 50] {
            let mut cluster = cluster(policy, hosts(3));
            cluster.panic_threshold_percent = threshold;
            let mut proxy = proxy(&cluster, 1);
            proxy.eject(0..3);
            let used = (0..200).filter_map(|hash| proxy.choose(first(hash << 56)));
            let used: std::collections::BTreeSet<u32> = used.collect();
            assert_eq!(used.len(), if threshold == 0 { 0 } else { 3 }, "{policy:?}");
        }
    }
}

#[test]
fn panic_that_begins_elsewhere_reaches_the_table() {
    // The first priority panics below 50 % only while there is not enough capacity in the second.
    let mut cluster = cluster(RING, vec![group(0, 1, 0..4), group(1, 1, 4..8)]);
    cluster.panic_threshold_percent = 50;
    let mut proxy = proxy(&cluster, 1);
    proxy.eject(0..3);
    let used = |proxy: &mut Proxy<_>| {
        let mut random = random(3);
        let used = (0..400).filter_map(|_| proxy.choose(first(random())));
        used.filter(|host| *host < 4).collect::<std::collections::BTreeSet<u32>>()
    };
    assert_eq!(used(&mut proxy), [3].into());
    proxy.eject(4..7);
    assert_eq!(used(&mut proxy), (0..4).collect());
}

#[test]
fn an_empty_cluster_has_no_host() {
    for policy in [BalancerPolicy::LeastRequest, BalancerPolicy::RoundRobin, RING] {
        assert_eq!(proxy(&cluster(policy, vec![]), 1).choose(first(1)), None);
    }
}

#[test]
fn consistent_hashing_follows_the_recorded_ring_and_draws_without_a_hash() {
    let golden = golden();
    let addresses = super::super::fixture::texts(&golden["ring_123_min64"]["hosts"]);
    let mut group = weighted(&numbers(&golden["ring_123_min64"]["weights"]));
    for (endpoint, address) in group.endpoints.iter_mut().zip(&addresses) {
        endpoint.address.clone_from(address);
    }
    let policy = BalancerPolicy::RingHash { minimum_ring_size: 64 };
    let mut proxy = proxy(&cluster(policy, vec![group]), 1);
    for (value, port) in golden["ring_123_min64"]["picks"].as_object().unwrap() {
        let picked = proxy.choose(first(super::super::super::policy::xxh64(value))).unwrap();
        assert!(addresses[picked as usize].ends_with(port.as_str().unwrap()), "{value}");
    }
    let tally = proxy.tally(6_000, 3);
    assert!(tally.iter().all(|count| *count > 300), "{tally:?}");
}

#[test]
fn an_ejection_moves_the_keys_of_the_host_and_few_others_and_its_end_moves_them_back() {
    let mut proxy = proxy(&cluster(RING, hosts(5)), 1);
    let hashes: Vec<u64> = std::iter::repeat_with(random(5)).take(2_000).collect();
    let pick = |proxy: &mut Proxy<_>| -> Vec<u32> {
        hashes.iter().map(|hash| proxy.choose(first(*hash)).unwrap()).collect()
    };
    let before = pick(&mut proxy);
    proxy.eject([2]);
    let during = pick(&mut proxy);
    assert!(!during.contains(&2));
    // The others go from 205 to 256 points each: a fifth of the circle is new, three quarters of it
    // lead to another host than before.
    let others = before.iter().zip(&during).filter(|(before, _)| **before != 2);
    let moved = others.filter(|(before, during)| before != during).count();
    assert!(moved.abs_diff(240) < 100, "{moved}");
    proxy.now = Nanos(9 * Nanos::SECOND.0);
    proxy.hosts.set_ejected(HostId(2), false, proxy.now);
    assert_eq!(pick(&mut proxy), before);
}

#[test]
fn a_retry_looks_for_a_host_that_was_not_tried() {
    for policy in [BalancerPolicy::RoundRobin, BalancerPolicy::LeastRequest, BalancerPolicy::Random]
    {
        let mut proxy = proxy(&cluster(policy, hosts(3)), 1);
        let tried = ids(&[0, 2]);
        let again = (0..4_000).filter(|_| proxy.choose(retry(&tried)) != Some(1)).count();
        // Six picks in a row that were tried: never in turn, otherwise with the power of six.
        let expected = match policy {
            BalancerPolicy::RoundRobin => 0.0,
            _ => 4_000.0 * (2.0_f64 / 3.0).powi(6),
        };
        assert!((again as f64 - expected).abs() < 90.0, "{policy:?} {again}");
        // The last pick is used although it was tried.
        assert!(proxy.choose(retry(&ids(&[0, 1, 2]))).is_some());
    }
}

#[test]
fn a_hashed_retry_goes_on_from_its_first_pick_five_times() {
    for policy in [RING, MAGLEV] {
        let cluster = cluster(policy, hosts(3));
        let table = HashTable::of_cluster(&cluster).unwrap();
        let mut proxy = proxy(&cluster, 1);
        let mut random = random(4);
        for hash in std::iter::repeat_with(&mut random).take(100) {
            let all = ids(&[0, 1, 2]);
            let mut choose = |tried| proxy.choose(Pick { hash: Some(hash), ..retry(tried) });
            // All were tried: the last of six picks.
            assert_eq!(choose(&all), table.pick_again(hash, 5), "{policy:?}");
            let first = table.pick(hash).unwrap();
            let next = (1..6).filter_map(|attempt| table.pick_again(hash, attempt));
            let other = next.into_iter().find(|host| *host != first);
            assert_eq!(choose(&[HostId(first)]), other.or(Some(first)), "{policy:?}");
        }
    }
}

#[test]
fn without_the_predicate_a_retry_takes_what_comes() {
    let policy = RetryPolicy {
        attempts: 2,
        on: vec![],
        status_codes: vec![],
        per_try_timeout: None,
        backoff: None,
        another_host: false,
        remote_localities: false,
    };
    let tried = ids(&[0]);
    let mut proxy = proxy(&cluster(RING, hosts(3)), 1);
    let hash = (0..100).find(|hash| proxy.choose(first(hash << 57)) == Some(0)).unwrap() << 57;
    assert_eq!(proxy.choose(Pick::retry(&policy, Some(hash), &tried)), Some(0));
    let policy = RetryPolicy { another_host: true, ..policy };
    assert!(matches!(proxy.choose(Pick::retry(&policy, Some(hash), &tried)), Some(1 | 2)));
}

#[test]
fn retries_may_leave_the_priorities_tried() {
    let groups = vec![group(0, 1, 0..4), group(1, 1, 4..8), group(2, 1, 8..12)];
    let mut proxy = proxy(&cluster(BalancerPolicy::RoundRobin, groups), 1);
    let mut chosen = |tried: &[u32], other_priorities| {
        let tried = ids(tried);
        let pick = Pick { other_priorities, ..retry(&tried) };
        proxy.choose(pick).unwrap() / 4
    };
    for (tried, priority) in [
        (vec![0], 0),
        (vec![0, 1], 1),
        (vec![0, 1, 4], 1),
        (vec![0, 1, 4, 5], 2),
        // When all were tried, it starts again.
        (vec![0, 1, 4, 5, 8, 9], 0),
        (vec![0, 1, 4, 5, 8, 9, 2], 0),
        (vec![0, 1, 4, 5, 8, 9, 2, 3], 1),
    ] {
        assert_eq!(chosen(&tried, true), priority, "{tried:?}");
        assert_eq!(chosen(&tried, false), 0, "{tried:?}");
    }
}

#[test]
fn localities_take_turns_by_weight_and_health() {
    for policy in [BalancerPolicy::RoundRobin, BalancerPolicy::LeastRequest, BalancerPolicy::Random]
    {
        let mut cluster = cluster(policy, vec![group(0, 3, 0..2), group(0, 1, 2..6)]);
        cluster.locality_weighted = true;
        let mut proxy = proxy(&cluster, 1);
        let share = |proxy: &mut Proxy<_>| proxy.tally(700, 6)[..2].iter().sum::<usize>();
        assert!(share(&mut proxy).abs_diff(525) <= 1);
        // Half of the first are healthy: 70 % of its weight counts, 2.1 to 1.
        proxy.eject([0]);
        assert!(share(&mut proxy).abs_diff(474) <= 1);
        proxy.eject([1]);
        assert_eq!(share(&mut proxy), 0);
    }
}

#[test]
fn without_weights_localities_do_not_matter() {
    for (weighted, weights) in [(false, [3, 1]), (true, [0, 0])] {
        let groups = vec![group(0, weights[0], 0..1), group(0, weights[1], 1..4)];
        let mut cluster = cluster(BalancerPolicy::RoundRobin, groups);
        cluster.locality_weighted = weighted;
        assert_eq!(proxy(&cluster, 1).tally(400, 4), [100; 4]);
    }
}

#[test]
fn hashing_divides_the_ring_among_weighted_localities() {
    let mut cluster = cluster(MAGLEV, vec![group(0, 3, 0..1), group(0, 1, 1..4)]);
    cluster.locality_weighted = true;
    let tally = proxy(&cluster, 1).tally(8_000, 4);
    assert!(tally[0].abs_diff(6_000) < 250, "{tally:?}");
}

#[test]
fn degraded_hosts_get_what_healthy_ones_cannot_take() {
    let mut proxy = proxy(&cluster(BalancerPolicy::RoundRobin, hosts(2)), 1);
    proxy.hosts.set_health(HostId(1), super::super::Health::Degraded, Nanos(0));
    let tally = proxy.tally(10_000, 2);
    assert!(tally[0].abs_diff(7_000) < 240, "{tally:?}");
}

#[test]
fn clones_share_the_tables_they_have() {
    let mut proxy = proxy(&cluster(MAGLEV, hosts(3)), 1);
    proxy.choose(first(1));
    let table = |balancer: &LoadBalancer| balancer.priorities[0].table.clone().unwrap().table;
    assert!(Arc::ptr_eq(&table(&proxy.balancer), &table(&proxy.balancer.clone())));
}
