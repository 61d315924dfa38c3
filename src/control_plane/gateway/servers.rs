//! The servers of one gateway workload: who listens where, which of them share a route table (R-044 to
//!

use std::collections::BTreeMap;

use super::super::Mesh;
use super::super::names::is_wildcard;
use super::super::scope::Scope;
use super::{Gateway, Server, ServiceTarget, distinct_targets, service_targets};
use crate::data_plane::RouteTable;

/// The servers that share one route table, with the gateway of each.
#[derive(Clone, Debug)]
pub struct Table {
    /// Name of the table: `http.<port>` or `https.<port>.<port name>.<gateway>.<namespace>`.
    pub name: String,
    /// Servers in the order in which they were merged: (index of the gateway in the mesh, server).
    pub servers: Vec<(usize, Server)>,
}

/// What listens on a pod port.
#[derive(Clone, Debug)]
pub enum PortListener {
    /// Plain HTTP: one table.
    Http(
        /// Index of the table.
        usize,
    ),
    /// TLS, told apart by server name: (hosts of the server, its table if it terminates TLS).
    Tls(Vec<(Vec<String>, Option<usize>)>),
    /// Something else.
    Tcp,
}

/// A gateway workload with its servers sorted out.
#[derive(Clone, Debug)]
pub struct GatewayView {
    /// Route tables.
    pub tables: Vec<Table>,
    listeners: BTreeMap<u32, PortListener>,
    targets: Vec<ServiceTarget>,
}

/// Hosts by port that TLS blocks have claimed, with their bind address.
type ClaimedHosts = BTreeMap<u32, BTreeMap<String, String>>;

// === impl GatewayView ===

impl GatewayView {
    /// Merges the servers of all gateways that apply to a workload.
    #[must_use]
    pub fn new(scope: &Scope<'_>) -> Self {
        let targets = service_targets(&scope.mesh.registry, &scope.proxy);
        let distinct = distinct_targets(&targets);
        let mut view = Self { tables: Vec::new(), listeners: BTreeMap::new(), targets };
        let mut claimed = ClaimedHosts::new();
        for (index, targets) in applying(scope, &distinct) {
            let gateway = &scope.mesh.gateways[index];
            for server in &gateway.servers {
                for port in gateway.resolve_port(server.number, &targets) {
                    view.add(index, gateway, server, port, &mut claimed);
                }
            }
        }
        view
    }

    /// HTTP servers of a port merge, TLS servers merge unless a host repeats, other mixes drop the
    /// later server.
    fn add(
        &mut self,
        index: usize,
        gateway: &Gateway,
        server: &Server,
        port: u32,
        claimed: &mut ClaimedHosts,
    ) {
        if server.tls.is_some() && !claim_hosts(claimed.entry(port).or_default(), server) {
            return;
        }
        if server.protocol.is_http() {
            let name = table_name("http", port, server, gateway);
            let table = self.table(&name, index, server);
            let listener = self.listeners.entry(port).or_insert(PortListener::Http(table));
            if !matches!(listener, PortListener::Http(_)) {
                self.forget(table);
            }
        } else if server.is_tls() {
            let terminated = server.is_http();
            if matches!(self.listeners.get(&port), Some(PortListener::Http(_) | PortListener::Tcp))
            {
                return;
            }
            let table = terminated.then(|| {
                let name = table_name("https", server.number, server, gateway);
                self.table(&name, index, server)
            });
            let listener = self.listeners.entry(port).or_insert(PortListener::Tls(Vec::new()));
            if let PortListener::Tls(servers) = listener {
                let hosts = server.hosts.iter().map(|host| strip_namespace(host)).collect();
                servers.push((hosts, table));
            }
        } else {
            self.listeners.entry(port).or_insert(PortListener::Tcp);
        }
    }

    fn table(&mut self, name: &str, index: usize, server: &Server) -> usize {
        let entry = (index, server.clone());
        if let Some(at) = self.tables.iter().position(|table| table.name == name) {
            self.tables[at].servers.push(entry);
            return at;
        }
        self.tables.push(Table { name: name.to_owned(), servers: vec![entry] });
        self.tables.len() - 1
    }

