//! Findings as JSON, schema `lanecast.lint/1`.
//!
//! # Model
//! `counts` by severity; `findings` sorted by place, each with `code`, `name`, `severity` (`error`,
//! `warning`, `info`), `object`, `file`, `line` and `column` (from 1, in characters), `length`, `message`,
//! `help` and `proof`. A proof has the `entry`, the `request` as its client sends it, and the `outcome`;
//! `share` is `part` of `whole`. What is not known is null. `assumptions` are sentences.

use serde_json::{Value, json};

use crate::control_plane::lint::{Finding, Proof};
use crate::data_plane::ResponseFlag;
use crate::diagnostic::{Severity, Sources};

/// Prints findings as JSON with a final line end.
#[must_use]
pub fn json(findings: &[Finding], assumptions: &[String], sources: &Sources) -> String {
    let count = |severity| findings.iter().filter(|f| f.severity() == severity).count();
    let value = json!({
        "schema": "lanecast.lint/1",
        "counts": {
            "error": count(Severity::Error),
            "warning": count(Severity::Warning),
            "info": count(Severity::Note),
        },
        "findings": findings.iter().map(|f| finding_json(f, sources)).collect::<Vec<Value>>(),
        "assumptions": assumptions,
    });
    let mut text = serde_json::to_string_pretty(&value).unwrap_or_default();
    text.push('\n');
    text
}

fn finding_json(finding: &Finding, sources: &Sources) -> Value {
    let place = finding.place;
    let source = place.and_then(|place| sources.get(place.source));
    json!({
        "code": finding.code.code,
        "name": finding.code.name,
        "severity": match finding.severity() {
            Severity::Note => "info",
            severity => severity.word(),
        },
        "object": finding.object,
        "file": source.map(|source| source.name.as_str()),
        "line": place.map(|place| place.line),
        "column": place.map(|place| place.column),
        "length": place.map(|place| place.length),
        "message": finding.message,
        "help": finding.help,
        "proof": finding.proof.as_ref().map(proof_json),
    })
}

fn proof_json(proof: &Proof) -> Value {
    let (entry, request, outcome) = (&proof.entry, &proof.request, &proof.outcome);
    let proxy = &entry.proxy;
    json!({
        "entry": {
            "name": entry.name,
            "namespace": proxy.namespace,
            "labels": proxy.labels,
            "port": entry.port,
            "tls": entry.tls,
        },
        "request": {
            "method": request.method,
            "scheme": if entry.tls { "https" } else { "http" },
            "host": request.authority,
            "path": request.path,
            "headers": request.headers.lines(),
            "claims": request.claims,
        },
        "outcome": {
            "rule": outcome.rule,
            "cluster": outcome.cluster,
            "status": outcome.status,
            "flag": outcome.flag.map(ResponseFlag::letters),
            "share": outcome.share.map(|(part, whole)| json!({"part": part, "whole": whole})),
            "text": outcome.text,
        },
    })
}
