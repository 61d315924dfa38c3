//! Where requests of foreign test files enter: those formats do not say.
//!
//! The rule for the host decides: one that is bound to the mesh is met at a sidecar of its namespace, any
//! other at its first gateway. A gateway that no file defines is assumed to be open for everything, and port 80
//! to speak HTTP at sidecars.

use std::collections::BTreeMap;

use crate::config::decode::Located;
use crate::control_plane::capture::Capture;
use crate::control_plane::gateway::{Applies, Gateway, Server};
use crate::control_plane::registry::Protocol;
use crate::control_plane::rules::{MESH, RuleSet};
use crate::control_plane::{Proxy, ProxyKind, is_wildcard, overlaps};
use crate::data_plane::{Request, without_port};
use crate::diagnostic::{Diagnostics, Place, Sources};
use crate::scenario::{Base, Entry, Files, Sender};

/// Finds entries for requests.
pub(super) struct Entries<'m> {
    base: &'m Base,
    /// The entry of the command line.
    from: Option<Located<String>>,
    /// Stands for what no text says.
    place: Place,
}

/// Files, and one more that foreign tests need.
pub(super) struct WithAssumed<'a>(pub(super) &'a dyn Files);

/// Name of that file.
pub(super) const ASSUMED: &str = "<assumed>";

/// Foreign tests come with `VirtualService`s alone. A sidecar reads HTTP for hosts that no Service has only on
/// ports where some Service speaks it: this one makes port 80 such a port.
const HTTP_ON_80: &str = "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: assumed, namespace: assumed}
spec:
  hosts: [assumed.invalid]
  ports: [{number: 80, name: http, protocol: HTTP}]
  resolution: DNS
  location: MESH_EXTERNAL
";

/// Opens the gateways that rules name and no file defines: port 80 for HTTP, 443 for HTTPS, all hosts.
pub(super) fn assume(base: &mut Base) {
    base.assumptions.push("port 80 is taken to speak HTTP at sidecars, for every host".to_owned());
    let mut assumed: BTreeMap<String, Place> = BTreeMap::new();
    for set in &base.mesh.rule_sets {
        for gateway in set.gateways.iter().filter(|gateway| *gateway != MESH) {
            if !base.mesh.gateways.iter().any(|known| known.full_name() == *gateway) {
                assumed.entry(gateway.clone()).or_insert(set.place);
            }
        }
    }
    for (full_name, place) in assumed {
        let Some((namespace, name)) = full_name.split_once('/') else { continue };
        base.assumptions.push(format!(
            "gateway {full_name}: not in the mesh files; taken to be open on 80 and 443 for every host"
        ));
        let server = |number: u32, protocol: Protocol| Server {
            number,
            port_name: format!("assumed-{number}"),
            protocol,
            bind: String::new(),
            hosts: vec!["*".to_owned()],
            tls: (number == 443).then_some(crate::control_plane::gateway::ServerTls {
                https_redirect: false,
                passthrough: false,
            }),
            place,
        };
        base.mesh.gateways.push(Gateway {
            name: name.to_owned(),
            namespace: namespace.to_owned(),
            created: None,
            applies: Applies::Labels(BTreeMap::from([("assumed".to_owned(), full_name.clone())])),
            servers: vec![server(80, Protocol::Http), server(443, Protocol::Https)],
            from_gateway_api: false,
            managed: false,
            place,
        });
    }
}

// === impl WithAssumed ===

impl Files for WithAssumed<'_> {
    fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        if name == ASSUMED { Ok(HTTP_ON_80.into()) } else { self.0.read(name) }
    }

    fn expand(&self, name: &str) -> Result<Vec<String>, String> {
        if name == ASSUMED { Ok(vec![name.to_owned()]) } else { self.0.expand(name) }
    }
}

// === impl Entries ===

impl<'m> Entries<'m> {
    pub(super) fn new(base: &'m Base, from: Option<&str>, sources: &mut Sources) -> Self {
        let text = from.unwrap_or_default();
        let place = Place::new(sources.add("--from", text), 1, 1);
        let from = from.map(|from| Located { value: from.to_owned(), place });
        Self { base, from, place }
    }

    /// Finds the entry of a request.
    pub(super) fn of(
        &self,
        request: &Request,
        notes: &mut Vec<String>,
        problems: &mut Diagnostics,
    ) -> Option<Entry> {
        let port = own_port(&request.authority);
        if let Some(from) = &self.from {
            return self.base.entry(from, request, port, notes, problems);
        }
        let host = without_port(&request.authority).to_lowercase();
        match self.rule_set(&host) {
            Some(set) if !set.is_bound_to(MESH) => {
                let gateway = set.gateways.first()?;
                let from = self.gateway(gateway, request.scheme == "https");
                self.base.entry(&from, request, None, notes, problems)
            }
            Some(set) => Some(self.sidecar(&set.namespace, &host, port)),
            None => {
                let service = self.service(&host);
                let namespace = service.map_or("default", |service| service.namespace.as_str());
                Some(self.sidecar(namespace, &host, port))
            }
        }
    }

    /// The rule set for a host: the exact name, else the longest wildcard; the eldest of equals.
    fn rule_set(&self, host: &str) -> Option<&'m RuleSet> {
        let rank = |set: &RuleSet| {
            let fitting = set.hosts.iter().filter(|known| is_for(known, host));
            fitting.map(|known| (!is_wildcard(known), known.len())).max()
        };
        let ranked = self.base.mesh.rule_sets.iter().filter_map(|set| Some((rank(set)?, set)));
        // Of equals the last one counts for `max_by_key`, so the order is turned round.
        ranked.rev().max_by_key(|(rank, _)| *rank).map(|(_, set)| set)
    }

    fn gateway(&self, full_name: &str, tls: bool) -> Located<String> {
        let known =
            self.base.mesh.gateways.iter().filter(|gateway| gateway.full_name() == full_name);
        let mut servers = known.flat_map(|gateway| &gateway.servers);
        let encrypted =
            |server: &&Server| matches!(server.protocol, Protocol::Https | Protocol::Tls);
        let server = servers.find(|server| encrypted(server) == tls);
        let port = server.map_or(if tls { 443 } else { 80 }, |server| server.number);
        // A listener of a Gateway API gateway is called `name~…`.
        let name = full_name.split('~').next().unwrap_or(full_name);
        Located { value: format!("gateway {name}:{port}"), place: self.place }
    }

    fn service(&self, host: &str) -> Option<&'m crate::control_plane::registry::Service> {
        self.base.mesh.registry.services.iter().find(|service| is_for(&service.hostname, host))
    }

    fn sidecar(&self, namespace: &str, host: &str, port: Option<u32>) -> Entry {
        let own = || {
            let ports = &self.service(host)?.ports;
            ports.iter().find(|it| it.protocol.is_http_or_detected()).map(|port| port.number)
        };
        let sender = Sender {
            name: format!("a sidecar in {namespace}"),
            proxy: Proxy::new(ProxyKind::Sidecar, namespace, BTreeMap::new()),
            capture: Capture::Sidecar,
        };
        Entry { sender, port: port.or_else(own).unwrap_or(80), tls: false }
    }
}

/// Tells whether a full name or wildcard is meant by a Host, which may be shortened.
fn is_for(known: &str, host: &str) -> bool {
    let shortened = known.strip_prefix(host).is_some_and(|rest| rest.starts_with('.'));
    overlaps(known, host) || (shortened && known.contains(".svc."))
}

/// The port in a Host.
fn own_port(authority: &str) -> Option<u32> {
    let rest = authority.strip_prefix(without_port(authority))?;
    rest.strip_prefix(':')?.parse().ok()
}
