//! Clusters: whether a destination exists for a proxy, its endpoints and its policies (R-103, R-109 to
//!

mod locality;
mod policy;

use super::proxy::ProxyKind;
use super::registry::{Port, RegistryEndpoint, Resolution, Service};
use super::scope::Scope;
use super::waypoint;
use crate::config::istio::destination_rule::plain;
use crate::data_plane::{BalancerPolicy, Cluster, Discovery, Endpoint, EndpointGroup, Locality};
use crate::units::Nanos;

use policy::EffectivePolicy;

/// The parts of a cluster's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClusterName<'n> {
    /// Whether it is a service behind a waypoint.
    pub behind_waypoint: bool,
    /// Port of the service.
    pub port: u32,
    /// Subset; empty is none.
    pub subset: &'n str,
    /// Host.
    pub host: &'n str,
}

// === impl ClusterName ===

impl<'n> ClusterName<'n> {
    /// Reads `outbound|PORT|SUBSET|HOST` or `inbound-vip|PORT|http/SUBSET|HOST`.
    #[must_use]
    pub fn parse(name: &'n str) -> Option<Self> {
        let mut parts = name.splitn(4, '|');
        let (direction, port) = (parts.next()?, parts.next()?.parse().ok()?);
        let (middle, host) = (parts.next()?, parts.next()?);
        match direction {
            "outbound" => Some(Self { behind_waypoint: false, port, subset: middle, host }),
            "inbound-vip" => {
                let subset = middle.split_once('/').map_or("", |(_, subset)| subset);
                Some(Self { behind_waypoint: true, port, subset, host })
            }
            _ => None,
        }
    }
}

/// Builds a cluster by name; `None` if it does not exist for this proxy: the answer is 503 NC.
#[must_use]
pub fn cluster(scope: &Scope<'_>, name: &str) -> Option<Cluster> {
    match name {
        "PassthroughCluster" => {
            let mut cluster = Cluster::new(name, Discovery::OriginalDestination);
            // its only setting.
            cluster.limits.idle_timeout = Some(Nanos(300 * Nanos::SECOND.0));
            return Some(cluster);
        }
        "BlackHoleCluster" => return Some(Cluster::new(name, Discovery::Static)),
        _ => {}
    }
    let parsed = ClusterName::parse(name)?;
    let (scoped, service) = scope.service(parsed.host)?;
    let port = scoped.port(parsed.port)?;
    if service.resolution == Resolution::Alias || !waypoint::has_cluster(scope, &parsed, service) {
        return None;
    }
    let rule = if parsed.behind_waypoint {
        waypoint::rule_behind(scope, service)
    } else {
        scope.destination_rule(parsed.host)
    };
    let subset = match parsed.subset {
        "" => None,
        // a subset that nobody defines has no cluster.
        name => Some(rule?.subset(name)?),
    };
    let labels = subset.map(|subset| plain(&subset.labels)).unwrap_or_default();
    let whole = EffectivePolicy::of_service(rule, parsed.port).or_mesh(&scope.mesh.config);
    let policy = match subset {
        Some(subset) => whole.clone().with_subset(subset, parsed.port),
        None => whole.clone(),
    };
    let mut cluster = Cluster::new(name, discovery(scope, service, &whole, &policy));
    policy.apply(&mut cluster);
    cluster.http2 = policy.is_http2(port.protocol);
    if cluster.discovery == Discovery::OriginalDestination {
        return Some(cluster);
    }
    let endpoints = endpoints(scope, service, port, &labels);
    // a DNS cluster without endpoints is not built at all.
    let by_name = matches!(cluster.discovery, Discovery::StrictDns | Discovery::LogicalDns);
    if by_name && endpoints.is_empty() {
        return None;
    }
    cluster.groups = locality::groups(&endpoints);
    locality::apply(scope, service, &policy, &mut cluster, &endpoints);
    Some(cluster)
}

/// Builds what a connection without any proxy for HTTP meets: all endpoints of the port, chosen at random
///
#[must_use]
pub fn unproxied(scope: &Scope<'_>, hostname: &str, port: u32) -> Option<Cluster> {
    let (scoped, service) = scope.service(hostname)?;
    let port = scoped.port(port)?;
    let name = format!("plain|{}||{hostname}", port.number);
    let mut cluster = Cluster::new(name, Discovery::Eds);
    cluster.balancer = BalancerPolicy::Random;
    let endpoints = endpoints(scope, service, port, &std::collections::BTreeMap::new());
    cluster.groups = locality::groups(&endpoints);
    Some(cluster)
}

/// a service without own balancing goes to the dialled address.
fn discovery(
    scope: &Scope<'_>,
    service: &Service,
    whole: &EffectivePolicy<'_>,
    policy: &EffectivePolicy<'_>,
) -> Discovery {
    if whole.is_passthrough() || policy.is_passthrough() {
        return Discovery::OriginalDestination;
    }
    match service.resolution {
        Resolution::Passthrough if scope.proxy.kind == ProxyKind::Sidecar => {
            Discovery::OriginalDestination
        }
        Resolution::Dns | Resolution::DynamicDns => Discovery::StrictDns,
        Resolution::DnsRoundRobin => Discovery::LogicalDns,
        Resolution::Passthrough | Resolution::Endpoints | Resolution::Alias => Discovery::Eds,
    }
}

/// R-191(d): the endpoints of the hostname in the owner's namespace, by the name that the
/// owner gives the port; of the caller's node only, if the Service says so.
fn endpoints<'m>(
    scope: &Scope<'m>,
    service: &'m Service,
    port: &Port,
    labels: &std::collections::BTreeMap<String, String>,
) -> Vec<&'m RegistryEndpoint> {
    let registry = &scope.mesh.registry;
    let all = registry.endpoints(&service.hostname, &service.namespace).iter();
    let fitting = all.filter(|endpoint| {
        endpoint.port_name == port.name
            && super::destination_rules::is_subset(labels, &endpoint.labels)
            && (!service.node_local
                || endpoint.pod.is_none_or(|pod| registry.pods[pod].node == scope.proxy.node))
    });
    let mut found: Vec<&RegistryEndpoint> = Vec::new();
    for endpoint in fitting {
        // Envoy keeps the first of equal addresses.
        let key = (&endpoint.address, endpoint.port);
        if !found.iter().any(|known| (&known.address, known.port) == key) {
            found.push(endpoint);
        }
    }
    found
}

/// Turns a registry endpoint into one of the data plane.
fn data_plane_endpoint(endpoint: &RegistryEndpoint) -> Endpoint {
    Endpoint {
        name: format!("{}:{}", endpoint.name, endpoint.port),
        address: format!("{}:{}", endpoint.address, endpoint.port),
        instance: endpoint.pod.and_then(|pod| u32::try_from(pod).ok()),
        weight: endpoint.weight,
    }
}

/// Builds a group of endpoints of one place; its weight is the sum of theirs.
fn group(locality: &Locality, priority: u32, endpoints: &[&RegistryEndpoint]) -> EndpointGroup {
    EndpointGroup {
        priority,
        locality: locality.clone(),
        weight: endpoints.iter().map(|endpoint| endpoint.weight).sum(),
        endpoints: endpoints.iter().map(|endpoint| data_plane_endpoint(endpoint)).collect(),
    }
}
