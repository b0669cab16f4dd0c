//! Rollouts that a script plays on a real API server, seen by the real watchers, and read back: spans from a real Jaeger, metrics
//! from a scrape. What really happened is the script's to say.

use super::{
    peers::settles,
    stage::{Stage, counts, past, today},
    tree::Trace,
    watchers::Watcher,
};
use crate::support::wait;
use expect_test::expect_file;
use jiff::{SignedDuration, Timestamp};
use pointsman::app::demo::mco::{
    Action, Cluster, Options, PoolOptions, Trouble,
    truth::{NodeUpdate, Outcome, Truth},
};
use std::collections::{BTreeMap, BTreeSet};

const POOL: &str = "worker";
/// How long it takes at most to play a node and a half.
const REHEARSED: SignedDuration = SignedDuration::from_secs(40);

fn worker(number: usize) -> String {
    format!("worker-{number}")
}

/// A cluster with so many workers, of which so many may be away.
fn cluster(workers: usize, away: &str, start: Timestamp) -> Cluster {
    let pools = vec![PoolOptions::new("master", 1), PoolOptions::new(POOL, workers).max_unavailable(away)];
    Cluster::new(Options { start, pools, ..Options::new(workers, 7) })
}

/// The watchers, each ready.
fn watchers(stage: &Stage, roles: &[&str]) -> Vec<Watcher> {
    roles.iter().map(|role| stage.watcher(role)).collect()
}

/// The causes for which a pool stands still.
fn stalled(stage: &Stage) -> Vec<String> {
    let all = counts(&stage.server.scrape(), "mco_pool_stalled", ["mco_pool_name", "mco_stall_reason"]);
    all.into_iter().filter(|(of, value)| *value == 1 && of[0] == POOL).map(|(of, _)| of[1].clone()).collect()
}

/// How many spans of phases there are, by phase and result.
fn phases_of(trace: &Trace) -> BTreeMap<Vec<String>, u64> {
    let mut counts = BTreeMap::new();
    for span in trace.spans.iter().filter(|span| span.name.starts_with("phase ")) {
        *counts.entry(vec![span.tag("mco.phase").to_owned(), span.tag("mco.result").to_owned()]).or_default() += 1;
    }
    counts
}

/// The same as the script has it: phases that came to their end. One that holds others is one over all attempts.
fn phases_in(truth: &Truth) -> BTreeMap<Vec<String>, u64> {
    let mut counts = BTreeMap::new();
    for update in truth.updates.iter().filter(|update| update.pool == POOL) {
        let mut parents = BTreeSet::new();
        for phase in update.phases.iter().filter(|phase| phase.end.is_some()) {
            let is_parent = matches!(phase.name, "UpdateExecuted" | "UpdateComplete");
            if !is_parent || parents.insert(phase.name) {
                *counts.entry(vec![phase.name.to_owned(), "completed".to_owned()]).or_default() += 1;
            }
        }
    }
    counts
}

fn updates_in(truth: &Truth) -> BTreeMap<Vec<String>, u64> {
    let word = |outcome| match outcome {
        Outcome::Completed => "completed",
        Outcome::Failed => "failed",
        Outcome::Superseded => "superseded",
        Outcome::Aborted => "aborted",
    };
    let all = truth.updates_ended().into_iter().filter(|((pool, _), _)| pool == POOL);
    all.map(|((_, outcome), n)| (vec![word(outcome).to_owned()], n)).collect()
}

/// What a scrape has of one pool, without what never happened.
fn of_pool<const N: usize>(stage: &Stage, family: &str, labels: [&str; N]) -> BTreeMap<Vec<String>, u64> {
    let begins = format!("{family}{{");
    let text = stage.server.scrape();
    let lines = text.lines().filter(|line| line.starts_with(&begins) && line.contains(&format!("mco_pool_name=\"{POOL}\"")));
    let lines: String = lines.map(|line| format!("{line}\n")).collect();
    let mut all = counts(&lines, family, labels);
    all.retain(|_, value| *value > 0);
    all
}

/// Holds a trace against the tree of `tests/data/rollouts` that is called so.
fn check(trace: &Trace, tree: &str) {
    expect_file![format!("{}/tests/data/rollouts/{tree}.txt", env!("CARGO_MANIFEST_DIR"))].assert_eq(&trace.text());
}

