//! Resolves a topology file: versions, behaviours, calls; every problem is reported.

use std::collections::BTreeMap;

use super::call::{Call, probability};
use super::{App, Behaviour, Handling, PathPattern, Topology, Version, cycle};
use crate::config::app::AppFile;
use crate::config::decode::Located;
use crate::config::topology::{
    CallFile, PathFile, ServiceFile, TopologyFile, VersionFile, Versions,
};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::units::Share;

/// What a scenario changes in a topology.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Namespace of services that the mesh files do not define.
    pub namespace: Option<String>,
    /// Only these services.
    pub services: Option<Vec<Located<String>>>,
    /// Other versions, by service.
    pub versions: Vec<(Located<String>, Versions)>,
    /// Headers that every app passes on besides.
    pub forwards: Vec<String>,
}

/// Returns the text of a built-in topology: `mock` or `bookinfo`.
#[must_use]
pub fn builtin(name: &str) -> Option<&'static str> {
    match name {
        "mock" => Some(include_str!("mock.yaml")),
        "bookinfo" => Some(include_str!("bookinfo.yaml")),
        _ => None,
    }
}

/// Resolves a topology file with the changes of a scenario; `name` is used if the file has none.
pub fn load(
    name: &str,
    file: &TopologyFile,
    changes: &Changes,
    problems: &mut Diagnostics,
) -> Topology {
    check_names(file, changes, problems);
    let kept = |service: &str| {
        changes.services.as_ref().is_none_or(|only| only.iter().any(|o| o.value == service))
    };
    let mut apps = Vec::new();
    for (service, spec) in file.services.iter().filter(|(service, _)| kept(service)) {
        let changed = changes.versions.iter().find(|(name, _)| name.value == service.value);
        let versions = changed.map_or(&spec.versions, |(_, versions)| versions);
        apps.push(app(service, spec, versions, changes, problems));
    }
    if changes.services.is_some() {
        let names: Vec<String> = apps.iter().map(|app| app.name.clone()).collect();
        for handling in apps.iter_mut().flat_map(App::handlings_mut) {
            for step in &mut handling.steps {
                step.retain(|call| {
                    names.contains(&call.service) || !file.has_service(&call.service)
                });
            }
        }
    }
    cycle::check(&apps, problems);
    let client = |(name, client): &(Located<String>, Option<BTreeMap<String, String>>)| {
        let default = || BTreeMap::from([("app".to_owned(), name.value.clone())]);
        (name.value.clone(), client.clone().unwrap_or_else(default))
    };
    let clients = file.clients.iter().map(|(name, client)| {
        (name.clone(), client.as_ref().and_then(|client| client.labels.clone()))
    });
    let located = |text: &Option<Located<String>>| text.as_ref().map(|text| text.value.clone());
    Topology {
        name: located(&file.name).unwrap_or_else(|| name.to_owned()),
        namespace: changes.namespace.clone().or_else(|| located(&file.namespace)),
        trace_from: file.trace.as_ref().and_then(|trace| located(&trace.from)),
        apps,
        clients: clients.map(|entry| client(&entry)).collect(),
        times: times(file),
    }
}

/// What the file says of services and versions in time.
fn times(file: &TopologyFile) -> Vec<(String, Option<String>, AppFile)> {
    let of_service = |(name, spec): &(Located<String>, ServiceFile)| {
        let own = spec.time.iter().map(|time| (name.value.clone(), None, time.clone()));
        let versions = spec.versions.0.iter().filter_map(|(version, it)| {
            let time = it.as_ref()?.time.clone()?;
            Some((name.value.clone(), Some(version.value.clone()), time))
        });
        own.chain(versions).collect::<Vec<_>>()
    };
    file.services.iter().flat_map(of_service).collect()
}

/// Names in the changes that the topology does not have.
fn check_names(file: &TopologyFile, changes: &Changes, problems: &mut Diagnostics) {
    let services = changes.services.iter().flatten();
    for name in services.chain(changes.versions.iter().map(|(name, _)| name)) {
        if !file.has_service(&name.value) {
            let message = format!("the topology has no service `{}`", name.value);
            let known: Vec<&str> = file.services.iter().map(|(n, _)| n.value.as_str()).collect();
            let help = format!("it has {}", known.join(", "));
            problems.push(Diagnostic::error("unknown-service", name.place, message).help(help));
        }
    }
}

impl TopologyFile {
    fn has_service(&self, name: &str) -> bool {
        self.services.iter().any(|(service, _)| service.value == name)
    }
}

impl App {
    fn handlings_mut(&mut self) -> impl Iterator<Item = &mut Handling> {
        let behaviours = self.versions.iter_mut().map(|v| &mut v.behaviour).chain([&mut self.base]);
        behaviours.flat_map(|behaviour| {
            let paths = behaviour.paths.iter_mut().map(|(_, handling)| handling);
            paths.chain([&mut behaviour.otherwise])
        })
    }
}

