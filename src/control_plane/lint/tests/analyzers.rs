//! Istio's codes for VirtualServices and DestinationRules, with meshes after its own test data.

use super::super::testing::{object, service, world};

/// Checks rows of (objects, what a code says of them) over two Services: reviews has one port, two has two.
fn check(code: &str, rows: &[(String, &[&str])]) {
    let base = service("reviews", "default", 42, &["v1"])
        + "---\n{apiVersion: v1, kind: Service, metadata: {name: two}, spec: {selector: {app: two}, \
           ports: [{name: http, port: 80}, {name: https, port: 443}]}}\n";
    for (text, expected) in rows {
        let world = world(&format!("{base}{text}"));
        assert_eq!(world.told(code), *expected, "{text}");
    }
}

fn rule(name: &str, spec: &str) -> String {
    object("VirtualService", name, spec)
}

fn to(destination: &str) -> String {
    rule("vs", &format!("{{hosts: [x.com], http: [{{route: [{{destination: {destination}}}]}}]}}"))
}

#[test]
fn hosts_and_ports_of_destinations_must_exist() {
    let hidden = "---\n{apiVersion: v1, kind: Service, metadata: {name: far, namespace: other, \
                  annotations: {networking.istio.io/exportTo: 'friend,.'}}, spec: {ports: [{name: http, port: 80}]}}\n";
    let entry = |hosts: &str, more: &str| {
        object(
            "ServiceEntry",
            "other/se",
            &format!(
                "{{hosts: [{hosts}], ports: [{{number: 80, name: http, protocol: HTTP}}], resolution: NONE{more}}}"
            ),
        )
    };
    let far = to("{host: far.other.svc.cluster.local}");
    let friend = far.replace("namespace: default", "namespace: friend");
    let mirror = rule(
        "vs",
        "{hosts: [x.com], http: [{route: [{destination: {host: reviews}}], mirror: {host: nobody}}]}",
    );
    check(
        "IST0101",
        &[
            (to("{host: reviews}"), &[]),
            (to("{host: reviews.default.svc.cluster.local}"), &[]),
            (to("{host: bogus}"), &["VirtualService default/vs: bogus"]),
            (mirror, &["VirtualService default/vs: nobody"]),
            (to("{host: reviews, port: {number: 42}}"), &[]),
            (to("{host: reviews, port: {number: 999}}"), &["VirtualService default/vs: 999"]),
            (format!("{hidden}{far}"), &["VirtualService default/vs: far.other.svc.cluster.local"]),
            (format!("{hidden}{friend}"), &[]),
            (entry("ext.com", "") + &to("{host: ext.com}"), &[]),
            (
                entry("ext.com", ", exportTo: ['.']") + &to("{host: ext.com}"),
                &["VirtualService default/vs: ext.com"],
            ),
            (entry("ext.com", ", exportTo: [default]") + &to("{host: ext.com}"), &[]),
            (entry("'*.eu.com'", "") + &to("{host: a.eu.com}"), &[]),
        ],
    );
}

#[test]
fn subsets_of_destinations_must_be_defined() {
    let subsets = |name: &str, host: &str| {
        object(
            "DestinationRule",
            name,
            &format!("{{host: {host}, subsets: [{{name: v1, labels: {{version: v1}}}}]}}"),
        )
    };
    let fallback = rule(
        "vs",
        "{hosts: [x.com], http: [{route: [{destination: {host: reviews, subset: v9}, fallback: {target: {host: reviews}}}]}]}",
    );
    check(
        "IST0101",
        &[
            (to("{host: reviews, subset: v1}"), &["VirtualService default/vs: v1"]),
            (subsets("dr", "reviews") + &to("{host: reviews, subset: v1}"), &[]),
            (
                subsets("dr", "reviews.default.svc.cluster.local")
                    + &to("{host: reviews, subset: v1}"),
                &[],
            ),
            (
                subsets("dr", "reviews") + &to("{host: reviews, subset: v2}"),
                &["VirtualService default/vs: v2"],
            ),
            // the analyzer does not see that a wildcard defines it.
            (subsets("dr", "'*.local'") + &to("{host: reviews, subset: v1}"), &[]),
            (to("{host: reviews, subset: $lane}"), &[]),
            (fallback, &[]),
        ],
    );
}

#[test]
fn a_service_with_several_ports_wants_a_port() {
    check(
        "IST0112",
        &[
            (to("{host: two}"), &["VirtualService default/vs: two"]),
            (to("{host: two, port: {number: 80}}"), &[]),
            (to("{host: reviews}"), &[]),
        ],
    );
}

