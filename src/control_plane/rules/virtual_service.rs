//! VirtualServices to rules: names resolved, values read.

use super::delegate;
use super::{
    Abort, Action, Cors, Delay, Destination, Fault, HeaderOperations, Headers, MESH, Match,
    Mirrors, Redirect, RedirectPort, Retries, Rewrite, Rule, RuleSet, TextMatch,
    WeightedDestination,
};
use crate::config::decode::{Located, Map};
use crate::config::istio;
use crate::config::istio::virtual_service::{
    self as written, HttpMatch, HttpRule, StringMatch, UnmatchedPreflights, VirtualService,
    duration,
};
use crate::config::object::Object;
use crate::control_plane::audience::Audience;
use crate::control_plane::mesh_config::MeshConfig;
use crate::control_plane::names::resolve_short_name;
use crate::data_plane::RouteSource;

/// What names of an object are resolved with.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Namespace of the object.
    pub namespace: &'a str,
    /// Domain of the cluster.
    pub domain: &'a str,
}

/// Reads all VirtualServices and puts delegates into their roots.
#[must_use]
pub fn read_all(objects: &[Object<VirtualService>], mesh: &MeshConfig) -> Vec<RuleSet> {
    let sets: Vec<RuleSet> = objects.iter().map(|object| read(object, mesh)).collect();
    delegate::merge(sets)
}

fn read(object: &Object<VirtualService>, mesh: &MeshConfig) -> RuleSet {
    let (meta, spec) = (&object.meta, &object.spec);
    let context = Context { namespace: &meta.namespace, domain: &mesh.domain };
    let name = format!("VirtualService {}", meta.full_name());
    let exports = spec.export_to.iter().map(|export| export.value.as_str());
    let mut gateways: Vec<String> =
        spec.gateways.iter().map(|g| context.gateway(&g.value)).collect();
    if gateways.is_empty() {
        gateways.push(MESH.to_owned());
    }
    let rules = spec.http.iter().enumerate();
    RuleSet {
        name: meta.name.clone(),
        namespace: meta.namespace.clone(),
        created: meta.created,
        hosts: spec.hosts.iter().map(|host| context.host(&host.value)).collect(),
        gateways,
        audience: Audience::read(exports, &meta.namespace),
        rules: rules.map(|(index, rule)| context.rule(rule, index, &name)).collect(),
        l4_destinations: l4_destinations(spec, context),
        from_gateway_api: false,
        place: meta.place,
        object: name,
    }
}

fn l4_destinations(spec: &VirtualService, context: Context<'_>) -> Vec<(String, Option<u32>)> {
    let tcp = spec.tcp.iter().flat_map(|rule| &rule.route);
    let tls = spec.tls.iter().flat_map(|rule| &rule.route);
    let written = tcp.chain(tls).filter_map(|route| route.destination.as_ref());
    written.map(|d| context.destination(d)).map(|d| (d.host, d.port)).collect()
}

// === impl Context ===

