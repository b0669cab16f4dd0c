//! What was read, as trees with places; and what is told of it.
//! Knows neither proxies nor Kubernetes.

use pointsman_core::{
    fault::{Fault, Place, Source, code::Code},
    view::yaml::{At, Key, Node, Value},
};
use std::sync::Arc;

/// A document and the text it stands in.
#[derive(Clone, Debug)]
pub(super) struct Doc {
    /// The text.
    pub(super) source: Arc<Source>,
    /// The tree.
    pub(super) node: Node,
}

/// What is wrong, and what was left out.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Nothing is printed when there is one.
    pub(super) mistakes: Vec<Fault>,
    /// A line each.
    pub(super) left_out: Vec<Fault>,
}

impl Told {
    /// Something is not translated.
    pub(super) fn left_out(&mut self, place: Place, what: &str, why: &str) {
        self.left_out.push(Fault::new(Code::LeftOut, place, &[what, why]));
    }

    /// Something cannot be translated, and a translation without it would be wrong.
    pub(super) fn wrong(&mut self, place: Place, what: &str, why: &str, hint: &str) {
        self.mistakes.push(Fault::new(Code::CannotConvert, place, &[what, why]).with_hint(hint));
    }
}

impl Doc {
    /// Where something of it stands.
    pub(super) fn place(&self, at: At) -> Place {
        let source = Arc::clone(&self.source);
        Place::Text { source, line: at.line.max(1), column: at.column.max(1), len: at.len.max(1), path: "".into() }
    }

    /// Where a value of it stands; else where it begins.
    pub(super) fn place_of(&self, path: &[&str]) -> Place {
        self.place(get(&self.node, path).map_or(self.node.at, |node| node.at))
    }
}

/// The value at a path of keys.
pub(super) fn get<'a>(node: &'a Node, path: &[&str]) -> Option<&'a Node> {
    let mut at = node;
    for key in path {
        at = entries(at).iter().find(|(known, _)| &*known.text == *key).map(|(_, value)| value)?;
    }
    Some(at)
}

/// The text, number or switch at a path, as it is spelt; empty where there is none.
pub(super) fn text(node: &Node, path: &[&str]) -> String {
    get(node, path).map(spelt).unwrap_or_default()
}

/// A scalar as it is spelt; empty where it is none.
pub(super) fn spelt(node: &Node) -> String {
    match &node.value {
        Value::Text(text) | Value::Number(text) => text.to_string(),
        Value::Bool(on) => on.to_string(),
        Value::Null | Value::List(_) | Value::Map(_) => String::new(),
    }
}

/// The entries of a map; none where it is something else.
pub(super) fn entries(node: &Node) -> &[(Key, Node)] {
    match &node.value {
        Value::Map(entries) => entries,
        _ => &[],
    }
}

/// The items of the list at a path; none where it is something else.
pub(super) fn items<'a>(node: &'a Node, path: &[&str]) -> &'a [Node] {
    match get(node, path).map(|node| &node.value) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

/// The texts of the list at a path.
pub(super) fn words(node: &Node, path: &[&str]) -> Vec<String> {
    items(node, path).iter().map(spelt).collect()
}
