//! Reconcile loops, from the histograms that operators keep of their turns: rate, errors, percentiles. A loop is a set of
//! attributes without the result. Knows no operator: names and units tell.

use super::{
    cost::title,
    read::{self, Point},
    spread::Spread,
};
use crate::web::model::screens::Loop;
use pointsman_core::{
    limits::{ECHO_BYTES_MAX, SCREEN_LOOPS_MAX},
    model::{
        clock::Mono,
        instrument::{Instrument, Kind},
    },
    state::{
        store::Store,
        visit::{MetricInfo, Value},
    },
};
use pointsman_instrument::{
    metric::Metric,
    semconv::{attribute, mco},
};
use std::{collections::BTreeMap, time::Duration};

/// The older mark moves up once the newer one is so far ahead.
const WINDOW: Duration = Duration::from_secs(60);

/// Component, metric, attributes.
type Key = (String, String, String);

/// Turns at two looks.
pub(super) type Marks = BTreeMap<Key, [(Mono, u64); 2]>;

#[derive(Default)]
struct Draft {
    spread: Spread,
    errors: u64,
    tells_results: bool,
}

/// Every loop, by component, metric and attributes.
pub(super) fn look(store: &Store, now: Mono, marks: &mut Marks) -> Vec<Loop> {
    let mut drafts: BTreeMap<Key, Draft> = BTreeMap::new();
    let is_loop = |metric: &MetricInfo| unit_of(&metric.instrument).is_some();
    read::read(store, &is_loop, &mut |point| add(&mut drafts, point));
    let mut fresh = Marks::new();
    let loops = drafts.into_iter().map(|(key, draft)| {
        let mark = moved(marks.get(&key).copied(), (now, draft.spread.count));
        fresh.insert(key.clone(), mark);
        finished(key, &draft, rate(mark))
    });
    let loops = loops.collect();
    *marks = fresh;
    loops
}

/// Seconds in a unit of the histogram; `None` when it is not one of turns.
fn unit_of(instrument: &Instrument) -> Option<f64> {
    let Instrument { name, kind, unit, .. } = instrument;
    let is_turns = name.contains("reconcile") || **name == *<mco::OperatorSyncDuration as Metric>::META.name;
    if !is_turns || !matches!(kind, Kind::Histogram | Kind::ExponentialHistogram) {
        return None;
    }
    match &**unit {
        "s" => Some(1.0),
        "ms" => Some(1e-3),
        "us" => Some(1e-6),
        "ns" => Some(1e-9),
        // Libraries of Prometheus say it in the name alone.
        "" if name.ends_with("_seconds") => Some(1.0),
        _ => None,
    }
}

fn add(drafts: &mut BTreeMap<Key, Draft>, point: &Point<'_>) {
    let Some(unit) = unit_of(&point.metric.instrument) else { return };
    let (mut of, mut result) = (String::new(), None);
    for (key, text) in point.attributes() {
        if is_result(key) {
            let failed = if key == attribute::ERROR_TYPE { !text.is_empty() } else { is_failure(text) };
            result = Some(result.unwrap_or(false) || failed);
        } else if of.len() < ECHO_BYTES_MAX {
            of.push_str(if of.is_empty() { "" } else { ", " });
            of.push_str(&format!("{key}={text}"));
        }
    }
    of.truncate(of.floor_char_boundary(ECHO_BYTES_MAX));
    let key = (title(point.component), point.metric.instrument.name.to_string(), of);
    if drafts.len() >= SCREEN_LOOPS_MAX && !drafts.contains_key(&key) {
        return;
    }
    let draft = drafts.entry(key).or_default();
    draft.spread.add(point.series.value, unit);
    if let Some(failed) = result {
        draft.tells_results = true;
        draft.errors = draft.errors.saturating_add(if failed { count(point.series.value) } else { 0 });
    }
}

/// `result` of controller-runtime, `….result` of ours and of the operator's, `error.type` of OpenTelemetry.
fn is_result(key: &str) -> bool {
    key == "result" || key.ends_with(".result") || key == attribute::ERROR_TYPE
}

fn is_failure(result: &str) -> bool {
    let (mco, ours) = (attribute::McoResult::Error.as_str(), attribute::PointsmanResult::Failed.as_str());
    result == mco || result == ours || result == attribute::McoResult::Failed.as_str()
}

const fn count(value: Value<'_>) -> u64 {
    match value {
        Value::Histogram(histogram) => histogram.count,
        Value::Exponential(histogram) => histogram.count,
        Value::Number(_) | Value::Summary(_) => 0,
    }
}

/// Fewer turns than before: the component came anew.
fn moved(known: Option<[(Mono, u64); 2]>, now: (Mono, u64)) -> [(Mono, u64); 2] {
    match known {
        Some([older, newer]) if now.1 >= newer.1 => {
            let is_ahead = newer.0.since(older.0) >= WINDOW;
            [if is_ahead { newer } else { older }, now]
        }
        _ => [now, now],
    }
}

/// Turns a minute between two marks.
#[expect(clippy::cast_precision_loss, reason = "a rate is an estimate")]
fn rate([older, newer]: [(Mono, u64); 2]) -> Option<f64> {
    let apart = newer.0.since(older.0);
    (!apart.is_zero()).then(|| newer.1.saturating_sub(older.1) as f64 * 60.0 / apart.as_secs_f64())
}

fn finished((component, metric, of): Key, draft: &Draft, turns_per_minute: Option<f64>) -> Loop {
    let at = |share: f64| draft.spread.percentile(share);
    let seconds = |share: f64| draft.spread.seconds(share);
    Loop {
        component,
        metric,
        of,
        turns: draft.spread.count,
        errors: draft.tells_results.then_some(draft.errors),
        turns_per_minute,
        p50_seconds: seconds(0.5),
        p95_seconds: seconds(0.95),
        p99_seconds: seconds(0.99),
        beyond: at(0.99).is_some_and(|percentile| percentile.beyond),
    }
}

#[cfg(test)]
mod tests;
