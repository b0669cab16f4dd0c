//! How the screens of fleet, cost, flow and traces say numbers and lists: short, and a dash for what is not known.
//! Knows values, no page.
#![expect(clippy::trivially_copy_pass_by_ref, clippy::ref_option, reason = "templates hand over references")]

use crate::web::model::screens::{CostOfInstrument, Loop, Node, Phase, Pool};
use pointsman_core::view::verdict::words::{self, whole};
use std::{collections::BTreeMap, time::Duration};

const DASH: &str = "–";
/// Beyond so many levels a span stands no further in.
const DEPTH_MAX: usize = 12;

/// `0.5 ms`, `150 ms`, `5.5 s`, `41m`.
pub(super) fn took(seconds: &f64) -> String {
    match *seconds {
        s if s >= 60.0 => words::age(Duration::try_from_secs_f64(s).unwrap_or(Duration::MAX)),
        s if s >= 1.0 => format!("{s:.1} s"),
        s if s >= 0.01 => format!("{:.0} ms", s * 1e3),
        s if s > 0.0 => format!("{:.2} ms", s * 1e3),
        _ => "0 s".to_owned(),
    }
}

pub(super) fn maybe_took(seconds: &Option<f64>) -> String {
    seconds.as_ref().map_or_else(|| DASH.to_owned(), took)
}

pub(super) fn maybe_count(n: &Option<f64>) -> String {
    n.map_or_else(|| DASH.to_owned(), words::count)
}

pub(super) fn percent(share: &f64) -> String {
    format!("{:.0} %", share * 100.0)
}

pub(super) fn list(texts: &[String]) -> String {
    if texts.is_empty() { DASH.to_owned() } else { texts.join(", ") }
}

pub(super) const fn or_dash(text: &str) -> &str {
    if text.is_empty() { DASH } else { text }
}

pub(super) fn machines(pool: &Pool, state: &str) -> String {
    pool.machines.get(state).map_or_else(|| DASH.to_owned(), ToString::to_string)
}

/// What stands in a pool's way.
pub(super) fn blocks(pool: &Pool) -> String {
    let pending = |seconds: &f64| format!("paused with a config that waits for {}", took(seconds));
    let mut all = Vec::new();
    match (pool.paused, pool.pending) {
        (true, true) => {
            all.push(pool.pending_seconds.as_ref().map_or_else(|| "paused with a config that waits".to_owned(), pending))
        }
        (true, false) => all.push("paused".to_owned()),
        (false, _) => {}
    }
    all.extend(pool.stalled.iter().map(|reason| format!("stalled: {reason}")));
    list(&all)
}

/// The phase that holds no other, where a node is in several.
pub(super) fn last(node: &Node) -> Option<&Phase> {
    node.phases.last()
}

/// `301 -> 0` where views change how many there are.
pub(super) fn series(one: &CostOfInstrument) -> String {
    let (sent, shown) = (whole(one.sets_sent), whole(one.series));
    if one.sets_sent == one.series { shown } else { format!("{sent} -> {shown}") }
}

pub(super) fn sum(counts: &BTreeMap<&'static str, u64>) -> String {
    whole(counts.values().fold(0, |sum: u64, count| sum.saturating_add(*count)))
}

/// Of 100, as a width.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100; what is none is 0")]
pub(super) fn share(part: &f64, most: &f64) -> u8 {
    (part / most * 100.0).clamp(0.0, 100.0) as u8
}

pub(super) fn fails(one: &Loop) -> bool {
    one.errors.is_some_and(|errors| errors > 0)
}

/// `3 (1 %)`.
#[expect(clippy::cast_precision_loss, reason = "a share")]
pub(super) fn errors(one: &Loop) -> String {
    match one.errors {
        None => DASH.to_owned(),
        Some(0) => "0".to_owned(),
        Some(errors) => format!("✖ {} ({})", whole(errors), percent(&(errors as f64 / one.turns.max(1) as f64))),
    }
}

pub(super) fn indent(depth: &usize) -> String {
    "\u{2003}".repeat((*depth).min(DEPTH_MAX))
}

#[cfg(test)]
mod tests;
