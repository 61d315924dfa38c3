//! The decision graph of a scenario: every state that a request can be in, and what is decided there.
//!
//! [`build()`] starts at the entry of each class and follows every way that the route tables, the clusters and
//! the applications leave open. A [`Call`] is one request at one proxy, an [`AppRun`] one request at one
//! application; equal states are one node, so the graph stays small however many requests pass.
//!
//! # Invariants
//! - [`Flow::order`] lists children before their parents.
//! - Nodes belong to one class: their counts are the class's counts.

mod build;
mod hosts;
mod isolation;
pub(crate) mod plan;
mod run;
mod sender;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use build::{build, build_with_standbys, explain};
pub use isolation::Isolation;

use crate::data_plane::{
    Cluster, Fraction, Request, ResponseFlag, RetryPolicy, RouteSource, RouteTable,
};
use crate::diagnostic::{Diagnostic, Place};
use crate::scenario::Sender;
use crate::topology::{Call as AppCall, FailurePolicy, RetryOn};
use crate::units::{Nanos, Share};

/// Index of a call in [`Flow::calls`].
pub type CallId = u32;
/// Index of an app run in [`Flow::runs`].
pub type RunId = u32;
/// Index of a site in [`Flow::sites`].
pub type SiteId = u32;
/// Index of a lane in [`Flow::lanes`].
pub type LaneId = u32;
/// Index of a rule in [`Flow::rules`].
pub type RuleId = u32;
/// Index of a sender in [`Flow::senders`].
pub type SenderId = u32;
/// Index of a class in the scenario.
pub type ClassId = usize;

/// The decision graph.
#[derive(Clone, Debug, Default)]
pub struct Flow {
    /// The entry call of each class.
    pub roots: Vec<CallId>,
    /// Requests at proxies.
    pub calls: Vec<Call>,
    /// Requests at applications.
    pub runs: Vec<AppRun>,
    /// All nodes, children before parents.
    pub order: Vec<Node>,
    /// Places in the call tree.
    pub sites: Vec<Site>,
    /// Names of lanes.
    pub lanes: Vec<String>,
    /// Rules that forward, with their weights.
    pub rules: Vec<Rule>,
    /// Names of senders: gateways, workloads, waypoints.
    pub senders: Vec<String>,
    /// The senders themselves.
    pub proxies: Vec<Sender>,
    /// Rule objects in the virtual hosts that requests met.
    pub met: BTreeSet<String>,
    /// How each call was decided, if [`explain`] was asked for.
    pub calls_seen: Vec<SeenCall>,
    /// What each run got, if [`explain`] was asked for.
    pub runs_seen: Vec<SeenRun>,
}

/// How a call was decided.
#[derive(Clone, Debug)]
pub struct SeenCall {
    /// The request as the application or client sends it.
    pub sent: Request,
    /// The request as the proxy routes it: lane tags restored, path normalised.
    pub received: Request,
    /// The port that is dialled.
    pub port: u32,
    /// The route table that was asked; `None` if no rule looks at the request.
    pub table: Option<Arc<RouteTable>>,
}

/// What an application got.
#[derive(Clone, Debug)]
pub struct SeenRun {
    /// The request as the application sees it.
    pub request: Request,
}

/// A node of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Node {
    /// A request at a proxy.
    Call(CallId),
    /// A request at an application.
    Run(RunId),
}

/// A place in the call tree: one call of one application, seen from the entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site {
    /// Applications from the entry to here joined with `>`: `mocka>mockb`; `entry` is the entry.
    pub path: String,
    /// Who calls: an application, or the client.
    pub caller: String,
    /// The service that is called; empty at a gateway, whose routes decide.
    pub service: String,
    /// Calls before it, 0 at the entry.
    pub depth: u32,
    /// Whether it is a copy made by a mirror.
    pub mirrored: bool,
}

