//! What a process does when it is told.

use super::{Clock, OWN, Point, attributes, of, planned, points, telemetry, turns};
use crate::{
    metric::{Level, Metric},
    opamp::{messages::RuleReport, plan::PlanHash},
    reconcile::Trigger,
    semconv::{
        attribute::{PointsmanReconcileResult, PointsmanResult},
        mco::METRICS,
        pointsman::{ClusterObjects, ReconcileCount, ReconcileDuration, WatchReconcile},
    },
    span::{Finished, Place, SpanId},
    telemetry::{PlanSource, Telemetry},
};
use bytes::Bytes;
use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    metrics::v1::{metric::Data, number_data_point},
};
use proptest::{
    array,
    collection::vec,
    option,
    prelude::{Just, Strategy, any},
    prop_assert_eq, prop_oneof, proptest,
};
use prost::Message;
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::SystemTime};

/// Scenario: instruments are made, before and after a plan, twice each. Guarantees: the catalogue has each once, in order,
/// with what is declared; its version grows when one is new, and only then; what comes after the plan obeys it at once.
#[test]
fn the_catalogue_is_what_was_made() {
    let (telemetry, _) = telemetry();
    let names = |telemetry: &Telemetry| telemetry.catalogue().into_iter().map(|one| one.name).collect::<Vec<_>>();
    let own = names(&telemetry);
    assert!(OWN.iter().all(|name| own.iter().any(|one| one == name)) && own.is_sorted(), "{own:?}");
    let version = telemetry.catalogue_version();
    telemetry.obey(&planned(&json!({"baseline": {"on": false}})), 0, PlanSource::Controller);
    assert_eq!(telemetry.catalogue_version(), version);
    telemetry.observe(|r| r.set(1, of("Pool")));
    assert!(telemetry.counter::<ReconcileCount>().on().is_none() && telemetry.histogram::<ReconcileDuration>().on().is_none());
    assert_eq!(telemetry.catalogue_version(), version + 3);
    telemetry.observe(|r| r.set(1, of("Pool")));
    telemetry.counter::<ReconcileCount>();
    assert_eq!(telemetry.catalogue_version(), version + 3);
    let catalogue = telemetry.catalogue();
    let one = |name: &str| catalogue.iter().find(|one| one.name == name).expect("it was made");
    let count = one(ReconcileCount::META.name);
    assert_eq!((count.kind.as_str(), count.level.as_str(), count.observed), ("Counter", "Standard", false));
    assert_eq!(count.attributes, ["pointsman.object.kind", "pointsman.result"]);
    assert!(one(ClusterObjects::META.name).observed);
    assert!(points(telemetry.metrics()).is_empty());
}

/// Scenario: the declared levels decide. Guarantees: Essential and Standard are on, Detailed and Debug are not.
#[test]
fn levels_decide_by_default() {
    let (telemetry, _) = telemetry();
    let made: Vec<_> = METRICS.into_iter().filter_map(|meta| Some((meta, telemetry.recorded(meta)?))).collect();
    assert!(made.iter().all(|(_, one)| one.is_on()));
    telemetry.obey_defaults();
    assert!(made.iter().all(|(meta, one)| one.is_on() == (meta.level <= Level::Standard)));
    assert!(made.iter().any(|(_, one)| !one.is_on()) && telemetry.plan_hash().is_none());
}

