use super::Shared;
use crate::{
    app::{api, clock::Clock, engine::Engine},
    config::{Config, Given},
    web,
};
use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value},
    metrics::v1::{
        AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics,
        metric::Data, number_data_point,
    },
    resource::v1::Resource,
};
use pointsman_core::{
    model::clock::{Mono, Wall},
    state::store::{Store, StoreConfig},
};
use prost::Message;
use std::{cell::Cell, sync::Arc, time::Duration};
use tower::ServiceExt;

pub(super) const NOW: u64 = 1_700_000_000;

fn pairs(attributes: &[(&str, &str)]) -> Vec<KeyValue> {
    let pair = |(key, text): &(&str, &str)| {
        let value = Some(AnyValue { value: Some(Value::StringValue((*text).to_owned())) });
        KeyValue { key: (*key).to_owned(), value, ..KeyValue::default() }
    };
    attributes.iter().map(pair).collect()
}

/// Attributes, and a value.
pub(super) type Row<'a> = (&'a [(&'a str, &'a str)], f64);

/// A gauge with these series, at a second after [`NOW`].
pub(super) fn gauge(name: &str, second: u64, rows: &[Row<'_>]) -> Metric {
    let point = |(attributes, value): &Row<'_>| NumberDataPoint {
        attributes: pairs(attributes),
        time_unix_nano: (NOW + second) * 1_000_000_000,
        value: Some(number_data_point::Value::AsDouble(*value)),
        ..NumberDataPoint::default()
    };
    let data = Some(Data::Gauge(Gauge { data_points: rows.iter().map(point).collect() }));
    Metric { name: name.to_owned(), data, ..Metric::default() }
}

/// Attributes, and counts of buckets up to 1, 10, 100 and beyond.
pub(super) type Counts<'a> = (&'a [(&'a str, &'a str)], [u32; 4]);

/// A histogram with these series.
pub(super) fn histogram(name: &str, unit: &str, rows: &[Counts<'_>]) -> Metric {
    let point = |(attributes, counts): &Counts<'_>| HistogramDataPoint {
        attributes: pairs(attributes),
        start_time_unix_nano: (NOW - 60) * 1_000_000_000,
        time_unix_nano: NOW * 1_000_000_000,
        count: counts.iter().copied().map(u64::from).sum(),
        sum: Some([0.5, 5.0, 50.0, 500.0].iter().zip(counts).map(|(each, count)| each * f64::from(*count)).sum()),
        bucket_counts: counts.iter().copied().map(u64::from).collect(),
        explicit_bounds: vec![1.0, 10.0, 100.0],
        ..HistogramDataPoint::default()
    };
    let data_points = rows.iter().map(point).collect();
    let data = Histogram { data_points, aggregation_temporality: AggregationTemporality::Cumulative.into() };
    Metric { name: name.to_owned(), unit: unit.to_owned(), data: Some(Data::Histogram(data)), ..Metric::default() }
}

pub(super) fn store() -> Store {
    Store::new(StoreConfig { series_max: 10_000, expire_after: Duration::from_secs(300), seeds: [1, 2] })
}

/// What an instance of a service pushes.
pub(super) fn request(service: &str, instance: &str, metrics: Vec<Metric>) -> Vec<u8> {
    let attributes = pairs(&[("service.name", service), ("service.instance.id", instance)]);
    let scope = Some(InstrumentationScope { name: "lib".to_owned(), ..InstrumentationScope::default() });
    let scope_metrics = vec![ScopeMetrics { scope, metrics, ..ScopeMetrics::default() }];
    let resource = Some(Resource { attributes, ..Resource::default() });
    let resource_metrics = vec![ResourceMetrics { resource, scope_metrics, ..ResourceMetrics::default() }];
    ExportMetricsServiceRequest { resource_metrics }.encode_to_vec()
}

pub(super) fn push(store: &Store, service: &str, instance: &str, metrics: Vec<Metric>) {
    let tally =
        store.ingest(&request(service, instance, metrics), Mono::from_secs(1), Wall::from_secs(NOW)).expect("a good frame");
    assert!(tally.rejected.is_empty(), "{tally:?}");
}

/// Scenario: a look is asked for twice at once, for something else, and later. Guarantees: it is taken once while it is young and of
/// what was asked for, and anew after that.
#[test]
fn looks_are_shared_while_they_are_young() {
    let (shared, looks) = (Shared::<u32>::default(), Cell::new(0));
    let look = |now: u64, of: u32| {
        *shared.get(
            Mono(now * 1_000_000),
            |known| *known == of,
            || {
                looks.set(looks.get() + 1);
                of
            },
        )
    };
    assert_eq!(([look(0, 1), look(1_999, 1)], looks.get()), ([1, 1], 1));
    assert_eq!((look(1_999, 2), looks.get()), (2, 2));
    assert_eq!((look(3_999, 2), looks.get()), (2, 3));
}

