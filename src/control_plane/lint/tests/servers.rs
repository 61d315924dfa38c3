//! Istio's codes for Gateways, Sidecars, Services and ServiceEntries.

use super::super::testing::{object, service, world};

fn pod(name: &str, namespace: &str, labels: &str) -> String {
    format!(
        "---\n{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: {namespace}, labels: {labels}}}, spec: {{containers: []}}}}\n"
    )
}

fn gateway(name: &str, selector: &str, server: &str) -> String {
    object("Gateway", name, &format!("{{selector: {selector}, servers: [{server}]}}"))
}

fn http(port: u32, hosts: &str) -> String {
    format!("{{port: {{number: {port}, name: http, protocol: HTTP}}, hosts: [{hosts}]}}")
}

#[test]
fn a_gateway_without_pods_has_a_selector_that_is_not_found() {
    for (selector, pods, expected) in [
        ("{app: nobody}", String::new(), 1),
        ("{app: mine}", pod("p", "other", "{app: mine}"), 0),
        // The gateway of an installation is not in the files.
        ("{istio: ingressgateway}", String::new(), 0),
        ("{istio: ingressgateway, extra: label}", String::new(), 1),
    ] {
        let world = world(&(gateway("g", selector, &http(80, "'*'")) + &pods));
        assert_eq!(world.of("IST0101").len(), expected, "{selector}");
    }
}

#[test]
fn a_server_port_is_a_port_or_a_target_port_of_a_service_of_the_gateway() {
    let edge = |ports: &str| {
        pod("p", "istio-system", "{app: edge}")
            + &format!(
                "---\n{{apiVersion: v1, kind: Service, metadata: {{name: edge, namespace: istio-system}}, spec: {{selector: {{app: edge}}, ports: [{ports}]}}}}\n"
            )
    };
    for (text, expected) in [
        (
            edge("{name: http, port: 80, targetPort: 8080}")
                + &gateway("g", "{app: edge}", &http(80, "'*'")),
            0,
        ),
        (
            edge("{name: http, port: 80, targetPort: 8080}")
                + &gateway("g", "{app: edge}", &http(8080, "'*'")),
            0,
        ),
        (
            edge("{name: http, port: 80, targetPort: 8080}")
                + &gateway("g", "{app: edge}", &http(81, "'*'")),
            1,
        ),
        (gateway("g", "{istio: ingressgateway}", &http(81, "'*'")), 0),
    ] {
        assert_eq!(world(&text).of("IST0162").len(), expected, "{text}");
    }
}

#[test]
fn gateways_for_the_same_workloads_port_and_host_conflict() {
    let sub = "{istio: ingressgateway, app: edge}";
    let both = pod("p", "default", "{istio: ingressgateway, app: edge}");
    let tls = "{port: {number: 443, name: https, protocol: HTTPS}, hosts: [a.com], tls: {mode: SIMPLE, credentialName: c}}";
    let other_tls = tls.replace("a.com", "b.com");
    for (text, conflicts, certificates) in [
        (
            gateway("a", "{istio: ingressgateway}", &http(80, "a.com"))
                + &gateway("b", "{istio: ingressgateway}", &http(80, "a.com")),
            2,
            0,
        ),
        (
            gateway("a", "{istio: ingressgateway}", &http(80, "a.com"))
                + &gateway("b", "{istio: ingressgateway}", &http(81, "a.com")),
            0,
            0,
        ),
        (
            gateway("a", "{istio: ingressgateway}", &http(80, "a.com"))
                + &gateway("b", "{istio: ingressgateway}", &http(80, "b.com")),
            0,
            0,
        ),
        (
            gateway("a", "{app: edge}", &http(80, "a.com"))
                + &gateway("b", sub, &http(80, "a.com"))
                + &both,
            2,
            0,
        ),
        (
            gateway("a", "{app: edge}", &http(80, "a.com"))
                + &gateway("b", "{istio: ingressgateway}", &http(80, "a.com"))
                + &both,
            0,
            0,
        ),
        (
            gateway("a", "{istio: ingressgateway}", tls)
                + &gateway("b", "{istio: ingressgateway}", &other_tls),
            0,
            2,
        ),
        (gateway("a", "{istio: ingressgateway}", tls) + &gateway("b", sub, &other_tls), 0, 1),
    ] {
        let world = world(&text);
        assert_eq!(
            ["IST0145", "IST0138"].map(|code| world.of(code).len()),
            [conflicts, certificates],
            "{text}"
        );
    }
}

