//! What istiod knows of services, pods and endpoints, whatever object it came from.
//!
//! # Model
//! A hostname may be defined by several objects: every one is a [`Service`] of its own here; the
//! *owner* of a (hostname, namespace) is the Kubernetes Service, else the oldest ServiceEntry. Endpoints are
//! pooled per (hostname, namespace) and told apart by the name of the port.

mod entries;
mod kubernetes;
mod protocol;

use std::collections::BTreeMap;

pub(super) use kubernetes::locality as locality_of;
pub use protocol::Protocol;

use super::audience::Audience;
use super::mesh_config::MeshConfig;
use crate::config::object::Timestamp;
use crate::config::resources::Resources;
use crate::data_plane::Locality;
use crate::diagnostic::{Diagnostics, Place};

/// Index of a service in [`Registry::services`].
pub type ServiceId = usize;

/// Index of a pod in [`Registry::pods`].
pub type PodId = usize;

/// Who defines a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// A Kubernetes Service.
    Kubernetes,
    /// A ServiceEntry.
    Entry,
}

/// How addresses of a service are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Endpoints are known to the control plane.
    Endpoints,
    /// The dialled address: headless services, entries with resolution NONE.
    Passthrough,
    /// All addresses of a name.
    Dns,
    /// One address of a name.
    DnsRoundRobin,
    /// The requested name.
    DynamicDns,
    /// Another name: an ExternalName Service.
    Alias,
}

/// A service under one hostname, as one object defines it.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// The hostname, letter case kept.
    pub hostname: String,
    /// Namespace of the object.
    pub namespace: String,
    /// Name for ordering: of the Service, or the hostname of a ServiceEntry.
    pub name: String,
    /// Who defines it.
    pub provider: Provider,
    /// Age.
    pub created: Option<Timestamp>,
    /// Ports.
    pub ports: Vec<Port>,
    /// Virtual addresses; empty if it has none.
    pub addresses: Vec<String>,
    /// How addresses are found.
    pub resolution: Resolution,
    /// Who may use it.
    pub audience: Audience,
    /// Labels of the object.
    pub labels: BTreeMap<String, String>,
    /// Annotations of the object.
    pub annotations: BTreeMap<String, String>,
    /// Labels of its workloads.
    pub selector: BTreeMap<String, String>,
    /// What an alias stands for.
    pub external_name: Option<String>,
    /// Aliases that end at this hostname: (hostname, namespace), sorted by namespace.
    pub aliases: Vec<(String, String)>,
    /// `trafficDistribution` of the Service, its annotation or its namespace.
    pub traffic_distribution: Option<String>,
    /// Whether only endpoints of the caller's node count.
    pub node_local: bool,
    /// Where the name of the object stands.
    pub place: Place,
}

/// A port of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Number that clients dial.
    pub number: u32,
    /// Name.
    pub name: String,
    /// What it speaks.
    pub protocol: Protocol,
    /// Where it leads.
    pub target: TargetPort,
}

/// The port of the pods behind a service port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetPort {
    /// A number.
    Number(u32),
    /// The name of a container port, looked up in each pod.
    Name(String),
}

/// A pod.
#[derive(Clone, Debug, PartialEq)]
pub struct Pod {
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Name of the workload that it belongs to.
    pub workload: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Address.
    pub ip: String,
    /// Container ports by name.
    pub ports: Vec<(Option<String>, u32)>,
    /// Where it runs.
    pub locality: Locality,
    /// The node it runs on; empty if unknown.
    pub node: String,
    /// Whether it takes requests.
    pub ready: bool,
}

/// An endpoint behind a (hostname, namespace).
#[derive(Clone, Debug, PartialEq)]
pub struct RegistryEndpoint {
    /// Name of the service port that it serves.
    pub port_name: String,
    /// Address.
    pub address: String,
    /// Port on that address.
    pub port: u32,
    /// The pod, if it is one.
    pub pod: Option<PodId>,
    /// `POD.NAMESPACE` or the address.
    pub name: String,
    /// Labels, with those derived from its place.
    pub labels: BTreeMap<String, String>,
    /// Where it stands.
    pub locality: Locality,
    /// Load-balancing weight.
    pub weight: u32,
    /// Whether it takes requests.
    pub ready: bool,
}

/// All services, pods and endpoints.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    /// Services by age, name, namespace.
    pub services: Vec<Service>,
    /// Pods.
    pub pods: Vec<Pod>,
    /// Labels of namespaces.
    pub namespaces: BTreeMap<String, BTreeMap<String, String>>,
    owners: BTreeMap<String, BTreeMap<String, ServiceId>>,
    endpoints: BTreeMap<(String, String), Vec<RegistryEndpoint>>,
}

// === impl Service ===

impl Service {
    /// Returns a port by number.
    #[must_use]
    pub fn port(&self, number: u32) -> Option<&Port> {
        self.ports.iter().find(|port| port.number == number)
    }

    /// Tells whether the service is headless.
    #[must_use]
    pub fn is_headless(&self) -> bool {
        self.provider == Provider::Kubernetes && self.resolution == Resolution::Passthrough
    }
}

// === impl Registry ===

