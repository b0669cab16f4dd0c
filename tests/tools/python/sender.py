"""An ordinary user of the OpenTelemetry Python SDK: the same workload as gosender, in two exports, then one trace."""

import argparse

from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider, ObservableCounter
from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.metrics import Observation
from opentelemetry.trace import SpanKind, Status, StatusCode


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoint", required=True, help="HOST:PORT of the receiver")
    parser.add_argument("--protocol", default="grpc", choices=["grpc", "http/protobuf"])
    parser.add_argument("--temporality", default="cumulative", choices=["cumulative", "delta"])
    parser.add_argument("--instance", required=True, help="service.instance.id")
    parser.add_argument("--gzip", action="store_true", help="compress requests")
    return parser.parse_args()


def exporters(options):
    """The metric and the span exporter of the chosen protocol."""
    delta = {Counter: AggregationTemporality.DELTA, Histogram: AggregationTemporality.DELTA,
             ObservableCounter: AggregationTemporality.DELTA}
    preferred = delta if options.temporality == "delta" else None
    if options.protocol == "grpc":
        from grpc import Compression
        from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

        compression = Compression.Gzip if options.gzip else Compression.NoCompression
        target = {"endpoint": options.endpoint, "insecure": True, "timeout": 20, "compression": compression}
        return OTLPMetricExporter(preferred_temporality=preferred, **target), OTLPSpanExporter(**target)
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    url = f"http://{options.endpoint}/v1"
    target = {"timeout": 20, "compression": Compression.Gzip if options.gzip else Compression.NoCompression}
    metric = OTLPMetricExporter(endpoint=f"{url}/metrics", preferred_temporality=preferred, **target)
    return metric, OTLPSpanExporter(endpoint=f"{url}/traces", **target)


def record(provider):
    """The workload in two halves with an export after the first; the second is the provider's shutdown."""
    meter = provider.get_meter("peer.meter", "1.2.3")
    requests = meter.create_counter("peer.requests", unit="{request}", description="Requests served.")
    queue = meter.create_up_down_counter("peer.queue.length", description="Items waiting.")
    temperature = meter.create_gauge("peer.temperature", unit="Cel")
    duration = meter.create_histogram("peer.duration", unit="s", explicit_bucket_boundaries_advisory=[0.1, 1, 10])
    size = meter.create_histogram("peer.size", unit="By")
    meter.create_observable_counter("peer.cpu.time", unit="s", callbacks=[lambda _: [Observation(12.25)]])
    get = {"method": "GET", "code": 200, "ok": True}
    post = {"method": "POST", "code": 500, "ok": False}

    requests.add(3, get)
    queue.add(5)
    temperature.set(19)
    duration.record(0.05)
    duration.record(0.5)
    size.record(1)
    size.record(2)
    if not provider.force_flush():
        raise SystemExit("push the first half")
    requests.add(4, get)
    requests.add(2, post)
    queue.add(-2)
    temperature.set(21.5)
    duration.record(5)
    duration.record(50)
    size.record(4)
    size.record(1024)


def work(tracer):
    """One trace of three spans; returns its id."""
    attributes = {"pool": "worker", "attempt": 2, "ratio": 0.5, "dry": True, "nodes": ["a", "b"]}
    with tracer.start_as_current_span("reconcile pool", attributes=attributes) as root:
        with tracer.start_as_current_span("drain node", kind=SpanKind.CLIENT, attributes={"node": "worker-0"}) as drain:
            drain.add_event("evicted", {"pod": "web-1"})
            drain.set_status(Status(StatusCode.ERROR, "time-out"))
            with tracer.start_as_current_span("GET /pods", kind=SpanKind.CLIENT):
                pass
        return format(root.get_span_context().trace_id, "032x")


def main():
    options = parse_options()
    metric_exporter, span_exporter = exporters(options)
    resource = Resource({
        "service.namespace": "it", "service.name": "peer-python", "service.instance.id": options.instance,
        "deployment.environment.name": "test",
    })
    size = View(instrument_name="peer.size", aggregation=ExponentialBucketHistogramAggregation(max_size=160, max_scale=3))
    reader = PeriodicExportingMetricReader(metric_exporter, export_interval_millis=3_600_000)
    metrics = MeterProvider(metric_readers=[reader], resource=resource, views=[size])
    record(metrics)
    metrics.shutdown()
    traces = TracerProvider(resource=resource)
    traces.add_span_processor(BatchSpanProcessor(span_exporter))
    print("trace", work(traces.get_tracer("peer.tracer", "1.2.3")))
    traces.shutdown()


if __name__ == "__main__":
    main()
