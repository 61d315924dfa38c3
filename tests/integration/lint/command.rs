//! Formats, exit codes and inputs of `lanecast lint`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A folder with files for one test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("lint-{name}"));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        for (name, text) in files {
            std::fs::write(path.join(name), text).unwrap();
        }
        Self(path)
    }

    fn lanecast(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lanecast"));
        command.args(arguments).current_dir(&self.0).output().unwrap()
    }
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  selector: {app: web}\n  ports: [{name: http, port: 80}]\n";
const SPLIT: &str = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: web}\nspec:\n  hosts: [web]\n  http:\n  - route:\n    - destination: {host: web}\n      weight: 90\n    - destination: {host: web, subset: v9}\n      weight: 10\n";
const CLEAN: &str = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: web}\nspec:\n  hosts: [web]\n  http:\n  - route:\n    - destination: {host: web}\n";

#[test]
fn text_shows_place_proof_and_counts() {
    let folder = Folder::new("text", &[("web.yaml", SERVICE), ("split.yaml", SPLIT)]);
    let output = folder.lanecast(&["lint", "web.yaml", "split.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    let expected = "\
split.yaml:10:40: error[IST0101] no DestinationRule defines the subset `v9` of `web`
   10 |     - destination: {host: web, subset: v9}
      |                                        ^^
split.yaml:10:40: warning[share-to-503] 10 % of the rule's requests are answered 503: no DestinationRule that this proxy uses defines the subset `v9` of web.default.svc.cluster.local
   10 |     - destination: {host: web, subset: v9}
      |                                        ^^
      = help: define the subset before a rule sends to it
      = proof: sidecar of default/web port 80: GET http://web.default.svc.cluster.local/
               VirtualService default/web http[0] takes it; 10 % of such requests go to outbound|80|v9|web.default.svc.cluster.local and are answered 503 NC
1 error, 1 warning, 0 info
assumed: default/web: no workload in the mesh files; one pod assumed
";
    assert_eq!(out(&output), expected);
}

#[test]
fn exit_codes_follow_the_threshold_and_the_input() {
    let info = CLEAN.replace("  - route:", "  - match: [{uri: {prefix: /a}}]\n    route:");
    let folder = Folder::new(
        "codes",
        &[
            ("web.yaml", SERVICE),
            ("clean.yaml", CLEAN),
            ("split.yaml", SPLIT),
            ("info.yaml", &info),
            ("broken.yaml", "a: [\n"),
        ],
    );
    for (arguments, code) in [
        (&["web.yaml", "clean.yaml"] as &[&str], 0),
        (&["web.yaml", "split.yaml"], 1),
        (&["web.yaml", "split.yaml", "--fail-on", "never"], 0),
        (&["web.yaml", "split.yaml", "--fail-on", "error"], 1),
        (&["web.yaml", "info.yaml"], 0),
        (&["web.yaml", "info.yaml", "--fail-on", "info"], 1),
        (&["web.yaml", "missing.yaml"], 2),
        (&["web.yaml", "broken.yaml"], 2),
        (&["web.yaml", "--fail-on", "sometimes"], 2),
        (&[], 2),
    ] {
        let all: Vec<&str> = ["lint"].iter().chain(arguments).copied().collect();
        let output = folder.lanecast(&all);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}\n{}{}",
            out(&output),
            errors(&output)
        );
        assert_eq!(code == 2, out(&output).is_empty(), "{arguments:?}");
    }
}

#[test]
fn json_has_the_schema_that_it_states() {
    let folder = Folder::new("json", &[("web.yaml", SERVICE), ("split.yaml", SPLIT)]);
    let output = folder.lanecast(&["lint", ".", "--format", "json", "--namespace", "shop"]);
    let value: Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(value["schema"], "lanecast.lint/1");
    assert_eq!(value["counts"], serde_json::json!({"error": 1, "warning": 1, "info": 0}));
    let finding = &value["findings"][1];
    assert_eq!(finding["code"], "share-to-503");
    assert_eq!((&finding["severity"], &finding["line"]), (&"warning".into(), &10.into()));
    assert_eq!(finding["object"], "VirtualService shop/web");
    assert!(finding["file"].as_str().unwrap().ends_with("split.yaml"));
    let proof = &finding["proof"];
    assert_eq!(proof["entry"]["name"], "sidecar of shop/web");
    assert_eq!(proof["request"]["host"], "web.shop.svc.cluster.local");
    assert_eq!(proof["outcome"]["share"], serde_json::json!({"part": 10, "whole": 100}));
    assert_eq!(proof["outcome"]["flag"], "NC");
    assert_eq!(value["findings"][0]["proof"], Value::Null);
}

