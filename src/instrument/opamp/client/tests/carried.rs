use super::{Controller, Process, at, identity, plan, seconds};
use crate::{
    opamp::{Carried, Client, Settings, proto::ServerToAgent},
    semconv::mco::EventCount,
};
use expect_test::expect;
use std::{fs, future::Future, sync::atomic::Ordering};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::Instant,
};

impl Process {
    fn resume(&self, settings: &Settings, carried: &Carried) -> Client {
        Client::resume(self.telemetry.clone(), &identity(), settings.clone(), carried)
    }

    /// The plan in force, and whether an instrument is on that is off by its declared level.
    fn state(&self) -> String {
        let detailed = if self.telemetry.counter::<EventCount>().on().is_some() { "on" } else { "off" };
        format!("plan {}, detailed {detailed}", self.plan())
    }
}

/// Runs a client that is dropped in the middle of its session.
async fn cut_off<T>(client: Client, script: impl Future<Output = T>) -> T {
    tokio::select! {
        () = client.run(std::future::pending(), |_| ()) => unreachable!("nobody stops it"),
        came_to = script => came_to,
    }
}

/// Scenario: a process obeys its controller, is cut off, and goes on with a new telemetry while the controller is away; a mounted
/// plan was there all the while, and changes at last. Guarantees: the new telemetry obeys the same plan before it says anything, at
/// the step where time is; the mounted plan speaks again when it changes, and not before.
#[tokio::test(start_paused = true)]
async fn a_further_telemetry_goes_on_with_the_plan() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("plan");
    fs::write(&file, plan('f', &[])).expect("written");
    let (settings, carried) = (Settings { plan_file: Some(file.clone()), ..at("ws://controller") }, Carried::default());
    let first = Process::new();
    let mut client = first.resume(&settings, &carried);
    assert_eq!(first.plan(), "f");
    let mut controller = Controller::of(&mut client);
    cut_off(client, async {
        let mut peer = controller.accept().await;
        peer.next().await.expect("a message");
        peer.offer('a', &plan('a', &[("01:05:00", 'b'), ("01:50:00", 'c')]), &[300_000, 3_000_000]).await;
        seconds(1).await;
    })
    .await;
    assert_eq!(first.plan(), "a");
    seconds(310).await;

    let second = Process::new();
    second.skew.store(310, Ordering::Relaxed);
    let mut client = second.resume(&settings, &carried);
    let controller = Controller::of(&mut client);
    controller.away.store(true, Ordering::Relaxed);
    assert_eq!(second.plan(), "b", "its first step has passed");
    let script = async {
        seconds(20).await;
        let before = second.plan();
        fs::write(&file, plan('e', &[])).expect("written");
        seconds(6).await;
        format!("{before}, then {}", second.plan())
    };
    assert_eq!(second.run(client, script).await.1, "b, then e");
}

/// Scenario: a plan has a part that ends in ten minutes; the wall is an hour behind the controller's, and is put back further each
/// time that the process goes on with a new telemetry, five times within the ten minutes, and once after them. Guarantees: the part
/// ends when it was to, not later, and does not begin again.
#[tokio::test(start_paused = true)]
async fn no_further_telemetry_extends_a_part() {
    let (settings, carried) = (at("ws://controller"), Carried::default());
    let began = Instant::now();
    let mut log = Vec::new();
    for turn in 0..7 {
        let process = Process::new();
        process.skew.store(-3600 - 100 * turn, Ordering::Relaxed);
        let mut client = process.resume(&settings, &carried);
        let mut controller = Controller::of(&mut client);
        controller.away.store(turn > 0, Ordering::Relaxed);
        let before = process.plan();
        cut_off(client, async {
            if turn == 0 {
                let mut peer = controller.accept().await;
                peer.next().await.expect("a message");
                peer.offer('a', &plan('a', &[("01:10:00", 'b')]), &[600_000]).await;
            }
            while began.elapsed().as_secs() < 110 * (turn.unsigned_abs() + 1) {
                seconds(1).await;
            }
        })
        .await;
        log.push(format!("{}s {before} {}", began.elapsed().as_secs(), process.plan()));
    }
    expect![[r#"
        110s none a
        220s a a
        330s a a
        440s a a
        550s a a
        660s a b
        770s b b"#]]
    .assert_eq(&log.join("\n"));
}

/// Scenario: the endpoint was guessed. At first something answers that has no such path; then a controller does, and offers nothing
/// yet; then the process goes on with a new telemetry while nobody answers. Guarantees: everything stays on until a controller has
/// answered, also in a further telemetry; from then on what is declared holds, in this one and in all that follow.
#[tokio::test(start_paused = true)]
async fn nothing_is_turned_off_for_whom_nobody_answers() {
    let (settings, carried) = (at("ws://collector"), Carried::until_answered());
    let mut states = Vec::new();
    for answers in [false, false, true, false] {
        let process = Process::new();
        let mut client = process.resume(&settings, &carried);
        let mut controller = Controller::of(&mut client);
        let script = async {
            states.push(process.state());
            if answers {
                let mut peer = controller.accept().await;
                peer.next().await.expect("a message");
                peer.say(ServerToAgent { instance_uid: peer.uid.clone(), ..ServerToAgent::default() }).await;
            } else {
                let mut stream = controller.connection().await;
                assert!(stream.read(&mut [0; 4096]).await.expect("a request") > 0);
                let answer = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
                stream.write_all(answer).await.expect("answered");
                controller.away.store(true, Ordering::Relaxed);
            }
            seconds(1).await;
            states.push(process.state());
        };
        let (told, ()) = process.run(client, script).await;
        states.push(told);
    }
    expect![[r#"
        plan none, detailed on
        plan none, detailed on
        0ns nobody told a plan yet: everything is sent
        1.474s speak with the controller: status 404 Not Found

        plan none, detailed on
        plan none, detailed on
        0ns nobody told a plan yet: everything is sent
        1.474s speak with the controller: status 404 Not Found

        plan none, detailed on
        plan none, detailed off
        0ns nobody told a plan yet: everything is sent
        1.474s joined the controller
        1.474s no plan yet: the declared levels decide
        1.474s reach the controller: WebSocket protocol error: Connection reset without closing handshake

        plan none, detailed off
        plan none, detailed off
        0ns no plan yet: the declared levels decide
        1.474s speak with the controller: status 404 Not Found
    "#]]
    .assert_eq(&states.join("\n"));
}
