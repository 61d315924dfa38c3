//! The outcomes of an app run: its own error, then its calls in order, each with its attempts.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Exact, MAX_OUTCOMES, Outcomes, RunTable};
use crate::engine::flow::{AppRun, CallId, Flow, RunCall};
use crate::engine::probability::{Probability, of_share, one, zero};
use crate::engine::trace::{Served, Trace, TracedCall};
use crate::topology::{APP_ERROR, FailurePolicy, is_failure};

/// From what the calls of a run did to the number of its outcome.
///
/// Every attempt is a digit: 0 if it was not made, else the number of its outcome plus 1. The digits make
/// one mixed-radix number.
#[derive(Clone, Debug, Default)]
pub(in crate::engine) struct Codes {
    /// The value of one unit of each digit; 0 where the number would not fit.
    pub(in crate::engine) units: Vec<u128>,
    /// Outcome numbers by code, while the codes are few.
    dense: Vec<u32>,
    sparse: BTreeMap<u128, u32>,
    /// The remainder of each status.
    rest: BTreeMap<u16, u32>,
}

/// Codes up to this are looked up in an array.
const MAX_DENSE: u128 = 1 << 16;

/// No outcome has this number.
const NONE: u32 = u32::MAX;

/// What the calls of a run did so far.
#[derive(Clone, Debug)]
struct State {
    /// `None` for ways that are no longer told apart.
    code: Option<u128>,
    /// The outcome of each attempt that was made.
    made: Vec<(usize, u32)>,
    probability: Probability,
    /// The status that a failed call decided.
    stopped: Option<u16>,
    /// A failure in the current step.
    failing: Option<u16>,
    /// The answer of the current call, if its next attempt may follow.
    last: Option<u16>,
}

/// Works out the outcomes of a run; those of its calls are known.
pub(super) fn table(run: &AppRun, flow: &Flow, exact: &Exact) -> RunTable {
    let mut table = RunTable::default();
    let error = of_share(run.error_rate);
    let served = |error: Option<u16>, calls: Vec<TracedCall>| {
        let (app, version) = (run.app.clone(), run.version.clone());
        Arc::new(Trace::Served(Box::new(Served { app, version, fallback: false, error, calls })))
    };
    if error > zero() {
        let trace = served(Some(APP_ERROR), Vec::new());
        table.error = table.outcomes.add(None, APP_ERROR, &trace, &error);
    }
    let attempts: Vec<CallId> =
        run.steps.iter().flatten().flat_map(|call| call.attempts.iter().copied()).collect();
    table.codes = Codes::new(&attempts, exact);
    let mut walk = Walk { exact, made: vec![zero(); attempts.len()], units: &table.codes.units };
    let states = walk.steps(run, one() - error);
    table.made = walk.made;
    let mut outcomes = std::mem::take(&mut table.outcomes);
    for state in states {
        let status = state.stopped.unwrap_or(run.status);
        let own = is_failure(status).then_some(status);
        let Some(code) = state.code else {
            let rest = TracedCall { service: String::new(), trace: Arc::new(Trace::Rest) };
            let number = outcomes.add(None, status, &served(own, vec![rest]), &state.probability);
            table.codes.rest.insert(status, number);
            continue;
        };
        let calls = state.made.iter().map(|(attempt, outcome)| {
            let call = attempts[*attempt] as usize;
            TracedCall {
                service: flow.sites[flow.calls[call].site as usize].service.clone(),
                trace: Arc::clone(&exact.calls[call].outcomes.list[*outcome as usize].trace),
            }
        });
        let trace = served(own, calls.collect());
        let number = outcomes.add(None, status, &trace, &state.probability);
        table.codes.insert(code, number);
    }
    table.outcomes = outcomes;
    table
}

/// Goes through the steps of a run with all ways at once.
struct Walk<'a> {
    exact: &'a Exact,
    /// Probability that each attempt is made.
    made: Vec<Probability>,
    units: &'a [u128],
}

