//! Spans as lines: each trace a tree, with what matters of a span on its line and its events below.
//! Knows what spans look like on the wire, and nothing of what they are made from.

use jiff::Timestamp;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value},
    trace::v1::Span,
};
use prost::Message;
use std::fmt::Write;

/// Attributes that every span has from its place, or that stand on the line in words of their own.
const SKIPPED: [&str; 4] = ["mco.phase", "mco.phase.kind", "mco.start.source", "mco.end.source"];

/// The scope of rollouts; a watcher traces its own turns too, in another.
const SCOPE: &str = "mco.rollout";

/// The spans of rollouts in one export.
pub(crate) fn read(body: &[u8]) -> Vec<Span> {
    let request = ExportTraceServiceRequest::decode(body).expect("our own export is whole");
    let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
    scopes.filter(|of| of.scope.as_ref().is_some_and(|scope| scope.name == SCOPE)).flat_map(|of| of.spans).collect()
}

/// Every trace, in the order of their starts.
pub(crate) fn tree(spans: &[Span], start: Timestamp) -> String {
    let mut spans = spans.to_vec();
    spans.sort_by_key(|span| (span.start_time_unix_nano, span.end_time_unix_nano, span.name.clone(), span.span_id.clone()));
    let tree = Tree { spans: &spans, start };
    let known = |id: &[u8]| spans.iter().any(|span| span.span_id == id);
    let mut out = String::new();
    for root in spans.iter().filter(|span| !known(&span.parent_span_id)) {
        tree.write(&mut out, root, if root.parent_span_id.is_empty() { 0 } else { 1 });
    }
    out
}

struct Tree<'s> {
    spans: &'s [Span],
    start: Timestamp,
}

impl Tree<'_> {
    fn write(&self, out: &mut String, span: &Span, depth: usize) {
        let indent = "  ".repeat(depth);
        let orphan = if depth > 0 && !self.spans.iter().any(|other| other.span_id == span.parent_span_id) { "… " } else { "" };
        let line = self.line(span);
        writeln!(out, "# {indent}{orphan}{line}").expect("a string takes everything");
        let mut say = |line: String| writeln!(out, "# {indent}  * {line}").expect("a string takes everything");
        for link in &span.links {
            let to = self.spans.iter().find(|other| other.span_id == link.span_id && other.trace_id == link.trace_id);
            say(format!("link to {}", to.map_or_else(|| "a span not sent".to_owned(), |to| self.line(to))));
        }
        for event in &span.events {
            let attributes: Vec<String> = event.attributes.iter().map(value).collect();
            say([vec![self.at(event.time_unix_nano), event.name.clone()], attributes].concat().join(" "));
        }
        if span.dropped_events_count > 0 {
            say(format!("and {} more", span.dropped_events_count));
        }
        for child in self.spans.iter().filter(|child| child.parent_span_id == span.span_id && child.trace_id == span.trace_id) {
            self.write(out, child, depth + 1);
        }
    }

    fn line(&self, span: &Span) -> String {
        let get = |key: &str| span.attributes.iter().find(|pair| pair.key == key).map(value).unwrap_or_default();
        let is_of_phase = !get("mco.phase").is_empty();
        let is_shown = |pair: &&KeyValue| {
            let is_known = is_of_phase && matches!(pair.key.as_str(), "k8s.node.name" | "mco.pool.name");
            let is_usual =
                matches!((pair.key.as_str(), value(pair).as_str()), ("mco.phase.attempt", "1") | ("mco.error.count", "0"));
            !is_known && !is_usual && !SKIPPED.contains(&pair.key.as_str())
        };
        let words =
            span.attributes.iter().filter(is_shown).map(|pair| match pair.value.as_ref().and_then(|v| v.value.as_ref()) {
                Some(any_value::Value::IntValue(number)) => format!("{}={number}", pair.key.trim_start_matches("mco.")),
                _ => value(pair),
            });
        let words: Vec<String> = words.collect();
        let mut line = format!(
            "{} {} {}..{}",
            span.name,
            words.join(" "),
            self.at(span.start_time_unix_nano),
            self.at(span.end_time_unix_nano)
        );
        let (from, to) = (get("mco.start.source"), get("mco.end.source"));
        if (from.as_str(), to.as_str()) != ("observed", "observed") {
            write!(line, " by {from}..{to}").expect("a string takes everything");
        }
        if let Some(status) = &span.status {
            write!(line, " ERROR {}", status.message).expect("a string takes everything");
        }
        line
    }

    fn at(&self, nanos: u64) -> String {
        let at = Timestamp::from_nanosecond(i128::from(nanos)).expect("it is a time");
        let since = at.duration_since(self.start);
        if since.is_zero() { "0s".to_owned() } else { format!("{since:#}").replace(' ', "") }
    }
}

fn value(pair: &KeyValue) -> String {
    match pair.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) if text.len() > 80 => format!("({} characters)", text.chars().count()),
        Some(any_value::Value::StringValue(text)) => text.clone(),
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        other => panic!("{}: {other:?}", pair.key),
    }
}