/// Scenario: the same plan twice, then another. Guarantees: the report says how many obey each rule; a collection that began
/// before the change has the name of the plan it began under.
#[test]
fn a_plan_is_reported_and_named() {
    let (telemetry, _) = telemetry();
    telemetry.counter::<ReconcileCount>().on().expect("on").add(1, turns("Pool"));
    let parts = json!({
        "hash": "ab".repeat(16), "instruments": [{"name": ReconcileCount::META.name, "on": true, "by": "one"}],
        "tail": [{"instruments": "pointsman.instrument.*", "on": false, "by": "two"}],
    });
    let report = |by: &str, instruments| RuleReport { by: by.to_owned(), instruments, exceptions: Vec::new() };
    for _ in 0..2 {
        assert_eq!(telemetry.obey(&planned(&parts), 0, PlanSource::File), [report("one", 1), report("two", 3)]);
    }
    let under_way = telemetry.metrics();
    telemetry.obey(&planned(&json!({"hash": "cd".repeat(16)})), 0, PlanSource::Controller);
    assert_eq!(under_way.plan_hash(), Some(PlanHash([0xab; 16])));
    assert_eq!(telemetry.metrics().plan_hash(), Some(PlanHash([0xcd; 16])));
}

/// Values of what a process says of itself: by name and set.
fn own(bodies: impl IntoIterator<Item = Bytes>) -> BTreeMap<String, i64> {
    let mut out = BTreeMap::new();
    for body in bodies {
        let request = ExportMetricsServiceRequest::decode(body).expect("what we encoded");
        let metrics = request.resource_metrics.into_iter().flat_map(|r| r.scope_metrics).flat_map(|s| s.metrics);
        for metric in metrics.filter(|metric| OWN.contains(&metric.name.as_str())) {
            let Some(Data::Sum(sum)) = metric.data else { panic!("{metric:?}") };
            for point in sum.data_points {
                if let Some(number_data_point::Value::AsInt(value)) = point.value {
                    let name = metric.name.trim_start_matches("pointsman.");
                    out.insert(format!("{name} {}", attributes(&point.attributes)), value);
                }
            }
        }
    }
    out
}

/// Scenario: a process pushes, obeys, and pushes again. Guarantees: it tells how many of its instruments are on, where its
/// plan came from, and how much it wrote: just what was in the requests before. These metrics obey plans as all do.
#[test]
fn a_process_tells_of_its_own_gates() {
    let (telemetry, _) = telemetry();
    let instruments = i64::try_from(telemetry.catalogue().len()).expect("a few");
    let first: Vec<Bytes> = telemetry.metrics().collect();
    let (points, size) = (6, first.iter().map(Bytes::len).sum::<usize>());
    let told = own(first);
    assert_eq!(told["instrument.gates pointsman.gate.state=open"], instruments);
    assert_eq!((told["instrument.points "], told["instrument.size "]), (0, 0));
    assert_eq!((told["plan.source pointsman.plan.source=none"], told["plan.source pointsman.plan.source=cache"]), (1, 0));
    telemetry.obey_defaults();
    let cache = json!({"instruments": [{"name": "pointsman.limit.hits", "on": false}]});
    telemetry.obey(&planned(&cache), 0, PlanSource::Cache);
    let told = own(telemetry.metrics());
    assert_eq!(told["instrument.gates pointsman.gate.state=open"], instruments - 1);
    assert_eq!(told["instrument.gates pointsman.gate.state=closed"], 1);
    assert_eq!((told["plan.source pointsman.plan.source=none"], told["plan.source pointsman.plan.source=cache"]), (0, 1));
    assert_eq!((told["instrument.points "], told["instrument.size "]), (points + 3, i64::try_from(size).expect("small")));
    telemetry.obey(&planned(&json!({"baseline": {"on": false}})), 0, PlanSource::Cache);
    assert!(own(telemetry.metrics()).is_empty());
}

/// Scenario: a span that is off is handed over all the same. Guarantees: it goes no further, nor
/// does one that was off when it began.
#[test]
fn a_span_that_is_off_is_not_sent() {
    let (telemetry, _) = telemetry();
    let hand_over = |id| {
        let trace = telemetry.new_ids().0;
        let span = WatchReconcile {
            object_kind: "Pool".into(),
            object_name: None,
            reconcile_objects: 1,
            reconcile_trigger: Trigger::Resync,
            reconcile_result: PointsmanReconcileResult::Changed,
        };
        telemetry.span(Finished::new(span, Place::root(trace, id), SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH));
        telemetry.take_spans().is_some()
    };
    assert!(hand_over(SpanId::from(1)));
    telemetry.obey(&planned(&json!({"spans": [{"spans": "reconcile *", "on": false}]})), 0, PlanSource::File);
    assert!(!hand_over(SpanId::from(1)));
    telemetry.obey_defaults();
    assert!(hand_over(SpanId::from(1)) && !hand_over(SpanId::INVALID));
}

