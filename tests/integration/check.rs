//! `lanecast check` as users call it: test files in, lines, exit codes and reports out.

mod foreign;
mod junit;
mod refused;
mod shop;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use shop::MESH;

/// A folder of files for one test.
struct Files(PathBuf);

impl Files {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("check").join(name);
        std::fs::create_dir_all(&folder).unwrap();
        for (name, text) in files {
            std::fs::write(folder.join(name), text).unwrap();
        }
        Self(folder)
    }

    fn check(&self, arguments: &[&str]) -> Run {
        check(&self.0, arguments)
    }
}

struct Run {
    code: i32,
    out: String,
    err: String,
}

fn check(folder: &Path, arguments: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lanecast"));
    let Output { status, stdout, stderr } =
        command.current_dir(folder).arg("check").args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { code: status.code().unwrap(), out: text(stdout), err: text(stderr) }
}

fn scenarios() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// One test on the shop, as a file of its own.
fn shop_test(request: &str, expect: &str) -> String {
    format!(
        "mesh: mesh.yaml\ntests:\n- name: shop\n  from: gateway istio-system/istio-ingressgateway:80\n  \
         request: {request}\n  expect: {expect}\n"
    )
}

const API: &str = "{host: shop.example.com, path: /api/a, headers: {x-secret: s}}";
const OLD: &str = "{host: shop.example.com, path: /old/a}";
const GONE: &str = "{host: shop.example.com, path: /gone}";
const BROKEN: &str = "{host: shop.example.com, path: /broken}";
const MISSING: &str = "{host: shop.example.com, path: /missing}";
const ELSEWHERE: &str = "{host: shop.example.com, path: /elsewhere}";

