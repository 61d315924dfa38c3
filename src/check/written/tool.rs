//! Tests of Envoy's `router_check_tool`.

use super::matcher::HeaderMatch;
use crate::config::decode::{Located, record};
use crate::config::scenario::Count;

record! {
    /// A file of tests.
    pub struct ToolFile("router_check_tool file") {
        /// The tests.
        "tests" => tests: Vec<ToolTest>,
    }
    ignore ["runtime"]
}

record! {
    /// One test.
    pub struct ToolTest("router_check_tool test") {
        /// Name.
        "test_name" => name: Option<Located<String>>,
        /// The request.
        "input" => input: Option<Input>,
        /// What must come out.
        "validate" => validate: Option<Validate>,
    }
}

record! {
    /// The request.
    pub struct Input("input") {
        /// Host.
        "authority" => authority: Option<Located<String>>,
        /// Path with query.
        "path" => path: Option<Located<String>>,
        /// Method.
        "method" => method: Option<Located<String>>,
        /// The one random number.
        "random_value" => random: Option<Located<Count>>,
        /// Whether the client uses https.
        "ssl" => ssl: bool,
        /// Whether the request counts as internal; never in a mesh.
        "internal" => internal: bool,
        /// Headers of the request.
        "additional_request_headers" => request_headers: Vec<HeaderLine>,
        /// Headers of the application's answer.
        "additional_response_headers" => response_headers: Vec<HeaderLine>,
    }
    ignore ["runtime", "dynamic_metadata"]
}

record! {
    /// A header line.
    pub struct HeaderLine("header") {
        /// Name.
        "key" => key: Option<Located<String>>,
        /// Value.
        "value" => value: Option<Located<String>>,
    }
}

record! {
    /// What must come out; an empty text means that there is none.
    pub struct Validate("validate") {
        /// The cluster.
        "cluster_name" => cluster: Option<Located<String>>,
        /// The virtual host.
        "virtual_host_name" => virtual_host: Option<Located<String>>,
        /// The Host that is sent on.
        "host_rewrite" => host: Option<Located<String>>,
        /// The path that is sent on.
        "path_rewrite" => path: Option<Located<String>>,
        /// The location of a redirect.
        "path_redirect" => redirect: Option<Located<String>>,
        /// The status of a redirect or a direct response.
        "code_redirect" => code: Option<Located<Count>>,
        /// Headers of the request that is sent on.
        "request_header_matches" => request_headers: Vec<HeaderMatch>,
        /// Headers of the answer.
        "response_header_matches" => response_headers: Vec<HeaderMatch>,
        /// The same in its older form.
        "request_header_fields" => request_fields: Vec<HeaderLine>,
        /// The same in its older form.
        "response_header_fields" => response_fields: Vec<HeaderLine>,
    }
    ignore ["virtual_cluster_name"]
}
