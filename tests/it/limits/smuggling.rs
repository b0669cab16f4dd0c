//! HTTP/1 that two readers could read in two ways, and paths that could lead elsewhere.
//! Bytes by hand: no client would send them.

use crate::support::{DEADLINE, Pointsman, parse};
use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
};

/// Everything that is answered to some bytes, to the end of the connection.
fn said(to: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(to).expect("the port answers");
    stream.set_read_timeout(Some(DEADLINE)).expect("a time-out can be set");
    // Whoever refuses early may close before everything is sent.
    stream.write_all(bytes).ok();
    stream.shutdown(Shutdown::Write).ok();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    answer
}

fn answers(text: &[u8]) -> usize {
    text.windows(9).filter(|nine| *nine == b"HTTP/1.1 ").count()
}

/// What would be a second request, if the first ended where one of two readers thinks.
const SECOND: &str = "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n";

/// Scenario: requests whose length can be read in two ways, or whose head is spelt in ways that readers differ about, each
/// with a second request where one of them would see it.
/// Guarantees: there is one answer and the connection ends: nothing is smuggled (T31).
#[test]
fn t31_no_second_request_is_smuggled() {
    let server = Pointsman::start(&[]);
    let rows = [
        ("both lengths", "content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("both lengths, the other way", "transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n"),
        ("two lengths", "content-length: 1\r\ncontent-length: 0\r\n\r\n"),
        ("a list of lengths", "content-length: 0, 1\r\n\r\n"),
        ("a signed length", "content-length: +0\r\n\r\n"),
        ("a length beyond numbers", "content-length: 18446744073709551616\r\n\r\n"),
        ("no number", "content-length: 0x0\r\n\r\n"),
        ("chunked is not last", "transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
        ("something like chunked", "transfer-encoding: xchunked\r\n\r\n0\r\n\r\n"),
        ("a space before the colon", "transfer-encoding : chunked\r\n\r\n0\r\n\r\n"),
        ("a folded line", "x: y\r\n transfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("no size of a chunk", "transfer-encoding: chunked\r\n\r\nx\r\n\r\n"),
        ("a size beyond numbers", "transfer-encoding: chunked\r\n\r\n10000000000000000\r\n\r\n"),
        ("NUL in a value", "x: a\0b\r\n\r\n"),
    ];
    for (what, rest) in rows {
        for (to, head) in [
            (server.http, "POST /v1/metrics HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"),
            (server.read, "GET /livez HTTP/1.1\r\nhost: x\r\n"),
            (server.grpc, "POST / HTTP/1.1\r\nhost: x\r\n"),
        ] {
            let answer = said(to, format!("{head}{rest}{SECOND}").as_bytes());
            assert!(answers(&answer) <= 1, "{what}: {}", String::from_utf8_lossy(&answer));
        }
    }
    let both = said(server.read, format!("GET /livez HTTP/1.1\r\nhost: x\r\n\r\n{SECOND}").as_bytes());
    assert_eq!(answers(&both), 2, "two requests that are two have two answers: {}", String::from_utf8_lossy(&both));
    assert_eq!(server.get("/livez").status, 200);
}

/// Scenario: paths with empty parts, dots, encoded letters, a slash too many; whole URLs of other hosts; no path at all.
/// Guarantees: a path is what it says, else 404 or 400, never a redirect; the host of a URL changes nothing (T31).
#[test]
fn t31_paths_are_what_they_say() {
    let server = Pointsman::start(&[]);
    let rows = [
        ("/metrics", 200),
        ("http://elsewhere.example/metrics", 200),
        ("http://elsewhere.example:1/livez", 200),
        ("/metrics?x=/../y", 200),
        ("//metrics", 404),
        ("/metrics/", 404),
        ("/./metrics", 404),
        ("/x/../metrics", 404),
        ("/%2e%2e/metrics", 404),
        ("/x/%2e%2e/metrics", 404),
        ("/..%2fmetrics", 404),
        ("/metrics%00", 404),
        ("/%6detrics", 404),
        ("/metrics%2f", 404),
        ("/METRICS", 404),
        ("http://elsewhere.example//metrics", 404),
        ("/api/v1/components/%2e%2e/%2e%2e", 404),
        ("*", 404),
        ("metrics", 404),
        ("/met\u{e9}rics", 404),
    ];
    for (target, status) in rows {
        let answer = said(server.read, format!("GET {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes());
        let reply = parse(&answer);
        assert_eq!((reply.status, reply.header("location")), (status, None), "{target}: {}", reply.text());
    }
    let tunnel = parse(&said(server.read, b"CONNECT elsewhere.example:443 HTTP/1.1\r\nhost: x\r\n\r\n"));
    assert!((400..500).contains(&tunnel.status), "{}", tunnel.status);
}
