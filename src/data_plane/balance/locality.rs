//! The choice of a locality by weight (E-79).

use super::edf::Edf;
use super::host_set::HostSet;
use super::priority::{HealthClass, OVERPROVISIONING, PriorityCounts};
use super::view::PriorityView;

/// The localities of one priority and health class, taking turns by effective weight.
#[derive(Clone, Debug, Default)]
pub(super) struct LocalityTurns {
    edf: Edf,
    /// Index and effective weight of the localities that take part.
    entries: Vec<(usize, f64)>,
}

// === impl LocalityTurns ===

impl LocalityTurns {
    /// Builds the turns of a view; `picks` is the random start.
    pub(super) fn restart(&mut self, view: &PriorityView, class: HealthClass, picks: u32) {
        self.entries.clear();
        let weights = view.localities().iter().map(|locality| {
            let counts = locality.counts();
            f64::from(locality.weight()) * availability(counts, class)
        });
        self.entries.extend(weights.enumerate().filter(|(_, weight)| *weight > 0.0));
        let entries = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        let weights = &self.entries;
        self.edf.restart(entries, picks, |entry| weights[entry as usize].1);
    }

    /// Picks a locality; `None` if none has weight, and the priority's own list is used.
    pub(super) fn pick(&mut self) -> Option<usize> {
        let entries = &self.entries;
        let entry = self.edf.pick(|entry| entries[entry as usize].1)?;
        Some(entries[entry as usize].0)
    }
}

/// The share of a locality's weight that counts: all of it down to 71.43 % available hosts.
fn availability(counts: PriorityCounts, class: HealthClass) -> f64 {
    let available = match class {
        HealthClass::Healthy => counts.healthy,
        HealthClass::Degraded => counts.degraded,
    };
    if counts.measured() == 0 {
        return 0.0;
    }
    let ratio = f64::from(available) / counts.measured() as f64;
    (OVERPROVISIONING as f64 / 100.0 * ratio).min(1.0)
}

/// The hosts of a class of a priority, or of one of its localities.
pub(super) fn hosts_of(
    hosts: &HostSet,
    priority: usize,
    class: Option<HealthClass>,
    locality: Option<usize>,
) -> &[super::host::HostId] {
    let Some(view) = hosts.view(priority) else { return &[] };
    match locality {
        None => view.hosts(class),
        Some(index) => view.localities().get(index).map_or(&[], |locality| locality.hosts(class)),
    }
}
