//! One request's walk: every choice reads its column, every branch counts itself.

use super::{PCopy, PHosts, PLeg, PRetry, PRunCall, PTarget, Program, Tally};
use crate::engine::draws::{Again, ColumnId, Columns};
use crate::topology::{FailurePolicy, is_failure};

/// Walks one request after the other.
pub(super) struct Walker<'a> {
    pub(super) program: &'a Program,
    pub(super) columns: &'a Columns,
    pub(super) row: usize,
    /// The further attempts below which the walk is now.
    pub(super) again: Again,
    pub(super) tally: &'a mut Tally,
}

/// The status that a caller gets, and the number of the outcome.
type Result = (u16, u32);

impl<'a> Walker<'a> {
    /// Walks the request of the current row.
    pub(super) fn request(&mut self) {
        let program = self.program;
        let total = program.classes.last().copied().unwrap_or(1).max(1);
        let value = self.draw(program.class_column) % total;
        let class = match program.classes.len() {
            1 => 0,
            _ => program.classes.partition_point(|bound| *bound <= value),
        };
        self.tally.classes[class] += 1;
        let (root, first) = program.roots[class];
        let (_, outcome) = self.call(root);
        self.count(first + outcome);
    }

    fn draw(&self, column: ColumnId) -> u64 {
        self.columns.get_again(column, self.row, self.again)
    }

    fn count(&mut self, slot: u32) {
        self.tally.slots[slot as usize] += 1;
    }

    fn count_host(&mut self, hosts: &PHosts, index: usize) {
        self.tally.slots[hosts.slot as usize + index] += 1;
    }

    fn call(&mut self, id: u32) -> Result {
        let program: &'a Program = self.program;
        let call = &program.calls[id as usize];
        self.count(call.visits);
        if let Some((chance, slot)) = &call.delay
            && chance.fraction.draws(self.draw(chance.column))
        {
            self.count(*slot);
        }
        if let Some((chance, slot, status, outcome)) = &call.abort
            && chance.fraction.draws(self.draw(chance.column))
        {
            self.count(*slot);
            return (*status, *outcome);
        }
        let index = call.split.column.map_or(0, |column| call.split.pick(self.draw(column)));
        self.leg(&call.legs[index])
    }

    fn leg(&mut self, leg: &'a PLeg) -> Result {
        if leg.taken != u32::MAX {
            self.count(leg.taken);
        }
        for copy in &leg.copies {
            self.copy(copy);
        }
        match &leg.target {
            PTarget::Answer(status, outcome) => (*status, *outcome),
            PTarget::Through(next, outcomes) => {
                let (status, outcome) = self.call(*next);
                (status, outcomes[outcome as usize])
            }
            PTarget::Hosts(hosts) => self.hosts(hosts),
        }
    }

    fn copy(&mut self, copy: &'a PCopy) {
        if copy.chance.is_some_and(|it| !it.fraction.draws(self.draw(it.column))) {
            return;
        }
        self.count(copy.made);
        let Some(hosts) = &copy.hosts else { return };
        let index = hosts.choice.column.map_or(0, |column| hosts.choice.pick(self.draw(column)));
        self.count_host(hosts, index);
        self.run(hosts.hosts[index].0);
    }

    fn hosts(&mut self, hosts: &'a PHosts) -> Result {
        let index = hosts.choice.column.map_or(0, |column| hosts.choice.pick(self.draw(column)));
        let result = self.host(hosts, index);
        match &hosts.retry {
            Some(retry) if retry.policy.retries_status(result.0) => {
                self.retry(hosts, retry, index, result)
            }
            _ => result,
        }
    }

    fn host(&mut self, hosts: &'a PHosts, index: usize) -> Result {
        self.count_host(hosts, index);
        let (run, entry) = hosts.hosts[index];
        let (status, outcome) = self.run(run);
        (status, hosts.outcomes[entry as usize][outcome as usize])
    }

    /// Further attempts of the proxy, at hosts that were not tried yet if the policy wants that.
    fn retry(
        &mut self,
        hosts: &'a PHosts,
        retry: &'a PRetry,
        first: usize,
        mut result: Result,
    ) -> Result {
        let mut tried = vec![first];
        for column in &retry.columns {
            if !retry.policy.retries_status(result.0) {
                break;
            }
            self.count(retry.slot);
            let index = retry.pick(&tried, self.draw(*column));
            tried.push(index);
            let before = self.again;
            self.again = before.below(self.columns.name(*column));
            result = self.host(hosts, index);
            self.again = before;
        }
        result
    }

    fn run(&mut self, id: u32) -> Result {
        let program: &'a Program = self.program;
        let run = &program.runs[id as usize];
        if let Some((column, numerator, denominator, slot, outcome)) = run.error
            && self.draw(column) % denominator < numerator
        {
            self.count(slot);
            return (crate::topology::APP_ERROR, outcome);
        }
        if run.steps.is_empty() {
            return (run.status, run.only);
        }
        let mut code = 0;
        let mut status = run.status;
        for step in &run.steps {
            let mut failing = None;
            for call in step {
                failing = failing.or(self.run_call(call, &mut code));
            }
            if let Some(failed) = failing {
                status = failed;
                break;
            }
        }
        (status, run.codes.outcome(code, status))
    }

    /// Makes a call with its attempts; returns the status that its failure decides.
    fn run_call(&mut self, call: &'a PRunCall, code: &mut u128) -> Option<u16> {
        if let Some((column, numerator, denominator)) = call.made
            && self.draw(column) % denominator >= numerator
        {
            return None;
        }
        let mut last = 200;
        for attempt in &call.attempts {
            let before = self.again;
            self.again = before.below(attempt.again);
            let (status, outcome) = self.call(attempt.call);
            self.again = before;
            *code += attempt.unit * (u128::from(outcome) + 1);
            last = status;
            if !call.retry_on.matches(status) {
                break;
            }
        }
        match call.on_failure {
            FailurePolicy::Answer(answer) if is_failure(last) => Some(answer),
            _ => None,
        }
    }
}

impl PRetry {
    /// A host by weight among those that were not tried; among all if there are none.
    fn pick(&self, tried: &[usize], random: u64) -> usize {
        let free = |index: usize| !self.excluding || !tried.contains(&index);
        let total: u64 =
            (0..self.weights.len()).filter(|i| free(*i)).map(|i| self.weights[i]).sum();
        let all = total == 0;
        let total = if all { self.weights.iter().sum() } else { total };
        let mut left = random % total.max(1);
        for (index, weight) in self.weights.iter().enumerate() {
            if !all && !free(index) {
                continue;
            }
            if left < *weight {
                return index;
            }
            left -= weight;
        }
        0
    }
}
