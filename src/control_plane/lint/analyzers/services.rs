//! IST0118, IST0150 for Services; IST0116, IST0137 for the Deployments behind them.

use std::collections::{BTreeMap, BTreeSet};

use super::labels::selects;
use crate::config::kubernetes::{NumberOrName, Service, ServicePort, Workload};
use crate::config::object::{Kind, Object};
use crate::control_plane::capture::{Capture, capture};
use crate::control_plane::lint::{Finding, Subject, catalog, name_of};
use crate::control_plane::registry::Protocol;

/// Checks the port names of all Services but those of an installation or of a generated gateway.
pub(super) fn findings(subject: &Subject<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for object in &subject.resources.services {
        let labels = &object.meta.labels;
        let of_istio = labels.contains_key("istio")
            || labels.get("release").is_some_and(|release| release == "istio")
            || labels.contains_key("gateway.istio.io/managed");
        if of_istio {
            continue;
        }
        found.extend(object.spec.ports.iter().filter_map(|port| port_finding(object, port)));
    }
    found
}

fn port_finding(object: &Object<Service>, port: &ServicePort) -> Option<Finding> {
    let number = port.port.as_ref()?.value;
    let name = port.name.as_ref().map_or("", |name| name.value.as_str());
    let app_protocol = port.app_protocol.as_ref().map(|protocol| protocol.value.as_str());
    let transport = port.protocol.as_deref().unwrap_or("TCP");
    let protocol = Protocol::of_port(number, name, transport, app_protocol);
    let external = object.spec.kind.as_ref().is_some_and(|kind| kind.value == "ExternalName");
    if protocol != Protocol::Detected && !(external && name == "tcp") {
        return None;
    }
    let place = port.name.as_ref().map_or(port.place, |name| name.place);
    if external {
        let message = format!("port {number} of this ExternalName Service is not named as HTTP");
        let code = &catalog::EXTERNAL_NAME_PORT;
        return Some(Finding::new(code, name_of(object), place, message));
    }
    let message = match name {
        "" => format!("port {number} has no name, so its protocol is detected"),
        name => format!("port {number}: `{name}` names no protocol, so it is detected"),
    };
    let finding = Finding::new(&catalog::PORT_NAME, name_of(object), place, message);
    Some(finding.help("name it `http` or `http-...`, or set `appProtocol`"))
}

/// Checks the Deployments that sidecars capture.
pub(super) fn workload_findings(subject: &Subject<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let deployments =
        subject.resources.workloads.iter().filter(|object| object.kind == Kind::Deployment);
    for object in deployments {
        let template = object.spec.template.as_ref();
        let Some(meta) = template.and_then(|template| template.metadata.as_ref()) else { continue };
        let captured = capture(subject.mesh, &object.meta.namespace, &meta.labels);
        if captured == Capture::Outside {
            continue;
        }
        let services = subject.resources.services.iter().filter(|service| {
            let selector = service.spec.selector.as_ref().filter(|labels| !labels.is_empty());
            service.meta.namespace == object.meta.namespace
                && selector.is_some_and(|selector| selects(selector, &meta.labels))
        });
        let services: Vec<&Object<Service>> = services.collect();
        found.extend(by_protocol(object, &services));
        found.extend(by_target(object, &services));
    }
    found
}

/// IST0116: one port number, several transports.
fn by_protocol(object: &Object<Workload>, services: &[&Object<Service>]) -> Vec<Finding> {
    let mut ports: BTreeMap<u32, BTreeMap<&str, Vec<String>>> = BTreeMap::new();
    for service in services {
        for port in &service.spec.ports {
            let Some(number) = &port.port else { continue };
            let transport = port.protocol.as_deref().unwrap_or("TCP");
            let names = ports.entry(number.value).or_default().entry(transport).or_default();
            names.push(service.meta.full_name());
        }
    }
    let mixed = ports.into_iter().filter(|(_, transports)| transports.len() > 1);
    let finding = |(number, transports): (u32, BTreeMap<&str, Vec<String>>)| {
        let names: BTreeSet<String> = transports.into_values().flatten().collect();
        let list: Vec<String> = names.into_iter().collect();
        let message =
            format!("the Services {} use port {number} with two protocols", list.join(", "));
        Finding::new(&catalog::SEVERAL_SERVICES, name_of(object), object.meta.place, message)
    };
    mixed.map(finding).collect()
}

/// IST0137: one target port behind several port numbers.
fn by_target(object: &Object<Workload>, services: &[&Object<Service>]) -> Vec<Finding> {
    let mut targets: BTreeMap<String, BTreeMap<u32, String>> = BTreeMap::new();
    for service in services {
        for port in &service.spec.ports {
            let Some(number) = &port.port else { continue };
            let target = match port.target_port.as_ref().map(|target| &target.value) {
                Some(NumberOrName::Number(0)) | None => number.value.to_string(),
                Some(NumberOrName::Number(target)) => target.to_string(),
                Some(NumberOrName::Name(name)) if name.is_empty() => number.value.to_string(),
                Some(NumberOrName::Name(name)) => name.clone(),
            };
            let name = service.meta.full_name();
            targets.entry(target).or_default().insert(number.value, name);
        }
    }
    let mixed = targets.into_iter().filter(|(_, ports)| ports.len() > 1);
    let finding = |(target, ports): (String, BTreeMap<u32, String>)| {
        let list: Vec<String> =
            ports.iter().map(|(number, name)| format!("{name}:{number}")).collect();
        let message = format!("several ports lead to targetPort {target}: {}", list.join(", "));
        Finding::new(&catalog::CONFLICTING_PORTS, name_of(object), object.meta.place, message)
    };
    mixed.map(finding).collect()
}
