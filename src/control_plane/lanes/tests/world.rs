//! A mesh with lanes, and a walk of a request through it that follows every split.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::{LaneGroup, Memory, Propagation, Untagged, expand};
use crate::config::resources::{Loader, Resources};
use crate::control_plane::{Connection, Handling, Mesh, MeshConfig, Proxy, ProxyKind, ProxyView};
use crate::data_plane::{Forward, HeaderMap, Request, Route, resolve_label, router};
use crate::diagnostic::{Diagnostics, Sources};
use num_rational::Ratio;

/// The applications: each calls the next one.
pub(super) const CHAIN: [&str; 3] = ["mocka", "mockb", "mockc"];

/// Everything that a load gives.
pub(super) struct World {
    pub(super) resources: Resources,
    pub(super) groups: Vec<LaneGroup>,
    pub(super) tags: Propagation,
    /// All problems as they are printed.
    pub(super) messages: String,
    pub(super) mesh: Mesh,
}

/// Who sends a request, and which headers applications pass on.
pub(super) struct Caller<'c> {
    pub(super) proxy: Proxy,
    pub(super) forwards: &'c [&'c str],
}

/// A request on its way.
struct Step<'w> {
    forwards: &'w [&'w str],
    share: Ratio<u64>,
    trace: String,
    found: &'w mut BTreeMap<String, Ratio<u64>>,
}

/// The Services of the chain, a gateway, and one pod of each named version: `("mocka", "v1 v2")`.
pub(super) fn chain_of(versions: &[(&str, &str)]) -> String {
    let mut text = String::from(
        "{apiVersion: networking.istio.io/v1, kind: Gateway,\n\
         \x20metadata: {name: ingressgateway, namespace: istio-system},\n\
         \x20spec: {selector: {istio: ingressgateway},\n\
         \x20 servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}}\n",
    );
    for service in CHAIN {
        let _ = write!(
            text,
            "---\n{{apiVersion: v1, kind: Service, metadata: {{name: {service}}},\n\
             \x20spec: {{ports: [{{name: http, port: 8000}}], selector: {{app: {service}}}}}}}\n"
        );
    }
    for (service, versions) in versions {
        for version in versions.split_whitespace() {
            let _ = write!(
                text,
                "---\n{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: {service}-{version}}},\n\
                 \x20spec: {{template: {{metadata: {{labels: \
                 {{app: {service}, version: {version}, ASM_TRAFFIC_TAG: {version}}}}}}}}}}}\n"
            );
        }
    }
    text
}

/// A group `test` over the chain; `spec` is added to it.
pub(super) fn group(spec: &str) -> String {
    let services = CHAIN.map(|name| format!("{{name: {name}, namespace: default}}")).join(", ");
    format!(
        "---\napiVersion: istio.alibabacloud.com/v1\nkind: ASMSwimLaneGroup\nmetadata:\n  name: test\n\
         spec:\n  services: [{services}]\n{spec}"
    )
}

/// A lane of the group; `spec` is added to its selector of one version.
pub(super) fn lane(name: &str, version: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: istio.alibabacloud.com/v1\nkind: ASMSwimLane\nmetadata:\n  name: {name}\n  \
         labels: {{swimlane-group: test}}\nspec:\n  labelSelector: {{ASM_TRAFFIC_TAG: {version}}}\n{spec}"
    )
}

// === impl Caller ===

impl<'c> Caller<'c> {
    /// A client outside of the mesh.
    pub(super) fn outside(forwards: &'c [&'c str]) -> Self {
        let labels = BTreeMap::from([("istio".to_owned(), "ingressgateway".to_owned())]);
        Self { proxy: Proxy::new(ProxyKind::Gateway, "istio-system", labels), forwards }
    }

    /// A pod of the mesh, with the label `app`.
    pub(super) fn inside(app: &str, forwards: &'c [&'c str]) -> Self {
        let labels = BTreeMap::from([("app".to_owned(), app.to_owned())]);
        Self { proxy: Proxy::new(ProxyKind::Sidecar, "default", labels), forwards }
    }
}

// === impl World ===

impl World {
    pub(super) fn load(text: &str) -> Self {
        Self::load_with(text, Untagged::default())
    }

    pub(super) fn load_with(text: &str, untagged: Untagged) -> Self {
        let mut sources = Sources::new();
        let mut problems = Diagnostics::new();
        let mut loader = Loader::new(&mut sources, &mut problems, "default");
        loader.read("t.yaml", text);
        let mut resources = loader.finish();
        let config = MeshConfig::default();
        let groups = expand(&mut resources, &config, untagged, &mut problems);
        let tags = Propagation::read(&resources, &groups, &mut problems);
        let mesh = Mesh::build(&resources, config, &mut problems);
        problems.sort();
        let messages = problems.render(&sources);
        Self { resources, groups, tags, messages, mesh }
    }

    /// Loads a text that has no problems.
    pub(super) fn clean(text: &str) -> Self {
        let world = Self::load(text);
        assert_eq!(world.messages, "");
        world
    }

