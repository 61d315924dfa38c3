//! One binary for all integration tests: it links once, and every module shares the helpers.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod acceptance;
mod agreement;
mod architecture;
mod check;
mod command;
mod conformance;
mod envoy;
mod hostile;
mod lint;
mod scene;
mod theory;
mod timed;
mod timing;
mod validation;

use std::io::Write as _;
use std::path::PathBuf;

/// Prints a closing line that the test harness does not capture.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Returns a folder or file of `tests/data`.
fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}
