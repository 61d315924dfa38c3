//! Reads a scenario file and everything that it names.

use super::entry::{self, Entry};
use super::files::{Files, beside, folder};
use super::inputs::Inputs;
use super::mesh::{self, Material};
use super::time::{self, Loading, Overlay, TimePlan};
use super::{Class, RuleObject, Scenario, expect, request};
use crate::config::decode::{Decode, Located};
use crate::config::node::Node;
use crate::config::resources::Resources;
use crate::config::scenario::{self as written, ScenarioFile, TopologyChoice, TrafficClass};
use crate::config::topology::TopologyFile;
use crate::config::yaml;
use crate::control_plane::lanes;
use crate::control_plane::lanes::Propagation;
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Severity, Sources};
use crate::topology::{self, Changes, Topology};
use crate::units::Share;

/// What a load found.
#[derive(Debug)]
pub struct Loaded {
    /// All texts, for messages.
    pub sources: Sources,
    /// All problems, sorted.
    pub problems: Diagnostics,
    /// The scenario; `None` if a problem is an error.
    pub scenario: Option<Scenario>,
}

/// What the command line says about a scenario.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Changes `path=value`, in order.
    pub changes: Vec<String>,
}

/// The header that names the lane if nothing else is said.
const LANE_HEADER: &str = "x-asm-prefer-tag";

/// How many requests, if the scenario does not say.
const REQUESTS: u64 = 1_000_000;

/// Loads a scenario.
#[must_use]
pub fn load(files: &dyn Files, name: &str, options: &Options) -> Loaded {
    let mut sources = Sources::new();
    let mut problems = Diagnostics::new();
    let scenario = load_into(files, name, options, &mut sources, &mut problems);
    problems.sort();
    Loaded { sources, problems, scenario }
}

/// Loads a scenario among other texts and problems; `None` if one of its problems is an error.
pub fn load_into(
    files: &dyn Files,
    name: &str,
    options: &Options,
    sources: &mut Sources,
    problems: &mut Diagnostics,
) -> Option<Scenario> {
    let mut inputs = Inputs::default();
    let before = problems.count(Severity::Error);
    let scenario = read_scenario(files, name, options, sources, &mut inputs, problems)
        .and_then(|file| resolve(files, name, &file, sources, inputs, problems));
    scenario.filter(|_| problems.count(Severity::Error) == before)
}

/// The scenario file with the changes of the command line.
pub(super) fn read_scenario(
    files: &dyn Files,
    name: &str,
    options: &Options,
    sources: &mut Sources,
    inputs: &mut Inputs,
    problems: &mut Diagnostics,
) -> Option<ScenarioFile> {
    let source = inputs.read(files, name, None, sources, problems)?;
    let text = sources.get(source)?.text.clone();
    let mut nodes = yaml::parse(source, &text, problems);
    if nodes.len() > 1 {
        let message = "a scenario file has one document";
        let help = "mesh objects stand in files of their own, named under `mesh`";
        problems.push(Diagnostic::error("several-documents", nodes[1].place, message).help(help));
    }
    if nodes.is_empty() {
        if !problems.has_errors() {
            let place = Place::new(source, 1, 1);
            problems.push(Diagnostic::error(
                "empty-file",
                place,
                "there is no scenario in this file",
            ));
        }
        return None;
    }
    let mut root = nodes.swap_remove(0);
    for change in &options.changes {
        apply(&mut root, change, sources, problems);
    }
    ScenarioFile::decode(&root, problems)
}

fn apply(root: &mut Node, text: &str, sources: &mut Sources, problems: &mut Diagnostics) {
    let source = sources.add(format!("--set {text}"), text);
    let place = Place::new(source, 1, 1);
    let refuse = |reason: written::InvalidChange, problems: &mut Diagnostics| {
        problems.push(Diagnostic::error("invalid-change", place, reason.to_string()));
    };
    let Some((path, value)) = text.split_once('=') else {
        return refuse(written::InvalidChange::Syntax, problems);
    };
    let mut nodes = yaml::parse(source, value, problems);
    let mut node = if nodes.is_empty() {
        Node { value: crate::config::node::Value::Null, place }
    } else {
        nodes.swap_remove(0)
    };
    node.place = place.shifted(u32::try_from(path.chars().count() + 1).unwrap_or(0), 1);
    if let Err(reason) = written::change(root, path, node) {
        refuse(reason, problems);
    }
}

fn resolve(
    files: &dyn Files,
    name: &str,
    file: &ScenarioFile,
    sources: &mut Sources,
    mut inputs: Inputs,
    problems: &mut Diagnostics,
) -> Option<Scenario> {
    let base = assemble(files, name, file, &Overlay::default(), sources, &mut inputs, problems)?;
    let mut loading = Loading { files, name, file, sources, inputs: &mut inputs, problems };
    let (mut scenario, time) = time::resolve(base, &mut loading);
    scenario.time = time;
    scenario.inputs = mesh::manifest(inputs.list);
    Some(scenario)
}

