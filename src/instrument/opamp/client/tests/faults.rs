use super::{Controller, Peer, Process, at, offer, plan, sealed};
use crate::{
    limits::MESSAGE_BYTES_MAX,
    opamp::{
        plan::SCHEMA,
        proto::{RetryInfo, ServerErrorResponse, ServerToAgent, server_error_response::Details},
    },
};
use expect_test::{Expect, expect};
use futures_util::SinkExt;
use prost::Message as _;
use std::{sync::atomic::Ordering, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    time::Instant,
};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

type Socket = Peer<DuplexStream>;

/// A controller that does something wrong in its first session, and is right in the next message or session. What the
/// component answered and told, what it obeyed meanwhile, and when it was well again. The plan before is `a`, the right one
/// after it `f`.
async fn check(wrong: impl AsyncFnOnce(&mut Socket), want: &Expect) {
    let process = Process::new();
    let mut client = process.client(at("ws://controller"));
    let mut controller = Controller::of(&mut client);
    let script = async {
        let mut peer = controller.accept().await;
        peer.next().await.expect("a message");
        peer.offer('a', &plan('a', &[]), &[]).await;
        peer.next().await.expect("a message");
        let began = Instant::now();
        wrong(&mut peer).await;
        let answer = peer.during(Duration::from_secs(1)).await;
        let between = process.plan();
        if answer.last().is_some_and(|last| last == "gone") {
            peer = controller.accept().await;
            peer.next().await.expect("a message");
        }
        let waited = began.elapsed();
        peer.offer('f', &plan('f', &[]), &[]).await;
        while process.plan() != "f" {
            peer.next().await.expect("a message");
        }
        format!("answer: {}\nmeanwhile: {between}, well after {}s\n", answer.join(", "), waited.as_secs())
    };
    let (told, came_to) = process.run(client, script).await;
    let told = told.lines().skip(3).filter_map(|line| line.split_once(' ')).map(|(_, line)| format!("{line}\n"));
    want.assert_eq(&(came_to + &told.collect::<String>()));
}

/// A binary message as it stands.
fn frame(bytes: &[u8]) -> Message {
    Message::Binary(bytes.to_vec().into())
}

