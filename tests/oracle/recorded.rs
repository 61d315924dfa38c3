//! Recorded meshes.
