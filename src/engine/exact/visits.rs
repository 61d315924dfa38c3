//! How often one request of a class is expected to take each branch, from the entries down.

use num_traits::Zero;

use super::Exact;
use crate::data_plane::Fraction;
use crate::engine::flow::{Action, Call, Flow, Leg, Node, Target};
use crate::engine::probability::{Probability, of_fraction, of_share, one, ratio, zero};

/// Expected counts per request of the class, by slot.
pub(super) fn expected(flow: &Flow, exact: &Exact) -> Vec<Probability> {
    let mut down = Down {
        flow,
        exact,
        slots: vec![zero(); exact.layout.len],
        calls: vec![zero(); flow.calls.len()],
        runs: vec![zero(); flow.runs.len()],
    };
    for (class, root) in flow.roots.iter().enumerate() {
        down.calls[*root as usize] += one();
        let first = exact.layout.outcomes[class] as usize;
        for (number, outcome) in exact.calls[*root as usize].outcomes.list.iter().enumerate() {
            down.slots[first + number] += &outcome.probability;
        }
    }
    for node in flow.order.iter().rev() {
        match node {
            Node::Call(id) => down.call(*id as usize),
            Node::Run(id) => down.run(*id as usize),
        }
    }
    down.slots
}

struct Down<'a> {
    flow: &'a Flow,
    exact: &'a Exact,
    slots: Vec<Probability>,
    calls: Vec<Probability>,
    runs: Vec<Probability>,
}

impl Down<'_> {
    fn call(&mut self, id: usize) {
        let (flow, exact) = (self.flow, self.exact);
        let (call, slots) = (&flow.calls[id], &exact.layout.calls[id]);
        let visits = std::mem::replace(&mut self.calls[id], zero());
        if visits.is_zero() {
            return;
        }
        if let Some((_, fraction)) = call.delay {
            self.slots[slots.delays as usize] += &visits * of_fraction(fraction);
        }
        let mut reached = visits.clone();
        if let Some((fraction, _)) = call.abort {
            let aborted = &visits * of_fraction(fraction);
            reached -= &aborted;
            self.slots[slots.aborts as usize] += aborted;
        }
        self.slots[slots.visits as usize] += visits;
        if let Action::Forward(legs) = &call.action {
            for index in 0..legs.len() {
                self.leg(id, call, index, &reached);
            }
        }
    }

    fn leg(&mut self, id: usize, call: &Call, index: usize, reached: &Probability) {
        let exact = self.exact;
        let legs = call.action.legs();
        let (leg, slots) = (&legs[index], &exact.layout.calls[id].legs[index]);
        let table = &exact.calls[id].legs[index];
        let total: u64 = legs.iter().map(|leg| leg.weight).sum();
        let taken = reached * ratio(leg.weight, total);
        self.slots[slots.taken as usize] += &taken;
        match &leg.target {
            Target::Answer(_) | Target::Outside(_) => {}
            Target::Through(next) => self.calls[*next as usize] += &taken,
            Target::Hosts(hosts) => {
                for (number, (host, attempts)) in hosts.list.iter().zip(&table.attempts).enumerate()
                {
                    let visits = &taken * attempts;
                    self.slots[slots.hosts as usize + number] += &visits;
                    self.runs[host.run as usize] += visits;
                }
                let retries = exact.layout.calls[id].retries as usize;
                self.slots[retries] += &taken * &table.retries;
            }
        }
        for (copy, slots) in leg.copies.iter().zip(&slots.copies) {
            let drawn = reached * drawn_together(legs, index, copy.fraction);
            self.slots[slots.made as usize] += &drawn;
            let Some(hosts) = &copy.hosts else { continue };
            for (number, host) in hosts.list.iter().enumerate() {
                let visits = &drawn * ratio(host.weight, hosts.total);
                self.slots[slots.hosts as usize + number] += &visits;
                self.runs[host.run as usize] += visits;
            }
        }
    }

    fn run(&mut self, id: usize) {
        let (flow, exact) = (self.flow, self.exact);
        let run = &flow.runs[id];
        let visits = std::mem::replace(&mut self.runs[id], zero());
        if visits.is_zero() {
            return;
        }
        self.slots[exact.layout.runs[id].errors as usize] += &visits * of_share(run.error_rate);
        let attempts = run.steps.iter().flatten().flat_map(|call| &call.attempts);
        for (attempt, made) in attempts.zip(&exact.runs[id].made) {
            self.calls[*attempt as usize] += &visits * made;
        }
    }
}

/// E-02: the probability that one random number takes a leg and draws a fraction.
///
/// `r mod w` and `r mod d` are independent only as far as `gcd(w, d)` lets them: the pairs with equal
/// remainders by the gcd are equally likely, the others never happen.
fn drawn_together(legs: &[Leg], index: usize, fraction: Fraction) -> Probability {
    let total: u64 = legs.iter().map(|leg| leg.weight).sum();
    let before: u64 = legs[..index].iter().map(|leg| leg.weight).sum();
    let denominator = u64::from(fraction.denominator);
    let drawn = u64::from(fraction.numerator.min(fraction.denominator));
    if total <= 1 {
        return of_fraction(fraction);
    }
    let divisor = gcd(total, denominator);
    // How many numbers below `end` have a remainder.
    let below = |end: u64, remainder: u64| end / divisor + u64::from(end % divisor > remainder);
    let mut pairs = Probability::zero();
    for remainder in 0..divisor {
        let leg = below(before + legs[index].weight, remainder) - below(before, remainder);
        pairs += ratio(leg, 1) * ratio(below(drawn, remainder), 1);
    }
    // total * denominator / divisor pairs are possible.
    pairs * ratio(divisor, total) * ratio(1, denominator)
}

const fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::flow::Answer;

    #[test]
    fn a_split_and_a_fraction_of_one_number_agree_with_counting() {
        let leg = |weight| Leg {
            weight,
            rule: None,
            lane: None,
            target: Target::Answer(Answer { status: 503, flag: None }),
            fallback: None,
            alternative: None,
            copies: Vec::new(),
        };
        for (weights, numerator, denominator) in [
            ([50, 50], 50, 100),
            ([10, 90], 30, 10_000),
            ([1, 6], 250_000, 1_000_000),
            ([3, 5], 7, 100),
        ] {
            let legs: Vec<Leg> = weights.into_iter().map(leg).collect();
            let total: u64 = weights.iter().sum();
            let fraction = Fraction { numerator, denominator };
            let period = total * u64::from(denominator);
            for index in 0..2 {
                let before: u64 = weights[..index].iter().sum();
                let count = (0..period)
                    .filter(|r| {
                        (before..before + weights[index]).contains(&(r % total))
                            && fraction.draws(*r)
                    })
                    .count();
                assert_eq!(drawn_together(&legs, index, fraction), ratio(count as u64, period));
            }
        }
    }
}
