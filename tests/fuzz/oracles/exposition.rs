//! Any request, scraped: every body is what its format says, two scrapes are equal, and the formats agree in their values. The
//! judges are the checker of core's own tests, which shares no code with the writers, and prometheus-client's protobuf types.

use super::{checker, choices::Choices, requests::metrics_request, store};
use pointsman_core::{
    expose::{
        ExposeOptions,
        escape::Escaping,
        names::TranslationStrategy,
        negotiate::{Encoding, Format, Negotiated},
        scrape::{Exposition, ScrapeStats},
    },
    model::clock::{Mono, Wall},
    state::store::Store,
};
use prometheus_client::encoding::prometheus_protobuf::prometheus_data_model::{LabelPair, Metric, MetricFamily, MetricType};
use prost::Message;
use std::{collections::BTreeMap, sync::Arc};

/// Text 0.0.4: legal line by line, and the same twice.
pub fn exposition_text(input: &[u8]) {
    let case = Case::of(input);
    let (body, stats) = case.text(Format::Text004);
    assert_eq!(checker::check_text(&body), Vec::<String>::new(), "{body}");
    assert_eq!(body, case.text(Format::Text100).0, "the two versions differ in their Content-Type only");
    let series: usize = case.store.streams().iter().map(|stream| stream.series).sum();
    let counted = stats.series + stats.duplicates + stats.unfit;
    assert!(counted <= series as u64, "{counted} of {series} series");
    samples(&body);
}

/// OpenMetrics: legal, and what text 0.0.4 says, but for what it has no place for.
pub fn exposition_openmetrics(input: &[u8]) {
    let case = Case::of(input);
    let (body, stats) = case.text(Format::OpenMetrics);
    assert_eq!(checker::check_text(&body), Vec::<String>::new(), "{body}");
    assert!(body.ends_with("# EOF\n"), "{body}");
    let (text, text_stats) = case.text(Format::Text004);
    let (ours, texts) = (samples(&body), samples(&text));
    let is_created = |name: &str| name.ends_with("_created");
    for (key, value) in ours.iter().filter(|((name, _), _)| !is_created(name)) {
        assert_eq!(texts.get(key), Some(value), "{key:?} in text:\n{text}\nand OpenMetrics:\n{body}");
    }
    // What is missing: sums that may fall, with their counts; infos and state sets whose values are none.
    if stats.unfit == 0 && stats.series == text_stats.series {
        let may_miss = |name: &str| name.ends_with("_sum") || name.ends_with("_count");
        for key in texts.keys().filter(|(name, _)| !may_miss(name)) {
            assert!(ours.contains_key(key), "{key:?} is missing in OpenMetrics:\n{body}");
        }
    }
}

/// Protobuf: legal, and what text 0.0.4 says; native histograms count what they hold.
pub fn exposition_protobuf(input: &[u8]) {
    let case = Case::of(input);
    let (body, stats) = case.body(Format::Protobuf);
    let mut rest = body.as_slice();
    let mut ours = BTreeMap::new();
    while !rest.is_empty() {
        let family = MetricFamily::decode_length_delimited(&mut rest).expect("a delimited family");
        assert!(!family.name.is_empty() && !family.metric.is_empty(), "{family:?}");
        for metric in &family.metric {
            let names: Vec<&String> = metric.label.iter().map(|pair| &pair.name).collect();
            assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "labels are out of order or twice: {names:?}");
            assert!(metric.label.iter().all(|pair| !pair.name.is_empty() && !pair.value.is_empty()), "{metric:?}");
            lines_of(&family, metric, &mut ours);
        }
    }
    let (text, text_stats) = case.text(Format::Text004);
    let texts = samples(&text);
    // A sum that is not known is 0 in a message, and no line.
    let is_unknown = |key: &Key, value: u64| key.0.ends_with("_sum") && value == 0 && !texts.contains_key(key);
    for (key, value) in ours.iter().filter(|(key, value)| !is_unknown(key, **value)) {
        assert_eq!(texts.get(key), Some(value), "{key:?} in protobuf, and text:\n{text}");
    }
    if stats.unfit == 0 && stats.series == text_stats.series {
        // A native histogram has no buckets to compare.
        for key in texts.keys().filter(|(name, _)| !name.ends_with("_bucket")) {
            assert!(ours.contains_key(key), "{key:?} is missing in protobuf; text:\n{text}");
        }
    }
}

/// A store that took the input, and how it is exposed.
struct Case {
    store: Arc<Store>,
    exposition: Exposition<Arc<Store>>,
    escaping: Escaping,
}

