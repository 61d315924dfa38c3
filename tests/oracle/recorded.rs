//! The recorded meshes: the tables that lanecast compiles from them decide their requests in real Envoy.
//!
//! What depends on chance or takes long is made certain and short first; every weighted destination of
//! a request's route is picked once.

#[path = "../integration/conformance/case.rs"]
#[expect(dead_code, reason = "the recorded answers are compared elsewhere")]
mod case;
#[path = "../integration/conformance/json.rs"]
mod json;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lanecast::control_plane::{Connection, Handling, ProxyView};
use lanecast::data_plane::router::{self, Decision};
use lanecast::data_plane::{Cluster, Edge, RouteTable};
use lanecast::envoy;

use crate::binary;
use crate::difference;
use crate::live::{self, Count};
use crate::scene::{Asked, Scene, dialled, hash_tables};
use crate::tame;
use crate::upstream::{Pool, Upstreams};
use case::Case;

/// Tables of one Envoy.
const TABLES: usize = 150;

#[test]
fn envoy_decides_recorded_meshes_as_lanecast_does() {
    let Some(program) = binary::find() else { return };
    let upstreams = Upstreams::default();
    let mut pool = Pool::new(&upstreams);
    let mut scenes: Vec<(Scene, RouteTable)> = Vec::new();
    for path in case_files() {
        scenes.extend(scenes_of(&Case::read(&path), &mut pool));
    }
    assert!(!scenes.is_empty(), "no recorded mesh");
    let mut total = Count::default();
    for batch in scenes.chunks(TABLES) {
        accepts_as_compiled(program, batch);
        let scenes: Vec<Scene> = batch.iter().map(|(scene, _)| scene.clone()).collect();
        total.add(difference::compare(program, &upstreams, &scenes));
    }
    let Count { requests, picks, differences, .. } = &total;
    crate::say(&format!(
        "oracle, recorded meshes: {} tables, {requests} requests, {picks} weighted picks, {} differing",
        scenes.len(),
        differences.len()
    ));
    assert_eq!(differences.len(), 0, "see the differences above");
    assert_eq!(upstreams.left(), 0, "requests or copies that nobody expected, after the answer");
}

fn case_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/conformance");
    let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|it| it == "yaml")).collect();
    files.sort();
    files
}

/// Envoy must take the tables as they were compiled, with all their chances and times.
fn accepts_as_compiled(program: &Path, batch: &[(Scene, RouteTable)]) {
    let compiled: Vec<Scene> = batch
        .iter()
        .map(|(scene, table)| Scene { table: table.clone(), ..scene.clone() })
        .collect();
    if let Err(refusal) = live::validate(program, &compiled) {
        difference::refused(program, &compiled, &refusal.0);
    }
}

/// A proxy's name, its table's, and whether its clients encrypt.
type Key = (String, String, bool);

/// The tables that the requests of a case ask, each with its form before it was tamed.
fn scenes_of(case: &Case, pool: &mut Pool<'_>) -> Vec<(Scene, RouteTable)> {
    let loaded = case.load();
    let mut views: BTreeMap<&str, ProxyView<'_>> = case
        .proxies
        .iter()
        .map(|(id, proxy)| (id.as_str(), ProxyView::new(&loaded.mesh, proxy.clone())))
        .collect();
    let mut scenes: BTreeMap<Key, (Scene, RouteTable)> = BTreeMap::new();
    for request in &case.requests {
        let view = views.get_mut(request.proxy.as_str()).unwrap();
        let connection = Connection {
            address: request.address.as_deref(),
            port: request.port,
            authority: &request.host,
            tls: request.scheme == "https",
        };
        let Handling::Http(table, edge) = view.handle(&connection) else { continue };
        let key = (request.proxy.clone(), table.name().to_owned(), connection.tls);
        let (scene, _) = scenes.entry(key).or_insert_with(|| {
            let owner = format!("{}/{}/{}", case.name, request.proxy, table.name());
            scene(&owner, view, &table, edge, pool)
        });
        let asked = asked(request, scene);
        scene.asked.extend(asked);
    }
    scenes.into_values().collect()
}

/// The scene of one table; `owner` tells its clusters from those of all other tables.
fn scene(
    owner: &str,
    view: &mut ProxyView<'_>,
    table: &RouteTable,
    edge: Edge,
    pool: &mut Pool<'_>,
) -> (Scene, RouteTable) {
    let mut clusters = Vec::new();
    let mut endpoints = 0;
    for name in envoy::cluster_names(table) {
        let Some(cluster) = view.cluster(name) else { continue };
        let mut cluster = Cluster::clone(&cluster);
        cluster.name = tame::own_name(owner, name);
        for endpoint in cluster.groups.iter_mut().flat_map(|group| &mut group.endpoints) {
            endpoint.address = pool.address(endpoints);
            endpoints += 1;
        }
        clusters.push(cluster);
    }
    let renamed = tame::renamed(table, owner);
    let scene = Scene {
        name: format!("recorded table {owner}"),
        edge,
        option: view.scope.mesh.config.path_normalization,
        dialled: dialled(),
        table: tame::certain(&renamed),
        tables: hash_tables(&clusters),
        clusters: Arc::new(clusters),
        asked: Vec::new(),
    };
    (tame::reachable(scene, pool, endpoints), renamed)
}

/// The request, once for each destination of its route that has a weight.
fn asked(request: &case::Request, scene: &Scene) -> Vec<Asked> {
    let asked = Asked {
        method: request.method.clone(),
        host: request.host.clone(),
        path: request.path.clone(),
        lines: request.headers.clone(),
        pick: 0,
    };
    let (decision, _) = router::route(&scene.table, &asked.request(0), scene.edge, scene.option);
    let Decision::Forward(_, _, forward) = decision else { return vec![asked] };
    let mut picks = Vec::new();
    let mut before = 0;
    for destination in &forward.destinations {
        if destination.weight > 0 {
            picks.push(before);
        }
        before += u64::from(destination.weight);
    }
    if picks.is_empty() {
        picks.push(0);
    }
    picks.into_iter().map(|pick| Asked { pick, ..asked.clone() }).collect()
}
