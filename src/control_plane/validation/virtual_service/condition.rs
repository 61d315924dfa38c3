//! Conditions of HTTP rules.

use super::super::hosts::is_dns_label;
use super::super::matching::{self, EmptyPrefix};
use super::super::report::{Report as _, filled};
use super::super::{headers, labels, ports};
use super::gateways::{self, Legacy};
use crate::config::decode::{Located, Map};
use crate::config::istio::virtual_service::{HttpMatch, StringMatch};
use crate::diagnostic::Diagnostics;

/// Checks one entry of `match`.
pub(super) fn check(condition: &HttpMatch, problems: &mut Diagnostics) {
    for (name, text) in condition.headers.iter() {
        headers::check_condition_name(name, problems);
        matching::check(text.as_ref(), EmptyPrefix::Refused, problems);
    }
    for (name, text) in condition.without_headers.iter() {
        headers::check_condition_name(name, problems);
        check_absent(text.as_ref(), problems);
    }
    for (_, text) in condition.query_params.iter() {
        matching::check(text.as_ref(), EmptyPrefix::Refused, problems);
    }
    for entries in [&condition.headers, &condition.without_headers, &condition.query_params] {
        refuse_nothing(entries, problems);
    }
    matching::check(condition.uri.as_ref(), EmptyPrefix::Allowed, problems);
    for text in [&condition.scheme, &condition.method, &condition.authority] {
        matching::check(text.as_ref(), EmptyPrefix::Refused, problems);
    }
    ports::check_optional(condition.port.as_ref(), problems);
    labels::check(&condition.source_labels, problems);
    gateways::check(&condition.gateways, Legacy::Silent, problems);
    if let Some(namespace) = filled(condition.source_namespace.as_ref())
        && !is_dns_label(&namespace.value)
    {
        let message = format!("`{}` is no namespace", namespace.value);
        problems.refuse("invalid-namespace", namespace.place, message);
    }
}

/// in `withoutHeaders` the regular expression `*` means any value.
fn check_absent(text: Option<&StringMatch>, problems: &mut Diagnostics) {
    let is_star = |text: &&StringMatch| {
        text.regex.as_ref().is_some_and(|regex| regex.value == "*") && text.prefix.is_none()
    };
    match text.filter(is_star) {
        Some(star) => matching::check_kinds(star, problems),
        None => matching::check(text, EmptyPrefix::Refused, problems),
    }
}

/// a name without condition is a mistake.
fn refuse_nothing(entries: &Map<Option<StringMatch>>, problems: &mut Diagnostics) {
    let empty = |(_, text): &&(Located<String>, Option<StringMatch>)| text.is_none();
    for (name, _) in entries.iter().filter(empty) {
        let message = format!("`{}` has no condition", name.value);
        problems.refuse_with(
            "missing-match",
            name.place,
            message,
            "to ask whether there is any value, write `{}`",
        );
    }
}
