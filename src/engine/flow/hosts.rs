//! The share that each endpoint of a cluster gets while all of them are healthy and nothing is under way.
//!
//! # Model
//! Only the first priority gets traffic (E-66). Round robin, least request and random spread evenly over
//! equal endpoints; weights count for the first two (E-75 to E-85). Localities are chosen by weight first
//! where the control plane says so (E-79). Consistent hashing gives each endpoint its part of the ring or
//! table (E-86, E-88), or everything to one endpoint if the hash is the same for every request.

use super::plan::HashInput;
use crate::data_plane::balance::HashTable;
use crate::data_plane::{BalancerPolicy, Cluster, EndpointGroup};

/// The endpoints that get requests: index in [`Cluster::endpoints`] and weight; and the sum of weights.
pub(super) fn shares(cluster: &Cluster, hash: HashInput) -> (Vec<(usize, u64)>, u64) {
    let weights = match HashTable::of_cluster(cluster) {
        Some(table) => hashed(&table, hash),
        None => by_weight(cluster),
    };
    let positive: Vec<(usize, u128)> = weights.into_iter().filter(|(_, w)| *w > 0).collect();
    let divisor = positive.iter().fold(0, |sum, (_, weight)| gcd(sum, *weight)).max(1);
    let total: u128 = positive.iter().map(|(_, weight)| weight / divisor).sum();
    // A remainder of a 64-bit number must reach every weight.
    let shift = (128 - total.leading_zeros()).saturating_sub(62);
    let small =
        |weight: u128| u64::try_from((weight / divisor) >> shift).unwrap_or(u64::MAX).max(1);
    let list: Vec<(usize, u64)> =
        positive.into_iter().map(|(index, weight)| (index, small(weight))).collect();
    let total = list.iter().map(|(_, weight)| weight).sum();
    (list, total)
}

fn hashed(table: &HashTable, hash: HashInput) -> Vec<(usize, u128)> {
    match hash {
        HashInput::Constant(hash) => {
            table.pick(hash).map(|index| (index as usize, 1)).into_iter().collect()
        }
        HashInput::Varies => {
            table.shares().into_iter().map(|(index, weight)| (index as usize, weight)).collect()
        }
    }
}

fn by_weight(cluster: &Cluster) -> Vec<(usize, u128)> {
    let first = cluster
        .groups
        .iter()
        .filter(|group| !group.endpoints.is_empty())
        .map(|group| group.priority)
        .min();
    let sums: Vec<u128> = cluster.groups.iter().map(|group| sum(cluster, group)).collect();
    let common = sums
        .iter()
        .filter(|sum| **sum > 0)
        .fold(1, |common, sum| if cluster.locality_weighted { lcm(common, *sum) } else { 1 });
    let mut index = 0;
    let mut weights = Vec::new();
    for (group, sum) in cluster.groups.iter().zip(&sums) {
        let of_group = if cluster.locality_weighted {
            u128::from(group.weight) * (common / (*sum).max(1))
        } else {
            1
        };
        for endpoint in &group.endpoints {
            let weight = if Some(group.priority) == first { of_group } else { 0 };
            weights.push((index, weight.saturating_mul(own(cluster, endpoint.weight))));
            index += 1;
        }
    }
    weights
}

fn own(cluster: &Cluster, weight: u32) -> u128 {
    // E-85: random choice does not look at weights.
    if cluster.balancer == BalancerPolicy::Random { 1 } else { u128::from(weight.max(1)) }
}

fn sum(cluster: &Cluster, group: &EndpointGroup) -> u128 {
    group.endpoints.iter().map(|endpoint| own(cluster, endpoint.weight)).sum()
}

const fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The least common multiple; kept below 2^64, where a rounding of shares no longer shows.
fn lcm(a: u128, b: u128) -> u128 {
    let exact = a / gcd(a, b) * b;
    if exact < 1 << 64 { exact } else { a.max(b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_plane::{Discovery, Endpoint, Locality};

    fn cluster(groups: &[(u32, u32, &[u32])]) -> Cluster {
        let mut cluster = Cluster::new("c", Discovery::Eds);
        let mut number = 0;
        for (priority, weight, hosts) in groups {
            let mut endpoint = |weight: &u32| {
                number += 1;
                let address = format!("10.0.0.{number}:80");
                Endpoint { name: address.clone(), address, instance: None, weight: *weight }
            };
            cluster.groups.push(EndpointGroup {
                priority: *priority,
                locality: Locality::default(),
                weight: *weight,
                endpoints: hosts.iter().map(&mut endpoint).collect(),
            });
        }
        cluster
    }

    fn of(cluster: &Cluster) -> Vec<(usize, u64)> {
        shares(cluster, HashInput::Varies).0
    }

    #[test]
    fn equal_endpoints_share_equally_and_later_priorities_wait() {
        let cluster = cluster(&[(1, 9, &[5]), (0, 1, &[7, 7]), (0, 1, &[7])]);
        assert_eq!(of(&cluster), [(1, 1), (2, 1), (3, 1)]);
    }

    #[test]
    fn localities_come_before_endpoints_if_they_are_weighted() {
        let mut cluster = cluster(&[(0, 80, &[1, 3]), (0, 20, &[1]), (0, 0, &[1])]);
        assert_eq!(of(&cluster), [(0, 1), (1, 3), (2, 1), (3, 1)]);
        cluster.locality_weighted = true;
        // 80 % in parts of 1 and 3, 20 % to the one.
        assert_eq!(of(&cluster), [(0, 1), (1, 3), (2, 1)]);
        cluster.balancer = BalancerPolicy::Random;
        assert_eq!(of(&cluster), [(0, 2), (1, 2), (2, 1)]);
    }

    #[test]
    fn hashing_gives_parts_of_the_table_or_everything_to_one() {
        let mut cluster = cluster(&[(0, 1, &[1, 1])]);
        cluster.balancer = BalancerPolicy::Maglev { table_size: 65_537 };
        let (list, total) = shares(&cluster, HashInput::Varies);
        assert_eq!((list.len(), total), (2, 65_537));
        assert_eq!(shares(&cluster, HashInput::Constant(7)).0.len(), 1);
        cluster.balancer = BalancerPolicy::RingHash { minimum_ring_size: 1024 };
        let (list, total) = shares(&cluster, HashInput::Varies);
        let first = list[0].1 as f64 / total as f64;
        assert!((0.4..0.6).contains(&first), "{first}");
    }
}
