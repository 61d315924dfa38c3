//! Host names as the admission check reads them: DNS labels, wildcards, `namespace/host`.

use super::addresses::is_ip;
use super::report::Report as _;
use crate::config::decode::Located;
use crate::diagnostic::{Diagnostics, Place};

/// Why a text is no host name, in a few words.
pub(super) type Verdict = Result<(), String>;

/// Whose `namespace/host` entries are read; they differ in details.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HostsOf {
    /// Hosts of a Gateway's server: the namespace may be missing, addresses are allowed.
    Gateway,
    /// Hosts of a Sidecar's egress listener.
    Sidecar,
}

/// The longest name in bytes.
const LONGEST_NAME: usize = 255;
/// The longest label in bytes.
const LONGEST_LABEL: usize = 63;
/// How names begin that istiod makes for TLS passthrough between clusters: `outbound_.80_._.host`.
const GENERATED: &str = "outbound_";

/// Tells whether a text is a DNS label; capitals pass.
pub(super) fn is_dns_label(text: &str) -> bool {
    text.len() <= LONGEST_LABEL && is_label_text(text)
}

/// The letters of a label, whatever its length.
pub(super) fn is_label_text(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = bytes.first().zip(bytes.last());
    ends.is_some_and(|(first, last)| first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric())
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
}

/// Judges a domain name without wildcard.
pub(super) fn domain(name: &str) -> Verdict {
    length(name)?;
    labels(name)
}

/// Judges a domain name whose first label may be `*`, `*text` or `*-text`.
pub(super) fn wildcard_domain(name: &str) -> Verdict {
    length(name)?;
    let (first, rest) =
        name.split_once('.').map_or((name, None), |(first, rest)| (first, Some(rest)));
    let star = first.strip_prefix('*').map(|text| text.strip_prefix('-').unwrap_or(text));
    let fits =
        first.len() <= LONGEST_LABEL && (first == "*" || is_label_text(star.unwrap_or(first)));
    if !fits {
        return Err(bad_label(first));
    }
    rest.map_or(Ok(()), labels)
}

/// Judges a host of a `VirtualService` that is bound to gateways only; with TLS rules it may also be a name
/// that istiod generates.
pub(super) fn gateway_domain(name: &str, has_server_names: bool) -> Verdict {
    length(name)?;
    if !has_server_names || !name.starts_with(GENERATED) {
        return wildcard_domain(name);
    }
    let parts: Vec<&str> = name.split('_').collect();
    let fits = |index: usize, wanted: fn(&u8) -> bool| {
        parts.get(index).is_some_and(|part| part.bytes().any(|byte| wanted(&byte)))
    };
    if fits(1, u8::is_ascii_digit) && fits(3, u8::is_ascii_alphabetic) {
        return Ok(());
    }
    Err("a generated name is written `outbound_.PORT_._.HOST`".to_owned())
}

fn length(name: &str) -> Verdict {
    match name.len() {
        0 => Err("it is empty".to_owned()),
        1..=LONGEST_NAME => Ok(()),
        _ => Err(format!("it is longer than {LONGEST_NAME} characters")),
    }
}

fn labels(name: &str) -> Verdict {
    let last = name.rsplit('.').next().unwrap_or_default();
    if last.parse::<i64>().is_ok() {
        return Err(format!("its last part `{last}` is a number"));
    }
    // One dot at the end is allowed, as in DNS.
    let absolute = name.strip_suffix('.').unwrap_or(name);
    match absolute.split('.').find(|label| !is_dns_label(label)) {
        Some(label) if !name.is_empty() => Err(bad_label(label)),
        _ => Ok(()),
    }
}

fn bad_label(label: &str) -> String {
    if label.is_empty() {
        return "between two dots there must be something".to_owned();
    }
    if label.len() > LONGEST_LABEL {
        return format!("a part between dots has at most {LONGEST_LABEL} characters");
    }
    format!("`{label}` has something else than letters, digits and inner `-`")
}

/// Reports a host that is none.
pub(super) fn report(host: &Located<String>, verdict: Verdict, problems: &mut Diagnostics) {
    let Err(why) = verdict else { return };
    let text = &host.value;
    let message = format!("`{text}` is no host name: {why}");
    let help = if text.contains("://") {
        "write the host alone, without scheme and path"
    } else if text.contains(':') {
        "write the host alone; a port has a field of its own"
    } else if text.rfind('*').is_some_and(|at| at > 0) {
        "`*` may only begin a host"
    } else {
        problems.refuse("invalid-host", host.place, message);
        return;
    };
    problems.refuse_with("invalid-host", host.place, message, help);
}

