//! YAML text, or the JSON of an API object, as one tree of nodes that know where they stand.
//! Bounded in depth and size; anchors, aliases and tags are refused. Knows nothing of what the tree means.

use crate::limits::{VIEW_DEPTH_MAX, VIEW_NODES_MAX};
use granit_parser::{Event, Parser, ScalarStyle, Span};
use std::iter;

/// Where a node stands in its text. Line 0: it came without text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct At {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Characters on that line.
    pub len: u32,
}

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it begins.
    pub at: At,
    /// What it is.
    pub value: Value,
}

/// A key of a map and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Where it stands.
    pub at: At,
    /// Its text.
    pub text: Box<str>,
}

/// What YAML can say. Numbers keep their spelling.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number without quotes, as it was written.
    Number(Box<str>),
    /// Text.
    Text(Box<str>),
    /// A list.
    List(Vec<Node>),
    /// A map in the order it was written.
    Map(Vec<(Key, Node)>),
}

impl Value {
    /// What it is, in a user's words.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

/// Why a text is no tree, and where it went wrong.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct YamlError {
    /// The place.
    pub at: At,
    /// The cause.
    pub why: Box<str>,
}

/// Every document of a text, each read on its own: a broken one hides no mistake of the others. Empty ones are left out.
#[must_use]
pub fn documents(text: &str) -> Vec<Result<Node, YamlError>> {
    let mut chunks: Vec<(u32, usize, usize)> = Vec::new(); // line offset, start, end
    let (mut start, mut start_line, mut position) = (0, 0, 0);
    for (number, line) in (0u32..).zip(text.split_inclusive('\n')) {
        let marker = line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace));
        if marker && position > start {
            chunks.push((start_line, start, position));
            (start, start_line) = (position, number);
        }
        position = position.saturating_add(line.len());
    }
    chunks.push((start_line, start, text.len()));
    chunks
        .into_iter()
        .filter_map(|(line, from, to)| text.get(from..to).and_then(|chunk| document(chunk, line).transpose()))
        .collect()
}

fn document(text: &str, line_offset: u32) -> Result<Option<Node>, YamlError> {
    let options = granit_parser::options! {
        emit_comments: false, disallow_directives: true,
        flow_nesting_limit: VIEW_DEPTH_MAX + 1, block_nesting_limit: VIEW_DEPTH_MAX + 1,
    };
    let mut tree = Tree { line_offset, nodes: 0, open: Vec::new(), root: None };
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|e| {
            let at = At {
                line: place(e.marker().line()).saturating_add(line_offset),
                column: place(e.marker().col().saturating_add(1)),
                len: 1,
            };
            YamlError { at, why: e.info().into() }
        })?;
        tree.take(event, &span)?;
    }
    Ok(tree.root.filter(|node| node.value != Value::Null))
}

