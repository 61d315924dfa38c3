//! Traffic policies of a cluster: port level, subset level, defaults.

use super::super::destination_rules::MergedRule;
use super::super::mesh_config::MeshConfig;
use super::super::routes::port_policy;
use crate::config::istio::destination_rule::{
    ConnectionPool, H2Upgrade, LoadBalancer, OutlierDetection, RetryBudget, SimpleBalancer, Subset,
    TrafficPolicy, Warmup,
};
use crate::config::istio::virtual_service::duration;
use crate::control_plane::registry::Protocol;
use crate::data_plane::{self, BalancerPolicy, Cluster, Fraction, SlowStart};

/// The blocks that hold for one cluster.
#[derive(Clone, Debug, Default)]
pub(super) struct EffectivePolicy<'r> {
    pub balancer: Option<&'r LoadBalancer>,
    pub pool: Option<&'r ConnectionPool>,
    pub outlier: Option<&'r OutlierDetection>,
    pub retry_budget: Option<&'r RetryBudget>,
}

// === impl EffectivePolicy ===

impl<'r> EffectivePolicy<'r> {
    /// The top-level policy; settings of the port replace all blocks.
    pub(super) fn of_service(rule: Option<&'r MergedRule>, port: u32) -> Self {
        let Some(policy) = rule.and_then(|rule| rule.policy.as_ref()) else {
            return Self::default();
        };
        Self::at_port(policy, port).unwrap_or_else(|| Self::top(policy))
    }

    /// blocks that the rule leaves out come from the mesh; subsets override them all the same.
    pub(super) fn or_mesh(self, mesh: &'r MeshConfig) -> Self {
        Self {
            pool: self.pool.or(mesh.default_pool.as_ref()),
            outlier: self.outlier.or(mesh.default_outlier.as_ref()),
            ..self
        }
    }

    fn top(policy: &'r TrafficPolicy) -> Self {
        Self {
            balancer: policy.load_balancer.as_ref(),
            pool: policy.connection_pool.as_ref(),
            outlier: policy.outlier_detection.as_ref(),
            retry_budget: policy.retry_budget.as_ref(),
        }
    }

    fn at_port(policy: &'r TrafficPolicy, port: u32) -> Option<Self> {
        port_policy(policy, port).map(|settings| Self {
            balancer: settings.load_balancer.as_ref(),
            pool: settings.connection_pool.as_ref(),
            outlier: settings.outlier_detection.as_ref(),
            // it does not exist there and is lost.
            retry_budget: None,
        })
    }

    /// Overrides block by block; a port entry of the subset replaces them even when unset.
    pub(super) fn with_subset(self, subset: &'r Subset, port: u32) -> Self {
        let Some(policy) = &subset.traffic_policy else { return self };
        if let Some(at_port) = Self::at_port(policy, port) {
            return at_port;
        }
        let own = Self::top(policy);
        Self {
            balancer: own.balancer.or(self.balancer),
            pool: own.pool.or(self.pool),
            outlier: own.outlier.or(self.outlier),
            retry_budget: own.retry_budget.or(self.retry_budget),
        }
    }

    pub(super) fn is_passthrough(&self) -> bool {
        let simple = self.balancer.and_then(|balancer| balancer.simple.as_ref());
        simple.is_some_and(|simple| simple.value == SimpleBalancer::Passthrough)
    }

    /// Tells whether endpoints of a port are spoken to in HTTP/2: its protocol says so, or the policy upgrades
    ///
    pub(super) fn is_http2(&self, protocol: Protocol) -> bool {
        let http = self.pool.and_then(|pool| pool.http.as_ref());
        let upgrade = http.and_then(|http| http.h2_upgrade_policy.as_ref());
        matches!(protocol, Protocol::Http2 | Protocol::Grpc | Protocol::GrpcWeb)
            || upgrade.is_some_and(|policy| policy.value == H2Upgrade::Upgrade)
    }

    /// Writes the blocks into the fields of a cluster.
    pub(super) fn apply(&self, cluster: &mut Cluster) {
        cluster.balancer = self.balancer.map_or(BalancerPolicy::LeastRequest, algorithm);
        cluster.slow_start = self.balancer.and_then(|b| slow_start(b, cluster.balancer));
        if let Some(pool) = self.pool {
            limits(pool, &mut cluster.limits);
        }
        cluster.limits.retry_budget = self.retry_budget.map(retry_budget);
        if let Some(outlier) = self.outlier {
            cluster.outlier = Some(outlier_detection(outlier));
            let percent = outlier.min_health_percent.as_ref().map_or(0, |percent| percent.value);
            cluster.panic_threshold_percent = u32::try_from(percent).unwrap_or(0);
        }
    }
}

