//! A step-by-step change of weights in a scenario file.
//!
//! Mirrors the file; `scenario::time` resolves it.

use super::OneOrMany;
use crate::config::decode::{Decode, Located, record, wrong_type};
use crate::config::node::{Node, Value};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::units::{Nanos, Share};

record! {
    /// A step-by-step change that watches the traffic.
    pub struct RolloutFile("rollout") {
        /// An Argo Rollouts `Rollout` or a Flagger `Canary` of the mesh files, `name` or `namespace/name`,
        /// whose steps and checks hold where this one states none.
        "use" => base: Option<Located<String>>,
        /// When it begins.
        "at" => at: Option<Located<Nanos>>,
        /// The side whose share falls: `reviews@v1`, service and subset, or a service.
        "stable" => stable: Option<Located<String>>,
        /// The side whose share rises.
        "canary" => canary: Option<Located<String>>,
        /// The steps in order.
        "steps" => steps: Option<Vec<RolloutStep>>,
        /// What is watched.
        "checks" => checks: Option<ChecksFile>,
    }
}

record! {
    /// A step of a rollout.
    pub struct StepFile("step of a rollout") {
        /// Share of the new side.
        "weight" => weight: Option<Located<u32>>,
        /// Or mesh files whose objects replace those of the same kind and name.
        "mesh" => mesh: OneOrMany,
        /// How long the step is held.
        "pause" => pause: Option<Located<Nanos>>,
    }
}

/// A step: a weight alone, or with its pause.
#[derive(Clone, Debug, PartialEq)]
pub struct RolloutStep(pub StepFile);

record! {
    /// What a rollout watches while it holds a step.
    pub struct ChecksFile("checks of a rollout") {
        /// Greatest share of answers with status 500 and above.
        "errorRate" => error_rate: Option<Located<Share>>,
        /// Greatest median of latencies.
        "p50" => p50: Option<Located<Nanos>>,
        /// Greatest 90th percentile.
        "p90" => p90: Option<Located<Nanos>>,
        /// Greatest 95th percentile.
        "p95" => p95: Option<Located<Nanos>>,
        /// Greatest 99th percentile.
        "p99" => p99: Option<Located<Nanos>>,
        /// Over which time.
        "window" => window: Option<Located<Nanos>>,
        /// How often.
        "every" => every: Option<Located<Nanos>>,
        /// Failed rounds that abort.
        "failures" => failures: Option<Located<u32>>,
    }
}

impl Decode for RolloutStep {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        if let Value::Integer(..) = &node.value {
            let weight = Located::decode(node, problems)?;
            let empty = OneOrMany::default();
            let place = node.place;
            return Some(Self(StepFile { place, weight: Some(weight), mesh: empty, pause: None }));
        }
        if node.entries().is_none() {
            wrong_type(node, "a step such as {weight: 10, pause: 60s}", problems);
            return None;
        }
        let step = StepFile::decode(node, problems)?;
        if step.weight.is_some() != step.mesh.0.is_empty() {
            let message = "a step has either a weight or mesh files";
            problems.push(Diagnostic::error("invalid-step", node.place, message));
            return None;
        }
        Some(Self(step))
    }
}