#[test]
fn mesh_rules_with_one_host_and_a_common_audience_conflict() {
    let on = |name: &str, hosts: &str, more: &str| {
        rule(
            name,
            &format!(
                "{{hosts: [{hosts}], http: [{{route: [{{destination: {{host: reviews.default.svc.cluster.local}}}}]}}]{more}}}"
            ),
        )
    };
    let both: &[&str] = &["VirtualService default/a: reviews", "VirtualService default/b: reviews"];
    check(
        "IST0109",
        &[
            (on("a", "reviews", "") + &on("b", "reviews", ""), both),
            (on("a", "reviews", "") + &on("b", "two", ""), &[]),
            (on("a", "reviews", "") + &on("b", "reviews", ", gateways: [g]"), &[]),
            (on("a", "reviews", "") + &on("b", "reviews", ", gateways: [g, mesh]"), both),
            (
                on("a", "reviews", ", exportTo: ['.']")
                    + &on("b", "reviews", ", exportTo: [other]"),
                &[],
            ),
            (
                on("a", "reviews", ", exportTo: ['.']")
                    + &on("b", "reviews", ", exportTo: [default]"),
                both,
            ),
            (
                on("a", "'*.d.com'", ", exportTo: ['.']") + &on("b", "'*.com'", ""),
                &["VirtualService default/a: *.d.com", "VirtualService default/b: *.com"],
            ),
            (on("a", "'*.d.com'", "") + &on("b", "'*.com'", ""), &[]),
            (
                on("a", "reviews", "") + &on("other/b", "reviews.default.svc.cluster.local", ""),
                &[
                    "VirtualService default/a: reviews",
                    "VirtualService other/b: reviews.default.svc.cluster.local",
                ],
            ),
        ],
    );
}

#[test]
fn gateways_must_exist_and_serve_a_host() {
    let gateway = |hosts: &str| {
        object(
            "Gateway",
            "edge",
            &format!(
                "{{selector: {{istio: ingressgateway}}, servers: [{{port: {{number: 80, name: http, protocol: HTTP}}, hosts: [{hosts}]}}]}}"
            ),
        )
    };
    let bound = |namespace: &str, gateways: &str| {
        rule(
            &format!("{namespace}/vs"),
            &format!(
                "{{hosts: [a.foo.com], gateways: [{gateways}], http: [{{route: [{{destination: {{host: reviews.default.svc.cluster.local}}}}]}}]}}"
            ),
        )
    };
    let kubernetes = "---\n{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: k8s}, \
                      spec: {gatewayClassName: istio, listeners: [{name: a, port: 80, protocol: HTTP, hostname: '*.foo.com'}]}}\n";
    for (text, missing, unserved, internal) in [
        (gateway("'*.foo.com'") + &bound("default", "edge"), 0, 0, 0),
        (gateway("'*.foo.com'") + &bound("default", "default/edge, mesh"), 0, 0, 0),
        (gateway("'*'") + &bound("other", "edge"), 1, 1, 0),
        // the analyzer does not know the dotted form; it works.
        (gateway("'*'") + &bound("other", "edge.default"), 0, 0, 0),
        (gateway("bar.com") + &bound("default", "edge"), 0, 1, 0),
        (gateway("other/a.foo.com") + &bound("default", "edge"), 0, 1, 0),
        (gateway("other/a.foo.com") + &bound("other", "default/edge"), 0, 0, 0),
        (gateway("./a.foo.com") + &bound("default", "edge"), 0, 0, 0),
        (kubernetes.to_owned() + &bound("default", "k8s"), 0, 0, 0),
        (bound("default", "edge-istio-autogenerated-k8s-gateway-x"), 0, 0, 1),
    ] {
        let world = world(&format!("{}{text}", service("reviews", "default", 80, &["v1"])));
        let found = ["IST0101", "IST0132", "IST0165"].map(|code| world.of(code).len());
        assert_eq!(found, [missing, unserved, internal], "{text}");
    }
}

#[test]
fn a_gateway_rule_without_subset_beside_one_of_the_mesh_with_subsets() {
    let at_gateway = |destination: &str, gateways: &str| {
        rule(
            "edge",
            &format!(
                "{{hosts: [x.com], gateways: [{gateways}], http: [{{route: [{{destination: {destination}}}]}}]}}"
            ),
        )
    };
    let inside = |hosts: &str| {
        rule(
            "inside",
            &format!(
                "{{hosts: [{hosts}], http: [{{route: [{{destination: {{host: reviews, subset: v1}}}}]}}]}}"
            ),
        )
    };
    check(
        "IST0140",
        &[
            (
                at_gateway("{host: reviews}", "g") + &inside("reviews"),
                &["VirtualService default/edge: reviews"],
            ),
            (at_gateway("{host: reviews, subset: v1}", "g") + &inside("reviews"), &[]),
            (at_gateway("{host: two}", "g") + &inside("reviews"), &[]),
            (at_gateway("{host: reviews}", "mesh") + &inside("reviews"), &[]),
            (at_gateway("{host: reviews}", "g") + &inside("two"), &[]),
        ],
    );
}

