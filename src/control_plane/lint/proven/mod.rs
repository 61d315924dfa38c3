//! Findings that need a proxy to be asked: each is a request and the answer of its compiled tables.
//!
//! [`survey::Survey`] builds the tables of every proxy once, [`reach`] finds requests that reach a rule,
//! [`cover`] tells whether one matcher takes everything that another asks for.

mod cover;
mod default_route;
mod dotted;
mod faults;
mod mesh_only;
mod order;
mod reach;
mod sample;
mod shares;
mod slashes;
mod survey;
mod unreachable;
mod weights;

use super::{Finding, Subject};
use crate::control_plane::rules::{Action, Destination, Rule};
use crate::data_plane::RouteSource;
use reach::Reached;
use survey::Survey;

/// What all checks share.
struct Material<'a> {
    subject: &'a Subject<'a>,
    survey: Survey<'a>,
    /// All routes by the rule that they were made from.
    reached: Reached,
}

/// Runs all checks.
pub(super) fn all(subject: &Subject<'_>) -> Vec<Finding> {
    let survey = Survey::new(subject.resources, subject.mesh);
    let reached = Reached::new(&survey);
    let mut material = Material { subject, survey, reached };
    let mut found = shares::findings(&mut material);
    let checks: [fn(&Material<'_>) -> Vec<Finding>; 8] = [
        default_route::findings,
        dotted::findings,
        faults::findings,
        mesh_only::findings,
        order::findings,
        slashes::findings,
        unreachable::findings,
        weights::findings,
    ];
    for check in checks {
        found.extend(check(&material));
    }
    found
}

/// Returns the weighted destinations of a rule that get traffic.
pub(super) fn weighted(rule: &Rule) -> impl Iterator<Item = &Destination> {
    let routes = match &rule.action {
        Action::Route(routes) => routes.as_slice(),
        _ => &[],
    };
    let alone = routes.len() == 1;
    routes.iter().filter(move |route| alone || route.weight > 0).map(|route| &route.destination)
}

/// Prints a rule: object, list and index, then its name.
fn rule_name(source: &RouteSource) -> String {
    let list = if source.object.starts_with("HTTPRoute") { "rules" } else { "http" };
    let mut text = format!("{} {list}[{}]", source.object, source.rule);
    // An HTTPRoute's rules are given names of their own kind.
    if !source.rule_name.is_empty() && list == "http" {
        text = format!("{text} `{}`", source.rule_name);
    }
    text
}

/// Prints a part of a whole as a percentage with at most two digits.
fn percent(part: u64, whole: u64) -> String {
    // A weight is 32 bits wide, so the product fits.
    let hundredths = (part.saturating_mul(10_000) + whole / 2) / whole.max(1);
    let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_print_without_needless_digits() {
        for (part, whole, expected) in [
            (1, 10, "10 %"),
            (1, 3, "33.33 %"),
            (1, 1, "100 %"),
            (1, 8, "12.5 %"),
            (90, 92, "97.83 %"),
            (0, 5, "0 %"),
        ] {
            assert_eq!(percent(part, whole), expected);
        }
    }
}
