//! Result files: all of them or none.

use std::fs;
use std::path::{Path, PathBuf};

use super::disk::plain;

/// Writes files into a folder, which is made if it is missing, as are the folders in the names of the files.
///
/// Everything is written beside its place first and moved there when all of it is on the disk.
///
/// # Errors
/// What could not be written, in plain words; what was written before is removed.
pub(super) fn write_all(folder: &Path, files: &[(String, Vec<u8>)]) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|e| format!("{}: {}", folder.display(), plain(&e)))?;
    let mut moves: Vec<(PathBuf, PathBuf)> = Vec::new();
    for (name, bytes) in files {
        let place = folder.join(name);
        let beside = beside(&place);
        if let Err(error) = fs::create_dir_all(place.parent().unwrap_or(folder)) {
            discard(&moves);
            return Err(format!("{}: {}", place.display(), plain(&error)));
        }
        if let Err(error) = fs::write(&beside, bytes) {
            let _ = fs::remove_file(&beside);
            discard(&moves);
            return Err(format!("{}: {}", beside.display(), plain(&error)));
        }
        moves.push((beside, place));
    }
    for (index, (beside, place)) in moves.iter().enumerate() {
        if let Err(error) = fs::rename(beside, place) {
            discard(&moves[index..]);
            return Err(format!("{}: {}", place.display(), plain(&error)));
        }
    }
    Ok(())
}

/// A hidden file in the same folder.
fn beside(place: &Path) -> PathBuf {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    place.with_file_name(format!(".{name}.part"))
}

fn discard(moves: &[(PathBuf, PathBuf)]) {
    for (beside, _) in moves {
        let _ = fs::remove_file(beside);
    }
}
