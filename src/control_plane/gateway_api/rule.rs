//! Rules of an HTTPRoute, one per match, with the rank that orders them.

use std::cmp::Reverse;

use super::Context;
use super::backend::{self, Backend, HardError};
use super::filters::{self, Filters};
use crate::config::decode::Located;
use crate::config::gateway_api::{
    BackendRef, HttpRoute, HttpRouteMatch, HttpRouteRule, PathMatchType, ValueMatch, ValueMatchType,
};
use crate::config::object::Object;
use crate::control_plane::rules::{
    Action, Match, Mirrors, Retries, Rule, TextMatch, WeightedDestination,
};
use crate::data_plane::RouteSource;
use crate::units::Nanos;

/// A rule and its place in the order of R-209; smaller comes first.
pub(super) struct RankedRule {
    pub rank: Rank,
    pub rule: Rule,
}

/// Without a match last; then path type, path length, method, numbers of headers and query parameters.
type Rank = (bool, u8, Reverse<usize>, bool, Reverse<usize>, Reverse<usize>);

/// Converts all rules of a route; `None` if one of them has a hard error.
pub(super) fn convert(
    context: Context<'_>,
    route: &Object<HttpRoute>,
    for_mesh: bool,
    port: Option<u32>,
) -> Option<Vec<RankedRule>> {
    let default = default_rules(route);
    let rules = route.spec.rules.as_ref().filter(|rules| !rules.is_empty()).unwrap_or(&default);
    let mut out = Vec::new();
    for (index, written) in rules.iter().enumerate() {
        let rule = convert_rule(context, route, written, index, for_mesh).ok()?;
        out.extend(split(written, &rule, port));
    }
    Some(out)
}

/// a route without rules has one without backends.
fn default_rules(route: &Object<HttpRoute>) -> Vec<HttpRouteRule> {
    vec![HttpRouteRule {
        place: route.meta.place,
        name: None,
        matches: Vec::new(),
        filters: Vec::new(),
        backend_refs: Vec::new(),
        timeouts: None,
        retry: None,
    }]
}

fn convert_rule(
    context: Context<'_>,
    route: &Object<HttpRoute>,
    written: &HttpRouteRule,
    index: usize,
    for_mesh: bool,
) -> Result<Rule, HardError> {
    let own = &route.meta.namespace;
    let filters = filters::of_rule(context, &written.filters, own, !for_mesh)?;
    let name = match &written.name {
        Some(name) => name.value.clone(),
        None => format!("{own}.{}.{index}", route.meta.name),
    };
    let destinations = destinations(context, &written.backend_refs, own, !for_mesh)?;
    let Filters { headers, redirect, rewrite, mirrors, cors } = filters;
    let action = match redirect {
        Some(redirect) => Action::Redirect(redirect),
        // nobody to send to.
        None if destinations.is_empty() => Action::Direct { status: 500, body: String::new() },
        None => Action::Route(destinations),
    };
    let (timeout, retries) = limits(written);
    Ok(Rule {
        source: RouteSource {
            object: format!("HTTPRoute {}", route.meta.full_name()),
            rule: index,
            rule_name: name.clone(),
            condition: None,
        },
        name,
        matches: Vec::new(),
        action,
        rewrite,
        timeout,
        retries,
        fault: None,
        mirrors: Mirrors { several: mirrors, ..Mirrors::default() },
        cors,
        headers,
        place: written.place,
    })
}

/// backends of weight 0 are dropped before anything else is looked at.
fn destinations(
    context: Context<'_>,
    backends: &[BackendRef],
    own: &str,
    enforce_grants: bool,
) -> Result<Vec<WeightedDestination>, HardError> {
    let mut out = Vec::new();
    for reference in backends.iter().filter(|reference| backend::weight(reference) > 0) {
        let (Backend::Usable(destination) | Backend::Broken(destination)) =
            backend::resolve(context, reference, own, enforce_grants)?;
        out.push(WeightedDestination {
            destination,
            weight: backend::weight(reference),
            headers: filters::of_backend(&reference.filters)?,
            fallback: None,
        });
    }
    Ok(out)
}

