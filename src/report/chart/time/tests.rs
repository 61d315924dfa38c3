//! Charts of time are legible and the same at any size.

use super::*;
use crate::report::chart::scene::{Scene, Shape};
use crate::report::chart::tests::fault;

fn seconds(number: u64) -> Nanos {
    Nanos(number * Nanos::SECOND.0)
}

fn name(kind: &str, number: u64, long: bool) -> String {
    let name = format!("{kind}-{number}");
    if long { format!("{name}-{}", "x".repeat(62 - name.len())) } else { name }
}

/// `often` events, two of them at one time.
fn events(often: u64, length: u64) -> Vec<Event> {
    let event = |number: u64| Event {
        at: seconds(number.saturating_sub(1) * length / often.max(1)),
        text: format!("weights of reviews become {number}/{} ", 100 - number.min(100))
            .repeat(1 + usize::try_from(number).unwrap()),
    };
    (0..often).map(event).collect()
}

fn timeline_of(lanes: u64, intervals: u64, often: u64, long: bool) -> Timeline {
    let series = |lane: u64| Series {
        name: if lane == 0 { String::new() } else { name("lane", lane, long) },
        counts: (0..intervals).map(|it| 100 * (lane + 1) + it * 7 % 90).collect(),
    };
    Timeline {
        title: "Rollout".to_owned(),
        subtitle: "Timed, 10 replications, seed 7".to_owned(),
        interval: seconds(1),
        warm_up: seconds(intervals / 10),
        lanes: (0..lanes).map(series).collect(),
        events: events(often, intervals),
    }
}

fn latency_of(classes: u64, long: bool) -> LatencyCurves {
    let curve = |class: u64| LatencyCurve {
        name: name("class", class, long),
        points: (1..=200).map(|it| (Nanos(it * it * it * 700 * (class + 1)), it * 5)).collect(),
    };
    LatencyCurves {
        title: "Rollout".to_owned(),
        subtitle: "Timed, 10 replications, seed 7".to_owned(),
        classes: (0..classes).map(curve).collect(),
    }
}

fn utilisation_of(pods: u64, intervals: u64, often: u64, long: bool) -> Utilisation {
    let pod = |pod: u64| PodLoad {
        pod: name("pod", pod, long),
        workers: 4,
        busy: (0..intervals)
            .map(|it| Nanos((it * 37 + pod * 501) % 4001 * Nanos::MILLISECOND.0))
            .collect(),
    };
    Utilisation {
        title: "Rollout".to_owned(),
        subtitle: "Timed, 10 replications, seed 7".to_owned(),
        interval: seconds(1),
        pods: (0..pods).map(pod).collect(),
        events: events(often, intervals),
    }
}

fn scenes() -> Vec<(String, Scene)> {
    let mut scenes = Vec::new();
    for long in [false, true] {
        for (number, intervals, often) in
            [(0, 0, 0), (1, 1, 1), (2, 45, 2), (7, 600, 9), (40, 7200, 60), (3, 100_000, 0)]
        {
            let what = format!("{number} {intervals} {often} {long}");
            let input = timeline_of(number, intervals, often, long);
            scenes.push((format!("timeline {what}"), timeline::layout(&input)));
            let input = utilisation_of(number, intervals.min(7200), often, long);
            scenes.push((format!("utilisation {what}"), utilisation::layout(&input)));
            let input = latency_of(number * 3, long);
            scenes.push((format!("latency {what}"), latency::layout(&input)));
        }
    }
    scenes
}

#[test]
fn texts_and_shapes_stand_inside_the_picture_and_texts_apart() {
    for (what, scene) in scenes() {
        assert_eq!(fault(&scene), None, "{what}");
        let inside =
            |x: i32, y: i32| (0..=scene.size.0).contains(&x) && (0..=scene.size.1).contains(&y);
        for shape in &scene.shapes {
            let fits = match shape {
                Shape::Rect(it, _) => inside(it.left, it.top) && inside(it.right, it.bottom),
                Shape::Line(points, ..) => points.iter().all(|(x, y)| inside(*x, *y)),
            };
            assert!(fits, "{what} {shape:?}");
        }
    }
}

#[test]
fn events_at_one_time_share_a_mark() {
    let scene = timeline::layout(&timeline_of(2, 45, 3, false));
    let texts: Vec<&str> = scene.texts.iter().map(|text| text.line.as_str()).collect();
    assert!(texts.contains(&"2") && !texts.contains(&"3"), "{texts:?}");
}

#[test]
fn a_column_shows_requests_per_second() {
    let mut input = timeline_of(1, 2, 0, false);
    input.interval = Nanos::from_millis(500);
    input.lanes[0].counts = vec![50, 100];
    let scene = timeline::layout(&input);
    let last = scene.texts.iter().filter(|text| text.line == "200").count();
    assert_eq!(last, 1, "{:?}", scene.texts);
}

#[test]
fn too_many_lanes_are_stacked_as_one() {
    let scene = timeline::layout(&timeline_of(1000, 3, 0, false));
    let texts: Vec<&str> = scene.texts.iter().map(|text| text.line.as_str()).collect();
    assert!(texts.contains(&"lane-39") && !texts.contains(&"lane-40"), "{texts:?}");
    assert!(texts.contains(&"960 more lanes"), "{texts:?}");
}

#[test]
fn a_busy_pod_stands_out() {
    let mut input = utilisation_of(1, 2, 0, false);
    input.pods[0].busy = vec![seconds(4), seconds(1)];
    let scene = utilisation::layout(&input);
    let texts: Vec<&str> = scene.texts.iter().map(|text| text.line.as_str()).collect();
    assert!(texts.contains(&"62.5 %") && texts.contains(&"100.0 %"), "{texts:?}");
}

#[test]
fn numbers_beyond_all_measure_do_not_stop_a_chart() {
    let mut input = timeline_of(3, 4, 2, false);
    input.interval = Nanos(u64::MAX);
    input.warm_up = Nanos(u64::MAX);
    input.lanes[0].counts = vec![u64::MAX; 4];
    assert!(timeline(&input).is_ok());
    input.interval = Nanos(0);
    assert!(timeline(&input).is_ok());
    input.interval = Nanos(1);
    assert!(timeline(&input).is_ok());
    let mut input = latency_of(1, false);
    input.classes[0].points = vec![(Nanos(0), 1), (Nanos(u64::MAX), u64::MAX)];
    assert!(latency(&input).is_ok());
    let mut input = utilisation_of(2, 3, 1, false);
    input.interval = Nanos(1);
    input.pods[0].workers = u64::MAX;
    input.pods[1].busy = vec![Nanos(u64::MAX); 9];
    assert!(utilisation(&input).is_ok());
}

#[test]
fn charts_of_time_are_the_same_bytes_each_time() {
    let draw = || {
        let charts = [
            timeline(&timeline_of(3, 60, 2, false)),
            latency(&latency_of(3, false)),
            utilisation(&utilisation_of(3, 60, 2, false)),
        ];
        charts.map(Result::unwrap)
    };
    let other = std::thread::spawn(draw);
    assert_eq!(draw(), other.join().unwrap());
}
