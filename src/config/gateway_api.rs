//! The `gateway.networking.k8s.io` kinds: Gateway, HTTPRoute, ReferenceGrant.

use super::decode::{Located, Map, record, words};
use super::kubernetes::LabelSelector;

record! {
    /// A Gateway of the Gateway API.
    pub struct Gateway("Gateway") {
        /// Who implements it.
        "gatewayClassName" => gateway_class_name: Option<Located<String>>,
        /// What it listens on.
        "listeners" => listeners: Vec<Listener>,
        /// Where a manually deployed gateway is.
        "addresses" => addresses: Vec<GatewayAddress>,
        /// Settings of generated objects.
        "infrastructure" => infrastructure: Option<Infrastructure>,
    }
    ignore ["allowedListeners", "backendTLS", "tls", "defaultScope"]
}

record! {
    /// Settings of generated objects.
    pub struct Infrastructure("GatewayInfrastructure") {
        /// Labels.
        "labels" => labels: Map<Located<String>>,
        /// Annotations.
        "annotations" => annotations: Map<Located<String>>,
    }
    ignore ["parametersRef"]
}

record! {
    /// Where a gateway is.
    pub struct GatewayAddress("GatewaySpecAddress") {
        /// `Hostname` or `IPAddress`.
        "type" => kind: Option<Located<String>>,
        /// The name or address.
        "value" => value: Option<Located<String>>,
    }
}

record! {
    /// What a gateway listens on.
    pub struct Listener("Listener") {
        /// Name.
        "name" => name: Option<Located<String>>,
        /// Host it serves; all if absent.
        "hostname" => hostname: Option<Located<String>>,
        /// Port.
        "port" => port: Option<Located<u32>>,
        /// Protocol.
        "protocol" => protocol: Option<Located<String>>,
        /// TLS settings.
        "tls" => tls: Option<ListenerTls>,
        /// Which routes may attach.
        "allowedRoutes" => allowed_routes: Option<AllowedRoutes>,
    }
}

record! {
    /// TLS settings of a listener.
    pub struct ListenerTls("ListenerTLSConfig") {
        /// `Terminate` or `Passthrough`.
        "mode" => mode: Option<Located<String>>,
    }
    ignore ["certificateRefs", "options", "frontendValidation"]
}

record! {
    /// Which routes may attach.
    pub struct AllowedRoutes("AllowedRoutes") {
        /// From which namespaces.
        "namespaces" => namespaces: Option<RouteNamespaces>,
        /// Of which kinds.
        "kinds" => kinds: Vec<RouteGroupKind>,
    }
}

words! {
    /// From which namespaces routes may attach.
    pub enum FromNamespaces("choice of namespaces") {
        /// All.
        "All" => All,
        /// That of the gateway.
        "Same" => Same,
        /// Those that the selector selects.
        "Selector" => Selector,
        /// None.
        "None" => None,
    }
}

record! {
    /// From which namespaces routes may attach.
    pub struct RouteNamespaces("RouteNamespaces") {
        /// The choice.
        "from" => from: Option<FromNamespaces>,
        /// Labels of the namespaces.
        "selector" => selector: Option<LabelSelector>,
    }
}

record! {
    /// A kind of route.
    pub struct RouteGroupKind("RouteGroupKind") {
        /// API group.
        "group" => group: Option<String>,
        /// Kind.
        "kind" => kind: Option<String>,
    }
}

record! {
    /// An HTTPRoute.
    pub struct HttpRoute("HTTPRoute") {
        /// Gateways and services it is for.
        "parentRefs" => parent_refs: Vec<ParentRef>,
        /// Hosts it is for.
        "hostnames" => hostnames: Vec<Located<String>>,
        /// Rules.
        "rules" => rules: Option<Vec<HttpRouteRule>>,
    }
    ignore ["useDefaultGateways"]
}

record! {
    /// A gateway or a service.
    pub struct ParentRef("ParentReference") {
        /// API group; that of the Gateway API if absent.
        "group" => group: Option<String>,
        /// Kind; `Gateway` if absent.
        "kind" => kind: Option<String>,
        /// Namespace; that of the route if absent.
        "namespace" => namespace: Option<String>,
        /// Name.
        "name" => name: Option<Located<String>>,
        /// Listener.
        "sectionName" => section_name: Option<Located<String>>,
        /// Port.
        "port" => port: Option<Located<u32>>,
    }
}

