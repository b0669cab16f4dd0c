//! What deltas come to: exponential histograms against buckets in a map, sums and histograms against the cumulative stream of the
//! same events.

use super::{choices::Choices, requests, store};
use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value as Any},
    metrics::v1::{
        ExponentialHistogram, ExponentialHistogramDataPoint, Histogram, HistogramDataPoint, Metric, NumberDataPoint,
        ResourceMetrics, ScopeMetrics, Sum, exponential_histogram_data_point::Buckets, metric::Data, number_data_point,
    },
};
use pointsman_core::{
    limits::EXPONENTIAL_BUCKETS_MAX,
    model::{
        clock::{Mono, Wall},
        point::{self, ExpHistogram},
    },
    state::{store::Store, visit::Value},
};
use prost::Message;
use std::collections::BTreeMap;

const DELTA: i32 = 1;
const CUMULATIVE: i32 = 2;

fn request(metrics: Vec<Metric>) -> Vec<u8> {
    let scope_metrics = vec![ScopeMetrics { metrics, ..ScopeMetrics::default() }];
    let resource_metrics = vec![ResourceMetrics { scope_metrics, ..ResourceMetrics::default() }];
    ExportMetricsServiceRequest { resource_metrics }.encode_to_vec()
}

fn metric(name: &str, data: Data) -> Metric {
    Metric { name: name.to_owned(), data: Some(data), ..Metric::default() }
}

/// Exponential deltas, some of them wrong: what was taken is there, bucket by bucket at the scale that is shown, within the cap.
pub fn exponential(input: &[u8]) {
    let mut from = Choices(input);
    let has_thresholds = from.below(4) == 0;
    let store = store::new();
    let mut taken = Vec::new();
    for at in 1..=u64::from(from.byte() % 8) {
        let zero_threshold = if has_thresholds { from.pick(&[0.0, 0.25, 1.0, 1e-3]) } else { 0.0 };
        let point = ExponentialHistogramDataPoint {
            attributes: Vec::new(),
            start_time_unix_nano: at,
            time_unix_nano: at + 1,
            exemplars: Vec::new(),
            sum: Some(f64::from(from.byte()) / 8.0),
            zero_threshold,
            ..requests::exponential(&mut from)
        };
        let data = ExponentialHistogram { data_points: vec![point.clone()], aggregation_temporality: DELTA };
        let body = request(vec![metric("x", Data::ExponentialHistogram(data))]);
        let tally = store.ingest(&body, Mono(at), Wall(1)).expect("what prost writes, we read");
        if tally.rejected.is_empty() {
            taken.push(point);
        }
    }
    let Some(shown) = only(&store) else { return assert!(taken.is_empty(), "taken, and not there") };
    assert_eq!(shown.count, taken.iter().map(|point| point.count).sum::<u64>());
    assert_eq!(shown.sum.to_bits(), taken.iter().filter_map(|point| point.sum).sum::<f64>().to_bits());
    let held = |side: &point::Buckets| side.counts.iter().sum::<u64>();
    assert_eq!(shown.zero_count + held(&shown.positive) + held(&shown.negative), shown.count);
    for side in [&shown.positive, &shown.negative] {
        assert!(side.counts.len() <= EXPONENTIAL_BUCKETS_MAX, "{} buckets", side.counts.len());
    }
    assert!(taken.iter().all(|point| point.scale >= shown.scale) && (-4..=8).contains(&shown.scale), "{shown:?}");
    if has_thresholds {
        assert!(taken.iter().all(|point| point.zero_threshold <= shown.zero_threshold));
        return;
    }
    let side = |of: fn(&ExponentialHistogramDataPoint) -> &Option<Buckets>| {
        let mut model: BTreeMap<i64, u64> = BTreeMap::new();
        for point in &taken {
            let buckets = of(point).clone().unwrap_or_default();
            for (index, n) in (i64::from(buckets.offset)..).zip(&buckets.bucket_counts).filter(|(_, n)| **n > 0) {
                *model.entry(index >> (point.scale - shown.scale)).or_default() += n;
            }
        }
        model
    };
    let map = |side: &point::Buckets| -> BTreeMap<i64, u64> {
        (i64::from(side.offset)..).zip(side.counts.iter().copied()).filter(|(_, n)| *n > 0).collect()
    };
    assert_eq!(map(&shown.positive), side(|point| &point.positive), "{taken:?}");
    assert_eq!(map(&shown.negative), side(|point| &point.negative), "{taken:?}");
    assert_eq!(shown.zero_count, taken.iter().map(|point| point.zero_count).sum::<u64>());
}

