mod pools;

use super::{Action, Cluster, Options, Post, Trouble, Verb, Write};
use expect_test::{Expect, expect, expect_file};
use pointsman_watch::Kind;
use serde_json::Value;
use std::{collections::BTreeMap, fmt::Write as _};

const WORKER: &str = "worker-0";

fn worker() -> String {
    WORKER.to_owned()
}

fn pool() -> String {
    "worker".to_owned()
}

/// A cluster of so many workers, with this script, whose first writes were taken.
fn cluster(workers: usize, script: &[(u64, Action)]) -> Cluster {
    play(&Options::new(workers, 7), script)
}

fn play(options: &Options, script: &[(u64, Action)]) -> Cluster {
    let mut cluster = Cluster::new(options.clone());
    for (second, action) in script {
        cluster.plan(*second, action.clone());
    }
    drop(cluster.advance_to(0));
    cluster
}

/// Every leaf of an object but what every write moves.
fn leaves(value: &Value, path: &str, out: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries.iter().filter(|(key, _)| *key != "resourceVersion") {
                let key = key.rsplit('/').next().unwrap_or_default();
                leaves(value, &format!("{path}.{key}"), out);
            }
        }
        Value::Array(list) => {
            for (at, value) in list.iter().enumerate() {
                let name = value["type"].as_str().map_or_else(|| at.to_string(), str::to_owned);
                leaves(value, &format!("{path}.{name}"), out);
            }
        }
        leaf => {
            out.insert(path.trim_start_matches('.').to_owned(), leaf.to_string());
        }
    }
}

/// What each write to some objects changed: `+` and `=` what is there now, `-` what went.
fn transcript(writes: &[Write], kinds: &[(Kind, &str)], first: &Cluster) -> String {
    let mut known: BTreeMap<(Kind, &str), BTreeMap<String, String>> = BTreeMap::new();
    for (kind, name, object) in first.objects() {
        leaves(object, "", known.entry((kind, name)).or_default());
    }
    let mut out = String::new();
    for write in writes.iter().filter(|write| kinds.contains(&(write.kind, &write.name))) {
        let old = known.remove(&(write.kind, write.name.as_str())).unwrap_or_default();
        let mut new = BTreeMap::new();
        let Verb::Put(object) = &write.verb else {
            writeln!(out, "{:<4} {:?} is gone", write.at, write.kind).expect("a text grows");
            continue;
        };
        leaves(object, "", &mut new);
        writeln!(out, "{:<4} {:?}", write.at, write.kind).expect("a text grows");
        for (path, value) in new.iter().filter(|(path, value)| old.get(*path) != Some(value)) {
            writeln!(out, "       {path} = {value}").expect("a text grows");
        }
        for path in old.keys().filter(|path| !new.contains_key(*path)) {
            writeln!(out, "       {path} is gone").expect("a text grows");
        }
        known.insert((write.kind, write.name.as_str()), new);
    }
    out
}

/// The conditions of a MachineConfigNode as they move, a line a write: `+` a time that moved without its status.
fn phases(writes: &[Write], node: &str, first: &Cluster) -> String {
    let conditions = |object: &Value| -> BTreeMap<String, (String, String)> {
        let list = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let text = |condition: &Value, field: &str| condition[field].as_str().unwrap_or_default().to_owned();
        let entry = |c: &Value| (text(c, "type"), (text(c, "status"), text(c, "lastTransitionTime")));
        list.iter().map(entry).collect()
    };
    let object = first.objects().find(|(kind, name, _)| *kind == Kind::MachineConfigNode && *name == node);
    let mut known = object.map(|(.., object)| conditions(object)).unwrap_or_default();
    let mut out = String::new();
    for write in writes.iter().filter(|write| write.kind == Kind::MachineConfigNode && write.name == node) {
        let Verb::Put(object) = &write.verb else { continue };
        let new = conditions(object);
        let moves: Vec<String> = new
            .iter()
            .filter(|(name, now)| known.get(*name) != Some(now))
            .map(|(name, (status, _))| match known.get(name) {
                Some((before, _)) if before == status => format!("{name} {}+", letter(status)),
                before => format!("{name} {}{}", before.map_or("", |(before, _)| letter(before)), letter(status)),
            })
            .collect();
        if !moves.is_empty() {
            writeln!(out, "{:<5} {}", write.at, moves.join(", ")).expect("a text grows");
        }
        known = new;
    }
    out
}

fn letter(status: &str) -> &str {
    status.get(..1).unwrap_or_default()
}

