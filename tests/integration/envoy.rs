//! `lanecast envoy` through the built command. Whether the real Envoy takes what it prints is asked in
//! `tests/oracle`.

use std::process::{Command, Output};

use lanecast::config::node::{Node, Value as Yaml};
use lanecast::config::yaml;
use lanecast::diagnostic::{Diagnostics, Sources};
use serde_json::{Value, json};

const GATEWAY: &str = "gateway istio-system/istio-ingressgateway:80";

fn envoy(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lanecast"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("envoy").args(arguments);
    command.output().unwrap()
}

fn printed(arguments: &[&str]) -> Value {
    let output = envoy(arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{error}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The route configuration of the listener with a number.
fn routes(config: &Value, listener: usize) -> &Value {
    let path = format!(
        "/static_resources/listeners/{listener}/filter_chains/0/filters/0/typed_config/route_config"
    );
    config.pointer(&path).unwrap()
}

fn names(config: &Value, list: &str) -> Vec<String> {
    let items = config["static_resources"][list].as_array().unwrap();
    items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_gateway_has_the_listener_of_its_port() {
    let config = printed(&["scenarios/custom-ingress-50-50.yaml", "--proxy", GATEWAY]);
    assert_eq!(names(&config, "listeners"), ["http.80"]);
    let address = json!({"socket_address": {"address": "127.0.0.1", "port_value": 80}});
    assert_eq!(config["static_resources"]["listeners"][0]["address"], address);
    let text = routes(&config, 0).to_string();
    assert!(text.contains(r#""weight":50"#), "{text}");
    for cluster in names(&config, "clusters") {
        assert!(text.contains(&format!(r#""{cluster}""#)), "{cluster} in {text}");
    }
}

#[test]
fn mesh_files_need_no_scenario() {
    let paths = ["scenarios/mesh/bookinfo-*.yaml"];
    let config = printed(&[paths[0], "--proxy", "gateway istio-system/istio-ingressgateway:80"]);
    assert_eq!(routes(&config, 0)["name"], "http.80");
}

#[test]
fn a_workload_has_a_listener_for_each_port_of_its_services() {
    let scenario = "scenarios/custom-sidecar-50-50.yaml";
    let all = printed(&[scenario, "--proxy", "workload default/mocka-v1"]);
    let listeners = names(&all, "listeners");
    assert!(listeners.contains(&"8000".to_owned()), "{listeners:?}");
    let options = ["--port", "8000", "--pick-header", "x-pick", "--address", "0.0.0.0"];
    let head = [scenario, "--proxy", "workload default/mocka-v1"];
    let one = printed(&[&head[..], &options[..]].concat());
    assert_eq!(names(&one, "listeners"), ["8000"]);
    let listener = &one["static_resources"]["listeners"][0];
    assert_eq!(listener["address"]["socket_address"]["address"], "0.0.0.0");
    assert!(routes(&one, 0).to_string().contains(r#""header_name":"x-pick""#));
}

#[test]
fn a_waypoint_has_the_table_of_a_service() {
    let scenario = "scenarios/waypoint-90-10.yaml";
    let proxy = "waypoint default/waypoint";
    let config = printed(&[scenario, "--proxy", proxy, "--host", "reviews"]);
    let name = routes(&config, 0)["name"].as_str().unwrap();
    assert!(name.starts_with("inbound-vip|") && name.contains("reviews"), "{name}");
}

#[test]
fn yaml_says_the_same_as_json() {
    for (path, proxy) in [
        ("scenarios/strict-lanes-fallback.yaml", GATEWAY),
        ("scenarios/permissive-lanes-header.yaml", "workload default/mocka-v1"),
    ] {
        let config = printed(&[path, "--proxy", proxy]);
        let output = envoy(&[path, "--proxy", proxy, "--format", "yaml"]);
        let text = String::from_utf8(output.stdout).unwrap();
        let (mut sources, mut problems) = (Sources::new(), Diagnostics::new());
        let source = sources.add("yaml", text.as_str());
        let nodes = yaml::parse(source, &text, &mut problems);
        assert!(problems.is_empty(), "{}", problems.render(&sources));
        assert_eq!(nodes.iter().map(value).collect::<Vec<_>>(), [config]);
    }
}

fn value(node: &Node) -> Value {
    match &node.value {
        Yaml::Null => Value::Null,
        Yaml::Bool(value, _) => json!(value),
        Yaml::Integer(value, _) => json!(i64::try_from(*value).unwrap()),
        Yaml::Float(value, _) => json!(value),
        Yaml::Text(text) => json!(text),
        Yaml::Sequence(items) => items.iter().map(value).collect(),
        Yaml::Mapping(entries) => Value::Object(
            entries.iter().map(|(key, node)| (key.name.clone(), value(node))).collect(),
        ),
    }
}

#[test]
fn what_cannot_be_printed_is_said_and_nothing_else_is() {
    let scenario = "scenarios/custom-ingress-50-50.yaml";
    let ambient = "scenarios/waypoint-90-10.yaml";
    for (arguments, expected) in [
        (&[scenario, "--proxy", "gateway default/nobody:80"][..], "there is no gateway"),
        (&[scenario, "--proxy", "gateway istio-system/istio-ingressgateway:81"], "port 81"),
        (&[scenario, "--proxy", "sleep"], "no entry point"),
        (&["no-such.yaml", "--proxy", GATEWAY], "no-such.yaml"),
        (&[scenario, "--proxy", "workload default/mocka-v1", "--port", "9"], "no port"),
        (&[scenario, "--proxy", "workload default/mocka-v1", "--host", "x"], "no service `x`"),
        (&[ambient, "--proxy", "workload default/productpage-v1"], "no sidecar"),
        (&[scenario], "--proxy"),
    ] {
        let output = envoy(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?} {error}");
        assert!(error.contains(expected), "{arguments:?} {error}");
        assert_eq!(output.stdout, b"", "{arguments:?}");
    }
}
