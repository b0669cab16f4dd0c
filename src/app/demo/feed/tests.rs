use super::{Feed, Speaker, Time};
use crate::app::demo::{
    heard::{Heard, ear},
    mco::{Action, Cluster, Options, Post, Trouble, truth::Outcome},
};
use pointsman_instrument::Exporter;
use std::{collections::BTreeMap, time::SystemTime};

/// Plays a script of so many seconds before the roles, which push once a minute; what they say has to be what happened.
async fn check(workers: usize, seconds: u64, script: &[(u64, Action)]) -> (Cluster, Heard) {
    let options = Options::new(workers, 7);
    let time = Time::new(options.start);
    let mut cluster = Cluster::new(options);
    script.iter().for_each(|(second, action)| cluster.plan(*second, action.clone()));
    let feed = Feed::new(&mut cluster, time.clone());
    let (transport, pushed) = ear();
    let clock = move || SystemTime::from(time.now());
    let exporter = |speaker: Speaker| Exporter::new(speaker.telemetry, transport.clone());
    let mut exporters: Vec<_> = feed.speak(7, &clock).into_iter().map(exporter).collect();
    for second in (60..=seconds).step_by(60) {
        feed.advance(&mut cluster, second);
        for exporter in &mut exporters {
            exporter.push().await.expect("nothing is in the way");
        }
    }
    let heard = Heard::of(&pushed);
    assert!(cluster.is_quiet(), "{:?}", cluster.expected().rollouts);
    agree(&cluster, &heard);
    (cluster, heard)
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Completed => "completed",
        Outcome::Failed => "failed",
        Outcome::Superseded => "superseded",
        Outcome::Aborted => "aborted",
    }
}

/// Phases, updates, drain attempts and rollouts, as histograms, counters and spans.
fn agree(cluster: &Cluster, heard: &Heard) {
    let truth = cluster.expected();
    let phases = truth.phases_completed();
    let phases: BTreeMap<_, _> =
        phases.iter().map(|((pool, phase), count)| (format!("{pool} {phase} completed"), *count)).collect();
    let keys = ["mco.pool.name", "mco.phase", "mco.result"];
    let mut said = heard.last("mco.node.update.phase.duration", &keys);
    said.retain(|key, _| key.ends_with(" completed"));
    assert_eq!(said, phases);
    let mut updates = BTreeMap::new();
    for ((pool, outcome), count) in truth.updates_ended() {
        updates.insert(format!("{pool} {}", word(outcome)), count);
    }
    assert_eq!(heard.last("mco.node.update.count", &["mco.pool.name", "mco.result"]), updates);
    let mut retries: BTreeMap<String, u64> = BTreeMap::new();
    for update in truth.updates.iter().filter(|update| update.drain_retries > 0) {
        *retries.entry(update.pool.clone()).or_default() += update.drain_retries;
    }
    assert_eq!(heard.last("mco.node.drain.retries", &["mco.pool.name"]), retries);
    let mut rollouts: BTreeMap<String, u64> = BTreeMap::new();
    for rollout in &truth.rollouts {
        *rollouts.entry(format!("{} {}", rollout.pool, rollout.outcome.map_or("open", word))).or_default() += 1;
    }
    assert_eq!(heard.last("mco.pool.update.count", &["mco.pool.name", "mco.result"]), rollouts);
    let count =
        |name: &str| heard.spans.iter().filter(|span| span.name == name || span.name.starts_with(&format!("{name} "))).count();
    assert_eq!((count("rollout pool"), count("update node")), (truth.rollouts.len(), truth.updates.len()));
}

fn pool() -> String {
    "worker".to_owned()
}

fn node(number: usize) -> String {
    format!("worker-{number}")
}

/// Scenario: a rollout of 12 nodes, one of which is held up for 50 minutes. Guarantees: what the watchers say is what really
/// happened: as many phases of each kind, updates, drain attempts; a span for each update, one trace.
#[tokio::test]
async fn a_rollout_of_twelve_nodes_is_told_as_it_was() {
    let script = [(5, Action::Break(node(1), Trouble::Drain)), (10, Action::NewTarget(pool())), (3000, Action::Mend(node(1)))];
    let (_, heard) = check(12, 2 * 3600, &script).await;
    let phases = heard.spans.iter().filter(|span| span.name.starts_with("phase ")).count();
    assert_eq!(phases, 12 * 9);
}

/// Scenario: a pool is paused in mid-rollout and resumed. Guarantees: one rollout.
#[tokio::test]
async fn a_paused_rollout_is_one_rollout() {
    let script = [(10, Action::NewTarget(pool())), (100, Action::Pause(pool())), (1800, Action::Resume(pool()))];
    check(4, 2 * 3600, &script).await;
}

/// Scenario: an OS that cannot be written twice, and a reboot command that fails. Guarantees: each update ends once, completed.
#[tokio::test]
async fn failures_that_heal_end_well() {
    let script = [
        (5, Action::Break(node(0), Trouble::Apply(2))),
        (5, Action::Break(node(1), Trouble::SlowBoot(1200))),
        (10, Action::NewTarget(pool())),
    ];
    check(3, 2 * 3600, &script).await;
}

/// Scenario: a node is deleted in mid-update, another target comes in mid-rollout. Guarantees: aborted and superseded, each as
/// often as it was.
#[tokio::test]
async fn what_ends_early_is_told_as_it_ended() {
    let script = [
        (10, Action::NewTarget(pool())),
        (80, Action::DeleteNode(node(0))),
        (400, Action::NewTarget(pool())),
        (430, Action::Retarget(node(3))),
    ];
    check(4, 2 * 3600, &script).await;
}

/// Scenario: nothing is updated, but daemons restart, files drift, images are pinned, nodes crash. Guarantees: no update, no
/// rollout, no phase.
#[tokio::test]
async fn no_update_is_made_up() {
    let script = [
        (100, Action::RestartDaemon(node(0))),
        (200, Action::Drift(node(1))),
        (400, Action::Mend(node(1))),
        (500, Action::Crash(node(2))),
        (900, Action::Cordon(node(0), true)),
        (1200, Action::Cordon(node(0), false)),
    ];
    let (_, heard) = check(3, 1800, &script).await;
    assert!(heard.spans.is_empty());
}

/// Scenario: a config that only reloads a service; a node joins behind. Guarantees: no drain; a rollout by membership.
#[tokio::test]
async fn updates_without_a_reboot_and_newcomers_count() {
    let script = [
        (10, Action::NewTargetBy(pool(), Post::Reload)),
        (1800, Action::Join { node: "late".to_owned(), pool: pool(), is_behind: true }),
    ];
    check(3, 3600, &script).await;
}
