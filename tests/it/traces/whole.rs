//! Spans through the whole binary: in by gRPC, judged by views from files, out to a scripted back end or to the page.
//! Each case starts a process of its own.

use super::scripted::{Answer, Scripted, request};
use crate::support::{self, Pointsman, wait};
use std::{fs, net::SocketAddr, time::Duration};
use tokio::{net::TcpListener, runtime::Runtime};
use tonic::Code;

/// A back end that runs beside the blocking test; it ends with its runtime.
struct Running {
    backend: Scripted,
    addr: SocketAddr,
    _runtime: Runtime,
}

impl Running {
    fn start(script: impl IntoIterator<Item = Answer>) -> Self {
        let backend = Scripted::new(script);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime starts");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let addr = listener.local_addr().expect("it is bound");
        runtime.spawn(backend.clone().serve(listener, true));
        Self { backend, addr, _runtime: runtime }
    }

    fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Names of all spans that arrived from users; pointsman's own spans come this way, too.
    fn names(&self) -> Vec<String> {
        let arrivals = self.backend.arrivals().into_iter().flat_map(|arrival| arrival.names);
        arrivals.filter(|name| name.starts_with("user ")).collect()
    }
}

const VIEW: &str = r#"
apiVersion: pointsman.dev/v1alpha1
kind: TelemetryView
metadata: {name: no-probes}
spec:
  traces:
  - {name: probes, match: {spans: ["user GET *"]}, state: Disabled}
"#;

/// Scenario: spans of three requests, some of which a view takes away, and one without an id; two back ends.
/// Guarantees: each back end gets exactly what the view leaves; the sender is told about the bad span alone.
#[test]
fn the_view_decides_what_each_back_end_gets() {
    let views = tempfile::tempdir().expect("a folder");
    fs::write(views.path().join("view.yaml"), VIEW).expect("the view is written");
    let backends = [Running::start([]), Running::start([])];
    let (first, second) = (backends[0].url(), backends[1].url());
    let folder = views.path().to_str().expect("a path in UTF-8");
    let server = Pointsman::start(&["--views", folder, "--traces-to", &first, "--traces-to", &second]);
    let push = |names: &[&str]| server.push_spans_grpc(request(names)).expect("it is taken").partial_success;
    assert_eq!(push(&["user a", "user GET /healthz"]), None);
    assert_eq!(push(&["user GET /livez"]), None);
    let mut bad = request(&["user bad", "user b"]);
    bad.resource_spans[0].scope_spans[0].spans[0].trace_id.clear();
    let partial = server.push_spans_grpc(bad).expect("it is taken").partial_success.expect("one span is refused");
    assert_eq!(partial.rejected_spans, 1);
    assert!(partial.error_message.contains("trace_id"), "{}", partial.error_message);
    for backend in &backends {
        wait("the spans to arrive", || (backend.names().len() >= 2).then_some(()));
        assert_eq!(backend.names(), ["user a", "user b"]);
    }
}

/// Scenario: no back end; spans come, the view folder changes, and the same spans come again. Guarantees: what goes on can
/// be seen through the API with its trace, parent and status; the change holds without a restart.
#[test]
fn without_a_back_end_the_latest_traces_can_be_seen() {
    let views = tempfile::tempdir().expect("a folder");
    let server = Pointsman::start(&["--views", views.path().to_str().expect("a path in UTF-8")]);
    let push = || server.push_spans_grpc(request(&["user GET /healthz"])).expect("it is taken");
    let seen = || {
        let answer = server.get("/api/v1/traces").json();
        let traces = answer["item"]["recent"].as_array().expect("a list").clone();
        let spans = traces.iter().flat_map(|trace| trace["spans"].as_array().expect("a list").clone());
        spans.filter(|span| span["name"] == "user GET /healthz").count()
    };
    push();
    assert_eq!(seen(), 1);
    let trace = &server.get("/api/v1/traces").json()["item"]["recent"];
    assert!(trace.to_string().contains(&"01".repeat(16)), "{trace}");

    fs::write(views.path().join("view.yaml"), VIEW).expect("the view is written");
    wait("the view to take the spans away", || {
        let before = seen();
        push();
        (seen() == before).then_some(())
    });
}

/// Scenario: turns of a reconcile loop and other spans, with a back end, and a link to a trace viewer. Guarantees: the slowest turns
/// are told though the back end has the traces, the rest is not, and each leads to the viewer; a link without an id is refused.
#[test]
fn slow_turns_lead_to_the_trace_viewer() {
    let backend = Running::start([]);
    let url = backend.url();
    let server = Pointsman::start(&["--traces-to", &url, "--trace-link", "http://jaeger.example/trace/{trace_id}?from=page"]);
    server.push_spans_grpc(request(&["user a", "reconcile <b>Node"])).expect("it is taken");
    let traces = &server.get("/api/v1/traces").json()["item"];
    let slowest = traces["slowest"].as_array().expect("a list");
    let turn = slowest.iter().find(|turn| turn["name"] == "reconcile <b>Node").expect("the turn");
    let id = turn["traceId"].as_str().expect("an id");
    assert_eq!(turn["link"], format!("http://jaeger.example/trace/{id}?from=page"));
    assert!(slowest.iter().all(|turn| turn["name"] != "user a"), "{slowest:?}");
    assert_eq!(traces["recent"].as_array().map(Vec::len), Some(0));
    let (code, _, stderr) = support::run(&["serve", "--trace-link", "http://jaeger.example/trace/"], &[]);
    assert!(code == 2 && stderr.contains("{trace_id} once"), "{stderr}");
}

/// Scenario: the back end refuses for a moment while the process is asked to end. Guarantees: what was answered OK is sent
/// before the process ends, and it ends well.
#[test]
fn a_drain_sends_what_waits() {
    let backend = Running::start(vec![Answer::Fail(Code::Unavailable, Some(Duration::from_millis(50))); 2]);
    let mut server = Pointsman::start(&["--traces-to", &backend.url()]);
    server.push_spans_grpc(request(&["user a", "user b"])).expect("it is taken");
    server.signal("TERM");
    assert!(server.wait_exit().success());
    let mut names = backend.names();
    names.dedup();
    assert!(names.ends_with(&["user a".to_owned(), "user b".to_owned()]), "{names:?}");
}

/// Scenario: back ends that cannot be served. Guarantees: nothing starts; each is named with what to write instead.
#[test]
fn a_back_end_that_cannot_be_served_is_refused_at_the_start() {
    let cases =
        [("https://jaeger:4317", "http://jaeger:4317"), ("http://jaeger:4318/v1/traces", "use the gRPC port: http://HOST:4317")];
    for (url, instead) in cases {
        let free = ["--otlp-grpc", "127.0.0.1:0", "--otlp-http", "127.0.0.1:0", "--listen", "127.0.0.1:0"];
        let args = [&["serve", "--traces-to", url], &free[..]].concat();
        let (code, _, stderr) = support::run(&args, &[]);
        assert_eq!(code, 2, "{stderr}");
        assert!(stderr.contains(url) && stderr.contains(instead), "{stderr}");
    }
}
