use super::{Controller, Process, at, plan, seconds};
use crate::opamp::Settings;
use expect_test::expect;
use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::atomic::Ordering,
    time::Duration,
};
use tempfile::TempDir;
use tokio::time::Instant;

fn folder() -> (TempDir, PathBuf, PathBuf) {
    let dir = tempfile::tempdir().expect("a folder");
    let (file, cache) = (dir.path().join("plan"), dir.path().join("last"));
    (dir, file, cache)
}

fn files(file: &Path, cache: &Path) -> Settings {
    Settings { endpoint: None, plan_file: Some(file.to_owned()), plan_cache: Some(cache.to_owned()) }
}

/// As the kubelet swaps what is mounted: a new folder, and a link that a rename puts in the place of the old one.
fn swap(dir: &Path, version: &str, content: &str) {
    fs::create_dir(dir.join(version)).expect("a folder");
    fs::write(dir.join(version).join("plan"), content).expect("written");
    symlink(version, dir.join("..data_tmp")).expect("a link");
    fs::rename(dir.join("..data_tmp"), dir.join("..data")).expect("swapped");
    drop(symlink("..data/plan", dir.join("plan")));
}

/// What is told, with the time; the folder's name is none of it.
fn told(dir: &TempDir, told: &str) -> String {
    told.replace(&dir.path().display().to_string(), "DIR")
}

