//! lanecast.
pub mod cli;
pub mod config;
pub mod control_plane;
pub mod data_plane;
pub mod diagnostic;
pub mod engine;
pub mod envoy;
pub mod explain;
pub mod report;
pub mod scenario;
pub mod stats;
pub mod summary;
pub mod topology;
pub mod units;
