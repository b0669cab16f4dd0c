//! Reads `metrics`: rules that switch and shape instruments.
//! Knows one rule at a time, and the names of those before it; no instrument.

use super::cursor::{Cursor, Fields, Item, Unknown};
use crate::{
    fault::{self, Fault, code::Code},
    limits::{
        ATTRIBUTES_MAX, BOUNDS_MAX, EXPONENTIAL_BUCKETS_MAX, PATTERNS_MAX, RULES_MAX, SERIES_PER_METRIC_MAX, VIEW_TEXT_BYTES_MAX,
    },
    model::instrument::{Kind, Level},
    view::{
        plan::{Buckets, Collapse, Keys},
        spec::{Attributes, Match, MetricRule, State},
        yaml::Value,
    },
};
use std::{collections::BTreeSet, time::Duration};

const RULE: &[&str] = &["name", "match", "state", "attributes", "buckets", "cardinality", "interval", "rename"];
/// What shapes, in the order in which a fault names it.
const SHAPES: [&str; 5] = ["attributes", "buckets", "cardinality", "interval", "rename"];
const MATCH: &[&str] = &["instruments", "scopes", "kinds", "levels"];
pub(super) const STATES: [(&str, State); 3] =
    [("Inherit", State::Inherit), ("Enabled", State::Enabled), ("Disabled", State::Disabled)];
const COLLAPSES: [(&str, Collapse); 5] = [
    ("Sum", Collapse::Sum),
    ("Last", Collapse::Last),
    ("Min", Collapse::Min),
    ("Max", Collapse::Max),
    ("Average", Collapse::Average),
];
const INTERVAL_MIN: Duration = Duration::from_secs(1);
const INTERVAL_MAX: Duration = Duration::from_secs(3_600);

pub(super) fn read(cursor: &mut Cursor<'_>, item: &Item<'_>) -> Vec<MetricRule> {
    let items = cursor.list(item, RULES_MAX);
    let mut names = Names::default();
    items.iter().filter_map(|item| rule(cursor, item, &mut names)).collect()
}

/// The names of the rules so far, and where each stands.
#[derive(Default)]
pub(super) struct Names(Vec<(Box<str>, fault::Place)>);

impl Names {
    /// The rule's name, and a fault when another has it.
    pub(super) fn read(&mut self, cursor: &mut Cursor<'_>, fields: &Fields<'_>) -> Option<Box<str>> {
        let item = cursor.required(fields, "name")?;
        let name = cursor.short_text(&item, VIEW_TEXT_BYTES_MAX)?;
        match self.0.iter().find(|(known, _)| &**known == name) {
            Some((_, first)) => {
                let fault = Fault::new(Code::SameName, cursor.place(&item), &["rules", name]);
                cursor.fault(fault.with_related(first.clone(), "has the name already"));
            }
            None => self.0.push((name.into(), cursor.place(&item))),
        }
        Some(name.into())
    }
}

fn rule(cursor: &mut Cursor<'_>, item: &Item<'_>, names: &mut Names) -> Option<MetricRule> {
    let fields = cursor.fields(item, "metrics", RULE, Unknown::Fault)?;
    let name = names.read(cursor, &fields);
    let matches = cursor.required(&fields, "match").and_then(|item| matches(cursor, &item));
    let state = fields.get("state").map(|item| cursor.word(&item, "state", &STATES));
    check_purpose(cursor, item, &fields, state);
    let gauges = matches.as_ref().is_some_and(|m| m.kinds.contains(&Kind::Gauge));
    let rule_name = name.as_deref().unwrap_or_default();
    let attributes = fields.get("attributes").and_then(|item| attributes(cursor, &item, gauges.then_some(rule_name)));
    let buckets = fields.get("buckets").and_then(|item| buckets(cursor, &item));
    let limit = fields.get("cardinality").and_then(|item| limit(cursor, &item));
    let interval = fields.get("interval").and_then(|item| cursor.duration(&item, &(INTERVAL_MIN..=INTERVAL_MAX)));
    let rename = fields.get("rename").and_then(|item| rename(cursor, &item, matches.as_ref()));
    let state = state.flatten().unwrap_or(State::Inherit);
    let place = fields.get("name").map_or_else(|| cursor.place(item), |item| cursor.place(&item));
    Some(MetricRule { name: name?, place, matches: matches?, state, attributes, buckets, limit, interval, rename })
}

