//! Back ends for spans that mean no good: answers without end, drips, floods of errors, redirects, bombs. One process has
//! all of them at once, beside a good one. Knows how they answer, not what a forwarder makes of it.

use super::{
    checker,
    watch::{self, Memory},
};
use crate::{
    support::{Pointsman, wait},
    traces::scripted::request,
};
use bytes::Bytes;
use flate2::read::GzDecoder;
use futures_util::{StreamExt, stream};
use http_body::Frame;
use http_body_util::{BodyExt, Empty, StreamBody, combinators::UnsyncBoxBody};
use hyper::{Request, Response, body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use opentelemetry_proto::tonic::{collector::trace::v1::ExportTraceServiceRequest, trace::v1::span::Link};
use prost::Message;
use std::{
    convert::Infallible,
    io::Read,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{net::TcpListener, runtime::Runtime};

/// What a back end does with every request.
#[derive(Clone, Copy, Debug)]
enum Manner {
    Good,
    /// Frames of a message of 4 GiB, for ever.
    Endless,
    /// A byte now and then.
    Drip,
    Silent,
    Redirect,
    /// 500, at once, with a page.
    Error,
    /// UNAVAILABLE, at once, with a message of 8 KiB.
    Flood,
    /// A heap of trailers.
    Trailers,
    /// A heap of headers.
    Headers,
    /// A message of 4 MiB that inflates to 4 GiB.
    Bomb,
    /// Trailers that no gRPC has.
    Nonsense,
    /// Ten gRPC messages where one is due.
    Messages,
    /// Ends the connection.
    Hangs,
    /// More spans refused than were sent.
    Partial,
}

const MANNERS: [Manner; 13] = [
    Manner::Endless,
    Manner::Drip,
    Manner::Silent,
    Manner::Redirect,
    Manner::Error,
    Manner::Flood,
    Manner::Trailers,
    Manner::Headers,
    Manner::Bomb,
    Manner::Nonsense,
    Manner::Messages,
    Manner::Hangs,
    Manner::Partial,
];

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// A back end of some manner.
#[derive(Clone)]
struct Downstream {
    manner: Manner,
    /// Where a redirect leads.
    elsewhere: SocketAddr,
    requests: Arc<AtomicU64>,
    bodies: Arc<Mutex<Vec<Bytes>>>,
}

impl Downstream {
    /// Listens until the runtime ends.
    fn start(runtime: &Runtime, manner: Manner, elsewhere: SocketAddr) -> (Self, SocketAddr) {
        let this = Self { manner, elsewhere, requests: Arc::default(), bodies: Arc::default() };
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let (addr, backend) = (listener.local_addr().expect("it is bound"), this.clone());
        runtime.spawn(async move {
            loop {
                let (tcp, _) = listener.accept().await.expect("the listener works");
                let backend = backend.clone();
                if matches!(manner, Manner::Hangs) {
                    backend.requests.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                tokio::spawn(async move {
                    let service = service_fn(move |request| backend.clone().answer(request));
                    let mut builder = http2::Builder::new(TokioExecutor::new());
                    // A client that goes away in the middle is no concern of these tests.
                    builder.max_send_buf_size(1 << 20).serve_connection(TokioIo::new(tcp), service).await.ok();
                });
            }
        });
        (this, addr)
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        self.bodies.lock().expect("no test fails within").push(body);
        let grpc = || Response::builder().header("content-type", "application/grpc");
        let empty = || Empty::new().boxed_unsync();
        let response = match self.manner {
            Manner::Good => grpc().body(frames(vec![framed(b"")], &[("grpc-status", "0".into())])),
            Manner::Endless => grpc().body(endless(64 << 10, Duration::ZERO)),
            Manner::Drip => grpc().body(endless(1, Duration::from_millis(200))),
            Manner::Silent | Manner::Hangs => std::future::pending().await,
            Manner::Redirect => {
                let location = format!("http://{}/", self.elsewhere);
                Response::builder().status(302).header("location", location).body(empty())
            }
            Manner::Error => Response::builder().status(500).header("content-type", "text/html").body(empty()),
            Manner::Flood => grpc().header("grpc-status", "14").header("grpc-message", "x".repeat(8 << 10)).body(empty()),
            Manner::Trailers => {
                let many: Vec<(String, String)> = (0..1_000).map(|i| (format!("x-{i}"), "x".repeat(1 << 10))).collect();
                let many: Vec<(&str, String)> = many.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
                grpc().body(frames(vec![framed(b"")], &many))
            }
            Manner::Headers => {
                let many = (0..500).fold(grpc(), |response, i| response.header(format!("x-{i}"), "x".repeat(1 << 10)));
                many.body(empty())
            }
            Manner::Bomb => grpc().header("grpc-encoding", "gzip").body(frames(vec![bomb()], &[("grpc-status", "0".into())])),
            Manner::Nonsense => grpc().body(frames(Vec::new(), &[("grpc-status", "ninety".into())])),
            Manner::Messages => grpc().body(frames(vec![framed(b""); 10], &[("grpc-status", "0".into())])),
            Manner::Partial => {
                // partial_success { rejected_spans: i64::MAX, error_message: 10 KiB }
                let text = [&[0x12, 0x80, 0x50][..], &[b'p'; 10 << 10]].concat();
                let inner = [&[0x08][..], &[0xff; 8], &[0x7f], &text].concat();
                let message = [&[0x0a, 0x8d, 0x50][..], &inner].concat();
                grpc().body(frames(vec![framed(&message)], &[("grpc-status", "0".into())]))
            }
        };
        Ok(response.expect("an answer"))
    }
}

fn framed(message: &[u8]) -> Bytes {
    crate::grpc::framed(0, message).into()
}

/// A message of 4 MiB less a little, flagged as compressed: zeros without end.
fn bomb() -> Bytes {
    let zeros = super::body::message("gzip-bomb 3GiB", "").json;
    crate::grpc::framed(1, &zeros).into()
}

fn frames(data: Vec<Bytes>, trailers: &[(&str, String)]) -> Body {
    let mut map = http::HeaderMap::new();
    for (name, value) in trailers {
        map.insert(http::HeaderName::try_from(*name).expect("a name"), value.parse().expect("a value"));
    }
    let frames = data.into_iter().map(Frame::data).chain([Frame::trailers(map)]).map(Ok);
    StreamBody::new(stream::iter(frames)).boxed_unsync()
}

/// A message that announces 4 GiB, and then so many bytes at a time.
fn endless(bytes: usize, pause: Duration) -> Body {
    let head = Frame::data(Bytes::from_static(&[0, 0xff, 0xff, 0xff, 0xff]));
    let piece = Bytes::from(vec![0; bytes]);
    let rest = stream::repeat(piece).then(move |piece| async move {
        tokio::time::sleep(pause).await;
        Frame::data(piece)
    });
    StreamBody::new(stream::iter([head]).chain(rest).map(Ok)).boxed_unsync()
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime starts")
}

/// Scenario: one good back end and thirteen bad ones get the same spans, while the environment names a proxy.
/// Guarantees: each bad one has failed, or was taken at its word, within the time for an export and its retry; memory
/// stays; redirects are not followed and no proxy is asked; metrics and the good back end do not notice; what is told of
/// errors is short.
#[test]
fn t23_back_ends_that_mean_no_good() {
    let runtime = runtime();
    let trap = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    trap.set_nonblocking(true).expect("it does not block");
    let elsewhere = trap.local_addr().expect("it is bound");
    let (good, addr) = Downstream::start(&runtime, Manner::Good, elsewhere);
    let bad: Vec<_> = MANNERS.iter().map(|manner| Downstream::start(&runtime, *manner, elsewhere)).collect();
    let urls: Vec<String> =
        [addr].into_iter().chain(bad.iter().map(|(_, addr)| *addr)).map(|addr| format!("http://{addr}")).collect();
    let mut args = vec!["serve", "--otlp-grpc", "127.0.0.1:0", "--otlp-http", "127.0.0.1:0", "--listen", "127.0.0.1:0"];
    urls.iter().for_each(|url| args.extend(["--traces-to", url]));
    let proxy = format!("http://{elsewhere}");
    let proxies = ["http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "grpc_proxy"];
    let mut env: Vec<(&str, &str)> = proxies.iter().map(|name| (*name, proxy.as_str())).collect();
    env.extend([("NO_PROXY", ""), ("no_proxy", "")]);
    let server = Pointsman::start_as(&args, &env);
    watch::victims(&server);
    let before = watch::victims_of(&server.scrape());
    let memory = Memory::of(server.pid());
    memory.begin();
    server.push_spans_grpc(request(&["user a", "user b"])).expect("it is taken");
    let failed = |at: usize| {
        let item = server.get("/api/v1/traces").json()["item"]["backends"][at].clone();
        (item["lastError"].is_object() || item["lastError"].is_string()).then_some(item)
    };
    for (at, (backend, _)) in bad.iter().enumerate() {
        let manner = backend.manner;
        if !matches!(manner, Manner::Messages) {
            let item = wait(&format!("{manner:?} to fail"), || failed(at + 1));
            assert!(item["lastError"].to_string().len() < 512, "{manner:?}: {item}");
        }
        assert!(backend.requests.load(Ordering::Relaxed) >= 1, "{manner:?} was never asked");
    }
    let grown = memory.grown_kib();
    assert!(grown < 48 << 10, "memory grew by {grown} KiB");
    assert!(trap.accept().is_err(), "a redirect was followed, or a proxy asked");
    assert_eq!(watch::victims_of(&server.scrape()), before);
    assert_eq!(checker::check_text(&server.scrape()), Vec::<String>::new());
    assert!(good.requests.load(Ordering::Relaxed) >= 1);
}

/// Scenario: spans with a `trace_state` of 512, 513 and 65,536 bytes, on them and on links.
/// Guarantees: the back end gets every span, and no `trace_state` over 512 bytes; what was left out is counted.
#[test]
fn t35_long_trace_states_reach_no_back_end() {
    let runtime = runtime();
    let (good, addr) = Downstream::start(&runtime, Manner::Good, SocketAddr::from(([127, 0, 0, 1], 9)));
    let server = Pointsman::start(&["--traces-to", &format!("http://{addr}")]);
    let mut sent = request(&["user fits", "user long", "user huge", "user link"]);
    let spans = &mut sent.resource_spans[0].scope_spans[0].spans;
    for (span, state) in spans.iter_mut().zip([512, 513, 64 << 10, 0]) {
        span.trace_state = "s".repeat(state);
    }
    let link =
        |state: usize| Link { trace_id: vec![1; 16], span_id: vec![2; 8], trace_state: "l".repeat(state), ..Link::default() };
    spans[3].links = vec![link(512), link(513)];
    assert_eq!(server.push_spans_grpc(sent).expect("it is taken").partial_success, None);
    let states = || {
        let bodies = good.bodies.lock().expect("no test fails within").clone();
        let spans = bodies.iter().flat_map(|body| spans_of(body)).filter(|span| span.name.starts_with("user "));
        let of = |span: opentelemetry_proto::tonic::trace::v1::Span| {
            [span.trace_state.len()].into_iter().chain(span.links.into_iter().map(|link| link.trace_state.len())).collect()
        };
        let states: Vec<Vec<usize>> = spans.map(of).collect();
        (states.len() == 4).then_some(states)
    };
    assert_eq!(wait("the spans to arrive", states), [vec![512], vec![0], vec![0], vec![0, 512, 0]]);
    assert_eq!(watch::counts(&server).get("limit.trace_state"), Some(&3));
}

/// The spans of a gRPC request as it came, compressed or not.
fn spans_of(framed: &Bytes) -> Vec<opentelemetry_proto::tonic::trace::v1::Span> {
    let (head, message) = framed.split_at(5);
    let mut inflated = Vec::new();
    if head[0] == 1 {
        GzDecoder::new(message).read_to_end(&mut inflated).expect("gzip");
    } else {
        inflated.extend_from_slice(message);
    }
    let request = ExportTraceServiceRequest::decode(&*inflated).expect("a request");
    request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
}
