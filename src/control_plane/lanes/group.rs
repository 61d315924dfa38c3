//! A lane group with names resolved: what rules are made from and what reports ask about.

use std::collections::{BTreeMap, BTreeSet};

use super::super::destination_rules::is_subset;
use crate::diagnostic::Place;

/// A group of lanes over the same services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneGroup {
    /// Name.
    pub name: String,
    /// How lanes keep requests inside.
    pub mode: LaneMode,
    /// Services in written order, without repetitions.
    pub services: Vec<GroupService>,
    /// Lanes: dated ones by age, then the others in the order in which they were read.
    pub lanes: Vec<Lane>,
    /// Where the name of the group stands.
    pub place: Place,
}

/// How lanes keep requests inside (asm-lanes 2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LaneMode {
    /// By the labels of the caller; every lane holds every service.
    Strict,
    /// By a header; a service that a lane does not hold is taken from another lane.
    Permissive(Permissive),
}

/// How permissive lanes work (asm-lanes 2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permissive {
    /// The header whose value is the name of a lane, in lower case.
    pub route_header: String,
    /// The header that ties the calls of one request together, in lower case; `None` if none is named.
    pub trace_header: Option<String>,
    /// Name of the baseline lane.
    pub baseline: String,
    /// Names of the lanes that stand in for the baseline lane, by hostname of the service.
    pub stand_ins: BTreeMap<String, String>,
}

/// What carries the routing header from a request to the calls that it causes (asm-lanes 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagCarrier<'g> {
    /// The application forwards it.
    Application,
    /// Sidecars remember it under the value of this header, which the application forwards.
    TraceId(&'g str),
    /// Sidecars keep it inside `baggage`, which the application forwards.
    Baggage,
}

/// A service of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupService {
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// `NAME.NAMESPACE.svc.DOMAIN`
    pub hostname: String,
    /// Labels of its workloads: the selector of the Service, else `app: NAME`.
    pub selector: BTreeMap<String, String>,
    /// Where it stands in the group.
    pub place: Place,
}

/// A lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// Name; also that of its subsets and its value of the routing header.
    pub name: String,
    /// Labels of its pods; where there are none, that was reported as an error.
    pub selector: BTreeMap<String, String>,
    /// Hostnames of the services that it holds.
    pub services: BTreeSet<String>,
    /// Where its name stands.
    pub place: Place,
}

// === impl LaneGroup ===

impl LaneGroup {
    /// Returns how permissive lanes work; `None` for strict ones.
    #[must_use]
    pub fn permissive(&self) -> Option<&Permissive> {
        match &self.mode {
            LaneMode::Permissive(permissive) => Some(permissive),
            LaneMode::Strict => None,
        }
    }

    /// Returns a lane by name.
    #[must_use]
    pub fn lane(&self, name: &str) -> Option<&Lane> {
        self.lanes.iter().find(|lane| lane.name == name)
    }

    /// Returns a service by hostname.
    #[must_use]
    pub fn service(&self, hostname: &str) -> Option<&GroupService> {
        self.services.iter().find(|service| service.hostname == hostname)
    }

    /// Returns the first lane that a pod with these labels belongs to for a service.
    #[must_use]
    pub fn lane_of(&self, hostname: &str, labels: &BTreeMap<String, String>) -> Option<&Lane> {
        self.lanes.iter().find(|lane| lane.has_member(hostname, labels))
    }

    /// Returns the name of the lane that takes over for a service; `None` for strict lanes.
    #[must_use]
    pub fn fallback_lane(&self, hostname: &str) -> Option<&str> {
        let permissive = self.permissive()?;
        Some(permissive.stand_ins.get(hostname).unwrap_or(&permissive.baseline))
    }
}

// === impl Permissive ===

impl Permissive {
    /// Returns what carries the routing header on.
    #[must_use]
    pub fn carrier(&self) -> TagCarrier<'_> {
        match self.trace_header.as_deref() {
            None => TagCarrier::Application,
            Some(header) if header == self.route_header => TagCarrier::Application,
            Some("baggage") => TagCarrier::Baggage,
            Some(header) => TagCarrier::TraceId(header),
        }
    }
}

// === impl Lane ===

impl Lane {
    /// Tells whether the lane holds a service.
    #[must_use]
    pub fn holds(&self, hostname: &str) -> bool {
        self.services.contains(hostname)
    }

    /// Tells whether a pod of a service belongs to the lane: the lane holds the service and the pod carries
    /// the lane's labels.
    #[must_use]
    pub fn has_member(&self, hostname: &str, labels: &BTreeMap<String, String>) -> bool {
        self.holds(hostname) && is_subset(&self.selector, labels)
    }
}
