//! Header names, header operations and header values (R-075, R-083, R-118, R-123).

use super::report::Report as _;
use crate::config::decode::Located;
use crate::config::istio::virtual_service::{HeaderOperations, Headers};
use crate::diagnostic::Diagnostics;

/// The pseudo headers that a condition may ask for (R-075).
const PSEUDO_HEADERS: [&str; 5] = [":method", ":scheme", ":authority", ":path", ":status"];

/// Tells whether a header key names a claim of a token (R-083).
pub(super) fn is_claim(name: &str) -> bool {
    const PREFIX: &str = "@request.auth.claims";
    let Some((head, path)) = name.split_at_checked(PREFIX.len()) else { return false };
    let written = path.starts_with('.') && path.len() > 1
        || path.starts_with('[') && path.ends_with(']') && path.len() > 2;
    head.eq_ignore_ascii_case(PREFIX) && written
}

/// Checks the name of a header that a condition asks for.
pub(super) fn check_condition_name(name: &Located<String>, problems: &mut Diagnostics) {
    let text = name.value.as_str();
    let fits = is_claim(text) || PSEUDO_HEADERS.contains(&text) || is_name(text);
    if !fits {
        report_name(name, problems);
    }
}

/// Checks a header name in a cross-origin policy.
pub(super) fn check_cors_name(name: &Located<String>, problems: &mut Diagnostics) {
    if name.value != "*" && !is_name(&name.value) {
        report_name(name, problems);
    }
}

/// Istio's set of characters: those of HTTP and, by accident, the comma.
fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+,-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(fits)
}

fn report_name(name: &Located<String>, problems: &mut Diagnostics) {
    let message = if name.value.is_empty() {
        "a header name cannot be empty".to_owned()
    } else {
        format!("`{}` is no header name", name.value)
    };
    problems.refuse("invalid-header-name", name.place, message);
}

/// Tells whether a name stands for the host of a request.
pub(super) fn is_authority(name: &str) -> bool {
    name.eq_ignore_ascii_case(":authority") || name.eq_ignore_ascii_case("host")
}

/// Checks all header operations of a rule or a destination.
pub(super) fn check_operations(headers: Option<&Headers>, problems: &mut Diagnostics) {
    let Some(headers) = headers else { return };
    if let Some(request) = &headers.request {
        check_direction(request, check_request_name, problems);
    }
    if let Some(response) = &headers.response {
        check_direction(response, check_fixed_name, problems);
    }
}

fn check_direction(
    operations: &HeaderOperations,
    check_name: impl Fn(&Located<String>, &mut Diagnostics),
    problems: &mut Diagnostics,
) {
    for (name, value) in operations.add.iter().chain(operations.set.iter()) {
        check_name(name, problems);
        check_value(value, problems);
    }
    for name in &operations.remove {
        check_fixed_name(name, problems);
    }
}

/// R-123: on a request the host may be written, other pseudo headers may not.
fn check_request_name(name: &Located<String>, problems: &mut Diagnostics) {
    if name.value.is_empty() {
        report_name(name, problems);
    } else if name.value.starts_with(':') && !is_authority(&name.value) {
        let message = format!("`{}` cannot be written as a header", name.value);
        problems.refuse_with(
            "pseudo-header",
            name.place,
            message,
            "`rewrite` changes path and host; method and scheme stay",
        );
    }
}

/// R-123: no host and no pseudo header can be removed, nor set on an answer.
fn check_fixed_name(name: &Located<String>, problems: &mut Diagnostics) {
    if name.value.is_empty() {
        report_name(name, problems);
    } else if name.value.starts_with(':') || is_authority(&name.value) {
        let message = format!("`{}` cannot be changed here", name.value);
        problems.refuse("pseudo-header", name.place, message);
    }
}

