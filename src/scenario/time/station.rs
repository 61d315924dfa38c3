//! What serves requests: the pods of one workload, all alike.

use std::collections::BTreeMap;

use super::{Loading, TimeDistribution};
use crate::config::app::AppFile;
use crate::config::decode::{Located, closest};
use crate::diagnostic::Diagnostic;
use crate::scenario::load::Assembled;
use crate::topology::Topology;
use crate::units::{Nanos, Share};

/// Index of a station in [`super::TimePlan::stations`].
pub type StationId = u32;

/// The pods of one workload; each of them has workers and a queue of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Station {
    /// Namespace of the workload.
    pub namespace: String,
    /// Name of the workload; empty at the station that stands for hosts outside the mesh.
    pub workload: String,
    /// The application that its pods run, by the topology; else their label `app`.
    pub service: String,
    /// Their label `version`.
    pub version: String,
    /// Time that a worker spends on a request, calls to others not included.
    pub service_time: TimeDistribution,
    /// Requests that a pod works on at a time; `None` is any number.
    pub workers: Option<u32>,
    /// Requests that may wait in a pod for a worker, answered with 503 beyond; `None` is any number.
    pub queue: Option<u32>,
    /// Share of requests that a pod answers with 503 by itself; `None` is as the topology says.
    pub errors: Option<Share>,
}

/// What a name in `apps` or in the timeline stands for, the least specific first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Service,
    Version,
    Workload,
}

/// The service time of apps that state none.
const SERVICE_TIME: Nanos = Nanos::MILLISECOND;

/// Workloads by namespace and name, with the labels of their pods.
pub(super) type Workloads = BTreeMap<(String, String), BTreeMap<String, String>>;

// === impl Station ===

impl Station {
    fn new(
        (namespace, workload): &(String, String),
        labels: &BTreeMap<String, String>,
        topology: &Topology,
    ) -> Self {
        let label = |name: &str| labels.get(name).cloned().unwrap_or_default();
        let app = topology.app_of(labels).map(|app| app.name.clone());
        Self {
            namespace: namespace.clone(),
            workload: workload.clone(),
            service: app.unwrap_or_else(|| label("app")),
            version: label("version"),
            ..Self::default()
        }
    }

    /// How specifically a name stands for the station: its workload, `service@version` or its service.
    fn level(&self, name: &str) -> Option<Level> {
        let full = name.split_once('/').is_some_and(|(namespace, workload)| {
            self.namespace == namespace && self.workload == workload
        });
        let version = name
            .split_once('@')
            .is_some_and(|(service, version)| self.service == service && self.version == version);
        if self.workload.is_empty() {
            None
        } else if self.workload == name || full {
            Some(Level::Workload)
        } else if version {
            Some(Level::Version)
        } else {
            (self.service == name).then_some(Level::Service)
        }
    }
}

/// Adds the workloads of a mesh.
pub(super) fn collect(assembled: &Assembled, workloads: &mut Workloads) {
    for object in &assembled.resources.workloads {
        let meta = object.spec.template.as_ref().and_then(|template| template.metadata.as_ref());
        let labels = meta.map(|meta| meta.labels.clone()).unwrap_or_default();
        let key = (object.meta.namespace.clone(), object.meta.name.clone());
        workloads.entry(key).or_insert(labels);
    }
    for pod in &assembled.scenario.mesh.registry.pods {
        let key = (pod.namespace.clone(), pod.workload.clone());
        workloads.entry(key).or_insert_with(|| pod.labels.clone());
    }
}

/// What is known of a station from one entry of `apps` or of the topology.
struct Facts {
    service_time: Option<TimeDistribution>,
    workers: Option<u32>,
    queue: Option<Located<u32>>,
    errors: Option<Share>,
}

