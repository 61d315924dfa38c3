//! Result files: all of them or none.

use std::fs;
use std::path::{Path, PathBuf};

use super::disk::plain;

/// Writes files into a folder, which is made if it is missing.
///
/// Everything is written beside its place first and moved there when all of it is on the disk.
///
/// # Errors
/// What could not be written, in plain words; what was written before is removed.
pub(super) fn write_all(folder: &Path, files: &[(String, Vec<u8>)]) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|e| format!("{}: {}", folder.display(), plain(&e)))?;
    let mut moves: Vec<(PathBuf, PathBuf)> = Vec::new();
    for (name, bytes) in files {
        let beside = folder.join(format!(".{name}.part"));
        if let Err(error) = fs::write(&beside, bytes) {
            let _ = fs::remove_file(&beside);
            discard(&moves);
            return Err(format!("{}: {}", beside.display(), plain(&error)));
        }
        moves.push((beside, folder.join(name)));
    }
    for (index, (beside, place)) in moves.iter().enumerate() {
        if let Err(error) = fs::rename(beside, place) {
            discard(&moves[index..]);
            return Err(format!("{}: {}", place.display(), plain(&error)));
        }
    }
    Ok(())
}

fn discard(moves: &[(PathBuf, PathBuf)]) {
    for (beside, _) in moves {
        let _ = fs::remove_file(beside);
    }
}
