//! Meshes as text to findings, for the tests of all checks.

use super::{Finding, findings};
use crate::config::resources::{Loader, Resources};
use crate::control_plane::{Mesh, MeshConfig, validation};
use crate::diagnostic::{Diagnostics, Place, Sources};

/// A mesh with its findings.
pub(super) struct World {
    pub(super) sources: Sources,
    pub(super) resources: Resources,
    pub(super) mesh: Mesh,
    pub(super) findings: Vec<Finding>,
}

/// Loads objects, one YAML flow mapping per line or whole documents.
pub(super) fn world(text: &str) -> World {
    let (mut sources, mut problems) = (Sources::new(), Diagnostics::new());
    let mut loader = Loader::new(&mut sources, &mut problems, "default");
    loader.read("m.yaml", text);
    let mut resources = loader.finish();
    let config = MeshConfig::default();
    validation::check(&mut resources, &config, &mut problems);
    let mesh = Mesh::build(&resources, config, &mut problems);
    let findings = findings(&resources, &mesh, problems.items());
    World { sources, resources, mesh, findings }
}

impl World {
    /// Returns the findings of a code.
    pub(super) fn of(&self, code: &str) -> Vec<&Finding> {
        self.findings.iter().filter(|finding| finding.code.code == code).collect()
    }

    /// Returns `object: word of the source at the place` of each finding of a code.
    pub(super) fn told(&self, code: &str) -> Vec<String> {
        let of = |finding: &&Finding| {
            let word = finding.place.map(|place| self.word(place)).unwrap_or_default();
            format!("{}: {word}", finding.object)
        };
        self.of(code).iter().map(of).collect()
    }

    fn word(&self, place: Place) -> String {
        let text = &self.sources.get(place.source).unwrap().text;
        let line = text.lines().nth(place.line as usize - 1).unwrap_or_default();
        let rest: String = line.chars().skip(place.column as usize - 1).collect();
        let end = |c: char| matches!(c, ',' | '}' | ']' | ' ');
        rest.split(end).next().unwrap_or_default().trim_matches(['\'', '"', ':']).to_owned()
    }
}

/// A Service with one ready pod per version.
pub(super) fn service(name: &str, namespace: &str, port: u32, versions: &[&str]) -> String {
    let mut text = format!(
        "---\n{{apiVersion: v1, kind: Service, metadata: {{name: {name}, namespace: {namespace}}}, \
         spec: {{selector: {{app: {name}}}, ports: [{{name: http, port: {port}}}]}}}}\n"
    );
    for version in versions {
        text += &format!(
            "---\n{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: {name}-{version}, namespace: {namespace}}}, \
             spec: {{template: {{metadata: {{labels: {{app: {name}, version: {version}}}}}}}}}}}\n"
        );
    }
    text
}

/// An object of `networking.istio.io` in namespace `default`, or `namespace/name`.
pub(super) fn object(kind: &str, name: &str, spec: &str) -> String {
    let (namespace, name) = name.split_once('/').unwrap_or(("default", name));
    format!(
        "---\n{{apiVersion: networking.istio.io/v1, kind: {kind}, metadata: {{name: {name}, namespace: {namespace}}}, spec: {spec}}}\n"
    )
}
