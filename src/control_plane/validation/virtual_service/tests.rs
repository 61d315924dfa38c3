use super::super::testing::{check_rows, codes};

const RULES: &str = "http: [{route: [{destination: {host: shop}}]}]";

#[test]
fn hosts_and_gateways_fit_each_other() {
    check_rows(
        "VirtualService",
        "{§, http: [{route: [{destination: {host: shop}}]}]}",
        &[
            ("hosts: [1.2.3.4, '::1']", &[]),
            ("hosts: [shop.]", &[]),
            ("hosts: ['']", &["invalid-host"]),
            ("hosts: ['*'], gateways: [mesh]", &["any-host-in-mesh"]),
            ("hosts: ['*', shop], gateways: [front]", &["overlapping-hosts"]),
            ("hosts: [1.2.3.4, 1.2.3.4]", &["overlapping-hosts"]),
            ("hosts: [bad_host, shop, shop]", &["invalid-host"]),
            ("hosts: [outbound_.80_._.shop.example], gateways: [front]", &["invalid-host"]),
            ("hosts: [shop], gateways: [front.istio-system]", &["warning:legacy-gateway"]),
            ("hosts: [shop], gateways: [mesh, ./front]", &[]),
            ("hosts: [shop], gateways: [./front, mesh]", &["invalid-gateway"]),
            ("hosts: [shop], gateways: [a/b, c/d_]", &["invalid-gateway"]),
            ("hosts: [shop], gateways: [Front]", &[]),
            ("hosts: [shop], exportTo: ['*', other]", &["mixed-export"]),
            ("hosts: [shop], exportTo: [other, other]", &["duplicate-export"]),
            ("hosts: [shop], exportTo: [other, third]", &[]),
        ],
    );
}

#[test]
fn delegates_have_http_rules_alone() {
    for (spec, expected) in [
        ("http: [{route: [{destination: {host: shop}}]}]", vec![]),
        (
            "{gateways: [front], http: [{delegate: {name: x}}]}",
            vec!["delegate-part", "nested-delegate", "no-action"],
        ),
        ("tcp: [{route: [{destination: {host: shop}}]}]", vec!["delegate-part"]),
        (
            "tls: [{match: [{sniHosts: [a.b]}], route: [{destination: {host: shop}}]}]",
            vec!["delegate-part", "foreign-server-name"],
        ),
    ] {
        assert_eq!(codes("VirtualService", spec), expected, "{spec}");
    }
}

#[test]
fn claims_belong_to_gateways() {
    let spec = |gateways: &str, key: &str| {
        format!(
            "{{hosts: [shop], gateways: [{gateways}], http: [{{match: [{{withoutHeaders: {{'{key}': \
             {{exact: a}}}}}}], route: [{{destination: {{host: shop}}}}]}}]}}"
        )
    };
    for (gateways, key, expected) in [
        ("front", "@request.auth.claims.group", vec![]),
        ("'front, mesh'", "@request.auth.claims.group", vec!["invalid-gateway"]),
        ("front, mesh", "@request.auth.claims.group", vec!["claim-in-mesh"]),
        ("mesh", "@request.auth.claims[a][b]", vec!["claim-in-mesh"]),
        ("mesh", "@request.auth.claims", vec!["invalid-header-name"]),
    ] {
        assert_eq!(codes("VirtualService", &spec(gateways, key)), expected, "{gateways} {key}");
    }
}

#[test]
fn parts_of_a_rule_exclude_each_other() {
    check_rows(
        "VirtualService",
        "{hosts: [shop], http: [{§}]}",
        &[
            ("redirect: {uri: /x}, fault: {delay: {fixedDelay: 1s}}", &["exclusive-fields"]),
            ("redirect: {uri: /x}, directResponse: {status: 200}", &["exclusive-fields"]),
            (
                "directResponse: {status: 200}, fault: {abort: {httpStatus: 500}}",
                &["exclusive-fields"],
            ),
            ("delegate: {name: a}, redirect: {uri: /x}", &["exclusive-fields"]),
            ("delegate: {name: a}, route: []", &[]),
            ("delegate: {name: a}, mirror: {host: a}, mirrors: [{destination: {host: b}}]", &[]),
            ("timeout: 1s", &["no-action"]),
            ("mirror: {host: shop}", &["no-action"]),
        ],
    );
}

