//! Random requests to random tables.

use std::sync::Arc;

use lanecast::data_plane::Cluster;

use crate::binary;
use crate::difference;
use crate::draw::{Source, draft, drawn};
use crate::live::Count;
use crate::scene::{Asked, HashTables, Scene, dialled, hash_tables};
use crate::upstream::Upstreams;
use crate::world;

/// Weighted picks in an ordinary run; by hand ten times as many (`LANECAST_ORACLE_REQUESTS`).
const PICKS: u64 = 100_000;
/// Tables of one Envoy.
const TABLES: u64 = 256;
/// Requests to one table.
const REQUESTS: usize = 300;
/// Drawn by hand once; another one in `LANECAST_ORACLE_SEED`.
const SEED: u64 = 20_261_121;
/// Differences of one round after which no further round is played.
const ENOUGH: usize = 1;
/// Every kind of decision that must have been met, so that the comparison means something.
const KINDS: [&str; 12] = [
    "abort",
    "bad-path",
    "direct",
    "empty-proto",
    "fallback",
    "https-redirect",
    "no-cluster",
    "no-endpoints",
    "no-route",
    "preflight",
    "redirect",
    "sent",
];

#[test]
fn envoy_decides_random_tables_as_lanecast_does() {
    let Some(program) = binary::find() else { return };
    let (seed, picks) =
        (number("LANECAST_ORACLE_SEED", SEED), number("LANECAST_ORACLE_REQUESTS", PICKS));
    let upstreams = Upstreams::default();
    let clusters = world::clusters(seed, &upstreams);
    let hashed = hash_tables(&clusters);
    let (mut tables, mut total) = (0, Count::default());
    while total.picks < picks && total.differences.len() < ENOUGH {
        let scenes: Vec<Scene> = (tables..tables + TABLES)
            .map(|number| scene(seed, number, &clusters, &hashed))
            .collect();
        total.add(difference::compare(program, &upstreams, &scenes));
        tables += TABLES;
    }
    crate::say(&format!(
        "oracle: seed {seed}, {} copies, {} picks by hash, decisions {:?}",
        total.copies, total.hashed, total.kinds
    ));
    let Count { requests, picks, differences, .. } = &total;
    crate::say(&format!(
        "oracle: {tables} tables, {requests} requests, {picks} weighted picks, {} differing",
        differences.len()
    ));
    assert_eq!(differences.len(), 0, "see the differences above");
    assert_eq!(upstreams.left(), 0, "requests or copies that nobody expected, after the answer");
    for kind in KINDS {
        assert!(total.kinds.contains_key(kind), "no request with the decision {kind}");
    }
    assert!(total.copies > 0, "no request was copied");
    assert!(total.hashed > 0, "no endpoint was chosen by hash");
}

fn scene(seed: u64, number: u64, clusters: &Arc<Vec<Cluster>>, tables: &HashTables) -> Scene {
    let mut source = Source::new(seed, number);
    let drawn = source.draw(&drawn());
    let draft = draft();
    let asked: Vec<Asked> = (0..REQUESTS).map(|_| source.draw(&draft).aim(&drawn.table)).collect();
    Scene {
        name: format!("random table {number} of seed {seed}"),
        edge: drawn.edge,
        option: drawn.option,
        dialled: dialled(),
        table: drawn.table,
        clusters: Arc::clone(clusters),
        tables: Arc::clone(tables),
        asked,
    }
}

fn number(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")),
        Err(_) => default,
    }
}
