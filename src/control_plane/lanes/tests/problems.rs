//! What is reported, and where.

use super::permissive::permissive;
use super::*;

const PODS: [(&str, &str); 3] = [("mocka", "v1 v2"), ("mockb", "v1 v3"), ("mockc", "v1 v2")];

/// The messages of a change to the permissive lanes, which have no problems themselves.
fn messages(from: &str, to: &str) -> String {
    let text = chain_of(&PODS) + &permissive("my-trace-id", "x-asm-prefer-tag");
    assert!(text.contains(from), "nothing to change: {from}");
    World::load(&text.replacen(from, to, 1)).messages
}

/// What is changed, into what, what is reported.
const CHANGES: &[(&str, &str, &str)] = &[
    (
        "labels: {swimlane-group: test}",
        "labels: {}",
        "error[lane-without-group] lane `s1` has no label swimlane-group",
    ),
    (
        "swimlane-group: test",
        "swimlane-group: tets",
        "error[lane-without-group] the lane group `tets` of lane `s1` does not exist",
    ),
    (
        "labelSelector: {ASM_TRAFFIC_TAG: v2}",
        "labelSelector: {}",
        "error[lane-without-selector] lane `s2` has no labelSelector",
    ),
    (
        "    routeHeader: x-asm-prefer-tag\n",
        "",
        "error[lane-group-without-route-header] permissive lane group `test` has no routeHeader",
    ),
    (
        "    traceHeader: my-trace-id\n",
        "",
        "warning[lane-group-without-trace-header] permissive lane group `test` has no traceHeader",
    ),
    (
        "    fallbackTarget: s1\n",
        "",
        "warning[lane-group-without-baseline] permissive lane group `test` has no fallbackTarget",
    ),
    ("fallbackTarget: s1", "fallbackTarget: s4", "error[unknown-lane] there is no lane `s4`"),
    (
        "    traceHeader",
        "    serviceLevelFallbackTarget: {default/mockb: s7}\n    traceHeader",
        "error[unknown-lane] there is no lane `s7` in this group",
    ),
    (
        "    traceHeader",
        "    serviceLevelFallbackTarget: {mockb: s3}\n    traceHeader",
        "warning[unknown-lane-service] the lane group has no service `mockb`",
    ),
    (
        "    traceHeader",
        "    serviceLevelFallbackTarget: {default/mockb: s2}\n    traceHeader",
        "warning[fallback-lane-incomplete] lane `s2` takes over for mockb but does not hold it",
    ),
    (
        "ASM_TRAFFIC_TAG: v3}\n",
        "ASM_TRAFFIC_TAG: v2}\n",
        "warning[lanes-share-selector] lanes `s2` and `s3` select the same pods",
    ),
    (
        "services: [{name: mockb, namespace: default}]",
        "services: [{name: mockb, namespace: prod}]",
        "warning[lane-service-not-in-group] lane `s3` holds prod/mockb, which is no service of its group",
    ),
    (
        "{name: mockc, namespace: default}]\n  isPermissive",
        "{name: mockc, namespace: default}, {name: mockd, namespace: default}]\n  isPermissive",
        "warning[lane-service-undefined] there is no Service default/mockd",
    ),
    (
        "{name: mockc, namespace: default}]\n  isPermissive",
        "{name: mockc}]\n  isPermissive",
        "error[missing-field] a service of a lane group needs a name and a namespace",
    ),
    (
        "{name: mockb, namespace: default}]\n  ingressRules",
        "{namespace: default}]\n  ingressRules",
        "error[missing-field] a service of a lane needs a name",
    ),
    (
        "gateway: {name: ingressgateway, namespace: istio-system, type: ASM}",
        "gateway: {}",
        "error[missing-field] lane group `test` has no ingress.gateway for its rules",
    ),
    (
        "destination: {host: mocka.default.svc.cluster.local}",
        "destination: {}",
        "error[missing-field] this rule of lane `s1` has no destination host",
    ),
    (
        "destination: {host: mocka.default.svc.cluster.local}",
        "destination: {host: mockd}",
        "warning[lane-entry-not-in-group] `mockd` is no service of lane group `test`",
    ),
    (
        "  ingressRules:",
        "  ingressWeight: {weight: 1, destination: {host: mocka}}\n  ingressRules:",
        "warning[lane-ingress-unused] this ingress weight of lane `s1` is not used",
    ),
];

#[test]
fn every_problem_of_permissive_lanes_is_reported_at_its_place() {
    for (from, to, expected) in CHANGES {
        let messages = messages(from, to);
        assert!(messages.contains(expected), "{expected}\ngot:\n{messages}");
        let line = messages.lines().find(|line| line.contains(expected)).unwrap();
        assert!(line.starts_with("t.yaml:"), "no place: {line}");
    }
}

#[test]
fn a_slip_of_the_pen_gets_a_suggestion() {
    for (from, to, expected) in [
        ("swimlane-group: test", "swimlane-group: tets", "did you mean `test`?"),
        ("fallbackTarget: s1", "fallbackTarget: s11", "did you mean `s1`?"),
        ("fallbackTarget: s1", "fallbackTarget: baseline", "its lanes: s1, s2, s3"),
        (
            "mockc, namespace: default}]\n  isP",
            "mock-c, namespace: default}]\n  isP",
            "did you mean `mockc`?",
        ),
    ] {
        let messages = messages(from, to);
        assert!(messages.contains(expected), "{expected}\ngot:\n{messages}");
    }
}

