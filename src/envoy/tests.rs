use super::testing::{forwarding_to, table};
use super::*;
use crate::data_plane::Discovery;

fn listener(table: &RouteTable, edge: Edge, option: PathNormalization) -> Listener<'_> {
    Listener { name: "a", port: 8443, table, edge, path_normalization: option }
}

fn manager(edge: Edge, option: PathNormalization) -> Value {
    let table = table(forwarding_to("a", None));
    let mut config = bootstrap(&[listener(&table, edge, option)], &[], &Options::default());
    config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
        .take()
}

#[test]
fn an_edge_proxy_believes_the_connection() {
    let inside = manager(Edge::Inside, PathNormalization::Base);
    assert_eq!(inside["use_remote_address"], false);
    assert_eq!(inside.get("forward_proto_config"), None);
    let plain = manager(Edge::Gateway { tls: false }, PathNormalization::Base);
    assert_eq!(plain["use_remote_address"], true);
    assert_eq!(plain.get("forward_proto_config"), None);
    let encrypted = manager(Edge::Gateway { tls: true }, PathNormalization::Base);
    assert_eq!(encrypted["forward_proto_config"], json!({"https_destination_ports": [8443]}));
}

#[test]
fn paths_are_normalised_as_the_mesh_says() {
    for (option, normalize, merge, escaped) in [
        (PathNormalization::None, false, Value::Null, Value::Null),
        (PathNormalization::Base, true, Value::Null, Value::Null),
        (PathNormalization::MergeSlashes, true, json!(true), Value::Null),
        (
            PathNormalization::DecodeAndMergeSlashes,
            true,
            json!(true),
            json!("UNESCAPE_AND_FORWARD"),
        ),
    ] {
        let manager = manager(Edge::Inside, option);
        let field = |name: &str| manager.get(name).cloned().unwrap_or_default();
        assert_eq!(manager["normalize_path"], normalize, "{option:?}");
        assert_eq!(field("merge_slashes"), merge, "{option:?}");
        assert_eq!(field("path_with_escaped_slashes_action"), escaped, "{option:?}");
    }
}

#[test]
fn each_pair_of_cluster_and_fallback_is_printed_once() {
    let table = table(forwarding_to("a", Some("b")));
    let one = listener(&table, Edge::Inside, PathNormalization::Base);
    let two = Listener { name: "b", port: 81, ..one };
    let clusters = [Cluster::new("a", Discovery::Eds)];
    let config = bootstrap(&[one, two], &clusters, &Options::default());
    let names: Vec<_> = config["static_resources"]["clusters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cluster| cluster["name"].clone())
        .collect();
    assert_eq!(names, ["a", "a|fallback|b"]);
}

#[test]
fn the_clusters_of_a_table_are_those_it_can_reach() {
    let mut action = forwarding_to("a", Some("b"));
    if let RouteAction::Forward(forward) = &mut action {
        forward.mirrors.push(crate::data_plane::Mirror {
            cluster: "m".into(),
            fraction: crate::data_plane::Fraction::ALL,
        });
    }
    assert_eq!(cluster_names(&table(action)).into_iter().collect::<Vec<_>>(), ["a", "b", "m"]);
}

#[test]
fn options_choose_address_administration_and_pick_header() {
    let table = {
        let mut action = forwarding_to("a", None);
        if let RouteAction::Forward(forward) = &mut action {
            forward.destinations.push(crate::data_plane::Destination::new("b", 1));
        }
        table(action)
    };
    let options = Options {
        address: "0.0.0.0".into(),
        admin_port: Some(15_000),
        pick_header: Some("x-pick".into()),
    };
    let one = listener(&table, Edge::Inside, PathNormalization::Base);
    let config = bootstrap(&[one], &[], &options);
    let listener = &config["static_resources"]["listeners"][0];
    assert_eq!(listener["address"]["socket_address"]["address"], "0.0.0.0");
    assert_eq!(config["admin"]["address"]["socket_address"]["port_value"], 15_000);
    assert!(config.to_string().contains(r#""header_name":"x-pick""#));
}
