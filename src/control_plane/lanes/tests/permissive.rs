//! Permissive lanes s1 {mocka, mockb, mockc} v1, s2 {mocka, mockc} v2, s3 {mockb} v3.

use super::super::Untagged;
use super::*;

/// One pod of each version that a lane uses.
const SIX_PODS: [(&str, &str); 3] = [("mocka", "v1 v2"), ("mockb", "v1 v3"), ("mockc", "v1 v2")];

/// One pod of every version.
const NINE_PODS: [(&str, &str); 3] =
    [("mocka", "v1 v2 v3"), ("mockb", "v1 v2 v3"), ("mockc", "v1 v2 v3")];

pub(super) fn services(names: &str) -> String {
    let list = names.split_whitespace().map(|name| format!("{{name: {name}, namespace: default}}"));
    format!("  services: [{}]\n", list.collect::<Vec<_>>().join(", "))
}

/// The group and its lanes, which s1, s2, s3 enter by `/mock` and the routing header.
pub(super) fn permissive(trace_header: &str, route_header: &str) -> String {
    lanes(trace_header, route_header, |name| {
        format!(
            "  ingressRules:\n  - name: r-{name}\n    hosts: ['*']\n    \
             match: {{uri: {{exact: /mock}}, headers: {{{route_header}: {{exact: {name}}}}}}}\n    \
             route: {{destination: {{host: mocka.default.svc.cluster.local}}}}\n"
        )
    })
}

/// The same lanes with other ways to enter them.
pub(super) fn lanes(
    trace_header: &str,
    route_header: &str,
    enter: impl Fn(&str) -> String,
) -> String {
    group(&format!(
        "  isPermissive: true\n  permissiveModeConfiguration:\n    fallbackTarget: s1\n    \
         traceHeader: {trace_header}\n    routeHeader: {route_header}\n  \
         ingress: {{gateway: {{name: ingressgateway, namespace: istio-system, type: ASM}}}}\n"
    )) + &lane("s1", "v1", &(services("mocka mockb mockc") + &enter("s1")))
        + &lane("s2", "v2", &(services("mocka mockc") + &enter("s2")))
        + &lane("s3", "v3", &(services("mockb") + &enter("s3")))
}

const BASELINE: &str = "1 mocka@v1>mockb@v1>mockc@v1";
const LANE_2: &str = "1 mocka@v2>mockb@v1*>mockc@v2";
const LANE_3: &str = "1 mocka@v1*>mockb@v3>mockc@v1*";

#[test]
fn a_trace_id_keeps_a_request_in_its_lane() {
    for pods in [SIX_PODS, NINE_PODS] {
        let world =
            World::clean(&(chain_of(&pods) + &permissive("my-trace-id", "x-asm-prefer-tag")));
        let client = Caller::outside(&["my-trace-id"]);
        for (tag, expected) in [("s1", BASELINE), ("s2", LANE_2), ("s3", LANE_3)] {
            let headers = [("x-asm-prefer-tag", tag), ("my-trace-id", "77")];
            world.expect(&client, "shop/mock", &headers, &[expected]);
        }
        let headers = [("my-trace-id", "77")];
        world.expect(&client, "shop/mock", &headers, &["1 404"]);
        world.expect(&client, "shop/mock", &[("x-asm-prefer-tag", "s9")], &["1 404"]);
        world.expect(&client, "shop/", &[("x-asm-prefer-tag", "s1")], &["1 404"]);
    }
}

#[test]
fn a_trace_id_that_is_not_forwarded_loses_the_lane() {
    let world =
        World::clean(&(chain_of(&SIX_PODS) + &permissive("my-trace-id", "x-asm-prefer-tag")));
    let headers = [("x-asm-prefer-tag", "s2"), ("my-trace-id", "77")];
    world.expect(
        &Caller::outside(&["x-request-id"]),
        "shop/mock",
        &headers,
        &[
            "1/4 mocka@v2>mockb@v1>mockc@v1",
            "1/4 mocka@v2>mockb@v1>mockc@v2",
            "1/4 mocka@v2>mockb@v3>mockc@v1",
            "1/4 mocka@v2>mockb@v3>mockc@v2",
        ],
    );
}

#[test]
fn with_equal_headers_the_application_keeps_the_lane() {
    let world = World::clean(&(chain_of(&SIX_PODS) + &permissive("My-Trace-Id", "my-trace-id")));
    assert!(world.tags.is_empty() && world.resources.traffic_labels.is_empty());
    let client = Caller::outside(&["my-trace-id"]);
    for (tag, expected) in [("s1", BASELINE), ("s2", LANE_2), ("s3", LANE_3)] {
        world.expect(&client, "shop/mock", &[("my-trace-id", tag)], &[expected]);
    }
}

#[test]
fn baggage_keeps_a_request_in_its_lane() {
    let world = World::clean(&(chain_of(&SIX_PODS) + &permissive("baggage", "x-asm-prefer-tag")));
    assert_eq!(world.resources.traffic_labels, []);
    let client = Caller::outside(&["baggage"]);
    for (tag, expected) in [("s1", BASELINE), ("s2", LANE_2), ("s3", LANE_3)] {
        world.expect(&client, "shop/mock", &[("x-asm-prefer-tag", tag)], &[expected]);
    }
    let without = world.traces(&Caller::outside(&[]), "shop/mock", &[("x-asm-prefer-tag", "s2")]);
    assert_eq!(without.len(), 4, "{without:?}");
}