/// Makes the stations of all workloads: what the topology says first, then the scenario; the more specific
/// name wins, field by field.
pub(super) fn resolve(
    workloads: &Workloads,
    topology: &Topology,
    loading: &mut Loading<'_>,
    assumptions: &mut Vec<String>,
) -> Vec<Station> {
    let mut stations = vec![Station { service_time: default_time(), ..Station::default() }];
    stations.extend(workloads.iter().map(|(key, labels)| Station::new(key, labels, topology)));
    let mut stated = vec![false; stations.len()];
    let folder = loading.topology_folder();
    for (service, version, file) in &topology.times {
        let name = version.as_ref().map_or_else(|| service.clone(), |v| format!("{service}@{v}"));
        let facts = Facts::resolve(file, &folder, loading);
        for (station, stated) in stations.iter_mut().zip(&mut stated) {
            if station.level(&name).is_some_and(|level| level != Level::Workload) {
                *stated |= facts.apply(station);
            }
        }
    }
    let (file, folder) = (loading.file, loading.folder().to_owned());
    let own: Vec<(&Located<String>, Facts)> =
        file.apps.iter().map(|(name, app)| (name, Facts::resolve(app, &folder, loading))).collect();
    for level in [Level::Service, Level::Version, Level::Workload] {
        for (name, facts) in &own {
            for (station, stated) in stations.iter_mut().zip(&mut stated) {
                if station.level(&name.value) == Some(level) {
                    *stated |= facts.apply(station);
                }
            }
        }
    }
    for (name, facts) in &own {
        let found = matching(name, &stations, loading);
        let unlimited = found.iter().all(|found| stations[*found as usize].workers.is_none());
        if let Some(queue) = facts.queue.as_ref().filter(|_| unlimited && !found.is_empty()) {
            let message = format!("no request ever waits in `{}`: it has no `workers`", name.value);
            let problem = Diagnostic::warning("unused-queue", queue.place, message);
            loading.problems.push(problem.help("state how many requests a pod serves at a time"));
        }
    }
    assume_times(&mut stations, &stated, topology, assumptions);
    stations
}

const fn default_time() -> TimeDistribution {
    TimeDistribution::Constant(SERVICE_TIME)
}

fn assume_times(
    stations: &mut [Station],
    stated: &[bool],
    topology: &Topology,
    assumptions: &mut Vec<String>,
) {
    let mut names: Vec<&str> = Vec::new();
    for (station, _) in stations.iter_mut().zip(stated).filter(|(_, stated)| !**stated) {
        station.service_time = default_time();
        let known = topology.apps.iter().find(|app| app.name == station.service);
        names.extend(known.map(|app| app.name.as_str()).filter(|name| !names.contains(name)));
    }
    if !names.is_empty() {
        let names = names.join(", ");
        assumptions.push(format!("no service time stated, {SERVICE_TIME} assumed: {names}"));
    }
}

/// The stations that a name stands for.
pub(super) fn find(name: &str, stations: &[Station]) -> Vec<StationId> {
    let all = stations.iter().enumerate();
    all.filter(|(_, station)| station.level(name).is_some())
        .filter_map(|(index, _)| StationId::try_from(index).ok())
        .collect()
}

/// The stations that a name stands for; none is reported as a problem.
pub(super) fn matching(
    name: &Located<String>,
    stations: &[Station],
    loading: &mut Loading<'_>,
) -> Vec<StationId> {
    let found = find(&name.value, stations);
    if found.is_empty() {
        let mut known: Vec<&str> = Vec::new();
        for station in stations.iter().filter(|station| !station.workload.is_empty()) {
            known.extend([station.workload.as_str(), station.service.as_str()]);
        }
        known.sort_unstable();
        known.dedup();
        let message = format!("there is no service or workload `{}`", name.value);
        let problem = Diagnostic::error("unknown-app", name.place, message);
        loading.problems.push(match closest(&name.value, known.iter().copied()) {
            Some(close) => problem.help(format!("did you mean `{close}`?")),
            None => problem.help("name a service, `service@version` or a workload"),
        });
    }
    found
}

// === impl Facts ===

impl Facts {
    fn resolve(file: &AppFile, folder: &str, loading: &mut Loading<'_>) -> Self {
        let time = file.service.as_ref();
        let service_time = time.and_then(|it| TimeDistribution::resolve(it, folder, loading));
        let problems = &mut *loading.problems;
        if let Some(workers) = file.workers.as_ref().filter(|workers| workers.value == 0) {
            let message = "an app needs at least one worker";
            let help = "a dead version is `scale: {NAME: 0}` or `errors: 100%`";
            problems.push(Diagnostic::error("out-of-range", workers.place, message).help(help));
        }
        if let Some(errors) = file.errors.as_ref().filter(|errors| !errors.is_probability()) {
            let message = format!("{} is more than 100%", errors.value);
            problems.push(Diagnostic::error("out-of-range", errors.place, message));
        }
        Self {
            service_time,
            workers: file.workers.as_ref().map(|workers| workers.value.max(1)),
            queue: file.queue.clone(),
            errors: file.errors.as_ref().map(|errors| errors.value),
        }
    }

    /// Sets what is known; tells whether that includes the service time.
    fn apply(&self, station: &mut Station) -> bool {
        if let Some(time) = &self.service_time {
            station.service_time = time.clone();
        }
        station.workers = self.workers.or(station.workers);
        station.queue = self.queue.as_ref().map(|queue| queue.value).or(station.queue);
        station.errors = self.errors.or(station.errors);
        self.service_time.is_some()
    }
}
