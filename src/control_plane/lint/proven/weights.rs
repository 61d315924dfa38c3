//! `weights-not-100`, `missing-weight`: shares that are not what is written.

use super::super::{Code, Finding, Outcome, catalog, is_generated, name_of};
use super::reach::{at, proof, witness};
use super::{Material, percent, rule_name};
use crate::config::istio::virtual_service::{HttpRule, RouteDestination};
use crate::data_plane::RouteAction;
use crate::diagnostic::Place;

/// Looks at every rule with several destinations.
pub(super) fn findings(material: &Material<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let objects = &material.subject.resources.virtual_services;
    for object in objects.iter().filter(|object| !is_generated(&object.meta)) {
        let name = name_of(object);
        for (index, rule) in object.spec.http.iter().enumerate() {
            if rule.route.len() < 2 {
                continue;
            }
            found.extend(unusual_sum(material, &name, index, rule));
            let missing = rule.route.iter().filter(|route| route.weight.is_none());
            found.extend(missing.filter_map(|route| missing_weight(material, &name, index, route)));
        }
    }
    found
}

fn unusual_sum(
    material: &Material<'_>,
    object: &str,
    index: usize,
    rule: &HttpRule,
) -> Option<Finding> {
    let weights: Vec<i64> = rule.route.iter().map(|route| i64::from(route.weight())).collect();
    let sum: i64 = weights.iter().sum();
    if sum == 100 {
        return None;
    }
    let first = rule.route.iter().find_map(|route| route.weight.as_ref())?;
    let message = format!("the weights add up to {sum}, not to 100: they are relative");
    ask(material, &catalog::WEIGHTS_NOT_100, object, index, first.place, &message, None)
}

fn missing_weight(
    material: &Material<'_>,
    object: &str,
    index: usize,
    route: &RouteDestination,
) -> Option<Finding> {
    let message = "this destination gets nothing: it has no weight";
    let finding =
        ask(material, &catalog::MISSING_WEIGHT, object, index, route.place, message, Some(0))?;
    Some(finding.help("a missing weight is 0; write one, or remove the destination"))
}

/// Finds a request of the rule and tells its shares.
fn ask(
    material: &Material<'_>,
    code: &'static Code,
    object: &str,
    rule: usize,
    place: Place,
    message: &str,
    part: Option<u64>,
) -> Option<Finding> {
    material.reached.of(object, rule).iter().find_map(|route| {
        let (asked, host, route) = at(&material.survey, *route)?;
        let RouteAction::Forward(forward) = &route.action else { return None };
        let request = witness(asked, host, route)?;
        let total = forward.total_weight();
        let share = |weight: u32| percent(u64::from(weight), total);
        let shares: Vec<String> = forward
            .destinations
            .iter()
            .map(|d| format!("{} {}", share(d.weight), d.cluster))
            .collect();
        let rule = route.source.as_ref().map(rule_name);
        let taker = rule.clone().unwrap_or_default();
        let text = format!("{taker} takes it: {}", shares.join(", "));
        let share = part.map(|part| (part, total));
        let outcome = Outcome { rule, share, text, ..Outcome::default() };
        let finding = Finding::new(code, object, place, message);
        Some(finding.proof(proof(asked, request, outcome)))
    })
}
