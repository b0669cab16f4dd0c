//! A view back into the object it was read from, defaults left out: what the JSON API shows, and what `diff` reads again.
//! The counterpart of `read`: what is written here reads as an equal view. Knows no file and no server.

use super::{
    plan::{Buckets, Collapse},
    read::API_VERSION,
    spec::{Baseline, MetricRule, Mode, Reach, Sampling, State, Target, Term, TraceRule, View},
    time::{format_duration, format_time},
};
use crate::{
    model::instrument::{Kind, Level},
    view::pattern::Pattern,
};
use serde_json::{Map, Value, json};

#[cfg(test)]
mod tests;

/// The whole object: kind, metadata, spec.
#[must_use]
pub fn object(view: &View) -> Value {
    let mut metadata = Map::new();
    metadata.insert("name".into(), json!(view.id.name));
    put(&mut metadata, "namespace", (!view.id.namespace.is_empty()).then(|| json!(view.id.namespace)));
    put(&mut metadata, "creationTimestamp", view.created.map(|created| json!(format_time(created))));
    let annotation = |reason| json!({"pointsman.dev/override-protected": reason});
    put(&mut metadata, "annotations", view.override_protected.as_ref().map(annotation));
    json!({"apiVersion": API_VERSION, "kind": view.id.kind, "metadata": metadata, "spec": spec(view)})
}

/// `spec` alone.
#[must_use]
pub fn spec(view: &View) -> Value {
    let mut spec = Map::new();
    put(&mut spec, "mode", (view.mode == Mode::DryRun).then(|| json!("DryRun")));
    put(&mut spec, "reason", (!view.reason.is_empty()).then(|| json!(view.reason)));
    put(&mut spec, "expiry", view.expiry.as_ref().map(|expiry| term(&expiry.term)));
    let body = body(view);
    match &view.reach {
        Reach::Namespace => spec.extend(body),
        Reach::Cluster { selector, overrides } => {
            let mut by = Map::new();
            put(&mut by, "matchNames", texts(&selector.names));
            put(&mut by, "matchLabels", (!selector.labels.is_empty()).then(|| json!(selector.labels)));
            put(&mut spec, "namespaceSelector", (!by.is_empty()).then_some(Value::Object(by)));
            spec.insert(if *overrides { "overrides" } else { "defaults" }.into(), Value::Object(body));
        }
    }
    Value::Object(spec)
}

fn put(map: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        map.insert(key.to_owned(), value);
    }
}

fn term(term: &Term) -> Value {
    match term {
        Term::After(after) => json!({"after": format_duration(*after)}),
        Term::At(at) => json!({"at": format_time(*at)}),
    }
}

fn texts(patterns: &[Pattern]) -> Option<Value> {
    (!patterns.is_empty()).then(|| patterns.iter().map(Pattern::as_str).collect())
}

fn body(view: &View) -> Map<String, Value> {
    let mut body = Map::new();
    let list = |items: Vec<Value>| (!items.is_empty()).then_some(Value::Array(items));
    put(&mut body, "targets", list(view.targets.iter().map(target).collect()));
    let baseline = (view.baseline != Baseline::Inherit).then(|| json!(Baseline::as_str(view.baseline)));
    put(&mut body, "baseline", baseline);
    put(&mut body, "metrics", list(view.metrics.iter().map(metric).collect()));
    put(&mut body, "traces", list(view.traces.iter().map(trace).collect()));
    body
}

fn target(target: &Target) -> Value {
    match target {
        Target::Workload { kind, name } => json!({"workloadRef": {"kind": kind, "name": name}}),
        Target::Service(pattern) => json!({"serviceName": pattern.as_str()}),
    }
}

fn state(state: State) -> Option<Value> {
    match state {
        State::Inherit => None,
        State::Enabled => Some(json!("Enabled")),
        State::Disabled => Some(json!("Disabled")),
    }
}

fn metric(rule: &MetricRule) -> Value {
    let mut matches = Map::new();
    put(&mut matches, "instruments", texts(&rule.matches.instruments));
    put(&mut matches, "scopes", texts(&rule.matches.scopes));
    let kinds: Vec<&str> = rule.matches.kinds.iter().map(|kind| Kind::as_str(*kind)).collect();
    put(&mut matches, "kinds", (!kinds.is_empty()).then(|| json!(kinds)));
    let levels: Vec<&str> = rule.matches.levels.iter().map(|level| Level::as_str(*level)).collect();
    put(&mut matches, "levels", (!levels.is_empty()).then(|| json!(levels)));
    let mut out = Map::new();
    out.insert("name".into(), json!(rule.name));
    out.insert("match".into(), Value::Object(matches));
    put(&mut out, "state", state(rule.state));
    if let Some(attributes) = &rule.attributes {
        let mut keys = Map::new();
        put(&mut keys, "keep", attributes.keys.keep.as_ref().map(|keep| json!(keep)));
        put(&mut keys, "drop", (!attributes.keys.drop.is_empty()).then(|| json!(attributes.keys.drop)));
        put(&mut keys, "collapse", attributes.collapse.map(|collapse| json!(Collapse::as_str(collapse))));
        out.insert("attributes".into(), Value::Object(keys));
    }
    put(&mut out, "buckets", rule.buckets.as_ref().map(buckets));
    put(&mut out, "cardinality", rule.limit.map(|limit| json!({"limit": limit})));
    put(&mut out, "interval", rule.interval.map(|interval| json!(format_duration(interval))));
    put(&mut out, "rename", rule.rename.as_ref().map(|to| json!({"to": to})));
    Value::Object(out)
}

fn buckets(buckets: &Buckets) -> Value {
    match buckets {
        Buckets::Explicit(bounds) => json!({"explicit": bounds.iter().map(ToString::to_string).collect::<Vec<_>>()}),
        Buckets::Exponential { max_size, max_scale } => json!({"exponential": {"maxSize": max_size, "maxScale": max_scale}}),
    }
}

fn trace(rule: &TraceRule) -> Value {
    let mut matches = Map::new();
    put(&mut matches, "scopes", texts(&rule.scopes));
    put(&mut matches, "spans", texts(&rule.spans));
    let mut out = Map::new();
    out.insert("name".into(), json!(rule.name));
    out.insert("match".into(), Value::Object(matches));
    put(&mut out, "state", state(rule.state));
    if let Some(Sampling { sample, keep_errors, keep_slower }) = &rule.sampling {
        put(&mut out, "sample", (*sample < 1.0).then(|| json!(sample.to_string())));
        let mut keep = Map::new();
        put(&mut keep, "errors", keep_errors.then_some(Value::Bool(true)));
        put(&mut keep, "slowerThan", keep_slower.map(|slower| json!(format_duration(slower))));
        put(&mut out, "keep", (!keep.is_empty() || *sample >= 1.0).then_some(Value::Object(keep)));
    }
    Value::Object(out)
}
