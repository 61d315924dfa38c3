//! The settings of a connection pool.

use super::super::super::cluster::Limits;
use super::super::super::version::EnvoyVersion;
use crate::units::Nanos;

/// The protocol between proxy and host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// One request at a time per connection.
    #[default]
    Http1,
    /// Many requests at a time per connection.
    Http2,
}

/// How connections of a pool are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolSettings {
    /// The protocol.
    pub protocol: Protocol,
    /// Requests at a time per connection.
    pub(super) streams: u32,
    /// Requests in all per connection.
    pub(super) lifetime_streams: u32,
    /// Time without requests after which a connection is closed.
    pub(super) idle_timeout: Option<Nanos>,
    /// Time after which a connection takes no more requests.
    pub(super) max_duration: Option<Nanos>,
}

/// Envoy closes connections that were idle for an hour (E-163).
const IDLE_TIMEOUT: Nanos = Nanos(3_600 * Nanos::SECOND.0);

// === impl PoolSettings ===

impl PoolSettings {
    /// Takes over the limits of a cluster; 0 is no limit.
    #[must_use]
    pub fn new(limits: &Limits, protocol: Protocol, version: EnvoyVersion) -> Self {
        let positive = |limit: Option<u32>| limit.filter(|limit| *limit > 0);
        let streams = match protocol {
            Protocol::Http1 => 1,
            Protocol::Http2 => {
                positive(limits.max_concurrent_streams).unwrap_or(version.http2_streams())
            }
        };
        Self {
            protocol,
            streams,
            lifetime_streams: positive(limits.max_requests_per_connection).unwrap_or(u32::MAX),
            idle_timeout: Some(limits.idle_timeout.unwrap_or(IDLE_TIMEOUT)).filter(|t| t.0 > 0),
            max_duration: limits.max_connection_duration.filter(|time| time.0 > 0),
        }
    }

    /// The requests that a new connection can carry at a time.
    pub(super) fn capacity(&self) -> u64 {
        u64::from(self.streams.min(self.lifetime_streams))
    }
}
