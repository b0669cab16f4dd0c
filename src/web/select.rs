//! What of a screen is shown: rows that match, in the order that was asked for, from a place on, so many at most. A page and its
//! JSON twin choose with the same words here, so that their numbers cannot differ. Knows no page and no address.

use super::model::{
    Flow, Traces,
    screens::{Cost, CostOfComponent, CostOfInstrument, Drop, Fleet, Inflow, Loop, Node, Pool, SlowTurn},
};
use pointsman_core::limits::SCREEN_ROWS_MAX;
use std::cmp::Reverse;

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Rows in which this stands, in whatever case; empty = all.
    pub q: String,
    /// Rows of this component only, as `NAMESPACE/NAME`.
    pub component: Option<String>,
    /// The order, of those that a screen has; empty = its own.
    pub sort: String,
    /// How many rows are skipped.
    pub after: usize,
}

/// Orders of the nodes of `/fleet`; the first is its own.
pub const FLEET_SORTS: [&str; 4] = ["attention", "name", "pool", "age"];
/// Orders of the instruments of `/cost`.
pub const COST_SORTS: [&str; 4] = ["series", "points", "bytes", "name"];
/// Orders of the senders of `/flow`.
pub const FLOW_SORTS: [&str; 4] = ["received", "points", "series", "name"];
/// Orders of the loops of `/traces`.
pub const TRACES_SORTS: [&str; 5] = ["name", "p99", "p50", "turns", "errors"];

impl Selection {
    /// Whether one of the texts of a row has what is sought.
    fn has<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> bool {
        let sought = self.q.to_lowercase();
        sought.is_empty() || texts.into_iter().any(|text| text.to_lowercase().contains(&sought))
    }

    fn is_of(&self, component: &str) -> bool {
        self.component.as_deref().is_none_or(|wanted| wanted == component)
    }

    /// The rows from the place on that was asked for, and how many follow.
    fn page<T>(&self, rows: Vec<T>) -> (Vec<T>, usize) {
        let more = rows.len().saturating_sub(self.after.saturating_add(SCREEN_ROWS_MAX));
        (rows.into_iter().skip(self.after).take(SCREEN_ROWS_MAX).collect(), more)
    }
}

/// Seconds as a key of an order: whole numbers have one, and nothing comes before 0.
fn key(number: Option<f64>) -> u64 {
    number.filter(|number| *number >= 0.0).map_or(0, |number| (number + 1.0).to_bits())
}

/// Pools and nodes that match.
#[must_use]
pub fn fleet(all: &Fleet, asked: &Selection) -> Fleet {
    let matches_pool =
        |pool: &&Pool| asked.has(pool.conditions.iter().chain(&pool.stalled).chain([&pool.name]).map(String::as_str));
    let matches = |node: &&Node| {
        let texts = node.why.iter().chain(node.phases.iter().map(|phase| &phase.name));
        asked.has(texts.chain([&node.name, &node.pool, &node.state]).map(String::as_str))
    };
    let mut nodes: Vec<Node> = all.nodes.iter().filter(matches).cloned().collect();
    let age = |node: &Node| node.phases.iter().filter_map(|phase| phase.seconds).chain(node.state_seconds).reduce(f64::max);
    match asked.sort.as_str() {
        "name" => nodes.sort_by(|a, b| a.name.cmp(&b.name)),
        "pool" => nodes.sort_by(|a, b| (&a.pool, &a.name).cmp(&(&b.pool, &b.name))),
        "age" => nodes.sort_by_cached_key(|node| Reverse(key(age(node)))),
        _ => {}
    }
    let (nodes, nodes_more) = asked.page(nodes);
    let mut pools: Vec<Pool> = all.pools.iter().filter(matches_pool).cloned().collect();
    // A node that matches is of no use without its pool.
    if pools.is_empty() {
        pools.extend(all.pools.iter().filter(|pool| nodes.iter().any(|node| node.pool == pool.name)).cloned());
    }
    let shown = |pool: &str| pools.iter().take(SCREEN_ROWS_MAX).any(|shown| shown.name == pool);
    let usual = all.usual.iter().filter(|usual| shown(&usual.pool)).cloned().collect();
    let pools_more = pools.len().saturating_sub(SCREEN_ROWS_MAX);
    pools.truncate(SCREEN_ROWS_MAX);
    let Fleet { known, missing, off, cut, .. } = all;
    Fleet { known: *known, missing: missing.clone(), off: off.clone(), cut: *cut, pools, pools_more, nodes, nodes_more, usual }
}

