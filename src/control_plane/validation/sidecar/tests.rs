use super::super::testing::check_rows;

#[test]
fn listeners_for_what_comes_in_have_ports() {
    check_rows(
        "Sidecar",
        "{ingress: [{§}]}",
        &[
            ("port: {number: 80, protocol: HTTP}, defaultEndpoint: ':8080'", &[]),
            ("defaultEndpoint: ':8080'", &["missing-field"]),
            ("port: {number: 0, protocol: HTTP}", &["invalid-port"]),
            ("port: {protocol: HTTP}", &["missing-field"]),
            ("port: {number: 80, protocol: HTTP, targetPort: 8080}", &["target-port"]),
            ("port: {number: 80, name: a_b}", &["invalid-port-name"]),
            ("port: {number: 80}, bind: 'unix:///a'", &["invalid-address"]),
            ("port: {number: 80}, defaultEndpoint: '1.2.3.4:80'", &["invalid-endpoint"]),
            ("port: {number: 80}, defaultEndpoint: '[::1]:80'", &[]),
            ("port: {number: 80}, defaultEndpoint: '127.0.0.1'", &["invalid-endpoint"]),
            ("port: {number: 80}, defaultEndpoint: '127.0.0.1:0'", &["invalid-port"]),
            ("port: {number: 80}, defaultEndpoint: 'unix://@a'", &[]),
            ("port: {number: 80}}, {port: {number: 80}", &["duplicate-port"]),
            (
                "port: {number: 80, protocol: TCP}, connectionPool: {http: {}}",
                &["warning:http-pool-without-http"],
            ),
            (
                "port: {number: 80, protocol: HTTP}, tls: {mode: SIMPLE, serverCertificate: a, privateKey: b}",
                &["tls-without-tls-port"],
            ),
            (
                "port: {number: 80, protocol: TLS}, tls: {mode: SIMPLE, serverCertificate: a, privateKey: b}",
                &[],
            ),
            (
                "port: {number: 80, protocol: TLS}, tls: {mode: SIMPLE, credentialName: a}",
                &["unsupported-field"],
            ),
            (
                "port: {number: 80, protocol: TLS}, tls: {mode: ISTIO_MUTUAL}",
                &["unsupported-tls-mode"],
            ),
            (
                "port: {number: 80, protocol: TLS}, tls: {httpsRedirect: true}",
                &["unsupported-field"],
            ),
        ],
    );
}

#[test]
fn listeners_for_what_goes_out_have_hosts() {
    check_rows(
        "Sidecar",
        "{egress: [{§}]}",
        &[
            ("hosts: []", &["missing-field"]),
            ("hosts: [shop/x]", &["short-host"]),
            ("hosts: ['~/shop.example', '~other/*']", &[]),
            ("hosts: ['~bad_/a.b']", &["invalid-scoped-host"]),
            ("hosts: [other/1.2.3.4]", &["invalid-host"]),
            ("hosts: ['./*', default/a.b]", &["warning:duplicate-egress-host"]),
            ("hosts: [./a.b, './*']", &["warning:duplicate-egress-host"]),
            ("hosts: ['*/*', other/a.b]", &["warning:redundant-egress-hosts"]),
            (
                "port: {number: 80}, hosts: ['*/*']}, {port: {number: 80}, hosts: ['*/*']",
                &["duplicate-port"],
            ),
            ("port: {}, hosts: ['*/*']", &["port-of-socket"]),
            (
                "port: {number: 0}, bind: 'unix:///a', captureMode: IPTABLES, hosts: ['*/*']",
                &["capture-at-socket"],
            ),
            (
                "port: {number: 0}, bind: 'unix:///a', hosts: ['*/*']}, \
                 {port: {number: 0}, bind: 'unix:///a', hosts: ['*/*']",
                &["duplicate-socket"],
            ),
            ("port: {number: 70000}, hosts: ['*/*']", &["invalid-port"]),
        ],
    );
}

#[test]
fn other_parts_of_a_sidecar() {
    check_rows(
        "Sidecar",
        "{§}",
        &[
            ("inboundConnectionPool: {}", &["empty-policy"]),
            ("inboundConnectionPool: {tcp: {maxConnections: 1}}", &[]),
            ("outboundTrafficPolicy: {}", &[]),
            (
                "outboundTrafficPolicy: {egressProxy: {host: a.b, port: {number: 80}}}",
                &["egress-proxy-without-any"],
            ),
            (
                "outboundTrafficPolicy: {mode: ALLOW_ANY, egressProxy: {host: a.b}}",
                &["missing-field"],
            ),
            (
                "outboundTrafficPolicy: {mode: ALLOW_ANY, egressProxy: {host: '*.b', port: {number: 80}}}",
                &["invalid-host"],
            ),
            (
                "outboundTrafficPolicy: {mode: ALLOW_ANY, egressProxy: {host: a.b, port: {number: 80}}}",
                &[],
            ),
            (
                "workloadSelector: {labels: {'': b}}, outboundTrafficPolicy: {}",
                &["invalid-selector"],
            ),
            (
                "workloadSelector: {labels: {a: 'b*'}}, outboundTrafficPolicy: {}",
                &["invalid-selector"],
            ),
        ],
    );
}
