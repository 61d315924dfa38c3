//! Compares a decision with what a test expects; everything that does not hold is told at once.

mod fields;

use super::coverage::{RuleIndex, rule_name};
use super::decide::{Leg, Outcome};
use super::destination::label;
use super::expectation::{Expectation, ExpectedDestination, ExpectedDestinations};
use super::report::Failure;
use super::written::HeaderEntries;
use crate::config::decode::Located;
use crate::data_plane::HeaderMap;
use crate::diagnostic::{Place, Sources};
use crate::engine::flow::Answer;
use crate::explain::condition;
use crate::scenario::Base;
use crate::units::Share;

/// What decisions are put into words with.
pub(super) struct Context<'a> {
    pub(super) base: &'a Base,
    pub(super) rules: &'a RuleIndex<'a>,
    pub(super) sources: &'a Sources,
}

/// Rules that were passed over and are told, at most.
const MAX_TRIALS: usize = 5;

/// Judges one decision.
pub(super) fn judge(
    context: &Context<'_>,
    expectation: &Expectation,
    outcome: &Outcome,
) -> Vec<Failure> {
    let mut judge = Judge { context, outcome, failures: Vec::new() };
    judge.destinations(expectation.destinations.as_ref());
    judge.fields(expectation);
    if !judge.failures.is_empty() {
        let why = why(context, outcome);
        for failure in &mut judge.failures {
            failure.why.clone_from(&why);
        }
    }
    judge.failures
}

struct Judge<'a> {
    context: &'a Context<'a>,
    outcome: &'a Outcome,
    failures: Vec<Failure>,
}

// === impl Judge ===

impl Judge<'_> {
    fn fail(&mut self, place: Place, expected: impl Into<String>, got: impl Into<String>) {
        let failure =
            Failure { place, expected: expected.into(), got: got.into(), why: Vec::new() };
        // Several destinations may differ in the same way.
        if !self.failures.contains(&failure) {
            self.failures.push(failure);
        }
    }

    fn words(&self) -> String {
        words(self.context, self.outcome)
    }

    fn destinations(&mut self, expected: Option<&ExpectedDestinations>) {
        let Some(expected) = expected else { return };
        let outcome = self.outcome;
        let Ok(legs) = &outcome.legs else {
            return self.fail(expected.place, listed(&expected.list), self.words());
        };
        let total = outcome.total_weight();
        let mut sums = vec![0_u64; expected.list.len()];
        let mut strange = None;
        for leg in legs {
            match assigned(&expected.list, leg) {
                Some(index) => sums[index] = sums[index].saturating_add(leg.weight),
                None => strange = Some(expected.place),
            }
        }
        let differs = expected
            .list
            .iter()
            .zip(&sums)
            .find(|(wanted, sum)| Share::new(**sum, total) != Some(wanted.share));
        let differs = differs.map(|(wanted, _)| wanted.name.place);
        if let Some(place) = differs.or(strange) {
            self.fail(place, listed(&expected.list), self.words());
        }
        for leg in legs {
            if let Some(index) = assigned(&expected.list, leg) {
                self.leg(&expected.list[index], leg);
            }
        }
    }

    /// What one destination gets.
    fn leg(&mut self, expected: &ExpectedDestination, leg: &Leg) {
        let written = &expected.written;
        let name = &expected.name.value;
        let at = |what: &str| format!("{what} at {name}");
        self.text(written.path.as_ref(), &at("path"), &leg.sent.path);
        self.text(written.host.as_ref(), &at("Host"), &leg.sent.authority);
        self.headers(&written.headers, &at("header"), &leg.sent.headers);
        let answer = self.answer_headers(&written.response_headers, Some(leg));
        self.headers(&written.response_headers, &at("answer header"), &answer);
        self.served_by(expected, leg);
    }

    /// Whether the destination serves itself, or the expected one takes over.
    fn served_by(&mut self, expected: &ExpectedDestination, leg: &Leg) {
        let Ok(cluster) = &leg.served else { return };
        let name = &expected.name.value;
        let got = if leg.fell_back {
            format!("{} takes over", self.label(cluster))
        } else {
            "it serves itself".to_owned()
        };
        match &expected.served_by {
            Some(wanted) if !(leg.fell_back && wanted.value.fits(cluster)) => {
                self.fail(wanted.place, format!("{} to take over from {name}", wanted.value), got);
            }
            None if leg.fell_back => {
                self.fail(expected.name.place, format!("{name} to serve itself"), got);
            }
            _ => {}
        }
    }

    fn label(&self, cluster: &str) -> String {
        label(cluster, &self.context.base.mesh.config.domain, false)
    }

    fn text(&mut self, expected: Option<&Located<String>>, what: &str, got: &str) {
        let Some(expected) = expected.filter(|expected| expected.value != got) else { return };
        let wanted = format!("{what} `{}`", expected.value);
        self.fail(expected.place, wanted, format!("`{got}`"));
    }

    fn headers(&mut self, expected: &HeaderEntries, what: &str, got: &HeaderMap) {
        for (name, wanted) in expected.iter() {
            let lower = name.value.to_ascii_lowercase();
            let found: Vec<&str> = got.values(&lower).collect();
            let (held, words) = match &wanted.value {
                None => (found.is_empty(), "to be absent".to_owned()),
                Some(values) => (values.0 == found, quoted(values.0.iter().map(String::as_str))),
            };
            if !held {
                let got = if found.is_empty() {
                    "it is absent".to_owned()
                } else {
                    quoted(found.into_iter())
                };
                self.fail(name.place, format!("{what} {} {words}", name.value), got);
            }
        }
    }

    /// The headers of the answer. A header that must be absent is there in the application's answer, so
    /// that it takes a rule to remove it.
    fn answer_headers(&self, expected: &HeaderEntries, leg: Option<&Leg>) -> HeaderMap {
        let absent = expected.iter().filter(|(_, wanted)| wanted.value.is_none());
        let lines = absent.map(|(name, _)| (name.value.as_str(), "from the application"));
        self.outcome.answer_headers(leg, HeaderMap::decode_answer(lines))
    }
}

