//! How names and text are written so that a scraper can read them: the negotiated escaping of names, and the escapes
//! of label values and HELP. Knows no translation: it takes what `names` made.

use memchr::memchr3;
use std::{borrow::Cow, fmt};

#[cfg(test)]
mod tests;

/// What becomes of a name that is not legacy-valid (`escaping=` in Accept and Content-Type).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Escaping {
    /// Kept, in quotes.
    AllowUtf8,
    /// Each other character becomes `_`.
    #[default]
    Underscores,
    /// `.` becomes `_dot_`, `_` and each other character `__`.
    Dots,
    /// `U__` and the code points in hex.
    Values,
}

impl Escaping {
    /// Every scheme.
    pub const ALL: [Self; 4] = [Self::AllowUtf8, Self::Underscores, Self::Dots, Self::Values];

    /// The value of the `escaping` parameter.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AllowUtf8 => "allow-utf-8",
            Self::Underscores => "underscores",
            Self::Dots => "dots",
            Self::Values => "values",
        }
    }

    /// Escapes a metric's name; one that is legacy-valid stays.
    #[must_use]
    pub fn metric(self, name: &str) -> Cow<'_, str> {
        if is_legacy_metric_name(name) { Cow::Borrowed(name) } else { self.escape(name, true) }
    }

    /// Escapes a label's name; one that is legacy-valid stays. A `:` is not legal here.
    #[must_use]
    pub fn label(self, name: &str) -> Cow<'_, str> {
        if is_legacy_label_name(name) { Cow::Borrowed(name) } else { self.escape(name, false) }
    }

    fn escape(self, name: &str, colon_is_legal: bool) -> Cow<'_, str> {
        if self == Self::AllowUtf8 {
            return Cow::Borrowed(name);
        }
        let mut out = String::with_capacity(name.len().saturating_mul(2));
        if self == Self::Values {
            out.push_str("U__");
        }
        for (i, c) in name.chars().enumerate() {
            let legal = c.is_ascii_alphabetic() || (c == ':' && colon_is_legal) || (c.is_ascii_digit() && i > 0);
            match self {
                _ if legal => out.push(c),
                Self::Underscores => out.push('_'),
                Self::Dots if c == '.' => out.push_str("_dot_"),
                Self::Values if c != '_' => push_hex(&mut out, c),
                _ => out.push_str("__"),
            }
        }
        Cow::Owned(out)
    }
}

impl fmt::Display for Escaping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn push_hex(out: &mut String, c: char) {
    let mut digits = [0u8; 8];
    let mut rest = u32::from(c);
    let mut start = digits.len();
    for slot in digits.iter_mut().rev() {
        *slot = b"0123456789abcdef".get((rest & 0xf) as usize).copied().unwrap_or(b'0');
        start = start.saturating_sub(1);
        rest >>= 4;
        if rest == 0 {
            break;
        }
    }
    out.push('_');
    out.extend(digits.iter().skip(start).map(|digit| char::from(*digit)));
    out.push('_');
}

/// Whether a metric's name needs neither quotes nor escaping.
#[must_use]
pub fn is_legacy_metric_name(name: &str) -> bool {
    is_legacy(name, |b| b == b':')
}

/// Whether a label's name needs neither quotes nor escaping.
#[must_use]
pub fn is_legacy_label_name(name: &str) -> bool {
    is_legacy(name, |_| false)
}

fn is_legacy(name: &str, also: impl Fn(u8) -> bool) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_' || also(b))
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || also(b))
}

/// Appends a label value: `\`, `"` and newline get a backslash.
pub fn push_value(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    while let Some(at) = memchr3(b'\\', b'"', b'\n', rest) {
        let (plain, tail) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((special, tail)) = tail.split_first() else { break };
        out.extend_from_slice(match special {
            b'\\' => b"\\\\",
            b'"' => b"\\\"",
            _ => b"\\n",
        });
        rest = tail;
    }
    out.extend_from_slice(rest);
}

/// Appends HELP text as the Prometheus text format has it: only `\` and newline get a backslash.
pub fn push_help(out: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            plain => out.push(plain),
        }
    }
}

/// Appends a metric's or label's name, in quotes where it needs them.
pub fn push_name(out: &mut Vec<u8>, name: &str, is_legacy: bool) {
    if is_legacy {
        out.extend_from_slice(name.as_bytes());
    } else {
        out.push(b'"');
        push_value(out, name);
        out.push(b'"');
    }
}
