//! Input that nobody would write: mutants of all YAML that is shipped, through the whole way from text to
//! decisions. No panic, no hang, bounded memory, and whatever is refused is refused with a place.
//!
//! 20,000 mutants per run; `LANECAST_MUTANTS=1000000` makes more of them, `LANECAST_MUTANT=17` only this one.

mod mutate;
mod patterns;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use lanecast::check;
use lanecast::diagnostic::{Diagnostics, Severity, Sources};
use lanecast::engine::flow;
use lanecast::scenario::{self, Files};
use mutate::Mutation;
use rayon::prelude::*;

const MUTANTS: u64 = 20_000;
/// Of the processor, not of the wall: other tests run at the same time.
const LIMIT: Duration = Duration::from_secs(1);
/// After this the whole run is ended.
const HANG: Duration = Duration::from_mins(1);
/// More than the shipped files need together with what any mutant may add, in KiB.
const MEMORY: u64 = 3 << 20;

/// A way into the library and the files that it reads.
struct Subject {
    /// A scenario or a test file.
    root: String,
    is_check: bool,
    /// The files that mutants are made of.
    files: Vec<String>,
}

/// All texts by name.
type Texts = BTreeMap<String, Vec<u8>>;

/// The shipped files, one of them changed.
struct Changed<'a> {
    texts: &'a Texts,
    name: &'a str,
    text: &'a [u8],
}

impl Files for Changed<'_> {
    fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        let name = plain(name);
        if name == self.name {
            return Ok(self.text.to_vec());
        }
        self.texts.get(&name).cloned().ok_or_else(|| "there is no such file".to_owned())
    }

    fn expand(&self, name: &str) -> Result<Vec<String>, String> {
        self.read(name).map(|_| vec![name.to_owned()])
    }
}

/// A name without `folder/../`.
fn plain(name: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in name.split('/') {
        if part == ".." && parts.pop().is_some() {
            continue;
        }
        parts.push(part);
    }
    parts.join("/")
}

fn read_folder(folder: &Path, prefix: &str, texts: &mut Texts) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_string_lossy());
        if path.is_dir() {
            read_folder(&path, &format!("{name}/"), texts);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            texts.insert(name, std::fs::read(&path).unwrap());
        }
    }
}

/// The text of the block `mesh: |` of a conformance case.
fn mesh_of(case: &str) -> Option<String> {
    let (_, rest) = case.split_once("\nmesh: |\n")?;
    let lines = rest.lines().take_while(|line| line.is_empty() || line.starts_with("  "));
    let lines: Vec<&str> = lines.map(|line| line.get(2..).unwrap_or_default()).collect();
    Some(lines.join("\n"))
}

/// What a conformance mesh is asked: at a gateway, at a workload of its own, at hosts that it may know.
fn asking(mesh: &str, text: &str) -> String {
    let hosts: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- "))
        .filter(|host| host.contains('.') && !host.contains([' ', ':', '{', '*', '"', '\'']))
        .take(3)
        .collect();
    let mut out = format!("mesh: [{mesh}]\ntraffic:\n");
    for host in hosts.iter().chain(&["shop.example.com"]) {
        let from = "gateway istio-system/istio-ingressgateway:80";
        let _ = writeln!(out, "- {{from: {from}, request: {{host: {host}, path: /}}}}");
    }
    out
}

/// The objects of the validation data as documents; their `spec` is a block.
fn single_objects() -> Vec<String> {
    let text = std::fs::read_to_string(crate::data("validation/objects.yaml")).unwrap();
    let entries = text.split("\n- id: ").skip(1).enumerate();
    entries
        .filter_map(|(number, entry)| {
            let kind = entry.lines().find_map(|line| line.strip_prefix("  kind: "))?;
            let (_, spec) = entry.split_once("\n  spec: |\n")?;
            let head = "---\napiVersion: networking.istio.io/v1\nkind: ";
            let meta = format!("metadata: {{name: x{number}, namespace: default}}");
            Some(format!("{head}{kind}\n{meta}\nspec:\n{spec}\n"))
        })
        .collect()
}

