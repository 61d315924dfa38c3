//! Bad input: a located error or warning, exit code 2 or the mesh's own answer, nothing half-written.

use super::{Finished, MESH, SCENARIO, Sandbox};

/// Runs the scenario of a folder after a change of its mesh or of the scenario itself.
fn run(sandbox: &Sandbox, scenario: &str, mesh: &str) -> Finished {
    sandbox.write("scenario.yaml", scenario);
    sandbox.write("mesh.yaml", mesh);
    sandbox.run(&["run", "scenario.yaml", "--out", "out", "--no-charts"])
}

#[track_caller]
fn assert_refused(name: &str, scenario: &str, mesh: &str, expected: &[&str]) {
    let sandbox = Sandbox::new(name);
    let finished = run(&sandbox, scenario, mesh);
    check_refusal(&sandbox, &finished, expected);
}

#[track_caller]
fn check_refusal(sandbox: &Sandbox, finished: &Finished, expected: &[&str]) {
    assert_eq!(finished.code, 2, "{finished:?}");
    for text in expected {
        assert!(finished.stderr.contains(text), "`{text}` is not in\n{}", finished.stderr);
    }
    assert_eq!(finished.stdout, "");
    assert!(sandbox.files("out").is_empty(), "something was written");
}

/// Replaces a part that must be there.
#[track_caller]
fn with(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "`{old}` is not in the text");
    text.replace(old, new)
}

#[test]
fn the_unchanged_input_runs() {
    let sandbox = Sandbox::new("good");
    let finished = run(&sandbox, SCENARIO, MESH);
    assert_eq!(finished.code, 0, "{finished:?}");
    assert!(!sandbox.files("out").is_empty());
}

#[test]
fn a_wrong_type_is_shown_with_its_line_and_a_caret() {
    let mesh = with(MESH, "weight: 90", "weight: many");
    let line = "8 |     - {destination: {host: mocka, subset: v1}, weight: many}";
    assert_refused(
        "wrong-type",
        SCENARIO,
        &mesh,
        &["mesh.yaml:8:56: error[wrong-type]", line, "^"],
    );
}

#[test]
fn all_problems_of_a_load_are_told_at_once() {
    let mesh = with(MESH, "weight: 90", "weight: many");
    let mesh = with(&mesh, "weight: 10", "weight: few");
    let scenario = with(SCENARIO, "requests: 1000", "requests: lots");
    let expected = ["mesh.yaml:8:", "mesh.yaml:9:", "scenario.yaml:7:"];
    assert_refused("all-at-once", &scenario, &mesh, &expected);
}

#[test]
fn weights_that_sum_to_zero_are_refused() {
    let mesh = with(&with(MESH, "weight: 90", "weight: 0"), "weight: 10", "weight: 0");
    assert_refused("total-weight-0", SCENARIO, &mesh, &["mesh.yaml:", "error["]);
}

#[test]
fn a_negative_weight_is_refused() {
    let mesh = with(MESH, "weight: 90", "weight: -1");
    assert_refused("negative-weight", SCENARIO, &mesh, &["mesh.yaml:8:56: error["]);
}

#[test]
fn a_bad_regex_is_refused() {
    let mesh = with(MESH, "  - route:", "  - match: [{uri: {regex: \"/(mock\"}}]\n    route:");
    assert_refused("bad-regex", SCENARIO, &mesh, &["mesh.yaml:7:", "error[", "/(mock"]);
}

#[test]
fn an_empty_scenario_is_refused() {
    assert_refused("empty-scenario", "", MESH, &["scenario.yaml:1:1: error[empty-file]"]);
}

#[test]
fn text_that_is_not_yaml_is_refused() {
    assert_refused("not-yaml", SCENARIO, "spec: [1, 2\nkind: }", &["mesh.yaml:", "error[yaml]"]);
}

#[test]
fn bytes_that_are_not_text_are_refused() {
    let sandbox = Sandbox::new("not-text");
    sandbox.write("scenario.yaml", SCENARIO);
    sandbox.write("mesh.yaml", b"kind: \xff\xfe");
    let finished = sandbox.run(&["run", "scenario.yaml", "--out", "out"]);
    check_refusal(&sandbox, &finished, &["mesh.yaml:1:7: error[not-text]"]);
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut mesh = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = level - 1;
        let aliases = vec![format!("*a{before}"); 10].join(", ");
        mesh.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    assert_refused("alias-bomb", SCENARIO, &mesh, &["mesh.yaml:", "error[yaml]"]);
}