#[test]
fn conditions_are_looked_at_one_by_one() {
    check_rows(
        "VirtualService",
        "{hosts: [shop], http: [{match: [{§}], route: [{destination: {host: shop}}]}]}",
        &[
            ("uri: {exact: /a, prefix: /b}", &["exclusive-fields"]),
            ("uri: {regex: 'a**'}", &["invalid-regex"]),
            ("uri: {regex: '\\C'}", &["invalid-regex"]),
            ("uri: {}", &[]),
            ("method: {prefix: ''}", &["empty-match"]),
            ("scheme: {regex: ''}", &["empty-match"]),
            ("authority: {regex: '('}", &["invalid-regex"]),
            ("queryParams: {q: {prefix: ''}}", &["empty-match"]),
            ("queryParams: {'': {exact: a}}", &[]),
            ("queryParams: {q: null}", &["missing-match"]),
            ("headers: {':path': {exact: a}}", &[]),
            ("headers: {':other': {exact: a}}", &["invalid-header-name"]),
            ("headers: {'a,b': {exact: a}}", &[]),
            ("withoutHeaders: {x: {regex: '*'}}", &[]),
            ("headers: {x: {regex: '*'}}", &["invalid-regex"]),
            ("withoutHeaders: {x: {prefix: ''}}", &["empty-match"]),
            ("withoutHeaders: {x: null}", &["missing-match"]),
            ("port: 0", &[]),
            ("sourceLabels: {app: a b}", &["invalid-label"]),
            ("sourceNamespace: ''", &[]),
            ("sourceNamespace: a.b", &["invalid-namespace"]),
            ("gateways: [a.b]", &[]),
            ("gateways: [a/b/c]", &["invalid-gateway"]),
        ],
    );
}

#[test]
fn actions_are_looked_at_one_by_one() {
    check_rows(
        "VirtualService",
        "{hosts: [shop], http: [{§}]}",
        &[
            ("redirect: {}", &["empty-redirect"]),
            ("redirect: {uri: ''}", &["empty-redirect"]),
            ("redirect: {derivePort: FROM_REQUEST_PORT}", &[]),
            ("redirect: {uri: /a, prefixRewrite: /b}", &["exclusive-fields"]),
            (
                "match: [{uri: {exact: /a}}], redirect: {prefixRewrite: /b}",
                &["prefix-rewrite-without-prefix"],
            ),
            (
                "match: [{uri: {}}], redirect: {prefixRewrite: /b}",
                &["prefix-rewrite-without-prefix"],
            ),
            ("match: [{port: 80}, {uri: {prefix: /a}}], redirect: {prefixRewrite: /b}", &[]),
            ("redirect: {scheme: ftp}", &["invalid-scheme"]),
            ("redirect: {port: 70000}", &["invalid-port"]),
            ("redirect: {uri: /a, redirectCode: 0}", &[]),
            ("redirect: {uri: /a, redirectCode: 399}", &[]),
            ("redirect: {uri: /a, redirectCode: 400}", &["invalid-status"]),
            ("directResponse: {status: 601}", &["invalid-status"]),
            ("directResponse: {status: 200, body: {bytes: YQ}}", &["invalid-base64"]),
            ("directResponse: {status: 200, body: {bytes: ''}}", &["invalid-base64"]),
            ("directResponse: {status: 200, body: {bytes: YWI=}}", &[]),
        ],
    );
    for (length, expected) in
        [(102_400, ""), (102_401, "warning:large-body"), (1_048_577, "large-body")]
    {
        let body = "x".repeat(length);
        let spec = format!(
            "{{hosts: [a], http: [{{directResponse: {{status: 200, body: {{string: {body}}}}}}}]}}"
        );
        assert_eq!(codes("VirtualService", &spec).concat(), expected, "{length}");
    }
}

