//! DestinationRule: subsets and traffic policies.

use std::collections::BTreeMap;

use super::super::decode::{Located, Map, record, words};
use super::virtual_service::DurationText;

record! {
    /// Subsets and policies for requests to a service.
    pub struct DestinationRule("DestinationRule") {
        /// The service, or a wildcard over several.
        "host" => host: Option<Located<String>>,
        /// Policies for the whole service.
        "trafficPolicy" => traffic_policy: Option<TrafficPolicy>,
        /// Named parts of the service.
        "subsets" => subsets: Vec<Subset>,
        /// Namespaces that may use the rule.
        "exportTo" => export_to: Vec<Located<String>>,
        /// Client workloads that the rule is for.
        "workloadSelector" => workload_selector: Option<MatchLabels>,
    }
}

record! {
    /// Labels that a client must carry.
    pub struct MatchLabels("WorkloadSelector") {
        /// All of them must be there.
        "matchLabels" => match_labels: Map<Located<String>>,
    }
}

record! {
    /// A part of a service.
    pub struct Subset("Subset") {
        /// Name.
        "name" => name: Option<Located<String>>,
        /// Labels of its endpoints.
        "labels" => labels: Map<Located<String>>,
        /// Policies for requests to it.
        "trafficPolicy" => traffic_policy: Option<TrafficPolicy>,
    }
}

record! {
    /// Policies.
    pub struct TrafficPolicy("TrafficPolicy") {
        /// How endpoints are chosen.
        "loadBalancer" => load_balancer: Option<LoadBalancer>,
        /// Connections and breakers.
        "connectionPool" => connection_pool: Option<ConnectionPool>,
        /// Ejection of failing hosts.
        "outlierDetection" => outlier_detection: Option<OutlierDetection>,
        /// TLS to the service.
        "tls" => tls: Option<ClientTls>,
        /// Policies of single ports, which inherit nothing.
        "portLevelSettings" => port_level_settings: Vec<PortPolicy>,
        /// Tunnel.
        "tunnel" => tunnel: Option<Tunnel>,
        /// PROXY protocol.
        "proxyProtocol" => proxy_protocol: Option<ProxyProtocol>,
        /// Retry budget.
        "retryBudget" => retry_budget: Option<RetryBudget>,
    }
}

record! {
    /// Policies of one port.
    pub struct PortPolicy("PortTrafficPolicy") {
        /// The port.
        "port" => port: Option<super::PortSelector>,
        /// How endpoints are chosen.
        "loadBalancer" => load_balancer: Option<LoadBalancer>,
        /// Connections and breakers.
        "connectionPool" => connection_pool: Option<ConnectionPool>,
        /// Ejection of failing hosts.
        "outlierDetection" => outlier_detection: Option<OutlierDetection>,
        /// TLS to the service.
        "tls" => tls: Option<ClientTls>,
    }
}

words! {
    /// The simple balancers.
    pub enum SimpleBalancer("load balancer") {
        /// As `LEAST_REQUEST`.
        "UNSPECIFIED" => Unspecified,
        /// As `LEAST_REQUEST`; deprecated.
        "LEAST_CONN" => LeastConn,
        /// Uniformly at random.
        "RANDOM" => Random,
        /// The dialled address.
        "PASSTHROUGH" => Passthrough,
        /// In turn.
        "ROUND_ROBIN" => RoundRobin,
        /// Fewer active requests of two.
        "LEAST_REQUEST" => LeastRequest,
    }
}

record! {
    /// How endpoints are chosen.
    pub struct LoadBalancer("LoadBalancerSettings") {
        /// A simple balancer.
        "simple" => simple: Option<Located<SimpleBalancer>>,
        /// By the hash of a key.
        "consistentHash" => consistent_hash: Option<ConsistentHash>,
        /// By place.
        "localityLbSetting" => locality_lb_setting: Option<LocalityBalancing>,
        /// By zone.
        "zoneAwareLbSetting" => zone_aware_lb_setting: Option<ZoneAware>,
        /// Deprecated form of `warmup`.
        "warmupDurationSecs" => warmup_duration_secs: Option<Located<DurationText>>,
        /// Slow start.
        "warmup" => warmup: Option<Warmup>,
    }
}

record! {
    /// By the hash of a key.
    pub struct ConsistentHash("ConsistentHashLB") {
        /// A header.
        "httpHeaderName" => http_header_name: Option<Located<String>>,
        /// A cookie.
        "httpCookie" => http_cookie: Option<HttpCookie>,
        /// The client's address.
        "useSourceIp" => use_source_ip: Option<Located<bool>>,
        /// A query parameter.
        "httpQueryParameterName" => http_query_parameter_name: Option<Located<String>>,
        /// A ring.
        "ringHash" => ring_hash: Option<RingHash>,
        /// A Maglev table.
        "maglev" => maglev: Option<Maglev>,
        /// Deprecated form of `ringHash`.
        "minimumRingSize" => minimum_ring_size: Option<Located<u64>>,
    }
}

record! {
    /// A ring.
    pub struct RingHash("RingHash") {
        /// Least number of entries.
        "minimumRingSize" => minimum_ring_size: Option<Located<u64>>,
    }
}

