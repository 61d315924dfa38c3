//! Load balancing and resilience together against recorded runs of Envoy.
//!
//! Recorded arrivals meet hosts as described in the recordings. Shares must agree within four standard
//! errors of a difference, durations in median and 95th percentile within 5 % + 2 ms, and the spans
//! without requests to an ejected host within 50 ms, given the phase of the detection interval.

use bench::{Bench, Row};
use recording::{Recording, gaps};

use crate::units::Nanos;

mod bench;
mod recording;

/// Runs a recording; the cluster is `age` older than the first request.
fn run(recording: &Recording, age: Nanos, seed: u64) -> (Vec<Row>, Vec<(Nanos, u32)>) {
    let later = |at: &Nanos| Nanos(at.0 + age.0);
    let arrivals: Vec<Nanos> = recording.arrivals.iter().map(later).collect();
    let mut bench = Bench::new(&recording.cluster, &recording.hosts, &recording.route, age, seed);
    let rows = bench.run(&arrivals);
    let upstream = bench.upstream.iter().map(|(at, host)| (Nanos(at.0 - age.0), *host));
    (rows, upstream.collect())
}

/// Asserts that as large a part of both fulfils a condition.
fn same_share<T>(name: &str, ours: &[T], recorded: &[T], condition: impl Fn(&T) -> bool) {
    let share =
        |list: &[T]| list.iter().filter(|item| condition(item)).count() as f64 / list.len() as f64;
    let (a, b) = (share(ours), share(recorded));
    let pooled =
        (a * ours.len() as f64 + b * recorded.len() as f64) / (ours.len() + recorded.len()) as f64;
    let variance = 1.0 / ours.len() as f64 + 1.0 / recorded.len() as f64;
    let error = (pooled * (1.0 - pooled) * variance).sqrt();
    assert!((a - b).abs() <= 4.0 * error, "{name}: {a:.4} here, {b:.4} recorded");
}

/// Asserts that the durations of requests with a status agree.
fn same_durations(ours: &[Row], recorded: &[Row], status: u16) {
    let sorted = |rows: &[Row]| {
        let with_status = rows.iter().filter(|row| row.status == status);
        let mut times: Vec<f64> = with_status.map(|row| row.duration.as_secs_f64() * 1e3).collect();
        times.sort_by(f64::total_cmp);
        times
    };
    let (ours, recorded) = (sorted(ours), sorted(recorded));
    for percent in [50, 95] {
        let (a, b) = (ours[ours.len() * percent / 100], recorded[recorded.len() * percent / 100]);
        assert!((a - b).abs() <= 0.05 * b + 2.0, "p{percent} of {status}: {a:.1} here, {b:.1} ms");
    }
}

/// Compares a run in all respects but durations.
fn compare(recording: &Recording, rows: &[Row], upstream: &[(Nanos, u32)]) {
    assert_eq!(rows.len(), recording.rows.len());
    for status in [200, 503, 504] {
        same_share("status", rows, &recording.rows, |row| row.status == status);
    }
    for flag in [None, Some("UO"), Some("UT"), Some("URX"), Some("UH")] {
        same_share("flag", rows, &recording.rows, |row| row.flag == flag);
    }
    for attempts in 1..5 {
        same_share("attempts", rows, &recording.rows, |row| row.attempts == attempts);
    }
    for host in 0..u32::try_from(recording.hosts.len()).unwrap() {
        same_share("host", rows, &recording.rows, |row| row.host == Some(host));
        same_share("upstream", upstream, &recording.upstream, |request| request.1 == host);
    }
}

#[test]
fn runs_without_ejections_are_as_recorded() {
    for (name, status) in [
        ("round-robin-one-slow", 200),
        ("least-request-one-slow", 200),
        ("breaker-10-connections-5-pending", 200),
        ("retries-two-p30", 200),
        ("per-try-and-route-timeout", 200),
        ("per-try-and-route-timeout", 504),
    ] {
        let recording = Recording::read(name);
        for seed in [1, 2] {
            let (rows, upstream) = run(&recording, Nanos(0), seed);
            compare(&recording, &rows, &upstream);
            same_durations(&rows, &recording.rows, status);
        }
    }
}

#[test]
fn ejections_begin_and_end_as_recorded() {
    // The phase of the detection interval, from the end of the recorded ejections.
    for (name, phase) in [("outlier-one-bad-of-four", 691), ("outlier-host-dies-and-recovers", 701)]
    {
        let recording = Recording::read(name);
        let age = Nanos::from_millis(1_000 - phase);
        let (rows, upstream) = run(&recording, age, 1);
        compare(&recording, &rows, &upstream);
        let (ours, recorded) = (gaps(&upstream, 0), gaps(&recording.upstream, 0));
        assert_eq!(ours.len(), recorded.len(), "{name} {ours:?}");
        for (ours, recorded) in ours.iter().zip(&recorded) {
            let near = |a: Nanos, b: Nanos| a.0.abs_diff(b.0) <= 50_000_000;
            assert!(near(ours.0, recorded.0) && near(ours.1, recorded.1), "{ours:?} {recorded:?}");
        }
    }
}
