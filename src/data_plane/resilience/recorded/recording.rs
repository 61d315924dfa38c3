//! Reads recorded runs of Envoy: settings, what the hosts do, and what became of the requests.

use serde_json::Value;

use super::super::super::balance;
use super::super::super::cluster::{
    BalancerPolicy, Cluster, Discovery, Endpoint, EndpointGroup, Limits, OutlierDetection,
};
use super::super::super::policy::RetryPolicy;
use super::bench::Row;
use crate::units::Nanos;

/// What a host does.
pub(super) struct Host {
    /// Shares and times; they sum to 1.
    mix: Vec<(f64, Nanos)>,
    fails: f64,
    fails_between: Vec<(Nanos, Nanos)>,
}

/// The policies of the route.
pub(super) struct Route {
    pub timeout: Option<Nanos>,
    pub retry: Option<RetryPolicy>,
}

/// A run.
pub(super) struct Recording {
    pub cluster: Cluster,
    pub route: Route,
    pub hosts: Vec<Host>,
    pub arrivals: Vec<Nanos>,
    pub rows: Vec<Row>,
    pub upstream: Vec<(Nanos, u32)>,
}

impl Host {
    fn read(value: &Value) -> Self {
        let millis = |value: &Value| Nanos::from_secs_f64(value.as_f64().unwrap() / 1e3);
        let mix = match &value["service_ms"] {
            Value::Object(mixed) => mixed["mix"].as_array().unwrap().clone(),
            Value::Null => vec![serde_json::json!([1.0, 0])],
            time => vec![serde_json::json!([1.0, time])],
        };
        let between = value["fails_between"].as_array().cloned().unwrap_or_default();
        Self {
            mix: mix.iter().map(|part| (part[0].as_f64().unwrap(), millis(&part[1]))).collect(),
            fails: value["fails"].as_f64().unwrap_or(0.0),
            fails_between: between
                .iter()
                .map(|span| (seconds(&span[0]), seconds(&span[1])))
                .collect(),
        }
    }

    /// The status of an answer, with a number below 1.
    pub(super) fn status(&self, since_start: Nanos, uniform: f64) -> u16 {
        let down = |(from, to): &(Nanos, Nanos)| (*from..*to).contains(&since_start);
        if self.fails_between.iter().any(down) || uniform < self.fails { 503 } else { 200 }
    }

    /// The time that an answer takes, with a number below 1. Sleeps overshoot by half a millisecond.
    pub(super) fn service(&self, uniform: f64) -> Nanos {
        let mut reached = 0.0;
        let part = self.mix.iter().find(|(share, _)| {
            reached += share;
            uniform < reached
        });
        Nanos(part.map_or(0, |(_, time)| time.0) + 500_000)
    }
}

impl Recording {
    pub(super) fn read(name: &str) -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/timing");
        let text = std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        let list = |field: &str| value[field].as_array().unwrap().clone();
        let hosts: Vec<Host> = list("hosts").iter().map(Host::read).collect();
        Self {
            cluster: cluster(&value["cluster"], hosts.len()),
            route: route(&value["route"]),
            hosts,
            arrivals: list("rows").iter().map(|row| seconds(&row[0])).collect(),
            rows: list("rows").iter().map(row).collect(),
            upstream: list("upstream_requests")
                .iter()
                .map(|request| (seconds(&request[0]), number(&request[1]).unwrap()))
                .collect(),
        }
    }
}

fn seconds(value: &Value) -> Nanos {
    Nanos::from_secs_f64(value.as_f64().unwrap())
}

fn number(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|number| u32::try_from(number).ok())
}

fn duration(value: &Value) -> Option<Nanos> {
    value.as_str().map(|text| text.parse().unwrap())
}

fn row(value: &Value) -> Row {
    let flags = value[2].as_str().unwrap();
    Row {
        status: u16::try_from(value[1].as_u64().unwrap()).unwrap(),
        flag: ["UO", "UT", "URX", "UH", "UF", "UC"].into_iter().find(|flag| *flag == flags),
        host: number(&value[3]),
        attempts: number(&value[4]).unwrap(),
        duration: Nanos::from_millis(value[5].as_u64().unwrap()),
    }
}

fn route(value: &Value) -> Route {
    let retry = &value["retryPolicy"];
    Route {
        timeout: duration(&value["timeout"]),
        retry: retry["retryOn"].as_str().map(|on| RetryPolicy {
            attempts: number(&retry["numRetries"]).unwrap(),
            on: on.split(',').map(str::to_owned).collect(),
            status_codes: Vec::new(),
            per_try_timeout: duration(&retry["perTryTimeout"]),
            backoff: None,
            another_host: !retry["retryHostPredicate"].is_null(),
            remote_localities: false,
        }),
    }
}

fn cluster(value: &Value, hosts: usize) -> Cluster {
    let endpoint = |index: usize| {
        let address = format!("127.0.0.1:{}", 19_000 + index);
        Endpoint { name: address.clone(), address, instance: None, weight: 1 }
    };
    let endpoints = (0..hosts).map(endpoint).collect();
    let mut cluster = Cluster::new("recorded", Discovery::Static);
    cluster.groups = vec![EndpointGroup { endpoints, weight: 1, ..EndpointGroup::default() }];
    cluster.balancer = match value["lbPolicy"].as_str() {
        Some("LEAST_REQUEST") => BalancerPolicy::LeastRequest,
        _ => BalancerPolicy::RoundRobin,
    };
    let limits = &value["circuitBreakers"]["thresholds"][0];
    cluster.limits = Limits {
        max_connections: number(&limits["maxConnections"]),
        max_pending_requests: number(&limits["maxPendingRequests"]),
        ..Limits::default()
    };
    let outlier = &value["outlierDetection"];
    cluster.outlier = outlier.is_object().then(|| OutlierDetection {
        consecutive_5xx: number(&outlier["consecutive5xx"]),
        interval: duration(&outlier["interval"]),
        base_ejection_time: duration(&outlier["baseEjectionTime"]),
        max_ejection_percent: number(&outlier["maxEjectionPercent"]),
        ..OutlierDetection::default()
    });
    cluster
}

/// Spans of more than a second without requests to a host, from the last before to the first after.
pub(super) fn gaps(upstream: &[(Nanos, u32)], host: u32) -> Vec<(Nanos, Nanos)> {
    let times: Vec<Nanos> =
        upstream.iter().filter(|(_, h)| *h == host).map(|(at, _)| *at).collect();
    let spans = times.windows(2).map(|pair| (pair[0], pair[1]));
    spans.filter(|(from, to)| to.0 - from.0 > balance::DEFAULT_MERGE_WINDOW.0).collect()
}
