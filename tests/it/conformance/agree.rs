//! One state in two formats: protobuf, read by types that are not ours, must hold the samples of Prometheus text.
//! Knows how the formats spell a sample; not what a case wants.

use crate::judge::checker::sample_of;
use prometheus_client::encoding::prometheus_protobuf::prometheus_data_model::{LabelPair, Metric, MetricFamily};
use prost::Message;

/// A sample: its name and labels as text spells them, `le` and `quantile` as numbers, and its value.
type Sample = (String, Vec<(String, String)>, f64);

/// The first sample that one body has and the other has not.
pub(super) fn check(text: &str, mut protobuf: &[u8]) -> Result<(), String> {
    let mut of_protobuf = Vec::new();
    let mut native = Vec::new();
    while !protobuf.is_empty() {
        let family = MetricFamily::decode_length_delimited(&mut protobuf).map_err(|error| error.to_string())?;
        if family.metric.iter().any(|metric| metric.histogram.as_ref().is_some_and(|histogram| histogram.bucket.is_empty())) {
            native.push(format!("{}_bucket", family.name));
        }
        family.metric.iter().for_each(|metric| samples(&family.name, metric, &mut of_protobuf));
    }
    let lines = text.lines().filter(|line| !line.starts_with('#')).filter_map(sample_of);
    let of_text: Vec<Sample> = lines.map(|sample| (sample.name, labels(&sample.labels), sample.value)).collect();
    // A view may give a native histogram bounds in text: they are its own affair.
    let is_bound =
        |(name, labels, _): &&Sample| native.contains(name) && labels.iter().any(|(name, value)| name == "le" && value != "inf");
    let mut of_text = of_text.iter().filter(|sample| !is_bound(sample)).peekable();
    for sample in &of_protobuf {
        match of_text.next_if(|other| same(sample, other)) {
            Some(_) => {}
            // Protobuf cannot tell a sum that is not known from 0.
            None if sample.0.ends_with("_sum") && sample.2 == 0.0 => {}
            None => {
                let other = of_text.peek();
                return Err(format!("protobuf has {sample:?} where text has {other:?}"));
            }
        }
    }
    of_text.next().map_or(Ok(()), |more| Err(format!("text has {more:?}, protobuf has not")))
}

fn same(a: &Sample, b: &Sample) -> bool {
    (&a.0, &a.1) == (&b.0, &b.1) && (a.2.to_bits() == b.2.to_bits() || a.2.is_nan() && b.2.is_nan())
}

fn labels(pairs: &[(String, String)]) -> Vec<(String, String)> {
    let number = |text: &str| text.parse::<f64>().map_or_else(|_| text.to_owned(), |number| number.to_string());
    let is_number = |name: &str| matches!(name, "le" | "quantile");
    pairs.iter().map(|(name, value)| (name.clone(), if is_number(name) { number(value) } else { value.clone() })).collect()
}

/// As text would spell them, in its order.
#[expect(clippy::cast_precision_loss, reason = "text is read as doubles too")]
fn samples(name: &str, metric: &Metric, out: &mut Vec<Sample>) {
    let pairs = |more: Option<(&str, f64)>| {
        let own = metric.label.iter().map(|LabelPair { name, value }| (name.clone(), value.clone()));
        let mut all: Vec<_> = own.chain(more.map(|(name, value)| (name.to_owned(), value.to_string()))).collect();
        all.sort();
        labels(&all)
    };
    let numbers = [
        metric.gauge.as_ref().map(|gauge| gauge.value),
        metric.counter.as_ref().map(|counter| counter.value),
        metric.untyped.as_ref().map(|untyped| untyped.value),
    ];
    out.extend(numbers.into_iter().flatten().map(|value| (name.to_owned(), pairs(None), value)));
    if let Some(summary) = &metric.summary {
        out.extend(summary.quantile.iter().map(|q| (name.to_owned(), pairs(Some(("quantile", q.quantile))), q.value)));
        out.push((format!("{name}_sum"), pairs(None), summary.sample_sum));
        out.push((format!("{name}_count"), pairs(None), summary.sample_count as f64));
    }
    if let Some(histogram) = &metric.histogram {
        let bucket = |le: f64, count: u64| (format!("{name}_bucket"), pairs(Some(("le", le))), count as f64);
        out.extend(histogram.bucket.iter().map(|it| bucket(it.upper_bound, it.cumulative_count)));
        if histogram.bucket.last().is_none_or(|last| last.upper_bound.is_finite()) {
            out.push(bucket(f64::INFINITY, histogram.sample_count));
        }
        out.push((format!("{name}_sum"), pairs(None), histogram.sample_sum));
        out.push((format!("{name}_count"), pairs(None), histogram.sample_count as f64));
    }
}
