//! Walks a tree of nodes field by field and collects every fault with its place.
//! Knows the forms a value can have, and no field by name.

use crate::{
    fault::{self, Fault, Source, code::Code, suggest},
    limits::{DECIMAL_BYTES_MAX, VIEW_TEXT_BYTES_MAX},
    view::{
        pattern::Pattern,
        time,
        yaml::{At, Node, Value},
    },
};
use std::{ops::RangeInclusive, sync::Arc, time::Duration};

/// What places are relative to.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    /// A text.
    Source(&'a Arc<Source>),
    /// An object without text, by kind and name.
    Object(&'a str),
}

impl Place<'_> {
    pub(super) fn of(self, at: At, path: &str) -> fault::Place {
        match self {
            Place::Source(source) => fault::Place::Text {
                source: Arc::clone(source),
                line: at.line,
                column: at.column,
                len: at.len,
                path: path.into(),
            },
            Place::Object(object) => fault::Place::Field { object: object.into(), path: path.into() },
        }
    }
}

/// A node and the path that leads to it.
#[derive(Clone)]
pub(super) struct Item<'a> {
    pub(super) node: &'a Node,
    pub(super) path: String,
}

impl Item<'_> {
    /// The last step of the path, for messages: `metrics[0].state` is `state`.
    fn label(&self) -> &str {
        let last = self.path.rsplit('.').next().unwrap_or_default();
        if last.is_empty() { "object" } else { last }
    }
}

/// What to do with fields that no table names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    /// They are the author's mistake.
    Fault,
    /// They belong to somebody else.
    Ignore,
}

/// The fields of a map.
pub(super) struct Fields<'a> {
    at: At,
    path: String,
    label: &'static str,
    found: Vec<(&'a str, &'a Node)>,
    /// Fields that a misspelt one was probably meant to be: not reported as missing.
    meant: Vec<String>,
}

impl<'a> Fields<'a> {
    /// The field, unless it is absent or null.
    pub(super) fn get(&self, name: &str) -> Option<Item<'a>> {
        let (name, node) = self.found.iter().find(|(found, _)| *found == name)?;
        let path = if self.path.is_empty() { (*name).to_owned() } else { format!("{}.{name}", self.path) };
        (node.value != Value::Null).then_some(Item { node, path })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some() || self.meant.iter().any(|meant| meant == name)
    }
}

