//! lanecast.
pub mod config;
pub mod control_plane;
pub mod data_plane;
pub mod diagnostic;
pub mod stats;
pub mod units;
