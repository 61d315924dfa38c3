//! Strict lanes v1, v2, v3 over all services: the caller decides.

use super::*;

fn strict(versions: &str) -> String {
    let lanes = versions.split_whitespace().map(|version| lane(version, version, ""));
    group("  ingress: {gateway: {name: ingressgateway, namespace: istio-system, type: ASM}}\n")
        + &lanes.collect::<String>()
}

fn split(rule: &str) -> String {
    format!(
        "---\n{{apiVersion: networking.istio.io/v1, kind: VirtualService,\n\
         \x20metadata: {{name: entry, namespace: istio-system}},\n\
         \x20spec: {{gateways: [ingressgateway], hosts: ['*'], http: [{rule}]}}}}\n"
    )
}

fn to(lane: &str, weight: u32) -> String {
    format!(
        "{{destination: {{host: mocka.default.svc.cluster.local, subset: {lane}}}, weight: {weight}}}"
    )
}

#[test]
fn the_caller_keeps_a_request_in_its_lane() {
    let pods = CHAIN.map(|name| (name, "v1 v2"));
    let entry = split(&format!(
        "{{match: [{{uri: {{exact: /mock}}}}], route: [{}, {}]}}",
        to("v1", 50),
        to("v2", 50)
    ));
    let world = World::clean(&(chain_of(&pods) + &strict("v1 v2") + &entry));
    world.expect(
        &Caller::outside(&[]),
        "shop/mock",
        &[],
        &["1/2 mocka@v1>mockb@v1>mockc@v1", "1/2 mocka@v2>mockb@v2>mockc@v2"],
    );
}

#[test]
fn a_header_splits_between_lanes() {
    let pods = CHAIN.map(|name| (name, "v1 v2 v3"));
    let entry = split(&format!(
        "{{match: [{{headers: {{env: {{exact: dev}}}}}}], route: [{}, {}]}}, {{route: [{}]}}",
        to("v2", 50),
        to("v3", 50),
        to("v1", 0)
    ));
    let world = World::clean(&(chain_of(&pods) + &strict("v1 v2 v3") + &entry));
    let client = Caller::outside(&[]);
    world.expect(
        &client,
        "shop/any",
        &[("env", "dev")],
        &["1/2 mocka@v2>mockb@v2>mockc@v2", "1/2 mocka@v3>mockb@v3>mockc@v3"],
    );
    world.expect(&client, "shop/any", &[], &["1 mocka@v1>mockb@v1>mockc@v1"]);
}

#[test]
fn a_lane_without_pods_fails_and_does_not_fall_back() {
    let pods = [("mocka", "v1 v2"), ("mockb", "v1"), ("mockc", "v1 v2")];
    let entry = split(&format!("{{route: [{}]}}", to("v2", 1)));
    let world = World::clean(&(chain_of(&pods) + &strict("v1 v2") + &entry));
    world.expect(&Caller::outside(&[]), "shop/", &[], &["1 mocka@v2>503"]);
    assert!(world.groups[0].permissive().is_none());
    assert_eq!(world.groups[0].fallback_lane("mockb.default.svc.cluster.local"), None);
}

#[test]
fn a_caller_outside_of_all_lanes_reaches_every_pod() {
    // no rule exists for it, so neither do the lanes' rules.
    let pods = CHAIN.map(|name| (name, "v1 v2"));
    let world = World::clean(&(chain_of(&pods) + &strict("v1 v2")));
    let sleep = Caller::inside("sleep", &[]);
    world.expect(&sleep, "mockc:8000/", &[], &["1/2 mockc@v1", "1/2 mockc@v2"]);
}