pub(super) struct Cursor<'a> {
    origin: Place<'a>,
    faults: Vec<Fault>,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(origin: Place<'a>) -> Self {
        Self { origin, faults: Vec::new() }
    }

    /// The faults in the order of the text.
    pub(super) fn into_faults(mut self) -> Vec<Fault> {
        let position = |fault: &Fault| match fault.place {
            fault::Place::Text { line, column, .. } => (line, column),
            _ => (0, 0),
        };
        self.faults.sort_by_key(position);
        self.faults
    }

    pub(super) fn place(&self, item: &Item<'_>) -> fault::Place {
        self.origin.of(item.node.at, &item.path)
    }

    pub(super) fn fault(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    pub(super) fn wrong_type(&mut self, item: &Item<'_>, what: &str) {
        self.fault(Fault::new(Code::MissingOrWrongType, self.place(item), &[item.label(), what]));
    }

    /// The fields of a map, each of which must stand in `table`.
    pub(super) fn fields<'n>(
        &mut self,
        item: &Item<'n>,
        label: &'static str,
        table: &[&str],
        unknown: Unknown,
    ) -> Option<Fields<'n>> {
        let Value::Map(entries) = &item.node.value else {
            self.wrong_type(item, &format!("is not a map, but {}", item.node.value.kind()));
            return None;
        };
        let mut fields = Fields { at: item.node.at, path: item.path.clone(), label, found: Vec::new(), meant: Vec::new() };
        for (key, node) in entries {
            if table.contains(&&*key.text) {
                fields.found.push((&key.text, node));
            } else if unknown == Unknown::Fault {
                let place = self.origin.of(key.at, &format!("{}.{}", item.path, key.text));
                let open: Vec<&str> = table.iter().copied().filter(|f| !entries.iter().any(|(k, _)| &*k.text == *f)).collect();
                let mut fault = Fault::new(Code::UnknownField, place, &[&key.text, label]).with_allowed(&key.text, table);
                fault.suggestions = suggest::nearest(&key.text, open).into();
                fields.meant.extend(fault.suggestions.iter().cloned());
                self.fault(fault);
            }
        }
        Some(fields)
    }

    /// A field that must be there.
    pub(super) fn required<'n>(&mut self, fields: &Fields<'n>, name: &'static str) -> Option<Item<'n>> {
        let item = fields.get(name);
        if item.is_none() && !fields.has(name) {
            let place = self.origin.of(fields.at, &fields.path);
            let what = format!("is missing in `{}`", fields.label);
            self.fault(Fault::new(Code::MissingOrWrongType, place, &[name, &what]));
        }
        item
    }

    pub(super) fn text<'n>(&mut self, item: &Item<'n>) -> Option<&'n str> {
        match &item.node.value {
            Value::Text(text) => Some(text),
            Value::Bool(_) | Value::Number(_) => {
                self.wrong_type(item, &format!("is not text, but {}: quote it", item.node.value.kind()));
                None
            }
            other => {
                self.wrong_type(item, &format!("is not text, but {}", other.kind()));
                None
            }
        }
    }

    /// Text of at most `max` bytes that is not empty.
    pub(super) fn short_text<'n>(&mut self, item: &Item<'n>, max: usize) -> Option<&'n str> {
        let text = self.text(item)?;
        if text.is_empty() {
            self.wrong_type(item, "is empty");
            return None;
        }
        if text.len() > max {
            self.too_many(item, text.len(), "bytes", max);
            return None;
        }
        Some(text)
    }

    pub(super) fn too_many(&mut self, item: &Item<'_>, found: usize, what: &str, max: usize) {
        let (found, max) = (found.to_string(), max.to_string());
        self.fault(Fault::new(Code::TooMany, self.place(item), &[item.label(), &found, what, &max]));
    }

    pub(super) fn boolean(&mut self, item: &Item<'_>) -> Option<bool> {
        if let Value::Bool(b) = item.node.value {
            return Some(b);
        }
        self.wrong_type(item, &format!("is neither true nor false, but {}", item.node.value.kind()));
        None
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&mut self, item: &Item<'_>, what: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(item)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let allowed: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let fault = Fault::new(Code::UnknownValue, self.place(item), &[what, text]);
            self.fault(fault.with_allowed(text, &allowed));
        }
        found
    }

    /// The items of a list of at most `max`; an empty one is a mistake only where `required`.
    pub(super) fn list<'n>(&mut self, item: &Item<'n>, max: usize) -> Vec<Item<'n>> {
        let Value::List(nodes) = &item.node.value else {
            self.wrong_type(item, &format!("is not a list, but {}", item.node.value.kind()));
            return Vec::new();
        };
        if nodes.len() > max {
            self.too_many(item, nodes.len(), "items", max);
        }
        nodes.iter().take(max).enumerate().map(|(i, node)| Item { node, path: format!("{}[{i}]", item.path) }).collect()
    }

    /// A list with at least one item.
    pub(super) fn filled_list<'n>(&mut self, item: &Item<'n>, max: usize) -> Vec<Item<'n>> {
        if matches!(&item.node.value, Value::List(nodes) if nodes.is_empty()) {
            self.wrong_type(item, "is an empty list");
        }
        self.list(item, max)
    }

    pub(super) fn patterns(&mut self, item: &Item<'_>, max: usize) -> Vec<Pattern> {
        self.placed_patterns(item, max).0
    }

    /// Patterns, and where each stands.
    pub(super) fn placed_patterns(&mut self, item: &Item<'_>, max: usize) -> (Vec<Pattern>, Vec<fault::Place>) {
        let items = self.filled_list(item, max);
        let read = |item| self.short_text(item, VIEW_TEXT_BYTES_MAX).map(|text| (Pattern::new(text), self.place(item)));
        items.iter().filter_map(read).unzip()
    }

    /// A whole number within `range`.
    pub(super) fn whole(&mut self, item: &Item<'_>, range: &RangeInclusive<i64>) -> Option<i64> {
        let Value::Number(text) = &item.node.value else {
            self.wrong_type(item, &format!("is not a whole number, but {}", item.node.value.kind()));
            return None;
        };
        let Ok(number) = text.parse::<i64>() else {
            self.wrong_type(item, &format!("is not a whole number: {text}"));
            return None;
        };
        if !range.contains(&number) {
            self.out_of_range(item, text, &format!("{}..{}", range.start(), range.end()));
            return None;
        }
        Some(number)
    }

    /// A finite decimal in quotes, of the form that a schema can hold, too: short, with an exponent of two digits.
    pub(super) fn decimal(item: &Item<'_>) -> Option<f64> {
        let Value::Text(text) = &item.node.value else { return None };
        let exponent = text.split_once(['e', 'E']).map_or("", |(_, digits)| digits.trim_start_matches(['+', '-']));
        let short = text.len() <= DECIMAL_BYTES_MAX && exponent.len() <= 2;
        text.parse().ok().filter(|number: &f64| short && number.is_finite())
    }

    /// A duration within `range`.
    pub(super) fn duration(&mut self, item: &Item<'_>, range: &RangeInclusive<Duration>) -> Option<Duration> {
        let duration = self.any_duration(item)?;
        if range.contains(&duration) {
            return Some(duration);
        }
        let range = format!("{}..{}", time::format_duration(*range.start()), time::format_duration(*range.end()));
        self.out_of_range(item, &time::format_duration(duration), &range);
        None
    }

    pub(super) fn any_duration(&mut self, item: &Item<'_>) -> Option<Duration> {
        let duration = match &item.node.value {
            Value::Text(text) => time::parse_duration(text),
            _ => None,
        };
        if duration.is_none() {
            self.wrong_type(item, "is not a duration such as 90s, 5m or 4h");
        }
        duration
    }

    pub(super) fn out_of_range(&mut self, item: &Item<'_>, found: &str, range: &str) {
        self.fault(Fault::new(Code::OutOfRange, self.place(item), &[item.label(), found, range]));
    }
}
