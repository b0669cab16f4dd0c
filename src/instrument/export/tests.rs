mod footprint;

use super::{Exporter, pause};
use crate::{
    limits::ANSWERED_ATTEMPTS_MAX,
    reconcile::{Outcome, Reconcile},
    semconv::pointsman::LimitHits,
    telemetry::tests::{lines, telemetry},
    transport::{Signal, Transport},
};
use bytes::Bytes;
use expect_test::{Expect, expect};
use parking_lot::Mutex;
use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::Arc,
    time::Duration,
};

/// What a receiver was sent: path and body.
type Got = Arc<Mutex<Vec<(String, Bytes)>>>;

/// Stands in a script for a receiver that takes a request, but for one point.
const BUT_ONE: u16 = 299;

/// A receiver over HTTP that answers what `script` says to a path, on a thread that ends with the last answer.
fn receiver(script: &[(&str, u16)]) -> (Transport, Got) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let got = Got::default();
    let (log, script) = (got.clone(), script.iter().map(|(path, status)| ((*path).to_owned(), *status)).collect::<Vec<_>>());
    std::thread::spawn(move || {
        for (want, status) in script {
            let (mut stream, _) = listener.accept().expect("a connection");
            let (mut read, mut part) = (Vec::new(), [0; 4096]);
            let head = loop {
                let n = stream.read(&mut part).expect("readable");
                read.extend_from_slice(&part[..n]);
                if let Some(end) = read.windows(4).position(|w| w == b"\r\n\r\n") {
                    break end + 4;
                }
            };
            let text = String::from_utf8_lossy(&read[..head]).into_owned();
            let length = text.lines().find_map(|l| l.strip_prefix("content-length: ")).expect("a length");
            let length: usize = length.parse().expect("a number");
            while read.len() < head + length {
                let n = stream.read(&mut part).expect("readable");
                read.extend_from_slice(&part[..n]);
            }
            let path = text.split(' ').nth(1).expect("a path").to_owned();
            assert_eq!(path, want);
            let mut body = Vec::new();
            flate2::read::GzDecoder::new(&read[head..]).read_to_end(&mut body).expect("gzip");
            log.lock().push((path, body.into()));
            let (status, answer) = if status == BUT_ONE { (200, &[10, 2, 8, 1][..]) } else { (status, &[][..]) };
            let length = answer.len();
            let head = format!("HTTP/1.1 {status} X\r\ncontent-type: application/x-protobuf\r\ncontent-length: {length}\r\n\r\n");
            stream.write_all(&[head.as_bytes(), answer].concat()).expect("writable");
        }
    });
    (Transport::http(&url).expect("a URL"), got)
}

/// The spans of the requests a receiver got, a line each; a request ends with a line of its own.
fn spans(got: &Got) -> String {
    let traces = got.lock().clone().into_iter().filter(|(path, _)| path == "/v1/traces");
    traces.map(|(_, body)| lines([(Signal::Traces, body)]) + "\n--\n").collect()
}

const METRICS: &str = "/v1/metrics";
const TRACES: &str = "/v1/traces";

