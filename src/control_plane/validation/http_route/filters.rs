//! Filters of `HTTPRoute`s: the type says which part is there, and some exclude each other.

use std::collections::BTreeSet;

use super::super::report::{Report as _, required};
use super::{check_backend, check_hostname};
use crate::config::decode::Located;
use crate::config::gateway_api::{
    HeaderFilter, HttpRouteFilter, HttpRouteRule, PathMatchType, PathModifier, PathModifierType,
    RequestMirror, RequestRedirect, UrlRewrite,
};
use crate::diagnostic::{Diagnostics, Place};

/// Types that may stand several times.
const REPEATABLE: [&str; 3] = ["RequestMirror", "ExtensionRef", "ExternalAuth"];
/// The types, those that are only known by name included.
const TYPES: [&str; 8] = [
    "RequestHeaderModifier",
    "ResponseHeaderModifier",
    "RequestMirror",
    "RequestRedirect",
    "URLRewrite",
    "ExtensionRef",
    "CORS",
    "ExternalAuth",
];
/// The statuses of a redirect.
const REDIRECT_CODES: [u16; 5] = [301, 302, 303, 307, 308];

/// Checks the filters of a rule or of one of its backends.
pub(super) fn check(filters: &[HttpRouteFilter], rule: &HttpRouteRule, problems: &mut Diagnostics) {
    let mut known = BTreeSet::new();
    for filter in filters {
        let Some(kind) = required(filter.kind.as_ref(), "type", filter.place, problems) else {
            continue;
        };
        check_type(filter, kind, problems);
        if !known.insert(kind.value.as_str()) && !REPEATABLE.contains(&kind.value.as_str()) {
            let message = format!("there are two filters of type `{}`", kind.value);
            problems.refuse("duplicate-filter", kind.place, message);
        }
        check_content(filter, rule, problems);
    }
    let redirect = filters.iter().find_map(|filter| filter.request_redirect.as_ref());
    let Some(redirect) = redirect else { return };
    if known.contains("URLRewrite") {
        let message = "a redirect cannot stand beside a rewrite";
        problems.refuse("exclusive-fields", redirect.place, message);
    }
    if !rule.backend_refs.is_empty() {
        let message = "a rule that redirects cannot have `backendRefs`";
        problems.refuse("exclusive-fields", redirect.place, message);
    }
}

/// The part that the type names is there, and no other.
fn check_type(filter: &HttpRouteFilter, kind: &Located<String>, problems: &mut Diagnostics) {
    if !TYPES.contains(&kind.value.as_str()) {
        let message = format!("`{}` is no type of filter", kind.value);
        let known = format!("one of: {}", TYPES.join(", "));
        problems.refuse_with("unknown-word", kind.place, message, known);
        return;
    }
    let parts = [
        (
            "RequestHeaderModifier",
            "requestHeaderModifier",
            filter.request_header_modifier.as_ref().map(|part| part.place),
        ),
        (
            "ResponseHeaderModifier",
            "responseHeaderModifier",
            filter.response_header_modifier.as_ref().map(|part| part.place),
        ),
        ("RequestMirror", "requestMirror", filter.request_mirror.as_ref().map(|part| part.place)),
        (
            "RequestRedirect",
            "requestRedirect",
            filter.request_redirect.as_ref().map(|part| part.place),
        ),
        ("URLRewrite", "urlRewrite", filter.url_rewrite.as_ref().map(|part| part.place)),
        ("CORS", "cors", filter.cors.as_ref().map(|part| part.place)),
    ];
    for (of, name, place) in parts {
        match place {
            Some(place) if of != kind.value => {
                let message = format!("`{name}` has no place in a filter of type {}", kind.value);
                problems.refuse_with(
                    "exclusive-fields",
                    place,
                    message,
                    "one filter for each type",
                );
            }
            None if of == kind.value => {
                let message = format!("a filter of type {of} needs `{name}`");
                problems.refuse("missing-field", filter.place, message);
            }
            _ => {}
        }
    }
}

fn check_content(filter: &HttpRouteFilter, rule: &HttpRouteRule, problems: &mut Diagnostics) {
    let modifiers = [&filter.request_header_modifier, &filter.response_header_modifier];
    for headers in modifiers.into_iter().flatten() {
        check_headers(headers, problems);
    }
    if let Some(mirror) = &filter.request_mirror {
        check_mirror(mirror, problems);
    }
    if let Some(redirect) = &filter.request_redirect {
        check_redirect(redirect, rule, problems);
    }
    if let Some(rewrite) = &filter.url_rewrite {
        check_rewrite(rewrite, rule, problems);
    }
}

fn check_headers(headers: &HeaderFilter, problems: &mut Diagnostics) {
    for header in headers.set.iter().chain(&headers.add) {
        check_header_name(header.name.as_ref(), header.place, problems);
        required(header.value.as_ref(), "value", header.place, problems);
    }
}

