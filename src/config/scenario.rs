//! The scenario file: which mesh, which applications, which traffic, what is expected.
//!
//! Mirrors the file; everything it names is looked up in `scenario`.

mod rollout;
mod time;

use std::collections::BTreeMap;

use super::app::AppFile;
use super::decode::{Decode, Located, Map, record, words, wrong_type};
use super::node::{Node, Value};
use crate::diagnostic::Diagnostics;
use crate::units::{Nanos, Rate, Share};

pub use rollout::{ChecksFile, RolloutFile, RolloutStep, StepFile};
pub use time::{
    ArrivalsFile, BurstFile, EnvoyFile, Factor, NetworkFile, ProcessWord, RampFile, RateChange,
    RateStepFile, Release, TimelineFile,
};

record! {
    /// A scenario file.
    pub struct ScenarioFile("scenario") {
        /// Title for reports; the file name if absent.
        "title" => title: Option<Located<String>>,
        /// Files, folders and globs of the mesh, relative to the scenario file.
        "mesh" => mesh: OneOrMany,
        /// Namespace of objects that do not state one, as with `kubectl apply -n`.
        "namespace" => namespace: Option<Located<String>>,
        /// What the applications do.
        "topology" => topology: Option<TopologyChoice>,
        /// What-if on replicas: workload name (or `namespace/name`) to pods.
        "scale" => scale: Map<Located<u32>>,
        /// Mesh-wide options of Istio, as in the ConfigMap `istio`.
        "meshConfig" => mesh_config: Option<MeshConfigNode>,
        /// What generated lane rules do with requests that carry no lane.
        "untagged" => untagged: Option<UntaggedWord>,
        /// What a lane is.
        "lane" => lane: Option<LaneChoice>,
        /// Where the traces of the report begin.
        "trace" => trace: Option<super::topology::TraceFocus>,
        /// The traffic.
        "traffic" => traffic: Vec<TrafficClass>,
        /// How many requests.
        "requests" => requests: Option<Located<Count>>,
        /// The seed of all randomness.
        "seed" => seed: Option<Located<u64>>,
        /// What must come out.
        "expect" => expect: Vec<Expectation>,
        /// Significance level of all tests together.
        "alpha" => alpha: Option<Located<Share>>,
        /// The share error that matters in practice.
        "tolerance" => tolerance: Option<Located<Share>>,
        /// How long a run in time lasts, instead of a number of requests.
        "duration" => duration: Option<Located<Nanos>>,
        /// Time from the start that statistics leave out.
        "warmUp" => warm_up: Option<Located<Nanos>>,
        /// Length of the buckets of series over time.
        "interval" => interval: Option<Located<Nanos>>,
        /// Independent runs in time.
        "replications" => replications: Option<Located<u32>>,
        /// The rate of all traffic, divided by the shares of the classes.
        "rate" => rate: Option<Located<Rate>>,
        /// How applications serve requests, by service, `service@version` or workload.
        "apps" => apps: Map<AppFile>,
        /// Delays of the network.
        "network" => network: Option<NetworkFile>,
        /// What happens when.
        "timeline" => timeline: Vec<TimelineFile>,
        /// A step-by-step change of weights.
        "rollout" => rollout: Option<RolloutFile>,
        /// The proxies.
        "envoy" => envoy: Option<EnvoyFile>,
    }
}

record! {
    /// A class of requests.
    pub struct TrafficClass("traffic class") {
        /// Name.
        "class" => class: Option<Located<String>>,
        /// Its part of the traffic, relative to the other classes.
        "share" => share: Option<Located<Share>>,
        /// Where its requests enter: `gateway NS/NAME:PORT` or `workload NS/NAME`.
        "from" => from: Option<Located<String>>,
        /// The request.
        "request" => request: Option<RequestFile>,
        /// Its lane, instead of the one that the lane header or the entry hop says.
        "lane" => lane: Option<String>,
        /// Its own rate, arriving independently.
        "rate" => rate: Option<Located<Rate>>,
        /// Its arrivals over time.
        "arrivals" => arrivals: Option<ArrivalsFile>,
    }
}

record! {
    /// A request as its client sends it.
    pub struct RequestFile("request") {
        /// `http://host:port/path`, instead of `host`, `path` and `scheme`.
        "url" => url: Option<Located<String>>,
        /// Host header.
        "host" => host: Option<Located<String>>,
        /// Path with query.
        "path" => path: Option<Located<String>>,
        /// Method.
        "method" => method: Option<Located<String>>,
        /// `http` or `https`.
        "scheme" => scheme: Option<Located<String>>,
        /// Headers; `${unique}` is another value for every request.
        "headers" => headers: Map<HeaderValues>,
        /// Who is signed in: sent as the cookie that the entry app reads.
        "signedIn" => signed_in: Option<Located<String>>,
        /// Claims of a validated token.
        "claims" => claims: BTreeMap<String, String>,
    }
}

