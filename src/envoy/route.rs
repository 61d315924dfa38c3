//! Routes: `envoy.config.route.v3.Route`.

use serde_json::{Map, Value, json};

use super::Options;
use super::cluster::destination_cluster;
use super::matcher::{regex, route_match};
use super::message::{Message, duration};
use super::policy;
use crate::data_plane::{
    Destination, DirectResponse, Forward, HeaderOps, PathRewrite, Redirect, RedirectPath, Route,
    RouteAction, RouteSource, Template,
};

/// A cluster that no configuration has: where a route without destinations leads.
const NOWHERE: &str = "no-destination";

/// A route with everything that hangs on it.
pub(super) fn route(route: &Route, options: &Options) -> Value {
    let mut message = Message::new().with("match", route_match(&route.matcher));
    if !route.name.is_empty() {
        message = message.with("name", route.name.as_str());
    }
    message = match &route.action {
        RouteAction::Forward(forward) => {
            let message = message.with("route", forwarding(forward, options));
            request_ops(message, &forward.request_ops)
        }
        RouteAction::Redirect(action) => message.with("redirect", redirect(action)),
        RouteAction::Direct(direct) => message.with("direct_response", direct_response(direct)),
    };
    let mut filters = Map::new();
    if let Some(fault) = &route.fault {
        filters.insert("envoy.filters.http.fault".to_owned(), policy::fault(fault));
    }
    if let Some(cors) = &route.cors {
        filters.insert("envoy.filters.http.cors".to_owned(), policy::cors(cors));
    }
    if !filters.is_empty() {
        message = message.with("typed_per_filter_config", filters);
    }
    let message = response_ops(message, &route.response_ops);
    message.with_some("metadata", route.source.as_ref().map(metadata)).into()
}

fn forwarding(forward: &Forward, options: &Options) -> Value {
    // Envoy's own default of 15 s is switched off.
    let timeout = duration(forward.timeout.unwrap_or_default());
    let message = Message::new()
        .with("timeout", timeout.as_str())
        // E-162: what a gRPC client asks for is limited in the same way.
        .with("max_grpc_timeout", timeout.as_str())
        .with_some("host_rewrite_literal", forward.host_rewrite.clone())
        .with_some("retry_policy", forward.retry.as_ref().map(policy::retry))
        .with_list("request_mirror_policies", forward.mirrors.iter().map(policy::mirror))
        .with_list("hash_policy", forward.hash.iter().map(policy::hash));
    let message = match &forward.path_rewrite {
        None => message,
        Some(PathRewrite::Prefix(text)) => message.with("prefix_rewrite", text.as_str()),
        Some(PathRewrite::Regex { pattern, substitution }) => message.with(
            "regex_rewrite",
            json!({"pattern": regex(pattern), "substitution": substitution}),
        ),
    };
    let message = match forward.missing_cluster_status {
        404 => message.with("cluster_not_found_response_code", "NOT_FOUND"),
        500 => message.with("cluster_not_found_response_code", "INTERNAL_SERVER_ERROR"),
        _ => message,
    };
    match forward.destinations.as_slice() {
        [] => message.with("cluster", NOWHERE),
        // a single destination is no split.
        [only] if is_plain(only) => message.with("cluster", destination_cluster(only)),
        _ => message.with("weighted_clusters", weighted_clusters(forward, options)),
    }
    .into()
}

fn is_plain(destination: &Destination) -> bool {
    destination.request_ops.is_empty()
        && destination.response_ops.is_empty()
        && destination.host_rewrite.is_none()
}

fn weighted_clusters(forward: &Forward, options: &Options) -> Value {
    let total = forward.total_weight();
    let clusters = forward.destinations.iter().enumerate().map(|(index, destination)| {
        // Envoy refuses a sum of 0; our pick is the first then.
        let weight = if total == 0 { u32::from(index == 0) } else { destination.weight };
        let message = Message::new()
            .with("name", destination_cluster(destination))
            .with("weight", weight)
            .with_some("host_rewrite_literal", destination.host_rewrite.clone());
        let message = request_ops(message, &destination.request_ops);
        response_ops(message, &destination.response_ops).into()
    });
    Message::new()
        .with_list("clusters", clusters)
        .with_some("header_name", options.pick_header.clone())
        .into()
}

fn redirect(redirect: &Redirect) -> Value {
    let message = Message::new()
        .with_some("scheme_redirect", redirect.scheme.clone())
        .with_some("host_redirect", redirect.authority.clone())
        .with_some("port_redirect", redirect.port);
    let message = match &redirect.path {
        RedirectPath::Keep => message,
        RedirectPath::Full(text) => message.with("path_redirect", text.as_str()),
        RedirectPath::Prefix(text) => message.with("prefix_rewrite", text.as_str()),
    };
    message.with_some("response_code", redirect_code(redirect.status)).into()
}

/// The statuses that Envoy redirects with; 301 is its default.
pub(super) const fn redirect_code(status: u16) -> Option<&'static str> {
    match status {
        301 => Some("MOVED_PERMANENTLY"),
        302 => Some("FOUND"),
        303 => Some("SEE_OTHER"),
        307 => Some("TEMPORARY_REDIRECT"),
        308 => Some("PERMANENT_REDIRECT"),
        _ => None,
    }
}

fn direct_response(direct: &DirectResponse) -> Value {
    let body = (!direct.body.is_empty()).then(|| json!({"inline_string": direct.body}));
    Message::new().with("status", direct.status).with_some("body", body).into()
}

/// The rule that the route was made from; Envoy only carries it along.
fn metadata(source: &RouteSource) -> Value {
    let fields = Message::new()
        .with("object", source.object.as_str())
        .with("rule", source.rule)
        .with_some("match", source.condition);
    json!({"filter_metadata": {"lanecast": Value::from(fields)}})
}

fn request_ops(message: Message, block: &HeaderOps) -> Message {
    message
        .with_list("request_headers_to_add", header_options(block))
        .with_list("request_headers_to_remove", names(&block.remove))
}

fn response_ops(message: Message, block: &HeaderOps) -> Message {
    message
        .with_list("response_headers_to_add", header_options(block))
        .with_list("response_headers_to_remove", names(&block.remove))
}

fn names(names: &[String]) -> impl Iterator<Item = Value> + '_ {
    names.iter().map(|name| json!(name))
}

/// Sets and adds as `HeaderValueOption`s, in order.
fn header_options(block: &HeaderOps) -> impl Iterator<Item = Value> + '_ {
    let option = |action: &'static str| move |(name, value): &(String, Template)| json!({"header": {"key": name, "value": value.text()}, "append_action": action});
    let set = block.set.iter().map(option("OVERWRITE_IF_EXISTS_OR_ADD"));
    set.chain(block.add.iter().map(option("APPEND_IF_EXISTS_OR_ADD")))
}

#[cfg(test)]
mod tests;
