//! Fifty secrets, each planted in another place, and every byte that the process says or shows afterwards. The API server that
//! it asks repeats every token in its errors.
//! Knows nothing of how secrets are kept: only that none comes out.

use crate::support::{Pointsman, http, now, run, runtime};
use hyper::server::conn::http2;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    service::TowerToHyperService,
};
use opentelemetry_proto::tonic::collector::{
    metrics::v1::{ExportMetricsServiceRequest, metrics_service_client::MetricsServiceClient},
    trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
};
use parking_lot::Mutex;
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};
use tempfile::TempDir;
use tonic::codec::CompressionEncoding;

/// What every secret begins with.
const CANARY: &str = "c4n4ry";
/// What must be searched for where somebody encodes it.
const CODED: [&str; 3] = ["YzRuNHJ5", "M0bjRye", "jNG40cnkt"];

/// Hands out secrets.
#[derive(Default)]
struct Plants(usize);

impl Plants {
    fn next(&mut self) -> String {
        self.0 += 1;
        format!("{CANARY}-{:03}-of-a-token", self.0)
    }
}

/// An API server that answers every question with its own body: as an error, as no JSON, as a review of nobody, and not at all.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        for (turn, stream) in listener.incoming().enumerate() {
            let Ok(stream) = stream else { return };
            thread::spawn(move || answer(stream, turn));
        }
    });
    addr
}

