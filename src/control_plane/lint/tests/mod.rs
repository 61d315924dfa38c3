//! Each finding: fires, stays silent, points at the right word, proves what it says.

mod analyzers;
mod proven;
mod servers;
mod undefined;