fn load_texts() -> (Texts, Vec<Subject>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Texts::new();
    read_folder(&root.join("scenarios"), "scenarios/", &mut texts);
    read_folder(&root.join("tests/data/scenarios"), "data/", &mut texts);
    let mut subjects = Vec::new();
    for (name, text) in &texts {
        let text = String::from_utf8_lossy(text);
        let is_check = text.contains("\ntests:\n");
        if is_check || text.contains("\ntraffic:\n") {
            let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
            let named = |other: &&String| {
                let base = other.rsplit('/').next().unwrap_or_default();
                other.contains("/mesh/")
                    && text.contains(base)
                    && other.split('/').next() == folder.split('/').next()
            };
            let mut files: Vec<String> = texts.keys().filter(named).cloned().collect();
            files.push(name.clone());
            subjects.push(Subject { root: name.clone(), is_check, files });
        }
    }
    let mut cases = Texts::new();
    read_folder(&crate::data("conformance"), "", &mut cases);
    for (name, text) in cases {
        let Some(mesh) = mesh_of(&String::from_utf8_lossy(&text)) else { continue };
        let (file, asking_file) = (format!("cases/{name}"), format!("cases/ask-{name}"));
        texts.insert(asking_file.clone(), asking(&name, &mesh).into_bytes());
        texts.insert(file.clone(), mesh.into_bytes());
        subjects.push(Subject { root: asking_file, is_check: false, files: vec![file] });
    }
    for (number, mesh) in single_objects().chunks(10).enumerate() {
        let (file, asking_file) =
            (format!("cases/objects-{number}"), format!("cases/ask-{number}"));
        texts.insert(
            asking_file.clone(),
            asking(&format!("objects-{number}"), "- shop.example.com\n").into_bytes(),
        );
        texts.insert(file.clone(), mesh.concat().into_bytes());
        subjects.push(Subject { root: asking_file, is_check: false, files: vec![file] });
    }
    // Shipped files first: they are drawn as often as all the cases together.
    subjects.sort_by_key(|subject| subject.root.starts_with("cases/"));
    (texts, subjects)
}

/// Takes a changed text the whole way; returns what is wrong with the outcome.
fn follow(subject: &Subject, files: &Changed<'_>) -> Option<String> {
    if subject.is_check {
        let options = check::Options::default();
        let checked = check::check(files, std::slice::from_ref(&subject.root), &options);
        if let Some(report) = &checked.report {
            let _ = check::junit(report, &checked.sources);
        }
        return wrong(&checked.problems, &checked.sources, checked.report.is_none());
    }
    let loaded = scenario::load(files, &subject.root, &scenario::Options::default());
    if let Some(scenario) = &loaded.scenario {
        // A graph that is too large is refused, and that is all that may happen.
        let _ = flow::build(scenario);
    }
    wrong(&loaded.problems, &loaded.sources, loaded.scenario.is_none())
}

fn wrong(problems: &Diagnostics, sources: &Sources, refused: bool) -> Option<String> {
    if refused && !problems.has_errors() {
        return Some("refused without a reason".to_owned());
    }
    let mut errors = problems.items().iter().filter(|item| item.severity == Severity::Error);
    // A file that tests nothing has no place to point at.
    let homeless = errors.find(|item| item.place.is_none() && item.code != "no-tests");
    if let Some(item) = homeless {
        return Some(format!("no place: {}", item.message));
    }
    let text = problems.render(sources);
    let steers = text.chars().any(|c| c.is_control() && c != '\n');
    steers.then(|| "control characters in a message".to_owned())
}

