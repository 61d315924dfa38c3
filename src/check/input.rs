//! From the names of files to tests and their meshes: read, recognise, load each mesh once.

use std::fmt::Write as _;

use std::collections::BTreeMap;

use super::destination::Hosts;
use super::report::Report;
use super::run::Runner;
use super::{entry, own, proxy_tool};
use crate::config::decode::Decode;
use crate::config::node::{Key, Node, Value};
use crate::config::scenario::ScenarioFile;
use crate::config::yaml;
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Sources};
use crate::scenario::{Base, Files, read_text};

/// What the command line says about all files.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The mesh of test files that name none: files, folders, globs.
    pub mesh: Vec<String>,
    /// Where requests of foreign test files enter; found out from the rules if absent.
    pub from: Option<String>,
}

/// What a check found.
#[derive(Debug)]
pub struct Checked {
    /// All texts, for messages.
    pub sources: Sources,
    /// All problems of the input, sorted.
    pub problems: Diagnostics,
    /// The outcome; `None` if a problem is an error.
    pub report: Option<Report>,
}

/// A file with tests.
pub(super) struct Document {
    pub(super) file: String,
    pub(super) content: Content,
    /// Index of its mesh; `None` for scenarios, which bring their own.
    pub(super) mesh: Option<usize>,
}

/// What a file with tests holds.
pub(super) enum Content {
    Own(own::File),
    Validator(Vec<Node>),
    Tool(Node),
    Scenario,
}

/// A mesh that tests are decided on, with the hosts that expectations may name.
pub(super) struct Ground {
    pub(super) base: Base,
    pub(super) hosts: Hosts,
}

/// Keys of a test file that say which mesh it is about.
const MESH_KEYS: [&str; 6] = ["mesh", "namespace", "meshConfig", "topology", "scale", "untagged"];

/// Runs the tests of all files; folders and globs stand for the test files in them.
#[must_use]
pub fn check(files: &dyn Files, names: &[String], options: &Options) -> Checked {
    let mut reader = Reader {
        files,
        options,
        sources: Sources::new(),
        problems: Diagnostics::new(),
        meshes: Vec::new(),
        keys: BTreeMap::new(),
    };
    let documents = reader.documents(names);
    let Reader { sources, problems, meshes, .. } = reader;
    let mut runner = Runner { files, options, sources, problems };
    let report = runner.run(&documents, &meshes);
    let Runner { sources, mut problems, .. } = runner;
    problems.sort();
    let report = Some(report).filter(|_| !problems.has_errors());
    Checked { sources, problems, report }
}

/// Reads test files and loads each mesh once.
struct Reader<'a> {
    files: &'a dyn Files,
    options: &'a Options,
    sources: Sources,
    problems: Diagnostics,
    meshes: Vec<Option<Ground>>,
    keys: BTreeMap<String, usize>,
}

// === impl Reader ===

