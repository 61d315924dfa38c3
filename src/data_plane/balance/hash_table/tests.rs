use proptest::prelude::*;

use super::super::super::policy::xxh64;
use super::super::fixture::{cluster, golden, group, numbers, random, texts};
use super::*;

fn hosts<'a>(keys: &'a [String], weights: &[u32]) -> Vec<HashedHost<'a>> {
    let hosts = (0..).zip(keys.iter().zip(weights));
    let hosts = hosts.map(|(index, (key, weight))| (key.as_str(), *weight, index)).collect();
    shares(&[HashedLocality { weight: 1, hosts }], false)
}

#[test]
fn rings_and_tables_pick_what_envoy_picks() {
    let golden = golden();
    let ring = |minimum_ring_size| BalancerPolicy::RingHash { minimum_ring_size };
    let maglev = BalancerPolicy::Maglev { table_size: 65_537 };
    for (case, policy) in [
        ("ring_5eq_min1024", ring(1024)),
        ("ring_123_min64", ring(64)),
        ("maglev_5eq_65537", maglev),
        ("maglev_127_65537", maglev),
    ] {
        let keys = texts(&golden[case]["hosts"]);
        let hosts = hosts(&keys, &numbers(&golden[case]["weights"]));
        let table = HashTable::new(policy, &hosts).unwrap();
        let picks = golden[case]["picks"].as_object().unwrap();
        assert_eq!(picks.len(), 60);
        for (value, port) in picks {
            let picked = table.pick(xxh64(value)).unwrap() as usize;
            assert!(keys[picked].ends_with(port.as_str().unwrap()), "{case} {value}");
        }
    }
}

#[test]
fn hashes_are_those_of_envoy() {
    let golden = golden();
    let hex = |hash: &serde_json::Value| u64::from_str_radix(hash.as_str().unwrap(), 16).unwrap();
    for (text, hash) in golden["xxh64"].as_object().unwrap() {
        assert_eq!(xxh64(text), hex(hash), "{text}");
    }
    for (text, hash) in golden["xxh64_seed1"].as_object().unwrap() {
        assert_eq!(xxhash_rust::xxh64::xxh64(text.as_bytes(), 1), hex(hash), "{text}");
    }
}

#[test]
fn equal_hosts_get_equal_points_and_the_ring_at_least_its_minimum() {
    let keys: Vec<String> = (0..5).map(|n| format!("10.0.0.{n}:80")).collect();
    for (weights, minimum, points) in [
        ([1; 5], 1024, 1025),
        ([7; 5], 1024, 1025),
        ([1, 1, 1, 1, 2], 60, 60),
        ([1, 1, 1, 1, 3], 60, 63),
        ([1; 5], 1, 5),
        ([1; 5], u64::MAX, 8_388_608),
    ] {
        assert_eq!(HashRing::new(&hosts(&keys, &weights), minimum).len(), points, "{weights:?}");
    }
}

#[test]
fn a_ring_leads_to_the_next_point_around_the_circle() {
    let keys: Vec<String> = (0..4).map(|n| format!("10.0.0.{n}:80")).collect();
    let ring = HashRing::new(&hosts(&keys, &[1, 2, 3, 4]), 64);
    // The points once more, in any order: the nearest at or after a hash is found by looking at all.
    let points: Vec<(u64, u32)> = (0..4_u32)
        .flat_map(|host| (0..7 * (host + 1)).map(move |replica| (host, replica)))
        .map(|(host, replica)| (xxh64(&format!("10.0.0.{host}:80_{replica}")), host))
        .collect();
    assert_eq!(ring.len(), points.len());
    let mut random = random(1);
    let some = [0, 1, u64::MAX, points[3].0, points[3].0 + 1];
    for hash in some.into_iter().chain((0..2000).map(|_| random())) {
        let nearest = points.iter().min_by_key(|(point, _)| point.wrapping_sub(hash)).unwrap();
        assert_eq!(ring.pick(hash), Some(nearest.1), "{hash}");
    }
}

/// The table as in the Maglev paper: every host fills the next free slot of its list of preferences.
fn by_preference_lists(keys: &[String], size: u64) -> Vec<u32> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by_key(|host| &keys[*host]);
    let mut lists: Vec<std::vec::IntoIter<u64>> = order
        .iter()
        .map(|host| {
            let offset = xxh64(&keys[*host]) % size;
            let skip = xxhash_rust::xxh64::xxh64(keys[*host].as_bytes(), 1) % (size - 1) + 1;
            let list: Vec<u64> = (0..size).map(|j| (offset + j * skip) % size).collect();
            list.into_iter()
        })
        .collect();
    let mut slots = vec![None; usize::try_from(size).unwrap()];
    for turn in (0..order.len()).cycle() {
        let free = lists[turn].find(|slot| slots[usize::try_from(*slot).unwrap()].is_none());
        let Some(slot) = free else { break };
        slots[usize::try_from(slot).unwrap()] = Some(u32::try_from(order[turn]).unwrap());
        if slots.iter().all(Option::is_some) {
            break;
        }
    }
    slots.into_iter().flatten().collect()
}

#[test]
fn a_maglev_table_of_equal_hosts_is_that_of_the_paper() {
    for (count, size) in [(1, 2), (3, 7), (5, 251), (13, 1009)] {
        let keys: Vec<String> = (0..count).map(|n| format!("10.0.{}.{n}:80", 9 - n % 3)).collect();
        let table = MaglevTable::new(&hosts(&keys, &vec![1; keys.len()]), size);
        assert_eq!(table.slots(), by_preference_lists(&keys, size), "{count} {size}");
    }
}