/// What went wrong with a mutant, if anything.
fn run(seed: u64, texts: &Texts, subjects: &[Subject]) -> Option<String> {
    let mutation = Mutation::new(seed);
    let shipped = subjects.partition_point(|subject| !subject.root.starts_with("cases/"));
    let (own, cases) = subjects.split_at(shipped);
    let drawn = [own, cases][mutation.number(2)];
    let subject = &drawn[mutation.number(drawn.len())];
    let name = &subject.files[mutation.number(subject.files.len())];
    let other = texts.values().nth(mutation.number(texts.len())).unwrap();
    let text = mutation.apply(&texts[name], other);
    let files = Changed { texts, name, text: &text };
    let before = processor_time();
    let outcome = catch_unwind(AssertUnwindSafe(|| follow(subject, &files)));
    let spent = processor_time().saturating_sub(before);
    let what = match outcome {
        Err(_) => "panic".to_owned(),
        Ok(Some(problem)) => problem,
        Ok(None) if spent > LIMIT => format!("{spent:?}"),
        Ok(None) => return None,
    };
    let shown = match std::env::var("LANECAST_MUTANT") {
        Ok(_) => format!("\n{}", String::from_utf8_lossy(&text)),
        Err(_) => String::new(),
    };
    Some(format!("LANECAST_MUTANT={seed}: {what} ({name}, {}){shown}", mutation.trail()))
}

/// Time that this thread has spent on a processor; where the system does not tell, time on the wall.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|number| number.parse().ok());
    nanos.map_or_else(wall_time, Duration::from_nanos)
}

#[expect(clippy::disallowed_methods, reason = "a hang cannot be seen without a clock")]
fn now() -> Instant {
    Instant::now()
}

fn wall_time() -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    START.get_or_init(now).elapsed()
}

/// The largest memory of this process so far, in KiB; `None` where the system does not tell.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// Ends the process when a mutant does not end; nothing else can stop a thread.
fn watch(running: &Mutex<BTreeMap<u64, Instant>>, done: &Receiver<()>) {
    while let Err(RecvTimeoutError::Timeout) = done.recv_timeout(Duration::from_secs(1)) {
        let running = running.lock().unwrap();
        if let Some((seed, _)) = running.iter().find(|(_, start)| start.elapsed() > HANG) {
            let line = format!("LANECAST_MUTANT={seed}: does not end\n");
            let _ = std::io::stderr().write_all(line.as_bytes());
            std::process::abort();
        }
    }
}

#[test]
fn no_mutant_of_a_shipped_file_does_harm() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().unwrap());
    let seeds = match number("LANECAST_MUTANT") {
        Some(seed) => seed..seed + 1,
        None => 0..number("LANECAST_MUTANTS").unwrap_or(MUTANTS),
    };
    let (texts, subjects) = load_texts();
    assert!(subjects.len() > 300, "{}", subjects.len());
    let running = Mutex::new(BTreeMap::new());
    let (end, done) = channel();
    let failures: Vec<String> = std::thread::scope(|scope| {
        let (running, done) = (&running, done);
        scope.spawn(move || watch(running, &done));
        let failures = seeds
            .into_par_iter()
            .filter_map(|seed| {
                running.lock().unwrap().insert(seed, now());
                let failure = run(seed, &texts, &subjects);
                running.lock().unwrap().remove(&seed);
                failure
            })
            .collect();
        end.send(()).unwrap();
        failures
    });
    if let Some(peak) = peak_memory() {
        assert!(peak < MEMORY, "{} MiB at the most", peak / 1024);
    }
    assert!(failures.is_empty(), "{} mutants:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn the_shipped_files_themselves_are_followed_to_their_end() {
    let (texts, subjects) = load_texts();
    let nothing = Changed { texts: &texts, name: "", text: b"" };
    let mut followed = 0;
    for subject in subjects.iter().filter(|subject| !subject.is_check) {
        let loaded = scenario::load(&nothing, &subject.root, &scenario::Options::default());
        let is_shipped = !subject.root.starts_with("cases/");
        // The meshes of the conformance cases hold objects that are refused on purpose.
        assert!(
            !is_shipped || loaded.scenario.is_some(),
            "{}",
            loaded.problems.render(&loaded.sources)
        );
        followed +=
            usize::from(loaded.scenario.is_some_and(|scenario| flow::build(&scenario).is_ok()));
    }
    assert!(followed * 3 > subjects.len() * 2, "{followed} of {}", subjects.len());
}