#[test]
fn sidecars_must_select_and_not_compete() {
    let sidecar = |name: &str, selector: &str| {
        object("Sidecar", name, &format!("{{{selector}egress: [{{hosts: ['*/*']}}]}}"))
    };
    let labels = |text: &str| format!("workloadSelector: {{labels: {text}}}, ");
    let ambient = "---\n{apiVersion: v1, kind: Namespace, metadata: {name: default, labels: {istio.io/dataplane-mode: ambient}}}\n";
    let p = pod("p", "default", "{app: a, tier: x}");
    for (text, expected) in [
        (sidecar("s", &labels("{app: a}")) + &p, [0, 0, 0, 0]),
        (sidecar("s", &labels("{app: b}")) + &p, [1, 0, 0, 0]),
        (sidecar("other/s", &labels("{app: a}")) + &p, [1, 0, 0, 0]),
        (
            sidecar("s", &labels("{app: a}")) + &sidecar("t", &labels("{tier: x}")) + &p,
            [0, 2, 0, 0],
        ),
        (sidecar("s", "") + &sidecar("t", ""), [0, 0, 2, 0]),
        (sidecar("s", "") + &sidecar("other/t", ""), [0, 0, 0, 0]),
        (sidecar("s", "") + &sidecar("t", &labels("{app: a}")) + &p + ambient, [0, 0, 0, 2]),
    ] {
        let world = world(&text);
        let found = ["IST0101", "IST0110", "IST0111", "IST0167"].map(|code| world.of(code).len());
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn port_names_say_the_protocol() {
    let with = |kind: &str, ports: &str, labels: &str| {
        format!(
            "---\n{{apiVersion: v1, kind: Service, metadata: {{name: s, labels: {labels}}}, spec: {{{kind}ports: [{ports}]}}}}\n"
        )
    };
    let external = "type: ExternalName, externalName: a.com, ";
    for (text, detected, outside) in [
        (with("", "{name: http-web, port: 80}", "{}"), 0, 0),
        (with("", "{name: web, port: 80}", "{}"), 1, 0),
        (with("", "{port: 80}", "{}"), 1, 0),
        (with("", "{name: web, port: 80, appProtocol: http}", "{}"), 0, 0),
        (with("", "{name: web, port: 80}", "{istio: ingressgateway}"), 0, 0),
        (with(external, "{name: web, port: 80}", "{}"), 0, 1),
        (with(external, "{name: tcp, port: 80}", "{}"), 0, 1),
        (with(external, "{name: http, port: 80}", "{}"), 0, 0),
    ] {
        let world = world(&text);
        assert_eq!(
            ["IST0118", "IST0150"].map(|code| world.of(code).len()),
            [detected, outside],
            "{text}"
        );
    }
}

#[test]
fn services_of_one_deployment_agree_on_ports() {
    let second = |ports: &str| {
        service("web", "default", 80, &["v1"])
            + &format!(
                "---\n{{apiVersion: v1, kind: Service, metadata: {{name: twin}}, spec: {{selector: {{app: web}}, ports: [{ports}]}}}}\n"
            )
    };
    for (ports, protocols, targets) in [
        ("{name: http, port: 80}", 0, 0),
        ("{name: udp, port: 80, protocol: UDP, targetPort: 81}", 1, 0),
        ("{name: http, port: 8080, targetPort: 80}", 0, 1),
    ] {
        let world = world(&second(ports));
        assert_eq!(
            ["IST0116", "IST0137"].map(|code| world.of(code).len()),
            [protocols, targets],
            "{ports}"
        );
    }
}

#[test]
fn service_entries_have_addresses_for_tcp_and_agree_on_protocols() {
    let entry = |name: &str, protocol: &str, more: &str| {
        object(
            "ServiceEntry",
            name,
            &format!(
                "{{hosts: [e.com], ports: [{{number: 80, name: p, protocol: {protocol}}}], resolution: STATIC, endpoints: [{{address: 1.1.1.1}}]{more}}}"
            ),
        )
    };
    for (text, addresses, protocols) in [
        (entry("a", "HTTP", ""), 0, 0),
        (entry("a", "TCP", ""), 1, 0),
        (entry("a", "TCP", ", addresses: [10.0.0.1]"), 0, 0),
        (entry("a", "HTTP", "") + &entry("b", "http", ""), 0, 0),
        (entry("a", "HTTP", "") + &entry("b", "TLS", ""), 0, 2),
        (
            entry("a", "HTTP", ", exportTo: ['.']") + &entry("other/b", "TLS", ", exportTo: ['.']"),
            0,
            0,
        ),
    ] {
        let world = world(&text);
        assert_eq!(
            ["IST0134", "IST0177"].map(|code| world.of(code).len()),
            [addresses, protocols],
            "{text}"
        );
    }
}