/// Components and instruments that match. Sums are of all.
#[must_use]
pub fn cost(all: &Cost, asked: &Selection) -> Cost {
    let matches = |one: &&CostOfInstrument| {
        let by = one.decided_by.iter().map(String::as_str);
        asked.is_of(&one.component) && asked.has(by.chain([one.name.as_str(), &one.component, &one.scope]))
    };
    let mut instruments: Vec<&CostOfInstrument> = all.instruments.iter().filter(matches).collect();
    match asked.sort.as_str() {
        "points" => instruments.sort_by_cached_key(|one| Reverse(key(one.points_per_minute))),
        "bytes" => instruments.sort_by_key(|one| Reverse(one.bytes)),
        "name" => instruments.sort_by(|a, b| (&a.name, &a.component).cmp(&(&b.name, &b.component))),
        _ => {}
    }
    let (instruments, instruments_more) = asked.page(instruments);
    let is_shown = |one: &&CostOfComponent| asked.is_of(&one.component);
    let mut components: Vec<CostOfComponent> = all.components.iter().filter(is_shown).cloned().collect();
    let components_more = components.len().saturating_sub(SCREEN_ROWS_MAX);
    components.truncate(SCREEN_ROWS_MAX);
    let instruments = instruments.into_iter().cloned().collect();
    Cost {
        series: all.series,
        series_max: all.series_max,
        bytes: all.bytes,
        points_per_minute: all.points_per_minute,
        components,
        components_more,
        instruments,
        instruments_more,
        cut: all.cut,
    }
}

/// Senders and drops that match. Other numbers are of all.
#[must_use]
pub fn flow(mut all: Flow, asked: &Selection) -> Flow {
    let mut inflows: Vec<Inflow> = std::mem::take(&mut all.inflows);
    inflows.retain(|inflow| asked.is_of(&inflow.component) && asked.has([inflow.component.as_str()]));
    match asked.sort.as_str() {
        "points" => inflows.sort_by_cached_key(|one| Reverse(key(Some(one.points_per_minute)))),
        "series" => inflows.sort_by_key(|one| Reverse(one.series)),
        "name" => inflows.sort_by(|a, b| a.component.cmp(&b.component)),
        _ => {}
    }
    (all.inflows, all.inflows_more) = asked.page(inflows);
    let matches = |drop: &Drop| asked.has([drop.what, drop.stage.as_str(), &drop.reason, &drop.why]);
    all.drops.retain(|drop| matches(drop));
    all.drops_more = all.drops.len().saturating_sub(SCREEN_ROWS_MAX);
    all.drops.truncate(SCREEN_ROWS_MAX);
    all
}

/// Loops, slow turns and traces that match.
#[must_use]
pub fn traces(mut all: Traces, asked: &Selection) -> Traces {
    let mut loops: Vec<Loop> = std::mem::take(&mut all.loops);
    loops.retain(|one| asked.is_of(&one.component) && asked.has([one.component.as_str(), &one.metric, &one.of]));
    match asked.sort.as_str() {
        "p99" => loops.sort_by_cached_key(|one| Reverse(key(one.p99_seconds))),
        "p50" => loops.sort_by_cached_key(|one| Reverse(key(one.p50_seconds))),
        "turns" => loops.sort_by_key(|one| Reverse(one.turns)),
        "errors" => loops.sort_by_key(|one| Reverse(one.errors)),
        _ => {}
    }
    (all.loops, all.loops_more) = asked.page(loops);
    let is_slow = |one: &SlowTurn| asked.is_of(&one.component) && asked.has([one.name.as_str(), &one.component, &one.trace_id]);
    all.slowest.retain(|one| is_slow(one));
    all.recent.retain(|trace| {
        let mut spans = trace.spans.iter();
        spans.any(|span| asked.is_of(&span.component) && asked.has([span.name.as_str(), &span.component, &trace.trace_id]))
    });
    all
}

#[cfg(test)]
mod tests;
