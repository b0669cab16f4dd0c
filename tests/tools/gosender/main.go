// Command gosender is an ordinary user of the OpenTelemetry Go SDK: it records a fixed little workload, pushes it in
// two exports, and prints the id of the trace it sent. Its sisters in Python and Rust record the same workload, so the
// tests hold one table of what has to come out.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

type options struct {
	endpoint, protocol, temporality, instance string
	gzip                                      bool
}

func main() {
	var o options
	flag.StringVar(&o.endpoint, "endpoint", "", "HOST:PORT of the receiver")
	flag.StringVar(&o.protocol, "protocol", "grpc", "grpc or http/protobuf")
	flag.StringVar(&o.temporality, "temporality", "cumulative", "cumulative or delta")
	flag.StringVar(&o.instance, "instance", "", "service.instance.id")
	flag.BoolVar(&o.gzip, "gzip", false, "compress requests")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := run(ctx, o); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, o options) error {
	res := resource.NewSchemaless(
		attribute.String("service.namespace", "it"),
		attribute.String("service.name", "peer-go"),
		attribute.String("service.instance.id", o.instance),
		attribute.String("deployment.environment.name", "test"),
	)
	exporter, err := metricExporter(ctx, o)
	if err != nil {
		return err
	}
	exponential := sdkmetric.NewView(
		sdkmetric.Instrument{Name: "peer.size"},
		sdkmetric.Stream{Aggregation: sdkmetric.AggregationBase2ExponentialHistogram{MaxSize: 160, MaxScale: 3}},
	)
	metrics := sdkmetric.NewMeterProvider(
		sdkmetric.WithResource(res),
		sdkmetric.WithReader(sdkmetric.NewPeriodicReader(exporter, sdkmetric.WithInterval(time.Hour))),
		sdkmetric.WithView(exponential),
	)
	if err := record(ctx, metrics); err != nil {
		return err
	}
	if err := metrics.Shutdown(ctx); err != nil {
		return fmt.Errorf("push metrics: %w", err)
	}
	spans, err := traceExporter(ctx, o)
	if err != nil {
		return err
	}
	traces := sdktrace.NewTracerProvider(sdktrace.WithResource(res), sdktrace.WithBatcher(spans))
	fmt.Println("trace", work(ctx, traces.Tracer("peer.tracer", trace.WithInstrumentationVersion("1.2.3"))))
	if err := traces.Shutdown(ctx); err != nil {
		return fmt.Errorf("push spans: %w", err)
	}
	return nil
}

// record writes the workload in two halves with an export after each (the second is the provider's shutdown).
func record(ctx context.Context, provider *sdkmetric.MeterProvider) error {
	meter := provider.Meter("peer.meter", metric.WithInstrumentationVersion("1.2.3"))
	requests, _ := meter.Int64Counter("peer.requests", metric.WithUnit("{request}"), metric.WithDescription("Requests served."))
	queue, _ := meter.Int64UpDownCounter("peer.queue.length", metric.WithDescription("Items waiting."))
	temperature, _ := meter.Float64Gauge("peer.temperature", metric.WithUnit("Cel"))
	duration, _ := meter.Float64Histogram("peer.duration", metric.WithUnit("s"), metric.WithExplicitBucketBoundaries(0.1, 1, 10))
	size, _ := meter.Float64Histogram("peer.size", metric.WithUnit("By"))
	_, err := meter.Float64ObservableCounter("peer.cpu.time", metric.WithUnit("s"),
		metric.WithFloat64Callback(func(_ context.Context, out metric.Float64Observer) error {
			out.Observe(12.25)
			return nil
		}))
	if err != nil {
		return err
	}
	get := metric.WithAttributes(attribute.String("method", "GET"), attribute.Int("code", 200), attribute.Bool("ok", true))
	post := metric.WithAttributes(attribute.String("method", "POST"), attribute.Int("code", 500), attribute.Bool("ok", false))

	requests.Add(ctx, 3, get)
	queue.Add(ctx, 5)
	temperature.Record(ctx, 19)
	duration.Record(ctx, 0.05)
	duration.Record(ctx, 0.5)
	size.Record(ctx, 1)
	size.Record(ctx, 2)
	if err := provider.ForceFlush(ctx); err != nil {
		return fmt.Errorf("push the first half: %w", err)
	}
	requests.Add(ctx, 4, get)
	requests.Add(ctx, 2, post)
	queue.Add(ctx, -2)
	temperature.Record(ctx, 21.5)
	duration.Record(ctx, 5)
	duration.Record(ctx, 50)
	size.Record(ctx, 4)
	size.Record(ctx, 1024)
	return nil
}

// work makes one trace of three spans and returns its id.
func work(ctx context.Context, tracer trace.Tracer) string {
	ctx, root := tracer.Start(ctx, "reconcile pool", trace.WithAttributes(
		attribute.String("pool", "worker"), attribute.Int("attempt", 2), attribute.Float64("ratio", 0.5),
		attribute.Bool("dry", true), attribute.StringSlice("nodes", []string{"a", "b"})))
	inner, drain := tracer.Start(ctx, "drain node", trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("node", "worker-0")))
	drain.AddEvent("evicted", trace.WithAttributes(attribute.String("pod", "web-1")))
	drain.SetStatus(codes.Error, "time-out")
	_, get := tracer.Start(inner, "GET /pods", trace.WithSpanKind(trace.SpanKindClient))
	get.End()
	drain.End()
	root.End()
	return root.SpanContext().TraceID().String()
}

func metricExporter(ctx context.Context, o options) (sdkmetric.Exporter, error) {
	temporality := sdkmetric.DefaultTemporalitySelector
	if o.temporality == "delta" {
		temporality = deltaTemporality
	}
	if o.protocol == "grpc" {
		options := []otlpmetricgrpc.Option{
			otlpmetricgrpc.WithEndpoint(o.endpoint), otlpmetricgrpc.WithInsecure(), otlpmetricgrpc.WithTemporalitySelector(temporality),
		}
		if o.gzip {
			options = append(options, otlpmetricgrpc.WithCompressor("gzip"))
		}
		return otlpmetricgrpc.New(ctx, options...)
	}
	options := []otlpmetrichttp.Option{
		otlpmetrichttp.WithEndpoint(o.endpoint), otlpmetrichttp.WithInsecure(), otlpmetrichttp.WithTemporalitySelector(temporality),
	}
	if o.gzip {
		options = append(options, otlpmetrichttp.WithCompression(otlpmetrichttp.GzipCompression))
	}
	return otlpmetrichttp.New(ctx, options...)
}

// deltaTemporality is the specification's "delta" preference: what goes up and down stays cumulative.
func deltaTemporality(kind sdkmetric.InstrumentKind) metricdata.Temporality {
	switch kind {
	case sdkmetric.InstrumentKindUpDownCounter, sdkmetric.InstrumentKindObservableUpDownCounter:
		return metricdata.CumulativeTemporality
	default:
		return metricdata.DeltaTemporality
	}
}

func traceExporter(ctx context.Context, o options) (*otlptrace.Exporter, error) {
	if o.protocol == "grpc" {
		return otlptracegrpc.New(ctx, otlptracegrpc.WithEndpoint(o.endpoint), otlptracegrpc.WithInsecure())
	}
	return otlptracehttp.New(ctx, otlptracehttp.WithEndpoint(o.endpoint), otlptracehttp.WithInsecure())
}
