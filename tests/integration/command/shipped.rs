//! Every shipped scenario meets its own expectations, warns about nothing, and can be explained.

use super::{Sandbox, shipped};

fn scenarios() -> Vec<String> {
    let entries = std::fs::read_dir(shipped("")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let files = paths.filter(|path| path.extension().is_some_and(|it| it == "yaml"));
    let mut names: Vec<String> =
        files.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

#[test]
fn every_shipped_scenario_meets_its_expectations() {
    let sandbox = Sandbox::new("shipped");
    let names = scenarios();
    assert!(names.len() >= 22, "{names:?}");
    for name in names {
        let path = shipped(&name);
        let mut arguments = vec!["run", &path, "--out", &name, "--no-charts"];
        if !std::fs::read_to_string(&path).unwrap().contains("\nduration:") {
            arguments.extend(["--requests", "100_000"]);
        }
        let finished = sandbox.run(&arguments);
        assert_eq!(finished.code, 0, "{name}: {}{}", finished.stdout, finished.stderr);
        // Rules of the documents that their own experiment never meets, or that replace those of a lane
        // group, are all there is to warn about.
        let known = ["warning[unmet-rule]", "warning[lane-rules-shadowed]"];
        let problems = finished.stderr.lines().filter(|line| line.contains("warning["));
        let others: Vec<_> =
            problems.filter(|line| !known.iter().any(|code| line.contains(code))).collect();
        assert!(others.is_empty(), "{name}: {others:?}");
        assert!(finished.stdout.contains("expectations"), "{name}: {}", finished.stdout);
    }
}

#[test]
fn every_class_of_every_shipped_scenario_is_explained() {
    let sandbox = Sandbox::new("explained");
    for name in scenarios() {
        let finished = sandbox.run(&["explain", &shipped(&name)]);
        assert_eq!(finished.code, 0, "{name}: {}", finished.stderr);
        assert!(
            finished.stdout.contains("R-"),
            "{name}: rule ids are expected\n{}",
            finished.stdout
        );
    }
}
