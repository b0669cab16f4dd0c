use super::{Peer, Process, Settings, offer, plan};
use crate::{
    opamp::{Endpoint, proto::AgentToServer},
    transport::tests::tls::{Authority, NAME, config, folder},
};
use prost::Message as _;
use std::{fs, process::Command, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::{
    accept_hdr_async,
    tungstenite::handshake::server::{Request, Response},
};

async fn listener(scheme: &str) -> (TcpListener, Endpoint) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("{scheme}://{}", listener.local_addr().expect("bound"));
    (listener, Endpoint::new(&url).expect("a URL"))
}

fn settings(endpoint: Endpoint) -> Settings {
    Settings { endpoint: Some(endpoint), ..Settings::default() }
}

/// Joins, is offered a plan, obeys it.
async fn session<S: AsyncRead + AsyncWrite + Unpin>(mut peer: Peer<S>, process: &Process) -> Peer<S> {
    assert_eq!(peer.heard().await, "1 all Unset - catalogue");
    peer.offer('a', &plan('a', &[]), &[]).await;
    assert_eq!(peer.heard().await, "2 Applied a report");
    assert_eq!(process.plan(), "a");
    peer
}

/// Scenario: a session over a real socket. Guarantees: it comes about within seconds, a plan is obeyed, and its end is told
/// by the component, not by a broken connection.
#[tokio::test]
async fn over_a_real_socket() {
    let process = Process::new();
    let (listener, endpoint) = listener("ws").await;
    let client = process.client(settings(endpoint));
    let script = async { session(Peer::new(listener.accept().await.expect("a client").0).await, &process).await };
    let (told, mut peer) = process.run(client, script).await;
    assert_eq!(peer.heard().await, "3 bye");
    assert_eq!(peer.heard().await, "gone");
    assert_eq!(told.lines().count(), 3, "{told}");
}

/// Scenario: a controller over TLS at an address, with a certificate for a name and an authority of its own, that wants a
/// token and a header. Guarantees: the session comes about under that name; the token of now and the header are shown.
#[tokio::test]
async fn over_tls_with_a_token() {
    let process = Process::new();
    let (listener, endpoint) = listener("wss").await;
    let authority = Authority::new(NAME);
    let dir = folder(&authority);
    let token = dir.path().join("token");
    fs::write(&token, "hush\n").expect("written");
    let tenant = (http::HeaderName::from_static("x-tenant"), http::HeaderValue::from_static("a"));
    let client = process.client(settings(endpoint.with(|target| {
        target.server_name(NAME).ca_file(dir.path().join("ca.crt")).token_file(token).header(tenant.0, tenant.1)
    })));
    let script = async {
        let (tcp, _) = listener.accept().await.expect("a client");
        let tls = TlsAcceptor::from(config(&authority, None)).accept(tcp).await.expect("trust");
        assert_eq!(tls.get_ref().1.server_name(), Some(NAME));
        let mut shown = Vec::new();
        #[expect(clippy::result_large_err, reason = "the signature is the library's")]
        let look = |request: &Request, response: Response| {
            let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
            shown = vec![request.uri().path().to_owned(), header("authorization"), header("x-tenant"), header("host")];
            Ok(response)
        };
        let socket = accept_hdr_async(tls, look).await.expect("a handshake");
        let host = shown.pop().unwrap_or_default();
        assert!(host.starts_with(&format!("{NAME}:")), "{host}");
        assert_eq!(shown, ["/v1/opamp", "Bearer hush", "a"]);
        session(Peer { socket, uid: Vec::new() }, &process).await
    };
    process.run(client, script).await;
}

/// Scenario: a controller that is polled over a real socket, written by hand. Guarantees: requests are whole and have the
/// right form; the plan in an answer is obeyed, which the next request says at once.
#[tokio::test]
async fn polled_over_a_real_socket() {
    let process = Process::new();
    let (listener, endpoint) = listener("http").await;
    let client = process.client(settings(endpoint));
    let script = async {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let mut log = Vec::new();
        for _ in 0..2 {
            let mut read = Vec::new();
            let (head, length) = loop {
                stream.read_buf(&mut read).await.expect("readable");
                let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
                let head = String::from_utf8(read[..end].to_vec()).expect("text");
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
                break (end + 4, length.parse::<usize>().expect("a number"));
            };
            while read.len() < head + length {
                stream.read_buf(&mut read).await.expect("readable");
            }
            assert!(read.starts_with(b"POST /v1/opamp HTTP/1.1\r\n"));
            let message = AgentToServer::decode(&read[head..]).expect("a message");
            log.push(super::brief(&message));
            let body = offer(&message.instance_uid, 'a', &plan('a', &[]), &[]).encode_to_vec();
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            stream.write_all(&[answer.as_bytes(), &body].concat()).await.expect("writable");
        }
        log
    };
    let (_, log) = process.run(client, script).await;
    assert_eq!(log, ["1 all Unset - catalogue", "2 Applied a report"]);
    assert_eq!(process.plan(), "a");
}

/// Scenario: the folder with the last good plan hangs: a write does not end. Guarantees: the plan that is offered is obeyed and told
/// at once all the same, and is kept once the folder lets go.
#[tokio::test]
async fn a_disk_that_hangs_holds_up_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let (cache, pipe) = (dir.path().join("last"), dir.path().join("last.new"));
    // Who writes into a pipe waits for a reader.
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("a command").success());
    let process = Process::new();
    let (listener, endpoint) = listener("ws").await;
    let client = process.client(Settings { plan_cache: Some(cache), ..settings(endpoint) });
    let script = async {
        let peer = session(Peer::new(listener.accept().await.expect("a client").0).await, &process).await;
        let kept = fs::read_to_string(&pipe).expect("written");
        assert!(kept.ends_with(&plan('a', &[])), "{kept}");
        peer
    };
    let told = tokio::time::timeout(Duration::from_secs(20), process.run(client, script)).await.expect("an end").0;
    assert_eq!(told.lines().count(), 3, "{told}");
}