///
fn limits(written: &HttpRouteRule) -> (Option<Nanos>, Option<Retries>) {
    let duration = |text: Option<&Located<String>>| {
        text.and_then(|text| text.value.parse::<Nanos>().ok()).filter(|nanos| nanos.0 > 0)
    };
    let mut retries = written.retry.as_ref().map(|retry| {
        let attempts = retry.attempts.as_ref().map_or(2, |attempts| attempts.value);
        let mut retry_on = "connect-failure,refused-stream,unavailable,cancelled".to_owned();
        for code in &retry.codes {
            retry_on.push_str(&format!(",{}", code.value));
        }
        Retries {
            attempts,
            retry_on,
            backoff: duration(retry.backoff.as_ref()),
            ..Retries::default()
        }
    });
    let Some(timeouts) = &written.timeouts else { return (None, retries) };
    let mut timeout = duration(timeouts.request.as_ref());
    if let Some(backend) = duration(timeouts.backend_request.as_ref()) {
        match &mut retries {
            Some(retries) => retries.per_try_timeout = Some(backend),
            None => timeout = Some(backend),
        }
    }
    (timeout, retries)
}

/// every internal rule has exactly one match.
fn split(written: &HttpRouteRule, rule: &Rule, port: Option<u32>) -> Vec<RankedRule> {
    let mut matches: Vec<Match> =
        written.matches.iter().enumerate().map(|(index, m)| condition(m, index)).collect();
    if matches.is_empty() {
        // a rule without matches has PathPrefix `/`.
        let uri = Some(TextMatch::Prefix("/".to_owned()));
        matches.push(Match { uri, ..Match::default() });
    }
    let rank_and_rule = |mut condition: Match| {
        let rank = rank(&condition);
        // the port of the parent narrows every rule.
        condition.port = port.unwrap_or(0);
        let rule = Rule { matches: vec![condition], ..rule.clone() };
        RankedRule { rank, rule }
    };
    matches.into_iter().map(rank_and_rule).collect()
}

fn rank(condition: &Match) -> Rank {
    let (kind, length) = match &condition.uri {
        Some(TextMatch::Exact(path)) => (0, path.len()),
        Some(TextMatch::Prefix(path)) => (1, path.len()),
        Some(TextMatch::Regex(path)) => (2, path.len()),
        Some(TextMatch::Present) | None => (3, 0),
    };
    let headers = Reverse(condition.headers.len());
    let query = Reverse(condition.query.len());
    (false, kind, Reverse(length), condition.method.is_none(), headers, query)
}

/// a match without path has PathPrefix `/`.
fn condition(written: &HttpRouteMatch, index: usize) -> Match {
    let path = written.path.as_ref();
    let value = path.and_then(|path| path.value.as_ref()).map_or("/", |value| value.value.as_str());
    let kind = path.and_then(|path| path.kind).unwrap_or(PathMatchType::PathPrefix);
    let uri = match kind {
        PathMatchType::Exact => TextMatch::Exact(value.to_owned()),
        PathMatchType::RegularExpression => TextMatch::Regex(value.to_owned()),
        PathMatchType::PathPrefix if value == "/" => TextMatch::Prefix("/".to_owned()),
        PathMatchType::PathPrefix => {
            TextMatch::Prefix(value.strip_suffix('/').unwrap_or(value).to_owned())
        }
    };
    let method = written.method.as_ref().map(|method| TextMatch::Exact(method.value.clone()));
    Match {
        uri: Some(uri),
        method,
        headers: values(&written.headers),
        query: values(&written.query_params),
        index,
        ..Match::default()
    }
}

/// of conditions with the very same name the last one stays.
fn values(written: &[ValueMatch]) -> Vec<(String, TextMatch)> {
    let mut out: Vec<(String, TextMatch)> = Vec::new();
    for entry in written {
        let text = |value: &Option<Located<String>>| {
            value.as_ref().map(|value| value.value.clone()).unwrap_or_default()
        };
        let name = text(&entry.name);
        let value = match entry.kind.unwrap_or(ValueMatchType::Exact) {
            ValueMatchType::Exact => TextMatch::Exact(text(&entry.value)),
            ValueMatchType::RegularExpression => TextMatch::Regex(text(&entry.value)),
        };
        out.retain(|(known, _)| *known != name);
        out.push((name, value));
    }
    out
}
