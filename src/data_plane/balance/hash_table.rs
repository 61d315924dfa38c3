//! Consistent hashing without state: a ring or a Maglev table, and the shares they are built from.

use super::super::cluster::{BalancerPolicy, Cluster, EndpointGroup};
use super::maglev::MaglevTable;
use super::ring::HashRing;

/// A host that hashes can lead to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HashedHost<'a> {
    /// What is hashed: `ip:port` (E-87).
    pub key: &'a str,
    /// Its part of all weight, above 0 and at most 1.
    pub share: f64,
    /// What a pick returns.
    pub index: u32,
}

/// The compiled form of a consistent-hash policy.
#[derive(Clone, Debug)]
pub enum HashTable {
    /// Ring hash.
    Ring(HashRing),
    /// Maglev.
    Maglev(MaglevTable),
}

/// A locality of hashed hosts: its weight and, per host, key, weight and index.
pub(super) struct HashedLocality<'a> {
    pub weight: u32,
    pub hosts: Vec<(&'a str, u32, u32)>,
}

// === impl HashTable ===

impl HashTable {
    /// Compiles a policy for a list of hosts; `None` if the policy does not hash.
    #[must_use]
    pub fn new(policy: BalancerPolicy, hosts: &[HashedHost<'_>]) -> Option<Self> {
        match policy {
            BalancerPolicy::RingHash { minimum_ring_size } => {
                Some(Self::Ring(HashRing::new(hosts, minimum_ring_size)))
            }
            BalancerPolicy::Maglev { table_size } => {
                Some(Self::Maglev(MaglevTable::new(hosts, table_size)))
            }
            _ => None,
        }
    }

    /// Compiles the policy of a cluster whose endpoints are all healthy: the first priority gets
    /// everything. Picks are indices into [`Cluster::endpoints`]. `None` if the policy does not hash.
    #[must_use]
    pub fn of_cluster(cluster: &Cluster) -> Option<Self> {
        let first = cluster.groups.iter().map(|group| group.priority).min();
        let mut index = 0..;
        let mut hashed =
            |group: &EndpointGroup| index.by_ref().take(group.endpoints.len()).collect();
        let numbered: Vec<(&EndpointGroup, Vec<u32>)> =
            cluster.groups.iter().map(|group| (group, hashed(group))).collect();
        let localities = numbered.iter().filter(|(group, _)| Some(group.priority) == first);
        let localities: Vec<HashedLocality<'_>> = localities
            .map(|(group, numbers)| HashedLocality {
                weight: group.weight,
                hosts: std::iter::zip(&group.endpoints, numbers)
                    .map(|(host, &index)| (host.address.as_str(), host.weight.max(1), index))
                    .collect(),
            })
            .collect();
        Self::new(cluster.balancer, &shares(&localities, cluster.locality_weighted))
    }

    /// Returns the index of the host for a hash; `None` if there is no host.
    #[must_use]
    pub fn pick(&self, hash: u64) -> Option<u32> {
        self.pick_again(hash, 0)
    }

    /// Returns the index of the host for a hash in the given attempt of one selection, from 0 (E-89).
    #[must_use]
    pub fn pick_again(&self, hash: u64, attempt: u32) -> Option<u32> {
        match self {
            Self::Ring(ring) => ring.pick_again(hash, attempt),
            Self::Maglev(table) => table.pick_again(hash, attempt),
        }
    }

    /// Returns how many of all hashes lead to each index, relative to each other: what a request without a
    /// key meets (E-89). Indices that are never picked are left out.
    #[must_use]
    pub fn shares(&self) -> Vec<(u32, u128)> {
        let mut shares = std::collections::BTreeMap::new();
        match self {
            Self::Ring(ring) => {
                ring.arcs().for_each(|(host, arc)| *shares.entry(host).or_insert(0) += arc);
            }
            Self::Maglev(table) => {
                table.slots().iter().for_each(|host| *shares.entry(*host).or_insert(0) += 1);
            }
        }
        shares.into_iter().collect()
    }
}

/// Divides all weight among localities, if they are weighted, and their hosts.
///
/// Localities without weight are left out, those without hosts keep their part; if no locality has
/// weight there is no host.
pub(super) fn shares<'a>(localities: &[HashedLocality<'a>], weighted: bool) -> Vec<HashedHost<'a>> {
    let sum_of = |hosts: &[(&str, u32, u32)]| hosts.iter().map(|host| u64::from(host.1)).sum();
    let localities_sum: u64 = localities.iter().map(|locality| u64::from(locality.weight)).sum();
    let hosts_sum: u64 = localities.iter().map(|locality| -> u64 { sum_of(&locality.hosts) }).sum();
    let mut shares = Vec::new();
    for locality in localities.iter().filter(|locality| !weighted || locality.weight > 0) {
        let (part, sum) = if weighted {
            (f64::from(locality.weight) / localities_sum as f64, sum_of(&locality.hosts))
        } else {
            (1.0, hosts_sum)
        };
        shares.extend(locality.hosts.iter().map(|&(key, weight, index)| {
            let share = f64::from(weight) * part / sum as f64;
            HashedHost { key, share, index }
        }));
    }
    shares
}

#[cfg(test)]
mod tests;
