//! The timed engine against recorded runs of Envoy (`tests/data/timing`, or the folder that `LANECAST_TIMING`
//! names).
//!
//! Recorded arrivals meet hosts as the recordings describe them. Shares must agree within four standard errors
//! of a difference, durations in median and 95th percentile within 5 % + 2 ms and as many standard errors of what
//! is measured in a run; the spans without requests to an
//! ejected host must begin and end within one detection interval + 50 ms of some simulated run. The phase of
//! the detection interval is not recorded: it is the one that fits the recorded spans best.

mod compare;
mod recording;

use std::path::{Path, PathBuf};

use compare::Comparison;
use lanecast::engine::timed::{Outcome, Simulation};
use lanecast::units::Nanos;
use recording::Recording;

/// Simulated runs per recording.
const RUNS: u32 = 20;

/// Phases of the detection interval that are tried.
const PHASES: u64 = 20;

#[test]
fn the_timed_engine_agrees_with_recorded_runs_of_envoy() {
    let folder =
        std::env::var("LANECAST_TIMING").map_or_else(|_| crate::data("timing"), PathBuf::from);
    let (runs, differing) = compare_all(&folder);
    crate::say(&format!("timing: {runs} runs, {differing} differing"));
    assert_eq!(differing, 0);
}

#[test]
fn the_timed_engine_agrees_with_further_recorded_runs() {
    let (runs, differing) = compare_all(&crate::data("timing-more"));
    crate::say(&format!("further recordings: {runs}, {differing} differing"));
    assert_eq!(differing, 0);
}

/// Compares all recordings of a folder; returns how many there are, and how many differ.
fn compare_all(folder: &Path) -> (usize, usize) {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "json"));
    files.sort();
    assert!(!files.is_empty(), "no recordings in {}", folder.display());
    let mut differing = 0;
    for file in &files {
        let recording = Recording::read(file);
        let differences = compare(&recording);
        for difference in &differences {
            crate::say(&format!("{}: {difference}", recording.name));
        }
        differing += usize::from(!differences.is_empty());
    }
    (files.len(), differing)
}

/// Simulates a recording and lists what differs.
fn compare(recording: &Recording) -> Vec<String> {
    let age = recording.interval.map_or(Nanos(0), |interval| best_age(recording, interval));
    let outcomes = simulate(recording, age, RUNS);
    Comparison { recording, outcomes: &outcomes }.differences()
}

fn simulate(recording: &Recording, age: Nanos, runs: u32) -> Vec<Outcome> {
    let simulation = Simulation::new(recording.setup(age));
    (0..runs).map(|run| since(age, simulation.run(u64::from(run) + 1))).collect()
}

/// How much older the cluster is than the first request, below one interval.
fn best_age(recording: &Recording, interval: Nanos) -> Nanos {
    let recorded = compare::gaps(&recording.upstream);
    let mut best = (u128::MAX, Nanos(0));
    for phase in 0..PHASES {
        let age = Nanos(interval.0 * phase / PHASES);
        let outcome = simulate(recording, age, 1).remove(0);
        let simulated = compare::gaps(&outcome.upstream_requests);
        let error = simulated.iter().zip(&recorded).map(|(a, b)| {
            u128::from(a.to.0.abs_diff(b.to.0)) + u128::from(a.from.0.abs_diff(b.from.0))
        });
        let missing =
            simulated.len().abs_diff(recorded.len()) as u128 * u128::from(interval.0) * 100;
        let error = error.sum::<u128>() + missing;
        if error < best.0 {
            best = (error, age);
        }
    }
    best.1
}

/// Times and hosts as the recordings count them: from the first moment of the load, without the gateway.
fn since(age: Nanos, mut outcome: Outcome) -> Outcome {
    let ours = |(at, station): (Nanos, u32)| (Nanos(at.0 - age.0), station - 1);
    outcome.upstream_requests = outcome.upstream_requests.into_iter().map(ours).collect();
    outcome
}
