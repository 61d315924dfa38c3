//! Reads recorded runs of Envoy and makes setups of them.

use std::path::Path;
use std::sync::Arc;

use lanecast::data_plane::{
    BalancerPolicy, Cluster, Limits, OutlierDetection, RetryBudget, RetryPolicy, SlowStart,
};
use lanecast::engine::timed::service::Distribution;
use lanecast::engine::timed::{Change, Graph, Setup, Source, Station, Traffic, What};
use lanecast::scenario::time::{End, Network, TimeDistribution};
use lanecast::units::{Nanos, Share};
use serde_json::Value;

use crate::scene;

/// A recorded run.
pub(crate) struct Recording {
    pub(crate) name: String,
    value: Value,
    pub(crate) rows: Vec<Row>,
    /// When requests reached hosts.
    pub(crate) upstream: Vec<(Nanos, u32)>,
    /// The detection interval, if there is one.
    pub(crate) interval: Option<Nanos>,
    pub(crate) hosts: u32,
}

/// What became of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) started: Nanos,
    pub(crate) status: u16,
    /// Both flags that a request can have.
    pub(crate) flags: [Option<&'static str>; 2],
    pub(crate) host: Option<u32>,
    pub(crate) attempts: u32,
    pub(crate) duration: Nanos,
}

/// The flags that may occur.
pub(crate) const FLAGS: [&str; 8] = ["UO", "UT", "URX", "UH", "UF", "UC", "UR", "LR"];

/// A sleep of an upstream overshoots by up to 1 ms; half of that, split over both ways.
const DELAY: Nanos = Nanos(250_000);

/// A step of a distribution is as steep as can be written.
const PARTS: u64 = Nanos::SECOND.0;

/// Connections are local.
const CONNECT: Nanos = Nanos(100_000);

impl Recording {
    pub(crate) fn read(file: &Path) -> Self {
        let value: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let list = |field: &str| value[field].as_array().unwrap();
        let outlier = &value["cluster"]["outlierDetection"];
        let interval = duration(&outlier["interval"]).unwrap_or(Nanos(10 * Nanos::SECOND.0));
        Self {
            name: file.file_stem().unwrap().to_string_lossy().into_owned(),
            rows: list("rows").iter().map(row).collect(),
            upstream: list("upstream_requests")
                .iter()
                .map(|request| (seconds(&request[0]), number(&request[1]).unwrap()))
                .collect(),
            interval: outlier.is_object().then_some(interval),
            hosts: u32::try_from(list("hosts").len()).unwrap(),
            value,
        }
    }

    /// The run as a setup whose cluster is `age` older than the first request.
    pub(crate) fn setup(&self, age: Nanos) -> Setup {
        let flow = scene::single(self.hosts, &|call, cluster| {
            fill(&self.value["cluster"], cluster);
            let route = &self.value["route"];
            call.timeout = duration(&route["timeout"]).filter(|timeout| timeout.0 > 0);
            call.retry = retry(route);
        });
        let graph = Graph {
            flow: Arc::new(flow),
            instances: (1..=self.hosts).collect(),
            senders: vec![vec![0]],
        };
        let hosts = self.value["hosts"].as_array().unwrap();
        let mut stations = vec![Station::instant("gateway")];
        stations.extend((0..).zip(hosts).map(|(index, host)| station(index, host)));
        let mut setup = Setup::new(graph, stations, End::Requests(self.rows.len() as u64));
        let times = self.rows.iter().map(|row| Nanos(row.started.0 + age.0));
        setup.sources = vec![Source { class: 0, traffic: Traffic::Times(times.collect()) }];
        setup.changes =
            (1..).zip(hosts).flat_map(|(index, host)| changes(index, host, age)).collect();
        setup.changes.sort_by_key(|change| change.at);
        setup.network = Network { default: DELAY, edges: Vec::new() };
        setup.connect = Some(CONNECT);
        setup.record = true;
        setup
    }
}

pub(crate) fn seconds(value: &Value) -> Nanos {
    Nanos::from_secs_f64(value.as_f64().unwrap())
}

fn number(value: &Value) -> Option<u32> {
    let text = value.as_str().and_then(|text| text.parse().ok());
    value.as_u64().and_then(|number| u32::try_from(number).ok()).or(text)
}

/// Whole percents.
fn percent(value: &Value) -> Option<u32> {
    value.as_f64().map(|percent| format!("{percent:.0}").parse().unwrap())
}

fn duration(value: &Value) -> Option<Nanos> {
    value.as_str().map(|text| text.parse().unwrap())
}

fn row(value: &Value) -> Row {
    let mut texts = value[2].as_str().unwrap_or_default().split(',');
    let mut flag = || {
        let text = texts.next()?;
        FLAGS.into_iter().find(|flag| *flag == text)
    };
    Row {
        started: seconds(&value[0]),
        status: u16::try_from(value[1].as_u64().unwrap()).unwrap(),
        flags: [flag(), flag()],
        host: number(&value[3]),
        attempts: number(&value[4]).unwrap(),
        duration: Nanos::from_millis(value[5].as_u64().unwrap()),
    }
}

fn share(value: &Value) -> Share {
    value.as_f64().map_or(Share::ZERO, |share| format!("{share}").parse().unwrap())
}

fn station(index: u32, host: &Value) -> Station {
    let errors = Some(share(&host["fails"]));
    let service = service(&host["service_ms"]);
    Station { service, errors, ..Station::instant(format!("host-{index}")) }
}

