//! What the timed engine does over time: ejections, fallbacks, scaling, mirrors, retries, limits, rollouts.

use std::sync::Arc;

use lanecast::data_plane::{
    BalancerPolicy, Cluster, Fraction, OutlierDetection, ResponseFlag, RetryPolicy,
};
use lanecast::engine::flow::{
    Action, Alternative, Call, Fallback, FallbackReason, Flow, Hosts, MirrorCopy, Node, Site,
    Target,
};
use lanecast::engine::timed::service::Distribution;
use lanecast::engine::timed::{
    Change, CheckPlan, Graph, Mark, Outcome, Period, RolloutAct, RolloutPlan, Setup, Simulation,
    Source, Station, Traffic, What,
};
use lanecast::scenario::time::{ArrivalPlan, End, Metric, Process, RatePiece, RateProfile, Step};
use lanecast::units::{Nanos, Rate, Share};

use crate::scene;

fn seconds(seconds: u64) -> Nanos {
    Nanos(seconds * Nanos::SECOND.0)
}

fn steady(rate: u64) -> Traffic {
    let rate = Rate::per_second(rate);
    let pieces = vec![RatePiece { start: Nanos(0), from: rate, to: rate }];
    Traffic::Plan(ArrivalPlan::Open(RateProfile { process: Process::Constant, pieces }))
}

fn flow(call: Call, apps: &[&str]) -> Flow {
    let runs: Vec<_> = apps.iter().map(|name| scene::app(0, name, None)).collect();
    let nodes = (0..).take(runs.len()).map(Node::Run).chain([Node::Call(0)]);
    Flow {
        roots: vec![0],
        order: nodes.collect(),
        runs,
        calls: vec![call],
        sites: vec![Site {
            path: "entry".into(),
            caller: "gateway".into(),
            service: String::new(),
            depth: 0,
            mirrored: false,
        }],
        senders: vec!["gateway".into()],
        ..Flow::default()
    }
}

/// A gateway (station 0) in front of hosts (stations from 1 on), 100 requests per second.
fn setup(flow: Flow, hosts: u32, end: u64) -> Setup {
    let graph = graph(flow, hosts);
    let stations = (0..=hosts).map(|station| Station::instant(format!("pod-{station}")));
    let mut setup = Setup::new(graph, stations.collect(), End::At(seconds(end)));
    setup.sources = vec![Source { class: 0, traffic: steady(100) }];
    setup.record = true;
    setup
}

fn graph(flow: Flow, hosts: u32) -> Graph {
    Graph { flow: Arc::new(flow), instances: (1..=hosts).collect(), senders: vec![vec![0]] }
}

fn run(setup: Setup) -> Outcome {
    Simulation::new(setup).run(1)
}

fn hosts(call: &Call) -> &Hosts {
    match &call.action.legs()[0].target {
        Target::Hosts(hosts) => hosts,
        _ => panic!("it has hosts"),
    }
}

fn leg(call: &mut Call) -> &mut lanecast::engine::flow::Leg {
    match &mut call.action {
        Action::Forward(legs) => &mut legs[0],
        Action::Answer(_) => panic!("it has a leg"),
    }
}

fn ejecting(mut cluster: Cluster) -> Cluster {
    cluster.outlier = Some(OutlierDetection {
        consecutive_5xx: Some(5),
        interval: Some(seconds(1)),
        base_ejection_time: Some(seconds(1)),
        max_ejection_percent: Some(100),
        ..OutlierDetection::default()
    });
    cluster
}

fn errors(at: u64, station: u32, share: Share) -> Change {
    Change { at: seconds(at), what: What::Errors(vec![station], Some(share)) }
}

fn retries(on: &str, per_try: Option<Nanos>) -> RetryPolicy {
    RetryPolicy {
        attempts: 2,
        on: on.split(',').map(str::to_owned).collect(),
        status_codes: Vec::new(),
        per_try_timeout: per_try,
        backoff: None,
        another_host: true,
        remote_localities: false,
    }
}

