//! Compares simulated runs with a recorded one.

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

/// Fewer answers than this say nothing about durations.
const FEW: usize = 50;

impl Comparison<'_> {
    /// Returns what differs, in words.
    pub(crate) fn differences(&self) -> Vec<String> {
        let mut list = Vec::new();
        let ours: Vec<Row> =
            self.outcomes.iter().flat_map(|outcome| outcome.records.iter().map(row)).collect();
        let expected = self.recording.rows.len() * self.outcomes.len();
        if ours.len() != expected {
            list.push(format!("{} requests were answered, not {expected}", ours.len()));
        }
        self.shares(&ours, &mut list);
        self.durations(&ours, &mut list);
        if self.recording.interval.is_some() {
            self.ejections(&mut list);
        }
        list
    }

    fn shares(&self, ours: &[Row], list: &mut Vec<String>) {
        let recorded = &self.recording.rows;
        let mut statuses: Vec<u16> = ours.iter().chain(recorded).map(|row| row.status).collect();
        statuses.sort_unstable();
        statuses.dedup();
        for status in statuses {
            same_share(&format!("status {status}"), ours, recorded, list, |r| r.status == status);
        }
        for flag in FLAGS {
            same_share(&format!("flag {flag}"), ours, recorded, list, |r| r.flag == Some(flag));
        }
        let most = ours.iter().chain(recorded).map(|row| row.attempts).max().unwrap_or(0);
        for attempts in 0..=most {
            same_share(&format!("{attempts} attempts"), ours, recorded, list, |row| {
                row.attempts == attempts
            });
        }
        let upstream: Vec<(Nanos, u32)> =
            self.outcomes.iter().flat_map(|outcome| outcome.upstream_requests.clone()).collect();
        for host in 0..self.recording.hosts {
            let name = format!("host {host}");
            same_share(&name, ours, recorded, list, |row| row.host == Some(host));
            let name = format!("attempts at host {host}");
            same_share(&name, &upstream, &self.recording.upstream, list, |it| it.1 == host);
        }
    }

    /// Durations by status.
    fn durations(&self, ours: &[Row], list: &mut Vec<String>) {
        for status in [200, 503, 504] {
            let (ours, recorded) = (sorted(ours, status), sorted(&self.recording.rows, status));
            if ours.len() < FEW || recorded.len() < FEW {
                continue;
            }
            for percent in [50, 95] {
                let at = |times: &[f64]| times[times.len() * percent / 100];
                let (a, b) = (at(&ours), at(&recorded));
                if (a - b).abs() > 0.05 * b + 2.0 {
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
        flag: record.flag.map(lanecast::data_plane::ResponseFlag::letters),
        // Envoy names no host for a request that found no place to wait.
        host: record.host.filter(|_| !is_refused(record)).map(|station| station - 1),
        attempts: record.attempts,
        duration: record.latency,
    }
}

fn is_refused(record: &Record) -> bool {
    record.flag == Some(lanecast::data_plane::ResponseFlag::Overflow) && record.attempts <= 1
}

fn sorted(rows: &[Row], status: u16) -> Vec<f64> {
    let with_status = rows.iter().filter(|row| row.status == status);
    let mut times: Vec<f64> = with_status.map(|row| row.duration.as_secs_f64() * 1e3).collect();
    times.sort_by(f64::total_cmp);
    times
}

/// Notes a difference unless as large a part of both fulfils a condition, within four standard errors.
fn same_share<T>(
    name: &str,
    ours: &[T],
    recorded: &[T],
    list: &mut Vec<String>,
    condition: impl Fn(&T) -> bool,
) {
    let count = |items: &[T]| items.iter().filter(|item| condition(item)).count() as f64;
    let (n, m) = (ours.len() as f64, recorded.len() as f64);
    let (a, b) = (count(ours) / n, count(recorded) / m);
    let pooled = (a * n + b * m) / (n + m);
    let error = (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt();
    if (a - b).abs() > 4.0 * error {
        list.push(format!("{name}: {a:.4} here, {b:.4} recorded"));
    }
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