/// A request at a proxy, or on its way without one.
#[derive(Clone, Debug)]
pub struct Call {
    /// The class.
    pub class: ClassId,
    /// Where in the call tree.
    pub site: SiteId,
    /// Whose proxy.
    pub sender: SenderId,
    /// The lane of the request, if it was decided before.
    pub lane: Option<LaneId>,
    /// Wait that a fault injects.
    pub delay: Option<(Nanos, Fraction)>,
    /// Answer that a fault injects.
    pub abort: Option<(Fraction, Answer)>,
    /// What is decided otherwise.
    pub action: Action,
    /// Further attempts of the proxy.
    pub retry: Option<RetryPolicy>,
    /// Limit of the whole request.
    pub timeout: Option<Nanos>,
}

/// What a proxy does with a request.
#[derive(Clone, Debug)]
pub enum Action {
    /// Answers itself.
    Answer(Answer),
    /// Sends it on, by weight.
    Forward(Vec<Leg>),
}

/// An answer that comes from a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Answer {
    /// Status; 0 is a connection that nobody takes.
    pub status: u16,
    /// Envoy's response flag.
    pub flag: Option<ResponseFlag>,
}

/// One weighted destination.
#[derive(Clone, Debug)]
pub struct Leg {
    /// Weight.
    pub weight: u64,
    /// The rule and the number of the destination in it; `None` for routes that nobody wrote.
    pub rule: Option<(RuleId, usize)>,
    /// The lane that the entry hop decides; `None` elsewhere.
    pub lane: Option<LaneId>,
    /// Where requests go.
    pub target: Target,
    /// The fallback that was taken.
    pub fallback: Option<Fallback>,
    /// The fallback that takes over while no endpoint is healthy, if [`build_with_standbys`] was asked for.
    pub alternative: Option<Box<Alternative>>,
    /// Copies of the requests of this leg.
    pub copies: Vec<MirrorCopy>,
}

/// A fallback that replaced a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fallback {
    /// The destination that could not serve.
    pub from: String,
    /// The one that does.
    pub to: String,
    /// Why.
    pub reason: FallbackReason,
}

/// A fallback that stands by (asm-lanes 2.5).
#[derive(Clone, Debug)]
pub struct Alternative {
    /// What it replaces.
    pub fallback: Fallback,
    /// Its endpoints.
    pub hosts: Hosts,
}

/// Why a fallback is taken (asm-lanes 2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FallbackReason {
    /// The subset has no endpoint.
    NoEndpoints,
    /// No DestinationRule defines the subset, or the service does not exist.
    Undefined,
    /// The subset has endpoints, but none is healthy at this moment.
    NoneHealthy,
}

/// Where a leg leads.
#[derive(Clone, Debug)]
pub enum Target {
    /// The proxy answers: the cluster does not exist or has no endpoint.
    Answer(Answer),
    /// Endpoints of a cluster.
    Hosts(Hosts),
    /// Another proxy on the way: a waypoint.
    Through(CallId),
    /// A host that the mesh does not know.
    Outside(String),
}

/// The endpoints of a cluster with their shares.
#[derive(Clone, Debug)]
pub struct Hosts {
    /// The cluster.
    pub cluster: Arc<Cluster>,
    /// Endpoints that get requests.
    pub list: Vec<Host>,
    /// Sum of the weights; at least 1.
    pub total: u64,
    /// Endpoints that get requests only when others fail, with weight 0, if [`build_with_standbys`] was asked
    /// for.
    pub standby: Vec<Host>,
    /// What consistent hashing goes by; `None` if it differs between requests.
    pub hash: Option<u64>,
}

/// An endpoint.
#[derive(Clone, Debug)]
pub struct Host {
    /// Its part of [`Hosts::total`].
    pub weight: u64,
    /// Name, `mocka-v1-0.default`.
    pub name: String,
    /// Index among the endpoints of the cluster.
    pub endpoint: usize,
    /// What happens there.
    pub run: RunId,
    /// How it stands to the lane of the request.
    pub isolation: Isolation,
}

