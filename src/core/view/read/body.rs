//! Reads what both kinds of view have: mode, reason, targets, baseline, expiry, and the lists of rules.
//! Knows the fields of a view by name; what a rule says is read beside it.

use super::{
    Known, Metadata,
    cursor::{Cursor, Fields, Item, Unknown},
    metrics, object_place, traces,
};
use crate::{
    fault::{Fault, code::Code},
    limits::{LABEL_VALUE_BYTES_MAX, PATTERNS_MAX, TARGETS_MAX, VIEW_REASON_BYTES_MAX, VIEW_TEXT_BYTES_MAX},
    model::instrument::Level,
    view::{
        pattern::Pattern,
        spec::{self, Baseline, Expiry, Mode, ObjectId, Reach, Selector, State, Target, Term, View},
        yaml::Value,
    },
};
use std::{collections::BTreeMap, time::Duration};

const SPEC: &[&str] = &["mode", "reason", "targets", "baseline", "metrics", "traces", "expiry"];
const CLUSTER_SPEC: &[&str] = &["mode", "reason", "namespaceSelector", "defaults", "overrides", "expiry"];
const CLUSTER_BODY: &[&str] = &["targets", "baseline", "metrics", "traces"];
/// What only a cluster view may say.
const CLUSTER_ONLY: [&str; 3] = ["namespaceSelector", "defaults", "overrides"];
const MODES: [(&str, Mode); 2] = [("Enforce", Mode::Enforce), ("DryRun", Mode::DryRun)];
const BASELINES: [(&str, Baseline); 6] = [
    ("Inherit", Baseline::Inherit),
    ("None", Baseline::None),
    ("Essential", Baseline::UpTo(Level::Essential)),
    ("Standard", Baseline::UpTo(Level::Standard)),
    ("Detailed", Baseline::UpTo(Level::Detailed)),
    ("Debug", Baseline::UpTo(Level::Debug)),
];
/// The workloads a target may name, with their API group.
const WORKLOADS: [(&str, &str); 5] =
    [("Deployment", "apps"), ("DaemonSet", "apps"), ("StatefulSet", "apps"), ("Job", "batch"), ("CronJob", "batch")];
const EXPIRY_MIN: Duration = Duration::from_secs(60);
const EXPIRY_MAX: Duration = Duration::from_secs(168 * 3_600);

pub(super) fn read(
    cursor: &mut Cursor<'_>,
    object: &Fields<'_>,
    metadata: Option<Metadata>,
    kind: &'static str,
    known: &Known<'_>,
) -> Option<View> {
    let cluster = kind == spec::CLUSTER_VIEW;
    let item = cursor.required(object, "spec")?;
    let fields = spec_fields(cursor, &item, cluster)?;
    let mode = fields.get("mode").and_then(|item| cursor.word(&item, "mode", &MODES)).unwrap_or(Mode::Enforce);
    let reason = fields.get("reason").and_then(|item| cursor.short_text(&item, VIEW_REASON_BYTES_MAX)).unwrap_or_default();
    let (reach, inner) = if cluster { cluster_reach(cursor, &fields) } else { (Reach::Namespace, None) };
    let body = if cluster { inner.as_ref() } else { Some(&fields) };
    let id = metadata.as_ref().map(|m| m.id.clone());
    let expiry = fields.get("expiry").and_then(|item| expiry(cursor, &item, id.as_ref(), known));
    let baseline = body.and_then(|body| baseline(cursor, body, fields.has("expiry"))).unwrap_or(Baseline::Inherit);
    let targets = body.and_then(|body| body.get("targets")).map(|item| targets(cursor, &item)).unwrap_or_default();
    let metrics = body.and_then(|body| body.get("metrics")).map(|item| metrics::read(cursor, &item)).unwrap_or_default();
    let traces = body.and_then(|body| body.get("traces")).map(|item| traces::read(cursor, &item)).unwrap_or_default();
    let Metadata { id, created, override_protected, origin } = metadata?;
    let place = object_place(cursor, object);
    let view = View {
        id,
        place,
        created,
        mode,
        reason: reason.into(),
        reach,
        targets,
        baseline,
        metrics,
        traces,
        expiry,
        override_protected,
        origin,
    };
    warn_off_without_reason(cursor, &view);
    Some(view)
}

