//! A case file.

use std::collections::BTreeMap;
use std::path::Path;

use super::json;
use lanecast::config::decode::Decode;
use lanecast::config::node::{Node, Value as Yaml};
use lanecast::config::resources::Loader;
use lanecast::config::yaml;
use lanecast::control_plane::{self, Mesh, MeshConfig, Proxy, ProxyKind};
use lanecast::diagnostic::{Diagnostics, Sources};
use serde_json::Value;

/// A mesh, some callers, some requests, and the recorded answers.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) rules: Vec<String>,
    pub(crate) refused: Vec<String>,
    pub(crate) mesh: String,
    pub(crate) proxies: Vec<(String, Proxy)>,
    pub(crate) requests: Vec<Request>,
    pub(crate) clusters: Vec<(String, Vec<(String, Value)>)>,
}

/// A request and its answer.
pub(crate) struct Request {
    pub(crate) id: String,
    pub(crate) proxy: String,
    pub(crate) port: u32,
    pub(crate) host: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) scheme: String,
    pub(crate) address: Option<String>,
    pub(crate) expect: Value,
}

/// The mesh of a case, as the control plane takes it.
pub(crate) struct Loaded {
    pub(crate) mesh: Mesh,
    pub(crate) refused: Vec<String>,
    pub(crate) messages: String,
}

impl Case {
    pub(crate) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let mut sources = Sources::new();
        let source = sources.add(path.display().to_string(), text.as_str());
        let mut problems = Diagnostics::new();
        let nodes = yaml::parse(source, &text, &mut problems);
        assert!(problems.is_empty(), "{}", problems.render(&sources));
        let node = &nodes[0];
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        Self {
            name,
            rules: texts(node.get("rules")),
            refused: texts(node.get("refused")),
            mesh: text_of(node, "mesh"),
            proxies: items(node.get("proxies")).iter().map(proxy).collect(),
            requests: items(node.get("requests")).iter().map(request).collect(),
            clusters: node.get("clusters").map(clusters).unwrap_or_default(),
        }
    }

    pub(crate) fn load(&self) -> Loaded {
        let mut sources = Sources::new();
        let mut problems = Diagnostics::new();
        let mut loader = Loader::new(&mut sources, &mut problems, "default");
        loader.read(&self.name, &self.mesh);
        let mut resources = loader.finish();
        let config = MeshConfig::default();
        control_plane::validation::check(&mut resources, &config, &mut problems);
        let mut refused: Vec<String> =
            resources.refused.iter().map(|(kind, name, _)| format!("{kind} {name}")).collect();
        refused.sort();
        let mesh = Mesh::build(&resources, config, &mut problems);
        problems.sort();
        Loaded { mesh, refused, messages: problems.render(&sources) }
    }
}

fn text_of(node: &Node, key: &str) -> String {
    node.get(key).and_then(Node::text).unwrap_or_default().to_owned()
}

fn items(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.value) {
        Some(Yaml::Sequence(items)) => items,
        _ => &[],
    }
}

fn texts(node: Option<&Node>) -> Vec<String> {
    let mut texts: Vec<String> =
        items(node).iter().filter_map(Node::text).map(str::to_owned).collect();
    texts.sort();
    texts
}

fn proxy(node: &Node) -> (String, Proxy) {
    let kind = match node.get("kind").and_then(Node::text) {
        Some("sidecar") => ProxyKind::Sidecar,
        Some("gateway") => ProxyKind::Gateway,
        Some("waypoint") => ProxyKind::Waypoint,
        other => panic!("unknown kind of proxy {other:?}"),
    };
    let labels = node.get("labels").map_or_else(BTreeMap::new, |labels| {
        BTreeMap::decode(labels, &mut Diagnostics::new()).unwrap()
    });
    (text_of(node, "id"), Proxy::new(kind, &text_of(node, "namespace"), labels))
}

fn request(node: &Node) -> Request {
    let or =
        |key: &str, default: &str| node.get(key).and_then(Node::text).unwrap_or(default).to_owned();
    let pair = |pair: &Node| match items(Some(pair)) {
        [name, value] => (name.text().unwrap().to_owned(), value.text().unwrap().to_owned()),
        _ => panic!("a header is a pair"),
    };
    let mut expect = json::of(node.get("expect").unwrap());
    normalise(&mut expect);
    Request {
        id: text_of(node, "id"),
        proxy: text_of(node, "proxy"),
        port: u32::decode(node.get("port").unwrap(), &mut Diagnostics::new()).unwrap(),
        host: text_of(node, "host"),
        method: or("method", "GET"),
        path: or("path", "/"),
        headers: items(node.get("headers")).iter().map(pair).collect(),
        scheme: or("scheme", "http"),
        address: node.get("address").and_then(Node::text).map(str::to_owned),
        expect,
    }
}

/// Sorts header lists wherever they stand.
pub(crate) fn normalise(expect: &mut Value) {
    json::sort_list(expect, "response_headers");
    if let Some(answer) = expect.pointer_mut("/fault/abort/answer") {
        json::sort_list(answer, "response_headers");
    }
    if let Some(legs) = expect.get_mut("legs").and_then(Value::as_array_mut) {
        for leg in legs {
            json::sort_list(leg, "headers");
            json::sort_list(leg, "response_headers");
        }
    }
}

fn clusters(node: &Node) -> Vec<(String, Vec<(String, Value)>)> {
    let mut out = Vec::new();
    for (proxy, clusters) in node.entries().unwrap_or_default() {
        let mut list = Vec::new();
        for (name, facts) in clusters.entries().unwrap_or_default() {
            let mut facts = json::of(facts);
            json::sort_list(&mut facts, "endpoints");
            if let Some(groups) = facts.get_mut("endpoints").and_then(Value::as_array_mut) {
                for group in groups {
                    json::sort_list(group, "endpoints");
                }
            }
            list.push((name.name.clone(), facts));
        }
        out.push((proxy.name.clone(), list));
    }
    out
}
