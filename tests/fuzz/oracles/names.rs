//! What a scraper asks for, and what things are called: negotiation, translated names, escapings. Each has a slow model here that
//! shares no code with ours.

use super::choices::Choices;
use pointsman_core::{
    expose::{
        escape::{Escaping, is_legacy_label_name, is_legacy_metric_name},
        names::{NameInput, TranslationStrategy, has_name, label_name, metric_name},
        negotiate::{Encoding, Format, negotiate},
    },
    model::instrument::Kind,
};

/// Lines of Accept (all that do not begin with `e`) and of Accept-Encoding (those that do): whatever they say, one answer that we
/// have, that of the model; asked for in its own words it is the answer again.
pub fn negotiation(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let encodings: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix('e')).collect();
    let accepts: Vec<&str> = text.lines().filter(|line| !line.starts_with('e')).collect();
    let agreed = negotiate(accepts.iter().copied(), encodings.iter().copied());
    let (format, escaping) = model_format(&accepts);
    assert_eq!((agreed.format, agreed.escaping), (format, escaping), "{accepts:?}");
    assert_eq!(agreed.encoding, model_encoding(&encodings), "{encodings:?}");
    let asked = agreed.content_type();
    let again = negotiate([asked.as_str()], agreed.encoding.as_str());
    assert_eq!(again, agreed, "what was agreed on is offered again");
    // One list over several lines is the same as one line, where each line closes its quotes.
    if accepts.iter().all(|line| pieces(line, ',').1) {
        let joined = accepts.join(",");
        assert_eq!(negotiate([joined.as_str()], encodings.iter().copied()), agreed);
    }
}

/// Parts between separators outside of quotes, trimmed, empty ones left out; and whether quotes are closed.
fn pieces(text: &str, separator: char) -> (Vec<String>, bool) {
    let (mut parts, mut part) = (Vec::new(), String::new());
    let chars: Vec<char> = text.chars().collect();
    let (mut at, mut quoted) = (0, false);
    while at < chars.len() {
        if quoted && chars[at] == '\\' && at + 1 < chars.len() {
            part.push(chars[at]);
            part.push(chars[at + 1]);
            at += 2;
            continue;
        }
        quoted ^= chars[at] == '"';
        if chars[at] == separator && !quoted {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(chars[at]);
        }
        at += 1;
    }
    let ends_escaped = quoted && text.ends_with('\\');
    parts.push(part);
    let parts = parts.iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect();
    (parts, !quoted && !ends_escaped)
}

/// The last value of a parameter.
fn parameter(parts: &[String], name: &str) -> Option<String> {
    let value = parts.iter().rev().find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })?;
    let Some(quoted) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return Some(value) };
    let (mut out, mut escaped) = (String::new(), false);
    for c in quoted.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            out.push(c);
            escaped = false;
        }
    }
    Some(out)
}

fn thousandths(parts: &[String]) -> u32 {
    let q: f64 = parameter(parts, "q").and_then(|q| q.parse().ok()).unwrap_or(1.0);
    let q = if q.is_finite() { q } else { 1.0 };
    if q <= 0.0 {
        0
    } else if q >= 1.0 {
        1000
    } else {
        format!("{:.0}", (q * 1000.0).round()).parse().expect("a number")
    }
}

