use super::super::testing::{check_rows, object};

#[test]
fn hosts_addresses_and_ports_fit_the_resolution() {
    check_rows(
        "ServiceEntry",
        "{ports: [{number: 80, name: http, protocol: HTTP}], §}",
        &[
            ("hosts: ['*']", &["any-host"]),
            ("hosts: ['*a.example']", &["warning:partial-wildcard"]),
            ("hosts: [a.b], addresses: [10.0.0.0/8], resolution: STATIC", &[]),
            ("hosts: [a.b], addresses: [10.0.0.0/8], resolution: DNS", &["subnet-with-dns"]),
            ("hosts: [a.b], endpoints: []", &["endpoints-without-resolution"]),
            (
                "hosts: [a.b], workloadSelector: {labels: {a: b}}",
                &["warning:selector-without-resolution"],
            ),
            ("hosts: [a.b], resolution: STATIC, workloadSelector: {}", &["warning:empty-selector"]),
            (
                "hosts: [a.b], resolution: STATIC, workloadSelector: {labels: {a: b}}, endpoints: []",
                &["exclusive-fields"],
            ),
            ("hosts: ['80'], resolution: DNS", &["invalid-host"]),
            ("hosts: ['*.b'], resolution: DNS, endpoints: [{address: a.b}]", &[]),
            (
                "hosts: [a.b], resolution: DNS_ROUND_ROBIN, endpoints: [{address: a.b}, {address: c.d}]",
                &["several-endpoints"],
            ),
            ("hosts: [a.b], resolution: DNS, endpoints: [{address: a_b}]", &["invalid-address"]),
            ("hosts: [a.b], resolution: DNS, endpoints: [{network: a}]", &["missing-field"]),
            (
                "hosts: [a.b], resolution: STATIC, endpoints: [{network: a}]",
                &["warning:no-address"],
            ),
            ("hosts: [a.b], resolution: STATIC, endpoints: [{address: 'unix:///a'}]", &[]),
            (
                "hosts: [a.b], resolution: STATIC, endpoints: [{address: 1.2.3.4, ports: {http: 0}}]",
                &["invalid-port"],
            ),
            (
                "hosts: [a.b], resolution: STATIC, endpoints: [{address: 1.2.3.4, labels: {a: b-}}]",
                &["invalid-label"],
            ),
            ("hosts: [a.b], exportTo: ['~']", &[]),
            ("hosts: [a.b], exportTo: ['~', other]", &["mixed-export"]),
        ],
    );
}

#[test]
fn tcp_ports_need_addresses() {
    check_rows(
        "ServiceEntry",
        "{hosts: [a.b§}",
        &[
            ("], ports: [{number: 80, name: a, protocol: TCP}]", &["warning:no-address"]),
            ("], ports: [{number: 80, name: a}]", &["warning:no-address"]),
            ("], ports: [{number: 80, name: a, protocol: tcp}]", &[]),
            ("], ports: [{number: 80, name: a, protocol: TCP}], addresses: [1.2.3.4]", &[]),
            ("], ports: [{number: 80, name: a, protocol: TCP}], resolution: STATIC", &[]),
            (
                ", c.d], ports: [{number: 80, name: a, protocol: TCP}], resolution: STATIC",
                &["several-hosts-without-names"],
            ),
            (", c.d], ports: [{number: 80, name: a, protocol: TLS}], resolution: STATIC", &[]),
            (
                ", c.d], addresses: [1.2.3.4], ports: [{number: 80, name: a, protocol: HTTPS}], resolution: DNS",
                &["warning:several-hosts-at-address"],
            ),
            (
                "], ports: [{number: 80, name: a}, {number: 80, name: b}], resolution: DNS",
                &["duplicate-port"],
            ),
            ("], ports: [{number: 80, name: a_b}], resolution: DNS", &["invalid-port-name"]),
            (
                "], ports: [{number: 80, name: a, targetPort: 0}], resolution: DNS",
                &["invalid-port"],
            ),
            ("], ports: [{name: a}], resolution: DNS", &["missing-field"]),
            (
                "], ports: [{number: 80, name: a, protocol: SMTP}], resolution: DNS",
                &["unknown-protocol"],
            ),
        ],
    );
}

#[test]
fn dynamic_dns_looks_up_names_below_a_wildcard() {
    check_rows(
        "ServiceEntry",
        "{resolution: DYNAMIC_DNS, §}",
        &[
            ("hosts: ['*.b'], ports: [{number: 80, name: a, protocol: HTTP}]", &[]),
            (
                "hosts: [a.b], ports: [{number: 80, name: a, protocol: HTTP}]",
                &["name-with-dynamic-dns"],
            ),
            (
                "hosts: ['*.b'], ports: [{number: 80, name: a, protocol: HTTPS}]",
                &["protocol-with-dynamic-dns"],
            ),
            (
                "hosts: ['*.b'], ports: [{number: 80, name: a, protocol: HTTP_PROXY}]",
                &["protocol-with-dynamic-dns"],
            ),
            ("hosts: ['*.b'], addresses: [1.2.3.4]", &["exclusive-fields"]),
            ("hosts: ['*.b'], endpoints: [{address: 1.2.3.4}]", &["exclusive-fields"]),
            ("hosts: ['*.b'], endpoints: []", &[]),
        ],
    );
}

#[test]
fn labels_of_the_entry_change_the_verdict() {
    let text = |labels: &str, spec: &str| {
        format!(
            "{{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {{name: x, labels: \
             {{{labels}}}}}, spec: {{{spec}}}}}"
        )
    };
    let tcp = "hosts: [a.b], resolution: DNS, ports: [{number: 80, name: a, protocol: TCP}]";
    let inside = "hosts: ['*.b'], resolution: DYNAMIC_DNS, location: MESH_INTERNAL";
    for (labels, spec, expected) in [
        ("networking.istio.io/enable-autoallocate-ip: 'False'", tcp, "warning:no-address"),
        ("networking.istio.io/enable-autoallocate-ip: 'true'", tcp, ""),
        ("istio.io/use-waypoint: w", inside, "exclusive-fields"),
        ("istio.io/use-waypoint: None", inside, ""),
    ] {
        assert_eq!(object(&text(labels, spec)).concat(), expected, "{labels}");
    }
}
