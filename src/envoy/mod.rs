//! Compiled tables as a configuration of the real Envoy: what lanecast decides, a real proxy can run.
//!
//! [`bootstrap`] prints a complete static configuration in the JSON form of Envoy's v3 API, with its
//! fields in a fixed order: route tables as listeners, clusters with fixed endpoints, an aggregate
//! cluster for each ASM fallback. Plain data in, plain data out; asks nobody else.
//!
//! # What Envoy cannot be told
//! [`gaps`] finds these in given tables and clusters:
//! subset placeholders (`$label`) are sent as written, so the cluster does not exist; claims are looked
//! up where a JWT filter leaves them, and there is none; a gateway's TLS is taken as ended before it
//! (the port counts as encrypted, clients speak plain HTTP); a cluster that dials the original address
//! needs redirected connections; redirects know five statuses; a fallback takes a part of the traffic
//! as soon as its cluster is less than 71 % healthy (E-66), where ASM waits for the last endpoint.
//! Fields of the types that only lanecast reads (instances, names of endpoints) are left out.

mod cluster;
mod gap;
mod listener;
mod matcher;
mod message;
mod policy;
mod route;
mod table;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::data_plane::{Cluster, Edge, Forward, PathNormalization, RouteAction, RouteTable};
use message::Message;

pub use gap::{Gap, gaps};

/// A port that answers from a route table.
#[derive(Clone, Copy, Debug)]
pub struct Listener<'t> {
    /// Envoy's name of it; unique in a configuration.
    pub name: &'t str,
    /// The port.
    pub port: u16,
    /// What it decides by.
    pub table: &'t RouteTable,
    /// From which side it sees requests.
    pub edge: Edge,
    /// What it does to paths before it matches them.
    pub path_normalization: PathNormalization,
}

/// How a configuration is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The address that all ports are opened on.
    pub address: String,
    /// The port of the administration interface, on the loopback address; `None` is none.
    pub admin_port: Option<u16>,
    /// A request header whose number replaces the random one of weighted picks (E-51).
    pub pick_header: Option<String>,
}

// === impl Options ===

impl Default for Options {
    fn default() -> Self {
        Self { address: "127.0.0.1".to_owned(), admin_port: None, pick_header: None }
    }
}

/// Prints a static configuration with listeners and clusters.
///
/// A cluster that a table names and the list does not have is unknown to Envoy too.
#[must_use]
pub fn bootstrap(listeners: &[Listener<'_>], clusters: &[Cluster], options: &Options) -> Value {
    let mut pairs = BTreeSet::new();
    for listener in listeners {
        for destination in forwards(listener.table).flat_map(|forward| &forward.destinations) {
            if let Some(fallback) = &destination.fallback {
                pairs.insert((destination.cluster.as_str(), fallback.as_str()));
            }
        }
    }
    let clusters = clusters.iter().map(cluster::cluster);
    let clusters =
        clusters.chain(pairs.into_iter().map(|(first, second)| cluster::pair(first, second)));
    let resources = Message::new()
        .with_list("listeners", listeners.iter().map(|one| listener::listener(one, options)))
        .with_list("clusters", clusters);
    let admin = options
        .admin_port
        .map(|port| json!({"address": listener::socket_address("127.0.0.1", port)}));
    Message::new()
        .with("node", json!({"id": "lanecast", "cluster": "lanecast"}))
        .with_some("admin", admin)
        .with("static_resources", resources)
        .with("layered_runtime", runtime())
        .into()
}

/// Returns the names of all clusters that a table can send a request or a copy to, fallbacks with them.
#[must_use]
pub fn cluster_names(table: &RouteTable) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    for forward in forwards(table) {
        names.extend(forward.mirrors.iter().map(|mirror| mirror.cluster.as_str()));
        for destination in &forward.destinations {
            names.insert(destination.cluster.as_str());
            names.extend(destination.fallback.as_deref());
        }
    }
    names
}

/// All routes of a table that send requests on.
fn forwards(table: &RouteTable) -> impl Iterator<Item = &Forward> {
    let routes = table.virtual_hosts().iter().flat_map(|host| &host.routes);
    routes.filter_map(|route| match &route.action {
        RouteAction::Forward(forward) => Some(&**forward),
        RouteAction::Redirect(_) | RouteAction::Direct(_) => None,
    })
}

/// Istio's limit for regular expressions; Envoy's own refuses longer ones (E-23).
fn runtime() -> Value {
    json!({"layers": [{
        "name": "static",
        "static_layer": {"re2.max_program_size.error_level": 32768},
    }]})
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