/// asm-lanes 2.5: only what the workers see as healthy counts, so the fallback lasts as long as the ejection.
#[test]
fn a_fallback_takes_over_while_no_host_is_healthy_and_then_gives_back() {
    let mut call = scene::call(0, ejecting(scene::cluster("lane", 0, 1)), 0);
    let base = scene::call(0, scene::cluster("base", 1, 1), 1);
    leg(&mut call).alternative = Some(Box::new(Alternative {
        fallback: Fallback {
            from: "app/lane".into(),
            to: "app".into(),
            reason: FallbackReason::NoneHealthy,
        },
        hosts: hosts(&base).clone(),
    }));
    let mut setup = setup(flow(call, &["app", "app"]), 2, 20);
    setup.changes = vec![errors(5, 1, Share::ONE), errors(10, 1, Share::ZERO)];
    setup.marks = vec![Mark { at: seconds(5), text: "lane fails".into() }];
    let outcome = run(setup);
    let fallbacks = outcome.series.fallbacks.counts().to_vec();
    assert!(fallbacks[..5].iter().all(|count| *count == 0), "{fallbacks:?}");
    assert!(fallbacks[5..10].iter().sum::<u64>() > 200, "{fallbacks:?}");
    assert!(fallbacks[16..].iter().all(|count| *count == 0), "{fallbacks:?}");
    // Five failures eject; each return is another five, and the workers see the ejection up to 1 s late.
    let failures: u64 = outcome.series.failures.counts().iter().sum();
    assert!((5..=250).contains(&failures), "{failures}");
    assert!(!outcome.ejections.is_empty());
    assert!(outcome.ejections.iter().all(|row| row.proxy == "pod-0" && row.host == "pod-1"));
    assert!(outcome.ejections.iter().all(|row| row.until.is_some_and(|until| until > row.from)));
    let marked =
        outcome.graphs[0].ends.iter().filter(|(end, _)| !end.trace.fallbacks(None).is_empty());
    let marked: u64 = marked.map(|(_, count)| count).sum();
    assert_eq!(marked, fallbacks.iter().sum::<u64>());
    let (_, at, hurt) = &outcome.hurt[0];
    assert_eq!((*at, hurt.failed, hurt.failed_before), (seconds(5), failures, 0));
}

/// Kubernetes takes the endpoint away first; the pod ends when it is idle.
#[test]
fn a_pod_that_is_scaled_away_finishes_what_it_has_and_gets_nothing_new() {
    let of = |hosts: u32| {
        let mut cluster = scene::cluster("app", 0, hosts);
        cluster.balancer = BalancerPolicy::RoundRobin;
        flow(scene::call(0, cluster, 0), &["app"])
    };
    let mut setup = setup(of(2), 2, 12);
    setup.stations[2].service = Distribution::constant(Nanos(500_000_000));
    setup.graphs.push(graph(of(1), 1));
    setup.graphs.push(graph(of(2), 2));
    for (at, state) in [(4, 1), (8, 2)] {
        setup.periods.push(Period { at: seconds(at), states: vec![state] });
    }
    let outcome = run(setup);
    let at_second = |from: u64, to: u64| {
        let span = seconds(from)..seconds(to);
        outcome.upstream_requests.iter().filter(|(at, pod)| *pod == 2 && span.contains(at)).count()
    };
    assert!(at_second(0, 4) > 100 && at_second(4, 8) == 0 && at_second(8, 12) > 100);
    assert!(outcome.records.iter().all(|record| record.status == 200));
    let late = outcome.records.iter().filter(|record| {
        let end = record.started.0 + record.latency.0;
        record.host == Some(2) && record.started < seconds(4) && end > seconds(4).0
    });
    assert!(late.count() > 10);
    assert_eq!(outcome.graphs[1].classes[0], 400);
}

