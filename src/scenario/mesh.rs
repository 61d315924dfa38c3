//! From the files of a scenario to the mesh: objects, lanes, assumed pods, replicas, mesh config.

use super::Input;
use super::assume;
use super::files::{Files, beside};
use super::inputs::Inputs;
use super::time::{self, Overlay};
use crate::config::decode::{Located, closest};
use crate::config::resources::{Loader, Resources};
use crate::config::scenario::{ScenarioFile, UntaggedWord};
use crate::config::yaml;
use crate::control_plane::lanes::{self, LaneGroup, Untagged};
use crate::control_plane::{Mesh, MeshConfig, lint, validation};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::topology::{self, Topology};

/// A mesh with what was found on the way to it.
pub(super) struct Built {
    pub(super) mesh: Mesh,
    pub(super) resources: Resources,
    pub(super) lane_groups: Vec<LaneGroup>,
    pub(super) assumptions: Vec<String>,
}

/// What a mesh is built from.
pub(super) struct Material<'a> {
    pub(super) files: &'a dyn Files,
    pub(super) folder: &'a str,
    pub(super) scenario: &'a ScenarioFile,
    pub(super) topology: &'a Topology,
    pub(super) overlay: &'a Overlay,
}

pub(super) fn build(
    material: &Material<'_>,
    sources: &mut Sources,
    inputs: &mut Inputs,
    problems: &mut Diagnostics,
) -> Built {
    let scenario = material.scenario;
    let mut resources = Resources::default();
    for patterns in std::iter::once(&scenario.mesh).chain(&material.overlay.mesh) {
        resources.begin_layer();
        for pattern in &patterns.0 {
            resources = read_files(material, pattern, resources, sources, inputs, problems);
        }
    }
    let objects = time::expand(&mut resources);
    resources = read_made(resources, "<rollout>", &objects, sources, problems);
    material.overlay.shift_weights(&mut resources);
    let mut assumptions = skipped(&resources);
    let config = mesh_config(&resources, scenario, sources, problems);
    validation::check(&mut resources, &config, problems);
    let objects = topology::missing_objects(material.topology, &resources, &mut assumptions);
    let label = format!("<topology {}>", material.topology.name);
    resources = read_made(resources, &label, &objects, sources, problems);
    let untagged = match scenario.untagged {
        None | Some(UntaggedWord::Any) => Untagged::Any,
        Some(UntaggedWord::Baseline) => Untagged::Baseline,
        Some(UntaggedWord::Reject) => Untagged::Reject,
    };
    let lane_groups = lanes::expand(&mut resources, &config, untagged, problems);
    let objects = assume::missing_objects(&resources, &config.domain, &mut assumptions);
    resources = read_made(resources, "<assumed>", &objects, sources, problems);
    scale(&mut resources, &scenario.scale, problems);
    scale(&mut resources, &material.overlay.scale, problems);
    let mesh = Mesh::build(&resources, config, problems);
    problems.extend(lint::undefined_destinations(&resources, &mesh));
    Built { mesh, resources, lane_groups, assumptions }
}

/// Adds the objects of the files that fit a pattern.
fn read_files(
    material: &Material<'_>,
    pattern: &Located<String>,
    mut resources: Resources,
    sources: &mut Sources,
    inputs: &mut Inputs,
    problems: &mut Diagnostics,
) -> Resources {
    let namespace = material.scenario.namespace.as_ref();
    let namespace = namespace.map_or("default", |name| name.value.as_str());
    let path = beside(material.folder, &pattern.value);
    for name in Inputs::expand(material.files, &path, pattern.place, problems) {
        if let Some(text) = inputs.read(material.files, &name, pattern.place, sources, problems) {
            let mut loader = Loader::resume(sources, problems, namespace, resources);
            loader.read_source(text);
            resources = loader.finish();
        }
    }
    resources
}

/// Reads objects that lanecast made itself.
fn read_made(
    resources: Resources,
    label: &str,
    objects: &[serde_json::Value],
    sources: &mut Sources,
    problems: &mut Diagnostics,
) -> Resources {
    if objects.is_empty() {
        return resources;
    }
    let documents: Vec<String> = objects.iter().map(ToString::to_string).collect();
    let mut loader = Loader::resume(sources, problems, "default", resources);
    loader.read(label, &documents.join("\n---\n"));
    loader.finish()
}

/// Kinds that were passed over.
fn skipped(resources: &Resources) -> Vec<String> {
    let listed: Vec<String> =
        resources.skipped.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let text = format!("passed over, without effect on routing here: {}", listed.join(", "));
    if listed.is_empty() { Vec::new() } else { vec![text] }
}

/// The ConfigMaps of the mesh files first, then the scenario's own words.
fn mesh_config(
    resources: &Resources,
    scenario: &ScenarioFile,
    sources: &mut Sources,
    problems: &mut Diagnostics,
) -> MeshConfig {
    let mut config = MeshConfig::default();
    for object in &resources.mesh_configs {
        let Some(text) =
            object.spec.mesh.as_ref().filter(|_| object.meta.name.starts_with("istio"))
        else {
            continue;
        };
        let label = format!("{} (mesh)", sources.describe(text.place));
        let source = sources.add(label, text.value.as_str());
        for node in yaml::parse(source, &text.value, problems) {
            config.read(&node, problems);
        }
    }
    if let Some(own) = &scenario.mesh_config {
        config.read(&own.0, problems);
    }
    config
}

/// Sets the replicas of workloads by `name` or `namespace/name`.
fn scale(
    resources: &mut Resources,
    scale: &[(Located<String>, Located<u32>)],
    problems: &mut Diagnostics,
) {
    for (name, replicas) in scale {
        let mut found = false;
        for workload in &mut resources.workloads {
            if workload.meta.name == name.value || workload.meta.full_name() == name.value {
                workload.spec.replicas = Some(replicas.clone());
                found = true;
            }
        }
        if found {
            continue;
        }
        let message = format!("there is no workload `{}` to scale", name.value);
        let mut problem = Diagnostic::error("unknown-workload", name.place, message);
        let known: Vec<&str> =
            resources.workloads.iter().map(|workload| workload.meta.name.as_str()).collect();
        problem = match closest(&name.value, known.iter().copied()) {
            Some(close) => problem.help(format!("did you mean `{close}`?")),
            None => problem.help(format!("there are {}", shortened(&known))),
        };
        problems.push(problem);
    }
}

/// At most twelve names.
fn shortened(names: &[&str]) -> String {
    let shown = names.iter().take(12).copied().collect::<Vec<_>>().join(", ");
    if names.len() > 12 { format!("{shown} …") } else { shown }
}

/// Files that were read, for the manifest.
pub(super) fn manifest(inputs: Vec<Input>) -> Vec<Input> {
    let mut inputs = inputs;
    inputs.dedup();
    inputs
}