record! {
    /// What a lane is.
    pub struct LaneChoice("lane") {
        /// The header that names the lane on the request that the entry proxy sends on.
        "header" => header: Option<Located<String>>,
    }
}

words! {
    /// What generated lane rules do with requests that carry no lane (asm-lanes 2.7).
    pub enum UntaggedWord("choice for untagged requests") {
        /// All pods of the service.
        "any" => Any,
        /// The baseline lane.
        "baseline" => Baseline,
        /// 404.
        "reject" => Reject,
    }
}

/// Which topology, and what differs from it.
#[derive(Clone, Debug, PartialEq)]
pub enum TopologyChoice {
    /// A built-in or a file.
    Name(Located<String>),
    /// With changes.
    Changed(Box<TopologyChanges>),
}

record! {
    /// A topology with changes.
    pub struct TopologyChanges("topology") {
        /// A built-in or a file.
        "use" => base: Option<Located<String>>,
        /// Namespace of services that the mesh files do not define.
        "namespace" => namespace: Option<Located<String>>,
        /// Only these services; calls to others are left out.
        "services" => services: Option<Vec<Located<String>>>,
        /// Other versions, by service.
        "versions" => versions: Map<super::topology::Versions>,
        /// Headers that every app passes on, beyond those of the topology.
        "forwards" => forwards: Vec<Located<String>>,
    }
}

/// A text or a list of texts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OneOrMany(pub Vec<Located<String>>);

/// The values of a header: one line, or one line each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeaderValues(pub Vec<String>);

/// A whole number that may be written with `_` between digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count(pub u64);

/// A trace; one that is a status alone may stand without quotes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceText(pub String);

/// The mesh config as it stands; `control_plane::MeshConfig` reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct MeshConfigNode(pub Node);

record! {
    /// One expectation: a subject, and what must hold for it.
    pub struct Expectation("expectation") {
        /// A trace, `mocka@v2 > mockb@v1`.
        "trace" => trace: Option<Located<TraceText>>,
        /// Pods that serve calls to a service: `reviews@v2`.
        "served" => served: Option<Located<String>>,
        /// Calls to a service, per request.
        "calls" => calls: Option<CallsFile>,
        /// Fallbacks.
        "fallbacks" => fallbacks: Option<FallbacksFile>,
        /// A lane.
        "lane" => lane: Option<Located<String>>,
        /// Answers by proxies: a response flag such as `UH`, or `any`.
        "errors" => errors: Option<Located<String>>,
        /// The status that clients get.
        "status" => status: Option<Located<u16>>,
        /// Hops that left their lane without a fallback to explain it: their number.
        "strays" => strays: Option<Located<Count>>,
        /// Whether all counts must fit their weights.
        "fit" => fit: Option<Located<bool>>,
        /// Latencies, in time.
        "latency" => latency: Option<LatencyFile>,
        /// Retry amplification, in time.
        "amplification" => amplification: Option<AmplificationFile>,
        /// Ejections, in time.
        "ejections" => ejections: Option<EjectionsFile>,
        /// Only requests of this class.
        "class" => class: Option<Located<String>>,
        /// The expected share.
        "share" => share: Option<Located<Share>>,
        /// How far the share may be off; the scenario's tolerance if absent.
        "tolerance" => tolerance: Option<Located<Share>>,
    }
}

record! {
    /// Latencies of a class, in time.
    pub struct LatencyFile("latency expectation") {
        /// The class; all classes if absent.
        "class" => class: Option<Located<String>>,
        /// The median is at most this.
        "p50" => p50: Option<Located<Nanos>>,
        /// The 90th percentile is at most this.
        "p90" => p90: Option<Located<Nanos>>,
        /// The 95th percentile is at most this.
        "p95" => p95: Option<Located<Nanos>>,
        /// The 99th percentile is at most this.
        "p99" => p99: Option<Located<Nanos>>,
    }
}

record! {
    /// Attempts that reach a service per request that is meant for it, in time.
    pub struct AmplificationFile("amplification expectation") {
        /// The service.
        "service" => service: Option<Located<String>>,
        /// At least this.
        "atLeast" => at_least: Option<Located<Share>>,
        /// At most this.
        "atMost" => at_most: Option<Located<Share>>,
    }
}

record! {
    /// Ejections by outlier detection, in time.
    pub struct EjectionsFile("ejections expectation") {
        /// The pod, or the beginning of the names of several; all pods if absent.
        "pod" => pod: Option<Located<String>>,
        /// At least this many per run.
        "atLeast" => at_least: Option<Located<Share>>,
        /// At most this many per run.
        "atMost" => at_most: Option<Located<Share>>,
    }
}

