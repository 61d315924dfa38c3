//! What a port speaks, read from its name.

/// What istiod takes a port for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1
    Http,
    /// HTTP/2
    Http2,
    /// gRPC
    Grpc,
    /// gRPC-Web
    GrpcWeb,
    /// TLS that is not looked into
    Https,
    /// TLS, routed by server name
    Tls,
    /// TCP, also for mongo, redis and mysql
    Tcp,
    /// UDP
    Udp,
    /// Not said: found out connection by connection
    Detected,
}

// === impl Protocol ===

impl Protocol {
    /// Reads a protocol name, letter case ignored; an unknown one is auto-detected.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "http" | "http_proxy" | "kubernetes.io/ws" => Self::Http,
            "http2" | "kubernetes.io/h2c" => Self::Http2,
            "grpc" => Self::Grpc,
            "grpc-web" => Self::GrpcWeb,
            "https" | "kubernetes.io/wss" => Self::Https,
            "tls" => Self::Tls,
            "tcp" | "mongo" | "redis" | "mysql" => Self::Tcp,
            "udp" => Self::Udp,
            _ => Self::Detected,
        }
    }

    /// Reads the protocol of a Kubernetes Service port.
    #[must_use]
    pub fn of_port(number: u32, name: &str, transport: &str, app_protocol: Option<&str>) -> Self {
        if transport == "UDP" {
            return Self::Udp;
        }
        let name = app_protocol.unwrap_or(name);
        let lower = name.to_ascii_lowercase();
        let word = if lower.starts_with("grpc-web") {
            "grpc-web"
        } else {
            lower.split('-').next().unwrap_or_default()
        };
        match Self::parse(word) {
            // Ports on which the server speaks first would hang detection.
            Self::Detected if matches!(number, 25 | 53 | 3306 | 27017) => Self::Tcp,
            protocol => protocol,
        }
    }

    /// Tells whether HTTP rules apply to the port for certain.
    #[must_use]
    pub const fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::Http2 | Self::Grpc | Self::GrpcWeb)
    }

    /// Tells whether HTTP rules apply to HTTP traffic on the port.
    #[must_use]
    pub const fn is_http_or_detected(self) -> bool {
        self.is_http() || matches!(self, Self::Detected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_part_of_the_port_name_is_the_protocol() {
        for (number, name, app, expected) in [
            (80, "http", None, Protocol::Http),
            (80, "HTTP-web", None, Protocol::Http),
            (80, "grpc-web-ui", None, Protocol::GrpcWeb),
            (80, "grpc-ui", None, Protocol::Grpc),
            (80, "web", None, Protocol::Detected),
            (80, "", None, Protocol::Detected),
            (3306, "db", None, Protocol::Tcp),
            (3306, "http-db", None, Protocol::Http),
            (80, "http", Some("tcp"), Protocol::Tcp),
            (80, "x", Some("kubernetes.io/h2c"), Protocol::Http2),
            (80, "https", None, Protocol::Https),
            (80, "redis-cache", None, Protocol::Tcp),
        ] {
            assert_eq!(Protocol::of_port(number, name, "TCP", app), expected, "{name}");
        }
        assert_eq!(Protocol::of_port(53, "http", "UDP", None), Protocol::Udp);
    }
}
