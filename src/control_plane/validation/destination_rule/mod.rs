//! `DestinationRule`: host, subsets, traffic policies.

mod balancer;
mod client_tls;
mod locality;

use std::collections::BTreeSet;

use super::export::{self, Exported};
use super::report::{Report as _, at_most_entries, errors_only, exclusive, filled, required};
use super::{addresses, connection_pool, destination, durations, hosts, labels, numbers, ports};
use crate::config::istio::destination_rule::{
    DestinationRule, OutlierDetection, PortPolicy, RetryBudget, Subset, TrafficPolicy, Tunnel,
};
use crate::config::object::Object;
use crate::diagnostic::{Diagnostics, Place};

/// The most entries of `portLevelSettings`, and the most labels of a selector.
const MOST_ENTRIES: usize = 4096;

/// Checks a `DestinationRule`.
pub(super) fn check(object: &Object<DestinationRule>, problems: &mut Diagnostics) {
    let (spec, namespace) = (&object.spec, object.meta.namespace.as_str());
    if let Some(host) = required(spec.host.as_ref(), "host", spec.place, problems) {
        hosts::report(host, hosts::wildcard_domain(&host.value), problems);
    }
    if let Some(policy) = &spec.traffic_policy {
        check_policy(policy, namespace, problems);
    }
    check_subsets(&spec.subsets, namespace, problems);
    let selector = spec.workload_selector.as_ref();
    let exported = if selector.is_some() { Exported::SelectingRule } else { Exported::Rule };
    export::check(&spec.export_to, namespace, exported, problems);
    if let Some(selector) = selector {
        labels::check_selector(&selector.match_labels, selector.place, MOST_ENTRIES, problems);
    }
}

fn check_subsets(subsets: &[Subset], namespace: &str, problems: &mut Diagnostics) {
    let mut known = BTreeSet::new();
    for subset in subsets {
        let name = required(subset.name.as_ref(), "name", subset.place, problems);
        if let Some(name) = name {
            destination::check_subset_name(name, problems);
            if !known.insert(name.value.as_str()) {
                let message = format!("there are two subsets `{}`", name.value);
                problems.refuse("duplicate-subset", name.place, message);
            }
        }
        labels::check(&subset.labels, problems);
        if let Some(policy) = &subset.traffic_policy {
            errors_only(problems, |problems| check_policy(policy, namespace, problems));
        }
    }
}

fn check_policy(policy: &TrafficPolicy, namespace: &str, problems: &mut Diagnostics) {
    let parts = [
        policy.load_balancer.is_some(),
        policy.connection_pool.is_some(),
        policy.outlier_detection.is_some(),
        policy.tls.is_some(),
        !policy.port_level_settings.is_empty(),
        policy.tunnel.is_some(),
        policy.proxy_protocol.is_some(),
        policy.retry_budget.is_some(),
    ];
    if !parts.contains(&true) {
        report_empty(policy.place, "this traffic policy says nothing", problems);
    }
    let tunnel = policy.tunnel.as_ref().map(|tunnel| tunnel.place);
    let proxy_protocol = policy.proxy_protocol.as_ref().map(|protocol| protocol.place);
    exclusive(&[("tunnel", tunnel), ("proxyProtocol", proxy_protocol)], problems);
    let outlier = policy.outlier_detection.as_ref();
    if let Some(outlier) = outlier {
        check_outlier(outlier, problems);
    }
    if let Some(pool) = &policy.connection_pool {
        connection_pool::check(pool, problems);
    }
    if let Some(balancer) = &policy.load_balancer {
        balancer::check(balancer, outlier, problems);
    }
    if let Some(tls) = &policy.tls {
        client_tls::check(tls, namespace, problems);
    }
    at_most_entries(policy.port_level_settings.len(), MOST_ENTRIES, policy.place, problems);
    for port in &policy.port_level_settings {
        errors_only(problems, |problems| check_port_policy(port, namespace, problems));
    }
    if let Some(tunnel) = &policy.tunnel {
        check_tunnel(tunnel, problems);
    }
    if let Some(budget) = &policy.retry_budget {
        check_retry_budget(budget, problems);
    }
}

fn report_empty(place: Place, message: &str, problems: &mut Diagnostics) {
    problems.refuse_with("empty-policy", place, message, "remove it, or write a setting");
}

/// R-188; the number of the port is not looked at.
fn check_port_policy(policy: &PortPolicy, namespace: &str, problems: &mut Diagnostics) {
    required(policy.port.as_ref(), "port", policy.place, problems);
    let outlier = policy.outlier_detection.as_ref();
    let parts = [
        policy.load_balancer.is_some(),
        policy.connection_pool.is_some(),
        outlier.is_some(),
        policy.tls.is_some(),
    ];
    if !parts.contains(&true) {
        report_empty(policy.place, "these settings of a port say nothing", problems);
    }
    if let Some(outlier) = outlier {
        check_outlier(outlier, problems);
    }
    if let Some(pool) = &policy.connection_pool {
        connection_pool::check(pool, problems);
    }
    if let Some(balancer) = &policy.load_balancer {
        balancer::check(balancer, outlier, problems);
    }
    if let Some(tls) = &policy.tls {
        client_tls::check(tls, namespace, problems);
    }
}

fn check_outlier(outlier: &OutlierDetection, problems: &mut Diagnostics) {
    durations::check(outlier.interval.as_ref(), problems);
    durations::check(outlier.base_ejection_time.as_ref(), problems);
    numbers::check_percent(outlier.max_ejection_percent.as_ref(), problems);
    numbers::check_percent(outlier.min_health_percent.as_ref(), problems);
    if let Some(errors) = outlier.consecutive_errors.as_ref().filter(|errors| errors.value != 0) {
        problems.warn_with(
            "deprecated-field",
            errors.place,
            "`consecutiveErrors` is deprecated and has no effect",
            "write `consecutive5xxErrors` or `consecutiveGatewayErrors`",
        );
    }
    //
    let local = outlier.consecutive_local_origin_failures.as_ref();
    if let Some(local) = local.filter(|local| local.value > 0)
        && !outlier.split_external_local_origin_errors
    {
        problems.refuse_with(
            "local-origin-without-split",
            local.place,
            "connection failures are not counted apart here",
            "write `splitExternalLocalOriginErrors: true`",
        );
    }
    for code in outlier.http_error_codes.iter().filter(|code| !(100..=599).contains(&code.value)) {
        let message = format!("{} is no HTTP status", code.value);
        problems.refuse("invalid-status", code.place, message);
    }
}

fn check_tunnel(tunnel: &Tunnel, problems: &mut Diagnostics) {
    if let Some(protocol) = filled(tunnel.protocol.as_ref())
        && !matches!(protocol.value.as_str(), "CONNECT" | "POST")
    {
        let message = format!("`{}` opens no tunnel", protocol.value);
        problems.refuse_with("unknown-word", protocol.place, message, "CONNECT or POST");
    }
    let host = required(tunnel.target_host.as_ref(), "targetHost", tunnel.place, problems);
    if let Some(host) = host.filter(|host| !addresses::is_ip(&host.value)) {
        hosts::report(host, hosts::domain(&host.value), problems);
    }
    let port = required(tunnel.target_port.as_ref(), "targetPort", tunnel.place, problems);
    if let Some(port) = port {
        ports::check_number(port, problems);
    }
}

fn check_retry_budget(budget: &RetryBudget, problems: &mut Diagnostics) {
    numbers::check_share(budget.percent.as_ref(), problems);
    if let Some(interval) = &budget.budget_interval {
        durations::read(interval, problems);
    }
}

#[cfg(test)]
mod tests;