/// A rule that does nothing, or shapes what it turns off, is not what its author meant.
fn check_purpose(cursor: &mut Cursor<'_>, item: &Item<'_>, fields: &Fields<'_>, state: Option<Option<State>>) {
    let shape = SHAPES.into_iter().find(|shape| fields.has(shape));
    let name = match fields.get("name").map(|item| &item.node.value) {
        Some(Value::Text(name)) => name,
        _ => "",
    };
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

fn matches(cursor: &mut Cursor<'_>, item: &Item<'_>) -> Option<Match> {
    let fields = cursor.fields(item, "match", MATCH, Unknown::Fault)?;
    let instruments = cursor.required(&fields, "instruments").map(|item| cursor.placed_patterns(&item, PATTERNS_MAX));
    let scopes = fields.get("scopes").map(|item| cursor.patterns(&item, PATTERNS_MAX)).unwrap_or_default();
    let kinds: Vec<(&str, Kind)> = Kind::ALL.iter().map(|kind| (kind.as_str(), *kind)).collect();
    let kinds = fields.get("kinds").map(|item| words(cursor, &item, "kind", &kinds)).unwrap_or_default();
    let levels: Vec<(&str, Level)> = Level::ALL.iter().map(|level| (level.as_str(), *level)).collect();
    let levels = fields.get("levels").map(|item| words(cursor, &item, "level", &levels)).unwrap_or_default();
    let (instruments, places) = instruments.filter(|(patterns, _)| !patterns.is_empty())?;
    Some(Match { instruments, places, scopes, kinds, levels })
}

fn words<T: Copy>(cursor: &mut Cursor<'_>, item: &Item<'_>, what: &str, table: &[(&str, T)]) -> Vec<T> {
    let items = cursor.filled_list(item, table.len());
    items.iter().filter_map(|item| cursor.word(item, what, table)).collect()
}

fn attributes(cursor: &mut Cursor<'_>, item: &Item<'_>, gauge_rule: Option<&str>) -> Option<Attributes> {
    let fields = cursor.fields(item, "attributes", &["keep", "drop", "collapse"], Unknown::Fault)?;
    if let (Some(_), Some(_)) = (fields.get("keep"), fields.get("drop")) {
        cursor.fault(Fault::new(Code::KeepAndDrop, cursor.place(item), &[]));
        return None;
    }
    let keep = fields.get("keep").map(|item| keys(cursor, &item, false));
    let drop = fields.get("drop").map(|item| keys(cursor, &item, true)).unwrap_or_default();
    if !fields.has("keep") && !fields.has("drop") {
        cursor.wrong_type(item, "has neither `keep` nor `drop`");
        return None;
    }
    let collapse = fields.get("collapse").and_then(|item| cursor.word(&item, "collapse", &COLLAPSES));
    if let (Some(rule), false) = (gauge_rule, fields.has("collapse")) {
        cursor.fault(Fault::new(Code::GaugeWithoutCollapse, cursor.place(item), &[rule]));
    }
    Some(Attributes { keys: Keys { keep, drop }, collapse })
}

/// Attribute keys. `keep: []` is a way to say that none stays.
fn keys(cursor: &mut Cursor<'_>, item: &Item<'_>, filled: bool) -> BTreeSet<Box<str>> {
    let items = if filled { cursor.filled_list(item, ATTRIBUTES_MAX) } else { cursor.list(item, ATTRIBUTES_MAX) };
    items.iter().filter_map(|item| cursor.short_text(item, VIEW_TEXT_BYTES_MAX).map(Into::into)).collect()
}

fn buckets(cursor: &mut Cursor<'_>, item: &Item<'_>) -> Option<Buckets> {
    let fields = cursor.fields(item, "buckets", &["explicit", "exponential"], Unknown::Fault)?;
    let wrong = match (fields.get("explicit"), fields.get("exponential")) {
        (Some(bounds), None) => return explicit(cursor, &bounds),
        (None, Some(inner)) => return exponential(cursor, &inner),
        (Some(_), Some(_)) => "has both forms",
        (None, None) if fields.has("explicit") || fields.has("exponential") => return None,
        (None, None) => "has neither `explicit` nor `exponential`",
    };
    cursor.fault(Fault::new(Code::BadBuckets, cursor.place(item), &[wrong]));
    None
}

fn explicit(cursor: &mut Cursor<'_>, item: &Item<'_>) -> Option<Buckets> {
    let mut bounds: Vec<f64> = Vec::new();
    for item in cursor.filled_list(item, BOUNDS_MAX) {
        let wrong = match (Cursor::decimal(&item), bounds.last()) {
            (None, _) => "has a bound that is not a decimal in quotes",
            (Some(bound), Some(last)) if bound <= *last => "do not ascend",
            (Some(bound), _) => {
                bounds.push(bound);
                continue;
            }
        };
        cursor.fault(Fault::new(Code::BadBuckets, cursor.place(&item), &[wrong]));
        return None; // one cause, one fault: what follows is measured against a wrong bound
    }
    (!bounds.is_empty()).then(|| Buckets::Explicit(bounds.into()))
}

fn exponential(cursor: &mut Cursor<'_>, item: &Item<'_>) -> Option<Buckets> {
    let fields = cursor.fields(item, "exponential", &["maxSize", "maxScale"], Unknown::Fault)?;
    let largest = i64::try_from(EXPONENTIAL_BUCKETS_MAX).unwrap_or(i64::MAX);
    let size = fields.get("maxSize").map_or(Some(largest), |item| cursor.whole(&item, &(1..=largest)));
    let scale = fields.get("maxScale").map_or(Some(20), |item| cursor.whole(&item, &(-4..=20)));
    Some(Buckets::Exponential { max_size: u32::try_from(size?).ok()?, max_scale: i32::try_from(scale?).ok()? })
}

fn limit(cursor: &mut Cursor<'_>, item: &Item<'_>) -> Option<u32> {
    let fields = cursor.fields(item, "cardinality", &["limit"], Unknown::Fault)?;
    let item = cursor.required(&fields, "limit")?;
    let largest = i64::try_from(SERIES_PER_METRIC_MAX).unwrap_or(i64::MAX);
    cursor.whole(&item, &(1..=largest)).and_then(|limit| u32::try_from(limit).ok())
}

fn rename(cursor: &mut Cursor<'_>, item: &Item<'_>, matches: Option<&Match>) -> Option<Box<str>> {
    let fields = cursor.fields(item, "rename", &["to"], Unknown::Fault)?;
    let to = cursor.required(&fields, "to")?;
    let name = cursor.text(&to)?;
    let first = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let rest = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/'));
    if !(first && rest && name.len() < VIEW_TEXT_BYTES_MAX) {
        cursor.fault(Fault::new(Code::BadRename, cursor.place(&to), &["has an illegal name"]));
        return None;
    }
    let literal = matches.is_none_or(|m| matches!(m.instruments.as_slice(), [only] if only.is_literal()));
    if !literal {
        cursor.fault(Fault::new(Code::BadRename, cursor.place(item), &["matches more than one instrument"]));
        return None;
    }
    Some(name.into())
}