record! {
    /// Calls to a service.
    pub struct CallsFile("calls expectation") {
        /// The service.
        "service" => service: Option<Located<String>>,
        /// How many per request.
        "perRequest" => per_request: Option<Located<Share>>,
        /// Only requests of this class.
        "class" => class: Option<Located<String>>,
    }
}

record! {
    /// Fallbacks at calls to a service.
    pub struct FallbacksFile("fallbacks expectation") {
        /// The service.
        "service" => service: Option<Located<String>>,
        /// Only requests of this class.
        "class" => class: Option<Located<String>>,
        /// The expected share of requests.
        "share" => share: Option<Located<Share>>,
        /// How far the share may be off.
        "tolerance" => tolerance: Option<Located<Share>>,
    }
}

impl Decode for OneOrMany {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Text(_) => Some(Self(vec![Located::decode(node, problems)?])),
            _ => Vec::decode(node, problems).map(Self),
        }
    }
}

impl Decode for HeaderValues {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Sequence(_) => Vec::decode(node, problems).map(Self),
            _ => Some(Self(vec![String::decode(node, problems)?])),
        }
    }
}

impl Decode for Count {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        if let Value::Text(text) = &node.value {
            let digits = text.replace('_', "");
            if digits.bytes().all(|byte| byte.is_ascii_digit())
                && !text.starts_with('_')
                && let Ok(number) = digits.parse()
            {
                return Some(Self(number));
            }
        }
        u64::decode(node, problems).map(Self)
    }
}

impl Decode for TraceText {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Integer(_, text) => Some(Self(text.clone())),
            _ => String::decode(node, problems).map(Self),
        }
    }
}

impl Decode for MeshConfigNode {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        if node.entries().is_none() {
            wrong_type(node, "a map (meshConfig)", problems);
            return None;
        }
        Some(Self(node.clone()))
    }
}

impl Decode for TopologyChoice {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Text(_) => Located::decode(node, problems).map(Self::Name),
            _ => TopologyChanges::decode(node, problems).map(|it| Self::Changed(Box::new(it))),
        }
    }
}

// === Changes from the command line ===

/// Why a `path=value` cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidChange {
    /// There is no `=`, or nothing before it.
    Syntax,
    /// A step leads into something that is neither a map nor a list.
    NoMap(String),
    /// A list has no such entry; or the step is no number.
    NoEntry(String),
}

/// Replaces one value of a scenario: `path` is a list of keys and list indexes joined with dots, such as
/// `scale.mockb-v2` or `traffic.0.request.headers.env`; an entry of a list may also be named by its class.
/// Missing keys are added.
///
/// # Errors
/// The step of the path that leads nowhere.
pub fn change(root: &mut Node, path: &str, value: Node) -> Result<(), InvalidChange> {
    let mut steps: Vec<&str> = path.split('.').collect();
    let Some(last) = steps.pop().filter(|step| !step.is_empty()) else {
        return Err(InvalidChange::Syntax);
    };
    let mut at = root;
    for step in steps {
        at = descend(at, step, value.place)?;
    }
    let target = descend(at, last, value.place)?;
    *target = value;
    Ok(())
}

/// The entry of a map or list; a key that is not there is added.
fn descend<'n>(
    node: &'n mut Node,
    step: &str,
    place: crate::diagnostic::Place,
) -> Result<&'n mut Node, InvalidChange> {
    if node.value == Value::Null {
        node.value = Value::Mapping(Vec::new());
    }
    match &mut node.value {
        Value::Mapping(entries) => {
            let index = entries.iter().position(|(key, _)| key.name == step);
            let index = index.unwrap_or_else(|| {
                let key = super::node::Key { name: step.to_owned(), place };
                entries.push((key, Node { value: Value::Null, place }));
                entries.len() - 1
            });
            Ok(&mut entries[index].1)
        }
        Value::Sequence(items) => {
            let named = |item: &Node| item.get("class").and_then(Node::text) == Some(step);
            let index = items.iter().position(named).or_else(|| step.parse().ok());
            let index = index.filter(|index| *index < items.len());
            match index {
                Some(index) => Ok(&mut items[index]),
                None => Err(InvalidChange::NoEntry(step.to_owned())),
            }
        }
        _ => Err(InvalidChange::NoMap(step.to_owned())),
    }
}

impl std::fmt::Display for InvalidChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Syntax => write!(f, "a change is written as path=value, e.g. scale.mockb-v2=0"),
            Self::NoMap(step) => write!(f, "`{step}` leads into a value that has no parts"),
            Self::NoEntry(step) => {
                write!(f, "the list has no entry `{step}`; entries count from 0")
            }
        }
    }
}
