//! How the process ends.
//! Every wait has a deadline, and no test sleeps for a time it hopes will do.

use crate::support::{Pointsman, now, wait};
use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

/// Scenario: a running server is asked to end, by either signal.
/// Guarantees: it ends by itself, soon, with exit code 0.
#[test]
fn a_signal_ends_it_with_success() {
    for signal in ["TERM", "INT"] {
        let mut server = Pointsman::start(&[]);
        server.signal(signal);
        assert_eq!(server.wait_exit().code(), Some(0), "{signal}: {:#?}", server.logs());
    }
}

/// Scenario: a request is in flight that never ends, and the server is asked to end twice.
/// Guarantees: the second request to end is obeyed at once, long before the deadline of the first.
#[test]
fn a_second_signal_ends_it_at_once() {
    let mut server = Pointsman::start(&[]);
    let mut half = TcpStream::connect(server.http).expect("the port answers");
    half.write_all(b"POST /v1/metrics HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{")
        .expect("sent");
    server.signal("TERM");
    server.wait_for_log("asked to end");
    let asked = now();
    server.signal("TERM");
    assert_eq!(server.wait_exit().code(), Some(0), "{:#?}", server.logs());
    assert!(asked.elapsed() < Duration::from_secs(5), "took {:?}", asked.elapsed());
}

/// Scenario: half of a request has arrived when the server is asked to end.
/// Guarantees: the request is finished and answered, nobody new is let in, and the process ends with success (RG-17).
#[test]
fn what_is_in_flight_is_finished() {
    let mut server = Pointsman::start(&[]);
    let mut flight = TcpStream::connect(server.http).expect("the port answers");
    let head = b"POST /v1/metrics HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{";
    flight.write_all(head).expect("sent");
    wait("the request to be in flight", || {
        (server.get("/api/v1/health").json()["item"]["flightBytes"].as_u64() == Some(1)).then_some(())
    });
    server.signal("TERM");
    wait("the door to be closed", || TcpStream::connect(server.http).is_err().then_some(()));
    flight.write_all(b"}").expect("still open");
    let mut answer = String::new();
    flight.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("{}"), "{answer}");
    assert_eq!(server.wait_exit().code(), Some(0), "{:#?}", server.logs());
    assert_eq!(server.wait_for_log("ended")["complete"], true);
}