record! {
    /// A rule.
    pub struct HttpRouteRule("HTTPRouteRule") {
        /// Name.
        "name" => name: Option<Located<String>>,
        /// Conditions; one is enough.
        "matches" => matches: Vec<HttpRouteMatch>,
        /// What happens to requests.
        "filters" => filters: Vec<HttpRouteFilter>,
        /// Weighted backends.
        "backendRefs" => backend_refs: Vec<BackendRef>,
        /// Time limits.
        "timeouts" => timeouts: Option<RouteTimeouts>,
        /// Retries.
        "retry" => retry: Option<RouteRetry>,
    }
    ignore ["sessionPersistence"]
}

record! {
    /// Conditions; all must hold.
    pub struct HttpRouteMatch("HTTPRouteMatch") {
        /// Path.
        "path" => path: Option<PathMatch>,
        /// Headers.
        "headers" => headers: Vec<ValueMatch>,
        /// Query parameters.
        "queryParams" => query_params: Vec<ValueMatch>,
        /// Method.
        "method" => method: Option<Located<String>>,
    }
}

words! {
    /// Kinds of path conditions.
    pub enum PathMatchType("path match type") {
        /// Equal.
        "Exact" => Exact,
        /// Prefix of segments.
        "PathPrefix" => PathPrefix,
        /// Regex.
        "RegularExpression" => RegularExpression,
    }
}

record! {
    /// A condition on the path.
    pub struct PathMatch("HTTPPathMatch") {
        /// Kind.
        "type" => kind: Option<PathMatchType>,
        /// Text; `/` if absent.
        "value" => value: Option<Located<String>>,
    }
}

words! {
    /// Kinds of conditions on values.
    pub enum ValueMatchType("match type") {
        /// Equal.
        "Exact" => Exact,
        /// Regex.
        "RegularExpression" => RegularExpression,
    }
}

record! {
    /// A condition on a header or a query parameter.
    pub struct ValueMatch("HTTPHeaderMatch") {
        /// Kind.
        "type" => kind: Option<ValueMatchType>,
        /// Name.
        "name" => name: Option<Located<String>>,
        /// Text.
        "value" => value: Option<Located<String>>,
    }
}

record! {
    /// Something that happens to requests.
    pub struct HttpRouteFilter("HTTPRouteFilter") {
        /// Which.
        "type" => kind: Option<Located<String>>,
        /// Headers of requests.
        "requestHeaderModifier" => request_header_modifier: Option<HeaderFilter>,
        /// Headers of answers.
        "responseHeaderModifier" => response_header_modifier: Option<HeaderFilter>,
        /// A copy.
        "requestMirror" => request_mirror: Option<RequestMirror>,
        /// A redirect.
        "requestRedirect" => request_redirect: Option<RequestRedirect>,
        /// A rewrite.
        "urlRewrite" => url_rewrite: Option<UrlRewrite>,
        /// Cross-origin policy.
        "cors" => cors: Option<CorsFilter>,
    }
    ignore ["extensionRef", "externalAuth"]
}

record! {
    /// Header operations.
    pub struct HeaderFilter("HTTPHeaderFilter") {
        /// Overwrite.
        "set" => set: Vec<NamedValue>,
        /// Append.
        "add" => add: Vec<NamedValue>,
        /// Drop.
        "remove" => remove: Vec<Located<String>>,
    }
}

record! {
    /// A header.
    pub struct NamedValue("HTTPHeader") {
        /// Name.
        "name" => name: Option<Located<String>>,
        /// Value.
        "value" => value: Option<Located<String>>,
    }
}

record! {
    /// A copy of the traffic.
    pub struct RequestMirror("HTTPRequestMirrorFilter") {
        /// Where to.
        "backendRef" => backend_ref: Option<BackendRef>,
        /// How often, in percent.
        "percent" => percent: Option<Located<u32>>,
        /// How often, as a fraction.
        "fraction" => fraction: Option<MirrorFraction>,
    }
}

record! {
    /// A fraction.
    pub struct MirrorFraction("Fraction") {
        /// Upper part.
        "numerator" => numerator: Option<Located<u32>>,
        /// Lower part; 100 if absent.
        "denominator" => denominator: Option<Located<u32>>,
    }
}

