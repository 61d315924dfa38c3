//! Who may use an object: `exportTo`.

use std::collections::BTreeSet;

/// The namespaces that an object is exported to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Everybody.
    Public,
    /// These namespaces, by name; nobody if there is none.
    Namespaces(BTreeSet<String>),
}

// === impl Audience ===

impl Audience {
    /// Reads `exportTo` entries: none or `*` is everybody, `.` the object's own namespace, `~` nobody.
    #[must_use]
    pub fn read<'e>(entries: impl IntoIterator<Item = &'e str>, own: &str) -> Self {
        let mut names = BTreeSet::new();
        let mut nobody = false;
        let mut empty = true;
        for entry in entries {
            empty = false;
            match entry {
                "*" => return Self::Public,
                "~" => nobody = true,
                "." => {
                    names.insert(own.to_owned());
                }
                name => {
                    names.insert(name.to_owned());
                }
            }
        }
        if empty {
            return Self::Public;
        }
        if nobody {
            names.clear();
        }
        Self::Namespaces(names)
    }

    /// Tells whether clients of a namespace may use the object.
    #[must_use]
    pub fn admits(&self, namespace: &str) -> bool {
        match self {
            Self::Public => true,
            Self::Namespaces(names) => names.contains(namespace),
        }
    }

    /// Tells whether two objects' audiences share a namespace.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Public, Self::Public) => true,
            (Self::Public, Self::Namespaces(names)) | (Self::Namespaces(names), Self::Public) => {
                !names.is_empty()
            }
            (Self::Namespaces(a), Self::Namespaces(b)) => !a.is_disjoint(b),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_name_namespaces() {
        for (entries, own, other) in [
            (&[] as &[&str], true, true),
            (&["*"], true, true),
            (&["."], true, false),
            (&["other"], false, true),
            (&["~"], false, false),
            (&[".", "other"], true, true),
        ] {
            let audience = Audience::read(entries.iter().copied(), "own");
            assert_eq!(
                (audience.admits("own"), audience.admits("other")),
                (own, other),
                "{entries:?}"
            );
        }
    }
}
