//! A back end for spans: a real gRPC server in this process that answers by a script.
//! Knows nothing of who sends.

use hyper::server::conn::http2;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    service::TowerToHyperService,
};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    trace::v1::{ResourceSpans, ScopeSpans, Span},
};
use parking_lot::Mutex;
use pointsman_core::wire::write;
use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};
use tokio::{net::TcpListener, task::JoinSet, time::Instant};
use tonic::{Code, Request, Response, Status, codec::CompressionEncoding};

/// What one request meets.
#[derive(Clone)]
pub(super) enum Answer {
    Take,
    Partial(i64, String),
    Fail(Code, Option<Duration>),
    Hang,
}

/// What a back end saw of one request.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    pub(super) at: Instant,
    pub(super) names: Vec<String>,
    pub(super) encoding: Option<String>,
}

/// A back end that answers by a script, then takes everything. Refuses what holds a span named `bad`.
#[derive(Clone, Default)]
pub(super) struct Scripted {
    script: Arc<Mutex<VecDeque<Answer>>>,
    arrivals: Arc<Mutex<Vec<Arrival>>>,
}

impl Scripted {
    pub(super) fn new(script: impl IntoIterator<Item = Answer>) -> Self {
        Self { script: Arc::new(Mutex::new(script.into_iter().collect())), ..Self::default() }
    }

    pub(super) fn arrivals(&self) -> Vec<Arrival> {
        self.arrivals.lock().clone()
    }

    /// Serves until dropped.
    pub(super) async fn serve(self, listener: TcpListener, gzip: bool) -> Infallible {
        let mut service = TraceServiceServer::new(self);
        if gzip {
            service = service.accept_compressed(CompressionEncoding::Gzip);
        }
        let mut connections = JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.expect("the listener works");
            let service = TowerToHyperService::new(service.clone());
            let http2 = http2::Builder::new(TokioExecutor::new());
            connections.spawn(async move {
                // A client that goes away in the middle is no concern of these tests.
                http2.serve_connection(TokioIo::new(stream), service).await.ok();
            });
        }
    }
}

#[tonic::async_trait]
impl TraceService for Scripted {
    async fn export(&self, request: Request<ExportTraceServiceRequest>) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let encoding = request.metadata().get("grpc-encoding").and_then(|v| v.to_str().ok()).map(str::to_owned);
        let names = names(request.get_ref());
        let is_bad = names.iter().any(|name| name == "bad");
        self.arrivals.lock().push(Arrival { at: Instant::now(), names, encoding });
        let answer = self.script.lock().pop_front().unwrap_or(Answer::Take);
        match answer {
            Answer::Take if is_bad => Err(Status::invalid_argument("a bad span")),
            Answer::Take => Ok(Response::new(ExportTraceServiceResponse::default())),
            Answer::Partial(rejected_spans, error_message) => {
                let partial_success = Some(ExportTracePartialSuccess { rejected_spans, error_message });
                Ok(Response::new(ExportTraceServiceResponse { partial_success }))
            }
            Answer::Fail(code, asked) => {
                let details = asked.map(retry_info).unwrap_or_default();
                Err(Status::with_details(code, "scripted", details.into()))
            }
            Answer::Hang => std::future::pending().await,
        }
    }
}

/// A `google.rpc.Status` with a `RetryInfo`.
fn retry_info(delay: Duration) -> Vec<u8> {
    let mut out = Vec::new();
    write::nested(&mut out, 3, |any| {
        write::bytes(any, 1, b"type.googleapis.com/google.rpc.RetryInfo");
        write::nested(any, 2, |info| {
            write::nested(info, 1, |duration| {
                write::uint(duration, 1, delay.as_secs());
                write::uint(duration, 2, u64::from(delay.subsec_nanos()));
            });
        });
    });
    out
}

fn names(request: &ExportTraceServiceRequest) -> Vec<String> {
    let scopes = request.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
    scopes.flat_map(|scope| &scope.spans).map(|span| span.name.clone()).collect()
}

/// A request with a span for each name.
pub(crate) fn request(names: &[&str]) -> ExportTraceServiceRequest {
    let span = |name: &&str| Span { trace_id: vec![1; 16], span_id: vec![2; 8], name: (*name).into(), ..Span::default() };
    let spans = names.iter().map(span).collect();
    let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    ExportTraceServiceRequest { resource_spans: vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }] }
}