/// Tells whether a wildcard stands for a part of a label, as in `*shop.example`.
pub(super) fn is_partial_wildcard(host: &str) -> bool {
    host.contains('*') && host != "*" && !host.starts_with("*.")
}

/// Checks an entry `namespace/host`.
pub(super) fn scoped(entry: &Located<String>, of: HostsOf, problems: &mut Diagnostics) {
    let place = entry.place;
    let Some((namespace, host)) = entry.value.split_once('/') else {
        match of {
            HostsOf::Gateway => scoped_host(&entry.value, of, place, problems),
            HostsOf::Sidecar => {
                let message = format!("`{}` has no namespace", entry.value);
                let help = format!("write `*/{}` or `./{}`", entry.value, entry.value);
                problems.refuse_with("invalid-scoped-host", place, message, help);
            }
        }
        return;
    };
    if namespace.is_empty() || host.is_empty() {
        let message =
            format!("`{}` needs a namespace before the slash and a host behind it", entry.value);
        problems.refuse("invalid-scoped-host", place, message);
    }
    // `~` before the namespace of a Sidecar's entry excludes.
    let (bare, may_be_empty) = match of {
        HostsOf::Sidecar => (namespace.strip_prefix('~').unwrap_or(namespace), true),
        HostsOf::Gateway => (namespace, false),
    };
    let special = bare == "*" || bare == "." || (may_be_empty && bare.is_empty());
    if !special && !is_dns_label(bare) && !namespace.is_empty() {
        let message = format!("`{namespace}` is no namespace");
        problems.refuse_with(
            "invalid-scoped-host",
            place,
            message,
            "a namespace is its name, `.` for the own one, or `*` for all",
        );
    }
    scoped_host(host, of, place, problems);
}

fn scoped_host(host: &str, of: HostsOf, place: Place, problems: &mut Diagnostics) {
    if host.is_empty() {
        // Without a slash nothing has been said yet.
        problems.refuse("invalid-host", place, "a host cannot be empty");
        return;
    }
    if host != "*" && !host.contains('.') {
        let message = format!("`{host}` is a short name; only full host names count here");
        problems.refuse_with(
            "short-host",
            place,
            message,
            "write the full name, such as `shop.default.svc.cluster.local`",
        );
    }
    let is_address = of == HostsOf::Gateway && is_ip(host);
    if !is_address {
        let located = Located { value: host.to_owned(), place };
        report(&located, wildcard_domain(host), problems);
    }
    if is_partial_wildcard(host) {
        let message = format!("the `*` of `{host}` must be a part of its own");
        problems.refuse_with("partial-wildcard", place, message, "write `*.` and the rest");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_labels_with_dots() {
        let long = "a".repeat(64);
        for (name, plain, wildcard) in [
            ("shop", true, true),
            ("Shop.Example", true, true),
            ("shop.example.", true, true),
            ("*", false, true),
            ("*.example", false, true),
            ("*shop.example", false, true),
            ("*-shop.example", false, true),
            ("*--shop.example", false, false),
            ("**", false, false),
            ("a.*.b", false, false),
            ("shop.*", false, false),
            ("a..b", false, false),
            ("a.b..", false, false),
            (".a", false, false),
            ("-a", false, false),
            ("a-", false, false),
            ("my_shop", false, false),
            ("shop:80", false, false),
            ("1.2.3.4", false, false),
            ("1.2.3.99999999999999999999", true, true),
            // The number rule holds behind the first label only where a wildcard may stand.
            ("80", false, true),
            ("", false, false),
            ("é.example", false, false),
            (long.as_str(), false, false),
        ] {
            assert_eq!(
                (domain(name).is_ok(), wildcard_domain(name).is_ok()),
                (plain, wildcard),
                "{name}"
            );
        }
        assert!(domain(&["a"; 128].join(".")).is_ok());
        assert!(domain(&["a"; 129].join(".")).is_err());
    }

    #[test]
    fn generated_names_need_server_names() {
        for (name, sni, fits) in [
            ("outbound_.80_._.shop.example", true, true),
            ("outbound_.80_._.shop.example", false, false),
            ("outbound_.x_._.shop.example", true, false),
            ("outbound_.80_._.80", true, false),
            ("outbound_.80", true, false),
            ("shop.example", true, true),
        ] {
            assert_eq!(gateway_domain(name, sni).is_ok(), fits, "{name}");
        }
    }
}
