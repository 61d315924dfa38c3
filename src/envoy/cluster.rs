//! Clusters: `envoy.config.cluster.v3.Cluster` with fixed endpoints.

use serde_json::{Value, json};

use super::message::{Message, duration};
use super::policy::extension;
use crate::data_plane::{
    BalancerPolicy, Cluster, Destination, Discovery, Endpoint, EndpointGroup, Limits, Locality,
    OutlierDetection, SlowStart,
};
use crate::units::Nanos;

/// Istio's time to establish a connection.
const CONNECT_TIMEOUT: Nanos = Nanos(10 * Nanos::SECOND.0);

/// Returns the cluster that a route names for a destination: its own, or the pair with its fallback.
pub(super) fn destination_cluster(destination: &Destination) -> String {
    match &destination.fallback {
        Some(fallback) => pair_name(&destination.cluster, fallback),
        None => destination.cluster.clone(),
    }
}

/// The name of the cluster that tries `first`, then `fallback`.
pub(super) fn pair_name(first: &str, fallback: &str) -> String {
    format!("{first}|fallback|{fallback}")
}

/// An aggregate cluster: the endpoints of `first`, of `fallback` when the first has none that is
/// healthy (asm-lanes 2.5).
pub(super) fn pair(first: &str, fallback: &str) -> Value {
    let config = Message::typed("envoy.extensions.clusters.aggregate.v3.ClusterConfig")
        .with_list("clusters", [json!(first), json!(fallback)]);
    Message::new()
        .with("name", pair_name(first, fallback))
        .with("connect_timeout", duration(CONNECT_TIMEOUT))
        .with("cluster_type", extension("envoy.clusters.aggregate", config))
        .with("lb_policy", "CLUSTER_PROVIDED")
        .into()
}

/// A cluster with its policies and endpoints.
pub(super) fn cluster(cluster: &Cluster) -> Value {
    let original = cluster.discovery == Discovery::OriginalDestination;
    let connect_timeout = cluster.limits.connect_timeout.unwrap_or(CONNECT_TIMEOUT);
    let message = Message::new()
        .with("name", cluster.name.as_str())
        .with("type", discovery(cluster))
        .with("connect_timeout", duration(connect_timeout))
        .with("circuit_breakers", circuit_breakers(&cluster.limits))
        .with_some("typed_extension_protocol_options", protocol_options(cluster))
        .with_some("outlier_detection", cluster.outlier.as_ref().map(outlier_detection));
    if original {
        return message.with("lb_policy", "CLUSTER_PROVIDED").into();
    }
    let by_name = matches!(cluster.discovery, Discovery::StrictDns | Discovery::LogicalDns);
    balancer(message, cluster)
        .with("common_lb_config", common_lb_config(cluster))
        .with_some("dns_lookup_family", by_name.then_some("V4_ONLY"))
        .with("load_assignment", load_assignment(cluster))
        .into()
}

/// Endpoints from the control plane become a fixed list, or names where one is no address.
fn discovery(cluster: &Cluster) -> &'static str {
    match cluster.discovery {
        Discovery::StrictDns => "STRICT_DNS",
        Discovery::LogicalDns => "LOGICAL_DNS",
        Discovery::OriginalDestination => "ORIGINAL_DST",
        Discovery::Eds | Discovery::Static => {
            let is_name = |endpoint: &Endpoint| match split_address(&endpoint.address) {
                Address::Pipe(_) => false,
                Address::Socket(host, _) => host.parse::<std::net::IpAddr>().is_err(),
            };
            if cluster.endpoints().any(is_name) { "STRICT_DNS" } else { "STATIC" }
        }
    }
}

fn balancer(message: Message, cluster: &Cluster) -> Message {
    let slow_start =
        || cluster.slow_start.map(|slow| json!({"slow_start_config": slow_start(slow)}));
    match cluster.balancer {
        BalancerPolicy::LeastRequest => message
            .with("lb_policy", "LEAST_REQUEST")
            .with_some("least_request_lb_config", slow_start()),
        BalancerPolicy::RoundRobin => message
            .with("lb_policy", "ROUND_ROBIN")
            .with_some("round_robin_lb_config", slow_start()),
        BalancerPolicy::Random => message.with("lb_policy", "RANDOM"),
        BalancerPolicy::RingHash { minimum_ring_size } => message
            .with("lb_policy", "RING_HASH")
            .with("ring_hash_lb_config", json!({"minimum_ring_size": minimum_ring_size})),
        BalancerPolicy::Maglev { table_size } => message
            .with("lb_policy", "MAGLEV")
            .with("maglev_lb_config", json!({"table_size": table_size})),
    }
}

fn slow_start(slow: SlowStart) -> Value {
    json!({
        "slow_start_window": duration(slow.window),
        "aggression": {"default_value": slow.aggression, "runtime_key": "slow_start.aggression"},
        "min_weight_percent": {"value": slow.minimum_percent},
    })
}

fn common_lb_config(cluster: &Cluster) -> Value {
    // E-73: written out, because Envoy's own default is 50.
    let message = Message::new()
        .with("healthy_panic_threshold", json!({"value": cluster.panic_threshold_percent}));
    let weighted = cluster.locality_weighted.then(|| json!({}));
    message.with_some("locality_weighted_lb_config", weighted).into()
}