impl Case {
    fn of(input: &[u8]) -> Self {
        let mut from = Choices(input);
        let options = ExposeOptions {
            strategy: from.pick(&TranslationStrategy::ALL),
            scope_labels: from.yes(),
            ratio_suffix: from.yes(),
            instance_fallback: from.yes(),
            promote: from.list(2, |from| from.pick(&["a", "a.b", "service.name", "job", "le"]).to_owned()),
        };
        let (escaping, is_raw) = (from.pick(&Escaping::ALL), from.yes());
        let mut store = store::new();
        if !options.strategy.escapes() {
            store = store.keeping_names();
        }
        let (now, wall) = (Mono(1), Wall(1));
        if is_raw {
            store.ingest(from.rest(), now, wall).ok();
        } else {
            while !from.0.is_empty() {
                let body = metrics_request(&mut from).encode_to_vec();
                store.ingest(&body, now, wall).expect("what prost writes, we read");
            }
        }
        let store = Arc::new(store);
        Self { exposition: Exposition::new(Arc::clone(&store), options), store, escaping }
    }

    /// A scrape, and another that is equal.
    fn body(&self, format: Format) -> (Vec<u8>, ScrapeStats) {
        let negotiated = Negotiated { format, escaping: self.escaping, encoding: Encoding::Identity };
        let scrape = || {
            let mut scrape = self.exposition.scrape(negotiated, &[]);
            let mut out = Vec::new();
            while scrape.next_chunk(&mut out) {}
            (out, scrape.stats())
        };
        let first = scrape();
        assert!(first == scrape(), "two scrapes of one state differ");
        first
    }

    fn text(&self, format: Format) -> (String, ScrapeStats) {
        let (body, stats) = self.body(format);
        (String::from_utf8(body).expect("UTF-8"), stats)
    }
}

/// A sample's name and its labels, those that are numbers by their bits.
type Key = (String, Vec<(String, String)>);

/// Every sample by its name and labels: the value by its bits, one NaN for all.
fn samples(body: &str) -> BTreeMap<Key, u64> {
    let mut samples = BTreeMap::new();
    for line in body.lines().filter(|line| !line.starts_with('#')) {
        let sample = checker::sample_of(line).unwrap_or_else(|| panic!("no sample: {line}"));
        samples.insert(key(&sample.name, sample.labels), bits(sample.value));
    }
    samples
}

/// Formats write the numbers of `le` and `quantile` differently.
fn key(name: &str, mut labels: Vec<(String, String)>) -> Key {
    for (name, value) in &mut labels {
        if matches!(name.as_str(), "le" | "quantile")
            && let Ok(number) = value.parse::<f64>()
        {
            *value = format!("{number:e}");
        }
    }
    labels.sort();
    (name.to_owned(), labels)
}

fn bits(value: f64) -> u64 {
    if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() }
}

/// The samples that text would have of a metric.
fn lines_of(family: &MetricFamily, metric: &Metric, into: &mut BTreeMap<Key, u64>) {
    let labels = |more: Option<(&str, f64)>| {
        let pair = |pair: &LabelPair| (pair.name.clone(), pair.value.clone());
        let special = more.map(|(name, value)| (name.to_owned(), value.to_string()));
        metric.label.iter().map(pair).chain(special).collect::<Vec<_>>()
    };
    let mut add = |suffix: &str, more, value: f64| {
        let before = into.insert(key(&format!("{}{suffix}", family.name), labels(more)), bits(value));
        // Of attributes that are called so, two texts may be one number.
        let may_collide = metric.label.iter().any(|pair| matches!(pair.name.as_str(), "le" | "quantile"));
        assert!(before.is_none() || may_collide, "{}{suffix} {:?} comes twice", family.name, metric.label);
    };
    #[expect(clippy::cast_precision_loss, reason = "text is read into a double too")]
    let whole = |n: u64| n as f64;
    match family.r#type() {
        MetricType::Counter => add("", None, metric.counter.as_ref().expect("a counter").value),
        MetricType::Gauge => add("", None, metric.gauge.as_ref().expect("a gauge").value),
        MetricType::Untyped => add("", None, metric.untyped.as_ref().expect("an untyped").value),
        MetricType::Summary => {
            let summary = metric.summary.as_ref().expect("a summary");
            add("_sum", None, summary.sample_sum);
            add("_count", None, whole(summary.sample_count));
            summary.quantile.iter().for_each(|pair| add("", Some(("quantile", pair.quantile)), pair.value));
        }
        MetricType::Histogram | MetricType::GaugeHistogram => {
            let histogram = metric.histogram.as_ref().expect("a histogram");
            add("_sum", None, histogram.sample_sum);
            add("_count", None, whole(histogram.sample_count));
            for bucket in &histogram.bucket {
                add("_bucket", Some(("le", bucket.upper_bound)), whole(bucket.cumulative_count));
            }
            let deltas = [&histogram.negative_delta, &histogram.positive_delta];
            let held: i128 = deltas.iter().map(|deltas| held(deltas)).sum();
            if histogram.bucket.is_empty() {
                assert_eq!(held + i128::from(histogram.zero_count), i128::from(histogram.sample_count), "{histogram:?}");
                assert!((-4..=8).contains(&histogram.schema));
            }
        }
    }
}

/// What buckets hold, from the differences of their counts.
fn held(deltas: &[i64]) -> i128 {
    let mut count = 0_i128;
    deltas
        .iter()
        .map(|delta| {
            count += i128::from(*delta);
            assert!(count >= 0, "a bucket below nothing");
            count
        })
        .sum()
}