/// The only exponential histogram of a store.
fn only(store: &Store) -> Option<ExpHistogram> {
    let mut found = None;
    for stream in store.streams() {
        store.visit(stream.id, 0, 9, &mut |series| {
            if let Value::Exponential(histogram) = series.value {
                assert!(found.replace(histogram.clone()).is_none(), "one series");
            }
        });
    }
    found
}

/// One observation: of which series, and how much.
struct Event {
    series: usize,
    adds: i64,
    bucket: usize,
    /// Sent once more as a delta, as after a lost answer.
    again: bool,
    /// The request goes out after it.
    last: bool,
}

const SERIES: usize = 3;
const BOUNDS: [f64; 3] = [1.0, 2.5, 10.0];

/// What a series has come to.
#[derive(Clone, Default)]
struct Sums {
    whole: i64,
    counts: [u64; BOUNDS.len() + 1],
    eighths: f64,
    time: u64,
}

/// Events as deltas, split into requests in any way and some sent twice, and as one cumulative stream: the same is shown.
pub fn delta(input: &[u8]) {
    let mut from = Choices(input);
    let events: Vec<Event> = (0..from.byte() % 40)
        .map(|_| Event {
            series: from.below(SERIES),
            adds: i64::from(from.byte()),
            bucket: from.below(BOUNDS.len() + 1),
            again: from.below(8) == 0,
            last: from.yes(),
        })
        .collect();
    let (deltas, cumulative) = (store::new(), store::new());
    let mut sums: [Sums; SERIES] = std::array::from_fn(|_| Sums { time: 1, ..Sums::default() });
    let mut waiting = Vec::new();
    for (at, event) in (2..).zip(&events) {
        let sum = &mut sums[event.series];
        let times = (sum.time, at);
        let mut one = Sums { whole: event.adds, eighths: eighths(event.adds), ..Sums::default() };
        one.counts[event.bucket] = 1;
        waiting.push((event.series, one.clone(), times));
        if event.again {
            waiting.push((event.series, one, times));
        }
        sum.whole += event.adds;
        sum.eighths += eighths(event.adds);
        sum.counts[event.bucket] += 1;
        sum.time = at;
        send(&cumulative, CUMULATIVE, &[(event.series, sum.clone(), (1, at))]);
        if event.last {
            send(&deltas, DELTA, &std::mem::take(&mut waiting));
        }
    }
    send(&deltas, DELTA, &waiting);
    assert_eq!(store::shown(&deltas), store::shown(&cumulative));
}

fn eighths(adds: i64) -> f64 {
    f64::from(i32::try_from(adds).expect("a byte")) / 8.0
}

fn send(store: &Store, aggregation_temporality: i32, points: &[(usize, Sums, (u64, u64))]) {
    let attributes = |series: usize| {
        let value = Some(AnyValue { value: Some(Any::IntValue(i64::try_from(series).expect("few"))) });
        vec![KeyValue { key: "series".to_owned(), value, ..KeyValue::default() }]
    };
    let number = |value: fn(&Sums) -> number_data_point::Value| {
        let point = |(series, sums, (start, time)): &(usize, Sums, (u64, u64))| NumberDataPoint {
            attributes: attributes(*series),
            start_time_unix_nano: *start,
            time_unix_nano: *time,
            value: Some(value(sums)),
            ..NumberDataPoint::default()
        };
        Data::Sum(Sum { data_points: points.iter().map(point).collect(), aggregation_temporality, is_monotonic: true })
    };
    let histogram = |(series, sums, (start, time)): &(usize, Sums, (u64, u64))| HistogramDataPoint {
        attributes: attributes(*series),
        start_time_unix_nano: *start,
        time_unix_nano: *time,
        count: sums.counts.iter().sum(),
        sum: Some(sums.eighths),
        bucket_counts: sums.counts.to_vec(),
        explicit_bounds: BOUNDS.to_vec(),
        ..HistogramDataPoint::default()
    };
    let histograms = Histogram { data_points: points.iter().map(histogram).collect(), aggregation_temporality };
    let body = request(vec![
        metric("whole", number(|sums| number_data_point::Value::AsInt(sums.whole))),
        metric("parts", number(|sums| number_data_point::Value::AsDouble(sums.eighths))),
        metric("histogram", Data::Histogram(histograms)),
    ]);
    let tally = store.ingest(&body, Mono(1), Wall(1)).expect("what prost writes, we read");
    assert_eq!(tally.rejected_total(), 0, "{tally:?}");
}
