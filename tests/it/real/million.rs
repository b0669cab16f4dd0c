//! As many series as a large cluster has, scraped by real Prometheus servers within the time-out they have by default.
//! 100,000 series by default, for builds that are not optimised; `POINTSMAN_SERIES` and `POINTSMAN_PROGRAM` say otherwise.

use super::{
    peers::settles,
    prometheus::{Job, Prometheus},
};
use crate::support::Pointsman;
use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value},
    metrics::v1::{
        AggregationTemporality, Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Metric, NumberDataPoint,
        ResourceMetrics, ScopeMetrics, Sum, exemplar, exponential_histogram_data_point::Buckets, metric::Data, number_data_point,
    },
    resource::v1::Resource,
};
use std::{thread, time::Duration};

const START_NS: u64 = 1_780_000_000_000_000_000;
/// Series of one instance, and how many of them are counters, gauges and exponential histograms.
const INSTANCE: u64 = 1_000;
const COUNTERS: u64 = 450;
const GAUGES: u64 = 450;
const EXPONENTIALS: u64 = 100;
/// Every so manieth counter has an exemplar.
const EXEMPLARS: u64 = 45;
const INSTANCES_A_REQUEST: u64 = 10;

fn pair(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::StringValue(value.to_owned())) });
    KeyValue { key: key.to_owned(), value, ..KeyValue::default() }
}

fn labels(item: u64) -> Vec<KeyValue> {
    vec![
        pair("k8s.node.name", &format!("worker-{:03}.internal", item % 250)),
        pair("phase", "Reconciling"),
        pair("item", &item.to_string()),
    ]
}

fn counter(item: u64, time: u64, round: u64) -> NumberDataPoint {
    let exemplars = item.is_multiple_of(EXEMPLARS).then(|| Exemplar {
        time_unix_nano: time,
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        value: Some(exemplar::Value::AsDouble(1.0)),
        ..Exemplar::default()
    });
    let value = Some(number_data_point::Value::AsInt(i64::try_from(round * (item % 10)).expect("it is small")));
    NumberDataPoint {
        attributes: labels(item),
        start_time_unix_nano: START_NS,
        time_unix_nano: time,
        exemplars: exemplars.into_iter().collect(),
        value,
        ..NumberDataPoint::default()
    }
}

fn gauge(item: u64, time: u64, round: u64) -> NumberDataPoint {
    let value = Some(number_data_point::Value::AsDouble(round as f64 + (item % 4) as f64 * 0.25));
    NumberDataPoint { attributes: labels(item), time_unix_nano: time, value, ..NumberDataPoint::default() }
}

fn exponential(item: u64, time: u64, round: u64) -> ExponentialHistogramDataPoint {
    ExponentialHistogramDataPoint {
        attributes: labels(item),
        start_time_unix_nano: START_NS,
        time_unix_nano: time,
        count: 7 * round,
        sum: Some(20.5 * round as f64),
        positive: Some(Buckets { offset: 0, bucket_counts: vec![round, 2 * round, 0, 4 * round] }),
        ..ExponentialHistogramDataPoint::default()
    }
}

/// One instance with all of its series.
fn instance(number: u64, round: u64) -> ResourceMetrics {
    let time = START_NS + round * 1_000_000_000;
    let first = number * INSTANCE;
    let cumulative = AggregationTemporality::Cumulative.into();
    let requests = (first..first + COUNTERS).map(|item| counter(item, time, round)).collect();
    let level = (first + COUNTERS..first + COUNTERS + GAUGES).map(|item| gauge(item, time, round)).collect();
    let size = (first + COUNTERS + GAUGES..first + INSTANCE).map(|item| exponential(item, time, round)).collect();
    let metric = |name: &str, data| Metric { name: name.to_owned(), data: Some(data), ..Metric::default() };
    let metrics = vec![
        metric(
            "million.requests",
            Data::Sum(Sum { data_points: requests, aggregation_temporality: cumulative, is_monotonic: true }),
        ),
        metric("million.level", Data::Gauge(Gauge { data_points: level })),
        metric(
            "million.size",
            Data::ExponentialHistogram(ExponentialHistogram { data_points: size, aggregation_temporality: cumulative }),
        ),
    ];
    let scope = Some(InstrumentationScope { name: "it.million".to_owned(), ..InstrumentationScope::default() });
    let attributes = vec![pair("service.name", "million"), pair("service.instance.id", &number.to_string())];
    ResourceMetrics {
        resource: Some(Resource { attributes, ..Resource::default() }),
        scope_metrics: vec![ScopeMetrics { scope, metrics, ..ScopeMetrics::default() }],
        ..ResourceMetrics::default()
    }
}

