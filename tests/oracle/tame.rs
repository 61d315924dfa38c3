//! Compiled tables as the oracle can ask them: nothing left to chance, nothing slow, every cluster within
//! reach.

use std::net::SocketAddrV4;

use lanecast::data_plane::{
    Discovery, Endpoint, EndpointGroup, Fault, Forward, Fraction, HashKey, RouteAction, RouteTable,
};
use lanecast::units::Nanos;

use crate::scene::Scene;
use crate::upstream::{Pool, STATUSES};

/// Shorter limits could pass before a busy machine answers.
const PATIENT: Nanos = Nanos(20 * Nanos::SECOND.0);

/// The name of a cluster that only one table has.
pub(crate) fn own_name(owner: &str, cluster: &str) -> String {
    format!("{owner}|{cluster}")
}

/// A table whose clusters have names of its own.
pub(crate) fn renamed(table: &RouteTable, owner: &str) -> RouteTable {
    changed(table, |forward| {
        for destination in &mut forward.destinations {
            destination.cluster = own_name(owner, &destination.cluster);
            destination.fallback =
                destination.fallback.as_deref().map(|name| own_name(owner, name));
        }
        for mirror in &mut forward.mirrors {
            mirror.cluster = own_name(owner, &mirror.cluster);
        }
    })
}

/// A table in which faults and copies happen always or never, and time does not matter.
pub(crate) fn certain(table: &RouteTable) -> RouteTable {
    let table = changed(table, |forward| {
        for mirror in &mut forward.mirrors {
            mirror.fraction = rounded(mirror.fraction);
        }
        forward.timeout = forward.timeout.map(|limit| limit.max(PATIENT));
        if let Some(retry) = &mut forward.retry {
            retry.per_try_timeout = retry.per_try_timeout.map(|limit| limit.max(PATIENT));
            retry.status_codes.retain(|code| !STATUSES.contains(code));
        }
        for key in &mut forward.hash {
            // The value of a new cookie comes from the addresses of the connection.
            if let HashKey::Cookie { ttl, .. } = key {
                *ttl = None;
            }
        }
    });
    let mut hosts = table.virtual_hosts().to_vec();
    for fault in hosts.iter_mut().flat_map(|host| &mut host.routes).filter_map(|r| r.fault.as_mut())
    {
        let Fault { delay, abort } = fault;
        *delay = delay.map(|(_, fraction)| (Nanos::MILLISECOND, rounded(fraction)));
        *abort = abort.map(|(abort, fraction)| (abort, rounded(fraction)));
    }
    RouteTable::new(table.name(), hosts)
}

/// All or nothing, whichever is nearer.
fn rounded(fraction: Fraction) -> Fraction {
    let Fraction { numerator, denominator } = fraction;
    let all = u64::from(numerator) * 2 >= u64::from(denominator);
    Fraction { numerator: if all { denominator } else { 0 }, denominator }
}

fn changed(table: &RouteTable, change: impl Fn(&mut Forward)) -> RouteTable {
    let mut hosts = table.virtual_hosts().to_vec();
    for route in hosts.iter_mut().flat_map(|host| &mut host.routes) {
        if let RouteAction::Forward(forward) = &mut route.action {
            change(forward);
        }
    }
    RouteTable::new(table.name(), hosts)
}

/// The scene with a dialled address that answers, if one of its clusters sends requests there.
pub(crate) fn reachable(mut scene: Scene, pool: &mut Pool<'_>, number: usize) -> Scene {
    let mut clusters = scene.clusters.to_vec();
    let passes = |discovery| discovery == Discovery::OriginalDestination;
    for cluster in clusters.iter_mut().filter(|cluster| passes(cluster.discovery)) {
        let address = pool.address(number);
        scene.dialled = address.parse::<SocketAddrV4>().unwrap();
        let endpoint = Endpoint { name: address.clone(), address, instance: None, weight: 1 };
        cluster.groups = vec![EndpointGroup { endpoints: vec![endpoint], ..Default::default() }];
    }
    scene.clusters = std::sync::Arc::new(clusters);
    scene
}
