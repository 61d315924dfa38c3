//! Connection pools of `DestinationRule`s and Sidecars.

use super::report::{Report as _, required};
use super::{durations, numbers};
use crate::config::istio::destination_rule::{ConnectionPool, H2Upgrade, HttpPool, TcpPool};
use crate::diagnostic::Diagnostics;

/// Checks a connection pool.
pub(super) fn check(pool: &ConnectionPool, problems: &mut Diagnostics) {
    if pool.tcp.is_none() && pool.http.is_none() {
        problems.refuse_with(
            "empty-policy",
            pool.place,
            "this connection pool says nothing",
            "write `tcp` or `http`, or remove it",
        );
    }
    if let Some(http) = &pool.http {
        check_http(http, problems);
    }
    if let Some(tcp) = &pool.tcp {
        check_tcp(tcp, problems);
    }
}

fn check_http(http: &HttpPool, problems: &mut Diagnostics) {
    let limits = [
        http.http1_max_pending_requests.as_ref(),
        http.http2_max_requests.as_ref(),
        http.max_requests_per_connection.as_ref(),
        http.max_retries.as_ref(),
        http.max_concurrent_streams.as_ref(),
    ];
    numbers::check_not_negative(&limits, problems);
    durations::check(http.idle_timeout.as_ref(), problems);
    let upgrades = http.h2_upgrade_policy.as_ref().is_some_and(|p| p.value == H2Upgrade::Upgrade);
    if let Some(keeps) = http.use_client_protocol.as_ref().filter(|keeps| keeps.value && upgrades) {
        //
        problems.refuse(
            "exclusive-fields",
            keeps.place,
            "`useClientProtocol` cannot stand beside `h2UpgradePolicy: UPGRADE`",
        );
    }
    if let Some(keepalive) = &http.http2_keep_alive {
        required(keepalive.interval.as_ref(), "interval", keepalive.place, problems);
        required(keepalive.timeout.as_ref(), "timeout", keepalive.place, problems);
        durations::check(keepalive.interval.as_ref(), problems);
        durations::check(keepalive.timeout.as_ref(), problems);
    }
}

fn check_tcp(tcp: &TcpPool, problems: &mut Diagnostics) {
    numbers::check_not_negative(&[tcp.max_connections.as_ref()], problems);
    durations::check(tcp.connect_timeout.as_ref(), problems);
    durations::check(tcp.max_connection_duration.as_ref(), problems);
    // 0s switches the limit off.
    durations::check_or_off(tcp.idle_timeout.as_ref(), problems);
    if let Some(keepalive) = &tcp.tcp_keepalive {
        durations::check(keepalive.time.as_ref(), problems);
        durations::check(keepalive.interval.as_ref(), problems);
    }
}