/// E-160: the copy is load for its target and nothing for the client.
#[test]
fn copies_are_load_on_the_mirror_and_cost_the_client_nothing() {
    let mut call = scene::call(0, scene::cluster("app", 0, 1), 0);
    let mirror = scene::call(0, scene::cluster("mirror", 1, 1), 1);
    leg(&mut call).copies = vec![MirrorCopy {
        fraction: Fraction { numerator: 50, denominator: 100 },
        cluster: "mirror".into(),
        hosts: Some(hosts(&mirror).clone()),
        site: 0,
    }];
    let mut setup = setup(flow(call, &["app", "app"]), 2, 40);
    setup.stations[2].service = Distribution::constant(Nanos(100_000_000));
    setup.stations[2].errors = Some(Share::ONE);
    let outcome = run(setup);
    let requests = outcome.classes[0].latency.count();
    assert_eq!(outcome.classes[0].failed, 0);
    assert!(outcome.classes[0].latency.max().unwrap() < Nanos::MILLISECOND);
    let copies = outcome.pods[2].served;
    assert!(copies.abs_diff(requests / 2) < 150, "{copies} of {requests}");
}

/// E-121: three hops with two retries each are 27 attempts at the last one.
#[test]
fn retries_multiply_along_a_chain_of_calls() {
    let policy = |call: &mut Call, _: &mut Cluster| call.retry = Some(retries("5xx", None));
    let times = (0..50).map(|request| Nanos::from_millis(request * 100));
    let traffic = Traffic::Times(times.collect());
    let mut setup = scene::tandem(3, None, Nanos(1), traffic, &policy);
    setup.end = End::Requests(50);
    setup.stations[3].errors = Some(Share::ONE);
    let outcome = run(setup);
    for (service, requests, attempts) in
        [("app0", 50, 150), ("app1", 150, 450), ("app2", 450, 1_350)]
    {
        let found = outcome.services.iter().find(|row| row.service == service).unwrap();
        assert_eq!((found.requests, found.attempts), (requests, attempts), "{service}");
    }
    assert_eq!(outcome.classes[0].failed, 50);
}

/// E-115: the conditions that Istio sets do not cover it, so it is the limit of the request; with 5xx it is not.
#[test]
fn a_per_try_timeout_is_retried_only_under_the_right_conditions() {
    for (on, attempts, flag) in [
        ("connect-failure,refused-stream,unavailable,cancelled", 1, ResponseFlag::Timeout),
        ("5xx", 3, ResponseFlag::RetryLimit),
    ] {
        let mut call = scene::call(0, scene::cluster("app", 0, 3), 0);
        call.retry = Some(retries(on, Some(Nanos::from_millis(100))));
        let mut setup = setup(flow(call, &["app"]), 3, 10);
        for station in &mut setup.stations[1..] {
            station.service = Distribution::constant(Nanos::from_millis(500));
        }
        let outcome = run(setup);
        assert!(outcome.records.len() > 900);
        for record in &outcome.records {
            assert_eq!((record.status, record.attempts, record.flag), (504, attempts, Some(flag)));
        }
        let flags = outcome.flags.get(&("entry".to_owned(), flag)).copied();
        assert_eq!(flags, Some(outcome.records.len() as u64));
        // The pods do not notice that nobody waits any more.
        let served: u64 = outcome.pods.iter().map(|pod| pod.served).sum();
        assert!(served > outcome.records.len() as u64 * u64::from(attempts) * 9 / 10);
    }
}

/// E-152: the delay of a fault is not part of the time that the route allows.
#[test]
fn the_delay_of_a_fault_does_not_count_against_the_timeout() {
    let mut call = scene::call(0, scene::cluster("app", 0, 1), 0);
    call.delay = Some((Nanos::from_millis(300), Fraction::ALL));
    call.timeout = Some(Nanos::from_millis(150));
    let mut setup = setup(flow(call, &["app"]), 1, 5);
    setup.stations[1].service = Distribution::constant(Nanos::from_millis(100));
    let outcome = run(setup);
    assert!(!outcome.records.is_empty());
    for record in &outcome.records {
        assert_eq!((record.status, record.latency), (200, Nanos::from_millis(400)));
    }
}