fn push(server: &Pointsman, series: u64, round: u64) {
    let instances: Vec<u64> = (0..series / INSTANCE).collect();
    for numbers in instances.chunks(usize::try_from(INSTANCES_A_REQUEST).expect("it is small")) {
        let resource_metrics = numbers.iter().map(|number| instance(*number, round)).collect();
        server.push(&ExportMetricsServiceRequest { resource_metrics });
    }
}

/// What Prometheus holds for one format: how many counters, gauges and histograms, and the sums of each.
fn holds(prometheus: &Prometheus, format: &str) -> [f64; 6] {
    let number = |query: &str| {
        let found = prometheus.query(&query.replace('@', &format!("{{format=\"{format}\"}}")));
        found.first().and_then(|series| series["value"][1].as_str()?.parse().ok()).unwrap_or(f64::NAN)
    };
    let histograms = match format {
        "protobuf" => ["count(histogram_count(million_size@))", "sum(histogram_sum(million_size@))"],
        _ => ["count(million_size_count@)", "sum(million_size_sum@)"],
    };
    [
        number("count(million_requests_total@)"),
        number("count(million_level@)"),
        number(histograms[0]),
        number("sum(million_requests_total@)"),
        number("sum(million_level@)"),
        number(histograms[1]),
    ]
}

/// What it holds of the gauge that is pushed last but for histograms: its round, for its number is a multiple of four.
fn moved(prometheus: &Prometheus, format: &str, series: u64) -> Option<f64> {
    let item = (series - EXPONENTIALS - 1) / 4 * 4;
    let found = prometheus.query(&format!("million_level{{format=\"{format}\",item=\"{item}\"}}"));
    found.first().and_then(|series| series["value"][1].as_str()?.parse().ok())
}

/// What it has to hold after that round.
fn sent(series: u64, round: u64) -> [f64; 6] {
    let instances = series / INSTANCE;
    let items = |from: u64, count: u64| {
        (0..instances).flat_map(move |instance| instance * INSTANCE + from..instance * INSTANCE + from + count)
    };
    let requests: u64 = items(0, COUNTERS).map(|item| round * (item % 10)).sum();
    let level: f64 = items(COUNTERS, GAUGES).map(|item| round as f64 + (item % 4) as f64 * 0.25).sum();
    [
        (instances * COUNTERS) as f64,
        (instances * GAUGES) as f64,
        (instances * EXPONENTIALS) as f64,
        requests as f64,
        level,
        20.5 * (round * instances * EXPONENTIALS) as f64,
    ]
}

/// Whether the program is one that is optimised, as whoever names one, or a million series, says.
fn has_to_be_in_time(series: u64) -> bool {
    series >= 1_000_000 || std::env::var_os("POINTSMAN_PROGRAM").is_some()
}