/// Scenario: twelve workers, two at a time. Two drains are held up by a budget for most of an hour; the operator's watcher comes
/// only then. One node's OS cannot be written at first, another's reboot cannot be started.
/// Guarantees: the pool stands still for its drains, and then no more; one trace tells all of it; times and counts of phases are
/// as many as their spans, and as what really happened.
#[test]
#[ignore = "needs kube-apiserver, kubectl, etcd and Jaeger: run bash tests/run.sh"]
fn twelve_nodes_are_one_trace() {
    let script = || {
        cluster(12, "2", past())
            .at(5, Action::Break(worker(0), Trouble::Drain))
            .at(5, Action::Break(worker(1), Trouble::Drain))
            .at(5, Action::Break(worker(4), Trouble::Apply(1)))
            .at(5, Action::Break(worker(7), Trouble::RebootCommand(1)))
            .at(10, Action::NewTarget(POOL.to_owned()))
            .at(3_300, Action::Mend(worker(0)))
            .at(3_300, Action::Mend(worker(1)))
    };
    let mut stage = Stage::new(script);
    stage.play_to(0);
    let _first = watchers(&stage, &["daemon", "controller"]);
    stage.play_to(3_200);
    let _operator = stage.watcher("operator");
    wait("the pool to stand still", || (stalled(&stage) == ["drain"]).then_some(()));
    stage.play_out();
    wait("the pool to move on", || stalled(&stage).is_empty().then_some(()));

    let traces = stage.rollouts(1);
    let phases = ["mco_phase", "mco_result"];
    let count = || of_pool(&stage, "mco_node_update_phase_duration_seconds_count", phases);
    wait("every phase", || (count() == phases_of(&traces[0])).then_some(()));
    let mut completed = count();
    completed.retain(|of, _| of[1] == "completed");
    assert_eq!(completed, phases_in(stage.truth()));
    assert_eq!(of_pool(&stage, "mco_node_update_count_total", ["mco_result"]), updates_in(stage.truth()));
    assert_eq!(
        of_pool(&stage, "mco_pool_update_count_total", ["mco_result"]),
        BTreeMap::from([(vec!["completed".to_owned()], 1)])
    );
    let retries = stage.truth().updates.iter().map(|update| update.drain_retries).sum();
    assert_eq!(of_pool(&stage, "mco_node_drain_retries_total", []), BTreeMap::from([(vec![], retries)]));
    let reboots = BTreeMap::from([(vec!["update".to_owned()], stage.truth().reboots[&(POOL.to_owned(), true)])]);
    assert_eq!(of_pool(&stage, "mco_node_reboot_count_total", ["mco_reboot_cause"]), reboots);
    let root = traces[0].root().expect("the rollout is over");
    assert_eq!(root.tag("mco.rollout.target"), stage.truth().rollouts[0].target);
    check(&traces[0], "twelve-nodes");
}

/// Whether a phase is the last that an update has come to, and is under way.
fn is_at(update: &NodeUpdate, phase: &str) -> bool {
    update.phases.last().is_some_and(|last| last.name == phase && last.end.is_none())
}

