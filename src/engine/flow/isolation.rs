//! How a hop stands to the lane of its request.

use std::collections::BTreeMap;

use crate::control_plane::Scope;
use crate::scenario::Scenario;

/// How a hop stands to the lane of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Isolation {
    /// The request has no lane.
    NoLane,
    /// A pod of the lane serves it.
    Inside,
    /// A fallback took it elsewhere.
    Fallback,
    /// An earlier fallback of the same request explains why it is elsewhere.
    Displaced,
    /// The lane has no pod of this service: it is shared.
    Shared,
    /// It left its lane, and nothing explains it.
    Stray,
}

/// What is known of a hop when it is judged.
pub(super) struct Hop<'a> {
    /// The lane of the request.
    pub(super) lane: Option<&'a str>,
    /// Hostname of the service whose endpoint serves it; empty if it is none.
    pub(super) hostname: &'a str,
    /// Labels of the pod.
    pub(super) labels: &'a BTreeMap<String, String>,
    /// Whether this hop is a fallback.
    pub(super) fallback: bool,
    /// Whether a hop before it was one.
    pub(super) displaced: bool,
}

// === impl Isolation ===

impl Isolation {
    /// Returns the word for reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NoLane => "no lane",
            Self::Inside => "inside",
            Self::Fallback => "fallback",
            Self::Displaced => "after fallback",
            Self::Shared => "shared",
            Self::Stray => "stray",
        }
    }

    /// Judges a hop.
    pub(super) fn of(hop: &Hop<'_>, scenario: &Scenario, scope: &Scope<'_>) -> Self {
        let Some(lane) = hop.lane else { return Self::NoLane };
        match membership(lane, hop, scenario, scope) {
            Some(true) => Self::Inside,
            _ if hop.fallback => Self::Fallback,
            None => Self::Shared,
            Some(false) if hop.displaced => Self::Displaced,
            Some(false) => Self::Stray,
        }
    }
}

/// Whether the pod belongs to the lane; `None` if the lane has no pods of this service.
///
/// What a lane is, is asked in this order: a lane group, a subset of the lane's name, the version labels.
fn membership(lane: &str, hop: &Hop<'_>, scenario: &Scenario, scope: &Scope<'_>) -> Option<bool> {
    let grouped = scenario.lane_groups.iter().find_map(|group| {
        group.service(hop.hostname)?;
        group.lane(lane)
    });
    if let Some(lane) = grouped {
        return lane.holds(hop.hostname).then(|| lane.has_member(hop.hostname, hop.labels));
    }
    let carries = |labels: &BTreeMap<String, String>| {
        labels.iter().all(|(key, value)| hop.labels.get(key) == Some(value))
    };
    let subset = scope.destination_rule(hop.hostname).and_then(|rule| rule.subset(lane));
    if let Some(subset) = subset {
        let labels =
            subset.labels.iter().map(|(key, value)| (key.value.clone(), value.value.clone()));
        return Some(carries(&labels.collect()));
    }
    by_version(lane, hop, scope)
}

fn by_version(lane: &str, hop: &Hop<'_>, scope: &Scope<'_>) -> Option<bool> {
    const VERSION_LABELS: [&str; 2] = ["version", "ASM_TRAFFIC_TAG"];
    let names = |labels: &BTreeMap<String, String>| {
        VERSION_LABELS.iter().any(|label| labels.get(*label).is_some_and(|value| value == lane))
    };
    if names(hop.labels) {
        return Some(true);
    }
    let (_, service) = scope.service(hop.hostname)?;
    let registry = &scope.mesh.registry;
    let endpoints = registry.endpoints(&service.hostname, &service.namespace);
    endpoints.iter().any(|endpoint| names(&endpoint.labels)).then_some(false)
}
