//! The forwarder against a scripted back end: retries, delays, partial success, refusals, drops and the drain.
//! The library is called directly; the whole binary is in `whole`.

use super::scripted::{Answer, Arrival, Scripted, request};
use pointsman::traces::{Traces, forward::BackendState, stats::DropReason, target::Target};
use pointsman_core::{
    limits::TRACE_QUEUE_BYTES_MAX,
    model::clock::{Mono, Wall},
};
use prost::Message;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinSet, time::Instant};
use tonic::Code;

fn push(traces: &Traces, names: &[&str]) {
    let tally = traces.ingest(&request(names).encode_to_vec(), Mono::from_secs(0)).expect("a sound request");
    assert_eq!((tally.received, tally.rejected_total()), (names.len() as u64, 0));
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let addr = listener.local_addr().expect("it is bound");
    (listener, addr)
}

fn traces_to(addrs: &[SocketAddr]) -> Traces {
    Traces::new(addrs.iter().map(|addr| Target::parse(&format!("http://{addr}")).expect("a URL")).collect())
}

/// Runs the forwarders of `traces` beside `scenario`, then drains them for up to `drain`.
async fn forward<T>(traces: &Traces, drain: Duration, scenario: impl Future<Output = T>) -> T {
    let clock: Arc<dyn Fn() -> Wall + Send + Sync> = Arc::new(|| Wall::from_secs(7));
    let (mut tasks, mut stops) = (JoinSet::new(), Vec::new());
    for forwarder in traces.forwarders(&clock, || 0) {
        let (stop, stopped) = oneshot::channel();
        stops.push(stop);
        tasks.spawn(forwarder.run(async { stopped.await.expect("the test stops it") }));
    }
    let result = scenario.await;
    stops.into_iter().for_each(|stop| stop.send(drain).expect("it runs until then"));
    while let Some(ended) = tasks.join_next().await {
        ended.expect("a forwarder does not panic");
    }
    result
}

/// The usual case: pushes each of `requests`, drains, and gives what the back end saw and what was counted.
async fn exchange(backend: Scripted, requests: &[&[&str]]) -> (Vec<Arrival>, BackendState) {
    let (listener, addr) = listener().await;
    let traces = traces_to(&[addr]);
    requests.iter().for_each(|names| push(&traces, names));
    let done = forward(&traces, DRAIN, async {});
    tokio::select! {
        never = backend.clone().serve(listener, true) => match never {},
        () = done => {}
    }
    (backend.arrivals(), traces.backends().remove(0))
}

/// Long enough for every scripted retry.
const DRAIN: Duration = Duration::from_secs(20);

fn dropped(state: &BackendState) -> BTreeMap<&'static str, u64> {
    state.counts.dropped.iter().map(|(reason, spans)| (reason.code(), *spans)).collect()
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + DRAIN;
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Scenario: three requests wait when the forwarder starts. Guarantees: they go out as one, in order, compressed, and are
/// counted once.
#[tokio::test]
async fn what_waits_goes_out_as_one_compressed_batch() {
    let (arrivals, state) = exchange(Scripted::default(), &[&["a", "b"], &["c"], &["d"]]).await;
    assert_eq!(arrivals.len(), 1);
    assert_eq!(arrivals[0].names, ["a", "b", "c", "d"]);
    assert_eq!(arrivals[0].encoding.as_deref(), Some("gzip"));
    assert_eq!((state.counts.sent, state.counts.exports_ok, state.counts.exports_failed), (4, 1, 0));
    assert_eq!((state.queued.bytes, state.queued.spans, dropped(&state)), (0, 0, BTreeMap::new()));
}

/// Scenario: each gRPC code once, then success. Guarantees: those that OTLP calls retryable are sent again and lose
/// nothing; the others are given up at once and counted; RESOURCE_EXHAUSTED is retried only when a delay is named.
#[tokio::test]
async fn each_code_is_retried_or_given_up() {
    let mut cases = JoinSet::new();
    for (code, asked) in (1..=16).map(|code| (code, None)).chain([(8, Some(Duration::from_millis(1)))]) {
        cases.spawn(async move {
            // UNIMPLEMENTED may speak of the compression: it is asked once more without
            let times = if code == 12 { 2 } else { 1 };
            let backend = Scripted::new(vec![Answer::Fail(Code::from_i32(code), asked); times]);
            let (_, state) = exchange(backend, &[&["a"]]).await;
            assert_eq!(state.counts.exports_failed, 1, "code {code}");
            ((code, asked.is_some()), state.counts.sent, dropped(&state).get("refused").copied().unwrap_or(0))
        });
    }
    let results = cases.join_all().await;
    let retried: BTreeSet<_> = results.iter().filter(|(_, sent, _)| *sent == 1).map(|(case, ..)| *case).collect();
    assert!(results.iter().all(|(_, sent, refused)| sent + refused == 1), "{results:?}");
    let want = [1, 4, 10, 11, 14, 15].map(|code| (code, false)).into_iter().chain([(8, true)]).collect();
    assert_eq!(retried, want);
}

