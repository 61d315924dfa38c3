//! `HTTPRoute`: what its schema refuses, and patterns that no proxy would take.
//!
//! Only plain mistakes are looked for. What differs between versions of the schema (repeated names, limits
//! of retries) is left alone; istiod's own checks show in an `HTTPRoute`'s status, not here.

mod filters;

use super::matching;
use super::report::{Report as _, at_most, required};
use crate::config::decode::Located;
use crate::config::gateway_api::{
    BackendRef, HttpRoute, HttpRouteMatch, HttpRouteRule, ParentRef, PathMatch, PathMatchType,
    ValueMatch, ValueMatchType,
};
use crate::config::object::Object;
use crate::diagnostic::{Diagnostics, Place};

/// The methods that a match may name.
const METHODS: [&str; 9] =
    ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
/// The longest path, and the longest value of a query parameter.
const LONGEST_PATH: usize = 1024;
/// The largest weight of a backend.
const LARGEST_WEIGHT: u32 = 1_000_000;

/// Checks an `HTTPRoute`.
pub(super) fn check(object: &Object<HttpRoute>, problems: &mut Diagnostics) {
    let spec = &object.spec;
    for parent in &spec.parent_refs {
        check_parent(parent, problems);
    }
    for hostname in &spec.hostnames {
        check_hostname(hostname, true, problems);
    }
    for rule in spec.rules.iter().flatten() {
        check_rule(rule, problems);
    }
}

fn check_parent(parent: &ParentRef, problems: &mut Diagnostics) {
    check_reference_name(parent.name.as_ref(), parent.place, problems);
    check_port(parent.port.as_ref(), problems);
}

fn check_reference_name(name: Option<&Located<String>>, place: Place, problems: &mut Diagnostics) {
    let name = required(name, "name", place, problems);
    if let Some(name) = name.filter(|name| name.value.is_empty()) {
        problems.refuse("empty-name", name.place, "a name cannot be empty");
    }
}

fn check_port(port: Option<&Located<u32>>, problems: &mut Diagnostics) {
    if let Some(port) = port {
        super::ports::check_number(port, problems);
    }
}

/// A host name of the Gateway API has no capitals; a `*` only as its first label.
fn check_hostname(name: &Located<String>, may_be_wildcard: bool, problems: &mut Diagnostics) {
    let text = name.value.as_str();
    let bare = if may_be_wildcard { text.strip_prefix("*.").unwrap_or(text) } else { text };
    let fits_label = |label: &str| {
        let ends = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        label.starts_with(ends)
            && label.ends_with(ends)
            && label.chars().all(|c| ends(c) || c == '-')
    };
    if bare.split('.').all(fits_label) && text.len() <= 253 {
        return;
    }
    let message = format!("`{text}` is no host name of the Gateway API");
    let help = if may_be_wildcard {
        "small letters, digits, `-` and dots; `*.` may begin it; for all hosts leave the list out"
    } else {
        "small letters, digits, `-` and dots"
    };
    problems.refuse_with("invalid-host", name.place, message, help);
}

fn check_rule(rule: &HttpRouteRule, problems: &mut Diagnostics) {
    for found in &rule.matches {
        check_match(found, problems);
    }
    filters::check(&rule.filters, rule, problems);
    for backend in &rule.backend_refs {
        check_backend(backend, problems);
        filters::check(&backend.filters, rule, problems);
        if let Some(weight) = backend.weight.as_ref().filter(|w| w.value > LARGEST_WEIGHT) {
            let message = format!("weight {} is above {LARGEST_WEIGHT}", weight.value);
            problems.refuse("out-of-range", weight.place, message);
        }
    }
    if let Some(timeouts) = &rule.timeouts {
        check_duration(timeouts.request.as_ref(), problems);
        check_duration(timeouts.backend_request.as_ref(), problems);
    }
    if let Some(retry) = &rule.retry {
        check_duration(retry.backoff.as_ref(), problems);
        for code in retry.codes.iter().filter(|code| !(400..=599).contains(&code.value)) {
            let message = format!("{} is no status of an error", code.value);
            problems.refuse_with("invalid-status", code.place, message, "400 to 599");
        }
    }
}