#[test]
fn maglev_slots_follow_the_weights() {
    let keys: Vec<String> = (0..3).map(|n| format!("10.0.0.{n}:80")).collect();
    let table = MaglevTable::new(&hosts(&keys, &[1, 2, 7]), 65_537);
    for (host, weight) in [(0, 1), (1, 2), (2, 7)] {
        let slots = table.slots().iter().filter(|slot| **slot == host).count();
        assert!(slots.abs_diff(65_537 * weight / 10) <= 2, "{host} {slots}");
    }
}

#[test]
fn table_sizes_that_envoy_refuses_become_the_default() {
    let keys = ["10.0.0.1:80".to_owned()];
    for (size, slots) in
        [(0, 65_537), (1, 65_537), (4, 65_537), (5_000_017, 65_537), (2, 2), (7, 7)]
    {
        assert_eq!(MaglevTable::new(&hosts(&keys, &[1]), size).slots().len(), slots, "{size}");
    }
}

#[test]
fn a_retry_goes_on_from_the_first_pick() {
    let keys: Vec<String> = (0..3).map(|n| format!("10.0.0.{n}:80")).collect();
    let hosts = hosts(&keys, &[1, 1, 1]);
    let ring = HashRing::new(&hosts, 3);
    let table = MaglevTable::new(&hosts, 7);
    for hash in [0, 42, 1 << 60, u64::MAX] {
        let around: Vec<Option<u32>> =
            (0..3).map(|attempt| ring.pick_again(hash, attempt)).collect();
        assert_eq!(ring.pick_again(hash, 3), around[0]);
        assert!(
            around.iter().all(|host| around.iter().filter(|other| *other == host).count() == 1)
        );
        // E-89: the hash is xored with 2^64 - attempt.
        for attempt in 1..4 {
            let changed = hash ^ u64::from(attempt).wrapping_neg();
            assert_eq!(table.pick_again(hash, attempt), table.pick(changed));
        }
    }
}

#[test]
fn without_hosts_there_is_no_pick() {
    assert_eq!(HashRing::new(&[], 1024).pick(1), None);
    assert_eq!(MaglevTable::new(&[], 7).pick(1), None);
    assert!(HashTable::new(BalancerPolicy::Random, &[]).is_none());
}

#[test]
fn weighted_localities_divide_all_weight_first() {
    let locality = |weight, hosts: &[u32]| HashedLocality {
        weight,
        hosts: hosts.iter().map(|host| ("key", 1, *host)).collect(),
    };
    let localities = [locality(3, &[0]), locality(1, &[1, 2]), locality(0, &[3])];
    let of = |weighted| -> Vec<(u32, f64)> {
        shares(&localities, weighted).iter().map(|host| (host.index, host.share)).collect()
    };
    assert_eq!(of(true), [(0, 0.75), (1, 0.125), (2, 0.125)]);
    assert_eq!(of(false), [(0, 0.25), (1, 0.25), (2, 0.25), (3, 0.25)]);
    assert!(shares(&localities[2..], true).is_empty());
}

#[test]
fn the_table_of_a_cluster_has_the_indices_of_its_endpoints() {
    let groups = vec![group(1, 1, 7..9), group(0, 1, 0..2), group(0, 1, 2..3)];
    let ring = BalancerPolicy::RingHash { minimum_ring_size: 1024 };
    let cluster = cluster(ring, groups);
    let table = HashTable::of_cluster(&cluster).unwrap();
    let endpoints: Vec<&str> = cluster.endpoints().map(|host| host.address.as_str()).collect();
    let keys: Vec<String> = (0..3).map(|n| format!("10.0.0.{n}:80")).collect();
    let direct = HashRing::new(&hosts(&keys, &[1; 3]), 1024);
    let mut random = random(1);
    for hash in std::iter::repeat_with(&mut random).take(200) {
        let expected = &keys[direct.pick(hash).unwrap() as usize];
        assert_eq!(endpoints[table.pick(hash).unwrap() as usize], expected);
    }
}

proptest! {
    #[test]
    fn shares_are_the_probabilities_of_random_hashes(
        weights in prop::collection::vec(1_u32..5, 1..5),
        maglev in any::<bool>(),
    ) {
        let keys: Vec<String> = (0..weights.len()).map(|n| format!("10.0.0.{n}:80")).collect();
        let policy = if maglev {
            BalancerPolicy::Maglev { table_size: 251 }
        } else {
            BalancerPolicy::RingHash { minimum_ring_size: 64 }
        };
        let table = HashTable::new(policy, &hosts(&keys, &weights)).unwrap();
        let shares = table.shares();
        let total: u128 = shares.iter().map(|share| share.1).sum();
        prop_assert!([251, 1 << 64].contains(&total), "{total}");
        let mut random = random(7);
        let mut counts = vec![0_u32; weights.len()];
        (0..4000).for_each(|_| counts[table.pick(random()).unwrap() as usize] += 1);
        for (host, share) in shares {
            let share = share as f64 / total as f64;
            let got = f64::from(counts[host as usize]) / 4000.0;
            // Five standard errors.
            prop_assert!((got - share).abs() < 5.0 * (0.25_f64 / 4000.0).sqrt(), "{host} {got} {share}");
        }
    }
}
