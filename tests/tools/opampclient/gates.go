package main

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// Gate tells whether one instrument is recorded. To ask it is one atomic load: ask before attributes are built.
type Gate struct {
	Instrument
	closed atomic.Bool
}

// On tells whether the instrument is recorded.
func (g *Gate) On() bool { return !g.closed.Load() }

// Gates are those of a process. The last plan decides; before there is one, the declared levels do.
type Gates struct {
	mu     sync.Mutex
	gates  map[[2]string]*Gate
	plan   *Plan
	came   time.Time
	left   []time.Duration
	passed int
}

// For is the gate of an instrument; made at the first call.
func (g *Gates) For(instrument Instrument) *Gate {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := [2]string{instrument.Scope, instrument.Name}
	gate := g.gates[key]
	if gate == nil {
		gate = &Gate{Instrument: instrument}
		g.decide(gate)
		if g.gates == nil {
			g.gates = make(map[[2]string]*Gate)
		}
		g.gates[key] = gate
	}
	return gate
}

// Obey does what a plan says from now on. `left` says how long each of its steps is away.
func (g *Gates) Obey(plan *Plan, left []time.Duration) {
	g.mu.Lock()
	g.plan, g.came, g.left, g.passed = plan, time.Now(), left, 0
	g.mu.Unlock()
	g.Tick()
}

// Tick opens and closes what a step that is over by now decides. Answers the hash that then holds and whether that is new,
// and how long the next step is away. Nobody is asked: a plan ends in time when its controller is away.
func (g *Gates) Tick() (hash string, changed bool, wait time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.plan == nil {
		return "", false, time.Minute
	}
	passed := max(g.passed, g.plan.Passed(time.Now(), g.left, time.Since(g.came)))
	changed, g.passed = passed != g.passed, passed
	for _, gate := range g.gates {
		g.decide(gate)
	}
	wait = time.Minute
	if passed < len(g.plan.Next) {
		wait = min(wait, time.Until(g.plan.Next[passed].At))
		if passed < len(g.left) {
			wait = min(wait, g.left[passed]-time.Since(g.came))
		}
	}
	return g.plan.HashAfter(passed), changed, max(wait, 10*time.Millisecond)
}

func (g *Gates) decide(gate *Gate) {
	on := gate.Level != "Detailed" && gate.Level != "Debug"
	if g.plan != nil {
		on, _ = g.plan.Enabled(gate.Scope, gate.Name, gate.Kind, g.passed)
	}
	gate.closed.Store(!on)
}

// States tells of every gate whether it is open.
func (g *Gates) States() map[string]bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	states := make(map[string]bool, len(g.gates))
	for _, gate := range g.gates {
		states[gate.Scope+"/"+gate.Name] = gate.On()
	}
	return states
}

// Report is what became of the plan, rule by rule: for the custom message `report`.
func (g *Gates) Report() Report {
	g.mu.Lock()
	defer g.mu.Unlock()
	report := Report{Rules: []RuleReport{}}
	if g.plan == nil {
		return report
	}
	report.Hash = g.plan.HashAfter(g.passed)
	rules := map[string]int{}
	for _, gate := range g.gates {
		if _, by := g.plan.Enabled(gate.Scope, gate.Name, gate.Kind, g.passed); by != "" {
			rules[by]++
		}
	}
	for by, instruments := range rules {
		report.Rules = append(report.Rules, RuleReport{By: by, Instruments: instruments})
	}
	slices.SortFunc(report.Rules, func(a, b RuleReport) int { return strings.Compare(a.By, b.By) })
	return report
}

// Exporter leaves out what is off, so that nothing of it goes over the wire: also instruments of libraries that know no gates.
type Exporter struct {
	sdkmetric.Exporter
	Gates *Gates
}

// Export sends what is on.
func (e Exporter) Export(ctx context.Context, all *metricdata.ResourceMetrics) error {
	sent := metricdata.ResourceMetrics{Resource: all.Resource}
	for _, scope := range all.ScopeMetrics {
		scope.Metrics = slices.DeleteFunc(slices.Clone(scope.Metrics), func(metric metricdata.Metrics) bool {
			kind := kindOf(metric.Data)
			return !e.Gates.For(Instrument{Scope: scope.Scope.Name, Name: metric.Name, Kind: kind, Unit: metric.Unit}).On()
		})
		if len(scope.Metrics) > 0 {
			sent.ScopeMetrics = append(sent.ScopeMetrics, scope)
		}
	}
	if len(sent.ScopeMetrics) == 0 {
		return nil
	}
	return e.Exporter.Export(ctx, &sent)
}

func kindOf(data metricdata.Aggregation) string {
	switch data := data.(type) {
	case metricdata.Sum[int64]:
		return kindOfSum(data.IsMonotonic)
	case metricdata.Sum[float64]:
		return kindOfSum(data.IsMonotonic)
	case metricdata.Gauge[int64], metricdata.Gauge[float64]:
		return "Gauge"
	case metricdata.Histogram[int64], metricdata.Histogram[float64]:
		return "Histogram"
	case metricdata.ExponentialHistogram[int64], metricdata.ExponentialHistogram[float64]:
		return "ExponentialHistogram"
	default:
		return ""
	}
}

func kindOfSum(monotonic bool) string {
	if monotonic {
		return "Counter"
	}
	return "UpDownCounter"
}
