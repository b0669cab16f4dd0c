//! An agent on a WebSocket, message by message: what the protocol says, and nothing of our own client.
//! Checks only that what comes is a message.

use crate::support::{DEADLINE, Pointsman, now};
use pointsman_instrument::opamp::{
    messages::{CAPABILITY, CATALOGUE, PLAN_ENTRY},
    plan::Plan,
    proto::{
        AgentDescription, AgentToServer, AnyValue, CustomCapabilities, CustomMessage, KeyValue, RemoteConfigStatus,
        RemoteConfigStatuses, ServerToAgent, any_value::Value,
    },
};
use prost::Message as _;
use std::{collections::VecDeque, io, net::TcpStream, time::Duration};
use tokio_tungstenite::tungstenite::{Error, Message, WebSocket, client};

/// AcceptsRemoteConfig, ReportsRemoteConfig, ReportsStatus.
const CAPABILITIES: u64 = 0x1 | 0x2 | 0x1000;

/// What it declares.
const DECLARES: &str = r#"{"library":"test 1.0","aspects":["state","attributes"],"instruments":[
    {"scope":"shop","name":"shop.orders","kind":"Counter","level":"Standard"},
    {"scope":"shop","name":"shop.carts","kind":"Gauge","level":"Essential"}]}"#;

/// What came.
#[derive(Debug)]
pub(super) enum Body {
    Message(Box<ServerToAgent>),
    Closed(Option<u16>),
}

/// One agent.
pub(super) struct Agent {
    socket: WebSocket<TcpStream>,
    service: &'static str,
    instance: String,
    pub(super) uid: Vec<u8>,
    sequence: u64,
    /// Plans that came while something else was waited for.
    offers: VecDeque<([u8; 16], Plan)>,
}

impl Agent {
    /// One of the shop.
    pub(super) fn connect(pointsman: &Pointsman, number: u16) -> Self {
        Self::connect_as(pointsman, "shop", number)
    }

    pub(super) fn connect_as(pointsman: &Pointsman, service: &'static str, number: u16) -> Self {
        let socket =
            Self::upgraded(pointsman).unwrap_or_else(|why| panic!("{number} is not upgraded: {why}: {:#?}", pointsman.logs()));
        let mut uid = vec![7; 16];
        uid[..2].copy_from_slice(&number.to_be_bytes());
        Self { socket, service, instance: format!("i{number}"), uid, sequence: 0, offers: VecDeque::new() }
    }

    fn upgraded(pointsman: &Pointsman) -> Result<WebSocket<TcpStream>, String> {
        let stream = TcpStream::connect(pointsman.http).map_err(|error| error.to_string())?;
        stream.set_read_timeout(Some(DEADLINE)).map_err(|error| error.to_string())?;
        let upgraded = client(format!("ws://{}/v1/opamp", pointsman.http), stream);
        upgraded.map(|(socket, _)| socket).map_err(|error| error.to_string())
    }

    /// Says who it is and what it has; what is answered to the first of both.
    pub(super) fn introduce(&mut self) -> ServerToAgent {
        let custom_capabilities = Some(CustomCapabilities { capabilities: vec![CAPABILITY.to_owned()] });
        let answer = self.say(AgentToServer { custom_capabilities, ..described_as(self.service, &self.instance) });
        if answer.agent_identification.is_none() {
            self.declare(DECLARES);
        }
        answer
    }

    /// Says again who it is, and which plan it has.
    pub(super) fn come_back(&mut self, hash: &[u8; 16]) {
        let message = AgentToServer {
            remote_config_status: status(hash, RemoteConfigStatuses::Applied),
            ..described_as(self.service, &self.instance)
        };
        let custom_message = Some(declares(DECLARES));
        self.say(AgentToServer { custom_message, ..message });
    }

    pub(super) fn declare(&mut self, json: &str) -> ServerToAgent {
        self.say(AgentToServer { custom_message: Some(declares(json)), ..AgentToServer::default() })
    }

    pub(super) fn answer(&mut self, hash: &[u8; 16], word: RemoteConfigStatuses) -> ServerToAgent {
        self.say(AgentToServer { remote_config_status: status(hash, word), ..AgentToServer::default() })
    }

