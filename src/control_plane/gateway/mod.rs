//! Gateways: which servers a gateway workload has, and its route tables.

mod servers;
mod table;

use std::collections::BTreeMap;

use super::destination_rules::is_subset;
use super::proxy::Proxy;
use super::registry::{Protocol, Registry, TargetPort};
use crate::config::decode::Located;
use crate::config::istio::gateway::{self as written, Gateway as WrittenGateway, ServerTlsMode};
use crate::config::object::{Object, Timestamp};
use crate::diagnostic::Place;

pub use servers::{GatewayView, PortListener, Table};

/// A gateway in one form, whether an Istio Gateway or a listener of a Gateway API one.
#[derive(Clone, Debug, PartialEq)]
pub struct Gateway {
    /// Name, for ordering; a listener's is made up.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Age.
    pub created: Option<Timestamp>,
    /// Which workloads it applies to.
    pub applies: Applies,
    /// Servers in order.
    pub servers: Vec<Server>,
    /// Whether it came from the Gateway API.
    pub from_gateway_api: bool,
    /// Whether it is a Gateway API one that istiod deploys itself.
    pub managed: bool,
    /// Where its name stands.
    pub place: Place,
}

/// Which workloads a gateway applies to.
#[derive(Clone, Debug, PartialEq)]
pub enum Applies {
    /// Those that carry all labels, in any namespace; no labels are all gateway workloads.
    Labels(BTreeMap<String, String>),
    /// Those behind these services of its own namespace.
    Services(Vec<String>),
}

/// One server.
#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    /// Port as written.
    pub number: u32,
    /// Name of the port.
    pub port_name: String,
    /// Protocol.
    pub protocol: Protocol,
    /// Address it binds to; empty is all.
    pub bind: String,
    /// Hosts, `namespace/host` or `host`, after R-047.
    pub hosts: Vec<String>,
    /// TLS block, if there is one.
    pub tls: Option<ServerTls>,
    /// Where it stands.
    pub place: Place,
}

/// What matters of a TLS block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerTls {
    /// Whether plain requests are redirected.
    pub https_redirect: bool,
    /// Whether the connection is passed through by its server name.
    pub passthrough: bool,
}

/// A service port that leads to a gateway workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServiceTarget {
    /// Hostname of the service.
    pub hostname: String,
    /// Port that clients dial.
    pub port: u32,
    /// Port of the pod.
    pub target: u32,
    /// What it speaks.
    pub protocol: Protocol,
    /// Whether the service opted out of port translation.
    pub untranslated: bool,
}

// === impl Gateway ===

impl Gateway {
    /// Reads an Istio Gateway.
    #[must_use]
    pub fn read(object: &Object<WrittenGateway>) -> Self {
        let meta = &object.meta;
        let servers = object.spec.servers.iter();
        Self {
            name: meta.name.clone(),
            namespace: meta.namespace.clone(),
            created: meta.created,
            applies: Applies::Labels(object.spec.selector.clone()),
            servers: servers.filter_map(|server| Server::read(server, &meta.namespace)).collect(),
            from_gateway_api: false,
            managed: false,
            place: meta.place,
        }
    }

    /// Returns `namespace/name`, by which rules refer to it.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// The service ports through which the gateway applies to a workload; `None` if it does not.
    fn targets<'t>(
        &self,
        proxy: &Proxy,
        targets: &'t [ServiceTarget],
    ) -> Option<Vec<&'t ServiceTarget>> {
        match &self.applies {
            Applies::Labels(labels) => {
                is_subset(labels, &proxy.labels).then(|| targets.iter().collect())
            }
            Applies::Services(services) => {
                if proxy.namespace != self.namespace {
                    return None;
                }
                let own: Vec<_> =
                    targets.iter().filter(|t| services.contains(&t.hostname)).collect();
                (!own.is_empty()).then_some(own)
            }
        }
    }

    /// the pod ports that a server's port leads to.
    fn resolve_port(&self, number: u32, targets: &[&ServiceTarget]) -> Vec<u32> {
        match &self.applies {
            Applies::Labels(_) => {
                let mut translated = targets.iter().filter(|target| !target.untranslated);
                let first = translated.find(|target| target.port == number);
                vec![first.map_or(number, |target| target.target)]
            }
            Applies::Services(_) => {
                let mut ports: Vec<u32> =
                    targets.iter().filter(|t| t.port == number).map(|t| t.target).collect();
                ports.sort_unstable();
                ports.dedup();
                ports
            }
        }
    }
}

