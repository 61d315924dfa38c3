//! The functions of `valueFrom`: where the value of a label comes from (asm-lanes 2.6).
//!
//! # Model
//! Pages and generated objects disagree on the order of the arguments of `$getExternalInboundRequestHeader`.
//! The trace header is, by the first rule that tells the two apart: the traceHeader of a lane group; the one
//! beside the routeHeader of a lane group; the one whose name speaks of a trace or a request id. Else it is
//! the second one in generated objects and the first one in all others.

use std::collections::{BTreeMap, BTreeSet};

use super::super::group::{LaneGroup, TagCarrier};
use super::{Memory, Restored};
use crate::config::asm::LabelSource;
use crate::config::decode::{Located, closest};
use crate::data_plane::Request;
use crate::diagnostic::{Diagnostic, Diagnostics};

/// The trace header of sidecars where none is named.
const REQUEST_ID: &str = "x-request-id";

/// The label of a pod that names its environment.
const LOCAL_LABEL: &str = "ASM_TRAFFIC_TAG";

/// All functions with the number of their arguments; the last three are of v1beta1.
const FUNCTIONS: [(&str, usize); 7] = [
    ("getInboundRequestHeader", 1),
    ("getExternalInboundRequestHeader", 2),
    ("getLocalOutboundRequestHeader", 1),
    ("getLabel", 1),
    ("localLabel", 0),
    ("getHeader", 1),
    ("getContext", 1),
];

/// Where a value comes from; names of headers are in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The first of these headers that came in with the trace id.
    Remembered {
        /// The trace header.
        context: String,
        /// Headers of the request that came in.
        headers: Vec<String>,
    },
    /// A header as the application sends it.
    Outbound(String),
    /// A label of the pod.
    PodLabel(String),
    /// A value that is known by now.
    Value(String),
}

/// The headers that lane groups use, to tell arguments apart.
#[derive(Clone, Debug, Default)]
pub(super) struct HeaderRoles {
    trace: BTreeSet<String>,
    route: BTreeSet<String>,
}

/// Reads the sources of a label; unknown ones are reported and left out.
pub(super) fn read(
    label: &LabelSource,
    name: &str,
    roles: &HeaderRoles,
    generated: bool,
    problems: &mut Diagnostics,
) -> Vec<Source> {
    let calls: Vec<(&str, Vec<String>)> =
        label.value_from.iter().filter_map(|written| call(written, problems)).collect();
    let headers = calls.iter().filter(|(function, _)| *function == "getHeader");
    // A sidecar of v1beta1 fills its memory with the label itself, or with what the label is made from.
    let mut kept = vec![name.to_owned()];
    kept.extend(headers.flat_map(|(_, names)| names.clone()));
    calls.iter().map(|(function, names)| source(function, names, &kept, roles, generated)).collect()
}

fn source(
    function: &str,
    arguments: &[String],
    kept: &[String],
    roles: &HeaderRoles,
    generated: bool,
) -> Source {
    let remembered = |context: &str, headers: &[String]| Source::Remembered {
        context: context.to_owned(),
        headers: headers.to_vec(),
    };
    match (function, arguments) {
        ("getInboundRequestHeader", [header]) => {
            remembered(REQUEST_ID, std::slice::from_ref(header))
        }
        ("getExternalInboundRequestHeader", [first, second]) => {
            if roles.is_trace_first(first, second, generated) {
                remembered(first, std::slice::from_ref(second))
            } else {
                remembered(second, std::slice::from_ref(first))
            }
        }
        ("getContext", [context]) => remembered(context, kept),
        ("getLocalOutboundRequestHeader" | "getHeader", [header]) => {
            Source::Outbound(header.clone())
        }
        ("getLabel", [label]) => Source::PodLabel(label.clone()),
        _ => Source::PodLabel(LOCAL_LABEL.to_owned()),
    }
}

/// Parses `$name`, `$(name)` or `$name(a, b)`; names of headers become lower-case.
fn call<'w>(
    written: &'w Located<String>,
    problems: &mut Diagnostics,
) -> Option<(&'static str, Vec<String>)> {
    let text = written.value.trim();
    let body = text.strip_prefix('$').unwrap_or_default();
    let bare = body.strip_prefix('(').and_then(|inner| inner.strip_suffix(')'));
    let (name, arguments): (&'w str, &'w str) = match bare {
        Some(name) => (name.trim(), ""),
        None => match body.split_once('(') {
            Some((name, rest)) => (name.trim(), rest.strip_suffix(')').unwrap_or_default()),
            None => (body.trim(), ""),
        },
    };
    let Some((function, count)) = FUNCTIONS.into_iter().find(|(known, _)| *known == name) else {
        let message = format!("`{text}` is no function of a TrafficLabel; it yields no value");
        let names = FUNCTIONS.map(|(name, _)| name);
        let help = match closest(name, names.into_iter()) {
            Some(close) => format!("did you mean `${close}`?"),
            None => format!("one of: ${}", names.join(", $")),
        };
        problems
            .push(Diagnostic::warning("unknown-label-function", written.place, message).help(help));
        return None;
    };
    let arguments = arguments.split(',').map(str::trim).filter(|argument| !argument.is_empty());
    let lower = |argument: &str| match function {
        "getLabel" => argument.to_owned(),
        _ => argument.to_ascii_lowercase(),
    };
    let arguments: Vec<String> = arguments.map(lower).collect();
    if arguments.len() != count {
        let message = format!(
            "`${function}` takes {count} argument{}, not {}; it yields no value",
            if count == 1 { "" } else { "s" },
            arguments.len()
        );
        problems.push(Diagnostic::warning("unknown-label-function", written.place, message));
        return None;
    }
    Some((function, arguments))
}