/// A copy to another cluster.
#[derive(Clone, Debug)]
pub struct MirrorCopy {
    /// Which share of the requests is copied, drawn with the split's number (E-02).
    pub fraction: Fraction,
    /// Name of the cluster.
    pub cluster: String,
    /// Where the copies go; `None` if they are dropped (E-160).
    pub hosts: Option<Hosts>,
    /// Where in the call tree.
    pub site: SiteId,
}

/// A request at an application.
#[derive(Clone, Debug)]
pub struct AppRun {
    /// The class.
    pub class: ClassId,
    /// The call that led here.
    pub site: SiteId,
    /// Name of the application, for traces.
    pub app: String,
    /// Its version; empty if its pods do not say.
    pub version: String,
    /// Share of requests that it answers with an error by itself.
    pub error_rate: Share,
    /// Its answer if no failed call decides otherwise.
    pub status: u16,
    /// Steps, one after the other; calls of one step start together.
    pub steps: Vec<Vec<RunCall>>,
}

/// A call that an application makes.
#[derive(Clone, Debug)]
pub struct RunCall {
    /// The attempts in order; each is made only if the one before it failed.
    pub attempts: Vec<CallId>,
    /// Share of requests for which the call is made.
    pub probability: Share,
    /// After which answers it tries again.
    pub retry_on: RetryOn,
    /// What a failure does.
    pub on_failure: FailurePolicy,
    /// The site of the first attempt, which owns the draw of `probability`.
    pub site: SiteId,
}

/// A rule that forwards.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    /// The object and the entry in it.
    pub source: RouteSource,
    /// Destinations in listed order: name (`mocka/s2`) and weight.
    pub destinations: Vec<(String, u64)>,
}

/// Why a graph cannot be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlowError {
    /// Calls lead in a circle, through routes that the topology cannot see.
    TooDeep(String),
    /// More states than memory is meant for.
    TooLarge,
}

/// How many calls may nest.
pub const MAX_DEPTH: u32 = 32;

/// How many states a graph may have.
pub const MAX_STATES: usize = 400_000;

// === impl FlowError ===

impl FlowError {
    /// Puts the error into words for the user.
    #[must_use]
    pub fn diagnostic(&self, place: Place) -> Diagnostic {
        match self {
            Self::TooDeep(path) => {
                let message = format!("calls nest deeper than {MAX_DEPTH}: {path}");
                let help = "routes lead a request back to where it came from";
                Diagnostic::error("call-cycle", place, message).help(help)
            }
            Self::TooLarge => {
                let message = format!("requests can be in more than {MAX_STATES} states");
                let help = "leave out services that do not matter, or versions that behave alike";
                Diagnostic::error("too-large", place, message).help(help)
            }
        }
    }
}

// === impl FallbackReason ===

impl FallbackReason {
    /// Returns the reason in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::NoEndpoints => "no endpoints",
            Self::Undefined => "subset undefined",
            Self::NoneHealthy => "no healthy endpoint",
        }
    }
}

// === impl Hosts ===

impl Hosts {
    /// Returns all endpoints: those that get requests, then those that stand by.
    pub fn all(&self) -> impl Iterator<Item = &Host> {
        self.list.iter().chain(&self.standby)
    }
}

// === impl Action ===

impl Action {
    /// Returns the legs; none if the proxy answers itself.
    #[must_use]
    pub fn legs(&self) -> &[Leg] {
        match self {
            Self::Forward(legs) => legs,
            Self::Answer(_) => &[],
        }
    }
}

// === impl RunCall ===

impl RunCall {
    /// Starts a call of the topology at a site.
    pub(super) fn new(call: &AppCall, attempts: Vec<CallId>, site: SiteId) -> Self {
        Self {
            attempts,
            probability: call.probability,
            retry_on: call.retry_on.clone(),
            on_failure: call.on_failure,
            site,
        }
    }
}
