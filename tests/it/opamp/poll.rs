//! Agents that ask by HTTP: what they are answered, and which bodies are taken.
//! Knows no WebSocket.

use super::{
    agent::{described, plan_in, status},
    agents, folder, start, write,
};
use crate::support::{Pointsman, Reply, http, wait};
use pointsman_instrument::opamp::proto::{AgentToServer, RemoteConfigStatuses, ServerToAgent};
use prost::Message;
use std::io::Write;

fn post(pointsman: &Pointsman, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    http(pointsman.http, "POST", "/v1/opamp", headers, body)
}

fn ask(pointsman: &Pointsman, message: &AgentToServer) -> ServerToAgent {
    let reply = post(pointsman, &[("content-type", "application/x-protobuf")], &message.encode_to_vec());
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/x-protobuf")));
    ServerToAgent::decode(reply.body.as_slice()).expect("it is a message")
}

fn numbered(sequence_num: u64, message: AgentToServer) -> AgentToServer {
    AgentToServer { instance_uid: vec![5; 16], sequence_num, ..message }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("gzip works")
}

/// Scenario: an agent asks by HTTP, obeys, asks again, and again after the views changed. Guarantees: the first answer has its
/// plan, the second none, the third the new one; it is counted as any other.
#[test]
fn an_agent_gets_its_plan_with_the_answer() {
    let folder = folder("shop.orders");
    let pointsman = start(&folder);
    let answer = ask(&pointsman, &numbered(1, described("i1")));
    let (hash, plan) = plan_in(&answer).expect("it is offered at once");
    assert!(plan.tail.iter().any(|line| line.instruments == "shop.orders" && !line.on), "{plan:?}");
    let applied =
        AgentToServer { remote_config_status: status(&hash, RemoteConfigStatuses::Applied), ..AgentToServer::default() };
    assert_eq!(plan_in(&ask(&pointsman, &numbered(2, applied))), None);
    wait("the account", || (agents(&pointsman, "applied") == 1).then_some(()));
    write(folder.path(), "shop.carts");
    let mut number = 2;
    let (other, _) = wait("the new plan", || {
        number += 1;
        std::thread::sleep(std::time::Duration::from_millis(100));
        plan_in(&ask(&pointsman, &numbered(number, AgentToServer::default())))
    });
    assert_ne!(hash, other);
    let lost = ask(&pointsman, &numbered(number + 5, AgentToServer::default()));
    assert_eq!(lost.flags, 1, "some got lost");
}

/// Scenario: bodies that are zipped, too large, growing too large, no gzip, no protobuf, of another type, in another encoding.
/// Guarantees: only the good ones are taken; each of the others gets the status for it.
#[test]
fn bodies_are_checked() {
    let folder = folder("shop.orders");
    let pointsman = start(&folder);
    let good = numbered(1, described("i1")).encode_to_vec();
    let large = vec![0; (1 << 20) + 1];
    let rows: [(&str, &str, &str, Vec<u8>, u16); 9] = [
        ("plain", "application/x-protobuf", "", good.clone(), 200),
        ("zipped", "application/x-protobuf; charset=x", "gzip", gzip(&good), 200),
        ("two streams", "application/x-protobuf", "gzip", [gzip(&good), gzip(&good)].concat(), 400),
        ("no gzip", "application/x-protobuf", "gzip", good.clone(), 400),
        ("too large", "application/x-protobuf", "", large.clone(), 413),
        ("grows too large", "application/x-protobuf", "gzip", gzip(&large), 413),
        ("no message", "application/x-protobuf", "", vec![0xFF; 5], 400),
        ("JSON", "application/json", "", b"{}".to_vec(), 415),
        ("another encoding", "application/x-protobuf", "br", good.clone(), 415),
    ];
    for (name, content_type, encoding, body, expected) in rows {
        let mut headers = vec![("content-type", content_type)];
        headers.extend(Some(("content-encoding", encoding)).filter(|(_, encoding)| !encoding.is_empty()));
        let reply = post(&pointsman, &headers, &body);
        assert_eq!(reply.status, expected, "{name}: {}", reply.text());
    }
    let headers = [("content-type", "application/x-protobuf")];
    let body = numbered(2, AgentToServer::default()).encode_to_vec();
    let reply = (0..200).map(|_| post(&pointsman, &headers, &body)).find(|reply| reply.status != 200).expect("it is stopped");
    assert_eq!((reply.status, reply.header("retry-after").is_some()), (429, true));
}
