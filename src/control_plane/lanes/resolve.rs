//! Lane groups from objects: names resolved, what is missing or wrong reported.

use std::collections::{BTreeMap, BTreeSet};

use super::group::{GroupService, Lane, LaneGroup, LaneMode, Permissive};
use super::loaded::{GROUP_LABEL, Loaded};
use crate::config::asm::{LaneService, PermissiveMode, SwimLane, SwimLaneGroup};
use crate::config::decode::{Located, closest};
use crate::config::object::{Object, Timestamp};
use crate::diagnostic::{Diagnostic, Diagnostics, Place};

/// A group with the objects that it was read from.
#[derive(Debug)]
pub(super) struct Draft<'r> {
    /// The group.
    pub group: LaneGroup,
    /// Its object.
    pub object: &'r Object<SwimLaneGroup>,
    /// The objects of its lanes, in the order of the lanes.
    pub lanes: Vec<&'r Object<SwimLane>>,
}

/// Reads all groups; one that cannot work is reported and left out.
pub(super) fn drafts<'r>(loaded: Loaded<'r>, problems: &mut Diagnostics) -> Vec<Draft<'r>> {
    let groups = loaded.resources.lane_groups.iter();
    groups.filter_map(|object| draft(loaded, object, problems)).collect()
}

fn draft<'r>(
    loaded: Loaded<'r>,
    object: &'r Object<SwimLaneGroup>,
    problems: &mut Diagnostics,
) -> Option<Draft<'r>> {
    let (name, place) = (&object.meta.name, object.meta.place);
    let services = services(loaded, object, problems);
    let all = loaded.resources.lanes.iter();
    let mut objects: Vec<&Object<SwimLane>> =
        all.filter(|lane| lane.meta.labels.get(GROUP_LABEL) == Some(name)).collect();
    // Stable: lanes without a date stay as they are written.
    objects.sort_by_key(|lane| lane.meta.created.unwrap_or(Timestamp::MAX));
    if objects.is_empty() {
        let message = format!("lane group `{name}` has no lanes");
        let help = format!("a lane belongs to it by its label `{GROUP_LABEL}: {name}`");
        problems.push(Diagnostic::error("lane-group-without-lanes", place, message).help(help));
        return None;
    }
    let lanes: Vec<Lane> =
        objects.iter().map(|object| lane(object, name, &services, problems)).collect();
    let mode = if object.spec.is_permissive {
        LaneMode::Permissive(permissive(object, &services, &lanes, problems)?)
    } else {
        LaneMode::Strict
    };
    let group = LaneGroup { name: name.clone(), mode, services, lanes, place };
    Some(Draft { group, object, lanes: objects })
}

fn services(
    loaded: Loaded<'_>,
    object: &Object<SwimLaneGroup>,
    problems: &mut Diagnostics,
) -> Vec<GroupService> {
    let mut services: Vec<GroupService> = Vec::new();
    for written in &object.spec.services {
        let (Some(name), Some(namespace)) = (&written.name, &written.namespace) else {
            let message = "a service of a lane group needs a name and a namespace";
            problems.push(Diagnostic::error("missing-field", written.place, message));
            continue;
        };
        let hostname = format!("{}.{}.svc.{}", name.value, namespace.value, loaded.mesh.domain);
        if services.iter().any(|known| known.hostname == hostname) {
            continue;
        }
        let defined = loaded.service(&name.value, &namespace.value);
        let selector = defined.and_then(|service| service.spec.selector.clone());
        services.push(GroupService {
            name: name.value.clone(),
            namespace: namespace.value.clone(),
            hostname,
            selector: selector
                .filter(|selector| !selector.is_empty())
                .unwrap_or_else(|| BTreeMap::from([("app".to_owned(), name.value.clone())])),
            place: name.place,
        });
    }
    if object.spec.services.is_empty() {
        let message = format!("lane group `{}` has no services", object.meta.name);
        problems.push(Diagnostic::error("lane-group-without-services", object.meta.place, message));
    }
    services
}

/// A lane that lists no services holds all of the group.
fn lane(
    object: &Object<SwimLane>,
    group: &str,
    services: &[GroupService],
    problems: &mut Diagnostics,
) -> Lane {
    let held: BTreeSet<String> = match &object.spec.services {
        None => services.iter().map(|service| service.hostname.clone()).collect(),
        Some(written) => {
            let found = written
                .iter()
                .filter_map(|written| held(object, group, written, services, problems));
            found.map(|service| service.hostname.clone()).collect()
        }
    };
    if object.spec.label_selector.is_empty() {
        let message = format!("lane `{}` has no labelSelector", object.meta.name);
        problems.push(
            Diagnostic::error("lane-without-selector", object.meta.place, message)
                .help("name the labels of its pods, such as `ASM_TRAFFIC_TAG: v1`"),
        );
    }
    Lane {
        name: object.meta.name.clone(),
        selector: object.spec.label_selector.clone(),
        services: held,
        place: object.meta.place,
    }
}

