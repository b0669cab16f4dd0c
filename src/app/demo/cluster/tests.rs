use super::{Cluster, Event, UNAVAILABLE_MAX};
use crate::app::demo::scenario::Scenario;
use expect_test::{Expect, expect};
use std::fmt::Write;

/// Every event but phases, of the first rollout, with the minute it came in.
fn story(cluster: &mut Cluster, tick: u64) -> String {
    let mut out = String::new();
    for n in 1.. {
        for (second, event) in cluster.step(n * tick) {
            let at = format!("{:02}:{:02}", second / 3600, second / 60 % 60);
            let text = match event {
                Event::PhaseEnded { .. } | Event::UpdateStarted { .. } => continue,
                Event::UpdateEnded { node, start, done } => {
                    format!("{} updated in {}s, {} phases", cluster.nodes[node].name, second - start, done.len())
                }
                other => format!("{other:?}"),
            };
            writeln!(out, "{at} {text}").expect("a string takes everything");
            if text.starts_with("RolloutEnded") {
                return out;
            }
        }
    }
    out
}

fn check(nodes: usize, scenario: Scenario, want: &Expect) {
    let told = story(&mut Cluster::new(nodes, scenario, 7), 1);
    want.assert_eq(&told);
    let coarse = story(&mut Cluster::new(nodes, scenario, 7), 97);
    assert!(coarse.starts_with(&told), "the size of a step changes nothing");
}

/// Scenario: three nodes, nothing goes wrong. Guarantees: all are updated, the same way for any size of step.
#[test]
fn happy_updates_every_node() {
    check(
        3,
        Scenario::Happy,
        &expect![[r#"
        00:02 RolloutStarted { from: "rendered-worker-63cbe1e4", to: "rendered-worker-044c3cd7" }
        00:07 worker-0 updated in 300s, 7 phases
        00:07 worker-2 updated in 301s, 7 phases
        00:13 worker-1 updated in 400s, 7 phases
        00:13 RolloutEnded { start: 120 }
    "#]],
    );
}

/// Scenario: one drain is blocked. Guarantees: the others finish meanwhile, tiers are told once, then it goes on.
#[test]
fn a_blocked_drain_waits_for_its_budget() {
    check(
        4,
        Scenario::DrainStuck,
        &expect![[r#"
        00:02 RolloutStarted { from: "rendered-worker-63cbe1e4", to: "rendered-worker-044c3cd7" }
        00:02 DrainBlocked { node: 3 }
        00:06 worker-0 updated in 292s, 7 phases
        00:12 DrainTier { node: 3, tier: 0 }
        00:12 worker-1 updated in 337s, 7 phases
        00:17 worker-2 updated in 279s, 7 phases
        01:02 DrainTier { node: 3, tier: 1 }
        03:17 DrainFreed { node: 3 }
        03:21 worker-3 updated in 11974s, 7 phases
        03:21 RolloutEnded { start: 120 }
    "#]],
    );
}

/// Scenario: any moment of any scenario. Guarantees: never more nodes away than may be, and the flood has an end.
#[test]
fn limits_hold_at_every_second() {
    for scenario in Scenario::ALL {
        let mut cluster = Cluster::new(12, scenario, 1);
        for second in 1..20_000 {
            drop(cluster.step(second));
            assert!(cluster.nodes.iter().filter(|n| n.update.is_some()).count() <= UNAVAILABLE_MAX);
            assert!(cluster.nodes.iter().all(|n| n.results.len() <= 610));
        }
        assert!(cluster.counts.rollouts >= 1, "{scenario}");
    }
}
