//! Runs of a setup: one, or many in parallel.

use rayon::prelude::*;

use super::outcome::Outcome;
use super::plan::{self, Plan};
use super::setup::{Setup, Station};
use super::world::World;

/// A compiled setup.
#[derive(Debug)]
pub struct Simulation {
    setup: Setup,
    plan: Plan,
    stations: Vec<Station>,
}

// === impl Simulation ===

impl Simulation {
    /// Compiles a setup.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let mut stations = setup.stations.clone();
        let plan = plan::compile(&setup, &mut stations);
        Self { setup, plan, stations }
    }

    /// Runs it once; the same seed gives the same outcome.
    #[must_use]
    pub fn run(&self, seed: u64) -> Outcome {
        let mut world = World::new(&self.setup, &self.plan, &self.stations, seed);
        world.run();
        Outcome::of(&world, &self.stations)
    }

    /// Runs it with the seeds of `replications` independent runs, on the threads of the current pool, and
    /// adds up what they found out; `None` without replications.
    #[must_use]
    pub fn replicate(&self, seed: u64, replications: u32) -> Option<Outcome> {
        let runs: Vec<Outcome> =
            (0..replications).into_par_iter().map(|run| self.run(run_seed(seed, run))).collect();
        let mut runs = runs.into_iter();
        let mut sum = runs.next()?;
        runs.for_each(|run| sum.merge(run));
        Some(sum)
    }
}

/// The seed of a replication; the first one has that of the scenario, and so the same draws as replay.
#[must_use]
pub fn run_seed(seed: u64, run: u32) -> u64 {
    match run {
        0 => seed,
        run => {
            let mut state = super::numbers::Local(seed ^ (u64::from(run) << 32));
            state.next()
        }
    }
}
