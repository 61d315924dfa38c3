//! Filters of HTTPRoutes (R-214 to R-216).

use super::Context;
use super::backend::{self, Backend, HardError};
use crate::config::gateway_api::{
    CorsFilter, HeaderFilter, HttpRouteFilter, NamedValue, PathModifierType, RequestMirror,
    RequestRedirect, UrlRewrite,
};
use crate::control_plane::rules::{
    Cors, Destination, HeaderOperations, Headers, Redirect, RedirectPort, Rewrite, TextMatch,
};
use crate::units::Nanos;

/// What the filters of a rule come to.
#[derive(Default)]
pub(super) struct Filters {
    pub headers: Option<Headers>,
    pub redirect: Option<Redirect>,
    pub rewrite: Option<Rewrite>,
    pub mirrors: Vec<(Destination, Option<f64>)>,
    pub cors: Option<Cors>,
}

/// Any origin, as `scheme://host[:port]`.
const ANY_ORIGIN: &str = r"^[a-zA-Z][a-zA-Z0-9+.-]*://[^/\s?#]+$";

/// Reads the filters of a rule; a kind that Istio does not know invalidates the route.
pub(super) fn of_rule(
    context: Context<'_>,
    written: &[HttpRouteFilter],
    namespace: &str,
    enforce_grants: bool,
) -> Result<Filters, HardError> {
    let mut filters = Filters::default();
    for filter in written {
        match filter.kind.as_ref().map_or("", |kind| kind.value.as_str()) {
            "RequestHeaderModifier" | "ResponseHeaderModifier" => {
                header_modifier(filter, &mut filters.headers);
            }
            "RequestRedirect" => {
                filters.redirect = filter.request_redirect.as_ref().map(redirect);
            }
            "URLRewrite" => filters.rewrite = filter.url_rewrite.as_ref().and_then(rewrite),
            "CORS" => filters.cors = filter.cors.as_ref().map(cors),
            "RequestMirror" => {
                let mirror = filter.request_mirror.as_ref();
                filters.mirrors.extend(
                    mirror.and_then(|mirror| {
                        self::mirror(context, mirror, namespace, enforce_grants)
                    }),
                );
            }
            _ => return Err(HardError),
        }
    }
    Ok(filters)
}

/// Reads the filters of a backend, which may only change headers.
pub(super) fn of_backend(written: &[HttpRouteFilter]) -> Result<Option<Headers>, HardError> {
    let mut headers = None;
    for filter in written {
        match filter.kind.as_ref().map_or("", |kind| kind.value.as_str()) {
            "RequestHeaderModifier" | "ResponseHeaderModifier" => {
                header_modifier(filter, &mut headers);
            }
            _ => return Err(HardError),
        }
    }
    Ok(headers)
}

fn header_modifier(filter: &HttpRouteFilter, headers: &mut Option<Headers>) {
    if let Some(modifier) = &filter.request_header_modifier {
        headers.get_or_insert_default().request = operations(modifier);
    }
    if let Some(modifier) = &filter.response_header_modifier {
        headers.get_or_insert_default().response = operations(modifier);
    }
}

/// R-214: names are lower-cased, the first of repeated ones wins.
fn operations(written: &HeaderFilter) -> HeaderOperations {
    let pairs = |list: &[NamedValue]| {
        let mut out: Vec<(String, String)> = Vec::new();
        for entry in list {
            let text = |value: &Option<crate::config::decode::Located<String>>| {
                value.as_ref().map(|value| value.value.clone()).unwrap_or_default()
            };
            let name = text(&entry.name).to_lowercase();
            if !out.iter().any(|(known, _)| *known == name) {
                out.push((name, text(&entry.value)));
            }
        }
        out
    };
    HeaderOperations {
        set: pairs(&written.set),
        add: pairs(&written.add),
        remove: written.remove.iter().map(|name| name.value.clone()).collect(),
    }
}