    /// Takes the last server of a table away again: its port belongs to another protocol.
    fn forget(&mut self, table: usize) {
        self.tables[table].servers.pop();
    }

    /// Returns the pod port that a request to a port of the gateway reaches.
    #[must_use]
    pub fn pod_port(&self, port: u32) -> u32 {
        self.targets.iter().find(|target| target.port == port).map_or(port, |target| target.target)
    }

    /// Returns what listens on a pod port.
    #[must_use]
    pub fn listener(&self, pod_port: u32) -> Option<&PortListener> {
        self.listeners.get(&pod_port)
    }

    /// Finds the table for a request to a port: plain HTTP by port, terminated TLS by server name.
    #[must_use]
    pub fn table_for(&self, port: u32, tls: bool, server_name: &str) -> Option<&Table> {
        match (self.listener(self.pod_port(port))?, tls) {
            (PortListener::Http(table), false) => self.tables.get(*table),
            (PortListener::Tls(servers), true) => {
                let name = server_name.to_lowercase();
                let best = servers
                    .iter()
                    .filter_map(|(hosts, table)| Some((fit(hosts, &name)?, table)))
                    .max_by_key(|(score, _)| *score)?;
                self.tables.get((*best.1)?)
            }
            _ => None,
        }
    }

    /// Builds a route table.
    #[must_use]
    pub fn route_table(&self, scope: &Scope<'_>, table: &Table) -> RouteTable {
        super::table::build(scope, table)
    }
}

/// How well a server name fits the hosts of a server: the length of the host, exact names first.
fn fit(hosts: &[String], name: &str) -> Option<(bool, usize)> {
    let fits = |host: &&String| {
        let host = host.to_lowercase();
        if is_wildcard(&host) { name.ends_with(&host[1..]) } else { host == name }
    };
    hosts.iter().filter(fits).map(|host| (!is_wildcard(host), host.len())).max()
}

/// The gateways that apply to a workload, oldest first, each with the service ports that lead there.
fn applying<'t>(
    scope: &Scope<'_>,
    targets: &'t [ServiceTarget],
) -> Vec<(usize, Vec<&'t ServiceTarget>)> {
    let mesh: &Mesh = scope.mesh;
    let gateways = mesh.gateways.iter().enumerate();
    let mut found: Vec<_> = gateways
        .filter_map(|(index, gateway)| Some((index, gateway.targets(&scope.proxy, targets)?)))
        .collect();
    // beside a deployed Gateway API gateway only Istio Gateways of its namespace count.
    let managed: Vec<&str> = found
        .iter()
        .map(|(index, _)| &mesh.gateways[*index])
        .filter(|gateway| gateway.managed)
        .map(|gateway| gateway.namespace.as_str())
        .collect();
    if !managed.is_empty() {
        found.retain(|(index, _)| {
            let gateway = &mesh.gateways[*index];
            gateway.from_gateway_api || managed.contains(&gateway.namespace.as_str())
        });
    }
    found
}

/// hosts of TLS blocks must be new on their port and bind address; all of them, or none is taken.
fn claim_hosts(claimed: &mut BTreeMap<String, String>, server: &Server) -> bool {
    let repeated = server.hosts.iter().any(|host| claimed.get(host) == Some(&server.bind));
    if !repeated {
        for host in &server.hosts {
            claimed.insert(host.clone(), server.bind.clone());
        }
    }
    !repeated
}

fn table_name(scheme: &str, port: u32, server: &Server, gateway: &Gateway) -> String {
    let bind = if server.bind.is_empty() { String::new() } else { format!(".{}", server.bind) };
    if scheme == "http" {
        return format!("http.{port}{bind}");
    }
    format!("https.{port}.{}.{}.{}{bind}", server.port_name, gateway.name, gateway.namespace)
}

fn strip_namespace(host: &str) -> String {
    host.split_once('/').map_or(host, |(_, host)| host).to_owned()
}