record! {
    /// A Maglev table.
    pub struct Maglev("MagLev") {
        /// Number of slots, a prime.
        "tableSize" => table_size: Option<Located<u64>>,
    }
}

record! {
    /// A cookie.
    pub struct HttpCookie("HTTPCookie") {
        /// Name.
        "name" => name: Option<Located<String>>,
        /// Path of a generated cookie.
        "path" => path: Option<Located<String>>,
        /// Life time; without it no cookie is generated.
        "ttl" => ttl: Option<Located<DurationText>>,
        /// Further attributes of a generated cookie.
        "attributes" => attributes: Vec<CookieAttribute>,
    }
}

record! {
    /// An attribute of a cookie.
    pub struct CookieAttribute("Attribute") {
        /// Name.
        "name" => name: Option<Located<String>>,
        /// Value.
        "value" => value: Option<String>,
    }
}

record! {
    /// Balancing by place.
    pub struct LocalityBalancing("LocalityLoadBalancerSetting") {
        /// Fixed shares.
        "distribute" => distribute: Vec<Distribute>,
        /// Where to go when a region fails.
        "failover" => failover: Vec<Failover>,
        /// Labels that order endpoints.
        "failoverPriority" => failover_priority: Vec<Located<String>>,
        /// Switch.
        "enabled" => enabled: Option<bool>,
    }
}

record! {
    /// Balancing by zone.
    pub struct ZoneAware("ZoneAwareLoadBalancerSetting") {
        /// Switch.
        "enabled" => enabled: Option<bool>,
        /// Where to go when a region fails.
        "failover" => failover: Vec<Failover>,
        /// Labels that order endpoints.
        "failoverPriority" => failover_priority: Vec<Located<String>>,
        /// Smallest cluster that is balanced by zone.
        "minClusterSize" => min_cluster_size: Option<Located<u32>>,
    }
}

record! {
    /// Fixed shares for callers of one place.
    pub struct Distribute("Distribute") {
        /// `region/zone/*` of the caller.
        "from" => from: Option<Located<String>>,
        /// Shares in percent.
        "to" => to: Map<Located<u32>>,
    }
}

record! {
    /// Where to go when a region fails.
    pub struct Failover("Failover") {
        /// Region of the caller.
        "from" => from: Option<Located<String>>,
        /// Region to prefer.
        "to" => to: Option<Located<String>>,
    }
}

record! {
    /// Slow start.
    pub struct Warmup("WarmupConfiguration") {
        /// Length of the ramp.
        "duration" => duration: Option<Located<DurationText>>,
        /// Smallest weight in percent.
        "minimumPercent" => minimum_percent: Option<Located<f64>>,
        /// Exponent of the ramp.
        "aggression" => aggression: Option<Located<f64>>,
    }
}

record! {
    /// Connections and breakers.
    pub struct ConnectionPool("ConnectionPoolSettings") {
        /// Of connections.
        "tcp" => tcp: Option<TcpPool>,
        /// Of requests.
        "http" => http: Option<HttpPool>,
    }
}

record! {
    /// Limits of connections.
    pub struct TcpPool("TCPSettings") {
        /// Most connections.
        "maxConnections" => max_connections: Option<Located<i32>>,
        /// Time to connect.
        "connectTimeout" => connect_timeout: Option<Located<DurationText>>,
        /// Keepalive probes.
        "tcpKeepalive" => tcp_keepalive: Option<TcpKeepalive>,
        /// Longest life.
        "maxConnectionDuration" => max_connection_duration: Option<Located<DurationText>>,
        /// Longest idle time.
        "idleTimeout" => idle_timeout: Option<Located<DurationText>>,
    }
}

record! {
    /// Keepalive probes.
    pub struct TcpKeepalive("TcpKeepalive") {
        /// How many.
        "probes" => probes: Option<Located<u32>>,
        /// Idle time before the first.
        "time" => time: Option<Located<DurationText>>,
        /// Time between two.
        "interval" => interval: Option<Located<DurationText>>,
    }
}

words! {
    /// Whether HTTP/1 is upgraded.
    pub enum H2Upgrade("upgrade policy") {
        /// As the mesh says.
        "DEFAULT" => Default,
        /// No.
        "DO_NOT_UPGRADE" => DoNotUpgrade,
        /// Yes.
        "UPGRADE" => Upgrade,
    }
}

record! {
    /// Limits of requests.
    pub struct HttpPool("HTTPSettings") {
        /// Most requests waiting for a connection.
        "http1MaxPendingRequests" => http1_max_pending_requests: Option<Located<i32>>,
        /// Most requests under way.
        "http2MaxRequests" => http2_max_requests: Option<Located<i32>>,
        /// Requests per connection.
        "maxRequestsPerConnection" => max_requests_per_connection: Option<Located<i32>>,
        /// Most retries under way.
        "maxRetries" => max_retries: Option<Located<i32>>,
        /// Longest idle time.
        "idleTimeout" => idle_timeout: Option<Located<DurationText>>,
        /// Upgrade to HTTP/2.
        "h2UpgradePolicy" => h2_upgrade_policy: Option<Located<H2Upgrade>>,
        /// The client's protocol is kept.
        "useClientProtocol" => use_client_protocol: Option<Located<bool>>,
        /// Streams per connection.
        "maxConcurrentStreams" => max_concurrent_streams: Option<Located<i32>>,
        /// HTTP/2 pings.
        "http2KeepAlive" => http2_keep_alive: Option<Http2KeepAlive>,
    }
}

