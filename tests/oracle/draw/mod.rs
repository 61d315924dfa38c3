//! Random tables, clusters and requests, as proptest strategies over a small universe of names: the
//! smaller it is, the more conditions meet requests that they almost fit.

mod action;
mod cluster;
mod matcher;
mod ops;
mod path;
mod request;
mod table;

use proptest::strategy::{Strategy, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

pub(crate) use cluster::policies;
pub(crate) use request::draft;
pub(crate) use table::drawn;

/// Names of headers that clients send and tables look at.
const HEADERS: [&str; 8] =
    ["x-a", "x-b", "x-lane", "accept", "cookie", "user-agent", "content-type", "origin"];
/// Values of headers; the origins and cookies are some of them.
const VALUES: [&str; 15] = [
    "",
    "v1",
    "v2",
    "V1",
    "s1",
    "a",
    "b",
    "a,b",
    "100",
    "a=1; u=alice",
    "u=\"bob\"; u=c",
    "http://a.test",
    "https://b.test:8443",
    "application/json",
    "application/grpc",
];

/// A source of values for one purpose; equal seeds and numbers give equal values.
pub(crate) struct Source(TestRunner);

// === impl Source ===

impl Source {
    /// A source for the thing of a number.
    pub(crate) fn new(seed: u64, number: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8..16].copy_from_slice(&number.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        Self(TestRunner::new_with_rng(Config::default(), rng))
    }

    /// Draws a value.
    pub(crate) fn draw<S: Strategy>(&mut self, strategy: &S) -> S::Value {
        strategy.new_tree(&mut self.0).unwrap().current()
    }
}

/// One of some texts.
fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = String> + Clone {
    proptest::sample::select(texts).prop_map(str::to_owned)
}
