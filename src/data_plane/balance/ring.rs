//! Ring hash: the ketama ring of a list of hosts (E-86).

use std::fmt::Write;

use super::super::policy::xxh64;
use super::hash_table::HashedHost;

/// Envoy's largest ring.
const MAXIMUM_SIZE: f64 = 8_388_608.0;

/// The points of all hosts on the circle of 64-bit numbers.
#[derive(Clone, Debug, Default)]
pub struct HashRing {
    /// Ascending.
    points: Vec<u64>,
    /// The host at each point.
    hosts: Vec<u32>,
}

// === impl HashRing ===

impl HashRing {
    /// Builds the ring; every host has points in proportion to its share, and the smallest share at
    /// least what it would have on a ring of `minimum_size` points.
    #[must_use]
    pub fn new(hosts: &[HashedHost<'_>], minimum_size: u64) -> Self {
        let smallest = hosts.iter().map(|host| host.share).fold(1.0, f64::min);
        let scale = ((smallest * minimum_size as f64).ceil() / smallest).min(MAXIMUM_SIZE);
        let mut entries = Vec::new();
        let mut key = String::new();
        let (mut count, mut target) = (0.0, 0.0);
        for host in hosts {
            target += scale * host.share.min(1.0);
            let mut replica: u32 = 0;
            while count < target {
                key.clear();
                // Writing to a string cannot fail.
                let _ = write!(key, "{}_{replica}", host.key);
                entries.push((xxh64(&key), host.index));
                replica += 1;
                count += 1.0;
            }
        }
        entries.sort_by_key(|&(point, _)| point);
        let (points, hosts) = entries.into_iter().unzip();
        Self { points, hosts }
    }

    /// Returns the host of the first point at or after a hash, around the circle; `None` if empty.
    #[must_use]
    pub fn pick(&self, hash: u64) -> Option<u32> {
        self.pick_again(hash, 0)
    }

    /// As [`HashRing::pick`], `attempt` points further (E-89): a retry that wants another host.
    #[must_use]
    pub fn pick_again(&self, hash: u64, attempt: u32) -> Option<u32> {
        let size = self.points.len();
        let first = self.points.partition_point(|&point| point < hash);
        let position = (first % size.max(1)).saturating_add(attempt as usize);
        self.hosts.get(position.checked_rem(size)?).copied()
    }

    /// Returns the number of points.
    #[must_use]
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Tells whether there is no host.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// Returns, per point, its host and how many of the 2^64 hashes lead to it.
    pub(super) fn arcs(&self) -> impl Iterator<Item = (u32, u128)> {
        let before = self.points.iter().cycle().skip(self.points.len().saturating_sub(1));
        // A single point owns the whole circle, not an arc of length 0.
        let single = self.points.len() == 1;
        self.points.iter().zip(before).zip(&self.hosts).map(move |((point, before), &host)| {
            (host, if single { 1 << 64 } else { u128::from(point.wrapping_sub(*before)) })
        })
    }
}
