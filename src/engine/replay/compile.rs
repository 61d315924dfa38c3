//! From the graph to the program: columns where chance decides, numbers of outcomes everywhere.

use super::{
    Chance, Choice, PAttempt, PCall, PCopy, PHosts, PLeg, PRetry, PRun, PRunCall, PTarget, Program,
};
use crate::data_plane::Fraction;
use crate::engine::draws::{Again, ColumnPlan, Purpose};
use crate::engine::exact::{CallSlots, Exact, LegTable, THROUGH};
use crate::engine::flow::{Action, AppRun, Call, Flow, Hosts, Leg, RunCall, SiteId, Target};
use crate::scenario::Scenario;
use crate::units::Share;

impl Program {
    /// Compiles a flow with its exact solution.
    #[must_use]
    pub fn new(scenario: &Scenario, flow: &Flow, exact: &Exact) -> Self {
        let mut compiler = Compiler { flow, exact, columns: ColumnPlan::default() };
        let calls = (0..flow.calls.len()).map(|id| compiler.call(id)).collect();
        let runs = (0..flow.runs.len()).map(|id| compiler.run(id)).collect();
        let mut sum = 0;
        let classes = scenario.classes.iter().map(|class| {
            sum += class.weight;
            sum
        });
        let classes = classes.collect();
        let class_column = compiler.columns.column(Purpose::Class, "");
        let roots = flow.roots.iter().zip(&exact.layout.outcomes);
        Self {
            calls,
            runs,
            roots: roots.map(|(root, slot)| (*root, *slot)).collect(),
            classes,
            class_column,
            columns: compiler.columns,
            slots: exact.layout.len,
        }
    }
}

struct Compiler<'a> {
    flow: &'a Flow,
    exact: &'a Exact,
    columns: ColumnPlan,
}

