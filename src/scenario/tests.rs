//! What a scenario file becomes, and what is said about one that is wrong.

use super::*;
use crate::config::yaml;
use crate::control_plane::{ProxyKind, ProxyView};

const HEAD: &str = "topology: {use: mock, versions: {mocka: [v1, v2]}}\n";

fn read(text: &str) -> (Option<Scenario>, String) {
    read_with(text, &[])
}

fn read_with(text: &str, changes: &[&str]) -> (Option<Scenario>, String) {
    let mut files = MemoryFiles::default();
    files.0.insert("scenario.yaml".to_owned(), text.as_bytes().to_vec());
    let changes = changes.iter().map(|change| (*change).to_owned()).collect();
    let loaded = load(&files, "scenario.yaml", &Options { changes });
    (loaded.scenario, loaded.problems.render(&loaded.sources))
}

#[track_caller]
fn good(text: &str) -> Scenario {
    let (scenario, problems) = read(text);
    scenario.unwrap_or_else(|| panic!("{problems}"))
}

/// A class with a request from `sleep`.
fn class(name: &str, request: &str) -> String {
    format!("- {{class: {name}, from: workload default/sleep, request: {request}}}\n")
}

fn traffic(classes: &[String]) -> String {
    format!("{HEAD}traffic:\n{}", classes.concat())
}

#[track_caller]
fn assert_refused(text: &str, expected: &[&str]) {
    let (scenario, problems) = read(text);
    assert!(scenario.is_none(), "nothing is wrong:\n{text}");
    for part in expected {
        assert!(problems.contains(part), "`{part}` is not in\n{problems}");
    }
}

#[test]
fn an_address_in_full_says_host_port_and_path() {
    let scenario = good(&traffic(&[class("a", "{url: 'http://mocka:8000/x?y=1'}")]));
    let class = &scenario.classes[0];
    assert_eq!(class.request.authority, "mocka:8000");
    assert_eq!(class.request.path, "/x?y=1");
    assert_eq!(class.entry.port, 8000);
    assert_eq!(class.entry.sender.proxy.kind, ProxyKind::Sidecar);
}

#[test]
fn defaults_are_a_million_requests_and_equal_shares() {
    let classes = [class("a", "{host: mocka}"), class("b", "{host: mockb}")];
    let scenario = good(&traffic(&classes));
    assert_eq!((scenario.requests, scenario.total_weight()), (1_000_000, 2));
    assert_eq!(scenario.lane_headers, ["x-asm-prefer-tag"]);
    assert_eq!(scenario.title, "scenario");
}

#[test]
fn what_had_to_be_assumed_is_listed() {
    let scenario = good(&traffic(&[class("a", "{host: mocka}")]));
    let all = scenario.assumptions.join("\n");
    assert!(all.contains("mocka: its Service and one pod per version (v1, v2)"), "{all}");
}

#[test]
fn requests_that_contradict_themselves_are_refused() {
    for (request, code) in [
        ("{url: 'http://mocka/', path: /x}", "error[contradiction]"),
        ("{url: 'mocka'}", "error[invalid-url]"),
        ("{host: mocka, path: x}", "error[invalid-path]"),
        ("{host: mocka, scheme: ftp}", "error[unknown-word]"),
        ("{host: mocka, method: 'A B'}", "error[invalid-method]"),
        ("{host: mocka, headers: {'a b': c}}", "error[invalid-header]"),
        ("{path: /}", "error[missing-field]"),
    ] {
        assert_refused(&traffic(&[class("a", request)]), &[code, "scenario.yaml:3:"]);
    }
}

#[test]
fn classes_have_different_names_and_some_weight() {
    let twice = [class("a", "{host: mocka}"), class("a", "{host: mockb}")];
    assert_refused(&traffic(&twice), &["scenario.yaml:4:", "error[duplicate-class]"]);
    let nothing = class("a", "{host: mocka}").replace("from:", "share: 0, from:");
    assert_refused(&traffic(&[nothing]), &["error[no-traffic]"]);
}