record! {
    /// HTTP/2 pings.
    pub struct Http2KeepAlive("ConnectionKeepalive") {
        /// Time between two.
        "interval" => interval: Option<Located<DurationText>>,
        /// Time to answer.
        "timeout" => timeout: Option<Located<DurationText>>,
    }
}

record! {
    /// Ejection of failing hosts.
    pub struct OutlierDetection("OutlierDetection") {
        /// Without effect; deprecated.
        "consecutiveErrors" => consecutive_errors: Option<Located<i32>>,
        /// Whether connection failures count apart.
        "splitExternalLocalOriginErrors" => split_external_local_origin_errors: bool,
        /// Consecutive connection failures.
        "consecutiveLocalOriginFailures" => consecutive_local_origin_failures: Option<Located<u32>>,
        /// Consecutive 502, 503, 504.
        "consecutiveGatewayErrors" => consecutive_gateway_errors: Option<Located<u32>>,
        /// Consecutive 5xx.
        "consecutive5xxErrors" => consecutive_5xx_errors: Option<Located<u32>>,
        /// Time between analyses.
        "interval" => interval: Option<Located<DurationText>>,
        /// Time of the first ejection.
        "baseEjectionTime" => base_ejection_time: Option<Located<DurationText>>,
        /// Most ejected hosts.
        "maxEjectionPercent" => max_ejection_percent: Option<Located<i32>>,
        /// Panic threshold.
        "minHealthPercent" => min_health_percent: Option<Located<i32>>,
        /// Statuses that count as failures.
        "outlierDetectionHttpErrorCodes" => http_error_codes: Vec<Located<u16>>,
    }
}

words! {
    /// TLS modes of a client.
    pub enum ClientTlsMode("TLS mode") {
        /// No TLS.
        "DISABLE" => Disable,
        /// Server certificate only.
        "SIMPLE" => Simple,
        /// Both certificates, from files.
        "MUTUAL" => Mutual,
        /// Both certificates, from Istio.
        "ISTIO_MUTUAL" => IstioMutual,
    }
}

record! {
    /// TLS to a service.
    pub struct ClientTls("ClientTLSSettings") {
        /// Mode.
        "mode" => mode: Option<Located<ClientTlsMode>>,
        /// Own certificate.
        "clientCertificate" => client_certificate: Option<Located<String>>,
        /// Own key.
        "privateKey" => private_key: Option<Located<String>>,
        /// Certificates that are trusted.
        "caCertificates" => ca_certificates: Option<Located<String>>,
        /// Secret that holds all of these.
        "credentialName" => credential_name: Option<Located<String>>,
        /// Names that the server may have.
        "subjectAltNames" => subject_alt_names: Vec<Located<String>>,
        /// Server name to ask for.
        "sni" => sni: Option<Located<String>>,
        /// Whether the server is not checked.
        "insecureSkipVerify" => insecure_skip_verify: Option<bool>,
        /// Revocation list.
        "caCrl" => ca_crl: Option<Located<String>>,
    }
}

record! {
    /// A tunnel.
    pub struct Tunnel("TunnelSettings") {
        /// CONNECT or POST.
        "protocol" => protocol: Option<Located<String>>,
        /// Host behind it.
        "targetHost" => target_host: Option<Located<String>>,
        /// Port behind it.
        "targetPort" => target_port: Option<Located<u32>>,
    }
}

words! {
    /// Versions of the PROXY protocol.
    pub enum ProxyProtocolVersion("PROXY protocol version") {
        /// Text.
        "V1" => V1,
        /// Binary.
        "V2" => V2,
    }
}

record! {
    /// PROXY protocol.
    pub struct ProxyProtocol("ProxyProtocol") {
        /// Version.
        "version" => version: Option<ProxyProtocolVersion>,
    }
}

record! {
    /// Retry budget.
    pub struct RetryBudget("RetryBudget") {
        /// Percentage of active requests.
        "percent" => percent: Option<Located<f64>>,
        /// Retries that are always allowed.
        "minRetryConcurrency" => min_retry_concurrency: Option<Located<u32>>,
        /// Time over which requests count.
        "budgetInterval" => budget_interval: Option<Located<DurationText>>,
    }
}

impl MatchLabels {
    /// Returns the labels as a plain map.
    #[must_use]
    pub fn labels(&self) -> BTreeMap<String, String> {
        plain(&self.match_labels)
    }
}

/// Returns labels as a plain map.
#[must_use]
pub fn plain(labels: &Map<Located<String>>) -> BTreeMap<String, String> {
    labels.iter().map(|(key, value)| (key.value.clone(), value.value.clone())).collect()
}