impl Compiler<'_> {
    fn column(&mut self, purpose: Purpose, site: SiteId) -> u32 {
        self.columns.column(purpose, &self.flow.sites[site as usize].path)
    }

    fn chance(&mut self, purpose: Purpose, site: SiteId, fraction: Fraction) -> Chance {
        Chance { column: self.column(purpose, site), fraction }
    }

    /// A choice by weight; one entry needs no number.
    fn choice(
        &mut self,
        purpose: Purpose,
        site: SiteId,
        weights: impl Iterator<Item = u64>,
    ) -> Choice {
        let mut total = 0;
        let bounds: Vec<u64> = weights
            .map(|weight| {
                total += weight;
                total
            })
            .collect();
        let column = (bounds.len() > 1).then(|| self.column(purpose, site));
        Choice { column, total, bounds }
    }

    fn call(&mut self, id: usize) -> PCall {
        let (flow, exact) = (self.flow, self.exact);
        let (call, slots, table) = (&flow.calls[id], &exact.layout.calls[id], &exact.calls[id]);
        let delay = call
            .delay
            .map(|(_, fraction)| (self.chance(Purpose::Delay, call.site, fraction), slots.delays));
        let abort = call.abort.map(|(fraction, answer)| {
            let chance = self.chance(Purpose::Abort, call.site, fraction);
            (chance, slots.aborts, answer.status, table.abort)
        });
        let (split, legs) = match &call.action {
            Action::Answer(answer) => {
                let target = PTarget::Answer(answer.status, table.legs[0].own);
                let only = PLeg { taken: u32::MAX, target, copies: Vec::new() };
                (Choice::default(), vec![only])
            }
            Action::Forward(legs) => {
                let weights = legs.iter().map(|leg| leg.weight);
                let split = self.choice(Purpose::Route, call.site, weights);
                let tables = legs.iter().zip(&table.legs).enumerate();
                let compiled =
                    tables.map(|(index, (leg, table))| self.leg(call, leg, table, slots, index));
                let compiled = compiled.collect();
                (split, compiled)
            }
        };
        PCall { visits: slots.visits, delay, abort, split, legs }
    }

    fn leg(
        &mut self,
        call: &Call,
        leg: &Leg,
        table: &LegTable,
        slots: &CallSlots,
        index: usize,
    ) -> PLeg {
        let own = &slots.legs[index];
        let target = match &leg.target {
            Target::Answer(answer) => PTarget::Answer(answer.status, table.own),
            Target::Outside(_) => PTarget::Answer(200, table.own),
            Target::Through(next) => {
                PTarget::Through(*next, table.behind.get(&THROUGH).cloned().unwrap_or_default())
            }
            Target::Hosts(hosts) => {
                let mut compiled =
                    self.hosts(hosts, Some(table), own.hosts, Purpose::Host(0), call.site);
                compiled.retry = self.retry(call, hosts, table, slots);
                PTarget::Hosts(compiled)
            }
        };
        let copies =
            leg.copies.iter().zip(&own.copies).enumerate().map(|(number, (copy, slots))| {
                let number = u32::try_from(number).unwrap_or(u32::MAX);
                let purpose = Purpose::CopyHost(number);
                let always = copy.fraction.numerator >= copy.fraction.denominator;
                PCopy {
                    // E-02: the number of the split decides.
                    chance: (!always)
                        .then(|| self.chance(Purpose::Route, call.site, copy.fraction)),
                    made: slots.made,
                    hosts: copy
                        .hosts
                        .as_ref()
                        .map(|hosts| self.hosts(hosts, None, slots.hosts, purpose, copy.site)),
                }
            });
        let copies = copies.collect();
        PLeg { taken: own.taken, target, copies }
    }

    fn hosts(
        &mut self,
        hosts: &Hosts,
        table: Option<&LegTable>,
        slot: u32,
        purpose: Purpose,
        site: SiteId,
    ) -> PHosts {
        let choice = self.choice(purpose, site, hosts.list.iter().map(|host| host.weight));
        let behind = table.map(|table| &table.behind);
        let runs: Vec<u32> = behind.into_iter().flatten().map(|(run, _)| *run).collect();
        let entry = |run: u32| {
            let index = runs.binary_search(&run).unwrap_or(0);
            (run, u32::try_from(index).unwrap_or(0))
        };
        PHosts {
            slot,
            choice,
            hosts: hosts.list.iter().map(|host| entry(host.run)).collect(),
            outcomes: behind.into_iter().flatten().map(|(_, numbers)| numbers.clone()).collect(),
            retry: None,
        }
    }

    /// Retries matter only where an answer can be an error.
    fn retry(
        &mut self,
        call: &Call,
        hosts: &Hosts,
        table: &LegTable,
        slots: &CallSlots,
    ) -> Option<Box<PRetry>> {
        let policy = call.retry.as_ref()?;
        let fails = |run: u32| {
            let outcomes = &self.exact.runs[run as usize].outcomes.list;
            outcomes.iter().any(|outcome| policy.retries_status(outcome.status))
        };
        if !hosts.list.iter().any(|host| fails(host.run)) {
            return None;
        }
        let columns = (1..=policy.attempts).map(|n| self.column(Purpose::Host(n), call.site));
        Some(Box::new(PRetry {
            slot: slots.retries,
            columns: columns.collect(),
            weights: hosts.list.iter().map(|host| host.weight).collect(),
            excluding: table.excluding,
            policy: policy.clone(),
        }))
    }

    fn run(&mut self, id: usize) -> PRun {
        let (flow, exact) = (self.flow, self.exact);
        let (run, table): (&AppRun, _) = (&flow.runs[id], &exact.runs[id]);
        let error = (run.error_rate != Share::ZERO).then(|| {
            let column = self.column(Purpose::AppError, run.site);
            let rate = run.error_rate;
            let slot = exact.layout.runs[id].errors;
            (column, rate.numerator(), rate.denominator(), slot, table.error)
        });
        let mut units = table.codes.units.iter().copied();
        let steps = run.steps.iter().map(|step| {
            step.iter().map(|call| self.run_call(call, &mut units)).collect::<Vec<_>>()
        });
        let steps: Vec<Vec<PRunCall>> = steps.collect();
        let only = table.codes.outcome(0, run.status);
        PRun { error, status: run.status, steps, codes: table.codes.clone(), only }
    }

    fn run_call(&mut self, call: &RunCall, units: &mut impl Iterator<Item = u128>) -> PRunCall {
        let made = (call.probability != Share::ONE).then(|| {
            let column = self.column(Purpose::CallMade, call.site);
            (column, call.probability.numerator(), call.probability.denominator())
        });
        let attempts = call.attempts.iter().map(|id| {
            let site = &self.flow.sites[self.flow.calls[*id as usize].site as usize].path;
            PAttempt { call: *id, unit: units.next().unwrap_or(0), again: again(site) }
        });
        PRunCall {
            made,
            attempts: attempts.collect(),
            retry_on: call.retry_on.clone(),
            on_failure: call.on_failure,
        }
    }
}

/// Calls below the first call of its kind share sites with those below the others; the name of the site
/// tells them apart.
fn again(site: &str) -> Again {
    let last = site.rsplit('>').next().unwrap_or_default();
    if last.contains(['(', '#']) { Again::named(site) } else { Again::default() }
}
