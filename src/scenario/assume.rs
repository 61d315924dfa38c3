//! Objects that the mesh files leave out and that a cluster would have.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::config::resources::Resources;
use crate::control_plane::resolve_short_name;

/// Makes pods for Services that have none and Services for gateways that istiod deploys itself, as JSON
/// documents; what was made up is told in plain sentences.
pub(super) fn missing_objects(
    resources: &Resources,
    domain: &str,
    assumptions: &mut Vec<String>,
) -> Vec<Value> {
    let mut objects = managed_gateways(resources);
    for service in &resources.services {
        let Some(selector) = service.spec.selector.as_ref().filter(|labels| !labels.is_empty())
        else {
            continue;
        };
        let namespace = &service.meta.namespace;
        if has_pods(resources, namespace, selector) {
            continue;
        }
        let host = format!("{}.{namespace}.svc.{domain}", service.meta.name);
        let sets = subset_labels(resources, &host, domain);
        let one = [(String::new(), BTreeMap::new())];
        let sets = if sets.is_empty() { &one[..] } else { &sets };
        for (subset, labels) in sets {
            let mut all = selector.clone();
            all.extend(labels.clone());
            let name = [service.meta.name.as_str(), subset].join("-");
            objects.push(deployment(name.trim_end_matches('-'), namespace, &all));
        }
        let what = if sets.len() == 1 && sets[0].0.is_empty() {
            "one pod".to_owned()
        } else {
            let names: Vec<&str> = sets.iter().map(|(name, _)| name.as_str()).collect();
            format!("one pod per subset ({})", names.join(", "))
        };
        assumptions.push(format!(
            "{namespace}/{}: no workload in the mesh files; {what} assumed",
            service.meta.name
        ));
    }
    objects
}

/// The label sets of the subsets that DestinationRules define for a host, without repetitions.
fn subset_labels(
    resources: &Resources,
    host: &str,
    domain: &str,
) -> Vec<(String, BTreeMap<String, String>)> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for rule in &resources.destination_rules {
        let written = rule.spec.host.as_ref().map(|host| host.value.as_str()).unwrap_or_default();
        if resolve_short_name(written, &rule.meta.namespace, domain) != host {
            continue;
        }
        for subset in &rule.spec.subsets {
            let labels: BTreeMap<String, String> = subset
                .labels
                .iter()
                .map(|(key, value)| (key.value.clone(), value.value.clone()))
                .collect();
            let name = subset.name.as_ref().map(|name| name.value.clone()).unwrap_or_default();
            if seen.insert(labels.clone()) {
                found.push((name, labels));
            }
        }
    }
    found
}

fn has_pods(resources: &Resources, namespace: &str, selector: &BTreeMap<String, String>) -> bool {
    let selects = |labels: &BTreeMap<String, String>| {
        selector.iter().all(|(key, value)| labels.get(key) == Some(value))
    };
    let workload = resources.workloads.iter().any(|workload| {
        let meta = workload.spec.template.as_ref().and_then(|t| t.metadata.as_ref());
        workload.meta.namespace == namespace && meta.is_some_and(|meta| selects(&meta.labels))
    });
    workload
        || resources
            .pods
            .iter()
            .any(|pod| pod.meta.namespace == namespace && selects(&pod.meta.labels))
}

fn deployment(name: &str, namespace: &str, labels: &BTreeMap<String, String>) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"replicas": 1, "template": {"metadata": {"labels": labels}}},
    })
}

/// istiod deploys a Gateway API gateway itself, as Service and Deployment `<name>-<class>`.
fn managed_gateways(resources: &Resources) -> Vec<Value> {
    let mut objects = Vec::new();
    for gateway in &resources.kubernetes_gateways {
        let class = gateway.spec.gateway_class_name.as_ref().map_or("", |class| &class.value);
        let namespace = &gateway.meta.namespace;
        // Waypoints are met by what they serve, hand-made gateways name their Service.
        if class == "istio-waypoint" || !gateway.spec.addresses.is_empty() {
            continue;
        }
        let own_name = gateway.meta.annotations.get("gateway.istio.io/name-override");
        let name = own_name.cloned().unwrap_or_else(|| format!("{}-{class}", gateway.meta.name));
        let known = resources
            .services
            .iter()
            .any(|s| s.meta.name == name && s.meta.namespace == *namespace);
        if known {
            continue;
        }
        let labels = BTreeMap::from([(
            "gateway.networking.k8s.io/gateway-name".to_owned(),
            gateway.meta.name.clone(),
        )]);
        let mut ports: Vec<u32> = gateway
            .spec
            .listeners
            .iter()
            .filter_map(|listener| listener.port.as_ref().map(|port| port.value))
            .collect();
        ports.sort_unstable();
        ports.dedup();
        let ports: Vec<Value> =
            ports.iter().map(|port| json!({"name": format!("tcp-{port}"), "port": port})).collect();
        objects.push(json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"selector": labels, "ports": ports},
        }));
        if !has_pods(resources, namespace, &labels) {
            objects.push(deployment(&name, namespace, &labels));
        }
    }
    objects
}
