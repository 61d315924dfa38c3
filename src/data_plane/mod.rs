//! THE SHARED ROUTING ENGINE: what Envoy does with a request, given its route tables and clusters.
//!
//! Plain data and pure functions: no YAML, no files, no clock; randomness is an argument. The control
//! plane compiles tables for it, every engine asks it, and it could leave as a crate of its own.
//!
//! # Way of a request
//! [`Request::received`] (connection manager) → [`RouteTable::select`] (virtual host, first match) →
//! [`router::decide`] (redirect, direct response, preflight or forward) → [`Forward::pick`] (weighted
//! clusters) → [`Forward::forwarded`] (headers, Host, path) → a [`Cluster`]'s endpoints.

pub mod balance;
mod cluster;
mod flag;
mod grpc;
mod headers;
mod matcher;
mod mutation;
mod path;
mod policy;
mod re2;
mod referer;
mod request;
pub mod resilience;
mod rewrite;
mod route;
pub mod router;
mod table;
mod version;

pub use cluster::{
    BalancerPolicy, Cluster, Discovery, Endpoint, EndpointGroup, Limits, Locality,
    OutlierDetection, RetryBudget, SlowStart,
};
pub use flag::ResponseFlag;
pub use headers::HeaderMap;
pub use matcher::{
    ClaimMatcher, HeaderMatcher, Mismatch, PathMatcher, QueryMatcher, RouteMatcher, StringMatcher,
};
pub use mutation::{Context, HeaderOps, Template};
pub use path::{InvalidPath, PathNormalization, join_query, normalise, split_query};
pub use policy::{
    Abort, Cors, Fault, Fraction, HashKey, Mirror, RetryPolicy, combined_hash, xxh64,
};
pub use re2::{InvalidRegex, Regex};
pub use request::{EarlyReply, Edge, Request, UNIQUE};
pub use rewrite::{PathRewrite, Redirect, RedirectPath, without_port};
pub use route::{
    Destination, DirectResponse, Forward, Route, RouteAction, RouteSource, resolve_label,
};
pub use table::{RouteTable, Selection, VirtualHost};
pub use version::EnvoyVersion;
