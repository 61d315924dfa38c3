//! Test files of istio-config-validator and of `router_check_tool`.

use super::Files;
use super::shop::MESH;

#[test]
fn test_cases_of_istio_config_validator_are_read() {
    let cases = r"
testCases:
- description: the api is split
  wantMatch: true
  request: {authority: [shop.example.com], method: [GET], uri: [/api/a, /api/b], headers: {x-a: b}}
  route:
  - {destination: {host: shop, subset: v1}, weight: 75, headers: {request: {set: {x-version: one}}}}
  - {destination: {host: shop.default.svc.cluster.local, subset: v2}, weight: 25}
  rewrite: {uri: /v2/, authority: api.internal}
- description: old links move
  wantMatch: true
  request: {authority: [shop.example.com], method: [GET, POST], uri: [/old]}
  redirect: {uri: /new, authority: www.example.com, redirectCode: 302}
---
testCases:
- description: posts to the api go nowhere
  wantMatch: false
  request: {authority: [shop.example.com], method: [POST], uri: [/api/a]}
  route: [{destination: {host: shop, subset: v1}}]
- description: the fault answers
  wantMatch: true
  request: {authority: [shop.example.com], method: [GET], uri: [/broken]}
  fault: {abort: {httpStatus: 503, percentage: {value: 100}}}
";
    let wrong =
        cases.replace("weight: 75", "weight: 70").replace("redirectCode: 302", "redirectCode: 301");
    let wrong = wrong
        .replace("wantMatch: false", "wantMatch: true")
        .replace("httpStatus: 503", "httpStatus: 500");
    let files =
        Files::new("validator", &[("mesh.yaml", MESH), ("t.yaml", cases), ("wrong.yaml", &wrong)]);
    let run = files.check(&["t.yaml", "--mesh", "mesh.yaml"]);
    assert_eq!(run.code, 0, "{}{}", run.err, run.out);
    assert!(
        run.out.contains("t.yaml (istio-config-validator)\n")
            && run.out.ends_with("check: 4 tests, 0 failed\n")
    );
    let run = files.check(&["wrong.yaml", "--mesh", "mesh.yaml"]);
    assert_eq!(run.code, 1);
    assert!(run.out.ends_with("check: 4 tests, 4 failed\n"), "{}", run.out);
    assert!(run.out.contains("wrong.yaml:7:5: failed[check] the api is split: expected this route, got VirtualService default/shop http[3] (api), which gives shop/v1 75%, shop/v2 25%"), "{}", run.out);
    assert!(run.out.contains("= request GET shop.example.com/api/b"), "{}", run.out);
}

#[test]
fn a_gateway_that_no_file_defines_is_assumed_for_foreign_tests() {
    let rules = MESH.split("---\n").skip(3).collect::<Vec<_>>().join("---\n");
    let cases = "testCases:\n- description: old links move\n  wantMatch: true\n  \
         request: {authority: [shop.example.com], method: [GET], uri: [/old]}\n  \
         redirect: {uri: /new, authority: www.example.com, redirectCode: 302}\n";
    let files = Files::new("assumed", &[("rules.yaml", &rules), ("t.yaml", cases)]);
    let run = files.check(&["t.yaml", "--mesh", "rules.yaml"]);
    assert_eq!(run.code, 0, "{}{}", run.err, run.out);
    assert!(run.out.contains("note    gateway default/edge: not in the mesh files"), "{}", run.out);
    let run = files.check(&["t.yaml", "--mesh", "rules.yaml", "--from", "gateway nowhere/edge:80"]);
    assert_eq!(run.code, 2);
    assert!(
        run.err.contains("error[unknown-entry] there is no gateway nowhere/edge"),
        "{}",
        run.err
    );
}

#[test]
fn delegates_are_followed_and_named() {
    let mesh = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: root, namespace: a}\n\
        spec: {hosts: [x.example.com], http: [{match: [{uri: {prefix: /p}}], delegate: {name: parts}}, {match: [{uri: {prefix: /q}}], delegate: {name: nobody}}]}\n---\n\
        apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: parts, namespace: a}\n\
        spec: {http: [{route: [{destination: {host: parts.example.com}}]}]}\n";
    let case = |uri: &str, rest: &str| {
        format!(
            "- {{description: d, wantMatch: true, request: {{authority: [x.example.com], method: [GET], uri: [{uri}]}}, {rest}}}\n"
        )
    };
    let good = format!(
        "testCases:\n{}",
        case("/p", "delegate: {name: parts}, route: [{destination: {host: parts.example.com}}]")
    );
    let bad = format!(
        "testCases:\n{}{}",
        case("/p", "delegate: {name: other}"),
        case("/q", "delegate: {name: nobody}")
    );
    let files =
        Files::new("delegate", &[("m.yaml", mesh), ("good.yaml", &good), ("bad.yaml", &bad)]);
    let run = files.check(&["good.yaml", "--mesh", "m.yaml"]);
    assert_eq!(run.code, 0, "{}{}", run.err, run.out);
    // A delegate that is not there leaves no rule at all.
    let run = files.check(&["bad.yaml", "--mesh", "m.yaml"]);
    assert!(run.out.ends_with("check: 2 tests, 2 failed\n"), "{}{}", run.err, run.out);
}

