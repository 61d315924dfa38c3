//! Durations: what the schema's rules and the admission check ask of them.

use super::report::Report as _;
use crate::config::decode::Located;
use crate::diagnostic::Diagnostics;
use crate::units::{InvalidDuration, Nanos};

const MILLISECOND: i128 = 1_000_000;

/// Checks a duration of at least a millisecond, in whole milliseconds.
pub(super) fn check(text: Option<&Located<String>>, problems: &mut Diagnostics) {
    let Some(text) = text else { return };
    let Some(nanos) = read(text, problems) else { return };
    if nanos < MILLISECOND {
        too_short(text, problems);
    } else if nanos % MILLISECOND != 0 {
        too_fine(text, problems);
    }
}

/// Checks a duration of at least a millisecond; parts of one pass.
pub(super) fn check_length(text: Option<&Located<String>>, problems: &mut Diagnostics) {
    let Some(text) = text else { return };
    if read(text, problems).is_some_and(|nanos| nanos < MILLISECOND) {
        too_short(text, problems);
    }
}

/// Checks a duration that is switched off by one below a millisecond.
pub(super) fn check_or_off(text: Option<&Located<String>>, problems: &mut Diagnostics) {
    let Some(text) = text else { return };
    if read_text(&text.value).is_ok_and(|nanos| nanos / MILLISECOND == 0) {
        return;
    }
    check(Some(text), problems);
}

/// Checks that a text is a duration at all, and returns its nanoseconds.
pub(super) fn read(text: &Located<String>, problems: &mut Diagnostics) -> Option<i128> {
    let read = read_text(&text.value);
    if let Err(error) = &read {
        let message = format!("`{}` is no duration: {error}", text.value);
        problems.refuse("invalid-duration", text.place, message);
    }
    read.ok()
}

/// Reads Go's notation with a sign; Go's durations end at about 292 years.
fn read_text(text: &str) -> Result<i128, InvalidDuration> {
    let (negative, length) = match text.strip_prefix('-') {
        Some(length) => (true, length),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if length.starts_with(['+', '-']) {
        return Err(InvalidDuration::Syntax);
    }
    let nanos = length.parse::<Nanos>()?.0;
    let nanos = i64::try_from(nanos).map_err(|_| InvalidDuration::TooLong)?;
    Ok(i128::from(if negative { -nanos } else { nanos }))
}

fn too_short(text: &Located<String>, problems: &mut Diagnostics) {
    let message = format!("`{}` is shorter than 1ms, the shortest that istiod takes", text.value);
    problems.refuse_with(
        "duration-too-short",
        text.place,
        message,
        "to have no such limit, leave the field out",
    );
}

fn too_fine(text: &Located<String>, problems: &mut Diagnostics) {
    let message = format!("`{}` is no whole number of milliseconds", text.value);
    problems.refuse("duration-too-fine", text.place, message);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_sign_and_an_end() {
        for (text, expected) in [
            ("1h1m", Some(3_660_000_000_000)),
            ("+1s", Some(1_000_000_000)),
            ("-1s", Some(-1_000_000_000)),
            ("-0", Some(0)),
            ("2562047h", Some(9_223_369_200_000_000_000)),
            ("2562048h", None),
            ("--1s", None),
            ("+-1s", None),
            ("1e3s", None),
            ("5", None),
        ] {
            assert_eq!(read_text(text).ok(), expected, "{text}");
        }
    }
}
