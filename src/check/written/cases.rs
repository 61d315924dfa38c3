//! Test cases of istio-config-validator.

use crate::config::decode::{Located, record};
use crate::config::istio::virtual_service::{
    Delegate, Headers, HttpFault, HttpRedirect, HttpRewrite, RouteDestination,
};

record! {
    /// A file of test cases.
    pub struct CasesFile("test cases") {
        /// The cases.
        "testCases" => cases: Vec<Case>,
    }
}

record! {
    /// One test case.
    pub struct Case("test case") {
        /// Name for reports.
        "description" => description: Option<Located<String>>,
        /// Whether the fields must be equal, or must not.
        "wantMatch" => want_match: bool,
        /// The requests.
        "request" => request: Option<CaseRequest>,
        /// Destinations.
        "route" => route: Option<Vec<RouteDestination>>,
        /// A redirect.
        "redirect" => redirect: Option<HttpRedirect>,
        /// A rewrite.
        "rewrite" => rewrite: Option<HttpRewrite>,
        /// Faults.
        "fault" => fault: Option<HttpFault>,
        /// Header operations.
        "headers" => headers: Option<Headers>,
        /// Another `VirtualService`.
        "delegate" => delegate: Option<Delegate>,
    }
}

record! {
    /// Requests in all combinations.
    pub struct CaseRequest("request") {
        /// Hosts.
        "authority" => authority: Vec<Located<String>>,
        /// Methods.
        "method" => method: Vec<Located<String>>,
        /// Paths.
        "uri" => uri: Vec<Located<String>>,
        /// Headers of all requests.
        "headers" => headers: std::collections::BTreeMap<String, String>,
    }
}