/// A scenario without its plan for time, with objects that the plan needs.
#[derive(Debug)]
pub(super) struct Assembled {
    pub(super) scenario: Scenario,
    pub(super) resources: Resources,
}

/// Resolves everything but the plan for time; the overlay says what differs from the file.
pub(super) fn assemble(
    files: &dyn Files,
    name: &str,
    file: &ScenarioFile,
    overlay: &Overlay,
    sources: &mut Sources,
    inputs: &mut Inputs,
    problems: &mut Diagnostics,
) -> Option<Assembled> {
    let folder = folder(name);
    let topology = read_topology(files, folder, file, sources, inputs, problems)?;
    let material = Material { files, folder, scenario: file, topology: &topology, overlay };
    let built = mesh::build(&material, sources, inputs, problems);
    let mut assumptions = built.assumptions;
    let mut classes = Vec::new();
    for (index, class) in file.traffic.iter().enumerate() {
        let earlier: Vec<String> = classes.iter().map(|class: &Class| class.name.clone()).collect();
        let resolved = Resolving { mesh: &built.mesh, topology: &topology };
        classes.extend(resolved.class(class, index, &earlier, &mut assumptions, problems));
    }
    set_weights(&mut classes, file, problems);
    let names: Vec<String> = classes.iter().map(|class| class.name.clone()).collect();
    let expectations = expect::resolve(&file.expect, &names, &topology, problems);
    let share = |written: &Option<Located<Share>>| written.as_ref().map(|share| share.value);
    let scenario = Scenario {
        title: file.title.as_ref().map_or_else(|| title_of(name), |title| title.value.clone()),
        lane_headers: lane_headers(file, &built.lane_groups),
        propagation: Propagation::read(&built.resources, &built.lane_groups, problems),
        trace_from: match &file.trace {
            Some(trace) => trace.from.as_ref().map(|from| from.value.clone()),
            None => topology.trace_from.clone(),
        },
        requests: positive(file.requests.as_ref(), problems),
        seed: file.seed.as_ref().map_or(1, |seed| seed.value),
        expectations,
        alpha: alpha(file.alpha.as_ref(), problems),
        tolerance: share(&file.tolerance).or_else(|| Share::new(1, 200)).unwrap_or(Share::ZERO),
        inputs: Vec::new(),
        rules: rule_objects(&built.resources),
        topology_place: file.place,
        time: TimePlan::default(),
        lane_groups: built.lane_groups,
        mesh: built.mesh,
        topology,
        classes,
        assumptions,
    };
    Some(Assembled { scenario, resources: built.resources })
}

fn title_of(name: &str) -> String {
    let base = name.rsplit('/').next().unwrap_or(name);
    base.trim_end_matches(".yaml").trim_end_matches(".yml").to_owned()
}

/// Delegates stand in their roots; what lane groups generate is nobody's to explain.
fn rule_objects(resources: &Resources) -> Vec<RuleObject> {
    let own = resources.virtual_services.iter().filter(|object| {
        !object.spec.hosts.is_empty() && !object.meta.labels.contains_key("swimlane-group")
    });
    own.map(|object| RuleObject {
        object: format!("VirtualService {}", object.meta.full_name()),
        gateways: object.spec.gateways.iter().map(|gateway| gateway.value.clone()).collect(),
        place: object.meta.place,
    })
    .collect()
}

/// The scenario's header, else those of the lane groups, else ASM's usual one.
fn lane_headers(file: &ScenarioFile, groups: &[lanes::LaneGroup]) -> Vec<String> {
    let own = file.lane.as_ref().and_then(|lane| lane.header.as_ref());
    if let Some(header) = own {
        return vec![header.value.to_ascii_lowercase()];
    }
    let mut headers: Vec<String> = groups
        .iter()
        .filter_map(lanes::LaneGroup::permissive)
        .map(|permissive| permissive.route_header.to_ascii_lowercase())
        .collect();
    headers.push(LANE_HEADER.to_owned());
    let mut seen = Vec::new();
    headers.retain(|header| {
        !seen.contains(header) && {
            seen.push(header.clone());
            true
        }
    });
    headers
}

fn positive(requests: Option<&Located<written::Count>>, problems: &mut Diagnostics) -> u64 {
    let Some(requests) = requests else { return REQUESTS };
    if requests.value.0 == 0 {
        let message = "a run needs at least one request";
        problems.push(Diagnostic::error("out-of-range", requests.place, message));
    }
    requests.value.0
}

fn alpha(alpha: Option<&Located<Share>>, problems: &mut Diagnostics) -> f64 {
    let Some(alpha) = alpha else { return 0.001 };
    let value = alpha.value.as_f64();
    if value <= 0.0 || value >= 1.0 {
        let message = format!("{} is not between 0 and 1", alpha.value);
        problems.push(Diagnostic::error("out-of-range", alpha.place, message));
    }
    value
}

