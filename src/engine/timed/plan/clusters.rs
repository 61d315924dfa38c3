//! The clusters of all graphs: endpoints by lasting numbers, equal clusters once.

use std::collections::{BTreeMap, BTreeSet};

use super::{Plan, PlanCluster};
use crate::data_plane::balance::BalancerSettings;
use crate::data_plane::resilience::{OutlierSettings, PoolSettings, Protocol};
use crate::data_plane::{Cluster, Endpoint, EnvoyVersion};
use crate::engine::timed::setup::{Graph, Station};
use crate::engine::timed::slab::id;
use crate::units::Nanos;

/// Istio's default, the longest time that a connection may take (E-100).
const CONNECT_TIMEOUT: Nanos = Nanos(10 * Nanos::SECOND.0);

/// What gives clusters and endpoints their numbers.
#[derive(Debug, Default)]
pub(super) struct ClusterNumbers {
    /// By graph, sender and name.
    known: BTreeMap<(u32, u32, u32), u32>,
    names: BTreeMap<String, u32>,
    /// By station and port.
    endpoints: BTreeMap<(u32, String), u32>,
    /// The address that each endpoint keeps.
    addresses: Vec<String>,
    taken: BTreeSet<String>,
    /// Stations of addresses that are no instance.
    outside: BTreeMap<String, u32>,
}

/// Where a cluster is met.
#[derive(Clone, Copy)]
pub(super) struct ClusterPlace<'a> {
    pub(super) number: u32,
    pub(super) graph: &'a Graph,
    pub(super) sender: u32,
    pub(super) version: EnvoyVersion,
    pub(super) outside: &'a Station,
}

// === impl ClusterNumbers ===

impl ClusterNumbers {
    /// Returns the number of a cluster as the proxies of a sender know it in a graph.
    pub(super) fn cluster(
        &mut self,
        plan: &mut Plan,
        stations: &mut Vec<Station>,
        place: ClusterPlace<'_>,
        cluster: &Cluster,
    ) -> u32 {
        let name = *self.names.entry(cluster.name.clone()).or_insert_with(|| {
            plan.cluster_names.push(cluster.name.clone());
            id(plan.cluster_names.len() - 1)
        });
        let key = (place.number, place.sender, name);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let mut own = cluster.clone();
        for endpoint in own.groups.iter_mut().flat_map(|group| &mut group.endpoints) {
            self.number(plan, stations, place, endpoint);
        }
        let number = id(plan.clusters.len());
        plan.clusters.push(compiled(own, name, place));
        self.known.insert(key, number);
        number
    }

    /// Gives an endpoint its number, and the address by which host sets know it in all graphs: addresses
    /// that were made up shift when another workload is scaled.
    fn number(
        &mut self,
        plan: &mut Plan,
        stations: &mut Vec<Station>,
        place: ClusterPlace<'_>,
        endpoint: &mut Endpoint,
    ) {
        let instance = endpoint.instance.and_then(|i| place.graph.instances.get(i as usize));
        let station = match instance {
            Some(station) => *station,
            None => *self.outside.entry(endpoint.address.clone()).or_insert_with(|| {
                stations.push(Station {
                    name: endpoint.address.clone(),
                    group: endpoint.name.clone(),
                    ..place.outside.clone()
                });
                id(stations.len() - 1)
            }),
        };
        let port = endpoint.address.rsplit(':').next().unwrap_or_default().to_owned();
        let number = *self.endpoints.entry((station, port)).or_insert_with_key(|(_, port)| {
            plan.endpoints.push(station);
            let mut address = endpoint.address.clone();
            if !self.taken.insert(address.clone()) {
                address = format!("{}:{port}", stations[station as usize].name);
            }
            self.addresses.push(address);
            id(plan.endpoints.len() - 1)
        });
        endpoint.instance = Some(number);
        endpoint.address.clone_from(&self.addresses[number as usize]);
    }

    /// Returns the clusters of a graph by sender and name, sorted.
    pub(super) fn of_graph(&self, graph: u32) -> Vec<((u32, u32), u32)> {
        let own = self.known.range((graph, 0, 0)..=(graph, u32::MAX, u32::MAX));
        own.map(|((_, sender, name), number)| ((*sender, *name), *number)).collect()
    }
}

fn compiled(cluster: Cluster, name: u32, place: ClusterPlace<'_>) -> PlanCluster {
    let version = place.version;
    let protocol = if cluster.http2 { Protocol::Http2 } else { Protocol::Http1 };
    PlanCluster {
        name,
        sender: place.sender,
        graph: place.number,
        balancer: BalancerSettings::of_cluster(&cluster, version),
        pool: PoolSettings::new(&cluster.limits, protocol, version),
        outlier: cluster.outlier.as_ref().map(|outlier| OutlierSettings::new(outlier, version)),
        connect_timeout: cluster.limits.connect_timeout.unwrap_or(CONNECT_TIMEOUT),
        cluster,
    }
}
