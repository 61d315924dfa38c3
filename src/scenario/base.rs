//! A mesh with its applications but without traffic: what routing tests are decided on.
//!
//! The same files and the same way as for a scenario; whoever asks brings the requests.

use super::entry::{self, Entry};
use super::files::{Files, folder};
use super::inputs::Inputs;
use super::load::read_topology;
use super::mesh::{self, Material};
use super::request;
use super::time::Overlay;
use crate::config::decode::Located;
use crate::config::resources::Resources;
use crate::config::scenario::{RequestFile, ScenarioFile};
use crate::control_plane::Mesh;
use crate::control_plane::lanes::Propagation;
use crate::data_plane::Request;
use crate::diagnostic::{Diagnostics, Place, Severity, SourceId, Sources};
use crate::topology::Topology;

/// What the mesh part of a scenario file stands for.
#[derive(Debug)]
pub struct Base {
    /// What istiod knows.
    pub mesh: Mesh,
    /// All objects, also those that were generated or assumed.
    pub resources: Resources,
    /// What the applications do.
    pub topology: Topology,
    /// How sidecars carry lanes along.
    pub propagation: Propagation,
    /// What had to be assumed, in plain sentences.
    pub assumptions: Vec<String>,
}

/// Reads a text among others; a problem is reported at the place that names the file.
pub fn read_text(
    files: &dyn Files,
    name: &str,
    place: Option<Place>,
    sources: &mut Sources,
    problems: &mut Diagnostics,
) -> Option<SourceId> {
    Inputs::default().read(files, name, place, sources, problems)
}

// === impl Base ===

impl Base {
    /// Loads the mesh, the topology and the lanes of a scenario file called `name`; its traffic and
    /// expectations are not looked at. `None` if one of the problems is an error.
    pub fn load(
        files: &dyn Files,
        name: &str,
        file: &ScenarioFile,
        sources: &mut Sources,
        problems: &mut Diagnostics,
    ) -> Option<Self> {
        let before = problems.count(Severity::Error);
        let mut inputs = Inputs::default();
        let folder = folder(name);
        let topology = read_topology(files, folder, file, sources, &mut inputs, problems)?;
        let overlay = Overlay::default();
        let material =
            Material { files, folder, scenario: file, topology: &topology, overlay: &overlay };
        let built = mesh::build(&material, sources, &mut inputs, problems);
        let propagation = Propagation::read(&built.resources, &built.lane_groups, problems);
        let base = Self {
            mesh: built.mesh,
            resources: built.resources,
            propagation,
            assumptions: built.assumptions,
            topology,
        };
        Some(base).filter(|_| problems.count(Severity::Error) == before)
    }

    /// Resolves a request and the port that its client dials, if the request says so.
    pub fn request(
        &self,
        file: Option<&RequestFile>,
        place: Place,
        problems: &mut Diagnostics,
    ) -> (Request, Option<u32>) {
        let resolved = request::resolve(file, place, &self.topology, problems);
        (resolved.request, resolved.port)
    }

    /// Resolves where a request enters: `gateway NS/NAME:PORT`, `workload NS/NAME` or `waypoint NS/NAME`.
    pub fn entry(
        &self,
        from: &Located<String>,
        request: &Request,
        port: Option<u32>,
        assumptions: &mut Vec<String>,
        problems: &mut Diagnostics,
    ) -> Option<Entry> {
        entry::resolve(from, request, port, &self.mesh, assumptions, problems)
    }
}
