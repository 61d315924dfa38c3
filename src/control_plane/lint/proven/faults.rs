//! `fault-never-fires`: faults without a percentage.

use super::super::{Finding, Outcome, catalog, name_of};
use super::reach::{at, proof, witness};
use super::{Material, rule_name};
use crate::config::istio::virtual_service::HttpFault;
use crate::data_plane::Fault;
use crate::diagnostic::Place;

/// Looks at every fault of a VirtualService.
pub(super) fn findings(material: &Material<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for object in &material.subject.resources.virtual_services {
        let name = name_of(object);
        for (index, rule) in object.spec.http.iter().enumerate() {
            let Some((what, place)) = rule.fault.as_ref().and_then(without_percentage) else {
                continue;
            };
            found.extend(ask(material, &name, index, what, place));
        }
    }
    found
}

fn without_percentage(fault: &HttpFault) -> Option<(&'static str, Place)> {
    let abort = fault.abort.as_ref().filter(|abort| abort.percentage.is_none());
    let delay =
        fault.delay.as_ref().filter(|delay| delay.percentage.is_none() && delay.percent.is_none());
    abort.map(|abort| ("abort", abort.place)).or_else(|| delay.map(|delay| ("delay", delay.place)))
}

fn ask(
    material: &Material<'_>,
    object: &str,
    rule: usize,
    what: &'static str,
    place: Place,
) -> Option<Finding> {
    let mut routes = material.reached.of(object, rule).iter();
    routes.find_map(|route| {
        let (asked, host, route) = at(&material.survey, *route)?;
        if fires(route.fault.as_ref(), what) {
            return None;
        }
        let request = witness(asked, host, route)?;
        let rule = route.source.as_ref().map(rule_name);
        let text = format!("{} takes it; 0 % get the {what}", rule.clone().unwrap_or_default());
        let outcome = Outcome { rule, share: Some((0, 100)), text, ..Outcome::default() };
        let message = format!("this {what} hits no request: it has no percentage");
        let finding = Finding::new(&catalog::FAULT_NEVER, object, place, message)
            .help("write `percentage: {value: 100}`")
            .proof(proof(asked, request, outcome));
        Some(finding)
    })
}

fn fires(fault: Option<&Fault>, what: &str) -> bool {
    let Some(fault) = fault else { return false };
    match what {
        "abort" => fault.abort.is_some_and(|(_, fraction)| fraction.numerator > 0),
        _ => fault.delay.is_some_and(|(_, fraction)| fraction.numerator > 0),
    }
}