words! {
    /// Kinds of path changes.
    pub enum PathModifierType("path modifier type") {
        /// Everything.
        "ReplaceFullPath" => ReplaceFullPath,
        /// The matched prefix.
        "ReplacePrefixMatch" => ReplacePrefixMatch,
    }
}

record! {
    /// A change of the path.
    pub struct PathModifier("HTTPPathModifier") {
        /// Kind.
        "type" => kind: Option<PathModifierType>,
        /// New path.
        "replaceFullPath" => replace_full_path: Option<Located<String>>,
        /// New text for the matched prefix.
        "replacePrefixMatch" => replace_prefix_match: Option<Located<String>>,
    }
}

record! {
    /// A redirect.
    pub struct RequestRedirect("HTTPRequestRedirectFilter") {
        /// New scheme.
        "scheme" => scheme: Option<Located<String>>,
        /// New host.
        "hostname" => hostname: Option<Located<String>>,
        /// New path.
        "path" => path: Option<PathModifier>,
        /// New port.
        "port" => port: Option<Located<u16>>,
        /// Status; 302 if absent.
        "statusCode" => status_code: Option<Located<u16>>,
    }
}

record! {
    /// A rewrite.
    pub struct UrlRewrite("HTTPURLRewriteFilter") {
        /// New host.
        "hostname" => hostname: Option<Located<String>>,
        /// New path.
        "path" => path: Option<PathModifier>,
    }
}

record! {
    /// Cross-origin policy.
    pub struct CorsFilter("HTTPCORSFilter") {
        /// Origins.
        "allowOrigins" => allow_origins: Vec<Located<String>>,
        /// Whether credentials are allowed.
        "allowCredentials" => allow_credentials: Option<bool>,
        /// Methods.
        "allowMethods" => allow_methods: Vec<String>,
        /// Request headers.
        "allowHeaders" => allow_headers: Vec<String>,
        /// Response headers.
        "exposeHeaders" => expose_headers: Vec<String>,
        /// Seconds that a preflight holds; 5 if absent.
        "maxAge" => max_age: Option<u32>,
    }
}

record! {
    /// A weighted backend.
    pub struct BackendRef("HTTPBackendRef") {
        /// API group; the core group if absent.
        "group" => group: Option<String>,
        /// Kind; `Service` if absent.
        "kind" => kind: Option<String>,
        /// Name.
        "name" => name: Option<Located<String>>,
        /// Namespace; that of the route if absent.
        "namespace" => namespace: Option<Located<String>>,
        /// Port.
        "port" => port: Option<Located<u32>>,
        /// Relative weight; 1 if absent.
        "weight" => weight: Option<Located<u32>>,
        /// What happens to requests for this backend.
        "filters" => filters: Vec<HttpRouteFilter>,
    }
}

record! {
    /// Time limits.
    pub struct RouteTimeouts("HTTPRouteTimeouts") {
        /// Of the whole request.
        "request" => request: Option<Located<String>>,
        /// Of one attempt.
        "backendRequest" => backend_request: Option<Located<String>>,
    }
}

record! {
    /// Retries.
    pub struct RouteRetry("HTTPRouteRetry") {
        /// Statuses.
        "codes" => codes: Vec<Located<u16>>,
        /// How many.
        "attempts" => attempts: Option<Located<u32>>,
        /// First back-off interval.
        "backoff" => backoff: Option<Located<String>>,
    }
}

record! {
    /// Leave to refer to objects of a namespace.
    pub struct ReferenceGrant("ReferenceGrant") {
        /// Who may.
        "from" => from: Vec<GrantFrom>,
        /// To what.
        "to" => to: Vec<GrantTo>,
    }
}

record! {
    /// Who may refer.
    pub struct GrantFrom("ReferenceGrantFrom") {
        /// API group.
        "group" => group: Option<String>,
        /// Kind.
        "kind" => kind: Option<String>,
        /// Namespace.
        "namespace" => namespace: Option<String>,
    }
}

record! {
    /// What may be referred to.
    pub struct GrantTo("ReferenceGrantTo") {
        /// API group.
        "group" => group: Option<String>,
        /// Kind.
        "kind" => kind: Option<String>,
        /// Name; all if absent.
        "name" => name: Option<String>,
    }
}
