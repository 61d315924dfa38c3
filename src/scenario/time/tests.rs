mod problems;

use std::collections::BTreeMap;

use super::{Action, ArrivalPlan, End, Process, RatePiece, TimeDistribution, TimePlan};
use crate::data_plane::EnvoyVersion;
use crate::scenario::{Loaded, MemoryFiles, Options, load};
use crate::units::{Nanos, Rate, Share};

/// Traffic of two classes into the mock topology.
const TRAFFIC: &str = "
topology: mock
mesh: [mesh.yaml]
traffic:
- {class: a, share: 3, from: workload default/sleep, request: {url: 'http://mocka:8000/'}}
- {class: b, from: workload default/sleep, request: {url: 'http://mocka:8000/'}}
";

/// A rule that the timeline replaces.
fn rule(subset: &str) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: mockb}}\nspec:\n  hosts: \
         [mockb]\n  http:\n  - route: [{{destination: {{host: mockb, subset: {subset}}}}}]\n"
    )
}

fn read(text: &str, more: &[(&str, &str)], changes: &[&str]) -> Loaded {
    let mut files = BTreeMap::new();
    let mut add = |name: &str, text: &str| files.insert(name.to_owned(), text.as_bytes().to_vec());
    add("s.yaml", &format!("{TRAFFIC}{text}"));
    add("mesh.yaml", &rule("v1"));
    for (name, text) in more {
        add(name, text);
    }
    let changes = changes.iter().map(|change| (*change).to_owned()).collect();
    load(&MemoryFiles(files), "s.yaml", &Options { changes })
}

fn plan(text: &str, more: &[(&str, &str)], changes: &[&str]) -> TimePlan {
    let loaded = read(text, more, changes);
    let problems = loaded.problems.render(&loaded.sources);
    loaded.scenario.unwrap_or_else(|| panic!("{problems}")).time
}

fn seconds(seconds: u64) -> Nanos {
    Nanos(seconds * 1_000_000_000)
}

#[test]
fn a_scenario_without_a_word_on_time_has_a_plan_and_says_what_it_assumes() {
    let plan = plan("requests: 500\n", &[], &[]);
    assert_eq!((plan.end, plan.warm_up, plan.interval), (End::Requests(500), Nanos(0), seconds(1)));
    assert_eq!((plan.replications, plan.envoy.concurrency), (1, 2));
    assert_eq!(plan.envoy.version, EnvoyVersion::NEWEST);
    let rates: Vec<Rate> = plan.arrivals.iter().map(|it| first_piece(it).from).collect();
    assert_eq!(rates, [Rate::per_second(750), Rate::per_second(250)]);
    assert!(plan.timeline.is_empty() && plan.epochs.is_empty() && plan.rollout.is_none());
    assert_eq!(
        plan.assumptions,
        [
            "no service time stated, 1ms assumed: mocka, mockb, mockc",
            "no rate stated, 1000/s assumed"
        ]
    );
    let station = &plan.stations[plan.station("default", "mockb-v2") as usize];
    assert_eq!((station.service.as_str(), station.version.as_str()), ("mockb", "v2"));
    assert_eq!(station.service_time, TimeDistribution::Constant(Nanos::MILLISECOND));
    assert_eq!(plan.station("default", "nobody"), 0);
}

fn first_piece(plan: &ArrivalPlan) -> RatePiece {
    pieces(plan)[0]
}

fn pieces(plan: &ArrivalPlan) -> &[RatePiece] {
    match plan {
        ArrivalPlan::Open(profile) => &profile.pieces,
        _ => &[],
    }
}

