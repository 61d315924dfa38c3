//! A mesh without traffic: its files, objects and findings, for checks that ask nobody's requests.
//!
//! Reads what a scenario names, or plain mesh files; objects that a cluster would have are assumed as for a
//! run, and nothing is said about them.

use super::files::{Files, folder};
use super::inputs::Inputs;
use super::load::{read_scenario, read_topology};
use super::mesh::{self, Material};
use super::time::Overlay;
use crate::config::decode::Decode;
use crate::config::node::Node;
use crate::config::resources::Resources;
use crate::config::scenario::ScenarioFile;
use crate::config::yaml;
use crate::control_plane::Mesh;
use crate::control_plane::lint::{self, Finding};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Severity, SourceId, Sources};
use crate::topology::Topology;

/// What was read.
#[derive(Debug)]
pub struct Inspected {
    /// All texts, for messages.
    pub sources: Sources,
    /// Problems of the files themselves and of the scenario, sorted; with an error among them there is
    /// nothing to look at.
    pub problems: Diagnostics,
    /// Findings about what the files hold, sorted by place.
    pub findings: Vec<Finding>,
    /// What had to be assumed, in plain sentences.
    pub assumptions: Vec<String>,
}

/// Codes of problems with a file, not with an object in it.
const OF_FILES: [&str; 6] =
    ["duplicate-key", "empty-file", "missing-file", "not-an-object", "not-text", "yaml"];

/// Reads mesh files, folders and patterns, or one scenario, and looks for findings.
///
/// A single file with `mesh` or `traffic` at its top is a scenario. Objects without a namespace belong to
/// `namespace`; if absent, to that of the scenario, else to `default`.
#[must_use]
pub fn inspect(files: &dyn Files, paths: &[String], namespace: Option<&str>) -> Inspected {
    let mut reading = Reading::default();
    let read = match paths {
        [path] if is_scenario(files, path) => reading.scenario(files, path, namespace),
        _ => reading.mesh_files(files, paths, namespace),
    };
    let Reading { sources, problems, .. } = reading;
    let (own, of_objects): (Vec<Diagnostic>, Vec<Diagnostic>) =
        problems.into_iter().partition(|problem| is_of_files(&sources, problem));
    let mut problems = Diagnostics::new();
    problems.extend(own);
    problems.sort();
    let (mut findings, mut assumptions) = (Vec::new(), Vec::new());
    if let Some(read) = read.filter(|_| !problems.has_errors()) {
        findings = lint::findings(&read.resources, &read.mesh, &of_objects);
        findings.retain(|finding| is_written(&sources, finding.place));
        assumptions = read.assumptions;
    }
    Inspected { sources, problems, findings, assumptions }
}

/// Tells problems of files and of the scenario, whose text is the first one, from those of mesh objects.
fn is_of_files(sources: &Sources, problem: &Diagnostic) -> bool {
    let Some(place) = problem.place else { return true };
    let of_scenario = place.source == SourceId(0)
        || sources.get(place.source).is_some_and(|source| source.name.starts_with("--set "));
    of_scenario || OF_FILES.contains(&problem.code) && problem.severity == Severity::Error
}

/// Looks into a file; what cannot be read is told later. Standard input can be read only once and holds mesh
/// objects.
fn is_scenario(files: &dyn Files, path: &str) -> bool {
    if path == "-" {
        return false;
    }
    let Ok(bytes) = files.read(path) else { return false };
    let Ok(text) = String::from_utf8(bytes) else { return false };
    let mut sources = Sources::new();
    let source = sources.add(path, text.as_str());
    let nodes = yaml::parse(source, &text, &mut Diagnostics::new());
    let has = |node: &Node, key: &str| node.get(key).is_some();
    nodes
        .first()
        .is_some_and(|node| (has(node, "mesh") || has(node, "traffic")) && !has(node, "apiVersion"))
}

/// Texts that lanecast made itself are called `<...>`; standard input is the user's.
fn is_written(sources: &Sources, place: Option<Place>) -> bool {
    let source = place.and_then(|place| sources.get(place.source));
    source.is_none_or(|source| !source.name.starts_with('<') || source.name == "<stdin>")
}

/// What is looked at.
struct Read {
    resources: Resources,
    mesh: Mesh,
    assumptions: Vec<String>,
}