/// R-214: a mirror whose backend is bad in any way is left out, the rule stays.
fn mirror(
    context: Context<'_>,
    written: &RequestMirror,
    namespace: &str,
    enforce_grants: bool,
) -> Option<(Destination, Option<f64>)> {
    let reference = written.backend_ref.as_ref()?;
    let Ok(Backend::Usable(destination)) =
        backend::resolve(context, reference, namespace, enforce_grants)
    else {
        return None;
    };
    let percent = written.percent.as_ref().map(|percent| f64::from(percent.value));
    let fraction = written.fraction.as_ref().map(|fraction| {
        let number = |value: &Option<crate::config::decode::Located<u32>>, default| {
            f64::from(value.as_ref().map_or(default, |value| value.value))
        };
        100.0 * number(&fraction.numerator, 0) / number(&fraction.denominator, 100).max(1.0)
    });
    Some((destination, fraction.or(percent)))
}

/// R-216.
fn redirect(written: &RequestRedirect) -> Redirect {
    let text = |value: &Option<crate::config::decode::Located<String>>| {
        value.as_ref().map(|value| value.value.clone()).unwrap_or_default()
    };
    let port = match (&written.port, &written.scheme) {
        (Some(port), _) => RedirectPort::Number(port.value.into()),
        (None, Some(_)) => RedirectPort::Unset,
        (None, None) => RedirectPort::FromRequest,
    };
    let mut redirect = Redirect {
        authority: text(&written.hostname),
        scheme: text(&written.scheme),
        port,
        code: written.status_code.as_ref().map_or(302, |code| code.value.into()),
        ..Redirect::default()
    };
    if let Some(path) = &written.path {
        match path.kind {
            Some(PathModifierType::ReplaceFullPath) => redirect.uri = text(&path.replace_full_path),
            Some(PathModifierType::ReplacePrefixMatch) => {
                redirect.prefix_rewrite = text(&path.replace_prefix_match);
            }
            None => {}
        }
    }
    redirect
}

/// R-215.
fn rewrite(written: &UrlRewrite) -> Option<Rewrite> {
    let mut rewrite = Rewrite::default();
    if let Some(hostname) = &written.hostname {
        rewrite.authority.clone_from(&hostname.value);
    }
    if let Some(path) = &written.path {
        match path.kind {
            Some(PathModifierType::ReplacePrefixMatch) => {
                let text =
                    path.replace_prefix_match.as_ref().map_or("", |text| text.value.as_str());
                let text = text.strip_suffix('/').unwrap_or(text);
                if text.is_empty() { "/" } else { text }.clone_into(&mut rewrite.uri);
            }
            Some(PathModifierType::ReplaceFullPath) => {
                let text = path.replace_full_path.as_ref().map_or("", |text| text.value.as_str());
                // An empty replacement leaves the path as it is.
                if !text.is_empty() {
                    rewrite.regex = Some(("/.*".to_owned(), text.to_owned()));
                }
            }
            None => {}
        }
    }
    (rewrite != Rewrite::default()).then_some(rewrite)
}

/// R-214, R-158: preflights of foreign origins are always answered by the proxy.
fn cors(written: &CorsFilter) -> Cors {
    let origins = written.allow_origins.iter().map(|origin| origin.value.as_str());
    Cors {
        origins: origins.filter(|origin| !origin.is_empty()).map(origin).collect(),
        methods: written.allow_methods.clone(),
        headers: written.allow_headers.clone(),
        expose: written.expose_headers.clone(),
        max_age: Some(Nanos(u64::from(written.max_age.unwrap_or(5)) * Nanos::SECOND.0)),
        credentials: written.allow_credentials.unwrap_or(false),
        ignore_unmatched_preflights: true,
    }
}

fn origin(text: &str) -> TextMatch {
    if text == "*" {
        return TextMatch::Regex(ANY_ORIGIN.to_owned());
    }
    match text.matches('*').count() {
        0 => TextMatch::Exact(text.to_owned()),
        1 if text.ends_with('*') => TextMatch::Prefix(text.trim_end_matches('*').to_owned()),
        _ => {
            let parts: Vec<String> = text.split('*').map(regex::escape).collect();
            TextMatch::Regex(format!("^{}$", parts.join(".*")))
        }
    }
}
