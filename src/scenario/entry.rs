//! Where the requests of a class enter the mesh.

use std::collections::BTreeMap;

use crate::config::decode::{Located, closest};
use crate::control_plane::capture::{Capture, capture};
use crate::control_plane::waypoint::Waypoint;
use crate::control_plane::{Mesh, Proxy, ProxyKind, gateway};
use crate::data_plane::Request;
use crate::diagnostic::{Diagnostic, Diagnostics};

/// Who sends a request on: a proxy, or an application without one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sender {
    /// Name for reports, `gateway istio-system/istio-ingressgateway` or `default/sleep`.
    pub name: String,
    /// What istiod knows of it.
    pub proxy: Proxy,
    /// How its traffic meets the mesh.
    pub capture: Capture,
}

/// Where the requests of a class enter.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The first proxy, or the workload that sends.
    pub sender: Sender,
    /// The port that the client dials.
    pub port: u32,
    /// Whether the client encrypts the connection.
    pub tls: bool,
}

/// Names under which the default ingress gateway is installed, with their `istio` label.
const DEFAULT_GATEWAYS: [(&str, &str); 3] = [
    ("istio-ingressgateway", "ingressgateway"),
    ("ingressgateway", "ingressgateway"),
    ("istio-ingress", "ingress"),
];

/// The label of the pods of a Gateway API gateway.
const GATEWAY_NAME: &str = "gateway.networking.k8s.io/gateway-name";

/// Resolves `gateway NS/NAME:PORT`, `workload NS/NAME` or `waypoint NS/NAME`.
pub(super) fn resolve(
    from: &Located<String>,
    request: &Request,
    port: Option<u32>,
    mesh: &Mesh,
    assumptions: &mut Vec<String>,
    problems: &mut Diagnostics,
) -> Option<Entry> {
    let words: Vec<&str> = from.value.split_whitespace().collect();
    let tls = request.scheme == "https";
    match words[..] {
        ["gateway", target] => {
            let (path, own_port) = match target.rsplit_once(':') {
                Some((path, port)) => (path, port.parse().ok()),
                None => (target, Some(if tls { 443 } else { 80 })),
            };
            if let (Some((namespace, name)), Some(port)) = (path.split_once('/'), own_port) {
                let sender = find_gateway(namespace, name, from, mesh, assumptions, problems)?;
                warn_if_closed(&sender, port, from, mesh, problems);
                return Some(Entry { sender, port, tls });
            }
        }
        ["workload", target] => {
            if let Some((namespace, name)) = target.split_once('/') {
                let sender = find_workload(namespace, name, from, mesh, problems)?;
                if tls {
                    let message = "the mesh sees no paths and headers of what a workload encrypts";
                    let problem = Diagnostic::error("unsupported-scheme", from.place, message);
                    problems.push(problem.help("use `scheme: http`"));
                }
                return Some(Entry { sender, port: port.unwrap_or(80), tls: false });
            }
        }
        ["waypoint", target] => {
            if let Some((namespace, name)) = target.split_once('/') {
                let sender = find_waypoint(namespace, name, from, mesh, problems)?;
                return Some(Entry { sender, port: port.unwrap_or(80), tls: false });
            }
        }
        _ => {}
    }
    let message = format!("`{}` is no entry point", from.value);
    let help = "write `gateway NAMESPACE/NAME:PORT`, `workload NAMESPACE/NAME` or `waypoint NAMESPACE/NAME`";
    problems.push(Diagnostic::error("unknown-entry", from.place, message).help(help));
    None
}

fn find_gateway(
    namespace: &str,
    name: &str,
    from: &Located<String>,
    mesh: &Mesh,
    assumptions: &mut Vec<String>,
    problems: &mut Diagnostics,
) -> Option<Sender> {
    let labels = gateway_pod(namespace, name, mesh)
        .or_else(|| gateway_object(namespace, name, mesh))
        .or_else(|| {
            let (_, istio) = DEFAULT_GATEWAYS.iter().find(|(known, _)| *known == name)?;
            let labels = BTreeMap::from([
                ("app".to_owned(), name.to_owned()),
                ("istio".to_owned(), (*istio).to_owned()),
            ]);
            let text = format!(
                "gateway {namespace}/{name}: no Deployment in the mesh files; its pods are taken to \
                 carry app: {name}, istio: {istio}"
            );
            if !assumptions.contains(&text) {
                assumptions.push(text);
            }
            Some(labels)
        });
    let Some(labels) = labels else {
        let message = format!("there is no gateway {namespace}/{name}");
        let mut problem = Diagnostic::error("unknown-entry", from.place, message);
        let known: Vec<String> = mesh
            .gateways
            .iter()
            .map(gateway::Gateway::full_name)
            .chain(["istio-system/istio-ingressgateway".to_owned()])
            .collect();
        problem = match closest(&format!("{namespace}/{name}"), known.iter().map(String::as_str)) {
            Some(close) => problem.help(format!("did you mean `{close}`?")),
            None => problem.help(
                "name a gateway workload or Service, a Gateway object, or \
                 istio-system/istio-ingressgateway",
            ),
        };
        problems.push(problem);
        return None;
    };
    let proxy = Proxy::new(ProxyKind::Gateway, namespace, labels);
    Some(Sender { name: format!("gateway {namespace}/{name}"), proxy, capture: Capture::Gateway })
}

