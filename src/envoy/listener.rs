//! Listeners: `envoy.config.listener.v3.Listener` with one connection manager, as Istio configures it.

use serde_json::{Value, json};

use super::message::Message;
use super::policy::extension;
use super::table::route_configuration;
use super::{Listener, Options};
use crate::data_plane::{Edge, PathNormalization};

/// A listener on one port.
pub(super) fn listener(listener: &Listener<'_>, options: &Options) -> Value {
    let manager = extension(
        "envoy.filters.network.http_connection_manager",
        connection_manager(listener, options),
    );
    json!({
        "name": listener.name,
        "address": socket_address(&options.address, listener.port),
        "filter_chains": [{"filters": [manager]}],
    })
}

/// An address to listen on.
pub(super) fn socket_address(address: &str, port: u16) -> Value {
    json!({"socket_address": {"address": address, "port_value": port}})
}

fn connection_manager(listener: &Listener<'_>, options: &Options) -> Message {
    let gateway = matches!(listener.edge, Edge::Gateway { .. });
    let encrypted = listener.edge == Edge::Gateway { tls: true };
    // Clients speak plain HTTP to this listener; the requests count as encrypted all the same.
    let proto = encrypted.then(|| json!({"https_destination_ports": [listener.port]}));
    normalization(
        Message::typed(
            "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        ),
        listener.path_normalization,
    )
    .with("stat_prefix", listener.name)
    // an edge proxy believes the connection, not the client.
    .with("use_remote_address", gateway)
    .with_some("forward_proto_config", proto)
    // E-163.
    .with("stream_idle_timeout", "0s")
    .with_list("upgrade_configs", [json!({"upgrade_type": "websocket"})])
    .with_list("http_filters", filters())
    .with("route_config", route_configuration(listener.table, options))
}

///
fn normalization(manager: Message, option: PathNormalization) -> Message {
    let manager = manager.with("normalize_path", option != PathNormalization::None);
    match option {
        PathNormalization::None | PathNormalization::Base => manager,
        PathNormalization::MergeSlashes => manager.with("merge_slashes", true),
        PathNormalization::DecodeAndMergeSlashes => manager
            .with("merge_slashes", true)
            .with("path_with_escaped_slashes_action", "UNESCAPE_AND_FORWARD"),
    }
}

/// faults, then cross-origin answers, then the router.
fn filters() -> [Value; 3] {
    [
        extension(
            "envoy.filters.http.fault",
            Message::typed("envoy.extensions.filters.http.fault.v3.HTTPFault"),
        ),
        extension(
            "envoy.filters.http.cors",
            Message::typed("envoy.extensions.filters.http.cors.v3.Cors"),
        ),
        extension(
            "envoy.filters.http.router",
            Message::typed("envoy.extensions.filters.http.router.v3.Router"),
        ),
    ]
}