#[test]
fn sarif_has_what_code_scanning_asks_for() {
    let folder = Folder::new("sarif", &[("web.yaml", SERVICE), ("split.yaml", SPLIT)]);
    let output = folder.lanecast(&["lint", "web.yaml", "./split.yaml", "--format", "sarif"]);
    let value: Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(value["version"], "2.1.0");
    let run = &value["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for rule in rules {
        for text in ["shortDescription", "fullDescription", "help"] {
            assert!(!rule[text]["text"].as_str().unwrap().is_empty(), "{rule}");
        }
        let level = rule["defaultConfiguration"]["level"].as_str().unwrap();
        assert!(["error", "warning", "note"].contains(&level));
    }
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let location = &result["locations"][0]["physicalLocation"];
        assert_eq!(location["artifactLocation"]["uri"], "split.yaml");
        let region = &location["region"];
        assert_eq!(region["startLine"], 10);
        let width = region["endColumn"].as_u64().unwrap() - region["startColumn"].as_u64().unwrap();
        assert_eq!(width, 2);
        assert!(result["partialFingerprints"]["lanecastFinding/v1"].is_string());
    }
}

#[test]
fn standard_input_and_scenarios_are_linted_too() {
    let scenario = "mesh: [web.yaml, split.yaml]\ntopology: none.yaml\n";
    let without = "mesh: [web.yaml, split.yaml]\ntraffic: []\n";
    let folder = Folder::new(
        "inputs",
        &[
            ("web.yaml", SERVICE),
            ("split.yaml", SPLIT),
            ("bad.yaml", scenario),
            ("good.yaml", without),
        ],
    );
    let output = folder.lanecast(&["lint", "good.yaml"]);
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    assert!(out(&output).contains("split.yaml:10:"), "{}", out(&output));
    let output = folder.lanecast(&["lint", "bad.yaml"]);
    assert_eq!(output.status.code(), Some(2), "{}", out(&output));
    let mut child = Command::new(env!("CARGO_BIN_EXE_lanecast"))
        .args(["lint", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let text = format!("{SERVICE}---\n{SPLIT}");
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(out(&output).starts_with("<stdin>:17:"), "{}", out(&output));
}

#[test]
fn a_run_warns_of_destinations_that_nobody_defines() {
    let scenario = "mesh: [web.yaml, split.yaml]\nrequests: 100\ntraffic:\n- from: workload default/web\n  request: {url: http://web/}\n";
    let folder =
        Folder::new("run", &[("web.yaml", SERVICE), ("split.yaml", SPLIT), ("run.yaml", scenario)]);
    let output = folder.lanecast(&["run", "run.yaml", "--no-charts"]);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let warnings = errors(&output);
    assert!(warnings.contains("split.yaml:10:"), "{warnings}");
    assert!(warnings.contains("warning[undefined-subset] no DestinationRule defines the subset `v9` of web.default.svc.cluster.local"), "{warnings}");
}

#[test]
fn shipped_scenarios_have_no_error_that_their_text_does_not_announce() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut linted = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let name = path.display().to_string();
        let found =
            lanecast::scenario::inspect(&lanecast::cli::Disk, std::slice::from_ref(&name), None);
        assert!(!found.problems.has_errors(), "{}", found.problems.render(&found.sources));
        linted += 1;
        let errors = found
            .findings
            .iter()
            .filter(|finding| finding.severity() == lanecast::diagnostic::Severity::Error);
        // Two objects for one host are what this scenario is about.
        let known = name.ends_with("custom-sidecar-50-50.yaml");
        assert!(known || errors.count() == 0, "{name}: {:?}", found.findings);
    }
    assert!(linted > 10);
}
