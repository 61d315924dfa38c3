//! What happens to many requests: exactly, by replay, or in time, on one decision graph.
//!
//! [`flow`] unrolls each class of requests through the call graph once. [`exact`] puts probabilities on the
//! graph, [`replay`] walks seeded requests through it.

pub mod draws;
pub mod exact;
pub mod flow;
pub mod probability;
pub mod replay;
pub mod timed;
pub mod trace;

#[cfg(test)]
mod testing;
