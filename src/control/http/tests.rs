use super::{super::Settings, Control, Refusal, poll};
use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    response::Response,
};
use flate2::{Compression, write::GzEncoder};
use http::{Method, header};
use pointsman_core::{
    limits::{SYNC_FLIGHT_BYTES_MAX, SYNC_MESSAGE_BYTES_MAX},
    model::clock::{Mono, Wall},
};
use pointsman_instrument::opamp::proto::{AgentDescription, AgentToServer, CustomMessage};
use prost::Message;
use std::{convert::Infallible, io::Write, sync::Arc, time::Duration};
use tokio::{sync::mpsc, time::sleep};

fn control() -> Arc<Control> {
    let settings = Settings {
        now: Arc::new(|| (Mono::from_secs(1), Wall::from_secs(1))),
        random: Arc::new(|| 4),
        speed: 1,
        expire_after: Duration::from_secs(300),
    };
    Control::new(settings)
}

/// A message with so many bytes in it that say nothing.
fn message(bytes: usize) -> Vec<u8> {
    let custom_message =
        Some(CustomMessage { capability: "another".to_owned(), r#type: "noise".to_owned(), data: vec![0; bytes] });
    let agent_description = Some(AgentDescription::default());
    AgentToServer { instance_uid: vec![1; 16], agent_description, custom_message, ..AgentToServer::default() }.encode_to_vec()
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory takes bytes")
}

async fn ask(control: &Arc<Control>, encoding: &str, body: Body) -> Response {
    let request = Request::builder().method(Method::POST).uri("/v1/opamp");
    let request = request.header(header::CONTENT_TYPE, "application/x-protobuf").header(header::CONTENT_ENCODING, encoding);
    poll(State(Arc::clone(control)), request.body(body).expect("it is a request")).await
}

fn refused(control: &Control, why: Refusal) -> u64 {
    control.numbers().refused.into_iter().find(|(refusal, _)| *refusal == why).map_or(0, |(_, n)| n)
}

/// Scenario: the room for messages on their way in is taken. Guarantees: a small one needs none; a large one, and a small one that grows
/// large, are told to come later, and counted as too many; all is given back; with room the same ones are taken.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_house_is_no_fault_of_who_comes() {
    let control = control();
    let all = u32::try_from(SYNC_FLIGHT_BYTES_MAX).expect("it is small");
    let held = control.flight.try_acquire_many(all).expect("nobody is there");
    assert_eq!(ask(&control, "identity", Body::from(message(100))).await.status(), 200, "a small one");
    for (encoding, body) in [("identity", message(100_000)), ("gzip", zipped(&message(100_000)))] {
        let response = ask(&control, encoding, Body::from(body)).await;
        assert_eq!((response.status().as_u16(), response.headers().contains_key(header::RETRY_AFTER)), (503, true), "{encoding}");
    }
    assert_eq!((refused(&control, Refusal::TooMany), refused(&control, Refusal::Malformed)), (2, 0));
    drop(held);
    for (encoding, body) in [("identity", message(100_000)), ("gzip", zipped(&message(100_000)))] {
        assert_eq!(ask(&control, encoding, Body::from(body)).await.status(), 200, "{encoding}");
    }
    let large = zipped(&message(SYNC_MESSAGE_BYTES_MAX));
    assert_eq!(ask(&control, "gzip", Body::from(large)).await.status(), 413, "it grows too large");
    assert_eq!(control.flight.available_permits(), SYNC_FLIGHT_BYTES_MAX);
}

/// Scenario: a body comes slowly: its beginning, then more, then no end. Guarantees: it takes as much room as came, no more, and gives it
/// back when it is over.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_body_takes_what_came() {
    let control = control();
    let (bytes, rest) = mpsc::channel::<Bytes>(1);
    let stream = futures_util::stream::unfold(rest, |mut rest| async { Some((Ok::<_, Infallible>(rest.recv().await?), rest)) });
    let asking = ask(&control, "identity", Body::from_stream(stream));
    let watching = async {
        let free = || control.flight.available_permits();
        for (more, taken) in [(1, 0), (4_095, 0), (1, 1), (9_999, 10_000)] {
            bytes.send(vec![0xFF; more].into()).await.expect("it is read");
            sleep(Duration::from_millis(20)).await;
            assert_eq!(SYNC_FLIGHT_BYTES_MAX - free(), taken, "{more} more");
        }
        drop(bytes);
    };
    let (response, ()) = tokio::join!(asking, watching);
    assert_eq!((response.status().as_u16(), control.flight.available_permits()), (400, SYNC_FLIGHT_BYTES_MAX));
}
