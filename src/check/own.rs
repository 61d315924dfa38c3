//! lanecast's own test files: entries as they are written to tests that can be run.

use std::collections::BTreeMap;

pub(super) use super::written::CheckFile as File;

use super::expectation;
use super::input::Ground;
use super::run::{Asked, Expected, Prepared};
use super::written::TestEntry;
use crate::config::scenario::RequestFile;
use crate::diagnostic::{Diagnostic, Diagnostics, Place};
use crate::scenario::Entry;

/// Resolves all tests of a file.
pub(super) fn prepare(
    file: &File,
    ground: &Ground,
    notes: &mut Vec<String>,
    problems: &mut Diagnostics,
) -> Vec<Prepared> {
    if file.tests.is_empty() {
        let message = "there is no test in this file";
        problems.push(Diagnostic::error("no-tests", file.place, message));
    }
    let mut known = BTreeMap::new();
    let tests = file.tests.iter().enumerate();
    tests
        .filter_map(|(index, test)| prepare_one(test, index, ground, &mut known, notes, problems))
        .collect()
}

/// Entries by text, scheme and port: working one out takes the view of a whole gateway.
type Known = BTreeMap<(String, String, Option<u32>), Entry>;

fn prepare_one(
    test: &TestEntry,
    index: usize,
    ground: &Ground,
    known: &mut Known,
    notes: &mut Vec<String>,
    problems: &mut Diagnostics,
) -> Option<Prepared> {
    let place = test.name.as_ref().map_or(test.place, |name| name.place);
    let name =
        test.name.as_ref().map_or_else(|| format!("test {}", index + 1), |name| name.value.clone());
    let missing = |what: &str, help: &str, problems: &mut Diagnostics| {
        let message = format!("test `{name}` has no `{what}`");
        problems.push(Diagnostic::error("missing-field", test.place, message).help(help));
    };
    let written: Vec<&RequestFile> = test.request.iter().chain(&test.requests).collect();
    if written.is_empty() {
        missing("request", "write `request: {host: example.com, path: /}`", problems);
    }
    if test.from.is_none() {
        let help = "write `from: gateway istio-system/istio-ingressgateway:80` or `from: workload default/sleep`";
        missing("from", help, problems);
    }
    if test.expect.is_none() {
        missing("expect", "write `expect: {destinations: {reviews/v2: 100%}}`", problems);
    }
    let expected = test
        .expect
        .as_ref()
        .map(|expect| expectation::resolve(expect, &ground.base, &ground.hosts, problems));
    let from = test.from.as_ref()?;
    let mut requests = Vec::new();
    for file in written {
        let place: Place = file.place;
        let (request, port) = ground.base.request(Some(file), place, problems);
        let key = (from.value.clone(), request.scheme.clone(), port);
        let entry = if let Some(entry) = known.get(&key) {
            entry.clone()
        } else {
            let entry = ground.base.entry(from, &request, port, notes, problems)?;
            known.insert(key, entry.clone());
            entry
        };
        requests.push(Asked { entry, request });
    }
    Some(Prepared { name, place, requests, expected: Expected::Own(Box::new(expected?)) })
}
