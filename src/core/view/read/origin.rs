//! Who last changed the spec of an object, and when, as its API server remembers.
//! Nothing here is an author's doing: what is not of the form that Kubernetes gives it is left out, and never a fault.

use crate::{
    model::clock::Wall,
    view::{spec::Origin, time},
};
use serde_json::Value;

/// What an API object says of itself beside its text.
pub(super) fn read(object: &Value) -> Origin {
    let metadata = |field: &str| object.get("metadata").and_then(|metadata| metadata.get(field));
    let entries = metadata("managedFields").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    // Of two that are equally new the later one: the server writes them in the order of their times.
    let newest = entries.iter().filter(|entry| owns_spec(entry)).max_by_key(|entry| changed(entry));
    Origin {
        uid: metadata("uid").and_then(Value::as_str).unwrap_or_default().into(),
        generation: metadata("generation").and_then(Value::as_i64),
        manager: newest.and_then(|entry| entry.get("manager")).and_then(Value::as_str).map(Into::into),
        changed: newest.and_then(changed),
    }
}

/// Whether an entry of `managedFields` speaks of the spec, and not of `status` or `scale`.
fn owns_spec(entry: &Value) -> bool {
    let subresource = entry.get("subresource").and_then(Value::as_str).unwrap_or_default();
    subresource.is_empty() && entry.pointer("/fieldsV1/f:spec").is_some()
}

fn changed(entry: &Value) -> Option<Wall> {
    entry.get("time").and_then(Value::as_str).and_then(time::parse_time)
}
