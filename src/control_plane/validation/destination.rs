//! Destinations of routes and their weights, with ASM's `fallback` (asm-lanes 2.5).

use super::hosts::{self, is_dns_label};
use super::report::{Report as _, filled, required};
use super::{headers, ports};
use crate::config::decode::Located;
use crate::config::istio::Destination;
use crate::config::istio::virtual_service::{L4Destination, RouteDestination, RouteFallback};
use crate::diagnostic::{Diagnostics, Place};

/// The states of a destination in which ASM goes to its fallback.
const FALLBACK_CASES: [&str; 2] = ["noinstances", "noavailabled"];

/// Checks a destination.
pub(super) fn check(destination: &Destination, problems: &mut Diagnostics) {
    if let Some(host) = required(destination.host.as_ref(), "host", destination.place, problems) {
        if host.value == "*" {
            problems.refuse("any-destination", host.place, "`*` is no destination");
        } else {
            hosts::report(host, hosts::wildcard_domain(&host.value), problems);
        }
    }
    if let Some(subset) = filled(destination.subset.as_ref()) {
        check_subset(subset, problems);
    }
    if let Some(port) = &destination.port {
        match &port.number {
            Some(number) => ports::check_number(number, problems),
            None => {
                problems.refuse("missing-field", port.place, "a port needs its `number`");
            }
        }
    }
}

/// Checks the name of a subset that a destination asks for; in ASM `$label` stands for the value of a
/// traffic label of the request.
fn check_subset(subset: &Located<String>, problems: &mut Diagnostics) {
    let is_placeholder = subset.value.strip_prefix('$').is_some_and(|label| !label.is_empty());
    if !is_placeholder {
        check_subset_name(subset, problems);
    }
}

/// Checks the name of a subset.
pub(super) fn check_subset_name(name: &Located<String>, problems: &mut Diagnostics) {
    if !is_dns_label(&name.value) {
        let message = format!("`{}` is no subset name", name.value);
        problems.refuse_with(
            "invalid-subset-name",
            name.place,
            message,
            "letters, digits and inner `-`, at most 63 characters",
        );
    }
}

/// Checks the destinations of an HTTP rule.
pub(super) fn check_http(routes: &[RouteDestination], problems: &mut Diagnostics) {
    for route in routes {
        let destination =
            required(route.destination.as_ref(), "destination", route.place, problems);
        if let Some(destination) = destination {
            check(destination, problems);
        }
        headers::check_operations(route.headers.as_ref(), problems);
        if let Some(fallback) = &route.fallback {
            check_fallback(fallback, problems);
        }
    }
    let weights: Vec<_> = routes.iter().map(|route| (route.place, route.weight.as_ref())).collect();
    check_weights(&weights, problems);
}

/// Checks the destinations of a TCP or TLS rule.
pub(super) fn check_connections(routes: &[L4Destination], problems: &mut Diagnostics) {
    for route in routes {
        let destination =
            required(route.destination.as_ref(), "destination", route.place, problems);
        if let Some(destination) = destination {
            check(destination, problems);
        }
    }
    let weights: Vec<_> = routes.iter().map(|route| (route.place, route.weight.as_ref())).collect();
    check_weights(&weights, problems);
}

fn check_fallback(fallback: &RouteFallback, problems: &mut Diagnostics) {
    if let Some(case) = filled(fallback.case.as_ref())
        && !FALLBACK_CASES.contains(&case.value.as_str())
    {
        let message = format!("`{}` is no case for a fallback", case.value);
        let known = format!("one of: {}", FALLBACK_CASES.join(", "));
        problems.refuse_with("unknown-word", case.place, message, known);
    }
    match &fallback.target {
        Some(target) => check(target, problems),
        None => problems.warn_with(
            "fallback-without-target",
            fallback.place,
            "this fallback leads nowhere",
            "write `target` with host and subset",
        ),
    }
}

/// of several destinations one at least needs a weight.
fn check_weights(weights: &[(Place, Option<&Located<i32>>)], problems: &mut Diagnostics) {
    for weight in weights.iter().filter_map(|(_, weight)| *weight) {
        if weight.value < 0 {
            let message = format!("weight {} is negative", weight.value);
            problems.refuse("negative-weight", weight.place, message);
        }
    }
    let values = weights.iter().map(|(_, weight)| weight.map_or(0, |weight| weight.value));
    // istiod adds in 32 bits too.
    let total = values.fold(0_i32, i32::wrapping_add);
    if weights.len() > 1 && total == 0 {
        let written = weights.iter().find_map(|(_, weight)| *weight);
        let place = written.map_or(weights[0].0, |weight| weight.place);
        problems.refuse_with(
            "no-weight",
            place,
            "the weights of these destinations sum to 0",
            "a missing weight is 0; write one for each destination that is to get traffic",
        );
    }
}
