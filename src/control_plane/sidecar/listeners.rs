//! Which listener of a sidecar takes a connection: by the dialled address and port.

use super::super::mesh_config::OutboundPolicy;
use super::super::names::{is_address, overlaps};
use super::super::registry::{Protocol, Provider, Resolution, Service};
use super::super::scope::{EgressListener, Scope, ScopedService};
use crate::data_plane::without_port;

/// An address outside of every known service.
const OUTSIDE: &str = "198.51.100.1";

/// What the application dials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialled {
    /// The address.
    pub address: String,
    /// The port.
    pub port: u32,
}

/// Who takes a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listener {
    /// The route table of the port, by Host.
    Shared,
    /// The table of one auto-detected service; the Host is irrelevant.
    Detected(
        /// Hostname of the service.
        String,
    ),
    /// Straight to a cluster: no rule looks at the request.
    Tcp(
        /// Name of the cluster.
        String,
    ),
}

/// Works out the address that a request without one dials.
#[must_use]
pub fn dialled_address(scope: &Scope<'_>, authority: &str) -> String {
    let host = without_port(authority).trim_end_matches('.').to_lowercase();
    if is_address(&host) {
        return host.trim_start_matches('[').trim_end_matches(']').to_owned();
    }
    let registry = &scope.mesh.registry;
    let named = kubernetes_name(&host, &scope.proxy.namespace, &scope.mesh.config.domain);
    let by_hostname = |hostname: &str| {
        registry.services.iter().find(|service| service.hostname.eq_ignore_ascii_case(hostname))
    };
    let found =
        named.as_deref().and_then(by_hostname).or_else(|| by_hostname(&host)).or_else(|| {
            let entries = registry.services.iter();
            let mut wildcards = entries.filter(|s| s.hostname.starts_with('*'));
            wildcards.find(|service| overlaps(&host, &service.hostname))
        });
    let Some(service) = found else { return OUTSIDE.to_owned() };
    if service.resolution == Resolution::Alias {
        return OUTSIDE.to_owned();
    }
    if service.is_headless() {
        let endpoints = registry.endpoints(&service.hostname, &service.namespace);
        let own = &scope.proxy.ip;
        let other = endpoints.iter().find(|endpoint| endpoint.address != *own);
        return other.or(endpoints.first()).map_or(OUTSIDE.to_owned(), |e| e.address.clone());
    }
    service.addresses.first().map_or(OUTSIDE.to_owned(), |address| network(address).0.to_owned())
}

/// The hostnames that a name may mean, seen from a proxy's namespace, the likeliest first.
pub(in crate::control_plane) fn full_names(host: &str, scope: &Scope<'_>) -> Vec<String> {
    let named = kubernetes_name(host, &scope.proxy.namespace, &scope.mesh.config.domain);
    named.into_iter().chain([host.to_owned()]).collect()
}

/// The full name that the cluster's DNS finds for a name, seen from a namespace.
fn kubernetes_name(host: &str, client: &str, domain: &str) -> Option<String> {
    let parts: Vec<&str> = host.split('.').collect();
    match parts.as_slice() {
        [name] => Some(format!("{name}.{client}.svc.{domain}")),
        [name, namespace] | [name, namespace, "svc"] => {
            Some(format!("{name}.{namespace}.svc.{domain}"))
        }
        _ => None,
    }
}

/// Finds the listener for a dialled address; the most specific address wins, then the shared one, else
/// the connection is no HTTP for this proxy.
#[must_use]
pub fn listener(scope: &Scope<'_>, dialled: &Dialled) -> Listener {
    let mut best: Option<(u32, Listener)> = None;
    let mut shared = None;
    for egress in &scope.egress {
        if egress.port.is_some_and(|(number, _)| number != dialled.port) {
            continue;
        }
        for scoped in &egress.services {
            let Some((service, protocol)) = on_port(scope, egress, scoped, dialled.port) else {
                continue;
            };
            if protocol.is_http() {
                shared = Some(Listener::Shared);
                continue;
            }
            let own = if protocol == Protocol::Detected {
                Listener::Detected(service.hostname.clone())
            } else {
                Listener::Tcp(format!("outbound|{}||{}", dialled.port, service.hostname))
            };
            match bound(scope, service, &dialled.address) {
                Bound::Everywhere if protocol == Protocol::Detected => {
                    shared.get_or_insert(Listener::Shared);
                }
                Bound::Everywhere => {
                    shared.get_or_insert(own);
                }
                Bound::Here(length) => {
                    if best.as_ref().is_none_or(|(longest, _)| length > *longest) {
                        best = Some((length, own));
                    }
                }
                Bound::Elsewhere => {}
            }
        }
    }
    let exit = if scope.outbound == OutboundPolicy::RegistryOnly {
        "BlackHoleCluster"
    } else {
        "PassthroughCluster"
    };
    best.map(|(_, listener)| listener).or(shared).unwrap_or_else(|| Listener::Tcp(exit.to_owned()))
}

