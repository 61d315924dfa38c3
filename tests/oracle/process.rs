//! A running Envoy.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a start may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// An Envoy that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Envoy {
    child: Child,
}

/// Why Envoy does not run a configuration: the last lines that it wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal(pub(crate) String);

// === impl Envoy ===

impl Envoy {
    /// Lets Envoy check a configuration without running it.
    pub(crate) fn validate(program: &Path, config: &Value, folder: &Path) -> Result<(), Refusal> {
        Self::validate_file(program, &write(config, folder).0, folder)
    }

    /// Lets Envoy check the configuration in a file; its log goes to `folder`.
    pub(crate) fn validate_file(program: &Path, file: &Path, folder: &Path) -> Result<(), Refusal> {
        let log = folder.join("validate.log");
        let status = command(program, file, &log).args(["--mode", "validate"]).status().unwrap();
        if status.success() { Ok(()) } else { Err(refusal(&log)) }
    }

    /// Runs a configuration; returns when `socket`, the last one that it opens, can be dialled.
    pub(crate) fn start(
        program: &Path,
        config: &Value,
        folder: &Path,
        socket: &Path,
    ) -> Result<Self, Refusal> {
        let (file, log) = write(config, folder);
        let child = command(program, &file, &log).spawn().unwrap();
        let mut envoy = Self { child };
        let deadline = now() + PATIENCE;
        while UnixStream::connect(socket).is_err() {
            if envoy.child.try_wait().unwrap().is_some() || now() > deadline {
                return Err(refusal(&log));
            }
            pause();
        }
        Ok(envoy)
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn write(config: &Value, folder: &Path) -> (PathBuf, PathBuf) {
    let file = folder.join("envoy.json");
    std::fs::write(&file, serde_json::to_vec(config).unwrap()).unwrap();
    (file, folder.join("envoy.log"))
}

fn command(program: &Path, file: &Path, log: &Path) -> Command {
    let mut command = Command::new(program);
    let log = std::fs::File::create(log).unwrap();
    command
        .arg("-c")
        .arg(file)
        .args(["--concurrency", "1", "--disable-hot-restart", "--log-level", "error"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    command
}

fn refusal(log: &Path) -> Refusal {
    let bytes = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.len().saturating_sub(12);
    // A message can hold the whole configuration.
    Refusal(lines[last..].join("\n").chars().take(6000).collect())
}

/// Waits a little for another process.
#[expect(clippy::disallowed_methods, reason = "a real process takes real time")]
pub(crate) fn pause() {
    std::thread::sleep(Duration::from_millis(5));
}

/// Returns the time of a clock that only bounds waiting.
#[expect(clippy::disallowed_methods, reason = "a real process takes real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
