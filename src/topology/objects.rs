//! The Kubernetes objects of a topology that the mesh files leave out.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{App, Topology};
use crate::config::resources::Resources;

/// Makes the Services and Deployments of the apps and clients that the mesh files do not define, as JSON
/// documents; what was made up is told in plain sentences.
///
/// A service whose pods come from the mesh files gets none from the topology: the files are right.
pub fn missing_objects(
    topology: &Topology,
    resources: &Resources,
    assumptions: &mut Vec<String>,
) -> Vec<Value> {
    let namespace = topology.namespace.clone().unwrap_or_else(|| home(topology, resources));
    let mut objects = Vec::new();
    for app in &topology.apps {
        let has_service = resources.services.iter().any(|s| s.meta.name == app.name);
        let has_pods = has_pods(resources, &app.selector);
        if !has_service {
            objects.push(service(app, &namespace));
        }
        if !has_pods {
            objects.extend(app.versions.iter().map(|version| {
                let mut labels = app.selector.clone();
                labels.extend(version.labels.clone());
                labels.insert("version".to_owned(), version.name.clone());
                let name = format!("{}-{}", app.name, version.name);
                deployment(&name, &namespace, &labels, version.replicas, Some(app.port))
            }));
        }
        assumptions.extend(assumption(topology, app, &namespace, has_service, has_pods));
    }
    for (name, labels) in &topology.clients {
        if !has_pods(resources, labels) {
            objects.push(deployment(name, &namespace, labels, 1, None));
        }
    }
    objects
}

fn assumption(
    topology: &Topology,
    app: &App,
    namespace: &str,
    has_service: bool,
    has_pods: bool,
) -> Option<String> {
    let versions: Vec<String> = app
        .versions
        .iter()
        .map(|version| match version.replicas {
            1 => version.name.clone(),
            replicas => format!("{} x{replicas}", version.name),
        })
        .collect();
    let pods = format!("one pod per version ({})", versions.join(", "));
    let what = match (has_service, has_pods) {
        (true, true) => return None,
        (true, false) => pods,
        (false, true) => "its Service".to_owned(),
        (false, false) => format!("its Service and {pods}"),
    };
    let (name, topology) = (&app.name, &topology.name);
    Some(format!("{name}: {what} from the topology `{topology}`, namespace {namespace}"))
}

/// The namespace in which the mesh files define an app of the topology.
fn home(topology: &Topology, resources: &Resources) -> String {
    let services = resources
        .services
        .iter()
        .filter(|service| topology.apps.iter().any(|app| app.name == service.meta.name));
    let workloads = resources.workloads.iter().filter(|workload| {
        let labels = template_labels(workload);
        labels.is_some_and(|labels| topology.app_of(labels).is_some())
    });
    let mut homes = services
        .map(|service| &service.meta.namespace)
        .chain(workloads.map(|workload| &workload.meta.namespace));
    homes.next().cloned().unwrap_or_else(|| "default".to_owned())
}

type Workload = crate::config::object::Object<crate::config::kubernetes::Workload>;

fn template_labels(workload: &Workload) -> Option<&BTreeMap<String, String>> {
    workload.spec.template.as_ref()?.metadata.as_ref().map(|metadata| &metadata.labels)
}

fn has_pods(resources: &Resources, selector: &BTreeMap<String, String>) -> bool {
    let selects = |labels: &BTreeMap<String, String>| {
        selector.iter().all(|(key, value)| labels.get(key) == Some(value))
    };
    resources.workloads.iter().filter_map(template_labels).any(selects)
        || resources.pods.iter().any(|pod| selects(&pod.meta.labels))
}

fn service(app: &App, namespace: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": app.name, "namespace": namespace, "labels": app.selector},
        "spec": {"selector": app.selector, "ports": [{"name": "http", "port": app.port}]},
    })
}

fn deployment(
    name: &str,
    namespace: &str,
    labels: &BTreeMap<String, String>,
    replicas: u32,
    port: Option<u32>,
) -> Value {
    let ports: Vec<Value> = port.iter().map(|port| json!({"containerPort": port})).collect();
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "default", "ports": ports}]},
            },
        },
    })
}