/// The service and what its port speaks to this listener: an egress entry's protocol replaces it.
fn on_port<'m>(
    scope: &Scope<'m>,
    egress: &EgressListener,
    scoped: &ScopedService,
    port: u32,
) -> Option<(&'m Service, Protocol)> {
    let own = scoped.port(port)?.protocol;
    let service = &scope.mesh.registry.services[scoped.id];
    if service.resolution == Resolution::Alias {
        return None;
    }
    let protocol = match egress.port {
        Some((_, Protocol::Detected)) | None => own,
        Some((_, protocol)) => protocol,
    };
    (protocol != Protocol::Udp).then_some((service, protocol))
}

/// Where a listener of a service that is not HTTP for certain stands.
enum Bound {
    /// On `0.0.0.0`: a service without address.
    Everywhere,
    /// On an address that covers the dialled one, with the length of its prefix.
    Here(u32),
    /// On other addresses.
    Elsewhere,
}

fn bound(scope: &Scope<'_>, service: &Service, dialled: &str) -> Bound {
    if service.is_headless() {
        let endpoints = scope.mesh.registry.endpoints(&service.hostname, &service.namespace);
        let others = endpoints.iter().filter(|endpoint| endpoint.address != scope.proxy.ip);
        let mut here = others.filter(|endpoint| endpoint.address == dialled);
        return if here.next().is_some() { Bound::Here(128) } else { Bound::Elsewhere };
    }
    if service.addresses.is_empty() {
        return if service.provider == Provider::Entry {
            Bound::Everywhere
        } else {
            Bound::Elsewhere
        };
    }
    let covering = service.addresses.iter().filter_map(|address| covers(address, dialled)).max();
    covering.map_or(Bound::Elsewhere, Bound::Here)
}

/// Splits `10.0.0.0/8` into the address and its prefix length, if any.
fn network(text: &str) -> (&str, Option<u32>) {
    match text.split_once('/') {
        Some((address, length)) => (address, length.parse().ok()),
        None => (text, None),
    }
}

/// The length of the prefix with which an address or a network covers the dialled address.
fn covers(network_text: &str, dialled: &str) -> Option<u32> {
    use std::net::IpAddr;
    let (address, length) = network(network_text);
    let (address, dialled): (IpAddr, IpAddr) = (address.parse().ok()?, dialled.parse().ok()?);
    let (a, b, bits) = match (address, dialled) {
        (IpAddr::V4(a), IpAddr::V4(b)) => {
            (u128::from(a.to_bits()) << 96, u128::from(b.to_bits()) << 96, 32)
        }
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits(), b.to_bits(), 128),
        _ => return None,
    };
    let length = length.unwrap_or(bits).min(bits);
    let mask = if length == 0 { 0 } else { u128::MAX << (128 - length) };
    (a & mask == b & mask).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::{covers, kubernetes_name};

    #[test]
    fn networks_cover_addresses_by_their_prefix() {
        for (network, address, expected) in [
            ("10.0.0.1", "10.0.0.1", Some(32)),
            ("10.0.0.0/8", "10.9.9.9", Some(8)),
            ("10.0.0.0/8", "11.0.0.1", None),
            ("0.0.0.0/0", "11.0.0.1", Some(0)),
            ("fd00::/8", "fd12::1", Some(8)),
            ("fd00::/8", "10.0.0.1", None),
        ] {
            assert_eq!(covers(network, address), expected, "{network} {address}");
        }
    }

    #[test]
    fn short_names_are_found_through_the_search_path() {
        for (host, expected) in [
            ("a", Some("a.shop.svc.cluster.local")),
            ("a.bank", Some("a.bank.svc.cluster.local")),
            ("a.bank.svc", Some("a.bank.svc.cluster.local")),
            ("a.bank.svc.cluster.local", None),
        ] {
            assert_eq!(kubernetes_name(host, "shop", "cluster.local").as_deref(), expected);
        }
    }
}
