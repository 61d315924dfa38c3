//! Policies of clusters: whatever they say, a cluster with one endpoint sends everything there.

use lanecast::data_plane::{
    BalancerPolicy, Cluster, Fraction, Limits, OutlierDetection, RetryBudget, SlowStart,
};
use lanecast::units::Nanos;
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;

/// A change of a cluster's policies; discovery and endpoints stay.
pub(crate) fn policies() -> impl Strategy<Value = Cluster> {
    let balancer = select(vec![
        BalancerPolicy::LeastRequest,
        BalancerPolicy::RoundRobin,
        BalancerPolicy::Random,
        BalancerPolicy::RingHash { minimum_ring_size: 16 },
        BalancerPolicy::Maglev { table_size: 101 },
    ]);
    let slow_start = weighted(0.3, (seconds(), 1_u8..4, 1_u8..100)).prop_map(|slow| {
        slow.map(|(window, aggression, percent)| SlowStart {
            window,
            aggression: f64::from(aggression),
            minimum_percent: f64::from(percent),
        })
    });
    let panic = select(&[0_u32, 50, 100][..]);
    (balancer, slow_start, limits(), weighted(0.5, outlier()), panic, any::<bool>()).prop_map(
        |(balancer, slow_start, limits, outlier, panic_threshold_percent, locality_weighted)| {
            Cluster {
                balancer,
                slow_start,
                limits,
                outlier,
                panic_threshold_percent,
                locality_weighted,
                ..Cluster::new("", lanecast::data_plane::Discovery::Eds)
            }
        },
    )
}

fn seconds() -> impl Strategy<Value = Nanos> {
    (1_000_u64..100_000).prop_map(Nanos::from_millis)
}

fn limits() -> impl Strategy<Value = Limits> {
    let many = || weighted(0.3, 1_000_u32..100_000);
    let times = (weighted(0.3, seconds()), weighted(0.3, seconds()), weighted(0.3, seconds()));
    let per_connection = weighted(0.3, 1_u32..1_000);
    let budget = weighted(0.2, (0_u32..100, 0_u32..5)).prop_map(|budget| {
        let share = |numerator| Fraction { numerator, denominator: 100 };
        budget.map(|(percent, minimum)| RetryBudget { share: share(percent), minimum })
    });
    (many(), many(), many(), (many(), budget), per_connection, many(), times).prop_map(
        |(
            connections,
            pending,
            requests,
            (retries, retry_budget),
            per_connection,
            streams,
            times,
        )| Limits {
            max_connections: connections,
            max_pending_requests: pending,
            max_requests: requests,
            max_retries: retries,
            retry_budget,
            max_requests_per_connection: per_connection,
            max_concurrent_streams: streams,
            connect_timeout: times.0,
            idle_timeout: times.1,
            max_connection_duration: times.2,
        },
    )
}

fn outlier() -> impl Strategy<Value = OutlierDetection> {
    let count = || weighted(0.5, 0_u32..100);
    let counts = (count(), count(), count(), count(), count(), count(), count());
    let codes = vec(select(&[500_u16, 502, 429][..]), 0..3);
    (counts, weighted(0.5, seconds()), weighted(0.5, seconds()), any::<bool>(), codes).prop_map(
        |(counts, interval, base_ejection_time, split_local_origin, http_error_codes)| {
            OutlierDetection {
                consecutive_5xx: counts.0,
                enforcing_consecutive_5xx: counts.1,
                consecutive_gateway_failure: counts.2,
                enforcing_consecutive_gateway_failure: counts.3,
                interval,
                base_ejection_time,
                max_ejection_percent: counts.4,
                split_local_origin,
                consecutive_local_origin_failure: counts.5,
                enforcing_consecutive_local_origin_failure: counts.6,
                http_error_codes,
            }
        },
    )
}
