//! Whether the expectations of a scenario hold.
//!
//! # Model
//! A share of 0 % or 100 % is meant as it stands: one exception fails it. Any other share fails only if it is
//! off by more than the tolerance *and* chance does not explain it: the exact binomial test at the scenario's
//! level, divided by the number of expectations (Bonferroni). With the exact engine nothing is left to chance.

mod time;

use super::{Count, ExpectationRow, Summary};
use crate::engine::probability::of_ratio;
use crate::scenario::{Expectation, Scenario, Subject};
use crate::stats;
use crate::units::Share;

/// Judges all expectations.
pub(super) fn rows(scenario: &Scenario, summary: &Summary) -> Vec<ExpectationRow> {
    let count = scenario.expectations.len().max(1);
    let judge = Judge { scenario, summary, alpha: scenario.alpha / count as f64 };
    scenario.expectations.iter().map(|expectation| judge.row(expectation)).collect()
}

struct Judge<'a> {
    scenario: &'a Scenario,
    summary: &'a Summary,
    alpha: f64,
}

/// A share that came out: the number of hits and trials if they were counted, and the exact share.
struct Found {
    hits: Option<(u64, u64)>,
    exact: f64,
}

impl Judge<'_> {
    fn row(&self, expectation: &Expectation) -> ExpectationRow {
        let class = expectation.class.as_deref();
        let suffix = class.map(|class| format!(" of class {class}")).unwrap_or_default();
        let (text, target, found) = match &expectation.subject {
            Subject::Strays(number) => return self.strays(expectation, *number, class),
            Subject::Fit(wanted) => return self.fit(expectation, *wanted),
            Subject::Latency(..) | Subject::Amplification(..) | Subject::Ejections(..) => {
                return time::row(self.summary, expectation);
            }
            Subject::Calls(service, number) => {
                return self.calls(expectation, service, *number, class);
            }
            Subject::Trace(trace, share) => {
                (format!("trace {trace}{suffix}"), share, self.trace(trace, class))
            }
            Subject::Served(service, version, share) => {
                let found = self.served(service, version, class);
                (format!("calls to {service} served by {version}{suffix}"), share, found)
            }
            Subject::Fallbacks(service, share) => {
                (format!("fallbacks at {service}{suffix}"), share, self.fallbacks(service, class))
            }
            Subject::Lane(lane, share) => {
                (format!("lane {lane}{suffix}"), share, self.lane(lane, class))
            }
            Subject::Errors(flag, share) => {
                let name =
                    if flag == "any" { "errors".to_owned() } else { format!("errors {flag}") };
                (format!("{name}{suffix}"), share, self.errors(flag, class))
            }
            Subject::Status(status, share) => {
                (format!("status {status}{suffix}"), share, self.status(*status, class))
            }
        };
        self.share(expectation, text, *target, &found)
    }

    fn share(
        &self,
        expectation: &Expectation,
        text: String,
        target: Share,
        found: &Found,
    ) -> ExpectationRow {
        let observed = found.share();
        let wanted = target.as_f64();
        let error = (observed - wanted).abs();
        let tolerance = expectation.tolerance.unwrap_or(self.scenario.tolerance);
        let is_absolute = target == Share::ZERO || target == Share::ONE;
        let (met, reason) = if is_absolute && expectation.tolerance.is_none() {
            let exact = match found.hits {
                Some((hits, trials)) => hits == if wanted > 0.0 { trials } else { 0 },
                None => error < 1e-12,
            };
            (exact, "every request counts".to_owned())
        } else if error <= tolerance.as_f64() {
            (true, format!("within {tolerance}"))
        } else {
            match found.hits {
                Some((hits, trials)) if self.is_chance(hits, trials, wanted) => (
                    true,
                    format!("off by more than {tolerance}, but {trials} requests vary so much"),
                ),
                _ => (false, format!("off by {:.3} points", error * 100.0)),
            }
        };
        let nobody = matches!(found.hits, Some((_, 0)));
        ExpectationRow {
            expectation: text,
            line: expectation.place.line,
            target: target.to_string(),
            observed: shown(observed),
            met: met && !nobody,
            reason: if nobody { "no request to judge it by".to_owned() } else { reason },
        }
    }

    fn is_chance(&self, hits: u64, trials: u64, share: f64) -> bool {
        let cells = [hits, trials - hits.min(trials)];
        let test = stats::goodness_of_fit(&cells, &[share, 1.0 - share], self.alpha);
        test.is_ok_and(|test| test.p_value >= self.alpha)
    }

    /// The share of requests in rows that fit.
    fn of_requests<'c>(
        &self,
        class: Option<&str>,
        rows: impl Iterator<Item = (&'c str, &'c Count)>,
    ) -> Found {
        let classes = || self.summary.classes.iter().filter(|row| fits(class, &row.class));
        let mut hits = 0;
        let (mut exact, mut all) = (0.0, 0.0);
        for row in classes() {
            all += row.count.expected.value();
        }
        for (row_class, count) in rows.filter(|(row_class, _)| fits(class, row_class)) {
            hits += count.requests.unwrap_or(0);
            let weight = classes().find(|row| row.class == row_class);
            exact += count.expected.value() * weight.map_or(0.0, |row| row.count.expected.value());
        }
        let trials = classes().map(|row| row.count.requests).sum::<Option<u64>>();
        let hits = trials.map(|trials| (hits, trials));
        Found { hits, exact: exact / f64::max(all, f64::MIN_POSITIVE) }
    }

    fn trace(&self, trace: &str, class: Option<&str>) -> Found {
        let rows = self.summary.traces.iter().filter(|row| row.trace == trace);
        self.of_requests(class, rows.map(|row| (row.class.as_str(), &row.count)))
    }

    fn fallbacks(&self, service: &str, class: Option<&str>) -> Found {
        let rows = self.summary.fallbacks.iter().filter(|row| row.service == service);
        self.of_requests(class, rows.map(|row| (row.class.as_str(), &row.count)))
    }

    fn errors(&self, flag: &str, class: Option<&str>) -> Found {
        let rows = self.summary.errors.iter().filter(|row| flag == "any" || row.flag == flag);
        self.of_requests(class, rows.map(|row| (row.class.as_str(), &row.count)))
    }

    fn status(&self, status: u16, class: Option<&str>) -> Found {
        let rows = self.summary.classes.iter().flat_map(|row| {
            let statuses = row.statuses.iter().filter(move |it| it.status == status);
            statuses.map(|it| (row.class.as_str(), &it.count))
        });
        self.of_requests(class, rows)
    }

    fn lane(&self, lane: &str, class: Option<&str>) -> Found {
        let lanes = self.summary.lanes.iter().filter(|row| row.lane.as_deref() == Some(lane));
        let rows = lanes.flat_map(|row| &row.classes);
        self.of_requests(class, rows.map(|row| (row.class.as_str(), &row.count)))
    }

    /// The share of a version among the calls that a service served.
    fn served(&self, service: &str, version: &str, class: Option<&str>) -> Found {
        let of_service = |row: &&super::HopRow| row.service == service && fits(class, &row.class);
        let (mut hits, mut trials) = (0, Some(0));
        let (mut exact, mut all) = (0.0, 0.0);
        for row in self.summary.hops.iter().filter(of_service) {
            let weight = self.summary.classes.iter().find(|it| it.class == row.class);
            let weight = weight.map_or(0.0, |row| row.count.expected.value());
            let expected = row.count.expected.value() * weight;
            trials = trials.zip(row.count.requests).map(|(sum, count)| sum + count);
            all += expected;
            if row.version == version {
                hits += row.count.requests.unwrap_or(0);
                exact += expected;
            }
        }
        let trials = trials.filter(|_| self.summary.requests.is_some());
        Found {
            hits: trials.map(|trials| (hits, trials)),
            exact: exact / f64::max(all, f64::MIN_POSITIVE),
        }
    }

    fn calls(
        &self,
        expectation: &Expectation,
        service: &str,
        number: Share,
        class: Option<&str>,
    ) -> ExpectationRow {
        let rows = self.summary.hops.iter().filter(|row| row.service == service);
        let found = self.of_requests(class, rows.map(|row| (row.class.as_str(), &row.count)));
        let (observed, wanted) = (found.share(), number.as_f64());
        let tolerance = expectation.tolerance.unwrap_or(self.scenario.tolerance).as_f64();
        // A service is called a few times at most, so a count varies about as much as a Poisson one.
        let chance = match found.hits {
            Some((_, trials)) => 4.0 * (wanted / (trials.max(1) as f64)).sqrt(),
            None => 0.0,
        };
        let error = (observed - wanted).abs();
        let suffix = class.map(|class| format!(" of class {class}")).unwrap_or_default();
        ExpectationRow {
            expectation: format!("calls to {service} per request{suffix}"),
            line: expectation.place.line,
            target: format!("{wanted:.4}"),
            observed: format!("{observed:.4}"),
            met: error <= tolerance.max(chance),
            reason: format!("off by {error:.4}"),
        }
    }

    fn strays(
        &self,
        expectation: &Expectation,
        number: u64,
        class: Option<&str>,
    ) -> ExpectationRow {
        let rows = || self.summary.strays.iter().filter(|row| fits(class, &row.class));
        let counted: u64 = rows().filter_map(|row| row.count.requests).sum();
        let possible = rows().count();
        let (observed, met) = if self.summary.requests.is_some() {
            (counted.to_string(), counted == number)
        } else {
            (format!("{possible} ways to stray"), (possible == 0) == (number == 0))
        };
        let suffix = class.map(|class| format!(" of class {class}")).unwrap_or_default();
        ExpectationRow {
            expectation: format!("strays{suffix}"),
            line: expectation.place.line,
            target: number.to_string(),
            observed,
            met,
            reason: String::new(),
        }
    }

    fn fit(&self, expectation: &Expectation, wanted: bool) -> ExpectationRow {
        let verdict = self.summary.verdict.fit;
        let (target, met) = if wanted {
            ("fits", verdict != "deviates")
        } else {
            ("deviates", verdict == "deviates")
        };
        ExpectationRow {
            expectation: "all counts against their weights".to_owned(),
            line: expectation.place.line,
            target: target.to_owned(),
            observed: verdict.to_owned(),
            met,
            reason: String::new(),
        }
    }
}

impl Found {
    fn share(&self) -> f64 {
        self.hits.map_or(self.exact, |(hits, trials)| of_ratio(hits, trials))
    }
}

fn fits(class: Option<&str>, of_row: &str) -> bool {
    class.is_none_or(|class| class == of_row)
}

/// A share in percent with up to four decimals.
fn shown(share: f64) -> String {
    let text = format!("{:.4}", share * 100.0);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}
