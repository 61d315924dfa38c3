//! One proxy, ready to be asked: who listens, which table, which cluster.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::clusters;
use super::gateway::{GatewayView, PortListener};
use super::proxy::{Proxy, ProxyKind};
use super::sidecar::{self, Dialled, Listener};
use super::{Mesh, Scope, waypoint};
use crate::data_plane::{Cluster, Edge, RouteTable, without_port};

/// A connection as a client opens it.
#[derive(Clone, Debug)]
pub struct Connection<'c> {
    /// The address that is dialled; worked out from `authority` if absent.
    pub address: Option<&'c str>,
    /// The port that is dialled: of a service, or of a gateway.
    pub port: u32,
    /// The Host header of the first request, or the server name of TLS.
    pub authority: &'c str,
    /// Whether the connection is encrypted (to a gateway).
    pub tls: bool,
}

/// What a proxy does with a connection.
#[derive(Clone, Debug)]
pub enum Handling {
    /// It reads HTTP and asks a route table.
    Http(
        /// The table.
        Arc<RouteTable>,
        /// From which side it sees the request.
        Edge,
    ),
    /// It passes bytes to a cluster; no rule looks at the request.
    Tcp(
        /// Name of the cluster.
        String,
    ),
    /// Nothing listens there.
    NoListener,
}

/// A proxy with its view of the mesh; tables and clusters are built once.
#[derive(Debug)]
pub struct ProxyView<'m> {
    /// What the proxy knows.
    pub scope: Scope<'m>,
    gateway: Option<GatewayView>,
    tables: BTreeMap<String, Arc<RouteTable>>,
    clusters: BTreeMap<String, Option<Arc<Cluster>>>,
}

// === impl ProxyView ===

impl<'m> ProxyView<'m> {
    /// Works out what a proxy knows.
    #[must_use]
    pub fn new(mesh: &'m Mesh, proxy: Proxy) -> Self {
        let scope = Scope::new(mesh, proxy);
        let is_gateway = scope.proxy.kind == ProxyKind::Gateway;
        let gateway = is_gateway.then(|| GatewayView::new(&scope));
        Self { scope, gateway, tables: BTreeMap::new(), clusters: BTreeMap::new() }
    }

    /// Returns what the proxy does with a connection.
    pub fn handle(&mut self, connection: &Connection<'_>) -> Handling {
        match self.scope.proxy.kind {
            ProxyKind::Sidecar => self.outbound(connection),
            ProxyKind::Gateway => self.inbound(connection),
            ProxyKind::Waypoint => self.through(connection),
        }
    }

    fn outbound(&mut self, connection: &Connection<'_>) -> Handling {
        let address = match connection.address {
            Some(address) => address.to_owned(),
            None => sidecar::dialled_address(&self.scope, connection.authority),
        };
        let port = connection.port;
        let detected = match sidecar::listener(&self.scope, &Dialled { address, port }) {
            Listener::Shared => None,
            Listener::Detected(hostname) => Some(hostname),
            Listener::Tcp(cluster) => return Handling::Tcp(cluster),
        };
        let key = format!("{}:{port}", detected.as_deref().unwrap_or_default());
        let scope = &self.scope;
        let table = cached(&mut self.tables, key, || {
            sidecar::route_table(scope, port, detected.as_deref())
        });
        Handling::Http(table, Edge::Inside)
    }

    fn inbound(&mut self, connection: &Connection<'_>) -> Handling {
        let Some(gateway) = &self.gateway else { return Handling::NoListener };
        let name = without_port(connection.authority);
        if let Some(table) = gateway.table_for(connection.port, connection.tls, name) {
            let scope = &self.scope;
            let key = table.name.clone();
            let built = cached(&mut self.tables, key, || gateway.route_table(scope, table));
            return Handling::Http(built, Edge::Gateway { tls: connection.tls });
        }
        match gateway.listener(gateway.pod_port(connection.port)) {
            Some(PortListener::Tcp) => Handling::Tcp("BlackHoleCluster".to_owned()),
            _ => Handling::NoListener,
        }
    }

    /// the Service was chosen by its address, which the Host of the request names here.
    fn through(&mut self, connection: &Connection<'_>) -> Handling {
        let Some(hostname) = self.named_service(connection.authority) else {
            return Handling::NoListener;
        };
        let Some((scoped, service)) = self.scope.service(&hostname) else {
            return Handling::NoListener;
        };
        let Some(port) = scoped.port(connection.port) else { return Handling::NoListener };
        if !waypoint::serves(&self.scope, service) {
            return Handling::NoListener;
        }
        let number = port.number;
        if !port.protocol.is_http_or_detected() {
            return Handling::Tcp(waypoint::tcp_cluster(service, number));
        }
        let scope = &self.scope;
        let table = cached(&mut self.tables, format!("{hostname}:{number}"), || {
            waypoint::route_table(scope, service, number)
        });
        Handling::Http(table, Edge::Inside)
    }

    /// Returns the hostname of the service that a Host means, seen from the proxy's namespace.
    #[must_use]
    pub fn named_service(&self, authority: &str) -> Option<String> {
        let host = without_port(authority).trim_end_matches('.').to_lowercase();
        let forms = sidecar::full_names(&host, &self.scope);
        let found = forms.into_iter().find(|form| self.scope.services.contains_key(form));
        found.or_else(|| {
            let mut known = self.scope.services.keys();
            known
                .find(|hostname| super::is_wildcard(hostname) && super::overlaps(&host, hostname))
                .cloned()
        })
    }

    /// Returns the endpoints of a service's port as a plain connection finds them: no rule is asked, every
    /// endpoint has the same share.
    #[must_use]
    pub fn plain_cluster(&self, hostname: &str, port: u32) -> Option<Arc<Cluster>> {
        clusters::unproxied(&self.scope, hostname, port).map(Arc::new)
    }

    /// Returns a cluster; `None` if it does not exist for this proxy.
    pub fn cluster(&mut self, name: &str) -> Option<Arc<Cluster>> {
        if let Some(known) = self.clusters.get(name) {
            return known.clone();
        }
        let built = clusters::cluster(&self.scope, name).map(Arc::new);
        self.clusters.insert(name.to_owned(), built.clone());
        built
    }
}

fn cached(
    tables: &mut BTreeMap<String, Arc<RouteTable>>,
    key: String,
    build: impl FnOnce() -> RouteTable,
) -> Arc<RouteTable> {
    Arc::clone(tables.entry(key).or_insert_with(|| Arc::new(build())))
}