/// Two rounds of pushes, each of which the Prometheus has to hold whole; then what it says of its scrapes, as rows of a table.
fn check(server: &Pointsman, series: u64, name: &str, (prometheus, formats, first): (&Prometheus, &[&str], u64)) -> String {
    for round in first..first + 2 {
        push(server, series, round);
        for format in formats {
            let (want, mut got) = (sent(series, round), [f64::NAN; 6]);
            let mut whole = || {
                // To count a million series takes the processor that the scrape needs: first one of them has to have moved.
                thread::sleep(Duration::from_secs(1));
                if moved(prometheus, format, series) == Some(round as f64) {
                    got = holds(prometheus, format);
                }
                got == want
            };
            // On a busy machine the first million takes Prometheus a while, after the scrape itself.
            let whole = (0..4).any(|_| settles(&mut whole));
            let up = prometheus.meta("up", format);
            assert!(whole, "{name}, {format}, round {round}: it holds {got:?}, not {want:?}; up: {up:?}");
            assert_eq!(up, Some(1.0), "{name}, {format}");
        }
    }
    let refused = prometheus.refused();
    assert!(refused.values().all(|count| *count == 0.0), "{name}: {refused:?}");
    if formats.contains(&"protobuf") {
        let taken = prometheus.own("prometheus_tsdb_exemplar_exemplars_appended_total");
        assert!(taken >= (series / INSTANCE * COUNTERS / EXEMPLARS) as f64, "{name} took {taken} exemplars");
    }
    let row = |format: &&str| {
        let meta = |name| prometheus.meta(name, format).unwrap_or(f64::NAN);
        let (seconds, samples) = (meta("scrape_duration_seconds"), meta("scrape_samples_scraped"));
        assert!(samples >= series as f64, "{name}, {format}: {samples} samples");
        let refused: f64 = refused.values().sum();
        assert_eq!(meta("up"), 1.0, "{name}, {format}");
        let late = format!("count_over_time(up{{format=\"{format}\"}}[1h]) - sum_over_time(up{{format=\"{format}\"}}[1h])");
        let late = prometheus.query(&late);
        let late = late.first().and_then(|series| series["value"][1].as_str()).expect("it knows its scrapes");
        // A build that is not optimised is not what has to be in time.
        assert!(
            !has_to_be_in_time(series) || (late == "0" && seconds < 10.0),
            "{name}, {format}: {late} late, the last took {seconds} s"
        );
        format!("| {name} | {format} | {series} | {samples} | {seconds:.2} | {late} | {refused} |\n")
    };
    formats.iter().map(row).collect()
}

/// Scenario: Prometheus 3 and 2.42 scrape very many series, among them native histograms and counters with exemplars, in
/// protobuf and in OpenMetrics, with the scrape time-out of 10 s that they have by default; all series move twice.
/// Guarantees: every target is up; each holds every series, and after each push the sums of all values; nothing was there
/// twice, nothing out of order. Of an optimised build no scrape is late, and the last takes less than 10 s. Prints what it took.
#[test]
#[ignore = "needs a real peer: bash tests/run.sh"]
fn prometheus_scrapes_a_million_series_in_time() {
    let series = std::env::var("POINTSMAN_SERIES").map_or(100_000, |text| text.parse().expect("POINTSMAN_SERIES is a number"));
    let server = Pointsman::start(&["--memory-limit", "4GiB", "--max-series", "2000000", "--expire-after", "1h"]);
    let job = |format, more: &str| Job {
        format,
        target: server.read,
        honor_labels: true,
        settings: format!("  scrape_interval: 10s\n  scrape_timeout: 10s\n{more}"),
    };
    let mut table =
        "| Prometheus | format | series | samples | s a scrape, with storing | scrapes not in time | refused |\n| --- | --- | --- | --- | --- | --- | --- |\n".to_owned();
    let native = "  scrape_native_histograms: true\n  scrape_protocols: [PrometheusProto]\n";
    let exemplars = "--enable-feature=exemplar-storage";
    // One after the other: several at once would measure each other.
    let jobs = [job("protobuf", native), job("om", "  scrape_protocols: [OpenMetricsText1.0.0]\n")];
    let prometheus = Prometheus::start("prometheus3", &jobs, &[exemplars]);
    table += &check(&server, series, "3", (&prometheus, &["protobuf", "om"], 1));
    drop(prometheus);
    let prometheus =
        Prometheus::start("prometheus2", &[job("protobuf", "")], &["--enable-feature=exemplar-storage,native-histograms"]);
    table += &check(&server, series, "2.42", (&prometheus, &["protobuf"], 3));
    drop(prometheus);
    let prometheus = Prometheus::start("prometheus2", &[job("om", "")], &[exemplars]);
    table += &check(&server, series, "2.42", (&prometheus, &["om"], 5));
    eprintln!("{table}");
}