/// Scenario: UNAVAILABLE twice, then with RetryInfo, then success. Guarantees: the waits are the back-off's and the one
/// that the back end named, in full; the batch arrives once it is taken, and is counted once.
#[tokio::test]
async fn waits_grow_and_honour_the_named_delay() {
    let unavailable = |asked| Answer::Fail(Code::Unavailable, asked);
    let asked = Duration::from_millis(900);
    let backend = Scripted::new([unavailable(None), unavailable(None), unavailable(Some(asked))]);
    let (listener, addr) = listener().await;
    let traces = traces_to(&[addr]);
    push(&traces, &["a"]);
    let sent = async { until("the batch to be sent", || traces.backends()[0].counts.sent == 1).await };
    tokio::select! {
        never = backend.clone().serve(listener, true) => match never {},
        () = forward(&traces, DRAIN, sent) => {}
    }
    let arrivals = backend.arrivals();
    let waits: Vec<Duration> = arrivals.windows(2).map(|two| two[1].at - two[0].at).collect();
    assert_eq!(waits.len(), 3);
    // the random number is 0, so each wait is the lower end of its step
    for (wait, want) in waits.iter().zip([250, 500, 900].map(Duration::from_millis)) {
        assert!(*wait >= want && *wait < want + DRAIN / 2, "{waits:?}");
    }
    let state = traces.backends().remove(0);
    assert_eq!((state.counts.exports_failed, state.counts.sent, state.counts.failing), (3, 1, false));
    let error = state.counts.last_error.expect("the last error stays");
    assert_eq!((error.at, error.text.as_str()), (Wall::from_secs(7), "Unavailable: scripted"));
}

/// Scenario: partial success, once with rejected spans and once as a warning. Guarantees: the rejected are counted as
/// dropped, the others as sent, nothing is sent again, and the words can be read.
#[tokio::test]
async fn a_partial_success_is_counted_and_not_sent_again() {
    let (arrivals, state) = exchange(Scripted::new([Answer::Partial(2, "too old".into())]), &[&["a", "b", "c"]]).await;
    assert_eq!((arrivals.len(), state.counts.sent), (1, 1));
    assert_eq!(dropped(&state), BTreeMap::from([("rejected", 2)]));
    assert_eq!(state.counts.last_error.expect("a remark").text, "partial success: 2 spans rejected: too old");

    let (_, state) = exchange(Scripted::new([Answer::Partial(0, "soon gone".into())]), &[&["a"]]).await;
    assert_eq!((state.counts.sent, dropped(&state), state.counts.exports_failed), (1, BTreeMap::new(), 0));
    // a back end that claims more than it got is not believed
    let (_, state) = exchange(Scripted::new([Answer::Partial(i64::MAX, String::new())]), &[&["a"]]).await;
    assert_eq!((state.counts.sent, dropped(&state)), (0, BTreeMap::from([("rejected", 1)])));
}

/// Scenario: one of eight requests in a batch spoils it for the back end. Guarantees: only that one is given up; the
/// others arrive, each once.
#[tokio::test]
async fn one_bad_request_does_not_take_others_with_it() {
    let requests: [&[&str]; 8] = [&["a"], &["b"], &["c"], &["bad"], &["d"], &["e"], &["f"], &["g"]];
    let (arrivals, state) = exchange(Scripted::default(), &requests).await;
    let taken: Vec<&String> =
        arrivals.iter().map(|a| &a.names).filter(|names| !names.contains(&"bad".into())).flatten().collect();
    assert_eq!(taken, ["a", "b", "c", "d", "e", "f", "g"]);
    assert_eq!((state.counts.sent, dropped(&state)), (7, BTreeMap::from([("refused", 1)])));
    assert!(arrivals.len() <= 8, "{}", arrivals.len());
}

/// Scenario: a back end without gzip. Guarantees: spans arrive uncompressed, and none is lost.
#[tokio::test]
async fn a_back_end_without_gzip_gets_plain_batches() {
    let backend = Scripted::default();
    let (listener, addr) = listener().await;
    let traces = traces_to(&[addr]);
    push(&traces, &["a"]);
    tokio::select! {
        never = backend.clone().serve(listener, false) => match never {},
        () = forward(&traces, DRAIN, async {}) => {}
    }
    assert_eq!(backend.arrivals().iter().map(|a| a.encoding.clone()).collect::<Vec<_>>(), [None]);
    assert_eq!((traces.backends()[0].counts.sent, dropped(&traces.backends()[0])), (1, BTreeMap::new()));
}