///
fn algorithm(written: &LoadBalancer) -> BalancerPolicy {
    if let Some(hash) = &written.consistent_hash {
        if let Some(maglev) = &hash.maglev {
            // Validation wants a table size; Envoy's default stands in where it was bypassed.
            let table_size = maglev.table_size.as_ref().map_or(65_537, |size| size.value);
            return BalancerPolicy::Maglev { table_size };
        }
        let ring = hash.ring_hash.as_ref().and_then(|ring| ring.minimum_ring_size.as_ref());
        let size = ring.or(hash.minimum_ring_size.as_ref()).map_or(0, |size| size.value);
        // A size of 0 is no size.
        return BalancerPolicy::RingHash { minimum_ring_size: if size == 0 { 1024 } else { size } };
    }
    match written.simple.as_ref().map(|simple| simple.value) {
        Some(SimpleBalancer::Random) => BalancerPolicy::Random,
        Some(SimpleBalancer::RoundRobin) => BalancerPolicy::RoundRobin,
        _ => BalancerPolicy::LeastRequest,
    }
}

/// only round robin and least request ramp up.
fn slow_start(written: &LoadBalancer, balancer: BalancerPolicy) -> Option<SlowStart> {
    if !matches!(balancer, BalancerPolicy::LeastRequest | BalancerPolicy::RoundRobin) {
        return None;
    }
    if let Some(warmup) = &written.warmup {
        return ramp(warmup);
    }
    let window = duration(written.warmup_duration_secs.as_ref())?;
    Some(SlowStart { window, aggression: 1.0, minimum_percent: 10.0 })
}

fn ramp(warmup: &Warmup) -> Option<SlowStart> {
    Some(SlowStart {
        window: duration(warmup.duration.as_ref())?,
        aggression: warmup.aggression.as_ref().map_or(1.0, |aggression| aggression.value),
        minimum_percent: warmup.minimum_percent.as_ref().map_or(10.0, |percent| percent.value),
    })
}

/// 0 is unset.
fn limits(pool: &ConnectionPool, limits: &mut data_plane::Limits) {
    let number = |value: &Option<crate::config::decode::Located<i32>>| {
        value.as_ref().and_then(|value| u32::try_from(value.value).ok()).filter(|value| *value > 0)
    };
    if let Some(tcp) = &pool.tcp {
        limits.max_connections = number(&tcp.max_connections);
        limits.connect_timeout = duration(tcp.connect_timeout.as_ref());
        limits.max_connection_duration = duration(tcp.max_connection_duration.as_ref());
        limits.idle_timeout = duration(tcp.idle_timeout.as_ref());
    }
    if let Some(http) = &pool.http {
        limits.max_pending_requests = number(&http.http1_max_pending_requests);
        limits.max_requests = number(&http.http2_max_requests);
        limits.max_retries = number(&http.max_retries);
        limits.max_requests_per_connection = number(&http.max_requests_per_connection);
        limits.max_concurrent_streams = number(&http.max_concurrent_streams);
        if let Some(idle) = duration(http.idle_timeout.as_ref()) {
            limits.idle_timeout = Some(idle);
        }
    }
}

/// E-105: what is not set has Envoy's defaults.
fn retry_budget(written: &RetryBudget) -> data_plane::RetryBudget {
    const MILLION: f64 = 1_000_000.0;
    let percent = written.percent.as_ref().map_or(20.0, |percent| percent.value);
    let share = (percent.clamp(0.0, 100.0) / 100.0 * MILLION).round();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number between 0 and a million"
    )]
    let numerator = share as u32;
    data_plane::RetryBudget {
        share: Fraction { numerator, denominator: 1_000_000 },
        minimum: written.min_retry_concurrency.as_ref().map_or(3, |minimum| minimum.value),
    }
}

///
fn outlier_detection(written: &OutlierDetection) -> data_plane::OutlierDetection {
    let value =
        |field: &Option<crate::config::decode::Located<u32>>| field.as_ref().map(|f| f.value);
    let enforcing = |limit: u32| if limit > 0 { 100 } else { 0 };
    let consecutive_5xx = value(&written.consecutive_5xx_errors);
    let gateway = value(&written.consecutive_gateway_errors);
    let split = written.split_external_local_origin_errors;
    let local = value(&written.consecutive_local_origin_failures).filter(|n| split && *n > 0);
    let percent = written.max_ejection_percent.as_ref().map(|percent| percent.value);
    data_plane::OutlierDetection {
        consecutive_5xx,
        enforcing_consecutive_5xx: consecutive_5xx.map(enforcing),
        consecutive_gateway_failure: gateway,
        enforcing_consecutive_gateway_failure: gateway.map(enforcing),
        interval: duration(written.interval.as_ref()),
        base_ejection_time: duration(written.base_ejection_time.as_ref()),
        max_ejection_percent: percent.and_then(|p| u32::try_from(p).ok()).filter(|p| *p > 0),
        split_local_origin: split,
        consecutive_local_origin_failure: local,
        enforcing_consecutive_local_origin_failure: local.map(|_| 100),
        http_error_codes: written.http_error_codes.iter().map(|code| code.value).collect(),
    }
}