/// what is not limited has Istio's limit of 2^32 - 1.
fn circuit_breakers(limits: &Limits) -> Value {
    let limit = |limit: Option<u32>| limit.unwrap_or(u32::MAX);
    // E-105: it takes the place of the limit of retries.
    let budget = limits.retry_budget.as_ref().map(|budget| {
        json!({
            "budget_percent": {"value": budget.share.percent()},
            "min_retry_concurrency": budget.minimum,
        })
    });
    let thresholds = Message::new()
        .with("max_connections", limit(limits.max_connections))
        .with("max_pending_requests", limit(limits.max_pending_requests))
        .with("max_requests", limit(limits.max_requests))
        .with("max_retries", limit(limits.max_retries))
        .with_some("retry_budget", budget);
    json!({"thresholds": [Value::from(thresholds)]})
}

/// Settings of connections, and the statuses that count as failures.
fn protocol_options(cluster: &Cluster) -> Option<Value> {
    const NAME: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
    let limits = &cluster.limits;
    let common = Message::new()
        .with_some("idle_timeout", limits.idle_timeout.map(duration))
        .with_some("max_requests_per_connection", limits.max_requests_per_connection)
        .with_some("max_connection_duration", limits.max_connection_duration.map(duration));
    let codes = cluster.outlier.as_ref().map_or(&[][..], |outlier| &outlier.http_error_codes);
    let errors = error_matcher(codes);
    if common.is_empty() && limits.max_concurrent_streams.is_none() && errors.is_none() {
        return None;
    }
    let mut options = Message::typed(NAME);
    if !common.is_empty() {
        options = options.with("common_http_protocol_options", common);
    }
    options = match limits.max_concurrent_streams {
        // Only an HTTP/2 connection has streams; HTTP/1.1 clients stay with HTTP/1.1.
        Some(streams) => options.with(
            "use_downstream_protocol_config",
            json!({
                "http_protocol_options": {},
                "http2_protocol_options": {"max_concurrent_streams": streams},
            }),
        ),
        None => options.with("explicit_http_config", json!({"http_protocol_options": {}})),
    };
    let outlier = errors.map(|errors| json!({"error_matcher": errors}));
    Some(json!({NAME: Value::from(options.with_some("outlier_detection", outlier))}))
}

fn error_matcher(codes: &[u16]) -> Option<Value> {
    let rules: Vec<Value> = codes
        .iter()
        .map(|code| {
            let status = json!({"name": ":status", "string_match": {"exact": code.to_string()}});
            json!({"http_response_headers_match": {"headers": [status]}})
        })
        .collect();
    match rules.as_slice() {
        [] => None,
        [only] => Some(only.clone()),
        // Envoy asks for at least two rules here.
        _ => Some(json!({"or_match": {"rules": rules}})),
    }
}

/// success rates never eject.
fn outlier_detection(outlier: &OutlierDetection) -> Value {
    Message::new()
        .with("enforcing_success_rate", 0)
        .with_some("consecutive_5xx", outlier.consecutive_5xx)
        .with_some("enforcing_consecutive_5xx", outlier.enforcing_consecutive_5xx)
        .with_some("consecutive_gateway_failure", outlier.consecutive_gateway_failure)
        .with_some(
            "enforcing_consecutive_gateway_failure",
            outlier.enforcing_consecutive_gateway_failure,
        )
        .with_some("interval", outlier.interval.map(duration))
        .with_some("base_ejection_time", outlier.base_ejection_time.map(duration))
        .with_some("max_ejection_percent", outlier.max_ejection_percent)
        .with_flag("split_external_local_origin_errors", outlier.split_local_origin)
        .with_some("enforcing_local_origin_success_rate", outlier.split_local_origin.then_some(0))
        .with_some("consecutive_local_origin_failure", outlier.consecutive_local_origin_failure)
        .with_some(
            "enforcing_consecutive_local_origin_failure",
            outlier.enforcing_consecutive_local_origin_failure,
        )
        .into()
}

fn load_assignment(cluster: &Cluster) -> Value {
    let groups = cluster.groups.iter().map(locality_endpoints);
    // Envoy refuses a second endpoint of a logical name.
    let most = if cluster.discovery == Discovery::LogicalDns { 1 } else { usize::MAX };
    Message::new()
        .with("cluster_name", cluster.name.as_str())
        .with_list("endpoints", groups.take(most))
        .into()
}

fn locality_endpoints(group: &EndpointGroup) -> Value {
    let weight = (group.weight > 0).then_some(group.weight);
    let priority = (group.priority > 0).then_some(group.priority);
    Message::new()
        .with_some("priority", priority)
        // Always there, as istiod writes it: Envoy ignores the weight of a group without one.
        .with("locality", locality(&group.locality))
        .with_some("load_balancing_weight", weight)
        .with_list("lb_endpoints", group.endpoints.iter().map(endpoint))
        .into()
}

fn locality(locality: &Locality) -> Value {
    let part = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Message::new()
        .with_some("region", part(&locality.region))
        .with_some("zone", part(&locality.zone))
        .with_some("sub_zone", part(&locality.subzone))
        .into()
}

fn endpoint(endpoint: &Endpoint) -> Value {
    let address = match split_address(&endpoint.address) {
        Address::Pipe(path) => json!({"pipe": {"path": path}}),
        Address::Socket(host, port) => {
            json!({"socket_address": {"address": host, "port_value": port}})
        }
    };
    json!({"endpoint": {"address": address}, "load_balancing_weight": endpoint.weight.max(1)})
}

/// Where an endpoint listens.
enum Address<'a> {
    Socket(&'a str, u16),
    Pipe(&'a str),
}

/// Reads `HOST:PORT`; a host `unix://PATH` is a pipe whose port means nothing.
fn split_address(address: &str) -> Address<'_> {
    let (host, port) = address.rsplit_once(':').unwrap_or((address, ""));
    if let Some(path) = host.strip_prefix("unix://") {
        return Address::Pipe(path);
    }
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    Address::Socket(host, port.parse().unwrap_or_default())
}

#[cfg(test)]
mod tests;