fn spec_fields<'n>(cursor: &mut Cursor<'_>, item: &Item<'n>, cluster: bool) -> Option<Fields<'n>> {
    if cluster {
        return cursor.fields(item, "spec", CLUSTER_SPEC, Unknown::Fault);
    }
    // A namespaced view that tries to say what only a cluster view may is told so, not that the field is unknown.
    let outside = cursor.fields(item, "spec", &CLUSTER_ONLY, Unknown::Ignore)?;
    let mut outside_named = false;
    for name in CLUSTER_ONLY {
        if let Some(item) = outside.get(name) {
            cursor.fault(Fault::new(Code::OutsideNamespace, cursor.place(&item), &[name]));
            outside_named = true;
        }
    }
    let table: Vec<&str> = SPEC.iter().chain(if outside_named { &CLUSTER_ONLY[..] } else { &[] }).copied().collect();
    cursor.fields(item, "spec", &table, Unknown::Fault)
}

fn cluster_reach<'n>(cursor: &mut Cursor<'_>, fields: &Fields<'n>) -> (Reach, Option<Fields<'n>>) {
    let selector = fields.get("namespaceSelector").map(|item| selector(cursor, &item)).unwrap_or_default();
    let inner = match (fields.get("defaults"), fields.get("overrides")) {
        (Some(item), None) | (None, Some(item)) => Some(item),
        (Some(_), Some(item)) => {
            cursor.wrong_type(&item, "stands beside `defaults`: write one of the two");
            None
        }
        (None, None) => {
            if !fields.has("overrides") {
                cursor.required(fields, "defaults");
            }
            None
        }
    };
    let overrides = fields.get("overrides").is_some();
    let label = if overrides { "overrides" } else { "defaults" };
    let inner = inner.and_then(|item| cursor.fields(&item, label, CLUSTER_BODY, Unknown::Fault));
    (Reach::Cluster { selector, overrides }, inner)
}

fn selector(cursor: &mut Cursor<'_>, item: &Item<'_>) -> Selector {
    let Some(fields) = cursor.fields(item, "namespaceSelector", &["matchLabels", "matchNames"], Unknown::Fault) else {
        return Selector::default();
    };
    let names = fields.get("matchNames").map(|item| cursor.patterns(&item, PATTERNS_MAX)).unwrap_or_default();
    let mut labels = BTreeMap::new();
    if let Some(item) = fields.get("matchLabels") {
        if let Value::Map(entries) = &item.node.value {
            if entries.len() > PATTERNS_MAX {
                cursor.too_many(&item, entries.len(), "labels", PATTERNS_MAX);
            }
            for (key, node) in entries.iter().take(PATTERNS_MAX) {
                let value = Item { node, path: format!("{}.{}", item.path, key.text) };
                let text = cursor.text(&value).filter(|text| {
                    text.len() <= LABEL_VALUE_BYTES_MAX || {
                        cursor.too_many(&value, text.len(), "bytes", LABEL_VALUE_BYTES_MAX);
                        false
                    }
                });
                labels.extend(text.map(|text| (key.text.clone(), text.into())));
            }
        } else {
            cursor.wrong_type(&item, &format!("is not a map, but {}", item.node.value.kind()));
        }
    }
    Selector { names, labels }
}

fn baseline(cursor: &mut Cursor<'_>, body: &Fields<'_>, expires: bool) -> Option<Baseline> {
    let item = body.get("baseline")?;
    let baseline = cursor.word(&item, "baseline", &BASELINES)?;
    if baseline == Baseline::UpTo(Level::Debug) && !expires {
        cursor.fault(Fault::new(Code::DebugForEver, cursor.place(&item), &[]));
    }
    Some(baseline)
}

fn targets(cursor: &mut Cursor<'_>, item: &Item<'_>) -> Vec<Target> {
    let items = cursor.list(item, TARGETS_MAX);
    items.iter().filter_map(|item| target(cursor, item)).collect()
}

