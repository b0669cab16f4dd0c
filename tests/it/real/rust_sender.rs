//! An ordinary user of the OpenTelemetry Rust SDK: the same workload as gosender and sender.py, in two exports, then
//! one trace. It runs in this process; its HTTP client is a blocking socket, because the SDK's own threads drive it.

use super::senders::Way;
use crate::support::http;
use opentelemetry::{
    KeyValue, StringValue, Value,
    metrics::{Meter, MeterProvider},
    trace::{Span, SpanKind, Status, TraceContextExt, Tracer, TracerProvider},
};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{
    Compression, MetricExporter, Protocol, SpanExporter, WithExportConfig, WithHttpConfig, WithTonicConfig,
};
use opentelemetry_sdk::{
    Resource,
    metrics::{Aggregation, Instrument, PeriodicReader, SdkMeterProvider, Stream, Temporality},
    trace::{SdkTracer, SdkTracerProvider},
};
use std::{net::SocketAddr, time::Duration};

/// Records and sends the workload; gives the id of the trace.
pub(crate) fn send(address: SocketAddr, way: Way, instance: &str) -> String {
    // The gRPC exporters live on a runtime that must outlast them.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime starts");
    let entered = runtime.enter();
    let resource = Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.namespace", "it"),
            KeyValue::new("service.name", "peer-rust"),
            KeyValue::new("service.instance.id", instance.to_owned()),
            KeyValue::new("deployment.environment.name", "test"),
        ])
        .build();
    let reader = PeriodicReader::builder(metric_exporter(address, way)).with_interval(Duration::from_secs(3600)).build();
    let metrics = SdkMeterProvider::builder().with_resource(resource.clone()).with_reader(reader).with_view(view).build();
    record(&metrics);
    metrics.shutdown().expect("the second half is sent");
    let traces = SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(span_exporter(address, way)).build();
    let scope = opentelemetry::InstrumentationScope::builder("peer.tracer").with_version("1.2.3").build();
    let id = work(&traces.tracer_with_scope(scope));
    traces.shutdown().expect("the spans are sent");
    drop(entered);
    id
}

fn view(instrument: &Instrument) -> Option<Stream> {
    let aggregation = match instrument.name() {
        "peer.size" => Aggregation::Base2ExponentialHistogram { max_size: 160, max_scale: 3, record_min_max: true },
        _ => return None,
    };
    Stream::builder().with_aggregation(aggregation).build().ok()
}

/// The workload in two halves with an export after the first; the second is the provider's shutdown.
#[expect(clippy::disallowed_methods, reason = "a stranger's program: it types its names itself")]
fn record(provider: &SdkMeterProvider) {
    let scope = opentelemetry::InstrumentationScope::builder("peer.meter").with_version("1.2.3").build();
    let meter: Meter = provider.meter_with_scope(scope);
    let requests = meter.u64_counter("peer.requests").with_unit("{request}").with_description("Requests served.").build();
    let queue = meter.i64_up_down_counter("peer.queue.length").with_description("Items waiting.").build();
    let temperature = meter.f64_gauge("peer.temperature").with_unit("Cel").build();
    let duration = meter.f64_histogram("peer.duration").with_unit("s").with_boundaries(vec![0.1, 1.0, 10.0]).build();
    let size = meter.f64_histogram("peer.size").with_unit("By").build();
    let _cpu = meter.f64_observable_counter("peer.cpu.time").with_unit("s").with_callback(|out| out.observe(12.25, &[])).build();
    let get = [KeyValue::new("method", "GET"), KeyValue::new("code", 200), KeyValue::new("ok", true)];
    let post = [KeyValue::new("method", "POST"), KeyValue::new("code", 500), KeyValue::new("ok", false)];

    requests.add(3, &get);
    queue.add(5, &[]);
    temperature.record(19.0, &[]);
    [0.05, 0.5].iter().for_each(|value| duration.record(*value, &[]));
    [1.0, 2.0].iter().for_each(|value| size.record(*value, &[]));
    provider.force_flush().expect("the first half is sent");
    requests.add(4, &get);
    requests.add(2, &post);
    queue.add(-2, &[]);
    temperature.record(21.5, &[]);
    [5.0, 50.0].iter().for_each(|value| duration.record(*value, &[]));
    [4.0, 1024.0].iter().for_each(|value| size.record(*value, &[]));
}

/// One trace of three spans; gives its id.
fn work(tracer: &SdkTracer) -> String {
    let nodes = Value::Array(vec![StringValue::from("a"), StringValue::from("b")].into());
    let root = tracer
        .span_builder("reconcile pool")
        .with_kind(SpanKind::Internal)
        .with_attributes([
            KeyValue::new("pool", "worker"),
            KeyValue::new("attempt", 2),
            KeyValue::new("ratio", 0.5),
            KeyValue::new("dry", true),
            KeyValue::new("nodes", nodes),
        ])
        .start(tracer);
    let id = root.span_context().trace_id().to_string();
    let root = opentelemetry::Context::new().with_span(root);
    let mut drain = tracer
        .span_builder("drain node")
        .with_kind(SpanKind::Client)
        .with_attributes([KeyValue::new("node", "worker-0")])
        .start_with_context(tracer, &root);
    drain.add_event("evicted", vec![KeyValue::new("pod", "web-1")]);
    drain.set_status(Status::error("time-out"));
    let drain = root.with_span(drain);
    tracer.span_builder("GET /pods").with_kind(SpanKind::Client).start_with_context(tracer, &drain).end();
    drain.span().end();
    root.span().end();
    id
}

fn metric_exporter(address: SocketAddr, way: Way) -> MetricExporter {
    let temporality = if way.temporality == "delta" { Temporality::Delta } else { Temporality::Cumulative };
    let builder = MetricExporter::builder().with_temporality(temporality);
    let built = if way.protocol == "grpc" {
        let builder = builder.with_tonic().with_endpoint(format!("http://{address}"));
        if way.gzip { builder.with_compression(Compression::Gzip).build() } else { builder.build() }
    } else {
        let url = format!("http://{address}/v1/metrics");
        let builder = builder.with_http().with_http_client(Client).with_protocol(protocol(way)).with_endpoint(url);
        if way.gzip { builder.with_compression(Compression::Gzip).build() } else { builder.build() }
    };
    built.expect("the metric exporter is built")
}

fn span_exporter(address: SocketAddr, way: Way) -> SpanExporter {
    let builder = SpanExporter::builder();
    let built = if way.protocol == "grpc" {
        builder.with_tonic().with_endpoint(format!("http://{address}")).build()
    } else {
        let url = format!("http://{address}/v1/traces");
        builder.with_http().with_http_client(Client).with_protocol(protocol(way)).with_endpoint(url).build()
    };
    built.expect("the span exporter is built")
}

fn protocol(way: Way) -> Protocol {
    if way.protocol == "http/json" { Protocol::HttpJson } else { Protocol::HttpBinary }
}

/// The SDK asks for a client and leaves its choice to us.
#[derive(Debug)]
struct Client;

#[async_trait::async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let address = request.uri().authority().ok_or("no address")?.as_str().parse()?;
        let headers: Vec<(&str, &str)> = request
            .headers()
            .iter()
            .filter(|(name, _)| !["host", "connection", "content-length"].contains(&name.as_str()))
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect();
        let reply = http(address, request.method().as_str(), request.uri().path(), &headers, request.body());
        Ok(Response::builder().status(reply.status).body(Bytes::from(reply.body))?)
    }
}
