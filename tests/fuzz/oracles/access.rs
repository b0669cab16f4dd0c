//! Who may read: files of rules, paths and their patterns, and the one header that a token may come in. The models are as simple
//! as they are slow, and know one thing each.

use super::{choices::Choices, views::well_placed};
use http::{HeaderMap, HeaderValue, header};
use pointsman::auth::access::{
    Resource, Token, config,
    paths::{Glob, Path},
    rules::{Fixed, Rewrites, Rules},
};
use std::{collections::BTreeMap, fmt::Write};

/// Any text as a file of rules: what is wrong has its place; what is taken is taken again alike from what is written of it.
pub fn access_config(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    match config::read("in.yaml", &text) {
        Err(faults) => {
            assert!(!faults.is_empty(), "refused without a reason");
            faults.iter().for_each(|fault| well_placed(fault, &text));
        }
        Ok(rules) => {
            let written = written(&rules);
            let again = config::read("out.yaml", &written);
            assert_eq!(again.as_ref(), Ok(&rules), "written as {written}");
        }
    }
}

/// Rules as a file says them.
fn written(rules: &Rules) -> String {
    let mut parts = Vec::new();
    if let Some(resource) = &rules.resource {
        parts.push(format!("resourceAttributes: {{{}}}", resource_fields(resource, true)));
    }
    if let Some(Rewrites { query, header }) = &rules.rewrites {
        let query = query.as_ref().map(|name| format!("byQueryParameter: {{name: {}}}", quoted(name)));
        let header = header.as_ref().map(|name| format!("byHttpHeader: {{name: {}}}", quoted(name.as_str())));
        parts.push(format!("rewrites: {{{}}}", query.into_iter().chain(header).collect::<Vec<_>>().join(", ")));
    }
    let fixed: Vec<String> = rules.fixed.iter().map(rule).collect();
    parts.push(format!("static: [{}]", fixed.join(", ")));
    format!("authorization: {{{}}}", parts.join(", "))
}

fn rule(rule: &Fixed) -> String {
    let groups: Vec<String> = rule.groups.iter().map(|group| quoted(group)).collect();
    let user = format!("user: {{name: {}, groups: [{}]}}", quoted(&rule.user), groups.join(", "));
    let path = rule.path.as_ref().map_or_else(|| "resourceRequest: true".to_owned(), |path| format!("path: {}", quoted(path)));
    format!("{{{user}, verb: {}, {path}, {}}}", quoted(&rule.verb), resource_fields(&rule.resource, false))
}

fn resource_fields(resource: &Resource, has_version: bool) -> String {
    let Resource { namespace, api_group, api_version, resource, subresource, name } = resource;
    let pairs = [
        ("namespace", namespace),
        ("apiGroup", api_group),
        ("resource", resource),
        ("subresource", subresource),
        ("name", name),
        ("apiVersion", api_version),
    ];
    let written: Vec<String> =
        pairs.iter().take(if has_version { 6 } else { 5 }).map(|(key, text)| format!("{key}: {}", quoted(text))).collect();
    written.join(", ")
}

/// A text of YAML in which nothing but plain ASCII stands for itself.
fn quoted(text: &str) -> String {
    let mut out = "\"".to_owned();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || " :-_./{}*".contains(c) {
            out.push(c);
        } else {
            write!(out, "\\U{:08x}", u32::from(c)).expect("strings take everything");
        }
    }
    out.push('"');
    out
}

/// A path and a pattern: a path is taken if each of its segments, decoded, is a name, and is then written so that it is taken
/// again; a pattern is taken and matches as one that tries everything says.
pub fn access_path(input: &[u8]) {
    let mut from = Choices(input);
    let (glob, raw) = (from.text(), String::from_utf8_lossy(from.rest()).into_owned());
    let path = Path::decode(&raw);
    assert_eq!(path.as_ref().map(Path::as_str), decoded(&raw).as_deref(), "{raw}");
    if let Some(path) = &path {
        let written = path.encode();
        assert_eq!(Path::decode(&written).as_ref(), Some(path), "{raw} written as {written}");
        assert!(http::Uri::try_from(written.as_str()).is_ok_and(|uri| uri.path() == written), "{written} is no URL");
        assert_eq!(path.is_folder(), path.as_str() != "/" && path.as_str().ends_with('/'));
    }
    let pattern: Vec<char> = glob.chars().collect();
    let ours = Glob::read(&glob);
    assert_eq!(ours.is_some(), is_pattern(&pattern), "{glob}");
    let Some(ours) = ours else { return };
    for text in [path.as_ref().map_or("", Path::as_str), &raw, &glob, ""] {
        let text: String = text.chars().take(64).collect();
        let chars: Vec<char> = text.chars().collect();
        let expected = matches(&pattern, &chars, &mut BTreeMap::new());
        assert_eq!(ours.matches(&text), expected, "{glob} on {text}");
    }
}