#[test]
fn policies_are_looked_at_one_by_one() {
    check_rows(
        "VirtualService",
        "{hosts: [shop], http: [{route: [{destination: {host: shop}}], §}]}",
        &[
            ("rewrite: {}", &["empty-rewrite"]),
            ("rewrite: {uriRegexRewrite: {match: a}}", &["missing-field"]),
            ("rewrite: {uriRegexRewrite: {match: a, rewrite: ''}}", &["missing-field"]),
            (
                "rewrite: {authority: a}, headers: {request: {set: {Host: b}}}",
                &["several-authorities"],
            ),
            (
                "headers: {request: {set: {host: b}, add: {':authority': c}}}",
                &["several-authorities"],
            ),
            ("headers: {response: {remove: [':status']}}", &["pseudo-header"]),
            ("headers: {request: {add: {'': a}}}", &["invalid-header-name"]),
            ("headers: {request: {add: {x: '%REQ(a'}}}", &["invalid-header-value"]),
            ("timeout: soon", &["invalid-duration"]),
            ("timeout: 1.5ms", &["duration-too-fine"]),
            ("timeout: 1h30m", &[]),
            ("retries: {attempts: -1}", &["negative-number"]),
            ("retries: {}", &[]),
            ("retries: {attempts: 0, retryOn: 5xx}", &["retries-without-attempts"]),
            ("retries: {retryRemoteLocalities: false}", &["retries-without-attempts"]),
            ("retries: {attempts: 0, backoff: 1s}", &[]),
            ("retries: {attempts: 1, retryOn: '5xx,503,418'}", &[]),
            ("retries: {attempts: 1, retryOn: '5xx, reset'}", &["unknown-retry-condition"]),
            ("retries: {attempts: 1, retryOn: '306'}", &["unknown-retry-condition"]),
            ("retries: {attempts: 1, retryOn: '5xx,'}", &["unknown-retry-condition"]),
        ],
    );
}

#[test]
fn faults_mirrors_and_origins_are_looked_at_one_by_one() {
    check_rows(
        "VirtualService",
        "{hosts: [shop], http: [{route: [{destination: {host: shop}}], §}]}",
        &[
            ("fault: {}", &["empty-fault"]),
            ("fault: {abort: {}}", &[]),
            ("fault: {delay: {}}", &[]),
            ("fault: {abort: {httpStatus: 199}}", &["invalid-status"]),
            ("fault: {abort: {httpStatus: 600}}", &[]),
            ("fault: {abort: {grpcStatus: unavailable}}", &["invalid-status"]),
            ("fault: {abort: {http2Error: x}}", &["unsupported-field"]),
            ("fault: {delay: {exponentialDelay: 1s}}", &["unsupported-field"]),
            (
                "fault: {delay: {fixedDelay: 1s, exponentialDelay: 1s}}",
                &["exclusive-fields", "unsupported-field"],
            ),
            (
                "fault: {delay: {fixedDelay: 1s, percentage: {value: 0.00005}}}",
                &["invalid-percentage"],
            ),
            ("fault: {delay: {fixedDelay: 1s, percentage: {value: 0.0001}}}", &[]),
            ("mirror: {host: a}, mirrorPercent: 10", &["warning:deprecated-field"]),
            ("mirror_percent: 101", &["invalid-percentage", "warning:deprecated-field"]),
            ("mirrorPercentage: {value: -1}", &["invalid-percentage"]),
            ("mirrors: [{percentage: {value: 5}}]", &["missing-field"]),
            (
                "mirrors: [{destination: {host: a}, percentage: {value: 101}}]",
                &["invalid-percentage"],
            ),
            ("corsPolicy: {allowOrigins: [{}]}", &["empty-match"]),
            ("corsPolicy: {allowOrigins: [{prefix: ''}]}", &["empty-match"]),
            ("corsPolicy: {allowHeaders: ['a b']}", &["invalid-header-name"]),
            ("corsPolicy: {exposeHeaders: ['*']}", &[]),
            ("corsPolicy: {maxAge: 0s}", &["duration-too-short"]),
        ],
    );
}

#[test]
fn destinations_are_asm_destinations() {
    check_rows(
        "VirtualService",
        "{hosts: [shop], http: [{route: [{§}]}]}",
        &[
            ("destination: {host: shop, subset: $userdefinelabel1}", &[]),
            ("destination: {host: shop, subset: $}", &["invalid-subset-name"]),
            ("destination: {host: shop, subset: ''}", &[]),
            ("destination: {host: '*.shop'}", &[]),
            ("destination: {host: shop}, fallback: {target: {host: shop, subset: v1}}", &[]),
            ("destination: {host: shop}, fallback: {case: noinstances, target: {host: shop}}", &[]),
            (
                "destination: {host: shop}, fallback: {case: never, target: {host: shop}}",
                &["unknown-word"],
            ),
            ("destination: {host: shop}, fallback: {target: {host: '*'}}", &["any-destination"]),
            (
                "destination: {host: shop}, fallback: {target: {host: a, subset: v_1}}",
                &["invalid-subset-name"],
            ),
            ("destination: {host: shop}, fallback: {}", &["warning:fallback-without-target"]),
            ("weight: 5", &["missing-field"]),
            ("destination: {host: a}, weight: -1", &["negative-weight"]),
            (
                "destination: {host: a}, weight: -1}, {destination: {host: b}, weight: 1",
                &["negative-weight", "no-weight"],
            ),
        ],
    );
}