/// Scenario: a plan is mounted, swapped, torn, put right, taken away, and comes again. Guarantees: each good one is obeyed
/// within seconds; with a bad one or none the last good one stays, which is told once.
#[tokio::test(start_paused = true)]
async fn a_mounted_plan_is_followed() {
    let (dir, file, cache) = folder();
    swap(dir.path(), "v1", &plan('a', &[]));
    let process = Process::new();
    let client = process.client(files(&file, &cache));
    assert_eq!(process.plan(), "a");
    let script = async {
        let mut obeyed = String::new();
        let mut after = async |step: &str| {
            seconds(6).await;
            obeyed += &format!("{step}: {}\n", process.plan());
        };
        // Never at the moment of a look.
        tokio::time::sleep(Duration::from_millis(500)).await;
        swap(dir.path(), "v2", &plan('b', &[]));
        after("swapped").await;
        let whole = plan('c', &[]);
        fs::write(dir.path().join("v2/plan"), &whole.as_bytes()[..whole.len() / 2]).expect("written");
        after("torn").await;
        after("still torn").await;
        fs::write(dir.path().join("v2/plan"), plan('d', &[])).expect("written");
        after("whole").await;
        fs::remove_file(&file).expect("removed");
        after("away").await;
        swap(dir.path(), "v3", &plan('e', &[]));
        after("again").await;
        obeyed
    };
    let (all, obeyed) = process.run(client, script).await;
    expect![[r#"
        swapped: b
        torn: b
        still torn: b
        whole: d
        away: d
        again: e
    "#]]
    .assert_eq(&obeyed);
    expect![[r#"
        0ns obeying plan aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (from: file)
        5s obeying plan bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb (from: file)
        10s read the plan: EOF while parsing a string at line 1 column 73 (from: file)
        20s obeying plan dddddddddddddddddddddddddddddddd (from: file)
        25s use DIR/plan: No such file or directory (os error 2)
        35s obeying plan eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee (from: file)
    "#]]
    .assert_eq(&told(&dir, &all));
}

/// Scenario: a process obeys a plan of its controller with parts that end, and is killed; it starts again while the
/// controller is away, before and after parts ended, and once with a wall clock that was put back. Guarantees: it obeys the
/// plan of before, at the step where the wall says it is; parts go on to end; without a good file the declared levels decide.
#[tokio::test(start_paused = true)]
async fn the_last_good_plan_outlives_the_process() {
    let (dir, _, cache) = folder();
    let settings = || Settings { plan_cache: Some(cache.clone()), ..at("ws://controller") };
    {
        let process = Process::new();
        let mut client = process.client(settings());
        let mut controller = Controller::of(&mut client);
        let script = async {
            let mut peer = controller.accept().await;
            peer.next().await.expect("a message");
            peer.offer('a', &plan('a', &[("01:10:00", 'b'), ("01:20:00", 'c')]), &[600_000, 1_200_000]).await;
            peer.heard().await
        };
        process.run(client, script).await;
    }
    let mut log = String::new();
    let kept = fs::read(&cache).expect("a plan");
    for (later, what) in [(60, "soon"), (660, "late"), (9999, "very late"), (-3000, "put back")] {
        fs::write(&cache, &kept).expect("written");
        let process = Process::new();
        process.skew.store(later, Ordering::Relaxed);
        let mut client = process.client(settings());
        let controller = Controller::of(&mut client);
        controller.away.store(true, Ordering::Relaxed);
        let first = process.plan();
        process.run(client, seconds(601)).await;
        log += &format!("{what}: {first}, then {}\n", process.plan());
    }
    fs::write(&cache, "nonsense").expect("written");
    let process = Process::new();
    let client = process.client(Settings { endpoint: None, ..settings() });
    let (all, ()) = process.run(client, seconds(1)).await;
    log += &format!("nonsense: {}\n{}", process.plan(), told(&dir, &all));
    expect![[r#"
        soon: a, then b
        late: b, then c
        very late: c, then c
        put back: a, then b
        nonsense: none
        0ns use DIR/last: it does not begin with a line that says when its plan came
        0ns no plan yet: the declared levels decide
    "#]]
    .assert_eq(&log);
}

/// Scenario: a mounted plan, a kept one, and a controller, together: first all of them; then the file is bad; then the file
/// changes while the controller is there, and after it went. Guarantees: the file before the kept one; whoever is newest in
/// time wins, and a controller that is there is newer than the file.
#[tokio::test(start_paused = true)]
async fn the_newest_plan_wins() {
    let (dir, file, cache) = folder();
    let settings = || Settings { plan_file: Some(file.clone()), plan_cache: Some(cache.clone()), ..at("ws://controller") };
    fs::write(&file, plan('a', &[])).expect("written");
    let mut log = Vec::new();
    {
        let process = Process::new();
        let mut client = process.client(settings());
        log.push(format!("file: {}", process.plan()));
        let mut controller = Controller::of(&mut client);
        let script = async {
            let mut peer = controller.accept().await;
            log.push(peer.heard().await);
            peer.offer('b', &plan('b', &[]), &[]).await;
            log.push(peer.heard().await);
            fs::write(&file, plan('c', &[])).expect("written");
            peer.during(Duration::from_secs(10)).await;
            log.push(format!("controller: {}", process.plan()));
            controller.away.store(true, Ordering::Relaxed);
            drop(peer);
            seconds(60).await;
            log.push(format!("gone: {}", process.plan()));
            fs::write(&file, plan('d', &[])).expect("written");
            seconds(6).await;
            log.push(format!("newer file: {}", process.plan()));
        };
        process.run(client, script).await;
    }
    fs::write(&file, "bad").expect("written");
    let process = Process::new();
    let client = process.client(settings());
    log.push(format!("bad file: {}", process.plan()));
    let (all, ()) = process.run(client, seconds(0)).await;
    log.push(told(&dir, &all));
    expect![[r#"
        file: a
        1 all Applied a catalogue
        2 Applied b report
        controller: b
        gone: b
        newer file: d
        bad file: d
        0ns read the plan: expected value at line 1 column 1 (from: file)
        0ns obeying plan dddddddddddddddddddddddddddddddd (from: cache)
    "#]]
    .assert_eq(&log.join("\n"));
}

/// Scenario: the file with the last good plan cannot be written. Guarantees: the plan is obeyed all the same; that is told.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_kept_is_obeyed() {
    let (dir, file, _) = folder();
    fs::write(&file, plan('a', &[])).expect("written");
    let process = Process::new();
    let client = process.client(files(&file, &dir.path().join("missing/last")));
    let (all, ()) = process.run(client, seconds(20)).await;
    expect![[r#"
        0ns obeying plan aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (from: file)
        0ns use DIR/missing/last: No such file or directory (os error 2)
    "#]]
    .assert_eq(&told(&dir, &all));
    assert_eq!(process.plan(), "a");
}

/// Scenario: a plan that is mounted, and one that was kept, are changed by hand without their hash. Guarantees: neither is obeyed
/// under a name that is another plan's; what to do is told.
#[tokio::test(start_paused = true)]
async fn a_plan_that_was_edited_is_not_obeyed() {
    let (dir, file, cache) = folder();
    let edited = plan('a', &[]).replace(r#""baseline":{"on":true}"#, r#""baseline":{"on":false}"#);
    fs::write(&file, &edited).expect("written");
    fs::write(&cache, format!("{{\"receivedMs\":1,\"remainingMs\":[]}}\n{edited}")).expect("written");
    let process = Process::new();
    let client = process.client(files(&file, &cache));
    let (all, ()) = process.run(client, seconds(1)).await;
    expect![[r#"
        0ns obey the plan: its hash does not fit its text: fetch it anew, do not edit it (from: file)
        0ns obey the plan: its hash does not fit its text: fetch it anew, do not edit it (from: cache)
        0ns no plan yet: the declared levels decide
    "#]]
    .assert_eq(&told(&dir, &all));
    assert_eq!(process.plan(), "none");
}

/// Scenario: a plan with a part that ends in ten minutes, on a clock an hour behind the controller's; process after process starts
/// with what was kept, runs for a while and is killed. Guarantees: the part ends when it was to, and stays so in what starts later.
#[tokio::test(start_paused = true)]
async fn no_start_extends_a_part() {
    let (_dir, _, cache) = folder();
    let settings = || Settings { plan_cache: Some(cache.clone()), ..at("ws://controller") };
    let began = Instant::now();
    let mut log = Vec::new();
    for start in 0..6 {
        let process = Process::new();
        process.skew.store(i64::try_from(began.elapsed().as_secs()).expect("short") - 3600, Ordering::Relaxed);
        let mut client = process.client(settings());
        let mut controller = Controller::of(&mut client);
        controller.away.store(start > 0, Ordering::Relaxed);
        let first = process.plan();
        let script = async {
            if start == 0 {
                let mut peer = controller.accept().await;
                peer.next().await.expect("a message");
                peer.offer('a', &plan('a', &[("01:10:00", 'b')]), &[600_000]).await;
                peer.next().await.expect("a message");
            }
            seconds(180).await;
        };
        let (told, ()) = process.run(client, script).await;
        let steps = told.lines().filter(|line| line.contains("ended")).filter_map(|line| line.split_once(' '));
        let ended = steps.map(|(at, _)| format!(", ends after {at}")).collect::<String>();
        log.push(format!("{}s {first}{ended}, then {}", began.elapsed().as_secs(), process.plan()));
    }
    expect![[r#"
        181s none, then a
        361s a, then a
        541s a, then a
        721s a, ends after 60.474s, then b
        901s b, then b
        1081s b, then b"#]]
    .assert_eq(&log.join("\n"));
}
