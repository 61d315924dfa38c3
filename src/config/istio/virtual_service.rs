//! VirtualService, with ASM's `fallback` on a route destination (asm-lanes 2.5).

use super::super::decode::{Located, Map, record, words};
use super::Destination;
use crate::units::Nanos;

record! {
    /// Rules for requests to some hosts.
    pub struct VirtualService("VirtualService") {
        /// Hosts that the rules are for; none makes it a delegate.
        "hosts" => hosts: Vec<Located<String>>,
        /// Gateways that the rules are for; none means the mesh.
        "gateways" => gateways: Vec<Located<String>>,
        /// Rules for HTTP, in order.
        "http" => http: Vec<HttpRule>,
        /// Rules for TLS, by server name.
        "tls" => tls: Vec<TlsRule>,
        /// Rules for TCP.
        "tcp" => tcp: Vec<TcpRule>,
        /// Namespaces that may use the rules.
        "exportTo" => export_to: Vec<Located<String>>,
    }
}

record! {
    /// One entry of `http`.
    pub struct HttpRule("HTTPRoute") {
        /// Name, for logs.
        "name" => name: Option<Located<String>>,
        /// Conditions; one of them is enough.
        "match" => matches: Vec<HttpMatch>,
        /// Weighted destinations.
        "route" => route: Vec<RouteDestination>,
        /// Redirect instead of a route.
        "redirect" => redirect: Option<HttpRedirect>,
        /// Answer instead of a route.
        "directResponse" => direct_response: Option<DirectResponse>,
        /// Another VirtualService whose rules stand here.
        "delegate" => delegate: Option<Delegate>,
        /// Changes of path and Host.
        "rewrite" => rewrite: Option<HttpRewrite>,
        /// Limit of the whole request.
        "timeout" => timeout: Option<Located<DurationText>>,
        /// Retries.
        "retries" => retries: Option<HttpRetry>,
        /// Faults to inject.
        "fault" => fault: Option<HttpFault>,
        /// A copy of the traffic.
        "mirror" => mirror: Option<Destination>,
        /// Several copies.
        "mirrors" => mirrors: Vec<MirrorPolicy>,
        /// Deprecated whole percentage of `mirror`.
        "mirrorPercent" => mirror_percent: Option<Located<u32>>,
        /// Percentage of `mirror`.
        "mirrorPercentage" => mirror_percentage: Option<Percent>,
        /// Cross-origin policy.
        "corsPolicy" => cors_policy: Option<CorsPolicy>,
        /// Header operations.
        "headers" => headers: Option<Headers>,
        /// Older spelling of `mirrorPercent`.
        "mirror_percent" => mirror_percent_snake: Option<Located<u32>>,
    }
}

/// A duration as text: istiod's checks tell more than parsing does.
pub type DurationText = String;

record! {
    /// Conditions on a request; all must hold.
    pub struct HttpMatch("HTTPMatchRequest") {
        /// Name, for logs.
        "name" => name: Option<Located<String>>,
        /// Path without query.
        "uri" => uri: Option<StringMatch>,
        /// `:scheme`.
        "scheme" => scheme: Option<StringMatch>,
        /// `:method`.
        "method" => method: Option<StringMatch>,
        /// `:authority`, with its port.
        "authority" => authority: Option<StringMatch>,
        /// Headers.
        "headers" => headers: Map<Option<StringMatch>>,
        /// The dialled port.
        "port" => port: Option<Located<u32>>,
        /// Labels of the calling workload.
        "sourceLabels" => source_labels: Map<Located<String>>,
        /// Gateways that the condition is for.
        "gateways" => gateways: Vec<Located<String>>,
        /// Query parameters.
        "queryParams" => query_params: Map<Option<StringMatch>>,
        /// Whether letter case of `uri` is ignored.
        "ignoreUriCase" => ignore_uri_case: bool,
        /// Headers that must not be there or not match.
        "withoutHeaders" => without_headers: Map<Option<StringMatch>>,
        /// Namespace of the calling workload.
        "sourceNamespace" => source_namespace: Option<Located<String>>,
        /// For metrics only.
        "statPrefix" => stat_prefix: Option<Located<String>>,
    }
}

record! {
    /// A condition on one text; empty means that the value is there.
    pub struct StringMatch("StringMatch") {
        /// Equal.
        "exact" => exact: Option<Located<String>>,
        /// Begins with.
        "prefix" => prefix: Option<Located<String>>,
        /// Matches as a whole.
        "regex" => regex: Option<Located<String>>,
    }
}

record! {
    /// A weighted destination.
    pub struct RouteDestination("HTTPRouteDestination") {
        /// Where to.
        "destination" => destination: Option<Destination>,
        /// Relative weight; none is 0 beside others.
        "weight" => weight: Option<Located<i32>>,
        /// Header operations for this destination.
        "headers" => headers: Option<Headers>,
        /// ASM: where to if there is no healthy endpoint.
        "fallback" => fallback: Option<RouteFallback>,
    }
}

