//! A request as a proxy sees it, and what the connection manager does to it before routing.

use std::net::IpAddr;

use super::headers::HeaderMap;
use super::path::{self, PathNormalization};
use super::referer;

/// A request inside a proxy: what routes look at and change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Request {
    /// `:method`, case kept.
    pub method: String,
    /// `:scheme`, `http` or `https`.
    pub scheme: String,
    /// `:authority`, the Host header as sent, with its port.
    pub authority: String,
    /// `:path` with the query.
    pub path: String,
    /// All other headers.
    pub headers: HeaderMap,
    /// Claims of a validated token as (`a.b`, value); empty without a token.
    pub claims: Vec<(String, String)>,
}

/// On which side of the mesh a proxy receives a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// The outbound side of a sidecar, or a waypoint.
    Inside,
    /// A gateway; `tls` tells whether it ended TLS.
    Gateway {
        /// Whether the connection was encrypted.
        tls: bool,
    },
}

/// A request that is answered before any route is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EarlyReply {
    /// 400: the path is not acceptable.
    BadPath,
    /// 404 with flag NR: `X-Forwarded-Proto` is there and empty.
    EmptyForwardedProto,
}

/// Control headers of Envoy's own that a client cannot set: none of its requests is internal.
const ENVOY_CONTROLS: [&str; 16] = [
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-force-trace",
    "x-envoy-hedge-on-per-try-timeout",
    "x-envoy-internal",
    "x-envoy-ip-tags",
    "x-envoy-max-retries",
    "x-envoy-original-url",
    "x-envoy-retriable-header-names",
    "x-envoy-retriable-status-codes",
    "x-envoy-retry-grpc-on",
    "x-envoy-retry-on",
    "x-envoy-upstream-alt-stat-name",
    "x-envoy-upstream-rq-per-try-timeout-ms",
    "x-envoy-upstream-rq-timeout-alt-response",
    "x-envoy-upstream-rq-timeout-ms",
    "x-envoy-upstream-stream-duration-ms",
];

/// What other proxies tell each other, which a client at a gateway cannot set.
const ENVOY_NOTES: [&str; 5] = [
    "x-envoy-decorator-operation",
    "x-envoy-downstream-service-cluster",
    "x-envoy-downstream-service-node",
    "x-envoy-original-host",
    "x-envoy-original-path",
];

/// Stands for a value that differs from request to request, such as a trace id; has the form of a UUID.
pub const UNIQUE: &str = "00000000-0000-4000-8000-000000000000";

/// The address that stands for the client at a gateway.
const CLIENT_ADDRESS: &str = "203.0.113.1";

// === impl Request ===

impl Request {
    /// Builds a GET request for a host and a path without headers.
    pub fn get(authority: impl Into<String>, path: impl Into<String>) -> Self {
        Self {
            method: "GET".to_owned(),
            scheme: "http".to_owned(),
            authority: authority.into(),
            path: path.into(),
            headers: HeaderMap::new(),
            claims: Vec::new(),
        }
    }

    /// Returns the path without its query.
    #[must_use]
    pub fn path_only(&self) -> &str {
        path::split_query(&self.path).0
    }

    /// Returns the request as the router of a proxy sees it: path normalised, headers that the
    /// proxy strips gone and those that it adds there, scheme decided.
    ///
    /// # Errors
    /// An answer that the proxy gives before it looks at any route.
    pub fn received(&self, edge: Edge, option: PathNormalization) -> Result<Self, EarlyReply> {
        let mut request = self.clone();
        // `OPTIONS *` asks the proxy itself; no table has a route for it.
        if !(self.method == "OPTIONS" && self.path.starts_with('*')) {
            request.path = path::normalise(&self.path, option).map_err(|_| EarlyReply::BadPath)?;
        }
        request.strip_hop_headers();
        match edge {
            Edge::Gateway { tls } => {
                // An edge proxy believes the connection, not the client.
                if tls { "https" } else { "http" }.clone_into(&mut request.scheme);
                request.headers.set("x-forwarded-proto", request.scheme.clone());
                request.headers.append_joined("x-forwarded-for", CLIENT_ADDRESS.to_owned());
                request.headers.set("x-envoy-external-address", CLIENT_ADDRESS);
                request.headers.remove_if(|name, _| ENVOY_NOTES.contains(&name));
                // A request gets its id where it enters the mesh, whatever the client sent.
                request.headers.remove("x-request-id");
            }
            Edge::Inside => request.take_forwarded_proto()?,
        }
        // An empty id is none.
        if request.headers.first("x-request-id").is_none_or(str::is_empty) {
            request.headers.set("x-request-id", UNIQUE);
        }
        Ok(request)
    }

    /// Returns the client's address as a proxy takes it from a connection with `peer`: inside the mesh the
    /// last one of `X-Forwarded-For` counts instead, if it is one (E-58).
    #[must_use]
    pub fn client<'r>(&'r self, edge: Edge, peer: &'r str) -> &'r str {
        let last = self.headers.first("x-forwarded-for").and_then(|list| list.rsplit(',').next());
        let forwarded = last.map(str::trim).filter(|text| text.parse::<IpAddr>().is_ok());
        forwarded.filter(|_| edge == Edge::Inside).unwrap_or(peer)
    }

