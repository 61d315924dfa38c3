//! Routing tests as users write them: a mesh, a request, what must come out.
//!
//! Reads lanecast's own test files, `testCases` of istio-config-validator, tests of Envoy's
//! `router_check_tool`, and the expectations of scenarios. Each request is decided by the first proxy on its
//! way that reads HTTP, on the same meshes as in scenarios; nothing is drawn, shares are exact. Only
//! scenarios follow a request further.
//!
//! # Invariants
//! - A [`Report`] exists only if no input has an error: a broken test never counts as one that passed.

mod coverage;
mod decide;
mod destination;
mod entry;
mod expectation;
mod input;
mod judge;
mod junit;
mod own;
mod proxy_tool;
mod render;
mod report;
mod run;
mod scenarios;
mod validator;
pub mod written;

pub use coverage::{Coverage, Item};
pub use input::{Checked, Options, check};
pub use junit::junit;
pub use render::{Selection, is_under, json, text};
pub use report::{Failure, Format, Report, Suite, Test};
