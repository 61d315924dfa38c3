use super::*;
use crate::data_plane::Locality;

fn endpoint_at(address: &str) -> Endpoint {
    Endpoint { name: address.into(), address: address.into(), instance: None, weight: 0 }
}

fn with_endpoints(discovery: Discovery, addresses: &[&str]) -> Cluster {
    let endpoints = addresses.iter().map(|address| endpoint_at(address)).collect();
    let group = EndpointGroup { endpoints, ..EndpointGroup::default() };
    Cluster { groups: vec![group], ..Cluster::new("a", discovery) }
}

#[test]
fn endpoints_of_the_control_plane_become_a_fixed_list() {
    for (discovery, addresses, expected) in [
        (Discovery::Eds, &["10.0.0.1:80", "[::1]:80"][..], "STATIC"),
        (Discovery::Eds, &["unix:///run/app.sock:0"], "STATIC"),
        (Discovery::Eds, &["db.internal:80"], "STRICT_DNS"),
        (Discovery::Static, &[], "STATIC"),
        (Discovery::StrictDns, &["db.internal:80"], "STRICT_DNS"),
        (Discovery::LogicalDns, &["db.internal:80"], "LOGICAL_DNS"),
        (Discovery::OriginalDestination, &[], "ORIGINAL_DST"),
    ] {
        let value = cluster(&with_endpoints(discovery, addresses));
        assert_eq!(value["type"], expected, "{discovery:?} {addresses:?}");
    }
}

#[test]
fn addresses_are_sockets_or_pipes() {
    for (address, expected) in [
        ("10.0.0.1:80", json!({"socket_address": {"address": "10.0.0.1", "port_value": 80}})),
        ("::1:80", json!({"socket_address": {"address": "::1", "port_value": 80}})),
        ("[::1]:80", json!({"socket_address": {"address": "::1", "port_value": 80}})),
        ("unix:///run/a.sock:0", json!({"pipe": {"path": "/run/a.sock"}})),
    ] {
        let value = endpoint(&endpoint_at(address));
        assert_eq!(value["endpoint"]["address"], expected);
        assert_eq!(value["load_balancing_weight"], 1);
    }
}

#[test]
fn localities_have_priority_weight_and_place() {
    let group = EndpointGroup {
        priority: 1,
        locality: Locality::parse("r/z", '/'),
        weight: 3,
        endpoints: vec![endpoint_at("10.0.0.1:80")],
    };
    let value = locality_endpoints(&group);
    assert_eq!(value["priority"], 1);
    assert_eq!(value["locality"], json!({"region": "r", "zone": "z"}));
    assert_eq!(value["load_balancing_weight"], 3);
}

#[test]
fn unlimited_breakers_and_no_panic_are_written_out() {
    let value = cluster(&with_endpoints(Discovery::Eds, &[]));
    let breakers = json!({"max_connections": u32::MAX, "max_pending_requests": u32::MAX,
        "max_requests": u32::MAX, "max_retries": u32::MAX});
    assert_eq!(value["circuit_breakers"]["thresholds"][0], breakers);
    assert_eq!(value["common_lb_config"], json!({"healthy_panic_threshold": {"value": 0}}));
    assert_eq!(value["lb_policy"], "LEAST_REQUEST");
    assert_eq!(value["connect_timeout"], "10s");
    assert_eq!(value.get("typed_extension_protocol_options"), None);
    assert_eq!(value.get("outlier_detection"), None);
}

#[test]
fn each_balancer_has_its_settings() {
    let slow = SlowStart { window: Nanos(5_000_000_000), aggression: 1.5, minimum_percent: 20.0 };
    let start = json!({"slow_start_config": {"slow_start_window": "5s",
        "aggression": {"default_value": 1.5, "runtime_key": "slow_start.aggression"},
        "min_weight_percent": {"value": 20.0}}});
    for (balancer, policy, field, expected) in [
        (BalancerPolicy::LeastRequest, "LEAST_REQUEST", "least_request_lb_config", start.clone()),
        (BalancerPolicy::RoundRobin, "ROUND_ROBIN", "round_robin_lb_config", start),
        (
            BalancerPolicy::RingHash { minimum_ring_size: 7 },
            "RING_HASH",
            "ring_hash_lb_config",
            json!({"minimum_ring_size": 7}),
        ),
        (
            BalancerPolicy::Maglev { table_size: 65_537 },
            "MAGLEV",
            "maglev_lb_config",
            json!({"table_size": 65_537}),
        ),
    ] {
        let base = with_endpoints(Discovery::Eds, &["10.0.0.1:80"]);
        let value = cluster(&Cluster { balancer, slow_start: Some(slow), ..base });
        assert_eq!((&value["lb_policy"], &value[field]), (&json!(policy), &expected));
    }
}

#[test]
fn ejection_has_only_what_was_said() {
    let outlier = OutlierDetection {
        consecutive_5xx: Some(3),
        enforcing_consecutive_5xx: Some(100),
        split_local_origin: true,
        http_error_codes: vec![429, 503],
        ..OutlierDetection::default()
    };
    let base = with_endpoints(Discovery::Eds, &["10.0.0.1:80"]);
    let value = cluster(&Cluster { outlier: Some(outlier), ..base });
    let expected = json!({"enforcing_success_rate": 0, "consecutive_5xx": 3,
        "enforcing_consecutive_5xx": 100, "split_external_local_origin_errors": true,
        "enforcing_local_origin_success_rate": 0});
    assert_eq!(value["outlier_detection"], expected);
    let rules = value
        .pointer("/typed_extension_protocol_options/envoy.extensions.upstreams.http.v3.HttpProtocolOptions/outlier_detection/error_matcher/or_match/rules")
        .unwrap();
    let headers = &rules[1]["http_response_headers_match"]["headers"];
    assert_eq!(headers, &json!([{"name": ":status", "string_match": {"exact": "503"}}]));
}

#[test]
fn the_pair_asks_the_first_cluster_first() {
    let value = pair("a", "b");
    assert_eq!(value["name"], "a|fallback|b");
    assert_eq!(value["cluster_type"]["typed_config"]["clusters"], json!(["a", "b"]));
}