impl Reader<'_> {
    fn documents(&mut self, names: &[String]) -> Vec<Document> {
        let mut documents = Vec::new();
        for name in names {
            let expanded = match self.files.expand(name) {
                Ok(expanded) => expanded,
                Err(reason) => {
                    let message = format!("cannot read `{name}`: {reason}");
                    self.problems.push(Diagnostic::error("missing-file", None, message));
                    continue;
                }
            };
            let before = documents.len();
            let is_named = expanded.first() == Some(name);
            for file in expanded {
                documents.extend(self.document(&file, is_named));
            }
            if documents.len() == before && !self.problems.has_errors() {
                let message = format!("there is no test in `{name}`");
                self.problems.push(Diagnostic::error("no-tests", None, message));
            }
        }
        documents
    }

    /// Reads a file; files of a folder that hold no tests are passed over.
    fn document(&mut self, file: &str, is_named: bool) -> Option<Document> {
        let source = read_text(self.files, file, None, &mut self.sources, &mut self.problems)?;
        let text = self.sources.get(source)?.text.clone();
        let nodes = yaml::parse(source, &text, &mut self.problems);
        let has = |node: &Node, key: &str| node.get(key).is_some();
        let root = nodes.first()?;
        if nodes.iter().any(|node| has(node, "testCases")) {
            let mesh = self.mesh(None, file);
            return Some(Document {
                file: file.to_owned(),
                content: Content::Validator(nodes),
                mesh,
            });
        }
        if has(root, "tests") {
            if let Some(second) = nodes.get(1) {
                let message = "a test file has one document";
                self.problems.push(Diagnostic::error("several-documents", second.place, message));
            }
            let foreign = proxy_tool::is_one(root);
            let mesh = self.mesh((!foreign).then_some(root), file);
            let content = if foreign {
                Content::Tool(root.clone())
            } else {
                Content::Own(own::File::decode(root, &mut self.problems)?)
            };
            return Some(Document { file: file.to_owned(), content, mesh });
        }
        if has(root, "traffic") {
            return Some(Document {
                file: file.to_owned(),
                content: Content::Scenario,
                mesh: None,
            });
        }
        if is_named {
            self.refuse(root);
        }
        None
    }

    fn refuse(&mut self, root: &Node) {
        let problem = if root.get("apiVersion").is_some() {
            let message = "this file holds objects of a mesh, no tests";
            Diagnostic::error("no-tests", root.place, message).help("name it with --mesh")
        } else {
            let message = "this is no test file";
            Diagnostic::error("no-tests", root.place, message).help(
                "a test file has `tests`, one of istio-config-validator `testCases`, a scenario `traffic`",
            )
        };
        self.problems.push(problem);
    }

    /// Loads the mesh of a file, or finds the one that another file has loaded already; foreign files have
    /// no keys of their own.
    fn mesh(&mut self, own: Option<&Node>, file: &str) -> Option<usize> {
        let place = own.map(|root| root.place);
        let entries = own.and_then(Node::entries).unwrap_or_default().iter();
        let mut entries: Vec<(Key, Node)> =
            entries.filter(|(key, _)| MESH_KEYS.contains(&key.name.as_str())).cloned().collect();
        let names_mesh = entries.iter().any(|(key, _)| key.name == "mesh");
        if !names_mesh {
            if self.options.mesh.is_empty() {
                let message = format!("`{file}` names no mesh");
                let help = "write `mesh: [mesh/*.yaml]`, or give --mesh PATH";
                self.problems.push(Diagnostic::error("missing-mesh", place, message).help(help));
                return None;
            }
            entries.push(self.mesh_of_options(own.is_none()));
        }
        // Paths of the command line are seen from where it was called.
        let name = if names_mesh { file } else { "" };
        let folder = name.rfind('/').map_or("", |slash| &name[..slash]);
        let place = entries.first().map(|(key, _)| key.place)?;
        let root = Node { value: Value::Mapping(entries), place };
        let mut key = format!("{folder} {} ", own.is_some());
        fingerprint(&root, &mut key);
        if let Some(known) = self.keys.get(&key) {
            return Some(*known);
        }
        let scenario = ScenarioFile::decode(&root, &mut self.problems)?;
        let files = entry::WithAssumed(self.files);
        let base = Base::load(&files, name, &scenario, &mut self.sources, &mut self.problems);
        let ground = base.map(|mut base| {
            if own.is_none() {
                entry::assume(&mut base);
            }
            let hosts = Hosts::of(&base);
            Ground { base, hosts }
        });
        self.meshes.push(ground);
        self.keys.insert(key, self.meshes.len() - 1);
        Some(self.meshes.len() - 1)
    }

    /// `--mesh` as if it stood in the file; with what is assumed for foreign files.
    fn mesh_of_options(&mut self, foreign: bool) -> (Key, Node) {
        let mut items = Vec::new();
        for path in &self.options.mesh {
            let source = self.sources.add(format!("--mesh {path}"), path.as_str());
            items.push(Node { value: Value::Text(path.clone()), place: Place::new(source, 1, 1) });
        }
        let source = self.sources.add("--mesh", "");
        let place = Place::new(source, 1, 1);
        if foreign {
            items.push(Node { value: Value::Text(entry::ASSUMED.to_owned()), place });
        }
        let key = Key { name: "mesh".to_owned(), place };
        (key, Node { value: Value::Sequence(items), place })
    }
}

/// Appends a text that is equal for equal values, wherever they stand.
fn fingerprint(node: &Node, text: &mut String) {
    match &node.value {
        Value::Mapping(entries) => {
            text.push('{');
            for (key, value) in entries {
                let _ = write!(text, "{:?}:", key.name);
                fingerprint(value, text);
            }
            text.push('}');
        }
        Value::Sequence(items) => {
            text.push('[');
            for item in items {
                fingerprint(item, text);
            }
            text.push(']');
        }
        scalar => {
            let _ = write!(text, "{scalar:?},");
        }
    }
}