/// Scenario: messages that are none of the protocol. Guarantees: the session is left and sought again after a pause; the
/// plan in force stays; no crash.
#[tokio::test(start_paused = true)]
async fn what_is_not_of_the_protocol_ends_the_session() {
    check(
        async |peer| peer.raw(frame(&[0, 0xff, 0xff, 0xff])).await,
        &expect![[r#"
            answer: gone
            meanwhile: a, well after 1s
            understand the controller: a message is no ServerToAgent
            joined the controller
            obeying plan ffffffffffffffffffffffffffffffff (from: controller)
            reach the controller: IO error: broken pipe
        "#]],
    )
    .await;
    check(
        async |peer| peer.raw(frame(&[1, 0x0a, 0x00])).await,
        &expect![[r#"
            answer: gone
            meanwhile: a, well after 1s
            understand the controller: the header of a message is not 0
            joined the controller
            obeying plan ffffffffffffffffffffffffffffffff (from: controller)
            reach the controller: IO error: broken pipe
        "#]],
    )
    .await;
    check(
        async |peer| peer.raw(frame(&[])).await,
        &expect![[r#"
            answer: gone
            meanwhile: a, well after 1s
            understand the controller: the header of a message is not 0
            joined the controller
            obeying plan ffffffffffffffffffffffffffffffff (from: controller)
            reach the controller: IO error: broken pipe
        "#]],
    )
    .await;
    check(
        async |peer| peer.raw(Message::text("hello")).await,
        &expect![[r#"
            answer: gone
            meanwhile: a, well after 1s
            understand the controller: a message is text
            joined the controller
            obeying plan ffffffffffffffffffffffffffffffff (from: controller)
            reach the controller: IO error: broken pipe
        "#]],
    )
    .await;
}

/// Scenario: a message is longer than the protocol allows; the controller ends the session with a reason. Guarantees: the
/// first is cut off before all of it was sent, the reason is told, and the session is sought again.
#[tokio::test(start_paused = true)]
async fn what_is_too_long_ends_the_session() {
    let long = frame(&vec![0; MESSAGE_BYTES_MAX + 1]);
    check(
        async |peer| drop(peer.socket.send(long).await),
        &expect![[r#"
            answer: gone
            meanwhile: a, well after 1s
            understand the controller: a message is longer than 1 MiB
            joined the controller
            obeying plan ffffffffffffffffffffffffffffffff (from: controller)
            reach the controller: IO error: broken pipe
        "#]],
    )
    .await;
    let close = CloseFrame { code: CloseCode::Again, reason: "later".into() };
    check(
        async |peer| peer.raw(Message::Close(Some(close))).await,
        &expect![[r#"
            answer: gone
            meanwhile: a, well after 1s
            speak with the controller: it closed the session (1013 later)
            joined the controller
            obeying plan ffffffffffffffffffffffffffffffff (from: controller)
            reach the controller: IO error: broken pipe
        "#]],
    )
    .await;
}

/// Scenario: offers that cannot be obeyed. Guarantees: each is refused with its name and the reason; the session lives on;
/// nothing of the offer is obeyed, though its first half is right.
#[tokio::test(start_paused = true)]
async fn offers_that_cannot_be_obeyed_are_refused_whole() {
    let whole = plan('b', &[]);
    let newer = whole.replace(r#""schema":1"#, &format!(r#""schema":{},"more":{{}}"#, SCHEMA + 1));
    check(
        async |peer| peer.offer('b', &newer, &[]).await,
        &expect![[r#"
            answer: 3 Failed b read the plan: its form is 2, this library knows up to 1; a newer library does more
            meanwhile: a, well after 1s
            read the plan: its form is 2, this library knows up to 1; a newer library does more (from: controller)
            obeying plan ffffffffffffffffffffffffffffffff (from: controller)
            reach the controller: IO error: broken pipe
        "#]],
    )
    .await;
    let half = whole.replace(
        r#""instruments":[]"#,
        r#""instruments":[{"scope":"","name":"pointsman.limit.hits","on":false},{"scope":"","name":"x","on":"perhaps"}]"#,
    );
    check(
        async |peer| peer.offer('b', &half, &[]).await,
        &expect![[r#"
            answer: 3 Failed b read the plan: invalid type: string "perhaps", expected a boolean at line 1 column 182
            meanwhile: a, well after 1s
            read the plan: invalid type: string "perhaps", expected a boolean at line 1 column 182 (from: controller)
            obeying plan ffffffffffffffffffffffffffffffff (from: controller)
            reach the controller: IO error: broken pipe
        "#]],
    )
    .await;
    let torn: String = whole.chars().take(whole.len() / 2).collect();
    check(
        async |peer| peer.offer('b', &torn, &[]).await,
        &expect![[r#"
            answer: 3 Failed b read the plan: EOF while parsing a string at line 1 column 73
            meanwhile: a, well after 1s
            read the plan: EOF while parsing a string at line 1 column 73 (from: controller)
            obeying plan ffffffffffffffffffffffffffffffff (from: controller)
            reach the controller: IO error: broken pipe
        "#]],
    )
    .await;
    check(
        async |peer| peer.offer('c', &whole, &[]).await,
        &expect![[r#"
            answer: 3 Failed c obey the plan: it was offered under another name than its own, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
            meanwhile: a, well after 1s
            obey the plan: it was offered under another name than its own, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb (from: controller)
            obeying plan ffffffffffffffffffffffffffffffff (from: controller)
            reach the controller: IO error: broken pipe
        "#]],
    )
    .await;
    check(
        async |peer| peer.offer('b', "", &[]).await,
        &expect![[r#"
            answer: 3 Failed b read the plan: EOF while parsing a value at line 1 column 0
            meanwhile: a, well after 1s
            read the plan: EOF while parsing a value at line 1 column 0 (from: controller)
            obeying plan ffffffffffffffffffffffffffffffff (from: controller)
            reach the controller: IO error: broken pipe
        "#]],
    )
    .await;
}

/// Scenario: an offer whose plan was changed without its hash. Guarantees: it is refused, and told what to do: who reports the hash
/// would say that it obeys another plan.
#[tokio::test(start_paused = true)]
async fn an_offer_that_was_edited_is_refused() {
    let edited = plan('b', &[]).replace(r#""baseline":{"on":true}"#, r#""baseline":{"on":false}"#);
    check(
        async |peer| peer.offer('b', &edited, &[]).await,
        &expect![[r#"
            answer: 3 Failed b obey the plan: its hash does not fit its text: fetch it anew, do not edit it
            meanwhile: a, well after 1s
            obey the plan: its hash does not fit its text: fetch it anew, do not edit it (from: controller)
            obeying plan ffffffffffffffffffffffffffffffff (from: controller)
            reach the controller: IO error: broken pipe
        "#]],
    )
    .await;
}

/// Scenario: a message for another instance; an error, with and without a wish when to come again. Guarantees: the first is
/// left alone; after the others the component comes again, never before it was asked to.
#[tokio::test(start_paused = true)]
async fn who_is_not_meant_or_not_wanted_waits() {
    check(
        async |peer| {
            let other = offer(&[9; 16], 'b', &plan('b', &[]), &[]);
            peer.say(other).await;
            peer.offer('c', &plan('c', &[]), &[]).await;
        },
        &expect![[r#"
            answer: 3 Applied c report
            meanwhile: c, well after 1s
            ignored the controller: it is for another instance
            obeying plan cccccccccccccccccccccccccccccccc (from: controller)
            obeying plan ffffffffffffffffffffffffffffffff (from: controller)
            reach the controller: IO error: broken pipe
        "#]],
    )
    .await;
    let error = |uid: &[u8], details| {
        let error = ServerErrorResponse { r#type: 2, error_message: "too many".to_owned(), details };
        ServerToAgent { error_response: Some(error), ..offer(uid, 'b', &plan('b', &[]), &[]) }
    };
    check(
        async |peer| peer.say(error(&peer.uid.clone(), None)).await,
        &expect![[r#"
            answer: gone
            meanwhile: a, well after 1s
            speak with the controller: it refused (too many)
            joined the controller
            obeying plan ffffffffffffffffffffffffffffffff (from: controller)
            reach the controller: IO error: broken pipe
        "#]],
    )
    .await;
    let retry = RetryInfo { retry_after_nanoseconds: 45_000_000_000 };
    check(
        async |peer| peer.say(error(&peer.uid.clone(), Some(Details::RetryInfo(retry)))).await,
        &expect![[r#"
            answer: gone
            meanwhile: a, well after 46s
            speak with the controller: it refused (too many)
            joined the controller
            obeying plan ffffffffffffffffffffffffffffffff (from: controller)
            reach the controller: IO error: broken pipe
        "#]],
    )
    .await;
    let never = RetryInfo { retry_after_nanoseconds: u64::MAX };
    check(
        async |peer| peer.say(error(&peer.uid.clone(), Some(Details::RetryInfo(never)))).await,
        &expect![[r#"
            answer: gone
            meanwhile: a, well after 601s
            speak with the controller: it refused (too many)
            joined the controller
            obeying plan ffffffffffffffffffffffffffffffff (from: controller)
            reach the controller: IO error: broken pipe
        "#]],
    )
    .await;
}

/// Scenario: an error that says that the fault is the component's. Guarantees: the session goes on: a new one would say the
/// same, and be refused again.
#[tokio::test(start_paused = true)]
async fn an_objection_does_not_end_the_session() {
    let ours = |uid: &[u8]| {
        let error = ServerErrorResponse { r#type: 1, error_message: "what?".to_owned(), details: None };
        ServerToAgent { instance_uid: uid.to_vec(), error_response: Some(error), ..ServerToAgent::default() }
    };
    check(
        async |peer| peer.say(ours(&peer.uid.clone())).await,
        &expect![[r#"
        answer: 
        meanwhile: a, well after 1s
        the controller did not understand: what?
        obeying plan ffffffffffffffffffffffffffffffff (from: controller)
        reach the controller: IO error: broken pipe
    "#]],
    )
    .await;
}

/// Scenario: the connection ends in the middle of an offer, and right behind a whole one. Guarantees: half of one is
/// nothing; a whole one is obeyed.
#[tokio::test(start_paused = true)]
async fn an_offer_counts_when_it_is_whole() {
    let bytes = |uid: &[u8], part: usize| {
        let body = [&[0][..], &offer(uid, 'b', &plan('b', &[]), &[]).encode_to_vec()].concat();
        let mut raw = vec![0x82, 126];
        raw.extend(u16::try_from(body.len()).expect("short").to_be_bytes());
        raw.extend(body);
        raw.truncate(raw.len() / part);
        raw
    };
    for (part, want) in [
        (
            2,
            expect![[r#"
                answer: gone
                meanwhile: a, well after 1s
                reach the controller: WebSocket protocol error: Connection reset without closing handshake
                joined the controller
                obeying plan ffffffffffffffffffffffffffffffff (from: controller)
                reach the controller: IO error: broken pipe
            "#]],
        ),
        (
            1,
            expect![[r#"
                answer: gone
                meanwhile: a, well after 1s
                obeying plan bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb (from: controller)
                reach the controller: WebSocket protocol error: Connection reset without closing handshake
                joined the controller
                obeying plan ffffffffffffffffffffffffffffffff (from: controller)
                reach the controller: IO error: broken pipe
            "#]],
        ),
    ] {
        check(
            async |peer| {
                let raw = bytes(&peer.uid, part);
                let stream = peer.socket.get_mut();
                stream.write_all(&raw).await.expect("sent");
                stream.shutdown().await.expect("closed");
            },
            &want,
        )
        .await;
    }
}

/// Scenario: a thousand offers at once, from a controller that reads nothing meanwhile. Guarantees: nothing piles up and
/// nothing locks up; the last one is obeyed, and the controller is told so.
#[tokio::test(start_paused = true)]
async fn of_a_thousand_offers_the_last_counts() {
    let process = Process::new();
    let mut client = process.client(at("ws://controller"));
    let mut controller = Controller::of(&mut client);
    let script = async {
        let mut peer = controller.accept().await;
        peer.next().await.expect("a message");
        for _ in 0..500 {
            for digit in ['b', 'c'] {
                peer.offer(digit, &plan(digit, &[]), &[]).await;
            }
        }
        peer.offer('f', &plan('f', &[]), &[]).await;
        loop {
            let heard = peer.heard().await;
            if heard.contains("Applied f") {
                break heard;
            }
        }
    };
    let (told, last) = process.run(client, script).await;
    let obeyed = told.lines().filter(|line| line.contains("obeying")).count();
    assert!(obeyed < 500 && last.contains("Applied f") && process.plan() == "f", "{obeyed} {last}");
}

/// Scenario: a controller that takes the connection and says nothing: no answer to the handshake; none to anything after
/// it; or it is no controller at all, and one that is full. Guarantees: each is given up in its time and sought again; the
/// waits grow, and are never shorter than what was asked for.
#[tokio::test(start_paused = true)]
async fn who_does_not_answer_is_given_up() {
    for (silent, want) in [
        (
            "handshake",
            expect![[r#"
        0ns no plan yet: the declared levels decide
        11.474s hear the controller within 10s
        23.039s hear the controller within 10s
        37.097s hear the controller within 10s
    "#]],
        ),
        (
            "session",
            expect![[r#"
        0ns no plan yet: the declared levels decide
        91.474s hear the controller within 90s
        183.039s hear the controller within 90s
        277.097s hear the controller within 90s
    "#]],
        ),
        (
            "other",
            expect![[r#"
        0ns no plan yet: the declared levels decide
        1.474s speak with the controller: status 404 Not Found
        3.039s speak with the controller: status 404 Not Found
    "#]],
        ),
        (
            "full",
            expect![[r#"
        0ns no plan yet: the declared levels decide
        1.474s speak with the controller: status 503 Service Unavailable
        23.039s speak with the controller: status 503 Service Unavailable
    "#]],
        ),
    ] {
        let process = Process::new();
        let mut client = process.client(at("ws://controller"));
        let mut controller = Controller::of(&mut client);
        let script = async {
            for _ in 0..3 {
                let mut stream = controller.connection().await;
                let mut head = [0; 16];
                match silent {
                    "session" => {
                        let mut peer = Peer::new(stream).await;
                        // It reads, so that the component's messages leave, but it never answers a ping.
                        let stream = peer.socket.get_mut();
                        while stream.read(&mut head).await.is_ok_and(|read| read > 0) {}
                    }
                    "handshake" => while stream.read(&mut head).await.is_ok_and(|read| read > 0) {},
                    answer => {
                        stream.read_exact(&mut head).await.expect("a request");
                        let status = if answer == "full" { "503 X\r\nretry-after: 20" } else { "404 X" };
                        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
                        stream.write_all(answer.as_bytes()).await.expect("sent");
                    }
                }
            }
            controller.away.store(true, Ordering::Relaxed);
        };
        let (told, ()) = process.run(client, script).await;
        want.assert_eq(&told);
    }
}

/// Scenario: the process is to end while the controller does not take what it says. Guarantees: it ends within a second.
#[tokio::test(start_paused = true)]
async fn the_end_does_not_wait_for_the_controller() {
    let process = Process::new();
    let mut client = process.client(at("ws://controller"));
    let mut controller = Controller::of(&mut client);
    let began = Instant::now();
    let held = async {
        let mut peer = controller.accept().await;
        peer.next().await.expect("a message");
        // A plan that is said back in full, and more than the connection holds.
        let long = sealed('a', &"x".repeat(200 << 10), str::to_owned);
        peer.offer('a', &long, &[]).await;
        let (mut seen, mut part) = (0, [0; 1024]);
        while seen < 2048 {
            seen += peer.socket.get_mut().read(&mut part).await.expect("readable");
        }
        peer
    };
    let (_, _peer) = process.run(client, held).await;
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}
