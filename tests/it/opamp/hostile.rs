//! Agents that mean no good, or know no better: what they send that they may not, and what is made of it.
//! Knows no HTTP but that of a session's beginning.

use super::{
    agent::{Agent, Body, described_as},
    agents, folder, own, start,
};
use crate::support::{Pointsman, raw, wait};
use pointsman_instrument::opamp::proto::{AgentToServer, RemoteConfigStatuses};
use tokio_tungstenite::tungstenite::Message;

fn refused(pointsman: &Pointsman, why: &str) -> u64 {
    let scrape = pointsman.get("/metrics/self").text();
    let is = |line: &&str| line.starts_with("pointsman_sync_refused_total{") && line.contains(&format!("refusal=\"{why}\""));
    let line = scrape.lines().find(is).unwrap_or_else(|| panic!("refused as {why}: {scrape}"));
    line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("it has a value")
}

/// Scenario: text, another header, an empty message, no protobuf, a message that is too large, one that says so much faster than
/// may be. Guarantees: each session ends with the code for it, told why where there is a message for that; it is counted; another
/// agent notices nothing.
#[test]
fn what_is_no_message_ends_the_session() {
    let folder = folder("shop.orders");
    let pointsman = start(&folder);
    let mut bystander = Agent::connect(&pointsman, 999);
    bystander.introduce();
    let rows = [
        ("text", Message::text("hello"), None, 1003),
        ("another header", Message::binary(vec![1, 8, 1]), None, 1002),
        ("empty", Message::binary(Vec::new()), None, 1002),
        ("no protobuf", Message::binary(vec![0, 0xFF, 0xFF, 0xFF]), Some(1), 1007),
        ("no uid", Message::binary(vec![0]), Some(1), 1007),
        ("too large", Message::binary(vec![0; (1 << 20) + 2]), None, 1009),
    ];
    for (number, (name, message, error, code)) in (0..).zip(rows) {
        let mut agent = Agent::connect(&pointsman, number);
        agent.send(message);
        let mut said = None;
        let end = loop {
            match agent.next() {
                Some(Body::Message(message)) => said = message.error_response.map(|error| error.r#type),
                Some(Body::Closed(code)) => break code,
                None => panic!("{name}: the session goes on"),
            }
        };
        assert_eq!((said, end), (error, Some(code)), "{name}");
    }
    let mut fast = Agent::connect(&pointsman, 500);
    fast.introduce();
    let too_fast = (0..200).find_map(|_| fast.say(AgentToServer::default()).error_response).expect("it is stopped");
    assert_eq!((too_fast.r#type, too_fast.details.is_some()), (2, true));
    assert!(matches!(fast.next(), Some(Body::Closed(Some(1013)))));
    assert_eq!(["malformed", "too_large", "too_fast"].map(|why| refused(&pointsman, why)), [5, 1, 1]);
    assert!(bystander.say(AgentToServer::default()).error_response.is_none());
}

/// Scenario: in the midst of its session an agent says that it is of another component; then it comes back as who it was.
/// Guarantees: it is told why not, and its session ends; the other component does not know it; it is welcome as before.
#[test]
fn an_agent_does_not_become_another() {
    let folder = folder("shop.orders");
    let pointsman = start(&folder);
    let mut agent = Agent::connect(&pointsman, 1);
    agent.introduce();
    let (hash, _) = agent.offered();
    agent.answer(&hash, RemoteConfigStatuses::Applied);
    let error = agent.say(described_as("bank", "i1")).error_response.expect("it is refused");
    assert_eq!(error.r#type, 1, "{error:?}");
    assert!(matches!(agent.next(), Some(Body::Closed(Some(1007)))));
    assert_eq!((refused(&pointsman, "malformed"), refused(&pointsman, "duplicate")), (1, 0));
    let mut agent = Agent::connect(&pointsman, 1);
    agent.come_back(&hash);
    wait("the account", || (agents(&pointsman, "applied") == 1).then_some(()));
    assert!(agent.is_quiet());
    assert_eq!(["pending", "failed", "disconnected"].map(|state| agents(&pointsman, state)), [0, 0, 0]);
}

/// Scenario: the largest message that is taken, in frames and in one; a ping; sequence numbers that lie. Guarantees: all of it
/// is taken; a lie asks for everything anew.
#[test]
fn what_is_large_or_odd_is_taken() {
    let folder = folder("shop.orders");
    let pointsman = start(&folder);
    let mut agent = Agent::connect(&pointsman, 1);
    agent.introduce();
    agent.send(Message::Ping(vec![1, 2, 3].into()));
    // An unknown field of bytes: it is skipped, whatever is in it.
    let mut large = vec![0, 0x0A, 16];
    large.extend_from_slice(&agent.uid);
    large.extend_from_slice(&[0x10, 9, 0xAA, 0x06]);
    let rest = (1 << 20) + 1 - large.len() - 3;
    prost::encoding::encode_varint(u64::try_from(rest).expect("it is small"), &mut large);
    large.resize((1 << 20) + 1, 7);
    agent.send(Message::binary(large));
    let answer = loop {
        let message = agent.message();
        if message.remote_config.is_none() {
            break message;
        }
    };
    assert_eq!((answer.error_response, answer.flags), (None, 1), "the number was not the next one");
}

/// Scenario: catalogues that are none, or too large, and a report that is none; then a good one. Guarantees: an error is answered and
/// the session goes on; the plan comes without what was not declared.
#[test]
fn a_bad_catalogue_leaves_the_agent_without_one() {
    let folder = folder("shop.orders");
    let pointsman = start(&folder);
    let mut agent = Agent::connect(&pointsman, 1);
    agent.say(super::agent::described("i1"));
    let many: Vec<String> = (0..5_000).map(|n| format!(r#"{{"name":"a{n}","kind":"Counter"}}"#)).collect();
    let rows = [
        "{",
        r#"{"instruments":[{"name":"a","kind":"Wheel"}]}"#,
        r#"{"instruments":[{"name":"a","kind":"Counter","level":"Loud"}]}"#,
        r#"{"instruments":[{"name":"","kind":"Counter"}]}"#,
        &format!(r#"{{"instruments":[{}]}}"#, many.join(",")),
    ];
    for json in rows {
        let error = agent.declare(json).error_response.unwrap_or_else(|| panic!("it is refused: {json}"));
        assert!(error.r#type == 1 && error.error_message.contains("catalogue") || error.error_message.contains("instrument"));
    }
    let (hash, plan) = agent.offered();
    assert!(plan.instruments.is_empty() && plan.tail.iter().any(|line| line.instruments == "shop.orders" && !line.on));
    agent.answer(&hash, RemoteConfigStatuses::Applied);
    wait("the account", || (agents(&pointsman, "applied") == 1).then_some(()));
    assert_eq!(refused(&pointsman, "malformed"), 5);
    assert_eq!(own(&pointsman, "pointsman_sync_offers_total"), 1);
}

/// Scenario: requests to the path that are no session: plain GET, no key, an old version, another method. Guarantees: each is told
/// what to do instead.
#[test]
fn what_is_no_websocket_is_told_so() {
    let folder = folder("shop.orders");
    let pointsman = start(&folder);
    let ask = |method: &str, more: &str| {
        let head = format!("{method} /v1/opamp HTTP/1.1\r\nHost: a\r\nConnection: close{more}\r\n\r\n");
        raw(pointsman.http, head.as_bytes()).status
    };
    assert_eq!(ask("GET", ""), 426);
    assert_eq!(ask("GET", ", upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13"), 400);
    assert_eq!(ask("GET", ", upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\nSec-WebSocket-Key: a"), 400);
    assert_eq!(ask("PUT", ""), 405);
    assert_eq!(ask("POST", "\r\nContent-Length: 0"), 415);
}
