//! Lanes from text to the pods that requests reach.

mod edge;
mod loaded;
mod permissive;
mod problems;
mod strict;
mod tags;
mod world;

use world::{CHAIN, Caller, World, chain_of, group, lane};