#[test]
fn misspelt_names_are_told_the_right_ones() {
    let base = traffic(&[class("all", "{host: mocka}")]);
    for (addition, expected) in [
        ("scale: {mocka-v3: 0}\n", "did you mean"),
        ("expect: [{trace: mocka@v1, class: al, share: 1}]\n", "the traffic has all"),
        ("expect: [{fallbacks: {service: mockd, share: 1}}]\n", "did you mean"),
        ("expct: []\n", "did you mean `expect`?"),
    ] {
        let (_, problems) = read(&format!("{base}{addition}"));
        assert!(problems.contains(expected), "{addition}: {problems}");
    }
}

#[test]
fn scaling_to_zero_takes_the_pods_away() {
    let base = traffic(&[class("all", "{host: mocka}")]);
    let pods = |scenario: &Scenario| {
        let pods = scenario.mesh.registry.pods.iter();
        pods.filter(|pod| pod.name.starts_with("mocka-v2")).count()
    };
    assert_eq!(pods(&good(&base)), 1);
    assert_eq!(pods(&good(&format!("{base}scale: {{mocka-v2: 0}}\n"))), 0);
    assert_eq!(pods(&good(&format!("{base}scale: {{mocka-v2: 3}}\n"))), 3);
}

#[test]
fn a_change_from_the_command_line_reaches_lists_maps_and_classes() {
    let base = traffic(&[class("one", "{host: mocka}"), class("two", "{host: mockb}")]);
    let changes =
        ["seed=9", "traffic.two.share=3", "traffic.0.request.path=/x", "scale.mocka-v2=2"];
    let (scenario, problems) = read_with(&base, &changes);
    let scenario = scenario.unwrap_or_else(|| panic!("{problems}"));
    assert_eq!((scenario.seed, scenario.total_weight()), (9, 4));
    assert_eq!(scenario.classes[0].request.path, "/x");
    let (scenario, problems) = read_with(&base, &["traffic.5.share=3"]);
    assert!(scenario.is_none() && problems.contains("error[invalid-change]"), "{problems}");
}

#[test]
fn the_mesh_config_fills_what_rules_leave_out() {
    let options = "meshConfig:
  defaultHttpRetryPolicy: {attempts: 5, retryOn: '502'}
  defaultTrafficPolicy:
    connectionPool: {http: {http1MaxPendingRequests: 7}}
    outlierDetection: {consecutive5xxErrors: 3}
";
    let scenario =
        good(&format!("{}{options}", traffic(&[class("all", "{url: 'http://mocka:8000/'}")])));
    let retries = scenario.mesh.config.default_retry.clone().unwrap();
    assert_eq!((retries.attempts, retries.retry_on.as_str()), (5, "502"));
    let mut view = ProxyView::new(&scenario.mesh, scenario.classes[0].entry.sender.proxy.clone());
    let cluster = view.cluster("outbound|8000||mocka.default.svc.cluster.local").unwrap();
    assert_eq!(cluster.limits.max_pending_requests, Some(7));
    assert_eq!(cluster.outlier.as_ref().and_then(|outlier| outlier.consecutive_5xx), Some(3));
}

#[test]
fn every_shipped_scenario_is_one_document_with_a_title() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let mut sources = crate::diagnostic::Sources::new();
        let mut problems = crate::diagnostic::Diagnostics::new();
        let source = sources.add("scenario.yaml", text.clone());
        let nodes = yaml::parse(source, &text, &mut problems);
        assert_eq!(nodes.len(), 1, "{}", path.display());
        assert!(nodes[0].get("title").is_some(), "{}", path.display());
        assert!(text.starts_with("# "), "{} says nothing about itself", path.display());
        seen += 1;
    }
    assert!(seen >= 14);
}