/// What a plan may say of one instrument.
fn line() -> impl Strategy<Value = Option<Value>> {
    let shape = prop_oneof![
        Just(json!({})),
        Just(json!({"drop": ["pointsman.result"]})),
        Just(json!({"keep": []})),
        Just(json!({"buckets": [0.5]})),
        Just(json!({"limit": 1})),
        Just(json!({"intervalMs": 60_000})),
    ];
    option::of((any::<bool>(), shape).prop_map(|(on, mut shape)| {
        shape["on"] = json!(on);
        shape
    }))
}

const NAMES: [&str; 3] = ["pointsman.reconcile.count", "pointsman.reconcile.duration", "pointsman.cluster.objects"];

/// Records one of each metric where it is on, and collects a second later.
fn round(telemetry: &Telemetry, clock: &Clock, second: u64) -> Vec<Point> {
    if let Some(counter) = telemetry.counter().on() {
        counter.add(1, turns("Pool"));
    }
    if let Some(histogram) = telemetry.histogram().on() {
        histogram.record(1.0, ReconcileDuration { object_kind: "Pool".into(), result: PointsmanResult::Changed });
    }
    clock.set(second);
    let sent = points(telemetry.metrics());
    telemetry.metrics_arrived();
    sent
}

proptest! {
    /// Scenario: any plans, one after the other, of which each says something of some instruments. Guarantees: an instrument
    /// of which two plans say the same has the same start and a value that goes on, as if there had been no new plan.
    #[test]
    fn what_a_plan_does_not_change_is_untouched(plans in vec(array::uniform3(line()), 2..8)) {
        let (telemetry, clock) = telemetry();
        telemetry.observe(|r| r.set(1, of("Pool")));
        let mut before: Option<([Option<Value>; 3], Vec<Point>)> = None;
        for (n, plan) in (0..).zip(plans) {
            let said = plan.iter().zip(NAMES).filter_map(|(line, name)| {
                let mut line = line.clone()?;
                line["name"] = json!(name);
                Some(line)
            });
            let parts = json!({"instruments": said.collect::<Vec<_>>(), "tail": [{"instruments": n.to_string(), "on": false}]});
            telemetry.obey(&planned(&parts), 0, PlanSource::Controller);
            let now = round(&telemetry, &clock, (n + 1) * 100);
            if let Some((last, sent)) = &before {
                for (_, name) in NAMES.into_iter().enumerate().filter(|(at, _)| last[*at] == plan[*at]) {
                    let of = |points: &[Point]| points.iter().filter(|p| p.metric == name).cloned().collect::<Vec<_>>();
                    // What the plan before ended or retired is said for the last time; it is not of now.
                    let of_then = of(sent).into_iter().filter(|p| p.value.is_some() && p.time == n * 100_000_000_000).collect::<Vec<_>>();
                    let of_now = of(&now).into_iter().filter(|p| p.value.is_some()).collect::<Vec<_>>();
                    prop_assert_eq!(of_then.len(), of_now.len(), "{}: {:?} {:?}", name, of_then, of_now);
                    for (then, now) in of_then.iter().zip(&of_now) {
                        prop_assert_eq!((&then.set, then.start), (&now.set, now.start));
                        let more = if name == "pointsman.cluster.objects" { 0.0 } else { 1.0 };
                        prop_assert_eq!(then.value.map(|value| value + more), now.value);
                    }
                }
            }
            before = Some((plan, now));
        }
    }
}