/// The labels of a gateway pod by the name of its workload, its `app`, or a Service that selects it.
fn gateway_pod(namespace: &str, name: &str, mesh: &Mesh) -> Option<BTreeMap<String, String>> {
    let mut pods = mesh.registry.pods.iter().filter(|pod| pod.namespace == namespace);
    let own = pods
        .clone()
        .find(|pod| pod.workload == name || pod.labels.get("app").is_some_and(|app| app == name));
    let selected = || {
        let service = mesh
            .registry
            .services
            .iter()
            .find(|service| service.namespace == namespace && service.name == name)?;
        pods.find(|pod| {
            !service.selector.is_empty()
                && service.selector.iter().all(|(key, value)| pod.labels.get(key) == Some(value))
        })
    };
    own.or_else(selected).map(|pod| pod.labels.clone())
}

/// The labels that a Gateway object selects, or those of the pods that istiod deploys for it.
fn gateway_object(namespace: &str, name: &str, mesh: &Mesh) -> Option<BTreeMap<String, String>> {
    if mesh.has_kubernetes_gateway(namespace, name) {
        return Some(BTreeMap::from([(GATEWAY_NAME.to_owned(), name.to_owned())]));
    }
    let full = format!("{namespace}/{name}");
    let found = mesh.gateways.iter().find(|gateway| gateway.full_name() == full)?;
    match &found.applies {
        gateway::Applies::Labels(labels) => Some(labels.clone()),
        gateway::Applies::Services(_) => None,
    }
}

/// Nobody answers on a port that no Gateway opens.
fn warn_if_closed(
    sender: &Sender,
    port: u32,
    from: &Located<String>,
    mesh: &Mesh,
    problems: &mut Diagnostics,
) {
    let scope = crate::control_plane::Scope::new(mesh, sender.proxy.clone());
    let view = gateway::GatewayView::new(&scope);
    if view.listener(view.pod_port(port)).is_none() {
        let message = format!("no Gateway opens port {port} on {}", sender.name);
        let help = "clients are refused there; check the selector of the Gateway and its ports";
        problems.push(Diagnostic::warning("closed-port", from.place, message).help(help));
    }
}

fn find_workload(
    namespace: &str,
    name: &str,
    from: &Located<String>,
    mesh: &Mesh,
    problems: &mut Diagnostics,
) -> Option<Sender> {
    let mut pods = mesh.registry.pods.iter();
    let found =
        pods.find(|pod| pod.namespace == namespace && (pod.workload == name || pod.name == name));
    if let Some(pod) = found {
        return Some(Sender::of_pod(mesh, pod));
    }
    let message = format!("there is no workload {namespace}/{name} with a pod");
    let mut problem = Diagnostic::error("unknown-entry", from.place, message);
    let known: Vec<String> = mesh
        .registry
        .pods
        .iter()
        .map(|pod| format!("{}/{}", pod.namespace, pod.workload))
        .collect();
    if let Some(close) = closest(&format!("{namespace}/{name}"), known.iter().map(String::as_str)) {
        problem = problem.help(format!("did you mean `{close}`?"));
    } else {
        problem = problem.help("name a Deployment of the mesh files, or a client of the topology such as default/sleep");
    }
    problems.push(problem);
    None
}

fn find_waypoint(
    namespace: &str,
    name: &str,
    from: &Located<String>,
    mesh: &Mesh,
    problems: &mut Diagnostics,
) -> Option<Sender> {
    let mut known = mesh.waypoints.iter();
    if let Some(found) = known.find(|w| w.namespace == namespace && w.name == name) {
        return Some(Sender::of_waypoint(found));
    }
    let message = format!("there is no waypoint {namespace}/{name}");
    let mut problem = Diagnostic::error("unknown-entry", from.place, message);
    let known: Vec<String> =
        mesh.waypoints.iter().map(|w| format!("{}/{}", w.namespace, w.name)).collect();
    problem = match closest(&format!("{namespace}/{name}"), known.iter().map(String::as_str)) {
        Some(close) => problem.help(format!("did you mean `{close}`?")),
        None => problem.help("name a Gateway of the class istio-waypoint"),
    };
    problems.push(problem);
    None
}

impl Sender {
    /// Builds the sender that stands for a waypoint.
    #[must_use]
    pub fn of_waypoint(waypoint: &Waypoint) -> Self {
        let labels = BTreeMap::from([(GATEWAY_NAME.to_owned(), waypoint.name.clone())]);
        let proxy = Proxy::new(ProxyKind::Waypoint, &waypoint.namespace, labels);
        let name = format!("waypoint {}/{}", waypoint.namespace, waypoint.name);
        Self { name, proxy, capture: Capture::Gateway }
    }

    /// Builds the sender that stands for all pods of a workload in one place.
    #[must_use]
    pub fn of_pod(mesh: &Mesh, pod: &crate::control_plane::registry::Pod) -> Self {
        let mut proxy = Proxy::new(ProxyKind::Sidecar, &pod.namespace, pod.labels.clone());
        proxy.locality = pod.locality.clone();
        proxy.node.clone_from(&pod.node);
        Self {
            name: format!("{}/{}", pod.namespace, pod.workload),
            proxy,
            capture: capture(mesh, &pod.namespace, &pod.labels),
        }
    }
}
