//! Which hosts the analyzers know, and for whom.
//!
//! # Model
//! Services and ServiceEntries by scope and full name; a namespaced scope is looked at after the one of all
//! namespaces, wildcards last. istiod's own rules for visibility are finer.

use std::collections::BTreeMap;

use super::labels::Labels;
use crate::config::decode::Located;
use crate::control_plane::lint::Subject;
use crate::control_plane::{Mesh, resolve_short_name};

/// What is known of a host.
#[derive(Clone, Debug, Default)]
pub(super) struct KnownHost {
    /// Port numbers.
    pub(super) ports: Vec<u32>,
    /// Labels of the workloads of a ServiceEntry.
    pub(super) workloads: Labels,
}

/// Hosts by (scope, full name); the scope is a namespace, or `*`.
#[derive(Clone, Debug, Default)]
pub(super) struct Hosts {
    domain: String,
    known: BTreeMap<(String, String), KnownHost>,
}

/// The annotation of a Service that names its audience.
const EXPORT_TO: &str = "networking.istio.io/exportTo";

// === impl Hosts ===

impl Hosts {
    /// Collects all hosts; a Service replaces a ServiceEntry of the same name.
    pub(super) fn new(subject: &Subject<'_>) -> Self {
        let mut hosts = Self { domain: subject.mesh.config.domain.clone(), ..Self::default() };
        for object in &subject.resources.service_entries {
            let (spec, namespace) = (&object.spec, &object.meta.namespace);
            let workloads = spec.workload_selector.as_ref().map(|w| (*w.labels).clone());
            let known = KnownHost {
                ports: spec.ports.iter().filter_map(|p| Some(p.number.as_ref()?.value)).collect(),
                workloads: workloads.unwrap_or_default(),
            };
            for host in &spec.hosts {
                for scope in scopes(&spec.export_to, namespace) {
                    hosts.add(scope, &host.value, namespace, &known);
                }
            }
        }
        for object in &subject.resources.services {
            let (meta, ports) = (&object.meta, &object.spec.ports);
            let known = KnownHost {
                ports: ports.iter().filter_map(|port| Some(port.port.as_ref()?.value)).collect(),
                workloads: Labels::new(),
            };
            let written = meta.annotations.get(EXPORT_TO).filter(|text| !text.is_empty());
            let written = written.map_or("*", String::as_str);
            for entry in written.split(',').map(str::trim) {
                let scope = if entry == "." { &meta.namespace } else { entry };
                hosts.add(scope.to_owned(), &meta.name, &meta.namespace, &known);
            }
        }
        hosts
    }

    fn add(&mut self, scope: String, host: &str, namespace: &str, known: &KnownHost) {
        let host = self.full_name(host, namespace);
        self.known.insert((scope, host), known.clone());
    }

    /// Expands a short name.
    pub(super) fn full_name(&self, host: &str, namespace: &str) -> String {
        resolve_short_name(host, namespace, &self.domain)
    }

    /// Finds the host that a rule of a namespace with an audience names.
    pub(super) fn find(
        &self,
        namespace: &str,
        export_to: &[Located<String>],
        host: &str,
    ) -> Option<&KnownHost> {
        let full = self.full_name(host, namespace);
        let at = |scope: &str| self.known.get(&(scope.to_owned(), full.clone()));
        let own = [namespace];
        let mut named = export_to.iter().map(|entry| match entry.value.as_str() {
            "." => namespace,
            other => other,
        });
        let scoped = if export_to.is_empty() {
            own.iter().find_map(|scope| at(scope))
        } else {
            named.find_map(at)
        };
        at("*").or(scoped).or_else(|| self.wildcard(namespace, host))
    }

    fn wildcard(&self, namespace: &str, host: &str) -> Option<&KnownHost> {
        let text = host.strip_prefix('*').unwrap_or(host);
        let visible =
            self.known.iter().filter(|((scope, _), _)| scope == "*" || scope == namespace);
        let mut fitting = visible.filter(|((_, known), _)| {
            known.strip_prefix('*').is_some_and(|suffix| text.ends_with(suffix))
        });
        fitting.next().map(|(_, known)| known)
    }
}

/// The scopes of an `exportTo` list.
pub(super) fn scopes(export_to: &[Located<String>], own: &str) -> Vec<String> {
    if export_to.is_empty() || export_to.iter().any(|entry| entry.value == "*") {
        return vec!["*".to_owned()];
    }
    let named = export_to.iter().map(|entry| match entry.value.as_str() {
        "." => own.to_owned(),
        other => other.to_owned(),
    });
    let mut scopes: Vec<String> = named.collect();
    scopes.sort();
    scopes.dedup();
    scopes
}

/// The (namespace, name) that the analyzers read out of a host: the parts of a full name of the cluster,
/// else the text and the namespace of the object.
pub(super) fn name_in_cluster(mesh: &Mesh, host: &str, namespace: &str) -> (String, String) {
    let tail = format!(".svc.{}", mesh.config.domain);
    match host.strip_suffix(&tail).and_then(|head| head.rsplit_once('.')) {
        Some((name, owner)) => (owner.to_owned(), name.to_owned()),
        None => (namespace.to_owned(), host.to_owned()),
    }
}
