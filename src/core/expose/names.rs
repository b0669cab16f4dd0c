//! From OTLP names, units and attribute keys to Prometheus names, under the four translation strategies.
//! The only place that knows how a name is translated; escaping for a scraper comes after it, in `escape`.

use crate::model::instrument::Kind;
use std::{fmt, str::FromStr};

#[cfg(test)]
mod tests;

/// How OTLP names become Prometheus names (`--translation-strategy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TranslationStrategy {
    /// Characters replaced, unit and type suffixes added.
    #[default]
    UnderscoreEscapingWithSuffixes,
    /// Characters replaced, nothing added.
    UnderscoreEscapingWithoutSuffixes,
    /// Characters kept, unit and type suffixes added.
    NoUtf8EscapingWithSuffixes,
    /// Byte for byte.
    NoTranslation,
}

/// What a metric's name is made from.
#[derive(Clone, Copy, Debug)]
pub struct NameInput<'a> {
    /// The OTLP name, or what a view renamed it to.
    pub name: &'a str,
    /// UCUM unit as sent; empty for info and state sets, which have none.
    pub unit: &'a str,
    /// Counters get `_total`, gauges of unit `1` get `_ratio`.
    pub kind: Kind,
    /// Which rules apply.
    pub strategy: TranslationStrategy,
    /// Whether gauges of unit `1` get `_ratio` (`--ratio-suffix`).
    pub ratio_suffix: bool,
}

/// A metric's name before escaping.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FamilyName {
    /// The family's name; a counter's has `_total`.
    pub name: String,
    /// The unit in words; empty when it has none. Not always part of the name.
    pub unit_word: String,
}

/// A strategy's name that nobody knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "read the translation strategy {0:?}: it is one of UnderscoreEscapingWithSuffixes, UnderscoreEscapingWithoutSuffixes, \
     NoUTF8EscapingWithSuffixes, NoTranslation"
)]
pub struct UnknownStrategy(pub String);

/// Units after which a metric is named, as OTel's Prometheus compatibility lists them; `KBy` is a common misspelling.
const UNIT_WORDS: [(&str, &str); 27] = [
    ("d", "days"),
    ("h", "hours"),
    ("min", "minutes"),
    ("s", "seconds"),
    ("ms", "milliseconds"),
    ("us", "microseconds"),
    ("ns", "nanoseconds"),
    ("By", "bytes"),
    ("KiBy", "kibibytes"),
    ("MiBy", "mebibytes"),
    ("GiBy", "gibibytes"),
    ("TiBy", "tebibytes"),
    ("kBy", "kilobytes"),
    ("KBy", "kilobytes"),
    ("MBy", "megabytes"),
    ("GBy", "gigabytes"),
    ("TBy", "terabytes"),
    ("m", "meters"),
    ("V", "volts"),
    ("A", "amperes"),
    ("J", "joules"),
    ("W", "watts"),
    ("g", "grams"),
    ("Cel", "celsius"),
    ("Hz", "hertz"),
    ("%", "percent"),
    ("1", ""),
];

/// What a unit is called behind a slash.
const PER_WORDS: [(&str, &str); 8] =
    [("s", "second"), ("m", "minute"), ("h", "hour"), ("d", "day"), ("w", "week"), ("mo", "month"), ("y", "year"), ("1", "")];

impl TranslationStrategy {
    /// Every strategy, the default first.
    pub const ALL: [Self; 4] = [
        Self::UnderscoreEscapingWithSuffixes,
        Self::UnderscoreEscapingWithoutSuffixes,
        Self::NoUtf8EscapingWithSuffixes,
        Self::NoTranslation,
    ];

