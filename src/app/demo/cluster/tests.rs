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
    check(3, Scenario::Happy, &expect![""]);
}

/// Scenario: one drain is blocked. Guarantees: the others finish meanwhile, tiers are told once, then it goes on.
#[test]
fn a_blocked_drain_waits_for_its_budget() {
    check(4, Scenario::DrainStuck, &expect![""]);
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
