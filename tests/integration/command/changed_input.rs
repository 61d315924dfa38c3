//! What-if from the command line, and input from pipes.

use super::{MESH, SCENARIO, Sandbox, shipped};

fn summary(sandbox: &Sandbox, out: &str) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(sandbox.path(out).join("summary.json")).unwrap()).unwrap()
}

#[test]
fn a_value_changed_on_the_command_line_changes_the_answer_and_is_recorded() {
    let sandbox = Sandbox::new("set");
    let scenario = shipped("strict-lanes-fallback.yaml");
    let arguments = [
        "run",
        &scenario,
        "--engine",
        "exact",
        "--no-charts",
        "--out",
        "out",
        "--set",
        "traffic.0.share=0",
    ];
    let finished = sandbox.run(&arguments);
    assert_ne!(finished.code, 2, "{}", finished.stderr);
    let summary = summary(&sandbox, "out");
    assert!(summary["requests"].is_null(), "the exact engine counts nothing");
    assert!(
        summary["manifest"].to_string().contains("traffic.0.share=0"),
        "{}",
        summary["manifest"]
    );
}

#[test]
fn mesh_objects_are_read_from_standard_input() {
    let sandbox = Sandbox::new("stdin");
    sandbox.write("scenario.yaml", SCENARIO.replace("mesh.yaml", "\"-\""));
    let arguments = ["run", "scenario.yaml", "--out", "out", "--no-charts"];
    let finished = sandbox.run_with_input(&arguments, MESH);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    let broken = MESH.replace("weight: 90", "weight: many");
    let finished = sandbox.run_with_input(&arguments, &broken);
    assert!(finished.stderr.contains("<stdin>:8:56: error[wrong-type]"), "{}", finished.stderr);
}

#[test]
fn folders_patterns_and_lists_are_read() {
    let sandbox = Sandbox::new("folders");
    let documents: Vec<&str> = MESH.split("---\n").collect();
    let items: Vec<String> = documents
        .iter()
        .map(|document| format!("- {}", document.trim_end().replace('\n', "\n  ")))
        .collect();
    sandbox.write(
        "list/all.yaml",
        format!("apiVersion: v1\nkind: List\nitems:\n{}\n", items.join("\n")),
    );
    sandbox.write("parts/deep/rule.yml", documents[1]);
    sandbox.write("parts/route.yaml", documents[0]);
    sandbox.write("parts/notes.txt", "not read: {");
    for (out, mesh) in [("a", "list"), ("b", "parts"), ("c", "list/*.yaml")] {
        sandbox.write("scenario.yaml", SCENARIO.replace("mesh.yaml", &format!("\"{mesh}\"")));
        let arguments = ["run", "scenario.yaml", "--out", out, "--engine", "exact", "--no-charts"];
        let finished = sandbox.run(&arguments);
        assert_eq!(finished.code, 0, "{mesh}: {}", finished.stderr);
        let summary = summary(&sandbox, out);
        let entry =
            summary["hops"].as_array().unwrap().iter().find(|row| row["service"] == "mocka");
        assert_eq!(entry.unwrap()["expected"].as_f64(), Some(0.9), "{mesh}");
    }
}

#[test]
fn an_expectation_that_fails_decides_the_exit_code() {
    let sandbox = Sandbox::new("failed");
    let expect = "expect:\n- {trace: mocka@v2 > mockb@v1 > mockc@v1, share: 50%}\n";
    sandbox.write("scenario.yaml", format!("{SCENARIO}{expect}"));
    sandbox.write("mesh.yaml", MESH);
    let finished = sandbox.run(&["run", "scenario.yaml", "--out", "out", "--no-charts"]);
    assert_eq!(finished.code, 1, "{finished:?}");
    assert_eq!(summary(&sandbox, "out")["verdict"]["expectations"], "failed");
}
