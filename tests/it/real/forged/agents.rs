//! OpAMP under another's name: by polls and WebSockets, with another's `instance_uid`, description or both, beside a victim whose
//! plan is known. Knows messages, and no OTLP.

use super::{
    lies::Home,
    town::{Served, Town},
};
use crate::support::{DEADLINE, http, wait};
use pointsman_instrument::opamp::proto::{
    AgentDescription, AgentDisconnect, AgentToServer, AnyValue, KeyValue, RemoteConfigStatus, RemoteConfigStatuses,
    ServerToAgent, any_value::Value,
};
use prost::Message as _;
use std::net::TcpStream;
use tokio_tungstenite::tungstenite::{Message, WebSocket, client, client::IntoClientRequest};

const CAPABILITIES: u64 = 0x1 | 0x2 | 0x1000;
const VICTIM: [u8; 16] = [7; 16];
const MALLORY: [u8; 16] = [9; 16];

fn attribute(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::StringValue(value.to_owned())) });
    KeyValue { key: key.to_owned(), value }
}

/// What an agent of this home says of itself, and what it says beside.
fn described(home: &Home, more: &[(&str, &str)]) -> Option<AgentDescription> {
    let usual = [
        ("service.name", "till"),
        ("service.instance.id", "till-1"),
        ("k8s.namespace.name", home.namespace.as_str()),
        ("k8s.pod.uid", home.uid.as_str()),
    ];
    let identifying_attributes = usual.iter().chain(more).map(|(key, value)| attribute(key, value)).collect();
    Some(AgentDescription { identifying_attributes, non_identifying_attributes: Vec::new() })
}

fn message(uid: &[u8], sequence_num: u64, description: Option<AgentDescription>) -> AgentToServer {
    AgentToServer {
        instance_uid: uid.to_vec(),
        sequence_num,
        agent_description: description,
        capabilities: CAPABILITIES,
        ..AgentToServer::default()
    }
}

/// A session, opened with a token.
struct Session(WebSocket<TcpStream>);

impl Session {
    fn open(served: &Served, token: &str) -> Self {
        let stream = TcpStream::connect(served.server.http).expect("it takes connections");
        stream.set_read_timeout(Some(DEADLINE)).expect("a time can be set");
        let mut request = format!("ws://{}/v1/opamp", served.server.http).into_client_request().expect("a URL");
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().expect("a header"));
        Self(client(request, stream).expect("it is upgraded").0)
    }

    fn say(&mut self, message: &AgentToServer) {
        self.0.send(Message::binary([&[0], message.encode_to_vec().as_slice()].concat())).expect("it is sent");
    }

    /// The next message, or the code that the session ends with.
    fn next(&mut self) -> Result<ServerToAgent, u16> {
        loop {
            match self.0.read().expect("something comes") {
                Message::Binary(bytes) => return Ok(ServerToAgent::decode(&bytes[1..]).expect("it is a message")),
                Message::Close(frame) => return Err(frame.map_or(0, |frame| frame.code.into())),
                _ => {}
            }
        }
    }

    /// The hash of the plan that it is offered, whatever comes before.
    fn offered(&mut self) -> Vec<u8> {
        loop {
            let message = self.next().expect("it goes on");
            if let Some(config) = message.remote_config {
                return config.config_hash;
            }
        }
    }
}

fn poll(served: &Served, token: &str, message: &AgentToServer) -> (u16, ServerToAgent) {
    let authorization = format!("Bearer {token}");
    let headers = [("content-type", "application/x-protobuf"), ("authorization", authorization.as_str())];
    let reply = http(served.server.http, "POST", "/v1/opamp", &headers, &message.encode_to_vec());
    (reply.status, ServerToAgent::decode(&*reply.body).unwrap_or_default())
}