record! {
    /// ASM: where requests go when the destination has no healthy endpoint.
    pub struct RouteFallback("HTTPRouteFallback") {
        /// When: `noinstances`, `noavailabled`; absent is either.
        "case" => case: Option<Located<String>>,
        /// Where to.
        "target" => target: Option<Destination>,
    }
}

record! {
    /// Header operations in both directions.
    pub struct Headers("Headers") {
        /// On requests.
        "request" => request: Option<HeaderOperations>,
        /// On answers.
        "response" => response: Option<HeaderOperations>,
    }
}

record! {
    /// Header operations.
    pub struct HeaderOperations("HeaderOperations") {
        /// Overwrite.
        "set" => set: Map<Located<String>>,
        /// Append.
        "add" => add: Map<Located<String>>,
        /// Drop.
        "remove" => remove: Vec<Located<String>>,
    }
}

words! {
    /// Which port a redirect names.
    pub enum RedirectPort("redirect port") {
        /// None but the scheme's own.
        "FROM_PROTOCOL_DEFAULT" => FromProtocolDefault,
        /// That of the listener.
        "FROM_REQUEST_PORT" => FromRequestPort,
    }
}

record! {
    /// A redirect.
    pub struct HttpRedirect("HTTPRedirect") {
        /// New path.
        "uri" => uri: Option<Located<String>>,
        /// New text for the matched prefix.
        "prefixRewrite" => prefix_rewrite: Option<Located<String>>,
        /// New host.
        "authority" => authority: Option<Located<String>>,
        /// New port.
        "port" => port: Option<Located<u32>>,
        /// Where the port comes from.
        "derivePort" => derive_port: Option<Located<RedirectPort>>,
        /// New scheme.
        "scheme" => scheme: Option<Located<String>>,
        /// Status.
        "redirectCode" => redirect_code: Option<Located<u32>>,
    }
}

record! {
    /// An answer that the proxy gives.
    pub struct DirectResponse("HTTPDirectResponse") {
        /// Status.
        "status" => status: Option<Located<u32>>,
        /// Body.
        "body" => body: Option<HttpBody>,
    }
}

record! {
    /// A body as text or as base64.
    pub struct HttpBody("HTTPBody") {
        /// Text.
        "string" => string: Option<Located<String>>,
        /// Base64.
        "bytes" => bytes: Option<Located<String>>,
    }
}

record! {
    /// Another VirtualService.
    pub struct Delegate("Delegate") {
        /// Its name.
        "name" => name: Option<Located<String>>,
        /// Its namespace; that of the root if absent.
        "namespace" => namespace: Option<Located<String>>,
    }
}

record! {
    /// Changes of a forwarded request.
    pub struct HttpRewrite("HTTPRewrite") {
        /// New text for what was matched.
        "uri" => uri: Option<Located<String>>,
        /// New Host.
        "authority" => authority: Option<Located<String>>,
        /// Substitution in the path.
        "uriRegexRewrite" => uri_regex_rewrite: Option<RegexRewrite>,
    }
}

record! {
    /// A substitution.
    pub struct RegexRewrite("RegexRewrite") {
        /// The pattern.
        "match" => pattern: Option<Located<String>>,
        /// The new text.
        "rewrite" => rewrite: Option<Located<String>>,
    }
}

record! {
    /// Retries.
    pub struct HttpRetry("HTTPRetry") {
        /// How many beyond the first attempt.
        "attempts" => attempts: Option<Located<i32>>,
        /// Limit of one attempt.
        "perTryTimeout" => per_try_timeout: Option<Located<DurationText>>,
        /// Conditions, separated by commas.
        "retryOn" => retry_on: Option<Located<String>>,
        /// Whether other localities may be tried.
        "retryRemoteLocalities" => retry_remote_localities: Option<bool>,
        /// Whether hosts already tried are avoided.
        "retryIgnorePreviousHosts" => retry_ignore_previous_hosts: Option<bool>,
        /// First back-off interval.
        "backoff" => backoff: Option<Located<DurationText>>,
    }
}

record! {
    /// Faults.
    pub struct HttpFault("HTTPFaultInjection") {
        /// Waiting.
        "delay" => delay: Option<FaultDelay>,
        /// Answering with an error.
        "abort" => abort: Option<FaultAbort>,
    }
}

record! {
    /// A delay.
    pub struct FaultDelay("Delay") {
        /// How long.
        "fixedDelay" => fixed_delay: Option<Located<DurationText>>,
        /// Not supported by istiod.
        "exponentialDelay" => exponential_delay: Option<Located<DurationText>>,
        /// Deprecated whole percentage.
        "percent" => percent: Option<Located<i32>>,
        /// How often.
        "percentage" => percentage: Option<Percent>,
    }
}

