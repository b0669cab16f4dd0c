//! A rollout's trace as a real Jaeger has it: a tree of spans that can be read as a text, with nodes that fared alike told of once.
//! Knows what is in no order and never the same twice, such as times and ids; not what a rollout is.

use super::jaeger::tags;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

/// Attributes of events that are words of closed sets.
const CLOSED: [&str; 6] =
    ["mco.phase", "mco.degraded.class", "mco.event.reason", "mco.condition.type", "mco.condition.status", "mco.drain.tier"];

/// A span.
#[derive(Debug)]
pub(crate) struct Span {
    pub(crate) id: String,
    pub(crate) name: String,
    /// In microseconds.
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) tags: BTreeMap<String, String>,
    parent: Option<String>,
    /// Traces and spans it points to.
    pub(crate) links: Vec<(String, String)>,
    pub(crate) events: Vec<BTreeMap<String, String>>,
}

/// All spans of one trace.
#[derive(Debug)]
pub(crate) struct Trace {
    pub(crate) id: String,
    pub(crate) spans: Vec<Span>,
}

impl Span {
    fn read(span: &Value) -> Self {
        let empty = Vec::new();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let number = |value: &Value| value.as_u64().expect("a time");
        let references = span["references"].as_array().unwrap_or(&empty);
        let of = |kind: &str| references.iter().filter(|reference| reference["refType"] == kind).collect::<Vec<_>>();
        let parents = of("CHILD_OF");
        assert!(parents.len() <= 1, "{span}");
        let start = number(&span["startTime"]);
        Self {
            id: text(&span["spanID"]),
            name: text(&span["operationName"]),
            start,
            end: start + number(&span["duration"]),
            tags: tags(&span["tags"]),
            parent: parents.first().map(|parent| text(&parent["spanID"])),
            links: of("FOLLOWS_FROM").into_iter().map(|link| (text(&link["traceID"]), text(&link["spanID"]))).collect(),
            events: span["logs"].as_array().unwrap_or(&empty).iter().map(|log| tags(&log["fields"])).collect(),
        }
    }

    /// The value of an attribute; empty where it has none.
    pub(crate) fn tag(&self, key: &str) -> &str {
        self.tags.get(key).map_or("", String::as_str)
    }

    /// What stands of it on one line, but for the node it is of.
    fn line(&self) -> String {
        let mut line = self.name.clone();
        let values = ["mco.pool.name", "mco.rollout.cause", "mco.action", "mco.result"];
        let is_phase = self.name.starts_with("phase ");
        for key in values.into_iter().filter(|key| !(is_phase && *key == "mco.pool.name")) {
            line.extend(self.tags.get(key).map(|value| format!(" {value}")));
        }
        let marks = [
            ("mco.rollout.nodes", "nodes", ""),
            ("mco.rollout.nodes.failed", "failed", "0"),
            ("mco.degraded.class", "class", ""),
            ("mco.phase.attempt", "attempt", "1"),
            ("mco.error.count", "errors", "0"),
            ("mco.start.source", "start", "observed"),
            ("mco.end.source", "end", "observed"),
            ("otel.status_description", "error", ""),
        ];
        for (key, word, usual) in marks {
            line.extend(self.tags.get(key).filter(|value| *value != usual).map(|value| format!(" {word}={value}")));
        }
        let mut events: BTreeMap<String, usize> = BTreeMap::new();
        for fields in &self.events {
            let closed = CLOSED.iter().filter_map(|key| fields.get(*key));
            let words: Vec<_> = fields.get("event").into_iter().chain(closed).map(String::as_str).collect();
            *events.entry(words.join(" ")).or_default() += 1;
        }
        line.extend(events.into_iter().map(|(event, times)| match times {
            1 => format!(", {event}"),
            times => format!(", {event} x{times}"),
        }));
        line.extend(self.links.iter().map(|_| ", linked"));
        line
    }
}

impl Trace {
    /// Reads one.
    pub(crate) fn read(trace: &Value) -> Self {
        let spans: Vec<Span> = trace["spans"].as_array().expect("a trace has spans").iter().map(Span::read).collect();
        Self { id: trace["traceID"].as_str().expect("a trace has an id").to_owned(), spans }
    }

    /// The one span without a parent, if it is there.
    pub(crate) fn root(&self) -> Option<&Span> {
        self.spans.iter().find(|span| span.parent.is_none())
    }

    /// The spans below one, in the order of their ends: that is how phases follow each other, whatever their starts are known by.
    pub(crate) fn below(&self, id: &str) -> Vec<&Span> {
        let mut found: Vec<_> = self.spans.iter().filter(|span| span.parent.as_deref() == Some(id)).collect();
        found.sort_by_key(|span| (span.end, span.start));
        found
    }

    /// What must hold of every trace: no span twice, none without its parent, none beyond it, and one root. Nodes are still on
    /// their way to a target when another one ends its rollout.
    pub(crate) fn is_sound(&self) -> Result<(), String> {
        let by_id: BTreeMap<_, _> = self.spans.iter().map(|span| (&span.id, span)).collect();
        let roots = self.spans.iter().filter(|span| span.parent.is_none()).count();
        let mut wrong = Vec::new();
        if by_id.len() != self.spans.len() || roots != 1 {
            wrong.push(format!("{} spans, {} ids, {roots} roots", self.spans.len(), by_id.len()));
        }
        for span in &self.spans {
            let Some(parent) = &span.parent else { continue };
            match by_id.get(parent) {
                None => wrong.push(format!("{} has no parent", span.line())),
                Some(parent) => {
                    // Jaeger cuts times to microseconds.
                    let is_longer = span.end > parent.end + 1 && parent.tag("mco.result") != "superseded";
                    if span.start + 1 < parent.start || is_longer {
                        let (from, to) = (span.start.abs_diff(parent.start), span.end.abs_diff(parent.end));
                        let node = span.tag("k8s.node.name");
                        wrong.push(format!("{} of {node} is beyond {} by {from} or {to}", span.line(), parent.name));
                    }
                }
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
    }

    /// All of it, from its root.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        let Some(root) = self.root() else { return format!("no root among {} spans\n", self.spans.len()) };
        out.push_str(&(root.line() + "\n"));
        let mut alike: Vec<(String, BTreeSet<&str>)> = Vec::new();
        for update in self.below(&root.id) {
            let mut text = String::new();
            self.write(update, 1, &mut text);
            let node = update.tag("k8s.node.name");
            match alike.iter_mut().find(|(known, nodes)| *known == text && !nodes.contains(node)) {
                Some((_, nodes)) => drop(nodes.insert(node)),
                None => alike.push((text, BTreeSet::from([node]))),
            }
        }
        for (text, nodes) in alike {
            let nodes: Vec<_> = nodes.into_iter().collect();
            let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
            writeln!(out, "{first} ({})\n{}", nodes.join(" "), rest.trim_end_matches('\n')).expect("a text takes it");
        }
        out
    }

    fn write(&self, span: &Span, depth: usize, out: &mut String) {
        writeln!(out, "{:width$}{}", "", span.line(), width = 2 * depth).expect("a text takes it");
        self.below(&span.id).into_iter().for_each(|child| self.write(child, depth + 1, out));
    }
}
