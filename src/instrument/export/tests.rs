use super::Exporter;
use crate::{
    reconcile::{Outcome, Reconcile},
    semconv::pointsman::LimitHits,
    telemetry::tests::{lines, telemetry},
    transport::{Signal, Transport},
};
use expect_test::expect;
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};

/// Scenario: the receiver is away for the first push. Guarantees: the spans come with the second one, once.
#[tokio::test]
async fn spans_of_a_failed_push_go_out_again() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    drop(listener); // nobody listens there any more
    let (telemetry, _) = telemetry();
    let mut exporter = Exporter::new(telemetry.clone(), Transport::http(&format!("http://{address}")).expect("a URL"));
    Reconcile::new(&telemetry, "TelemetryView").begin().end(Outcome::Changed, 0);
    exporter.push().await.expect_err("nobody is there");
    assert_eq!(exporter.failed(), 2);

    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = seen.clone();
    exporter.transport = Transport::InProcess(Arc::new(move |signal, body| sink.lock().push((signal, body))));
    exporter.push().await.expect("taken");
    exporter.push().await.expect("taken");
    let spans = seen.lock().iter().filter(|(signal, _)| *signal == Signal::Traces).count();
    assert_eq!(spans, 1, "once, not never and not twice");
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