/// Checks a reference to a backend: a Service needs a port.
fn check_backend(backend: &BackendRef, problems: &mut Diagnostics) {
    check_reference_name(backend.name.as_ref(), backend.place, problems);
    let is_service = backend.group.as_deref().is_none_or(str::is_empty)
        && backend.kind.as_deref().is_none_or(|kind| kind == "Service");
    if is_service {
        required(backend.port.as_ref(), "port", backend.place, problems);
    }
    check_port(backend.port.as_ref(), problems);
}

fn check_match(found: &HttpRouteMatch, problems: &mut Diagnostics) {
    if let Some(path) = &found.path {
        check_path(path, problems);
    }
    for value in found.headers.iter().chain(&found.query_params) {
        check_value(value, problems);
    }
    if let Some(method) =
        found.method.as_ref().filter(|method| !METHODS.contains(&method.value.as_str()))
    {
        let message = format!("`{}` is no HTTP method", method.value);
        problems.refuse_with("invalid-method", method.place, message, METHODS.join(", "));
    }
}

fn check_path(path: &PathMatch, problems: &mut Diagnostics) {
    let Some(value) = &path.value else { return };
    if path.kind == Some(PathMatchType::RegularExpression) {
        matching::check_filled_regex(value, problems);
        return;
    }
    at_most(value, LONGEST_PATH, problems);
    let text = value.value.as_str();
    let why = if !text.starts_with('/') {
        "it does not begin with `/`"
    } else if ["//", "/./", "/../"].iter().any(|part| text.contains(part))
        || text.ends_with("/.")
        || text.ends_with("/..")
    {
        "`//`, `/./` and `/../` are taken out of every request before it is matched"
    } else if text.to_ascii_lowercase().contains("%2f") {
        "an escaped slash is not allowed"
    } else if !is_path(text) {
        "it has characters that a path cannot have"
    } else {
        return;
    };
    let message = format!("`{text}` is no path: {why}");
    problems.refuse("invalid-path", value.place, message);
}

/// Tells whether a text has only characters of paths; `%` begins an escape.
fn is_path(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let fits = match byte {
            b'%' => {
                let mut digit = || bytes.next().is_some_and(|b| b.is_ascii_hexdigit());
                digit() && digit()
            }
            byte => byte.is_ascii_alphanumeric() || b"-/._~!$&'()*+,;=:@".contains(&byte),
        };
        if !fits {
            return false;
        }
    }
    true
}

fn check_value(found: &ValueMatch, problems: &mut Diagnostics) {
    filters::check_header_name(found.name.as_ref(), found.place, problems);
    let Some(value) = required(found.value.as_ref(), "value", found.place, problems) else {
        return;
    };
    if value.value.is_empty() {
        problems.refuse_with(
            "empty-match",
            value.place,
            "the value is empty",
            "for any value write `type: RegularExpression` and `.*`",
        );
    } else if found.kind == Some(ValueMatchType::RegularExpression) {
        matching::check_regex(value, problems);
    }
}

fn check_duration(text: Option<&Located<String>>, problems: &mut Diagnostics) {
    if let Some(text) = text.filter(|text| !is_duration(&text.value)) {
        let message = format!("`{}` is no duration of the Gateway API", text.value);
        problems.refuse_with(
            "invalid-duration",
            text.place,
            message,
            "whole numbers with h, m, s or ms, such as 1s or 1m30s",
        );
    }
}

/// One to four whole numbers of at most five digits, each with a unit.
fn is_duration(text: &str) -> bool {
    let mut rest = text;
    for _ in 0..4 {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let unit = &rest[digits..];
        let after = ["ms", "h", "m", "s"].iter().find_map(|name| unit.strip_prefix(name));
        let Some(after) = after.filter(|_| (1..=5).contains(&digits)) else { return false };
        if after.is_empty() {
            return true;
        }
        rest = after;
    }
    false
}

#[cfg(test)]
mod tests;
