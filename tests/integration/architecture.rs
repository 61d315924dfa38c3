//! Imports go one way: each room of the crate uses only the rooms that it may.
//!
//! The folder tells whose decision a line makes, and that stays true only as long as, say, Envoy's part
//! cannot ask istiod's.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Room, and the rooms it may import. What a room may import, its tests may too.
const TABLE: [(&str, &[&str]); 16] = [
    ("units", &[]),
    ("stats", &["units"]),
    ("diagnostic", &["units"]),
    ("data_plane", &["units"]),
    ("config", &["units", "diagnostic"]),
    ("control_plane", &["units", "diagnostic", "config", "data_plane"]),
    ("topology", &["units", "diagnostic", "config", "data_plane"]),
    ("scenario", &["units", "diagnostic", "config", "data_plane", "control_plane", "topology"]),
    ("envoy", &["units", "data_plane"]),
    (
        "engine",
        &["units", "stats", "diagnostic", "data_plane", "control_plane", "topology", "scenario"],
    ),
    (
        "summary",
        &["units", "stats", "data_plane", "control_plane", "topology", "scenario", "engine"],
    ),
    ("report", &["units", "stats", "summary"]),
    ("explain", &["units", "data_plane", "control_plane", "topology", "scenario", "engine"]),
    (
        "check",
        &[
            "units",
            "diagnostic",
            "config",
            "data_plane",
            "control_plane",
            "scenario",
            "engine",
            "summary",
            "report",
            "explain",
        ],
    ),
    ("lint", &["units", "diagnostic", "config", "data_plane", "control_plane", "scenario"]),
    (
        "cli",
        &[
            "units",
            "stats",
            "diagnostic",
            "data_plane",
            "config",
            "control_plane",
            "topology",
            "scenario",
            "envoy",
            "engine",
            "summary",
            "report",
            "explain",
            "check",
            "lint",
        ],
    ),
];

/// Rust files below a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Room of a file: the folder or file right below `src`.
fn room(source: &Path, file: &Path) -> String {
    let first = file.strip_prefix(source).unwrap().components().next().unwrap();
    first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

/// Rooms that a text names after `crate::`, alone or in braces; comments are skipped.
fn imports(text: &str) -> BTreeSet<String> {
    let code: Vec<&str> =
        text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    let mut found = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let name: String =
            rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
        found.insert(name);
    }
    found
}

fn source() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")
}

#[test]
fn rooms_import_only_what_they_may() {
    let table: BTreeMap<&str, &[&str]> = TABLE.into_iter().collect();
    let mut all = Vec::new();
    files(&source(), &mut all);
    assert!(all.len() > 100, "the sources are expected in {}", source().display());
    let mut wrong = Vec::new();
    for file in all {
        let room = room(&source(), &file);
        if room == "lib" || room == "main" {
            continue;
        }
        let Some(allowed) = table.get(room.as_str()) else {
            wrong.push(format!("{room} is not in the table"));
            continue;
        };
        let used = imports(&std::fs::read_to_string(&file).unwrap());
        let rooms = used.iter().filter(|name| table.contains_key(name.as_str()) && **name != room);
        wrong.extend(
            rooms
                .filter(|name| !allowed.contains(&name.as_str()))
                .map(|name| format!("{} imports {name}", file.display())),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_has_no_circle() {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    for (room, allowed) in TABLE {
        let later: Vec<_> = allowed.iter().filter(|name| !done.contains(*name)).collect();
        assert!(later.is_empty(), "{room} may import {later:?}, which stand below it");
        done.insert(room);
    }
}

#[test]
fn only_one_file_names_the_yaml_crate() {
    let mut all = Vec::new();
    files(&source(), &mut all);
    let naming: Vec<PathBuf> = all
        .into_iter()
        .filter(|file| std::fs::read_to_string(file).unwrap().contains("serde_yaml::"))
        .collect();
    assert_eq!(naming, [source().join("config/yaml.rs")]);
}
