//! What of a screen is shown: rows that match, in the order that was asked for, from a place on. A page and its JSON twin choose
//! with the same words here, so that their numbers cannot differ. Knows no page and no address.

use super::{
    ask::{Filter, Listed, Part},
    model::{
        Flow, Traces,
        screens::{Cost, CostOfComponent, CostOfInstrument, Drop, Fleet, Inflow, Loop, Node, Pool, SlowTurn},
    },
};
use pointsman_core::limits::SCREEN_ROWS_MAX;
use std::cmp::Ordering;

/// What was found of the rows that a screen is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Rows that are shown.
    pub shown: usize,
    /// Rows that match.
    pub all: usize,
    /// Where the next part begins; `None` = this is the last.
    pub next: Option<usize>,
}

impl Found {
    const fn of<T>(part: &Part<T>) -> Self {
        Self { shown: part.items.len(), all: part.all, next: part.next }
    }

    /// Rows behind those that are shown.
    const fn more(self, filter: &Filter) -> usize {
        self.all.saturating_sub(filter.after).saturating_sub(self.shown)
    }
}

/// Whether a component, as `NAMESPACE/NAME`, is the one that is named in full or by its name alone.
fn is_named(component: &str, wanted: &str) -> bool {
    component == wanted || component.split_once('/').is_some_and(|(_, name)| name == wanted)
}

/// Whether one of the texts has what is sought.
fn has<'t>(filter: &Filter, texts: impl IntoIterator<Item = &'t str>) -> bool {
    let sought = filter.q.to_lowercase();
    sought.is_empty() || texts.into_iter().any(|text| text.to_lowercase().contains(&sought))
}

fn is_of(filter: &Filter, component: &str) -> bool {
    filter.component.is_empty() || is_named(component, &filter.component)
}

/// The larger first; what is not known comes last.
fn down(a: Option<f64>, b: Option<f64>) -> Ordering {
    b.unwrap_or(-1.0).total_cmp(&a.unwrap_or(-1.0))
}

impl Node {
    /// How long it has been in its state, or in its longest phase.
    fn age(&self) -> Option<f64> {
        self.phases.iter().filter_map(|phase| phase.seconds).chain(self.state_seconds).reduce(f64::max)
    }
}

impl Listed for Node {
    const STATES: &'static [&'static str] = &["attention", "updating"];
    const SORTS: &'static [&'static str] = &["attention", "name", "pool", "age"];

    fn is_of(&self, _: &str) -> bool {
        true
    }

    fn is_in(&self, state: &str) -> bool {
        if state == "attention" { self.attention } else { !self.phases.is_empty() }
    }

    fn texts(&self) -> Vec<&str> {
        let texts = self.why.iter().chain(self.phases.iter().map(|phase| &phase.name));
        texts.chain([&self.name, &self.pool, &self.state]).map(String::as_str).collect()
    }

    fn order(&self, other: &Self, sort: &str) -> Ordering {
        match sort {
            "pool" => (&self.pool, &self.name).cmp(&(&other.pool, &other.name)),
            "age" => down(self.age(), other.age()),
            _ => self.name.cmp(&other.name),
        }
    }
}

impl Listed for CostOfInstrument {
    const STATES: &'static [&'static str] = &["on", "off"];
    const SORTS: &'static [&'static str] = &["series", "points", "bytes", "name"];

    fn is_of(&self, component: &str) -> bool {
        is_named(&self.component, component)
    }

    fn is_in(&self, state: &str) -> bool {
        self.on == (state == "on")
    }

    fn texts(&self) -> Vec<&str> {
        let by = self.decided_by.iter().map(String::as_str);
        by.chain([self.name.as_str(), &self.component, &self.scope]).collect()
    }

    fn order(&self, other: &Self, sort: &str) -> Ordering {
        match sort {
            "points" => down(self.points_per_minute, other.points_per_minute),
            "bytes" => other.bytes.cmp(&self.bytes),
            _ => (&self.name, &self.component).cmp(&(&other.name, &other.component)),
        }
    }
}

impl Listed for Inflow {
    const STATES: &'static [&'static str] = &[];
    const SORTS: &'static [&'static str] = &["received", "points", "series", "name"];

    fn is_of(&self, component: &str) -> bool {
        is_named(&self.component, component)
    }

    fn is_in(&self, _: &str) -> bool {
        true
    }

    fn texts(&self) -> Vec<&str> {
        vec![&self.component]
    }

    fn order(&self, other: &Self, sort: &str) -> Ordering {
        match sort {
            "points" => down(Some(self.points_per_minute), Some(other.points_per_minute)),
            "series" => other.series.cmp(&self.series),
            _ => self.component.cmp(&other.component),
        }
    }
}

