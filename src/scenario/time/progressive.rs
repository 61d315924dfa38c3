//! Rollouts that stand in the mesh files: Argo Rollouts and Flagger.
//!
//! Their controllers make objects at run time: a second workload, Services, subset labels, rules. [`expand`] makes
//! the same, so that the mesh is what a cluster would show between two releases; [`find`] turns steps and
//! checks into an [`Outline`].

mod argo;
mod flagger;

use serde_json::Value;

use super::rollout::Outline;
use crate::config::decode::{Located, closest};
use crate::config::kubernetes::Workload;
use crate::config::object::{Meta, Object};
use crate::config::resources::Resources;
use crate::diagnostic::{Diagnostic, Diagnostics};

/// Makes what the controllers of all rollouts make; returns objects that are still to be read.
pub(in crate::scenario) fn expand(resources: &mut Resources) -> Vec<Value> {
    argo::expand(resources);
    flagger::expand(resources)
}

/// Finds a Rollout or a Canary by name.
pub(super) fn find(
    name: &Located<String>,
    resources: &Resources,
    problems: &mut Diagnostics,
) -> Option<Outline> {
    let is_meant = |meta: &Meta| meta.name == name.value || meta.full_name() == name.value;
    if let Some(found) = resources.rollouts.iter().find(|object| is_meant(&object.meta)) {
        return argo::outline(found, resources, problems);
    }
    if let Some(found) = resources.canaries.iter().find(|object| is_meant(&object.meta)) {
        return flagger::outline(found, resources, problems);
    }
    let message = format!("the mesh files have no Rollout or Canary `{}`", name.value);
    let problem = Diagnostic::error("unknown-rollout", name.place, message);
    let known = resources.rollouts.iter().map(|object| object.meta.name.as_str());
    let known = known.chain(resources.canaries.iter().map(|object| object.meta.name.as_str()));
    problems.push(match closest(&name.value, known) {
        Some(close) => problem.help(format!("did you mean `{close}`?")),
        None => problem,
    });
    None
}

/// The workload of a name.
fn workload<'r>(
    resources: &'r Resources,
    namespace: &str,
    name: &str,
) -> Option<&'r Object<Workload>> {
    let mut all = resources.workloads.iter();
    all.find(|object| object.meta.namespace == namespace && object.meta.name == name)
}

/// Replicas of a workload; 1 if it does not say.
fn replicas(object: &Object<Workload>) -> u32 {
    object.spec.replicas.as_ref().map_or(1, |replicas| replicas.value)
}

/// A copy under another name with other replicas.
fn copy(object: &Object<Workload>, name: String, pods: u32) -> Object<Workload> {
    let mut copy = object.clone();
    copy.meta.name = name;
    set_replicas(&mut copy, pods);
    copy
}

fn set_replicas(object: &mut Object<Workload>, pods: u32) {
    let place = object.spec.replicas.as_ref().map_or(object.meta.place, |it| it.place);
    object.spec.replicas = Some(Located { value: pods, place });
}

/// Sets a label of the pods of a workload, and of what it selects.
fn set_label(object: &mut Object<Workload>, key: &str, value: &str) {
    if let Some(selector) = &mut object.spec.selector {
        selector.match_labels.insert(key.to_owned(), value.to_owned());
    }
    let template = object.spec.template.as_mut().and_then(|template| template.metadata.as_mut());
    if let Some(meta) = template {
        meta.labels.insert(key.to_owned(), value.to_owned());
    }
}
