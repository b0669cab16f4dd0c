//! Spans through the whole binary: in by gRPC, judged by views from files, out to a scripted back end or to the page.
//! Each case starts a process of its own.

use super::scripted::{Answer, Scripted, request};
use crate::support::{self, Pointsman};
use std::{net::SocketAddr, time::Duration};
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