#[derive(Default)]
struct Reading {
    sources: Sources,
    inputs: Inputs,
    problems: Diagnostics,
}

// === impl Reading ===

impl Reading {
    fn scenario(&mut self, files: &dyn Files, path: &str, namespace: Option<&str>) -> Option<Read> {
        let changes = namespace.map(|namespace| format!("namespace={namespace}"));
        let options = super::Options { changes: changes.into_iter().collect() };
        let Self { sources, inputs, problems } = self;
        let file = read_scenario(files, path, &options, sources, inputs, problems)?;
        let folder = folder(path);
        let topology = read_topology(files, folder, &file, sources, inputs, problems)?;
        Some(self.build(files, folder, &file, &topology))
    }

    /// Plain mesh files are a scenario with nothing but `mesh`.
    fn mesh_files(
        &mut self,
        files: &dyn Files,
        paths: &[String],
        namespace: Option<&str>,
    ) -> Option<Read> {
        // JSON's quotes are YAML's too; one path per line, so that messages show just that path.
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let mut text = "mesh:\n".to_owned();
        for path in paths {
            text += &format!("- {}\n", quoted(path));
        }
        if let Some(namespace) = namespace {
            text += &format!("namespace: {}\n", quoted(namespace));
        }
        let source = self.sources.add("arguments", text.as_str());
        let nodes = yaml::parse(source, &text, &mut self.problems);
        let file = ScenarioFile::decode(nodes.first()?, &mut self.problems)?;
        Some(self.build(files, "", &file, &Topology::none()))
    }

    fn build(
        &mut self,
        files: &dyn Files,
        folder: &str,
        scenario: &ScenarioFile,
        topology: &Topology,
    ) -> Read {
        let Self { sources, inputs, problems } = self;
        let overlay = Overlay::default();
        let material = Material { files, folder, scenario, topology, overlay: &overlay };
        let built = mesh::build(&material, sources, inputs, problems);
        Read { resources: built.resources, mesh: built.mesh, assumptions: built.assumptions }
    }
}

#[cfg(test)]
mod tests {
    use super::super::MemoryFiles;
    use super::*;

    fn files(list: &[(&str, &str)]) -> MemoryFiles {
        let pairs = list.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()));
        MemoryFiles(pairs.collect())
    }

    const BROKEN: &str = "{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: v}, \
                          spec: {hosts: [mocka], http: [{route: [{destination: {host: gone}}]}]}}\n";

    #[test]
    fn a_scenario_is_told_from_a_mesh_file_by_its_keys() {
        let files = files(&[("s.yaml", "{mesh: m.yaml, topology: mock}"), ("m.yaml", BROKEN)]);
        for path in ["s.yaml", "m.yaml"] {
            let found = inspect(&files, &[path.to_owned()], None);
            assert!(found.problems.is_empty(), "{}", found.problems.render(&found.sources));
            let codes: Vec<&str> = found.findings.iter().map(|finding| finding.code.code).collect();
            assert!(codes.contains(&"IST0101"), "{path} {codes:?}");
        }
        let namespace = inspect(&files, &["m.yaml".to_owned()], Some("shop"));
        assert_eq!(namespace.findings[0].object, "VirtualService shop/v");
    }

    #[test]
    fn nothing_is_said_of_objects_that_were_made_up() {
        let files = files(&[("s.yaml", "{mesh: [], topology: bookinfo}")]);
        let found = inspect(&files, &["s.yaml".to_owned()], None);
        assert!(found.problems.is_empty(), "{}", found.problems.render(&found.sources));
        assert_eq!(found.findings, []);
        assert!(!found.assumptions.is_empty());
    }

    #[test]
    fn files_that_cannot_be_read_leave_nothing_to_look_at() {
        let files = files(&[
            ("m.yaml", BROKEN),
            ("text.yaml", "a: [\n"),
            ("s.yaml", "{mesh: m.yaml, seed: one, traffic: []}"),
        ]);
        for paths in [&["m.yaml", "none.yaml"] as &[&str], &["m.yaml", "text.yaml"], &["s.yaml"]] {
            let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
            let found = inspect(&files, &paths, None);
            assert!(found.problems.has_errors() && found.findings.is_empty(), "{paths:?}");
        }
    }
}
