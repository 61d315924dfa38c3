//! A result is a function of inputs and seed: same bytes at any number of threads, and twice.

use super::{Sandbox, shipped};

fn outputs(
    sandbox: &Sandbox,
    scenario: &str,
    threads: &str,
    out: &str,
) -> (String, Vec<(String, Vec<u8>)>) {
    let arguments = ["run", scenario, "--threads", threads, "--out", out, "--requests", "300_000"];
    let finished = sandbox.run(&arguments);
    assert_ne!(finished.code, 2, "{}", finished.stderr);
    (finished.stdout, sandbox.files(out))
}

#[test]
fn any_number_of_threads_writes_the_same_bytes() {
    let sandbox = Sandbox::new("same-bytes");
    for name in ["bookinfo-10-40-50.yaml", "permissive-lanes-baggage-60-20-20.yaml"] {
        let scenario = shipped(name);
        let first = outputs(&sandbox, &scenario, "1", "one");
        assert!(first.1.len() >= 6, "summary and tables are expected");
        for (threads, out) in [("1", "again"), ("2", "two"), ("8", "eight")] {
            let other = outputs(&sandbox, &scenario, threads, out);
            assert_eq!(first.0, other.0, "{name}: printed report, {threads} threads");
            for (expected, got) in first.1.iter().zip(&other.1) {
                assert!(expected == got, "{name}: {} differs with {threads} threads", expected.0);
            }
            assert_eq!(first.1.len(), other.1.len());
        }
    }
}

#[test]
fn another_seed_draws_other_requests() {
    let sandbox = Sandbox::new("other-seed");
    let scenario = shipped("bookinfo-10-40-50.yaml");
    let run = |seed: &str| {
        let arguments =
            ["run", &scenario, "--seed", seed, "--no-charts", "--out", seed, "--requests", "10000"];
        sandbox.run(&arguments);
        std::fs::read(sandbox.path(seed).join("traces.csv")).unwrap()
    };
    assert_ne!(run("1"), run("2"));
}
