//! ServiceEntry and WorkloadEntry: services and instances beside those of Kubernetes.

use super::super::decode::{Located, Map, record, words};
use super::{Labels, WorkloadSelector, Written};

words! {
    /// On which side of the mesh a service is.
    pub enum Location("location") {
        /// Outside.
        "MESH_EXTERNAL" => External,
        /// Inside.
        "MESH_INTERNAL" => Internal,
    }
}

words! {
    /// How addresses of a service are found.
    pub enum Resolution("resolution") {
        /// The dialled address.
        "NONE" => None,
        /// The listed endpoints.
        "STATIC" => Static,
        /// All addresses of a name.
        "DNS" => Dns,
        /// One address of a name.
        "DNS_ROUND_ROBIN" => DnsRoundRobin,
        /// The requested name.
        "DYNAMIC_DNS" => DynamicDns,
    }
}

record! {
    /// Services under some host names.
    pub struct ServiceEntry("ServiceEntry") {
        /// Host names.
        "hosts" => hosts: Vec<Located<String>>,
        /// Virtual addresses.
        "addresses" => addresses: Vec<Located<String>>,
        /// Ports.
        "ports" => ports: Vec<ServicePort>,
        /// Inside or outside.
        "location" => location: Option<Located<Location>>,
        /// How addresses are found.
        "resolution" => resolution: Option<Located<Resolution>>,
        /// Endpoints.
        "endpoints" => endpoints: Vec<WorkloadEntry>,
        /// Where the list of endpoints stands, if only an empty one.
        "endpoints" => written_endpoints: Written,
        /// Workloads that are endpoints.
        "workloadSelector" => workload_selector: Option<WorkloadSelector>,
        /// Namespaces that may use the service.
        "exportTo" => export_to: Vec<Located<String>>,
        /// Names of the server certificate.
        "subjectAltNames" => subject_alt_names: Vec<String>,
    }
}

record! {
    /// A port of a ServiceEntry.
    pub struct ServicePort("ServicePort") {
        /// Number.
        "number" => number: Option<Located<u32>>,
        /// Protocol; none is auto-detected.
        "protocol" => protocol: Option<Located<String>>,
        /// Name.
        "name" => name: Option<Located<String>>,
        /// Port of the endpoints.
        "targetPort" => target_port: Option<Located<u32>>,
    }
}

record! {
    /// An instance that is no pod.
    pub struct WorkloadEntry("WorkloadEntry") {
        /// Address, or a name to look up.
        "address" => address: Option<Located<String>>,
        /// Ports by name.
        "ports" => ports: Map<Located<u32>>,
        /// Where the ports stand, if only an empty map.
        "ports" => written_ports: Written,
        /// Labels.
        "labels" => labels: Labels,
        /// Network.
        "network" => network: Option<Located<String>>,
        /// `region/zone/subzone`.
        "locality" => locality: Option<Located<String>>,
        /// Weight.
        "weight" => weight: Option<u32>,
        /// Identity.
        "serviceAccount" => service_account: Option<Located<String>>,
    }
}
