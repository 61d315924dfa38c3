//! Runs tests: resolves their names, decides their requests, judges the decisions.

use super::coverage::{Collector, RuleIndex};
use super::decide::Asker;
use super::expectation::Expectation;
use super::input::{Content, Document, Ground, Options};
use super::judge::Context;
use super::report::{Format, Report, Suite, Test};
use super::{entry, judge, own, proxy_tool, scenarios, validator};
use crate::data_plane::Request;
use crate::diagnostic::{Diagnostics, Place, Sources};
use crate::scenario::{Entry, Files};

/// A test with its names resolved.
pub(super) struct Prepared {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) requests: Vec<Asked>,
    pub(super) expected: Expected,
}

/// A request and where it enters.
pub(super) struct Asked {
    pub(super) entry: Entry,
    pub(super) request: Request,
}

/// What a test expects, in the form of its file.
pub(super) enum Expected {
    Own(Box<Expectation>),
    Validator(Box<validator::Expected>),
    Tool(Box<proxy_tool::Expected>),
}

/// Resolves, decides and judges.
pub(super) struct Runner<'a> {
    pub(super) files: &'a dyn Files,
    pub(super) options: &'a Options,
    pub(super) sources: Sources,
    pub(super) problems: Diagnostics,
}

/// A mesh with what was worked out about it: files that share it share its route tables.
struct Known<'m> {
    ground: &'m Ground,
    asker: Asker<'m>,
    rules: RuleIndex<'m>,
}

// === impl Known ===

impl<'m> Known<'m> {
    fn new(ground: &'m Ground) -> Self {
        let base = &ground.base;
        Self { ground, asker: Asker::new(base), rules: RuleIndex::of(base) }
    }
}

// === impl Runner ===

impl Runner<'_> {
    /// Runs the tests of all files; what cannot be resolved is reported and left out.
    pub(super) fn run(&mut self, documents: &[Document], meshes: &[Option<Ground>]) -> Report {
        let mut collector = Collector::default();
        for ground in meshes.iter().flatten() {
            collector.add(&ground.base, &self.sources);
        }
        let mut known: Vec<Option<Known<'_>>> =
            meshes.iter().map(|ground| ground.as_ref().map(Known::new)).collect();
        let mut suites = Vec::new();
        for document in documents {
            suites.extend(match document.mesh.map(|index| &mut known[index]) {
                None => self.scenario(document),
                Some(None) => None,
                Some(Some(known)) => self.suite(document, known, &mut collector),
            });
        }
        Report { suites, coverage: collector.finish() }
    }

    fn scenario(&mut self, document: &Document) -> Option<Suite> {
        match document.content {
            Content::Scenario => {
                scenarios::suite(self.files, &document.file, &mut self.sources, &mut self.problems)
            }
            // A file without a mesh was reported already.
            Content::Own(_) | Content::Validator(_) | Content::Tool(_) => None,
        }
    }

    fn suite(
        &mut self,
        document: &Document,
        known: &mut Known<'_>,
        collector: &mut Collector,
    ) -> Option<Suite> {
        let ground = known.ground;
        let mut notes = ground.base.assumptions.clone();
        let problems = &mut self.problems;
        let from = self.options.from.as_deref();
        let (format, prepared) = match &document.content {
            Content::Own(file) => (Format::Own, own::prepare(file, ground, &mut notes, problems)),
            Content::Validator(nodes) => {
                let entries = entry::Entries::new(&ground.base, from, &mut self.sources);
                let prepared = validator::prepare(nodes, &entries, &mut notes, problems);
                (Format::ConfigValidator, prepared)
            }
            Content::Tool(root) => {
                let entries = entry::Entries::new(&ground.base, from, &mut self.sources);
                let prepared = proxy_tool::prepare(root, &entries, &mut notes, problems);
                (Format::RouterCheckTool, prepared)
            }
            Content::Scenario => return None,
        };
        let context = Context { base: &ground.base, rules: &known.rules, sources: &self.sources };
        let tests = prepared.iter().map(|test| test.run(&mut known.asker, &context, collector));
        let tests = tests.collect();
        Some(Suite { file: document.file.clone(), format, tests, notes })
    }
}

// === impl Prepared ===

impl Prepared {
    fn run(&self, asker: &mut Asker<'_>, context: &Context<'_>, collector: &mut Collector) -> Test {
        let mut failures = Vec::new();
        for asked in &self.requests {
            let outcome = asker.decide(&asked.entry, &asked.request);
            let (mut found, only) = match &self.expected {
                Expected::Own(expected) => (judge::judge(context, expected, &outcome), None),
                Expected::Validator(expected) => (expected.judge(context, &outcome), None),
                Expected::Tool(expected) => expected.judge(context, &outcome),
            };
            if self.requests.len() > 1 {
                let Request { method, authority, path, .. } = &asked.request;
                let line = format!("request {method} {authority}{path}");
                for failure in &mut found {
                    failure.why.insert(0, line.clone());
                }
            }
            failures.extend(found);
            collector.meet(context.rules.rule(&outcome), only, context.sources);
        }
        Test { name: self.name.clone(), place: self.place, failures }
    }
}
