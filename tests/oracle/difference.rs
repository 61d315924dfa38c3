//! Differences as people read them: the smallest table and request that still differ.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::Path;

use lanecast::data_plane::RouteTable;
use lanecast::envoy::{self, Listener, Options};

use crate::live::{self, Count, Difference};
use crate::minimise::minimise;
use crate::process::Refusal;
use crate::scene::{PICK, Scene};
use crate::upstream::Upstreams;

/// Causes of which one difference is made small and printed.
const SHOWN: usize = 8;

/// Plays scenes and prints where they differ.
///
/// # Panics
/// Fails the test where Envoy refuses a configuration.
pub(crate) fn compare(program: &Path, upstreams: &Upstreams, scenes: &[Scene]) -> Count {
    match live::play(program, upstreams, scenes) {
        Ok(count) => {
            report(program, upstreams, scenes, &count);
            count
        }
        Err(Refusal(log)) => refused(program, scenes, &log),
    }
}

/// Prints the differences of a round, made as small as possible.
fn report(program: &Path, upstreams: &Upstreams, scenes: &[Scene], count: &Count) {
    let mut causes: BTreeMap<String, (usize, &Difference)> = BTreeMap::new();
    for difference in &count.differences {
        causes.entry(difference.signature()).or_insert((0, difference)).0 += 1;
    }
    let mut causes: Vec<(usize, &Difference)> = causes.into_values().collect();
    causes.sort_by_key(|(times, _)| Reverse(*times));
    for (times, difference) in causes.into_iter().take(SHOWN) {
        let scene = &scenes[difference.scene];
        let (scene, difference) = minimise(program, upstreams, scene, difference);
        print(&scene, &difference, times);
    }
}

fn print(scene: &Scene, difference: &Difference, times: usize) {
    let Difference { asked, expected, got, .. } = difference;
    let Scene { name, edge, option, .. } = scene;
    crate::say(&format!("\nDIFFERENT, {times} requests: {name} ({edge:?}, {option:?})"));
    crate::say(&table_text(scene));
    crate::say(&asked.wire(0).replace("\r\n", "\n"));
    match got {
        Ok(got) => crate::say(&expected.differences(got)),
        Err(error) => crate::say(&format!("  expected {expected:?}\n  got {error}")),
    }
}

/// Envoy's form of the table.
fn table_text(scene: &Scene) -> String {
    let listener = Listener {
        name: "l",
        port: scene.dialled.port(),
        table: &scene.table,
        edge: scene.edge,
        path_normalization: scene.option,
    };
    let options = Options { pick_header: Some(PICK.to_owned()), ..Options::default() };
    let config = envoy::bootstrap(&[listener], &[], &options);
    let hosts = config.pointer(
        "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts",
    );
    format!("{:#}", hosts.unwrap_or(&config))
}

/// Finds a scene whose configuration Envoy refuses, and fails the test with it.
pub(crate) fn refused(program: &Path, scenes: &[Scene], log: &str) -> ! {
    let mut suspects = scenes;
    while suspects.len() > 1 {
        let (first, second) = suspects.split_at(suspects.len() / 2);
        suspects = if live::validate(program, first).is_err() { first } else { second };
    }
    let mut small = suspects[0].clone();
    while let Some(smaller) = without_one(&small)
        .into_iter()
        .find(|scene| live::validate(program, std::slice::from_ref(scene)).is_err())
    {
        small = smaller;
    }
    let why = live::validate(program, std::slice::from_ref(&small)).err();
    panic!("Envoy refuses {}:\n{}\n{why:?}\n{log}", small.name, table_text(&small));
}

/// The table without one of its virtual hosts or routes.
fn without_one(scene: &Scene) -> Vec<Scene> {
    let hosts = scene.table.virtual_hosts();
    let mut smaller = Vec::new();
    for index in 0..hosts.len() {
        let mut rest = hosts.to_vec();
        rest.remove(index);
        smaller.push(rest);
        for route in 0..hosts[index].routes.len() {
            let mut rest = hosts.to_vec();
            rest[index].routes.remove(route);
            smaller.push(rest);
        }
    }
    let with = |hosts| Scene { table: RouteTable::new("table", hosts), ..scene.clone() };
    smaller.into_iter().map(with).collect()
}
