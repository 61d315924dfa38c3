//! Services and endpoints of ServiceEntries.

use super::{
    Port, Protocol, Provider, Registry, RegistryEndpoint, Resolution, Service, TargetPort,
    kubernetes, with_derived_labels,
};
use crate::config::istio::service_entry::{self, ServiceEntry, ServicePort, WorkloadEntry};
use crate::config::object::Object;
use crate::config::resources::Resources;
use crate::control_plane::audience::Audience;
use crate::data_plane::Locality;

impl Registry {
    /// Adds every host of every ServiceEntry; an entry with several addresses becomes one service per
    /// address.
    pub(super) fn add_entries(&mut self, resources: &Resources) {
        for entry in &resources.service_entries {
            for host in &entry.spec.hosts {
                self.add_entry_host(entry, &host.value, resources);
            }
        }
    }

    fn add_entry_host(&mut self, entry: &Object<ServiceEntry>, host: &str, resources: &Resources) {
        let ports: Vec<Port> = entry.spec.ports.iter().filter_map(port).collect();
        let addresses: Vec<Option<String>> = if entry.spec.addresses.is_empty() {
            vec![None]
        } else {
            entry.spec.addresses.iter().map(|address| Some(address.value.clone())).collect()
        };
        let exports = entry.spec.export_to.iter().map(|export| export.value.as_str());
        let selector = entry.spec.workload_selector.as_ref();
        for address in addresses {
            self.services.push(Service {
                hostname: host.to_owned(),
                namespace: entry.meta.namespace.clone(),
                name: host.to_owned(),
                provider: Provider::Entry,
                created: entry.meta.created,
                ports: ports.clone(),
                addresses: address.into_iter().collect(),
                resolution: resolution(&entry.spec),
                audience: Audience::read(exports.clone(), &entry.meta.namespace),
                labels: entry.meta.labels.clone(),
                annotations: entry.meta.annotations.clone(),
                selector: selector.map(|selector| (*selector.labels).clone()).unwrap_or_default(),
                external_name: None,
                aliases: Vec::new(),
                traffic_distribution: None,
                node_local: false,
                place: entry.meta.place,
            });
        }
        for endpoint in self.entry_endpoints(entry, host, resources) {
            self.add_endpoint(host, &entry.meta.namespace, endpoint);
        }
    }

    fn entry_endpoints(
        &self,
        entry: &Object<ServiceEntry>,
        host: &str,
        resources: &Resources,
    ) -> Vec<RegistryEndpoint> {
        let spec = &entry.spec;
        if let Some(selector) = &spec.workload_selector {
            return self.selected_endpoints(entry, &selector.labels, resources);
        }
        let mut found = Vec::new();
        for port in &spec.ports {
            for endpoint in &spec.endpoints {
                found.extend(listed_endpoint(endpoint, port));
            }
            let by_name = matches!(resolution(spec), Resolution::Dns | Resolution::DnsRoundRobin);
            // Without endpoints the host itself is the name to look up.
            if spec.endpoints.is_empty() && by_name {
                found.extend(endpoint(host, port, number(port), &WorkloadLabels::default()));
            }
        }
        found
    }

    /// the selector picks WorkloadEntries and Pods of the entry's namespace.
    fn selected_endpoints(
        &self,
        entry: &Object<ServiceEntry>,
        selector: &std::collections::BTreeMap<String, String>,
        resources: &Resources,
    ) -> Vec<RegistryEndpoint> {
        let namespace = &entry.meta.namespace;
        let selects = |labels: &std::collections::BTreeMap<String, String>| {
            selector.iter().all(|(key, value)| labels.get(key) == Some(value))
        };
        let mut found = Vec::new();
        for port in &entry.spec.ports {
            let pods = self.pods.iter().enumerate();
            for (id, pod) in pods.filter(|(_, pod)| pod.namespace == *namespace && pod.ready) {
                if !selects(&pod.labels) {
                    continue;
                }
                let target =
                    target_of(port).map_or(TargetPort::Number(number(port)), TargetPort::Number);
                let Some(target) = kubernetes::target_number(pod, &target) else { continue };
                found.push(RegistryEndpoint {
                    port_name: name(port),
                    address: pod.ip.clone(),
                    port: target,
                    pod: Some(id),
                    name: format!("{}.{}", pod.name, pod.namespace),
                    labels: with_derived_labels(&pod.labels, &pod.locality, &pod.node),
                    locality: pod.locality.clone(),
                    weight: 1,
                    ready: true,
                });
            }
            for object in &resources.workload_entries {
                if object.meta.namespace == *namespace && selects(&object.spec.labels) {
                    found.extend(listed_endpoint(&object.spec, port));
                }
            }
        }
        found
    }
}

/// What an endpoint that is no pod brings along.
#[derive(Default)]
struct WorkloadLabels {
    labels: std::collections::BTreeMap<String, String>,
    locality: Locality,
    weight: u32,
}

/// the port by name in the endpoint, else targetPort, else the port itself.
fn listed_endpoint(workload: &WorkloadEntry, port: &ServicePort) -> Option<RegistryEndpoint> {
    let own = workload.ports.iter().find(|(key, _)| key.value == name(port));
    let target = own.map(|(_, number)| number.value).or_else(|| target_of(port));
    let labels = WorkloadLabels {
        labels: (*workload.labels).clone(),
        locality: Locality::parse(workload.locality.as_ref().map_or("", |l| l.value.as_str()), '/'),
        weight: workload.weight.unwrap_or(1).max(1),
    };
    let address = workload.address.as_ref()?;
    endpoint(&address.value, port, target.unwrap_or(number(port)), &labels)
}

fn endpoint(
    address: &str,
    port: &ServicePort,
    target: u32,
    labels: &WorkloadLabels,
) -> Option<RegistryEndpoint> {
    (!address.is_empty()).then(|| RegistryEndpoint {
        port_name: name(port),
        address: address.to_owned(),
        port: target,
        pod: None,
        name: address.to_owned(),
        labels: with_derived_labels(&labels.labels, &labels.locality, ""),
        locality: labels.locality.clone(),
        weight: labels.weight.max(1),
        ready: true,
    })
}

fn port(port: &ServicePort) -> Option<Port> {
    let protocol = port.protocol.as_ref().map_or("", |protocol| protocol.value.as_str());
    let number = port.number.as_ref()?.value;
    Some(Port {
        number,
        name: name(port),
        // a missing protocol is auto-detected.
        protocol: Protocol::parse(protocol),
        target: TargetPort::Number(target_of(port).unwrap_or(number)),
    })
}

fn number(port: &ServicePort) -> u32 {
    port.number.as_ref().map_or(0, |number| number.value)
}

fn target_of(port: &ServicePort) -> Option<u32> {
    port.target_port.as_ref().map(|target| target.value).filter(|target| *target != 0)
}

fn name(port: &ServicePort) -> String {
    port.name.as_ref().map(|name| name.value.clone()).unwrap_or_default()
}

fn resolution(entry: &ServiceEntry) -> Resolution {
    use service_entry::Resolution as Written;
    match entry.resolution.as_ref().map_or(Written::None, |resolution| resolution.value) {
        Written::None => Resolution::Passthrough,
        Written::Static => Resolution::Endpoints,
        Written::Dns => Resolution::Dns,
        Written::DnsRoundRobin => Resolution::DnsRoundRobin,
        Written::DynamicDns => Resolution::DynamicDns,
    }
}
