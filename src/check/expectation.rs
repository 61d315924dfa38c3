//! What a test expects, with its names resolved: a typing mistake is an error, not a failure.

use num_traits::One;

use super::destination::{Hosts, Wanted};
use super::written::{DestinationEntry, ExpectEntry};
use crate::config::decode::{Located, closest};
use crate::data_plane::ResponseFlag;
use crate::diagnostic::{Diagnostic, Diagnostics, Place};
use crate::engine::probability::{self, of_share};
use crate::scenario::Base;
use crate::units::Share;

/// What must come out of a test.
pub(super) struct Expectation {
    /// The fields as they are written.
    pub(super) written: ExpectEntry,
    /// Destinations; `None` if nothing is said about them.
    pub(super) destinations: Option<ExpectedDestinations>,
    /// Copies; `None` if nothing is said about them.
    pub(super) mirrors: Option<Vec<(Located<Wanted>, Share)>>,
}

/// All destinations of the requests.
pub(super) struct ExpectedDestinations {
    /// Where they stand.
    pub(super) place: Place,
    /// Each with its share.
    pub(super) list: Vec<ExpectedDestination>,
}

/// One destination.
pub(super) struct ExpectedDestination {
    /// Its name.
    pub(super) name: Located<Wanted>,
    /// Its share of the requests.
    pub(super) share: Share,
    /// What is sent there.
    pub(super) written: DestinationEntry,
    /// The destination that takes over from it.
    pub(super) served_by: Option<Located<Wanted>>,
}

/// Flags that a decision on one request can carry.
const FLAGS: [ResponseFlag; 4] = [
    ResponseFlag::NoRoute,
    ResponseFlag::NoCluster,
    ResponseFlag::NoHealthyUpstream,
    ResponseFlag::FaultAbort,
];

/// Resolves what a test expects.
pub(super) fn resolve(
    written: &ExpectEntry,
    base: &Base,
    hosts: &Hosts,
    problems: &mut Diagnostics,
) -> Expectation {
    check_fields(written, problems);
    check_flag(written.flag.as_ref(), problems);
    check_rule(written.rule.as_ref(), base, problems);
    let destinations = written.destinations.as_ref().map(|destinations| {
        let list: Vec<ExpectedDestination> = destinations
            .list
            .iter()
            .filter_map(|(name, entry)| destination(name, entry, hosts, problems))
            .collect();
        if list.len() == destinations.list.len() {
            check_sum(destinations.place, &list, problems);
        }
        ExpectedDestinations { place: destinations.place, list }
    });
    let mirrors = written.mirrors.as_ref().map(|mirrors| {
        let resolve = |(name, share): &(Located<String>, Located<Share>)| {
            Some((located(name, hosts, problems)?, share.value))
        };
        mirrors.iter().filter_map(resolve).collect()
    });
    Expectation { written: written.clone(), destinations, mirrors }
}

fn located(
    name: &Located<String>,
    hosts: &Hosts,
    problems: &mut Diagnostics,
) -> Option<Located<Wanted>> {
    let value = hosts.resolve(name, problems)?;
    Some(Located { value, place: name.place })
}

fn destination(
    name: &Located<String>,
    entry: &DestinationEntry,
    hosts: &Hosts,
    problems: &mut Diagnostics,
) -> Option<ExpectedDestination> {
    let resolved = located(name, hosts, problems)?;
    let Some(share) = &entry.share else {
        let message = format!("`{}` does not say which share of the requests it gets", name.value);
        let help = "write `share: 90%`";
        problems.push(Diagnostic::error("missing-field", entry.place, message).help(help));
        return None;
    };
    let served_by = match &entry.served_by {
        Some(other) => Some(located(other, hosts, problems)?),
        None => None,
    };
    let (share, written) = (share.value, entry.clone());
    Some(ExpectedDestination { name: resolved, share, written, served_by })
}

/// A test that expects nothing would always pass.
fn check_fields(written: &ExpectEntry, problems: &mut Diagnostics) {
    let given = [
        written.destinations.is_some(),
        written.status.is_some(),
        written.flag.is_some(),
        written.redirect.is_some(),
        written.direct.is_some(),
        written.refused.is_some(),
        written.path.is_some(),
        written.host.is_some(),
        !written.headers.is_empty(),
        !written.response_headers.is_empty(),
        written.rule.is_some(),
        written.virtual_host.is_some(),
        written.timeout.is_some(),
        written.retries.is_some(),
        written.mirrors.is_some(),
        written.fault.is_some(),
    ];
    if !given.contains(&true) {
        let message = "this test expects nothing";
        let help = "write for example `destinations: {reviews/v2: 100%}` or `status: 404`";
        problems.push(Diagnostic::error("missing-field", written.place, message).help(help));
    }
}

fn check_sum(place: Place, list: &[ExpectedDestination], problems: &mut Diagnostics) {
    let sum = list.iter().map(|it| of_share(it.share)).fold(probability::zero(), |a, b| a + b);
    if !sum.is_one() {
        let percent = probability::to_f64(&sum) * 100.0;
        let message =
            format!("the shares of the destinations add up to {percent:.4}%, not to 100%");
        let help = "name every destination; thirds are written 1/3";
        problems.push(Diagnostic::error("invalid-share", place, message).help(help));
    }
}

fn check_flag(flag: Option<&Located<String>>, problems: &mut Diagnostics) {
    let Some(flag) = flag else { return };
    if FLAGS.iter().any(|known| known.letters() == flag.value) {
        return;
    }
    let message = format!("`{}` is no response flag of a routing decision", flag.value);
    let known = FLAGS.map(ResponseFlag::letters).join(", ");
    problems.push(
        Diagnostic::error("unknown-word", flag.place, message).help(format!("one of: {known}")),
    );
}

fn check_rule(rule: Option<&Located<String>>, base: &Base, problems: &mut Diagnostics) {
    let Some(rule) = rule else { return };
    let name = rule.value.split('#').next().unwrap_or_default();
    let mut known: Vec<&str> = base
        .mesh
        .rule_sets
        .iter()
        .flat_map(|set| &set.rules)
        .filter_map(|rule| rule.source.object.split_once(' ').map(|(_, name)| name))
        .collect();
    if rule.value == "none" || known.contains(&name) {
        return;
    }
    known.sort_unstable();
    known.dedup();
    let message = format!("there is no rule object `{name}` in this mesh");
    let mut problem = Diagnostic::error("unknown-rule", rule.place, message);
    problem = match closest(name, known.iter().copied()) {
        Some(close) => problem.help(format!("did you mean `{close}`?")),
        None => problem.help("write it as namespace/name, namespace/name#route, or none"),
    };
    problems.push(problem);
}
