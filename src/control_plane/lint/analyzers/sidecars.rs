//! IST0101 for selectors, IST0110, IST0111, IST0167: which workloads Sidecars are for.

use std::collections::BTreeMap;

use super::labels::{Labels, selector, selects};
use crate::config::istio::sidecar::Sidecar;
use crate::config::object::Object;
use crate::control_plane::capture::{Capture, capture};
use crate::control_plane::lint::{Code, Finding, Subject, catalog, name_of};

/// Checks all Sidecars.
pub(super) fn findings(subject: &Subject<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut general: BTreeMap<&str, Vec<&Object<Sidecar>>> = BTreeMap::new();
    let mut by_pod: BTreeMap<usize, Vec<&Object<Sidecar>>> = BTreeMap::new();
    for object in &subject.resources.sidecars {
        let Some(labels) = labels(object) else {
            general.entry(&object.meta.namespace).or_default().push(object);
            continue;
        };
        let pods = subject.mesh.registry.pods.iter().enumerate().filter(|(_, pod)| {
            pod.namespace == object.meta.namespace && selects(labels, &pod.labels)
        });
        let mut any = false;
        for (pod, _) in pods {
            any = true;
            by_pod.entry(pod).or_default().push(object);
        }
        if !any {
            let message = format!(
                "no pod of namespace {} carries the labels {}",
                object.meta.namespace,
                selector(labels)
            );
            found.push(at(&catalog::NOT_FOUND, object, message));
        }
    }
    for (pod, sidecars) in by_pod {
        found.extend(of_pod(subject, pod, &sidecars));
    }
    for (namespace, sidecars) in general {
        found.extend(of_namespace(subject, namespace, &sidecars));
    }
    found.sort_by_key(|finding| (finding.place, finding.code.code));
    // Several pods of a workload tell the same.
    found.dedup_by_key(|finding| (finding.place, finding.code.code));
    found
}

fn labels(object: &Object<Sidecar>) -> Option<&Labels> {
    let labels = &object.spec.workload_selector.as_ref()?.labels;
    (!labels.is_empty()).then_some(&**labels)
}

fn at(code: &'static Code, object: &Object<Sidecar>, message: String) -> Finding {
    Finding::new(code, name_of(object), object.meta.place, message)
}

fn of_pod(subject: &Subject<'_>, pod: usize, sidecars: &[&Object<Sidecar>]) -> Vec<Finding> {
    let pod = &subject.mesh.registry.pods[pod];
    if capture(subject.mesh, &pod.namespace, &pod.labels) == Capture::Ambient {
        let message = format!("the workload {} has no sidecar: it is ambient", pod.workload);
        let finding =
            |object: &&Object<Sidecar>| at(&catalog::INEFFECTIVE_POLICY, object, message.clone());
        return sidecars.iter().map(finding).collect();
    }
    if sidecars.len() < 2 {
        return Vec::new();
    }
    let names = names(sidecars);
    let message = format!("the Sidecars {names} all select {}", pod.workload);
    let finding = |object: &&Object<Sidecar>| {
        at(&catalog::CONFLICTING_SIDECARS, object, message.clone())
            .help("the oldest one applies, the others do nothing (R-193)")
    };
    sidecars.iter().map(finding).collect()
}

fn of_namespace(
    subject: &Subject<'_>,
    namespace: &str,
    sidecars: &[&Object<Sidecar>],
) -> Vec<Finding> {
    let mode = subject.mesh.registry.namespace_label(namespace, "istio.io/dataplane-mode");
    if mode == Some("ambient") {
        let message = format!("the workloads of namespace {namespace} have no sidecar");
        let finding =
            |object: &&Object<Sidecar>| at(&catalog::INEFFECTIVE_POLICY, object, message.clone());
        return sidecars.iter().map(finding).collect();
    }
    if sidecars.len() < 2 {
        return Vec::new();
    }
    let message = format!("the Sidecars {} have no selector", names(sidecars));
    let finding = |object: &&Object<Sidecar>| {
        at(&catalog::SEVERAL_SIDECARS, object, message.clone())
            .help("the oldest one applies, the others do nothing (R-193)")
    };
    sidecars.iter().map(finding).collect()
}

fn names(sidecars: &[&Object<Sidecar>]) -> String {
    let mut names: Vec<String> = sidecars.iter().map(|object| object.meta.full_name()).collect();
    names.sort();
    names.join(", ")
}
