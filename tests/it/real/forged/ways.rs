//! The ways in which a resource is sent: metrics and spans, over gRPC and HTTP, in protobuf and JSON, with a token. And the other
//! end of the spans: a back end that remembers the resources it was shown. Knows no lie from a truth.

use crate::support::{Pointsman, http, runtime};
use hyper::server::conn::http2;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    service::TowerToHyperService,
};
use opentelemetry_proto::tonic::{
    collector::{
        metrics::v1::{ExportMetricsServiceRequest, metrics_service_client::MetricsServiceClient},
        trace::v1::{
            ExportTraceServiceRequest, ExportTraceServiceResponse,
            trace_service_client::TraceServiceClient,
            trace_service_server::{TraceService, TraceServiceServer},
        },
    },
    common::v1::KeyValue,
    metrics::v1::{AggregationTemporality, Gauge, Metric, NumberDataPoint, ScopeMetrics, Sum, metric, number_data_point},
    trace::v1::{ScopeSpans, Span},
};
use pointsman_core::wire::write;
use prost::Message;
use serde_json::{Value as Json, json};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{net::TcpListener, runtime::Runtime, task::JoinSet};
use tonic::{Code, Request, Response, Status};

/// A way to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    MetricsGrpc,
    MetricsHttp,
    MetricsJson,
    SpansGrpc,
    SpansHttp,
    SpansJson,
}

impl Way {
    pub(super) const ALL: [Self; 6] =
        [Self::MetricsGrpc, Self::MetricsHttp, Self::MetricsJson, Self::SpansGrpc, Self::SpansHttp, Self::SpansJson];

    pub(super) fn is_metrics(self) -> bool {
        matches!(self, Self::MetricsGrpc | Self::MetricsHttp | Self::MetricsJson)
    }

    pub(super) fn is_json(self) -> bool {
        matches!(self, Self::MetricsJson | Self::SpansJson)
    }

    const fn path(self) -> &'static str {
        if matches!(self, Self::MetricsGrpc | Self::MetricsHttp | Self::MetricsJson) { "/v1/metrics" } else { "/v1/traces" }
    }
}

/// What was answered: the code of the status, in the words of gRPC, and how many points or spans of it were refused.
pub(super) type Answer = (Code, i64);

/// What is sent beside the resource: one value for each of two metrics, or one span of a name.
#[derive(Clone, Copy)]
pub(super) struct Load<'a> {
    pub(super) value: i64,
    pub(super) secs: u64,
    pub(super) span: &'a str,
    pub(super) attributes: &'a [KeyValue],
}

/// Points that one load has.
pub(super) const POINTS: u64 = 2;

impl Load<'_> {
    fn metrics(&self) -> ScopeMetrics {
        let point = NumberDataPoint {
            attributes: self.attributes.to_vec(),
            start_time_unix_nano: 1_700_000_000_000_000_000,
            time_unix_nano: (1_700_000_000 + self.secs) * 1_000_000_000,
            value: Some(number_data_point::Value::AsInt(self.value)),
            ..NumberDataPoint::default()
        };
        let sum = Sum {
            data_points: vec![point.clone()],
            aggregation_temporality: AggregationTemporality::Cumulative.into(),
            is_monotonic: true,
        };
        let metric = |name: &str, data| Metric { name: name.to_owned(), data: Some(data), ..Metric::default() };
        let metrics = vec![
            metric("till.money", metric::Data::Sum(sum)),
            metric("till.open", metric::Data::Gauge(Gauge { data_points: vec![point] })),
        ];
        ScopeMetrics { metrics, ..ScopeMetrics::default() }
    }

    fn spans(&self) -> ScopeSpans {
        let span = Span { trace_id: vec![7; 16], span_id: vec![8; 8], name: self.span.to_owned(), ..Span::default() };
        ScopeSpans { spans: vec![span], ..ScopeSpans::default() }
    }

    fn json(&self, way: Way) -> Json {
        if !way.is_metrics() {
            let span = json!({"traceId": "07".repeat(16), "spanId": "08".repeat(8), "name": self.span});
            return json!({ "spans": [span] });
        }
        let nanos = |secs: u64| format!("{}000000000", 1_700_000_000 + secs);
        let point = json!({
            "startTimeUnixNano": nanos(0), "timeUnixNano": nanos(self.secs), "asInt": self.value.to_string(), "attributes": [],
        });
        let sum = json!({"dataPoints": [point], "aggregationTemporality": 2, "isMonotonic": true});
        json!({"metrics": [{"name": "till.money", "sum": sum}, {"name": "till.open", "gauge": {"dataPoints": [point]}}]})
    }
}

