//! Whether a failed attempt is repeated, and when (E-110 to E-112).

use super::super::flag::ResponseFlag;
use super::super::policy::RetryPolicy;
use super::breaker::{CircuitBreaker, Resource};
use super::outcome::{Answer, Failure, Outcome};
use crate::units::Nanos;

/// A retry policy, compiled: its conditions as bits, its times in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryRules {
    conditions: u16,
    status_codes: Vec<u16>,
    attempts: u32,
    base_ms: u64,
    longest_ms: u64,
    /// No lower status is retried for its own sake.
    lowest_status: u16,
}

/// The retries of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryState {
    left: u32,
    interval_ms: u64,
    /// Whether a retry of this request is counted by the breaker.
    counted: bool,
    /// Whether something of the request was sent to any host.
    sent: bool,
}

/// What follows after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryVerdict {
    /// The outcome goes to the client.
    No,
    /// Another attempt starts after this time; 0 is possible.
    After(Nanos),
    /// The outcome goes to the client: it would have been retried, but no retry is left.
    LimitExceeded,
    /// The outcome goes to the client: too many retries of the cluster are under way (E-106).
    Overflow,
}

/// Envoy's first back-off interval.
const BASE_MS: u64 = 25;
/// The longest interval, in first intervals.
const LONGEST: u64 = 10;

const SERVER_ERROR: u16 = 1;
const GATEWAY_ERROR: u16 = 1 << 1;
const RESET: u16 = 1 << 2;
const RESET_BEFORE_REQUEST: u16 = 1 << 3;
const CONNECT_FAILURE: u16 = 1 << 4;
const REFUSED_STREAM: u16 = 1 << 5;
const RETRIABLE_4XX: u16 = 1 << 6;
const STATUS_CODES: u16 = 1 << 7;
const RATE_LIMITED: u16 = 1 << 8;
const CANCELLED: u16 = 1 << 9;
const DEADLINE_EXCEEDED: u16 = 1 << 10;
const INTERNAL: u16 = 1 << 11;
const RESOURCE_EXHAUSTED: u16 = 1 << 12;
const UNAVAILABLE: u16 = 1 << 13;

/// The words of `retryOn` that can have an effect. `retriable-headers` needs header matchers, which
/// Istio does not send, and `http3-post-connect-failure` needs HTTP/3.
const CONDITIONS: [(&str, u16); 14] = [
    ("5xx", SERVER_ERROR),
    ("gateway-error", GATEWAY_ERROR),
    ("reset", RESET),
    ("reset-before-request", RESET_BEFORE_REQUEST),
    ("connect-failure", CONNECT_FAILURE),
    ("refused-stream", REFUSED_STREAM),
    ("retriable-4xx", RETRIABLE_4XX),
    ("retriable-status-codes", STATUS_CODES),
    ("envoy-ratelimited", RATE_LIMITED),
    ("cancelled", CANCELLED),
    ("deadline-exceeded", DEADLINE_EXCEEDED),
    ("internal", INTERNAL),
    ("resource-exhausted", RESOURCE_EXHAUSTED),
    ("unavailable", UNAVAILABLE),
];

// === impl RetryRules ===

impl RetryRules {
    /// Compiles a policy; `None` if nothing would ever be retried.
    #[must_use]
    pub fn new(policy: &RetryPolicy) -> Option<Self> {
        let bit =
            |word: &String| CONDITIONS.iter().find(|(name, _)| name == word).map(|(_, bit)| bit);
        let conditions = policy.on.iter().filter_map(bit).fold(0, |bits, bit| bits | bit);
        let base_ms = policy.backoff.map_or(BASE_MS, Nanos::as_millis).max(1);
        (conditions != 0 && policy.attempts > 0).then(|| Self {
            conditions,
            status_codes: policy.status_codes.clone(),
            lowest_status: policy.status_codes.iter().copied().min().unwrap_or(409).min(409),
            attempts: policy.attempts,
            base_ms,
            longest_ms: base_ms.saturating_mul(LONGEST),
        })
    }

    /// Tells whether an outcome is of a kind that is retried; `sent` says whether something of the
    /// request has reached any host.
    #[must_use]
    #[inline]
    pub fn cover(&self, outcome: Outcome, sent: bool) -> bool {
        match outcome {
            Outcome::Answer(answer) => self.cover_answer(answer),
            Outcome::Failure(failure) => self.cover_failure(failure, sent),
        }
    }

