//! The clusters that random tables lead to.

use std::sync::Arc;

use lanecast::data_plane::{BalancerPolicy, Cluster, Discovery, Endpoint, EndpointGroup, Locality};

use crate::draw::{Source, policies};
use crate::upstream::Upstreams;

/// Clusters with endpoints; the first ones have a single endpoint each.
pub(crate) const SERVING: [&str; 8] = ["a", "b", "c", "d", "e", "ring", "maglev", "zones"];
/// Clusters without endpoints, then names that are no clusters.
pub(crate) const MISSING: [&str; 4] = ["empty", "vacant", "absent", "gone"];
/// All names.
pub(crate) const ALL: [&str; 12] =
    ["a", "b", "c", "d", "e", "ring", "maglev", "zones", "empty", "vacant", "absent", "gone"];

/// Opens the endpoints and draws the policies.
pub(crate) fn clusters(seed: u64, upstreams: &Upstreams) -> Arc<Vec<Cluster>> {
    let mut source = Source::new(seed, u64::MAX);
    let mut clusters = Vec::new();
    for name in &SERVING[..5] {
        let drawn = source.draw(&policies());
        clusters.push(Cluster {
            name: (*name).to_owned(),
            groups: vec![group(upstreams, 0, "", &[1])],
            ..drawn
        });
    }
    let hashed = [
        ("ring", BalancerPolicy::RingHash { minimum_ring_size: 64 }, &[1, 1, 2, 5, 1][..]),
        ("maglev", BalancerPolicy::Maglev { table_size: 251 }, &[1, 2, 7]),
    ];
    for (name, balancer, weights) in hashed {
        let groups = vec![group(upstreams, 0, "", weights)];
        clusters.push(Cluster { balancer, groups, ..Cluster::new(name, Discovery::Eds) });
    }
    let groups = vec![
        group(upstreams, 0, "here/a", &[1, 1]),
        group(upstreams, 0, "here/b", &[3]),
        group(upstreams, 1, "there/a", &[1]),
    ];
    let zones = Cluster::new("zones", Discovery::Eds);
    clusters.push(Cluster { locality_weighted: true, groups, ..zones });
    clusters.push(Cluster::new("empty", Discovery::Eds));
    clusters.push(Cluster::new("vacant", Discovery::Static));
    Arc::new(clusters)
}

/// Endpoints of one priority and place, with these weights.
pub(crate) fn group(
    upstreams: &Upstreams,
    priority: u32,
    place: &str,
    weights: &[u32],
) -> EndpointGroup {
    let endpoints = weights.iter().map(|weight| {
        let address = upstreams.open();
        Endpoint { name: address.clone(), address, instance: None, weight: *weight }
    });
    EndpointGroup {
        priority,
        locality: Locality::parse(place, '/'),
        weight: weights.iter().sum(),
        endpoints: endpoints.collect(),
    }
}