/// The topology of the scenario with its changes; without one, no pod calls anybody.
pub(super) fn read_topology(
    files: &dyn Files,
    folder: &str,
    file: &ScenarioFile,
    sources: &mut Sources,
    inputs: &mut Inputs,
    problems: &mut Diagnostics,
) -> Option<Topology> {
    let (name, changes) = match &file.topology {
        None => (None, Changes::default()),
        Some(TopologyChoice::Name(name)) => (Some(name), Changes::default()),
        Some(TopologyChoice::Changed(changed)) => (
            changed.base.as_ref(),
            Changes {
                namespace: changed.namespace.as_ref().map(|name| name.value.clone()),
                services: changed.services.clone(),
                versions: changed.versions.0.clone(),
                forwards: changed.forwards.iter().map(|name| name.value.clone()).collect(),
            },
        ),
    };
    let Some(name) = name else {
        return Some(Topology::none());
    };
    let source = match topology::builtin(&name.value) {
        Some(text) => sources.add(format!("<topology {}>", name.value), text),
        None => {
            let path = beside(folder, &name.value);
            let errors = problems.count(Severity::Error);
            let source = inputs.read(files, &path, name.place, sources, problems);
            if source.is_none() && problems.count(Severity::Error) == errors + 1 {
                let help = "a topology is `mock`, `bookinfo` or a file beside the scenario";
                problems.push(Diagnostic::new(Severity::Note, "missing-file", name.place, help));
            }
            source?
        }
    };
    let text = sources.get(source)?.text.clone();
    let nodes = yaml::parse(source, &text, problems);
    let Some(root) = nodes.first() else {
        let place = Place::new(source, 1, 1);
        problems.push(Diagnostic::error("empty-file", place, "there is no topology in this file"));
        return None;
    };
    let file = TopologyFile::decode(root, problems)?;
    Some(topology::load(&title_of(&name.value), &file, &changes, problems))
}

/// What classes are resolved with.
struct Resolving<'a> {
    mesh: &'a crate::control_plane::Mesh,
    topology: &'a Topology,
}

impl Resolving<'_> {
    fn class(
        &self,
        class: &TrafficClass,
        index: usize,
        earlier: &[String],
        assumptions: &mut Vec<String>,
        problems: &mut Diagnostics,
    ) -> Option<Class> {
        let name = class
            .class
            .as_ref()
            .map_or_else(|| format!("class-{}", index + 1), |n| n.value.clone());
        if earlier.contains(&name) {
            let place = class.class.as_ref().map_or(class.place, |name| name.place);
            let message = format!("two classes are called `{name}`");
            problems.push(Diagnostic::error("duplicate-class", place, message));
        }
        let resolved =
            request::resolve(class.request.as_ref(), class.place, self.topology, problems);
        let Some(from) = &class.from else {
            let message = "this class does not say where its requests enter";
            let help = "write `from: gateway istio-system/istio-ingressgateway:80` or `from: workload default/sleep`";
            problems.push(Diagnostic::error("missing-field", class.place, message).help(help));
            return None;
        };
        let (request, port) = (resolved.request, resolved.port);
        let entry: Entry = entry::resolve(from, &request, port, self.mesh, assumptions, problems)?;
        Some(Class { name, weight: 1, entry, request, lane: class.lane.clone() })
    }
}

/// Turns the shares of classes into whole weights.
fn set_weights(classes: &mut [Class], file: &ScenarioFile, problems: &mut Diagnostics) {
    if file.traffic.is_empty() {
        let message = "this scenario has no traffic";
        let help = "write `traffic:` with at least one class";
        problems.push(Diagnostic::error("no-traffic", file.place, message).help(help));
        return;
    }
    if classes.len() != file.traffic.len() {
        return;
    }
    let share = |class: &TrafficClass| class.share.as_ref().map_or(Share::ONE, |s| s.value);
    let common = file.traffic.iter().map(share).try_fold(1_u64, |common, share| {
        let step = share.denominator() / gcd(common, share.denominator());
        common.checked_mul(step).filter(|common| *common <= 1 << 40)
    });
    for (class, written) in classes.iter_mut().zip(&file.traffic) {
        let share = share(written);
        let weight =
            common.and_then(|common| share.numerator().checked_mul(common / share.denominator()));
        match weight.filter(|weight| *weight <= 1 << 53) {
            Some(weight) => class.weight = weight,
            None => {
                let place = written.share.as_ref().map_or(written.place, |share| share.place);
                let message = "the shares of the classes have no common denominator of this size";
                problems.push(Diagnostic::error("out-of-range", place, message));
            }
        }
    }
    if classes.iter().all(|class| class.weight == 0) {
        let message = "all classes have the share 0";
        problems.push(Diagnostic::error("no-traffic", file.place, message));
    }
}

const fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
