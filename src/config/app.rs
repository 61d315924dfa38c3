//! How applications serve requests in time: service times, workers, queues, errors.
//!
//! Stated in topology files and in scenario files; `scenario::time` resolves both.

use super::decode::{Decode, Fields, Located, Map, record};
use super::node::{Node, Value};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::units::{Nanos, Share};

/// A distribution of lengths of time: a duration, or its kind with its numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum DistributionFile {
    /// Always the same.
    Constant(Located<Nanos>),
    /// `exponential: 5ms`.
    Exponential(Located<Nanos>),
    /// `lognormal: {mean: 5ms, p99: 40ms}`.
    LogNormal(MomentsFile),
    /// `gamma: {mean: 5ms, cv: 0.5}`.
    Gamma(MomentsFile),
    /// `percentiles: file.csv`.
    PercentileTable(Located<String>),
    /// `percentiles: {p50: 4ms, p99: 40ms}`.
    Percentiles(Map<Located<Nanos>>),
}

record! {
    /// The numbers of a distribution.
    pub struct MomentsFile("distribution") {
        /// Mean.
        "mean" => mean: Option<Located<Nanos>>,
        /// The time that 99 % do not exceed.
        "p99" => p99: Option<Located<Nanos>>,
        /// Standard deviation over mean.
        "cv" => cv: Option<Located<f64>>,
    }
}

record! {
    /// How an application serves requests.
    pub struct AppFile("app") {
        /// Time that a worker spends on a request.
        "service" => service: Option<DistributionFile>,
        /// Requests that a pod works on at a time.
        "workers" => workers: Option<Located<u32>>,
        /// Requests that may wait in a pod.
        "queue" => queue: Option<Located<u32>>,
        /// Share of requests that it answers with 503 by itself.
        "errors" => errors: Option<Located<Share>>,
    }
}

// === impl DistributionFile ===

impl Decode for DistributionFile {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        if node.entries().is_none() {
            return Located::decode(node, problems).map(Self::Constant);
        }
        let mut fields = Fields::open("distribution", node, problems)?;
        let constant: Option<Located<Nanos>> = fields.take("constant", problems);
        let exponential: Option<Located<Nanos>> = fields.take("exponential", problems);
        let lognormal: Option<MomentsFile> = fields.take("lognormal", problems);
        let gamma: Option<MomentsFile> = fields.take("gamma", problems);
        let percentiles: Option<PercentilesFile> = fields.take("percentiles", problems);
        fields.finish(&[], problems);
        let mut given = Vec::new();
        given.extend(constant.map(Self::Constant));
        given.extend(exponential.map(Self::Exponential));
        given.extend(lognormal.map(Self::LogNormal));
        given.extend(gamma.map(Self::Gamma));
        given.extend(percentiles.map(|it| match it {
            PercentilesFile::Table(name) => Self::PercentileTable(name),
            PercentilesFile::Points(points) => Self::Percentiles(points),
        }));
        let kinds = ["constant", "exponential", "lognormal", "gamma", "percentiles"];
        let written = kinds.iter().filter(|kind| node.get(kind).is_some()).count();
        if written != 1 {
            let message = "a distribution has exactly one kind";
            let help = format!("one of: {}; or a duration alone", kinds.join(", "));
            problems
                .push(Diagnostic::error("invalid-distribution", node.place, message).help(help));
            return None;
        }
        given.pop()
    }
}

/// Percentiles by file or in place.
enum PercentilesFile {
    Table(Located<String>),
    Points(Map<Located<Nanos>>),
}

impl Decode for PercentilesFile {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Mapping(_) => Map::decode(node, problems).map(Self::Points),
            _ => Located::decode(node, problems).map(Self::Table),
        }
    }
}
