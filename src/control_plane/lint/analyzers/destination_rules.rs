//! IST0128, IST0129, IST0173, IST0174: hosts, subsets and TLS of DestinationRules.

use std::collections::BTreeMap;

use super::hosts::Hosts;
use super::labels::{Labels, selects};
use crate::config::istio::destination_rule::{
    ClientTls, ClientTlsMode, DestinationRule, Subset, plain,
};
use crate::config::object::Object;
use crate::control_plane::lint::undefined::dotted_name;
use crate::control_plane::lint::{Code, Finding, Subject, catalog, is_generated, name_of};
use crate::control_plane::{Mesh, is_within};
use crate::diagnostic::Place;

/// Checks all DestinationRules.
pub(super) fn findings(subject: &Subject<'_>) -> Vec<Finding> {
    let hosts = Hosts::new(subject);
    let mut found = Vec::new();
    let objects = &subject.resources.destination_rules;
    for object in objects.iter().filter(|object| !is_generated(&object.meta)) {
        found.extend(tls_findings(object));
        let Some(host) = &object.spec.host else { continue };
        let namespace = &object.meta.namespace;
        let full = hosts.full_name(&host.value, namespace);
        let Some(known) = hosts.find(namespace, &object.spec.export_to, &host.value) else {
            found.extend(unknown_host(subject, object, &full));
            continue;
        };
        let empty = |subset: &&Subset| {
            let mut labels = known.workloads.clone();
            labels.extend(plain(&subset.labels));
            !has_pods(subject.mesh, &full, &labels)
        };
        for subset in object.spec.subsets.iter().filter(empty) {
            found.push(empty_subset(object, subset, &host.value));
        }
    }
    found
}

/// IST0174. A wildcard that covers a service is no mistake, though the analyzer takes it for one.
fn unknown_host(
    subject: &Subject<'_>,
    object: &Object<DestinationRule>,
    full: &str,
) -> Option<Finding> {
    let services = &subject.mesh.registry.services;
    if services.iter().any(|service| is_within(&service.hostname, full)) {
        return None;
    }
    let host = object.spec.host.as_ref()?;
    let message = format!("no service has the host `{}`", host.value);
    let finding = Finding::new(&catalog::UNKNOWN_RULE_HOST, name_of(object), host.place, message);
    Some(match dotted_name(subject.mesh, full) {
        Some(meant) => {
            finding.help(format!("did you mean `{meant}`? a name with a dot stays as it is"))
        }
        None if full == host.value => finding,
        None => finding.help(format!("it is looked up as {full}")),
    })
}

/// Whether any pod carries the labels, in whatever namespace, or an endpoint of the host does that is no pod.
fn has_pods(mesh: &Mesh, host: &str, labels: &Labels) -> bool {
    let registry = &mesh.registry;
    let owners = registry.owners(host).into_iter().flat_map(BTreeMap::keys);
    let mut endpoints = owners.flat_map(|owner| registry.endpoints(host, owner));
    registry.pods.iter().any(|pod| selects(labels, &pod.labels))
        || endpoints.any(|endpoint| selects(labels, &endpoint.labels))
}

fn empty_subset(object: &Object<DestinationRule>, subset: &Subset, host: &str) -> Finding {
    let name = subset.name.as_ref();
    let place = name.map_or(subset.place, |name| name.place);
    let labels = super::labels::selector(&plain(&subset.labels));
    let text = name.map_or("", |name| name.value.as_str());
    let message = format!("no pod carries the labels {labels} of the subset `{text}` of {host}");
    let code = &catalog::SUBSET_WITHOUT_PODS;
    Finding::new(code, name_of(object), place, message).help("requests to it are answered 503 UH")
}

/// IST0128 and IST0129: the server's certificate is not verified.
fn tls_findings(object: &Object<DestinationRule>) -> Vec<Finding> {
    let Some(policy) = &object.spec.traffic_policy else { return Vec::new() };
    let selected = object.spec.workload_selector.is_some();
    let whole = policy.tls.as_ref().and_then(|tls| unverified(tls, selected));
    let mut found: Vec<Finding> =
        whole.map(|place| unverified_finding(&catalog::NO_CA, object, place)).into_iter().collect();
    for port in &policy.port_level_settings {
        let place = port.tls.as_ref().and_then(|tls| unverified(tls, selected));
        found.extend(place.map(|place| unverified_finding(&catalog::NO_CA_PORT, object, place)));
    }
    found
}

fn unverified(tls: &ClientTls, selected: bool) -> Option<Place> {
    let mode = tls.mode.as_ref()?;
    let empty = |text: &Option<crate::config::decode::Located<String>>| {
        text.as_ref().is_none_or(|text| text.value.is_empty())
    };
    let verified = !empty(&tls.ca_certificates) || (!empty(&tls.credential_name) && selected);
    let wanted = matches!(mode.value, ClientTlsMode::Simple | ClientTlsMode::Mutual);
    (wanted && !verified).then_some(mode.place)
}

fn unverified_finding(
    code: &'static Code,
    object: &Object<DestinationRule>,
    place: Place,
) -> Finding {
    let host = object.spec.host.as_ref().map_or("", |host| host.value.as_str());
    let message = format!("TLS to {host} without caCertificates: the server is not verified");
    Finding::new(code, name_of(object), place, message)
}
