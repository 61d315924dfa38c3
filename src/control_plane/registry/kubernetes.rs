//! Services, pods and endpoints of Kubernetes.

use std::collections::BTreeMap;

use super::with_derived_labels;
use super::{
    Pod, Port, Protocol, Provider, Registry, RegistryEndpoint, Resolution, Service, TargetPort,
};
use crate::config::kubernetes::{self, NumberOrName, PodSpec, ServicePort};
use crate::config::object::{Kind, Object};
use crate::config::resources::{self, Resources};
use crate::control_plane::audience::Audience;
use crate::control_plane::mesh_config::MeshConfig;
use crate::data_plane::Locality;
use crate::diagnostic::{Diagnostic, Diagnostics};

/// More pods than this in one workload are a slip of the pen, not a cluster.
const MAX_REPLICAS: u32 = 100_000;

impl Registry {
    /// Makes the pods of all workloads: a Deployment's replicas are `<deployment>-<n>`.
    pub(super) fn add_pods(&mut self, resources: &Resources, problems: &mut Diagnostics) {
        for workload in &resources.workloads {
            // A ReplicaSet of a Deployment is that Deployment, seen again.
            let owned = workload.meta.owners.iter().any(|(kind, _)| kind == "Deployment");
            if workload.kind != Kind::ReplicaSet || !owned {
                self.add_workload(workload, problems);
            }
        }
        for pod in &resources.pods {
            if !is_owned_by_known_workload(pod, resources) {
                self.add_pod(pod);
            }
        }
    }

    fn add_workload(
        &mut self,
        workload: &Object<kubernetes::Workload>,
        problems: &mut Diagnostics,
    ) {
        let spec = &workload.spec;
        let template = spec.template.as_ref();
        let meta = template.and_then(|template| template.metadata.as_ref());
        let labels = meta.map(|meta| meta.labels.clone()).unwrap_or_default();
        let mut replicas = spec.replicas.as_ref().map_or(1, |replicas| replicas.value);
        if replicas > MAX_REPLICAS {
            let place = spec.replicas.as_ref().map_or(workload.meta.place, |r| r.place);
            let message = format!("{replicas} replicas are more than {MAX_REPLICAS}");
            problems.push(Diagnostic::error("out-of-range", place, message));
            replicas = MAX_REPLICAS;
        }
        let pod_spec = template.and_then(|template| template.spec.as_ref());
        for index in 0..replicas {
            let name = format!("{}-{index}", workload.meta.name);
            let ip = self.pod_ip();
            self.pods.push(Pod {
                name,
                namespace: workload.meta.namespace.clone(),
                workload: workload.meta.name.clone(),
                locality: locality(&labels),
                labels: labels.clone(),
                ip,
                ports: container_ports(pod_spec),
                node: pod_spec.and_then(|spec| spec.node_name.clone()).unwrap_or_default(),
                ready: true,
            });
        }
    }

    fn add_pod(&mut self, pod: &Object<resources::Pod>) {
        let spec = pod.spec.spec.as_ref();
        let status = pod.spec.status.as_ref();
        let ip = status.and_then(|status| status.pod_ip.clone()).unwrap_or_else(|| self.pod_ip());
        self.pods.push(Pod {
            name: pod.meta.name.clone(),
            namespace: pod.meta.namespace.clone(),
            workload: pod.meta.name.clone(),
            locality: locality(&pod.meta.labels),
            labels: pod.meta.labels.clone(),
            ip,
            ports: container_ports(spec),
            node: spec.and_then(|spec| spec.node_name.clone()).unwrap_or_default(),
            ready: status.is_none_or(is_ready),
        });
    }

    /// The next made-up pod address; only its being unique matters.
    fn pod_ip(&self) -> String {
        let n = self.pods.len() + 1;
        format!("10.{}.{}.{}", 128 + (n >> 16), (n >> 8) & 255, n & 255)
    }