// === impl Source ===

impl Source {
    /// Returns the trace header that values are remembered under; empty if none is.
    pub(super) fn context(&self) -> &str {
        match self {
            Self::Remembered { context, .. } => context,
            _ => "",
        }
    }

    /// Returns the headers that must be remembered.
    pub(super) fn remembered_headers(&self) -> &[String] {
        match self {
            Self::Remembered { headers, .. } => headers,
            _ => &[],
        }
    }

    /// Returns the header that lanes also need as it came in: the routing header (asm-lanes 2.3).
    pub(super) fn restored(&self) -> Option<Restored> {
        let header = self.remembered_headers().first()?.clone();
        Some(Restored { context: self.context().to_owned(), header })
    }

    /// Returns the source inside a pod; `None` if the pod has no such label.
    pub(super) fn in_pod(&self, labels: &BTreeMap<String, String>) -> Option<Self> {
        match self {
            Self::PodLabel(name) => labels.get(name).cloned().map(Self::Value),
            other => Some(other.clone()),
        }
    }

    /// Returns the value for a request that leaves; an empty one is none.
    pub(super) fn value(&self, memory: &Memory, request: &Request) -> Option<String> {
        self.value_by(request, |context, header| memory.recall(context, header, request))
    }

    /// Returns the value for a request that comes in and leaves as one.
    pub(super) fn value_here(&self, request: &Request) -> Option<String> {
        self.value_by(request, |_, header| request.headers.first(header))
    }

    fn value_by<'r>(
        &'r self,
        request: &'r Request,
        came_in: impl Fn(&'r str, &'r str) -> Option<&'r str>,
    ) -> Option<String> {
        let value = match self {
            Self::Remembered { context, headers } => {
                headers.iter().find_map(|header| came_in(context, header))
            }
            Self::Outbound(header) => request.headers.first(header),
            Self::Value(value) => Some(value.as_str()),
            Self::PodLabel(_) => None,
        };
        value.filter(|value| !value.is_empty()).map(str::to_owned)
    }
}

// === impl HeaderRoles ===

impl HeaderRoles {
    /// Collects the headers of groups whose trace header differs from the routing header.
    pub(super) fn of(groups: &[LaneGroup]) -> Self {
        let mut roles = Self::default();
        for permissive in groups.iter().filter_map(LaneGroup::permissive) {
            if let TagCarrier::TraceId(trace) = permissive.carrier() {
                roles.trace.insert(trace.to_owned());
                roles.route.insert(permissive.route_header.clone());
            }
        }
        roles
    }

    /// Tells whether the first of two headers is the trace header.
    fn is_trace_first(&self, first: &str, second: &str, generated: bool) -> bool {
        let differs = |a: bool, b: bool| (a != b).then_some(a);
        let is_trace = |header: &str| self.trace.contains(header);
        let is_route = |header: &str| self.route.contains(header);
        differs(is_trace(first), is_trace(second))
            .or_else(|| differs(is_route(second), is_route(first)))
            .or_else(|| differs(speaks_of_a_trace(first), speaks_of_a_trace(second)))
            .unwrap_or(!generated)
    }
}

fn speaks_of_a_trace(header: &str) -> bool {
    ["trace", "request-id", "requestid", "correlation-id"].iter().any(|word| header.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trace_header_is_told_from_the_other_argument() {
        let roles = HeaderRoles {
            trace: BTreeSet::from(["x-lane-trace".to_owned()]),
            route: BTreeSet::from(["x-trace-lane".to_owned()]),
        };
        for (first, second, generated, expected) in [
            // The headers of a lane group, whatever their names look like.
            ("x-lane-trace", "x-trace-lane", true, true),
            ("x-trace-lane", "x-lane-trace", false, false),
            ("x-trace-lane", "x-other", false, false),
            ("x-other", "x-trace-lane", true, true),
            // Their names.
            ("x-asm-prefer-tag", "my-trace-id", false, false),
            ("x-request-id", "version", true, true),
            ("x-b3-traceid", "version", true, true),
            // The order in which documents and generated objects write them.
            ("one", "two", false, true),
            ("one", "two", true, false),
        ] {
            let found = roles.is_trace_first(first, second, generated);
            assert_eq!(found, expected, "{first}, {second}, generated: {generated}");
        }
    }
}
