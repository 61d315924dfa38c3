//! What sidecars remember, restore and label.

use std::collections::BTreeMap;

use super::super::{Memory, WorkloadTags};
use super::permissive::permissive;
use super::*;
use crate::data_plane::{HeaderMap, Request};

const PODS: [(&str, &str); 3] = [("mocka", "v1 v2"), ("mockb", "v1 v2"), ("mockc", "v1 v2")];

/// A `TrafficLabel` of the whole namespace with one label `tag`.
fn label(version: &str, sources: &[&str]) -> String {
    let sources: Vec<String> = sources.iter().map(|source| format!("'{source}'")).collect();
    format!(
        "---\n{{apiVersion: istio.alibabacloud.com/{version}, kind: TrafficLabel, metadata: {{name: l}},\n\
         \x20spec: {{rules: [{{labels: [{{name: Tag, valueFrom: [{}]}}]}}]}}}}\n",
        sources.join(", ")
    )
}

fn pod(version: &str) -> BTreeMap<String, String> {
    [("app", "mocka"), ("version", version), ("ASM_TRAFFIC_TAG", version)]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

fn with(headers: &[(&str, &str)]) -> Request {
    let mut request = Request::get("mockb:8000", "/");
    request.headers = HeaderMap::decode(headers.iter().copied());
    request
}

/// The headers of a call that follows a request.
fn call(
    tags: &WorkloadTags,
    inbound: &[(&str, &str)],
    outbound: &[(&str, &str)],
) -> Vec<(String, String)> {
    let mut memory = Memory::default();
    tags.on_inbound(&mut memory, &mut with(inbound));
    let mut request = with(outbound);
    tags.on_outbound(&memory, &mut request);
    request.headers.lines().to_vec()
}

fn pairs(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_label_takes_the_first_source_that_yields_a_value() {
    let id = ("x-request-id", "1");
    for (version, sources, inbound, outbound, expected) in [
        ("v1", &["$getLabel(version)"][..], &[][..], &[][..], Some("v2")),
        ("v1", &["$getLabel(none)", "$getLabel(version)"], &[], &[], Some("v2")),
        ("v1beta1", &["$localLabel"], &[], &[], Some("v2")),
        ("v1beta1", &["$(localLabel)"], &[], &[], Some("v2")),
        ("v1", &["$getLocalOutboundRequestHeader(X-A)"], &[], &[("x-a", "1")], Some("1")),
        ("v1", &["$getLocalOutboundRequestHeader(x-a)"], &[("x-a", "1")], &[], None),
        ("v1", &["$getInboundRequestHeader(x-a)"], &[id, ("x-a", "1")], &[id], Some("1")),
        ("v1", &["$getInboundRequestHeader(x-a)"], &[id, ("x-a", "1")], &[], None),
        (
            "v1",
            &["$getInboundRequestHeader(x-a)"],
            &[id, ("x-a", "1")],
            &[("x-request-id", "2")],
            None,
        ),
        (
            "v1",
            &["$getExternalInboundRequestHeader(my-trace-id, x-a)"],
            &[("my-trace-id", "7"), ("x-a", "1")],
            &[("my-trace-id", "7")],
            Some("1"),
        ),
        (
            "v1",
            &["$getExternalInboundRequestHeader( x-a , my-trace-id )"],
            &[("my-trace-id", "7"), ("x-a", "1")],
            &[("my-trace-id", "7")],
            Some("1"),
        ),
        ("v1", &["$getInboundRequestHeader(x-a)", "$getLabel(version)"], &[id], &[id], Some("v2")),
        ("v1beta1", &["$getHeader(x-a)", "$localLabel"], &[], &[("x-a", "1")], Some("1")),
        // What came in as the label, or as what the label is made from.
        ("v1beta1", &["$getContext(x-request-id)"], &[id, ("tag", "1")], &[id], Some("1")),
        (
            "v1beta1",
            &["$getHeader(x-a)", "$getContext(x-request-id)", "$localLabel"],
            &[id, ("x-a", "1")],
            &[id],
            Some("1"),
        ),
        ("v1beta1", &["$getContext(x-request-id)", "$localLabel"], &[id], &[id], Some("v2")),
    ] {
        let world = World::clean(&label(version, sources));
        let tags = world.tags.for_workload("default", &pod("v2"));
        let set = call(&tags, inbound, outbound);
        let found = set.iter().find(|(name, _)| name == "tag").map(|(_, value)| value.as_str());
        assert_eq!(found, expected, "{sources:?} {inbound:?} {outbound:?}");
    }
}

#[test]
fn what_the_application_sets_itself_stays_unless_the_label_overwrites() {
    let text = label("v1", &["$getLabel(version)"]);
    for (text, expected) in
        [(text.clone(), "own"), (text.replace("{name: Tag,", "{name: Tag, overwrite: true,"), "v2")]
    {
        let world = World::clean(&text);
        let tags = world.tags.for_workload("default", &pod("v2"));
        assert_eq!(call(&tags, &[], &[("tag", "own")]), pairs(&[("tag", expected)]));
    }
}

#[test]
fn labels_reach_the_workloads_that_they_select() {
    let selected = label("v1", &["$getLabel(version)"])
        .replace("rules:", "workloadSelector: {labels: {app: mocka}}, rules:");
    let world = World::clean(&selected);
    let other = BTreeMap::from([("app".to_owned(), "mockb".to_owned())]);
    assert!(!world.tags.for_workload("default", &pod("v1")).is_empty());
    assert!(world.tags.for_workload("prod", &pod("v1")).is_empty());
    assert!(world.tags.for_workload("default", &other).is_empty());
}

#[test]
fn lanes_restore_the_routing_header_and_label_beside_it() {
    let lanes = chain_of(&[]) + &permissive("my-trace-id", "x-asm-prefer-tag");
    let loaded = |source: &str| {
        format!(
            "---\n{{apiVersion: istio.alibabacloud.com/v1beta1, kind: TrafficLabel,\n\
             \x20metadata: {{name: mine, labels: {{asm-system: 'true', swimlane-group: test}}}},\n\
             \x20spec: {{workloadSelector: {{labels: {{app: mocka}}}}, rules: [{{labels: \
             [{{name: asm-label, valueFrom: ['{source}']}}]}}]}}}}\n"
        )
    };
    // Generated here, or loaded in either order of arguments: the same, and once.
    let expected = World::clean(&lanes).tags.for_workload("default", &pod("v2"));
    for source in [
        "$getExternalInboundRequestHeader(x-asm-prefer-tag, my-trace-id)",
        "$getExternalInboundRequestHeader(my-trace-id, x-asm-prefer-tag)",
    ] {
        let world = World::clean(&(lanes.clone() + &loaded(source)));
        assert_eq!(world.resources.traffic_labels.len(), 3);
        assert_eq!(world.tags.for_workload("default", &pod("v2")), expected, "{source}");
    }
    let inbound = [("my-trace-id", "7"), ("x-asm-prefer-tag", "s2")];
    let restored = [("my-trace-id", "7"), ("x-asm-prefer-tag", "s2"), ("asm-label", "s2")];
    assert_eq!(call(&expected, &inbound, &[("my-trace-id", "7")]), pairs(&restored));
    // Another trace, or none; and a lane that the application chose itself.
    assert_eq!(call(&expected, &inbound, &[("my-trace-id", "8")]), pairs(&[("my-trace-id", "8")]));
    assert_eq!(call(&expected, &inbound, &[]), pairs(&[]));
    let own = [("my-trace-id", "7"), ("x-asm-prefer-tag", "s3")];
    let kept = [own[0], own[1], ("asm-label", "s2")];
    assert_eq!(call(&expected, &inbound, &own), pairs(&kept));
}

#[test]
fn a_label_of_ones_own_does_not_restore_the_header_that_it_is_made_from() {
    let text = label("v1", &["$getExternalInboundRequestHeader(my-trace-id, x-lane)"]);
    let tags = World::clean(&text).tags.for_workload("default", &pod("v2"));
    let inbound = [("my-trace-id", "7"), ("x-lane", "s2")];
    let expected = [("my-trace-id", "7"), ("tag", "s2")];
    assert_eq!(call(&tags, &inbound, &[("my-trace-id", "7")]), pairs(&expected));
}

#[test]
fn a_gateway_labels_the_request_that_passes_it() {
    let text =
        label("v1", &["$getExternalInboundRequestHeader(my-trace-id, x-lane)", "$getLabel(app)"])
            .replace("name: l}", "name: l, namespace: istio-system}");
    let gateway = BTreeMap::from([("app".to_owned(), "gateway".to_owned())]);
    let tags = World::clean(&text).tags.for_workload("istio-system", &gateway);
    for (headers, expected) in [(&[("x-lane", "s2")][..], "s2"), (&[], "gateway")] {
        let mut request = with(headers);
        tags.at_gateway(&mut request);
        assert_eq!(request.headers.first("tag"), Some(expected));
    }
}

#[test]
fn baggage_hands_the_routing_header_to_the_application_and_back() {
    let text = chain_of(&[]) + &permissive("baggage", "x-asm-prefer-tag");
    let tags = World::clean(&text).tags.for_workload("default", &pod("v2"));
    let mut request =
        with(&[("x-asm-prefer-tag", "s2"), ("baggage", "user=a,x-asm-prefer-tag=s3")]);
    tags.on_inbound(&mut Memory::default(), &mut request);
    assert_eq!(request.headers.first("baggage"), Some("user=a,x-asm-prefer-tag=s2"));
    let baggage = ("baggage", "user=a,x-asm-prefer-tag=s2");
    assert_eq!(call(&tags, &[], &[baggage]), pairs(&[baggage, ("x-asm-prefer-tag", "s2")]));
    let own = [baggage, ("x-asm-prefer-tag", "s1")];
    assert_eq!(call(&tags, &[], &own), pairs(&own));
    assert_eq!(call(&tags, &[("x-asm-prefer-tag", "s2")], &[]), pairs(&[]));
}

#[test]
fn memories_are_equal_if_they_hold_the_same() {
    let text = chain_of(&[]) + &permissive("my-trace-id", "x-asm-prefer-tag");
    let tags = World::clean(&text).tags.for_workload("default", &pod("v2"));
    let remember = |headers: &[(&str, &str)]| {
        let mut memory = Memory::default();
        tags.on_inbound(&mut memory, &mut with(headers));
        memory
    };
    let tag = ("x-asm-prefer-tag", "s2");
    assert_eq!(remember(&[tag]), Memory::default(), "no trace id");
    assert_eq!(remember(&[tag, ("my-trace-id", "")]), Memory::default());
    let full = remember(&[tag, ("my-trace-id", "7")]);
    assert_eq!(full, remember(&[("my-trace-id", "7"), tag, ("other", "x")]));
    assert!(full > Memory::default() && full != remember(&[tag, ("my-trace-id", "8")]));
}

#[test]
fn a_subset_may_be_named_by_a_label() {
    let subsets = |name: &str| {
        format!(
            "---\n{{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {{name: {name}}},\n\
             \x20spec: {{host: {name}, subsets: [{{name: v1, labels: {{version: v1}}}}, \
             {{name: v2, labels: {{version: v2}}}}]}}}}\n"
        )
    };
    let by_label = |name: &str| {
        format!(
            "---\n{{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {{name: {name}}},\n\
             \x20spec: {{hosts: [{name}], http: [{{route: [{{destination: {{host: {name}, \
             subset: $tag}}}}]}}]}}}}\n"
        )
    };
    let world = World::clean(
        &(chain_of(&PODS)
            + &label("v1beta1", &["$localLabel"])
            + &subsets("mockb")
            + &subsets("mockc")
            + &by_label("mockb")
            + &by_label("mockc")),
    );
    world.expect(
        &Caller::inside("sleep", &[]),
        "mocka:8000/",
        &[],
        &["1/2 mocka@v1>mockb@v1>mockc@v1", "1/2 mocka@v2>mockb@v2>mockc@v2"],
    );
}

#[test]
fn what_is_no_source_or_no_label_is_reported() {
    for (source, expected) in [
        ("$getLable(x)", "did you mean `$getLabel`?"),
        ("$getLable(x)", "t.yaml:3:51: warning[unknown-label-function]"),
        ("v1", "warning[unknown-label-function] `v1` is no function of a TrafficLabel"),
        ("$", "one of: $getInboundRequestHeader, $getExternalInboundRequestHeader"),
        ("$getLabel", "`$getLabel` takes 1 argument, not 0; it yields no value"),
        ("$getLabel(a", "`$getLabel` takes 1 argument, not 0"),
        ("$getContext(a, b)", "`$getContext` takes 1 argument, not 2"),
        ("$getExternalInboundRequestHeader(a)", "takes 2 arguments, not 1"),
    ] {
        let world = World::load(&label("v1", &[source]));
        assert!(world.messages.contains(expected), "{expected}\ngot:\n{}", world.messages);
    }
    let text = label("v1", &["$localLabel"]);
    for (from, to, expected) in [
        ("name: Tag, ", "", "error[missing-field] a label needs a name"),
        ("name: Tag", "name: a b", "error[invalid-label-name] `a b` is no name of a header"),
        ("'$localLabel'", "", "warning[label-without-value] label `Tag` has no valueFrom"),
    ] {
        let world = World::load(&text.replace(from, to));
        assert!(world.messages.contains(expected), "{expected}\ngot:\n{}", world.messages);
    }
}
