//! Whole requests through the real routers, and messages of agents: whatever comes, one of the answers that there are, the next one
//! is served, and what others pushed stays as it was.

use super::{
    choices::Choices,
    store,
    transport::{Pieces, RUNTIME, budget},
};
use ::http::{HeaderName, HeaderValue, Method, Request, StatusCode, header};
use axum::{Router, body::Body, response::Response};
use http_body_util::BodyExt;
use pointsman::{
    auth::senders::told::Told,
    control::{self, Control},
    expose::{Now, Open, ReadSide, http as scrapes, share::Shares},
    ingest::{Ingest, admit::Budget, grpc, http as pushes, stats::Stats},
};
use pointsman_core::{
    expose::{ExposeOptions, scrape::Exposition},
    model::{
        clock::{Mono, Wall},
        reject::Tally,
    },
    state::store::Store,
};
use pointsman_instrument::opamp::proto::{AgentToServer, ServerToAgent};
use prost::Message;
use std::{hint::black_box, sync::Arc, time::Duration};
use tower::ServiceExt;

const VICTIM: &str = r#"{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"victim"}}]},
    "scopeMetrics":[{"metrics":[
    {"name":"victim.kept","gauge":{"dataPoints":[{"asInt":3,"timeUnixNano":"1700000000000000000"}]}},
    {"name":"victim.orders","sum":{"isMonotonic":true,"aggregationTemporality":2,"dataPoints":[{"asInt":5,"timeUnixNano":"1700000000000000000"}]}}
    ]}]}]}"#;
const JSON: (&str, &str) = ("content-type", "application/json");

struct Server {
    store: Arc<Store>,
    budget: Arc<Budget>,
    grpc: Router,
    http: Router,
    read: Router,
}

impl Server {
    fn new() -> Self {
        let store = Arc::new(store::new());
        let exposition = Arc::new(Exposition::new(Arc::clone(&store), ExposeOptions::default()));
        let budget = budget();
        let open: Open = Arc::new(move |agreed, names| {
            let mut scrape = exposition.scrape(agreed, &names);
            Box::new(move |out| scrape.next_chunk(out))
        });
        // Room for one: a rendering that does not end is one that the next scrape misses.
        let now: Now = Arc::new(|| Mono(1));
        let shares = Arc::new(Shares::new((open, Arc::clone(&now), Arc::new(|_| true)), 1));
        let side = ReadSide { shares, now, done: Arc::new(|_| {}) };
        let taking = Arc::clone(&store);
        let ingest = Arc::new(Ingest {
            metrics: Arc::new(move |body, _| taking.ingest(body, Mono(1), Wall(1))),
            traces: Arc::new(|body, _| pointsman_core::decode::spans::check(body).map(|()| Tally::default())),
            exported: Arc::new(|_, _, _| {}),
            budget: Arc::clone(&budget),
            body_bytes_max: 4 << 20,
            body_time_max: Duration::from_secs(5),
            stats: Stats::default(),
            paced: None,
            told: Told::default(),
        });
        let grpc = grpc::router(&ingest, Router::new());
        Self { store, budget, grpc, http: pushes::router(&ingest), read: scrapes::router(side.clone(), side) }
    }

    fn scrape(&self) -> String {
        let (status, body) = ask(&self.read, request(Method::GET, "/metrics", &[], Body::empty()));
        assert_eq!(status, StatusCode::OK, "a good scrape is served");
        String::from_utf8(body).expect("UTF-8")
    }
}

fn request(method: Method, uri: &str, headers: &[(&str, &str)], body: Body) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body).expect("a request")
}

/// The status and the whole body of an answer; a body that breaks is as far as it came.
fn ask(router: &Router, request: Request<Body>) -> (StatusCode, Vec<u8>) {
    RUNTIME.block_on(async {
        let answer: Response = router.clone().oneshot(request).await.expect("it is infallible");
        let (head, body) = answer.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
        (head.status, body)
    })
}

