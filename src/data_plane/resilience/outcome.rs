//! What became of one attempt at a host.

use super::super::flag::ResponseFlag;

/// The end of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The host answered.
    Answer(Answer),
    /// It did not.
    Failure(Failure),
}

/// What retries and outlier detection look at in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `grpc-status` in the headers, that is, of an answer without messages.
    pub grpc_status: Option<u32>,
    /// Whether it has the header `x-envoy-ratelimited`.
    pub rate_limited: bool,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The balancer found no host.
    NoHost,
    /// Too many requests are under way (E-103).
    Overflow,
    /// Too many requests wait for a connection (E-103); the host that was chosen is not named.
    PendingOverflow,
    /// The connection was refused or reset before it was established.
    ConnectFailure,
    /// The connection was not established in time.
    ConnectTimeout,
    /// The host closed the connection during the request.
    ConnectionTermination,
    /// The host reset the stream.
    RemoteReset,
    /// The host refused the stream before it did anything.
    RefusedStream,
    /// The proxy reset the stream.
    LocalReset,
    /// The host broke the protocol.
    ProtocolError,
    /// The attempt took too long (E-115).
    PerTryTimeout,
    /// The request took too long (E-116).
    RouteTimeout,
}

// === impl Answer ===

impl Answer {
    /// Describes a plain answer with a status.
    #[must_use]
    pub const fn http(status: u16) -> Self {
        Self { status, grpc_status: None, rate_limited: false }
    }

    /// Returns the status that outlier detection sees: that of gRPC in terms of HTTP (E-131).
    #[must_use]
    pub const fn effective_status(self) -> u16 {
        match self.grpc_status {
            None => self.status,
            Some(0) => 200,
            Some(1) => 499,
            Some(3 | 9 | 11) => 400,
            Some(4) => 504,
            Some(5) => 404,
            Some(6 | 10) => 409,
            Some(7) => 403,
            Some(8) => 429,
            Some(12) => 501,
            Some(14) => 503,
            Some(16) => 401,
            // Unknown, internal, data loss, and numbers without a name.
            Some(_) => 500,
        }
    }
}

// === impl Failure ===

impl Failure {
    /// Returns the status that the client gets if no retry follows.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::PerTryTimeout | Self::RouteTimeout => 504,
            Self::ProtocolError => 502,
            _ => 503,
        }
    }

    /// Returns the response flag that is set if no retry follows.
    #[must_use]
    pub const fn flag(self) -> ResponseFlag {
        match self {
            Self::NoHost => ResponseFlag::NoHealthyUpstream,
            Self::Overflow | Self::PendingOverflow => ResponseFlag::Overflow,
            Self::ConnectFailure | Self::ConnectTimeout => ResponseFlag::ConnectionFailure,
            Self::ConnectionTermination => ResponseFlag::ConnectionTermination,
            Self::RemoteReset | Self::RefusedStream => ResponseFlag::RemoteReset,
            Self::LocalReset => ResponseFlag::LocalReset,
            Self::ProtocolError => ResponseFlag::ProtocolError,
            Self::PerTryTimeout | Self::RouteTimeout => ResponseFlag::Timeout,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grpc_statuses_count_as_their_http_counterparts() {
        for (grpc_status, expected) in [
            (None, 200),
            (Some(0), 200),
            (Some(4), 504),
            (Some(13), 500),
            (Some(14), 503),
            (Some(77), 500),
        ] {
            let answer = Answer { grpc_status, ..Answer::http(200) };
            assert_eq!(answer.effective_status(), expected, "{grpc_status:?}");
        }
    }

    #[test]
    fn failures_become_the_statuses_and_flags_of_envoy() {
        for (failure, status, flag) in [
            (Failure::NoHost, 503, "UH"),
            (Failure::Overflow, 503, "UO"),
            (Failure::PendingOverflow, 503, "UO"),
            (Failure::ConnectFailure, 503, "UF"),
            (Failure::ConnectTimeout, 503, "UF"),
            (Failure::ConnectionTermination, 503, "UC"),
            (Failure::RemoteReset, 503, "UR"),
            (Failure::RefusedStream, 503, "UR"),
            (Failure::LocalReset, 503, "LR"),
            (Failure::ProtocolError, 502, "UPE"),
            (Failure::PerTryTimeout, 504, "UT"),
            (Failure::RouteTimeout, 504, "UT"),
        ] {
            assert_eq!((failure.status(), failure.flag().letters()), (status, flag), "{failure:?}");
        }
    }
}
