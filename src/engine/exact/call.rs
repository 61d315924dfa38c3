//! The outcomes of a call: fault, split, hosts, retries of the proxy.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{CallTable, Exact, LegTable, Outcomes};
use crate::data_plane::RetryPolicy;
use crate::engine::flow::{Action, Call, Hosts, Leg, RunId, Target};
use crate::engine::probability::{Probability, of_fraction, one, ratio, zero};
use crate::engine::trace::Trace;

/// The key under which [`LegTable::behind`] holds a waypoint's call.
pub(in crate::engine) const THROUGH: RunId = RunId::MAX;

/// More combinations of tried hosts than this are not told apart.
const MAX_TRIED: usize = 20_000;

/// Works out the outcomes of a call; those of everything behind it are known.
pub(super) fn table(call: &Call, exact: &Exact) -> CallTable {
    let mut table = CallTable::default();
    let mut reached = one();
    if let Some((fraction, answer)) = &call.abort {
        let aborted = of_fraction(*fraction);
        let trace = Arc::new(Trace::Answered(answer.status));
        table.abort = table.outcomes.add(None, answer.status, &trace, &aborted);
        reached -= aborted;
    }
    match &call.action {
        Action::Answer(answer) => {
            let trace = Arc::new(Trace::Answered(answer.status));
            let own = table.outcomes.add(None, answer.status, &trace, &reached);
            table.legs.push(LegTable { own, ..LegTable::default() });
        }
        Action::Forward(legs) => {
            let total: u64 = legs.iter().map(|leg| leg.weight).sum();
            for leg in legs {
                let share = &reached * ratio(leg.weight, total);
                let leg = self::leg(leg, call, &share, exact, &mut table.outcomes);
                table.legs.push(leg);
            }
        }
    }
    table
}

fn leg(
    leg: &Leg,
    call: &Call,
    share: &Probability,
    exact: &Exact,
    outcomes: &mut Outcomes,
) -> LegTable {
    let mut table = LegTable::default();
    match &leg.target {
        Target::Answer(answer) => {
            let trace = Arc::new(Trace::Answered(answer.status));
            table.own = outcomes.add(leg.lane, answer.status, &trace, share);
        }
        Target::Outside(host) => {
            let trace = Arc::new(Trace::Outside(host.clone()));
            table.own = outcomes.add(leg.lane, 200, &trace, share);
        }
        Target::Through(next) => {
            let behind = &exact.calls[*next as usize].outcomes;
            let numbers = behind.list.iter().map(|outcome| {
                let lane = leg.lane.or(outcome.lane);
                let trace = traced(&outcome.trace, leg);
                outcomes.add(lane, outcome.status, &trace, &(share * &outcome.probability))
            });
            let numbers = numbers.collect();
            table.behind.insert(THROUGH, numbers);
        }
        Target::Hosts(hosts) => {
            let solved = Attempts::solve(hosts, call.retry.as_ref(), exact);
            for (run, numbers) in &solved.finals {
                let behind = &exact.runs[*run as usize].outcomes;
                let numbers = behind.list.iter().zip(numbers).map(|(outcome, probability)| {
                    let trace = traced(&outcome.trace, leg);
                    outcomes.add(leg.lane, outcome.status, &trace, &(share * probability))
                });
                let numbers = numbers.collect();
                table.behind.insert(*run, numbers);
            }
            table.attempts = solved.per_host;
            table.retries = solved.retries;
            table.excluding = solved.excluding;
        }
    }
    table
}

fn traced(trace: &Arc<Trace>, leg: &Leg) -> Arc<Trace> {
    if leg.fallback.is_some() { Arc::new(trace.by_fallback()) } else { Arc::clone(trace) }
}

/// The attempts of one proxied request over the hosts of its cluster (E-57: the cluster stays).
struct Attempts {
    /// Probability of each outcome of each run as the final one.
    finals: BTreeMap<RunId, Vec<Probability>>,
    /// Expected attempts at each host.
    per_host: Vec<Probability>,
    /// Expected attempts beyond the first.
    retries: Probability,
    excluding: bool,
}

