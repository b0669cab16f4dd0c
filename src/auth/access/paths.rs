//! Which path a request is for: decoded once, in one form only, or nobody's. And the patterns that let paths in or leave them open.
//! Knows no user and no route.

use std::fmt::Write as _;

/// A path as it is checked and served: decoded once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(String);

/// A pattern of paths, as Go's `path.Match` reads it; only a `/` matches a `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// `*`: any run within a segment.
    Run,
    /// `?`: one character.
    Any,
    /// `[a-z]`, `[^a-z]`.
    Set { not: bool, ranges: Vec<(char, char)> },
    /// Itself.
    Char(char),
}

/// Which paths are there at all, and which are open to everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Shown {
    /// All are there, none is open.
    #[default]
    All,
    /// Only these are there.
    Only(Vec<Glob>),
    /// These are open.
    Open(Vec<Glob>),
}

impl Path {
    /// Decodes what stands in a URL. `None` = it is not in the one form that a path may have.
    #[must_use]
    pub fn decode(raw: &str) -> Option<Self> {
        let mut bytes = Vec::with_capacity(raw.len());
        let mut rest = raw.bytes();
        while let Some(byte) = rest.next() {
            if byte == b'%' {
                let high = char::from(rest.next()?).to_digit(16)?;
                let low = char::from(rest.next()?).to_digit(16)?;
                bytes.push(u8::try_from(high * 16 + low).ok()?);
            } else {
                bytes.push(byte);
            }
        }
        let text = String::from_utf8(bytes).ok()?;
        let segments = text.strip_prefix('/')?.strip_suffix('/').or_else(|| text.strip_prefix('/'))?;
        let is_bad = |segment: &str| matches!(segment, "" | "." | "..");
        let bad = text != "/" && segments.split('/').any(is_bad);
        (!bad && !text.contains('\0')).then_some(Self(text))
    }

    /// The path, decoded.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it ends in a slash and is not the root.
    #[must_use]
    pub fn is_folder(&self) -> bool {
        self.0.len() > 1 && self.0.ends_with('/')
    }

    /// The one way to write it in a URL: what is routed is then what was checked.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut out = String::with_capacity(self.0.len());
        for byte in self.0.bytes() {
            if byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@".contains(&byte) {
                out.push(char::from(byte));
            } else {
                write!(out, "%{byte:02X}").ok(); // a text takes all
            }
        }
        out
    }
}

impl Glob {
    /// Reads a pattern; `None` = it is none.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut chars = text.chars().peekable();
        let mut parts = Vec::new();
        while let Some(c) = chars.next() {
            parts.push(match c {
                '*' => Part::Run,
                '?' => Part::Any,
                '\\' => Part::Char(chars.next()?),
                '[' => {
                    let not = chars.next_if_eq(&'^').is_some();
                    let mut ranges = Vec::new();
                    while ranges.is_empty() || chars.peek() != Some(&']') {
                        let low = bound(&mut chars)?;
                        let high = if chars.next_if_eq(&'-').is_some() { bound(&mut chars)? } else { low };
                        ranges.push((low, high));
                    }
                    chars.next();
                    Part::Set { not, ranges }
                }
                c => Part::Char(c),
            });
        }
        Some(Self(parts))
    }

    /// Whether the whole path is of this pattern.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        // `at` has the places in the pattern where we may be; a run may end before it has begun.
        let end = self.0.len();
        let mut at = vec![false; end.saturating_add(1)];
        let skip = |at: &mut Vec<bool>| {
            for (i, part) in self.0.iter().enumerate() {
                if *part == Part::Run && at.get(i) == Some(&true) {
                    set(at, i.saturating_add(1));
                }
            }
        };
        set(&mut at, 0);
        skip(&mut at);
        for c in path.chars() {
            let mut next = vec![false; end.saturating_add(1)];
            for (i, part) in self.0.iter().enumerate().filter(|(i, _)| at.get(*i) == Some(&true)) {
                match part {
                    Part::Run if c != '/' => set(&mut next, i),
                    part if part.takes(c) => set(&mut next, i.saturating_add(1)),
                    _ => {}
                }
            }
            skip(&mut next);
            at = next;
        }
        at.last() == Some(&true)
    }
}

fn set(at: &mut [bool], i: usize) {
    if let Some(place) = at.get_mut(i) {
        *place = true;
    }
}