    /// Headers that end at this hop, and a `referer` that is no address.
    fn strip_hop_headers(&mut self) {
        if self.headers.first("referer").is_some_and(|value| !referer::is_kept(value)) {
            self.headers.remove("referer");
        }
        self.headers.remove_if(|name, _| match name {
            "connection"
            | "keep-alive"
            | "proxy-connection"
            | "transfer-encoding"
            | "upgrade"
            | "x-forwarded-client-cert" => true,
            _ => ENVOY_CONTROLS.contains(&name),
        });
        // Of what the client takes, only trailers concern the application.
        let takes = |value: &str| value.split(',').any(|token| token.trim() == "trailers");
        let mut kept = self.headers.contains("te").then_some("");
        for value in self.headers.values("te") {
            // Lines of this name are one; the empty one says nothing.
            kept = kept.filter(|_| value.is_empty());
        }
        if self.headers.values("te").any(takes) {
            kept = Some("trailers");
        }
        self.headers.remove("te");
        if let Some(kept) = kept {
            self.headers.append("te", kept);
        }
    }

    /// A sidecar takes the scheme from the client's `X-Forwarded-Proto` if it is one.
    fn take_forwarded_proto(&mut self) -> Result<(), EarlyReply> {
        let Some(sent) = self.headers.first("x-forwarded-proto") else {
            self.headers.append("x-forwarded-proto", self.scheme.clone());
            return Ok(());
        };
        if sent.is_empty() {
            return Err(EarlyReply::EmptyForwardedProto);
        }
        let lower = sent.to_ascii_lowercase();
        if lower == "http" || lower == "https" {
            self.scheme = lower;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(lines: &[(&str, &str)]) -> Request {
        let mut request = Request::get("shop", "/a/../b");
        request.headers = HeaderMap::decode(lines.iter().copied());
        request
    }

    #[test]
    fn of_what_the_client_takes_trailers_are_left() {
        for (sent, expected) in [
            (&["gzip", "trailers"][..], &["trailers"][..]),
            (&["gzip, trailers;q=1"], &[]),
            (&["gzip", ""], &[]),
            (&["", ""], &[""]),
            (&[], &[]),
        ] {
            let lines: Vec<_> = sent.iter().map(|value| ("te", *value)).collect();
            let seen = with(&lines).received(Edge::Inside, PathNormalization::Base).unwrap();
            assert_eq!(seen.headers.values("te").collect::<Vec<_>>(), expected, "{sent:?}");
        }
    }

    #[test]
    fn a_referer_that_is_no_address_is_dropped() {
        for (sent, expected) in [("http://a.test/x", true), ("http://me@a.test/x", false)] {
            let request = with(&[("Referer", sent)]);
            let seen = request.received(Edge::Inside, PathNormalization::Base).unwrap();
            assert_eq!(seen.headers.contains("referer"), expected, "{sent}");
        }
    }

    #[test]
    fn inside_the_mesh_the_client_is_who_was_last_forwarded_for() {
        for (edge, list, expected) in [
            (Edge::Inside, "192.0.2.7, 10.1.1.1", "10.1.1.1"),
            (Edge::Inside, "nonsense", "10.0.0.9"),
            (Edge::Gateway { tls: false }, "192.0.2.7", "10.0.0.9"),
        ] {
            let request = with(&[("x-forwarded-for", list)]);
            assert_eq!(request.client(edge, "10.0.0.9"), expected, "{edge:?} {list}");
        }
        assert_eq!(with(&[]).client(Edge::Inside, "10.0.0.9"), "10.0.0.9");
    }

    #[test]
    fn a_gateway_overwrites_what_the_client_says_of_the_scheme() {
        let request = with(&[("X-Forwarded-Proto", "https"), ("x-envoy-retry-on", "5xx")]);
        let seen = request.received(Edge::Gateway { tls: false }, PathNormalization::Base).unwrap();
        assert_eq!((seen.scheme.as_str(), seen.path.as_str()), ("http", "/b"));
        assert_eq!(seen.headers.first("x-forwarded-proto"), Some("http"));
        assert!(!seen.headers.contains("x-envoy-retry-on"));
        assert!(seen.headers.contains("x-request-id") && seen.headers.contains("x-forwarded-for"));
    }

    #[test]
    fn a_sidecar_believes_a_valid_forwarded_proto() {
        for (sent, scheme) in [("HTTPS", "https"), ("gopher", "http"), ("https,http", "http")] {
            let seen = with(&[("x-forwarded-proto", sent)])
                .received(Edge::Inside, PathNormalization::Base)
                .unwrap();
            assert_eq!(seen.scheme, scheme, "{sent}");
            assert_eq!(seen.headers.first("x-forwarded-proto"), Some(sent));
        }
        let empty = with(&[("x-forwarded-proto", "")]);
        let reply = empty.received(Edge::Inside, PathNormalization::Base);
        assert_eq!(reply, Err(EarlyReply::EmptyForwardedProto));
    }
}