const TOOL_TESTS: &str = r#"
tests:
- test_name: the first three quarters
  input: {authority: shop.example.com, path: /api/a?q, method: GET, random_value: 74}
  validate:
    cluster_name: outbound|8080|v1|shop.default.svc.cluster.local
    virtual_host_name: shop.example.com:80
    path_rewrite: /v2/a?q
    host_rewrite: api.internal
    request_header_matches:
    - {name: x-version, string_match: {exact: one}}
    - {name: x-lane, string_match: {prefix: bl}}
    - {name: x-none, present_match: false}
- test_name: the last quarter
  input:
    authority: shop.example.com
    path: /api/a
    method: GET
    random_value: "75"
    additional_request_headers: [{key: x-secret, value: s}]
    additional_response_headers: [{key: x-powered-by, value: app}]
  validate:
    cluster_name: outbound|8080|v2|shop.default.svc.cluster.local
    request_header_matches: [{name: x-secret, presence_match: {}, invert_match: true}]
    response_header_matches:
    - {name: x-served, string_match: {safe_regex: {regex: "by .*"}}}
    - {name: x-powered-by, present_match: true, invert_match: true}
- test_name: a redirect
  input: {authority: shop.example.com, path: /old, method: GET}
  validate: {path_redirect: "http://www.example.com/new", code_redirect: 302, cluster_name: "", virtual_cluster_name: other}
- test_name: nobody
  input: {authority: shop.example.com, path: /elsewhere, method: GET}
  validate: {cluster_name: "", path_rewrite: "", virtual_host_name: ""}
"#;

#[test]
fn tests_of_router_check_tool_are_read() {
    let wrong = TOOL_TESTS
        .replace("random_value: 74", "random_value: 175")
        .replace("random_value: \"75\"", "random_value: 0")
        .replace("code_redirect: 302", "code_redirect: 301")
        .replace("/elsewhere", "/api/");
    let files =
        Files::new("tool", &[("mesh.yaml", MESH), ("t.yaml", TOOL_TESTS), ("wrong.yaml", &wrong)]);
    let run = files.check(&["t.yaml", "--mesh", "mesh.yaml", "--coverage"]);
    assert_eq!(run.code, 0, "{}{}", run.err, run.out);
    for expected in [
        "t.yaml (router_check_tool)\n",
        "note    not checked: virtual_cluster_name (1x): istiod makes no virtual clusters\n",
        "check: 4 tests, 0 failed\n",
    ] {
        assert!(run.out.contains(expected), "{expected}\n{}", run.out);
    }
    let run = files.check(&["wrong.yaml", "--mesh", "mesh.yaml"]);
    assert!(run.out.ends_with("check: 4 tests, 4 failed\n"), "{}", run.out);
    let message = "expected cluster_name `outbound|8080|v1|shop.default.svc.cluster.local`, got `outbound|8080|v2|shop.default.svc.cluster.local`";
    assert!(run.out.contains(message), "{}", run.out);
}

#[test]
fn a_random_number_covers_one_destination_only() {
    let one = "{\"tests\": [{\"test_name\": \"json\", \"input\": {\"authority\": \"shop.example.com\", \
         \"path\": \"/api/\", \"method\": \"GET\", \"random_value\": 80}, \"validate\": \
         {\"cluster_name\": \"outbound|8080|v2|shop.default.svc.cluster.local\"}}]}";
    let files = Files::new("tool-json", &[("mesh.yaml", MESH), ("t.json", one)]);
    let run = files.check(&["t.json", "--mesh", "mesh.yaml", "--coverage"]);
    assert_eq!(run.code, 0, "{}{}", run.err, run.out);
    assert!(run.out.contains("rules         1/5\n  destinations  1/4\n"), "{}", run.out);
    assert!(run.out.contains("(api) → shop.default.svc.cluster.local/v1\n"), "{}", run.out);
}