    /// The name a user gives it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnderscoreEscapingWithSuffixes => "UnderscoreEscapingWithSuffixes",
            Self::UnderscoreEscapingWithoutSuffixes => "UnderscoreEscapingWithoutSuffixes",
            Self::NoUtf8EscapingWithSuffixes => "NoUTF8EscapingWithSuffixes",
            Self::NoTranslation => "NoTranslation",
        }
    }

    /// Whether characters outside the legacy set are replaced.
    #[must_use]
    pub const fn escapes(self) -> bool {
        matches!(self, Self::UnderscoreEscapingWithSuffixes | Self::UnderscoreEscapingWithoutSuffixes)
    }

    /// Whether unit and type suffixes are added.
    #[must_use]
    pub const fn adds_suffixes(self) -> bool {
        matches!(self, Self::UnderscoreEscapingWithSuffixes | Self::NoUtf8EscapingWithSuffixes)
    }
}

impl fmt::Display for TranslationStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TranslationStrategy {
    type Err = UnknownStrategy;

    fn from_str(text: &str) -> Result<Self, UnknownStrategy> {
        Self::ALL.into_iter().find(|strategy| strategy.as_str() == text).ok_or_else(|| UnknownStrategy(text.to_owned()))
    }
}

/// The family's name of a metric; `None` when nothing of it is left, so that its points must be refused (NM-05).
#[must_use]
pub fn metric_name(input: &NameInput<'_>) -> Option<FamilyName> {
    let unit = Unit::read(input.unit);
    let mut name = if input.strategy.escapes() { replace_runs(input.name, is_metric_char) } else { input.name.to_owned() };
    if name.is_empty() || (input.strategy.escapes() && only_underscores(&name)) {
        return None;
    }
    if input.strategy.adds_suffixes() {
        name = with_suffixes(&name, &unit, input);
    }
    if input.strategy.escapes() && name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert(0, '_');
    }
    Some(FamilyName { name, unit_word: unit.word() })
}

/// Whether anything is left of a metric's name, so that its points can be exposed (NM-05).
#[must_use]
pub fn has_name(name: &str, strategy: TranslationStrategy) -> bool {
    metric_name(&NameInput { name, unit: "", kind: Kind::Gauge, strategy, ratio_suffix: false }).is_some()
}

/// The label's name of an attribute key; `None` when it must not become a label (LB-04, LB-05).
#[must_use]
pub fn label_name(key: &str, strategy: TranslationStrategy) -> Option<String> {
    let name = if strategy.escapes() { legacy_label_name(key) } else { key.to_owned() };
    (!only_underscores(&name) && name != "__name__").then_some(name)
}

fn legacy_label_name(key: &str) -> String {
    let reserved = key.strip_prefix("__").and_then(|rest| rest.strip_suffix("__"));
    match reserved {
        Some(inner) => format!("__{}__", replace_runs(inner, |c| c.is_ascii_alphanumeric())),
        None if key.starts_with(|c: char| c.is_ascii_digit()) => {
            format!("key_{}", replace_runs(key, |c| c.is_ascii_alphanumeric()))
        }
        None => replace_runs(key, |c| c.is_ascii_alphanumeric()),
    }
}

/// Each run of characters that are not `legal` becomes one `_`.
fn replace_runs(text: &str, legal: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if legal(c) {
            out.push(c);
        } else if !out.ends_with('_') {
            out.push('_');
        }
    }
    out
}

/// Empty counts: nothing is left of it either.
fn only_underscores(text: &str) -> bool {
    text.bytes().all(|b| b == b'_')
}

/// A `_` is left out on purpose: it only ever separates tokens.
fn is_metric_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == ':'
}

/// A unit in words, in its two parts.
struct Unit {
    main: String,
    per: String, // with its `per_`
    is_one: bool,
}

impl Unit {
    fn read(raw: &str) -> Self {
        let plain = without_annotations(raw);
        let (main, per) = plain.split_once('/').unwrap_or((&plain, ""));
        let per = look_up(&PER_WORDS, per.trim());
        let per = if per.is_empty() { per } else { format!("per_{per}") };
        Self { main: look_up(&UNIT_WORDS, main.trim()), per, is_one: raw.trim() == "1" }
    }