impl Walk<'_> {
    fn steps(&mut self, run: &AppRun, start: Probability) -> Vec<State> {
        let first = State {
            code: Some(0),
            made: Vec::new(),
            probability: start,
            stopped: None,
            failing: None,
            last: None,
        };
        let mut states = vec![first];
        let mut attempt = 0;
        for step in &run.steps {
            for call in step {
                states = self.call(call, attempt, states);
                attempt += call.attempts.len();
            }
            for state in &mut states {
                state.stopped = state.stopped.or(state.failing.take());
            }
        }
        states
    }

    /// All attempts of one call.
    fn call(&mut self, call: &RunCall, first: usize, states: Vec<State>) -> Vec<State> {
        let made = of_share(call.probability);
        let mut waiting = Vec::new();
        let mut done = Vec::new();
        for state in states {
            if state.stopped.is_some() {
                done.push(state);
                continue;
            }
            if made < one() {
                let probability = &state.probability * (one() - &made);
                done.push(State { probability, ..state.clone() });
            }
            if made > zero() {
                let probability = &state.probability * &made;
                waiting.push(State { probability, ..state });
            }
        }
        for (number, id) in call.attempts.iter().enumerate() {
            let again = number + 1 < call.attempts.len();
            let mut next = Vec::new();
            for state in std::mem::take(&mut waiting) {
                self.made[first + number] += &state.probability;
                self.expand(*id, first + number, &state, &mut |mut state: State| {
                    let status = state.last.take().unwrap_or_default();
                    if again && call.retry_on.matches(status) {
                        next.push(state);
                    } else {
                        if let (true, FailurePolicy::Answer(answer)) =
                            (is_failure(status), call.on_failure)
                        {
                            state.failing = state.failing.or(Some(answer));
                        }
                        done.push(state);
                    }
                });
            }
            waiting = prune(next);
        }
        done.extend(waiting);
        prune(done)
    }

    /// All outcomes of one attempt.
    fn expand(&self, id: CallId, attempt: usize, state: &State, emit: &mut dyn FnMut(State)) {
        let outcomes: &Outcomes = &self.exact.calls[id as usize].outcomes;
        let unit = self.units[attempt];
        let Some(code) = state.code.filter(|_| unit > 0) else {
            for (status, probability) in outcomes.statuses() {
                emit(State {
                    code: None,
                    made: Vec::new(),
                    probability: &state.probability * probability,
                    last: Some(status),
                    ..state.clone()
                });
            }
            return;
        };
        for (number, outcome) in outcomes.list.iter().enumerate() {
            let number = u32::try_from(number).unwrap_or(NONE);
            let mut made = state.made.clone();
            made.push((attempt, number));
            emit(State {
                code: Some(code + unit * (u128::from(number) + 1)),
                made,
                probability: &state.probability * &outcome.probability,
                last: Some(outcome.status),
                ..state.clone()
            });
        }
    }
}

/// Keeps the most probable ways apart and merges the others by what matters for what follows.
fn prune(states: Vec<State>) -> Vec<State> {
    if states.len() <= MAX_OUTCOMES {
        return states;
    }
    let mut told_apart = Vec::new();
    let mut merged: BTreeMap<(Option<u16>, Option<u16>), State> = BTreeMap::new();
    let mut merge = |state: State| {
        let key = (state.stopped, state.failing);
        match merged.get_mut(&key) {
            Some(known) => known.probability += state.probability,
            None => {
                merged.insert(key, State { code: None, made: Vec::new(), ..state });
            }
        }
    };
    for state in states {
        if state.code.is_some() { told_apart.push(state) } else { merge(state) }
    }
    // Ties by code, so that the choice does not depend on the order of discovery.
    told_apart.sort_by(|a, b| b.probability.cmp(&a.probability).then(a.code.cmp(&b.code)));
    let rare = told_apart.split_off(told_apart.len().min(MAX_OUTCOMES / 2));
    rare.into_iter().for_each(merge);
    told_apart.extend(merged.into_values());
    told_apart
}

// === impl Codes ===

impl Codes {
    fn new(attempts: &[CallId], exact: &Exact) -> Self {
        let mut units = Vec::with_capacity(attempts.len());
        let mut unit: Option<u128> = Some(1);
        for id in attempts {
            units.push(unit.unwrap_or(0));
            let digits = exact.calls[*id as usize].outcomes.list.len() as u128 + 1;
            unit = unit.and_then(|unit| unit.checked_mul(digits));
        }
        let dense = match unit {
            Some(size) if size <= MAX_DENSE => vec![NONE; usize::try_from(size).unwrap_or(0)],
            _ => Vec::new(),
        };
        Self { units, dense, sparse: BTreeMap::new(), rest: BTreeMap::new() }
    }

    fn insert(&mut self, code: u128, outcome: u32) {
        match usize::try_from(code).ok().and_then(|code| self.dense.get_mut(code)) {
            Some(slot) => *slot = outcome,
            None => {
                self.sparse.insert(code, outcome);
            }
        }
    }

    /// Returns the outcome of a code, or the remainder of a status.
    pub(in crate::engine) fn outcome(&self, code: u128, status: u16) -> u32 {
        let dense = usize::try_from(code).ok().and_then(|code| self.dense.get(code)).copied();
        let known =
            dense.filter(|number| *number != NONE).or_else(|| self.sparse.get(&code).copied());
        known.or_else(|| self.rest.get(&status).copied()).unwrap_or(NONE)
    }
}
