//! The parts of a scenario file that concern time: rates, service times, network, timeline, proxies.
//!
//! Mirrors the file; `scenario::time` resolves it.

use super::OneOrMany;
use crate::config::app::DistributionFile;
use crate::config::decode::{Decode, Entries, Located, Map, entries, record, words, wrong_type};
use crate::config::node::{Node, Value};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::units::{Nanos, Rate, Share};

record! {
    /// When the requests of a class arrive.
    pub struct ArrivalsFile("arrivals") {
        /// Even gaps.
        "constant" => constant: Option<Located<Rate>>,
        /// Independent arrivals.
        "poisson" => poisson: Option<Located<Rate>>,
        /// A rate that runs in a straight line, then stays.
        "ramp" => ramp: Option<RampFile>,
        /// A rate that changes at moments.
        "steps" => steps: Option<Vec<RateStepFile>>,
        /// The same from a CSV file.
        "table" => table: Option<Located<String>>,
        /// Users that wait for their answers.
        "users" => users: Option<Located<u32>>,
        /// Time between an answer and the next request of a user.
        "think" => think: Option<DistributionFile>,
        /// Many requests at once.
        "burst" => burst: Option<BurstFile>,
        /// How arrivals follow a ramp, steps or a table.
        "process" => process: Option<Located<ProcessWord>>,
    }
}

words! {
    /// How arrivals follow a rate.
    pub enum ProcessWord("arrival process") {
        /// Independent arrivals.
        "poisson" => Poisson,
        /// Even gaps.
        "constant" => Constant,
    }
}

record! {
    /// A rate that runs in a straight line, then stays.
    pub struct RampFile("ramp") {
        /// When it begins; the rate is `from` before.
        "at" => at: Option<Located<Nanos>>,
        /// The first rate.
        "from" => from: Option<Located<Rate>>,
        /// The last rate.
        "to" => to: Option<Located<Rate>>,
        /// How long it takes.
        "over" => over: Option<Located<Nanos>>,
    }
}

record! {
    /// A rate from a moment on.
    pub struct RateStepFile("step of a rate") {
        /// The moment.
        "at" => at: Option<Located<Nanos>>,
        /// The rate.
        "rate" => rate: Option<Located<Rate>>,
    }
}

record! {
    /// Many requests at once.
    pub struct BurstFile("burst") {
        /// How many.
        "size" => size: Option<Located<u32>>,
        /// Time between two bursts.
        "every" => every: Option<Located<Nanos>>,
    }
}

/// Delays of the network: one for all, or by edge.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetworkFile {
    /// The delay of edges that are not listed.
    pub default: Option<Located<Nanos>>,
    /// Edges `mocka>mockb` with their delays.
    pub edges: Entries<Located<Nanos>>,
}

record! {
    /// What happens at a moment.
    pub struct TimelineFile("timeline event") {
        /// The moment.
        "at" => at: Option<Located<Nanos>>,
        /// Pods of workloads.
        "scale" => scale: Map<Located<u32>>,
        /// Share of requests that apps answer with 503 by themselves.
        "errors" => errors: Map<Located<Share>>,
        /// How many times their service time apps take.
        "slow" => slow: Map<Located<Factor>>,
        /// Other service times of apps.
        "service" => service: Map<DistributionFile>,
        /// Mesh files whose objects replace those of the same kind and name.
        "mesh" => mesh: OneOrMany,
        /// Another rate, of all traffic or by class.
        "rate" => rate: Option<RateChange>,
        /// Other numbers of users, by class.
        "users" => users: Map<Located<u32>>,
    }
}

/// Another rate.
#[derive(Clone, Debug, PartialEq)]
pub enum RateChange {
    /// Of all traffic.
    Whole(Located<Rate>),
    /// By class.
    ByClass(Map<Located<Rate>>),
}

/// A factor: `4x`, `1.5x` or a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factor(pub Share);

record! {
    /// How proxies are modelled.
    pub struct EnvoyFile("envoy") {
        /// Release, `1.40`.
        "version" => version: Option<Located<Release>>,
        /// Worker threads per proxy.
        "concurrency" => concurrency: Option<Located<u32>>,
    }
}

/// A minor release of Envoy 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release(pub u16);

// === impl Decode ===

impl Decode for Rate {
    /// Reads `200/s`, `30/m` or `0.5/h`.
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let Some(text) = node.text() else {
            wrong_type(node, "a rate such as 200/s", problems);
            return None;
        };
        let rate = text.parse::<Self>().map_err(|error| {
            let message = format!("`{text}` is no rate: {error}");
            problems.push(Diagnostic::error("invalid-rate", node.place, message));
        });
        rate.ok()
    }
}

impl Decode for NetworkFile {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        if node.entries().is_none() {
            let default = Some(Located::decode(node, problems)?);
            return Some(Self { default, edges: Vec::new() });
        }
        let mut edges: Entries<Located<Nanos>> = entries(node, problems)?;
        let default = edges.iter().position(|(name, _)| name.value == "default");
        let default = default.map(|index| edges.remove(index).1);
        Some(Self { default, edges })
    }
}

impl Decode for RateChange {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Mapping(_) => Map::decode(node, problems).map(Self::ByClass),
            _ => Located::decode(node, problems).map(Self::Whole),
        }
    }
}

impl Decode for Factor {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let (Value::Text(text) | Value::Integer(_, text) | Value::Float(_, text)) = &node.value
        else {
            wrong_type(node, "a factor such as 4x", problems);
            return None;
        };
        let factor = text.trim().trim_end_matches('x').parse().ok();
        // No service is a million times slower and still a service.
        let factor = factor.filter(|it: &Share| it.as_f64() <= 1e6 && it.denominator() <= 1 << 32);
        if factor.is_none() {
            let message = format!("`{text}` is no factor such as 4x or 1.5x");
            problems.push(Diagnostic::error("invalid-factor", node.place, message));
        }
        factor.map(Self)
    }
}

impl Decode for Release {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        // 1.40 without quotes is a number whose text still says 1.40.
        let (Value::Text(text) | Value::Float(_, text)) = &node.value else {
            wrong_type(node, "a release such as 1.40", problems);
            return None;
        };
        let minor = text.trim_start_matches('v').strip_prefix("1.").and_then(|rest| {
            let minor = rest.split('.').next().unwrap_or_default();
            minor.parse().ok()
        });
        if minor.is_none() {
            let message = format!("`{text}` is no release of Envoy such as 1.40");
            problems.push(Diagnostic::error("invalid-version", node.place, message));
        }
        minor.map(Self)
    }
}