fn millis(value: &Value) -> Nanos {
    Nanos::from_secs_f64(value.as_f64().unwrap() / 1e3)
}

fn service(value: &Value) -> Distribution {
    if value.is_null() {
        return Distribution::constant(Nanos(0));
    }
    if value["exponential"].is_number() {
        return Distribution::exponential(millis(&value["exponential"]));
    }
    let Some(mix) = value["mix"].as_array() else { return Distribution::constant(millis(value)) };
    let mut parts: Vec<(f64, Nanos)> =
        mix.iter().map(|part| (part[0].as_f64().unwrap(), millis(&part[1]))).collect();
    parts.sort_by_key(|part| part.1);
    // Steps: each time from its share on, a billionth after the end of the one before.
    let point = |share: f64| Share::new(Nanos::from_secs_f64(share).0, PARTS).unwrap();
    let mut points = Vec::new();
    let mut reached = 0.0;
    for (share, time) in parts {
        let start = if reached > 0.0 { reached + 1.0 / PARTS as f64 } else { 0.0 };
        reached += share;
        points.extend([(point(start), time), (point(reached.min(1.0)), time)]);
    }
    Distribution::new(&TimeDistribution::Percentiles(points))
}

/// A host that is down for a while answers nothing but errors.
fn changes(station: u32, host: &Value, age: Nanos) -> Vec<Change> {
    let spans = host["fails_between"].as_array().cloned().unwrap_or_default();
    // One span, or a list of them.
    let spans =
        if spans.first().is_some_and(Value::is_number) { vec![Value::Array(spans)] } else { spans };
    let usual = share(&host["fails"]);
    let change = |at: &Value, errors: Share| Change {
        at: Nanos(seconds(at).0 + age.0),
        what: What::Errors(vec![station], Some(errors)),
    };
    spans.iter().flat_map(|span| [change(&span[0], Share::ONE), change(&span[1], usual)]).collect()
}

fn retry(route: &Value) -> Option<RetryPolicy> {
    let policy = &route["retryPolicy"];
    let on = policy["retryOn"].as_str()?;
    let codes = policy["retriableStatusCodes"].as_array().cloned().unwrap_or_default();
    Some(RetryPolicy {
        attempts: number(&policy["numRetries"]).unwrap_or(1),
        on: on.split(',').map(|word| word.trim().to_owned()).collect(),
        status_codes: codes
            .iter()
            .filter_map(number)
            .map(|code| u16::try_from(code).unwrap())
            .collect(),
        per_try_timeout: duration(&policy["perTryTimeout"]),
        backoff: duration(&policy["retryBackOff"]["baseInterval"]),
        another_host: policy["retryHostPredicate"].is_array(),
        remote_localities: policy["retryPriority"].is_object(),
    })
}

/// Takes over Envoy's fields of a cluster.
fn fill(value: &Value, cluster: &mut Cluster) {
    cluster.balancer = match value["lbPolicy"].as_str() {
        Some("LEAST_REQUEST") => BalancerPolicy::LeastRequest,
        Some("RANDOM") => BalancerPolicy::Random,
        Some("RING_HASH") => BalancerPolicy::RingHash { minimum_ring_size: 1024 },
        Some("MAGLEV") => BalancerPolicy::Maglev { table_size: 65_537 },
        _ => BalancerPolicy::RoundRobin,
    };
    let ramp = ["roundRobinLbConfig", "leastRequestLbConfig"]
        .into_iter()
        .find_map(|config| duration(&value[config]["slowStartConfig"]["slowStartWindow"]));
    cluster.slow_start =
        ramp.map(|window| SlowStart { window, aggression: 1.0, minimum_percent: 10.0 });
    let panic = &value["commonLbConfig"]["healthyPanicThreshold"]["value"];
    cluster.panic_threshold_percent = percent(panic).unwrap_or(0);
    let limits = &value["circuitBreakers"]["thresholds"][0];
    let budget = &limits["retryBudget"];
    cluster.limits = Limits {
        max_connections: number(&limits["maxConnections"]),
        max_pending_requests: number(&limits["maxPendingRequests"]),
        max_requests: number(&limits["maxRequests"]),
        max_retries: number(&limits["maxRetries"]),
        retry_budget: budget.is_object().then(|| RetryBudget {
            share: lanecast::data_plane::Fraction {
                numerator: percent(&budget["budgetPercent"]["value"]).unwrap_or(20),
                denominator: 100,
            },
            minimum: number(&budget["minRetryConcurrency"]).unwrap_or(3),
        }),
        connect_timeout: duration(&value["connectTimeout"]),
        ..Limits::default()
    };
    let outlier = &value["outlierDetection"];
    cluster.outlier = outlier.is_object().then(|| OutlierDetection {
        consecutive_5xx: number(&outlier["consecutive5xx"]),
        enforcing_consecutive_5xx: number(&outlier["enforcingConsecutive5xx"]),
        consecutive_gateway_failure: number(&outlier["consecutiveGatewayFailure"]),
        enforcing_consecutive_gateway_failure: number(
            &outlier["enforcingConsecutiveGatewayFailure"],
        ),
        interval: duration(&outlier["interval"]),
        base_ejection_time: duration(&outlier["baseEjectionTime"]),
        max_ejection_percent: number(&outlier["maxEjectionPercent"]),
        ..OutlierDetection::default()
    });
}
