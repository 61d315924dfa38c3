//! Charts that a run writes.

use super::{Sandbox, shipped};

const NAMES: [&str; 4] = ["lanes", "hops", "fallbacks", "traces"];

#[test]
fn a_run_draws_each_chart_in_two_formats() {
    let sandbox = Sandbox::new("charts");
    let scenario = shipped("permissive-lanes-baggage-60-20-20.yaml");
    let finished = sandbox.run(&["run", &scenario, "--out", "out", "--requests", "100_000"]);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    let files = sandbox.files("out/charts");
    assert_eq!(files.len(), 2 * NAMES.len(), "nothing else, and nothing half-written");
    let file = |name: String| {
        let found = files.iter().find(|(it, _)| *it == name);
        found.map(|(_, bytes)| bytes.clone()).unwrap()
    };
    for name in NAMES {
        let svg = String::from_utf8(file(format!("{name}.svg"))).unwrap();
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{name}");
        assert!(svg.contains("Replay of 100,000 requests, seed 1"), "{name}");
        assert!(file(format!("{name}.png")).starts_with(b"\x89PNG\r\n\x1a\n"), "{name}");
    }
    let lanes = String::from_utf8(file("lanes.svg".to_owned())).unwrap();
    for text in ["s1", "s2", "s3", "60.00 %", "20.00 %"] {
        assert!(lanes.contains(&format!(">\n{text}\n<")), "{text}");
    }
}

#[test]
fn an_exact_run_draws_charts_without_counts() {
    let sandbox = Sandbox::new("charts-exact");
    let scenario = shipped("bookinfo-10-40-50.yaml");
    let finished = sandbox.run(&["run", &scenario, "--out", "out", "--engine", "exact"]);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    for name in NAMES {
        let svg = std::fs::read_to_string(sandbox.path(&format!("out/charts/{name}.svg"))).unwrap();
        assert!(!svg.contains("observed") && !svg.contains("interval"), "{name}");
    }
}

#[test]
fn nobody_who_wants_no_charts_gets_any() {
    let sandbox = Sandbox::new("no-charts");
    let scenario = shipped("bookinfo-10-40-50.yaml");
    let arguments = ["run", &scenario, "--out", "out", "--requests", "1000", "--no-charts"];
    assert_ne!(sandbox.run(&arguments).code, 2);
    assert!(!sandbox.path("out/charts").exists());
    assert!(sandbox.path("out/summary.json").exists());
}