fn engine() -> Arc<Engine> {
    let flags = [("memory-limit", vec!["8GiB".to_owned()]), ("max-series", vec!["2000000".to_owned()])].into();
    let config = Config::read(&Given { flags, ..Given::default() }).expect("good flags");
    Arc::new(Engine::new(config, Clock::start()).expect("an engine"))
}

/// A screen or its twin through the whole router, and how long it took.
async fn view(engine: &Arc<Engine>, path: &str) -> (String, Duration) {
    let router = web::router(api::sources(engine));
    let request = Request::get(path).body(Body::empty()).expect("a request");
    let began = engine.clock.mono();
    let response = router.oneshot(request).await.expect("a router never fails");
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    (String::from_utf8(body.to_vec()).expect("text"), engine.clock.mono().since(began))
}

/// Scenario: a component that pushes three sets of one attribute and one of two, through a real engine; then its cost is asked for,
/// by its name alone. Guarantees: the page and the twin tell what is left without the attribute; what nobody sends is not there.
#[tokio::test(flavor = "multi_thread")]
async fn the_cost_of_a_real_store_is_told() {
    let engine = engine();
    let rows = [[("err", "a"), ("node", "n")], [("err", "b"), ("node", "n")], [("err", "c"), ("node", "n")]];
    let gauges = gauge("state", 0, &rows.each_ref().map(|row| (&row[..], 1.0)));
    push(&engine.store, "shop", "a", vec![gauges]);
    let (twin, _) = view(&engine, "/api/v1/cost?component=service.shop").await;
    let twin: serde_json::Value = serde_json::from_str(&twin).expect("JSON");
    let one = &twin["item"]["instruments"][0];
    assert_eq!((&one["name"], &one["series"], &one["on"]), (&"state".into(), &3.into(), &true.into()));
    let attributes =
        serde_json::json!([{"key": "err", "values": 3, "setsWithout": 1}, {"key": "node", "values": 1, "setsWithout": 3}]);
    assert_eq!(one["attributes"], attributes);
    assert!(one["bytes"].as_u64().is_some_and(|bytes| bytes > 0), "{one}");
    let (page, _) = view(&engine, "/cost?component=service.shop").await;
    assert!(page.contains("without <code>err</code> (3 values): 3 -&gt; 1"), "{page}");
    assert!(view(&engine, "/flow").await.0.contains("default/service.shop"));
}

/// Scenario: 100,000 series of 40 processes, or as many as `POINTSMAN_SERIES` says; every screen is opened for the first time.
/// Guarantees: none takes 100 ms.
#[tokio::test(flavor = "multi_thread")]
async fn first_views_are_quick_with_many_series() {
    let engine = engine();
    let series = std::env::var("POINTSMAN_SERIES").map_or(100_000, |n| n.parse().expect("a number"));
    for instance in 0..40 {
        let texts: Vec<String> = (0..series / 200).map(|i| format!("value-{i}")).collect();
        let attributes: Vec<[(&str, &str); 2]> =
            texts.iter().map(|text| [("id", text.as_str()), ("mco.pool.name", "worker")]).collect();
        let rows: Vec<Row<'_>> = attributes.iter().map(|row| (&row[..], 1.0)).collect();
        let metrics = (0..5).map(|metric| gauge(&format!("metric.{metric}"), 0, &rows)).collect();
        push(&engine.store, "flood", &instance.to_string(), metrics);
    }
    assert_eq!(engine.store.stats().series, series / 200 * 200);
    let screens = ["/", "/fleet", "/cost", "/flow", "/traces", "/catalog", "/components", "/views", "/health"];
    for path in screens.into_iter().chain(["/cost?component=service.flood"]) {
        let (page, first) = view(&engine, path).await;
        let mut took = first;
        // Whoever else has the processor meanwhile is not what is measured.
        for _ in 0..2 {
            took = took.min(view(&engine, path).await.1);
        }
        // What is shared for two seconds makes the later ones quicker still.
        println!("{path}: {} bytes in {first:?}, again in {took:?}", page.len());
        // Attributes are counted series by series, on demand.
        assert!(path.contains('?') || took < Duration::from_millis(100), "{path}: {took:?}");
    }
}
