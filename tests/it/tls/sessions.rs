//! Sessions of agents that were opened with a certificate, hours before it or its authority ends.
//! Knows WebSockets inside of TLS; not what is said in them.

use super::{
    client::{Authority, Client},
    flags,
};
use crate::support::{Pointsman, now};
use jiff::Timestamp;
use rustls::{ClientConnection, StreamOwned};
use std::{fs, net::TcpStream, time::Duration};
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::{Message, WebSocket, client as upgraded};

const ACCOUNT: &str = "system:serviceaccount:shop:agent";
/// How soon a session ends that nobody vouches for any more.
const ENDED_MAX: Duration = Duration::from_secs(10);
/// Come again, and show who you are.
const AGAIN: u16 = 1001;

type Socket = WebSocket<StreamOwned<ClientConnection, TcpStream>>;

fn open(server: &Pointsman, client: &Client) -> Socket {
    let stream = client.connect(server.http).expect("a handshake");
    upgraded(format!("ws://localhost:{}/v1/opamp", server.http.port()), stream).expect("it is upgraded").0
}

/// Whether a session goes on: it echoes.
fn goes_on(socket: &mut Socket) -> bool {
    socket.send(Message::Ping(vec![7].into())).is_ok() && matches!(socket.read(), Ok(Message::Pong(_)))
}

/// How long it takes until a session is ended, while it says something all the time; and why.
fn ended(socket: &mut Socket) -> (Duration, Option<u16>) {
    let began = now();
    loop {
        assert!(began.elapsed() < ENDED_MAX, "it goes on");
        socket.send(Message::Ping(vec![7].into())).ok(); // it may have ended meanwhile
        match socket.read() {
            Ok(Message::Pong(_)) => std::thread::sleep(Duration::from_millis(50)),
            Ok(Message::Close(why)) => return (began.elapsed(), why.map(|why| why.code.into())),
            other => panic!("neither an echo nor an end: {other:?}"),
        }
    }
}

/// Scenario: three agents with sessions, one with a certificate that soon ends, one of an authority that is about to go, one of the
/// authority that comes: it is added, and then the old one is taken away. Each speaks all the time.
/// Guarantees: a session ends within ten seconds after its certificate or its authority, and the agent is told why and is not let in
/// again; the other agent's session goes on through all of it.
#[test]
fn a_session_ends_with_what_it_was_opened_by() {
    let [ours, old, next] = ["ours", "old", "next"].map(Authority::named);
    let folder = TempDir::new().expect("a folder");
    ours.pair().write(folder.path());
    let ca = folder.path().join("senders.crt");
    fs::write(&ca, [old.pem(), next.pem()].concat()).expect("the folder takes files");
    let (pair, flag) = (flags(folder.path()), format!("--otlp-client-ca-file={}", ca.display()));
    let server = Pointsman::start(&pair.iter().map(String::as_str).chain([flag.as_str()]).collect::<Vec<_>>());
    let showing = |pair| ours.client_showing(&pair, &["http/1.1"]);
    let today = Duration::from_secs(Timestamp::now().as_second().try_into().expect("it is after 1970"));
    let [short, leaving, staying] = [
        showing(old.sender_until(ACCOUNT, today + Duration::from_secs(4))),
        showing(old.sender(Some(ACCOUNT), (2020, 2090))),
        showing(next.sender(Some(ACCOUNT), (2020, 2090))),
    ];
    let [mut of_short, mut of_leaving, mut of_staying] = [&short, &leaving, &staying].map(|client| open(&server, client));

    let (took, why) = ended(&mut of_short);
    assert_eq!(why, Some(AGAIN), "after {took:?}");
    assert!(goes_on(&mut of_leaving) && goes_on(&mut of_staying), "theirs have not ended");

    fs::write(&ca, next.pem()).expect("the folder takes files");
    let (took, why) = ended(&mut of_leaving);
    assert_eq!(why, Some(AGAIN), "after {took:?}");
    assert!(goes_on(&mut of_staying), "its authority is in force");
    for client in [&short, &leaving] {
        let stream = client.connect(server.http).expect("a handshake");
        let refused = upgraded("ws://localhost/v1/opamp", stream).expect_err("nobody vouches");
        assert!(refused.to_string().contains("401"), "{refused}");
    }
}
