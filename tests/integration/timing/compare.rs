//! Compares simulated runs with a recorded one.

use lanecast::data_plane::ResponseFlag;
use lanecast::engine::timed::{Outcome, Record};
use lanecast::units::Nanos;

use super::recording::{FLAGS, Recording, Row};

/// A recording and simulated runs of it.
pub(crate) struct Comparison<'a> {
    pub(crate) recording: &'a Recording,
    pub(crate) outcomes: &'a [Outcome],
}

/// A span without requests to a host.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gap {
    host: u32,
    pub(crate) from: Nanos,
    pub(crate) to: Nanos,
}

/// Shorter spans without requests are chance, or the merge window of host updates (1 s).
const SHORTEST_GAP: Nanos = Nanos(1_000_000_000);

/// Standard errors that are chance.
const ERRORS: f64 = 4.0;

/// Fewer answers than this say nothing about durations.
const FEW: usize = 50;

impl Comparison<'_> {
    /// Returns what differs, in words.
    pub(crate) fn differences(&self) -> Vec<String> {
        let mut list = Vec::new();
        let expected = self.recording.rows.len();
        for outcome in self.outcomes.iter().filter(|it| it.records.len() != expected) {
            list.push(format!("{} requests were answered, not {expected}", outcome.records.len()));
        }
        self.shares(&mut list);
        self.durations(&mut list);
        if self.recording.interval.is_some() {
            self.ejections(&mut list);
        }
        list
    }

    fn shares(&self, list: &mut Vec<String>) {
        let (ours, recorded) = (self.runs(), &self.recording.rows);
        let all = || ours.iter().flatten().chain(recorded);
        let mut statuses: Vec<u16> = all().map(|row| row.status).collect();
        statuses.sort_unstable();
        statuses.dedup();
        for status in statuses {
            same_share(&format!("status {status}"), &ours, recorded, list, |r| r.status == status);
        }
        for flag in FLAGS {
            let flagged = |row: &Row| row.flags.contains(&Some(flag));
            same_share(&format!("flag {flag}"), &ours, recorded, list, flagged);
        }
        let most = all().map(|row| row.attempts).max().unwrap_or(0);
        for attempts in 0..=most {
            same_share(&format!("{attempts} attempts"), &ours, recorded, list, |row| {
                row.attempts == attempts
            });
        }
        let upstream: Vec<Vec<(Nanos, u32)>> =
            self.outcomes.iter().map(|outcome| outcome.upstream_requests.clone()).collect();
        for host in 0..self.recording.hosts {
            let name = format!("host {host}");
            same_share(&name, &ours, recorded, list, |row| row.host == Some(host));
            let name = format!("attempts at host {host}");
            same_share(&name, &upstream, &self.recording.upstream, list, |it| it.1 == host);
        }
    }

    /// The requests of each simulated run.
    fn runs(&self) -> Vec<Vec<Row>> {
        self.outcomes.iter().map(|outcome| outcome.records.iter().map(row).collect()).collect()
    }

    /// Durations by status.
    fn durations(&self, list: &mut Vec<String>) {
        let runs = self.runs();
        for status in [200, 503, 504] {
            let recorded = sorted(&self.recording.rows, status);
            let ours: Vec<Vec<f64>> = runs.iter().map(|rows| sorted(rows, status)).collect();
            if recorded.len() < FEW || ours.iter().any(|times| times.len() < FEW) {
                continue;
            }
            for percent in [50, 95] {
                let at = |times: &[f64]| times[times.len() * percent / 100];
                let quantiles: Vec<f64> = ours.iter().map(|times| at(times)).collect();
                let (a, b, spread) = (mean(&quantiles), at(&recorded), variance(&quantiles).sqrt());
                if (a - b).abs() > 0.05 * b + 2.0 + ERRORS * spread {
                    list.push(format!(
                        "p{percent} of {status}: {a:.1} ms here, {b:.1} ms recorded"
                    ));
                }
            }
        }
    }

    /// Each recorded span begins and ends within the simulated ones of its number, give or take an interval
    /// and 50 ms.
    fn ejections(&self, list: &mut Vec<String>) {
        let interval = self.recording.interval.unwrap_or_default();
        let slack = interval.0 + 50_000_000;
        let recorded = gaps(&self.recording.upstream);
        let simulated: Vec<Vec<Gap>> =
            self.outcomes.iter().map(|outcome| gaps(&outcome.upstream_requests)).collect();
        for host in 0..self.recording.hosts {
            let of = |gaps: &[Gap]| -> Vec<Gap> {
                gaps.iter().copied().filter(|gap| gap.host == host).collect()
            };
            let theirs = of(&recorded);
            let ours: Vec<Vec<Gap>> = simulated.iter().map(|gaps| of(gaps)).collect();
            let counts = || ours.iter().map(Vec::len);
            let (fewest, most) = (counts().min().unwrap_or(0), counts().max().unwrap_or(0));
            if !(fewest..=most).contains(&theirs.len()) {
                let number = theirs.len();
                list.push(format!(
                    "host {host}: {fewest} to {most} ejections here, {number} recorded"
                ));
                continue;
            }
            for (index, gap) in theirs.iter().enumerate() {
                let same = ours.iter().filter_map(|gaps| gaps.get(index));
                for (what, recorded, simulated) in [
                    ("begins", gap.from, same.clone().map(|gap| gap.from).collect::<Vec<_>>()),
                    ("ends", gap.to, same.map(|gap| gap.to).collect()),
                ] {
                    let first = simulated.iter().min().map_or(0, |at| at.0.saturating_sub(slack));
                    let last = simulated.iter().max().map_or(0, |at| at.0 + slack);
                    if !(first..=last).contains(&recorded.0) {
                        let seconds = recorded.as_secs_f64();
                        list.push(format!(
                            "host {host}: ejection {index} {what} at {simulated:?}, {seconds:.3} s recorded"
                        ));
                    }
                }
            }
        }
    }
}

