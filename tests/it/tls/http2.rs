//! What flags say of HTTP/2, as it is seen on the wire: frames by hand inside of TLS, and what was agreed on before them.
//! Knows frames; not what a request comes to.

use super::{
    client::{Authority, Client},
    flags,
};
use crate::support::{DEADLINE, Pointsman, now};
use rustls::{ClientConnection, StreamOwned};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};
use tempfile::TempDir;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_HEADERS: u8 = 4;
/// Settings by number.
const STREAMS: u16 = 3;
const WINDOW: u16 = 4;
const REFUSED_STREAM: u32 = 7;

type Stream = StreamOwned<ClientConnection, TcpStream>;

/// A server with these flags beside its certificate, and who signs.
fn start(more: &[&str]) -> (Pointsman, Authority, TempDir) {
    let (ours, folder) = (Authority::named("ours"), TempDir::new().expect("a folder"));
    ours.pair().write(folder.path());
    let pair = flags(folder.path());
    (Pointsman::start(&pair.iter().map(String::as_str).chain(more.iter().copied()).collect::<Vec<_>>()), ours, folder)
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short payload").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The next frame: kind, stream, payload.
fn next(stream: &mut Stream) -> (u8, u32, Vec<u8>) {
    let mut head = [0; 9];
    stream.read_exact(&mut head).expect("a frame");
    let [a, b, c, kind, _, of @ ..] = head;
    let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]).try_into().expect("a short payload")];
    stream.read_exact(&mut payload).expect("a whole frame");
    (kind, u32::from_be_bytes(of), payload)
}

/// A connection on which HTTP/2 has begun, and the settings that were told.
fn begun(client: &Client, addr: SocketAddr) -> (Stream, Vec<(u16, u32)>) {
    let mut stream = client.connect(addr).expect("a handshake");
    assert_eq!(stream.conn.alpn_protocol(), Some(&b"h2"[..]), "{addr}");
    stream.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()).expect("sent");
    let (kind, _, payload) = next(&mut stream);
    assert_eq!(kind, SETTINGS, "they come first");
    let one = |pair: &[u8]| match *pair {
        [a, b, c, d, e, f] => (u16::from_be_bytes([a, b]), u32::from_be_bytes([c, d, e, f])),
        _ => panic!("no settings: {pair:?}"),
    };
    (stream, payload.chunks(6).map(one).collect())
}

/// Scenario: a client of HTTP/2 on each listener, by default, with small numbers, and with numbers beyond what is allowed.
/// Guarantees: it is told the streams at once and the bytes of each as the flags say, and never more than our own limits.
#[test]
fn krp_42_streams_and_their_bytes_are_told_as_flags_say() {
    for (more, streams, bytes) in [
        (&[][..], 100, 65_536),
        (&["--http2-max-concurrent-streams=7", "--http2-max-size=16KiB"], 7, 16_384),
        (&["--http2-max-concurrent-streams=100000", "--http2-max-size=16MiB"], 100, 65_536),
    ] {
        let (server, ours, _folder) = start(more);
        for addr in [server.grpc, server.http, server.read] {
            let (_, settings) = begun(&ours.client(&["h2"]), addr);
            let told = |number: u16| settings.iter().find(|(of, _)| *of == number).map(|(_, value)| *value);
            assert_eq!((told(STREAMS), told(WINDOW)), (Some(streams), Some(bytes)), "{more:?}: {settings:?}");
        }
    }
}

/// Scenario: two streams are allowed, and three requests begin on one connection whose bodies do not come.
/// Guarantees: the third stream is refused, so that it may be tried again, and the connection goes on.
#[test]
fn krp_42_a_stream_too_many_is_refused() {
    let (server, ours, _folder) = start(&["--http2-max-concurrent-streams=2"]);
    let (mut stream, _) = begun(&ours.client(&["h2"]), server.http);
    // `POST` and `https` by their numbers in the static table; `:path` and `content-type` by name there, and with a value.
    let head = [&[0x83, 0x87, 0x04, 11][..], b"/v1/metrics", &[0x0f, 0x10, 16], b"application/json"].concat();
    for number in [1, 3, 5] {
        stream.write_all(&frame(HEADERS, END_HEADERS, number, &head)).expect("sent");
    }
    let deadline = now() + DEADLINE;
    let (of, why) = loop {
        assert!(now() < deadline, "nothing was refused");
        match next(&mut stream) {
            (RST_STREAM, of, payload) => break (of, u32::from_be_bytes(payload.try_into().expect("a code"))),
            (HEADERS | GOAWAY, of, payload) => panic!("an answer on {of}: {payload:?}"),
            _ => {}
        }
    };
    assert_eq!((of, why), (5, REFUSED_STREAM));
}

/// Scenario: with `--http2-disable` a client that would take either protocol, one that knows no names of protocols, and HTTP/2 by
/// those who do not ask, on each listener.
/// Guarantees: HTTP/1.1 is agreed on and works where readers and OTLP over HTTP are; HTTP/2 that begins all the same is ended at
/// once, not answered in HTTP/2; gRPC has HTTP/2 as ever.
#[test]
fn krp_42_without_http2_its_preface_is_refused() {
    let (server, ours, _folder) = start(&["--http2-disable"]);
    for addr in [server.http, server.read] {
        for (protocols, agreed) in
            [(&["h2", "http/1.1"][..], Some(&b"http/1.1"[..])), (&["http/1.1"], Some(b"http/1.1")), (&[], None)]
        {
            let client = ours.client(protocols);
            let began = now();
            let mut stream = client.connect(addr).expect("a handshake");
            assert_eq!(stream.conn.alpn_protocol(), agreed);
            stream.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()).expect("sent");
            let mut answer = Vec::new();
            // A reset is an end too.
            stream.read_to_end(&mut answer).ok();
            assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"), "{protocols:?}: {answer:?}");
            assert!(began.elapsed().as_secs() < 4, "it hung for {:?}", began.elapsed()); // before any limit of ours ends it
            let path = if addr == server.read { "/livez" } else { "/nothing" };
            let wanted = if addr == server.read { 200 } else { 404 };
            assert_eq!(client.http(addr, "GET", path, "").expect("an answer").status, wanted);
        }
        ours.client(&["h2"]).connect(addr).expect_err("nothing can be agreed on");
    }
    begun(&ours.client(&["h2"]), server.grpc);
}
