//! Scenarios with a clock, as a user runs them.

use serde_json::Value;

use super::{Sandbox, shipped};

fn summary(sandbox: &Sandbox, out: &str) -> Value {
    serde_json::from_slice(&std::fs::read(sandbox.path(out).join("summary.json")).unwrap()).unwrap()
}

#[track_caller]
fn run(sandbox: &Sandbox, name: &str, out: &str, more: &[&str]) -> Value {
    let path = shipped(name);
    let mut arguments = vec!["run", &path, "--no-charts", "--quiet", "--out", out];
    arguments.extend(more);
    let finished = sandbox.run(&arguments);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    summary(sandbox, out)
}

#[test]
fn any_number_of_threads_gives_the_same_runs() {
    let sandbox = Sandbox::new("in-time-threads");
    let runs =
        ["--replications", "4", "--set", "duration=40s", "--set", "timeline.0.at=15s", "--set"];
    let write = |threads: &str| {
        let mut more = runs.to_vec();
        more.extend(["timeline.1.at=30s", "--set", "expect=[]", "--threads", threads]);
        run(&sandbox, "mockb-v2-dies.yaml", threads, &more);
        sandbox.files(threads)
    };
    let one = write("1");
    assert!(one.iter().any(|(name, _)| name == "series.csv"), "{:?}", one.len());
    for threads in ["2", "8"] {
        assert!(one == write(threads), "{threads} threads write other bytes than one");
    }
}

#[test]
fn a_mesh_that_changes_is_expected_by_the_requests_that_met_it() {
    let sandbox = Sandbox::new("in-time-weights");
    let summary = run(&sandbox, "weights-step-10-50-100.yaml", "out", &[]);
    assert_eq!(summary["engine"], "timed");
    let hops = summary["hops"].as_array().unwrap();
    let of = |version: &str| {
        let row = hops.iter().find(|row| row["service"] == "reviews" && row["version"] == version);
        row.map(|row| (row["share"].as_f64().unwrap(), row["expected"].as_f64().unwrap())).unwrap()
    };
    let (share, expected) = of("v3");
    // 10, 50 and 100 % for a minute each, weighted by the random number of arrivals in it.
    assert!((expected - 1.6 / 3.0).abs() < 0.01, "{expected}");
    assert!((share - expected).abs() < 0.01, "{share} instead of {expected}");
    assert!((of("v1").0 + share - 1.0).abs() < 0.001);
    let weights: Vec<&Value> =
        summary["fit"].as_array().unwrap().iter().filter(|row| row["kind"] == "weights").collect();
    assert!(weights.len() >= 2, "each mesh is tested by itself: {weights:?}");
    let traces = summary["traces"].as_array().unwrap();
    let sum: f64 = traces.iter().map(|row| row["expected"].as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-6, "{sum}");
}

#[test]
fn replications_give_intervals_and_ejections_their_times() {
    let sandbox = Sandbox::new("in-time-ejections");
    let summary = run(&sandbox, "outlier-ejects-one-pod.yaml", "out", &["--replications", "3"]);
    let time = &summary["time"];
    assert_eq!(time["replications"], 3);
    assert!(time["replicated"].as_array().unwrap().iter().any(|row| row["quantity"] == "p99 ms"));
    let ejections = time["ejections"].as_array().unwrap();
    for ejection in ejections {
        assert_eq!(ejection["pod"], "mockb-bad-0.default");
        let from = ejection["from_s"].as_f64().unwrap();
        assert!(from >= 30.0, "nothing fails before 30 s, and yet there is an ejection at {from}");
    }
    let first = ejections.iter().filter(|row| row["run"] == 0).count();
    assert!(first >= 3 && ejections.len() >= 3 * first - 3, "{first} of {}", ejections.len());
    let arrivals = time["series"]["arrivals"].as_array().unwrap();
    let all: u64 = arrivals.iter().map(|count| count.as_u64().unwrap()).sum();
    assert!((100_000..116_000).contains(&all), "{all} arrivals in three runs of 180 s at 200/s");
}

#[test]
fn what_only_a_clock_can_tell_is_not_met_without_one() {
    let sandbox = Sandbox::new("in-time-without");
    let path = shipped("small-cluster-never-ejects.yaml");
    let arguments = ["run", &path, "--engine", "exact", "--no-charts", "--out", "out"];
    let finished = sandbox.run(&arguments);
    assert_eq!(finished.code, 1, "{}", finished.stderr);
    assert!(finished.stdout.contains("only a run in time can tell"), "{}", finished.stdout);
    assert!(summary(&sandbox, "out")["time"].is_null());
}

/// No timeout in the mesh: that of the client holds, and only for gRPC (E-161, E-162).
#[test]
fn a_grpc_client_sets_its_own_time_limit() {
    let sandbox = Sandbox::new("in-time-grpc");
    let request = |content: &str| {
        format!(
            "{{url: \"http://mockc:8000/\", headers: {{content-type: {content}, grpc-timeout: 20m}}}}"
        )
    };
    let (grpc, plain) = (request("application/grpc"), request("application/json"));
    sandbox.write(
        "scenario.yaml",
        format!(
            "topology: {{use: mock, versions: {{mocka: [v1], mockb: [v1], mockc: [v1]}}}}\n\
             traffic:\n\
             - {{class: grpc, from: workload default/sleep, request: {grpc}, rate: 50/s}}\n\
             - {{class: plain, from: workload default/sleep, request: {plain}, rate: 50/s}}\n\
             apps: {{mockc: {{service: 30ms}}}}\n\
             duration: 20s\n"
        ),
    );
    let finished = sandbox.run(&["run", "scenario.yaml", "--no-charts", "--out", "out"]);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    let summary = summary(&sandbox, "out");
    let rows = summary["time"]["latency"].as_array().unwrap();
    let of = |name: &str| {
        let row = rows.iter().find(|row| row["kind"] == "class" && row["name"] == name).unwrap();
        let share = row["failed"].as_f64().unwrap() / row["requests"].as_f64().unwrap();
        (share, row["p50_ms"].as_f64().unwrap().floor())
    };
    assert_eq!(of("grpc"), (1.0, 20.0));
    assert_eq!(of("plain"), (0.0, 30.0));
}