#[test]
fn shipped_test_files_pass() {
    let run = check(&scenarios(), &["checks", "--coverage", "--format", "json"]);
    assert_eq!(run.code, 0, "{}{}", run.err, run.out);
    let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let files = report["files"].as_array().unwrap();
    assert!(
        files.len() >= 5 && files.iter().all(|file| !file["tests"].as_array().unwrap().is_empty())
    );
    assert_eq!(report["failed"], 0);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn every_kind_of_expectation_holds_and_can_fail() {
    let files = Files::new("kinds", &[("mesh.yaml", MESH)]);
    for (request, right, wrong, message) in [
        (
            API,
            "{destinations: {shop/v1: 75%, shop/v2: 25%}}",
            "{destinations: {shop/v1: 3/5, shop/v2: 2/5}}",
            "expected shop/v1 60%, shop/v2 40%, got shop/v1 75%, shop/v2 25%",
        ),
        (
            API,
            "{destinations: 'shop:8080'}",
            "{destinations: 'shop:80'}",
            "expected shop:80 100%, got shop/v1 75%",
        ),
        (
            API,
            "{destinations: {shop/v1: {share: 75%, headers: {x-version: one}}, shop/v2: 25%}}",
            "{destinations: {shop/v1: 75%, shop/v2: {share: 25%, headers: {x-version: one}}}}",
            "expected header at shop/v2 x-version `one`, got it is absent",
        ),
        (API, "{path: /v2/a}", "{path: /api/a}", "expected path `/api/a`, got `/v2/a`"),
        (API, "{host: api.internal}", "{host: shop}", "expected Host `shop`, got `api.internal`"),
        (
            API,
            "{headers: {X-Lane: blue, x-secret: null}}",
            "{headers: {x-lane: null}}",
            "expected header x-lane to be absent, got `blue`",
        ),
        (
            API,
            "{responseHeaders: {x-served: by shop, x-powered-by: null}}",
            "{responseHeaders: {x-other: null}}",
            "expected answer header x-other to be absent, got `from the application`",
        ),
        (
            API,
            "{rule: default/shop#api}",
            "{rule: default/shop#0}",
            "expected rule default/shop#0, got VirtualService default/shop http[3] (api)",
        ),
        (API, "{timeout: 3s}", "{timeout: 0s}", "expected no timeout, got timeout 3s"),
        (
            API,
            "{retries: {attempts: 4, perTryTimeout: 1s, retryOn: 5xx}}",
            "{retries: {attempts: 2}}",
            "expected 2 retries, got 4",
        ),
        (
            API,
            "{mirrors: {shadow: 25%}}",
            "{mirrors: {}}",
            "expected no mirror, got mirrors shadow 25%",
        ),
        (
            API,
            "{fault: {delay: {fixedDelay: 5s, share: 10%}}}",
            "{fault: {abort: {httpStatus: 503}}}",
            "expected an abort with 503, got no abort",
        ),
        (
            API,
            "{refused: false}",
            "{refused: true}",
            "expected a refused connection, got shop/v1 75%",
        ),
        (
            API,
            "{virtualHost: 'shop.example.com:80'}",
            "{virtualHost: shop}",
            "expected virtual host `shop`, got `shop.example.com:80`",
        ),
        (
            OLD,
            "{redirect: {location: 'http://www.example.com/new', status: 302}}",
            "{redirect: {status: 301}}",
            "expected redirect status 301, got 302",
        ),
        (
            OLD,
            "{status: 302}",
            "{destinations: shop}",
            "expected shop 100%, got redirect 302 to http://www.example.com/new",
        ),
        (
            GONE,
            "{directResponse: {status: 410, body: all gone}}",
            "{directResponse: {body: gone}}",
            "expected body `gone`, got `all gone`",
        ),
        (
            BROKEN,
            "{status: 503, flag: FI, destinations: shop/v1, fault: {abort: {share: 100%}}}",
            "{status: 500}",
            "expected status 500, got 503 FI",
        ),
        (
            MISSING,
            "{status: 503, flag: NC}",
            "{destinations: {shop/v9: 100%}}",
            "expected shop/v9 100%, got 503 NC for shop/v9 100%",
        ),
        (
            ELSEWHERE,
            "{status: 404, flag: NR, rule: none}",
            "{path: /}",
            "expected a request that is sent on, got 404 NR",
        ),
    ] {
        let (good, bad) = (shop_test(request, right), shop_test(request, wrong));
        std::fs::write(files.0.join("good.yaml"), good).unwrap();
        std::fs::write(files.0.join("bad.yaml"), bad).unwrap();
        let run = files.check(&["good.yaml"]);
        assert_eq!(run.code, 0, "{right}\n{}{}", run.err, run.out);
        let run = files.check(&["bad.yaml"]);
        assert_eq!(run.code, 1, "{wrong}\n{}{}", run.err, run.out);
        assert!(run.out.contains(message), "{message}\n{}", run.out);
    }
}

#[test]
fn a_failure_shows_its_line_the_rule_and_what_was_passed_over() {
    let test = shop_test(API, "{destinations: {shop/v1: 90%, shop/v2: 10%}}");
    let files = Files::new("failure", &[("mesh.yaml", MESH), ("t.yaml", &test)]);
    let run = files.check(&["t.yaml"]);
    assert!(run.code == 1 && !run.err.contains("error["), "{}", run.err);
    for expected in [
        "  FAILED  shop\n\
         t.yaml:6:27: failed[check] shop: expected shop/v1 90%, shop/v2 10%, got shop/v1 75%, shop/v2 25%\n",
        "\n    6 |   expect: {destinations: {shop/v1: 90%, shop/v2: 10%}}\n      |                           ^^^^^^^\n",
        "VirtualService default/shop http[3] (api) at mesh.yaml:46:5 took it [R-087]: path beginning with `/api/` and :method exactly `GET`",
        "passed over: VirtualService default/shop http[0] (old): path /api/a is not beginning with `/old` [R-064]",
        "\ncheck: 1 test, 1 failed\n",
    ] {
        assert!(run.out.contains(expected), "{expected}\n{}", run.out);
    }
    assert!(!run.out.contains('\u{1b}'));
}

#[test]
fn only_failures_leaves_out_what_passed() {
    let good = shop_test(GONE, "{status: 410}").replace("name: shop", "name: all is well");
    let bad = shop_test(GONE, "{status: 411}");
    let files =
        Files::new("only", &[("mesh.yaml", MESH), ("good.yaml", &good), ("bad.yaml", &bad)]);
    let all = files.check(&["good.yaml", "bad.yaml"]);
    assert!(all.out.contains("ok      all is well") && all.out.contains("note "), "{}", all.out);
    let run = files.check(&["good.yaml", "bad.yaml", "--only-failures"]);
    assert!(run.out.starts_with("bad.yaml (lanecast)\n  FAILED  shop\n"), "{}", run.out);
    assert!(run.out.ends_with("\ncheck: 2 tests, 1 failed\n") && !run.out.contains("all is well"));
    let run = files.check(&["good.yaml", "bad.yaml", "--only-failures", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(report["files"][0]["tests"], serde_json::json!([]));
    assert_eq!(report["files"][1]["tests"][0]["failures"][0]["line"], 6);
}

#[test]
fn coverage_counts_rules_and_destinations_and_can_fail_the_run() {
    let test = shop_test(API, "{destinations: shop}");
    let files = Files::new("coverage", &[("mesh.yaml", MESH), ("t.yaml", &test)]);
    let run = files.check(&["t.yaml", "--coverage"]);
    // One rule of five, two destinations of four.
    for expected in [
        "coverage 33.3333%\n  rules         1/5\n  destinations  2/4\n",
        "not met: mesh.yaml:36:5: VirtualService default/shop http[0] (old)\n",
        "not met: mesh.yaml:61:34: VirtualService default/shop http[4] (missing) → shop.default.svc.cluster.local/v9\n",
    ] {
        assert!(run.out.contains(expected), "{expected}\n{}", run.out);
    }
    assert!(!run.out.contains("http[3]"), "{}", run.out);
    for (least, code) in [("0", 0), ("33.33", 0), ("33.34%", 1), ("100", 1)] {
        let run = files.check(&["t.yaml", "--fail-under", least]);
        assert_eq!(run.code, code, "{least}: {}", run.out);
        assert_eq!(run.out.contains("less than"), code == 1, "{}", run.out);
    }
    for wrong in ["101", "much", "-1"] {
        assert_eq!(files.check(&["t.yaml", &format!("--fail-under={wrong}")]).code, 2, "{wrong}");
    }
}

#[test]
fn expectations_of_scenarios_are_tests_too() {
    let run = check(&scenarios(), &["strict-lanes.yaml"]);
    assert_eq!(run.code, 0, "{}{}", run.err, run.out);
    assert!(run.out.contains("strict-lanes.yaml (scenario)\n"), "{}", run.out);
    let text = std::fs::read_to_string(scenarios().join("strict-lanes.yaml")).unwrap();
    let folder = scenarios().join("mesh").display().to_string();
    let text = text.replace("mesh/", &format!("{folder}/"));
    let wrong = text.replace("mockc@v1, class: v1, share: 100%", "mockc@v1, class: v1, share: 90%");
    let files = Files::new("scenario", &[("s.yaml", &wrong)]);
    let run = files.check(&["s.yaml"]);
    assert_eq!(run.code, 1, "{}{}", run.err, run.out);
    assert!(
        run.out.contains("expected trace mocka@v1>mockb@v1>mockc@v1 of class v1 90%, got 100"),
        "{}",
        run.out
    );
}

#[test]
fn folders_are_searched_and_their_mesh_files_passed_over() {
    let test = shop_test(GONE, "{status: 410}");
    let files = Files::new("folder", &[("mesh.yaml", MESH), ("t.yaml", &test)]);
    let run = files.check(&["."]);
    assert_eq!(run.code, 0, "{}{}", run.err, run.out);
    assert!(run.out.ends_with("check: 1 test, 0 failed\n"), "{}", run.out);
}
