//! The Kubernetes kinds that say which workloads stand behind which service.
//!
//! Only what routing needs is read; the rest of these large schemas is accepted unread.

use std::collections::BTreeMap;

use super::decode::{Decode, Located, record, wrong_type};
use super::node::{Node, Value};
use crate::diagnostic::Diagnostics;

record! {
    /// A Service.
    pub struct Service("Service") {
        /// `ClusterIP`, `ExternalName` ...
        "type" => kind: Option<Located<String>>,
        /// Virtual address; `None` is headless.
        "clusterIP" => cluster_ip: Option<Located<String>>,
        /// All virtual addresses.
        "clusterIPs" => cluster_ips: Vec<Located<String>>,
        /// The name that an `ExternalName` service stands for.
        "externalName" => external_name: Option<Located<String>>,
        /// Labels of its pods.
        "selector" => selector: Option<BTreeMap<String, String>>,
        /// Ports.
        "ports" => ports: Vec<ServicePort>,
        /// Whether pods count before they are ready.
        "publishNotReadyAddresses" => publish_not_ready_addresses: bool,
        /// `Local` keeps to endpoints of the caller's node.
        "internalTrafficPolicy" => internal_traffic_policy: Option<String>,
        /// `PreferClose` and the like.
        "trafficDistribution" => traffic_distribution: Option<String>,
    }
    ignore [
        "allocateLoadBalancerNodePorts", "externalIPs", "externalTrafficPolicy", "healthCheckNodePort",
        "ipFamilies", "ipFamilyPolicy", "loadBalancerClass", "loadBalancerIP",
        "loadBalancerSourceRanges", "sessionAffinity", "sessionAffinityConfig",
    ]
}

record! {
    /// A port of a Service.
    pub struct ServicePort("ServicePort") {
        /// Name; its first part is the protocol.
        "name" => name: Option<Located<String>>,
        /// Number.
        "port" => port: Option<Located<u32>>,
        /// Port of the pods.
        "targetPort" => target_port: Option<Located<NumberOrName>>,
        /// Protocol, before the name.
        "appProtocol" => app_protocol: Option<Located<String>>,
        /// `TCP` or `UDP`.
        "protocol" => protocol: Option<String>,
    }
    ignore ["nodePort"]
}

/// A port by number or by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NumberOrName {
    /// A number.
    Number(u32),
    /// The name of a container port.
    Name(String),
}

record! {
    /// A Deployment, StatefulSet, ReplicaSet or DaemonSet.
    pub struct Workload("Workload") {
        /// How many pods; none is 1.
        "replicas" => replicas: Option<Located<u32>>,
        /// Labels of its pods.
        "selector" => selector: Option<LabelSelector>,
        /// Its pods.
        "template" => template: Option<PodTemplate>,
    }
    ignore ["*"]
}

record! {
    /// Labels that objects must carry.
    pub struct LabelSelector("LabelSelector") {
        /// Equal labels.
        "matchLabels" => match_labels: BTreeMap<String, String>,
        /// Further conditions.
        "matchExpressions" => match_expressions: Vec<LabelExpression>,
    }
}

record! {
    /// A condition on a label.
    pub struct LabelExpression("LabelSelectorRequirement") {
        /// The label.
        "key" => key: Option<Located<String>>,
        /// `In`, `NotIn`, `Exists`, `DoesNotExist`.
        "operator" => operator: Option<Located<String>>,
        /// The values.
        "values" => values: Vec<String>,
    }
}

record! {
    /// The pods of a workload.
    pub struct PodTemplate("PodTemplateSpec") {
        /// Their labels and annotations.
        "metadata" => metadata: Option<TemplateMeta>,
        /// Their containers.
        "spec" => spec: Option<PodSpec>,
    }
    ignore ["*"]
}

record! {
    /// Labels and annotations of pods.
    pub struct TemplateMeta("ObjectMeta") {
        /// Labels.
        "labels" => labels: BTreeMap<String, String>,
        /// Annotations.
        "annotations" => annotations: BTreeMap<String, String>,
    }
    ignore ["*"]
}

record! {
    /// Containers and node of a pod.
    pub struct PodSpec("PodSpec") {
        /// Containers.
        "containers" => containers: Vec<Container>,
        /// The node it runs on.
        "nodeName" => node_name: Option<String>,
    }
    ignore ["*"]
}

record! {
    /// A container.
    pub struct Container("Container") {
        /// Name.
        "name" => name: Option<String>,
        /// Ports.
        "ports" => ports: Vec<ContainerPort>,
    }
    ignore ["*"]
}

record! {
    /// A port of a container.
    pub struct ContainerPort("ContainerPort") {
        /// Name.
        "name" => name: Option<String>,
        /// Number.
        "containerPort" => container_port: Option<Located<u32>>,
    }
    ignore ["*"]
}

record! {
    /// What is known of a running pod.
    pub struct PodStatus("PodStatus") {
        /// `Running`, `Pending` ...
        "phase" => phase: Option<String>,
        /// Address.
        "podIP" => pod_ip: Option<String>,
        /// `Ready` among them.
        "conditions" => conditions: Vec<PodCondition>,
    }
    ignore ["*"]
}

record! {
    /// One condition of a pod.
    pub struct PodCondition("PodCondition") {
        /// Its name.
        "type" => kind: Option<String>,
        /// `True` or `False`.
        "status" => status: Option<String>,
    }
    ignore ["*"]
}

record! {
    /// The data of a ConfigMap.
    pub struct ConfigMapData("ConfigMap") {
        /// The mesh config, as YAML.
        "mesh" => mesh: Option<Located<String>>,
    }
    ignore ["*"]
}

impl Decode for NumberOrName {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Text(name) => Some(Self::Name(name.clone())),
            Value::Integer(..) => u32::decode(node, problems).map(Self::Number),
            _ => {
                wrong_type(node, "a port number or the name of a port", problems);
                None
            }
        }
    }
}

impl LabelSelector {
    /// Tells whether labels satisfy the selector; an empty one accepts everything.
    #[must_use]
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let equal = self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value));
        equal && self.match_expressions.iter().all(|expression| expression.matches(labels))
    }
}

impl LabelExpression {
    fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let value = self.key.as_ref().and_then(|key| labels.get(&key.value));
        match self.operator.as_ref().map_or("", |operator| operator.value.as_str()) {
            "In" => value.is_some_and(|value| self.values.contains(value)),
            "NotIn" => value.is_none_or(|value| !self.values.contains(value)),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => false,
        }
    }
}
