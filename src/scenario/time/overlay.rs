//! What the mesh of an epoch has that the scenario file does not state: other files, replicas, weights.

use crate::config::decode::Located;
use crate::config::istio::Destination;
use crate::config::istio::virtual_service::{HttpRule, RouteDestination};
use crate::config::resources::Resources;
use crate::config::scenario::OneOrMany;
use crate::control_plane::resolve_short_name;

/// Changes to the files of a scenario before a mesh is built from them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::scenario) struct Overlay {
    /// Files whose objects replace those of the same kind and name, in order.
    pub(in crate::scenario) mesh: Vec<OneOrMany>,
    /// Replicas of workloads, later ones win.
    pub(in crate::scenario) scale: Vec<(Located<String>, Located<u32>)>,
    /// Shifts of weights between two destinations each.
    pub(in crate::scenario) shifts: Vec<Shift>,
}

/// Weights of two destinations wherever one route has both of them.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::scenario) struct Shift {
    pub(super) stable: Side,
    pub(super) canary: Side,
    /// Share of the canary in percent, at most 100.
    pub(super) weight: u32,
    /// Only this VirtualService, as `namespace/name`; every one if absent.
    pub(super) rule_object: Option<String>,
    /// Only routes with these names; all if empty.
    pub(super) routes: Vec<String>,
}

/// A destination of routes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::scenario) struct Side {
    /// Host as the rules name it, in short or in full.
    pub(super) host: String,
    /// Subset; a destination without one if absent.
    pub(super) subset: Option<String>,
}

/// The domain of short host names; a rule that spells hosts in full is found as well.
const DOMAIN: &str = "cluster.local";

// === impl Overlay ===

impl Overlay {
    /// Sets the weights of all shifts in the routes that have both destinations.
    pub(in crate::scenario) fn shift_weights(&self, resources: &mut Resources) {
        for shift in &self.shifts {
            shift.apply(resources);
        }
    }

    /// This one and then another one.
    pub(super) fn with(&self, more: &Self) -> Self {
        let mut both = self.clone();
        both.mesh.extend(more.mesh.iter().cloned());
        both.scale.extend(more.scale.iter().cloned());
        both.shifts.extend(more.shifts.iter().cloned());
        both
    }
}

// === impl Shift ===

impl Shift {
    /// Shifts the weights of all routes of all VirtualServices.
    pub(super) const fn whole(stable: Side, canary: Side, weight: u32) -> Self {
        Self { stable, canary, weight, rule_object: None, routes: Vec::new() }
    }

    /// The same routes with another weight.
    pub(super) fn with_weight(&self, weight: u32) -> Self {
        Self { weight, ..self.clone() }
    }

    /// Sets the weights; returns in how many routes.
    pub(super) fn apply(&self, resources: &mut Resources) -> usize {
        let mut found = 0;
        for object in &mut resources.virtual_services {
            let full = object.meta.full_name();
            if self.rule_object.as_ref().is_some_and(|only| *only != full) {
                continue;
            }
            let namespace = object.meta.namespace.clone();
            for rule in object.spec.http.iter_mut().filter(|rule| self.is_meant(rule)) {
                found += usize::from(self.set(rule, &namespace));
            }
        }
        found
    }

    fn is_meant(&self, rule: &HttpRule) -> bool {
        let name = rule.name.as_ref().map_or("", |name| name.value.as_str());
        self.routes.is_empty() || self.routes.iter().any(|route| route == name)
    }

    fn set(&self, rule: &mut HttpRule, namespace: &str) -> bool {
        let position = |side: &Side| {
            rule.route
                .iter()
                .position(|to| to.destination.as_ref().is_some_and(|d| side.is(d, namespace)))
        };
        let (Some(stable), Some(canary)) = (position(&self.stable), position(&self.canary)) else {
            return false;
        };
        let canary_weight = i32::try_from(self.weight.min(100)).unwrap_or(100);
        // Other destinations of the route keep their part of the whole.
        let others: i32 = rule
            .route
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != stable && *index != canary)
            .filter_map(|(_, to)| to.weight.as_ref())
            .fold(0, |sum, weight| sum.saturating_add(weight.value));
        let stable_weight = 100_i32.saturating_sub(canary_weight).saturating_sub(others).max(0);
        set_weight(&mut rule.route[stable], stable_weight);
        set_weight(&mut rule.route[canary], canary_weight);
        true
    }
}

fn set_weight(to: &mut RouteDestination, weight: i32) {
    let place = to.weight.as_ref().map_or(to.place, |written| written.place);
    to.weight = Some(Located { value: weight, place });
}

// === impl Side ===

impl Side {
    /// Reads `reviews@v2` or a host.
    pub(super) fn parse(text: &str) -> Self {
        match text.split_once('@') {
            Some((host, subset)) => {
                Self { host: host.trim().to_owned(), subset: Some(subset.trim().to_owned()) }
            }
            None => Self { host: text.trim().to_owned(), subset: None },
        }
    }

    /// Tells whether a destination of a rule in `namespace` is this one; a side in short form fits its host
    /// in every namespace.
    fn is(&self, to: &Destination, namespace: &str) -> bool {
        let Some(host) = &to.host else { return false };
        let full = resolve_short_name(&host.value, namespace, DOMAIN);
        let same_host = if self.host.contains('.') {
            full == self.host
        } else {
            full.split('.').next() == Some(self.host.as_str())
        };
        same_host && to.subset.as_ref().map(|subset| &subset.value) == self.subset.as_ref()
    }
}