    pub(super) fn add_kubernetes_services(&mut self, resources: &Resources, mesh: &MeshConfig) {
        for (index, object) in resources.services.iter().enumerate() {
            let service = Self::kubernetes_service(object, index, mesh);
            if service.resolution != Resolution::Alias {
                self.add_service_endpoints(&service, &object.spec);
            }
            self.services.push(service);
        }
    }

    fn kubernetes_service(
        object: &Object<kubernetes::Service>,
        index: usize,
        mesh: &MeshConfig,
    ) -> Service {
        let (meta, spec) = (&object.meta, &object.spec);
        let text = |value: &Option<crate::config::decode::Located<String>>| {
            value.as_ref().map(|value| value.value.clone())
        };
        let is_alias = text(&spec.kind).as_deref() == Some("ExternalName");
        let cluster_ip = text(&spec.cluster_ip).unwrap_or_default();
        let resolution = match cluster_ip.as_str() {
            _ if is_alias => Resolution::Alias,
            "None" => Resolution::Passthrough,
            _ => Resolution::Endpoints,
        };
        let mut addresses: Vec<String> =
            spec.cluster_ips.iter().map(|ip| ip.value.clone()).collect();
        if addresses.is_empty() && !cluster_ip.is_empty() {
            addresses.push(cluster_ip);
        }
        if addresses.is_empty() && resolution == Resolution::Endpoints {
            // Not applied yet: the cluster would give it an address of its own.
            let n = index + 1;
            addresses.push(format!("10.{}.{}.{}", 112 + (n >> 16), (n >> 8) & 255, n & 255));
        }
        addresses.retain(|address| address != "None");
        let export = meta.annotations.get("networking.istio.io/exportTo").map(String::as_str);
        let export = export.unwrap_or_default().split(',').map(str::trim);
        Service {
            hostname: format!("{}.{}.svc.{}", meta.name, meta.namespace, mesh.domain),
            namespace: meta.namespace.clone(),
            name: meta.name.clone(),
            provider: Provider::Kubernetes,
            created: meta.created,
            ports: spec.ports.iter().filter_map(port).collect(),
            addresses: if is_alias { Vec::new() } else { addresses },
            resolution,
            audience: Audience::read(export.filter(|entry| !entry.is_empty()), &meta.namespace),
            labels: meta.labels.clone(),
            annotations: meta.annotations.clone(),
            selector: spec.selector.clone().unwrap_or_default(),
            external_name: text(&spec.external_name).filter(|_| is_alias),
            aliases: Vec::new(),
            traffic_distribution: Self::traffic_distribution(object),
            node_local: spec.internal_traffic_policy.as_deref() == Some("Local"),
            place: meta.place,
        }
    }

    /// the spec, then the annotation, then the annotation of the namespace.
    fn traffic_distribution(object: &Object<kubernetes::Service>) -> Option<String> {
        const ANNOTATION: &str = "networking.istio.io/traffic-distribution";
        let own = object.spec.traffic_distribution.as_ref();
        own.or_else(|| object.meta.annotations.get(ANNOTATION)).cloned()
    }

    /// the ready pods of the Service's namespace that its selector selects, port by port.
    fn add_service_endpoints(&mut self, service: &Service, spec: &kubernetes::Service) {
        // A Service without selector has endpoints only if somebody writes them by hand.
        if service.selector.is_empty() {
            return;
        }
        let mut found = Vec::new();
        for (id, pod) in self.pods.iter().enumerate() {
            let selected = pod.namespace == service.namespace
                && service.selector.iter().all(|(key, value)| pod.labels.get(key) == Some(value));
            if !selected || !(pod.ready || spec.publish_not_ready_addresses) {
                continue;
            }
            for port in &service.ports {
                let Some(number) = target_number(pod, &port.target) else { continue };
                found.push(RegistryEndpoint {
                    port_name: port.name.clone(),
                    address: pod.ip.clone(),
                    port: number,
                    pod: Some(id),
                    name: format!("{}.{}", pod.name, pod.namespace),
                    labels: with_derived_labels(&pod.labels, &pod.locality, &pod.node),
                    locality: pod.locality.clone(),
                    weight: 1,
                    ready: true,
                });
            }
        }
        for endpoint in found {
            self.add_endpoint(&service.hostname, &service.namespace, endpoint);
        }
    }
}

