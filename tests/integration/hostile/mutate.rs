//! How a text is changed: one to four operations, all drawn from the seed.

use std::cell::RefCell;
use std::fmt::Write as _;

use rand::SeedableRng;
use rand::rand_core::Rng;
use rand_chacha::ChaCha8Rng;

/// A source of changes.
pub(super) struct Mutation {
    generator: RefCell<ChaCha8Rng>,
    trail: RefCell<Vec<&'static str>>,
}

/// Beyond this the time goes into sheer length.
const MAX_SIZE: usize = 2 << 20;

/// Values that types and ranges are broken with.
const VALUES: [&str; 34] = [
    "null",
    "~",
    "[]",
    "{}",
    "true",
    "no",
    "-1",
    "0",
    "1",
    "65536",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "18446744073709551616",
    "-9223372036854775808",
    "1e308",
    "-1e999",
    ".nan",
    "0.1",
    "\"\"",
    "'*'",
    "'.'",
    "'/'",
    "':'",
    "99999999999h",
    "9223372036854775807ns",
    "1.5s",
    "-3s",
    "[[[]]]",
    "{a: {b: [c]}}",
    "!!binary aGk=",
    "!tag x",
    "'\\1\\9'",
    "\"\\u0000\\u202e\\x1b\"",
];

/// Patterns that cost a backtracking or an unbounded engine its life.
const PATTERNS: [&str; 8] = [
    "(a+)+$",
    "(a|a)*b",
    "((a{100}){100}){100}",
    "(x{999}){999}",
    ".*.*.*.*.*.*.*.*.*=",
    "(((((((((((((((((((((((((((((((a)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*",
    "[^\\\\x00-\\\\x{10FFFF}]",
    "\\\\pL{500}",
];

// === impl Mutation ===

impl Mutation {
    pub(super) fn new(seed: u64) -> Self {
        Self { generator: RefCell::new(ChaCha8Rng::seed_from_u64(seed)), trail: RefCell::default() }
    }

    /// A number below `bound`; 0 if there is none.
    pub(super) fn number(&self, bound: usize) -> usize {
        let drawn = self.generator.borrow_mut().next_u64();
        let bound = u64::try_from(bound).unwrap().max(1);
        usize::try_from(drawn % bound).unwrap()
    }

    /// The names of the operations so far.
    pub(super) fn trail(&self) -> String {
        self.trail.borrow().join(", ")
    }

    /// Changes a text; `other` is what it may be spliced with.
    pub(super) fn apply(&self, text: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bytes = text.to_vec();
        for _ in 0..=self.number(4) {
            bytes = self.operation(&bytes, other);
            bytes.truncate(MAX_SIZE);
        }
        bytes
    }

    fn operation(&self, text: &[u8], other: &[u8]) -> Vec<u8> {
        type Operation = fn(&Mutation, &[u8], &[u8]) -> Vec<u8>;
        const OPERATIONS: [(&str, Operation); 18] = [
            ("flip", |m, text, _| m.flip(text)),
            ("cut", |m, text, _| text[..m.number(text.len() + 1)].to_vec()),
            ("hole", |m, text, _| m.hole(text)),
            ("splice", |m, text, other| m.splice(text, other)),
            ("documents", |m, text, other| m.documents(text, other)),
            ("value", |m, text, _| m.value(text, VALUES[m.number(VALUES.len())])),
            ("value", |m, text, _| m.value(text, VALUES[m.number(VALUES.len())])),
            ("value", |m, text, _| m.value(text, VALUES[m.number(VALUES.len())])),
            ("pattern", |m, text, _| m.pattern(text)),
            ("deep", |m, text, _| m.deep(text)),
            ("huge", |m, text, _| m.huge(text)),
            ("bomb", |m, text, _| m.bomb(text)),
            ("control", |m, text, _| m.control(text)),
            ("not UTF-8", |m, text, _| m.insert(text, &[0xff, 0xc3, 0x28, 0xed, 0xa0, 0x80])),
            ("CRLF", |_, text, _| replaced(text, b"\n", b"\r\n")),
            ("BOM", |m, text, _| m.bom(text)),
            ("lines", |m, text, _| m.lines(text)),
            ("indent", |m, text, _| m.indent(text)),
        ];
        let (name, operation) = OPERATIONS[self.number(OPERATIONS.len())];
        self.trail.borrow_mut().push(name);
        operation(self, text, other)
    }