    /// Returns `SHARE TRACE` for every way of a request; `*` marks what was reached by a fallback.
    pub(super) fn traces(
        &self,
        caller: &Caller<'_>,
        url: &str,
        headers: &[(&str, &str)],
    ) -> Vec<String> {
        let (authority, path) = url.split_at(url.find('/').unwrap_or(url.len()));
        let mut request = Request::get(authority, path);
        request.headers = HeaderMap::decode(headers.iter().copied());
        let mut found = BTreeMap::new();
        let mut step = Step {
            forwards: caller.forwards,
            share: Ratio::from_integer(1),
            trace: String::new(),
            found: &mut found,
        };
        self.send(&caller.proxy, &Memory::default(), request, &mut step);
        found.into_iter().map(|(trace, share)| format!("{share} {trace}")).collect()
    }

    /// Asserts the ways of a request.
    pub(super) fn expect(
        &self,
        caller: &Caller<'_>,
        url: &str,
        headers: &[(&str, &str)],
        expected: &[&str],
    ) {
        let mut expected = expected.to_vec();
        expected.sort_by_key(|line| line.split_once(' ').map(|(_, trace)| trace));
        assert_eq!(self.traces(caller, url, headers), expected, "{url} {headers:?}");
    }

    fn send(&self, from: &Proxy, memory: &Memory, mut request: Request, step: &mut Step<'_>) {
        let tags = self.tags.for_workload(&from.namespace, &from.labels);
        match from.kind {
            ProxyKind::Gateway => tags.at_gateway(&mut request),
            _ => tags.on_outbound(memory, &mut request),
        }
        let mut view = ProxyView::new(&self.mesh, from.clone());
        let port = request.authority.rsplit_once(':').map_or(80, |(_, port)| port.parse().unwrap());
        let authority = request.authority.clone();
        let connection = Connection { address: None, port, authority: &authority, tls: false };
        let Handling::Http(table, edge) = view.handle(&connection) else {
            panic!("nothing listens for {authority}")
        };
        match router::route(&table, &request, edge, self.mesh.config.path_normalization) {
            (router::Decision::Forward(_, route, forward), Some(received)) => {
                self.split(&mut view, route, forward, &received, step);
            }
            (router::Decision::NoRoute(_), _) => step.end("404"),
            other => panic!("{other:?}"),
        }
    }

    fn split(
        &self,
        view: &mut ProxyView<'_>,
        route: &Route,
        forward: &Forward,
        received: &Request,
        step: &mut Step<'_>,
    ) {
        for (index, destination) in forward.destinations.iter().enumerate() {
            let part = Ratio::new(u64::from(destination.weight), forward.total_weight());
            let sent = forward.forwarded(&route.matcher.path, index, received);
            let mut pods = pods(view, &destination.cluster, received);
            let mut mark = "";
            if let (true, Some(fallback)) = (pods.is_empty(), &destination.fallback) {
                pods = self::pods(view, fallback, received);
                mark = "*";
            }
            let mut step = step.part(part, "");
            if pods.is_empty() {
                step.end("503");
            }
            let each = Ratio::new(1, u64::try_from(pods.len()).unwrap().max(1));
            for pod in pods {
                let pod = &self.mesh.registry.pods[pod];
                let name = format!("{}@{}{mark}", pod.labels["app"], pod.labels["version"]);
                self.deliver(pod, sent.clone(), &mut step.part(each, &name));
            }
        }
    }

    /// The sidecar hands the request to the application, which calls the next one.
    fn deliver(
        &self,
        pod: &crate::control_plane::registry::Pod,
        mut request: Request,
        step: &mut Step<'_>,
    ) {
        let mut memory = Memory::default();
        let tags = self.tags.for_workload(&pod.namespace, &pod.labels);
        tags.on_inbound(&mut memory, &mut request);
        let at = CHAIN.iter().position(|name| *name == pod.labels["app"]).unwrap();
        let Some(next) = CHAIN.get(at + 1) else { return step.finish() };
        let mut call = Request::get(format!("{next}:8000"), "/");
        for name in step.forwards {
            for value in request.headers.values(name) {
                call.headers.append(name, value);
            }
        }
        let from = Proxy::new(ProxyKind::Sidecar, &pod.namespace, pod.labels.clone());
        self.send(&from, &memory, call, step);
    }
}

/// The pods behind a cluster; none if it does not exist.
fn pods(view: &mut ProxyView<'_>, cluster: &str, request: &Request) -> Vec<usize> {
    let name = resolve_label(cluster, request).unwrap_or_else(|| cluster.to_owned());
    let Some(cluster) = view.cluster(&name) else { return Vec::new() };
    cluster.endpoints().map(|endpoint| endpoint.instance.unwrap() as usize).collect()
}

// === impl Step ===

impl Step<'_> {
    /// A part of the requests, which went on to `hop`; an empty one is none.
    fn part(&mut self, part: Ratio<u64>, hop: &str) -> Step<'_> {
        let separator = if self.trace.is_empty() || hop.is_empty() { "" } else { ">" };
        let trace = format!("{}{separator}{hop}", self.trace);
        Step { forwards: self.forwards, share: self.share * part, trace, found: self.found }
    }

    /// The proxy answers.
    fn end(&mut self, status: &str) {
        self.part(Ratio::from_integer(1), status).finish();
    }

    /// The last application answers.
    fn finish(&mut self) {
        *self.found.entry(self.trace.clone()).or_insert_with(|| Ratio::from_integer(0)) +=
            self.share;
    }
}
