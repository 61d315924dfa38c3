//! Resolves when the requests of each class arrive.

use super::{ArrivalPlan, Loading, Process, RatePiece, RateProfile, TimeDistribution, csv};
use crate::config::decode::Located;
use crate::config::scenario::{
    ArrivalsFile, BurstFile, ProcessWord, RampFile, RateStepFile, TrafficClass,
};
use crate::diagnostic::{Diagnostic, Diagnostics, Place};
use crate::scenario::{Class, Scenario};
use crate::units::{Nanos, Rate};

/// How often requests arrive if a scenario does not say.
const RATE: Rate = Rate::per_second(1_000);

/// Resolves the arrivals of all classes; classes without arrivals of their own divide the whole rate by
/// their shares.
pub(super) fn resolve(
    scenario: &Scenario,
    loading: &mut Loading<'_>,
    assumptions: &mut Vec<String>,
) -> Vec<ArrivalPlan> {
    let file = loading.file;
    let is_own = |class: &TrafficClass| class.rate.is_some() || class.arrivals.is_some();
    let sharing = |(class, written): &(&Class, &TrafficClass)| {
        if is_own(written) { 0 } else { class.weight }
    };
    let pairs = || scenario.classes.iter().zip(&file.traffic);
    let total: u64 = pairs().map(|pair| sharing(&pair)).sum();
    match &file.rate {
        Some(rate) if total == 0 => {
            let message = "every class has a rate of its own; nothing is left for this one";
            loading.problems.push(Diagnostic::warning("unused-rate", rate.place, message));
        }
        None if total > 0 => assumptions.push(format!("no rate stated, {RATE} assumed")),
        _ => {}
    }
    let whole = file.rate.as_ref().map_or(RATE, |rate| rate.value);
    let share = |pair: &(&Class, &TrafficClass)| whole.part(sharing(pair), total);
    pairs()
        .map(|pair| {
            let own = own_plan(pair.1, loading);
            let shared = || ArrivalPlan::Open(RateProfile::level(share(&pair), Process::Poisson));
            own.unwrap_or_else(shared)
        })
        .collect()
}

/// The arrivals that a class states itself.
fn own_plan(class: &TrafficClass, loading: &mut Loading<'_>) -> Option<ArrivalPlan> {
    match (&class.rate, &class.arrivals) {
        (None, None) => None,
        (Some(rate), None) => {
            Some(ArrivalPlan::Open(RateProfile::level(rate.value, Process::Poisson)))
        }
        (Some(rate), Some(_)) => {
            let message = "`arrivals` already says this";
            loading.problems.push(Diagnostic::error("contradiction", rate.place, message));
            None
        }
        (None, Some(arrivals)) => written_plan(arrivals, loading),
    }
}

fn written_plan(file: &ArrivalsFile, loading: &mut Loading<'_>) -> Option<ArrivalPlan> {
    let kinds = [
        ("constant", file.constant.is_some()),
        ("poisson", file.poisson.is_some()),
        ("ramp", file.ramp.is_some()),
        ("steps", file.steps.is_some()),
        ("table", file.table.is_some()),
        ("users", file.users.is_some()),
        ("burst", file.burst.is_some()),
    ];
    if kinds.iter().filter(|(_, given)| *given).count() != 1 {
        let message = "arrivals have exactly one kind";
        let names: Vec<&str> = kinds.iter().map(|(name, _)| *name).collect();
        let help = format!("one of: {}", names.join(", "));
        loading
            .problems
            .push(Diagnostic::error("invalid-arrivals", file.place, message).help(help));
        return None;
    }
    let process = match file.process.as_ref().map(|process| process.value) {
        Some(ProcessWord::Constant) => Process::Constant,
        Some(ProcessWord::Poisson) | None => Process::Poisson,
    };
    if let Some(rate) = &file.constant {
        return Some(ArrivalPlan::Open(RateProfile::level(rate.value, Process::Constant)));
    }
    if let Some(rate) = &file.poisson {
        return Some(ArrivalPlan::Open(RateProfile::level(rate.value, Process::Poisson)));
    }
    if let Some(users) = &file.users {
        return users_plan(users, file, loading);
    }
    if let Some(burst) = &file.burst {
        return burst_plan(burst, loading.problems);
    }
    let pieces = match (&file.ramp, &file.steps, &file.table) {
        (Some(ramp), _, _) => ramp_pieces(ramp, loading.problems)?,
        (_, Some(steps), _) => step_pieces(steps, file.place, loading.problems)?,
        (_, _, Some(table)) => table_pieces(table, loading)?,
        _ => return None,
    };
    Some(ArrivalPlan::Open(RateProfile { process, pieces }))
}

