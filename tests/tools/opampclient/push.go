package main

import (
	"context"
	"log"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
)

// push records the counters of the catalogue ten times a second and sends them every second, as an operator would.
func push(ctx context.Context, address string, follower *Follower) (stop func(), err error) {
	otlp, err := otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithEndpoint(address), otlpmetricgrpc.WithInsecure())
	if err != nil {
		return nil, err
	}
	var identity []attribute.KeyValue
	for key, value := range follower.Identity {
		identity = append(identity, attribute.String(key, value))
	}
	exporter := Exporter{Exporter: otlp, Gates: follower.Gates}
	provider := sdkmetric.NewMeterProvider(
		sdkmetric.WithResource(resource.NewSchemaless(identity...)),
		sdkmetric.WithReader(sdkmetric.NewPeriodicReader(exporter, sdkmetric.WithInterval(time.Second))),
	)
	ctx, cancel := context.WithCancel(ctx)
	if follower.Catalogue != nil {
		for _, instrument := range follower.Catalogue.Instruments {
			if instrument.Kind != "Counter" {
				continue
			}
			counter, err := provider.Meter(instrument.Scope).Int64Counter(instrument.Name, metric.WithUnit(instrument.Unit))
			if err != nil {
				cancel()
				return nil, err
			}
			go count(ctx, counter, follower.Gates.For(instrument))
		}
	}
	return func() {
		cancel()
		stopping, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := provider.Shutdown(stopping); err != nil {
			log.Print(err)
		}
	}, nil
}

func count(ctx context.Context, counter metric.Int64Counter, gate *Gate) {
	ticks := time.NewTicker(100 * time.Millisecond)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			if gate.On() {
				counter.Add(ctx, 1, metric.WithAttributes(attribute.String("result", "success")))
			}
		}
	}
}
