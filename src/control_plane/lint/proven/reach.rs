//! Requests that reach a rule.

use std::collections::BTreeMap;

use super::super::{Outcome, Proof};
use super::sample::sample;
use super::survey::{Asked, Survey, concrete};
use crate::data_plane::{
    Edge, HeaderMatcher, PathMatcher, Request, Route, RouteMatcher, RouteSource, StringMatcher,
    VirtualHost, router,
};

/// Where a route stands: table, virtual host, route.
pub(super) type RouteAt = (usize, usize, usize);

/// All routes by the object and the index of the rule that they were made from.
#[derive(Clone, Debug, Default)]
pub(super) struct Reached {
    routes: BTreeMap<(String, usize), Vec<RouteAt>>,
}

/// How many names of a wildcard are tried.
const NAMES: usize = 3;

// === impl Reached ===

impl Reached {
    /// Indexes all tables.
    pub(super) fn new(survey: &Survey<'_>) -> Self {
        let mut reached = Self::default();
        for (table, asked) in survey.asked.iter().enumerate() {
            for (host, virtual_host) in asked.table.virtual_hosts().iter().enumerate() {
                for (index, route) in virtual_host.routes.iter().enumerate() {
                    let Some(source) = &route.source else { continue };
                    let key = (source.object.clone(), source.rule);
                    reached.routes.entry(key).or_default().push((table, host, index));
                }
            }
        }
        reached
    }

    /// Returns the routes of a rule.
    pub(super) fn of(&self, object: &str, rule: usize) -> &[RouteAt] {
        self.routes.get(&(object.to_owned(), rule)).map_or(&[], Vec::as_slice)
    }
}

/// Returns what stands at a place.
pub(super) fn at<'s>(
    survey: &'s Survey<'_>,
    (table, host, route): RouteAt,
) -> Option<(&'s Asked, &'s VirtualHost, &'s Route)> {
    let asked = survey.asked.get(table)?;
    let host = asked.table.virtual_hosts().get(host)?;
    Some((asked, host, host.routes.get(route)?))
}

/// Finds a request that the table answers with this very route.
pub(super) fn witness(asked: &Asked, host: &VirtualHost, route: &Route) -> Option<Request> {
    let request = request_for(asked, host, &route.matcher)?;
    let taken = taken_by(asked, &request)?;
    (taken.source == route.source).then_some(request)
}

/// Returns the route that takes a request.
pub(super) fn taken_by<'t>(asked: &'t Asked, request: &Request) -> Option<&'t Route> {
    match asked.decide(request).0 {
        router::Decision::Forward(_, route, _)
        | router::Decision::Redirect(_, route, _)
        | router::Decision::Direct(_, route, _)
        | router::Decision::Preflight(_, route, _) => Some(route),
        _ => None,
    }
}

/// Returns the rule that takes a request.
pub(super) fn source_of<'t>(asked: &'t Asked, request: &Request) -> Option<&'t RouteSource> {
    taken_by(asked, request)?.source.as_ref()
}

/// Builds the proof of a finding.
pub(super) fn proof(asked: &Asked, request: Request, outcome: Outcome) -> Proof {
    Proof { entry: asked.entry.clone(), request, outcome }
}

/// Builds a request for a virtual host that satisfies a matcher; which route takes it is not asked.
pub(super) fn request_for(
    asked: &Asked,
    host: &VirtualHost,
    matcher: &RouteMatcher,
) -> Option<Request> {
    authorities(asked, host, matcher).into_iter().find_map(|authority| {
        let request = build(asked, &authority, matcher)?;
        let (decision, received) = asked.decide(&request);
        if matches!(decision, router::Decision::HttpsRedirect(_)) {
            return None;
        }
        let meant = asked.table.virtual_host(&authority)?;
        (std::ptr::eq(meant, host) && matcher.matches(&received?)).then_some(request)
    })
}

/// Host headers that may mean the virtual host.
pub(super) fn authorities(
    asked: &Asked,
    host: &VirtualHost,
    matcher: &RouteMatcher,
) -> Vec<String> {
    let wanted = matcher.headers.iter().filter(|header| is_authority(header) && !header.without);
    let mut found: Vec<String> = wanted.filter_map(|header| value(&header.value)).collect();
    found.extend(asked.dialled.clone());
    for domain in &host.domains {
        found.extend((0..NAMES).map(|number| concrete(domain, number)));
    }
    found.dedup();
    found
}

fn is_authority(header: &HeaderMatcher) -> bool {
    matches!(header.name.as_str(), ":authority" | "host")
}

fn build(asked: &Asked, authority: &str, matcher: &RouteMatcher) -> Option<Request> {
    let mut request = Request::get(authority, path(&matcher.path)?);
    if asked.entry.tls {
        request.scheme = "https".into();
    }
    for header in matcher.headers.iter().filter(|header| !header.without) {
        let pseudo = header.name.starts_with(':') || header.name == "host";
        // The request line is there anyway.
        if pseudo && header.value == StringMatcher::Present {
            continue;
        }
        let value = value(&header.value)?;
        match header.name.as_str() {
            ":method" => request.method = value,
            ":path" => request.path = value,
            // what an application says of its own caller; a gateway knows the connection.
            ":scheme" if asked.edge == Edge::Inside => {
                request.headers.set("x-forwarded-proto", value);
            }
            _ if pseudo => {}
            name => request.headers.set(name, value),
        }
    }
    let query: Option<Vec<String>> = matcher
        .query
        .iter()
        .map(|parameter| Some(format!("{}={}", parameter.name, value(&parameter.value)?)))
        .collect();
    let query = query?.join("&");
    if !query.is_empty() {
        let joint = if request.path.contains('?') { '&' } else { '?' };
        request.path = format!("{}{joint}{query}", request.path);
    }
    for claim in matcher.claims.iter().filter(|claim| !claim.without) {
        request.claims.push((claim.claim.clone(), value(&claim.value)?));
    }
    Some(request)
}

fn path(matcher: &PathMatcher) -> Option<String> {
    let text = match matcher {
        PathMatcher::Any => "/".to_owned(),
        PathMatcher::Exact { path: text, .. }
        | PathMatcher::Prefix { prefix: text, .. }
        | PathMatcher::SegmentPrefix(text) => text.clone(),
        PathMatcher::Regex(regex) => sample(regex)?,
    };
    match text.as_str() {
        "" => Some("/".to_owned()),
        text => text.starts_with('/').then(|| text.to_owned()),
    }
}

fn value(matcher: &StringMatcher) -> Option<String> {
    match matcher {
        StringMatcher::Present => Some("any".to_owned()),
        StringMatcher::Exact(text) | StringMatcher::Prefix(text) => Some(text.clone()),
        StringMatcher::Regex(regex) => sample(regex),
    }
}
