//! Reads `traces`: rules that switch and sample spans.
//! Knows one rule at a time, and no span.

use super::{
    cursor::{Cursor, Fields, Item, Unknown},
    metrics::{Names, STATES},
};
use crate::{
    fault::{Fault, code::Code},
    limits::{PATTERNS_MAX, RULES_MAX},
    view::{
        pattern::Pattern,
        spec::{Sampling, State, TraceRule},
        yaml::Value,
    },
};
use std::time::Duration;

const RULE: &[&str] = &["name", "match", "state", "sample", "keep"];
const SLOWER_MIN: Duration = Duration::from_millis(1);
const SLOWER_MAX: Duration = Duration::from_secs(24 * 3_600);

pub(super) fn read(cursor: &mut Cursor<'_>, item: &Item<'_>) -> Vec<TraceRule> {
    let items = cursor.list(item, RULES_MAX);
    let mut names = Names::default();
    items.iter().filter_map(|item| rule(cursor, item, &mut names)).collect()
}

fn rule(cursor: &mut Cursor<'_>, item: &Item<'_>, names: &mut Names) -> Option<TraceRule> {
    let fields = cursor.fields(item, "traces", RULE, Unknown::Fault)?;
    let name = names.read(cursor, &fields);
    let matches = cursor.required(&fields, "match").and_then(|item| matches(cursor, &item));
    let state = fields.get("state").map(|item| cursor.word(&item, "state", &STATES));
    check_purpose(cursor, item, &fields, state, name.as_deref().unwrap_or_default());
    let sample = fields.get("sample").map(|item| sample(cursor, &item));
    let keep = fields.get("keep").map(|item| keep(cursor, &item));
    let (keep_errors, keep_slower) = keep.unwrap_or_default();
    let sampling = (sample.is_some() || keep.is_some()).then(|| Sampling {
        sample: sample.flatten().unwrap_or(1.0),
        keep_errors,
        keep_slower,
    });
    let (scopes, spans) = matches?;
    let place = fields.get("name").map_or_else(|| cursor.place(item), |item| cursor.place(&item));
    Some(TraceRule { name: name?, place, scopes, spans, state: state.flatten().unwrap_or(State::Inherit), sampling })
}

fn check_purpose(cursor: &mut Cursor<'_>, item: &Item<'_>, fields: &Fields<'_>, state: Option<Option<State>>, name: &str) {
    let shape = ["sample", "keep"].into_iter().find(|shape| fields.has(shape));
    match (state, shape) {
        (Some(Some(State::Disabled)), Some(shape)) => {
            let place = fields.get(shape).map_or_else(|| cursor.place(item), |item| cursor.place(&item));
            cursor.fault(Fault::new(Code::DisabledShapes, place, &[name, shape]));
        }
        (None | Some(Some(State::Inherit)), None) if !fields.has("state") || state.is_some() => {
            cursor.fault(Fault::new(Code::DoesNothing, cursor.place(item), &[name]));
        }
        _ => {}
    }
}

fn matches(cursor: &mut Cursor<'_>, item: &Item<'_>) -> Option<(Vec<Pattern>, Vec<Pattern>)> {
    let fields = cursor.fields(item, "match", &["scopes", "spans"], Unknown::Fault)?;
    if !fields.has("scopes") {
        cursor.required(&fields, "spans");
    }
    let scopes = fields.get("scopes").map(|item| cursor.patterns(&item, PATTERNS_MAX)).unwrap_or_default();
    let spans = fields.get("spans").map(|item| cursor.patterns(&item, PATTERNS_MAX)).unwrap_or_default();
    (!scopes.is_empty() || !spans.is_empty()).then_some((scopes, spans))
}

fn sample(cursor: &mut Cursor<'_>, item: &Item<'_>) -> Option<f64> {
    let Value::Text(text) = &item.node.value else {
        cursor.wrong_type(item, &format!("is not a decimal in quotes such as \"0.1\", but {}", item.node.value.kind()));
        return None;
    };
    let Some(share) = Cursor::decimal(item) else {
        cursor.wrong_type(item, "is not a decimal such as \"0.1\"");
        return None;
    };
    if !(0.0..=1.0).contains(&share) {
        cursor.out_of_range(item, text, "0..1");
        return None;
    }
    Some(share)
}

fn keep(cursor: &mut Cursor<'_>, item: &Item<'_>) -> (bool, Option<Duration>) {
    let Some(fields) = cursor.fields(item, "keep", &["errors", "slowerThan"], Unknown::Fault) else {
        return (false, None);
    };
    let errors = fields.get("errors").and_then(|item| cursor.boolean(&item)).unwrap_or(false);
    let slower = fields.get("slowerThan").and_then(|item| cursor.duration(&item, &(SLOWER_MIN..=SLOWER_MAX)));
    (errors, slower)
}
