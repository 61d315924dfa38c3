use super::super::testing::{check_rows, object};

#[test]
fn servers_have_ports_and_hosts() {
    check_rows(
        "Gateway",
        "{servers: [{§}]}",
        &[
            ("hosts: ['*']", &["missing-field"]),
            ("port: {number: 80, name: a, protocol: SMTP}, hosts: ['*']", &["unknown-protocol"]),
            ("port: {number: 80, name: a, protocol: ''}, hosts: ['*']", &["unknown-protocol"]),
            ("port: {number: 80, name: '', protocol: HTTP}, hosts: ['*']", &["empty-name"]),
            ("port: {number: 80, name: a_b, protocol: HTTP}, hosts: ['*']", &[]),
            (
                "port: {number: 80, name: a, protocol: HTTP, targetPort: 8080}, hosts: ['*']",
                &["target-port"],
            ),
            ("port: {number: 80, name: a, protocol: HTTP, targetPort: 0}, hosts: ['*']", &[]),
            (
                "port: {number: 80, name: a, protocol: HTTP}, hosts: ['*'], bind: a",
                &["invalid-address"],
            ),
            ("port: {number: 0, name: a, protocol: HTTP}, hosts: ['*'], bind: 'unix:///a'", &[]),
            (
                "port: {number: 80, name: a, protocol: HTTP}, hosts: ['*'], bind: 'unix:///a'",
                &["port-of-socket"],
            ),
            (
                "port: {number: 0, name: a, protocol: HTTP}, hosts: ['*'], bind: 'unix://a'",
                &["invalid-socket"],
            ),
            ("port: {number: 80, name: a, protocol: HTTP}, hosts: []", &["missing-field"]),
            ("port: {number: 80, name: a, protocol: HTTP}, hosts: [1.2.3.4]", &[]),
            ("port: {number: 80, name: a, protocol: HTTP}, hosts: ['*a.b']", &["partial-wildcard"]),
            (
                "port: {number: 80, name: a, protocol: HTTP}, hosts: ['~/a.b']",
                &["invalid-scoped-host"],
            ),
            (
                "port: {number: 80, name: a, protocol: HTTP}, hosts: ['/a.b']",
                &["invalid-scoped-host"],
            ),
            (
                "port: {number: 80, name: a, protocol: HTTP}, hosts: ['a/']",
                &["invalid-host", "invalid-scoped-host"],
            ),
        ],
    );
}

#[test]
fn tls_belongs_to_tls_ports() {
    check_rows(
        "Gateway",
        "{servers: [{port: {number: 80, name: a, protocol: §}]}",
        &[
            ("HTTP}, hosts: ['*'], tls: {httpsRedirect: true}", &[]),
            ("HTTP}, hosts: ['*'], tls: {}", &[]),
            (
                "HTTP}, hosts: ['*'], tls: {caCertificates: a}",
                &["tls-without-tls-port", "warning:unused-certificate"],
            ),
            ("TCP}, hosts: ['*'], tls: {mode: PASSTHROUGH}", &["tls-without-tls-port"]),
            ("TLS}, hosts: ['*'], tls: {}", &[]),
            ("TLS}, hosts: ['*'], tls: {httpsRedirect: true}", &["warning:redirect-without-http"]),
        ],
    );
}

#[test]
fn certificates_come_from_one_source() {
    check_rows(
        "Gateway",
        "{servers: [{port: {number: 443, name: a, protocol: HTTPS}, hosts: ['*'], tls: {§}}]}",
        &[
            ("mode: SIMPLE, credentialName: a", &[]),
            ("mode: SIMPLE, serverCertificate: a, privateKey: b", &[]),
            ("mode: SIMPLE, serverCertificate: a", &["missing-certificate"]),
            (
                "mode: SIMPLE, serverCertificate: a, privateKey: b, credentialName: c",
                &["exclusive-fields"],
            ),
            ("mode: SIMPLE, serverCertificate: a, credentialName: c", &[]),
            ("mode: MUTUAL, serverCertificate: a, privateKey: b", &["missing-certificate"]),
            ("mode: MUTUAL, credentialNames: [a, b]", &[]),
            ("mode: MUTUAL, credentialNames: [a, b, c]", &["too-many"]),
            ("mode: MUTUAL, credentialNames: []", &["missing-certificate", "too-many"]),
            ("mode: SIMPLE, credentialName: a, credentialNames: [b]", &["exclusive-fields"]),
            ("mode: SIMPLE, tlsCertificates: [{serverCertificate: a}]", &["missing-certificate"]),
            (
                "mode: SIMPLE, tlsCertificates: [{serverCertificate: a, privateKey: b}], caCrl: c",
                &["exclusive-fields"],
            ),
            ("mode: ISTIO_MUTUAL, credentialName: a", &["exclusive-fields"]),
            ("mode: PASSTHROUGH, credentialName: a", &["warning:unused-certificate"]),
            (
                "mode: PASSTHROUGH, credentialName: a, caCrl: b",
                &["exclusive-fields", "warning:unused-certificate"],
            ),
            (
                "mode: SIMPLE, credentialName: a, minProtocolVersion: TLSV1_0",
                &["warning:old-tls-without-ciphers"],
            ),
            ("mode: SIMPLE, credentialName: a, cipherSuites: [ALL, '-x', AES128-SHA]", &[]),
            ("mode: SIMPLE, credentialName: a, cipherSuites: [NOPE]", &["warning:unknown-cipher"]),
            (
                "mode: SIMPLE, credentialName: a, cipherSuites: [ALL, ALL]",
                &["warning:duplicate-cipher"],
            ),
        ],
    );
}

#[test]
fn a_gateway_has_no_dot_in_its_name() {
    let text = "{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a.b}, spec: {servers: \
                [{port: {number: 80, name: a, protocol: HTTP}, hosts: ['*']}]}}";
    assert_eq!(object(text), ["invalid-name"]);
}
