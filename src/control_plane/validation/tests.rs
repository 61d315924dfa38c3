use super::testing::object;
use crate::config::resources::Loader;
use crate::control_plane::MeshConfig;
use crate::diagnostic::{Diagnostics, Sources};

/// Loads a text and returns what is refused and the rendered problems.
fn load(text: &str) -> (Vec<String>, String) {
    let (mut sources, mut problems) = (Sources::new(), Diagnostics::new());
    let mut loader = Loader::new(&mut sources, &mut problems, "default");
    loader.read("x.yaml", text);
    let mut resources = loader.finish();
    super::check(&mut resources, &MeshConfig::default(), &mut problems);
    problems.sort();
    let refused = resources.refused.iter().map(|(kind, name, _)| format!("{kind} {name}"));
    (refused.collect(), problems.render(&sources))
}

#[test]
fn all_problems_of_all_objects_are_reported_and_the_others_stay() {
    let (refused, problems) = load(
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\nspec:\n\
         \x20 hosts: [shop, my_shop]\n\
         \x20 http:\n\
         \x20 - timeout: 0s\n\
         \x20   route:\n\
         \x20   - destination: {host: shop, port: {number: 70000}}\n---\n\
         apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: b}\nspec:\n\
         \x20 hosts: [shop]\n\
         \x20 http: [{route: [{destination: {host: shop}}]}]\n---\n\
         apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: c}\nspec:\n\
         \x20 host: shop\n\
         \x20 subsets: [{name: v1, labels: {version: a b}}]\n",
    );
    assert_eq!(refused, ["VirtualService default/a", "DestinationRule default/c"]);
    for expected in [
        "x.yaml:5:17: error[invalid-host] `my_shop` is no host name",
        "x.yaml:7:14: error[duration-too-short] `0s` is shorter than 1ms",
        "x.yaml:9:48: error[invalid-port] port 70000 is not between 1 and 65535",
        "x.yaml:23:42: error[invalid-label] `a b` is no label value",
    ] {
        assert!(problems.contains(expected), "{expected}\n{problems}");
    }
}

#[test]
fn some_annotations_refuse_any_istio_object() {
    let text = |annotation: &str| {
        format!(
            "apiVersion: networking.istio.io/v1\nkind: DestinationRule\n\
             metadata: {{name: a, annotations: {{{annotation}: x}}}}\nspec: {{host: a}}\n"
        )
    };
    for (annotation, expected) in [
        ("istio.io/dry-run", true),
        ("internal.istio.io/parents", true),
        ("internal.istio.io/parent-namespace", true),
        ("example/anything", false),
    ] {
        let found = object(&text(annotation));
        assert_eq!(found.contains(&"forbidden-annotation".to_owned()), expected, "{annotation}");
    }
}

#[test]
fn an_object_without_spec_is_refused_where_it_needs_one() {
    for (kind, expected) in [
        ("VirtualService", "no-rules"),
        ("DestinationRule", "missing-field"),
        ("Gateway", "no-servers"),
        ("ServiceEntry", "missing-field"),
        ("WorkloadEntry", "missing-field"),
        ("Sidecar", "empty-sidecar"),
    ] {
        let text =
            format!("{{apiVersion: networking.istio.io/v1, kind: {kind}, metadata: {{name: x}}}}");
        assert_eq!(object(&text), [expected], "{kind}");
    }
}
