//! Values nested as deep as anyone likes, at every place of a request where a value may stand. Written by hand from the
//! inside out: an encoder that recurses would not survive them. Knows which fields lead there, and no limit.

use super::{
    body::Message,
    text::{self, TIME, expand, is_map},
};
use pointsman_core::wire::write;

/// A request with a value of `n` levels as an attribute of `place`: `point`, `metadata`, `exemplar`, `scope`, `resource`;
/// of a trace `span`, `event`, `link`, `span-scope`, `span-resource`. `group` is a point with `n` unknown groups.
pub(super) fn message(place: &str, kind: &str, n: usize, id: &str) -> Message {
    let is_trace = place.starts_with("span") || matches!(place, "event" | "link");
    let protobuf = if is_trace { trace(place, &attribute(kind, n)) } else { metrics(place, &inner(place, kind, n), id) };
    let attribute = format!(r#"{{"key":"deep","value":{}}}"#, text::deep(kind, if place == "group" { 1 } else { n }));
    let json = if is_trace { trace_json(place, &attribute) } else { metrics_json(place, &attribute, id) };
    Message { json: json.into_bytes(), protobuf: Some(protobuf), is_trace, ..Message::default() }
}

fn inner(place: &str, kind: &str, n: usize) -> Vec<u8> {
    if place == "group" {
        // Field 1000 as a group: its start, `n` times, then its ends.
        return [[0xc3, 0x3e].repeat(n), [0xc4, 0x3e].repeat(n)].concat();
    }
    attribute(kind, n)
}

/// A `KeyValue`: levels are put around the value by their heads, innermost first.
fn attribute(kind: &str, n: usize) -> Vec<u8> {
    let (mut heads, mut len) = (Vec::new(), 2); // an int
    let mut head = |tag: u8, len: &mut usize| {
        let mut bytes = vec![tag];
        write::varint(&mut bytes, *len as u64);
        *len += bytes.len();
        heads.push(bytes);
    };
    for level in (0..n).rev() {
        if is_map(kind, level) {
            head(0x12, &mut len); // KeyValue.value, without a key
        }
        head(0x0a, &mut len); // values
        head(if is_map(kind, level) { 0x32 } else { 0x2a }, &mut len); // kvlist_value, array_value
    }
    let value = heads.into_iter().rev().flatten().chain([0x18, 1]).collect::<Vec<u8>>();
    let mut out = Vec::new();
    write::bytes(&mut out, 1, b"deep");
    write::bytes(&mut out, 2, &value);
    out
}

fn name_of(id: &str) -> String {
    expand("@n", id)
}

fn service(out: &mut Vec<u8>, more: Option<&[u8]>) {
    write::nested(out, 1, |resource| {
        write::nested(resource, 1, |attribute| {
            write::bytes(attribute, 1, b"service.name");
            write::nested(attribute, 2, |value| write::bytes(value, 1, b"hostile"));
        });
        more.into_iter().for_each(|more| write::bytes(resource, 1, more));
    });
}

fn scope(out: &mut Vec<u8>, more: Option<&[u8]>) {
    write::nested(out, 1, |scope| {
        write::bytes(scope, 1, b"hostile");
        more.into_iter().for_each(|more| write::bytes(scope, 3, more));
    });
}

fn metrics(place: &str, attribute: &[u8], id: &str) -> Vec<u8> {
    let at = |wanted: &str| (place == wanted).then_some(attribute);
    let mut point = Vec::new();
    write::fixed64(&mut point, 3, TIME);
    write::double(&mut point, 4, 1.0);
    at("point").into_iter().for_each(|attribute| write::bytes(&mut point, 7, attribute));
    at("group").into_iter().for_each(|groups| point.extend_from_slice(groups));
    at("exemplar").into_iter().for_each(|attribute| {
        write::nested(&mut point, 5, |exemplar| {
            write::double(exemplar, 3, 1.0);
            write::bytes(exemplar, 7, attribute);
        });
    });
    let mut out = Vec::new();
    write::nested(&mut out, 1, |resource_metrics| {
        service(resource_metrics, at("resource"));
        write::nested(resource_metrics, 2, |scope_metrics| {
            scope(scope_metrics, at("scope"));
            write::nested(scope_metrics, 2, |metric| {
                write::bytes(metric, 1, name_of(id).as_bytes());
                write::nested(metric, 5, |gauge| write::bytes(gauge, 1, &point));
                at("metadata").into_iter().for_each(|attribute| write::bytes(metric, 12, attribute));
            });
        });
    });
    out
}

fn trace(place: &str, attribute: &[u8]) -> Vec<u8> {
    let at = |wanted: &str| (place == wanted).then_some(attribute);
    let mut span = Vec::new();
    write::bytes(&mut span, 1, &[1; 16]);
    write::bytes(&mut span, 2, &[2; 8]);
    write::bytes(&mut span, 5, b"deep");
    at("span").into_iter().for_each(|attribute| write::bytes(&mut span, 9, attribute));
    at("event").into_iter().for_each(|attribute| write::nested(&mut span, 11, |event| write::bytes(event, 3, attribute)));
    at("link").into_iter().for_each(|attribute| write::nested(&mut span, 13, |link| write::bytes(link, 4, attribute)));
    let mut out = Vec::new();
    write::nested(&mut out, 1, |resource_spans| {
        service(resource_spans, at("span-resource"));
        write::nested(resource_spans, 2, |scope_spans| {
            scope(scope_spans, at("span-scope"));
            write::bytes(scope_spans, 2, &span);
        });
    });
    out
}

/// `attribute` where it is wanted, as a member of its object.
fn member(wanted: &str, place: &str, name: &str, attribute: &str) -> String {
    if wanted == place { format!(r#","{name}":[{attribute}]"#) } else { String::new() }
}

fn around(parts: [&str; 2], resource: &str, scope: &str, item: &str) -> String {
    let [envelopes, items] = parts;
    format!(
        r#"{{"resource{envelopes}":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"hostile"}}}}{resource}]}},"scope{envelopes}":[{{"scope":{{"name":"hostile"{scope}}},"{items}":[{item}]}}]}}]}}"#
    )
}

fn metrics_json(place: &str, attribute: &str, id: &str) -> String {
    let at = |wanted: &str, name: &str| member(wanted, place, name, attribute);
    let exemplar = format!(r#","exemplars":[{{"asDouble":1{}}}]"#, at("exemplar", "filteredAttributes"));
    let point = format!(
        r#"{{"timeUnixNano":"{TIME}","asDouble":1{}{}}}"#,
        at("point", "attributes"),
        if place == "exemplar" { exemplar } else { String::new() }
    );
    let metric = format!(r#"{{"name":"{}","gauge":{{"dataPoints":[{point}]}}{}}}"#, name_of(id), at("metadata", "metadata"));
    let resource = if place == "resource" { format!(",{attribute}") } else { String::new() };
    around(["Metrics", "metrics"], &resource, &at("scope", "attributes"), &metric)
}

fn trace_json(place: &str, attribute: &str) -> String {
    let at = |wanted: &str, name: &str| member(wanted, place, name, attribute);
    let span = format!(
        r#"{{"traceId":"{}","spanId":"{}","name":"deep"{},"events":[{{"name":"e"{}}}],"links":[{{"traceId":"{}"{}}}]}}"#,
        "01".repeat(16),
        "02".repeat(8),
        at("span", "attributes"),
        at("event", "attributes"),
        "01".repeat(16),
        at("link", "attributes")
    );
    let resource = if place == "span-resource" { format!(",{attribute}") } else { String::new() };
    around(["Spans", "spans"], &resource, &at("span-scope", "attributes"), &span)
}
