//! Labels and selectors as the analyzers compare them.

use std::collections::BTreeMap;

use crate::control_plane::Mesh;
use crate::control_plane::destination_rules::is_subset;

/// Labels by name.
pub(super) type Labels = BTreeMap<String, String>;

/// Label values of the gateways that an installation brings along: (`istio`, `app`).
const INSTALLED: [(&str, &str); 3] = [
    ("ingressgateway", "istio-ingressgateway"),
    ("egressgateway", "istio-egressgateway"),
    ("ingress", "istio-ingress"),
];

/// Prints a selector as `a=b,c=d`.
pub(super) fn selector(labels: &Labels) -> String {
    let pairs: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    pairs.join(",")
}

/// The labels of all pods, and of the gateways of an installation that the files leave out.
pub(super) fn gateway_pods(mesh: &Mesh) -> Vec<Labels> {
    let mut pods: Vec<Labels> = mesh.registry.pods.iter().map(|pod| pod.labels.clone()).collect();
    for (istio, app) in INSTALLED {
        if !pods.iter().any(|labels| labels.get("istio").is_some_and(|value| value == istio)) {
            let pairs = [("app", app), ("istio", istio)];
            pods.push(pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
        }
    }
    pods
}

/// Tells whether a pod carries all labels.
pub(super) fn selects(selector: &Labels, labels: &Labels) -> bool {
    is_subset(selector, labels)
}
