use super::super::testing;
use super::*;
use crate::data_plane::{
    Abort, Cors, Fault, Fraction, HashKey, Mirror, PathMatcher, Regex, RetryPolicy, StringMatcher,
};
use crate::units::Nanos;

fn shown(action: RouteAction) -> Value {
    let mut value = route(&testing::route(action), &Options::default());
    value["match"].take();
    value
}

fn forward(forward: Forward) -> Value {
    shown(RouteAction::Forward(Box::new(forward)))["route"].take()
}

fn ops(name: &str) -> HeaderOps {
    HeaderOps {
        remove: vec!["gone".into()],
        set: vec![(name.into(), Template::parse("100%%"))],
        add: vec![("more".into(), Template::parse("%REQ(x)%"))],
    }
}

#[test]
fn a_plain_destination_is_no_split() {
    let plain = forward(Forward {
        destinations: vec![Destination::new("a", 0)],
        missing_cluster_status: 500,
        ..Forward::default()
    });
    let expected = json!({"cluster": "a", "timeout": "0s", "max_grpc_timeout": "0s",
        "cluster_not_found_response_code": "INTERNAL_SERVER_ERROR"});
    assert_eq!(plain, expected);
}

#[test]
fn splits_keep_order_weights_and_operations() {
    let destination = Destination {
        request_ops: ops("x-d"),
        host_rewrite: Some("new".into()),
        fallback: Some("c".into()),
        ..Destination::new("b", 70)
    };
    let mut value = forward(Forward {
        destinations: vec![Destination::new("a", 30), destination],
        ..Forward::default()
    });
    let added = json!([
        {"header": {"key": "x-d", "value": "100%%"}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"},
        {"header": {"key": "more", "value": "%REQ(x)%"}, "append_action": "APPEND_IF_EXISTS_OR_ADD"},
    ]);
    let expected = json!({"clusters": [
        {"name": "a", "weight": 30},
        {"name": "b|fallback|c", "weight": 70, "host_rewrite_literal": "new",
            "request_headers_to_add": added, "request_headers_to_remove": ["gone"]},
    ]});
    assert_eq!(value["weighted_clusters"].take(), expected);
}

#[test]
fn weights_without_a_sum_lead_to_the_first() {
    let destinations = vec![Destination::new("a", 0), Destination::new("b", 0)];
    let value = forward(Forward { destinations, ..Forward::default() });
    let weights: Vec<_> = value["weighted_clusters"]["clusters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cluster| cluster["weight"].clone())
        .collect();
    assert_eq!(weights, [1, 0]);
}

#[test]
fn a_redirect_says_what_changes() {
    let redirect = Redirect {
        scheme: Some("https".into()),
        authority: Some("n".into()),
        path: RedirectPath::Prefix("/p".into()),
        port: Some(8443),
        status: 308,
    };
    let expected = json!({"name": "r", "match": null, "redirect": {"scheme_redirect": "https",
        "host_redirect": "n", "prefix_rewrite": "/p", "port_redirect": 8443,
        "response_code": "PERMANENT_REDIRECT"}});
    assert_eq!(shown(RouteAction::Redirect(redirect)), expected);
}

#[test]
fn the_rule_of_a_route_travels_as_metadata() {
    let mut entry =
        testing::route(RouteAction::Direct(DirectResponse { status: 200, body: "hello".into() }));
    entry.source = Some(RouteSource {
        object: "VirtualService a/b".into(),
        rule: 2,
        rule_name: String::new(),
        condition: None,
    });
    let value = route(&entry, &Options::default());
    let expected = json!({"status": 200, "body": {"inline_string": "hello"}});
    assert_eq!(value["direct_response"], expected);
    let expected = json!({"object": "VirtualService a/b", "rule": 2});
    assert_eq!(value["metadata"]["filter_metadata"]["lanecast"], expected);
}

#[test]
fn policies_of_forwarding_have_their_fields() {
    let second = Nanos(1_000_000_000);
    let value = forward(Forward {
        destinations: vec![Destination::new("a", 1)],
        host_rewrite: Some("h".into()),
        path_rewrite: Some(PathRewrite::Regex {
            pattern: Regex::new("a+").unwrap(),
            substitution: r"\0".into(),
        }),
        timeout: Some(second),
        retry: Some(RetryPolicy {
            attempts: 2,
            on: vec!["5xx".into(), "retriable-status-codes".into()],
            status_codes: vec![409],
            per_try_timeout: Some(Nanos(500_000_000)),
            backoff: Some(Nanos(25_000_000)),
            another_host: true,
            remote_localities: true,
        }),
        mirrors: vec![Mirror { cluster: "m".into(), fraction: Fraction::ALL }],
        hash: vec![
            HashKey::Header("X-User".into()),
            HashKey::SourceIp,
            HashKey::Cookie {
                name: "c".into(),
                ttl: Some(Nanos(0)),
                path: Some("/".into()),
                attributes: vec![("Secure".into(), None)],
            },
        ],
        ..Forward::default()
    });
    assert_eq!(value["timeout"], "1s");
    assert_eq!(value["max_grpc_timeout"], "1s");
    assert_eq!(value["host_rewrite_literal"], "h");
    assert_eq!(value["regex_rewrite"], json!({"pattern": {"regex": "a+"}, "substitution": r"\0"}));
    let retry = &value["retry_policy"];
    assert_eq!(retry["retry_on"], "5xx,retriable-status-codes");
    assert_eq!(retry["num_retries"], 2);
    assert_eq!(retry["retriable_status_codes"], json!([409]));
    assert_eq!(retry["per_try_timeout"], "0.5s");
    assert_eq!(retry["retry_back_off"], json!({"base_interval": "0.025s"}));
    assert_eq!(retry["host_selection_retry_max_attempts"], 5);
    assert_eq!(retry["retry_priority"]["typed_config"]["update_frequency"], 2);
    let mirror = &value["request_mirror_policies"][0];
    assert_eq!(mirror["cluster"], "m");
    assert_eq!(mirror["disable_shadow_host_suffix_append"], true);
    let keys = json!([
        {"header": {"header_name": "X-User"}},
        {"connection_properties": {"source_ip": true}},
        {"cookie": {"name": "c", "ttl": "0s", "path": "/", "attributes": [{"name": "Secure"}]}},
    ]);
    assert_eq!(value["hash_policy"], keys);
}

#[test]
fn filters_are_configured_for_their_route() {
    let mut entry = testing::route(testing::forwarding_to("a", None));
    entry.matcher.path = PathMatcher::SegmentPrefix("/a".into());
    entry.fault = Some(Fault {
        delay: Some((Nanos(0), Fraction::ALL)),
        abort: Some((Abort::Grpc(14), Fraction { numerator: 1, denominator: 1_000_000 })),
    });
    entry.cors = Some(Cors {
        origins: vec![StringMatcher::Present],
        methods: vec!["GET".into(), "PUT".into()],
        max_age: Some(60),
        ..Cors::default()
    });
    entry.response_ops = ops("x-r");
    let value = route(&entry, &Options::default());
    let filters = json!({
        "envoy.filters.http.fault": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault",
            "abort": {"grpc_status": 14, "percentage": {"numerator": 1, "denominator": "MILLION"}},
        },
        "envoy.filters.http.cors": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy",
            "allow_origin_string_match": [{"safe_regex": {"regex": "(?s).*"}}],
            "allow_methods": "GET,PUT",
            "max_age": "60",
            "allow_credentials": false,
            "forward_not_matching_preflights": false,
        },
    });
    assert_eq!(value["typed_per_filter_config"], filters);
    assert_eq!(value["response_headers_to_remove"], json!(["gone"]));
    assert_eq!(value["response_headers_to_add"].as_array().unwrap().len(), 2);
}
