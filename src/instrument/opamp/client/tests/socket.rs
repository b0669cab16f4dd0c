use super::{Controller, Peer, Process, Settings, at, brief, offer, plan, sealed, seconds};
use crate::{
    opamp::{
        messages::{CATALOGUE, Catalogue, REPORT, Report},
        proto::{AgentIdentification, ServerToAgent},
    },
    semconv::mco,
};
use expect_test::expect;
use futures_util::SinkExt;
use prost::Message as _;
use std::{fs, sync::atomic::Ordering, time::Duration};
use tokio::{io::DuplexStream, time::Instant};
use tokio_tungstenite::tungstenite::Message;

const URL: &str = "ws://controller";

/// Scenario: a component joins, is offered a plan, and a part of it ends; the controller goes, and another part ends; a new
/// one comes, and offers nothing. Guarantees: all of it is told first, under numbers that grow; the offer is obeyed and
/// acknowledged; what ends does so in time with and without a controller; what is in force stays through it all; the new
/// controller is told the hash that it would itself compute by now. The end is told too.
#[tokio::test(start_paused = true)]
async fn a_plan_is_obeyed_with_and_without_a_controller() {
    let process = Process::new();
    let mut client = process.client(at(URL));
    let mut controller = Controller::of(&mut client);
    let script = async {
        let mut log = Vec::new();
        let mut peer = controller.accept().await;
        log.push(peer.heard().await);
        peer.offer('a', &plan('a', &[("01:01:00", 'b'), ("01:05:00", 'c')]), &[60_000, 300_000]).await;
        log.push(peer.heard().await);
        log.push(format!("obeys {}", process.plan()));
        log.push(peer.heard().await);
        log.push(peer.heard().await);
        log.push(format!("obeys {}", process.plan()));
        controller.away.store(true, Ordering::Relaxed);
        drop(peer);
        seconds(300).await;
        log.push(format!("obeys {}", process.plan()));
        controller.away.store(false, Ordering::Relaxed);
        let mut peer = controller.accept().await;
        log.push(peer.heard().await);
        log.push(peer.heard().await);
        (log, peer)
    };
    let (told, (mut log, mut peer)) = process.run(client, script).await;
    while let Some(message) = peer.next().await {
        log.push(brief(&message));
    }
    expect![[r#"
        1 all Unset - catalogue
        2 Applied a report
        obeys a
        3
        4 Applied b report
        obeys b
        obeys c
        5 all Applied c catalogue
        6 report"#]]
    .assert_eq(&log.join("\n"));
    expect![[r#"
        0ns no plan yet: the declared levels decide
        1.474s joined the controller
        1.474s obeying plan aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (from: controller)
        61.474s a part of the plan ended: it is bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb now
        61.474s reach the controller: WebSocket protocol error: Connection reset without closing handshake
        63.039s reach the controller: connect to controller:80: connection refused
        67.097s reach the controller: connect to controller:80: connection refused
        79.947s reach the controller: connect to controller:80: connection refused
        96.77s reach the controller: connect to controller:80: connection refused
        108.248s reach the controller: connect to controller:80: connection refused
        138.717s reach the controller: connect to controller:80: connection refused
        187.272s reach the controller: connect to controller:80: connection refused
        233.803s reach the controller: connect to controller:80: connection refused
        259.314s reach the controller: connect to controller:80: connection refused
        267.707s reach the controller: connect to controller:80: connection refused
        301.474s a part of the plan ended: it is cccccccccccccccccccccccccccccccc now
        306.803s reach the controller: connect to controller:80: connection refused
        351.849s reach the controller: connect to controller:80: connection refused
        404.138s joined the controller
    "#]]
    .assert_eq(&told);
}

/// Scenario: nobody says anything for minutes; then instruments are made, many at once. Guarantees: a heartbeat each half
/// minute and nothing else; the catalogue is told once, soon, with all of them.
#[tokio::test(start_paused = true)]
async fn silence_is_cheap_and_news_are_not_lost() {
    let process = Process::new();
    let mut client = process.client(at(URL));
    let mut controller = Controller::of(&mut client);
    let script = async {
        let mut peer = controller.accept().await;
        let first = peer.next().await.expect("a message");
        let names = |data: &[u8]| {
            let Catalogue { instruments, library, aspects, .. } = serde_json::from_slice(data).expect("a catalogue");
            assert!(library.starts_with("pointsman-instrument ") && aspects.len() == 6);
            instruments.into_iter().map(|one| one.name).collect::<Vec<_>>()
        };
        let before = names(&first.custom_message.expect("a catalogue").data);
        let mut beats = Vec::new();
        for _ in 0..4 {
            let began = Instant::now();
            beats.push((peer.heard().await, began.elapsed()));
        }
        seconds(1).await;
        let _kept = process.telemetry.counter::<mco::ControllerQueueRetries>();
        seconds(0).await;
        let _too = process.telemetry.histogram::<mco::ControllerQueueLatency>();
        let began = Instant::now();
        let news = peer.next().await.and_then(|message| message.custom_message).expect("a catalogue");
        assert_eq!(news.r#type, CATALOGUE);
        let after = names(&news.data);
        assert!(began.elapsed() <= Duration::from_millis(251), "{:?}", began.elapsed());
        assert_eq!(after.len(), before.len() + 2, "{after:?}");
        beats
    };
    let (_, beats) = process.run(client, script).await;
    expect![[r#"[("2", 30s), ("3", 30s), ("4", 30s), ("5", 30s)]"#]].assert_eq(&format!("{beats:?}"));
}

/// A plan that asks for something that cannot be done to an instrument that there is not yet.
fn asks_too_much() -> String {
    let lines =
        r#""instruments":[{"scope":"","name":"mco.controller.queue.retries","on":true,"buckets":[1.0],"by":"one"}],"tail""#;
    sealed('a', "a/", |text| text.replace(r#""instruments":[],"tail""#, lines))
}

/// Scenario: a process obeys what is mounted before it makes an instrument; later it makes one for which a rule cannot be done.
/// Guarantees: the exception is told soon behind the catalogue, and by a process that nobody led until then.
#[tokio::test(start_paused = true)]
async fn what_became_of_a_rule_is_told_when_it_is_known() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("plan");
    fs::write(&file, asks_too_much()).expect("written");
    let process = Process::new();
    let mut client = process.client(Settings { plan_file: Some(file), ..at(URL) });
    let mut controller = Controller::of(&mut client);
    let reports = async |peer: &mut Peer<DuplexStream>| {
        let began = Instant::now();
        let mut all = Vec::new();
        while let Ok(Some(message)) = tokio::time::timeout_at(began + Duration::from_secs(3), peer.next()).await {
            let custom = message.custom_message.filter(|custom| custom.r#type == REPORT);
            let report = custom.map(|custom| serde_json::from_slice::<Report>(&custom.data).expect("a report"));
            all.extend(report.into_iter().flat_map(|report| report.rules).map(|rule| {
                let cannot = rule.exceptions.iter().map(|one| format!(" not {} of {}", one.aspect, one.name));
                format!("{} {}{}", rule.by, rule.instruments, cannot.collect::<String>())
            }));
        }
        all.join(", ")
    };
    let script = async {
        let mut peer = controller.accept().await;
        let first = reports(&mut peer).await;
        let _kept = process.telemetry.counter::<mco::ControllerQueueRetries>();
        let then = reports(&mut peer).await;
        drop(peer);
        let mut peer = controller.accept().await;
        [first, then, reports(&mut peer).await].join("\n")
    };
    let (_, log) = process.run(client, script).await;
    expect![[r#"
        one 0
        one 1 not buckets of mco.controller.queue.retries
        one 1 not buckets of mco.controller.queue.retries"#]]
    .assert_eq(&log);
}

/// Scenario: a controller asks for all of it, or offers the plan in force, in each answer. Guarantees: it gets a few messages a
/// minute, not one after the other.
#[tokio::test(start_paused = true)]
async fn who_asks_without_end_gets_a_few_messages() {
    for again in ["all", "offer"] {
        let process = Process::new();
        let mut client = process.client(at(URL));
        let mut controller = Controller::of(&mut client);
        let script = async {
            let mut peer = controller.accept().await;
            peer.heard().await;
            peer.offer('a', &plan('a', &[]), &[]).await;
            let (until, mut count) = (Instant::now() + Duration::from_secs(60), 0);
            while tokio::time::timeout_at(until, peer.next()).await.is_ok() {
                count += 1;
                match again {
                    "all" => {
                        peer.say(ServerToAgent { instance_uid: peer.uid.clone(), flags: 1, ..ServerToAgent::default() }).await
                    }
                    _ => peer.offer('a', &plan('a', &[]), &[]).await,
                }
            }
            count
        };
        let (_, count) = process.run(client, script).await;
        assert!((4..10).contains(&count), "{again}: {count}");
    }
}

/// Scenario: a thousand offers at once, of which the last is the plan in force, or one that is refused. Guarantees: the plan in
/// force stays; no offer of before is obeyed or told as obeyed; the controller is told of the last one.
#[tokio::test(start_paused = true)]
async fn of_a_thousand_offers_only_the_last_counts() {
    for last in ['a', '-'] {
        let process = Process::new();
        let mut client = process.client(at(URL));
        let mut controller = Controller::of(&mut client);
        let script = async {
            let mut peer = controller.accept().await;
            peer.heard().await;
            peer.offer('a', &plan('a', &[]), &[]).await;
            peer.heard().await;
            let bodies = ['b', 'c'].map(|digit| (digit, plan(digit, &[])));
            // All of them are there before the component is asked.
            for _ in 0..20 {
                for (digit, body) in &bodies {
                    let frame = [&[0][..], &offer(&peer.uid, *digit, body, &[]).encode_to_vec()].concat();
                    peer.socket.feed(Message::Binary(frame.into())).await.expect("taken");
                }
            }
            let mut offered = offer(&peer.uid, 'a', &plan('a', &[]), &[]);
            if last == '-' {
                offered.remote_config.as_mut().expect("an offer").config = None;
                offered.remote_config.as_mut().expect("an offer").config_hash = vec![0xff; 16];
            }
            peer.say(offered).await;
            peer.during(Duration::from_secs(20)).await
        };
        let (told, log) = process.run(client, script).await;
        let want = if last == 'a' { "3 Applied a" } else { "3 Failed f the offer has no entry pointsman-plan" };
        assert_eq!((log, process.plan()), (vec![want.to_owned()], "a".to_owned()), "{told}");
    }
}

/// Scenario: another instance has this identity. Guarantees: the one that is given is taken, all of it is said under it,
/// and an offer under it is obeyed.
#[tokio::test(start_paused = true)]
async fn an_identity_that_is_given_is_taken() {
    let process = Process::new();
    let mut client = process.client(at(URL));
    let mut controller = Controller::of(&mut client);
    let script = async {
        let mut peer = controller.accept().await;
        peer.next().await.expect("a message");
        let given = Some(AgentIdentification { new_instance_uid: vec![0x77; 16] });
        peer.say(ServerToAgent { instance_uid: peer.uid.clone(), agent_identification: given, ..ServerToAgent::default() }).await;
        let heard = peer.heard().await;
        assert_eq!(peer.uid, [0x77; 16]);
        peer.offer('d', &plan('d', &[]), &[]).await;
        [heard, peer.heard().await, process.plan()].join("\n")
    };
    let (_, log) = process.run(client, script).await;
    expect![[r#"
        2 all Unset - catalogue
        3 Applied d report
        d"#]]
    .assert_eq(&log);
}

/// Scenario: the process's wall clock is an hour ahead of the controller's; it is put ahead later, while the controller
/// is there, and it offers the plan of now again. Guarantees: a part of a plan does not end because the clocks disagree; it
/// ends early where the process's own clock jumps, and is put right by the next offer, without going to and fro.
#[tokio::test(start_paused = true)]
async fn clocks_that_disagree_do_not_fight() {
    let process = Process::new();
    process.skew.store(3600, Ordering::Relaxed);
    let mut client = process.client(at(URL));
    let mut controller = Controller::of(&mut client);
    let steps = plan('a', &[("01:10:00", 'b')]);
    let script = async {
        let mut log = Vec::new();
        let mut peer = controller.accept().await;
        peer.heard().await;
        peer.offer('a', &steps, &[600_000]).await;
        log.push(peer.heard().await);
        process.skew.store(7200, Ordering::Relaxed);
        log.push(peer.heard().await);
        peer.offer('a', &steps, &[550_000]).await;
        log.push(peer.heard().await);
        log.push(format!("obeys {}", process.plan()));
        // The controller's clock is a moment behind.
        log.extend(peer.during(Duration::from_secs(551)).await);
        log.push(format!("obeys {}", process.plan()));
        peer.offer('a', &steps, &[900]).await;
        log.push(peer.heard().await);
        log.push(format!("obeys {}", process.plan()));
        log
    };
    let (told, log) = process.run(client, script).await;
    expect![[r#"
        2 Applied a report
        3 Applied b report
        4 Applied a report
        obeys a
        23 Applied b report
        obeys b
        24 Applied b
        obeys b"#]]
    .assert_eq(&log.join("\n"));
    expect![[r#"
        0ns no plan yet: the declared levels decide
        1.474s joined the controller
        1.474s obeying plan aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (from: controller)
        1.474s a part of the plan ended: it is bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb now
        2.474s obeying plan aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (from: controller)
        552.474s a part of the plan ended: it is bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb now
        553.474s reach the controller: IO error: broken pipe
    "#]]
    .assert_eq(&told);
}