fn port(port: &ServicePort) -> Option<Port> {
    let number = port.port.as_ref()?.value;
    let name = port.name.as_ref().map(|name| name.value.clone()).unwrap_or_default();
    let transport = port.protocol.as_deref().unwrap_or("TCP");
    let app_protocol = port.app_protocol.as_ref().map(|protocol| protocol.value.as_str());
    let target = match port.target_port.as_ref().map(|target| &target.value) {
        Some(NumberOrName::Number(target)) => TargetPort::Number(*target),
        Some(NumberOrName::Name(name)) => TargetPort::Name(name.clone()),
        None => TargetPort::Number(number),
    };
    let protocol = Protocol::of_port(number, &name, transport, app_protocol);
    Some(Port { number, name, protocol, target })
}

/// The port of a pod that a service port leads to; a name that the pod does not have leads nowhere.
pub(super) fn target_number(pod: &Pod, target: &TargetPort) -> Option<u32> {
    match target {
        TargetPort::Number(number) => Some(*number),
        TargetPort::Name(name) => {
            let mut ports = pod.ports.iter();
            ports.find(|(port, _)| port.as_ref() == Some(name)).map(|(_, number)| *number)
        }
    }
}

fn container_ports(spec: Option<&PodSpec>) -> Vec<(Option<String>, u32)> {
    let containers = spec.into_iter().flat_map(|spec| &spec.containers);
    let ports = containers.flat_map(|container| &container.ports);
    ports
        .filter_map(|port| Some((port.name.clone(), port.container_port.as_ref()?.value)))
        .collect()
}

/// Reads where a pod stands from its labels: `istio-locality`, else the topology labels.
pub(in crate::control_plane) fn locality(labels: &BTreeMap<String, String>) -> Locality {
    if let Some(text) = labels.get("istio-locality") {
        // Labels cannot hold slashes, so dots separate.
        let separator = if text.contains('/') { '/' } else { '.' };
        return Locality::parse(text, separator);
    }
    let label = |name: &str| labels.get(name).cloned().unwrap_or_default();
    Locality {
        region: label("topology.kubernetes.io/region"),
        zone: label("topology.kubernetes.io/zone"),
        subzone: label("topology.istio.io/subzone"),
    }
}

fn is_ready(status: &kubernetes::PodStatus) -> bool {
    let ready = status.conditions.iter().find(|c| c.kind.as_deref() == Some("Ready"));
    match ready {
        Some(condition) => condition.status.as_deref() == Some("True"),
        None => {
            !matches!(status.phase.as_deref(), Some("Pending" | "Failed" | "Succeeded" | "Unknown"))
        }
    }
}

/// Tells whether a pod is one of the replicas of a workload that is loaded as well.
fn is_owned_by_known_workload(pod: &Object<resources::Pod>, resources: &Resources) -> bool {
    pod.meta.owners.iter().any(|(kind, name)| {
        resources.workloads.iter().any(|workload| {
            let same_namespace = workload.meta.namespace == pod.meta.namespace;
            let is_owner = workload.kind.name() == kind && workload.meta.name == *name;
            // The ReplicaSet between a Deployment and its pods is rarely loaded.
            let through_replica_set = kind == "ReplicaSet"
                && workload.kind == Kind::Deployment
                && workload.spec.selector.as_ref().is_some_and(|s| s.matches(&pod.meta.labels));
            same_namespace && (is_owner || through_replica_set)
        })
    })
}
