//! Lanes beside objects that were loaded: what ASM has generated already, and what users write themselves.

use super::*;
use permissive::permissive;

const PODS: [(&str, &str); 3] = [("mocka", "v1 v2"), ("mockb", "v1 v3"), ("mockc", "v1 v2")];

fn rules(name: &str, meta: &str, spec: &str) -> String {
    format!(
        "---\n{{apiVersion: networking.istio.io/v1, kind: VirtualService,\n\
         \x20metadata: {{name: {name}, namespace: istio-system{meta}}},\n\x20spec: {{{spec}}}}}\n"
    )
}

/// Half of `env: dev` to each of s2 and s3, the rest to s1; the lane is put into `header`.
fn by_environment(header: &str) -> String {
    let to = |lane: &str, fallback: &str| {
        format!(
            "{{destination: {{host: mocka.default.svc.cluster.local, subset: {lane}}}, weight: 50, \
             headers: {{request: {{set: {{{header}: {lane}}}}}}}{fallback}}}"
        )
    };
    let fallback = ", fallback: {target: {host: mocka.default.svc.cluster.local, subset: s1}}";
    format!(
        "http: [{{match: [{{headers: {{env: {{exact: dev}}}}}}], route: [{}, {}]}}, {{route: [{}]}}]",
        to("s2", ""),
        to("s3", fallback),
        to("s1", "")
    )
}

/// The lanes without rules of their own at the edge.
fn lanes(trace_header: &str, route_header: &str) -> String {
    permissive::lanes(trace_header, route_header, |_| String::new())
}

const BASELINE: [&str; 1] = ["1 mocka@v1>mockb@v1>mockc@v1"];
const HALVES: [&str; 2] = ["1/2 mocka@v1*>mockb@v3>mockc@v1*", "1/2 mocka@v2>mockb@v1*>mockc@v2"];

#[test]
fn rules_of_ones_own_at_the_gateway_choose_the_lane() {
    let entry = "gateways: [istio-system/ingressgateway], hosts: ['*'], ".to_owned()
        + &by_environment("x-asm-prefer-tag");
    let world = World::clean(
        &(chain_of(&PODS)
            + &lanes("my-trace-id", "x-asm-prefer-tag")
            + &rules("swimlane-ingress-vs-custom", "", &entry)),
    );
    let client = Caller::outside(&["my-trace-id"]);
    for tag in ["s1", "s2", "s3"] {
        let headers = [("x-asm-prefer-tag", tag), ("my-trace-id", "77")];
        world.expect(&client, "shop/any", &headers, &BASELINE);
        let headers = [headers[0], headers[1], ("env", "dev")];
        world.expect(&client, "shop/any", &headers, &HALVES);
    }
    world.expect(&client, "shop/any", &[("my-trace-id", "77")], &BASELINE);
}

#[test]
fn rules_of_ones_own_in_the_mesh_count_before_those_of_the_lanes() {
    let spec = "hosts: [mocka.default.svc.cluster.local], ".to_owned()
        + &by_environment("x-asm-prefer-tag");
    // Whatever their names: what is generated here has no age.
    for name in ["swimlane-ingress-vs-custom", "zzz-custom"] {
        let world = World::load(
            &(chain_of(&PODS)
                + &lanes("my-trace-id", "x-asm-prefer-tag")
                + &rules(name, "", &spec)),
        );
        let warning = format!(
            "warning[lane-rules-shadowed] VirtualService istio-system/{name} takes mocka away from the \
             rules of lane group `test`"
        );
        assert!(world.messages.contains(&warning), "{}", world.messages);
        let sleep = Caller::inside("sleep", &["my-trace-id"]);
        for trace_id in ["s1", "s2", "s3"] {
            let headers = [("my-trace-id", trace_id)];
            world.expect(&sleep, "mocka:8000/", &headers, &BASELINE);
            let headers = [headers[0], ("env", "dev")];
            world.expect(&sleep, "mocka:8000/", &headers, &HALVES);
        }
    }
}

#[test]
fn the_header_that_is_set_must_be_the_one_that_lanes_route_by() {
    let world = |header: &str| {
        let spec =
            "hosts: [mocka.default.svc.cluster.local], ".to_owned() + &by_environment(header);
        let lanes = lanes("my-trace-id", "my-trace-id");
        World::load(&(chain_of(&PODS) + &lanes + &rules("custom", "", &spec)))
    };
    let sleep = Caller::inside("sleep", &["my-trace-id"]);
    let fitting = world("my-trace-id");
    for tag in ["s1", "s2"] {
        let headers = [("my-trace-id", tag), ("env", "dev")];
        fitting.expect(&sleep, "mocka:8000/", &headers, &HALVES);
        fitting.expect(&sleep, "mocka:8000/", &headers[..1], &BASELINE);
    }
    let other = world("x-asm-prefer-tag");
    let from_s1 = [("my-trace-id", "s1")];
    other.expect(&sleep, "mocka:8000/", &from_s1, &BASELINE);
    // asm-lanes 5, I-6: the entry goes by `env`, the rest by the client's own header.
    other.expect(
        &sleep,
        "mocka:8000/",
        &[("my-trace-id", "s3"), ("env", "dev")],
        &["1/2 mocka@v1*>mockb@v3>mockc@v1*", "1/2 mocka@v2>mockb@v3>mockc@v1*"],
    );
}