fn users_plan(
    users: &Located<u32>,
    file: &ArrivalsFile,
    loading: &mut Loading<'_>,
) -> Option<ArrivalPlan> {
    if users.value > MAX_AT_ONCE {
        too_many(users, loading.problems);
        return None;
    }
    let folder = loading.folder().to_owned();
    let think = match &file.think {
        Some(think) => TimeDistribution::resolve(think, &folder, loading)?,
        None => TimeDistribution::default(),
    };
    Some(ArrivalPlan::Users { users: users.value, think })
}

/// More requests at one moment than a simulation on one machine has room for.
const MAX_AT_ONCE: u32 = 10_000_000;

fn too_many(number: &Located<u32>, problems: &mut Diagnostics) {
    let message = format!("{} is more than {MAX_AT_ONCE}", number.value);
    problems.push(Diagnostic::error("out-of-range", number.place, message));
}

fn burst_plan(burst: &BurstFile, problems: &mut Diagnostics) -> Option<ArrivalPlan> {
    let (Some(size), Some(every)) = (&burst.size, &burst.every) else {
        return missing("a burst states its size and how often it comes", burst.place, problems);
    };
    if size.value > MAX_AT_ONCE {
        too_many(size, problems);
        return None;
    }
    if every.value == Nanos(0) {
        let message = "bursts need some time between them";
        problems.push(Diagnostic::error("out-of-range", every.place, message));
        return None;
    }
    Some(ArrivalPlan::Bursts { size: size.value, every: every.value })
}

fn ramp_pieces(ramp: &RampFile, problems: &mut Diagnostics) -> Option<Vec<RatePiece>> {
    let (Some(from), Some(to), Some(over)) = (&ramp.from, &ramp.to, &ramp.over) else {
        return missing("a ramp states from, to and over", ramp.place, problems);
    };
    let start = ramp.at.as_ref().map_or(Nanos(0), |at| at.value);
    let (Some(end), true) = (start.0.checked_add(over.value.0), over.value > Nanos(0)) else {
        let message = format!("a ramp cannot take {}", over.value);
        problems.push(Diagnostic::error("out-of-range", over.place, message));
        return None;
    };
    let (from, to) = (from.value, to.value);
    let mut pieces = Vec::new();
    if start > Nanos(0) {
        pieces.push(RatePiece { start: Nanos(0), from, to: from });
    }
    pieces.push(RatePiece { start, from, to });
    pieces.push(RatePiece { start: Nanos(end), from: to, to });
    Some(pieces)
}

fn step_pieces(
    steps: &[RateStepFile],
    place: Place,
    problems: &mut Diagnostics,
) -> Option<Vec<RatePiece>> {
    let mut rows = Vec::new();
    for step in steps {
        let (Some(at), Some(rate)) = (&step.at, &step.rate) else {
            return missing("a step states its time and its rate", step.place, problems);
        };
        rows.push((at.value, rate.value, at.place));
    }
    rate_pieces(&rows, place, problems)
}

fn table_pieces(table: &Located<String>, loading: &mut Loading<'_>) -> Option<Vec<RatePiece>> {
    let folder = loading.folder().to_owned();
    let mut rows = Vec::new();
    for row in csv::read(table, &folder, loading) {
        let seconds = |text: &str| format!("{text}s").parse::<Nanos>();
        let at = row.first.parse().or_else(|_| seconds(&row.first)).ok();
        let per_second = |text: &str| format!("{text}/s").parse::<Rate>();
        let rate = row.second.parse().or_else(|_| per_second(&row.second)).ok();
        let (Some(at), Some(rate)) = (at, rate) else {
            let message = format!("`{}, {}` is no time with a rate", row.first, row.second);
            let help = "write 60s, 200/s; numbers alone are seconds and requests per second";
            loading
                .problems
                .push(Diagnostic::error("invalid-table", row.place, message).help(help));
            return None;
        };
        rows.push((at, rate, row.place));
    }
    rate_pieces(&rows, table.place, loading.problems)
}

/// Rates from moments on; nothing arrives before the first one.
fn rate_pieces(
    rows: &[(Nanos, Rate, Place)],
    place: Place,
    problems: &mut Diagnostics,
) -> Option<Vec<RatePiece>> {
    let mut pieces = Vec::new();
    if rows.first().is_none_or(|(at, _, _)| *at > Nanos(0)) {
        pieces.push(RatePiece { start: Nanos(0), from: Rate::ZERO, to: Rate::ZERO });
    }
    if rows.is_empty() {
        return missing("there is no step", place, problems);
    }
    for (at, rate, place) in rows {
        if pieces.last().is_some_and(|last: &RatePiece| last.start >= *at) {
            let message = format!("{at} is not after the time before it");
            problems.push(Diagnostic::error("invalid-arrivals", *place, message));
            return None;
        }
        pieces.push(RatePiece { start: *at, from: *rate, to: *rate });
    }
    Some(pieces)
}

fn missing<T>(message: &str, place: Place, problems: &mut Diagnostics) -> Option<T> {
    problems.push(Diagnostic::error("missing-field", place, message));
    None
}
