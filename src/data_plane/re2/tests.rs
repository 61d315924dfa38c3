use super::Regex;

#[test]
fn a_pattern_matches_the_whole_text_only() {
    for (pattern, text, expected) in [
        ("a|ab", "ab", true),
        ("/api/v[0-9]+", "/api/v1", true),
        ("/api/v[0-9]+", "/api/v1/x", false),
        ("/api/v[0-9]+", "x/api/v1", false),
        ("^/a$", "/a", true),
        (".*", "", true),
        (r"\d+", "12", true),
        (r"\d+", "\u{0661}", false),
        ("(?i)/A.*", "/aB", true),
        ("a{2}", "aa", true),
        ("[[:alpha:]]+", "ab", true),
    ] {
        assert_eq!(Regex::new(pattern).unwrap().matches(text), expected, "{pattern} {text}");
    }
}

#[test]
fn re2_syntax_that_the_engine_reads_differently_keeps_its_meaning() {
    for (pattern, text, expected) in [
        ("/items/{id}", "/items/{id}", true),
        ("a{,2}", "a{,2}", true),
        ("[a&&b]+", "a&b", true),
        ("[a[b]+", "[ba", true),
        ("[+--]+", "+,-", true),
        ("[--/]+", "-./", true),
        ("[a-]+", "a-", true),
        ("[]a]+", "]a", true),
        (r"\<a\>", "<a>", true),
        (r"\Qa.b*\Ec", "a.b*c", true),
        (r"\Qa.b", "a.b", true),
        (r"\101", "A", true),
        (r"\x41", "A", true),
        ("a~~b", "a~~b", true),
        ("[a~~b]+", "~", true),
        (r"\pL+", "abc", true),
        (".", "é", false),
    ] {
        let regex = Regex::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        assert_eq!(regex.matches(text), expected, "{pattern} {text}");
    }
}

#[test]
fn patterns_that_re2_refuses_are_refused() {
    for pattern in [
        "(", ")", "[a", "a)(b", "*", "a**", "a*+", "a{2}{3}", "a{1001}", r"\1", r"\8", r"\u0041",
        "(?x)a", "(?=a)", "(?<!a)b", r"(a)\1", "\\", "[z-a]", "(?P<n", r"[\b]",
    ] {
        assert!(Regex::new(pattern).is_err(), "{pattern}");
    }
}

#[test]
fn huge_programs_are_refused_quickly() {
    assert!(Regex::new("((a{100}){100}){100}").is_err());
    assert!(Regex::new(&"(".repeat(100_000)).is_err());
}

#[test]
fn replace_all_follows_re2_global_replace() {
    for (pattern, text, rewrite, expected) in [
        ("/v1/", "/v1/a/v1/b", "/v2/", "/v2/a/v2/b"),
        ("^/([^/]+)/(.*)$", "/a/b/c", r"/\2/\1", "/b/c/a"),
        ("b*", "abc", "-", "-a-c-"),
        ("/.*", "/old/path", r"/new\0", "/new/old/path"),
        ("x", "aaa", "y", "aaa"),
        ("a", "a", r"\\", "\\"),
    ] {
        assert_eq!(Regex::new(pattern).unwrap().replace_all(text, rewrite), expected, "{pattern}");
    }
}
