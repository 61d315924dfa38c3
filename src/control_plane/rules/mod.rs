//! HTTP rules in one form, whether a VirtualService or an HTTPRoute wrote them.
//!
//! Names are resolved, fields are plain, nothing is compiled yet. Delegates have been put in place of the
//! entries that name them (`delegate`). istiod does the same: an HTTPRoute becomes an internal VirtualService.

mod delegate;
mod virtual_service;

use std::collections::BTreeMap;

use crate::config::object::Timestamp;
use crate::data_plane::{HashKey, RouteSource};
use crate::diagnostic::Place;
use crate::units::Nanos;

use super::audience::Audience;

pub use virtual_service::{Context, read_all};
pub(super) use virtual_service::{grpc_code, retries};

/// The gateway name that means all sidecars and waypoints.
pub const MESH: &str = "mesh";

/// A list of rules for some hosts: a VirtualService with its delegates, or HTTPRoutes of one host.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleSet {
    /// `VirtualService shop/reviews`, or the internal name of a Gateway API one.
    pub object: String,
    /// Name, for ordering.
    pub name: String,
    /// Namespace of the object.
    pub namespace: String,
    /// Age.
    pub created: Option<Timestamp>,
    /// Hosts, short names expanded.
    pub hosts: Vec<String>,
    /// Gateways as `namespace/name`, or `mesh`; never empty.
    pub gateways: Vec<String>,
    /// Who may use it.
    pub audience: Audience,
    /// Rules in order.
    pub rules: Vec<Rule>,
    /// Hosts that TCP and TLS rules lead to: (host, port).
    pub l4_destinations: Vec<(String, Option<u32>)>,
    /// Whether it came from HTTPRoutes: other prefixes, other errors.
    pub from_gateway_api: bool,
    /// Where the name of the object stands.
    pub place: Place,
}

/// One rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The object and entry that it was read from.
    pub source: RouteSource,
    /// Name of its routes; delegates combine names.
    pub name: String,
    /// Conditions, one of which is enough; none matches everything.
    pub matches: Vec<Match>,
    /// What it does.
    pub action: Action,
    /// Changes of path and Host.
    pub rewrite: Option<Rewrite>,
    /// Limit of the whole request.
    pub timeout: Option<Nanos>,
    /// Retries.
    pub retries: Option<Retries>,
    /// Faults.
    pub fault: Option<Fault>,
    /// Copies.
    pub mirrors: Mirrors,
    /// Cross-origin policy.
    pub cors: Option<Cors>,
    /// Header operations.
    pub headers: Option<Headers>,
    /// Where it stands.
    pub place: Place,
}

/// What a rule does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Sends on to weighted destinations; none is possible only where validation was bypassed.
    Route(Vec<WeightedDestination>),
    /// Redirects.
    Redirect(Redirect),
    /// Answers.
    Direct {
        /// Status.
        status: u32,
        /// Body.
        body: String,
    },
    /// Stands for the rules of another VirtualService.
    Delegate {
        /// Its name.
        name: String,
        /// Its namespace.
        namespace: String,
    },
}

/// A condition on one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextMatch {
    /// The value is there.
    Present,
    /// Equal.
    Exact(String),
    /// Begins with.
    Prefix(String),
    /// Matches as a whole.
    Regex(String),
}

/// Conditions on a request; all must hold.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Match {
    /// Name of the condition.
    pub name: String,
    /// Path.
    pub uri: Option<TextMatch>,
    /// Whether letter case of the path is ignored.
    pub ignore_uri_case: bool,
    /// `:scheme`
    pub scheme: Option<TextMatch>,
    /// `:method`
    pub method: Option<TextMatch>,
    /// `:authority`
    pub authority: Option<TextMatch>,
    /// Headers.
    pub headers: Vec<(String, TextMatch)>,
    /// Headers that must not match.
    pub without_headers: Vec<(String, TextMatch)>,
    /// Query parameters.
    pub query: Vec<(String, TextMatch)>,
    /// The dialled port; 0 is any.
    pub port: u32,
    /// Gateways.
    pub gateways: Vec<String>,
    /// Labels of the caller.
    pub source_labels: BTreeMap<String, String>,
    /// Namespace of the caller; empty is any.
    pub source_namespace: String,
    /// Name in metrics.
    pub stat_prefix: String,
    /// Index in the written list, for messages.
    pub index: usize,
}

/// A destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Host, short name expanded; empty for a Gateway API backend that does not resolve.
    pub host: String,
    /// Subset; empty is none.
    pub subset: String,
    /// Port.
    pub port: Option<u32>,
    /// Where it stands.
    pub place: Place,
}

/// A destination with its weight.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightedDestination {
    /// Where to.
    pub destination: Destination,
    /// Relative weight, 0 if none is written.
    pub weight: u32,
    /// Header operations.
    pub headers: Option<Headers>,
    /// ASM: where to if there is no healthy endpoint.
    pub fallback: Option<Destination>,
}