#[test]
fn a_service_entry_defines_a_service_too() {
    let text = chain_of(&PODS).replace(
        "kind: Service, metadata: {name: mockc}",
        "kind: Skipped, metadata: {name: mockc}",
    ) + &permissive("my-trace-id", "x-asm-prefer-tag");
    assert!(World::load(&text).messages.contains("there is no Service default/mockc"));
    let entry = "---\n{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: mockc}, \
                 spec: {hosts: [mockc.default.svc.cluster.local]}}\n";
    World::clean(&(text + entry));
}

#[test]
fn a_group_needs_lanes_and_services() {
    let messages = World::load(&(chain_of(&[]) + &group(""))).messages;
    assert!(messages.contains("error[lane-group-without-lanes] lane group `test` has no lanes"));
    let empty = "---\n{apiVersion: istio.alibabacloud.com/v1, kind: ASMSwimLaneGroup, \
                 metadata: {name: test}}\n";
    let world = World::load(&(empty.to_owned() + &lane("s1", "v1", "")));
    assert!(world.messages.contains("error[lane-group-without-services]"), "{}", world.messages);
    assert_eq!(world.resources.len(), 2);
}

#[test]
fn strict_lanes_must_hold_every_service() {
    let text = chain_of(&PODS)
        + &group("")
        + &lane("s1", "v1", "")
        + &lane("s2", "v2", &permissive::services("mocka"));
    let messages = World::load(&text).messages;
    let expected = "warning[strict-lane-incomplete] strict lane `s2` does not hold mockb, mockc";
    assert!(messages.contains(expected), "{messages}");
    assert_eq!(messages.matches("warning[").count(), 1, "{messages}");
}

#[test]
fn weights_must_be_there_and_not_all_zero() {
    let ingress = "  ingress:\n    gateway: {name: ingressgateway, namespace: istio-system}\n    \
                   ingressRouting: {ingressRoutingStrategy: weighted}\n";
    let weight = |weight: &str| {
        format!("  ingressWeight: {{destination: {{host: mocka}}, weight: {weight}}}\n")
    };
    let rule = "  ingressRules: [{name: r, route: {destination: {host: mocka}}}]\n";
    for (first, second, expected) in [
        (
            weight("1"),
            String::new(),
            "warning[lane-without-ingress-weight] lane `s2` of a weighted",
        ),
        (weight("0"), weight("0"), "error[lane-weights-all-zero] all lanes of group `test`"),
        (weight("4294967295"), weight("1"), "error[out-of-range] weight 4294967295 is above"),
        (
            weight("1"),
            weight("1") + rule,
            "warning[lane-ingress-unused] this ingress rule of lane `s2`",
        ),
    ] {
        let text = chain_of(&CHAIN.map(|name| (name, "v1 v2")))
            + &group(ingress)
            + &lane("s1", "v1", &first)
            + &lane("s2", "v2", &second);
        let messages = World::load(&text).messages;
        assert!(messages.contains(expected), "{expected}\ngot:\n{messages}");
    }
}

#[test]
fn objects_in_the_way_of_lanes_are_named() {
    let base = chain_of(&PODS) + &permissive("my-trace-id", "x-asm-prefer-tag");
    let hiding = "---\n{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: own}, \
                  spec: {host: mockc, subsets: [{name: s1, labels: {version: v1}}]}}\n";
    let entry = "---\n{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: entry}, \
                 spec: {gateways: [istio-system/ingressgateway], hosts: ['*'], \
                 http: [{route: [{destination: {host: mocka}}]}]}}\n";
    let twice = group("").replace("name: test", "name: other")
        + &lane("o1", "v1", "").replace("swimlane-group: test", "swimlane-group: other");
    for (text, expected) in [
        (
            hiding,
            "warning[lane-subsets-hidden] DestinationRule default/own hides the subsets of lane group \
             `test` for mockc",
        ),
        (
            entry,
            "warning[lane-ingress-conflict] VirtualService default/entry and the ingress rules of lane \
             group `test` share gateway istio-system/ingressgateway",
        ),
        (
            twice.as_str(),
            "warning[service-in-two-lane-groups] lane groups `test` and `other` both hold mocka",
        ),
    ] {
        let messages = World::load(&(base.clone() + text)).messages;
        assert!(messages.contains(expected), "{expected}\ngot:\n{messages}");
    }
    // A rule that defines the subsets of the lanes itself, or that is merged with theirs, hides nothing.
    for harmless in [
        hiding.replace("}]}}", "}, {name: s2, labels: {version: v2}}]}}"),
        hiding
            .replace("{name: own}", "{name: own, namespace: istio-system}")
            .replace("host: mockc,", "host: mockc.default.svc.cluster.local,"),
    ] {
        World::clean(&(base.clone() + &harmless));
    }
}

#[test]
fn lanes_of_a_group_that_is_known_by_its_objects_are_no_strays() {
    let generated = "---\n{apiVersion: networking.istio.io/v1, kind: DestinationRule, \
                     metadata: {name: a, labels: {provider: asm, swimlane-group: test}}, spec: {host: mocka}}\n";
    World::clean(&(chain_of(&PODS) + &lane("s1", "v1", "") + generated));
    // A group that its schema refuses is reported by the schema alone.
    let refused = group("").replace("services: [", "services: {x: [").replace("]\n", "]}\n");
    let messages = World::load(&(refused + &lane("s1", "v1", ""))).messages;
    assert!(messages.contains("error[wrong-type]"), "{messages}");
    assert!(!messages.contains("lane-without-group"), "{messages}");
}