#[test]
fn the_more_specific_name_wins_field_by_field() {
    let plan = plan(
        "apps:
  mockb-v2: {workers: 2}
  mockb: {service: {exponential: 5ms}, workers: 8, queue: 100}
  mockb@v2: {errors: 1%, workers: 4, queue: 7}
  mockc: {service: {lognormal: {mean: 5ms, p99: 40ms}}}
  default/mocka-v1: {service: {gamma: {mean: 2ms, cv: 0.5}}}
",
        &[],
        &[],
    );
    let station = |name: &str| &plan.stations[plan.station("default", name) as usize];
    let two = station("mockb-v2");
    assert_eq!((two.workers, two.queue, two.errors), (Some(2), Some(7), Share::new(1, 100)));
    assert_eq!(two.service_time, TimeDistribution::Exponential(Nanos(5_000_000)));
    let one = station("mockb-v1");
    assert_eq!((one.workers, one.queue, one.errors), (Some(8), Some(100), None));
    let gamma = TimeDistribution::Gamma { mean: Nanos(2_000_000), shape: 4.0 };
    assert_eq!(station("mocka-v1").service_time, gamma);
    // ln 8 = z s - s² / 2 with z = 2.326 348: s = 1.209 05.
    let TimeDistribution::LogNormal { sigma, .. } = station("mockc-v3").service_time else {
        panic!()
    };
    let back = 2.326_347_874 * sigma - sigma * sigma / 2.0;
    assert!((back - 8.0_f64.ln()).abs() < 1e-9 && sigma < 2.326, "{sigma}");
    assert_eq!(plan.assumptions[0], "no service time stated, 1ms assumed: mocka");
}

#[test]
fn arrivals_of_every_kind_are_read() {
    let table = "time,rate\n0s,10/s\n# night\n60,5\n";
    let class = |arrivals: &str| {
        let change = format!("traffic.a.arrivals={arrivals}");
        let mut plan = plan("rate: 400/s\n", &[("rates.csv", table)], &[&change]);
        assert_eq!(first_piece(&plan.arrivals[1]).from, Rate::per_second(400));
        plan.arrivals.swap_remove(0)
    };
    let piece = |start, from, to| RatePiece {
        start: seconds(start),
        from: Rate::per_second(from),
        to: Rate::per_second(to),
    };
    for (text, process, expected) in [
        ("{constant: 100/s}", Process::Constant, vec![piece(0, 100, 100)]),
        ("{poisson: 100/s}", Process::Poisson, vec![piece(0, 100, 100)]),
        (
            "{ramp: {from: 10/s, to: 200/s, over: 60s}}",
            Process::Poisson,
            vec![piece(0, 10, 200), piece(60, 200, 200)],
        ),
        (
            "{ramp: {at: 5s, from: 9/s, to: 0/s, over: 1s}, process: constant}",
            Process::Constant,
            vec![piece(0, 9, 9), piece(5, 9, 0), piece(6, 0, 0)],
        ),
        (
            "{steps: [{at: 2s, rate: 10/s}, {at: 3s, rate: 20/s}]}",
            Process::Poisson,
            vec![piece(0, 0, 0), piece(2, 10, 10), piece(3, 20, 20)],
        ),
        ("{table: rates.csv}", Process::Poisson, vec![piece(0, 10, 10), piece(60, 5, 5)]),
    ] {
        let found = class(text);
        let ArrivalPlan::Open(profile) = &found else { panic!("{text}") };
        assert_eq!((profile.process, &profile.pieces), (process, &expected), "{text}");
    }
    let every = seconds(10);
    assert_eq!(class("{burst: {size: 100, every: 10s}}"), ArrivalPlan::Bursts { size: 100, every });
    let think = TimeDistribution::Exponential(seconds(1));
    let users = ArrivalPlan::Users { users: 50, think };
    assert_eq!(class("{users: 50, think: {exponential: 1s}}"), users);
}

const TIMELINE: &str = "
duration: 10m
warmUp: 30s
rate: 2000/s
network: {default: 0.2ms, 'mocka>mockb': 1ms, '*>mockc': 3ms}
timeline:
- {at: 120s, mesh: [two.yaml]}
- {at: 60s, scale: {mockb-v2: 0}}
- {at: 90s, errors: {mockb-v1: 30%}, slow: {mockb: 4x}}
- {at: 150s, rate: 4000/s, service: {mocka: 9ms}}
";