#[test]
fn connections_have_routes_and_server_names() {
    check_rows(
        "VirtualService",
        "{hosts: [shop.example, '*.cart'], §}",
        &[
            ("tls: [{route: [{destination: {host: a}}]}]", &["missing-field"]),
            (
                "tls: [{match: [{sniHosts: []}], route: [{destination: {host: a}}]}]",
                &["missing-field"],
            ),
            ("tls: [{match: [{sniHosts: [a.cart]}], route: [{destination: {host: a}}]}]", &[]),
            ("tls: [{match: [{sniHosts: ['*.a.cart']}], route: [{destination: {host: a}}]}]", &[]),
            (
                "tls: [{match: [{sniHosts: [1.2.3.4]}], route: [{destination: {host: a}}]}]",
                &["warning:address-as-server-name"],
            ),
            (
                "tls: [{match: [{sniHosts: [a_b.cart]}], route: [{destination: {host: a}}]}]",
                &["invalid-host"],
            ),
            (
                "tls: [{match: [{sniHosts: [a.cart], gateways: [a.b]}], route: [{destination: {host: a}}]}]",
                &["warning:legacy-gateway"],
            ),
            (
                "tls: [{match: [{sniHosts: [a.cart], destinationSubnets: [x]}], route: [{destination: {host: a}}]}]",
                &["invalid-address"],
            ),
            (
                "tcp: [{match: [{port: 70000}], route: [{destination: {host: a}}]}]",
                &["invalid-port"],
            ),
            (
                "tcp: [{match: [{gateways: [a.b], sourceSubnet: x}], route: [{destination: {host: a}}]}]",
                &[],
            ),
            (
                "tcp: [{match: [{sourceLabels: {'a b': c}}], route: [{destination: {host: a}}]}]",
                &["invalid-label"],
            ),
            (
                "tcp: [{route: [{destination: {host: a}}, {destination: {host: b}}]}]",
                &["no-weight"],
            ),
        ],
    );
}

#[test]
fn rules_that_are_never_reached_warn() {
    check_rows(
        "VirtualService",
        "{hosts: [shop], http: [§]}",
        &[
            (
                "{route: [{destination: {host: a}}]}, {route: [{destination: {host: b}}]}",
                &["warning:unreachable-rule"],
            ),
            (
                "{route: [{destination: {host: a}}]}, {match: [{port: 80}], route: [{destination: {host: b}}]}",
                &["warning:unreachable-rule"],
            ),
            (
                "{match: [{port: 80, name: a}, {port: 80, name: b}], route: [{destination: {host: a}}]}",
                &["warning:ineffective-match"],
            ),
            (
                "{match: [{port: 80}], route: [{destination: {host: a}}]}, \
                 {match: [{port: 80}], route: [{destination: {host: b}}]}",
                &["warning:ineffective-match", "warning:unreachable-rule"],
            ),
            (
                "{match: [{uri: {prefix: /a}}], route: [{destination: {host: a}}]}, \
                 {match: [{uri: {prefix: /ab}}], route: [{destination: {host: b}}]}",
                &["warning:ineffective-match"],
            ),
            (
                "{match: [{uri: {prefix: /a}, method: {exact: POST}}], route: [{destination: {host: a}}]}, \
                 {match: [{uri: {prefix: /ab}}], route: [{destination: {host: b}}]}",
                &[],
            ),
            (
                "{match: [{uri: {prefix: /a}}], route: [{destination: {host: a}}]}, \
                 {match: [{uri: {exact: /ab}}], route: [{destination: {host: b}}]}",
                &[],
            ),
            (
                "{match: [{port: 80, headers: {}}], route: [{destination: {host: a}}]}, \
                 {match: [{port: 80, uri: {}}], route: [{destination: {host: b}}]}",
                &[],
            ),
        ],
    );
    assert_eq!(codes("VirtualService", &format!("hosts: [shop]\n{RULES}")), [""; 0]);
}
