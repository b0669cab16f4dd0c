//! One fault, several faces: the terminal's, one line, JSON. Text that a user wrote cannot command a terminal:
//! control characters are shown, not sent.

use super::{Fault, Place, Source, code::Severity};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Widest part of a source line that is shown.
const LINE_CHARS_MAX: usize = 100;
/// How much of that stands before the caret.
const LEAD_CHARS: usize = 40;

/// The form for people: cause, place, caret, what would do.
#[must_use]
pub fn terminal(fault: &Fault) -> String {
    let mut out = format!("{}[{}]: {}\n", fault.severity().word(), fault.code.id(), clean(&fault.message));
    let beside = beside_caret(fault);
    let margin = match &fault.place {
        Place::Text { source, line, column, len, .. } => caret(&mut out, source, [*line, *column, *len], &beside),
        Place::Nowhere => 2,
        place => {
            line(&mut out, format_args!("  --> {}", clean(&place.to_string())));
            2
        }
    };
    let pad = " ".repeat(margin);
    if !beside.is_empty() && !matches!(fault.place, Place::Text { .. }) {
        line(&mut out, format_args!("{pad} = {beside}"));
    }
    if !fault.allowed.is_empty() {
        line(&mut out, format_args!("{pad} = allowed: {}", clean(&fault.allowed.join(", "))));
    }
    if beside.is_empty() && fault.allowed.is_empty() {
        line(&mut out, format_args!("{pad} = fix: {}", clean(fault.fix())));
    }
    if let Some(related) = &fault.related {
        line(&mut out, format_args!("{pad} = see: {} {}", clean(&related.place.to_string()), clean(&related.text)));
    }
    out
}

/// One line: `file:line:col: error[PM0104]: cause; fix`.
#[must_use]
pub fn short(fault: &Fault) -> String {
    let place = match &fault.place {
        Place::Nowhere => String::new(),
        place => format!("{}: ", clean(&place.to_string())),
    };
    let beside = beside_caret(fault);
    let more = if beside.is_empty() { String::new() } else { format!("; {beside}") };
    format!("{place}{}[{}]: {}{more}", fault.severity().word(), fault.code.id(), clean(&fault.message))
}

/// Fields for machines; only ever added to.
#[must_use]
pub fn json(fault: &Fault) -> Value {
    let mut value = json!({
        "code": fault.code.id(),
        "severity": fault.severity().word(),
        "message": fault.message,
        "fix": fault.fix(),
        "place": place_json(&fault.place),
    });
    if let Some(fields) = value.as_object_mut() {
        if !fault.suggestions.is_empty() {
            fields.insert("suggestions".into(), json!(fault.suggestions));
        }
        if !fault.allowed.is_empty() {
            fields.insert("allowed".into(), json!(fault.allowed));
        }
        if let Some(related) = &fault.related {
            fields.insert("related".into(), json!({"place": place_json(&related.place), "text": related.text}));
        }
    }
    value
}

/// `2 errors, 1 warning · why, and how to fix: pointsman explain PM0103`; empty without faults.
#[must_use]
pub fn summary(faults: &[Fault]) -> String {
    let words = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Info, "remark")];
    let counts: Vec<String> = words
        .into_iter()
        .filter_map(|(severity, word)| match faults.iter().filter(|f| f.severity() == severity).count() {
            0 => None,
            1 => Some(format!("1 {word}")),
            n => Some(format!("{n} {word}s")),
        })
        .collect();
    faults.first().map_or_else(String::new, |first| {
        format!("{} · why, and how to fix: pointsman explain {}", counts.join(", "), first.code.id())
    })
}

/// `text` with every control character in visible form.
#[must_use]
pub fn clean(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '\t' => out.push(' '),
            c if c.is_control() => out.extend(c.escape_default()),
            c => out.push(c),
        }
        out
    })
}

fn beside_caret(fault: &Fault) -> String {
    if let Some(hint) = &fault.hint {
        return clean(hint);
    }
    match &*fault.suggestions {
        [] => String::new(),
        words => format!("did you mean {}?", words.iter().map(|w| format!("`{}`", clean(w))).collect::<Vec<_>>().join(" or ")),
    }
}

/// Draws the line with its caret; returns the width of the margin.
fn caret(out: &mut String, source: &Source, [row, column, len]: [u32; 3], beside: &str) -> usize {
    let number = row.to_string();
    let pad = " ".repeat(number.len());
    line(out, format_args!("{pad}--> {}:{row}:{column}", clean(&source.name)));
    let text = source.text.lines().nth((row as usize).saturating_sub(1)).unwrap_or_default();
    let before = (column as usize).saturating_sub(1);
    let cut = if text.chars().count() > LINE_CHARS_MAX { before.saturating_sub(LEAD_CHARS) } else { 0 };
    let shown: String = text.chars().skip(cut).take(LINE_CHARS_MAX).collect();
    // A control character takes several columns once it is visible: measure what is shown, not what was written.
    let lead = clean(&text.chars().skip(cut).take(before.saturating_sub(cut)).collect::<String>()).chars().count();
    let room = shown.chars().count().saturating_sub(before.saturating_sub(cut)).max(1);
    let carets = "^".repeat((len as usize).clamp(1, room));
    line(out, format_args!("{pad} |"));
    line(out, format_args!("{number} | {}", clean(shown.trim_end())));
    line(out, format_args!("{pad} | {}{carets} {beside}", " ".repeat(lead)));
    number.len()
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    write!(out, "{text}").expect("a String takes all text");
    out.truncate(out.trim_end().len());
    out.push('\n');
}

fn place_json(place: &Place) -> Value {
    match place {
        Place::Nowhere => Value::Null,
        Place::Text { source, line, column, len, path } => {
            json!({"file": source.name, "line": line, "column": column, "length": len, "path": path})
        }
        Place::Field { object, path } => json!({"object": object, "path": path}),
        Place::File(name) => json!({"file": name}),
        Place::Setting(name) => json!({"setting": name}),
    }
}