/// Scenario: the receiver is overloaded, then takes what comes; spans end in between. Guarantees: the spans of the failed
/// push come first, once, and unchanged; the others follow; metrics are said in full each time.
#[tokio::test]
async fn spans_of_a_failed_push_go_out_again() {
    let (transport, got) =
        receiver(&[(METRICS, 200), (TRACES, 503), (METRICS, 200), (TRACES, 200), (TRACES, 200), (METRICS, 200)]);
    let (telemetry, _) = telemetry();
    let mut exporter = Exporter::new(telemetry.clone(), transport);
    let turns = |kind| Reconcile::new(&telemetry, kind).begin().end(Outcome::Changed, 0);
    turns("First");
    exporter.push().await.expect_err("overloaded");
    turns("Second");
    exporter.push().await.expect("taken");
    exporter.push().await.expect("taken");
    assert_eq!((exporter.failed(), telemetry.spans_dropped()), (1, 0));
    expect![[r#"
        span reconcile First 0s status 0 pointsman.faults=0,pointsman.object.kind=First,pointsman.result=changed
        --
        span reconcile First 0s status 0 pointsman.faults=0,pointsman.object.kind=First,pointsman.result=changed
        --
        span reconcile Second 0s status 0 pointsman.faults=0,pointsman.object.kind=Second,pointsman.result=changed
        --
    "#]]
    .assert_eq(&spans(&got));
}

/// Scenario: the receiver refuses metrics for good and spans too; later it says again and again that it may take spans
/// later. Guarantees: refused metrics do not hold up spans; what is refused for good, or ten times, is dropped and counted,
/// and lets what follows through.
#[tokio::test]
async fn what_is_refused_makes_room() {
    let mut script = vec![(METRICS, 400), (TRACES, 400)];
    for _ in 0..ANSWERED_ATTEMPTS_MAX {
        script.extend([(METRICS, 200), (TRACES, 503)]);
    }
    script.extend([(METRICS, 200), (TRACES, 200)]);
    let (transport, got) = receiver(&script);
    let (telemetry, _) = telemetry();
    let mut exporter = Exporter::new(telemetry.clone(), transport);
    let turns = |kind| Reconcile::new(&telemetry, kind).begin().end(Outcome::Changed, 0);
    turns("Refused");
    exporter.push().await.expect_err("refused");
    assert_eq!(telemetry.spans_dropped(), 1);
    turns("Poison");
    for _ in 0..ANSWERED_ATTEMPTS_MAX {
        exporter.push().await.expect_err("overloaded");
    }
    turns("Last");
    exporter.push().await.expect("taken");
    assert_eq!(telemetry.spans_dropped(), 2);
    assert_eq!(spans(&got).lines().filter(|l| l.contains("Last")).count(), 1);
}

/// Scenario: nobody listens yet, for many pushes. Guarantees: no span is dropped for it.
#[tokio::test]
async fn spans_wait_for_their_receiver() {
    let (telemetry, _) = telemetry();
    let mut exporter = Exporter::new(telemetry.clone(), Transport::http("http://127.0.0.1:1").expect("a URL"));
    Reconcile::new(&telemetry, "Early").begin().end(Outcome::Changed, 0);
    for _ in 0..3 * ANSWERED_ATTEMPTS_MAX {
        exporter.push().await.expect_err("nobody is there");
    }
    let (transport, got) = receiver(&[(METRICS, 200), (TRACES, 200)]);
    (exporter.metrics, exporter.traces) = (Some(transport.clone()), Some(transport));
    exporter.push().await.expect("taken");
    assert!(spans(&got).contains("Early"));
    assert_eq!(telemetry.spans_dropped(), 0);
}

/// Scenario: the process stops. Guarantees: what was recorded since the last push goes out before `run` ends.
#[tokio::test]
async fn the_last_push_comes_before_the_end() {
    let (telemetry, _) = telemetry();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = seen.clone();
    let transport = Transport::InProcess(Arc::new(move |signal, body| sink.lock().push((signal, body))));
    let hits = telemetry.counter::<LimitHits>();
    hits.on().expect("on").add(4, LimitHits { limit: "series_max".into() });
    Exporter::new(telemetry, transport).run(Duration::from_secs(3600), std::future::ready(()), |e| panic!("{e}")).await;
    expect!["pointsman.limit.hits [{hit}] counter 0s..0s: pointsman.limit=series_max 4"].assert_eq(&lines(seen.lock().drain(..)));
}

/// Scenario: the process stops while the receiver holds a request and never answers. Guarantees: the end comes all the same,
/// and says why something may be missing. (Time is the runtime's, and does not pass.)
#[tokio::test(start_paused = true)]
async fn the_end_has_a_deadline() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", silent.local_addr().expect("bound"));
    let (telemetry, _) = telemetry();
    let hits = telemetry.counter::<LimitHits>();
    hits.on().expect("on").add(4, LimitHits { limit: "series_max".into() });
    let exporter = Exporter::new(telemetry, Transport::http(&url).expect("a URL"));
    exporter.run(Duration::from_secs(5), tokio::time::sleep(Duration::from_secs(60)), |_| {}).await;
}

fn check(failures: u32, asked: Option<u64>, want: &Expect) {
    let of = |spread| pause(failures, asked.map(Duration::from_secs), spread);
    want.assert_eq(&format!("{:?}..{:?}", of(0.0), of(1.0)));
}

/// Scenario: failures in a row, with and without a wish of the receiver. Guarantees: waits double up to a minute, are
/// spread, and are never shorter than what was asked for, up to a minute.
#[test]
fn waits_grow_and_spread() {
    check(1, None, &expect!["500ms..1s"]);
    check(2, None, &expect!["1s..2s"]);
    check(4, Some(6), &expect!["6s..8s"]);
    check(7, None, &expect!["30s..60s"]);
    check(u32::MAX, Some(86_400), &expect!["60s..60s"]);
}

/// How often the end of a set is said while the receiver answers so.
async fn ends(answers: &[u16]) -> usize {
    let script: Vec<_> = answers.iter().map(|status| (METRICS, *status)).collect();
    let (transport, got) = receiver(&script);
    let (telemetry, _) = telemetry();
    let hits = telemetry.counter::<LimitHits>();
    hits.on().expect("on").add(4, LimitHits { limit: "series_max".into() });
    telemetry.end_where("pointsman.limit", "series_max");
    let mut exporter = Exporter::split(telemetry, Some(transport), None);
    for _ in answers {
        exporter.push().await.expect("taken");
    }
    let got = got.lock();
    got.iter().filter(|(_, body)| lines([(Signal::Metrics, body.clone())]).contains("none, flags 1")).count()
}

/// Scenario: a receiver refuses a point of each push, for a while, or for good. Guarantees: what ended is said until a push
/// arrived whole, and no more than four times.
#[tokio::test]
async fn a_push_that_was_refused_in_part_did_not_arrive() {
    assert_eq!(ends(&[200, 200]).await, 1);
    assert_eq!(ends(&[BUT_ONE, 200, 200]).await, 2);
    assert_eq!(ends(&[BUT_ONE, BUT_ONE, BUT_ONE, BUT_ONE, BUT_ONE, BUT_ONE]).await, 4);
}
