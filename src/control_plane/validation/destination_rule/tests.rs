use super::super::testing::check_rows;

#[test]
fn policies_say_something() {
    check_rows(
        "DestinationRule",
        "{host: shop, trafficPolicy: {§}}",
        &[
            ("", &["empty-policy"]),
            ("portLevelSettings: []", &["empty-policy"]),
            ("portLevelSettings: [{port: {number: 80}}]", &["empty-policy"]),
            ("connectionPool: {}", &["empty-policy"]),
            ("retryBudget: {}", &[]),
            ("retryBudget: {percent: 101}", &["invalid-percentage"]),
            ("retryBudget: {budgetInterval: soon}", &["invalid-duration"]),
            (
                "tunnel: {targetHost: a.b, targetPort: 80}, proxyProtocol: {version: V1}",
                &["exclusive-fields"],
            ),
            ("tunnel: {targetHost: a.b, targetPort: 80, protocol: GET}", &["unknown-word"]),
            ("tunnel: {targetHost: 1.2.3.4, targetPort: 0}", &["invalid-port"]),
            ("tunnel: {}", &["missing-field"]),
        ],
    );
}

#[test]
fn balancers_have_one_kind_and_one_key() {
    check_rows(
        "DestinationRule",
        "{host: shop, trafficPolicy: {loadBalancer: {§}}}",
        &[
            ("consistentHash: {}", &[]),
            ("consistentHash: {useSourceIp: false, httpHeaderName: a}", &["exclusive-fields"]),
            (
                "consistentHash: {useSourceIp: true, ringHash: {}, maglev: {tableSize: 7}}",
                &["exclusive-fields"],
            ),
            (
                "consistentHash: {useSourceIp: true, minimumRingSize: 5}",
                &["warning:deprecated-field"],
            ),
            (
                "consistentHash: {minimumRingSize: 5, ringHash: {}}",
                &["exclusive-fields", "warning:deprecated-field"],
            ),
            ("consistentHash: {maglev: {}}", &["missing-field"]),
            ("consistentHash: {maglev: {tableSize: 65536}}", &["invalid-maglev-size"]),
            ("consistentHash: {maglev: {tableSize: 65537}}", &[]),
            ("consistentHash: {httpCookie: {name: ''}}", &["empty-name"]),
            ("consistentHash: {httpCookie: {name: a, ttl: soon}}", &["invalid-duration"]),
            ("consistentHash: {httpCookie: {name: a, ttl: -1s}}", &[]),
            (
                "consistentHash: {httpCookie: {name: a, attributes: [{name: b}, {name: b}]}}",
                &["duplicate-attribute"],
            ),
            (
                "consistentHash: {httpCookie: {name: a, attributes: [{value: b}]}}",
                &["missing-field"],
            ),
            ("simple: RANDOM, warmupDurationSecs: 0s", &["duration-too-short"]),
            ("simple: RANDOM, warmupDurationSecs: 1.0005s", &[]),
            ("simple: RANDOM, warmup: {}", &["missing-field"]),
            ("simple: RANDOM, warmup: {duration: 1s, aggression: 0}", &["invalid-aggression"]),
            (
                "simple: RANDOM, warmup: {duration: 1s, minimumPercent: 101}",
                &["invalid-percentage"],
            ),
            ("localityLbSetting: {}, zoneAwareLbSetting: {}", &["exclusive-fields"]),
        ],
    );
}

#[test]
fn places_share_without_overlap() {
    check_rows(
        "DestinationRule",
        "{host: shop, trafficPolicy: {outlierDetection: {}, loadBalancer: {localityLbSetting: {§}}}}",
        &[
            ("distribute: [{from: a, to: {b: 100}}]", &[]),
            ("distribute: [{from: a, to: {b: 60, c: 30}}]", &["shares-not-100"]),
            ("distribute: [{from: a, to: {b: 0, c: 100}}]", &["invalid-percentage"]),
            ("distribute: [{from: a}]", &["shares-not-100"]),
            ("distribute: [{to: {b: 100}}]", &["missing-field"]),
            ("distribute: [{from: a//b, to: {b: 100}}]", &["invalid-locality"]),
            ("distribute: [{from: '*/a', to: {b: 100}}]", &["invalid-locality"]),
            (
                "distribute: [{from: a, to: {b: 100}}, {from: a/b, to: {b: 100}}]",
                &["overlapping-localities"],
            ),
            ("distribute: [{from: a/b, to: {b: 100}}, {from: 'a/*', to: {b: 100}}]", &[]),
            ("failover: [{from: a, to: b}]", &[]),
            (
                "failover: [{from: a, to: b}], failoverPriority: [topology.kubernetes.io/zone]",
                &["topology-priority"],
            ),
            ("failoverPriority: [topology.kubernetes.io/zone]", &[]),
            ("failover: [{from: '*', to: b}]", &["invalid-locality"]),
            ("failover: [{}]", &["same-region"]),
        ],
    );
    check_rows(
        "DestinationRule",
        "{host: shop, trafficPolicy: {loadBalancer: {zoneAwareLbSetting: {§}}}}",
        &[
            (
                "failoverPriority: [topology.istio.io/subzone]",
                &["topology-priority", "warning:failover-without-outlier-detection"],
            ),
            ("minClusterSize: 0", &["out-of-range"]),
            ("failover: [{from: a, to: b}]", &["warning:failover-without-outlier-detection"]),
        ],
    );
}

