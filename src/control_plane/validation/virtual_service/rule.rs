//! HTTP rules: which parts exclude each other, and all parts one by one.

use super::super::report::Report as _;
use super::super::{destination, durations, headers};
use super::{action, condition, policy};
use crate::config::istio::virtual_service::HttpRule;
use crate::diagnostic::{Diagnostics, Place};

/// Checks a rule of a `VirtualService` or of a delegate.
pub(super) fn check(rule: &HttpRule, in_delegate: bool, problems: &mut Diagnostics) {
    check_parts(rule, in_delegate, problems);
    for entry in &rule.matches {
        condition::check(entry, problems);
    }
    headers::check_operations(rule.headers.as_ref(), problems);
    destination::check_http(&rule.route, problems);
    durations::check(rule.timeout.as_ref(), problems);
    if let Some(redirect) = &rule.redirect {
        action::check_redirect(redirect, &rule.matches, problems);
    }
    if let Some(direct) = &rule.direct_response {
        action::check_direct_response(direct, problems);
    }
    if let Some(rewrite) = &rule.rewrite {
        action::check_rewrite(rewrite, problems);
    }
    action::check_authority(rule.rewrite.as_ref(), rule.headers.as_ref(), problems);
    if let Some(retries) = &rule.retries {
        policy::check_retries(retries, problems);
    }
    if let Some(fault) = &rule.fault {
        policy::check_fault(fault, problems);
    }
    policy::check_mirrors(rule, problems);
    if let Some(cors) = &rule.cors_policy {
        policy::check_cors(cors, problems);
    }
}

///
fn check_parts(rule: &HttpRule, in_delegate: bool, problems: &mut Diagnostics) {
    let delegate = rule.delegate.as_ref().map(|delegate| delegate.place);
    let route = rule.route.first().map(|route| route.place);
    let redirect = rule.redirect.as_ref().map(|redirect| redirect.place);
    let direct = rule.direct_response.as_ref().map(|direct| direct.place);
    if let Some(place) = delegate {
        if in_delegate {
            problems.refuse("nested-delegate", place, "a delegate cannot delegate again");
        } else {
            exclude("delegate", &[("route", route), ("redirect", redirect)], problems);
            return;
        }
    }
    let fault = rule.fault.as_ref().map(|fault| fault.place);
    let rewrite = rule.rewrite.as_ref().map(|rewrite| rewrite.place);
    let others = [("route", route), ("fault", fault), ("rewrite", rewrite)];
    if redirect.is_some() {
        exclude("redirect", &others, problems);
        exclude("redirect", &[("directResponse", direct)], problems);
    } else if direct.is_some() {
        exclude("directResponse", &others, problems);
    } else if route.is_none() {
        problems.refuse_with(
            "no-action",
            rule.place,
            "this rule says nothing about what to do with a request",
            "write `route`, `redirect` or `directResponse`",
        );
    }
    if let (Some(_), Some(mirror)) = (&rule.mirror, rule.mirrors.first()) {
        exclude("mirror", &[("mirrors", Some(mirror.place))], problems);
    }
}

/// Reports what stands beside a part that stands alone.
fn exclude(part: &str, others: &[(&str, Option<Place>)], problems: &mut Diagnostics) {
    for (name, place) in others {
        if let Some(place) = place {
            let message = format!("a rule with `{part}` cannot have `{name}`");
            problems.refuse("exclusive-fields", *place, message);
        }
    }
}