fn app(
    name: &Located<String>,
    spec: &ServiceFile,
    versions: &Versions,
    changes: &Changes,
    problems: &mut Diagnostics,
) -> App {
    let port = match &spec.port {
        Some(port) if (1..=65_535).contains(&port.value) => port.value,
        Some(port) => {
            let message = format!("{} is no port", port.value);
            problems.push(Diagnostic::error("out-of-range", port.place, message));
            80
        }
        None => 80,
    };
    let default = || BTreeMap::from([("app".to_owned(), name.value.clone())]);
    let base = behaviour(spec, None, changes, problems);
    let mut resolved: Vec<Version> = Vec::new();
    let one = [(Located { value: "v1".to_owned(), place: name.place }, None)];
    let listed = if versions.0.is_empty() { &one[..] } else { &versions.0 };
    for (version, overrides) in listed {
        if resolved.iter().any(|known| known.name == version.value) {
            let message = format!("the version {} stands twice", version.value);
            problems.push(Diagnostic::error("duplicate-key", version.place, message));
            continue;
        }
        // A version that the scenario names keeps what the topology says of it.
        let own = spec.versions.0.iter().find(|(v, _)| v.value == version.value);
        let merged = overrides.as_ref().or(own.and_then(|(_, own)| own.as_ref()));
        resolved.push(Version {
            name: version.value.clone(),
            replicas: replicas(merged),
            labels: labels(spec, merged, &version.value),
            behaviour: behaviour(spec, merged, changes, problems),
        });
    }
    App {
        name: name.value.clone(),
        port,
        selector: spec.selector.clone().unwrap_or_else(default),
        base,
        versions: resolved,
    }
}

fn replicas(version: Option<&VersionFile>) -> u32 {
    version.and_then(|version| version.replicas.as_ref()).map_or(1, |replicas| replicas.value)
}

fn labels(
    spec: &ServiceFile,
    version: Option<&VersionFile>,
    name: &str,
) -> BTreeMap<String, String> {
    let own = version.map(|version| &version.labels).into_iter().flatten();
    let all = spec.labels.iter().chain(own);
    all.map(|(key, value)| (key.clone(), value.replace("${version}", name))).collect()
}

fn behaviour(
    spec: &ServiceFile,
    version: Option<&VersionFile>,
    changes: &Changes,
    problems: &mut Diagnostics,
) -> Behaviour {
    let calls = version.and_then(|version| version.calls.as_ref()).or(spec.calls.as_ref());
    let paths = version.and_then(|version| version.paths.as_ref()).unwrap_or(&spec.paths);
    let error_rate = version.and_then(|v| v.error_rate.as_ref()).or(spec.error_rate.as_ref());
    let mut forwards: Vec<String> =
        spec.forwards.iter().map(|header| header.value.to_ascii_lowercase()).collect();
    forwards.extend(changes.forwards.iter().map(|header| header.to_ascii_lowercase()));
    let otherwise = match (&spec.otherwise, calls) {
        (Some(status), None) => {
            Handling { status: checked_status(status, problems), steps: Vec::new() }
        }
        (_, calls) => Handling { status: 200, steps: steps(calls, problems) },
    };
    let cookie = |(header, cookie): &(Located<String>, Located<String>)| {
        (header.value.to_ascii_lowercase(), cookie.value.clone())
    };
    Behaviour {
        forwards,
        from_cookie: spec.from_cookie.iter().map(cookie).collect(),
        paths: paths.iter().filter_map(|path| path_rule(path, problems)).collect(),
        otherwise,
        error_rate: error_rate.map_or(Share::ZERO, |share| probability(share, problems)),
    }
}

fn checked_status(status: &Located<u16>, problems: &mut Diagnostics) -> u16 {
    if !(100..600).contains(&status.value) {
        let message = format!("{} is no HTTP status", status.value);
        problems.push(Diagnostic::error("out-of-range", status.place, message));
    }
    status.value
}

fn steps<'f>(
    calls: impl IntoIterator<Item = &'f Vec<CallFile>>,
    problems: &mut Diagnostics,
) -> Vec<Vec<Call>> {
    let steps = calls.into_iter().flatten().map(|call| Call::read(call, problems));
    steps.filter(|step| !step.is_empty()).collect()
}

fn path_rule(file: &PathFile, problems: &mut Diagnostics) -> Option<(PathPattern, Handling)> {
    let pattern = match (&file.path, &file.prefix) {
        (Some(path), None) => PathPattern::whole(&path.value),
        (None, Some(prefix)) => PathPattern::Prefix(prefix.value.clone()),
        _ => {
            let message = "a path of a service has either `path` or `prefix`";
            problems.push(Diagnostic::error("missing-field", file.place, message));
            return None;
        }
    };
    let status = file.status.as_ref().map_or(200, |status| checked_status(status, problems));
    Some((pattern, Handling { status, steps: steps([&file.calls], problems) }))
}
