//! `lanecast lint` against the recorded answers of the real mesh, and its command line.

mod command;
mod recorded;
