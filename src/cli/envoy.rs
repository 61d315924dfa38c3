//! `lanecast envoy`.

mod tables;
mod yaml;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::disk::Disk;
use super::run::{print, print_problems, refuse};
use super::{INVALID, SUCCESS};
use crate::config::decode::{Decode, Located};
use crate::config::scenario::ScenarioFile;
use crate::config::yaml::parse;
use crate::control_plane::ProxyView;
use crate::control_plane::capture::Capture;
use crate::data_plane::{Cluster, Request};
use crate::diagnostic::{Diagnostics, Place, SourceId, Sources};
use crate::envoy::{self, Listener, Options};
use crate::scenario::{Base, Entry, read_text};
use tables::Found;

/// Arguments of `envoy`.
#[derive(Args, Debug)]
pub(super) struct EnvoyArguments {
    /// Files, folders and patterns of a mesh, or one scenario file; `-` is standard input.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    /// Whose configuration.
    #[arg(
        long,
        value_name = "PROXY",
        help = "Whose configuration: 'gateway NAMESPACE/NAME:PORT', 'workload NAMESPACE/NAME' or \
                'waypoint NAMESPACE/NAME'"
    )]
    proxy: String,
    /// Only this port of a workload or waypoint.
    #[arg(long, value_name = "PORT")]
    port: Option<u32>,
    /// The service, or the server name of TLS, where a port has several route tables.
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// Namespace of mesh objects that do not state one.
    #[arg(long, value_name = "NAMESPACE", default_value = "default")]
    namespace: String,
    /// The address that ports are opened on.
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    address: IpAddr,
    /// Opens the administration interface on this port of the loopback address.
    #[arg(long, value_name = "PORT")]
    admin_port: Option<u16>,
    /// A request header whose number replaces the random one of weighted picks.
    #[arg(long, value_name = "HEADER")]
    pick_header: Option<String>,
    /// How to print it.
    #[arg(long, value_enum, default_value = "json")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Indented JSON.
    Json,
    /// YAML in block style.
    Yaml,
}

/// Prints the configuration of a proxy; returns the exit code.
pub(super) fn run(arguments: &EnvoyArguments) -> u8 {
    let (mut sources, mut problems) = (Sources::new(), Diagnostics::new());
    let loaded = load(arguments, &mut sources, &mut problems);
    problems.sort();
    print_problems(&problems, &sources);
    let Some((base, entry, assumptions)) = loaded else { return INVALID };
    if matches!(entry.sender.capture, Capture::Ambient | Capture::Outside) {
        let name = &arguments.proxy;
        return refuse(&format!(
            "{name}: it has no sidecar; `waypoint NAMESPACE/NAME` may decide for it"
        ));
    }
    let mut view = ProxyView::new(&base.mesh, entry.sender.proxy.clone());
    let found = match tables::find(&mut view, &entry, arguments.port, arguments.host.as_deref()) {
        Ok(found) => found,
        Err(reason) => return refuse(&format!("{}: {reason}", arguments.proxy)),
    };
    let (text, gaps) = configuration(arguments, &mut view, &found);
    notes(base.assumptions.iter().chain(&assumptions).chain(&found.left_out).chain(&gaps));
    print(&text);
    SUCCESS
}

/// The mesh of the paths and the proxy in it.
fn load(
    arguments: &EnvoyArguments,
    sources: &mut Sources,
    problems: &mut Diagnostics,
) -> Option<(Base, Entry, Vec<String>)> {
    let (name, file) = scenario(arguments, sources, problems)?;
    let base = Base::load(&Disk, &name, &file, sources, problems)?;
    let from = argument("--proxy", &arguments.proxy, sources);
    let mut assumptions = Vec::new();
    let request = Request::get("", "/");
    let entry = base.entry(&from, &request, arguments.port, &mut assumptions, problems)?;
    Some((base, entry, assumptions))
}

/// The scenario file with its name, or one that is made of the paths of a mesh.
fn scenario(
    arguments: &EnvoyArguments,
    sources: &mut Sources,
    problems: &mut Diagnostics,
) -> Option<(String, ScenarioFile)> {
    if let [only] = arguments.paths.as_slice()
        && let Some(source) = scenario_source(only, sources)
    {
        let text = sources.get(source)?.text.clone();
        let nodes = parse(source, &text, problems);
        let file = ScenarioFile::decode(nodes.first()?, problems)?;
        return Some((only.clone(), file));
    }
    let written = json!({"mesh": arguments.paths, "namespace": arguments.namespace}).to_string();
    let source = sources.add("<arguments>", written.as_str());
    let nodes = parse(source, &written, problems);
    let file = ScenarioFile::decode(nodes.first()?, problems)?;
    Some((String::new(), file))
}

/// The text of a file that is a scenario: one document that names a mesh and has no kind.
fn scenario_source(path: &str, sources: &mut Sources) -> Option<SourceId> {
    // Standard input is a mesh; it can be read once only.
    if path == "-" {
        return None;
    }
    // What is wrong with the file is said by whoever reads it for good.
    let mut problems = Diagnostics::new();
    let source = read_text(&Disk, path, None, sources, &mut problems)?;
    let text = sources.get(source)?.text.clone();
    let nodes = parse(source, &text, &mut problems);
    let [root] = nodes.as_slice() else { return None };
    (root.get("mesh").is_some() && root.get("kind").is_none()).then_some(source)
}

/// An argument as a text with a place.
fn argument(name: &str, text: &str, sources: &mut Sources) -> Located<String> {
    let source = sources.add(format!("<{name}>"), text);
    let place = Place::new(source, 1, 1);
    Located { value: text.to_owned(), place }
}

/// The printed configuration, and what it leaves out.
fn configuration(
    arguments: &EnvoyArguments,
    view: &mut ProxyView<'_>,
    found: &Found,
) -> (String, Vec<String>) {
    let path_normalization = view.scope.mesh.config.path_normalization;
    let listeners: Vec<Listener<'_>> = found
        .ports
        .iter()
        .map(|port| Listener {
            name: port.table.name(),
            port: port.number,
            table: &port.table,
            edge: port.edge,
            path_normalization,
        })
        .collect();
    let mut clusters: BTreeMap<&str, Arc<Cluster>> = BTreeMap::new();
    for name in listeners.iter().flat_map(|listener| envoy::cluster_names(listener.table)) {
        if let Some(cluster) = view.cluster(name) {
            clusters.insert(name, cluster);
        }
    }
    let clusters: Vec<Cluster> = clusters.into_values().map(Arc::unwrap_or_clone).collect();
    let options = Options {
        address: arguments.address.to_string(),
        admin_port: arguments.admin_port,
        pick_header: arguments.pick_header.clone(),
    };
    let config = envoy::bootstrap(&listeners, &clusters, &options);
    let text = match arguments.format {
        Format::Json => format!("{config:#}\n"),
        Format::Yaml => yaml::block(&config),
    };
    let gaps = envoy::gaps(&listeners, &clusters);
    (text, gaps.iter().map(ToString::to_string).collect())
}

/// Prints remarks to standard error.
fn notes<'n>(notes: impl Iterator<Item = &'n String>) {
    use std::io::Write;
    let mut error = std::io::stderr().lock();
    for note in notes {
        let _ = writeln!(error, "note: {note}");
    }
}
