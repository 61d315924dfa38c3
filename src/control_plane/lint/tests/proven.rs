//! Our own findings: each carries a request, and the tables' answer to it.

use super::super::testing::{World, object, service, world};
use crate::data_plane::ResponseFlag;

/// A world of web with v1 and v2 in subsets, and a gateway `g`.
fn shop(text: &str) -> World {
    let subsets = object(
        "DestinationRule",
        "web",
        "{host: web, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]}",
    );
    let gateway = object(
        "Gateway",
        "g",
        "{selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}",
    );
    let web = service("web", "default", 80, &["v1", "v2"]);
    let api = service("api", "default", 80, &["v1"]);
    world(&format!("{web}{api}{subsets}{gateway}{text}"))
}

fn vs(name: &str, head: &str, rules: &[&str]) -> String {
    object("VirtualService", name, &format!("{{{head}, http: [{}]}}", rules.join(", ")))
}

fn mesh(rules: &[&str]) -> String {
    vs("vs", "hosts: [web]", rules)
}

const TO_V1: &str = "route: [{destination: {host: web, subset: v1}}]";
const TO_V2: &str = "route: [{destination: {host: web, subset: v2}}]";

fn on(condition: &str, action: &str) -> String {
    format!("{{match: [{condition}], {action}}}")
}

/// How often a code is found, and the path of its proof with what it says.
fn proofs(world: &World, code: &str) -> Vec<(String, String)> {
    let of = |finding: &&super::super::Finding| {
        let proof = finding.proof.clone().unwrap();
        (proof.request.path, proof.outcome.text)
    };
    world.of(code).iter().map(of).collect()
}

#[test]
fn a_rule_is_unreachable_only_if_earlier_ones_take_everything() {
    let second = |first: &str, later: &str| {
        let world = shop(&mesh(&[&on(first, TO_V1), &on(later, TO_V2), &format!("{{{TO_V1}}}")]));
        proofs(&world, "unreachable-rule")
    };
    for (first, later, path) in [
        ("{uri: {prefix: /a}}", "{uri: {prefix: /a/b}}", Some("/a/b")),
        ("{uri: {prefix: /a}}", "{uri: {exact: /ab}}", Some("/ab")),
        ("{uri: {prefix: /}}", "{uri: {regex: '/x[0-9]+'}}", Some("/x0")),
        ("{uri: {regex: '/.*'}}", "{uri: {exact: /x}}", Some("/x")),
        ("{headers: {x: {}}}", "{headers: {x: {exact: b}}, uri: {prefix: /a}}", Some("/a")),
        (
            "{method: {exact: GET}}",
            "{method: {exact: GET}, queryParams: {q: {exact: '1'}}}",
            Some("/?q=1"),
        ),
        ("{uri: {prefix: /a/b}}", "{uri: {prefix: /a}}", None),
        ("{uri: {prefix: /a}, headers: {x: {exact: y}}}", "{uri: {prefix: /a}}", None),
        ("{uri: {exact: /a}}", "{uri: {prefix: /a}}", None),
        ("{uri: {prefix: /a}, port: 81}", "{uri: {prefix: /a}}", None),
        ("{uri: {prefix: /a}, sourceLabels: {app: api}}", "{uri: {prefix: /a}}", None),
        ("{uri: {prefix: /A}, ignoreUriCase: true}", "{uri: {prefix: /a/b}}", Some("/a/b")),
        ("{uri: {prefix: /a}}", "{uri: {prefix: /A}, ignoreUriCase: true}", None),
        (
            "{withoutHeaders: {x: {exact: a}}}",
            "{withoutHeaders: {x: {prefix: a}}, uri: {prefix: /z}}",
            Some("/z"),
        ),
    ] {
        let found = second(first, later);
        let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths.first().copied(), path, "{first} {later} {found:?}");
        if path.is_some() {
            assert_eq!(found[0].1, "VirtualService default/vs http[0] takes it");
        }
    }
}

