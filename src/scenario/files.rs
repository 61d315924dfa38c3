//! How a load gets at files: the command line reads disks, tests read memory.

use std::collections::BTreeMap;

/// A place that files are read from.
pub trait Files {
    /// Reads a file.
    ///
    /// # Errors
    /// Why it cannot be read, in plain words.
    fn read(&self, name: &str) -> Result<Vec<u8>, String>;

    /// Returns the files that a name stands for: itself, the `.yaml`, `.yml` and `.json` files of a
    /// folder and its folders, or those that fit a pattern with `*` and `?`; in sorted order.
    ///
    /// # Errors
    /// Why there are none, in plain words.
    fn expand(&self, name: &str) -> Result<Vec<String>, String>;
}

/// Files in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryFiles(pub BTreeMap<String, Vec<u8>>);

impl Files for MemoryFiles {
    fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        self.0.get(name).cloned().ok_or_else(|| "there is no such file".to_owned())
    }

    fn expand(&self, name: &str) -> Result<Vec<String>, String> {
        self.read(name).map(|_| vec![name.to_owned()])
    }
}

/// The folder of a file name, with its slash; empty if it has none.
pub(super) fn folder(name: &str) -> &str {
    name.rfind('/').map_or("", |slash| &name[..=slash])
}

/// A name as seen from a folder; absolute names and `-` stay.
pub(super) fn beside(folder: &str, name: &str) -> String {
    if name == "-" || name.starts_with('/') {
        return name.to_owned();
    }
    format!("{folder}{name}")
}
