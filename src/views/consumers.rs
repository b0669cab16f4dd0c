//! Who reads which metric: alerts and recording rules of the Prometheus operator, and horizontal autoscalers, as plain
//! consumers. Reads one object at a time; chains through recording rules are drawn over all of them. Decides nothing.

mod promql;

#[cfg(test)]
mod tests;

use pointsman_core::{
    limits::{CONSUMER_CHAIN_MAX, CONSUMER_READS_MAX},
    model::clock::Wall,
    view::{
        facts::{Consumer, Read},
        pattern::Pattern,
        time,
    },
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// How the entry of a recording rule begins.
const RECORD: &str = "record ";
/// The pattern of every metric.
const ANYTHING: &str = "*";

/// What an object reads, by its kind; nothing for kinds that read nothing. Each read counts since the spec
/// last changed: [`keep_since`] knows better where an older version of the object is known.
#[must_use]
pub fn read(object: &Value) -> Vec<Consumer> {
    match text(object, "/kind") {
        "PrometheusRule" => rules(object),
        "HorizontalPodAutoscaler" => autoscaler(object),
        _ => Vec::new(),
    }
}

/// What was read before goes on counting since then; what is new in an object that was known counts since now.
pub fn keep_since(before: &[Consumer], after: &mut [Consumer], now: Wall) {
    let known: BTreeMap<(&str, &Pattern), Option<Wall>> =
        before.iter().flat_map(|c| c.reads.iter().map(|read| ((&*c.entry, &read.metric), read.since))).collect();
    for consumer in after {
        for read in &mut consumer.reads {
            read.since = known.get(&(&*consumer.entry, &read.metric)).copied().unwrap_or(Some(now));
        }
    }
}

/// Adds to each consumer what the recording rules that it reads read themselves, over any number of steps.
#[must_use]
pub fn chain(consumers: Vec<Consumer>) -> Vec<Arc<Consumer>> {
    let mut recorded: BTreeMap<&str, Vec<&[Read]>> = BTreeMap::new();
    for consumer in &consumers {
        if let Some(name) = consumer.entry.strip_prefix(RECORD) {
            recorded.entry(name).or_default().push(&consumer.reads);
        }
    }
    let chained: Vec<Vec<Read>> = consumers.iter().map(|consumer| through(&consumer.reads, &recorded)).collect();
    consumers.into_iter().zip(chained).map(|(consumer, reads)| Arc::new(Consumer { reads, ..consumer })).collect()
}

fn through(reads: &[Read], recorded: &BTreeMap<&str, Vec<&[Read]>>) -> Vec<Read> {
    let mut all: Vec<Read> = Vec::new();
    let mut open: Vec<Read> = reads.to_vec();
    let mut steps = 0usize;
    while let Some(read) = open.pop() {
        steps = steps.saturating_add(1);
        if steps > CONSUMER_CHAIN_MAX || all.len() >= CONSUMER_READS_MAX {
            // What was not followed may be any record.
            let not_followed = recorded.values().flatten().flat_map(|reads| reads.iter());
            let labels = labels(not_followed.chain(&open).chain(&all));
            let since = all.iter().chain(&open).map(|read| read.since).min().flatten().min(read.since);
            return vec![Read { metric: Pattern::new(ANYTHING), labels: labels.union(&read.labels).cloned().collect(), since }];
        }
        if let Some(known) = all.iter_mut().find(|known| known.metric == read.metric) {
            if read.labels.is_subset(&known.labels) {
                continue;
            }
            known.labels.extend(read.labels.iter().cloned());
        } else {
            all.push(read.clone());
        }
        for inner in recorded.get(read.metric.as_str()).into_iter().flatten().flat_map(|reads| reads.iter()) {
            // The label is used on what was recorded, so it has to come from what the record is made of.
            let labels = inner.labels.union(&read.labels).cloned().collect();
            open.push(Read { metric: inner.metric.clone(), labels, since: inner.since.max(read.since) });
        }
    }
    all.sort();
    all
}

/// The reads as they are; beyond the cap one of everything takes their place: rather too much is protected than too little.
fn within_cap(reads: Vec<Read>) -> Vec<Read> {
    if reads.len() <= CONSUMER_READS_MAX {
        return reads;
    }
    let since = reads.iter().map(|read| read.since).min().flatten();
    vec![Read { metric: Pattern::new(ANYTHING), labels: labels(reads.iter()), since }]
}

fn labels<'r>(reads: impl Iterator<Item = &'r Read>) -> BTreeSet<Box<str>> {
    reads.flat_map(|read| read.labels.iter().cloned()).collect()
}