impl Context<'_> {
    /// Expands a short host name.
    #[must_use]
    pub fn host(self, host: &str) -> String {
        resolve_short_name(host, self.namespace, self.domain)
    }

    /// Resolves a gateway reference: `mesh`, `name`, `namespace/name` or legacy `name.namespace`.
    #[must_use]
    pub fn gateway(self, text: &str) -> String {
        if text == MESH {
            return text.to_owned();
        }
        if let Some((namespace, name)) = text.split_once('/') {
            let namespace = if namespace == "." { self.namespace } else { namespace };
            return format!("{namespace}/{name}");
        }
        match text.split_once('.') {
            Some((name, rest)) => {
                let namespace = rest.split('.').next().unwrap_or_default();
                format!("{namespace}/{name}")
            }
            None => format!("{}/{text}", self.namespace),
        }
    }

    fn destination(self, written: &istio::Destination) -> Destination {
        let text = |value: &Option<Located<String>>| {
            value.as_ref().map(|value| value.value.clone()).unwrap_or_default()
        };
        let number = written.port.as_ref().and_then(|port| port.number.as_ref());
        Destination {
            host: self.host(&text(&written.host)),
            subset: text(&written.subset),
            port: number.map(|number| number.value),
            place: written.host.as_ref().map_or(written.place, |host| host.place),
        }
    }

    fn rule(self, written: &HttpRule, index: usize, object: &str) -> Rule {
        let name = text(written.name.as_ref());
        let matches = written.matches.iter().enumerate();
        Rule {
            source: RouteSource {
                object: object.to_owned(),
                rule: index,
                rule_name: name.clone(),
                condition: None,
            },
            name,
            matches: matches.map(|(index, m)| self.condition(m, index)).collect(),
            action: self.action(written),
            rewrite: written.rewrite.as_ref().map(rewrite),
            timeout: duration(written.timeout.as_ref()),
            retries: written.retries.as_ref().map(retries),
            fault: written.fault.as_ref().map(fault),
            mirrors: self.mirrors(written),
            cors: written.cors_policy.as_ref().map(cors),
            headers: written.headers.as_ref().map(headers),
            place: written.place,
        }
    }

    /// redirect before direct response before route.
    fn action(self, written: &HttpRule) -> Action {
        if let Some(delegate) = &written.delegate {
            let namespace = text(delegate.namespace.as_ref());
            let namespace =
                if namespace.is_empty() { self.namespace.to_owned() } else { namespace };
            return Action::Delegate { name: text(delegate.name.as_ref()), namespace };
        }
        if let Some(redirect) = &written.redirect {
            return Action::Redirect(read_redirect(redirect));
        }
        if let Some(direct) = &written.direct_response {
            let status = direct.status.as_ref().map_or(0, |status| status.value);
            return Action::Direct { status, body: body(direct) };
        }
        let routes = written.route.iter().filter_map(|route| {
            let target = route.fallback.as_ref().and_then(|fallback| fallback.target.as_ref());
            Some(WeightedDestination {
                destination: self.destination(route.destination.as_ref()?),
                weight: u32::try_from(route.weight()).unwrap_or(0),
                headers: route.headers.as_ref().map(headers),
                fallback: target.map(|target| self.destination(target)),
            })
        });
        Action::Route(routes.collect())
    }

    fn mirrors(self, written: &HttpRule) -> Mirrors {
        let percent = written.mirror_percent.as_ref().or(written.mirror_percent_snake.as_ref());
        let several = written.mirrors.iter().filter_map(|mirror| {
            let destination = self.destination(mirror.destination.as_ref()?);
            Some((destination, mirror.percentage.as_ref().map(written::Percent::get)))
        });
        Mirrors {
            single: written.mirror.as_ref().map(|mirror| self.destination(mirror)),
            percentage: written.mirror_percentage.as_ref().map(written::Percent::get),
            percent: percent.map(|percent| percent.value),
            several: several.collect(),
        }
    }

    fn condition(self, written: &HttpMatch, index: usize) -> Match {
        let labels = written.source_labels.iter();
        Match {
            name: text(written.name.as_ref()),
            uri: written.uri.as_ref().map(|uri| text_match(Some(uri))),
            ignore_uri_case: written.ignore_uri_case,
            scheme: written.scheme.as_ref().map(|scheme| text_match(Some(scheme))),
            method: written.method.as_ref().map(|method| text_match(Some(method))),
            authority: written.authority.as_ref().map(|authority| text_match(Some(authority))),
            headers: text_matches(&written.headers),
            without_headers: text_matches(&written.without_headers),
            query: text_matches(&written.query_params),
            port: written.port.as_ref().map_or(0, |port| port.value),
            gateways: written.gateways.iter().map(|g| self.gateway(&g.value)).collect(),
            source_labels: labels.map(|(k, v)| (k.value.clone(), v.value.clone())).collect(),
            source_namespace: text(written.source_namespace.as_ref()),
            stat_prefix: text(written.stat_prefix.as_ref()),
            index,
        }
    }
}

fn text(value: Option<&Located<String>>) -> String {
    value.map(|value| value.value.clone()).unwrap_or_default()
}

pub(super) fn text_match(written: Option<&StringMatch>) -> TextMatch {
    let Some(written) = written else { return TextMatch::Present };
    if let Some(exact) = &written.exact {
        TextMatch::Exact(exact.value.clone())
    } else if let Some(prefix) = &written.prefix {
        TextMatch::Prefix(prefix.value.clone())
    } else if let Some(regex) = &written.regex {
        TextMatch::Regex(regex.value.clone())
    } else {
        TextMatch::Present
    }
}

pub(super) fn text_matches(written: &Map<Option<StringMatch>>) -> Vec<(String, TextMatch)> {
    let read = |(name, value): &(Located<String>, Option<StringMatch>)| {
        (name.value.clone(), text_match(value.as_ref()))
    };
    written.iter().map(read).collect()
}

fn rewrite(written: &written::HttpRewrite) -> Rewrite {
    let regex = written.uri_regex_rewrite.as_ref();
    Rewrite {
        uri: text(written.uri.as_ref()),
        authority: text(written.authority.as_ref()),
        regex: regex.map(|r| (text(r.pattern.as_ref()), text(r.rewrite.as_ref()))),
    }
}

