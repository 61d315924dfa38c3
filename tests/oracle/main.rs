//! The live oracle: real Envoy decides random and recorded route tables, and lanecast must agree.
//!
//! Tables are written with [`lanecast::envoy`], run by Envoy on local sockets, asked over HTTP, and
//! every answer, every request that an application gets and every copy is compared. Runs where Envoy
//! is found (`LANECAST_ENVOY`, or a copy from an earlier run) or may be installed (`CI` or
//! `LANECAST_ORACLE=1`); see `binary.rs`. `LANECAST_ORACLE_REQUESTS` sets the number of weighted picks,
//! `LANECAST_ORACLE_SEED` another seed.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod binary;
mod client;
mod difference;
mod draw;
mod expect;
mod grpc;
mod live;
mod minimise;
mod outcome;
mod printed;
mod process;
mod random;
mod recorded;
mod scene;
mod shares;
mod tame;
mod upstream;
mod wire;
mod world;

use std::io::Write as _;

/// Writes a line that the test harness does not capture.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
