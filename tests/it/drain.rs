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

/// A cumulative and a delta counter, a second after the one before.
fn counters(second: u64, total: u64) -> String {
    let nanos = |second: u64| (1_700_000_000 + second) * 1_000_000_000;
    let point = |start: u64, value: u64| {
        format!(r#"{{"startTimeUnixNano":"{}","timeUnixNano":"{}","asInt":"{value}"}}"#, nanos(start), nanos(second))
    };
    let sum = |name: &str, temporality: u64, point: String| {
        let kind = format!(r#""isMonotonic":true,"aggregationTemporality":{temporality}"#);
        format!(r#"{{"name":"{name}","sum":{{{kind},"dataPoints":[{point}]}}}}"#)
    };
    let metrics = [sum("whole", 2, point(0, total)), sum("parts", 1, point(second - 1, 5))].join(",");
    let service = r#"{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]}"#;
    format!(r#"{{"resourceMetrics":[{{"resource":{service},"scopeMetrics":[{{"metrics":[{metrics}]}}]}}]}}"#)
}

/// Scenario: a sender of cumulative and delta counters pushes three times; before the third the server is restarted.
/// Guarantees: at the next push the cumulative series is complete, with its own start; the delta series begins again with
/// that increment alone, and its created time says when (TM-18).
#[test]
fn after_a_restart_the_next_push_completes_what_is_cumulative() {
    let look = |server: &Pointsman| {
        let scrape = server.get_with("/metrics", &[("accept", "application/openmetrics-text;version=1.0.0")]).text();
        scrape.lines().filter(|line| line.contains("job=\"shop\"")).map(str::to_owned).collect::<Vec<_>>()
    };
    let push = |server: &Pointsman, body: String| assert_eq!(server.push_json("/v1/metrics", &body).text(), "{}");
    let mut before = Pointsman::start(&[]);
    push(&before, counters(1, 10));
    push(&before, counters(2, 20));
    let want = |parts: u64, whole: u64, created: u64| {
        vec![
            format!("parts_total{{job=\"shop\"}} {parts}"),
            format!("parts_created{{job=\"shop\"}} {created}.0"),
            format!("whole_total{{job=\"shop\"}} {whole}"),
            "whole_created{job=\"shop\"} 1700000000.0".to_owned(),
        ]
    };
    assert_eq!(look(&before), want(10, 20, 1_700_000_000));
    before.signal("TERM");
    before.wait_exit();
    let after = Pointsman::start(&[]);
    assert!(look(&after).is_empty(), "nothing of before is made up");
    push(&after, counters(3, 30));
    assert_eq!(look(&after), want(5, 30, 1_700_000_002));
}