/// The phases of worker-0, and how it ended.
fn check(script: &[(u64, Action)], want: &Expect) {
    check_in(&Options::new(1, 7), script, want);
}

fn check_in(options: &Options, script: &[(u64, Action)], want: &Expect) {
    let (before, mut after) = (play(options, script), play(options, script));
    let writes = after.advance_to(2 * 3600);
    let mut told = phases(&writes, WORKER, &before);
    for update in after.expected().updates.iter().filter(|update| update.node == WORKER) {
        let (start, end) = (update.start, update.end);
        writeln!(
            told,
            "update from {start} to {end:?}: {:?}, {} retries, {} errors",
            update.outcome, update.drain_retries, update.errors
        )
        .expect("a text grows");
    }
    want.assert_eq(&told);
}

/// Scenario: one node is updated. Guarantees: these fields change, in this order, in these seconds.
#[test]
fn one_update_writes_what_daemon_and_controllers_write() {
    let script = [(10, Action::NewTarget(pool()))];
    let before = cluster(1, &script);
    let writes = cluster(1, &script).advance_to(900);
    let kinds = [(Kind::Node, WORKER), (Kind::MachineConfigPool, "worker")];
    expect_file!["tests/update.txt"].assert_eq(&transcript(&writes, &kinds, &before));
}

