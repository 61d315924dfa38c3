//! Regular expressions as Envoy and istiod read them: RE2 syntax, linear time, whole-text match.
//!
//! The engine is the `regex` crate, which is linear too but reads a slightly different language.
//! [`Regex::new`] rewrites an RE2 pattern into that language and refuses what RE2 refuses.
//!
//! # Model
//! RE2 syntax page; Envoy 1.40 matches bytes (Latin-1), so `.` is one byte and `\d` is ASCII. Full
//! match per R-065 and E-23.

use std::fmt;
use std::sync::Arc;

use regex::bytes;

/// The largest compiled program, in bytes, that is accepted.
const SIZE_LIMIT: usize = 2 << 20;
/// RE2 refuses repetition counts above this.
const MAX_REPETITION: u32 = 1000;
/// Deeper nesting is refused, as in Go's parser.
const NEST_LIMIT: u32 = 250;

/// A compiled pattern; cheap to clone.
#[derive(Clone)]
pub struct Regex {
    inner: Arc<Compiled>,
}

struct Compiled {
    pattern: String,
    whole: bytes::Regex,
    part: bytes::Regex,
}

/// Why a pattern is refused, in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidRegex(pub String);

// === impl Regex ===

impl Regex {
    /// Compiles an RE2 pattern.
    ///
    /// # Errors
    /// Syntax that RE2 does not know, repetition counts above 1000, programs above 2 MiB.
    pub fn new(pattern: &str) -> Result<Self, InvalidRegex> {
        let translated = Translator::new(pattern).run()?;
        // The pattern compiles alone first: wrapped, `a)(b` would be valid.
        let part = build(&translated)?;
        let whole = build(&format!(r"\A(?:{translated})\z"))?;
        Ok(Self { inner: Arc::new(Compiled { pattern: pattern.to_owned(), whole, part }) })
    }

    /// Returns the pattern as the user wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.inner.pattern
    }

    /// Tells whether the whole text matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.inner.whole.is_match(text.as_bytes())
    }

    /// Replaces every match in `text` as RE2's `GlobalReplace` does (R-128).
    ///
    /// `\0` to `\9` in `rewrite` are the groups, `\\` is a backslash. An empty match directly behind
    /// the previous match is skipped.
    #[must_use]
    pub fn replace_all(&self, text: &str, rewrite: &str) -> String {
        let mut out = Vec::with_capacity(text.len());
        let mut copied = 0;
        let mut previous_end = None;
        for groups in self.inner.part.captures_iter(text.as_bytes()) {
            let Some(whole) = groups.get(0) else { continue };
            if whole.is_empty() && previous_end == Some(whole.start()) {
                continue;
            }
            out.extend_from_slice(&text.as_bytes()[copied..whole.start()]);
            expand(rewrite, &groups, &mut out);
            copied = whole.end();
            previous_end = Some(whole.end());
        }
        out.extend_from_slice(&text.as_bytes()[copied..]);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Returns the number of capturing groups, without group 0.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.inner.part.captures_len() - 1
    }
}

fn build(pattern: &str) -> Result<bytes::Regex, InvalidRegex> {
    let compile = |unicode| {
        bytes::RegexBuilder::new(pattern)
            .unicode(unicode)
            .size_limit(SIZE_LIMIT)
            .dfa_size_limit(SIZE_LIMIT)
            .nest_limit(NEST_LIMIT)
            .build()
    };
    // Bytes first, as Envoy does; Unicode classes such as \p{Greek} exist only in Unicode mode.
    compile(false).or_else(|_| compile(true)).map_err(|error| InvalidRegex(last_line(&error)))
}

