//! From a summary to the pictures of time.

use super::{Event, LatencyCurve, LatencyCurves, PodLoad, Series, Timeline, Utilisation};
use crate::report::document::grouped;
use crate::summary::time::TimeSummary;
use crate::summary::{Fixed, Summary};
use crate::units::Nanos;

/// Answers by lane over time, averaged over the runs.
pub(super) fn timeline(summary: &Summary, time: &TimeSummary) -> Timeline {
    let runs = time.replications.max(1);
    let lanes = time.series.lanes.iter().map(|lane| Series {
        name: lane.lane.clone().unwrap_or_default(),
        counts: lane.answers.iter().map(|count| count / runs).collect(),
    });
    Timeline {
        title: summary.title.clone(),
        subtitle: subtitle(summary, time),
        interval: nanos(time.series.interval_s),
        warm_up: nanos(time.warm_up_s),
        lanes: lanes.collect(),
        events: events(time),
    }
}

/// Latencies by class over all runs.
pub(super) fn latency(summary: &Summary, time: &TimeSummary) -> LatencyCurves {
    let classes = time.latency.iter().filter(|row| row.kind == "class");
    LatencyCurves {
        title: summary.title.clone(),
        subtitle: subtitle(summary, time),
        classes: classes
            .map(|row| LatencyCurve {
                name: row.name.clone(),
                points: row.curve.iter().map(|(at, below)| (Nanos(*at), *below)).collect(),
            })
            .collect(),
    }
}

/// How busy pods with a limit of workers were, averaged over the runs.
pub(super) fn utilisation(summary: &Summary, time: &TimeSummary) -> Utilisation {
    let pods = time.pods.iter().filter(|row| !row.busy.is_empty()).map(|row| PodLoad {
        pod: row.pod.clone(),
        workers: row.workers.map_or(1, u64::from),
        busy: row.busy.iter().map(|busy| Nanos(*busy)).collect(),
    });
    Utilisation {
        title: summary.title.clone(),
        subtitle: subtitle(summary, time),
        interval: nanos(time.series.interval_s),
        pods: pods.collect(),
        events: events(time),
    }
}

/// What happened when: the timeline, and the rollout of the first run.
fn events(time: &TimeSummary) -> Vec<Event> {
    let timeline =
        time.timeline.iter().map(|row| Event { at: nanos(row.at_s), text: row.event.clone() });
    let rollout = time.rollout.iter().filter(|row| row.run == 0);
    let rollout = rollout.map(|row| Event { at: nanos(row.at_s), text: row.what.clone() });
    let mut events: Vec<Event> = timeline.chain(rollout).collect();
    events.sort_by_key(|event| event.at);
    events
}

fn subtitle(summary: &Summary, time: &TimeSummary) -> String {
    let requests = summary.requests.map_or_else(String::new, grouped);
    let seed = summary.manifest.seed;
    match time.replications {
        1 => format!("{requests} requests in time, seed {seed}"),
        runs => format!("{requests} requests in time, mean of {runs} runs, seed {seed}"),
    }
}

fn nanos(seconds: Fixed) -> Nanos {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, and no time is negative"
    )]
    let nanos = (seconds.value() * 1e9).round() as u64;
    Nanos(nanos)
}