record! {
    /// An abort.
    pub struct FaultAbort("Abort") {
        /// Status.
        "httpStatus" => http_status: Option<Located<i32>>,
        /// gRPC status by name.
        "grpcStatus" => grpc_status: Option<Located<String>>,
        /// Not supported by istiod.
        "http2Error" => http2_error: Option<Located<String>>,
        /// How often.
        "percentage" => percentage: Option<Percent>,
    }
}

record! {
    /// A percentage.
    pub struct Percent("Percent") {
        /// 0 to 100.
        "value" => value: Option<Located<f64>>,
    }
}

record! {
    /// One of several copies.
    pub struct MirrorPolicy("HTTPMirrorPolicy") {
        /// Where to.
        "destination" => destination: Option<Destination>,
        /// How often.
        "percentage" => percentage: Option<Percent>,
    }
}

words! {
    /// What happens to preflights of foreign origins.
    pub enum UnmatchedPreflights("handling of preflights") {
        /// As `FORWARD`.
        "UNSPECIFIED" => Unspecified,
        /// They go to the application.
        "FORWARD" => Forward,
        /// The proxy answers them.
        "IGNORE" => Ignore,
    }
}

record! {
    /// Cross-origin policy.
    pub struct CorsPolicy("CorsPolicy") {
        /// Deprecated list of exact origins.
        "allowOrigin" => allow_origin: Vec<Located<String>>,
        /// Origins.
        "allowOrigins" => allow_origins: Vec<StringMatch>,
        /// Methods.
        "allowMethods" => allow_methods: Vec<Located<String>>,
        /// Request headers.
        "allowHeaders" => allow_headers: Vec<Located<String>>,
        /// Response headers.
        "exposeHeaders" => expose_headers: Vec<Located<String>>,
        /// How long a preflight holds.
        "maxAge" => max_age: Option<Located<DurationText>>,
        /// Whether credentials are allowed.
        "allowCredentials" => allow_credentials: Option<bool>,
        /// What happens to preflights of foreign origins.
        "unmatchedPreflights" => unmatched_preflights: Option<UnmatchedPreflights>,
    }
}

record! {
    /// One entry of `tls`.
    pub struct TlsRule("TLSRoute") {
        /// Conditions.
        "match" => matches: Vec<TlsMatch>,
        /// Destinations.
        "route" => route: Vec<L4Destination>,
    }
}

record! {
    /// Conditions on a TLS connection.
    pub struct TlsMatch("TLSMatchAttributes") {
        /// Server names.
        "sniHosts" => sni_hosts: Vec<Located<String>>,
        /// Destination addresses.
        "destinationSubnets" => destination_subnets: Vec<Located<String>>,
        /// The dialled port.
        "port" => port: Option<Located<u32>>,
        /// Labels of the calling workload.
        "sourceLabels" => source_labels: Map<Located<String>>,
        /// Gateways that the condition is for.
        "gateways" => gateways: Vec<Located<String>>,
        /// Namespace of the calling workload.
        "sourceNamespace" => source_namespace: Option<String>,
    }
}

record! {
    /// One entry of `tcp`.
    pub struct TcpRule("TCPRoute") {
        /// Conditions.
        "match" => matches: Vec<L4Match>,
        /// Destinations.
        "route" => route: Vec<L4Destination>,
    }
}

record! {
    /// Conditions on a connection.
    pub struct L4Match("L4MatchAttributes") {
        /// Destination addresses.
        "destinationSubnets" => destination_subnets: Vec<Located<String>>,
        /// The dialled port.
        "port" => port: Option<Located<u32>>,
        /// Source address.
        "sourceSubnet" => source_subnet: Option<Located<String>>,
        /// Labels of the calling workload.
        "sourceLabels" => source_labels: Map<Located<String>>,
        /// Gateways that the condition is for.
        "gateways" => gateways: Vec<Located<String>>,
        /// Namespace of the calling workload.
        "sourceNamespace" => source_namespace: Option<String>,
    }
}

record! {
    /// A weighted destination of connections.
    pub struct L4Destination("RouteDestination") {
        /// Where to.
        "destination" => destination: Option<Destination>,
        /// Relative weight.
        "weight" => weight: Option<Located<i32>>,
    }
}

/// A percentage whose value may be missing.
impl Percent {
    /// Returns the percentage, 0 if none is written.
    #[must_use]
    pub fn get(&self) -> f64 {
        self.value.as_ref().map_or(0.0, |value| value.value)
    }
}

impl RouteDestination {
    /// Returns the weight, 0 if none is written.
    #[must_use]
    pub fn weight(&self) -> i32 {
        self.weight.as_ref().map_or(0, |weight| weight.value)
    }
}

/// Parses a duration that passed validation.
#[must_use]
pub fn duration(text: Option<&Located<DurationText>>) -> Option<Nanos> {
    text.and_then(|text| text.value.parse().ok())
}
