//! Tests of Envoy's `router_check_tool`: one route, one random number, what the route makes of the request.
//!
//! The tool reads a route table, lanecast makes it from the mesh: cluster and virtual host names are those of
//! istiod. What has no meaning there is named in the notes and not checked.

use super::decide::{Leg, Outcome};
use super::entry::Entries;
use super::judge::{Context, why};
use super::report::Failure;
use super::run::{Asked, Expected as Kind, Prepared};
use super::written::matcher::{self, HeaderMatch};
use super::written::tool::{HeaderLine, ToolFile, ToolTest, Validate};
use crate::config::decode::{Decode, Located};
use crate::config::node::{Node, Value};
use crate::data_plane::{HeaderMap, Request};
use crate::diagnostic::{Diagnostic, Diagnostics, Place};

/// What a test expects.
pub(super) struct Expected {
    validate: Validate,
    random: u64,
    /// Headers of the application's answer.
    upstream: HeaderMap,
}

/// Fields that a mesh gives no meaning to: where they stand, and why.
const NOT_APPLIED: [(&str, &str); 4] = [
    ("virtual_cluster_name", "istiod makes no virtual clusters"),
    ("internal", "no request of a mesh counts as internal"),
    ("runtime", "istiod's routes have no runtime keys"),
    ("dynamic_metadata", "istiod's routes match no dynamic metadata of tests"),
];

/// Tells whether a file is one of the tool's.
pub(super) fn is_one(root: &Node) -> bool {
    let Some(Value::Sequence(tests)) = root.get("tests").map(|tests| &tests.value) else {
        return false;
    };
    let keys = ["test_name", "input", "validate"];
    tests.iter().any(|test| keys.iter().any(|key| test.get(key).is_some()))
}

/// Resolves all tests of a file.
pub(super) fn prepare(
    root: &Node,
    entries: &Entries<'_>,
    notes: &mut Vec<String>,
    problems: &mut Diagnostics,
) -> Vec<Prepared> {
    for (field, reason) in NOT_APPLIED {
        let count = occurrences(root, field);
        if count > 0 {
            notes.push(format!("not checked: {field} ({count}x): {reason}"));
        }
    }
    let Some(file) = ToolFile::decode(root, problems) else { return Vec::new() };
    let tests = file.tests.into_iter();
    tests.filter_map(|test| prepare_one(test, entries, notes, problems)).collect()
}

/// How often a field is set; `false` is as good as absent.
fn occurrences(node: &Node, field: &str) -> usize {
    match &node.value {
        Value::Sequence(items) => items.iter().map(|item| occurrences(item, field)).sum(),
        Value::Mapping(entries) => entries
            .iter()
            .map(|(key, value)| {
                let set = !matches!(value.value, Value::Null | Value::Bool(false, _));
                usize::from(key.name == field && set) + occurrences(value, field)
            })
            .sum(),
        _ => 0,
    }
}

fn prepare_one(
    test: ToolTest,
    entries: &Entries<'_>,
    notes: &mut Vec<String>,
    problems: &mut Diagnostics,
) -> Option<Prepared> {
    let place = test.name.as_ref().map_or(test.place, |name| name.place);
    let name = test
        .name
        .as_ref()
        .map_or_else(|| format!("line {}", test.place.line), |name| name.value.clone());
    let mut missing = |what: &str, place: Place| {
        let message = format!("test `{name}` has no `{what}`");
        problems.push(Diagnostic::error("missing-field", place, message));
    };
    let Some(input) = test.input else {
        missing("input", test.place);
        return None;
    };
    let Some(validate) = test.validate else {
        missing("validate", test.place);
        return None;
    };
    for (field, value) in
        [("authority", &input.authority), ("path", &input.path), ("method", &input.method)]
    {
        if value.is_none() {
            missing(field, input.place);
        }
    }
    let text = |value: Option<Located<String>>| value.map(|text| text.value).unwrap_or_default();
    let mut request = Request::get(text(input.authority), text(input.path));
    request.method = text(input.method);
    request.headers = lines(&input.request_headers);
    if input.ssl {
        "https".clone_into(&mut request.scheme);
        // A sidecar learns of the client's scheme from this header only.
        request.headers.set("x-forwarded-proto", "https");
    }
    let entry = entries.of(&request, notes, problems)?;
    let random = input.random.map_or(0, |random| random.value.0);
    let upstream = lines(&input.response_headers);
    let expected = Kind::Tool(Box::new(Expected { validate, random, upstream }));
    Some(Prepared { name, place, requests: vec![Asked { entry, request }], expected })
}

