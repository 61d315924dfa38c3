//! Policies of a route: retries, mirrors, hash keys, faults, cross-origin answers.

use serde_json::{Value, json};

use super::matcher::string;
use super::message::{Message, duration, fractional_percent};
use crate::data_plane::{Abort, Cors, Fault, HashKey, Mirror, RetryPolicy};

/// Reselections of a host that was tried already.
const HOST_RESELECTIONS: u32 = 5;
/// Attempts after which the priorities tried so far are left (E-119).
const PRIORITY_UPDATE_FREQUENCY: u32 = 2;

/// An `envoy.config.route.v3.RetryPolicy`.
pub(super) fn retry(policy: &RetryPolicy) -> Value {
    let mut message = Message::new()
        .with("retry_on", policy.on.join(","))
        .with("num_retries", policy.attempts)
        .with_list("retriable_status_codes", policy.status_codes.iter().map(|code| json!(code)))
        .with_some("per_try_timeout", policy.per_try_timeout.map(duration))
        .with_some(
            "retry_back_off",
            policy.backoff.map(|base| json!({"base_interval": duration(base)})),
        );
    if policy.another_host {
        let predicate =
            Message::typed("envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate");
        message = message.with("host_selection_retry_max_attempts", HOST_RESELECTIONS).with_list(
            "retry_host_predicate",
            [extension("envoy.retry_host_predicates.previous_hosts", predicate)],
        );
    }
    if policy.remote_localities {
        let priorities = Message::typed(
            "envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig",
        )
        .with("update_frequency", PRIORITY_UPDATE_FREQUENCY);
        message = message.with(
            "retry_priority",
            extension("envoy.retry_priorities.previous_priorities", priorities),
        );
    }
    message.into()
}

/// A `RequestMirrorPolicy`; the Host keeps its text.
pub(super) fn mirror(mirror: &Mirror) -> Value {
    json!({
        "cluster": mirror.cluster,
        "runtime_fraction": {"default_value": fractional_percent(mirror.fraction)},
        "trace_sampled": false,
        "disable_shadow_host_suffix_append": true,
    })
}

/// A `HashPolicy`.
pub(super) fn hash(key: &HashKey) -> Value {
    match key {
        HashKey::Header(name) => json!({"header": {"header_name": name}}),
        HashKey::SourceIp => json!({"connection_properties": {"source_ip": true}}),
        HashKey::QueryParameter(name) => json!({"query_parameter": {"name": name}}),
        HashKey::Cookie { name, ttl, path, attributes } => {
            let attributes = attributes.iter().map(|(name, value)| {
                Message::new().with("name", name.as_str()).with_some("value", value.clone()).into()
            });
            let cookie = Message::new()
                .with("name", name.as_str())
                .with_some("ttl", ttl.map(duration))
                .with_some("path", path.clone())
                .with_list("attributes", attributes);
            json!({"cookie": Value::from(cookie)})
        }
    }
}

/// An `envoy.extensions.filters.http.fault.v3.HTTPFault`.
pub(super) fn fault(fault: &Fault) -> Value {
    // Envoy refuses a delay of zero, which is none.
    let delay = fault.delay.filter(|(length, _)| length.0 > 0).map(|(length, fraction)| {
        json!({"fixed_delay": duration(length), "percentage": fractional_percent(fraction)})
    });
    let abort = fault.abort.map(|(abort, fraction)| {
        let message = Message::new().with("percentage", fractional_percent(fraction));
        Value::from(match abort {
            Abort::Http(status) => message.with("http_status", status),
            Abort::Grpc(code) => message.with("grpc_status", code),
        })
    });
    Message::typed("envoy.extensions.filters.http.fault.v3.HTTPFault")
        .with_some("delay", delay)
        .with_some("abort", abort)
        .into()
}

/// An `envoy.extensions.filters.http.cors.v3.CorsPolicy`.
pub(super) fn cors(cors: &Cors) -> Value {
    let joined = |list: &[String]| (!list.is_empty()).then(|| list.join(","));
    Message::typed("envoy.extensions.filters.http.cors.v3.CorsPolicy")
        .with_list("allow_origin_string_match", cors.origins.iter().map(string))
        .with_some("allow_methods", joined(&cors.methods))
        .with_some("allow_headers", joined(&cors.headers))
        .with_some("expose_headers", joined(&cors.expose))
        .with_some("max_age", cors.max_age.map(|seconds| seconds.to_string()))
        .with("allow_credentials", cors.credentials)
        .with("forward_not_matching_preflights", cors.forward_unmatched_preflights)
        .into()
}

/// A `TypedExtensionConfig`.
pub(super) fn extension(name: &str, config: Message) -> Value {
    json!({"name": name, "typed_config": Value::from(config)})
}
