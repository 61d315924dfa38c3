//! The topology file: what the applications do. Who calls whom, how often, with which headers.
//!
//! Mirrors the file; names, versions and calls are resolved in `topology`.

use std::collections::BTreeMap;

use super::app::AppFile;
use super::decode::{Decode, Fields, Located, Map, entries, record, wrong_type};
use super::node::{Node, Value};
use crate::diagnostic::{Diagnostic, Diagnostics, Place};
use crate::units::Share;

record! {
    /// A topology file.
    pub struct TopologyFile("topology") {
        /// Name for reports.
        "name" => name: Option<Located<String>>,
        /// Namespace of the services that the mesh files do not define.
        "namespace" => namespace: Option<Located<String>>,
        /// Where the traces of a report begin, see [`TraceFocus`].
        "trace" => trace: Option<TraceFocus>,
        /// The services by name.
        "services" => services: Map<ServiceFile>,
        /// Workloads that only send requests, such as `sleep`, with their labels.
        "clients" => clients: Map<Option<ClientFile>>,
    }
}

record! {
    /// Which part of a call tree a trace shows.
    pub struct TraceFocus("trace") {
        /// The services whose calls a trace shows; what leads there is left out.
        "from" => from: Option<Located<String>>,
    }
}

record! {
    /// A workload that only sends requests.
    pub struct ClientFile("client") {
        /// Labels of its pods; `app: <name>` if absent.
        "labels" => labels: Option<BTreeMap<String, String>>,
    }
}

record! {
    /// A service of the topology.
    pub struct ServiceFile("service of a topology") {
        /// Port of the service and its pods.
        "port" => port: Option<Located<u32>>,
        /// Labels that tell its pods; `app: <name>` if absent.
        "selector" => selector: Option<BTreeMap<String, String>>,
        /// Further labels of its pods; `${version}` is the name of the version.
        "labels" => labels: BTreeMap<String, String>,
        /// The versions: a list of names, or a map.
        "versions" => versions: Versions,
        /// Headers of the request that the app passes on to its own calls; `x-b3-*` is a prefix.
        "forwards" => forwards: Vec<Located<String>>,
        /// Headers that the app derives from cookies: header name to cookie name.
        "fromCookie" => from_cookie: Map<Located<String>>,
        /// What the app does on every path that `paths` does not name.
        "calls" => calls: Option<Vec<CallFile>>,
        /// What the app does on single paths, first match.
        "paths" => paths: Vec<PathFile>,
        /// The answer on paths that nothing names, if `paths` are given without `calls`.
        "otherwise" => otherwise: Option<Located<u16>>,
        /// The share of requests that the app answers with 503 by itself.
        "errorRate" => error_rate: Option<Located<Share>>,
        /// How its pods serve requests in time.
        "time" => time: Option<AppFile>,
    }
}

record! {
    /// A version of a service; what it does not state is as in the service.
    pub struct VersionFile("version of a service") {
        /// Pods.
        "replicas" => replicas: Option<Located<u32>>,
        /// Further labels of its pods.
        "labels" => labels: BTreeMap<String, String>,
        /// Other calls than those of the service.
        "calls" => calls: Option<Vec<CallFile>>,
        /// Other paths than those of the service.
        "paths" => paths: Option<Vec<PathFile>>,
        /// Another error rate.
        "errorRate" => error_rate: Option<Located<Share>>,
        /// What its pods do otherwise in time.
        "time" => time: Option<AppFile>,
    }
}

record! {
    /// What an app does on a path.
    pub struct PathFile("path of a service") {
        /// The whole path; a segment `{...}` stands for any one segment.
        "path" => path: Option<Located<String>>,
        /// Or a prefix.
        "prefix" => prefix: Option<Located<String>>,
        /// Its answer if no call decides otherwise; 200 if absent.
        "status" => status: Option<Located<u16>>,
        /// Its calls.
        "calls" => calls: Vec<CallFile>,
    }
}

/// The versions of a service in written order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Versions(pub Vec<(Located<String>, Option<VersionFile>)>);

/// One step of an app: a call, or several at once.
#[derive(Clone, Debug, PartialEq)]
pub enum CallFile {
    /// `GET http://mockb:8000/`.
    Short(Located<String>),
    /// A call with settings.
    Long(Box<LongCall>),
    /// Calls that start together.
    Parallel(Place, Vec<CallFile>),
}

record! {
    /// A call with settings.
    pub struct LongCall("call") {
        /// `GET http://mockb:8000/`.
        "to" => to: Option<Located<String>>,
        /// How often the app tries, the first time included.
        "attempts" => attempts: Option<Located<u32>>,
        /// After which answers it tries again.
        "retryOn" => retry_on: Option<Located<String>>,
        /// What it does when the last try fails: `ignore`, `fail`, or the status that it answers.
        "onFailure" => on_failure: Option<FailureFile>,
        /// The share of requests for which the call is made.
        "probability" => probability: Option<Located<Share>>,
        /// Headers that the app sets on the call.
        "headers" => headers: Map<String>,
    }
}

/// What an app does when a call fails.
#[derive(Clone, Debug, PartialEq)]
pub enum FailureFile {
    /// A word.
    Word(Located<String>),
    /// A status.
    Status(Located<u16>),
}

impl Decode for Versions {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        if let Value::Sequence(items) = &node.value {
            let names = items.iter().filter_map(|item| Located::decode(item, problems));
            return Some(Self(names.map(|name| (name, None)).collect()));
        }
        entries::<Option<VersionFile>>(node, problems).map(Self)
    }
}

impl Decode for CallFile {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Text(text) => {
                Some(Self::Short(Located { value: text.clone(), place: node.place }))
            }
            Value::Mapping(_) if node.get("parallel").is_some() => {
                let mut fields = Fields::open("call", node, problems)?;
                let calls = fields.take("parallel", problems);
                fields.finish(&[], problems);
                Some(Self::Parallel(node.place, calls))
            }
            Value::Mapping(_) => {
                LongCall::decode(node, problems).map(|call| Self::Long(Box::new(call)))
            }
            _ => {
                wrong_type(node, "a call such as GET http://ratings:9080/", problems);
                None
            }
        }
    }
}

impl Decode for FailureFile {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Integer(..) => Located::decode(node, problems).map(Self::Status),
            _ => Located::decode(node, problems).map(Self::Word),
        }
    }
}

impl Decode for Share {
    /// Reads `60%`, `0.6`, `3/5` or a bare number; nothing is rounded.
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let (Value::Text(text) | Value::Integer(_, text) | Value::Float(_, text)) = &node.value
        else {
            wrong_type(node, "a share such as 60%, 0.6 or 3/5", problems);
            return None;
        };
        let share = text.parse().ok();
        if share.is_none() {
            let message = format!("`{text}` is no share such as 60%, 0.6 or 3/5");
            problems.push(Diagnostic::error("invalid-share", node.place, message));
        }
        share
    }
}