fn place(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// A collection that is not closed yet.
enum Open {
    List(At, Vec<Node>),
    Map(At, Vec<(Key, Node)>, Option<Key>),
}

struct Tree {
    line_offset: u32,
    nodes: usize,
    open: Vec<Open>,
    root: Option<Node>,
}

impl Tree {
    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), YamlError> {
        let at = self.at(span);
        let refuse = |why: &str| Err(YamlError { at, why: why.into() });
        self.nodes = self.nodes.saturating_add(1);
        if self.nodes > VIEW_NODES_MAX {
            return refuse(&format!("more than {VIEW_NODES_MAX} values"));
        }
        if self.open.len() > VIEW_DEPTH_MAX {
            return refuse(&format!("nested deeper than {VIEW_DEPTH_MAX}"));
        }
        match event {
            Event::Alias(_) | Event::UnresolvedAlias(_) | Event::Anchor(..) => {
                refuse("aliases are not read: write the value out")
            }
            _ if event.anchor_id().is_some_and(|id| id != 0) => refuse("anchors are not read: write the value out"),
            _ if event.tag().is_some() => refuse("tags are not read: quote the value instead"),
            Event::Scalar(text, style, ..) => self.put(at, scalar(&text, style)),
            Event::SequenceStart(..) => {
                self.open.push(Open::List(at, Vec::new()));
                Ok(())
            }
            Event::MappingStart(..) => {
                self.open.push(Open::Map(at, Vec::new(), None));
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List(at, items)) => self.put(at, Value::List(items)),
                Some(Open::Map(at, entries, _)) => self.put(at, Value::Map(entries)),
                None => Ok(()),
            },
            Event::DocumentStart(..) if self.root.is_some() => refuse("a second document begins without `---`"),
            _ => Ok(()),
        }
    }

    fn put(&mut self, at: At, value: Value) -> Result<(), YamlError> {
        match self.open.last_mut() {
            None => self.root = Some(Node { at, value }),
            Some(Open::List(_, items)) => items.push(Node { at, value }),
            Some(Open::Map(_, entries, key @ Some(_))) => entries.extend(key.take().map(|key| (key, Node { at, value }))),
            Some(Open::Map(_, entries, key)) => {
                let text = match value {
                    Value::Text(text) | Value::Number(text) => text,
                    Value::Bool(b) => b.to_string().into(),
                    Value::Null => "null".into(),
                    Value::List(_) | Value::Map(_) => return Err(YamlError { at, why: "a key must be text".into() }),
                };
                if let Some((first, _)) = entries.iter().find(|(known, _)| known.text == text) {
                    let why = format!("key `{text}` stands here again, first in line {}", first.at.line);
                    return Err(YamlError { at, why: why.into() });
                }
                *key = Some(Key { at, text });
            }
        }
        Ok(())
    }

    fn at(&self, span: &Span) -> At {
        let (start, end) = (span.start, span.end);
        let len = if start.line() == end.line() { end.col().saturating_sub(start.col()) } else { 1 };
        At {
            line: place(start.line()).saturating_add(self.line_offset),
            column: place(start.col().saturating_add(1)),
            len: place(len.max(1)),
        }
    }
}

/// YAML 1.2's core schema for what is not quoted.
fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::Text(text.into());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if is_number(text) => Value::Number(text.into()),
        _ => Value::Text(text.into()),
    }
}

fn is_number(text: &str) -> bool {
    let body = text.strip_prefix(['-', '+']).unwrap_or(text);
    let radix = |prefix: &str, digit: fn(&char) -> bool| {
        body.strip_prefix(prefix).is_some_and(|digits| !digits.is_empty() && digits.chars().all(|c| digit(&c)))
    };
    matches!(body, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN")
        || radix("0x", char::is_ascii_hexdigit)
        || radix("0o", |c| ('0'..='7').contains(c))
        || (body.starts_with(|c: char| c.is_ascii_digit() || c == '.')
            && body.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '-' | '+'))
            && body.parse::<f64>().is_ok())
}

/// The tree of an API object; its nodes have no place but their path.
///
/// # Errors
/// When it is nested too deeply.
pub fn from_json(json: &serde_json::Value) -> Result<Node, YamlError> {
    json_node(json, 0)
}

fn json_node(json: &serde_json::Value, depth: usize) -> Result<Node, YamlError> {
    if depth > VIEW_DEPTH_MAX {
        return Err(YamlError { at: At::default(), why: format!("nested deeper than {VIEW_DEPTH_MAX}").into() });
    }
    let below = |value| json_node(value, depth.saturating_add(1));
    let value = match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(b) => Value::Bool(*b),
        serde_json::Value::Number(n) => Value::Number(n.to_string().into()),
        serde_json::Value::String(s) => Value::Text(s.as_str().into()),
        serde_json::Value::Array(items) => Value::List(items.iter().map(below).collect::<Result<_, _>>()?),
        serde_json::Value::Object(fields) => {
            let keys = fields.keys().map(|key| Key { at: At::default(), text: key.as_str().into() });
            Value::Map(iter::zip(keys, fields.values()).map(|(key, value)| Ok((key, below(value)?))).collect::<Result<_, _>>()?)
        }
    };
    Ok(Node { at: At::default(), value })
}

/// A node as JSON, places forgotten. Numbers too large for JSON become text.
#[must_use]
pub fn to_json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(text) => serde_json::from_str(text).unwrap_or_else(|_| serde_json::Value::String(text.to_string())),
        Value::Text(text) => text.to_string().into(),
        Value::List(items) => items.iter().map(to_json).collect(),
        Value::Map(entries) => entries.iter().map(|(key, node)| (key.text.to_string(), to_json(node))).collect(),
    }
}

#[cfg(test)]
mod tests;
