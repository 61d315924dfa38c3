//! Rules and weights by which requests enter lanes.

use super::permissive::services;
use super::*;
use crate::config::decode::Located;

const PODS: [(&str, &str); 3] = [("mocka", "v1 v2"), ("mockb", "v1 v3"), ("mockc", "v1 v2")];

const GATEWAY: &str = "  ingress:\n    gateway: {name: ingressgateway, namespace: istio-system}\n";

const PERMISSIVE: &str = "  isPermissive: true\n  permissiveModeConfiguration: \
    {fallbackTarget: s1, traceHeader: baggage, routeHeader: x-asm-prefer-tag}\n";

/// One rule for all, then by weight.
const WEIGHTED: &str = "    ingressRouting:\n      ingressRoutingStrategy: weighted\n      \
    weightedRoutingRule: {hosts: ['*'], requestMatches: [{uri: {exact: /mock}}]}\n";

fn weight(weight: u32) -> String {
    format!(
        "  ingressWeight: {{destination: {{host: mocka.default.svc.cluster.local}}, weight: {weight}}}\n"
    )
}

fn rule(hosts: &str, condition: &str) -> String {
    format!(
        "  ingressRules:\n  - {{name: r, hosts: [{hosts}], match: {condition}, \
         route: {{destination: {{host: mocka, portNum: 8000}}}}}}\n"
    )
}

fn weighted_lanes(weights: [u32; 3]) -> String {
    lane("s1", "v1", &(services("mocka mockb mockc") + &weight(weights[0])))
        + &lane("s2", "v2", &(services("mocka mockc") + &weight(weights[1])))
        + &lane("s3", "v3", &(services("mockb") + &weight(weights[2])))
}

#[test]
fn weights_split_and_put_the_lane_on_the_request() {
    let text = chain_of(&PODS)
        + &group(&format!("{PERMISSIVE}{GATEWAY}{WEIGHTED}"))
        + &weighted_lanes([60, 20, 20]);
    let world = World::clean(&text);
    let client = Caller::outside(&["baggage"]);
    let expected = [
        "3/5 mocka@v1>mockb@v1>mockc@v1",
        "1/5 mocka@v1*>mockb@v3>mockc@v1*",
        "1/5 mocka@v2>mockb@v1*>mockc@v2",
    ];
    world.expect(&client, "shop/mock", &[], &expected);
    // asm-lanes 2.7: what the client says of its lane does not count.
    world.expect(&client, "shop/mock", &[("x-asm-prefer-tag", "s2")], &expected);
    world.expect(&client, "shop/other", &[], &["1 404"]);
}

#[test]
fn the_strategy_follows_from_the_one_rule_if_it_is_not_written() {
    let implied = WEIGHTED.replace("      ingressRoutingStrategy: weighted\n", "");
    let text = chain_of(&PODS)
        + &group(&format!("{PERMISSIVE}{GATEWAY}{implied}"))
        + &weighted_lanes([1, 0, 0]);
    let world = World::clean(&text);
    let client = Caller::outside(&["baggage"]);
    world.expect(&client, "shop/mock", &[], &["1 mocka@v1>mockb@v1>mockc@v1"]);
}

#[test]
fn strict_lanes_are_entered_without_a_header() {
    let all = services("mocka mockb mockc");
    let text = chain_of(&CHAIN.map(|name| (name, "v1 v2")))
        + &group(GATEWAY)
        + &lane("s1", "v1", &(all.clone() + &rule("", "{uri: {prefix: /one}}")))
        + &lane("s2", "v2", &(all + &rule("'*'", "{uri: {prefix: /two}}")));
    let world = World::clean(&text);
    let client = Caller::outside(&[]);
    world.expect(&client, "shop/one", &[], &["1 mocka@v1>mockb@v1>mockc@v1"]);
    world.expect(&client, "shop/two/2", &[], &["1 mocka@v2>mockb@v2>mockc@v2"]);
    world.expect(&client, "shop/three", &[], &["1 404"]);
    let entry = world.resources.virtual_services.last().unwrap();
    assert_eq!(entry.meta.full_name(), "istio-system/swimlane-ingress-vs-test");
    let http = &entry.spec.http;
    assert!(http.iter().all(|rule| rule.route[0].headers.is_none()), "{http:?}");
    assert!(http.iter().all(|rule| rule.route[0].fallback.is_none()), "{http:?}");
    let port = http[0].route[0].destination.as_ref().unwrap().port.as_ref().unwrap();
    assert_eq!(port.number.as_ref().map(|number| number.value), Some(8000));
}

#[test]
fn rules_that_are_not_online_do_not_exist() {
    let offline =
        rule("'*'", "{uri: {exact: /a}}").replace("{name: r,", "{name: r, online: false,");
    let text = chain_of(&PODS) + &group(GATEWAY) + &lane("s1", "v1", &offline);
    let world = World::clean(&text);
    let bound = world.resources.virtual_services.iter().any(|vs| !vs.spec.gateways.is_empty());
    assert!(!bound, "the user routes at the edge");
}

#[test]
fn a_rule_takes_only_requests_for_its_own_hosts() {
    let all = services("mocka mockb mockc");
    let text = chain_of(&CHAIN.map(|name| (name, "v1 v2 v3")))
        + &group(GATEWAY)
        + &lane("s1", "v1", &(all.clone() + &rule("one.example", "{uri: {exact: /mock}}")))
        + &lane("s2", "v2", &(all.clone() + &rule("'*.two.example', two.example", "{}")))
        + &lane("s3", "v3", &(all + &rule("'*'", "{uri: {exact: /mock}}")));
    let world = World::clean(&text);
    let client = Caller::outside(&[]);
    for (url, expected) in [
        ("one.example/mock", "1 mocka@v1>mockb@v1>mockc@v1"),
        ("ONE.example:80/mock", "1 mocka@v1>mockb@v1>mockc@v1"),
        ("one-example/mock", "1 mocka@v3>mockb@v3>mockc@v3"),
        ("x.one.example/mock", "1 mocka@v3>mockb@v3>mockc@v3"),
        ("two.example/any", "1 mocka@v2>mockb@v2>mockc@v2"),
        ("a.two.example/mock", "1 mocka@v2>mockb@v2>mockc@v2"),
        ("one.example/any", "1 404"),
        ("shop/mock", "1 mocka@v3>mockb@v3>mockc@v3"),
    ] {
        world.expect(&client, url, &[], &[expected]);
    }
}

#[test]
fn generated_objects_stand_where_their_lanes_stand() {
    let text = chain_of(&PODS)
        + &group(&format!("{PERMISSIVE}{GATEWAY}{WEIGHTED}"))
        + &weighted_lanes([60, 20, 20]);
    let world = World::clean(&text);
    let (group, lane) = (&world.groups[0], &world.groups[0].lanes[1]);
    let entry = world.resources.virtual_services.last().unwrap();
    assert_eq!(entry.meta.place, group.place);
    let names: Vec<&str> =
        world.resources.destination_rules.iter().map(|rule| rule.meta.name.as_str()).collect();
    assert_eq!(names, CHAIN.map(|name| format!("trafficlabel-dr-test-default-{name}")));
    let subset = &world.resources.destination_rules[0].spec.subsets[1];
    let name: Option<&Located<String>> = subset.name.as_ref();
    assert_eq!(name.map(|name| (name.value.as_str(), name.place)), Some(("s2", lane.place)));
    let labels = &entry.meta.labels;
    assert_eq!(
        (labels["asm-system"].as_str(), labels["swimlane-group"].as_str()),
        ("true", "test")
    );
}