// === impl Server ===

impl Server {
    fn read(written: &written::Server, namespace: &str) -> Option<Self> {
        let text = |value: &Option<Located<String>>| {
            value.as_ref().map(|value| value.value.clone()).unwrap_or_default()
        };
        let port = written.port.as_ref()?;
        let tls = written.tls.as_ref().map(|tls| ServerTls {
            https_redirect: tls.https_redirect,
            // PASSTHROUGH is the zero value of the mode, and what an absent mode means.
            passthrough: matches!(
                tls.mode.as_ref().map(|mode| mode.value),
                Some(ServerTlsMode::Passthrough | ServerTlsMode::AutoPassthrough) | None
            ),
        });
        let hosts: Vec<&str> = written.hosts.iter().map(|host| host.value.as_str()).collect();
        Some(Self {
            number: port.number.as_ref()?.value,
            port_name: text(&port.name),
            protocol: Protocol::parse(&text(&port.protocol)),
            bind: text(&written.bind),
            hosts: sanitize_hosts(&hosts, namespace),
            tls,
            place: written.place,
        })
    }

    /// Whether the server ends HTTP: plain, or TLS that it terminates.
    fn is_http(&self) -> bool {
        self.protocol.is_http() || (self.protocol == Protocol::Https && !self.is_passthrough())
    }

    fn is_passthrough(&self) -> bool {
        self.tls.is_some_and(|tls| tls.passthrough)
    }

    /// Whether the server speaks TLS to clients; an HTTP server with a redirect does not.
    fn is_tls(&self) -> bool {
        self.tls.is_some() && !self.protocol.is_http()
    }

    fn redirects(&self) -> bool {
        self.tls.is_some_and(|tls| tls.https_redirect)
    }

    /// The hosts that rules of a namespace may use.
    fn hosts_for(&self, namespace: &str) -> Vec<String> {
        let fitting = self.hosts.iter().filter_map(|host| match host.split_once('/') {
            Some((owner, host)) => (owner == namespace).then(|| host.to_owned()),
            None => Some(host.clone()),
        });
        fitting.collect()
    }
}

/// `./host` belongs to the gateway's namespace, `*/host` to everybody, `*/*` is `*`.
pub(super) fn sanitize_hosts(hosts: &[&str], namespace: &str) -> Vec<String> {
    let mut out = Vec::new();
    for host in hosts {
        match host.split_once('/') {
            Some((".", host)) => out.push(format!("{namespace}/{host}")),
            Some(("*", "*")) => return vec!["*".to_owned()],
            Some(("*", host)) => out.push(host.to_owned()),
            _ => out.push((*host).to_owned()),
        }
    }
    out
}

/// The service ports that lead to a workload: those of the Services of its namespace that select it.
pub(super) fn service_targets(registry: &Registry, proxy: &Proxy) -> Vec<ServiceTarget> {
    let mut found = Vec::new();
    for service in &registry.services {
        let selects = service.namespace == proxy.namespace
            && !service.selector.is_empty()
            && is_subset(&service.selector, &proxy.labels);
        if !selects {
            continue;
        }
        for port in &service.ports {
            let target = match &port.target {
                TargetPort::Number(number) => *number,
                TargetPort::Name(name) => named_port(registry, proxy, name).unwrap_or(port.number),
            };
            found.push(ServiceTarget {
                hostname: service.hostname.clone(),
                port: port.number,
                target,
                protocol: port.protocol,
                untranslated: service
                    .labels
                    .contains_key("experimental.istio.io/disable-gateway-port-translation"),
            });
        }
    }
    found
}

/// of the ports of one Service that lead to one pod port with one protocol only the first counts.
pub(super) fn distinct_targets(targets: &[ServiceTarget]) -> Vec<ServiceTarget> {
    let mut kept: Vec<ServiceTarget> = Vec::new();
    for target in targets {
        let repeated = kept.iter().any(|known| {
            known.hostname == target.hostname
                && known.target == target.target
                && known.protocol == target.protocol
        });
        if !repeated {
            kept.push(target.clone());
        }
    }
    kept
}

fn named_port(registry: &Registry, proxy: &Proxy, name: &str) -> Option<u32> {
    let own = registry
        .pods
        .iter()
        .find(|pod| pod.namespace == proxy.namespace && is_subset(&pod.labels, &proxy.labels))?;
    own.ports.iter().find(|(port, _)| port.as_deref() == Some(name)).map(|(_, number)| *number)
}