impl Listed for Loop {
    const STATES: &'static [&'static str] = &["failing"];
    const SORTS: &'static [&'static str] = &["name", "p99", "p50", "turns", "errors"];

    fn is_of(&self, component: &str) -> bool {
        is_named(&self.component, component)
    }

    fn is_in(&self, _: &str) -> bool {
        self.errors.is_some_and(|errors| errors > 0)
    }

    fn texts(&self) -> Vec<&str> {
        vec![&self.component, &self.metric, &self.of]
    }

    fn order(&self, other: &Self, sort: &str) -> Ordering {
        match sort {
            "p99" => down(self.p99_seconds, other.p99_seconds),
            "p50" => down(self.p50_seconds, other.p50_seconds),
            "turns" => other.turns.cmp(&self.turns),
            _ => other.errors.cmp(&self.errors),
        }
    }
}

/// Pools and nodes that match.
#[must_use]
pub fn fleet(all: &Fleet, filter: &Filter) -> (Fleet, Found) {
    let part = filter.apply(all.nodes.clone());
    let found = Found::of(&part);
    let matches = |pool: &&Pool| has(filter, pool.conditions.iter().chain(&pool.stalled).chain([&pool.name]).map(String::as_str));
    let mut pools: Vec<Pool> = all.pools.iter().filter(matches).cloned().collect();
    // A node that matches is of no use without its pool.
    if pools.is_empty() {
        pools.extend(all.pools.iter().filter(|pool| part.items.iter().any(|node| node.pool == pool.name)).cloned());
    }
    let pools_more = pools.len().saturating_sub(SCREEN_ROWS_MAX);
    pools.truncate(SCREEN_ROWS_MAX);
    let usual = all.usual.iter().filter(|usual| pools.iter().any(|shown| shown.name == usual.pool)).cloned().collect();
    let Fleet { known, missing, off, cut, .. } = all;
    let (missing, off, cut) = (missing.clone(), off.clone(), *cut);
    let nodes_more = found.more(filter);
    (Fleet { known: *known, missing, off, cut, pools, pools_more, nodes: part.items, nodes_more, usual }, found)
}

/// The one component that is meant, as `NAMESPACE/NAME`; `None` where none is, or several are.
#[must_use]
pub fn component<'c>(all: &'c Cost, filter: &Filter) -> Option<&'c str> {
    let mut meant = all.components.iter().map(|one| one.component.as_str()).filter(|one| is_named(one, &filter.component));
    meant.next().filter(|_| meant.next().is_none())
}

/// Components and instruments that match. Sums are of all.
#[must_use]
pub fn cost(all: &Cost, filter: &Filter) -> (Cost, Found) {
    let part = filter.apply(all.instruments.clone());
    let found = Found::of(&part);
    let is_shown = |one: &&CostOfComponent| is_of(filter, &one.component);
    let mut components: Vec<CostOfComponent> = all.components.iter().filter(is_shown).cloned().collect();
    let components_more = components.len().saturating_sub(SCREEN_ROWS_MAX);
    components.truncate(SCREEN_ROWS_MAX);
    let cost = Cost {
        series: all.series,
        series_max: all.series_max,
        bytes: all.bytes,
        points_per_minute: all.points_per_minute,
        components,
        components_more,
        instruments: part.items,
        instruments_more: found.more(filter),
        cut: all.cut,
    };
    (cost, found)
}

/// Senders and drops that match. Other numbers are of all.
#[must_use]
pub fn flow(mut all: Flow, filter: &Filter) -> (Flow, Found) {
    let part = filter.apply(std::mem::take(&mut all.inflows));
    let found = Found::of(&part);
    (all.inflows, all.inflows_more) = (part.items, found.more(filter));
    let matches = |drop: &Drop| has(filter, [drop.what, drop.stage.as_str(), &drop.reason, &drop.why]);
    all.drops.retain(|drop| matches(drop));
    all.drops_more = all.drops.len().saturating_sub(SCREEN_ROWS_MAX);
    all.drops.truncate(SCREEN_ROWS_MAX);
    (all, found)
}

/// Loops, slow turns and traces that match.
#[must_use]
pub fn traces(mut all: Traces, filter: &Filter) -> (Traces, Found) {
    let part = filter.apply(std::mem::take(&mut all.loops));
    let found = Found::of(&part);
    (all.loops, all.loops_more) = (part.items, found.more(filter));
    let is_slow =
        |one: &SlowTurn| is_of(filter, &one.component) && has(filter, [one.name.as_str(), &one.component, &one.trace_id]);
    all.slowest.retain(|one| is_slow(one));
    all.recent.retain(|trace| {
        let mut spans = trace.spans.iter();
        spans.any(|span| is_of(filter, &span.component) && has(filter, [span.name.as_str(), &span.component, &trace.trace_id]))
    });
    (all, found)
}

#[cfg(test)]
mod tests;