    fn has(&self, condition: u16) -> bool {
        self.conditions & condition != 0
    }

    fn cover_answer(&self, answer: Answer) -> bool {
        if answer.rate_limited {
            return self.has(RATE_LIMITED);
        }
        if answer.status < self.lowest_status && answer.grpc_status.is_none() {
            return false;
        }
        let by_status = match answer.status {
            502..=504 => self.has(SERVER_ERROR | GATEWAY_ERROR),
            500..=599 => self.has(SERVER_ERROR),
            409 => self.has(RETRIABLE_4XX),
            _ => false,
        };
        let by_grpc = match answer.grpc_status {
            Some(1) => self.has(CANCELLED),
            Some(4) => self.has(DEADLINE_EXCEEDED),
            Some(8) => self.has(RESOURCE_EXHAUSTED),
            Some(13) => self.has(INTERNAL),
            Some(14) => self.has(UNAVAILABLE),
            _ => false,
        };
        let listed = self.has(STATUS_CODES) && self.status_codes.contains(&answer.status);
        by_status || listed || by_grpc
    }

    fn cover_failure(&self, failure: Failure, sent: bool) -> bool {
        match failure {
            // E-103; and after these two the proxy answers itself, without asking for retries.
            Failure::Overflow
            | Failure::PendingOverflow
            | Failure::NoHost
            | Failure::RouteTimeout => false,
            _ if self.has(RESET | SERVER_ERROR | GATEWAY_ERROR) => true,
            _ if !sent && self.has(RESET_BEFORE_REQUEST) => true,
            Failure::ConnectFailure | Failure::ConnectTimeout => self.has(CONNECT_FAILURE),
            Failure::RefusedStream => self.has(REFUSED_STREAM),
            _ => false,
        }
    }
}

// === impl RetryState ===

impl RetryState {
    /// Starts the count of a new request.
    #[must_use]
    pub fn new(rules: &RetryRules) -> Self {
        Self { left: rules.attempts, interval_ms: rules.base_ms, counted: false, sent: false }
    }

    /// Notes that an attempt was attached to a connection, so that its headers were sent.
    pub fn mark_sent(&mut self) {
        self.sent = true;
    }

    /// Decides after an attempt (E-111). Ends the retry that this attempt was, if it was one.
    #[inline]
    pub fn decide(
        &mut self,
        rules: &RetryRules,
        outcome: Outcome,
        breaker: &mut CircuitBreaker,
        random: &mut impl FnMut() -> u64,
    ) -> RetryVerdict {
        self.finish(breaker);
        if !rules.cover(outcome, self.sent) {
            return RetryVerdict::No;
        }
        if self.left == 0 {
            return RetryVerdict::LimitExceeded;
        }
        // A retry that the breaker refuses is used up all the same (E-106).
        self.left -= 1;
        if !breaker.allows(Resource::Retries) {
            return RetryVerdict::Overflow;
        }
        breaker.acquire(Resource::Retries);
        self.counted = true;
        RetryVerdict::After(self.back_off(rules, random()))
    }

    /// Ends the retry that is under way, if there is one: the request is over.
    #[inline]
    pub fn finish(&mut self, breaker: &mut CircuitBreaker) {
        if std::mem::take(&mut self.counted) {
            breaker.release(Resource::Retries);
        }
    }

    /// E-112: a uniform part of an interval that doubles up to the longest one.
    fn back_off(&mut self, rules: &RetryRules, random: u64) -> Nanos {
        let interval = self.interval_ms;
        let doubled = interval.saturating_mul(2);
        self.interval_ms = if doubled < rules.longest_ms { doubled } else { rules.longest_ms };
        Nanos::from_millis(random.checked_rem(interval).unwrap_or(0))
    }
}

// === impl RetryVerdict ===

impl RetryVerdict {
    /// Returns the response flag that the verdict sets, beside that of the outcome.
    #[must_use]
    pub const fn flag(self) -> Option<ResponseFlag> {
        match self {
            Self::No | Self::After(_) => None,
            Self::LimitExceeded => Some(ResponseFlag::RetryLimit),
            Self::Overflow => Some(ResponseFlag::Overflow),
        }
    }
}

#[cfg(test)]
mod tests;
