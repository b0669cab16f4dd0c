//! CEL rules that refuse with the words of the one table of codes: the same text as `check` and the conditions use.
//! Knows how a text becomes a CEL expression, not what the rules are about.

use kube::core::{Message, Rule};
use pointsman_core::fault::code::Code;

/// A duration as views write it: whole or decimal numbers with units, `90s`, `1h30m`.
pub(super) const DURATION: &str = r"^([0-9]+(\.[0-9]{1,9})?(ns|us|ms|s|m|h))+$";

/// A rule that must hold; if it does not, the code, its cause and its fix are the message.
///
/// Each word fills one `{}` of the code's text. It is a CEL expression of type string, or a text literal in single quotes.
pub(super) fn must(rule: &str, code: Code, words: &[&str]) -> Rule {
    let entry = code.entry();
    let mut parts: Vec<String> = vec![literal(&format!("{}: ", code.id()))];
    let mut words = words.iter();
    for (i, text) in entry.template.split("{}").enumerate() {
        if i > 0 {
            let word = words.next().expect("a rule has a word for each gap of its code's text");
            parts.push(if is_literal(word) { (*word).to_owned() } else { format!("({word})") });
        }
        parts.push(literal(text));
    }
    parts.push(literal(&format!("; {}", entry.fix)));
    let message = if parts.iter().all(|part| is_literal(part)) {
        Message::Message(parts.iter().map(|part| plain(part)).collect())
    } else {
        Message::Expression(joined(&parts))
    };
    Rule::new(rule).message(message)
}

/// The CEL of bounds for an optional duration. One that is malformed is the pattern's to refuse.
pub(super) fn duration_within(field: &str, least: &str, most: &str) -> String {
    let (value, form) = (format!("self.{field}"), DURATION.replace('\\', "\\\\"));
    format!(
        "!has({value}) || !{value}.matches('{form}') || \
         (duration({value}) >= duration('{least}') && duration({value}) <= duration('{most}'))"
    )
}

/// Neighbouring literals become one.
fn joined(parts: &[String]) -> String {
    let mut out: Vec<String> = Vec::new();
    for part in parts {
        match out.last_mut().filter(|last| is_literal(last) && is_literal(part)) {
            Some(last) => *last = literal(&(plain(last) + &plain(part))),
            None => out.push(part.clone()),
        }
    }
    out.join(" + ")
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// One literal and nothing else: its quotes are the only ones that are not escaped.
fn is_literal(part: &str) -> bool {
    let inner = part.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    inner.is_some_and(|inner| !inner.replace("\\'", "").contains('\''))
}

fn plain(literal: &str) -> String {
    let inner = literal.trim_start_matches('\'');
    inner.strip_suffix('\'').unwrap_or(inner).replace("\\'", "'").replace("\\\\", "\\")
}
