//! A small reader of the text formats, for comparing what two sides say of the same series: each sample becomes its
//! name, its labels and its number. Not a judge of syntax: those are foreign parsers.

use std::collections::BTreeMap;

/// Name and labels as one key that does not depend on their order.
pub(crate) type Samples = BTreeMap<String, f64>;

/// Every sample of a text body.
pub(crate) fn samples(body: &str) -> Samples {
    let mut out = Samples::new();
    for line in body.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (key, value) = sample(line).unwrap_or_else(|| panic!("not a sample: {line}"));
        assert!(out.insert(key, value).is_none(), "twice: {line}");
    }
    out
}

/// The key of a name and its labels; `le` and `quantile` as numbers, because formats write them differently.
pub(crate) fn key(name: &str, labels: &BTreeMap<String, String>) -> String {
    let mut out = format!("{name}{{");
    for (label, value) in labels {
        let number = value.parse::<f64>().ok().filter(|_| label == "le" || label == "quantile");
        match number {
            Some(number) => out.push_str(&format!("{label}={number},")),
            None => out.push_str(&format!("{label}={value:?},")),
        }
    }
    out.push('}');
    out
}

fn sample(line: &str) -> Option<(String, f64)> {
    let (name, mut rest) = match line.find(['{', ' ']) {
        Some(at) => line.split_at(at),
        None => return None,
    };
    let mut name = name.to_owned();
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            rest = rest.trim_start_matches(',');
            if let Some(after) = rest.strip_prefix('}') {
                rest = after;
                break;
            }
            let (label, after) = if rest.starts_with('"') { quoted(rest)? } else { bare(rest)? };
            match after.strip_prefix('=') {
                Some(after) => {
                    let (value, after) = quoted(after)?;
                    labels.insert(label, value);
                    rest = after;
                }
                // A quoted name without a value is the metric's.
                None => (name, rest) = (label, after),
            }
        }
    }
    let value = rest.trim_start().split(' ').next()?.parse().ok()?;
    Some((key(&name, &labels), value))
}

fn bare(text: &str) -> Option<(String, &str)> {
    let (label, rest) = text.split_at(text.find('=')?);
    Some((label.to_owned(), rest))
}

fn quoted(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = text.strip_prefix('"')?.chars();
    loop {
        match chars.next()? {
            '"' => return Some((out, chars.as_str())),
            '\\' => out.push(match chars.next()? {
                'n' => '\n',
                other => other,
            }),
            other => out.push(other),
        }
    }
}