/// The path with its escapes resolved, if it has the one form.
fn decoded(raw: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut parts = raw.split('%');
    bytes.extend(parts.next()?.bytes());
    for part in parts {
        let digits = part.as_bytes().get(..2).filter(|two| two.iter().all(u8::is_ascii_hexdigit))?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        bytes.extend(part.as_bytes().get(2..)?);
    }
    let text = String::from_utf8(bytes).ok()?;
    let is_whole = text.starts_with('/') && !text.contains('\0') && !text.contains("//");
    let is_plain = !format!("{text}/").contains("/./") && !format!("{text}/").contains("/../");
    (is_whole && is_plain).then_some(text)
}

/// What a pattern begins with.
enum First {
    Run,
    One(Box<dyn Fn(char) -> bool>),
}

/// The first part of a pattern, and how long it is; `None` = it is none.
fn first(pattern: &[char]) -> Option<(First, usize)> {
    match *pattern.first()? {
        '*' => Some((First::Run, 1)),
        '?' => Some((First::One(Box::new(|c| c != '/')), 1)),
        '\\' => {
            let own = *pattern.get(1)?;
            Some((First::One(Box::new(move |c| c == own)), 2))
        }
        '[' => set(pattern),
        own => Some((First::One(Box::new(move |c| c == own)), 1)),
    }
}

fn set(pattern: &[char]) -> Option<(First, usize)> {
    let not = pattern.get(1) == Some(&'^');
    let mut at = if not { 2 } else { 1 };
    let mut ranges = Vec::new();
    loop {
        if *pattern.get(at)? == ']' && !ranges.is_empty() {
            break;
        }
        let (low, len) = bound(&pattern[at..])?;
        at += len;
        let mut high = low;
        if *pattern.get(at)? == '-' {
            let (end, len) = bound(&pattern[at + 1..])?;
            (high, at) = (end, at + 1 + len);
        }
        ranges.push((low, high));
    }
    let one = move |c: char| c != '/' && ranges.iter().any(|(low, high)| *low <= c && c <= *high) != not;
    Some((First::One(Box::new(one)), at + 1))
}

/// One end of a range. What closes a set or makes a range stands for itself only after a backslash.
fn bound(pattern: &[char]) -> Option<(char, usize)> {
    match *pattern.first()? {
        ']' | '-' => None,
        '\\' => Some((*pattern.get(1)?, 2)),
        own => Some((own, 1)),
    }
}

fn is_pattern(pattern: &[char]) -> bool {
    let mut rest = pattern;
    while !rest.is_empty() {
        let Some((_, len)) = first(rest) else { return false };
        rest = &rest[len..];
    }
    true
}

/// Tries every way, each once.
fn matches(pattern: &[char], text: &[char], known: &mut BTreeMap<(usize, usize), bool>) -> bool {
    let key = (pattern.len(), text.len());
    if let Some(known) = known.get(&key) {
        return *known;
    }
    let found = match (first(pattern), text.first()) {
        (None, c) => c.is_none(),
        (Some((First::Run, len)), c) => {
            matches(&pattern[len..], text, known) || c.is_some_and(|c| *c != '/' && matches(pattern, &text[1..], known))
        }
        (Some((First::One(takes), len)), Some(c)) => takes(*c) && matches(&pattern[len..], &text[1..], known),
        (Some((First::One(_), _)), None) => false,
    };
    known.insert(key, found);
    found
}

/// Any headers, divided by zeros: a token is the second of two words of the only `Authorization` there is, the first of which
/// is `bearer`; it is never shown.
pub fn access_token(input: &[u8]) {
    let mut headers = HeaderMap::new();
    let mut values = Vec::new();
    for part in input.split(|byte| *byte == 0).take(4) {
        let (name, part) = match part.split_first() {
            Some((b'!', rest)) => (header::PROXY_AUTHORIZATION, rest),
            _ => (header::AUTHORIZATION, part),
        };
        let Ok(value) = HeaderValue::from_bytes(part) else { continue };
        if name == header::AUTHORIZATION {
            values.push(part);
        }
        headers.append(name, value);
    }
    let expected = match values[..] {
        [value] => token_in(value),
        _ => None,
    };
    let token = Token::of(&headers);
    assert_eq!(token.as_ref().map(Token::reveal), expected.as_deref(), "{headers:?}");
    assert!(token.is_none_or(|token| format!("{token:?}") == "Token"));
}

fn token_in(value: &[u8]) -> Option<String> {
    let is_text = value.iter().all(|byte| (0x20..0x7F).contains(byte) || *byte == b'\t');
    let text: String = value.iter().map(|byte| char::from(*byte)).collect();
    let words: Vec<&str> = text.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
    let [scheme, token] = words[..] else { return None };
    // A tab parts a scheme from nothing.
    let is_parted = text.trim_start_matches([' ', '\t']).get(scheme.len()..).is_some_and(|rest| rest.starts_with(' '));
    (is_text && is_parted && scheme.to_lowercase() == "bearer").then(|| token.to_owned())
}
