//! The answers of the real istiod and Envoy, case by case (tests/data/conformance/README.md).
//!
//! Another folder of cases can be given in `LANECAST_CONFORMANCE`.

pub(crate) mod case;
mod json;
mod observe;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use case::Case;
use lanecast::control_plane::{Mesh, ProxyView};
use serde_json::Value;

/// Cases whose recorded answer is believed to be wrong, with the evidence; none so far.
const KNOWN: [(&str, &str); 0] = [];

#[test]
fn every_recorded_answer_is_given() {
    let folder = std::env::var("LANECAST_CONFORMANCE")
        .map_or_else(|_| crate::data("conformance"), PathBuf::from);
    let (mut cases, mut requests, mut differing) = (0, 0, 0);
    let mut report = String::new();
    for path in case_files(&folder) {
        let case = Case::read(&path);
        cases += 1;
        requests += case.requests.len();
        let differences = differences(&case);
        let known = KNOWN.iter().any(|(name, _)| *name == case.name);
        if !known {
            differing += differences.len();
            report.extend(differences);
        }
    }
    println!("{report}");
    crate::say(&format!("conformance: {cases} cases, {requests} requests, {differing} differing"));
    assert!(cases > 0, "no case in {}", folder.display());
    assert_eq!(differing, 0, "see the differences above");
}

pub(crate) fn case_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    files
}

/// Everything in which the answers differ, one text each.
fn differences(case: &Case) -> Vec<String> {
    let mut out = Vec::new();
    let loaded = case.load();
    if loaded.refused != case.refused {
        out.push(format!(
            "{}: refused objects\n  expected {:?}\n  got      {:?}\n{}\n",
            case.name, case.refused, loaded.refused, loaded.messages
        ));
    }
    let mut views: Vec<(&str, ProxyView<'_>)> =
        case.proxies.iter().map(|(id, proxy)| (id.as_str(), view(&loaded.mesh, proxy))).collect();
    for request in &case.requests {
        let view = views.iter_mut().find(|(id, _)| *id == request.proxy).expect("a listed proxy");
        let got = observe::answer(&mut view.1, request);
        out.extend(compare(case, &request.id, &request.expect, &got));
    }
    for (proxy, expected) in &case.clusters {
        let view = views.iter_mut().find(|(id, _)| id == proxy).expect("a listed proxy");
        for (name, expected) in expected {
            let got = observe::cluster(&mut view.1, name);
            out.extend(compare(case, &format!("{proxy} cluster {name}"), expected, &got));
        }
    }
    out
}

fn view<'m>(mesh: &'m Mesh, proxy: &lanecast::control_plane::Proxy) -> ProxyView<'m> {
    ProxyView::new(mesh, proxy.clone())
}

/// Compares two answers field by field; numbers and header sets were normalised before.
fn compare(case: &Case, what: &str, expected: &Value, got: &Value) -> Option<String> {
    if expected == got {
        return None;
    }
    let empty = serde_json::Map::new();
    let (a, b) = (expected.as_object().unwrap_or(&empty), got.as_object().unwrap_or(&empty));
    let mut text = format!("{} {what} {:?}\n", case.name, case.rules);
    for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
        let show = |map: &serde_json::Map<String, Value>| {
            map.get(key).map_or("(absent)".to_owned(), ToString::to_string)
        };
        if a.get(key) != b.get(key) {
            let _ = writeln!(text, "  {key}: expected {}\n  {key}: got      {}", show(a), show(b));
        }
    }
    Some(text)
}
