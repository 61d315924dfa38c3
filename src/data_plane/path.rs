//! Paths as the connection manager leaves them before routing (R-067, E-26).

/// How much of a path is normalised; the mesh option `pathNormalization`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PathNormalization {
    /// Nothing.
    None,
    /// Dot segments, backslashes, unreserved escapes: the default of Istio.
    #[default]
    Base,
    /// Base, and `//` becomes `/`.
    MergeSlashes,
    /// `%2F` and `%5C` are decoded first, then as `MergeSlashes`.
    DecodeAndMergeSlashes,
}

/// A path that is answered 400 before any route is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidPath;

/// Normalises `path` (with its query, which is never touched) as R-067 says.
///
/// # Errors
/// A path with `#`, `%00` (where escapes are read), a blank, a control or a non-ASCII byte, or one that does not begin with `/`.
pub fn normalise(path: &str, option: PathNormalization) -> Result<String, InvalidPath> {
    let refused = |byte: u8| byte <= b' ' || byte >= 0x7f || byte == b'#';
    if !path.starts_with('/') || path.bytes().any(refused) {
        return Err(InvalidPath);
    }
    let (path, query) = split_query(path);
    if option == PathNormalization::None {
        return Ok(join_query(path.to_owned(), query));
    }
    // Nobody looks for it where nothing is normalised.
    if path.contains("%00") {
        return Err(InvalidPath);
    }
    let mut text = path.to_owned();
    if option == PathNormalization::DecodeAndMergeSlashes {
        text = replace_escapes(&text, |byte| matches!(byte, b'/' | b'\\'));
    }
    let text = drop_parameters_of_dot_segments(&text);
    let text = text.replace('\\', "/");
    let text = replace_escapes(&text, is_unreserved);
    let mut text = resolve_dot_segments(&text);
    if matches!(option, PathNormalization::MergeSlashes | PathNormalization::DecodeAndMergeSlashes)
    {
        text = merge_slashes(text);
    }
    Ok(join_query(escape_raw(&text), query))
}

/// Splits a path at its first `?`; the query comes without the question mark.
#[must_use]
pub fn split_query(path: &str) -> (&str, Option<&str>) {
    match path.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path, None),
    }
}

/// Puts a path and its query together again.
#[must_use]
pub fn join_query(mut path: String, query: Option<&str>) -> String {
    if let Some(query) = query {
        path.push('?');
        path.push_str(query);
    }
    path
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Step 1 of R-067: a plain `.` or `..` with parameters is still a dot segment.
fn drop_parameters_of_dot_segments(path: &str) -> String {
    let segments = path.split('/').map(|segment| match segment.split_once(';') {
        Some((dots @ ("." | ".."), _)) => dots,
        _ => segment,
    });
    segments.collect::<Vec<_>>().join("/")
}

/// Step 3 of R-067: decodes, once, the escapes of the bytes that `decode` names.
fn replace_escapes(path: &str, decode: impl Fn(u8) -> bool) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let byte = rest.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte.filter(|byte| decode(*byte)) {
            Some(byte) => {
                out.push(char::from(byte));
                rest = &rest[at + 3..];
            }
            None => {
                out.push('%');
                rest = &rest[at + 1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// Step 4 of R-067: `..` removes the segment before it, an empty one too, never above the root.
fn resolve_dot_segments(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if last {
                    kept.push("");
                }
            }
            _ => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}

/// One slash between segments; as in Envoy a path of nothing but slashes keeps two of them.
fn merge_slashes(path: String) -> String {
    if !path.contains("//") {
        return path;
    }
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let end = if path.ends_with('/') { "/" } else { "" };
    format!("/{}{end}", segments.join("/"))
}

/// Step 5 of R-067: raw characters that a URL cannot hold are written as escapes.
fn escape_raw(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for c in path.chars() {
        if matches!(c, '"' | '<' | '>' | '^' | '`' | '{' | '|' | '}') {
            out.push_str(&format!("%{:02X}", c as u32));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{InvalidPath, PathNormalization, normalise};

    #[test]
    fn paths_are_normalised_step_by_step() {
        for (path, expected) in [
            ("/", "/"),
            ("/a/./b", "/a/b"),
            ("/a/../b?x=/../y", "/b?x=/../y"),
            ("/a//../b", "/a/b"),
            ("/a//b/..", "/a//"),
            ("/../../a", "/a"),
            ("/a/..;x/b", "/b"),
            ("/a/%2e%2e/b", "/b"),
            ("/a/%2e%2E;x/b", "/a/..;x/b"),
            ("/a\\b", "/a/b"),
            ("/a%5Cb", "/a%5Cb"),
            ("/%61%2Fb%2fc%20", "/a%2Fb%2fc%20"),
            ("/%2561", "/%2561"),
            ("/%zz%4", "/%zz%4"),
            ("/{id}|^", "/%7Bid%7D%7C%5E"),
            ("/a;b=c/[x]'@:!", "/a;b=c/[x]'@:!"),
            ("/a/.", "/a/"),
            ("/a/b/..", "/a/"),
        ] {
            assert_eq!(normalise(path, PathNormalization::Base).as_deref(), Ok(expected), "{path}");
        }
    }

    #[test]
    fn merging_leaves_one_slash_but_two_where_nothing_else_is() {
        for (path, expected) in [
            ("/", "/"),
            ("//", "//"),
            ("///?a=//", "//?a=//"),
            ("//a///b//", "/a/b/"),
            ("/a//..", "/a/"),
        ] {
            let merged = normalise(path, PathNormalization::MergeSlashes);
            assert_eq!(merged.as_deref(), Ok(expected), "{path}");
        }
    }

    #[test]
    fn paths_that_envoy_answers_400_are_refused() {
        for path in ["", "a", "*", "/a#b", "/a?b#c", "/a%00", "/a b", "/\u{7f}", "/é"] {
            assert_eq!(normalise(path, PathNormalization::Base), Err(InvalidPath), "{path}");
        }
    }

    #[test]
    fn an_escaped_zero_passes_where_nothing_is_normalised() {
        assert_eq!(normalise("/a%00", PathNormalization::None).as_deref(), Ok("/a%00"));
        assert_eq!(normalise("/a#b", PathNormalization::None), Err(InvalidPath));
    }

    #[test]
    fn slashes_are_merged_or_decoded_on_demand() {
        for (option, expected) in [
            (PathNormalization::None, "/a//./b%2Fc"),
            (PathNormalization::Base, "/a//b%2Fc"),
            (PathNormalization::MergeSlashes, "/a/b%2Fc"),
            (PathNormalization::DecodeAndMergeSlashes, "/a/b/c"),
        ] {
            assert_eq!(normalise("/a//./b%2Fc", option).as_deref(), Ok(expected), "{option:?}");
        }
    }
}