fn read_redirect(written: &written::HttpRedirect) -> Redirect {
    let derive = written.derive_port.as_ref().map(|derive| derive.value);
    let port = match (&written.port, derive) {
        (Some(port), _) => RedirectPort::Number(port.value),
        (None, Some(written::RedirectPort::FromRequestPort)) => RedirectPort::FromRequest,
        _ => RedirectPort::Unset,
    };
    Redirect {
        uri: text(written.uri.as_ref()),
        prefix_rewrite: text(written.prefix_rewrite.as_ref()),
        authority: text(written.authority.as_ref()),
        port,
        scheme: text(written.scheme.as_ref()),
        code: written.redirect_code.as_ref().map_or(0, |code| code.value),
    }
}

fn body(written: &written::DirectResponse) -> String {
    let Some(body) = &written.body else { return String::new() };
    match (&body.string, &body.bytes) {
        (Some(string), _) => string.value.clone(),
        (None, Some(bytes)) => decode_base64(&bytes.value),
        (None, None) => String::new(),
    }
}

/// Base64 to text; what is no UTF-8 becomes replacement characters.
fn decode_base64(text: &str) -> String {
    let mut out = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => continue,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from((bits >> count) & 255).unwrap_or_default());
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Reads retries.
pub(in crate::control_plane) fn retries(written: &written::HttpRetry) -> Retries {
    let attempts = written.attempts.as_ref().map_or(0, |attempts| attempts.value);
    Retries {
        attempts: u32::try_from(attempts).unwrap_or(0),
        per_try_timeout: duration(written.per_try_timeout.as_ref()),
        retry_on: text(written.retry_on.as_ref()),
        backoff: duration(written.backoff.as_ref()),
        ignore_previous_hosts: written.retry_ignore_previous_hosts,
        remote_localities: written.retry_remote_localities.unwrap_or(false),
    }
}

fn fault(written: &written::HttpFault) -> Fault {
    use crate::data_plane::Abort as Answer;
    let delay = written.delay.as_ref().map(|delay| Delay {
        fixed: duration(delay.fixed_delay.as_ref()),
        percentage: delay.percentage.as_ref().map(written::Percent::get),
        percent: delay.percent.as_ref().and_then(|p| u32::try_from(p.value).ok()).unwrap_or(0),
    });
    let abort = written.abort.as_ref().map(|abort| {
        let http = abort.http_status.as_ref().and_then(|status| u16::try_from(status.value).ok());
        let grpc = abort.grpc_status.as_ref().and_then(|status| grpc_code(&status.value));
        Abort {
            answer: http.map(Answer::Http).or(grpc.map(Answer::Grpc)),
            percentage: abort.percentage.as_ref().map(written::Percent::get),
        }
    });
    Fault { delay, abort }
}

/// The numbers of gRPC statuses.
#[must_use]
pub(in crate::control_plane) fn grpc_code(name: &str) -> Option<u32> {
    const NAMES: [&str; 17] = [
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
    NAMES.iter().position(|known| *known == name).and_then(|code| u32::try_from(code).ok())
}

fn cors(written: &written::CorsPolicy) -> Cors {
    let list =
        |values: &[Located<String>]| values.iter().map(|value| value.value.clone()).collect();
    let origins = if written.allow_origins.is_empty() {
        let exact = written.allow_origin.iter();
        exact.map(|origin| TextMatch::Exact(origin.value.clone())).collect()
    } else {
        written.allow_origins.iter().map(|origin| text_match(Some(origin))).collect()
    };
    Cors {
        origins,
        methods: list(&written.allow_methods),
        headers: list(&written.allow_headers),
        expose: list(&written.expose_headers),
        max_age: duration(written.max_age.as_ref()),
        credentials: written.allow_credentials.unwrap_or(false),
        ignore_unmatched_preflights: written.unmatched_preflights
            == Some(UnmatchedPreflights::Ignore),
    }
}

fn headers(written: &written::Headers) -> Headers {
    let pairs = |map: &Map<Located<String>>| -> Vec<(String, String)> {
        map.iter().map(|(name, value)| (name.value.clone(), value.value.clone())).collect()
    };
    let operations = |written: Option<&written::HeaderOperations>| {
        written.map_or_else(HeaderOperations::default, |written| HeaderOperations {
            set: pairs(&written.set),
            add: pairs(&written.add),
            remove: written.remove.iter().map(|name| name.value.clone()).collect(),
        })
    };
    Headers {
        request: operations(written.request.as_ref()),
        response: operations(written.response.as_ref()),
    }
}