fn check_value(value: &Located<String>, problems: &mut Diagnostics) {
    if value.value.contains(|c: char| c.is_ascii_control() && c != '\t') {
        problems.refuse(
            "invalid-header-value",
            value.place,
            "a header value cannot have control characters",
        );
    }
    if let Err(why) = check_commands(value.value.bytes()) {
        let message = format!("`{}` is no header value: {why}", value.value);
        problems.refuse_with(
            "invalid-header-value",
            value.place,
            message,
            "`%` begins a command such as `%REQ(x-a)%`; write `%%` for a percent sign",
        );
    }
}

/// Where the reader of a header value is.
#[derive(Clone, Copy)]
enum Position {
    Text,
    /// Behind a `%` of the text.
    Percent,
    /// In the name of a command.
    Name,
    /// Behind `(`.
    Opened,
    /// In an argument, which ends at `)` or `"`.
    Argument,
    /// Behind a `\` in an argument.
    Escape,
    /// In a list of arguments, before the next one.
    BeforeArgument,
    /// In a list of arguments, behind one.
    BehindArgument,
    /// Behind the list of arguments.
    BehindList,
    /// Behind `)`.
    Closed,
}

/// Checks that every command is closed; which commands there are is not looked at.
fn check_commands(value: impl Iterator<Item = u8>) -> Result<(), &'static str> {
    let mut position = Position::Text;
    for byte in value {
        position = step(position, byte)?;
    }
    match position {
        Position::Text => Ok(()),
        Position::Percent => Err("a `%` stands alone at its end"),
        _ => Err("a command is not closed"),
    }
}

fn step(position: Position, byte: u8) -> Result<Position, &'static str> {
    use Position::{
        Argument, BeforeArgument, BehindArgument, BehindList, Closed, Escape, Name, Opened,
        Percent, Text,
    };
    Ok(match (position, byte) {
        (Opened | BeforeArgument | BehindArgument | BehindList | Closed, b' ') => position,
        (Text, b'%') => Percent,
        (Text, _) | (Percent | Name | Closed, b'%') => Text,
        (Percent | Name, b'(') => Opened,
        (Percent | Name, _) => Name,
        (Opened, b'[') | (BehindArgument, b',') => BeforeArgument,
        (Argument, b'\\') => Escape,
        (Argument | BehindList, b')') => Closed,
        (Argument, b'"') => BehindArgument,
        // The first character behind `(` belongs to the argument whatever it is, even a `)`.
        (Opened | Argument | Escape, _) | (BeforeArgument, b'"') => Argument,
        (BehindArgument, b']') => BehindList,
        (BeforeArgument, _) => return Err("an argument in a list begins with `\"`"),
        (BehindArgument, _) => return Err("behind an argument comes `,` or `]`"),
        (BehindList, _) => return Err("behind the arguments comes `)`"),
        (Closed, _) => return Err("a command ends with `%`"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_in_values_are_closed() {
        for (value, fits) in [
            ("plain", true),
            ("", true),
            ("100%%", true),
            ("%", false),
            ("50%", false),
            ("50% off", false),
            ("%HOSTNAME%", true),
            ("a %START_TIME% b", true),
            ("%START_TIME%%", false),
            ("%REQ(x-a)%", true),
            ("%REQ(x-a) %", true),
            ("%REQ(x-a)x%", false),
            ("%REQ(x-a)", false),
            ("%REQ()%", false),
            ("%REQ( x)%", true),
            (r#"%M(["a", "b"])%"#, true),
            (r#"%M(["a" "b"])%"#, false),
            (r"%M([a])%", false),
            (r#"%M(["a"]x)%"#, false),
            (r"%M(a\)b)%", true),
            (r"%M(a\", false),
        ] {
            assert_eq!(check_commands(value.bytes()).is_ok(), fits, "{value}");
        }
    }

    #[test]
    fn claims_are_named_with_dots_or_brackets() {
        for (name, expected) in [
            ("@request.auth.claims.a", true),
            ("@Request.Auth.Claims[a][b]", true),
            ("@request.auth.claims.", false),
            ("@request.auth.claims[]", false),
            ("@request.auth.claims", false),
            ("x-a", false),
        ] {
            assert_eq!(is_claim(name), expected, "{name}");
        }
    }
}
