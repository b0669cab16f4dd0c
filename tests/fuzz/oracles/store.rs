//! A store for one input, and everything that can be seen of it, as text: what two stores are compared by.
//! Knows no request and no format.

use pointsman_core::{
    model::point::{Buckets, Number},
    state::{
        store::{Store, StoreConfig},
        visit::{Series, Value},
    },
};
use std::{fmt::Write, time::Duration};

/// An empty store with room for a thousand series.
pub(crate) fn new() -> Store {
    Store::new(StoreConfig { series_max: 1_000, expire_after: Duration::from_secs(300), seeds: [11, 12] })
}

/// Every series with its value, in order.
pub(crate) fn shown(store: &Store) -> Vec<String> {
    let mut lines = Vec::new();
    for stream in store.streams() {
        let head = format!("{:?} {:?} {:?}", stream.resource.attributes, stream.scope, stream.metric);
        let mut from = Some(0);
        while let Some(at) = from {
            from = store.visit(stream.id, at, 3, &mut |series| lines.push(format!("{head} {}", line(series))));
        }
    }
    lines.sort();
    lines
}

/// One series: labels, times, value, exemplars.
pub(crate) fn line(series: &Series<'_>) -> String {
    let mut out = String::new();
    for entry in series.entries {
        let text = series.labels.entry(*entry).expect("it is known").text;
        write!(out, "{:?}={text:?} ", series.labels.key_of(*entry)).expect("strings take everything");
    }
    let value = value(series.value);
    write!(out, "{}..{} {value} {:?}", series.start, series.time, series.exemplars).expect("strings take everything");
    out
}

fn value(value: Value<'_>) -> String {
    match value {
        Value::Number(Number::Int(int)) => int.to_string(),
        Value::Number(Number::Double(double)) => format!("{double:?}"),
        Value::Histogram(h) => format!("n={} sum={:?} le={:?} {:?}", h.count, h.sum, h.bounds, h.counts),
        Value::Exponential(h) => {
            let side = |b: &Buckets| format!("{}:{:?}", b.offset, b.counts);
            let zero = format!("{}<{:?}", h.zero_count, h.zero_threshold);
            format!("n={} sum={:?} s={} zero={zero} +{} -{}", h.count, h.sum, h.scale, side(&h.positive), side(&h.negative))
        }
        Value::Summary(s) => format!("n={} sum={:?} {:?}", s.count, s.sum, s.quantiles),
    }
}