#[test]
fn pools_and_outlier_detection_have_sane_numbers() {
    check_rows(
        "DestinationRule",
        "{host: shop, trafficPolicy: {§}}",
        &[
            ("connectionPool: {http: {}}", &[]),
            ("connectionPool: {http: {http1MaxPendingRequests: -1}}", &["negative-number"]),
            (
                "connectionPool: {http: {useClientProtocol: true, h2UpgradePolicy: UPGRADE}}",
                &["exclusive-fields"],
            ),
            ("connectionPool: {http: {http2KeepAlive: {interval: 1s}}}", &["missing-field"]),
            ("connectionPool: {tcp: {idleTimeout: 0s}}", &[]),
            ("connectionPool: {tcp: {idleTimeout: 1.5ms}}", &["duration-too-fine"]),
            ("connectionPool: {http: {idleTimeout: 0s}}", &["duration-too-short"]),
            ("connectionPool: {tcp: {tcpKeepalive: {time: 0s}}}", &["duration-too-short"]),
            (
                "outlierDetection: {consecutiveLocalOriginFailures: 1}",
                &["local-origin-without-split"],
            ),
            ("outlierDetection: {consecutiveLocalOriginFailures: 0}", &[]),
            ("outlierDetection: {outlierDetectionHttpErrorCodes: [99]}", &["invalid-status"]),
            ("outlierDetection: {minHealthPercent: -1}", &["invalid-percentage"]),
        ],
    );
}

#[test]
fn tls_has_one_source_of_certificates() {
    check_rows(
        "DestinationRule",
        "{host: shop, trafficPolicy: {tls: {§}}}",
        &[
            ("mode: SIMPLE", &[]),
            ("mode: SIMPLE, credentialName: a, caCertificates: b", &["exclusive-fields"]),
            ("mode: DISABLE, credentialName: a, caCertificates: b", &[]),
            ("mode: MUTUAL, credentialName: a", &[]),
            ("mode: MUTUAL, clientCertificate: a", &["missing-certificate"]),
            ("mode: SIMPLE, insecureSkipVerify: true, subjectAltNames: [a]", &["exclusive-fields"]),
            ("mode: SIMPLE, insecureSkipVerify: true, credentialName: a", &["exclusive-fields"]),
            ("mode: MUTUAL, insecureSkipVerify: true, credentialName: a", &[]),
            ("credentialName: 'configmap://default/a'", &[]),
            ("credentialName: 'configmap://other/a'", &["invalid-credential"]),
            ("credentialName: 'configmap://a'", &["invalid-credential"]),
        ],
    );
}

#[test]
fn warnings_below_subsets_and_ports_are_lost() {
    check_rows(
        "DestinationRule",
        "{host: shop, §}",
        &[
            (
                "subsets: [{name: a, trafficPolicy: {outlierDetection: {consecutiveErrors: 5}}}]",
                &[],
            ),
            (
                "subsets: [{name: a, trafficPolicy: {outlierDetection: {interval: 0s}}}]",
                &["duration-too-short"],
            ),
            (
                "trafficPolicy: {portLevelSettings: [{port: {number: 1}, \
                 outlierDetection: {consecutiveErrors: 5}}]}",
                &[],
            ),
            ("subsets: [{labels: {a: b}}]", &["missing-field"]),
            ("subsets: [{name: ''}]", &["invalid-subset-name"]),
        ],
    );
}

#[test]
fn rules_for_selected_clients_stay_at_home() {
    check_rows(
        "DestinationRule",
        "{host: shop, workloadSelector: {matchLabels: {§",
        &[
            ("app: a}}, exportTo: [.]}", &[]),
            ("app: a}}, exportTo: [default]}", &[]),
            ("app: a}}, exportTo: [other]}", &["selecting-rule-export"]),
            ("app: a}}, exportTo: [., other]}", &["selecting-rule-export"]),
            ("'*': a}}}", &["invalid-selector"]),
            ("'': a}}}", &["invalid-selector"]),
            ("a: 'x*'}}}", &["invalid-selector"]),
            (
                "a: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}}}",
                &["too-long"],
            ),
        ],
    );
}
