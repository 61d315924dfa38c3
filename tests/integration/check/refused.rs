//! What is refused instead of being tested.

use super::shop::MESH;
use super::{API, Files, shop_test};

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn input_that_cannot_be_tested_is_refused_with_its_place() {
    let many =
        shop_test(API, "{destinations: {shp/v1: 75%, shop/v2: 25%}, flag: XX, rule: default/shap}");
    for (name, text, arguments, message) in [
        (
            "host",
            many.as_str(),
            &[][..],
            "t.yaml:6:27: error[unknown-host] nothing in this mesh is called `shp`",
        ),
        ("host", &many, &[], "did you mean `shop`?"),
        ("host", &many, &[], "error[unknown-word] `XX` is no response flag"),
        (
            "host",
            &many,
            &[],
            "error[unknown-rule] there is no rule object `default/shap` in this mesh",
        ),
        (
            "sum",
            &shop_test(API, "{destinations: {shop/v1: 75%, shop/v2: 20%}}"),
            &[],
            "t.yaml:6:26: error[invalid-share] the shares of the destinations add up to 95.0000%, not to 100%",
        ),
        (
            "none",
            &shop_test(API, "{}"),
            &[],
            "t.yaml:6:11: error[missing-field] this test expects nothing",
        ),
        (
            "form",
            &shop_test(API, "{destinations: 'shop:x'}"),
            &[],
            "error[invalid-destination] `shop:x` is no destination",
        ),
        (
            "entry",
            &shop_test(API, "{status: 1}").replace("istio-ingressgateway:80", "nobody:80"),
            &[],
            "error[unknown-entry] there is no gateway istio-system/nobody",
        ),
        (
            "parts",
            "mesh: mesh.yaml\ntests: [{name: one}]\n",
            &[],
            "t.yaml:2:9: error[missing-field] test `one` has no `request`",
        ),
        (
            "empty",
            "mesh: mesh.yaml\ntests: []\n",
            &[],
            "error[no-tests] there is no test in this file",
        ),
        (
            "mesh",
            "tests: [{name: one}]\n",
            &[],
            "t.yaml:1:1: error[missing-mesh] `t.yaml` names no mesh",
        ),
        (
            "foreign",
            "testCases: [{description: one}]\n",
            &["--mesh", "mesh.yaml"],
            "t.yaml:1:13: error[missing-field] test case `one` has no request",
        ),
        (
            "nothing",
            "testCases: [{request: {authority: [a], method: [GET], uri: [/]}}]\n",
            &["--mesh", "mesh.yaml"],
            "error[missing-field] test case `line 1` expects nothing",
        ),
        (
            "tool",
            "tests: [{test_name: one, validate: {}}]\n",
            &["--mesh", "mesh.yaml"],
            "t.yaml:1:9: error[missing-field] test `one` has no `input`",
        ),
        (
            "regex",
            "tests: [{test_name: one, input: {authority: a, path: /, method: GET}, validate: {request_header_matches: [{name: a, safe_regex_match: {regex: 'a{2000}'}}]}}]\n",
            &["--mesh", "mesh.yaml"],
            "error[invalid-regex] this is no regular expression: invalid repeat count",
        ),
        ("objects", MESH, &[], "error[no-tests] this file holds objects of a mesh, no tests"),
        ("other", "a: b\n", &[], "t.yaml:1:1: error[no-tests] this is no test file"),
        ("broken", "tests: [\n", &[], "error[yaml]"),
        ("blank", "", &[], "error[no-tests] there is no test in `t.yaml`"),
    ] {
        let files =
            Files::new(&format!("refused-{name}"), &[("mesh.yaml", MESH), ("t.yaml", text)]);
        let arguments: Vec<&str> = ["t.yaml"].iter().chain(arguments).copied().collect();
        let run = files.check(&arguments);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{name}: {}", run.err);
        assert!(run.err.contains(message), "{message}\n{}", run.err);
    }
    let files = Files::new("refused-missing", &[]);
    let run = files.check(&["nowhere.yaml"]);
    assert!(
        run.code == 2 && run.err.contains("error[missing-file] cannot read `nowhere.yaml`"),
        "{}",
        run.err
    );
}

#[test]
fn a_short_host_that_two_namespaces_have_is_ambiguous() {
    let mesh = "{apiVersion: v1, kind: Service, metadata: {name: shop, namespace: one}, spec: {selector: {app: shop}, ports: [{name: http, port: 80}]}}\n---\n\
        {apiVersion: v1, kind: Service, metadata: {name: shop, namespace: two}, spec: {selector: {app: shop}, ports: [{name: http, port: 80}]}}\n";
    let test = |name: &str| {
        format!(
            "mesh: m.yaml\ntests: [{{name: one, from: workload one/shop, request: {{url: 'http://shop.two/'}}, expect: {{destinations: {name}}}}}]\n"
        )
    };
    let files = Files::new(
        "ambiguous",
        &[("m.yaml", mesh), ("short.yaml", &test("shop")), ("long.yaml", &test("shop.two"))],
    );
    let run = files.check(&["short.yaml"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("error[ambiguous-host] `shop` may be shop.one.svc.cluster.local or shop.two.svc.cluster.local"), "{}", run.err);
    let run = files.check(&["long.yaml"]);
    assert_eq!(run.code, 0, "{}{}", run.err, run.out);
}