/// Header operations in both directions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Headers {
    /// On requests.
    pub request: HeaderOperations,
    /// On answers.
    pub response: HeaderOperations,
}

/// Header operations as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeaderOperations {
    /// Overwrite.
    pub set: Vec<(String, String)>,
    /// Append.
    pub add: Vec<(String, String)>,
    /// Drop.
    pub remove: Vec<String>,
}

/// Changes of a forwarded request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rewrite {
    /// New text for what was matched; empty is none.
    pub uri: String,
    /// New Host; empty is none.
    pub authority: String,
    /// Pattern and substitution.
    pub regex: Option<(String, String)>,
}

/// A redirect.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Redirect {
    /// New path.
    pub uri: String,
    /// New text for the matched prefix.
    pub prefix_rewrite: String,
    /// New host.
    pub authority: String,
    /// Port.
    pub port: RedirectPort,
    /// New scheme.
    pub scheme: String,
    /// Status, 0 if none is written.
    pub code: u32,
}

/// Which port a redirect names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RedirectPort {
    /// None.
    #[default]
    Unset,
    /// This one.
    Number(u32),
    /// That of the route table.
    FromRequest,
}

/// Retries as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Retries {
    /// How many.
    pub attempts: u32,
    /// Limit of one attempt.
    pub per_try_timeout: Option<Nanos>,
    /// Conditions; empty is the default.
    pub retry_on: String,
    /// First back-off interval.
    pub backoff: Option<Nanos>,
    /// Whether hosts already tried are avoided.
    pub ignore_previous_hosts: Option<bool>,
    /// Whether other localities may be tried.
    pub remote_localities: bool,
}

/// Faults as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fault {
    /// Delay.
    pub delay: Option<Delay>,
    /// Abort.
    pub abort: Option<Abort>,
}

/// A delay as written.
#[derive(Clone, Debug, PartialEq)]
pub struct Delay {
    /// How long; `None` for forms that istiod does not support.
    pub fixed: Option<Nanos>,
    /// Percentage.
    pub percentage: Option<f64>,
    /// Deprecated whole percentage.
    pub percent: u32,
}

/// An abort as written.
#[derive(Clone, Debug, PartialEq)]
pub struct Abort {
    /// What is answered; `None` if nothing is written.
    pub answer: Option<crate::data_plane::Abort>,
    /// Percentage.
    pub percentage: Option<f64>,
}

/// Copies as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mirrors {
    /// `mirror`
    pub single: Option<Destination>,
    /// `mirrorPercentage`
    pub percentage: Option<f64>,
    /// `mirrorPercent`
    pub percent: Option<u32>,
    /// `mirrors`
    pub several: Vec<(Destination, Option<f64>)>,
}

/// Cross-origin policy as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cors {
    /// Origins.
    pub origins: Vec<TextMatch>,
    /// Methods.
    pub methods: Vec<String>,
    /// Request headers.
    pub headers: Vec<String>,
    /// Response headers.
    pub expose: Vec<String>,
    /// How long a preflight holds.
    pub max_age: Option<Nanos>,
    /// Whether credentials are allowed.
    pub credentials: bool,
    /// Whether preflights of foreign origins are answered by the proxy.
    pub ignore_unmatched_preflights: bool,
}

/// The hash keys that destinations bring to a route.
pub type HashKeys = Vec<HashKey>;

// === impl RuleSet ===

impl RuleSet {
    /// Tells whether the rules are bound to a gateway (`namespace/name`) or to the mesh.
    #[must_use]
    pub fn is_bound_to(&self, gateway: &str) -> bool {
        self.gateways.iter().any(|bound| bound == gateway)
    }

    /// Returns every (host, port) that HTTP rules, mirrors, TCP and TLS rules lead to; with a namespace,
    /// entries that only name other source namespaces are passed over.
    pub fn destinations<'s>(
        &'s self,
        client: Option<&'s str>,
    ) -> impl Iterator<Item = (&'s str, Option<u32>)> {
        let rules = self.rules.iter().filter(move |rule| {
            client.is_none_or(|client| {
                let mut named =
                    rule.matches.iter().filter(|m| !m.source_namespace.is_empty()).peekable();
                named.peek().is_none() || named.any(|m| m.source_namespace == client)
            })
        });
        let http = rules.flat_map(Rule::destinations).map(|d| (d.host.as_str(), d.port));
        http.chain(self.l4_destinations.iter().map(|(host, port)| (host.as_str(), *port)))
    }
}

impl Rule {
    /// Returns all destinations of the rule: weighted ones, fallbacks, mirrors.
    pub fn destinations(&self) -> impl Iterator<Item = &Destination> {
        let routes: &[WeightedDestination] = match &self.action {
            Action::Route(routes) => routes,
            _ => &[],
        };
        let weighted = routes.iter().flat_map(|w| [Some(&w.destination), w.fallback.as_ref()]);
        let several = self.mirrors.several.iter().map(|(destination, _)| destination);
        weighted.flatten().chain(self.mirrors.single.as_ref()).chain(several)
    }
}
