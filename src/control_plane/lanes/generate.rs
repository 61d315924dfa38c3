//! The objects that ASM generates for the services of a group (asm-lanes 2.4).
//!
//! Bodies are reconstructed: ASM's documents say that the objects exist and how requests then go, not what
//! they look like.

use super::check::{Rank, written_rules};
use super::group::{GroupService, Lane, LaneGroup, LaneMode, TagCarrier};
use super::loaded::Loaded;
use super::resolve::Draft;
use super::{Untagged, write};
use crate::config::asm::{LabelRule, LabelSource, TrafficLabel};
use crate::config::decode::Map;
use crate::config::istio::destination_rule::{DestinationRule, Subset};
use crate::config::istio::virtual_service::{HttpRule, RouteDestination, VirtualService};
use crate::config::istio::{Destination, WorkloadSelector};
use crate::config::object::{Kind, Object};

/// Objects that were made, to be added to the loaded ones.
#[derive(Debug, Default)]
pub(super) struct Generated {
    /// Rules.
    pub virtual_services: Vec<Object<VirtualService>>,
    /// Subsets.
    pub destination_rules: Vec<Object<DestinationRule>>,
    /// Labels.
    pub traffic_labels: Vec<Object<TrafficLabel>>,
}

/// Adds what the services of a group need and what was not loaded.
pub(super) fn add(loaded: Loaded<'_>, draft: &Draft<'_>, untagged: Untagged, made: &mut Generated) {
    let group = &draft.group;
    let root = loaded.mesh.root_namespace.as_str();
    for service in &group.services {
        let name = rule_name("dr", group, service);
        if !loaded.has_subsets(group, service, &name) {
            let meta = write::meta(name, root, &group.name, group.place);
            let spec = subsets(group, service);
            let object = Object { kind: Kind::DestinationRule, meta, spec };
            made.destination_rules.push(object);
        }
        let name = rule_name("vs", group, service);
        let mut written = written_rules(loaded, group, service).into_iter();
        let replaced = written.any(|rules| rules.rank == Rank::Replacing);
        if !replaced && !loaded.has_rules(group, service, &name) {
            let meta = write::meta(name, root, &group.name, group.place);
            let spec = rules(group, service, untagged);
            made.virtual_services.push(Object { kind: Kind::VirtualService, meta, spec });
        }
        let name = format!("asm-swimlane-{}-{}", group.name, service.name);
        if let Some(spec) = labels(group, service)
            && !loaded.has_labels(group, service, &name)
        {
            let meta = write::meta(name, &service.namespace, &group.name, group.place);
            made.traffic_labels.push(Object { kind: Kind::TrafficLabel, meta, spec });
        }
    }
}

/// Returns the name of the subsets (`dr`) or the rules (`vs`) of a service.
pub(super) fn rule_name(kind: &str, group: &LaneGroup, service: &GroupService) -> String {
    format!("trafficlabel-{kind}-{}-{}-{}", group.name, service.namespace, service.name)
}

/// Returns a destination in a lane, with the lane that takes over if there is another one.
pub(super) fn in_lane(
    group: &LaneGroup,
    lane: &Lane,
    destination: impl Fn(&str) -> Destination,
    hostname: &str,
) -> RouteDestination {
    let mut route = write::only(destination(&lane.name));
    // A subset that is empty cannot be its own replacement.
    let other = group.fallback_lane(hostname).filter(|other| *other != lane.name);
    route.fallback = other.map(|other| write::fallback(destination(other)));
    route
}

/// One subset for each lane that holds the service.
fn subsets(group: &LaneGroup, service: &GroupService) -> DestinationRule {
    let holding = group.lanes.iter().filter(|lane| lane.holds(&service.hostname));
    let subset = |lane: &Lane| Subset {
        place: lane.place,
        name: Some(write::text(lane.place, &lane.name)),
        labels: write::labels(lane.place, &lane.selector),
        traffic_policy: None,
    };
    DestinationRule {
        place: service.place,
        host: Some(write::text(service.place, &service.hostname)),
        traffic_policy: None,
        subsets: holding.map(subset).collect(),
        export_to: Vec::new(),
        workload_selector: None,
    }
}

/// One rule for each lane, then one for requests that name none.
fn rules(group: &LaneGroup, service: &GroupService, untagged: Untagged) -> VirtualService {
    let mut http: Vec<HttpRule> =
        group.lanes.iter().map(|lane| lane_rule(group, service, lane)).collect();
    if matches!(group.mode, LaneMode::Permissive(_)) {
        http.extend(untagged_rule(group, service, untagged));
    }
    write::virtual_service(service.place, &[&service.hostname], &[], http)
}

/// Strict: who calls decides; permissive: what the request says.
fn lane_rule(group: &LaneGroup, service: &GroupService, lane: &Lane) -> HttpRule {
    let place = lane.place;
    let mut condition = write::any_request(place);
    match &group.mode {
        LaneMode::Strict => {
            condition.source_labels = write::labels(place, &lane.selector);
        }
        LaneMode::Permissive(permissive) => {
            let name = write::text(place, &permissive.route_header);
            condition.headers = Map(vec![(name, Some(write::exact(place, &lane.name)))]);
        }
    }
    let host = service.hostname.as_str();
    let destination = |lane: &str| write::destination(place, host, Some(lane), None);
    let route = in_lane(group, lane, destination, host);
    write::rule(place, &lane.name, vec![condition], vec![route])
}

fn untagged_rule(
    group: &LaneGroup,
    service: &GroupService,
    untagged: Untagged,
) -> Option<HttpRule> {
    let subset = match untagged {
        Untagged::Any => None,
        Untagged::Baseline => group.fallback_lane(&service.hostname),
        Untagged::Reject => return None,
    };
    let place = service.place;
    let destination = write::destination(place, &service.hostname, subset, None);
    Some(write::rule(place, "untagged", Vec::new(), vec![write::only(destination)]))
}

/// In trace-id mode every service gets a label that restores the routing header (asm-lanes 2.3).
fn labels(group: &LaneGroup, service: &GroupService) -> Option<TrafficLabel> {
    let permissive = group.permissive()?;
    let TagCarrier::TraceId(trace) = permissive.carrier() else { return None };
    let place = group.place;
    let source = format!("$getExternalInboundRequestHeader({}, {trace})", permissive.route_header);
    let label = LabelSource {
        place,
        name: Some(write::text(place, "asm-label")),
        value_from: vec![write::at(place, source)],
        overwrite: false,
    };
    let labels = service.selector.clone();
    Some(TrafficLabel {
        place,
        workload_selector: Some(WorkloadSelector { place, labels: labels.into() }),
        rules: vec![LabelRule { place, labels: vec![label] }],
    })
}