impl Registry {
    /// Builds the registry from Kubernetes Services and workloads and from ServiceEntries.
    #[must_use]
    pub fn build(resources: &Resources, mesh: &MeshConfig, problems: &mut Diagnostics) -> Self {
        let mut registry = Self::default();
        for namespace in &resources.namespaces {
            let labels = namespace.meta.labels.clone();
            registry.namespaces.insert(namespace.meta.name.clone(), labels);
        }
        registry.add_pods(resources, problems);
        registry.add_kubernetes_services(resources, mesh);
        registry.add_entries(resources);
        // R-006; the sort is stable.
        registry.services.sort_by(|a, b| {
            let key = |s: &Service| s.created.unwrap_or(Timestamp::MAX);
            (key(a), &a.name, &a.namespace).cmp(&(key(b), &b.name, &b.namespace))
        });
        registry.resolve_aliases();
        registry.find_owners();
        registry
    }

    /// R-191(b): the Kubernetes Service owns a hostname, else the oldest entry.
    fn find_owners(&mut self) {
        for (id, service) in self.services.iter().enumerate() {
            let by_namespace = self.owners.entry(service.hostname.clone()).or_default();
            let owner = by_namespace.entry(service.namespace.clone()).or_insert(id);
            let is_entry = |id: ServiceId| self.services[id].provider == Provider::Entry;
            if is_entry(*owner) && !is_entry(id) {
                *owner = id;
            }
        }
    }

    /// chains of ExternalName Services are followed to their end; a loop is no alias.
    fn resolve_aliases(&mut self) {
        let raw: BTreeMap<String, String> = self
            .services
            .iter()
            .filter(|service| service.resolution == Resolution::Alias)
            .map(|s| (s.hostname.clone(), s.external_name.clone().unwrap_or_default()))
            .collect();
        let mut ends: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        for service in self.services.iter().filter(|s| s.resolution == Resolution::Alias) {
            if let Some(end) = follow(&raw, &service.hostname) {
                let alias = (service.hostname.clone(), service.namespace.clone());
                ends.entry(end.to_owned()).or_default().push(alias);
            }
        }
        for aliases in ends.values_mut() {
            aliases.sort_by(|a, b| (&a.1, &a.0).cmp(&(&b.1, &b.0)));
            aliases.dedup();
        }
        for service in &mut self.services {
            if let Some(aliases) = ends.get(&service.hostname) {
                service.aliases.clone_from(aliases);
            }
        }
    }

    /// Returns the owner of a hostname in a namespace.
    #[must_use]
    pub fn owner(&self, hostname: &str, namespace: &str) -> Option<ServiceId> {
        self.owners.get(hostname)?.get(namespace).copied()
    }

    /// Returns the owners of a hostname by namespace.
    #[must_use]
    pub fn owners(&self, hostname: &str) -> Option<&BTreeMap<String, ServiceId>> {
        self.owners.get(hostname)
    }

    /// Returns the services that clients of a namespace may use: first those exported to it by name or
    /// privately, then the public ones, each by age.
    #[must_use]
    pub fn visible_to(&self, namespace: &str) -> Vec<ServiceId> {
        let admitted = |public: bool| {
            self.services.iter().enumerate().filter_map(move |(id, service)| {
                let is_public = service.audience == Audience::Public;
                (is_public == public && service.audience.admits(namespace)).then_some(id)
            })
        };
        admitted(false).chain(admitted(true)).collect()
    }

    /// Returns all endpoints of a (hostname, namespace).
    #[must_use]
    pub fn endpoints(&self, hostname: &str, namespace: &str) -> &[RegistryEndpoint] {
        let key = (hostname.to_owned(), namespace.to_owned());
        self.endpoints.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Returns the label of a namespace.
    #[must_use]
    pub fn namespace_label(&self, namespace: &str, label: &str) -> Option<&str> {
        self.namespaces.get(namespace)?.get(label).map(String::as_str)
    }

    fn add_endpoint(&mut self, hostname: &str, namespace: &str, endpoint: RegistryEndpoint) {
        let key = (hostname.to_owned(), namespace.to_owned());
        self.endpoints.entry(key).or_default().push(endpoint);
    }
}

/// Follows aliases to the first name that is none; `None` for a loop.
fn follow<'r>(raw: &'r BTreeMap<String, String>, alias: &str) -> Option<&'r str> {
    let mut seen = vec![alias];
    let mut end = raw.get(alias)?;
    while let Some(next) = raw.get(end) {
        if seen.contains(&end.as_str()) {
            return None;
        }
        seen.push(end);
        end = next;
    }
    Some(end)
}

/// Adds the labels that istiod derives from where an endpoint stands.
fn with_derived_labels(
    labels: &BTreeMap<String, String>,
    locality: &Locality,
    node: &str,
) -> BTreeMap<String, String> {
    let mut labels = labels.clone();
    for (label, value) in [
        ("topology.kubernetes.io/region", locality.region.as_str()),
        ("topology.kubernetes.io/zone", &locality.zone),
        ("topology.istio.io/subzone", &locality.subzone),
        ("topology.istio.io/cluster", "Kubernetes"),
        ("kubernetes.io/hostname", node),
    ] {
        if !value.is_empty() {
            labels.insert(label.to_owned(), value.to_owned());
        }
    }
    labels
}