    fn flip(&self, text: &[u8]) -> Vec<u8> {
        let mut bytes = text.to_vec();
        for _ in 0..=self.number(8) {
            let at = self.number(bytes.len());
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << self.number(8);
            }
        }
        bytes
    }

    fn hole(&self, text: &[u8]) -> Vec<u8> {
        let start = self.number(text.len() + 1);
        let end = (start + self.number(200)).min(text.len());
        [&text[..start], &text[end..]].concat()
    }

    fn splice(&self, text: &[u8], other: &[u8]) -> Vec<u8> {
        let head = &text[..self.number(text.len() + 1)];
        let tail = &other[self.number(other.len() + 1)..];
        [head, tail].concat()
    }

    /// A document of another file between those of this one.
    fn documents(&self, text: &[u8], other: &[u8]) -> Vec<u8> {
        let other = String::from_utf8_lossy(other);
        let documents: Vec<&str> = other.split("---\n").collect();
        let chosen = documents[self.number(documents.len())];
        [b"---\n", chosen.as_bytes(), b"\n---\n", text].concat()
    }

    /// The byte range of some scalar behind a colon.
    fn scalar(&self, text: &[u8]) -> Option<(usize, usize)> {
        let colons: Vec<usize> =
            (0..text.len()).filter(|at| text[*at..].starts_with(b": ")).map(|at| at + 2).collect();
        let start = *colons.get(self.number(colons.len()))?;
        let length = text[start..].iter().position(|byte| b"\n,}]".contains(byte));
        Some((start, start + length.unwrap_or(text.len() - start)))
    }

    fn value(&self, text: &[u8], value: &str) -> Vec<u8> {
        match self.scalar(text) {
            Some((start, end)) => [&text[..start], value.as_bytes(), &text[end..]].concat(),
            None => text.to_vec(),
        }
    }

    fn pattern(&self, text: &[u8]) -> Vec<u8> {
        let pattern = PATTERNS[self.number(PATTERNS.len())];
        let text = replaced(text, b"exact: ", b"regex: ");
        let quoted = format!("\"{pattern}\"");
        self.value(&text, &quoted)
    }

    fn deep(&self, text: &[u8]) -> Vec<u8> {
        let depth = 1 << (4 + self.number(13));
        let (open, close) = [("[", "]"), ("{a: ", "}"), ("- ", "")][self.number(3)];
        self.value(text, &format!("{}{}", open.repeat(depth), close.repeat(depth)))
    }

    fn huge(&self, text: &[u8]) -> Vec<u8> {
        let length = 1 << (10 + self.number(11));
        let unit = ["a", "a.", "1", "/", "${unique}", "%", "\\\\", "*"][self.number(8)];
        self.value(text, &format!("\"{}\"", unit.repeat(length / unit.len())))
    }

    /// Aliases of aliases: a few lines that stand for billions of values.
    fn bomb(&self, text: &[u8]) -> Vec<u8> {
        let mut bomb = String::from("bomb0: &b0 [x, x, x, x, x, x, x, x, x, x]\n");
        // Large ones are dear, and all alike.
        let levels = if self.number(6) == 0 { 1 + self.number(12) } else { 1 + self.number(3) };
        for level in 1..=levels {
            let before = format!("*b{}, ", level - 1).repeat(9);
            let _ = writeln!(bomb, "bomb{level}: &b{level} [{before}*b{}]", level - 1);
        }
        [bomb.as_bytes(), text].concat()
    }

    fn control(&self, text: &[u8]) -> Vec<u8> {
        let pieces: [&[u8]; 6] =
            [b"\x00", b"\x1b[2J", b"\x07\x08", "\u{202e}".as_bytes(), "\u{85}".as_bytes(), b"\t"];
        self.insert(text, pieces[self.number(6)])
    }

    fn insert(&self, text: &[u8], piece: &[u8]) -> Vec<u8> {
        let at = self.number(text.len() + 1);
        [&text[..at], piece, &text[at..]].concat()
    }

    fn bom(&self, text: &[u8]) -> Vec<u8> {
        let at = if self.number(2) == 0 { 0 } else { self.number(text.len() + 1) };
        [&text[..at], "\u{feff}".as_bytes(), &text[at..]].concat()
    }

    /// Lines said twice, or many times.
    fn lines(&self, text: &[u8]) -> Vec<u8> {
        let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
        let start = self.number(lines.len());
        let end = (start + 1 + self.number(12)).min(lines.len());
        let block = lines[start.min(end)..end].concat();
        let times = 1 << self.number(8);
        let (head, tail) = (lines[..end].concat(), lines[end..].concat());
        [head, block.repeat(times), tail].concat()
    }

    fn indent(&self, text: &[u8]) -> Vec<u8> {
        let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
        let at = self.number(lines.len());
        let moved = lines.get(at).copied().unwrap_or_default();
        let moved = match self.number(2) {
            0 => [b"  ", moved].concat(),
            _ => moved.strip_prefix(b"  ").unwrap_or(moved).to_vec(),
        };
        let rest = lines.get(at + 1..).unwrap_or_default().concat();
        [lines[..at].concat(), moved, rest].concat()
    }
}

fn replaced(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}