/// The regex crate draws a multi-line picture; its last line says what is wrong.
fn last_line(error: &regex::Error) -> String {
    let text = error.to_string();
    let line = text.lines().last().unwrap_or_default().trim();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

fn expand(rewrite: &str, groups: &bytes::Captures<'_>, out: &mut Vec<u8>) {
    let mut bytes = rewrite.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next() {
            Some(digit @ b'0'..=b'9') => {
                if let Some(group) = groups.get(usize::from(digit - b'0')) {
                    out.extend_from_slice(group.as_bytes());
                }
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
}

impl PartialEq for Regex {
    fn eq(&self, other: &Self) -> bool {
        self.inner.pattern == other.inner.pattern
    }
}

impl Eq for Regex {}

impl fmt::Debug for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Regex({:?})", self.inner.pattern)
    }
}

impl fmt::Display for InvalidRegex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidRegex {}

// === impl Translator ===

/// Rewrites RE2 syntax into the syntax of the regex crate.
struct Translator<'p> {
    rest: &'p str,
    out: String,
    /// Whether the last thing written was a repetition operator: RE2 refuses `a**` and `a*+`.
    after_repetition: bool,
}

impl<'p> Translator<'p> {
    fn new(pattern: &'p str) -> Self {
        Self {
            rest: pattern,
            out: String::with_capacity(pattern.len() + 8),
            after_repetition: false,
        }
    }

    fn run(mut self) -> Result<String, InvalidRegex> {
        while let Some(c) = self.rest.chars().next() {
            let was_repetition = std::mem::take(&mut self.after_repetition);
            match c {
                '\\' => self.escape()?,
                '[' => self.class()?,
                '*' | '+' | '?' => self.repetition(c.len_utf8(), was_repetition)?,
                '{' => match counted(self.rest) {
                    Some((length, largest)) if largest <= MAX_REPETITION => {
                        self.repetition(length, was_repetition)?;
                    }
                    Some((length, _)) => {
                        return refuse("invalid repeat count", &self.rest[..length]);
                    }
                    // RE2 takes a brace that opens no count as the character itself.
                    None => self.literal('{'),
                },
                '}' => self.literal('}'),
                '(' => self.group()?,
                _ => self.copy(c.len_utf8()),
            }
        }
        Ok(self.out)
    }

    fn copy(&mut self, length: usize) {
        let (head, rest) = self.rest.split_at(length);
        self.out.push_str(head);
        self.rest = rest;
    }

    fn literal(&mut self, c: char) {
        self.out.push('\\');
        self.copy(c.len_utf8());
    }

    fn repetition(&mut self, length: usize, was_repetition: bool) -> Result<(), InvalidRegex> {
        if was_repetition {
            return refuse("invalid nested repetition operator", &self.rest[..length]);
        }
        self.copy(length);
        if self.rest.starts_with('?') {
            self.copy(1);
        }
        self.after_repetition = true;
        Ok(())
    }

    /// `(`: RE2 knows the flags i, m, s and U; the regex crate has more.
    fn group(&mut self) -> Result<(), InvalidRegex> {
        self.copy(1);
        let Some(flags) = self.rest.strip_prefix('?') else { return Ok(()) };
        if flags.starts_with("P<") || flags.starts_with('<') {
            return Ok(());
        }
        let end = flags.find([':', ')']).unwrap_or(flags.len());
        if flags[..end].chars().all(|c| matches!(c, 'i' | 'm' | 's' | 'U' | '-')) {
            self.copy(1 + end);
            return Ok(());
        }
        refuse("invalid or unsupported Perl syntax", &format!("(?{}", &flags[..end.min(8)]))
    }

    /// `\` outside a class.
    fn escape(&mut self) -> Result<(), InvalidRegex> {
        if let Some(quoted) = self.rest.strip_prefix("\\Q") {
            let end = quoted.find("\\E").unwrap_or(quoted.len());
            self.out.push_str(&regex::escape(&quoted[..end]));
            self.rest = quoted[end..].strip_prefix("\\E").unwrap_or(&quoted[end..]);
            return Ok(());
        }
        self.escaped_character(false)
    }

