use std::collections::BTreeMap;

use super::*;
use crate::config::decode::Decode;
use crate::config::resources::{Loader, Resources};
use crate::config::topology::TopologyFile;
use crate::config::yaml;
use crate::data_plane::HeaderMap;
use crate::diagnostic::{Diagnostics, Sources};

fn read(text: &str) -> (Topology, String) {
    read_with(text, &Changes::default())
}

fn read_with(text: &str, changes: &Changes) -> (Topology, String) {
    let mut sources = Sources::new();
    let source = sources.add("t.yaml", text);
    let mut problems = Diagnostics::new();
    let nodes = yaml::parse(source, text, &mut problems);
    let file = TopologyFile::decode(&nodes[0], &mut problems).unwrap();
    let topology = load("t", &file, changes, &mut problems);
    problems.sort();
    (topology, problems.render(&sources))
}

fn labels(version: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("app".into(), "reviews".into()), ("version".into(), version.into())])
}

#[test]
fn the_built_in_topologies_are_files_without_problems() {
    for name in ["mock", "bookinfo"] {
        let (topology, problems) = read(builtin(name).unwrap());
        assert_eq!((topology.name.as_str(), problems.as_str()), (name, ""));
    }
    assert!(builtin("other").is_none());
}

#[test]
fn reviews_v1_calls_nobody_and_the_page_tries_twice() {
    let (bookinfo, _) = read(builtin("bookinfo").unwrap());
    let calls = |version: &str, path: &str| {
        bookinfo.behaviour(&labels(version)).unwrap().handling(path).calls().count()
    };
    assert_eq!((calls("v1", "/reviews/0"), calls("v2", "/reviews/0")), (0, 1));
    assert_eq!(calls("v9", "/"), 1, "an unknown version behaves as the service");
    let page = BTreeMap::from([("app".to_owned(), "productpage".to_owned())]);
    let page = bookinfo.behaviour(&page).unwrap();
    let names = |path: &str| -> Vec<(String, u32)> {
        page.handling(path).calls().map(|call| (call.service.clone(), call.attempts)).collect()
    };
    assert_eq!(names("/productpage?u=test"), [("details".into(), 1), ("reviews".into(), 2)]);
    assert_eq!(names("/api/v1/products/0/reviews"), [("reviews".into(), 2)]);
    assert_eq!(names("/api/v1/products"), []);
    assert_eq!(page.handling("/nowhere").status, 404);
    assert_eq!(page.handling("/login").status, 302);
}

#[test]
fn only_listed_headers_are_passed_on_and_a_session_becomes_a_header() {
    let (bookinfo, _) = read(builtin("bookinfo").unwrap());
    let page = &bookinfo.apps[0].base;
    let mut request = Request::get("shop", "/productpage");
    request.headers = HeaderMap::decode([
        ("End-User", "mallory"),
        ("X-Lane", "s2"),
        ("X-B3-TraceId", "1"),
        ("Cookie", "a=1; session=jason"),
    ]);
    let call = page.handling("/productpage").calls().next().unwrap();
    let sent = page.outgoing(call, &request);
    let lines: Vec<(&str, &str)> =
        sent.headers.lines().iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let cookie = ("cookie", "a=1; session=jason");
    assert_eq!(lines, [("x-b3-traceid", "1"), cookie, ("end-user", "jason")]);
    assert_eq!((sent.authority.as_str(), sent.path.as_str()), ("details:9080", "/details/0"));
}

#[test]
fn every_problem_of_a_topology_is_reported() {
    let (_, problems) = read(
        "services:\n  a:\n    port: 99999\n    versions: [v1, v1]\n    errorRate: 150%\n    calls:\n\
         \x20   - https://b/\n    - {to: http://c:0/}\n    - {attempts: 2}\n\
         \x20   - {to: http://d/, attempts: 0, retryOn: often, onFailure: cry}\n\
         \x20   - {to: http://d/, onFailure: 42}\n\
         \x20   - {parallel: [{parallel: [http://e/]}]}\n\
         \x20   paths: [{status: 200}, {path: /x, status: 7}]\n",
    );
    for expected in [
        "t.yaml:3:11: error[out-of-range] 99999 is no port",
        "t.yaml:4:20: error[duplicate-key] the version v1 stands twice",
        "error[out-of-range] 150% is more than 100%",
        "t.yaml:7:7: error[invalid-call] `https://b/` is no call",
        "error[invalid-call] `http://c:0/` is no call",
        "error[missing-field] this call does not say where it goes",
        "error[out-of-range] 0 is not between 1 and 10",
        "error[unknown-word] `often` names no answers to try again after",
        "error[unknown-word] `cry` is nothing that an app does when a call fails",
        "error[unknown-word] `42` is nothing that an app does",
        "error[invalid-call] a parallel group stands inside another one",
        "error[missing-field] a path of a service has either `path` or `prefix`",
        "error[out-of-range] 7 is no HTTP status",
    ] {
        assert!(problems.contains(expected), "{expected}\n{problems}");
    }
}

