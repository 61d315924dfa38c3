//! IST0101 for selectors, IST0138, IST0145, IST0162: servers of Gateways and the workloads behind them.

use std::collections::BTreeSet;

use super::labels::{Labels, gateway_pods, selector, selects};
use crate::config::decode::Located;
use crate::config::istio::gateway::{Gateway, Server, ServerTls};
use crate::config::object::Object;
use crate::control_plane::lint::{Finding, Subject, catalog, name_of};
use crate::control_plane::registry::{Protocol, TargetPort};
use crate::diagnostic::Place;

/// Checks all Istio Gateways.
pub(super) fn findings(subject: &Subject<'_>) -> Vec<Finding> {
    let pods = gateway_pods(subject.mesh);
    let mut found = Vec::new();
    for object in &subject.resources.gateways {
        if pods.iter().any(|labels| selects(&object.spec.selector, labels)) {
            found.extend(unexposed_ports(subject, object));
        } else {
            let list = selector(&object.spec.selector);
            let message = format!("no pod carries the labels {list} of this Gateway");
            found.push(Finding::new(
                &catalog::NOT_FOUND,
                name_of(object),
                object.meta.place,
                message,
            ));
        }
        found.extend(conflicts(subject, object, &pods));
        found.extend(shared_certificates(subject, object));
    }
    found
}

fn place(server: &Server) -> Place {
    let number = server.port.as_ref().and_then(|port| port.number.as_ref());
    number.map_or(server.place, |number| number.place)
}

fn number(server: &Server) -> Option<u32> {
    Some(server.port.as_ref()?.number.as_ref()?.value)
}

/// IST0162: neither a port nor a target port of the Services in front of the selected pods. Nothing is said
/// of gateways whose pods are not in the files.
fn unexposed_ports(subject: &Subject<'_>, object: &Object<Gateway>) -> Vec<Finding> {
    let registry = &subject.mesh.registry;
    let pods = registry.pods.iter().filter(|pod| selects(&object.spec.selector, &pod.labels));
    let mut exposed = BTreeSet::new();
    let mut seen = false;
    for pod in pods {
        seen = true;
        let services = registry.services.iter().filter(|service| {
            service.namespace == pod.namespace && selects(&service.selector, &pod.labels)
        });
        for port in services.flat_map(|service| &service.ports) {
            if port.protocol == Protocol::Udp {
                continue;
            }
            exposed.insert(port.number);
            if let TargetPort::Number(target) = port.target {
                exposed.insert(target);
            }
        }
    }
    let missing =
        object.spec.servers.iter().filter(|server| {
            seen && number(server).is_some_and(|number| !exposed.contains(&number))
        });
    let finding = |server: &Server| {
        let message =
            format!("no Service of the gateway's pods has port {}", number(server).unwrap_or(0));
        let list: Vec<String> = exposed.iter().map(ToString::to_string).collect();
        let code = &catalog::PORT_NOT_EXPOSED;
        Finding::new(code, name_of(object), place(server), message)
            .help(format!("their Services expose {}", list.join(", ")))
    };
    missing.map(finding).collect()
}

/// IST0145: another Gateway for the same workloads claims a host of this server's port and address.
fn conflicts(subject: &Subject<'_>, object: &Object<Gateway>, pods: &[Labels]) -> Vec<Finding> {
    let mut found = Vec::new();
    let gateways = &subject.resources.gateways;
    let others: Vec<&Object<Gateway>> = gateways
        .iter()
        .filter(|other| other.meta.full_name() != object.meta.full_name())
        .filter(|other| meet(&object.spec.selector, &other.spec.selector, pods))
        .collect();
    for server in &object.spec.servers {
        let hosts: BTreeSet<&str> = server.hosts.iter().map(|host| host.value.as_str()).collect();
        let claims = |other: &Server| {
            number(other).is_some()
                && number(other) == number(server)
                && text(other.bind.as_ref()) == text(server.bind.as_ref())
                && other.hosts.iter().any(|host| hosts.contains(host.value.as_str()))
        };
        let names: Vec<String> = others
            .iter()
            .filter(|other| other.spec.servers.iter().any(claims))
            .map(|other| other.meta.full_name())
            .collect();
        if names.is_empty() {
            continue;
        }
        let port = number(server).unwrap_or(0);
        let list: Vec<&str> = hosts.into_iter().collect();
        let message = format!(
            "the Gateway {} claims port {port} for the same workloads and hosts ({})",
            names.join(", "),
            list.join(", ")
        );
        let help = "plain HTTP servers merge; of TLS servers the later one is dropped (R-046)";
        let code = &catalog::CONFLICTING_GATEWAYS;
        found.push(Finding::new(code, name_of(object), place(server), message).help(help));
    }
    found
}

/// Equal selectors meet; others only if one's text holds the other's and a pod carries both.
fn meet(a: &Labels, b: &Labels, pods: &[Labels]) -> bool {
    let (one, other) = (selector(a), selector(b));
    let nested = one.contains(&other) || other.contains(&one);
    one == other || (nested && pods.iter().any(|pod| selects(a, pod) && selects(b, pod)))
}

fn text(value: Option<&Located<String>>) -> &str {
    value.map_or("", |value| value.value.as_str())
}

/// IST0138: a Gateway whose selector holds this one's has the same certificate.
fn shared_certificates(subject: &Subject<'_>, object: &Object<Gateway>) -> Vec<Finding> {
    let own = &object.spec;
    let mut names = Vec::new();
    for other in &subject.resources.gateways {
        let same = other.meta.full_name() == object.meta.full_name();
        if same || !selects(&own.selector, &other.spec.selector) {
            continue;
        }
        let pairs = |server: &Server| {
            let tls = server.tls.as_ref();
            other.spec.servers.iter().any(|other| {
                tls.zip(other.tls.as_ref()).is_some_and(|(a, b)| same_certificate(a, b))
            })
        };
        if own.servers.iter().any(pairs) {
            names.push(other.meta.full_name());
        }
    }
    if names.is_empty() {
        return Vec::new();
    }
    let message = format!("the Gateway {} has the same certificate", names.join(", "));
    let help = "browsers reuse a connection for every name of the certificate and get 404 there; \
                put the hosts into one Gateway";
    let code = &catalog::DUPLICATE_CERTIFICATE;
    vec![Finding::new(code, name_of(object), object.meta.place, message).help(help)]
}

fn same_certificate(a: &ServerTls, b: &ServerTls) -> bool {
    let names = (text(a.credential_name.as_ref()), text(b.credential_name.as_ref()));
    match names {
        ("", "") => {
            let files = |tls: &'_ ServerTls| {
                let (certificate, key) = (&tls.server_certificate, &tls.private_key);
                (text(certificate.as_ref()).to_owned(), text(key.as_ref()).to_owned())
            };
            let (own, other) = (files(a), files(b));
            !own.0.is_empty() && !own.1.is_empty() && own == other
        }
        (own, other) => own == other,
    }
}
