//! Test cases of istio-config-validator: what a rule says, field by field.
//!
//! A case names fields of an `http` entry; they are read like one, and compared with the entry that takes the
//! request. `wantMatch: false` turns every comparison round. Every combination of authority, method and URI is
//! one request.

use super::coverage::rule_name;
use super::decide::Outcome;
use super::entry::Entries;
use super::judge::{Context, why, words};
use super::report::Failure;
use super::run::{Asked, Expected as Kind, Prepared};
use super::written::cases::{Case, CaseRequest, CasesFile};
use crate::config::decode::{Decode, Located};
use crate::config::istio::virtual_service::{Delegate, HttpRule, VirtualService};
use crate::config::node::{Node, Value};
use crate::config::object::{Kind as ObjectKind, Meta, Object};
use crate::control_plane::MeshConfig;
use crate::control_plane::rules::{Action, Rule, WeightedDestination, read_all};
use crate::data_plane::{HeaderMap, Request};
use crate::diagnostic::{Diagnostic, Diagnostics, Place};

/// What a case expects.
pub(super) struct Expected {
    case: Case,
    /// The fields of the case as an entry of a `VirtualService`.
    entry: HttpRule,
}

/// Resolves all cases of a file.
pub(super) fn prepare(
    nodes: &[Node],
    entries: &Entries<'_>,
    notes: &mut Vec<String>,
    problems: &mut Diagnostics,
) -> Vec<Prepared> {
    let mut prepared = Vec::new();
    for node in nodes {
        let Some(file) = CasesFile::decode(node, problems) else { continue };
        for case in file.cases {
            prepared.extend(prepare_one(case, entries, notes, problems));
        }
    }
    prepared
}

fn prepare_one(
    case: Case,
    entries: &Entries<'_>,
    notes: &mut Vec<String>,
    problems: &mut Diagnostics,
) -> Option<Prepared> {
    let place = case.description.as_ref().map_or(case.place, |name| name.place);
    let name = case
        .description
        .as_ref()
        .map_or_else(|| format!("line {}", case.place.line), |name| name.value.clone());
    let Some(request) = &case.request else {
        let message = format!("test case `{name}` has no request");
        problems.push(Diagnostic::error("missing-field", case.place, message));
        return None;
    };
    let mut requests = Vec::new();
    for request in combinations(request, problems) {
        let entry = entries.of(&request, notes, problems)?;
        requests.push(Asked { entry, request });
    }
    let empty = Node { value: Value::Mapping(Vec::new()), place: case.place };
    let mut entry = HttpRule::decode(&empty, problems)?;
    entry.route = case.route.clone().unwrap_or_default();
    entry.redirect.clone_from(&case.redirect);
    entry.rewrite.clone_from(&case.rewrite);
    entry.fault.clone_from(&case.fault);
    entry.headers.clone_from(&case.headers);
    let expected = Expected { case, entry };
    if expected.fields().next().is_none() && expected.case.delegate.is_none() {
        let message = format!("test case `{name}` expects nothing");
        let help = "name one of: route, redirect, rewrite, fault, headers, delegate";
        problems.push(Diagnostic::error("missing-field", expected.case.place, message).help(help));
    }
    Some(Prepared { name, place, requests, expected: Kind::Validator(Box::new(expected)) })
}

fn combinations(request: &CaseRequest, problems: &mut Diagnostics) -> Vec<Request> {
    for (list, key) in
        [(&request.authority, "authority"), (&request.method, "method"), (&request.uri, "uri")]
    {
        if list.is_empty() {
            let message = format!("this request has no `{key}`");
            let help = format!("write `{key}: [...]` with at least one entry");
            problems.push(Diagnostic::error("missing-field", request.place, message).help(help));
        }
    }
    let mut requests = Vec::new();
    for uri in &request.uri {
        if !uri.value.starts_with('/') {
            let message = format!("the path `{}` does not begin with `/`", uri.value);
            problems.push(Diagnostic::error("invalid-path", uri.place, message));
        }
        for authority in &request.authority {
            for method in &request.method {
                let mut one = Request::get(authority.value.clone(), uri.value.clone());
                one.method.clone_from(&method.value);
                one.headers = HeaderMap::decode(request.headers.iter());
                requests.push(one);
            }
        }
    }
    requests
}

// === impl Expected ===

impl Expected {
    /// The fields that the case names, with their places.
    fn fields(&self) -> impl Iterator<Item = (&'static str, Place)> {
        let case = &self.case;
        let route = case.route.as_ref().map(|list| list.first().map_or(case.place, |it| it.place));
        [
            ("route", route),
            ("redirect", case.redirect.as_ref().map(|it| it.place)),
            ("rewrite", case.rewrite.as_ref().map(|it| it.place)),
            ("fault", case.fault.as_ref().map(|it| it.place)),
            ("headers", case.headers.as_ref().map(|it| it.place)),
        ]
        .into_iter()
        .filter_map(|(name, place)| Some((name, place?)))
    }