/// A character of a set; `-` and `]` only behind a backslash.
fn bound(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<char> {
    match chars.next()? {
        '-' | ']' => None,
        '\\' => chars.next(),
        c => Some(c),
    }
}

impl Part {
    fn takes(&self, c: char) -> bool {
        match self {
            Self::Run => false,
            Self::Any => c != '/',
            Self::Set { not, ranges } => c != '/' && ranges.iter().any(|(low, high)| (low..=high).contains(&&c)) != *not,
            Self::Char(own) => *own == c,
        }
    }
}

impl Shown {
    /// Whether there is such a path.
    #[must_use]
    pub fn has(&self, path: &Path) -> bool {
        match self {
            Self::Only(globs) => globs.iter().any(|glob| glob.matches(path.as_str())),
            Self::All | Self::Open(_) => true,
        }
    }

    /// Whether nobody is asked there who they are.
    #[must_use]
    pub fn is_open(&self, path: &Path) -> bool {
        matches!(self, Self::Open(globs) if globs.iter().any(|glob| glob.matches(path.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::{Glob, Path};

    /// Scenario: every form of a path.
    /// Guarantees: krp 9, 11, 38, 39: decoded once, and only the one form is a path; written again it means the same.
    #[test]
    fn krp_09_paths_have_one_form() {
        let rows = [
            ("/", Some("/")),
            ("/metrics", Some("/metrics")),
            ("/%6detrics", Some("/metrics")),
            ("/metrics/", Some("/metrics/")),
            ("/%256detrics", Some("/%6detrics")),
            ("/a%2Fb", Some("/a/b")),
            ("/a%20b", Some("/a b")),
            ("/...", Some("/...")),
            ("/a.b", Some("/a.b")),
            ("/%C3%A9", Some("/é")),
            ("", None),
            ("*", None),
            ("metrics", None),
            ("//", None),
            ("//metrics", None),
            ("/metrics//", None),
            ("/a//b", None),
            ("/a%2F%2Fb", None),
            ("/%2Fmetrics", None),
            ("/.", None),
            ("/..", None),
            ("/./metrics", None),
            ("/x/../metrics", None),
            ("/open/../metrics", None),
            ("/open/..%2fmetrics", None),
            ("/open/%2e%2e/metrics", None),
            ("/open/%2E./metrics", None),
            ("/x/..", None),
            ("/x/../", None),
            ("/a%00", None),
            ("/%", None),
            ("/%4", None),
            ("/%zz", None),
            ("/%+1", None),
            ("/%FF", None),
        ];
        for (raw, want) in rows {
            let path = Path::decode(raw);
            assert_eq!(path.as_ref().map(Path::as_str), want, "{raw}");
            if let Some(path) = path {
                assert_eq!(Path::decode(&path.encode()), Some(path), "{raw} written again");
            }
        }
    }

    /// Scenario: patterns as Go's own table has them.
    /// Guarantees: krp 35, 40: the same match, the same are refused; nothing but a slash matches a slash.
    #[test]
    fn krp_40_globs_are_those_of_go() {
        let rows = [
            ("abc", "abc", Some(true)),
            ("*", "abc", Some(true)),
            ("*c", "abc", Some(true)),
            ("a*", "a", Some(true)),
            ("a*", "ab/c", Some(false)),
            ("a*/b", "abc/b", Some(true)),
            ("a*/b", "a/c/b", Some(false)),
            ("a*b*c*d*e*/f", "axbxcxdxe/f", Some(true)),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/f", Some(true)),
            ("a*b*c*d*e*/f", "axbxcxdxe/xxx/f", Some(false)),
            ("a*b?c*x", "abxbbxdbxebxczzx", Some(true)),
            ("a*b?c*x", "abxbbxdbxebxczzy", Some(false)),
            ("ab[c]", "abc", Some(true)),
            ("ab[b-d]", "abc", Some(true)),
            ("ab[e-g]", "abc", Some(false)),
            ("ab[^c]", "abc", Some(false)),
            ("ab[^e-g]", "abc", Some(true)),
            (r"a\*b", "a*b", Some(true)),
            (r"a\*b", "ab", Some(false)),
            ("a?b", "a☺b", Some(true)),
            ("a[^a]b", "a☺b", Some(true)),
            ("a???b", "a☺b", Some(false)),
            ("[a-ζ]*", "α", Some(true)),
            ("*[a-ζ]", "A", Some(false)),
            ("a?b", "a/b", Some(false)),
            ("a*b", "a/b", Some(false)),
            ("a[^b]c", "a/c", Some(false)),
            (r"[\]a]", "]", Some(true)),
            (r"[\-]", "-", Some(true)),
            (r"[x\-]", "x", Some(true)),
            (r"[\-x]", "a", Some(false)),
            ("*x", "xxx", Some(true)),
            ("/api/*/x", "/api/v1/x", Some(true)),
            ("/api/*/x", "/api/v1/y/x", Some(false)),
            ("/metrics", "/metrics/", Some(false)),
            ("", "", Some(true)),
            ("[]a]", "]", None),
            ("[-]", "-", None),
            ("[x-]", "x", None),
            ("[-x]", "x", None),
            (r"\", "a", None),
            ("[a-b-c]", "a", None),
            ("[", "a", None),
            ("[^", "a", None),
            ("[^bc", "a", None),
            ("a[", "ab", None),
        ];
        for (glob, path, want) in rows {
            assert_eq!(Glob::read(glob).map(|glob| glob.matches(path)), want, "{glob} on {path}");
        }
    }
}