    /// Says something, and waits for the answer.
    pub(super) fn say(&mut self, message: AgentToServer) -> ServerToAgent {
        self.sequence += 1;
        let message = AgentToServer { instance_uid: self.uid.clone(), sequence_num: self.sequence, ..message };
        self.send(Message::binary([&[0], message.encode_to_vec().as_slice()].concat()));
        loop {
            let message = self.message();
            match plan_in(&message) {
                Some(offer) => self.offers.push_back(offer),
                None => return message,
            }
        }
    }

    pub(super) fn send(&mut self, message: Message) {
        self.socket.send(message).expect("it takes messages");
    }

    /// The next message.
    pub(super) fn message(&mut self) -> ServerToAgent {
        match self.next() {
            Some(Body::Message(message)) => *message,
            other => panic!("no message: {other:?}"),
        }
    }

    /// What comes next; nothing when it stays silent for as long as is waited.
    pub(super) fn next(&mut self) -> Option<Body> {
        loop {
            match self.socket.read() {
                Ok(Message::Binary(bytes)) => {
                    let (header, message) = bytes.split_first().expect("a message has a header");
                    assert_eq!(*header, 0);
                    let message = ServerToAgent::decode(message).expect("it is a message");
                    return Some(Body::Message(Box::new(message)));
                }
                Ok(Message::Close(frame)) => return Some(Body::Closed(frame.map(|frame| frame.code.into()))),
                Ok(_) => {}
                Err(Error::Io(error)) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    return None;
                }
                Err(_) => return Some(Body::Closed(None)),
            }
        }
    }

    /// The next plan that it is offered, whatever comes before.
    pub(super) fn offered(&mut self) -> ([u8; 16], Plan) {
        let deadline = now() + DEADLINE;
        loop {
            assert!(now() < deadline, "nothing is offered");
            if let Some(offer) = self.offers.pop_front() {
                return offer;
            }
            if let Some(offer) = plan_in(&self.message()) {
                return offer;
            }
        }
    }

    /// The last plan that came before the connection broke.
    pub(super) fn last_offer(&mut self) -> Option<[u8; 16]> {
        let mut last = self.offers.pop_back().map(|(hash, _)| hash);
        while let Some(Body::Message(message)) = self.next() {
            last = plan_in(&message).map(|(hash, _)| hash).or(last);
        }
        last
    }

    /// Whether nothing comes for a moment.
    pub(super) fn is_quiet(&mut self) -> bool {
        let stream = self.socket.get_ref();
        stream.set_read_timeout(Some(Duration::from_millis(1))).expect("a socket can be told");
        self.offers.is_empty() && self.next().is_none()
    }
}

/// The plan in a message, with the hash beside it.
pub(super) fn plan_in(message: &ServerToAgent) -> Option<([u8; 16], Plan)> {
    let config = message.remote_config.as_ref()?;
    let file = config.config.as_ref()?.config_map.get(PLAN_ENTRY)?;
    assert_eq!(file.content_type, "application/json");
    let hash = config.config_hash.as_slice().try_into().expect("16 bytes");
    Some((hash, Plan::read(&file.body).expect("it is a plan")))
}

pub(super) fn described(instance: &str) -> AgentToServer {
    described_as("shop", instance)
}

pub(super) fn described_as(service: &str, instance: &str) -> AgentToServer {
    let attribute = |key: &str, value: &str| KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(Value::StringValue(value.to_owned())) }),
    };
    let identifying_attributes = vec![attribute("service.name", service), attribute("service.instance.id", instance)];
    let agent_description = Some(AgentDescription { identifying_attributes, non_identifying_attributes: Vec::new() });
    AgentToServer { agent_description, capabilities: CAPABILITIES, ..AgentToServer::default() }
}

pub(super) fn status(hash: &[u8; 16], word: RemoteConfigStatuses) -> Option<RemoteConfigStatus> {
    Some(RemoteConfigStatus { last_remote_config_hash: hash.to_vec(), status: word.into(), error_message: String::new() })
}

fn declares(json: &str) -> CustomMessage {
    CustomMessage { capability: CAPABILITY.to_owned(), r#type: CATALOGUE.to_owned(), data: json.as_bytes().to_vec() }
}
