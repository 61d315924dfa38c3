//! Patterns that users write: bounded in size, linear in time, refused where they stand.

use std::time::Duration;

use lanecast::data_plane::Regex;
use lanecast::diagnostic::{Diagnostics, Severity};
use lanecast::scenario::{self, MemoryFiles, Options};

/// The problems of a mesh with a pattern in line 9.
fn problems(pattern: &str) -> Diagnostics {
    let mesh = format!(
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: x}}\nspec:\n  \
         hosts: [x.example.com]\n  http:\n  - match:\n    - headers:\n        a: {{regex: '{pattern}'}}\n    \
         route: [{{destination: {{host: x.example.com}}}}]\n"
    );
    let scenario = "mesh: m.yaml\ntraffic:\n- {from: gateway istio-system/istio-ingressgateway:80, \
                    request: {host: x.example.com, path: /}}\n";
    let files = [("m.yaml", mesh.as_str()), ("s.yaml", scenario)];
    let files = files.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
    scenario::load(&MemoryFiles(files.into()), "s.yaml", &Options::default()).problems
}

#[test]
fn a_pattern_that_is_too_large_is_refused_where_it_stands() {
    let deep = format!("{}a{}", "(".repeat(2000), ")".repeat(2000));
    for pattern in [
        "((a{1000}){1000}){1000}",
        "(x{999}){999}",
        "a{1001}",
        "(a)\\1",
        "(?=a)",
        "a)(b",
        "(a",
        "\\pL{999}\\pL{999}\\pL{999}",
        deep.as_str(),
    ] {
        let problems = problems(pattern);
        let mut errors = problems.items().iter().filter(|item| item.severity == Severity::Error);
        let error = errors.next().unwrap_or_else(|| panic!("{pattern} is accepted"));
        let place = error.place.map(|place| (place.line, place.column));
        assert_eq!(place, Some((9, 20)), "{pattern}: {}", error.message);
        assert!(!error.message.contains('\n') && error.message.len() < 400, "{}", error.message);
    }
    assert!(!problems("a.*b[0-9]{1,3}").has_errors());
}

#[test]
fn matching_takes_linear_time() {
    let text = "a".repeat(100_000);
    for pattern in ["(a+)+b", "(a|a)*b", "(a|aa)+b", ".*.*.*.*.*=.*", "(x+x+)+y", "([a-z]+)*1"] {
        let regex = Regex::new(pattern).unwrap();
        let before = super::processor_time();
        assert!(!regex.matches(&text) && regex.replace_all(&text, "x") == text, "{pattern}");
        let spent = super::processor_time().saturating_sub(before);
        assert!(spent < Duration::from_secs(1), "{pattern}: {spent:?}");
    }
}
