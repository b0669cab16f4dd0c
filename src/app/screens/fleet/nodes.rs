//! Nodes: their state, the phases they are in, and what stands in their way, in the order in which somebody should look.
//! Knows the metrics of nodes; no pool as a whole.

use super::readings::Readings;
use crate::web::model::screens::{Node, Phase};
use pointsman_instrument::semconv::{
    attribute::{McoCordonOwner, McoNodeState, McoPhase},
    mco,
};
use std::{cmp::Reverse, collections::BTreeMap};

/// Seconds below which no phase is too long, whatever is usual.
const PATIENCE: f64 = 60.0;
/// A phase is too long beyond so many times the usual.
const TIMES_USUAL: f64 = 3.0;

type Nodes<'r> = BTreeMap<&'r str, (u64, Node)>;

/// Every node that has a state, or is in a phase.
pub(super) fn list(readings: &Readings) -> Vec<Node> {
    let mut nodes = states(readings);
    phases(readings, &mut nodes);
    whys(readings, &mut nodes);
    let mut nodes: Vec<Node> = nodes.into_values().map(|(_, node)| node).collect();
    for node in &mut nodes {
        let failed = [McoNodeState::Degraded, McoNodeState::Unreconcilable].iter().any(|state| state.as_str() == node.state);
        node.attention = failed || !node.why.is_empty() || node.phases.iter().any(is_too_long);
        node.phases.sort_by_key(|phase| (place(&phase.name), phase.name.clone()));
    }
    let is_idle = |node: &Node| node.phases.is_empty() && node.state == McoNodeState::Done.as_str();
    nodes.sort_by_cached_key(|node| (Reverse(node.attention), is_idle(node), node.pool.clone(), node.name.clone()));
    nodes
}

/// Of several states that are said to hold the latest counts: a watcher that left may have said another.
fn states(readings: &Readings) -> Nodes<'_> {
    let mut nodes = Nodes::new();
    for (name, pool, state, time, _) in readings.each::<mco::NodeState>().filter(|(.., value)| *value > 0.0) {
        let (latest, node) = entry(&mut nodes, name, pool);
        if time >= *latest {
            (*latest, node.pool, node.state) = (time, pool.to_owned(), state.to_owned());
        }
    }
    for (name, _, _, _, age) in readings.each::<mco::NodeStateAge>() {
        if let Some((_, node)) = nodes.get_mut(name) {
            node.state_seconds = Some(age);
        }
    }
    nodes
}

fn entry<'n, 'r>(nodes: &'n mut Nodes<'r>, name: &'r str, pool: &str) -> &'n mut (u64, Node) {
    nodes.entry(name).or_insert_with(|| {
        let (name, pool) = (name.to_owned(), pool.to_owned());
        (0, Node { name, pool, ..Node::default() })
    })
}

fn phases<'r>(readings: &'r Readings, nodes: &mut Nodes<'r>) {
    let ages: BTreeMap<(&str, &str), f64> =
        readings.each::<mco::NodeUpdatePhaseAge>().map(|(node, _, phase, _, age)| ((node, phase), age)).collect();
    let running = readings.each::<mco::NodeUpdatePhase>().filter(|(.., value)| *value > 0.0);
    // With the phases off their ages may still be on: a phase that has an age is one that goes on.
    let aged = readings.each::<mco::NodeUpdatePhaseAge>();
    for (name, pool, phase, ..) in running.chain(aged) {
        let (_, node) = entry(nodes, name, pool);
        if node.phases.iter().all(|known| known.name != phase) {
            let usual_seconds = readings.usual(&node.pool, phase);
            node.phases.push(Phase { name: phase.to_owned(), seconds: ages.get(&(name, phase)).copied(), usual_seconds });
        }
    }
}

fn whys(readings: &Readings, nodes: &mut Nodes<'_>) {
    let mut note = |name: &str, why: String| {
        if let Some((_, node)) = nodes.get_mut(name) {
            node.why.push(why);
        }
    };
    for (name, _, class, ..) in readings.each::<mco::NodeDegraded>().filter(|(.., value)| *value > 0.0) {
        note(name, format!("degraded: {class}"));
    }
    for (name, _, tier, ..) in readings.each::<mco::NodeDrainFailed>().filter(|(.., value)| *value > 0.0) {
        note(name, format!("drain: {tier} passed"));
    }
    for (name, _, owner, ..) in readings.each::<mco::NodeCordoned>().filter(|(.., value)| *value > 0.0) {
        if owner == McoCordonOwner::External.as_str() {
            note(name, "cordoned by somebody else".to_owned());
        }
    }
    for (name, ..) in readings.each::<mco::NodeConfigDrift>().filter(|(.., value)| *value > 0.0) {
        note(name, "a file differs from its config".to_owned());
    }
}

fn is_too_long(phase: &Phase) -> bool {
    let limit = phase.usual_seconds.map(|usual| (usual * TIMES_USUAL).max(PATIENCE));
    phase.seconds.zip(limit).is_some_and(|(seconds, limit)| seconds > limit)
}

/// Where a phase stands in an update; one that is not known comes last.
pub(super) fn place(phase: &str) -> usize {
    McoPhase::ALL.iter().position(|known| known.as_str() == phase).unwrap_or(usize::MAX)
}
