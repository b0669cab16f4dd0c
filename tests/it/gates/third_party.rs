//! Instruments of other crates behind gates before OpenTelemetry's SDK, and beside it through our own provider: what a gate can
//! do there, and what it cannot, which is why ours needs no SDK.

use super::{
    kinds::{Instrument, Kind, SCOPE, Set},
    property::{Seen, read},
    rig::{BEGIN, says},
    table::Shape,
};
use opentelemetry::metrics::MeterProvider;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_sdk::{
    error::OTelSdkResult,
    metrics::{PeriodicReader, SdkMeterProvider, Temporality, data::ResourceMetrics, exporter::PushMetricExporter},
};
use pointsman_instrument::{
    Gated, Identity, Telemetry,
    opamp::{messages::RuleReport, plan::Plan},
    telemetry::PlanSource,
};
use prost::Message;
use serde_json::json;
use std::{
    collections::BTreeMap,
    future,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

const A: Set = ("north", "pod-1");

/// Keeps the last export as bytes.
#[derive(Clone)]
struct Kept {
    last: Arc<Mutex<Vec<u8>>>,
    temporality: Temporality,
}

impl PushMetricExporter for Kept {
    fn export(&self, metrics: &ResourceMetrics) -> impl Future<Output = OTelSdkResult> + Send {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = ExportMetricsServiceRequest::from(metrics).encode_to_vec();
        future::ready(Ok(()))
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        self.temporality
    }
}

/// An SDK behind gates, with one instrument of a kind; and the same instrument of our own provider.
struct Both {
    sdk: SdkMeterProvider,
    kept: Kept,
    telemetry: Arc<Telemetry>,
    behind: Instrument,
    ours: Instrument,
    kind: Kind,
}

impl Both {
    fn new(kind: Kind, temporality: Temporality, shape: Shape) -> Self {
        let kept = Kept { last: Arc::default(), temporality };
        let reader = PeriodicReader::builder(kept.clone()).with_interval(Duration::from_secs(86_400)).build();
        let sdk = SdkMeterProvider::builder().with_reader(reader).build();
        let now = || SystemTime::UNIX_EPOCH + Duration::from_secs(BEGIN);
        let telemetry = Telemetry::builder(Identity::new("shop")).seed(7).build(now);
        obey(&telemetry, kind, shape);
        let behind = Instrument::of(kind, &Gated::over(sdk.clone(), &telemetry).meter("behind"));
        let ours = Instrument::of(kind, &telemetry.meters().meter(SCOPE));
        Self { sdk, kept, telemetry, behind, ours, kind }
    }

    fn tick(&self, n: i64) {
        self.behind.tick(A, n);
        self.ours.tick(A, n);
    }

    /// The numbers that the SDK exports, and those that we do.
    fn said(&self) -> [Option<Vec<f64>>; 2] {
        self.kept.last.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.sdk.force_flush().expect("a flush");
        let (mut theirs, mut ours) = (BTreeMap::new(), BTreeMap::new());
        read(&self.kept.last.lock().unwrap_or_else(PoisonError::into_inner), &mut theirs);
        let mut collection = self.telemetry.metrics();
        collection.by_ref().for_each(|body| read(&body, &mut ours));
        collection.arrived();
        [theirs, ours].map(|mut said| {
            let points: Vec<Seen> = said.remove(self.kind.name()).unwrap_or_default();
            assert!(points.len() <= 1, "{points:?}");
            points.into_iter().next().map(|(_, _, numbers)| numbers)
        })
    }
}

/// One line for the instrument, in whatever scope.
fn obey(telemetry: &Telemetry, kind: Kind, shape: Shape) -> Vec<RuleReport> {
    let mut line = says(&shape);
    line["name"] = kind.name().into();
    let text = json!({
        "schema": 1, "component": "default/shop", "hash": format!("{:032x}", 1), "instruments": [line],
        "tail": [], "baseline": {"on": true}, "spans": [],
    });
    telemetry.obey(&Arc::new(Plan::read(text.to_string().as_bytes()).expect("a plan")), 0, PlanSource::Controller)
}

/// Scenario: every instrument of OpenTelemetry's interface behind a gate that is shut from the start; it is used, the gate opens,
/// and it is used again, once with each temporality.
/// Guarantees: shut, the SDK knows nothing of what happened; open, it has what happened since, and of what is observed what is
/// there. Up-down counters that are added to are always told.
#[test]
fn an_sdk_is_not_told_what_is_off() {
    for (temporality, kind) in
        [Temporality::Delta, Temporality::Cumulative].into_iter().flat_map(|t| foreign().map(move |k| (t, k)))
    {
        let both = Both::new(kind, temporality, Shape::OFF);
        both.tick(3);
        let is_told = matches!(kind, Kind::I64UpDownCounter | Kind::F64UpDownCounter);
        assert_eq!(both.said()[0], is_told.then(|| vec![3.0]), "{kind:?} {temporality:?}");
        obey(&both.telemetry, kind, Shape::ON);
        both.tick(2);
        let numbers = both.said()[0].clone().unwrap_or_default();
        let adds = kind.class().is_observed() && !kind.class().is_last() || is_told;
        let wanted = if adds { 5.0 } else { 2.0 };
        assert_eq!(numbers.last(), Some(&wanted), "{kind:?} {temporality:?}: {numbers:?}");
    }
}

fn foreign() -> impl Iterator<Item = Kind> {
    Kind::ALL.into_iter().filter(|kind| kind.is_foreign())
}

/// Scenario: 3 happened and was exported; off; 4 more; on; 1 more. Of a cumulative SDK and of ours, recorded and observed, and of
/// one with deltas, observed.
/// Guarantees: ours says nothing while off, and then what happened since. The traps are real: the SDK goes on exporting the
/// stale value, and reports the whole total once more as a delta.
#[test]
fn what_an_sdk_remembers_ours_forgets() {
    let run = |kind, temporality| {
        let both = Both::new(kind, temporality, Shape::ON);
        both.tick(3);
        let first = both.said();
        obey(&both.telemetry, kind, Shape::OFF);
        both.tick(4);
        let off = both.said();
        obey(&both.telemetry, kind, Shape::ON);
        both.tick(1);
        let on = both.said();
        both.tick(1);
        [first, off, on, both.said()].map(|said| said.map(|numbers| numbers.and_then(|numbers| numbers.last().copied())))
    };
    let stale = run(Kind::U64Counter, Temporality::Cumulative);
    assert_eq!(stale, [[Some(3.0), Some(3.0)], [Some(3.0), None], [Some(4.0), Some(1.0)], [Some(5.0), Some(2.0)]]);
    let gauge = run(Kind::I64Gauge, Temporality::Cumulative);
    assert_eq!(gauge, [[Some(3.0), Some(3.0)], [Some(3.0), None], [Some(1.0), Some(1.0)], [Some(1.0), Some(1.0)]]);
    let repeated = run(Kind::U64ObservableCounter, Temporality::Delta);
    assert_eq!(repeated, [[Some(3.0), Some(3.0)], [None, None], [Some(8.0), Some(0.0)], [Some(1.0), Some(1.0)]]);
}

/// Scenario: a plan turns off a counter and an up-down counter behind gates, and asks for an interval and for fewer keys.
/// Guarantees: the report says which of it is not done at the source.
#[test]
fn what_a_gate_cannot_do_is_reported() {
    let exceptions = |kind, shape| {
        let both = Both::new(kind, Temporality::Delta, Shape::ON);
        let report = obey(&both.telemetry, kind, shape);
        let all = report.into_iter().flat_map(|rule| rule.exceptions).filter(|one| one.scope == "behind");
        all.map(|one| format!("{} {}", one.aspect, one.why)).collect::<Vec<_>>()
    };
    assert_eq!(exceptions(Kind::U64Counter, Shape::OFF), Vec::<String>::new());
    assert_eq!(exceptions(Kind::I64UpDownCounter, Shape::OFF), ["state kind"]);
    assert_eq!(exceptions(Kind::U64Counter, Shape::DROP_POD), ["attributes observed"]);
    assert_eq!(exceptions(Kind::U64Counter, Shape::TEN_MINUTES), ["interval elsewhere"]);
}
