//! How the load is shared among priorities and health classes (E-65 to E-73).
//!
//! Integer arithmetic as in Envoy: all shares are whole percents and sum to 100, what rounding leaves
//! goes to the first priority that is available. A priority keeps all its load until less than
//! 71.43 % of its hosts are healthy.

/// Envoy's overprovisioning factor, in percent.
pub(super) const OVERPROVISIONING: u64 = 140;

/// Which hosts of a priority are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthClass {
    /// The healthy ones.
    Healthy,
    /// The degraded ones, used when healthy capacity runs out.
    Degraded,
}

/// How many hosts a priority has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PriorityCounts {
    /// All hosts.
    pub total: u32,
    /// Of these, healthy.
    pub healthy: u32,
    /// Of these, degraded.
    pub degraded: u32,
    /// Of these, left out when health is measured.
    pub excluded: u32,
}

/// What one priority gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PriorityLoad {
    /// Load of its healthy hosts, in percent of all requests.
    pub healthy: u32,
    /// Load of its degraded hosts, in percent of all requests.
    pub degraded: u32,
    /// Whether all its hosts are used, whatever their health.
    pub panic: bool,
}

/// The loads of all priorities of a cluster.
#[derive(Clone, Debug, Default)]
pub struct PriorityLoads {
    loads: Vec<PriorityLoad>,
    /// The choice that gets all the load, if there is one.
    only: Option<Choice>,
    /// Capacity in percent, healthy and degraded, at most 100 each.
    available: Vec<[u32; 2]>,
    /// Loads without the excluded priorities, refilled by each question for them.
    adjusted: Vec<PriorityLoad>,
}

/// A priority and the hosts of it that are meant; without a class, all of them (panic).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The priority.
    pub priority: usize,
    /// The class.
    pub class: Option<HealthClass>,
}

// === impl PriorityCounts ===

impl PriorityCounts {
    /// Hosts that count when health is measured.
    pub(super) fn measured(self) -> u64 {
        u64::from(self.total.saturating_sub(self.excluded))
    }

    /// E-65, in percent.
    fn available(self) -> [u32; 2] {
        let percent = |hosts: u32| {
            let share = (OVERPROVISIONING * u64::from(hosts)).checked_div(self.measured());
            u32::try_from(share.unwrap_or(0).min(100)).unwrap_or(100)
        };
        [percent(self.healthy), percent(self.degraded)]
    }

    /// E-70: fewer than `threshold` percent are healthy or degraded.
    fn panics(self, threshold: u32) -> bool {
        let usable = u64::from(self.healthy) + u64::from(self.degraded);
        match self.measured() {
            0 => threshold > 0,
            measured => 100 * usable < u64::from(threshold.min(100)) * measured,
        }
    }
}

// === impl PriorityLoads ===

impl PriorityLoads {
    /// Computes the loads of priorities in order; the threshold is in percent, 0 is no panic.
    #[must_use]
    pub fn new(counts: &[PriorityCounts], panic_threshold_percent: u32) -> Self {
        let mut loads = Self::default();
        loads.recompute(counts.iter().copied(), panic_threshold_percent);
        loads
    }

    /// Returns the loads in order of priority.
    #[must_use]
    pub fn loads(&self) -> &[PriorityLoad] {
        &self.loads
    }

    /// Computes the loads anew.
    pub(super) fn recompute(
        &mut self,
        counts: impl Iterator<Item = PriorityCounts> + Clone,
        panic_threshold_percent: u32,
    ) {
        self.available.clear();
        self.available.extend(counts.clone().map(PriorityCounts::available));
        self.loads.clear();
        self.loads.resize(self.available.len(), PriorityLoad::default());
        let total = total(&self.available, 0);
        if total > 0 {
            distribute(&mut self.loads, &self.available, total);
        }
        if total == 0 && panic_threshold_percent == 0 {
            // E-72: somebody must get the load, even if nobody is there.
            self.loads.iter_mut().take(1).for_each(|first| first.healthy = 100);
        } else if total < 100 {
            for (load, counts) in self.loads.iter_mut().zip(counts.clone()) {
                load.panic = counts.panics(panic_threshold_percent);
            }
            if self.loads.iter().all(|load| load.panic) {
                self.share_by_size(counts);
            }
        }
        self.only = self.find_only();
    }

