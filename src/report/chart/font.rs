//! The font that the charts ship: widths, shortening and wrapping of texts.
//!
//! Widths are sums of advances in font units, as integers; the font has no kerning, so that a text is exactly as
//! wide here as it is drawn. Characters that the font lacks count as one em, the width of a CJK character.

use std::sync::LazyLock;

use ab_glyph::{Font as _, FontRef};

/// The shipped font, TrueType.
pub(super) const BYTES: &[u8] = include_bytes!("font/LanecastSans-Regular.ttf");

/// The families to draw with: after the shipped one, those whose letters are equally wide.
pub(super) const FAMILIES: &str =
    "Lanecast Sans, Liberation Sans, Arimo, Arial, Helvetica, sans-serif";

/// Size of the title, in pixels per em.
pub(super) const TITLE: i32 = 20;
/// Size of headings.
pub(super) const HEADING: i32 = 14;
/// Size of labels and numbers.
pub(super) const BODY: i32 = 12;
/// Size of everything else; nothing is smaller.
pub(super) const SMALL: i32 = 11;

/// Font units per em.
const EM: u32 = 2048;

static FACE: LazyLock<Option<FontRef<'static>>> =
    LazyLock::new(|| FontRef::try_from_slice(BYTES).ok());

/// Returns the font; the shipped file always parses.
pub(super) fn face() -> Option<&'static FontRef<'static>> {
    FACE.as_ref()
}

/// Returns the advance of a character in 1/2048 em.
pub(super) fn advance(character: char) -> u32 {
    let Some(face) = face() else { return EM };
    let glyph = face.glyph_id(character);
    if glyph.0 == 0 { EM } else { whole(face.h_advance_unscaled(glyph)) }
}

/// Returns the width of a text in pixels, rounded up.
pub(super) fn width(text: &str, size: i32) -> i32 {
    let units: u64 = text.chars().map(|it| u64::from(advance(it))).sum();
    let size = u64::try_from(size).unwrap_or(0);
    i32::try_from((units * size).div_ceil(u64::from(EM))).unwrap_or(i32::MAX)
}

/// Shortens a text in its middle, if need be, so that it is at most `room` pixels wide.
pub(super) fn fitted(text: &str, size: i32, room: i32) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    let (mut head, mut tail) = (0, 0);
    let mut short = "…".to_owned();
    while head + tail < letters.len() {
        // The end of a name often holds the version, so that it grows first.
        let (more_head, more_tail) = if tail <= head { (head, tail + 1) } else { (head + 1, tail) };
        let start: String = letters[..more_head].iter().collect();
        let end: String = letters[letters.len() - more_tail..].iter().collect();
        let longer = format!("{}…{}", start.trim_end(), end.trim_start());
        if width(&longer, size) > room {
            break;
        }
        (head, tail, short) = (more_head, more_tail, longer);
    }
    short
}

/// Breaks a text at spaces into at most `lines` lines of at most `room` pixels; what does not fit is shortened.
pub(super) fn wrapped(text: &str, size: i32, room: i32, lines: usize) -> Vec<String> {
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    let mut done: Vec<String> = Vec::new();
    let mut line = String::new();
    for (index, word) in words.iter().enumerate() {
        let longer = if line.is_empty() { (*word).to_owned() } else { format!("{line} {word}") };
        if line.is_empty() || width(&longer, size) <= room {
            line = longer;
            continue;
        }
        if done.len() + 1 >= lines {
            line = format!("{line} {}", words[index..].join(" "));
            break;
        }
        done.push(fitted(&line, size, room));
        (*word).clone_into(&mut line);
    }
    if !line.is_empty() {
        done.push(fitted(&line, size, room));
    }
    done
}

/// Returns a text that every picture format can hold: control characters and runs of spaces become one space.
pub(super) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        let odd = letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}' | ' ');
        match (odd, out.ends_with(' ')) {
            (false, _) => out.push(letter),
            (true, false) => out.push(' '),
            (true, true) => {}
        }
    }
    out.trim_matches(' ').to_owned()
}

/// Advances are whole numbers of font units.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "advances are whole numbers below 65,536"
)]
fn whole(units: f32) -> u32 {
    units as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_font_parses_and_has_what_the_charts_print() {
        let face = face().unwrap();
        for letter in "AZaz09 ()@%±>–…→≤×·,'/'äß\u{a0}".chars() {
            assert_ne!(face.glyph_id(letter).0, 0, "{letter:?}");
        }
        assert_eq!(face.units_per_em(), Some(2048.0));
    }

    #[test]
    fn widths_are_those_of_arial() {
        // Arial's digits are 1139 units wide, its `i` 455.
        for (text, size, pixels) in
            [("", 12, 0), ("0", 2048, 1139), ("i", 2048, 455), ("00", 12, 14)]
        {
            assert_eq!(width(text, size), pixels, "{text}");
        }
        assert_eq!(width("漢", 12), 12);
    }

    #[test]
    fn long_texts_lose_their_middle() {
        let name = "a-very-long-service-name-that-no-label-has-room-for@v2";
        let short = fitted(name, BODY, 120);
        assert!(width(&short, BODY) <= 120);
        assert!(
            short.starts_with("a-very") && short.ends_with("@v2") && short.contains('…'),
            "{short}"
        );
        assert_eq!(fitted("short", BODY, 120), "short");
        assert_eq!(fitted("nothing", BODY, 0), "…");
    }

    #[test]
    fn lines_break_at_spaces_and_the_last_one_takes_the_rest() {
        let text = "one two three four five six seven eight nine ten";
        for lines in 1..6 {
            let broken = wrapped(text, BODY, 70, lines);
            assert!(broken.len() <= lines, "{broken:?}");
            assert!(broken.iter().all(|line| width(line, BODY) <= 70), "{broken:?}");
            assert!(broken[0].starts_with("one") && broken[broken.len() - 1].ends_with("ten"));
        }
        assert_eq!(wrapped("", BODY, 70, 2), Vec::<String>::new());
    }

    #[test]
    fn control_characters_do_not_reach_a_picture() {
        assert_eq!(clean(" a\u{1}\n\tb  c\u{ffff}"), "a b c");
    }
}