fn row(record: &Record) -> Row {
    Row {
        started: record.started,
        status: record.status,
        flags: [record.flag, record.cause].map(|flag| flag.map(ResponseFlag::letters)),
        host: record.host.map(|station| station - 1),
        attempts: record.attempts,
        duration: record.latency,
    }
}

fn sorted(rows: &[Row], status: u16) -> Vec<f64> {
    let with_status = rows.iter().filter(|row| row.status == status);
    let mut times: Vec<f64> = with_status.map(|row| row.duration.as_secs_f64() * 1e3).collect();
    times.sort_by(f64::total_cmp);
    times
}

/// Notes a difference unless as large a part of both fulfils a condition, within four standard errors.
///
/// Where requests of a run depend on each other, as by ejections, shares differ more from run to run than they
/// would by independent requests: the larger one of both variances counts.
fn same_share<T>(
    name: &str,
    ours: &[Vec<T>],
    recorded: &[T],
    list: &mut Vec<String>,
    condition: impl Fn(&T) -> bool,
) {
    let share = |items: &[T]| {
        items.iter().filter(|item| condition(item)).count() as f64 / items.len().max(1) as f64
    };
    let shares: Vec<f64> = ours.iter().map(|run| share(run)).collect();
    let (a, b, runs) = (mean(&shares), share(recorded), shares.len() as f64);
    let pooled = (a * runs + b) / (runs + 1.0);
    let independent = pooled * (1.0 - pooled) / recorded.len().max(1) as f64;
    let error = (independent.max(variance(&shares)) * (1.0 + 1.0 / runs)).sqrt();
    if (a - b).abs() > ERRORS * error {
        list.push(format!("{name}: {a:.4} here, {b:.4} recorded"));
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The variance of a distribution from independent values of it.
fn variance(values: &[f64]) -> f64 {
    let mean = mean(values);
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len() as f64 - 1.0)
}

/// Spans without requests to a host, from the last request before to the first after, by time.
pub(crate) fn gaps(upstream: &[(Nanos, u32)]) -> Vec<Gap> {
    let hosts = upstream.iter().map(|(_, host)| *host).max().map_or(0, |host| host + 1);
    let mut gaps = Vec::new();
    for host in 0..hosts {
        let times: Vec<Nanos> =
            upstream.iter().filter(|(_, own)| *own == host).map(|(at, _)| *at).collect();
        let spans = times.windows(2).map(|pair| Gap { host, from: pair[0], to: pair[1] });
        gaps.extend(spans.filter(|gap| gap.to.0 - gap.from.0 > SHORTEST_GAP.0));
    }
    gaps.sort_by_key(|gap| (gap.host, gap.from));
    gaps
}
