//! Conditions of routes in words.

use crate::data_plane::{
    ClaimMatcher, HeaderMatcher, Mismatch, PathMatcher, QueryMatcher, Request, RouteMatcher,
    StringMatcher,
};

/// Why a condition does not hold, and the rule that says so.
pub(crate) fn failed(mismatch: &Mismatch<'_>, request: &Request) -> (String, &'static str) {
    match mismatch {
        Mismatch::Path(path) => {
            (format!("path {} is not {}", request.path_only(), of_path(path)), path_rule(path))
        }
        Mismatch::Header(header) => (failed_header(header, request), header_rule(header)),
        Mismatch::Query(query) => {
            (format!("query parameter {} is not {}", query.name, of_text(&query.value)), "R-081")
        }
        Mismatch::Claim(claim) => {
            (format!("claim {} is not {}", claim.claim, of_text(&claim.value)), "R-083")
        }
    }
}

fn failed_header(header: &HeaderMatcher, request: &Request) -> String {
    let values: Vec<&str> = match header.name.as_str() {
        ":method" => vec![&request.method],
        ":scheme" => vec![&request.scheme],
        ":authority" | "host" => vec![&request.authority],
        ":path" => vec![&request.path],
        name => request.headers.values(name).collect(),
    };
    let shown = match values.as_slice() {
        [] => "absent".to_owned(),
        values => values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", "),
    };
    let wanted = of_text(&header.value);
    if header.without {
        return format!("{} is {shown}, but must not be {wanted}", header.name);
    }
    format!("{} is {shown}, not {wanted}", header.name)
}

/// All conditions of a route.
pub(crate) fn all(matcher: &RouteMatcher) -> String {
    let path = (!matches!(matcher.path, PathMatcher::Any))
        .then(|| format!("path {}", of_path(&matcher.path)));
    let headers = matcher.headers.iter().map(of_header);
    let query = matcher.query.iter().map(of_query);
    let claims = matcher.claims.iter().map(of_claim);
    let all: Vec<String> = path.into_iter().chain(headers).chain(query).chain(claims).collect();
    if all.is_empty() { "every request".to_owned() } else { all.join(" and ") }
}

fn of_header(header: &HeaderMatcher) -> String {
    let not = if header.without { "not " } else { "" };
    format!("{} {not}{}", header.name, of_text(&header.value))
}

fn of_query(query: &QueryMatcher) -> String {
    format!("query parameter {} {}", query.name, of_text(&query.value))
}

fn of_claim(claim: &ClaimMatcher) -> String {
    let not = if claim.without { "not " } else { "" };
    format!("claim {} {not}{}", claim.claim, of_text(&claim.value))
}

fn of_path(path: &PathMatcher) -> String {
    let case = |ignore: &bool| if *ignore { " in any letter case" } else { "" };
    match path {
        PathMatcher::Any => "any".to_owned(),
        PathMatcher::Exact { path, ignore_case } => {
            format!("exactly `{path}`{}", case(ignore_case))
        }
        PathMatcher::Prefix { prefix, ignore_case } => {
            format!("beginning with `{prefix}`{}", case(ignore_case))
        }
        PathMatcher::SegmentPrefix(prefix) => format!("`{prefix}` or below"),
        PathMatcher::Regex(regex) => format!("fitting `{}`", regex.as_str()),
    }
}

fn of_text(value: &StringMatcher) -> String {
    match value {
        StringMatcher::Present => "present".to_owned(),
        StringMatcher::Exact(text) => format!("exactly `{text}`"),
        StringMatcher::Prefix(text) => format!("beginning with `{text}`"),
        StringMatcher::Regex(regex) => format!("fitting `{}`", regex.as_str()),
    }
}

const fn path_rule(path: &PathMatcher) -> &'static str {
    match path {
        PathMatcher::Any => "R-068",
        PathMatcher::Exact { .. } | PathMatcher::Prefix { .. } => "R-064",
        PathMatcher::SegmentPrefix(_) => "E-22",
        PathMatcher::Regex(_) => "R-065",
    }
}

fn header_rule(header: &HeaderMatcher) -> &'static str {
    match (header.without, header.name.starts_with(':'), &header.value) {
        (true, ..) => "R-076",
        (_, true, _) => "R-075",
        (_, _, StringMatcher::Present) => "R-071",
        _ => "R-072",
    }
}
