//! What will this mesh config do to the traffic?
//!
//! lanecast loads Istio, ASM, Gateway API and Kubernetes YAML, decides every request as istiod and Envoy do,
//! and reports where requests go. The command `lanecast` is a thin layer over this crate.
//!
//! The modules mirror a real mesh: [`config`] is what one applies, [`control_plane`] what istiod makes of it,
//! [`data_plane`] what Envoy does with a request, [`topology`] what the applications do, [`engine`] the traffic.
//!
//! # From YAML to lanes
//!
//! ```
//! use lanecast::engine::{exact, flow};
//! use lanecast::scenario::{self, MemoryFiles, Options};
//!
//! let text = "
//! topology: {use: mock, versions: {mocka: [v1, v2]}, services: [mocka]}
//! traffic: [{class: all, from: workload default/sleep, request: {url: 'http://mocka:8000/'}}]
//! ";
//! let files = MemoryFiles([("scenario.yaml".to_owned(), text.as_bytes().to_vec())].into());
//! let loaded = scenario::load(&files, "scenario.yaml", &Options::default());
//! let Some(scenario) = loaded.scenario else {
//!     panic!("{}", loaded.problems.render(&loaded.sources));
//! };
//! let flow = flow::build(&scenario).expect("no circle");
//! let exact = exact::solve(&flow);
//! let outcomes = &exact.calls[flow.roots[0] as usize].outcomes.list;
//! let traces: Vec<String> = outcomes.iter().map(|outcome| outcome.trace.text(None)).collect();
//! assert_eq!(traces, ["mocka@v1", "mocka@v2"]);
//! ```
//!
//! # The routing engine alone
//!
//! [`data_plane`] knows no YAML, no clock and no random generator:
//!
//! ```
//! use lanecast::data_plane::router::{Decision, decide};
//! use lanecast::data_plane::{
//!     Destination, Forward, PathMatcher, Request, Route, RouteAction, RouteMatcher, RouteTable, VirtualHost,
//! };
//!
//! let destinations = vec![Destination::new("reviews-v1", 90), Destination::new("reviews-v2", 10)];
//! let forward = Forward { destinations, ..Forward::default() };
//! let anything = RouteMatcher::path(PathMatcher::Any);
//! let route = Route::new("split", anything, RouteAction::Forward(Box::new(forward)));
//! let host = VirtualHost { domains: vec!["reviews".into()], routes: vec![route], ..VirtualHost::default() };
//! let table = RouteTable::new("9080", vec![host]);
//!
//! let request = Request::get("reviews", "/reviews/0");
//! let Decision::Forward(_, _, forward) = decide(&table, &request) else { panic!("no route") };
//! // One random number per request: 189 mod 100 is 89, the last one of the first interval.
//! assert_eq!(forward.destinations[forward.pick(189)].cluster, "reviews-v1");
//! assert_eq!(forward.destinations[forward.pick(190)].cluster, "reviews-v2");
//! ```

pub mod check;
pub mod cli;
pub mod config;
pub mod control_plane;
pub mod data_plane;
pub mod diagnostic;
pub mod engine;
pub mod envoy;
pub mod explain;
pub mod lint;
pub mod report;
pub mod scenario;
pub mod stats;
pub mod summary;
pub mod topology;
pub mod units;