/// E-101, E-103: with one connection and nobody allowed to wait, the second request overflows.
#[test]
fn limits_of_a_cluster_refuse_what_is_too_much() {
    let mut cluster = scene::cluster("app", 0, 1);
    cluster.limits.max_connections = Some(1);
    cluster.limits.max_pending_requests = Some(1);
    let mut setup = setup(flow(scene::call(0, cluster, 0), &["app"]), 1, 10);
    setup.stations[1].service = Distribution::constant(Nanos::from_millis(25));
    let outcome = run(setup);
    let refused =
        outcome.records.iter().filter(|record| record.flag == Some(ResponseFlag::Overflow)).count();
    // 40 of 100 per second are served.
    assert!(refused.abs_diff(600) < 10, "{refused}");
    let [breaker] = &outcome.breakers[..] else { panic!("{:?}", outcome.breakers) };
    assert!(breaker.count == refused as u64 && !breaker.retries && breaker.cluster == "app");
}

/// The new version fails: two rounds of checks see it, then all requests go to the old one again.
#[test]
fn a_rollout_goes_back_when_its_checks_fail() {
    let stable = || flow(scene::call(0, scene::cluster("old", 0, 1), 0), &["app", "app"]);
    let step = || {
        let mut call = scene::call(0, scene::cluster("old", 0, 1), 0);
        let mut other = scene::call(0, scene::cluster("new", 1, 1), 1);
        let Action::Forward(new) = &mut other.action else { panic!("it has a leg") };
        let Action::Forward(legs) = &mut call.action else { panic!("it has a leg") };
        legs.append(new);
        flow(call, &["app", "app"])
    };
    for (share, aborted) in [(Share::new(1, 2).unwrap(), true), (Share::ZERO, false)] {
        let mut setup = setup(stable(), 2, 60);
        setup.graphs.push(graph(step(), 2));
        setup.periods[0].states = vec![0, 1];
        setup.stations[2].errors = Some(share);
        let pause = Some(seconds(20));
        setup.rollout = Some(RolloutPlan {
            at: seconds(5),
            steps: vec![Step { weight: 50, state: 1, pause, checked: true }],
            checks: vec![CheckPlan {
                metric: Metric::ErrorRate(Share::new(1, 100).unwrap()),
                window: seconds(4),
                stations: vec![2],
            }],
            check_every: seconds(5),
            failure_limit: 2,
            consecutive: false,
            stable: 0,
            promoted: 1,
        });
        let outcome = run(setup);
        let acts: Vec<_> = outcome.rollout.iter().map(|row| (row.at, row.act)).collect();
        let new: u64 = outcome.pods[2].served;
        if aborted {
            let expected = [
                (seconds(5), RolloutAct::Holds(0)),
                (seconds(10), RolloutAct::Failed),
                (seconds(15), RolloutAct::Failed),
                (seconds(15), RolloutAct::Aborted),
            ];
            assert_eq!(acts, expected);
            assert!(new.abs_diff(500) < 60, "{new}");
        } else {
            let expected =
                [(seconds(5), RolloutAct::Holds(0)), (seconds(25), RolloutAct::Promoted)];
            assert_eq!(acts, expected);
            assert!(new.abs_diff(2_750) < 200, "{new}");
        }
    }
}

/// What arrives during the warm-up is not counted, and time is measured from its end.
#[test]
fn the_warm_up_is_left_out() {
    let call = scene::call(0, scene::cluster("app", 0, 1), 0);
    let mut setup = setup(flow(call, &["app"]), 1, 10);
    setup.warm_up = seconds(4);
    setup.stations[1].service = Distribution::constant(Nanos::from_millis(5));
    setup.stations[1].workers = Some(1);
    let outcome = run(setup);
    assert!(outcome.classes[0].latency.count().abs_diff(600) <= 1);
    assert_eq!(outcome.time, seconds(6));
    let busy = outcome.pods[1].busy as f64 / outcome.time.0 as f64;
    assert!((busy - 0.5).abs() < 0.01, "{busy}");
    assert!(outcome.series.answers.counts().iter().sum::<u64>() >= 999);
}
