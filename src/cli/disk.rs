//! Files on disks, folders, patterns and standard input.

use std::fs;
use std::io::Read;
use std::path::Path;

use crate::scenario::Files;

/// Files of this machine; `-` is standard input.
#[derive(Debug, Default)]
pub struct Disk;

/// Files of a folder that are read.
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

impl Files for Disk {
    fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        if name == "-" {
            let mut bytes = Vec::new();
            return match std::io::stdin().lock().read_to_end(&mut bytes) {
                Ok(_) => Ok(bytes),
                Err(error) => Err(error.to_string()),
            };
        }
        if Path::new(name).is_dir() {
            return Err("it is a folder".to_owned());
        }
        fs::read(name).map_err(|error| plain(&error))
    }

    fn expand(&self, name: &str) -> Result<Vec<String>, String> {
        if name == "-" {
            return Ok(vec![name.to_owned()]);
        }
        let path = Path::new(name);
        if path.is_dir() {
            let mut found = Vec::new();
            walk(path, &mut found)?;
            found.sort();
            return Ok(found);
        }
        if !path.exists() && name.contains(['*', '?', '[']) {
            let paths = glob::glob(name).map_err(|error| error.msg.to_owned())?;
            let mut found = Vec::new();
            for path in paths {
                let path = path.map_err(|error| plain(error.error()))?;
                if path.is_file() {
                    found.push(path.display().to_string());
                }
            }
            return Ok(found);
        }
        fs::metadata(path).map_err(|error| plain(&error))?;
        Ok(vec![name.to_owned()])
    }
}

fn walk(folder: &Path, found: &mut Vec<String>) -> Result<(), String> {
    let fail = |error: std::io::Error| format!("{}: {}", folder.display(), plain(&error));
    for entry in fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden {
            continue;
        }
        if path.is_dir() {
            walk(&path, found)?;
        } else if path.extension().is_some_and(|it| EXTENSIONS.iter().any(|known| it == *known)) {
            found.push(path.display().to_string());
        }
    }
    Ok(())
}

/// An error of the system without its number.
pub(super) fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default().to_owned();
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => text,
    }
}
