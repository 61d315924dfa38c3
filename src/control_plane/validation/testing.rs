//! Objects as text to codes, for the tests of all kinds.

use super::check;
use crate::config::resources::Loader;
use crate::control_plane::MeshConfig;
use crate::diagnostic::{Diagnostics, Severity, Sources};

/// Loads one object with a `spec` in YAML and returns the codes of its problems, sorted and without
/// repetitions; warnings as `warning:code`.
pub(super) fn codes(kind: &str, spec: &str) -> Vec<String> {
    let group =
        if kind == "HTTPRoute" { "gateway.networking.k8s.io" } else { "networking.istio.io" };
    let spec = spec.replace('\n', "\n  ");
    object(&format!(
        "apiVersion: {group}/v1\nkind: {kind}\nmetadata: {{name: x}}\nspec:\n  {spec}\n"
    ))
}

/// The same for a whole object.
pub(super) fn object(text: &str) -> Vec<String> {
    let (mut sources, mut problems) = (Sources::new(), Diagnostics::new());
    let mut loader = Loader::new(&mut sources, &mut problems, "default");
    loader.read("x.yaml", text);
    let mut resources = loader.finish();
    check(&mut resources, &MeshConfig::default(), &mut problems);
    assert_eq!(resources.refused.len(), usize::from(problems.has_errors()), "{text}");
    let code = |item: &crate::diagnostic::Diagnostic| match item.severity {
        Severity::Error => item.code.to_owned(),
        _ => format!("{}:{}", item.severity.word(), item.code),
    };
    let mut codes: Vec<String> = problems.items().iter().map(code).collect();
    codes.sort();
    codes.dedup();
    codes
}

/// Checks rows of (part, codes); the part takes the place of `§` in the template of a spec.
pub(super) fn check_rows(kind: &str, template: &str, rows: &[(&str, &[&str])]) {
    let mut wrong = Vec::new();
    for (part, expected) in rows {
        let found = codes(kind, &template.replace('§', part));
        if found != *expected {
            wrong.push(format!("{part}\n  expected {expected:?}\n  found    {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