/// Scenario: the answer is larger than is ever read. Guarantees: the attempt counts as failed; the batch is sent again.
#[tokio::test]
async fn an_answer_without_end_is_a_failed_attempt() {
    let (arrivals, state) = exchange(Scripted::new([Answer::Partial(0, "x".repeat(5 << 20))]), &[&["a"]]).await;
    assert_eq!((arrivals.len(), state.counts.exports_failed, state.counts.sent), (2, 1, 1));
    assert!(state.counts.last_error.expect("an error").text.len() <= 256);
}

/// Scenario: two back ends, one of which never answers; then the drain ends. Guarantees: the other gets everything
/// meanwhile; what the silent one did not take within the deadline is counted, batches under way included; what comes
/// after the end is counted, too.
#[tokio::test]
async fn a_silent_back_end_slows_no_other() {
    let (good, silent) = (Scripted::default(), Scripted::new(vec![Answer::Hang; 9]));
    let ((good_listener, good_addr), (silent_listener, silent_addr)) = (listener().await, listener().await);
    let traces = traces_to(&[silent_addr, good_addr]);
    let scenario = async {
        push(&traces, &["a", "b"]);
        until("the silent one to hang", || silent.arrivals().len() == 1).await;
        push(&traces, &["c"]);
        until("the good one to get all", || traces.backends()[1].counts.sent == 3).await;
        Instant::now()
    };
    let began = tokio::select! {
        never = good.clone().serve(good_listener, true) => match never {},
        never = silent.clone().serve(silent_listener, true) => match never {},
        began = forward(&traces, Duration::from_millis(200), scenario) => began,
    };
    assert!(began.elapsed() < DRAIN / 2, "the drain has a deadline");
    push(&traces, &["late"]);
    let states = traces.backends();
    assert_eq!((dropped(&states[0]), states[0].queued.bytes), (BTreeMap::from([("shutdown", 4)]), 0));
    assert_eq!((states[1].counts.sent, dropped(&states[1])), (3, BTreeMap::from([("shutdown", 1)])));
}

/// Scenario: nobody listens when the spans come; later the back end starts on that port. Guarantees: nothing is lost, the
/// failure can be seen meanwhile with its cause, and it ends.
#[tokio::test]
async fn spans_wait_for_a_back_end_that_is_away() {
    let (first, addr) = listener().await;
    drop(first);
    let backend = Scripted::default();
    let traces = traces_to(&[addr]);
    push(&traces, &["a"]);
    let scenario = async {
        until("a failed attempt", || traces.backends()[0].counts.failing).await;
        let error = traces.backends()[0].counts.last_error.clone().expect("an error").text;
        assert!(error.contains("refused"), "{error}");
        assert_eq!(traces.backends()[0].queued.spans, 1);
        let listener = TcpListener::bind(addr).await.expect("the port is free again");
        tokio::select! {
            never = backend.clone().serve(listener, true) => match never {},
            () = until("the spans to arrive", || traces.backends()[0].counts.sent == 1) => {}
        }
    };
    forward(&traces, DRAIN, scenario).await;
    assert_eq!(backend.arrivals().len(), 1);
    assert!(!traces.backends()[0].counts.failing);
}

/// Scenario: more spans than a queue holds, and nobody takes them. Guarantees: senders are not refused; the queue stays
/// within its bytes and keeps the oldest; what stays out is counted to the span.
#[test]
fn a_full_queue_counts_what_stays_out() {
    let traces = traces_to(&["127.0.0.1:9".parse().expect("an address")]);
    let name = "x".repeat(100 << 10);
    let names = vec![name.as_str(); 100];
    let requests = TRACE_QUEUE_BYTES_MAX / (10 << 20) + 2;
    (0..requests).for_each(|_| push(&traces, &names));
    let state = traces.backends().remove(0);
    assert!(state.queued.bytes <= TRACE_QUEUE_BYTES_MAX && state.queued.bytes > TRACE_QUEUE_BYTES_MAX - (2 << 20));
    let out = state.counts.dropped.get(&DropReason::QueueFull).copied().unwrap_or(0);
    assert!(out > 0);
    assert_eq!(out + state.queued.spans, requests as u64 * 100);
    assert_eq!(traces.totals().kept, requests as u64 * 100);
}