fn target(cursor: &mut Cursor<'_>, item: &Item<'_>) -> Option<Target> {
    let fields = cursor.fields(item, "targets", &["workloadRef", "serviceName"], Unknown::Fault)?;
    match (fields.get("workloadRef"), fields.get("serviceName")) {
        (Some(reference), None) => workload(cursor, &reference),
        (None, Some(name)) => cursor.short_text(&name, VIEW_TEXT_BYTES_MAX).map(|text| Target::Service(Pattern::new(text))),
        (Some(_), Some(_)) => {
            cursor.fault(Fault::new(Code::TargetForm, cursor.place(item), &["two forms"]));
            None
        }
        (None, None) if fields.has("workloadRef") || fields.has("serviceName") => None,
        (None, None) => {
            cursor.fault(Fault::new(Code::TargetForm, cursor.place(item), &["no form"]));
            None
        }
    }
}

fn workload(cursor: &mut Cursor<'_>, item: &Item<'_>) -> Option<Target> {
    let fields = cursor.fields(item, "workloadRef", &["group", "kind", "name", "namespace"], Unknown::Fault)?;
    if let Some(namespace) = fields.get("namespace") {
        cursor.fault(Fault::new(Code::OutsideNamespace, cursor.place(&namespace), &["workloadRef.namespace"]));
    }
    let words: Vec<(&str, (&str, &str))> = WORKLOADS.iter().map(|row| (row.0, *row)).collect();
    let kind = cursor.required(&fields, "kind").and_then(|item| cursor.word(&item, "workload kind", &words));
    if let (Some(item), Some((_, group))) = (fields.get("group"), kind) {
        cursor.word(&item, "group", &[(group, ())]);
    }
    let name = cursor.required(&fields, "name").and_then(|item| cursor.short_text(&item, VIEW_TEXT_BYTES_MAX));
    let ((kind, _), name) = (kind?, name?);
    Some(Target::Workload { kind: kind.into(), name: name.into() })
}

fn expiry(cursor: &mut Cursor<'_>, item: &Item<'_>, id: Option<&ObjectId>, known: &Known<'_>) -> Option<Expiry> {
    let fields = cursor.fields(item, "expiry", &["after", "at"], Unknown::Fault)?;
    let place = cursor.place(item);
    let term = match (fields.get("after"), fields.get("at")) {
        (Some(after), None) => Term::After(cursor.any_duration(&after)?),
        (None, Some(at)) => Term::At(cursor.time(&at)?),
        (Some(_), Some(_)) => {
            cursor.fault(Fault::new(Code::BadExpiry, place, &["has both `after` and `at`"]));
            return None;
        }
        (None, None) => {
            if !fields.has("after") && !fields.has("at") {
                cursor.fault(Fault::new(Code::BadExpiry, place, &["has neither `after` nor `at`"]));
            }
            return None;
        }
    };
    let seen = id.map(|id| (known.first_seen)(id, &term));
    let wrong = match (term, seen) {
        (Term::After(after), _) => (!(EXPIRY_MIN..=EXPIRY_MAX).contains(&after)).then_some("is outside 1m..168h"),
        (Term::At(at), Some(seen)) if at <= seen => Some("lies in the past"),
        (Term::At(at), Some(seen)) => (at > seen.plus(EXPIRY_MAX)).then_some("lies more than 168h ahead"),
        (Term::At(_), None) => None,
    };
    if let Some(wrong) = wrong {
        cursor.fault(Fault::new(Code::BadExpiry, place, &[wrong]));
        return None;
    }
    let at = match term {
        Term::After(after) => seen?.plus(after),
        Term::At(at) => at,
    };
    Some(Expiry { term, at, place })
}

fn warn_off_without_reason(cursor: &mut Cursor<'_>, view: &View) {
    let metric = view.metrics.iter().find(|rule| rule.state == State::Disabled).map(|rule| (&rule.name, &rule.place));
    let span = view.traces.iter().find(|rule| rule.state == State::Disabled).map(|rule| (&rule.name, &rule.place));
    if let (true, Some((name, place))) = (view.reason.is_empty(), metric.or(span)) {
        cursor.fault(Fault::new(Code::OffWithoutReason, place.clone(), &[name]));
    }
}
