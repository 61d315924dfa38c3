use super::*;

fn load(text: &str) -> (Resources, String) {
    let mut sources = Sources::new();
    let mut problems = Diagnostics::new();
    let mut loader = Loader::new(&mut sources, &mut problems, "default");
    loader.read("t.yaml", text);
    let resources = loader.finish();
    problems.sort();
    (resources, problems.render(&sources))
}

#[test]
fn lists_are_opened_and_foreign_kinds_are_counted() {
    let (resources, problems) = load(
        "apiVersion: v1\nkind: List\nitems:\n\
         - {apiVersion: v1, kind: Service, metadata: {name: a}, spec: {clusterIP: None}}\n\
         - {apiVersion: serving.example/v1, kind: Service, metadata: {name: b}}\n\
         - {apiVersion: v1, kind: ConfigMapList, items: null}\n---\n\
         {apiVersion: v1, kind: Namespace, metadata: {name: shop, namespace: x}}\n",
    );
    assert_eq!(problems, "");
    assert_eq!(resources.services[0].meta.full_name(), "default/a");
    assert_eq!(resources.namespaces[0].meta.full_name(), "shop");
    assert_eq!(resources.skipped["serving.example/v1 Service"], 1);
}

#[test]
fn the_last_of_equal_objects_counts() {
    let object = |version: &str, host: &str| {
        format!(
            "---\napiVersion: networking.istio.io/{version}\nkind: VirtualService\n\
             metadata: {{name: a}}\nspec: {{hosts: [{host}]}}\n"
        )
    };
    let (resources, problems) = load(&(object("v1", "one") + &object("v1beta1", "two")));
    assert_eq!(resources.virtual_services.len(), 1);
    assert_eq!(resources.virtual_services[0].spec.hosts[0].value, "two");
    assert!(problems.starts_with("t.yaml:9:18: warning[duplicate-object]"), "{problems}");
    assert!(problems.contains("the first one, at t.yaml:4:18, is dropped"), "{problems}");
}

#[test]
fn a_refused_object_is_left_out_and_the_others_stay() {
    let (resources, problems) = load(
        "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: a}\n\
         spec: {host: a, subsets: [{name: v1, labels: {version: 1}}]}\n---\n\
         apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: b}\nspec: {host: b}\n---\n\
         kind: Oops\n---\n[1]\n---\n{apiVersion: v1, kind: Service, metadata: {}}\n---\n\
         {apiversion: v1, kind: Service}\n",
    );
    assert_eq!(resources.destination_rules.len(), 1);
    assert_eq!(resources.refused[0].1, "default/a");
    for expected in [
        "t.yaml:4:56: error[wrong-type] expected text, found the number `1`",
        "error[not-an-object] this object has no apiVersion or no kind",
        "error[not-an-object] expected an object with apiVersion and kind, found a list",
        "error[missing-field] this Service has no name",
        "did you mean `apiVersion` instead of `apiversion`?",
    ] {
        assert!(problems.contains(expected), "{expected}\n{problems}");
    }
}
