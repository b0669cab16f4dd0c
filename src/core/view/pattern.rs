//! Name patterns: literal text, `*` for any run of characters, `?` for one.
//! Matching never takes more steps than name times pattern; there is no regular expression anywhere in a view.

use crate::{
    expose::names::{NameInput, TranslationStrategy, metric_name},
    model::instrument::{Instrument, Kind},
};
use std::{borrow::Cow, fmt};

/// A pattern as its author wrote it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern(Box<str>);

/// How exactly a pattern names something: the greater wins within a tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Precision {
    /// `*`
    Anything,
    /// With wildcards, and so many characters before the first.
    Prefix(u32),
    /// Without wildcards.
    Literal,
}

impl Pattern {
    /// Any text is a pattern.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it names one thing only.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        !self.0.contains(['*', '?'])
    }

    /// How exactly it names something.
    #[must_use]
    pub fn precision(&self) -> Precision {
        match self.0.find(['*', '?']) {
            None => Precision::Literal,
            Some(_) if &*self.0 == "*" => Precision::Anything,
            Some(at) => Precision::Prefix(u32::try_from(at).unwrap_or(u32::MAX)),
        }
    }

    /// Whether `name` is of this form.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        glob(self.0.as_bytes(), name.as_bytes())
    }

    /// Whether the pattern names this instrument in any of its spellings.
    #[must_use]
    pub fn names(&self, names: &Names<'_>) -> bool {
        #[cfg(test)]
        tries::count();
        self.names_whole(names) || self.part_of(names).is_some()
    }

    /// Whether it names the instrument by a name of its own, not by one of its series.
    #[must_use]
    pub fn names_whole(&self, names: &Names<'_>) -> bool {
        names.all().any(|name| self.matches(name))
    }

    /// The pattern of the family, when this one names only some of its series: `x_bucket` names `x`.
    #[must_use]
    pub fn part_of(&self, names: &Names<'_>) -> Option<Self> {
        suffixes(names.kind)
            .iter()
            .filter_map(|suffix| self.0.strip_suffix(suffix))
            .filter(|stem| !stem.is_empty())
            .map(Self::new)
            .find(|stem| stem.names_whole(names))
    }

    /// Whether everything that `other` names is named by this one too. May say no where the answer is yes.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        if self == other || &*self.0 == "*" {
            return true;
        }
        if other.is_literal() {
            return self.matches(other.as_str());
        }
        self.0.strip_suffix('*').is_some_and(|prefix| !prefix.contains(['*', '?']) && other.0.starts_with(prefix))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The spellings of one instrument: OTel's, and Prometheus's under the default strategy.
#[derive(Clone, Debug)]
pub struct Names<'a> {
    otel: &'a str,
    family: Cow<'a, str>,
    kind: Kind,
}

impl<'a> Names<'a> {
    /// The spellings of `instrument`.
    #[must_use]
    pub fn of(instrument: &'a Instrument) -> Self {
        Self::new(&instrument.name, &instrument.unit, instrument.kind)
    }

    /// The spellings of an instrument by what its name is made from.
    #[must_use]
    pub fn new(otel: &'a str, unit: &str, kind: Kind) -> Self {
        Self { otel, family: family(otel, unit, kind).into(), kind }
    }

    /// The spellings of an instrument whose family name is at hand.
    pub(super) fn with_family(otel: &'a str, family: &'a str, kind: Kind) -> Self {
        Self { otel, family: family.into(), kind }
    }

    /// The family name under the default strategy; empty when there is none.
    pub(super) fn family(&self) -> &str {
        &self.family
    }

    /// Each of them once or more.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        // A counter's family is written with `_total` in two formats, and without it in OpenMetrics.
        let bare = (self.kind == Kind::Counter).then(|| self.family.strip_suffix("_total")).flatten();
        [Some(self.otel), Some(&*self.family), bare].into_iter().flatten()
    }

    /// Every text that names the instrument or one of its series, as a pattern without wildcards would.
    pub(super) fn literals(&self, tell: &mut dyn FnMut(&str)) {
        let mut text = String::new();
        for name in self.all() {
            tell(name);
            for suffix in suffixes(self.kind).iter().filter(|_| !name.is_empty()) {
                text.clear();
                text.push_str(name);
                text.push_str(suffix);
                tell(&text);
            }
        }
    }
}

/// What the series of a family end in beside its name.
const fn suffixes(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Histogram | Kind::ExponentialHistogram => &["_bucket", "_sum", "_count", "_created"],
        Kind::Summary => &["_sum", "_count", "_created"],
        Kind::Counter => &["_total", "_created"],
        Kind::UpDownCounter | Kind::Gauge => &[],
    }
}

/// The family name under the default translation strategy; empty when the name has none.
fn family(name: &str, unit: &str, kind: Kind) -> String {
    let input = NameInput { name, unit, kind, strategy: TranslationStrategy::default(), ratio_suffix: true };
    metric_name(&input).map(|family| family.name).unwrap_or_default()
}

fn glob(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0usize, 0usize);
    let mut star: Option<(usize, usize)> = None; // after the last `*`, and where its run ends so far
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                p = p.saturating_add(1);
                star = Some((p, n));
            }
            Some(b'?') => {
                p = p.saturating_add(1);
                n = next_char(name, n);
            }
            Some(byte) if name.get(n) == Some(byte) => {
                p = p.saturating_add(1);
                n = n.saturating_add(1);
            }
            _ => match star {
                Some((after, end)) => {
                    p = after;
                    n = next_char(name, end);
                    star = Some((after, n));
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|byte| *byte == b'*')
}

/// Where the character after the one at `at` begins.
fn next_char(name: &[u8], at: usize) -> usize {
    let mut next = at.saturating_add(1);
    while name.get(next).is_some_and(|byte| byte & 0xC0 == 0x80) {
        next = next.saturating_add(1);
    }
    next
}

/// How often this thread tried a pattern on an instrument: what a test bounds instead of time.
#[cfg(test)]
pub(super) mod tries {
    use std::cell::Cell;

    thread_local! {
        static TRIES: Cell<u64> = const { Cell::new(0) };
    }

    pub(super) fn count() {
        TRIES.set(TRIES.get() + 1);
    }

    pub(in crate::view) fn take() -> u64 {
        TRIES.take()
    }
}

#[cfg(test)]
mod tests;