#[test]
fn a_dead_match_of_a_living_rule_is_told_alone() {
    let rules = [
        on("{uri: {prefix: /a}}", TO_V1),
        on("{uri: {prefix: /b}}, {uri: {exact: /a/x}}", TO_V2),
        on("{uri: {prefix: /c}}, {uri: {prefix: /c/d}}", TO_V2),
    ];
    let world = shop(&mesh(&[&rules[0], &rules[1], &rules[2]]));
    assert_eq!(proofs(&world, "unreachable-rule"), []);
    let found = proofs(&world, "unreachable-match");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "/a/x");
}

#[test]
fn a_delegate_rule_is_unreachable_only_if_it_is_so_in_every_root() {
    let root = |name: &str, host: &str, prefix: &str| {
        vs(
            name,
            &format!("hosts: [{host}], gateways: [g]"),
            &[
                &format!("{{match: [{{uri: {{prefix: {prefix}}}}}], {TO_V2}}}"),
                "{match: [{uri: {prefix: /a}}], delegate: {name: inner}}",
            ],
        )
    };
    let inner = object(
        "VirtualService",
        "inner",
        &format!("{{http: [{{match: [{{uri: {{prefix: /a/b}}}}], {TO_V1}}}]}}"),
    );
    let one = shop(&(root("r1", "a.com", "/a/b") + &root("r2", "b.com", "/z") + &inner));
    assert_eq!(one.told("unreachable-rule"), [""; 0]);
    let both = shop(&(root("r1", "a.com", "/a/b") + &root("r2", "b.com", "/a") + &inner));
    assert_eq!(both.of("unreachable-rule").len(), 1);
}

#[test]
fn a_share_goes_to_503_by_an_undefined_subset_or_an_empty_one() {
    let split = |second: &str| {
        mesh(&[&format!(
            "{{route: [{{destination: {{host: web, subset: v1}}, weight: 90}}, {{destination: {second}, weight: 10}}]}}"
        )])
    };
    let empty = object(
        "DestinationRule",
        "api",
        "{host: api, subsets: [{name: v7, labels: {version: v7}}]}",
    );
    for (text, flag, word) in [
        (split("{host: web, subset: v9}"), Some(ResponseFlag::NoCluster), "v9"),
        (split("{host: nobody}"), Some(ResponseFlag::NoCluster), "nobody"),
        (split("{host: api, port: {number: 99}}"), Some(ResponseFlag::NoCluster), "api"),
        (split("{host: api, subset: v7}") + &empty, Some(ResponseFlag::NoHealthyUpstream), "v7"),
        (split("{host: web, subset: v2}"), None, ""),
        (split("{host: web, subset: $tag}"), None, ""),
    ] {
        let world = shop(&text);
        let Some(flag) = flag else {
            assert_eq!(world.told("share-to-503"), [""; 0], "{text}");
            continue;
        };
        assert_eq!(
            world.told("share-to-503"),
            [format!("VirtualService default/vs: {word}")],
            "{text}"
        );
        let outcome = world.of("share-to-503")[0].proof.clone().unwrap().outcome;
        assert_eq!(
            (outcome.flag, outcome.status, outcome.share),
            (Some(flag), Some(503), Some((10, 100)))
        );
    }
}

#[test]
fn a_share_that_fallback_catches_or_nobody_counts_is_not_told() {
    let caught = mesh(&[
        "{route: [{destination: {host: web, subset: v9}, fallback: {target: {host: web, subset: v1}}}]}",
    ]);
    assert_eq!(shop(&caught).told("share-to-503"), [""; 0]);
    let lost = caught.replace("target: {host: web, subset: v1}", "target: {host: web, subset: v8}");
    assert_eq!(shop(&lost).of("share-to-503").len(), 1);
    // Somebody else writes the endpoints of a Service without selector.
    let manual = "---\n{apiVersion: v1, kind: Service, metadata: {name: manual}, spec: {ports: [{name: http, port: 80}]}}\n";
    let text = mesh(&["{route: [{destination: {host: manual}}]}"]);
    assert_eq!(shop(&(text + manual)).told("share-to-503"), [""; 0]);
}

#[test]
fn a_share_that_fails_for_some_proxies_says_for_whom() {
    let private = object(
        "DestinationRule",
        "api",
        "{host: api, exportTo: ['.'], subsets: [{name: v1, labels: {version: v1}}]}",
    );
    let rules = vs("vs", "hosts: [api]", &["{route: [{destination: {host: api, subset: v1}}]}"]);
    let other = service("caller", "other", 80, &["v1"]);
    let world = shop(&(private + &rules + &other));
    let found = world.of("share-to-503");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].proof.as_ref().unwrap().entry.name, "sidecar of other/caller-v1");
    assert_eq!(
        found[0].help[1..],
        ["so at sidecar of other/caller-v1; other proxies can send there"]
    );
}