fn model_format(lines: &[&str]) -> (Format, Escaping) {
    let mut best: Option<((u32, u8, u8), Format, Escaping)> = None;
    for clause in lines.iter().flat_map(|line| pieces(line, ',').0) {
        let parts = pieces(&clause, ';').0;
        let Some((media, rest)) = parts.split_first() else { continue };
        let version = parameter(rest, "version");
        let delimited = parameter(rest, "proto").as_deref() == Some("io.prometheus.client.MetricFamily")
            && parameter(rest, "encoding").as_deref() == Some("delimited");
        let found = match (media.to_ascii_lowercase().as_str(), version.as_deref()) {
            ("*" | "*/*", _) => (0, Format::Text004, 0),
            ("text/*", _) => (1, Format::Text004, 0),
            ("text/plain", None) => (2, Format::Text004, 0),
            ("text/plain", Some("0.0.4")) => (3, Format::Text004, 0),
            ("text/plain", Some("1.0.0")) => (3, Format::Text100, 1),
            ("application/openmetrics-text", None) => (2, Format::OpenMetrics, 2),
            ("application/openmetrics-text", Some("1.0.0")) => (3, Format::OpenMetrics, 2),
            ("application/vnd.google.protobuf", _) if delimited => (3, Format::Protobuf, 3),
            _ => continue,
        };
        let (specific, format, order) = found;
        let rank = (thousandths(rest), specific, order);
        if rank.0 == 0 || best.as_ref().is_some_and(|(before, ..)| *before >= rank) {
            continue;
        }
        let escaping = match parameter(rest, "escaping").as_deref().filter(|_| specific > 1) {
            Some("allow-utf-8") => Escaping::AllowUtf8,
            Some("dots") => Escaping::Dots,
            Some("values") => Escaping::Values,
            _ => Escaping::Underscores,
        };
        best = Some((rank, format, escaping));
    }
    best.map_or((Format::Text004, Escaping::Underscores), |(_, format, escaping)| (format, escaping))
}

fn model_encoding(lines: &[&str]) -> Encoding {
    let clauses: Vec<Vec<String>> =
        lines.iter().flat_map(|line| pieces(line, ',').0).map(|clause| pieces(&clause, ';').0).collect();
    let q = |names: &[&str]| {
        names.iter().find_map(|name| {
            let clause =
                clauses.iter().rev().find(|clause| clause.first().is_some_and(|word| word.eq_ignore_ascii_case(name)))?;
            Some(thousandths(&clause[1..]))
        })
    };
    let (gzip, zstd, identity) = (q(&["gzip", "x-gzip", "*"]), q(&["zstd"]), q(&["identity"]));
    let chosen = match (zstd.unwrap_or(0), gzip.unwrap_or(0), identity.unwrap_or(0)) {
        (zstd, gzip, identity) if zstd > 0 && zstd >= gzip && zstd >= identity => Encoding::Zstd,
        (_, gzip, identity) if gzip > 0 && gzip >= identity => Encoding::Gzip,
        _ => Encoding::Identity,
    };
    assert!(chosen != Encoding::Zstd || zstd != Some(0), "q=0 is never chosen");
    assert!(chosen != Encoding::Gzip || gzip != Some(0), "q=0 is never chosen");
    chosen
}

/// A name and a unit under every strategy and escaping: legal by the grammar, the same when translated again, and what `values`
/// escaped is got back.
pub fn names(input: &[u8]) {
    let mut from = Choices(input);
    let (strategy, kind) = (from.pick(&TranslationStrategy::ALL), from.pick(&Kind::ALL));
    let ratio_suffix = from.yes();
    let text = String::from_utf8_lossy(from.rest()).into_owned();
    let (name, unit) = text.split_once('\n').unwrap_or((&text, ""));
    let input = NameInput { name, unit, kind, strategy, ratio_suffix };
    let made = metric_name(&input);
    assert_eq!(made.is_some(), has_name(name, strategy), "a name is there, whatever its unit is");
    assert_eq!(made.is_none(), model_is_empty(name, strategy));
    if let Some(made) = made {
        if strategy.escapes() {
            assert!(is_metric_by_grammar(&made.name), "{made:?}");
        } else {
            assert!(strategy.adds_suffixes() || made.name == name, "no translation");
            let letters = |name: &str| name.chars().filter(|c| !c.is_ascii()).collect::<String>();
            assert_eq!(letters(&made.name), letters(name), "letters of other scripts stay");
        }
        if strategy.adds_suffixes() && kind == Kind::Counter {
            assert!(made.name.ends_with("_total"), "{made:?}");
        }
        assert!(is_empty_or_word(&made.unit_word), "{made:?}");
        let again = metric_name(&NameInput { name: &made.name, ..input }).expect("a name keeps being one");
        // Separators before a suffix go with it: of `a._total` the point, of `._total` all but the suffix.
        let stem = ["_total", "_ratio"].iter().find_map(|suffix| made.name.strip_suffix(suffix));
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == ':' || !c.is_ascii();
        let ends_in_separator = stem.is_some_and(|stem| !stem.ends_with(is_word));
        // A unit that is called so comes a second time.
        let is_of_unit = made.unit_word.split('_').any(|word| matches!(word, "total" | "ratio"));
        assert!(again == made || ends_in_separator || is_of_unit, "{made:?} is translated to {again:?}");
        escapings(&made.name, Escaping::metric, is_metric_by_grammar);
        assert_eq!(is_legacy_metric_name(&made.name), is_metric_by_grammar(&made.name));
    }
    if let Some(label) = label_name(name, strategy) {
        assert_ne!(label, "__name__");
        assert!(!label.is_empty());
        if strategy.escapes() {
            assert!(is_label_by_grammar(&label), "{label}");
            assert_eq!(label_name(&label, strategy).as_deref(), Some(label.as_str()), "translated again");
        } else {
            assert_eq!(label, name);
        }
        assert_eq!(is_legacy_label_name(&label), is_label_by_grammar(&label));
        escapings(&label, Escaping::label, is_label_by_grammar);
    }
}