#[test]
fn a_hundred_thousand_nested_brackets_are_refused() {
    let mesh = "[".repeat(100_000);
    assert_refused("brackets", SCENARIO, &mesh, &["mesh.yaml:", "error[yaml]"]);
}

#[test]
fn a_missing_file_is_shown_where_it_is_named() {
    let scenario = with(SCENARIO, "mesh: [mesh.yaml]", "mesh: [mesh.yaml, nowhere.yaml]");
    let expected = ["scenario.yaml:1:19: error[missing-file]", "nowhere.yaml", "no such file"];
    assert_refused("missing-file", &scenario, MESH, &expected);
}

#[test]
fn a_missing_scenario_is_named() {
    let sandbox = Sandbox::new("missing-scenario");
    let finished = sandbox.run(&["run", "nowhere.yaml", "--out", "out"]);
    check_refusal(&sandbox, &finished, &["nowhere.yaml", "no such file"]);
}

#[cfg(unix)]
#[test]
fn an_unreadable_folder_is_shown_where_it_is_named() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let sandbox = Sandbox::new("unreadable-folder");
    let scenario = with(SCENARIO, "mesh: [mesh.yaml]", "mesh: [mesh.yaml, locked, circle]");
    sandbox.write("locked/mesh.yaml", MESH);
    let locked = sandbox.path("locked");
    std::fs::set_permissions(&locked, PermissionsExt::from_mode(0o000)).unwrap();
    // The superuser reads locked folders, but nobody follows a link that leads to itself.
    symlink("circle", sandbox.path("circle")).unwrap();
    let finished = run(&sandbox, &scenario, MESH);
    let readable = std::fs::read_dir(&locked).is_ok();
    std::fs::set_permissions(&locked, PermissionsExt::from_mode(0o755)).unwrap();
    check_refusal(&sandbox, &finished, &["scenario.yaml:1:27: error[missing-file]"]);
    if !readable {
        check_refusal(
            &sandbox,
            &finished,
            &["scenario.yaml:1:19: error[missing-file]", "permission"],
        );
    }
}

#[test]
fn a_lane_group_without_lanes_is_refused() {
    let group = "
---
apiVersion: istio.alibabacloud.com/v1
kind: ASMSwimLaneGroup
metadata: {name: mock}
spec:
  ingress: {gateway: {name: ingressgateway, namespace: istio-system, type: ASM}}
  services: [{name: mocka, namespace: default}]
";
    let mesh = format!("{MESH}{group}");
    let expected = ["mesh.yaml:", "error[lane-group-without-lanes]"];
    assert_refused("group-without-lanes", SCENARIO, &mesh, &expected);
}

#[test]
fn a_call_cycle_in_the_topology_is_refused() {
    let sandbox = Sandbox::new("call-cycle");
    let topology = "
services:
  a: {port: 8000, calls: ['GET http://b:8000/']}
  b: {port: 8000, calls: ['GET http://a:8000/']}
clients: {sleep: }
";
    sandbox.write("topology.yaml", topology);
    let scenario = with(SCENARIO, "{use: mock, versions: {mocka: [v1, v2]}}", "topology.yaml");
    let finished = run(&sandbox, &scenario, MESH);
    check_refusal(&sandbox, &finished, &["topology.yaml:", "error[call-cycle]"]);
}

#[test]
fn a_scenario_without_traffic_is_refused() {
    let scenario = "mesh: [mesh.yaml]\ntopology: mock\n";
    assert_refused("no-traffic", scenario, MESH, &["scenario.yaml:1:1: error[no-traffic]"]);
}

#[test]
fn an_unknown_entry_point_is_refused() {
    let scenario = with(SCENARIO, "workload default/sleep", "gateway default/nowhere:80");
    assert_refused("no-gateway", &scenario, MESH, &["scenario.yaml:5:9: error[unknown-entry]"]);
    let scenario = with(SCENARIO, "workload default/sleep", "workload default/nobody");
    assert_refused("no-workload", &scenario, MESH, &["scenario.yaml:5:9: error[unknown-entry]"]);
    let scenario = with(SCENARIO, "workload default/sleep", "somewhere");
    assert_refused("no-kind", &scenario, MESH, &["scenario.yaml:5:9: error[unknown-entry]"]);
}