#[test]
fn requests_without_a_lane_meet_the_chosen_rule() {
    let text = chain_of(&SIX_PODS) + &permissive("my-trace-id", "x-asm-prefer-tag");
    let mockc = |share: &str, end: &str| format!("{share} mockc@{end}");
    for (untagged, expected) in [
        (Untagged::Any, vec![mockc("1/2", "v1"), mockc("1/2", "v2")]),
        (Untagged::Baseline, vec![mockc("1", "v1")]),
        (Untagged::Reject, vec!["1 404".to_owned()]),
    ] {
        let world = World::load_with(&text, untagged);
        let sleep = Caller::inside("sleep", &[]);
        for headers in [&[][..], &[("x-asm-prefer-tag", "s9")]] {
            assert_eq!(world.traces(&sleep, "mockc:8000/", headers), expected, "{untagged:?}");
        }
        world.expect(&sleep, "mockc:8000/", &[("x-asm-prefer-tag", "s2")], &["1 mockc@v2"]);
    }
}

#[test]
fn an_empty_lane_falls_back_and_an_empty_baseline_fails() {
    let pods = [("mocka", "v2"), ("mockb", "v1"), ("mockc", "v1")];
    let world = World::clean(&(chain_of(&pods) + &permissive("my-trace-id", "x-asm-prefer-tag")));
    let client = Caller::outside(&["my-trace-id"]);
    for (tag, expected) in
        [("s1", "1 503"), ("s2", "1 mocka@v2>mockb@v1*>mockc@v1*"), ("s3", "1 503")]
    {
        let headers = [("x-asm-prefer-tag", tag), ("my-trace-id", "77")];
        world.expect(&client, "shop/mock", &headers, &[expected]);
    }
}

#[test]
fn a_service_may_have_a_baseline_of_its_own() {
    let text = chain_of(&[("mocka", "v1"), ("mockb", "v1 v3"), ("mockc", "v1 v2")])
        + &permissive("my-trace-id", "x-asm-prefer-tag").replace(
            "    traceHeader",
            "    serviceLevelFallbackTarget: {default/mockb: s3}\n    traceHeader",
        );
    let world = World::load_with(&text, Untagged::Baseline);
    assert_eq!(world.messages, "");
    let client = Caller::outside(&["my-trace-id"]);
    let headers = [("x-asm-prefer-tag", "s2"), ("my-trace-id", "77")];
    world.expect(&client, "shop/mock", &headers, &["1 mocka@v1*>mockb@v3*>mockc@v2"]);
    world.expect(&Caller::inside("sleep", &[]), "mockb:8000/", &[], &["1 mockb@v3>mockc@v1"]);
}

#[test]
fn the_lane_that_was_created_first_is_the_baseline() {
    let dated = |lane: &str, year: u32| {
        (
            format!("name: {lane}\n  labels"),
            format!("name: {lane}\n  creationTimestamp: '{year}-01-01T00:00:00Z'\n  labels"),
        )
    };
    let mut text = chain_of(&NINE_PODS) + &permissive("my-trace-id", "x-asm-prefer-tag");
    text = text.replace("    fallbackTarget: s1\n", "");
    // s1 has no date, so it is the youngest.
    for (from, to) in [dated("s2", 2025), dated("s3", 2024)] {
        text = text.replace(&from, &to);
    }
    let group = World::load(&text).groups.remove(0);
    let names: Vec<&str> = group.lanes.iter().map(|lane| lane.name.as_str()).collect();
    assert_eq!(names, ["s3", "s2", "s1"]);
    assert_eq!(group.fallback_lane("mocka.default.svc.cluster.local"), Some("s3"));
}

#[test]
fn a_lane_may_leave_out_its_services_or_their_namespace() {
    let text = chain_of(&SIX_PODS) + &permissive("baggage", "x-asm-prefer-tag");
    let s1 = "{ASM_TRAFFIC_TAG: v1}\n".to_owned();
    for (from, to) in [
        (s1.clone() + &services("mocka mockb mockc"), s1),
        (services("mockb"), "  services: [{name: mockb}]\n".to_owned()),
    ] {
        let world = World::clean(&text.replace(&from, &to));
        let client = Caller::outside(&["baggage"]);
        for (tag, expected) in [("s1", BASELINE), ("s2", LANE_2), ("s3", LANE_3)] {
            world.expect(&client, "shop/mock", &[("x-asm-prefer-tag", tag)], &[expected]);
        }
    }
}

#[test]
fn the_group_answers_who_belongs_to_which_lane() {
    let world =
        World::clean(&(chain_of(&NINE_PODS) + &permissive("My-Trace-Id", "X-Asm-Prefer-Tag")));
    let group = &world.groups[0];
    let permissive = group.permissive().unwrap();
    assert_eq!(
        (permissive.route_header.as_str(), permissive.trace_header.as_deref()),
        ("x-asm-prefer-tag", Some("my-trace-id"))
    );
    let host = |name: &str| format!("{name}.default.svc.cluster.local");
    let tag = |version: &str| [("ASM_TRAFFIC_TAG".to_owned(), version.to_owned())].into();
    for (service, version, expected) in [
        ("mocka", "v1", Some("s1")),
        ("mocka", "v2", Some("s2")),
        ("mockb", "v2", None),
        ("mockb", "v3", Some("s3")),
        ("mocka", "v3", None),
        ("other", "v1", None),
    ] {
        let found = group.lane_of(&host(service), &tag(version)).map(|lane| lane.name.as_str());
        assert_eq!(found, expected, "{service} {version}");
    }
    assert_eq!(group.fallback_lane(&host("mockb")), Some("s1"));
    assert_eq!(group.service(&host("mockb")).unwrap().selector["app"], "mockb");
}
