//! How the process ends.

use crate::support::{Pointsman, now};
use std::{io::Write, net::TcpStream, time::Duration};

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