fn lines(lines: &[HeaderLine]) -> HeaderMap {
    HeaderMap::decode(lines.iter().filter_map(|line| {
        let value = line.value.as_ref().map(|value| value.value.clone()).unwrap_or_default();
        Some((line.key.as_ref()?.value.as_str(), value))
    }))
}

// === impl Expected ===

impl Expected {
    /// Compares a decision; also returns the destination that the random number picks.
    pub(super) fn judge(
        &self,
        context: &Context<'_>,
        outcome: &Outcome,
    ) -> (Vec<Failure>, Option<usize>) {
        let picked = outcome.forward().map(|forward| forward.pick(self.random));
        let legs = outcome.legs.as_deref().unwrap_or_default();
        let leg = legs.iter().find(|leg| picked.is_none_or(|picked| leg.index == picked));
        let mut comparison = Comparison { failures: Vec::new() };
        self.texts(outcome, leg, &mut comparison);
        let sent = leg.map_or(&outcome.received, |leg| &leg.sent);
        let answer = outcome.answer_headers(leg, self.upstream.clone());
        for matcher in &self.validate.request_headers {
            comparison.header(matcher, "request", sent, &sent.headers);
        }
        for matcher in &self.validate.response_headers {
            comparison.header(matcher, "response", sent, &answer);
        }
        for (line, headers, kind) in self
            .validate
            .request_fields
            .iter()
            .map(|line| (line, &sent.headers, "request"))
            .chain(self.validate.response_fields.iter().map(|line| (line, &answer, "response")))
        {
            let Some(key) = &line.key else { continue };
            let found = matcher::value(&key.value, sent, headers).unwrap_or_default();
            comparison.text(line.value.as_ref(), &format!("{kind} header {}", key.value), &found);
        }
        let mut failures = comparison.failures;
        if !failures.is_empty() {
            let why = why(context, outcome);
            for failure in &mut failures {
                failure.why.clone_from(&why);
            }
        }
        (failures, picked)
    }

    fn texts(&self, outcome: &Outcome, leg: Option<&Leg>, comparison: &mut Comparison) {
        let validate = &self.validate;
        let forwards = outcome.forward().is_some();
        let of_leg = |get: fn(&Leg) -> &String| leg.filter(|_| forwards).map_or("", |l| get(l));
        comparison.text(validate.cluster.as_ref(), "cluster_name", of_leg(|leg| &leg.named));
        let host = if forwards { outcome.virtual_host() } else { "" };
        comparison.text(validate.virtual_host.as_ref(), "virtual_host_name", host);
        comparison.text(validate.host.as_ref(), "host_rewrite", of_leg(|leg| &leg.sent.authority));
        comparison.text(validate.path.as_ref(), "path_rewrite", of_leg(|leg| &leg.sent.path));
        let redirect = outcome.redirect();
        let location = redirect.as_ref().map_or("", |(_, location)| location.as_str());
        comparison.text(validate.redirect.as_ref(), "path_redirect", location);
        if let Some(code) = &validate.code {
            let direct = outcome.direct().map(|(status, _)| status);
            let found = redirect.map(|(status, _)| status).or(direct).unwrap_or(0);
            if code.value.0 != u64::from(found) {
                let expected = format!("code_redirect {}", code.value.0);
                comparison.fail(code.place, expected, found.to_string());
            }
        }
    }
}

/// What did not hold so far.
struct Comparison {
    failures: Vec<Failure>,
}

// === impl Comparison ===

impl Comparison {
    fn fail(&mut self, place: Place, expected: String, got: String) {
        self.failures.push(Failure { place, expected, got, why: Vec::new() });
    }

    fn text(&mut self, expected: Option<&Located<String>>, what: &str, got: &str) {
        let Some(expected) = expected.filter(|expected| expected.value != got) else { return };
        let none = |text: &str| match text {
            "" => "none".to_owned(),
            text => format!("`{text}`"),
        };
        self.fail(expected.place, format!("{what} {}", none(&expected.value)), none(got));
    }

    fn header(&mut self, matcher: &HeaderMatch, kind: &str, sent: &Request, headers: &HeaderMap) {
        let Some(name) = &matcher.name else { return };
        let found = matcher::value(&name.value, sent, headers);
        if !matcher.holds(found.as_deref()) {
            let got = found.map_or_else(|| "it is absent".to_owned(), |value| format!("`{value}`"));
            self.fail(matcher.place, format!("{kind} header {} to match", name.value), got);
        }
    }
}