/// Checks the name of a header or of a query parameter, which has the same characters.
pub(super) fn check_header_name(
    name: Option<&Located<String>>,
    place: Place,
    problems: &mut Diagnostics,
) {
    let Some(name) = required(name, "name", place, problems) else { return };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.value.is_empty() || name.value.len() > 256 || !name.value.bytes().all(fits) {
        let message = format!("`{}` is no header name", name.value);
        problems.refuse("invalid-header-name", name.place, message);
    }
}

fn check_mirror(mirror: &RequestMirror, problems: &mut Diagnostics) {
    let backend = required(mirror.backend_ref.as_ref(), "backendRef", mirror.place, problems);
    if let Some(backend) = backend {
        check_backend(backend, problems);
    }
    if let Some(percent) = mirror.percent.as_ref().filter(|percent| percent.value > 100) {
        let message = format!("{} is not between 0 and 100", percent.value);
        problems.refuse("invalid-percentage", percent.place, message);
    }
    let Some(fraction) = &mirror.fraction else { return };
    if mirror.percent.is_some() {
        let message = "`fraction` cannot stand beside `percent`";
        problems.refuse("exclusive-fields", fraction.place, message);
    }
    let upper = required(fraction.numerator.as_ref(), "numerator", fraction.place, problems);
    let lower = fraction.denominator.as_ref().map_or(100, |lower| lower.value);
    if let Some(upper) = upper.filter(|upper| upper.value > lower) {
        let message = format!("{} of {lower} is more than everything", upper.value);
        problems.refuse("invalid-percentage", upper.place, message);
    }
}

fn check_redirect(redirect: &RequestRedirect, rule: &HttpRouteRule, problems: &mut Diagnostics) {
    if let Some(scheme) =
        redirect.scheme.as_ref().filter(|s| !matches!(s.value.as_str(), "http" | "https"))
    {
        let message = format!("a redirect cannot go to `{}`", scheme.value);
        problems.refuse_with("invalid-scheme", scheme.place, message, "http or https");
    }
    if let Some(code) =
        redirect.status_code.as_ref().filter(|code| !REDIRECT_CODES.contains(&code.value))
    {
        let message = format!("{} is no status of a redirect", code.value);
        problems.refuse_with("invalid-status", code.place, message, "301, 302, 303, 307 or 308");
    }
    if let Some(port) = &redirect.port {
        super::super::ports::report_number(port.value.into(), port.place, problems);
    }
    if let Some(hostname) = &redirect.hostname {
        check_hostname(hostname, false, problems);
    }
    check_path(redirect.path.as_ref(), rule, problems);
}

fn check_rewrite(rewrite: &UrlRewrite, rule: &HttpRouteRule, problems: &mut Diagnostics) {
    if let Some(hostname) = &rewrite.hostname {
        check_hostname(hostname, false, problems);
    }
    check_path(rewrite.path.as_ref(), rule, problems);
}

fn check_path(path: Option<&PathModifier>, rule: &HttpRouteRule, problems: &mut Diagnostics) {
    let Some(path) = path else { return };
    let Some(kind) = required(path.kind.as_ref(), "type", path.place, problems) else { return };
    let full = path.replace_full_path.as_ref();
    let prefix = path.replace_prefix_match.as_ref();
    let (name, wanted, other) = match kind {
        PathModifierType::ReplaceFullPath => ("replaceFullPath", full, prefix),
        PathModifierType::ReplacePrefixMatch => ("replacePrefixMatch", prefix, full),
    };
    required(wanted, name, path.place, problems);
    if let Some(other) = other {
        let message = format!("with this type only `{name}` may stand here");
        problems.refuse("exclusive-fields", other.place, message);
    }
    let replaces_prefix = *kind == PathModifierType::ReplacePrefixMatch;
    if let Some(prefix) = prefix.filter(|_| replaces_prefix && !matches_one_prefix(rule)) {
        problems.refuse_with(
            "prefix-rewrite-without-prefix",
            prefix.place,
            "a prefix can be replaced only if the rule has one match, of type PathPrefix",
            "make a rule for each path",
        );
    }
}

/// Tells whether a rule has exactly one match, and that by a prefix; a rule without match, and a match
/// without path, have the prefix `/`.
fn matches_one_prefix(rule: &HttpRouteRule) -> bool {
    let by_prefix = |kind: Option<PathMatchType>| kind.unwrap_or(PathMatchType::PathPrefix);
    match rule.matches.as_slice() {
        [] => true,
        [only] => only.path.as_ref().is_none_or(|p| by_prefix(p.kind) == PathMatchType::PathPrefix),
        _ => false,
    }
}