#[test]
fn rules_for_some_callers_leave_the_others_to_the_lanes() {
    let spec = "hosts: [mockc.default.svc.cluster.local], http: [{match: [{sourceLabels: {app: sleep}}], \
                route: [{destination: {host: mockc.default.svc.cluster.local, subset: s1}}]}]";
    let load = |name: &str| {
        World::load(
            &(chain_of(&PODS) + &lanes("my-trace-id", "x-asm-prefer-tag") + &rules(name, "", spec)),
        )
    };
    let world = load("a-custom");
    let tag = [("x-asm-prefer-tag", "s2")];
    world.expect(&Caller::inside("sleep", &[]), "mockc:8000/", &tag, &["1 mockc@v1"]);
    world.expect(&Caller::inside("other", &[]), "mockc:8000/", &tag, &["1 mockc@v2"]);
    let world = load("zzz-custom");
    let warning = "VirtualService istio-system/zzz-custom stands behind the rules of lane group `test` \
                   for mockc";
    assert!(world.messages.contains(warning), "{}", world.messages);
    world.expect(&Caller::inside("sleep", &[]), "mockc:8000/", &tag, &["1 mockc@v2"]);
}

#[test]
fn what_asm_has_generated_is_used_as_it_is() {
    let labels = ", labels: {asm-system: 'true', provider: asm, swimlane-group: test}";
    let to = |name: &str, subset: &str| {
        format!(
            "hosts: [{name}.default.svc.cluster.local], http: [{{route: [{{destination: \
             {{host: {name}.default.svc.cluster.local, subset: {subset}}}}}]}}]"
        )
    };
    let subsets = format!(
        "---\n{{apiVersion: networking.istio.io/v1, kind: DestinationRule,\n\
         \x20metadata: {{name: theirs, namespace: istio-system{labels}}},\n\
         \x20spec: {{host: mockb.default.svc.cluster.local, subsets: [{{name: s1, labels: {{version: v3}}}}]}}}}\n"
    );
    let label = format!(
        "---\n{{apiVersion: istio.alibabacloud.com/v1beta1, kind: TrafficLabel,\n\
         \x20metadata: {{name: asm-swimlane-test-mocka, namespace: default{labels}}},\n\
         \x20spec: {{workloadSelector: {{labels: {{app: mocka}}}}, rules: [{{labels: [{{name: asm-label, \
         valueFrom: ['$getExternalInboundRequestHeader(x-asm-prefer-tag, my-trace-id)']}}]}}]}}}}\n"
    );
    let entry = "gateways: [istio-system/ingressgateway], ".to_owned()
        + &to("mocka", "s2").replace("mocka.default.svc.cluster.local],", "'*'],");
    let world = World::clean(
        &(chain_of(&PODS)
            + &permissive("my-trace-id", "x-asm-prefer-tag")
            + &rules("their-mockb", labels, &to("mockb", "s1"))
            + &rules("their-entry", labels, &entry)
            + &subsets
            + &label),
    );
    let names = |metas: Vec<&crate::config::object::Meta>| -> Vec<String> {
        metas.into_iter().map(|meta| meta.name.clone()).collect()
    };
    let resources = &world.resources;
    assert_eq!(
        names(resources.virtual_services.iter().map(|object| &object.meta).collect()),
        [
            "their-mockb",
            "their-entry",
            "trafficlabel-vs-test-default-mocka",
            "trafficlabel-vs-test-default-mockc"
        ]
    );
    assert_eq!(
        names(resources.destination_rules.iter().map(|object| &object.meta).collect()),
        ["theirs", "trafficlabel-dr-test-default-mocka", "trafficlabel-dr-test-default-mockc"]
    );
    assert_eq!(
        names(resources.traffic_labels.iter().map(|object| &object.meta).collect()),
        ["asm-swimlane-test-mocka", "asm-swimlane-test-mockb", "asm-swimlane-test-mockc"]
    );
    let client = Caller::outside(&["my-trace-id"]);
    let headers = [("x-asm-prefer-tag", "s1"), ("my-trace-id", "77")];
    world.expect(&client, "shop/", &headers, &["1 mocka@v2>mockb@v3>mockc@v1"]);
}

#[test]
fn a_second_expansion_adds_nothing() {
    use super::super::{Untagged, expand};
    let mut world =
        World::clean(&(chain_of(&PODS) + &permissive("my-trace-id", "x-asm-prefer-tag")));
    let before = world.resources.len();
    let config = crate::control_plane::MeshConfig::default();
    let mut problems = crate::diagnostic::Diagnostics::new();
    let groups = expand(&mut world.resources, &config, Untagged::Reject, &mut problems);
    assert_eq!((world.resources.len(), problems.is_empty()), (before, true));
    assert_eq!(groups, world.groups);
}

#[test]
fn loaded_rules_of_the_lanes_count_by_age() {
    let labels = ", labels: {provider: asm, swimlane-group: test}, \
                  creationTimestamp: '2024-01-01T00:00:00Z'";
    let to = |subset: &str| {
        format!(
            "hosts: [mockc.default.svc.cluster.local], http: [{{route: [{{destination: \
             {{host: mockc.default.svc.cluster.local, subset: {subset}}}}}]}}]"
        )
    };
    let world = World::load(
        &(chain_of(&PODS)
            + &lanes("my-trace-id", "x-asm-prefer-tag")
            + &rules("theirs", labels, &to("s2"))
            + &rules("a-custom", "", &to("s1"))),
    );
    let warning =
        "VirtualService istio-system/a-custom stands behind the rules of lane group `test`";
    assert!(world.messages.contains(warning), "{}", world.messages);
    world.expect(&Caller::inside("sleep", &[]), "mockc:8000/", &[], &["1 mockc@v2"]);
}