#[test]
fn a_timeline_is_put_in_order_and_its_meshes_are_built() {
    let plan = plan(TIMELINE, &[("two.yaml", &rule("v2"))], &[]);
    assert_eq!((plan.end, plan.warm_up), (End::At(seconds(600)), seconds(30)));
    let happening: Vec<(u64, &str)> = plan
        .timeline
        .iter()
        .map(|event| (event.at.0 / 1_000_000_000, event.text.as_str()))
        .collect();
    assert_eq!(
        happening,
        [
            (60, "scale mockb-v2 to 0"),
            (90, "mockb-v1 answers 30% with 503"),
            (90, "mockb takes 4 times as long"),
            (120, "apply two.yaml"),
            (150, "mocka has another service time"),
            (150, "rate 4000/s"),
        ]
    );
    assert_eq!(plan.timeline[0].action, Action::Enter(0));
    let all_of_mockb: Vec<u32> =
        ["mockb-v1", "mockb-v2", "mockb-v3"].map(|name| plan.station("default", name)).to_vec();
    assert_eq!(plan.timeline[2].action, Action::Slow(all_of_mockb, Share::new(4, 1).unwrap()));
    assert_eq!(plan.timeline[3].action, Action::Enter(1));
    let pods = |epoch: usize| {
        let registry = &plan.epochs[epoch].states[0].mesh.registry;
        registry.pods.iter().filter(|pod| pod.workload == "mockb-v2").count()
    };
    // Replicas stay as they were scaled when another mesh is applied.
    assert_eq!((plan.epochs.len(), pods(0), pods(1)), (2, 0, 0));
    assert_eq!(
        pieces(&plan.arrivals[0]),
        [
            RatePiece {
                start: Nanos(0),
                from: Rate::per_second(1_500),
                to: Rate::per_second(1_500)
            },
            RatePiece {
                start: seconds(150),
                from: Rate::per_second(3_000),
                to: Rate::per_second(3_000)
            },
        ]
    );
    for (caller, service, delay) in
        [("mocka", "mockb", 1_000), ("mockb", "mockc", 3_000), ("sleep", "mocka", 200)]
    {
        assert_eq!(plan.network.delay(caller, service), Nanos(delay * 1_000), "{caller} {service}");
    }
}

/// A ramp that is cut short ends where it was.
#[test]
fn another_rate_cuts_a_ramp() {
    let text = "
duration: 60s
timeline:
- {at: 5s, rate: {a: 7/s}}
";
    let change = "traffic.a.arrivals={ramp: {from: 10/s, to: 30/s, over: 20s}}";
    let plan = plan(text, &[], &[change]);
    let rates: Vec<(u64, Rate, Rate)> = pieces(&plan.arrivals[0])
        .iter()
        .map(|piece| (piece.start.0 / 1_000_000_000, piece.from, piece.to))
        .collect();
    let per_second = Rate::per_second;
    assert_eq!(rates, [(0, per_second(10), per_second(15)), (5, per_second(7), per_second(7))]);
}

#[test]
fn changes_of_the_command_line_reach_every_field() {
    let found = plan(
        TIMELINE,
        &[("two.yaml", &rule("v2"))],
        &["apps.mockb.workers=3", "timeline.1.at=61s", "envoy.version=1.27", "envoy.concurrency=1"],
    );
    assert_eq!(found.stations[found.station("default", "mockb-v1") as usize].workers, Some(3));
    assert_eq!(found.timeline[0].at, seconds(61));
    assert_eq!((found.envoy.version, found.envoy.concurrency), (EnvoyVersion::minor(27), 1));
}

#[test]
fn a_topology_states_times_that_the_scenario_overrides() {
    let topology = "
services:
  shop:
    port: 80
    time: {service: 3ms, workers: 4}
    versions: {v1: , v2: {time: {service: {percentiles: slow.csv}}}}
clients: {sleep: }
";
    let more =
        [("top/shop.yaml", topology), ("top/slow.csv", "percentile,time\n50,4ms\n99,40ms\n")];
    let changes = [
        "topology=top/shop.yaml",
        "mesh=[]",
        "apps={shop: {workers: 1}}",
        "traffic.a.request.url=http://shop/",
        "traffic.b.request.url=http://shop/",
    ];
    let mut found = plan("", &more, &changes);
    let v2 = found.station("default", "shop-v2") as usize;
    let v1 = found.station("default", "shop-v1") as usize;
    assert_eq!((found.stations[v1].workers, found.stations[v2].workers), (Some(1), Some(1)));
    assert_eq!(found.stations[v1].service_time, TimeDistribution::Constant(Nanos(3_000_000)));
    let share = |percent| Share::new(percent, 100).unwrap();
    let points = vec![(share(50), Nanos(4_000_000)), (share(99), Nanos(40_000_000))];
    assert_eq!(found.stations.swap_remove(v2).service_time, TimeDistribution::Percentiles(points));
}