#[test]
fn rules_that_a_gateway_goes_past_are_told_if_they_do_anything() {
    let edge = |subset: &str| {
        vs(
            "edge",
            "hosts: [shop.com], gateways: [g]",
            &[&format!("{{route: [{{destination: {{host: web{subset}}}}}]}}")],
        )
    };
    let plain = mesh(&["{route: [{destination: {host: web}}]}"]);
    let split = mesh(&[&format!("{{{TO_V1}}}")]);
    for (text, expected) in [
        (edge("") + &split, 1),
        (edge("") + &plain, 0),
        (edge(", subset: v2") + &split, 0),
        (edge("") + &split.replace("hosts: [web]", "hosts: [web], gateways: [mesh, g]"), 0),
        (split.clone(), 0),
    ] {
        assert_eq!(shop(&text).of("mesh-only-rule").len(), expected, "{text}");
    }
    let found = proofs(&shop(&(edge("") + &split)), "mesh-only-rule");
    assert!(
        found[0].1.contains("straight to outbound|80||web.default.svc.cluster.local"),
        "{found:?}"
    );
    assert!(found[0].1.contains("sent it to outbound|80|v1|"), "{found:?}");
}

#[test]
fn names_decide_between_objects_of_one_age() {
    let dated = |text: &str, date: &str| {
        text.replace(
            "namespace: default}, spec",
            &format!("namespace: default, creationTimestamp: '{date}'}}, spec"),
        )
    };
    let at_edge = |name: &str, rule: &str| vs(name, "hosts: [shop.com], gateways: [g]", &[rule]);
    let a = at_edge("a", &on("{uri: {prefix: /x}}", TO_V1));
    let b = at_edge("b", &on("{uri: {prefix: /x/y}}", TO_V2));
    let apart = at_edge("b", &on("{uri: {prefix: /z}}", TO_V2));
    let same = at_edge("b", &on("{uri: {prefix: /x/y}}", TO_V1));
    let all = at_edge("b", &format!("{{{TO_V2}}}"));
    let inside = |name: &str, action: &str| vs(name, "hosts: [web]", &[&format!("{{{action}}}")]);
    let old = "2020-01-01T00:00:00Z";
    for (text, expected) in [
        (a.clone() + &b, 1),
        (dated(&a, old) + &dated(&b, old), 1),
        (dated(&a, old) + &b, 0),
        (a.clone() + &apart, 0),
        (a.clone() + &same, 0),
        // A catch-all stands last in any order.
        (a.clone() + &all, 0),
        (inside("a", TO_V1) + &inside("b", TO_V2), 1),
        (inside("a", TO_V1) + &inside("b", TO_V1), 0),
        (dated(&inside("a", TO_V1), old) + &inside("b", TO_V2), 0),
    ] {
        let world = shop(&text);
        assert_eq!(world.of("order-depends-on-names").len(), expected, "{text}");
    }
    let found = proofs(&shop(&(a + &b)), "order-depends-on-names");
    assert_eq!(
        found,
        [(
            "/x/y".to_owned(),
            "VirtualService default/a http[0] takes it, not VirtualService default/b http[0]"
                .to_owned()
        )]
    );
}

#[test]
fn a_name_with_a_dot_is_no_short_form() {
    let host = vs("vs", "hosts: [web.default]", &[&format!("{{{TO_V1}}}")]);
    let destination = mesh(&["{route: [{destination: {host: api.default}}]}"]);
    let fine = vs("vs", "hosts: [web.default.svc.cluster.local]", &[&format!("{{{TO_V1}}}")]);
    let outside = vs("vs", "hosts: [web.com]", &[&format!("{{{TO_V1}}}")]);
    for (text, expected) in [
        (host, vec!["VirtualService default/vs: web.default"]),
        (destination, vec!["VirtualService default/vs: api.default"]),
        (fine, vec![]),
        (outside, vec![]),
    ] {
        assert_eq!(shop(&text).told("dotted-short-name"), expected, "{text}");
    }
}

