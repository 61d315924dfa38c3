//! The verdicts of the real API server schema and the real istiod on single objects
//! (tests/data/validation/objects.yaml).
//!
//! Another file of objects can be given in `LANECAST_VALIDATION`.

use std::path::{Path, PathBuf};

use lanecast::config::node::{Node, Value};
use lanecast::config::resources::Loader;
use lanecast::config::yaml;
use lanecast::control_plane::{MeshConfig, validation};
use lanecast::diagnostic::{Diagnostics, Severity, Sources};

/// An object and what became of it.
struct Entry {
    id: String,
    kind: String,
    verdict: String,
    spec: String,
    /// The line of the file before the first one of the spec.
    line: usize,
}

#[test]
fn every_recorded_verdict_is_given() {
    let path = std::env::var("LANECAST_VALIDATION")
        .map_or_else(|_| crate::data("validation/objects.yaml"), PathBuf::from);
    let entries = read(&path);
    let mut differing = 0;
    for entry in &entries {
        let (got, messages) = judge(entry, &path.display().to_string());
        if got != entry.verdict {
            differing += 1;
            println!("{}: expected {}, got {got}\n{messages}", entry.id, entry.verdict);
        }
    }
    crate::say(&format!("validation: {} objects, {differing} differing", entries.len()));
    assert!(!entries.is_empty(), "no object in {}", path.display());
    assert_eq!(differing, 0, "see the differences above");
}

fn read(path: &Path) -> Vec<Entry> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut sources = Sources::new();
    let source = sources.add(path.display().to_string(), text.as_str());
    let mut problems = Diagnostics::new();
    let nodes = yaml::parse(source, &text, &mut problems);
    assert!(problems.is_empty(), "{}", problems.render(&sources));
    let Value::Sequence(items) = &nodes[0].value else { panic!("a list of objects is expected") };
    items.iter().map(entry).collect()
}

fn entry(node: &Node) -> Entry {
    let text = |key: &str| node.get(key).and_then(Node::text).unwrap_or_default().to_owned();
    let line = node.get("spec").map_or(0, |spec| spec.place.line as usize);
    Entry { id: text("id"), kind: text("kind"), verdict: text("verdict"), spec: text("spec"), line }
}

/// Loads the object alone. Its document has the spec on the lines on which it stands in the file, so
/// that messages point there.
fn judge(entry: &Entry, name: &str) -> (&'static str, String) {
    let header = format!(
        "apiVersion: networking.istio.io/v1\nkind: {}\nmetadata: {{name: x, namespace: default}}\n",
        entry.kind
    );
    let gap = "\n".repeat(entry.line.saturating_sub(4));
    let spec = entry.spec.replace('\n', "\n    ");
    let (mut sources, mut problems) = (Sources::new(), Diagnostics::new());
    let mut loader = Loader::new(&mut sources, &mut problems, "default");
    loader.read(name, &format!("{header}{gap}spec:\n    {spec}\n"));
    let mut resources = loader.finish();
    validation::check(&mut resources, &MeshConfig::default(), &mut problems);
    problems.sort();
    let refused = !resources.refused.is_empty();
    let messages = problems.render(&sources);
    assert_eq!(refused, problems.has_errors(), "{}: {messages}", entry.id);
    assert_ne!(refused, resources.len() == 1, "{}: {messages}", entry.id);
    let all_placed = problems.items().iter().all(|problem| problem.place.is_some());
    assert!(all_placed, "{}: a problem without place\n{messages}", entry.id);
    let verdict = if refused {
        "refused"
    } else if problems.count(Severity::Warning) > 0 {
        "warned"
    } else {
        "accepted"
    };
    (verdict, messages)
}
