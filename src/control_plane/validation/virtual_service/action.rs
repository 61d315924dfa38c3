//! Redirects, direct responses, rewrites.

use super::super::headers::is_authority;
use super::super::matching;
use super::super::ports;
use super::super::report::{Report as _, exclusive, filled, place_of, required};
use crate::config::decode::Located;
use crate::config::istio::virtual_service::{
    DirectResponse, Headers, HttpBody, HttpMatch, HttpRedirect, HttpRewrite,
};
use crate::diagnostic::{Diagnostics, Place};

/// The largest body of a direct response in bytes, and the largest without a warning.
const LARGEST_BODY: usize = 1024 * 1024;
const LARGE_BODY: usize = 100 * 1024;

///
pub(super) fn check_redirect(
    redirect: &HttpRedirect,
    matches: &[HttpMatch],
    problems: &mut Diagnostics,
) {
    let port = place_of(redirect.port.as_ref());
    let derive = place_of(redirect.derive_port.as_ref());
    exclusive(&[("port", port), ("derivePort", derive)], problems);
    let uri = filled(redirect.uri.as_ref());
    let prefix = filled(redirect.prefix_rewrite.as_ref());
    if let Some(prefix) = prefix {
        if uri.is_some() {
            problems.refuse(
                "exclusive-fields",
                prefix.place,
                "`prefixRewrite` cannot stand beside `uri`",
            );
        }
        check_prefix_matches(matches, problems);
    }
    let texts =
        [uri, prefix, filled(redirect.authority.as_ref()), filled(redirect.scheme.as_ref())];
    if texts.iter().all(Option::is_none) && port.or(derive).is_none() {
        problems.refuse_with(
            "empty-redirect",
            redirect.place,
            "this redirect changes nothing",
            "write `uri`, `prefixRewrite`, `authority`, `scheme` or `port`",
        );
    }
    check_redirect_values(redirect, problems);
}

fn check_redirect_values(redirect: &HttpRedirect, problems: &mut Diagnostics) {
    // 0 counts as absent.
    if let Some(code) = redirect.redirect_code.as_ref().filter(|code| code.value != 0)
        && !(300..=399).contains(&code.value)
    {
        let message = format!("{} is no status of a redirect", code.value);
        problems.refuse_with("invalid-status", code.place, message, "301, 302, 303, 307 or 308");
    }
    if let Some(scheme) = filled(redirect.scheme.as_ref())
        && !matches!(scheme.value.as_str(), "http" | "https")
    {
        let message = format!("a redirect cannot go to `{}`", scheme.value);
        problems.refuse_with("invalid-scheme", scheme.place, message, "http or https");
    }
    ports::check_optional(redirect.port.as_ref(), problems);
}

/// Only a matched prefix can be replaced.
fn check_prefix_matches(matches: &[HttpMatch], problems: &mut Diagnostics) {
    for uri in matches.iter().filter_map(|condition| condition.uri.as_ref()) {
        if uri.prefix.is_none() {
            problems.refuse_with(
                "prefix-rewrite-without-prefix",
                uri.place,
                "`prefixRewrite` needs a prefix here",
                "match the path with `prefix`, or redirect to a `uri`",
            );
        }
    }
}

///
pub(super) fn check_direct_response(direct: &DirectResponse, problems: &mut Diagnostics) {
    if let Some(status) = required(direct.status.as_ref(), "status", direct.place, problems) {
        check_status(i64::from(status.value), status.place, problems);
    }
    if let Some(body) = &direct.body {
        check_body(body, problems);
    }
}

/// 600 slips through.
pub(super) fn check_status(status: i64, place: Place, problems: &mut Diagnostics) {
    if !(200..=600).contains(&status) {
        let message = format!("{status} is no HTTP status from 200 to 599");
        problems.refuse("invalid-status", place, message);
    }
}

fn check_body(body: &HttpBody, problems: &mut Diagnostics) {
    let text = place_of(body.string.as_ref());
    exclusive(&[("string", text), ("bytes", place_of(body.bytes.as_ref()))], problems);
    if let Some(bytes) = &body.bytes {
        match base64_length(&bytes.value) {
            Some(length) => check_size(length, bytes.place, problems),
            None => problems.refuse("invalid-base64", bytes.place, "these bytes are no base64"),
        }
    }
    if let Some(text) = &body.string {
        check_size(text.value.len(), text.place, problems);
    }
}

fn check_size(length: usize, place: Place, problems: &mut Diagnostics) {
    if length > LARGEST_BODY {
        let message = format!("a body of {length} bytes is larger than 1 MiB");
        problems.refuse("large-body", place, message);
    } else if length > LARGE_BODY {
        let message = format!("a body of {length} bytes weighs on the control plane");
        problems.warn("large-body", place, message);
    }
}

/// The number of bytes that a padded base64 text stands for.
fn base64_length(text: &str) -> Option<usize> {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let known = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
    let fits = !text.is_empty()
        && text.len().is_multiple_of(4)
        && padding <= 2
        && digits.bytes().all(known);
    fits.then(|| text.len() / 4 * 3 - padding)
}

///
pub(super) fn check_rewrite(rewrite: &HttpRewrite, problems: &mut Diagnostics) {
    let uri = filled(rewrite.uri.as_ref());
    let regex = rewrite.uri_regex_rewrite.as_ref();
    if let (Some(_), Some(regex)) = (uri, regex) {
        problems.refuse(
            "exclusive-fields",
            regex.place,
            "`uriRegexRewrite` cannot stand beside `uri`",
        );
    }
    if uri.is_none() && regex.is_none() && filled(rewrite.authority.as_ref()).is_none() {
        problems.refuse_with(
            "empty-rewrite",
            rewrite.place,
            "this rewrite changes nothing",
            "write `uri`, `uriRegexRewrite` or `authority`; to cut a prefix write `uri: /`",
        );
    }
    let Some(regex) = regex else { return };
    let (pattern, text) = (filled(regex.pattern.as_ref()), filled(regex.rewrite.as_ref()));
    if pattern.is_none() || text.is_none() {
        problems.refuse(
            "missing-field",
            regex.place,
            "`uriRegexRewrite` needs both `match` and `rewrite`, neither empty",
        );
    }
    if let Some(pattern) = pattern {
        matching::check_regex(pattern, problems);
    }
}

/// the host is rewritten in one place only.
pub(super) fn check_authority(
    rewrite: Option<&HttpRewrite>,
    headers: Option<&Headers>,
    problems: &mut Diagnostics,
) {
    let request = headers.and_then(|headers| headers.request.as_ref());
    let mut current = rewrite.and_then(|rewrite| rewrite.authority.as_ref());
    let operations =
        request.into_iter().flat_map(|request| request.set.iter().chain(request.add.iter()));
    for (_, value) in operations.filter(|(name, _)| is_authority(&name.value)) {
        if let Some(current) = filled(current) {
            report_second_authority(current, value.place, problems);
        }
        current = Some(value);
    }
}

fn report_second_authority(first: &Located<String>, place: Place, problems: &mut Diagnostics) {
    let message = format!("the host is already rewritten to `{}`", first.value);
    problems.refuse_with("several-authorities", place, message, "keep one of them");
}