fn held<'s>(
    lane: &Object<SwimLane>,
    group: &str,
    written: &LaneService,
    services: &'s [GroupService],
    problems: &mut Diagnostics,
) -> Option<&'s GroupService> {
    let Some(name) = &written.name else {
        let message = "a service of a lane needs a name";
        problems.push(Diagnostic::error("missing-field", written.place, message));
        return None;
    };
    let namespace = written.namespace.as_ref();
    let found = services.iter().find(|service| {
        service.name == name.value && namespace.is_none_or(|n| n.value == service.namespace)
    });
    if found.is_none() {
        let wanted = namespace.map_or_else(
            || name.value.clone(),
            |namespace| format!("{}/{}", namespace.value, name.value),
        );
        let message =
            format!("lane `{}` holds {wanted}, which is no service of its group", lane.meta.name);
        let help = format!("add it to the services of lane group `{group}`, or drop it here");
        problems
            .push(Diagnostic::warning("lane-service-not-in-group", name.place, message).help(help));
    }
    found
}

fn permissive(
    object: &Object<SwimLaneGroup>,
    services: &[GroupService],
    lanes: &[Lane],
    problems: &mut Diagnostics,
) -> Option<Permissive> {
    let (name, spec) = (&object.meta.name, object.spec.permissive.as_ref());
    let place = spec.map_or(object.meta.place, |spec| spec.place);
    let header = |written: Option<&Located<String>>| {
        written.map(|header| header.value.to_ascii_lowercase()).filter(|header| !header.is_empty())
    };
    let trace_header = header(spec.and_then(|spec| spec.trace_header.as_ref()));
    let Some(route_header) = header(spec.and_then(|spec| spec.route_header.as_ref())) else {
        let message = format!("permissive lane group `{name}` has no routeHeader");
        problems.push(
            Diagnostic::error("lane-group-without-route-header", place, message)
                .help("set permissiveModeConfiguration.routeHeader, such as x-asm-prefer-tag"),
        );
        return None;
    };
    if trace_header.is_none() {
        let message = format!("permissive lane group `{name}` has no traceHeader");
        let help = format!("the applications must forward {route_header} themselves");
        problems.push(
            Diagnostic::warning("lane-group-without-trace-header", place, message).help(help),
        );
    }
    let baseline = baseline(name, place, spec, lanes, problems)?;
    let stand_ins = spec.map(|spec| stand_ins(spec, services, lanes, problems)).unwrap_or_default();
    Some(Permissive { route_header, trace_header, baseline, stand_ins })
}

/// asm-lanes 2.1: the lane that was created first, unless another one is named.
fn baseline(
    group: &str,
    place: Place,
    spec: Option<&PermissiveMode>,
    lanes: &[Lane],
    problems: &mut Diagnostics,
) -> Option<String> {
    if let Some(target) = spec.and_then(|spec| spec.fallback_target.as_ref()) {
        return known_lane(target, lanes, problems);
    }
    let first = lanes.first()?;
    let message = format!("permissive lane group `{group}` has no fallbackTarget");
    let help = format!("its first lane `{}` is taken as the baseline", first.name);
    problems.push(Diagnostic::warning("lane-group-without-baseline", place, message).help(help));
    Some(first.name.clone())
}

fn known_lane(
    written: &Located<String>,
    lanes: &[Lane],
    problems: &mut Diagnostics,
) -> Option<String> {
    let names = || lanes.iter().map(|lane| lane.name.as_str());
    if names().any(|name| name == written.value) {
        return Some(written.value.clone());
    }
    let message = format!("there is no lane `{}` in this group", written.value);
    let problem = Diagnostic::error("unknown-lane", written.place, message);
    let help = match closest(&written.value, names()) {
        Some(close) => format!("did you mean `{close}`?"),
        None => format!("its lanes: {}", names().collect::<Vec<_>>().join(", ")),
    };
    problems.push(problem.help(help));
    None
}

/// Lanes that stand in for single services, by hostname; keys are `namespace/name`.
fn stand_ins(
    spec: &PermissiveMode,
    services: &[GroupService],
    lanes: &[Lane],
    problems: &mut Diagnostics,
) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (key, target) in spec.service_level_fallback_target.iter() {
        let full_name = |service: &GroupService| format!("{}/{}", service.namespace, service.name);
        let service = services.iter().find(|service| full_name(service) == key.value);
        if service.is_none() {
            let message = format!("the lane group has no service `{}`", key.value);
            let names: Vec<String> = services.iter().map(full_name).collect();
            let help = match closest(&key.value, names.iter().map(String::as_str)) {
                Some(close) => format!("did you mean `{close}`?"),
                None => format!("written as namespace/name; its services: {}", names.join(", ")),
            };
            problems
                .push(Diagnostic::warning("unknown-lane-service", key.place, message).help(help));
        }
        let lane = known_lane(target, lanes, problems);
        if let (Some(service), Some(lane)) = (service, lane) {
            found.insert(service.hostname.clone(), lane);
        }
    }
    found
}