/// The entry that stands for a leg: of those that fit, the one that says most.
fn assigned(list: &[ExpectedDestination], leg: &Leg) -> Option<usize> {
    leg.served.as_ref().ok()?;
    let fitting = list.iter().enumerate().filter(|(_, it)| it.name.value.fits(&leg.named));
    // Of equals the first.
    fitting.rev().max_by_key(|(_, it)| it.name.value.precision()).map(|(index, _)| index)
}

fn listed(list: &[ExpectedDestination]) -> String {
    let parts = list.iter().map(|it| format!("{} {}", it.name.value, it.share));
    parts.collect::<Vec<_>>().join(", ")
}

fn quoted<'t>(values: impl Iterator<Item = &'t str>) -> String {
    values.map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ")
}

fn answer_words(answer: Answer) -> String {
    match (answer.status, answer.flag) {
        (0, _) => "a refused connection".to_owned(),
        (status, Some(flag)) => format!("{status} {}", flag.letters()),
        (status, None) => format!("status {status}"),
    }
}

/// A decision in words: `reviews/v1 90%, reviews/v2 10%`, `redirect 301 to …`, `404 NR`.
pub(super) fn words(context: &Context<'_>, outcome: &Outcome) -> String {
    if let Some((status, location)) = outcome.redirect() {
        return format!("redirect {status} to {location}");
    }
    if let Some((status, _)) = outcome.direct() {
        return format!("direct response {status}");
    }
    let legs = match &outcome.legs {
        Ok(legs) => legs,
        Err(answer) => return answer_words(*answer),
    };
    let domain = &context.base.mesh.config.domain;
    let total = outcome.total_weight();
    let parts = legs.iter().map(|leg| {
        let share = Share::new(leg.weight, total).unwrap_or(Share::ZERO);
        let named = label(&leg.named, domain, false);
        match &leg.served {
            Ok(cluster) if leg.fell_back => {
                format!("{named} {share} ({} takes over)", label(cluster, domain, false))
            }
            Ok(_) => format!("{named} {share}"),
            Err(answer) => format!("{} for {named} {share}", answer_words(*answer)),
        }
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// Who decided, by which rule, and which rules before it were passed over.
pub(super) fn why(context: &Context<'_>, outcome: &Outcome) -> Vec<String> {
    let mut lines = Vec::new();
    let Some(table) = &outcome.table else {
        lines.push(format!("{}: no rule looks at the request [R-198]", outcome.sender));
        return lines;
    };
    let Some(host) = table.virtual_host(&outcome.received.authority) else {
        let authority = &outcome.received.authority;
        lines.push(format!("{}: no virtual host for `{authority}` [R-036]", outcome.sender));
        return lines;
    };
    match outcome.rule() {
        Some(source) => {
            let place = context.rules.rule(outcome).map(|rule| rule.place);
            let place = place.map(|place| format!(" at {}", context.sources.describe(place)));
            let conditions = outcome.route().map(|route| condition::all(&route.matcher));
            lines.push(format!(
                "{}: {}{} took it [R-087]: {}",
                outcome.sender,
                rule_name(source),
                place.unwrap_or_default(),
                conditions.unwrap_or_default()
            ));
        }
        None if outcome.route().is_some() => {
            lines.push(format!("{}: the default route of {}", outcome.sender, host.name));
        }
        None => {
            lines.push(format!("{}: no route of {} took it [E-15]", outcome.sender, host.name));
        }
    }
    let passed: Vec<String> = host
        .trials(&outcome.received)
        .filter_map(|(route, mismatch)| {
            let (reason, rule) = condition::failed(&mismatch?, &outcome.received);
            let name = route.source.as_ref().map_or_else(|| route.name.clone(), rule_name);
            Some(format!("passed over: {name}: {reason} [{rule}]"))
        })
        .collect();
    let hidden = passed.len().saturating_sub(MAX_TRIALS);
    lines.extend(passed.into_iter().take(MAX_TRIALS));
    if hidden > 0 {
        lines.push(format!("and {hidden} more"));
    }
    lines
}
