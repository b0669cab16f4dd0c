//! The exposition over the real store: OTLP bytes in, a body out.

use crate::{
    expose::{ExposeOptions, checker::check_text, negotiate::Negotiated, scrape::Exposition},
    model::clock::{Mono, Wall},
    state::store::{Store, StoreConfig},
};
use expect_test::expect;
use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value},
    metrics::v1::{
        AggregationTemporality, Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, metric::Data,
        number_data_point,
    },
    resource::v1::Resource,
};
use prost::Message;
use std::{sync::Arc, time::Duration};

fn pair(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

pub(super) fn text(key: &str, value: &str) -> KeyValue {
    pair(key, Value::StringValue(value.to_owned()))
}

pub(super) fn point(attributes: Vec<KeyValue>, value: i64) -> NumberDataPoint {
    let value = Some(number_data_point::Value::AsInt(value));
    NumberDataPoint { attributes, start_time_unix_nano: 1, time_unix_nano: 2, value, ..NumberDataPoint::default() }
}

pub(super) fn request(instance: &str, metrics: Vec<Metric>) -> Vec<u8> {
    let attributes = vec![text("service.name", "shop"), text("service.instance.id", instance), text("os.type", "linux")];
    let scope = Some(InstrumentationScope { name: "lib".to_owned(), ..InstrumentationScope::default() });
    let scope_metrics = vec![ScopeMetrics { scope, metrics, ..ScopeMetrics::default() }];
    let resource = Some(Resource { attributes, ..Resource::default() });
    let resource_metrics = vec![ResourceMetrics { resource, scope_metrics, ..ResourceMetrics::default() }];
    ExportMetricsServiceRequest { resource_metrics }.encode_to_vec()
}

/// Scenario: two instances push a counter and a gauge. Guarantees: a point is in the next scrape, and a new series in the one after.
#[test]
fn what_is_pushed_is_exposed() {
    let config = StoreConfig { series_max: 1000, expire_after: Duration::from_secs(300), seeds: [1, 2] };
    let store = Arc::new(Store::new(config));
    let exposition = Exposition::new(Arc::clone(&store), ExposeOptions::default());
    let body = || {
        let (mut scrape, mut out) = (exposition.scrape(Negotiated::default(), &[]), Vec::new());
        while scrape.next_chunk(&mut out) {}
        let body = String::from_utf8(out).expect("UTF-8");
        assert_eq!(check_text(&body), Vec::<String>::new());
        body
    };
    let counter = |n: i64| {
        let data_points = vec![point(vec![text("http.route", "/a"), pair("code", Value::IntValue(200))], n)];
        let temporality = AggregationTemporality::Cumulative.into();
        let data = Some(Data::Sum(Sum { data_points, aggregation_temporality: temporality, is_monotonic: true }));
        Metric { name: "http.requests".to_owned(), unit: "{request}".to_owned(), data, ..Metric::default() }
    };
    let gauge = Metric {
        name: "temp".to_owned(),
        unit: "Cel".to_owned(),
        description: "How warm it is".to_owned(),
        data: Some(Data::Gauge(Gauge { data_points: vec![point(vec![], 20)] })),
        ..Metric::default()
    };
    assert_eq!(body(), "");
    store.ingest(&request("1", vec![counter(5)]), Mono::from_secs(1), Wall::from_secs(1)).expect("it parses");
    store.ingest(&request("2", vec![counter(7), gauge]), Mono::from_secs(1), Wall::from_secs(1)).expect("it parses");
    expect![[r##"
        # HELP target_info Target metadata
        # TYPE target_info gauge
        target_info{instance="1",job="shop",os_type="linux"} 1
        target_info{instance="2",job="shop",os_type="linux"} 1
        # TYPE http_requests_total counter
        http_requests_total{code="200",http_route="/a",instance="1",job="shop",otel_scope_name="lib"} 5
        http_requests_total{code="200",http_route="/a",instance="2",job="shop",otel_scope_name="lib"} 7
        # HELP temp_celsius How warm it is
        # TYPE temp_celsius gauge
        temp_celsius{instance="2",job="shop",otel_scope_name="lib"} 20
    "##]]
    .assert_eq(&body());
}