    /// Compares the case with the rule that takes a request.
    pub(super) fn judge(&self, context: &Context<'_>, outcome: &Outcome) -> Vec<Failure> {
        let rule = context.rules.rule(outcome);
        let wanted = self.as_rule(context, outcome);
        let mut failures = Vec::new();
        for (field, place) in self.fields() {
            let equal = match (&wanted, rule) {
                (Some(wanted), Some(rule)) => is_equal(field, wanted, rule),
                _ => false,
            };
            if equal != self.case.want_match {
                failures.push(self.failure(field, place, context, outcome));
            }
        }
        if let Some(delegate) = &self.case.delegate
            && is_delegated(delegate, context, outcome) != self.case.want_match
        {
            failures.push(self.failure("delegate", delegate.place, context, outcome));
        }
        failures
    }

    fn failure(
        &self,
        field: &str,
        place: Place,
        context: &Context<'_>,
        outcome: &Outcome,
    ) -> Failure {
        let expected = if self.case.want_match { "this" } else { "anything but this" };
        let by = match outcome.rule() {
            Some(source) => format!("{}, which gives ", rule_name(source)),
            None => String::new(),
        };
        Failure {
            place,
            expected: format!("{expected} {field}"),
            got: format!("{by}{}", words(context, outcome)),
            why: why(context, outcome),
        }
    }

    /// The fields of the case as a rule, read as istiod would read them in the object that decided.
    fn as_rule(&self, context: &Context<'_>, outcome: &Outcome) -> Option<Rule> {
        let (namespace, _) = outcome.rule()?.object.split_once(' ')?.1.split_once('/')?;
        rule_of(&self.entry, namespace, &context.base.mesh.config)
    }
}

/// Reads an entry as the only one of a `VirtualService` of a namespace.
fn rule_of(entry: &HttpRule, namespace: &str, config: &MeshConfig) -> Option<Rule> {
    let place = entry.place;
    let meta = Meta {
        name: "expected".to_owned(),
        namespace: namespace.to_owned(),
        labels: std::collections::BTreeMap::new(),
        annotations: std::collections::BTreeMap::new(),
        created: None,
        owners: Vec::new(),
        place,
    };
    let host = Located { value: "expected".to_owned(), place };
    let spec = VirtualService {
        place,
        hosts: vec![host],
        gateways: Vec::new(),
        http: vec![entry.clone()],
        tls: Vec::new(),
        tcp: Vec::new(),
        export_to: Vec::new(),
    };
    let object = Object { kind: ObjectKind::VirtualService, meta, spec };
    read_all(&[object], config).pop()?.rules.pop()
}

fn is_equal(field: &str, wanted: &Rule, rule: &Rule) -> bool {
    match field {
        "route" => match (&wanted.action, &rule.action) {
            (Action::Route(wanted), Action::Route(found)) => same_destinations(wanted, found),
            _ => false,
        },
        "redirect" => match (&wanted.action, &rule.action) {
            (Action::Redirect(wanted), Action::Redirect(found)) => wanted == found,
            _ => false,
        },
        "rewrite" => wanted.rewrite == rule.rewrite,
        "fault" => wanted.fault == rule.fault,
        _ => wanted.headers == rule.headers,
    }
}

/// A single destination takes everything, whatever its weight says.
fn same_destinations(wanted: &[WeightedDestination], found: &[WeightedDestination]) -> bool {
    let single = wanted.len() == 1;
    wanted.len() == found.len()
        && wanted.iter().zip(found).all(|(wanted, found)| {
            let (a, b) = (&wanted.destination, &found.destination);
            (&a.host, &a.subset, a.port) == (&b.host, &b.subset, b.port)
                && (single || wanted.weight == found.weight)
                && wanted.headers == found.headers
        })
}

/// Tells whether the rule stands in the place of an entry that names the delegate; it is there only if the
/// delegate is.
fn is_delegated(wanted: &Delegate, context: &Context<'_>, outcome: &Outcome) -> bool {
    let Some(source) = outcome.rule() else { return false };
    let objects = &context.base.resources.virtual_services;
    let root = objects
        .iter()
        .find(|object| source.object == format!("VirtualService {}", object.meta.full_name()));
    let found = root.and_then(|root| root.spec.http.get(source.rule)?.delegate.as_ref());
    let text = |value: &Option<Located<String>>| value.as_ref().map(|it| it.value.clone());
    found.is_some_and(|found| {
        text(&found.name) == text(&wanted.name)
            && wanted
                .namespace
                .as_ref()
                .is_none_or(|_| text(&found.namespace) == text(&wanted.namespace))
    })
}