/// Hosts that behave alike.
struct Group {
    run: RunId,
    weight: u64,
    count: u64,
}

impl Attempts {
    fn solve(hosts: &Hosts, retry: Option<&RetryPolicy>, exact: &Exact) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        let mut group_of = Vec::with_capacity(hosts.list.len());
        let mut known: BTreeMap<(RunId, u64), usize> = BTreeMap::new();
        for host in &hosts.list {
            let index = *known.entry((host.run, host.weight)).or_insert_with(|| {
                groups.push(Group { run: host.run, weight: host.weight, count: 0 });
                groups.len() - 1
            });
            groups[index].count += 1;
            group_of.push(index);
        }
        let mut search = Search {
            groups: &groups,
            retry,
            exact,
            visits: vec![zero(); groups.len()],
            finals: BTreeMap::new(),
            retries: zero(),
            excluding: excludes(&groups, retry),
        };
        for group in &groups {
            let outcomes = exact.runs[group.run as usize].outcomes.list.len();
            search.finals.entry(group.run).or_insert_with(|| vec![zero(); outcomes]);
        }
        search.attempt(0, &mut vec![0; groups.len()], &one());
        let attempts = group_of.into_iter().map(|index| {
            search.visits[index].clone() / Probability::from_integer(groups[index].count.into())
        });
        Self {
            per_host: attempts.collect(),
            excluding: search.excluding,
            finals: search.finals,
            retries: search.retries,
        }
    }
}

/// Whether a retry looks for a host that was not tried yet, and the ways are few enough to follow.
fn excludes(groups: &[Group], retry: Option<&RetryPolicy>) -> bool {
    let Some(policy) = retry.filter(|policy| policy.another_host) else { return false };
    let ways = groups.len().checked_pow(policy.attempts.saturating_add(1));
    ways.is_some_and(|ways| ways <= MAX_TRIED)
}

struct Search<'a> {
    groups: &'a [Group],
    retry: Option<&'a RetryPolicy>,
    exact: &'a Exact,
    visits: Vec<Probability>,
    finals: BTreeMap<RunId, Vec<Probability>>,
    retries: Probability,
    excluding: bool,
}

impl Search<'_> {
    /// One attempt, given how many hosts of each group were tried before.
    fn attempt(&mut self, number: u32, tried: &mut Vec<u64>, reached: &Probability) {
        let free = |group: &Group, tried: u64| (group.count - tried) * group.weight;
        let mut total: u64 = self.groups.iter().zip(&*tried).map(|(g, t)| free(g, *t)).sum();
        // All hosts were tried: any of them will do.
        let start_over = total == 0;
        if start_over {
            total = self.groups.iter().map(|group| free(group, 0)).sum();
        }
        if number > 0 {
            self.retries += reached;
        }
        for index in 0..self.groups.len() {
            let group = &self.groups[index];
            let weight = free(group, if start_over { 0 } else { tried[index] });
            if weight == 0 {
                continue;
            }
            let here = reached * ratio(weight, total);
            self.visits[index] += &here;
            let run = group.run;
            let mut again = zero();
            let exact = self.exact;
            for (outcome, it) in exact.runs[run as usize].outcomes.list.iter().enumerate() {
                let probability = &here * &it.probability;
                let retried =
                    self.retry.filter(|p| number < p.attempts && p.retries_status(it.status));
                if retried.is_some() {
                    again += probability;
                } else if let Some(finals) = self.finals.get_mut(&run) {
                    finals[outcome] += probability;
                }
            }
            if again == zero() {
                continue;
            }
            let mark = self.excluding && !start_over;
            tried[index] += u64::from(mark);
            self.attempt(number + 1, tried, &again);
            tried[index] -= u64::from(mark);
        }
    }
}