fn answer(mut stream: TcpStream, turn: usize) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line).ok()? > 2 {
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8_lossy(&body).into_owned();
    let text = serde_json::Value::from(body.as_str()).to_string();
    let (status, body) = match turn % 4 {
        0 => (
            "500 no",
            format!(r#"{{"kind":"Status","apiVersion":"v1","status":"Failure","message":{text},"reason":{text},"code":500}}"#),
        ),
        1 => ("201 Created", format!("no JSON: {body}")),
        2 => (
            "201 Created",
            format!(
                r#"{{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","spec":{{}},"status":{{"authenticated":false,"error":{text}}}}}"#
            ),
        ),
        _ => return None,
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all([head.as_bytes(), body.as_bytes()].concat().as_slice()).ok()
}

/// A trace back end that keeps whole requests with their headers, as text.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<String>>>);

#[tonic::async_trait]
impl TraceService for Spans {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        self.0.lock().push(format!("{request:?}"));
        Ok(tonic::Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Spans {
    fn start() -> (Self, String) {
        let (spans, listener) = (Self::default(), TcpListener::bind("127.0.0.1:0").expect("a port"));
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        listener.set_nonblocking(true).expect("it can be");
        let service = TraceServiceServer::new(spans.clone()).accept_compressed(CompressionEncoding::Gzip);
        thread::spawn(move || {
            runtime().block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("it is one");
                let mut connections = tokio::task::JoinSet::new();
                while let Ok((stream, _)) = listener.accept().await {
                    let service = TowerToHyperService::new(service.clone());
                    let serving = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service);
                    connections.spawn(serving);
                }
            });
        });
        (spans, url)
    }
}

struct Stage {
    server: Pointsman,
    spans: Spans,
    plants: Plants,
    folder: TempDir,
}

impl Stage {
    fn start() -> Self {
        let (folder, mut plants, (spans, url)) = (TempDir::new().expect("a folder"), Plants::default(), Spans::start());
        let at = |name: &str| folder.path().join(name).display().to_string();
        let kubeconfig = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{{name: a, context: {{cluster: a, user: a}}}}]\n\
             clusters: [{{name: a, cluster: {{server: 'http://{}'}}}}]\nusers: [{{name: a, user: {{token: {}}}}}]\n",
            echo(),
            plants.next()
        );
        fs::write(at("kubeconfig"), kubeconfig).expect("written");
        fs::create_dir(at("views")).expect("made");
        let flags = [
            "serve",
            "--otlp-grpc=127.0.0.1:0",
            "--otlp-http=127.0.0.1:0",
            "--listen=127.0.0.1:0",
            "--log=trace",
            "--kube-api-qps=1000",
            "--kube-api-burst=1000",
            "--auth-token-audiences=readers",
            "--otlp-token-audiences=senders",
            // What is shown is read without a secret.
            "--ignore-paths=/metrics/*,/api/*/*",
            &format!("--kubeconfig={}", at("kubeconfig")),
            &format!("--views={}", at("views")),
            &format!("--state-dir={}", at("state")),
            &format!("--traces-to={url}"),
        ]
        .map(str::to_owned);
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let (one, two) = (plants.next(), plants.next());
        let env = [("POINTSMAN_TOKEN", one.as_str()), ("OTEL_EXPORTER_OTLP_HEADERS", &format!("authorization=Bearer {two}"))];
        let server = Pointsman::start_as(&flags, &env);
        Self { server, spans, plants, folder }
    }

    /// Tokens and their like in every place of requests to read.
    fn read(&mut self) {
        let read = self.server.read;
        let ask = |path: &str, headers: &[(&str, String)]| {
            let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let reply = http(read, "GET", path, &headers, b"");
            assert!([401, 503, 404].contains(&reply.status), "{path} {headers:?}: {}", reply.status);
            assert!(!shows(&reply.text()), "{path} {headers:?}: {}", reply.text());
            assert!(reply.headers.iter().all(|(_, value)| !shows(value)), "{path}: {:?}", reply.headers);
        };
        for path in ["/", "/metrics", "/nothing", "//metrics", "/metrics/", "/a/b/c"] {
            ask(path, &[("authorization", format!("Bearer {}", self.plants.next()))]);
            ask(path, &[("authorization", format!("bearer   {}", self.plants.next()))]);
        }
        for scheme in ["Basic", "Token", "Digest", "Bearer x"] {
            ask("/metrics", &[("authorization", format!("{scheme} {}", self.plants.next()))]);
        }
        for header in
            ["cookie", "proxy-authorization", "x-forwarded-access-token", "x-remote-user", "x-api-key", "impersonate-user"]
        {
            ask("/metrics", &[(header, self.plants.next())]);
        }
        let [one, two] = [self.plants.next(), self.plants.next()];
        ask("/metrics", &[("authorization", format!("Bearer {one}")), ("authorization", format!("Bearer {two}"))]);
        for key in ["access_token", "token", "api_key"] {
            let query = format!("/metrics?{key}={}", self.plants.next());
            ask(&query, &[]);
        }
    }

    /// The same in requests to send: whole ones, broken ones, and what becomes an agent.
    fn send(&mut self) {
        let addr = self.server.http;
        let json = ("content-type", "application/json");
        let bodies: [(&str, (&str, &str), &[u8]); 8] = [
            ("/v1/metrics", json, b"{\"resourceMetrics\":[]}"),
            ("/v1/metrics", json, b"{\"broken"),
            ("/v1/metrics", ("content-type", "application/x-protobuf"), b"\xff\xff"),
            ("/v1/traces", json, b"{\"resourceSpans\":[]}"),
            ("/v1/logs", json, b"{}"),
            ("/v1/opamp", ("content-type", "application/x-protobuf"), b""),
            ("/v1/metrics", ("content-encoding", "lzw"), b""),
            ("/", json, b""),
        ];
        for (path, more, body) in bodies {
            for scheme in ["Bearer", "Basic"] {
                let credentials = format!("{scheme} {}", self.plants.next());
                let reply = http(addr, "POST", path, &[("authorization", &credentials), more], body);
                assert!([401, 503].contains(&reply.status), "{path}: {}", reply.status);
                assert!(!shows(&reply.text()), "{path}: {}", reply.text());
            }
        }
        let upgrade = [
            ("connection", "upgrade".to_owned()),
            ("upgrade", "websocket".to_owned()),
            ("sec-websocket-version", "13".to_owned()),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==".to_owned()),
            ("authorization", format!("Bearer {}", self.plants.next())),
        ];
        let upgrade: Vec<(&str, &str)> = upgrade.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert!([401, 503].contains(&http(addr, "GET", "/v1/opamp", &upgrade, b"").status));
        let url = format!("http://{}", self.server.grpc);
        let mut request = tonic::Request::new(ExportMetricsServiceRequest::default());
        request.metadata_mut().insert("authorization", format!("Bearer {}", self.plants.next()).parse().expect("a header"));
        let taken =
            runtime().block_on(async { MetricsServiceClient::connect(url).await.expect("it answers").export(request).await });
        let status = taken.expect_err("nobody knows the token");
        assert!(!shows(&format!("{status:?}")), "{status:?}");
    }
}