/// Every message by which mallory speaks for the victim.
fn lies(town: &Town) -> Vec<(&'static str, AgentToServer)> {
    let Town { victim, mallory, neighbour, .. } = town;
    let (v, m) = (victim.namespace.as_str(), mallory.namespace.as_str());
    let applied = RemoteConfigStatus {
        last_remote_config_hash: vec![1; 16],
        status: RemoteConfigStatuses::Applied.into(),
        error_message: String::new(),
    };
    let of = |uid: &[u8], description| message(uid, 1, description);
    vec![
        ("the other's name", of(&VICTIM, None)),
        ("the other's name, its own description", of(&VICTIM, described(mallory, &[]))),
        ("the other's name and description", of(&VICTIM, described(victim, &[]))),
        ("the other's description", of(&MALLORY, described(victim, &[]))),
        ("the other's namespace", of(&MALLORY, described(mallory, &[("k8s.namespace.name", v)]))),
        ("the other's namespace of a service", of(&MALLORY, described(mallory, &[("service.namespace", v)]))),
        ("the other's pod", of(&MALLORY, described(mallory, &[("k8s.pod.name", &victim.pod)]))),
        ("the other's uid of a pod", of(&MALLORY, described(mallory, &[("k8s.pod.uid", &victim.uid)]))),
        ("a neighbour's uid of a pod", of(&MALLORY, described(neighbour, &[]))),
        ("a namespace with a blank", of(&MALLORY, described(mallory, &[("k8s.namespace.name", &format!("{m} "))]))),
        ("what became of the other's plan", AgentToServer { remote_config_status: Some(applied), ..of(&VICTIM, None) }),
        ("the other goes", AgentToServer { agent_disconnect: Some(AgentDisconnect {}), ..of(&VICTIM, None) }),
        ("the other wants another name", AgentToServer { flags: 1, ..of(&VICTIM, None) }),
    ]
}

/// Scenario: a victim has a session and obeys its plan; mallory, who can prove who it is, speaks for it by polls and by WebSockets,
/// and says in a description who proved it; an agent of its own comes beside.
/// Guarantees: t01: each message is refused with 403, or with the code 1008 and the end of the session, and counted; the victim's
/// session goes on, and it is offered nothing new; mallory's own agent is of mallory's namespace, whatever it says of its sender.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn t01_nobody_speaks_for_anothers_agent() {
    let town = Town::build();
    let served = town.server(&[]);
    let mut victim = Session::open(&served, &town.victims);
    victim.say(&message(&VICTIM, 1, described(&town.victim, &[])));
    let plan = victim.offered();
    let status = RemoteConfigStatus {
        last_remote_config_hash: plan,
        status: RemoteConfigStatuses::Applied.into(),
        error_message: String::new(),
    };
    victim.say(&AgentToServer { remote_config_status: Some(status), ..message(&VICTIM, 2, None) });
    victim.next().expect("it is answered");
    let applied = || served.own("pointsman_sync_agents", &["state=\"applied\""]);
    let forged = || served.own("pointsman_sync_refused_total", &["refusal=\"forged\""]);
    wait("the account", || (applied() == 1).then_some(()));
    let offers = served.own("pointsman_sync_offers_total", &[]);

    let lies = lies(&town);
    for (n, (what, lie)) in (0..).zip(&lies) {
        let (code, answer) = poll(&served, &town.mallorys, lie);
        assert_eq!((code, answer.error_response.is_some(), answer.remote_config), (403, true, None), "{what}");
        let mut session = Session::open(&served, &town.mallorys);
        session.say(lie);
        let answer = session.next().expect("it is told why");
        assert!(answer.error_response.is_some() && answer.agent_identification.is_none(), "{what}: {answer:?}");
        assert_eq!((session.next().err(), forged()), (Some(1008), 2 * (n + 1)), "{what}");
    }
    let mark = format!("system:serviceaccount:{}:till {} {}", town.victim.namespace, town.victim.pod, town.victim.uid);
    let own = message(&MALLORY, 1, described(&town.mallory, &[("pointsman.sender", &mark)]));
    let (code, answer) = poll(&served, &town.mallorys, &own);
    assert_eq!((code, answer.error_response), (200, None));
    assert_eq!(poll(&served, &town.victims, &message(&MALLORY, 2, None)).0, 403, "it is not the victim's, for all it says");

    let is_told =
        |line: &String| line.contains("speaks for somebody else") && line.contains("instance_uid") && line.contains(":eve\"");
    assert_eq!(served.server.logs().iter().filter(|line| is_told(line)).count(), 1, "the log names it once");

    victim.say(&message(&VICTIM, 3, None));
    let answer = victim.next().expect("the session goes on");
    assert_eq!((answer.flags, answer.error_response, answer.remote_config), (0, None, None));
    assert_eq!((applied(), served.own("pointsman_sync_offers_total", &[])), (1, offers + 1), "but that of mallory's own agent");
}
