//! Sidecar: what a sidecar proxy knows of the mesh.

use super::super::decode::{Located, record, words};
use super::destination_rule::ConnectionPool;
use super::gateway::ServerTls;
use super::{Destination, WorkloadSelector};

record! {
    /// What a sidecar knows of the mesh.
    pub struct Sidecar("Sidecar") {
        /// Workloads it is for.
        "workloadSelector" => workload_selector: Option<WorkloadSelector>,
        /// What comes in.
        "ingress" => ingress: Vec<IngressListener>,
        /// What goes out.
        "egress" => egress: Vec<EgressListener>,
        /// Connections that come in.
        "inboundConnectionPool" => inbound_connection_pool: Option<ConnectionPool>,
        /// What happens to unknown hosts.
        "outboundTrafficPolicy" => outbound_traffic_policy: Option<OutboundTrafficPolicy>,
    }
}

record! {
    /// What comes in on a port.
    pub struct IngressListener("IstioIngressListener") {
        /// The port.
        "port" => port: Option<SidecarPort>,
        /// Address it binds to.
        "bind" => bind: Option<Located<String>>,
        /// Whether traffic is redirected.
        "captureMode" => capture_mode: Option<Located<CaptureMode>>,
        /// Where it goes.
        "defaultEndpoint" => default_endpoint: Option<Located<String>>,
        /// TLS settings.
        "tls" => tls: Option<ServerTls>,
        /// Connections.
        "connectionPool" => connection_pool: Option<ConnectionPool>,
    }
}

record! {
    /// What goes out.
    pub struct EgressListener("IstioEgressListener") {
        /// The port; none for all other ports.
        "port" => port: Option<SidecarPort>,
        /// Address it binds to.
        "bind" => bind: Option<Located<String>>,
        /// Whether traffic is redirected.
        "captureMode" => capture_mode: Option<Located<CaptureMode>>,
        /// Hosts that are imported, `namespace/host`.
        "hosts" => hosts: Vec<Located<String>>,
    }
}

record! {
    /// A port of a Sidecar.
    pub struct SidecarPort("SidecarPort") {
        /// Number.
        "number" => number: Option<Located<u32>>,
        /// Protocol.
        "protocol" => protocol: Option<Located<String>>,
        /// Name.
        "name" => name: Option<Located<String>>,
        /// Without effect.
        "targetPort" => target_port: Option<Located<u32>>,
    }
}

words! {
    /// Whether traffic is redirected to the proxy.
    pub enum CaptureMode("capture mode") {
        /// As installed.
        "DEFAULT" => Default,
        /// By iptables.
        "IPTABLES" => Iptables,
        /// Not.
        "NONE" => None,
    }
}

words! {
    /// What happens to unknown hosts.
    pub enum OutboundMode("outbound policy") {
        /// Refused.
        "REGISTRY_ONLY" => RegistryOnly,
        /// Passed through.
        "ALLOW_ANY" => AllowAny,
    }
}

record! {
    /// What happens to unknown hosts.
    pub struct OutboundTrafficPolicy("OutboundTrafficPolicy") {
        /// The mode; `REGISTRY_ONLY` is its zero value.
        "mode" => mode: Option<OutboundMode>,
        /// Where unknown hosts go.
        "egressProxy" => egress_proxy: Option<Destination>,
    }
}