/// A request of any method, path, headers and body to each of the listeners.
pub fn request_whole(input: &[u8]) {
    let mut from = Choices(input);
    let server = Server::new();
    let (status, _) = ask(&server.http, request(Method::POST, "/v1/metrics", &[JSON], Body::from(VICTIM)));
    assert_eq!(status, StatusCode::OK);
    let of_victim = |scrape: &str| -> Vec<String> {
        scrape.lines().filter(|line| line.contains("job=\"victim\"")).map(str::to_owned).collect()
    };
    let before = of_victim(&server.scrape());
    assert!(before.len() >= 2, "{before:?}");
    let router = from.pick(&[&server.http, &server.http, &server.grpc, &server.read]);
    let (status, _) = ask(router, any_request(&mut from));
    let allowed = [200, 400, 404, 405, 408, 413, 415, 503];
    assert!(allowed.contains(&status.as_u16()), "{status}");
    assert_eq!(server.budget.bytes(), 0, "everything is given back");
    // Whoever calls itself the victim may change its series: that is asked elsewhere.
    let names_it = input.windows(6).any(|window| window == b"victim" || window == b"\\u0076");
    let after = server.scrape();
    assert!(names_it || of_victim(&after) == before, "{before:?} became\n{after}");
    let good = VICTIM.replace("victim", "next");
    let (status, _) = ask(&server.http, request(Method::POST, "/v1/metrics", &[JSON], Body::from(good)));
    assert_eq!(status, StatusCode::OK, "the next one is served");
    assert!(server.store.streams().iter().any(|stream| &*stream.resource.component.service == "next"));
}

fn any_request(from: &mut Choices<'_>) -> Request<Body> {
    let method = from.pick(&["POST", "POST", "POST", "GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "X"]);
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let paths = [
        "/v1/metrics",
        "/v1/metrics",
        "/v1/traces",
        grpc::METRICS,
        grpc::TRACES,
        "/metrics",
        "/metrics/self",
        "/v1/logs",
        "//",
        "/",
    ];
    let mut uri = from.pick(&paths).to_owned();
    if from.below(4) == 0 {
        uri = format!("{uri}?{}", from.text());
    }
    let mut builder = Request::builder().method(method).uri(&uri);
    if builder.headers_ref().is_none() {
        builder = Request::builder().uri("/");
    }
    let mut request = builder.body(()).expect("a request");
    let types = ["application/json", "application/x-protobuf", "application/grpc", "application/grpc+proto", "text/plain", ""];
    request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(from.pick(&types)));
    let names = [
        "content-encoding",
        "grpc-encoding",
        "accept",
        "accept-encoding",
        "pointsman-plan",
        "content-length",
        "te",
        "x-prometheus-scrape-timeout-seconds",
        "grpc-timeout",
    ];
    let values = ["gzip", "zstd", "identity", "", "gzip, gzip", "1", "0", "application/openmetrics-text"];
    for _ in 0..from.below(4) {
        let name = HeaderName::from_static(from.pick(&names));
        let text = if from.yes() { from.pick(&values).to_owned() } else { from.text() };
        if let Ok(value) = HeaderValue::from_str(&text) {
            request.headers_mut().append(name, value);
        }
    }
    let (lengths, is_broken, is_framed) = (from.list(4, Choices::byte), from.below(32) == 0, from.yes());
    let mut body = Vec::new();
    if is_framed {
        body.push(0);
        body.extend_from_slice(&u32::try_from(from.0.len()).unwrap_or(u32::MAX).to_be_bytes());
    }
    body.extend_from_slice(from.rest());
    request.map(|()| Body::new(Pieces::of(&body, &lengths, is_broken)))
}

/// Messages of agents, one after the other, each of any bytes: an answer that an agent can read, and a good agent is served after.
pub fn opamp(input: &[u8]) {
    let control = Control::new(control::Settings {
        now: Arc::new(|| (Mono(1), Wall(1))),
        random: Arc::new(|| 7),
        speed: 1,
        expire_after: Duration::from_secs(300),
    });
    let router = control.router();
    let say = |body: Vec<u8>| {
        let headers = [("content-type", "application/x-protobuf")];
        ask(&router, request(Method::POST, "/v1/opamp", &headers, Body::from(body)))
    };
    let mut from = Choices(input);
    let mut messages = from.list(3, |from| usize::from(from.byte()));
    messages.push(usize::MAX);
    for length in messages {
        let (message, rest) = from.0.split_at(length.min(from.0.len()));
        from.0 = rest;
        let (status, body) = say(message.to_vec());
        assert!([200, 400, 413, 429, 503].contains(&status.as_u16()), "{status}");
        assert!(status != StatusCode::OK || AgentToServer::decode(message).is_ok(), "an answer to what is no message");
        if status == StatusCode::OK || status == StatusCode::BAD_REQUEST {
            ServerToAgent::decode(body.as_slice()).expect("an answer that agents read");
        }
    }
    let good = AgentToServer { instance_uid: vec![0xEE; 16], capabilities: 1, ..AgentToServer::default() };
    let (status, body) = say(good.encode_to_vec());
    assert_eq!(status, StatusCode::OK, "a good agent is served");
    let answer = ServerToAgent::decode(body.as_slice()).expect("an answer that agents read");
    assert_eq!(answer.instance_uid, vec![0xEE; 16]);
    black_box((control.numbers(), control.snapshot()));
}
