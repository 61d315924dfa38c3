use super::super::testing::{check_rows, codes};

#[test]
fn matches_have_readable_values() {
    check_rows(
        "HTTPRoute",
        "{rules: [{matches: [{§}], backendRefs: [{name: a, port: 80}]}]}",
        &[
            ("path: {type: Exact, value: /a}", &[]),
            ("path: {type: Exact, value: a}", &["invalid-path"]),
            ("path: {value: /a//b}", &["invalid-path"]),
            ("path: {value: /a/..}", &["invalid-path"]),
            ("path: {value: '/a#b'}", &["invalid-path"]),
            ("path: {value: /a%2Fb}", &["invalid-path"]),
            ("path: {value: /a%20b}", &[]),
            ("path: {value: /a%zz}", &["invalid-path"]),
            ("path: {type: RegularExpression, value: '/a('}", &["invalid-regex"]),
            ("path: {type: RegularExpression, value: 'a.*'}", &[]),
            ("path: {type: Suffix, value: /a}", &["unknown-word"]),
            ("headers: [{name: x, value: a}]", &[]),
            ("headers: [{name: 'x y', value: a}]", &["invalid-header-name"]),
            ("headers: [{name: x}]", &["missing-field"]),
            ("headers: [{name: x, value: ''}]", &["empty-match"]),
            ("headers: [{name: x, value: '[', type: RegularExpression}]", &["invalid-regex"]),
            ("queryParams: [{value: a}]", &["missing-field"]),
            ("queryParams: [{name: q, value: '(', type: RegularExpression}]", &["invalid-regex"]),
            ("method: FETCH", &["invalid-method"]),
        ],
    );
}

#[test]
fn filters_have_the_part_that_their_type_names() {
    check_rows(
        "HTTPRoute",
        "{rules: [{filters: [§]}]}",
        &[
            ("{type: RequestRedirect, requestRedirect: {scheme: https, statusCode: 301}}", &[]),
            ("{type: RequestRedirect}", &["missing-field"]),
            ("{requestRedirect: {scheme: https}}", &["missing-field"]),
            ("{type: Nothing}", &["unknown-word"]),
            ("{type: URLRewrite, urlRewrite: {}, requestRedirect: {}}", &["exclusive-fields"]),
            (
                "{type: URLRewrite, urlRewrite: {}}, {type: RequestRedirect, requestRedirect: {}}",
                &["exclusive-fields"],
            ),
            ("{type: CORS, cors: {}}, {type: CORS, cors: {}}", &["duplicate-filter"]),
            ("{type: RequestRedirect, requestRedirect: {scheme: ftp}}", &["invalid-scheme"]),
            ("{type: RequestRedirect, requestRedirect: {statusCode: 304}}", &["invalid-status"]),
            ("{type: RequestRedirect, requestRedirect: {port: 0}}", &["invalid-port"]),
            ("{type: URLRewrite, urlRewrite: {hostname: '*.a'}}", &["invalid-host"]),
            ("{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath}}}", &["missing-field"]),
            (
                "{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: /a, \
                 replacePrefixMatch: /b}}}",
                &["exclusive-fields"],
            ),
            (
                "{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /b}}}",
                &[],
            ),
            ("{type: RequestMirror, requestMirror: {backendRef: {name: a}}}", &["missing-field"]),
            (
                "{type: RequestMirror, requestMirror: {backendRef: {name: a, port: 80}, percent: 101}}",
                &["invalid-percentage"],
            ),
            (
                "{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: 'a b', value: c}]}}",
                &["invalid-header-name"],
            ),
        ],
    );
}

#[test]
fn other_parts_of_a_route() {
    for (spec, expected) in [
        ("parentRefs: [{namespace: a}]", vec!["missing-field"]),
        ("parentRefs: [{name: a, port: 0}]", vec!["invalid-port"]),
        ("hostnames: [a.b, '*.c']", vec![]),
        ("hostnames: ['*']", vec!["invalid-host"]),
        ("hostnames: [A.b]", vec!["invalid-host"]),
        ("rules: [{backendRefs: [{name: a}]}]", vec!["missing-field"]),
        ("rules: [{backendRefs: [{name: a, kind: Other, group: x}]}]", vec![]),
        ("rules: [{backendRefs: [{name: a, port: 80, weight: 1000001}]}]", vec!["out-of-range"]),
        ("rules: [{timeouts: {request: 1.5s}}]", vec!["invalid-duration"]),
        ("rules: [{timeouts: {request: 1m30s}}]", vec![]),
        ("rules: [{retry: {codes: [200], backoff: 1s}}]", vec!["invalid-status"]),
        (
            "rules: [{filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}], \
             backendRefs: [{name: a, port: 80}]}]",
            vec!["exclusive-fields"],
        ),
        (
            "rules: [{matches: [{path: {type: Exact, value: /a}}], filters: [{type: URLRewrite, \
             urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /b}}}]}]",
            vec!["prefix-rewrite-without-prefix"],
        ),
    ] {
        assert_eq!(codes("HTTPRoute", spec), expected, "{spec}");
    }
}
