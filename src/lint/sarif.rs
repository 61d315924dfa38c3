//! Findings as SARIF 2.1.0, for code scanning.
//!
//! Every code is a rule with a help text; every finding is a result with a region and a fingerprint that
//! stays the same when lines are added above it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::control_plane::lint::catalog::{ALL, Code};
use crate::control_plane::lint::{Finding, Proof};
use crate::diagnostic::{Place, Sources};

/// Prints findings as SARIF with a final line end.
#[must_use]
pub fn sarif(findings: &[Finding], sources: &Sources) -> String {
    let mut seen = BTreeMap::new();
    let results: Vec<Value> =
        findings.iter().map(|finding| result(finding, sources, &mut seen)).collect();
    let value = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "lanecast",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": ALL.iter().map(|code| rule(code)).collect::<Vec<Value>>(),
            }},
            // Columns count characters, not UTF-16 units.
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    let mut text = serde_json::to_string_pretty(&value).unwrap_or_default();
    text.push('\n');
    text
}

fn rule(code: &Code) -> Value {
    let source = if code.code.starts_with("IST") { "istio" } else { "lanecast" };
    // The words of severities are the levels of SARIF.
    json!({
        "id": code.code,
        "name": code.name,
        "shortDescription": {"text": code.about},
        "fullDescription": {"text": code.about},
        "help": {"text": code.about},
        "defaultConfiguration": {"level": code.severity.word()},
        "properties": {"tags": ["routing", source]},
    })
}

fn result(finding: &Finding, sources: &Sources, seen: &mut BTreeMap<String, usize>) -> Value {
    let index = ALL.iter().position(|code| code.code == finding.code.code);
    let mut lines = vec![finding.message.clone()];
    lines.extend(finding.help.iter().map(|line| format!("help: {line}")));
    lines.extend(finding.proof.iter().flat_map(Proof::lines).map(|line| format!("proof: {line}")));
    let locations: Vec<Value> =
        finding.place.iter().filter_map(|place| location(*place, sources)).collect();
    json!({
        "ruleId": finding.code.code,
        "ruleIndex": index,
        "level": finding.severity().word(),
        "message": {"text": lines.join("\n")},
        "locations": locations,
        "partialFingerprints": {"lanecastFinding/v1": fingerprint(finding, sources, seen)},
    })
}

fn location(place: Place, sources: &Sources) -> Option<Value> {
    let source = sources.get(place.source)?;
    Some(json!({"physicalLocation": {
        "artifactLocation": {"uri": uri(&source.name)},
        "region": {
            "startLine": place.line,
            "startColumn": place.column,
            "endColumn": place.column.saturating_add(place.length.max(1)),
        },
    }}))
}

/// A file name as a reference; an absolute one as a `file:` URI.
fn uri(name: &str) -> String {
    let name = match name {
        "<stdin>" => "stdin",
        name => name.strip_prefix("./").unwrap_or(name),
    };
    let mut out = String::new();
    for byte in name.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte);
        if plain { out.push(char::from(byte)) } else { out += &format!("%{byte:02X}") }
    }
    if out.starts_with('/') { format!("file://{out}") } else { out }
}

/// What stays when lines move: code, object, the text of the line, and which of equal ones it is.
fn fingerprint(finding: &Finding, sources: &Sources, seen: &mut BTreeMap<String, usize>) -> String {
    let line = finding.place.and_then(|place| {
        sources.get(place.source)?.line((place.line as usize).checked_sub(1)?).map(str::trim)
    });
    let key = format!("{}\n{}\n{}", finding.code.code, finding.object, line.unwrap_or_default());
    let count = seen.entry(key.clone()).or_default();
    *count += 1;
    format!("{:016x}:{count}", xxhash_rust::xxh3::xxh3_64(key.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control_plane::lint::catalog;

    #[test]
    fn a_file_name_becomes_a_reference() {
        for (name, expected) in [
            ("./mesh/a b.yaml", "mesh/a%20b.yaml"),
            ("/etc/mesh.yaml", "file:///etc/mesh.yaml"),
            ("<stdin>", "stdin"),
            ("straße:1.yaml", "stra%C3%9Fe%3A1.yaml"),
        ] {
            assert_eq!(uri(name), expected);
        }
    }

    #[test]
    fn a_fingerprint_survives_lines_above_and_tells_repeats_apart() {
        let print = |text: &str, lines: [u32; 2]| {
            let mut sources = Sources::new();
            let source = sources.add("a.yaml", text);
            let findings = lines.map(|line| {
                Finding::new(
                    &catalog::NOT_FOUND,
                    "VirtualService a/b",
                    Place::new(source, line, 3),
                    "m",
                )
            });
            let value: Value = serde_json::from_str(&sarif(&findings, &sources)).unwrap();
            let print = |index: usize| {
                let result = &value["runs"][0]["results"][index];
                result["partialFingerprints"]["lanecastFinding/v1"].as_str().unwrap().to_owned()
            };
            [print(0), print(1)]
        };
        let before = print("  host: x\n  host: x\n", [1, 2]);
        let after = print("# new\n  host: x\n  host: x\n", [2, 3]);
        assert_eq!(before, after);
        assert_ne!(before[0], before[1]);
    }
}