fn rules(object: &Value) -> Vec<Consumer> {
    let list = |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let groups = object.get("spec").map(|spec| list(spec, "groups")).unwrap_or_default();
    groups.iter().flat_map(|group| list(group, "rules")).filter_map(|rule| self::rule(object, &rule)).collect()
}

fn rule(object: &Value, rule: &Value) -> Option<Consumer> {
    let name = |key: &str| rule.get(key).and_then(Value::as_str).filter(|name| !name.is_empty());
    let entry = match (name("alert"), name("record")) {
        (Some(alert), _) => format!("alert {alert}"),
        (None, Some(record)) => format!("{RECORD}{record}"),
        (None, None) => return None,
    };
    // A number is an expression too.
    let expr = rule.get("expr").map(|expr| expr.as_str().map_or_else(|| expr.to_string(), str::to_owned))?;
    let texts = ["annotations", "labels"].into_iter().filter_map(|key| rule.get(key)?.as_object());
    let texts: Vec<&str> = texts.flat_map(|map| map.values()).filter_map(Value::as_str).collect();
    let shown: BTreeSet<Box<str>> = texts.iter().flat_map(|text| promql::shown(text)).map(Into::into).collect();
    let since = changed(object);
    let reads = promql::names(&expr).into_iter().map(|(metric, labels)| {
        let labels = labels.union(&shown).cloned().collect();
        Read { metric: Pattern::new(&metric), labels, since }
    });
    Some(consumer(object, &entry, within_cap(reads.collect())))
}

fn autoscaler(object: &Value) -> Vec<Consumer> {
    let metrics = object.pointer("/spec/metrics").and_then(Value::as_array);
    let since = changed(object);
    let read = |metric: &Value| {
        let of = ["pods", "object", "external"].into_iter().find_map(|key| metric.get(key)?.get("metric"))?;
        let name = of.get("name")?.as_str()?;
        let labels = of.pointer("/selector/matchLabels").and_then(Value::as_object).into_iter().flat_map(|map| map.keys());
        let more = of.pointer("/selector/matchExpressions").and_then(Value::as_array).into_iter().flatten();
        let more = more.filter_map(|expression| expression.get("key")?.as_str());
        let labels = labels.map(String::as_str).chain(more).map(Into::into).collect();
        Some(Read { metric: Pattern::new(name), labels, since })
    };
    let reads = within_cap(metrics.into_iter().flatten().filter_map(read).collect());
    if reads.is_empty() { Vec::new() } else { vec![consumer(object, "", reads)] }
}

fn consumer(object: &Value, entry: &str, reads: Vec<Read>) -> Consumer {
    Consumer {
        kind: text(object, "/kind").into(),
        namespace: text(object, "/metadata/namespace").into(),
        name: text(object, "/metadata/name").into(),
        entry: entry.into(),
        reads,
    }
}

/// When the spec last changed, as the API server remembers; else when the object was created. As with views, so that an
/// older view does not give way to a rule that was edited while nobody watched.
fn changed(object: &Value) -> Option<Wall> {
    let managers = object.pointer("/metadata/managedFields").and_then(Value::as_array);
    let of_spec = |entry: &&Value| text(entry, "/subresource").is_empty() && entry.pointer("/fieldsV1/f:spec").is_some();
    let newest = managers.into_iter().flatten().filter(of_spec).filter_map(|entry| time::parse_time(text(entry, "/time"))).max();
    newest.or_else(|| time::parse_time(text(object, "/metadata/creationTimestamp")))
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
