//! A small waterfall of one trace: each span as a bar, in the order of the tree, in whole units of a drawing that is
//! [`WIDTH`] wide. Knows no page and draws nothing; ids that repeat or lead in circles end in finitely many bars.

use super::model::{Span, Trace};
use pointsman_core::{limits::WATERFALL_SPANS_MAX, view::time::parse_time};
use std::collections::{BTreeMap, BTreeSet};

/// How wide the drawing is.
pub const WIDTH: u32 = 1_000;

/// One span.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Its name.
    pub name: String,
    /// Who sent it.
    pub component: String,
    /// How many spans above it are there.
    pub depth: usize,
    /// Where it begins.
    pub left: u32,
    /// How wide it is: 1 at least.
    pub width: u32,
    /// How long it took.
    pub duration_seconds: f64,
    /// `Unset`, `Ok` or `Error`.
    pub status: &'static str,
}

/// A trace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Waterfall {
    /// Its bars, in the order of the tree.
    pub bars: Vec<Bar>,
    /// Spans that are not among them.
    pub more: u64,
    /// From the first beginning to the last end.
    pub duration_seconds: f64,
}

/// A span with its place in time, in nanoseconds.
struct Placed<'t> {
    span: &'t Span,
    start: u64,
    end: u64,
}

impl Waterfall {
    /// The bars of a trace.
    #[must_use]
    pub fn of(trace: &Trace) -> Self {
        let mut placed: Vec<Placed<'_>> = trace.spans.iter().map(placed).collect();
        placed.sort_by(|a, b| (a.start, &a.span.span_id).cmp(&(b.start, &b.span.span_id)));
        let start = placed.first().map_or(0, |first| first.start);
        let end = placed.iter().map(|one| one.end).max().unwrap_or(start);
        let (mut bars, all) = (Vec::new(), placed.len());
        for (one, depth) in in_order(&placed).into_iter().take(WATERFALL_SPANS_MAX) {
            bars.push(bar(one, depth, start, end));
        }
        let left_out = u64::try_from(all.saturating_sub(bars.len())).unwrap_or(u64::MAX);
        Self { more: left_out.saturating_add(trace.omitted), bars, duration_seconds: seconds(end.saturating_sub(start)) }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a duration that is none becomes 0 or the longest")]
fn placed(span: &Span) -> Placed<'_> {
    let start = parse_time(&span.start).map_or(0, |wall| wall.0);
    let took = (span.duration_seconds * 1e9) as u64;
    Placed { span, start, end: start.saturating_add(took) }
}

#[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

/// Each span behind its parent, with its depth; those without a parent here are roots. A span whose parents lead in a circle
/// stands at the end, as a root.
fn in_order<'p, 't>(placed: &'p [Placed<'t>]) -> Vec<(&'p Placed<'t>, usize)> {
    let here: BTreeSet<&str> = placed.iter().map(|one| one.span.span_id.as_str()).collect();
    let parent = |one: &Placed<'t>| one.span.parent_span_id.as_deref().filter(|id| here.contains(id));
    let mut children: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, one) in placed.iter().enumerate() {
        if let Some(parent) = one.span.parent_span_id.as_deref().filter(|id| here.contains(id)) {
            children.entry(parent).or_default().push(i);
        }
    }
    let roots = (0..).zip(placed).filter(|(_, one)| parent(one).is_none()).map(|(i, _)| i);
    let (mut order, mut seen) = (Vec::with_capacity(placed.len()), BTreeSet::new());
    for root in roots.chain(0..placed.len()) {
        let mut open = vec![(root, 0_usize)];
        while let Some((i, depth)) = open.pop() {
            let Some(one) = placed.get(i).filter(|_| seen.insert(i)) else { continue };
            order.push((one, depth));
            // taken out, so that ids that repeat do not show the same children again and again
            let below = children.remove(one.span.span_id.as_str()).into_iter().flatten();
            open.extend(below.rev().map(|child| (child, depth.saturating_add(1))));
        }
    }
    order
}

fn bar(one: &Placed<'_>, depth: usize, start: u64, end: u64) -> Bar {
    let all = u128::from(end.saturating_sub(start).max(1));
    let at = |nanos: u64| u32::try_from(u128::from(nanos) * u128::from(WIDTH) / all).unwrap_or(WIDTH).min(WIDTH);
    let left = at(one.start.saturating_sub(start)).min(WIDTH - 1);
    Bar {
        name: one.span.name.clone(),
        component: one.span.component.clone(),
        depth,
        left,
        width: at(one.end.saturating_sub(start)).saturating_sub(left).max(1),
        duration_seconds: one.span.duration_seconds,
        status: one.span.status,
    }
}

#[cfg(test)]
mod tests;
