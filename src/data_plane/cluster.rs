//! Clusters: the endpoints behind a destination and the policies that hold for them.

use super::policy::Fraction;
use crate::units::Nanos;

/// A destination that requests can be sent to.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// Envoy's name, e.g. `outbound|9080|v1|reviews.default.svc.cluster.local`.
    pub name: String,
    /// How it finds its endpoints.
    pub discovery: Discovery,
    /// How it chooses among them.
    pub balancer: BalancerPolicy,
    /// Ramp of hosts that have just become healthy.
    pub slow_start: Option<SlowStart>,
    /// Connection pool and circuit breakers.
    pub limits: Limits,
    /// Whether its endpoints are spoken to in HTTP/2.
    pub http2: bool,
    /// Ejection of failing hosts.
    pub outlier: Option<OutlierDetection>,
    /// Below this percentage of healthy hosts all are used; 0 is never (E-72, E-73).
    pub panic_threshold_percent: u32,
    /// Whether localities are chosen by weight first.
    pub locality_weighted: bool,
    /// Endpoints by priority and locality; empty groups are left out.
    pub groups: Vec<EndpointGroup>,
}

/// How a cluster finds its endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discovery {
    /// From the control plane, which knows services and pods.
    Eds,
    /// All addresses of a name.
    StrictDns,
    /// One address of a name.
    LogicalDns,
    /// The address that the client dialled; endpoints and subset are not asked.
    OriginalDestination,
    /// A fixed list, which may be empty (`BlackHoleCluster`).
    Static,
}

/// Which algorithm chooses an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BalancerPolicy {
    /// Two random choices, the one with fewer active requests: the default.
    LeastRequest,
    /// In turn.
    RoundRobin,
    /// Uniformly at random.
    Random,
    /// Ketama ring of at least this many entries.
    RingHash {
        /// Smallest number of entries.
        minimum_ring_size: u64,
    },
    /// Maglev table of this prime size.
    Maglev {
        /// Number of slots.
        table_size: u64,
    },
}

/// Slow start of new hosts (R-176, E-92).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlowStart {
    /// Length of the ramp.
    pub window: Nanos,
    /// Exponent of the ramp; 1 is linear.
    pub aggression: f64,
    /// Smallest weight in percent.
    pub minimum_percent: f64,
}

/// Connection pool settings; `None` is unlimited or Envoy's default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Connections to all hosts of the cluster.
    pub max_connections: Option<u32>,
    /// Requests waiting for a connection.
    pub max_pending_requests: Option<u32>,
    /// Requests under way.
    pub max_requests: Option<u32>,
    /// Retries under way.
    pub max_retries: Option<u32>,
    /// Takes the place of `max_retries`.
    pub retry_budget: Option<RetryBudget>,
    /// Requests after which a connection is closed.
    pub max_requests_per_connection: Option<u32>,
    /// Streams per HTTP/2 connection.
    pub max_concurrent_streams: Option<u32>,
    /// Time to establish a connection; Istio's default is 10 s.
    pub connect_timeout: Option<Nanos>,
    /// Time after which an idle connection is closed.
    pub idle_timeout: Option<Nanos>,
    /// Age at which a connection is closed.
    pub max_connection_duration: Option<Nanos>,
}

/// Retries as a share of the requests under way (E-105).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryBudget {
    /// Share of the requests under way and waiting; Envoy's default is 20 %.
    pub share: Fraction,
    /// Retries that are always allowed; Envoy's default is 3.
    pub minimum: u32,
}

/// Outlier detection as Envoy's cluster fields; `None` leaves Envoy's default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutlierDetection {
    /// Consecutive 5xx that eject; Envoy's default 5.
    pub consecutive_5xx: Option<u32>,
    /// Percentage of such ejections that happen; Envoy's default 100.
    pub enforcing_consecutive_5xx: Option<u32>,
    /// Consecutive 502, 503, 504 that eject; Envoy's default 5.
    pub consecutive_gateway_failure: Option<u32>,
    /// Percentage of such ejections that happen; Envoy's default 0.
    pub enforcing_consecutive_gateway_failure: Option<u32>,
    /// Time between two analyses; Envoy's default 10 s.
    pub interval: Option<Nanos>,
    /// Ejection time for each ejection so far; Envoy's default 30 s.
    pub base_ejection_time: Option<Nanos>,
    /// Largest share of ejected hosts; Envoy's default 10.
    pub max_ejection_percent: Option<u32>,
    /// Whether failures of the connection count apart from answers.
    pub split_local_origin: bool,
    /// Consecutive connection failures that eject; Envoy's default 5.
    pub consecutive_local_origin_failure: Option<u32>,
    /// Percentage of such ejections that happen; Envoy's default 100.
    pub enforcing_consecutive_local_origin_failure: Option<u32>,
    /// Statuses that count as failures instead of 500 to 599.
    pub http_error_codes: Vec<u16>,
}

/// Where an endpoint stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Locality {
    /// Region.
    pub region: String,
    /// Zone.
    pub zone: String,
    /// Subzone.
    pub subzone: String,
}

/// The endpoints of one locality in one priority.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointGroup {
    /// 0 is used first (E-65).
    pub priority: u32,
    /// Where the endpoints stand.
    pub locality: Locality,
    /// Weight of the locality; counts where the cluster is locality-weighted.
    pub weight: u32,
    /// The endpoints, in a fixed order.
    pub endpoints: Vec<Endpoint>,
}

/// One host of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// `POD.NAMESPACE:PORT`, or the address and port of an endpoint that is no pod.
    pub name: String,
    /// `IP:PORT`, the key of rings and tables (E-87).
    pub address: String,
    /// The number of the instance in the world that made the cluster.
    pub instance: Option<u32>,
    /// Load-balancing weight, at least 1.
    pub weight: u32,
}

// === impl Cluster ===

impl Cluster {
    /// Builds a cluster with Istio's defaults and no endpoints.
    pub fn new(name: impl Into<String>, discovery: Discovery) -> Self {
        Self {
            name: name.into(),
            discovery,
            balancer: BalancerPolicy::LeastRequest,
            slow_start: None,
            limits: Limits::default(),
            http2: false,
            outlier: None,
            panic_threshold_percent: 0,
            locality_weighted: false,
            groups: Vec::new(),
        }
    }

    /// Returns all endpoints, by priority and locality.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.groups.iter().flat_map(|group| &group.endpoints)
    }

    /// Tells whether a request can be sent somewhere: an original-destination cluster always can
    ///
    #[must_use]
    pub fn has_endpoints(&self) -> bool {
        self.discovery == Discovery::OriginalDestination || self.endpoints().next().is_some()
    }
}

// === impl Locality ===

impl Locality {
    /// Reads `region/zone/subzone`; missing parts are empty.
    #[must_use]
    pub fn parse(text: &str, separator: char) -> Self {
        let mut parts = text.splitn(3, separator).map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        Self { region: next(), zone: next(), subzone: next() }
    }

    /// Tells whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.region.is_empty() && self.zone.is_empty() && self.subzone.is_empty()
    }
}

impl std::fmt::Display for Locality {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{}/{}/{}", self.region, self.zone, self.subzone);
        f.write_str(text.trim_end_matches('/'))
    }
}