/// Scenario: four workers, one at a time; the daemon's watcher is killed while the second is written, and comes back while it
/// reboots. Guarantees: one trace with every node; what was under way is marked, what was over meanwhile is told of as not
/// seen; nothing is there twice.
#[test]
#[ignore = "needs kube-apiserver, kubectl, etcd and Jaeger: run bash tests/run.sh"]
fn a_watcher_that_is_killed_leaves_one_gap() {
    let script = |start| cluster(4, "1", start).at(10, Action::NewTarget(POOL.to_owned()));
    let second_is = |phase| move |truth: &Truth| truth.updates.get(1).is_some_and(|update| is_at(update, phase));
    // What conditions tell of the time when nobody watched has to fit what was seen before: so that part is played in time.
    let mut rehearsal = script(Timestamp::UNIX_EPOCH);
    while !second_is("RebootedNode")(rehearsal.expected()) {
        rehearsal.advance_to(rehearsal.now() + 1);
    }
    let reboot = rehearsal.now();
    let mut stage =
        Stage::new(|| script(today() + REHEARSED - SignedDuration::from_secs(i64::try_from(reboot).expect("it is soon"))));
    stage.play_to(0);
    let daemon = stage.watcher("daemon");
    stage.play_until("the second node's files", second_is("AppliedFilesAndOS"));
    let phases = |update: &NodeUpdate| update.phases.iter().filter(|phase| phase.end.is_some()).count();
    // The first node's phases, and those of the second that hold no other; and the first node's update.
    let over: usize = stage.truth().updates.iter().map(phases).sum::<usize>() + 1;
    let sent = |stage: &Stage| stage.traces().first().map_or(0, |trace| trace.spans.len());
    wait("what is over", || (sent(&stage) == over).then_some(()));
    let before = stage.traces().remove(0);
    let events = stage.events("daemon");
    assert!(stage.wait_for(reboot - 3), "the script took too long to be played");
    drop(daemon);
    stage.play_until("the second node's reboot", second_is("RebootedNode"));
    stage.wait_for(reboot);
    let daemon = stage.watcher("daemon");
    assert!(settles(|| stage.events("daemon") < events), "it does not speak again: {}", stage.server.scrape());
    stage.play_out();

    let traces = stage.rollouts(1);
    assert_eq!(traces[0].id, before.id);
    for span in &before.spans {
        let after = traces[0].spans.iter().find(|after| after.id == span.id).expect("what was sent is still there");
        assert_eq!((&after.name, after.start, after.end), (&span.name, span.start, span.end));
    }
    check(&traces[0], "watcher-killed");
    daemon.end();
}

/// Scenario: five workers, one at a time. A second target comes while the first node is written, which is then pointed at it; the
/// pool is paused and goes on; a node is deleted while it drains. In the end a target waits for a paused pool for an hour.
/// Guarantees: two traces, the second linked to the first; the first node's update ends as superseded and goes on in the second
/// trace; the pause is told, and is no end; the deleted node's spans end at once. A paused pool stands still, but is no rollout.
#[test]
#[ignore = "needs kube-apiserver, kubectl, etcd and Jaeger: run bash tests/run.sh"]
fn targets_pauses_and_deletions_leave_their_marks() {
    let mut stage = Stage::new(|| cluster(5, "1", past()).at(10, Action::NewTarget(POOL.to_owned())));
    stage.play_to(0);
    let watchers = watchers(&stage, &["daemon"]);
    stage.play_until("the first node's files", |truth| {
        truth.updates.first().is_some_and(|update| is_at(update, "AppliedFilesAndOS"))
    });
    stage.act(Action::NewTarget(POOL.to_owned()));
    stage.play_until("another target", |truth| truth.rollouts.len() == 2);
    stage.act(Action::Retarget(worker(0)));
    stage.play_until("the second node", |truth| truth.updates.iter().any(|update| update.node == worker(1)));
    stage.act(Action::Pause(POOL.to_owned()));
    stage.play_until("its end", |truth| {
        truth.updates.iter().any(|update| update.node == worker(1) && update.outcome == Some(Outcome::Completed))
    });
    stage.act(Action::Resume(POOL.to_owned()));
    stage.play_until("a drain", |truth| {
        truth.updates.last().is_some_and(|update| update.node == worker(2) && is_at(update, "Drained"))
    });
    stage.act(Action::DeleteNode(worker(2)));
    stage.play_out();
    stage.act(Action::Pause(POOL.to_owned()));
    stage.act(Action::NewTarget(POOL.to_owned()));
    stage.play_to(stage.second() + 3_600);
    let _operator = stage.watcher("operator");
    wait("the pool to stand still", || (stalled(&stage) == ["paused"]).then_some(()));

    let traces = stage.rollouts(2);
    check(&traces[0], "superseded");
    check(&traces[1], "paused-and-deleted");
    let roots: Vec<_> = traces.iter().map(|trace| trace.root().expect("both are over")).collect();
    assert_eq!(roots[1].links, [(traces[0].id.clone(), roots[0].id.clone())]);
    assert_eq!(of_pool(&stage, "mco_node_update_count_total", ["mco_result"]), updates_in(stage.truth()));
    watchers.into_iter().for_each(Watcher::end);
}
