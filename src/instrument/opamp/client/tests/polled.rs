use super::{Controller, Process, at, brief, offer, plan, seconds};
use crate::{
    limits::MESSAGE_BYTES_MAX,
    opamp::proto::{AgentToServer, ServerToAgent},
};
use bytes::Bytes;
use expect_test::expect;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use prost::Message as _;
use std::{convert::Infallible, time::Duration};
use tokio::time::Instant;

/// What a controller answers to one request: status, a header, body.
type Answer = (u16, Option<(&'static str, &'static str)>, Vec<u8>);

/// Serves the client with one answer after the other, then with empty ones; a log of the requests, with the time, and of
/// new connections. A connection ends after so many requests.
async fn polled(time: u64, per_connection: usize, answers: impl Fn(&AgentToServer, usize) -> Answer) -> (String, String, String) {
    let process = Process::new();
    let mut client = process.client(at("http://controller/opamp"));
    let mut controller = Controller::of(&mut client);
    let log = Mutex::new((Vec::new(), 0));
    let began = Instant::now();
    let line = |text: String| log.lock().0.push(format!("{:?} {text}", Duration::from_secs(began.elapsed().as_secs())));
    let serving = async {
        loop {
            let stream = controller.connection().await;
            line("connection".to_owned());
            let served = Mutex::new(0);
            let answer = async |request: Request<Incoming>| -> Result<Response<Full<Bytes>>, Infallible> {
                assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/opamp"));
                assert_eq!(request.headers()["content-type"], "application/x-protobuf");
                assert_eq!(request.headers()["host"], "controller");
                let body = request.into_body().collect().await.expect("a body").to_bytes();
                let message = AgentToServer::decode(body).expect("a message");
                line(brief(&message));
                let n = std::mem::replace(&mut log.lock().1, 0);
                log.lock().1 = n + 1;
                let (status, header, body) = answers(&message, n);
                *served.lock() += 1;
                let last = *served.lock() == per_connection;
                let mut response = Response::builder().status(status);
                if let Some((name, value)) = header {
                    response = response.header(name, value);
                }
                if last {
                    response = response.header("connection", "close");
                }
                Ok(response.body(Full::new(body.into())).expect("a response"))
            };
            drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)).await);
        }
    };
    let running = process.run(client, seconds(time));
    let (told, ()) = tokio::select! {
        ended = running => ended,
        () = serving => unreachable!("it serves for ever"),
    };
    (log.into_inner().0.join("\n"), told, process.plan())
}

/// Scenario: a controller that is polled: it offers a plan with the first answer and has nothing to say later; connections
/// are kept, or each is closed after its answer. Guarantees: what changes is said at once, the rest every half minute, on
/// one connection where the controller keeps it; the end is told.
#[tokio::test(start_paused = true)]
async fn polls_carry_a_session() {
    let offers = |message: &AgentToServer, n| {
        let body = if n == 0 { offer(&message.instance_uid, 'a', &plan('a', &[]), &[]).encode_to_vec() } else { Vec::new() };
        (200, None, body)
    };
    let (log, told, obeys) = polled(65, usize::MAX, offers).await;
    expect![[r#"
        1s connection
        1s 1 all Unset - catalogue
        1s 2 Applied a report
        31s 3
        61s 4
        65s 5 bye
        0ns no plan yet: the declared levels decide
        1.474s joined the controller
        1.474s obeying plan aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (from: controller)
        obeys a"#]]
    .assert_eq(&format!("{log}\n{told}obeys {obeys}"));
    let (log, told, obeys) = polled(65, 1, offers).await;
    expect![[r#"
        1s connection
        1s 1 all Unset - catalogue
        1s connection
        1s 2 Applied a report
        31s connection
        31s 3
        61s connection
        61s 4
        65s connection
        65s 5 bye
        0ns no plan yet: the declared levels decide
        1.474s joined the controller
        1.474s obeying plan aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (from: controller)
        obeys a"#]]
    .assert_eq(&format!("{log}\n{told}obeys {obeys}"));
}

/// Scenario: answers that are none: full with a wish when to come again, an error, nonsense, too long. Guarantees: after each
/// the component comes again, with all of it, never before it was asked to; then it obeys.
#[tokio::test(start_paused = true)]
async fn bad_answers_are_survived() {
    let answers = |message: &AgentToServer, n| match n {
        0 => (503, Some(("retry-after", "20")), Vec::new()),
        1 => (429, Some(("retry-after", "soon")), Vec::new()),
        2 => (500, None, Vec::new()),
        3 => (200, None, vec![0xff; 7]),
        4 => (200, None, vec![0; MESSAGE_BYTES_MAX + 1]),
        5 => (200, None, offer(&message.instance_uid, 'a', &plan('a', &[]), &[]).encode_to_vec()),
        _ => (200, None, Vec::new()),
    };
    let (log, told, obeys) = polled(300, usize::MAX, answers).await;
    expect![[r#"
        1s connection
        1s 1 all Unset - catalogue
        23s connection
        23s 2 all Unset - catalogue
        27s connection
        27s 3 all Unset - catalogue
        39s connection
        39s 4 all Unset - catalogue
        56s connection
        56s 5 all Unset - catalogue
        68s connection
        68s 6 all Unset - catalogue
        68s 7 Applied a report
        98s 8
        128s 9
        158s 10
        188s 11
        218s 12
        248s 13
        278s 14
        300s 15 bye
        0ns no plan yet: the declared levels decide
        1.474s speak with the controller: status 503 Service Unavailable
        23.039s speak with the controller: status 429 Too Many Requests
        27.097s speak with the controller: status 500 Internal Server Error
        39.947s understand the controller: a message is no ServerToAgent
        56.77s understand the controller: an answer is longer than 1 MiB
        68.248s joined the controller
        68.248s obeying plan aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (from: controller)
        obeys a"#]]
    .assert_eq(&format!("{log}\n{told}obeys {obeys}"));
}

/// Scenario: a controller that is polled asks for all of it in each answer, or offers a plan that cannot be obeyed. Guarantees:
/// it is asked a few times a minute, not without a pause.
#[tokio::test(start_paused = true)]
async fn who_asks_without_end_is_asked_a_few_times() {
    let all = |message: &AgentToServer, _| {
        let asks = ServerToAgent { instance_uid: message.instance_uid.clone(), flags: 1, ..ServerToAgent::default() };
        (200, None, asks.encode_to_vec())
    };
    let bad = |message: &AgentToServer, _| (200, None, offer(&message.instance_uid, 'b', "{}", &[]).encode_to_vec());
    for (log, ..) in [polled(60, usize::MAX, all).await, polled(60, usize::MAX, bad).await] {
        let count = log.lines().filter(|line| !line.ends_with("connection")).count();
        assert!((4..10).contains(&count), "{log}");
    }
}