/// A request of one resource for each of these fields.
pub(super) fn body(way: Way, resources: &[&[u8]], load: Load<'_>) -> Vec<u8> {
    let scope = if way.is_metrics() { load.metrics().encode_to_vec() } else { load.spans().encode_to_vec() };
    let mut body = Vec::new();
    for fields in resources {
        write::nested(&mut body, 1, |envelope| {
            envelope.extend_from_slice(fields);
            write::bytes(envelope, 2, &scope);
        });
    }
    body
}

/// The same in JSON, of one resource.
pub(super) fn json_body(way: Way, resource: &Json, load: Load<'_>) -> Vec<u8> {
    let (all, scopes) = if way.is_metrics() { ("resourceMetrics", "scopeMetrics") } else { ("resourceSpans", "scopeSpans") };
    json!({ all: [{"resource": resource, scopes: [load.json(way)]}] }).to_string().into_bytes()
}

/// Sends a body with this value of `authorization`.
pub(super) fn send(server: &Pointsman, way: Way, authorization: &str, body: &[u8]) -> Answer {
    match way {
        Way::MetricsGrpc => {
            let request = ExportMetricsServiceRequest::decode(body).expect("it is a request");
            let answered = runtime().block_on(async {
                let mut client = MetricsServiceClient::connect(format!("http://{}", server.grpc)).await.expect("it answers");
                client.export(with(authorization, request)).await
            });
            answered.map_or_else(
                |status| (status.code(), 0),
                |taken| (Code::Ok, taken.into_inner().partial_success.map_or(0, |partial| partial.rejected_data_points)),
            )
        }
        Way::SpansGrpc => {
            let request = ExportTraceServiceRequest::decode(body).expect("it is a request");
            let answered = runtime().block_on(async {
                let mut client = TraceServiceClient::connect(format!("http://{}", server.grpc)).await.expect("it answers");
                client.export(with(authorization, request)).await
            });
            answered.map_or_else(
                |status| (status.code(), 0),
                |taken| (Code::Ok, taken.into_inner().partial_success.map_or(0, |partial| partial.rejected_spans)),
            )
        }
        Way::MetricsHttp | Way::SpansHttp | Way::MetricsJson | Way::SpansJson => over_http(server, way, authorization, body),
    }
}

fn with<T>(authorization: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    if !authorization.is_empty() {
        request.metadata_mut().insert("authorization", authorization.parse().expect("it is ASCII"));
    }
    request
}

fn over_http(server: &Pointsman, way: Way, authorization: &str, body: &[u8]) -> Answer {
    let content_type = if way.is_json() { "application/json" } else { "application/x-protobuf" };
    let mut headers = vec![("content-type", content_type)];
    headers.extend(Some(("authorization", authorization)).filter(|(_, value)| !value.is_empty()));
    let reply = http(server.http, "POST", way.path(), &headers, body);
    let code = match reply.status {
        200 => Code::Ok,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        429 => Code::ResourceExhausted,
        _ => panic!("{way:?}: {}: {}", reply.status, reply.text()),
    };
    // The first field of both answers, and the first of what it holds: how many were refused.
    let refused = match (code, way.is_json()) {
        (Code::Ok, false) => ExportTraceServiceResponse::decode(&*reply.body).expect("an answer").partial_success,
        _ => None,
    };
    (code, refused.map_or(0, |partial| partial.rejected_spans))
}

/// The name of a span, and what its resource said.
type Seen = (String, Vec<KeyValue>);

/// A back end for spans that remembers, of each, its name and what its resource said.
#[derive(Clone, Default)]
pub(super) struct BackEnd {
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// Where it listens, for as long as this lives.
pub(super) struct Listening {
    pub(super) back_end: BackEnd,
    addr: SocketAddr,
    _runtime: Runtime,
}

impl Listening {
    pub(super) fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime starts");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let (addr, back_end) = (listener.local_addr().expect("it is bound"), BackEnd::default());
        let service = TraceServiceServer::new(back_end.clone()).accept_compressed(tonic::codec::CompressionEncoding::Gzip);
        runtime.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let service = TowerToHyperService::new(service.clone());
                connections.spawn(http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { back_end, addr, _runtime: runtime }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
}

impl BackEnd {
    /// What the resources of all spans of a name said.
    pub(super) fn resources(&self, name: &str) -> Vec<Vec<KeyValue>> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().filter(|(span, _)| span == name).map(|(_, resource)| resource.clone()).collect()
    }
}

#[tonic::async_trait]
impl TraceService for BackEnd {
    async fn export(&self, request: Request<ExportTraceServiceRequest>) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for resource in request.into_inner().resource_spans {
            let said = resource.resource.unwrap_or_default().attributes;
            let spans = resource.scope_spans.iter().flat_map(|scope| &scope.spans);
            seen.extend(spans.map(|span| (span.name.clone(), said.clone())));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}