    /// E-71: all priorities panic, so the number of hosts decides.
    fn share_by_size(&mut self, counts: impl Iterator<Item = PriorityCounts> + Clone) {
        let hosts = |counts: PriorityCounts| u64::from(counts.total);
        let all: u64 = counts.clone().map(hosts).sum();
        let first = counts.clone().position(|counts| counts.total > 0).unwrap_or(0);
        let mut left = 100;
        for (load, counts) in self.loads.iter_mut().zip(counts) {
            let share = (100 * hosts(counts)).checked_div(all).unwrap_or(0);
            load.healthy = u32::try_from(share).unwrap_or(0);
            load.degraded = 0;
            left -= load.healthy;
        }
        if let Some(first) = self.loads.get_mut(first) {
            first.healthy += left;
        }
    }

    /// Chooses with a number (E-67): healthy loads first, then degraded ones.
    #[must_use]
    pub fn choose(&self, number: u64) -> Choice {
        self.choose_from(&self.loads, number)
    }

    /// Returns the choice that gets all the load, if there is one: it needs no number.
    pub(super) const fn only(&self) -> Option<Choice> {
        self.only
    }

    fn find_only(&self) -> Option<Choice> {
        let whole = self.loads.iter().any(|load| load.healthy == 100 || load.degraded == 100);
        whole.then(|| self.choose(0))
    }

    /// Chooses among the priorities that are not excluded, given as bits (E-119).
    ///
    /// If none of these is available, exclusions do not count.
    pub(super) fn choose_without(&mut self, excluded: u128, number: u64) -> Choice {
        let total = total(&self.available, excluded);
        if excluded == 0 || total == 0 {
            return self.choose(number);
        }
        self.adjusted.clear();
        self.adjusted.resize(self.available.len(), PriorityLoad::default());
        let mut left = 100;
        // Unlike E-66 the rest of rounding is shared out again in the same order.
        while left > 0 {
            for class in [0, 1] {
                for (index, load) in self.adjusted.iter_mut().enumerate() {
                    let available =
                        if is_set(excluded, index) { 0 } else { self.available[index][class] };
                    let part = left.min(available * 100 / total);
                    *(if class == 0 { &mut load.healthy } else { &mut load.degraded }) += part;
                    left -= part;
                }
            }
        }
        self.choose_from(&self.adjusted, number)
    }

    /// Tells whether a priority that is not excluded has capacity.
    pub(super) fn is_available_without(&self, excluded: u128) -> bool {
        total(&self.available, excluded) > 0
    }

    fn choose_from(&self, loads: &[PriorityLoad], number: u64) -> Choice {
        let wanted = u32::try_from(number % 100).unwrap_or(0) + 1;
        let mut reached = 0;
        for class in [HealthClass::Healthy, HealthClass::Degraded] {
            for (priority, load) in loads.iter().enumerate() {
                reached += if class == HealthClass::Healthy { load.healthy } else { load.degraded };
                if reached >= wanted {
                    let panic = self.loads.get(priority).is_some_and(|load| load.panic);
                    return Choice { priority, class: (!panic).then_some(class) };
                }
            }
        }
        // Without any priority there is nothing to choose from.
        Choice { priority: 0, class: Some(HealthClass::Healthy) }
    }
}

/// E-66: the capacity of all priorities that are not excluded, at most 100.
fn total(available: &[[u32; 2]], excluded: u128) -> u32 {
    let counted = available.iter().enumerate().filter(|(index, _)| !is_set(excluded, *index));
    counted.map(|(_, [healthy, degraded])| healthy + degraded).sum::<u32>().min(100)
}

fn is_set(bits: u128, index: usize) -> bool {
    u32::try_from(index).ok().and_then(|index| bits.checked_shr(index)).is_some_and(|b| b & 1 == 1)
}

/// E-66: healthy capacity in order of priority, then degraded capacity, then the rest of rounding.
fn distribute(loads: &mut [PriorityLoad], available: &[[u32; 2]], total: u32) {
    let mut left = 100;
    for class in [0, 1] {
        for (load, available) in loads.iter_mut().zip(available) {
            let part = left.min(available[class] * 100 / total);
            *(if class == 0 { &mut load.healthy } else { &mut load.degraded }) += part;
            left -= part;
        }
    }
    let first = |class: usize| available.iter().position(|available| available[class] > 0);
    match (first(0), first(1)) {
        (Some(healthy), _) => loads[healthy].healthy += left,
        (None, Some(degraded)) => loads[degraded].degraded += left,
        (None, None) => {}
    }
}

#[cfg(test)]
mod tests;
