//! Balancers: how real Envoy shares requests among the hosts of a cluster, and how the timed engine does.
//!
//! Both get the same cluster, down to the addresses on which hash tables depend, and the same number of
//! requests one after the other. Neither knows the other's random numbers, so shares are compared: chi-square
//! on the table of hosts by program.

#[path = "../integration/scene.rs"]
#[expect(dead_code, reason = "the other tests build more scenes")]
mod graph;

use std::collections::BTreeMap;
use std::sync::Arc;

use lanecast::data_plane::{
    BalancerPolicy, Cluster, Destination, Discovery, Edge, EndpointGroup, Forward, PathMatcher,
    PathNormalization, Route, RouteAction, RouteMatcher, RouteTable, VirtualHost,
};
use lanecast::engine::timed::{Graph, Setup, Simulation, Source, Station, Traffic};
use lanecast::scenario::time::End;
use lanecast::units::Nanos;
use statrs::distribution::{ChiSquared, ContinuousCDF};

use crate::binary;
use crate::client::Client;
use crate::live;
use crate::scene::{Asked, Scene, dialled};
use crate::upstream::Upstreams;
use crate::world::group;

/// Requests to each cluster.
const REQUESTS: u32 = 4_000;

/// A false alarm in a million comparisons: Envoy draws other numbers every time.
const SURPRISING: f64 = 1e-6;

/// Ids that no other test of this program uses.
const FIRST_ID: u64 = 1 << 40;

const RING: BalancerPolicy = BalancerPolicy::RingHash { minimum_ring_size: 256 };
const MAGLEV: BalancerPolicy = BalancerPolicy::Maglev { table_size: 1_021 };

#[test]
fn balancers_share_requests_as_envoy_does() {
    let Some(program) = binary::find() else { return };
    let upstreams = Upstreams::default();
    let clusters = clusters(&upstreams);
    let scenes: Vec<Scene> = clusters.iter().map(scene).collect();
    let running = live::start(program, &scenes).unwrap();
    let mut differing = 0;
    for (number, (cluster, scene)) in clusters.iter().zip(&scenes).enumerate() {
        let mut client = Client::new(&running.socket(number), scene.dialled);
        let real = really(cluster, scene, &mut client, &upstreams, number as u64);
        let timed = simulated(cluster);
        let p_value = p_value(&real, &timed);
        if p_value < SURPRISING {
            differing += 1;
            crate::say(&format!(
                "{}: Envoy {real:?}, lanecast {timed:?}, p {p_value:e}",
                cluster.name
            ));
        }
    }
    crate::say(&format!(
        "oracle, shares per host: {} balancers, {} requests each, {differing} differing",
        clusters.len(),
        REQUESTS
    ));
    assert_eq!(differing, 0, "see the differences above");
}

/// Every balancer with hosts that weigh the same, with hosts that do not, and with localities.
fn clusters(upstreams: &Upstreams) -> Vec<Cluster> {
    let policies = [
        ("round robin", BalancerPolicy::RoundRobin),
        ("least request", BalancerPolicy::LeastRequest),
        ("random", BalancerPolicy::Random),
        ("ring hash", RING),
        ("maglev", MAGLEV),
    ];
    let mut clusters = Vec::new();
    for (name, balancer) in policies {
        for weights in [&[1, 1, 1, 1][..], &[1, 2, 3, 4], &[5, 1]] {
            let groups = vec![group(upstreams, 0, "", weights)];
            let name = format!("{name} {weights:?}");
            clusters.push(Cluster { balancer, groups, ..Cluster::new(name, Discovery::Eds) });
        }
        let groups = vec![
            group(upstreams, 0, "here/a", &[1, 1]),
            group(upstreams, 0, "here/b", &[3]),
            group(upstreams, 1, "there/a", &[1]),
        ];
        let cluster = Cluster::new(format!("{name}, localities"), Discovery::Eds);
        clusters.push(Cluster { balancer, locality_weighted: true, groups, ..cluster });
    }
    clusters
}