/// Scenario: the same, as its MachineConfigNode shows it. Guarantees: each phase takes the path that the real one takes; what
/// is said again moves its time; the last write takes everything back.
#[test]
fn phases_move_as_they_really_do() {
    check(
        &[(10, Action::NewTarget(pool()))],
        &expect![[r#"
            22    UpdatePrepared FT, Updated TF
            30    Cordoned FT, UpdateExecuted FU
            31    Drained FU, UpdateExecuted U+
            85    Drained UT, UpdateExecuted U+
            87    AppliedFilesAndOS FU, UpdateExecuted U+
            177   AppliedFilesAndOS UT, UpdateExecuted UT
            178   RebootedNode FU
            356   RebootedNode UT
            358   Resumed FT
            362   Uncordoned FT, UpdateComplete FT
            365   Resumed T+
            366   AppliedFilesAndOS TF, Cordoned TF, Drained TF, RebootedNode TF, Resumed TF, Uncordoned TF, UpdateComplete TF, UpdateExecuted TF, UpdatePostActionComplete F+, UpdatePrepared TF, Updated FT
            update from 20 to Some(366): Some(Completed), 0 retries, 0 errors
        "#]],
    );
}

/// Scenario: configs that need no reboot. Guarantees: nothing is drained; only a reload or nothing has a phase of its own.
#[test]
fn configs_without_a_reboot_skip_phases() {
    check(
        &[(10, Action::NewTargetBy(pool(), Post::Reload))],
        &expect![[r#"
            22    UpdatePrepared FT, Updated TF
            24    AppliedFilesAndOS FU, UpdateExecuted FU
            97    AppliedFilesAndOS UT, UpdateExecuted UT
            97    UpdatePostActionComplete FT
            100   Resumed FT
            105   Uncordoned FT, UpdateComplete FT
            106   Resumed T+
            108   AppliedFilesAndOS TF, Cordoned F+, Drained F+, RebootedNode F+, Resumed TF, Uncordoned TF, UpdateComplete TF, UpdateExecuted TF, UpdatePostActionComplete TF, UpdatePrepared TF, Updated FT
            update from 20 to Some(108): Some(Completed), 0 retries, 0 errors
        "#]],
    );
    check(
        &[(10, Action::NewTargetBy(pool(), Post::Restart))],
        &expect![[r#"
            22    UpdatePrepared FT, Updated TF
            24    AppliedFilesAndOS FU, UpdateExecuted FU
            97    AppliedFilesAndOS UT, UpdateExecuted UT
            100   Resumed FT
            105   Uncordoned FT, UpdateComplete FT
            106   Resumed T+
            108   AppliedFilesAndOS TF, Cordoned F+, Drained F+, RebootedNode F+, Resumed TF, Uncordoned TF, UpdateComplete TF, UpdateExecuted TF, UpdatePostActionComplete F+, UpdatePrepared TF, Updated FT
            update from 20 to Some(108): Some(Completed), 0 retries, 0 errors
        "#]],
    );
}

/// Scenario: a budget blocks a drain for half an hour; in the middle, the controller finds a new leader. Guarantees: attempts
/// come each minute, then each five, and only their message changes; the new leader cordons again and begins to count anew.
#[test]
fn a_blocked_drain_says_so_again_and_again() {
    let script = [
        (5, Action::Break(worker(), Trouble::Drain)),
        (10, Action::NewTarget(pool())),
        (1000, Action::ChangeLeader("machine-config-controller")),
        (1500, Action::Mend(worker())),
    ];
    check(
        &script,
        &expect![[r#"
            22    UpdatePrepared FT, Updated TF
            30    Cordoned FT, UpdateExecuted FU
            31    Drained FU, UpdateExecuted U+
            85    Drained U+, UpdateExecuted U+
            145   Drained U+, UpdateExecuted U+
            205   Drained U+, UpdateExecuted U+
            265   Drained U+, UpdateExecuted U+
            325   Drained U+, UpdateExecuted U+
            385   Drained U+, UpdateExecuted U+
            445   Drained U+, UpdateExecuted U+
            505   Drained U+, UpdateExecuted U+
            565   Drained U+, UpdateExecuted U+
            625   Drained U+, UpdateExecuted U+
            685   Drained U+, UpdateExecuted U+
            985   Drained U+, UpdateExecuted U+
            1002  Cordoned T+, UpdateExecuted U+
            1004  Drained U+, UpdateExecuted U+
            1093  Drained U+, UpdateExecuted U+
            1153  Drained U+, UpdateExecuted U+
            1213  Drained U+, UpdateExecuted U+
            1273  Drained U+, UpdateExecuted U+
            1333  Drained U+, UpdateExecuted U+
            1393  Drained U+, UpdateExecuted U+
            1453  Drained U+, UpdateExecuted U+
            1513  Drained UT, UpdateExecuted U+
            1516  AppliedFilesAndOS FU, UpdateExecuted U+
            1620  AppliedFilesAndOS UT, UpdateExecuted UT
            1622  RebootedNode FU
            1794  RebootedNode UT
            1795  Resumed FT
            1798  Uncordoned FT, UpdateComplete FT
            1800  Resumed T+
            1801  AppliedFilesAndOS TF, Cordoned TF, Drained TF, RebootedNode TF, Resumed TF, Uncordoned TF, UpdateComplete TF, UpdateExecuted TF, UpdatePostActionComplete F+, UpdatePrepared TF, Updated FT
            update from 20 to Some(1801): Some(Completed), 19 retries, 0 errors
        "#]],
    );
}

/// Scenario: the OS cannot be written once, then the reboot command fails once. Guarantees: Degraded and another attempt, in
/// which phases that were true go back to unknown.
#[test]
fn failures_are_tried_again() {
    let script = [
        (5, Action::Break(worker(), Trouble::Apply(1))),
        (5, Action::Break(worker(), Trouble::RebootCommand(1))),
        (5, Action::Break(worker(), Trouble::SlowBoot(1000))),
        (10, Action::NewTarget(pool())),
    ];
    check(
        &script,
        &expect![[r#"
            22    UpdatePrepared FT, Updated TF
            30    Cordoned FT, UpdateExecuted FU
            31    Drained FU, UpdateExecuted U+
            85    Drained UT, UpdateExecuted U+
            87    AppliedFilesAndOS FU, UpdateExecuted U+
            177   AppliedFilesAndOS U+, UpdateExecuted U+
            177   NodeDegraded FT
            231   AppliedFilesAndOS U+, UpdateExecuted U+
            348   AppliedFilesAndOS UT, UpdateExecuted UT
            349   RebootedNode FU
            349   NodeDegraded T+
            426   AppliedFilesAndOS TU, UpdateExecuted TU
            519   AppliedFilesAndOS UT, UpdateExecuted UT
            522   RebootedNode U+
            1658  RebootedNode UT
            1660  Resumed FT
            1662  Uncordoned FT, UpdateComplete FT
            1664  Resumed T+
            1664  NodeDegraded TF
            1666  AppliedFilesAndOS TF, Cordoned TF, Drained TF, RebootedNode TF, Resumed TF, Uncordoned TF, UpdateComplete TF, UpdateExecuted TF, UpdatePostActionComplete F+, UpdatePrepared TF, Updated FT
            update from 20 to Some(1666): Some(Completed), 0 retries, 2 errors
        "#]],
    );
}

/// Scenario: a config that cannot be reached on a running node; someone repairs it. Guarantees: no attempt until then.
#[test]
fn what_cannot_be_reconciled_waits_for_a_person() {
    let script =
        [(5, Action::Break(worker(), Trouble::Unreconcilable)), (10, Action::NewTarget(pool())), (600, Action::Mend(worker()))];
    check(
        &script,
        &expect![[r#"
            22    UpdatePrepared FU, Updated TF
            22    NodeDegraded FT
            603   UpdatePrepared UT
            611   Cordoned FT, UpdateExecuted FU
            612   Drained FU, UpdateExecuted U+
            655   Drained UT, UpdateExecuted U+
            658   AppliedFilesAndOS FU, UpdateExecuted U+
            776   AppliedFilesAndOS UT, UpdateExecuted UT
            777   RebootedNode FU
            933   RebootedNode UT
            934   Resumed FT
            938   Uncordoned FT, UpdateComplete FT
            941   Resumed T+
            941   NodeDegraded TF
            942   AppliedFilesAndOS TF, Cordoned TF, Drained TF, RebootedNode TF, Resumed TF, Uncordoned TF, UpdateComplete TF, UpdateExecuted TF, UpdatePostActionComplete F+, UpdatePrepared TF, Updated FT
            update from 20 to Some(942): Some(Completed), 0 retries, 1 errors
        "#]],
    );
}

/// Scenario: no update, but a daemon restarts, a file drifts and is put back, images are pinned, the node crashes.
/// Guarantees: Updated goes false each time, and comes back.
#[test]
fn updated_goes_without_an_update() {
    let script = [
        (100, Action::RestartDaemon(worker())),
        (200, Action::Drift(worker())),
        (300, Action::Mend(worker())),
        (
            400,
            Action::Pin {
                set: "shop".to_owned(),
                images: vec!["quay.io/example/a".to_owned()],
                pools: vec![pool()],
                failing: Vec::new(),
            },
        ),
        (600, Action::Pin { set: "big".to_owned(), images: Vec::new(), pools: vec![pool()], failing: vec![worker()] }),
        (800, Action::Crash(worker())),
    ];
    check(
        &script,
        &expect![[r#"
            100   Resumed FT, Updated TF
            102   AppliedFilesAndOS F+, Cordoned F+, Drained F+, RebootedNode F+, Resumed TF, Uncordoned F+, UpdateComplete F+, UpdateExecuted F+, UpdatePostActionComplete F+, UpdatePrepared F+, Updated FT
            200   NodeDegraded FT, Updated TF
            300   NodeDegraded TF
            302   AppliedFilesAndOS F+, Cordoned F+, Drained F+, RebootedNode F+, Resumed F+, Uncordoned F+, UpdateComplete F+, UpdateExecuted F+, UpdatePostActionComplete F+, UpdatePrepared F+, Updated FT
            400   PinnedImageSetsProgressing FT, Updated TF
            469   PinnedImageSetsProgressing TF
            469   PinnedImageSetsDegraded F+
            469   AppliedFilesAndOS F+, Cordoned F+, Drained F+, RebootedNode F+, Resumed F+, Uncordoned F+, UpdateComplete F+, UpdateExecuted F+, UpdatePostActionComplete F+, UpdatePrepared F+, Updated FT
            600   PinnedImageSetsProgressing FT, Updated TF
            623   PinnedImageSetsProgressing TF
            623   PinnedImageSetsDegraded FT
            623   AppliedFilesAndOS F+, Cordoned F+, Drained F+, RebootedNode F+, Resumed F+, Uncordoned F+, UpdateComplete F+, UpdateExecuted F+, UpdatePostActionComplete F+, UpdatePrepared F+, Updated FT
            917   Resumed FT, Updated TF
            980   AppliedFilesAndOS F+, Cordoned F+, Drained F+, RebootedNode F+, Resumed TF, Uncordoned F+, UpdateComplete F+, UpdateExecuted F+, UpdatePostActionComplete F+, UpdatePrepared F+, Updated FT
        "#]],
    );
}

/// Scenario: a new target while the node is still being drained, and someone points it there; another node is deleted.
/// Guarantees: the first update ends superseded, the second one goes its way.
#[test]
fn a_new_target_supersedes_the_old() {
    let script = [(10, Action::NewTarget(pool())), (30, Action::NewTarget(pool())), (40, Action::Retarget(worker()))];
    check(
        &script,
        &expect![[r#"
            22    UpdatePrepared FT, Updated TF
            30    Cordoned FT, UpdateExecuted FU
            31    Drained FU, UpdateExecuted U+
            46    UpdatePrepared T+
            50    Cordoned T+, UpdateExecuted U+
            52    Drained U+, UpdateExecuted U+
            118   Drained UT, UpdateExecuted U+
            119   AppliedFilesAndOS FU, UpdateExecuted U+
            195   AppliedFilesAndOS UT, UpdateExecuted UT
            197   RebootedNode FU
            319   RebootedNode UT
            320   Resumed FT
            322   Uncordoned FT, UpdateComplete FT
            325   Resumed T+
            326   AppliedFilesAndOS TF, Cordoned TF, Drained TF, RebootedNode TF, Resumed TF, Uncordoned TF, UpdateComplete TF, UpdateExecuted TF, UpdatePostActionComplete F+, UpdatePrepared TF, Updated FT
            update from 20 to Some(40): Some(Superseded), 0 retries, 0 errors
            update from 40 to Some(326): Some(Completed), 0 retries, 0 errors
        "#]],
    );
}

/// Scenario: a pool with images of its own, where the first build fails, and one pull. Guarantees: three phases stand for one;
/// a pull that fails is false; the image is rolled out though the config is the same.
#[test]
fn image_mode_builds_and_rolls_out() {
    let script = [
        (5, Action::FailBuilds(pool(), 1)),
        (10, Action::Layer(pool())),
        (700, Action::Break(worker(), Trouble::Pull(1))),
        (800, Action::NewTarget(pool())),
    ];
    let options = Options { image_mode: true, ..Options::new(1, 7) };
    check_in(
        &options,
        &script,
        &expect![[r#"
            1416  UpdatePrepared FT, Updated TF
            1422  Cordoned FT, UpdateExecuted FU
            1423  Drained FU, UpdateExecuted U+
            1471  Drained UT, UpdateExecuted U+
            1472  AppliedFiles FU, UpdateExecuted U+
            1481  AppliedFiles UT, UpdateExecuted U+
            1481  ImagePulledFromRegistry F+
            1481  NodeDegraded FT
            1549  AppliedFiles TU, UpdateExecuted U+
            1558  AppliedFiles UT, UpdateExecuted U+
            1558  ImagePulledFromRegistry FU
            1595  ImagePulledFromRegistry UT, UpdateExecuted U+
            1595  AppliedOSImage FU
            1630  AppliedOSImage UT, UpdateExecuted UT
            1633  RebootedNode FU
            1780  RebootedNode UT
            1781  Resumed FT
            1784  Uncordoned FT, UpdateComplete FT
            1787  Resumed T+
            1787  NodeDegraded TF
            1789  AppliedFiles TF, AppliedOSImage TF, Cordoned TF, Drained TF, ImagePulledFromRegistry TF, RebootedNode TF, Resumed TF, Uncordoned TF, UpdateComplete TF, UpdateExecuted TF, UpdatePostActionComplete F+, UpdatePrepared TF, Updated FT
            update from 1412 to Some(1789): Some(Completed), 0 retries, 1 errors
        "#]],
    );
}

/// Scenario: the same. Guarantees: one build after the other, each with its Job; one that failed stays failed.
#[test]
fn builds_and_their_jobs_come_and_go() {
    let script = [(5, Action::FailBuilds(pool(), 1)), (10, Action::Layer(pool())), (800, Action::NewTarget(pool()))];
    let options = Options { image_mode: true, ..Options::new(1, 7) };
    let mut cluster = play(&options, &script);
    let writes = cluster.advance_to(7200);
    let kinds = [Kind::MachineOSBuild, Kind::MachineOSConfig, Kind::Job];
    let told: String = writes
        .iter()
        .filter(|write| kinds.contains(&write.kind))
        .map(|write| match &write.verb {
            Verb::Delete => format!("{:<5} {:?} is gone\n", write.at, write.kind),
            Verb::Put(object) => {
                let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
                let holds: Vec<_> = conditions.filter(|c| c["status"] == "True").map(|c| c["type"].to_string()).collect();
                format!("{:<5} {:?} {} {}\n", write.at, write.kind, holds.join(" "), object["status"]["failed"])
            }
        })
        .collect();
    expect![[r#"
        10    MachineOSConfig  null
        10    MachineOSBuild  null
        10    MachineOSConfig  null
        15    MachineOSBuild "Prepared" null
        15    Job  null
        33    MachineOSBuild "Building" null
        607   Job  1
        607   MachineOSBuild "Failed" null
        667   Job is gone
        805   MachineOSBuild  null
        805   MachineOSConfig  null
        810   MachineOSBuild "Prepared" null
        810   Job  null
        821   MachineOSBuild "Building" null
        1407  Job  null
        1407  MachineOSBuild "Succeeded" null
        1407  MachineOSBuild "Succeeded" null
        1407  MachineOSConfig  null
        1467  Job is gone
    "#]]
    .assert_eq(&told);
}