#[test]
fn a_host_without_default_route_answers_404_to_the_rest() {
    let first = on("{uri: {prefix: /a}}", TO_V1);
    let all = format!("{{{TO_V1}}}");
    let at_edge = |name: &str, rule: &str| vs(name, "hosts: [shop.com], gateways: [g]", &[rule]);
    for (text, expected) in [
        (mesh(&[&first]), vec!["VirtualService default/vs"]),
        (mesh(&[&first, &all]), vec![]),
        (mesh(&[&on("{uri: {prefix: /}}", TO_V1)]), vec![]),
        // At a gateway another object may have the rest.
        (at_edge("a", &first) + &at_edge("b", &all), vec![]),
        (at_edge("a", &first), vec!["VirtualService default/a"]),
    ] {
        let world = shop(&text);
        let objects: Vec<&str> =
            world.of("no-default-route").iter().map(|finding| finding.object.as_str()).collect();
        assert_eq!(objects, expected, "{text}");
    }
}

#[test]
fn weights_that_mislead_are_told_with_their_shares() {
    let split = |a: &str, b: &str| {
        mesh(&[&format!(
            "{{route: [{{destination: {{host: web, subset: v1}}{a}}}, {{destination: {{host: web, subset: v2}}{b}}}]}}"
        )])
    };
    for (text, sum, missing) in [
        (split(", weight: 90", ", weight: 10"), 0, 0),
        (split(", weight: 1", ", weight: 3"), 1, 0),
        (split(", weight: 100", ""), 0, 1),
        (split(", weight: 100", ", weight: 0"), 0, 0),
    ] {
        let world = shop(&text);
        assert_eq!(
            ["weights-not-100", "missing-weight"].map(|code| world.of(code).len()),
            [sum, missing],
            "{text}"
        );
    }
    let found = proofs(&shop(&split(", weight: 1", ", weight: 3")), "weights-not-100");
    assert!(found[0].1.contains("25 % outbound|80|v1|"), "{found:?}");
}

#[test]
fn a_fault_without_percentage_and_a_rewrite_with_a_double_slash() {
    let fault =
        |more: &str| mesh(&[&format!("{{fault: {{abort: {{httpStatus: 500{more}}}}}, {TO_V1}}}")]);
    assert_eq!(shop(&fault("")).of("fault-never-fires").len(), 1);
    assert_eq!(shop(&fault(", percentage: {value: 10}")).of("fault-never-fires").len(), 0);
    let rewrite = |first: &str, prefix: &str| {
        mesh(&[&format!(
            "{{match: [{first}{{uri: {{prefix: {prefix}}}}}], rewrite: {{uri: /}}, {TO_V1}}}"
        )])
    };
    let found = proofs(&shop(&rewrite("", "/old")), "rewrite-double-slash");
    assert_eq!(
        found,
        [(
            "/old/x".to_owned(),
            "VirtualService default/vs http[0] takes it; the application gets //x".to_owned()
        )]
    );
    assert_eq!(shop(&rewrite("", "/old/")).of("rewrite-double-slash").len(), 0);
    // The usual cure: the slash first, in a rule of its own.
    let cured = mesh(&[
        &format!("{{match: [{{uri: {{prefix: /old/}}}}], rewrite: {{uri: /}}, {TO_V1}}}"),
        &format!("{{match: [{{uri: {{prefix: /old}}}}], rewrite: {{uri: /}}, {TO_V1}}}"),
    ]);
    assert_eq!(shop(&cured).of("rewrite-double-slash").len(), 0);
}

#[test]
fn every_finding_of_our_own_has_a_proof_and_a_place() {
    let world = shop(
        &(mesh(&[
            "{route: [{destination: {host: nobody}, weight: 3}, {destination: {host: web}}]}",
        ]) + &vs("b", "hosts: [web]", &[&on("{uri: {prefix: /a}}", TO_V1)])),
    );
    assert!(world.findings.len() > 4);
    for finding in &world.findings {
        let own = !finding.code.code.starts_with("IST");
        assert_eq!(own, finding.proof.is_some(), "{finding:?}");
        assert!(finding.place.is_some(), "{finding:?}");
    }
}
