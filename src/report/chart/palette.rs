//! Colours that people with colour-blindness can tell apart, on white.
//!
//! # Model
//! Versions get the hues of Okabe and Ito's palette ("Color Universal Design", 2008). `v1`, `v2`, … have the same
//! colour in every picture of every run; other names take the hues that are left, in the order of the names.

use std::collections::BTreeMap;

/// Red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Colour(pub(super) u8, pub(super) u8, pub(super) u8);

/// The ground.
pub(super) const WHITE: Colour = Colour(0xff, 0xff, 0xff);
/// Text and whiskers.
pub(super) const INK: Colour = Colour(0x1f, 0x23, 0x28);
/// Text of less weight.
pub(super) const GREY: Colour = Colour(0x59, 0x63, 0x6e);
/// Grid lines.
pub(super) const GRID: Colour = Colour(0xdd, 0xe1, 0xe6);
/// The line that bars stand on.
pub(super) const BASE: Colour = Colour(0x8c, 0x95, 0x9f);
/// What was not reached.
pub(super) const NOTHING: Colour = Colour(0xee, 0xf0, 0xf2);
/// Observed shares.
pub(super) const OBSERVED: Colour = Colour(0x6f, 0xb1, 0xe0);
/// Expected shares.
pub(super) const EXPECTED: Colour = Colour(0xd5, 0x5e, 0x00);

/// Okabe and Ito, without black; yellow comes last, it is the weakest on white.
const HUES: [Colour; 7] = [
    Colour(0x00, 0x72, 0xb2),
    Colour(0xe6, 0x9f, 0x00),
    Colour(0x00, 0x9e, 0x73),
    Colour(0xcc, 0x79, 0xa7),
    Colour(0x56, 0xb4, 0xe9),
    Colour(0xd5, 0x5e, 0x00),
    Colour(0xf0, 0xe4, 0x42),
];

/// All colours that versions can have: the hues, then lighter, then darker ones.
const COLOURS: usize = HUES.len() * 3;

/// A pod without a version.
const UNNAMED: Colour = Colour(0xa8, 0xb0, 0xb9);

/// The colours of versions.
#[derive(Clone, Debug, Default)]
pub(super) struct Palette {
    colours: BTreeMap<String, Colour>,
}

// === impl Colour ===

impl Colour {
    /// Returns black or white, whichever reads better on this colour.
    pub(super) fn contrast(self) -> Self {
        let Self(red, green, blue) = self;
        let light = u32::from(red) * 299 + u32::from(green) * 587 + u32::from(blue) * 114;
        if light > 125_000 { INK } else { WHITE }
    }

    /// Mixes `percent` of another colour into this one.
    pub(super) fn mixed(self, other: Self, percent: u8) -> Self {
        let part = u32::from(percent.min(100));
        let channel = |mine: u8, its: u8| {
            let sum = u32::from(mine) * (100 - part) + u32::from(its) * part;
            u8::try_from(sum / 100).unwrap_or(u8::MAX)
        };
        Self(channel(self.0, other.0), channel(self.1, other.1), channel(self.2, other.2))
    }
}

// === impl Palette ===

impl Palette {
    /// Gives each version its colour.
    pub(super) fn new<'n>(versions: impl IntoIterator<Item = &'n str>) -> Self {
        let mut names: Vec<&str> = versions.into_iter().collect();
        names.sort_by_key(|name| natural(name));
        names.dedup();
        let mut free: Vec<usize> = (0..COLOURS).collect();
        let mut colours = BTreeMap::new();
        for name in &names {
            if let Some(number) = numbered(name) {
                colours.insert((*name).to_owned(), colour(number));
                free.retain(|it| *it != number);
            }
        }
        let others = names.iter().filter(|name| numbered(name).is_none() && !name.is_empty());
        for (index, name) in others.enumerate() {
            let number = free.get(index % free.len().max(1)).copied().unwrap_or(index);
            colours.insert((*name).to_owned(), colour(number));
        }
        Self { colours }
    }

    /// Returns the colour of a version; grey for the empty name.
    pub(super) fn colour(&self, version: &str) -> Colour {
        self.colours.get(version).copied().unwrap_or(UNNAMED)
    }
}

/// `v1` is 0, `v2` is 1; names of another form, and numbers beyond the colours, have no fixed place.
fn numbered(version: &str) -> Option<usize> {
    let number: usize = version.strip_prefix('v')?.parse().ok()?;
    (1..=COLOURS).contains(&number).then(|| number - 1)
}

fn colour(number: usize) -> Colour {
    let hue = HUES[number % HUES.len()];
    match number / HUES.len() % 3 {
        0 => hue,
        1 => hue.mixed(WHITE, 55),
        _ => hue.mixed(INK, 45),
    }
}

/// Returns a key that sorts `v2` before `v10`: runs of digits count as numbers.
pub(super) fn natural(name: &str) -> Vec<(u64, String)> {
    let mut key = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let letters = rest.find(|it: char| it.is_ascii_digit()).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(letters);
        let digits = tail.find(|it: char| !it.is_ascii_digit()).unwrap_or(tail.len());
        let (number, tail) = tail.split_at(digits);
        // The word decides first, its number second.
        key.push((0, word.to_owned()));
        key.push((number.parse().unwrap_or(u64::MAX), String::new()));
        rest = tail;
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_versions_always_have_the_same_colour() {
        let few = Palette::new(["v2"]);
        let many = Palette::new(["canary", "v1", "stable", "v2", "v3", ""]);
        assert_eq!(few.colour("v2"), many.colour("v2"));
        assert_eq!(many.colour("v1"), HUES[0]);
        assert_eq!(many.colour(""), UNNAMED);
    }

    #[test]
    fn the_first_twenty_one_versions_have_different_colours() {
        let names: Vec<String> = (0..21).map(|it| format!("build-{it}")).collect();
        let palette = Palette::new(names.iter().map(String::as_str));
        for (index, name) in names.iter().enumerate() {
            for other in &names[..index] {
                assert_ne!(palette.colour(name), palette.colour(other), "{name} {other}");
            }
        }
    }

    #[test]
    fn names_sort_by_their_numbers() {
        let mut names = vec!["v10", "v2", "a", "v1", "", "v1-b", "v1-a"];
        names.sort_by_key(|name| natural(name));
        assert_eq!(names, ["", "a", "v1", "v1-a", "v1-b", "v2", "v10"]);
    }

    #[test]
    fn text_is_dark_on_light_colours() {
        assert_eq!(HUES[6].contrast(), INK);
        assert_eq!(HUES[0].contrast(), WHITE);
    }
}