    fn word(&self) -> String {
        match (self.main.as_str(), self.per.as_str()) {
            (main, "") => main.to_owned(),
            ("", per) => per.to_owned(),
            (main, per) => format!("{main}_{per}"),
        }
    }
}

fn look_up(words: &[(&str, &str)], unit: &str) -> String {
    match words.iter().find(|(known, _)| *known == unit) {
        Some((_, word)) => (*word).to_owned(),
        None => replace_runs(unit, is_metric_char).trim_matches('_').to_owned(),
    }
}

/// UCUM annotations say nothing about the quantity; one that is never closed reaches to the end.
fn without_annotations(unit: &str) -> String {
    let mut depth = 0u32;
    unit.chars()
        .filter(|c| {
            match c {
                '{' => depth = depth.saturating_add(1),
                '}' if depth > 0 => {
                    depth = depth.saturating_sub(1);
                    return false;
                }
                _ => {}
            }
            depth == 0
        })
        .collect()
}

fn with_suffixes(name: &str, unit: &Unit, input: &NameInput<'_>) -> String {
    let type_word = match input.kind {
        Kind::Counter => "total",
        Kind::Gauge if input.ratio_suffix && unit.is_one => "ratio",
        _ => "",
    };
    let mut pieces = pieces_of(name);
    let before = pieces.len();
    if !type_word.is_empty() {
        pieces.retain(|piece| piece.token != type_word);
    }
    // A counter named just `total`, with separators or without, needs something in front of its suffix.
    let is_gone = pieces.len() < before && pieces.iter().all(|piece| piece.token.is_empty());
    let is_bare_total = is_gone && input.kind == Kind::Counter;
    if is_bare_total {
        pieces.clear();
    }
    for words in [&unit.main, &unit.per] {
        if !words.is_empty() && !has_tokens(&pieces, words) {
            append(&mut pieces, words);
        }
    }
    if is_bare_total && pieces.is_empty() {
        append(&mut pieces, type_word);
    }
    if !type_word.is_empty() {
        append(&mut pieces, type_word);
    }
    let mut out = String::with_capacity(name.len().saturating_add(32));
    for (i, piece) in pieces.iter().enumerate() {
        // Where the first token went, what followed must not begin with its separator, unless the name itself did.
        if i > 0 || name.starts_with(piece.separator.as_str()) {
            out.push_str(&piece.separator);
        }
        out.push_str(&piece.token);
    }
    out
}

/// A token of a name with what stood before it. What stands behind the last one is a piece with an empty token.
struct Piece {
    separator: String,
    token: String,
}

fn pieces_of(name: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for c in name.chars() {
        // Where characters are kept, a letter of any script is part of a word: `温度_total` is not just a suffix.
        let is_token = is_metric_char(c) || !c.is_ascii();
        match pieces.last_mut() {
            Some(piece) if is_token => piece.token.push(c),
            Some(piece) if piece.token.is_empty() => piece.separator.push(c),
            _ if is_token => pieces.push(Piece { separator: String::new(), token: c.into() }),
            _ => pieces.push(Piece { separator: c.into(), token: String::new() }),
        }
    }
    pieces
}

fn has_tokens(pieces: &[Piece], words: &str) -> bool {
    let words: Vec<&str> = words.split('_').collect();
    pieces.windows(words.len()).any(|run| run.iter().map(|piece| piece.token.as_str()).eq(words.iter().copied()))
}

/// A name that ends in `_` needs no second one.
fn append(pieces: &mut Vec<Piece>, words: &str) {
    let ends_in_underscore = pieces.last().is_some_and(|piece| piece.token.is_empty() && piece.separator.ends_with('_'));
    let separator = if ends_in_underscore || pieces.is_empty() { String::new() } else { "_".to_owned() };
    pieces.extend(
        words.split('_').enumerate().map(|(i, word)| Piece {
            separator: if i == 0 { separator.clone() } else { "_".to_owned() },
            token: word.to_owned(),
        }),
    );
}
