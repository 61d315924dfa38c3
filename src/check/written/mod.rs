//! The test file as it is written: meshes, requests, what must come out.

pub mod cases;
pub mod matcher;
pub mod tool;

use crate::config::decode::{Decode, Located, Map, record};
use crate::config::node::{Node, Value};
use crate::config::scenario::{
    HeaderValues, MeshConfigNode, OneOrMany, RequestFile, TopologyChoice, UntaggedWord,
};
use crate::diagnostic::{Diagnostics, Place};
use crate::units::{Nanos, Share};

record! {
    /// A test file.
    pub struct CheckFile("test file") {
        /// Files, folders and globs of the mesh, relative to the test file.
        "mesh" => mesh: OneOrMany,
        /// Namespace of objects that do not state one.
        "namespace" => namespace: Option<Located<String>>,
        /// Mesh-wide options of Istio.
        "meshConfig" => mesh_config: Option<MeshConfigNode>,
        /// Applications whose Services and pods the mesh files leave out.
        "topology" => topology: Option<TopologyChoice>,
        /// What-if on replicas.
        "scale" => scale: Map<Located<u32>>,
        /// What generated lane rules do with requests that carry no lane.
        "untagged" => untagged: Option<UntaggedWord>,
        /// The tests.
        "tests" => tests: Vec<TestEntry>,
    }
}

record! {
    /// One test.
    pub struct TestEntry("test") {
        /// Name for reports.
        "name" => name: Option<Located<String>>,
        /// Where the requests enter: `gateway NS/NAME:PORT`, `workload NS/NAME` or `waypoint NS/NAME`.
        "from" => from: Option<Located<String>>,
        /// The request.
        "request" => request: Option<RequestFile>,
        /// Several requests, all with the same outcome.
        "requests" => requests: Vec<RequestFile>,
        /// What must come out.
        "expect" => expect: Option<ExpectEntry>,
    }
}

record! {
    /// What must come out; at least one field.
    pub struct ExpectEntry("expectation") {
        /// Destinations with their shares of the requests; together they are all of them.
        "destinations" => destinations: Option<DestinationsEntry>,
        /// The status of an answer that a proxy gives itself.
        "status" => status: Option<Located<u16>>,
        /// Envoy's response flag of such an answer.
        "flag" => flag: Option<Located<String>>,
        /// A redirect.
        "redirect" => redirect: Option<RedirectEntry>,
        /// A direct response.
        "directResponse" => direct: Option<DirectEntry>,
        /// Whether the connection finds nobody who takes it.
        "refused" => refused: Option<Located<bool>>,
        /// The path that is sent on.
        "path" => path: Option<Located<String>>,
        /// The Host that is sent on.
        "host" => host: Option<Located<String>>,
        /// Headers of the request that is sent on; `null` must be absent.
        "headers" => headers: HeaderEntries,
        /// Headers of the answer; `null` must be absent.
        "responseHeaders" => response_headers: HeaderEntries,
        /// The rule that takes the request: `ns/name`, `ns/name#route`, `ns/name#0`, or `none`.
        "rule" => rule: Option<Located<String>>,
        /// Envoy's name of the virtual host.
        "virtualHost" => virtual_host: Option<Located<String>>,
        /// Limit of the whole request; `0s` is none.
        "timeout" => timeout: Option<Located<Nanos>>,
        /// Retries.
        "retries" => retries: Option<RetriesEntry>,
        /// Copies, with their shares.
        "mirrors" => mirrors: Option<Map<Located<Share>>>,
        /// Faults.
        "fault" => fault: Option<FaultEntry>,
    }
}

record! {
    /// A destination: its share, and what is sent to it.
    pub struct DestinationEntry("expected destination") {
        /// Its share of the requests.
        "share" => share: Option<Located<Share>>,
        /// The path that is sent there.
        "path" => path: Option<Located<String>>,
        /// The Host that is sent there.
        "host" => host: Option<Located<String>>,
        /// Headers of the request that is sent there.
        "headers" => headers: HeaderEntries,
        /// Headers of the answer that comes from there.
        "responseHeaders" => response_headers: HeaderEntries,
        /// The destination that takes over, because this one cannot serve.
        "servedBy" => served_by: Option<Located<String>>,
    }
}

record! {
    /// A redirect.
    pub struct RedirectEntry("expected redirect") {
        /// The `location` of the answer.
        "location" => location: Option<Located<String>>,
        /// Its status.
        "status" => status: Option<Located<u16>>,
    }
}

record! {
    /// A direct response.
    pub struct DirectEntry("expected direct response") {
        /// Its status.
        "status" => status: Option<Located<u16>>,
        /// Its body.
        "body" => body: Option<Located<String>>,
    }
}

record! {
    /// Retries.
    pub struct RetriesEntry("expected retries") {
        /// How many; 0 is none.
        "attempts" => attempts: Option<Located<u32>>,
        /// Limit of one attempt.
        "perTryTimeout" => per_try_timeout: Option<Located<Nanos>>,
        /// Envoy's conditions, joined with commas.
        "retryOn" => retry_on: Option<Located<String>>,
    }
}

record! {
    /// Faults.
    pub struct FaultEntry("expected fault") {
        /// A delay.
        "delay" => delay: Option<DelayEntry>,
        /// An abort.
        "abort" => abort: Option<AbortEntry>,
    }
}

record! {
    /// A delay.
    pub struct DelayEntry("expected delay") {
        /// How long.
        "fixedDelay" => fixed: Option<Located<Nanos>>,
        /// Share of the requests.
        "share" => share: Option<Located<Share>>,
    }
}

record! {
    /// An abort.
    pub struct AbortEntry("expected abort") {
        /// The status that is answered.
        "httpStatus" => status: Option<Located<u16>>,
        /// Share of the requests.
        "share" => share: Option<Located<Share>>,
    }
}

/// Header names with their values; `None` must be absent.
pub type HeaderEntries = Map<Located<Option<HeaderValues>>>;

/// Expected destinations: one text for all requests, or a map with shares.
#[derive(Clone, Debug, PartialEq)]
pub struct DestinationsEntry {
    /// Where they stand.
    pub place: Place,
    /// The destinations in written order.
    pub list: Vec<(Located<String>, DestinationEntry)>,
}

// === impl DestinationEntry ===

impl DestinationEntry {
    fn of_share(place: Place, share: Share) -> Self {
        Self {
            place,
            share: Some(Located { value: share, place }),
            path: None,
            host: None,
            headers: Map::default(),
            response_headers: Map::default(),
            served_by: None,
        }
    }
}

// === impl DestinationsEntry ===

impl Decode for DestinationsEntry {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let place = node.place;
        if let Value::Text(text) = &node.value {
            let name = Located { value: text.clone(), place };
            return Some(Self {
                place,
                list: vec![(name, DestinationEntry::of_share(place, Share::ONE))],
            });
        }
        let Some(entries) = node.entries() else {
            crate::config::decode::wrong_type(node, "a map of destinations and shares", problems);
            return None;
        };
        let mut list = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let entry = match &value.value {
                Value::Mapping(_) => DestinationEntry::decode(value, problems),
                _ => Share::decode(value, problems)
                    .map(|share| DestinationEntry::of_share(value.place, share)),
            };
            let name = Located { value: key.name.clone(), place: key.place };
            list.extend(entry.map(|entry| (name, entry)));
        }
        Some(Self { place, list })
    }
}
