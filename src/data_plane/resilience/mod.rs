//! What a proxy does when hosts fail or are slow: limits, pools, retries, time-outs, ejection.
//!
//! Pure state machines: time and randomness are arguments, what follows is returned, and nothing is
//! allocated per request once warm. [`CircuitBreaker`] counts for a cluster and a proxy,
//! [`ConnectionPool`] is one worker's connections to one host, [`RetryState`] belongs to one request,
//! [`OutlierDetector`] to a cluster and a proxy.
//!
//! # Way of an attempt
//! host chosen → [`ConnectionPool::request`] → attached, waiting or overflow → [`Outcome`] →
//! [`OutlierDetector::on_outcome`] and [`RetryState::decide`].

mod breaker;
mod outcome;
mod outlier;
mod pool;
mod retry;
mod timeouts;

pub use breaker::{CircuitBreaker, Resource};
pub use outcome::{Answer, Failure, Outcome};
pub use outlier::{Detection, DetectionCounts, OutlierDetector, OutlierSettings};
pub use pool::{ConnectionId, ConnectionPool, PoolEvent, PoolSettings, Protocol, StreamId};
pub use retry::{RetryRules, RetryState, RetryVerdict};
pub use timeouts::Timeouts;