#[test]
fn subsets_and_hosts_of_destination_rules_must_lead_somewhere() {
    let dr = |host: &str, labels: &str| {
        object(
            "DestinationRule",
            "dr",
            &format!("{{host: {host}, subsets: [{{name: s, labels: {labels}}}]}}"),
        )
    };
    let entry = object(
        "ServiceEntry",
        "se",
        "{hosts: [ext.com], ports: [{number: 80, name: http, protocol: HTTP}], resolution: STATIC, \
         endpoints: [{address: 1.2.3.4, labels: {side: left}}]}",
    );
    check(
        "IST0173",
        &[
            (dr("reviews", "{version: v1}"), &[]),
            (dr("reviews", "{version: v7}"), &["DestinationRule default/dr: s"]),
            // Endpoints that are no pods count, which the analyzer does not see.
            (entry.clone() + &dr("ext.com", "{side: left}"), &[]),
            (entry + &dr("ext.com", "{side: right}"), &["DestinationRule default/dr: s"]),
            (dr("bogus", "{version: v7}"), &[]),
        ],
    );
    check(
        "IST0174",
        &[
            (dr("reviews", "{version: v1}"), &[]),
            (dr("bogus", "{version: v1}"), &["DestinationRule default/dr: bogus"]),
            (
                dr("reviews.default", "{version: v1}"),
                &["DestinationRule default/dr: reviews.default"],
            ),
            (dr("'*.default.svc.cluster.local'", "{version: v1}"), &[]),
            (
                dr("'*.nowhere.com'", "{version: v1}"),
                &["DestinationRule default/dr: *.nowhere.com"],
            ),
        ],
    );
}

#[test]
fn tls_without_ca_certificates_is_told_at_its_level() {
    let tls =
        |policy: &str| object("DestinationRule", "dr", &format!("{{host: reviews, {policy}}}"));
    for (text, whole, port) in [
        (tls("trafficPolicy: {tls: {mode: SIMPLE}}"), 1, 0),
        (tls("trafficPolicy: {tls: {mode: SIMPLE, caCertificates: /ca.pem}}"), 0, 0),
        (tls("trafficPolicy: {tls: {mode: SIMPLE, credentialName: c}}"), 1, 0),
        (
            tls(
                "workloadSelector: {matchLabels: {a: b}}, trafficPolicy: {tls: {mode: SIMPLE, credentialName: c}}",
            ),
            0,
            0,
        ),
        (tls("trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}"), 0, 0),
        (
            tls("trafficPolicy: {portLevelSettings: [{port: {number: 42}, tls: {mode: SIMPLE}}]}"),
            0,
            1,
        ),
    ] {
        let world = world(&format!("{}{text}", service("reviews", "default", 42, &["v1"])));
        assert_eq!(
            ["IST0128", "IST0129"].map(|code| world.of(code).len()),
            [whole, port],
            "{text}"
        );
    }
}

#[test]
fn what_validation_says_keeps_its_code() {
    let text = rule(
        "vs",
        "{hosts: [reviews], http: [{route: [{destination: {host: reviews}}]}, {match: [{uri: {prefix: /a}}], route: [{destination: {host: reviews}}]}]}",
    ) + &rule(
        "twice",
        "{hosts: [two], http: [{match: [{uri: {prefix: /a}}, {uri: {prefix: /a/b}}], route: [{destination: {host: two}}]}]}",
    ) + &rule(
        "bad",
        "{hosts: [a, a], http: [{route: [{destination: {host: reviews}}]}]}",
    ) + &rule(
        "legacy",
        "{hosts: [x.com], gateways: [edge.default], http: [{route: [{destination: {host: reviews}}]}]}",
    );
    let world = world(&format!("{}{text}", service("reviews", "default", 42, &["v1"])));
    let objects = |code: &str| {
        world.of(code).iter().map(|finding| finding.object.clone()).collect::<Vec<_>>()
    };
    assert_eq!(objects("IST0130"), ["VirtualService default/vs"]);
    assert_eq!(objects("IST0131"), ["VirtualService default/twice"]);
    assert_eq!(objects("IST0106"), ["VirtualService default/bad"]);
    assert_eq!(objects("IST0133"), ["VirtualService default/legacy"]);
}

#[test]
fn deprecated_fields_and_claims_without_tokens() {
    let delay = rule(
        "vs",
        "{hosts: [reviews], http: [{fault: {delay: {percent: 10, fixedDelay: 1s}}, route: [{destination: {host: reviews}}]}]}",
    );
    let claim = rule(
        "vs",
        "{hosts: [x.com], gateways: [g], http: [{match: [{headers: {'@request.auth.claims.group': {exact: a}}}], route: [{destination: {host: reviews}}]}]}",
    );
    let token = "---\n{apiVersion: security.istio.io/v1, kind: RequestAuthentication, metadata: {name: jwt}, spec: {}}\n";
    check(
        "IST0002",
        &[
            (delay.clone(), &["VirtualService default/vs: 10"]),
            (delay.replace("percent: 10, ", "percentage: {value: 10}, "), &[]),
        ],
    );
    check(
        "IST0149",
        &[
            (claim.clone(), &["VirtualService default/vs: @request.auth.claims.group"]),
            (claim + token, &[]),
            (to("{host: reviews}"), &[]),
        ],
    );
}
