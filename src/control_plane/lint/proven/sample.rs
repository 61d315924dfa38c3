//! A text that a pattern matches, for requests that must reach a rule.
//!
//! Reads the common part of RE2's syntax and takes the first way through; the result is checked with the
//! compiled pattern, so what is not understood yields nothing instead of a wrong text.

use crate::data_plane::Regex;

/// Deeper groups are given up.
const MAX_DEPTH: usize = 30;
/// Longer texts are given up.
const MAX_LENGTH: usize = 2000;

/// Returns a text that the whole pattern matches; `None` if none is found.
pub(super) fn sample(regex: &Regex) -> Option<String> {
    let chars: Vec<char> = regex.as_str().chars().collect();
    let mut reader = Reader { chars: &chars, at: 0, depth: 0 };
    let text = reader.alternatives()?;
    (reader.at == chars.len() && regex.matches(&text)).then_some(text)
}

struct Reader<'p> {
    chars: &'p [char],
    at: usize,
    depth: usize,
}

// === impl Reader ===

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += 1;
        Some(next)
    }

    /// The first of several alternatives; the others are read over.
    fn alternatives(&mut self) -> Option<String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let first = self.sequence()?;
        while self.take('|') {
            self.sequence()?;
        }
        self.depth -= 1;
        Some(first)
    }

    fn sequence(&mut self) -> Option<String> {
        let mut text = String::new();
        while let Some(next) = self.peek() {
            if next == '|' || next == ')' {
                break;
            }
            let atom = self.atom()?;
            for _ in 0..self.least()? {
                text.push_str(&atom);
            }
            if text.len() > MAX_LENGTH {
                return None;
            }
        }
        Some(text)
    }

    fn atom(&mut self) -> Option<String> {
        match self.next()? {
            '^' | '$' => Some(String::new()),
            '.' => Some("a".to_owned()),
            '[' => self.class(),
            '\\' => self.escape(),
            '(' => {
                if self.take('?') {
                    self.group_head()?;
                }
                let inner =
                    if self.peek() == Some(')') { String::new() } else { self.alternatives()? };
                self.take(')').then_some(inner)
            }
            literal => Some(literal.to_string()),
        }
    }

    /// Behind `(?`: a name, or flags up to `:`; flags up to `)` stand for an empty group.
    fn group_head(&mut self) -> Option<()> {
        loop {
            match self.peek()? {
                ':' | '>' => {
                    self.at += 1;
                    return Some(());
                }
                ')' => return Some(()),
                _ => self.at += 1,
            }
        }
    }

    /// Behind a backslash: a character, or nothing for a place between characters.
    fn escape(&mut self) -> Option<String> {
        let text = match self.next()? {
            'd' => "0",
            'w' | 'S' | 'D' => "a",
            'W' => "-",
            's' => " ",
            'b' | 'A' | 'z' | 'B' => "",
            literal if literal.is_ascii_alphanumeric() => return None,
            literal => return Some(literal.to_string()),
        };
        Some(text.to_owned())
    }

    /// A character of a class.
    fn class(&mut self) -> Option<String> {
        let negated = self.take('^');
        let mut listed = Vec::new();
        let mut first = true;
        loop {
            let next = self.next()?;
            if next == ']' && !first {
                break;
            }
            first = false;
            let low = if next == '\\' { self.escape()?.chars().next()? } else { next };
            let mut high = low;
            if self.peek() == Some('-') && self.chars.get(self.at + 1) != Some(&']') {
                self.at += 1;
                high = self.next()?;
            }
            listed.push((low, high));
        }
        let inside = |c: char| listed.iter().any(|(low, high)| (*low..=*high).contains(&c));
        let found =
            if negated { "a0-_x~".chars().find(|c| !inside(*c)) } else { Some(listed[0].0) };
        found.map(String::from)
    }

    /// How often the atom before must stand at least.
    fn least(&mut self) -> Option<usize> {
        let least = match self.peek() {
            Some('*' | '?') => {
                self.at += 1;
                0
            }
            Some('+') => {
                self.at += 1;
                1
            }
            Some('{') => {
                let rest: String = self.chars[self.at + 1..].iter().collect();
                let (inside, _) = rest.split_once('}')?;
                self.at += inside.chars().count() + 2;
                inside.split(',').next()?.parse().ok()?
            }
            _ => return Some(1),
        };
        self.take('?');
        Some(least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_a_text_that_the_pattern_matches() {
        for (pattern, expected) in [
            ("/api/v[0-9]+/.*", Some("/api/v0/")),
            ("^(.*?;)?(user=jason)(;.*)?$", Some("user=jason")),
            ("(?i)get|post", Some("get")),
            (r"/items/\d{3}", Some("/items/000")),
            ("[^/]+", Some("a")),
            ("a{2,5}b??", Some("aa")),
            (r"/(?P<id>\w+)\.html", Some("/a.html")),
            ("", Some("")),
            (r"\x41", None),
            (r"a\bb", None),
        ] {
            let regex = Regex::new(pattern).unwrap();
            assert_eq!(sample(&regex).as_deref(), expected, "{pattern}");
        }
    }
}
