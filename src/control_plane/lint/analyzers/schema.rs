//! IST0106, IST0133, IST0130, IST0131: what loading and validation said of single objects; and what was said
//! of lanes.

use crate::config::object::{Meta, Object};
use crate::control_plane::lint::{Code, Finding, Subject, catalog};
use crate::diagnostic::{Diagnostic, Place, Severity};

/// Turns problems into findings; an object is named by the last one that begins before the place.
pub(in crate::control_plane::lint) fn findings(
    subject: &Subject<'_>,
    problems: &[Diagnostic],
) -> Vec<Finding> {
    let objects = objects(subject);
    let finding = |problem: &Diagnostic| {
        let code = code(problem)?;
        let object = problem.place.and_then(|place| owner(&objects, place)).unwrap_or_default();
        let message = format!("{} ({})", problem.message, problem.code);
        let mut finding = Finding::new(code, object, problem.place, message);
        finding.help.clone_from(&problem.help);
        Some(finding)
    };
    problems.iter().filter_map(finding).collect()
}

fn code(problem: &Diagnostic) -> Option<&'static Code> {
    let of_lanes = problem.code.contains("lane")
        || matches!(problem.code, "label-without-value" | "unknown-label-function");
    match (problem.severity, problem.code) {
        (Severity::Error, _) if of_lanes => Some(&catalog::LANE_ERROR),
        (Severity::Warning, _) if of_lanes => Some(&catalog::LANE_WARNING),
        (Severity::Error, _) => Some(&catalog::SCHEMA_ERROR),
        (Severity::Warning, "unreachable-rule") => Some(&catalog::UNREACHABLE),
        (Severity::Warning, "ineffective-match") => Some(&catalog::INEFFECTIVE),
        // What a run says of destinations is said here with its proof.
        (Severity::Warning, "undefined-subset" | "undefined-service") | (Severity::Note, _) => None,
        (Severity::Warning, _) => Some(&catalog::SCHEMA_WARNING),
    }
}

/// All objects with the places of their names.
fn objects(subject: &Subject<'_>) -> Vec<(Place, String)> {
    let resources = subject.resources;
    let mut found: Vec<(Place, String)> = resources
        .refused
        .iter()
        .map(|(kind, name, place)| (*place, format!("{kind} {name}")))
        .collect();
    macro_rules! add {
        ($($list:ident),*) => { $( found.extend(resources.$list.iter().map(named)); )* };
    }
    add!(
        virtual_services,
        destination_rules,
        gateways,
        service_entries,
        workload_entries,
        sidecars,
        kubernetes_gateways,
        http_routes,
        services,
        workloads,
        pods,
        lane_groups,
        lanes,
        traffic_labels
    );
    found.sort();
    found
}

fn named<S>(object: &Object<S>) -> (Place, String) {
    let Meta { place, .. } = object.meta;
    (place, super::super::name_of(object))
}

fn owner(objects: &[(Place, String)], place: Place) -> Option<String> {
    let before = objects.iter().rev().find(|(begin, _)| *begin <= place)?;
    (before.0.source == place.source).then(|| before.1.clone())
}
