//! The real outcome: one Envoy for many scenes, each on a socket of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use lanecast::data_plane::Cluster;
use lanecast::envoy::{self, Listener, Options};
use serde_json::{Value, json};

use crate::client::Client;
use crate::expect::{Expected, expected};
use crate::outcome::{Outcome, Sent};
use crate::process::{Envoy, Refusal, now, pause};
use crate::scene::{Asked, PICK, Scene};
use crate::upstream::Upstreams;

/// Clients at the same time.
const CLIENTS: usize = 4;
/// How long the copies of a scene may be under way.
const COPY_PATIENCE: Duration = Duration::from_secs(3);

/// What was compared.
#[derive(Debug, Default)]
pub(crate) struct Count {
    pub(crate) requests: u64,
    pub(crate) picks: u64,
    pub(crate) copies: u64,
    /// Endpoints that were chosen by hash, among several.
    pub(crate) hashed: u64,
    /// By kind of decision.
    pub(crate) kinds: BTreeMap<&'static str, u64>,
    pub(crate) differences: Vec<Difference>,
}

/// A request whose outcomes differ.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    /// Number of the scene.
    pub(crate) scene: usize,
    pub(crate) asked: Asked,
    pub(crate) expected: Outcome,
    pub(crate) got: Result<Outcome, String>,
}

// === impl Running ===

impl Running {
    /// Returns the socket of a scene.
    pub(crate) fn socket(&self, number: usize) -> PathBuf {
        self.folder.socket(number)
    }
}

// === impl Difference ===

impl Difference {
    /// Returns what differs, without values: equal for differences of one cause.
    pub(crate) fn signature(&self) -> String {
        let Ok(got) = &self.got else { return "no answer".to_owned() };
        let text = self.expected.differences(got);
        let heads = text.lines().map(|line| line.split([':', '/']).take(2).collect::<String>());
        heads.collect::<Vec<_>>().join("|")
    }
}

/// A folder that goes away with its owner; short, because names of sockets are.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

/// Number of the next request; never used twice, so late arrivals meet nobody.
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// Lets Envoy check, then run the scenes, sends all their requests and compares.
pub(crate) fn play(
    program: &Path,
    upstreams: &Upstreams,
    scenes: &[Scene],
) -> Result<Count, Refusal> {
    validate(program, scenes)?;
    let running = start(program, scenes)?;
    let (next, total) = (AtomicUsize::new(0), Mutex::new(Count::default()));
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(scene) = scenes.get(number) else { return };
                    let count = play_scene(scene, number, &running.socket(number), upstreams);
                    total.lock().unwrap().add(count);
                }
            });
        }
    });
    Ok(total.into_inner().unwrap())
}

/// An Envoy that runs scenes until it is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    // First, so that Envoy ends before its folder goes.
    _envoy: Envoy,
    folder: Folder,
}

/// Lets Envoy run the scenes; their requests are not sent.
pub(crate) fn start(program: &Path, scenes: &[Scene]) -> Result<Running, Refusal> {
    let folder = Folder::new();
    let last = folder.socket(scenes.len() - 1);
    let envoy = Envoy::start(program, &config(scenes, &folder.0), &folder.0, &last)?;
    Ok(Running { _envoy: envoy, folder })
}

/// Asks whether Envoy takes the configuration of some scenes.
pub(crate) fn validate(program: &Path, scenes: &[Scene]) -> Result<(), Refusal> {
    let folder = Folder::new();
    Envoy::validate(program, &config(scenes, &folder.0), &folder.0)
}

/// The configuration as users get it; only addresses are other ones.
fn config(scenes: &[Scene], folder: &Path) -> Value {
    let names: Vec<String> = (0..scenes.len()).map(|number| format!("l{number}")).collect();
    let listeners: Vec<Listener<'_>> = scenes
        .iter()
        .zip(&names)
        .map(|(scene, name)| Listener {
            name,
            port: scene.dialled.port(),
            table: &scene.table,
            edge: scene.edge,
            path_normalization: scene.option,
        })
        .collect();
    let mut clusters: BTreeMap<&str, &Cluster> = BTreeMap::new();
    for scene in scenes {
        clusters.extend(scene.clusters.iter().map(|cluster| (cluster.name.as_str(), cluster)));
    }
    let clusters: Vec<Cluster> = clusters.into_values().cloned().collect();
    let options = Options { pick_header: Some(PICK.to_owned()), ..Options::default() };
    let mut config = envoy::bootstrap(&listeners, &clusters, &options);
    let listeners = config.pointer_mut("/static_resources/listeners").unwrap();
    for (listener, name) in listeners.as_array_mut().unwrap().iter_mut().zip(&names) {
        listener["address"] = json!({"pipe": {"path": folder.join(name)}});
        listener["listener_filters"] = json!([{
            "name": "envoy.filters.listener.proxy_protocol",
            "typed_config": {"@type": "type.googleapis.com/\
                envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol"},
        }]);
    }
    config
}

fn play_scene(scene: &Scene, number: usize, socket: &Path, upstreams: &Upstreams) -> Count {
    let mut client = Client::new(socket, scene.dialled);
    let mut count = Count::default();
    let mut played = Vec::with_capacity(scene.asked.len());
    for asked in &scene.asked {
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        let expected = expected(scene, asked, id);
        count.note(scene, &expected);
        let answer = client.ask(asked, id).map_err(|error| format!("no answer: {error}"));
        played.push((asked, id, expected, answer));
    }
    // The request itself arrived before its answer; copies may still be under way.
    let deadline = now() + COPY_PATIENCE;
    for (asked, id, expected, answer) in played {
        let (expected, kind) = (expected.outcome, expected.kind);
        let awaited = expected.copies.len() + usize::from(expected.sent.is_some());
        while !expected.copies.is_empty() && upstreams.count(id) < awaited && now() < deadline {
            pause();
        }
        let arrivals = upstreams.take(id);
        let got = answer.map(|answer| {
            Outcome::observed(scene, answer, arrivals).without_unstated(&expected, kind)
        });
        if got.as_ref() != Ok(&expected) {
            let asked = asked.clone();
            count.differences.push(Difference { scene: number, asked, expected, got });
        }
    }
    count
}

// === impl Count ===

impl Count {
    fn note(&mut self, scene: &Scene, expected: &Expected) {
        self.requests += 1;
        self.picks += u64::from(expected.picked);
        self.copies += expected.outcome.copies.len() as u64;
        let by_hash =
            |sent: &Sent| sent.endpoint.is_some() && scene.tables.contains_key(&sent.cluster);
        self.hashed += u64::from(expected.outcome.sent.as_ref().is_some_and(by_hash));
        *self.kinds.entry(expected.kind).or_default() += 1;
    }

    /// Adds what somebody else compared.
    pub(crate) fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.picks += other.picks;
        self.copies += other.copies;
        self.hashed += other.hashed;
        for (kind, count) in other.kinds {
            *self.kinds.entry(kind).or_default() += count;
        }
        self.differences.extend(other.differences);
    }
}

// === impl Folder ===

impl Folder {
    /// Makes a folder.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("lanecast-oracle-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// Returns where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    fn socket(&self, number: usize) -> PathBuf {
        self.0.join(format!("l{number}"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