#[test]
fn a_cycle_of_calls_is_an_error_and_a_way_back_by_another_path_is_none() {
    let (_, problems) = read(
        "services:\n  a: {calls: ['http://b.shop/x']}\n  b: {calls: [http://c/]}\n\
         \x20 c: {calls: [http://a/]}\n",
    );
    assert!(
        problems.contains("t.yaml:4:15: error[call-cycle] this call closes a cycle: a > b > c > a"),
        "{problems}"
    );
    assert_eq!(problems.matches("call-cycle").count(), 1, "{problems}");
    let (_, problems) = read(
        "services:\n  a: {paths: [{path: /leaf}], calls: [http://b/]}\n\
         \x20 b: {calls: [http://a/leaf]}\n",
    );
    assert_eq!(problems, "");
}

#[test]
fn a_scenario_changes_versions_services_and_headers() {
    let name = |value: &str| crate::config::decode::Located {
        value: value.to_owned(),
        place: crate::diagnostic::Place::new(crate::diagnostic::SourceId(0), 1, 1),
    };
    let changes = Changes {
        namespace: Some("shop".into()),
        services: Some(vec![name("mocka"), name("mockb")]),
        versions: vec![(
            name("mocka"),
            crate::config::topology::Versions(vec![(name("base"), None), (name("canary"), None)]),
        )],
        forwards: vec!["X-Lane".into()],
    };
    let (mock, problems) = read_with(builtin("mock").unwrap(), &changes);
    assert_eq!(problems, "");
    let versions: Vec<&str> = mock.apps[0].versions.iter().map(|v| v.name.as_str()).collect();
    assert_eq!(versions, ["base", "canary"]);
    assert_eq!(mock.apps[0].versions[1].labels["ASM_TRAFFIC_TAG"], "canary");
    assert_eq!(mock.apps[1].base.handling("/").calls().count(), 0, "mockc is left out");
    assert!(mock.apps[0].base.forwards.contains(&"x-lane".to_owned()));
    let unknown = Changes { services: Some(vec![name("mockz")]), ..Changes::default() };
    let (_, problems) = read_with(builtin("mock").unwrap(), &unknown);
    assert!(problems.contains("error[unknown-service] the topology has no service `mockz`"));
}

fn resources(text: &str) -> Resources {
    let (mut sources, mut problems) = (Sources::new(), Diagnostics::new());
    let mut loader = Loader::new(&mut sources, &mut problems, "default");
    loader.read("mesh.yaml", text);
    let resources = loader.finish();
    assert!(!problems.has_errors(), "{}", problems.render(&sources));
    resources
}

#[test]
fn objects_of_the_mesh_files_come_first() {
    let (mock, _) = read(builtin("mock").unwrap());
    let files = resources(
        "{apiVersion: v1, kind: Service, metadata: {name: mocka, namespace: shop}, spec: {selector: {app: mocka}}}\n---\n\
         apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: mockb-v7, namespace: shop}\n\
         spec: {template: {metadata: {labels: {app: mockb, version: v7}}}}\n",
    );
    let mut assumptions = Vec::new();
    let objects = missing_objects(&mock, &files, &mut assumptions);
    let names: Vec<String> = objects
        .iter()
        .map(|object| {
            let meta = &object["metadata"];
            format!("{} {}/{}", object["kind"], meta["namespace"], meta["name"]).replace('"', "")
        })
        .collect();
    assert_eq!(
        names,
        [
            "Deployment shop/mocka-v1",
            "Deployment shop/mocka-v2",
            "Deployment shop/mocka-v3",
            "Service shop/mockb",
            "Service shop/mockc",
            "Deployment shop/mockc-v1",
            "Deployment shop/mockc-v2",
            "Deployment shop/mockc-v3",
            "Deployment shop/sleep",
        ]
    );
    assert_eq!(
        assumptions,
        [
            "mocka: one pod per version (v1, v2, v3) from the topology `mock`, namespace shop",
            "mockb: its Service from the topology `mock`, namespace shop",
            "mockc: its Service and one pod per version (v1, v2, v3) from the topology `mock`, namespace shop",
        ]
    );
}