/// A listener that sends everything to a cluster; without a key, balancers that hash draw the hash.
fn scene(cluster: &Cluster) -> Scene {
    let forward = Forward {
        destinations: vec![Destination::new(cluster.name.clone(), 1)],
        missing_cluster_status: 503,
        ..Forward::default()
    };
    let action = RouteAction::Forward(Box::new(forward));
    let host = VirtualHost {
        name: "all".to_owned(),
        domains: vec!["*".to_owned()],
        routes: vec![Route::new("", RouteMatcher::path(PathMatcher::Any), action)],
        https_redirect: false,
    };
    Scene {
        name: cluster.name.clone(),
        edge: Edge::Gateway { tls: false },
        option: PathNormalization::Base,
        dialled: dialled(),
        table: RouteTable::new("table", vec![host]),
        clusters: Arc::new(vec![cluster.clone()]),
        tables: Arc::default(),
        asked: Vec::new(),
    }
}

/// Requests per host, in the order of the cluster's endpoints, as Envoy sends them.
fn really(
    cluster: &Cluster,
    scene: &Scene,
    client: &mut Client,
    upstreams: &Upstreams,
    number: u64,
) -> Vec<u64> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for request in 0..u64::from(REQUESTS) {
        let id = FIRST_ID + (number << 20) + request;
        let asked = Asked {
            method: "GET".to_owned(),
            host: "a.test".to_owned(),
            path: "/".to_owned(),
            lines: Vec::new(),
            pick: 0,
        };
        client.ask(&asked, id).unwrap_or_else(|error| panic!("{}: {error}", scene.name));
        for arrival in upstreams.take(id) {
            *counts.entry(arrival.address).or_default() += 1;
        }
    }
    cluster.endpoints().map(|it| counts.get(&it.address).copied().unwrap_or(0)).collect()
}

/// The same from a simulation whose hosts answer at once.
fn simulated(known: &Cluster) -> Vec<u64> {
    let hosts = u32::try_from(known.endpoints().count()).unwrap();
    let flow = graph::single(hosts, &|_, cluster| {
        let mut numbers = 0..;
        let numbered = |group: &EndpointGroup| {
            let mut group = group.clone();
            for endpoint in &mut group.endpoints {
                endpoint.instance = numbers.next();
            }
            group
        };
        let groups = known.groups.iter().map(numbered).collect();
        *cluster = Cluster { groups, ..known.clone() };
    });
    let graph =
        Graph { flow: Arc::new(flow), instances: (1..=hosts).collect(), senders: vec![vec![0]] };
    let stations = (0..=hosts).map(|host| Station::instant(format!("host-{host}"))).collect();
    let mut setup = Setup::new(graph, stations, End::Requests(u64::from(REQUESTS)));
    let times = (0..u64::from(REQUESTS)).map(Nanos::from_millis);
    setup.sources = vec![Source { class: 0, traffic: Traffic::Times(times.collect()) }];
    setup.record = true;
    let outcome = Simulation::new(setup).run(1);
    let mut counts = vec![0; hosts as usize];
    for (_, station) in outcome.upstream_requests {
        counts[station as usize - 1] += 1;
    }
    counts
}

#[test]
fn unlike_shares_would_be_noticed() {
    assert!(p_value(&[1_000, 1_000, 1_000, 1_000], &[1_100, 1_000, 1_000, 900]) > SURPRISING);
    assert!(p_value(&[1_000, 1_000, 1_000, 1_000], &[400, 800, 1_200, 1_600]) < SURPRISING);
    assert!(p_value(&[3_333, 667], &[3_000, 1_000]) < SURPRISING);
}

/// How likely two samples of one distribution differ as much or more.
fn p_value(a: &[u64], b: &[u64]) -> f64 {
    assert_eq!(a.iter().sum::<u64>(), b.iter().sum::<u64>(), "both saw every request");
    let used = || a.iter().zip(b).filter(|(a, b)| **a + **b > 0);
    let part = |(a, b): (&u64, &u64)| a.abs_diff(*b).pow(2) as f64 / (a + b) as f64;
    let freedom = used().count() - 1;
    if freedom == 0 {
        return 1.0;
    }
    ChiSquared::new(freedom as f64).unwrap().sf(used().map(part).sum())
}