fn model_is_empty(name: &str, strategy: TranslationStrategy) -> bool {
    name.is_empty() || (strategy.escapes() && !has_letters(name))
}

fn has_letters(name: &str) -> bool {
    name.contains(|c: char| c.is_ascii_alphanumeric() || c == ':')
}

fn escapings<'a>(name: &'a str, escape: fn(Escaping, &'a str) -> std::borrow::Cow<'a, str>, is_legal: fn(&str) -> bool) {
    for escaping in Escaping::ALL {
        let escaped = escape(escaping, name);
        if is_legal(name) || escaping == Escaping::AllowUtf8 {
            assert_eq!(escaped, name, "a legal name stays");
        } else {
            assert!(is_legal(&escaped), "{escaped} of {name:?} under {escaping}");
        }
        if escaping == Escaping::Values && !is_legal(name) {
            assert_eq!(unescaped(&escaped).as_deref(), Some(name), "{escaped}");
        }
    }
}

/// Undoes `values`, as Prometheus does.
fn unescaped(name: &str) -> Option<String> {
    let mut rest = name.strip_prefix("U__")?;
    let mut out = String::new();
    while let Some(c) = rest.chars().next() {
        rest = rest.strip_prefix(c)?;
        if c != '_' {
            out.push(c);
        } else if let Some(after) = rest.strip_prefix('_') {
            out.push('_');
            rest = after;
        } else {
            let (hex, after) = rest.split_once('_')?;
            out.push(char::from_u32(u32::from_str_radix(hex, 16).ok()?)?);
            rest = after;
        }
    }
    Some(out)
}

fn is_by_grammar(name: &str, first: fn(u8) -> bool, other: fn(u8) -> bool) -> bool {
    name.as_bytes().split_first().is_some_and(|(head, rest)| first(*head) && rest.iter().all(|byte| other(*byte)))
}

/// `[a-zA-Z_:][a-zA-Z0-9_:]*`
fn is_metric_by_grammar(name: &str) -> bool {
    let first = |b: u8| matches!(b, b'a'..=b'z' | b'A'..=b'Z' | b'_' | b':');
    is_by_grammar(name, first, |b| matches!(b, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b':'))
}

/// `[a-zA-Z_][a-zA-Z0-9_]*`
fn is_label_by_grammar(name: &str) -> bool {
    let first = |b: u8| matches!(b, b'a'..=b'z' | b'A'..=b'Z' | b'_');
    is_by_grammar(name, first, |b| matches!(b, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_'))
}

fn is_empty_or_word(unit: &str) -> bool {
    unit.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':')
}
