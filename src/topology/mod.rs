//! What the applications do: who calls whom, which headers they pass on, which versions they have.
//!
//! [`load()`] checks a topology file and resolves it; the built-ins are files of the same format
//! ([`builtin`]). [`Topology::behaviour`] says what a pod does with a request; [`missing_objects`] makes the Kubernetes objects that the mesh files leave out.

mod call;
mod cycle;
mod load;
mod objects;

use std::collections::BTreeMap;

pub use call::{Call, FailurePolicy, RetryOn, is_failure};
pub use load::{Changes, builtin, load};
pub use objects::missing_objects;

use crate::config::app::AppFile;
use crate::data_plane::{Request, split_query};
use crate::units::Share;

/// The applications of a mesh.
#[derive(Clone, Debug, PartialEq)]
pub struct Topology {
    /// Name for reports.
    pub name: String,
    /// Namespace of the services that the mesh files do not define; where their other services are, if
    /// absent.
    pub namespace: Option<String>,
    /// The service whose calls a trace shows; `None` shows the whole tree.
    pub trace_from: Option<String>,
    /// The services.
    pub apps: Vec<App>,
    /// Workloads that only send requests: name and labels.
    pub clients: Vec<(String, BTreeMap<String, String>)>,
    /// How services, or single versions of them, serve requests in time.
    pub times: Vec<(String, Option<String>, AppFile)>,
}

/// A service.
#[derive(Clone, Debug, PartialEq)]
pub struct App {
    /// Name, also the `app` of traces.
    pub name: String,
    /// Port of the service and its pods.
    pub port: u32,
    /// Labels that tell its pods.
    pub selector: BTreeMap<String, String>,
    /// Pods of a version that is not listed behave like this.
    pub base: Behaviour,
    /// Its versions.
    pub versions: Vec<Version>,
}

/// A version of a service.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// Name, the value of the label `version`.
    pub name: String,
    /// Pods.
    pub replicas: u32,
    /// Labels beyond selector and `version`.
    pub labels: BTreeMap<String, String>,
    /// What its pods do.
    pub behaviour: Behaviour,
}

/// What a pod does with requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Behaviour {
    /// Lower-case names of headers that it passes on; a `*` at the end makes a prefix.
    pub forwards: Vec<String>,
    /// Headers derived from cookies: (header, cookie).
    pub from_cookie: Vec<(String, String)>,
    /// Single paths, first match.
    pub paths: Vec<(PathPattern, Handling)>,
    /// All other paths.
    pub otherwise: Handling,
    /// Share of requests that it answers with 503 by itself, without calling anybody.
    pub error_rate: Share,
}

/// A set of paths of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathPattern {
    /// The whole path, segment by segment; `None` stands for any segment.
    Whole(Vec<Option<String>>),
    /// A prefix.
    Prefix(String),
}

/// What an app does on a path.
#[derive(Clone, Debug, PartialEq)]
pub struct Handling {
    /// Its answer if no failed call decides otherwise.
    pub status: u16,
    /// Its steps, one after the other; the calls of one step start together.
    pub steps: Vec<Vec<Call>>,
}

/// The status of an app that fails by itself.
pub const APP_ERROR: u16 = 503;

// === impl Topology ===

impl Topology {
    /// Returns a topology without apps: no pod calls anybody.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            name: String::new(),
            namespace: None,
            trace_from: None,
            apps: Vec::new(),
            clients: Vec::new(),
            times: Vec::new(),
        }
    }

    /// Returns the app that a pod runs, by its labels.
    #[must_use]
    pub fn app_of(&self, labels: &BTreeMap<String, String>) -> Option<&App> {
        self.apps.iter().find(|app| {
            app.selector.iter().all(|(key, value)| labels.get(key) == Some(value))
                && !app.selector.is_empty()
        })
    }

    /// Returns what a pod does with requests; `None` if the topology does not know it.
    #[must_use]
    pub fn behaviour(&self, labels: &BTreeMap<String, String>) -> Option<&Behaviour> {
        let app = self.app_of(labels)?;
        let version = labels.get("version");
        let found = app.versions.iter().find(|known| Some(&known.name) == version);
        Some(found.map_or(&app.base, |version| &version.behaviour))
    }
}

// === impl Behaviour ===

impl Behaviour {
    /// Returns what the app does on a path.
    #[must_use]
    pub fn handling(&self, path: &str) -> &Handling {
        let path = split_query(path).0;
        let found = self.paths.iter().find(|(pattern, _)| pattern.matches(path));
        found.map_or(&self.otherwise, |(_, handling)| handling)
    }

    /// Returns the request that the app sends for a call, given the one that it serves.
    #[must_use]
    pub fn outgoing(&self, call: &Call, served: &Request) -> Request {
        let mut request = Request::get(call.authority.clone(), call.path.clone());
        request.method.clone_from(&call.method);
        for (name, value) in served.headers.lines() {
            if self.forwards.iter().any(|pattern| forwards(pattern, name)) {
                request.headers.append_joined(name, value.clone());
            }
        }
        for (header, cookie) in &self.from_cookie {
            if let Some(value) = cookie_value(served, cookie) {
                request.headers.set(header, value);
            }
        }
        for (name, value) in &call.headers {
            request.headers.set(name, value.clone());
        }
        request
    }
}

/// Tells whether a pattern of `forwards` covers a header name.
fn forwards(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == pattern,
    }
}

fn cookie_value<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    let pieces = request.headers.values("cookie").flat_map(|line| line.split(';'));
    let mut pairs = pieces.filter_map(|piece| piece.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

// === impl Handling ===

impl Default for Handling {
    fn default() -> Self {
        Self { status: 200, steps: Vec::new() }
    }
}

impl Handling {
    /// Returns all calls in order.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.steps.iter().flatten()
    }
}

// === impl PathPattern ===

impl PathPattern {
    /// Reads `/api/{id}/reviews`.
    #[must_use]
    pub fn whole(text: &str) -> Self {
        let segment = |segment: &str| {
            let is_open = segment.starts_with('{') && segment.ends_with('}');
            (!is_open).then(|| segment.to_owned())
        };
        Self::Whole(text.split('/').map(segment).collect())
    }

    /// Tells whether a path without its query belongs to the set.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        match self {
            Self::Prefix(prefix) => path.starts_with(prefix.as_str()),
            Self::Whole(segments) => {
                let mut parts = path.split('/');
                segments.iter().all(|segment| {
                    parts.next().is_some_and(|part| segment.as_ref().is_none_or(|s| s == part))
                }) && parts.next().is_none()
            }
        }
    }
}

#[cfg(test)]
mod tests;