fn shows(text: &str) -> bool {
    text.contains(CANARY) || CODED.iter().any(|coded| text.contains(coded))
}

/// Scenario: fifty secrets and more: tokens in every header, scheme, method, path and query of requests to read and to send, over
/// HTTP, gRPC and OpAMP, known to nobody, while the API server repeats each in its errors; the token of the kubeconfig, and some in
/// the environment; everything is logged. Then a wrong kubeconfig, and URLs with passwords, refuse starts.
/// Guarantees: none is in a line of the log, an answer, a metric, a page of the API, a span, a file of the state, or an error.
#[test]
fn t24_fifty_secrets_are_found_nowhere() {
    let mut stage = Stage::start();
    stage.read();
    stage.send();
    let pages = ["overview", "components", "views", "catalog", "consumers", "flow", "traces", "health", "faults"];
    let shown: Vec<String> = pages
        .iter()
        .map(|page| format!("/api/v1/{page}"))
        .chain(["/metrics/self".to_owned()])
        .map(|path| {
            let reply = stage.server.get(&path);
            assert_eq!(reply.status, 200, "{path} is open");
            format!("{path}: {}", reply.text())
        })
        .collect();
    let until = now() + Duration::from_secs(6);
    while now() < until && stage.spans.0.lock().is_empty() {
        thread::sleep(Duration::from_millis(50));
    }
    let state: Vec<String> = fs::read_dir(stage.folder.path().join("state"))
        .map(|entries| entries.flatten().filter_map(|entry| fs::read_to_string(entry.path()).ok()).collect())
        .unwrap_or_default();
    stage.server.signal("TERM");
    assert!(stage.server.wait_exit().success());
    let (logs, spans) = (stage.server.logs(), stage.spans.0.lock().join("\n"));
    assert!(spans.contains("pointsman"), "our own spans are looked at: {spans}");
    assert!(logs.len() > stage.plants.0, "everything is logged: {} lines", logs.len());
    let all = logs.iter().chain(&shown).chain(&state).chain([&spans]);
    let found: Vec<&String> = all.filter(|text| shows(text)).collect();
    assert!(found.is_empty(), "{} of {} texts show a secret: {found:#?}", found.len(), logs.len());
    refused_starts(&mut stage.plants);
    assert!(stage.plants.0 >= 50, "{} secrets", stage.plants.0);
}

/// What is told of settings that hold a secret where they cannot be used.
fn refused_starts(plants: &mut Plants) {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("kubeconfig").display().to_string();
    let serve = ["serve", "--otlp-grpc=127.0.0.1:0", "--otlp-http=127.0.0.1:0", "--listen=127.0.0.1:0"];
    let broken = [
        format!("apiVersion: v1\nusers: [{{name: a, user: {{token: [{}]}}}}]\n", plants.next()),
        format!("{}: [\n", plants.next()),
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{{name: a, context: {{cluster: a, user: a}}}}]\n\
             clusters: [{{name: a, cluster: {{server: 'https://127.0.0.1:1'}}}}]\nusers: [{{name: a, user: {{client-key-data: '{}', \
             client-certificate-data: '{}'}}}}]\n",
            plants.next(),
            plants.next()
        ),
    ];
    for text in broken {
        fs::write(&file, text).expect("written");
        let (code, _, said) = run(&[&serve[..], &["--kubeconfig", &file]].concat(), &[]);
        assert_eq!(code, 2, "{said}");
        assert!(!shows(&said), "{said}");
    }
    let url = format!("http://me:{}@127.0.0.1:1", plants.next());
    let (code, _, said) = run(&[&serve[..], &["--traces-to", &url]].concat(), &[]);
    assert_eq!(code, 2, "{said}");
    assert!(!shows(&said), "{said}");
}
