//! Load balancing: which host of a cluster gets the next attempt.
//!
//! [`HostSet`] holds the hosts of one cluster as one proxy knows them: health, ejections, requests
//! under way, and what its workers see of all that (E-95). A [`LoadBalancer`] is one worker's state
//! for the cluster and chooses (E-60). [`HashTable`] is the part of ring hash and Maglev that needs
//! no state. Time and randomness are arguments; a choice allocates nothing once warm.
//!
//! # Way of a choice (E-61)
//! [`PriorityLoads`] (priority, health class, panic) → locality, if weighted → host.

mod edf;
#[cfg(test)]
mod fixture;
mod hash_table;
mod host;
mod host_set;
mod load_balancer;
mod locality;
mod maglev;
mod merge;
mod priority;
mod ring;
mod slow_start;
mod source;
mod view;

pub use edf::Edf;
pub use hash_table::{HashTable, HashedHost};
pub use host::{Health, HostId};
pub use host_set::{HostSet, MembershipChange};
pub use load_balancer::{BalancerSettings, LoadBalancer, Pick};
pub use maglev::MaglevTable;
pub use merge::{DEFAULT_MERGE_WINDOW, Visible};
pub use priority::{Choice, HealthClass, PriorityCounts, PriorityLoad, PriorityLoads};
pub use ring::HashRing;
pub use view::{LocalityView, PriorityView};

/// Reduces a random number to an index below `len`, as Envoy does: by remainder. 0 if `len` is 0.
fn index_below(random: u64, len: usize) -> usize {
    let remainder = random.checked_rem(len as u64).unwrap_or(0);
    usize::try_from(remainder).unwrap_or(0)
}
