use super::read;

/// Every text is refused with what is expected.
fn refused(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let loaded = read(&format!("{text}\n"), &[], &[]);
        let problems = loaded.problems.render(&loaded.sources);
        assert!(problems.contains(expected), "{text}\nexpected {expected}\n{problems}");
        assert!(loaded.scenario.is_none(), "{text}");
    }
}

#[test]
fn wrong_values_are_reported_with_their_place() {
    refused(&[
        ("duration: 0s", "s.yaml:7:11: error[out-of-range] a run takes some time"),
        (
            "duration: 5s\nwarmUp: 5s",
            "s.yaml:8:9: error[out-of-range] the warm-up of 5s leaves nothing",
        ),
        ("interval: 10ns", "s.yaml:7:11: error[out-of-range] an interval of 10ns is too short"),
        ("replications: 0", "s.yaml:7:15: error[out-of-range] 0 is not between 1 and"),
        ("rate: 5", "s.yaml:7:7: error[wrong-type] expected a rate such as 200/s"),
        ("rate: 5/d", "error[invalid-rate] `5/d` is no rate"),
        (
            "apps: {mockd: {workers: 1}}",
            "s.yaml:7:8: error[unknown-app] there is no service or workload `mockd`",
        ),
        (
            "apps: {mockb: {workers: 0}}",
            "s.yaml:7:25: error[out-of-range] an app needs at least one worker",
        ),
        (
            "apps: {mockb: {errors: 101%}}",
            "s.yaml:7:24: error[out-of-range] 101% is more than 100%",
        ),
        (
            "apps: {mockb: {service: {lognormal: {mean: 5ms, p99: 80ms}}}}",
            "s.yaml:7:54: error[invalid-distribution] no lognormal distribution has the mean 5ms and the p99 80ms",
        ),
        (
            "apps: {mockb: {service: {lognormal: {mean: 5ms, p99: 5ms}}}}",
            "no lognormal distribution has the mean",
        ),
        (
            "apps: {mockb: {service: {lognormal: {mean: 5ms}}}}",
            "error[missing-field] a lognormal distribution states either",
        ),
        (
            "apps: {mockb: {service: {exponential: 0s}}}",
            "error[out-of-range] a mean of 0s is not between",
        ),
        (
            "apps: {mockb: {service: {gamma: {mean: 5ms, cv: 9}}}}",
            "error[out-of-range] a coefficient of variation of 9",
        ),
        (
            "apps: {mockb: {service: {percentiles: {p50: 4ms, p40: 5ms}}}}",
            "error[invalid-distribution] p40 does not rise",
        ),
        (
            "apps: {mockb: {service: {percentiles: no.csv}}}",
            "error[missing-file] cannot read `no.csv`",
        ),
        (
            "apps: {mockb: {service: {constant: 1ms, exponential: 1ms}}}",
            "error[invalid-distribution] a distribution has exactly one kind",
        ),
    ]);
}

#[test]
fn events_and_edges_that_mean_nothing_are_refused() {
    refused(&[
        (
            "network: {mocka-mockb: 1ms}",
            "s.yaml:7:11: error[invalid-edge] `mocka-mockb` is no edge",
        ),
        (
            "network: {mocka>mockz: 1ms}",
            "error[unknown-app] there is no service, client or gateway `mockz`",
        ),
        (
            "timeline: [{scale: {mockb-v2: 0}}]",
            "s.yaml:7:12: error[missing-field] this event does not say when",
        ),
        ("timeline: [{at: 1s}]", "error[missing-field] nothing happens here"),
        (
            "timeline: [{at: 1s, scale: {mockx: 0}}]",
            "s.yaml:7:29: error[unknown-workload] there is no workload `mockx`",
        ),
        ("timeline: [{at: 1s, slow: {mockb: fast}}]", "error[invalid-factor] `fast` is no factor"),
        ("timeline: [{at: 1s, rate: {c: 1/s}}]", "error[unknown-class] there is no class `c`"),
        ("timeline: [{at: 1s, users: {a: 5}}]", "error[contradiction] the class `a` has no users"),
        ("timeline: [{at: 1s, mesh: no.yaml}]", "error[missing-file]"),
        (
            "envoy: {version: 2.1}",
            "s.yaml:7:18: error[invalid-version] `2.1` is no release of Envoy",
        ),
        ("envoy: {concurrency: 0}", "error[out-of-range] 0 is not between 1 and 128"),
    ]);
}

#[test]
fn a_class_has_one_way_to_arrive() {
    for (change, expected) in [
        ("{ramp: {from: 1/s, to: 2/s}}", "error[missing-field] a ramp states from, to and over"),
        (
            "{steps: [{at: 2s, rate: 1/s}, {at: 2s, rate: 2/s}]}",
            "2s is not after the time before it",
        ),
        ("{constant: 1/s, poisson: 1/s}", "error[invalid-arrivals] arrivals have exactly one kind"),
        ("{burst: {size: 1, every: 0s}}", "bursts need some time between them"),
        ("{table: bad.csv}", "bad.csv:2:1: error[invalid-table] `x, 1` is no time with a rate"),
        (
            "{table: wide.csv}",
            "wide.csv:1:1: error[invalid-table] a row has 2 cells, this one has 3",
        ),
    ] {
        let change = format!("traffic.a.arrivals={change}");
        let more = [("bad.csv", "0,1\nx,1\n"), ("wide.csv", "0,1,2\n")];
        let loaded = read("", &more, &[&change]);
        let problems = loaded.problems.render(&loaded.sources);
        assert!(problems.contains(expected), "{change}\nexpected {expected}\n{problems}");
    }
    let both = read("", &[], &["traffic.a.rate=1/s", "traffic.a.arrivals={constant: 1/s}"]);
    assert!(
        both.problems
            .render(&both.sources)
            .contains("error[contradiction] `arrivals` already says")
    );
}

#[test]
fn a_queue_that_nobody_waits_in_is_worth_a_word() {
    let said = |text: &str| {
        let loaded = read(&format!("{text}\n"), &[], &[]);
        assert!(loaded.scenario.is_some(), "{text}");
        loaded.problems.render(&loaded.sources)
    };
    let alone = said("apps: {mockb: {queue: 5}}");
    let expected = "s.yaml:7:23: warning[unused-queue] no request ever waits in `mockb`";
    assert!(alone.contains(expected), "{alone}");
    for text in ["{mockb: {queue: 5, workers: 2}}", "{mockb: {queue: 5}, mockb@v2: {workers: 2}}"] {
        let problems = said(&format!("apps: {text}"));
        assert!(!problems.contains("unused-queue"), "{problems}");
    }
}
