//! What istiod's admission check refuses.
use crate::config::resources::Resources;
use crate::control_plane::MeshConfig;
use crate::diagnostic::Diagnostics;

/// Checks.
pub fn check(resources: &mut Resources, mesh: &MeshConfig, problems: &mut Diagnostics) {
    let _ = (resources, mesh, problems);
}
