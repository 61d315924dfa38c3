//! Envoy's response flags: why an answer is what it is.

/// A response flag, in the letters of Envoy's access log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResponseFlag {
    /// No route (E-15).
    NoRoute,
    /// The cluster does not exist (E-55).
    NoCluster,
    /// No healthy endpoint (E-72).
    NoHealthyUpstream,
    /// A fault was injected in place of the answer (E-150).
    FaultAbort,
    /// A fault delayed the request (E-150).
    FaultDelay,
    /// A circuit breaker or a full queue refused the request.
    Overflow,
    /// The request took longer than its route or its try allows.
    Timeout,
    /// All retries failed.
    RetryLimit,
    /// The connection to the endpoint failed.
    ConnectionFailure,
    /// The endpoint closed the connection.
    ConnectionTermination,
    /// The endpoint reset the stream.
    RemoteReset,
    /// The proxy reset the stream.
    LocalReset,
    /// The endpoint broke the protocol.
    ProtocolError,
}

// === impl ResponseFlag ===

impl ResponseFlag {
    /// All flags, in order.
    pub const ALL: [Self; 13] = [
        Self::NoRoute,
        Self::NoCluster,
        Self::NoHealthyUpstream,
        Self::FaultAbort,
        Self::FaultDelay,
        Self::Overflow,
        Self::Timeout,
        Self::RetryLimit,
        Self::ConnectionFailure,
        Self::ConnectionTermination,
        Self::RemoteReset,
        Self::LocalReset,
        Self::ProtocolError,
    ];

    /// Returns the letters of the access log.
    #[must_use]
    pub const fn letters(self) -> &'static str {
        match self {
            Self::NoRoute => "NR",
            Self::NoCluster => "NC",
            Self::NoHealthyUpstream => "UH",
            Self::FaultAbort => "FI",
            Self::FaultDelay => "DI",
            Self::Overflow => "UO",
            Self::Timeout => "UT",
            Self::RetryLimit => "URX",
            Self::ConnectionFailure => "UF",
            Self::ConnectionTermination => "UC",
            Self::RemoteReset => "UR",
            Self::LocalReset => "LR",
            Self::ProtocolError => "UPE",
        }
    }
}
