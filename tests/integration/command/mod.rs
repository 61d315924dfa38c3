//! The built command, run in folders of its own.

mod bad_input;
mod changed_input;
mod charts;
mod in_time;
mod same_bytes;
mod shipped;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A folder that a test fills.
#[derive(Debug)]
pub(crate) struct Sandbox {
    folder: PathBuf,
}

/// What a run of the command left.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

// === impl Sandbox ===

impl Sandbox {
    /// Makes an empty folder; tests use different names.
    pub(crate) fn new(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("command").join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a file, with the folders on its way.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Runs the command in the folder, with nothing on its standard input.
    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        self.run_with_input(arguments, "")
    }

    /// Runs the command in the folder.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Finished {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lanecast"));
        command.args(arguments).current_dir(&self.folder);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that does not read its input may be gone by now.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Finished {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Returns the names and bytes of all files below a folder, sorted.
    pub(crate) fn files(&self, name: &str) -> Vec<(String, Vec<u8>)> {
        let root = self.path(name);
        let mut found = Vec::new();
        collect(&root, &root, &mut found);
        found.sort();
        found
    }
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, found);
        } else {
            let name = path.strip_prefix(root).unwrap().display().to_string();
            found.push((name, std::fs::read(&path).unwrap()));
        }
    }
}

/// Returns a scenario that ships with the project.
pub(crate) fn shipped(name: &str) -> String {
    format!("{}/scenarios/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A mesh of one service with two versions behind one rule, and a scenario for it.
pub(crate) const MESH: &str = "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: mocka}
spec:
  hosts: [mocka]
  http:
  - route:
    - {destination: {host: mocka, subset: v1}, weight: 90}
    - {destination: {host: mocka, subset: v2}, weight: 10}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: mocka}
spec:
  host: mocka
  subsets:
  - {name: v1, labels: {version: v1}}
  - {name: v2, labels: {version: v2}}
";

pub(crate) const SCENARIO: &str = "\
mesh: [mesh.yaml]
topology: {use: mock, versions: {mocka: [v1, v2]}}
traffic:
- class: all
  from: workload default/sleep
  request: {url: http://mocka:8000/mock}
requests: 1000
";
