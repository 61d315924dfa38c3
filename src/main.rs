//! The `lanecast` command.
fn main() {}
