//! What a run is told of destinations that nobody defines.

use super::super::testing::{object, service, world};
use super::super::undefined_destinations;

fn told(text: &str) -> Vec<String> {
    let world = world(&format!("{}{text}", service("web", "default", 80, &["v1"])));
    let found = undefined_destinations(&world.resources, &world.mesh);
    let shown = |problem: &crate::diagnostic::Diagnostic| {
        let place = problem.place.unwrap();
        let line = world.sources.get(place.source).unwrap().text.lines();
        let line = line.clone().nth(place.line as usize - 1).unwrap_or_default();
        let rest: String = line.chars().skip(place.column as usize - 1).collect();
        format!("{} {}", problem.code, rest.split([',', '}']).next().unwrap_or_default())
    };
    found.iter().map(shown).collect()
}

fn to(routes: &str) -> String {
    object("VirtualService", "vs", &format!("{{hosts: [x.com], http: [{{route: [{routes}]}}]}}"))
}

#[test]
fn a_run_is_told_of_missing_services_and_subsets_at_their_words() {
    let dr = |name: &str, more: &str| {
        object(
            "DestinationRule",
            name,
            &format!(
                "{{host: web.default.svc.cluster.local, subsets: [{{name: v1, labels: {{version: v1}}}}]{more}}}"
            ),
        )
    };
    for (text, expected) in [
        (to("{destination: {host: web}}"), &[] as &[&str]),
        (to("{destination: {host: nobody}}"), &["undefined-service nobody"]),
        (to("{destination: {host: web.default}}"), &["undefined-service web.default"]),
        (to("{destination: {host: web, subset: v1}}"), &["undefined-subset v1"]),
        (to("{destination: {host: web, subset: v1}}") + &dr("dr", ""), &[]),
        // a rule of a third namespace is nobody's.
        (
            to("{destination: {host: web, subset: v1}}") + &dr("far/dr", ", exportTo: ['.']"),
            &["undefined-subset v1"],
        ),
        (to("{destination: {host: web, subset: $tag}}"), &[]),
        // Weight 0 beside others gets no traffic, alone it does.
        (
            to("{destination: {host: web}, weight: 1}, {destination: {host: nobody}, weight: 0}"),
            &[],
        ),
        (to("{destination: {host: nobody}, weight: 0}"), &["undefined-service nobody"]),
        (to("{destination: {host: web, subset: v9}, fallback: {target: {host: web}}}"), &[]),
        (
            to("{destination: {host: web, subset: v9}, fallback: {target: {host: gone}}}"),
            &["undefined-subset v9"],
        ),
    ] {
        assert_eq!(told(&text), expected, "{text}");
    }
}

#[test]
fn a_gateway_rule_asks_the_namespace_of_the_gateway() {
    let vs = object(
        "VirtualService",
        "vs",
        "{hosts: [x.com], gateways: [g], http: [{route: [{destination: {host: web, subset: v1}}]}]}",
    );
    let gateway = object(
        "Gateway",
        "g",
        "{selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}",
    );
    let dr = |export: &str| {
        object(
            "DestinationRule",
            "dr",
            &format!(
                "{{host: web, subsets: [{{name: v1, labels: {{version: v1}}}}], exportTo: [{export}]}}"
            ),
        )
    };
    let pod = "---\n{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: edge, labels: {istio: ingressgateway}}, spec: {containers: []}}\n";
    assert_eq!(told(&format!("{vs}{gateway}{pod}{}", dr("'*'"))), [""; 0]);
    assert_eq!(told(&format!("{vs}{gateway}{pod}{}", dr("'.'"))), ["undefined-subset v1"]);
}

#[test]
fn a_backend_of_an_httproute_that_is_no_service_is_told_once() {
    let route = "---\n{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r}, spec: {hostnames: [a.com, b.com], \
                 parentRefs: [{kind: Service, group: '', name: web}], rules: [{backendRefs: [{name: nobody, port: 80}]}]}}\n";
    assert_eq!(told(route), ["undefined-service nobody"]);
}