    /// `\x` where x is one character, an octal or hexadecimal number, or a class name.
    fn escaped_character(&mut self, in_class: bool) -> Result<(), InvalidRegex> {
        let mut chars = self.rest.chars();
        chars.next();
        let Some(c) = chars.next() else {
            return refuse("trailing backslash at end of expression", "");
        };
        match c {
            '0'..='7' => self.octal(),
            'A' | 'z' | 'b' | 'B' if !in_class => {
                self.copy(2);
                // `\b{start}` is the regex crate's own; in RE2 the brace is a character.
                if self.rest.starts_with('{') && counted(self.rest).is_none() {
                    self.literal('{');
                }
                Ok(())
            }
            'C' if !in_class => {
                self.out.push_str(r"(?s-u:.)");
                self.rest = &self.rest[2..];
                Ok(())
            }
            'd' | 'D' | 's' | 'S' | 'w' | 'W' | 'p' | 'P' | 'x' | 'a' | 'f' | 't' | 'n' | 'r'
            | 'v' => {
                self.copy(2);
                Ok(())
            }
            c if c.is_ascii_alphanumeric() || !c.is_ascii() => {
                refuse("invalid escape sequence", &format!("\\{c}"))
            }
            // `\<` is a word boundary to the regex crate and a character to RE2.
            '<' | '>' => {
                self.rest = &self.rest[1..];
                self.copy(1);
                Ok(())
            }
            c => {
                self.copy(1 + c.len_utf8());
                Ok(())
            }
        }
    }

    /// `\012`, `\123`, `\0`: octal; a single digit other than 0 would be a back-reference.
    fn octal(&mut self) -> Result<(), InvalidRegex> {
        let digits =
            self.rest[1..].bytes().take(3).take_while(|b| (b'0'..=b'7').contains(b)).count();
        let text = &self.rest[1..=digits];
        if digits == 1 && text != "0" {
            return refuse("invalid escape sequence", &format!("\\{text}"));
        }
        let code = u32::from_str_radix(text, 8).unwrap_or_default();
        self.out.push_str(&format!(r"\x{{{code:x}}}"));
        self.rest = &self.rest[1 + digits..];
        Ok(())
    }

    /// `[...]`: no nested classes and no set operations in RE2.
    fn class(&mut self) -> Result<(), InvalidRegex> {
        let whole = self.rest;
        self.copy(1);
        if self.rest.starts_with('^') {
            self.copy(1);
        }
        let mut first = true;
        // Whether the item before could be the start of a range: then `-` is the range operator.
        let mut range_start = false;
        loop {
            let Some(c) = self.rest.chars().next() else {
                return refuse("missing closing ]", whole);
            };
            match c {
                ']' if !first => {
                    self.copy(1);
                    return Ok(());
                }
                '-' if range_start && !self.rest.starts_with("-]") => {
                    self.copy(1);
                    self.class_item(whole)?;
                    range_start = false;
                }
                _ => {
                    self.class_item(whole)?;
                    range_start = true;
                }
            }
            first = false;
        }
    }

    /// One character, escape or named class inside `[...]`.
    fn class_item(&mut self, whole: &str) -> Result<(), InvalidRegex> {
        let Some(c) = self.rest.chars().next() else {
            return refuse("missing closing ]", whole);
        };
        match c {
            '[' if self.rest.starts_with("[:") && self.rest.contains(":]") => {
                let end = self.rest.find(":]").unwrap_or_default() + 2;
                self.copy(end);
            }
            // The regex crate reads these as nested classes and set operations.
            '[' | ']' | '&' | '~' | '-' => self.literal(c),
            '\\' => self.escaped_character(true)?,
            _ => self.copy(c.len_utf8()),
        }
        Ok(())
    }
}

/// The length of `{n}`, `{n,}` or `{n,m}` at the start of `text` and its largest number.
fn counted(text: &str) -> Option<(usize, u32)> {
    let end = text.find('}')?;
    let (low, high) = match text[1..end].split_once(',') {
        Some((low, "")) => (low, low),
        Some((low, high)) => (low, high),
        None => (&text[1..end], &text[1..end]),
    };
    let number = |digits: &str| {
        let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        all_digits.then(|| digits.parse::<u32>().unwrap_or(u32::MAX))
    };
    Some((end + 1, number(low)?.max(number(high)?)))
}

fn refuse<T>(why: &str, what: &str) -> Result<T, InvalidRegex> {
    Err(InvalidRegex(if what.is_empty() { why.to_owned() } else { format!("{why}: `{what}`") }))
}

#[cfg(test)]
mod tests;
