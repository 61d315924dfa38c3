//! Maglev: a table in which every host owns slots in proportion to its weight (E-88).

use xxhash_rust::xxh64::xxh64;

use super::hash_table::HashedHost;

/// Envoy's default number of slots.
const DEFAULT_SIZE: u64 = 65_537;
/// Envoy's largest number of slots.
const MAXIMUM_SIZE: u64 = 5_000_011;

/// The slots of a list of hosts.
#[derive(Clone, Debug, Default)]
pub struct MaglevTable {
    /// The host of each slot.
    slots: Vec<u32>,
}

/// A host while the table is filled.
struct Turn {
    host: u32,
    share: f64,
    target: f64,
    slot: u64,
    skip: u64,
}

// === impl MaglevTable ===

impl MaglevTable {
    /// Fills the table; a size that Envoy refuses (no prime, above 5,000,011) becomes 65,537.
    #[must_use]
    pub fn new(hosts: &[HashedHost<'_>], size: u64) -> Self {
        let size = if size <= MAXIMUM_SIZE && is_prime(size) { size } else { DEFAULT_SIZE };
        let largest = hosts.iter().map(|host| host.share.min(1.0)).fold(0.0, f64::max);
        // Without a weight above 0 no round would ever fill a slot.
        if largest <= 0.0 {
            return Self::default();
        }
        let mut sorted: Vec<&HashedHost<'_>> = hosts.iter().collect();
        sorted.sort_by_key(|host| host.key);
        let mut turns: Vec<Turn> = sorted.into_iter().map(|host| Turn::new(host, size)).collect();
        let mut slots = vec![None; usize::try_from(size).unwrap_or(0)];
        let (mut filled, mut round) = (0, 0.0);
        while filled < slots.len() {
            round += 1.0;
            for turn in &mut turns {
                if filled < slots.len() && turn.takes_part(round, largest) {
                    turn.take(&mut slots);
                    filled += 1;
                }
            }
        }
        Self { slots: slots.into_iter().flatten().collect() }
    }

    /// Returns the host of the slot that a hash falls into; `None` if empty.
    #[must_use]
    pub fn pick(&self, hash: u64) -> Option<u32> {
        self.pick_again(hash, 0)
    }

    /// As [`MaglevTable::pick`] with the hash changed per attempt (E-89): a retry that wants another
    /// host.
    #[must_use]
    pub fn pick_again(&self, hash: u64, attempt: u32) -> Option<u32> {
        let changed = if attempt > 0 { hash ^ (u64::MAX - u64::from(attempt) + 1) } else { hash };
        let slot = changed.checked_rem(self.slots.len() as u64)?;
        self.slots.get(usize::try_from(slot).unwrap_or(usize::MAX)).copied()
    }

    /// Returns the host of each slot.
    #[must_use]
    pub fn slots(&self) -> &[u32] {
        &self.slots
    }
}

// === impl Turn ===

impl Turn {
    fn new(host: &HashedHost<'_>, size: u64) -> Self {
        let slot = xxh64(host.key.as_bytes(), 0) % size;
        let skip = xxh64(host.key.as_bytes(), 1) % (size - 1) + 1;
        Self { host: host.index, share: host.share.min(1.0), target: 0.0, slot, skip }
    }

    /// Whether the host takes a slot in this round: the heaviest in each, others as often as they weigh.
    fn takes_part(&mut self, round: f64, largest: f64) -> bool {
        let takes_part = round * self.share >= self.target;
        if takes_part {
            self.target += largest;
        }
        takes_part
    }

    /// Takes the next free slot of the host's permutation.
    fn take(&mut self, slots: &mut [Option<u32>]) {
        let size = slots.len() as u64;
        while let Some(slot) = slots.get_mut(usize::try_from(self.slot).unwrap_or(usize::MAX)) {
            self.slot = (self.slot + self.skip) % size;
            if slot.is_none() {
                *slot = Some(self.host);
                return;
            }
        }
    }
}

fn is_prime(number: u64) -> bool {
    number >= 2 && (2..=number.isqrt()).all(|divisor| !number.is_multiple_of(divisor))
}