#[test]
fn unquoted_words_that_kubectl_reads_as_booleans_are_refused() {
    for word in ["on", "no", "y", "Yes", "off"] {
        let mesh = with(MESH, "labels: {version: v1}", &format!("labels: {{version: {word}}}"));
        let expected = ["mesh.yaml:17:34: error[wrong-type]", "quote"];
        assert_refused(&format!("boolean-{word}"), SCENARIO, &mesh, &expected);
        let quoted =
            with(MESH, "labels: {version: v1}", &format!("labels: {{version: \"{word}\"}}"));
        let finished = run(&Sandbox::new(&format!("quoted-{word}")), SCENARIO, &quoted);
        assert_eq!(finished.code, 0, "{finished:?}");
    }
}

#[test]
fn an_unknown_argument_or_change_is_refused() {
    let sandbox = Sandbox::new("arguments");
    sandbox.write("scenario.yaml", SCENARIO);
    sandbox.write("mesh.yaml", MESH);
    let finished = sandbox.run(&["run", "scenario.yaml", "--out", "out", "--sed", "1"]);
    check_refusal(&sandbox, &finished, &["--sed"]);
    let finished = sandbox.run(&["run", "scenario.yaml", "--out", "out", "--set", "requests"]);
    check_refusal(&sandbox, &finished, &["error[invalid-change]"]);
    let finished = sandbox.run(&["run", "scenario.yaml", "--out", "out", "--set", "requests=x"]);
    check_refusal(&sandbox, &finished, &["--set requests=x:1:", "error[wrong-type]"]);
}

#[test]
fn an_output_folder_that_cannot_be_made_is_refused() {
    let sandbox = Sandbox::new("no-folder");
    sandbox.write("scenario.yaml", SCENARIO);
    sandbox.write("mesh.yaml", MESH);
    let finished = sandbox.run(&["run", "scenario.yaml", "--out", "mesh.yaml/out", "--no-charts"]);
    check_refusal(&sandbox, &finished, &["cannot write"]);
}

/// Runs on, warns at a place, and reports what the mesh itself would answer.
#[track_caller]
fn assert_warned(name: &str, scenario: &str, mesh: &str, warning: &str, report: &str) {
    let finished = run(&Sandbox::new(name), scenario, mesh);
    assert_eq!(finished.code, 0, "{finished:?}");
    assert!(finished.stderr.contains(warning), "`{warning}` is not in\n{}", finished.stderr);
    assert!(finished.stdout.contains(report), "`{report}` is not in\n{}", finished.stdout);
}

#[test]
fn an_unknown_field_is_warned_about() {
    let mesh = with(MESH, "  - route:", "  - timeOut: 3s\n    route:");
    let warning = "mesh.yaml:7:5: warning[unknown-field]";
    assert_warned("unknown-field", SCENARIO, &mesh, warning, "mocka@v2");
}

#[test]
fn an_undefined_subset_is_503_with_a_warning() {
    let mesh = with(MESH, "subset: v2}", "subset: v3}");
    let warning = "mesh.yaml:9:43: warning[undefined-subset]";
    assert_warned("undefined-subset", SCENARIO, &mesh, warning, " 503  NC ");
}

#[test]
fn an_undefined_service_is_503_with_a_warning() {
    let mesh = with(MESH, "{host: mocka, subset: v2}", "{host: mockz}");
    let warning = "mesh.yaml:9:28: warning[undefined-service]";
    assert_warned("undefined-service", SCENARIO, &mesh, warning, " 503  NC ");
}

#[test]
fn of_duplicate_objects_the_last_counts() {
    let second = MESH.split("---").next().unwrap().replace("90", "0").replace("10}", "100}");
    let mesh = format!("{MESH}---\n{second}");
    let warning = "mesh.yaml:22:18: warning[duplicate-object]";
    let sandbox = Sandbox::new("duplicate-object");
    let finished = run(&sandbox, SCENARIO, &mesh);
    assert_eq!(finished.code, 0, "{finished:?}");
    assert!(finished.stderr.contains(warning), "{}", finished.stderr);
    let summary: serde_json::Value =
        serde_json::from_slice(&std::fs::read(sandbox.path("out/summary.json")).unwrap()).unwrap();
    let traces: Vec<&str> = summary["traces"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["trace"].as_str().unwrap())
        .collect();
    assert!(traces.iter().all(|trace| trace.starts_with("mocka@v2")), "{traces:?}");
}

#[test]
fn a_rule_that_no_entry_point_meets_is_warned_about() {
    let mesh = with(MESH, "  hosts: [mocka]", "  hosts: [mocka]\n  gateways: [istio-system/other]");
    let warning = "mesh.yaml:3:18: warning[unmet-rule]";
    assert_warned("unmet-rule", SCENARIO, &mesh, warning, "mocka@v1");
}
