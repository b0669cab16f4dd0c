//! The hash of a spec: equal for what means the same, however it is written. Comments, the order of keys and where a thing
//! stands do not count; the order of rules does. Knows nothing of plans: their hash is another.

use crate::view::{
    pattern::Pattern,
    plan::{Buckets, Collapse},
    spec::{Baseline, MetricRule, Mode, Reach, State, Target, TraceRule, View},
    time,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// Bytes of the digest that are shown.
const SHOWN_BYTES: usize = 8;

/// The first 16 hexadecimal digits of SHA-256 over the canonical form.
pub(super) fn of_spec(view: &View) -> String {
    let digest = Sha256::digest(canonical(view).to_string().as_bytes());
    digest.iter().take(SHOWN_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

/// Lists in lists, so that no key has an order. Every field of a view is named: a new one must be counted in or left out.
fn canonical(view: &View) -> Value {
    let View {
        id: _,
        place: _,
        created: _,
        mode,
        reason,
        reach,
        targets,
        baseline,
        metrics,
        traces,
        expiry,
        override_protected,
        origin: _,
    } = view;
    json!([
        matches!(mode, Mode::DryRun),
        reason,
        match reach {
            Reach::Namespace => Value::Null,
            Reach::Cluster { selector, overrides } => {
                json!([overrides, texts(&selector.names), selector.labels.iter().collect::<Vec<_>>()])
            }
        },
        targets.iter().map(target).collect::<Vec<_>>(),
        Baseline::as_str(*baseline),
        metrics.iter().map(metric).collect::<Vec<_>>(),
        traces.iter().map(trace).collect::<Vec<_>>(),
        expiry.as_ref().map(|expiry| super::term_text(&expiry.term)),
        override_protected,
    ])
}

fn target(target: &Target) -> Value {
    match target {
        Target::Workload { kind, name } => json!([kind, name]),
        Target::Service(pattern) => json!([pattern.as_str()]),
    }
}

fn metric(rule: &MetricRule) -> Value {
    let MetricRule { name, place: _, matches, state, attributes, buckets, limit, interval, rename } = rule;
    json!([
        name,
        texts(&matches.instruments),
        texts(&matches.scopes),
        matches.kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>(),
        matches.levels.iter().map(|level| level.as_str()).collect::<Vec<_>>(),
        state_word(*state),
        attributes.as_ref().map(|a| json!([a.keys.keep, a.keys.drop, a.collapse.map(Collapse::as_str)])),
        buckets.as_ref().map(|buckets| match buckets {
            Buckets::Explicit(bounds) => json!([bounds]),
            Buckets::Exponential { max_size, max_scale } => json!([max_size, max_scale]),
        }),
        limit,
        interval.map(time::format_duration),
        rename,
    ])
}

fn trace(rule: &TraceRule) -> Value {
    let TraceRule { name, place: _, scopes, spans, state, sampling } = rule;
    let sampling = sampling.as_ref().map(|s| json!([s.sample, s.keep_errors, s.keep_slower.map(duration)]));
    json!([name, texts(scopes), texts(spans), state_word(*state), sampling])
}

fn duration(duration: Duration) -> String {
    time::format_duration(duration)
}

fn texts(patterns: &[Pattern]) -> Vec<&str> {
    patterns.iter().map(Pattern::as_str).collect()
}

const fn state_word(state: State) -> &'static str {
    match state {
        State::Inherit => "Inherit",
        State::Enabled => "Enabled",
        State::Disabled => "Disabled",
    }
}
