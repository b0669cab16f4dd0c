//! A protobuf scrape as text that people can read and compare: decoded by prost, so by nobody's code of ours.
//! Judges nothing; the files of the cases say what is right.

use prometheus_client::encoding::prometheus_protobuf::prometheus_data_model::{
    BucketSpan, Exemplar, Histogram, LabelPair, Metric, MetricFamily, MetricType,
};
use prost::Message;
use std::fmt::Write;

/// Every family of a length-delimited body, a line per fact.
pub(crate) fn protobuf(mut body: &[u8]) -> Result<String, String> {
    let mut out = String::new();
    while !body.is_empty() {
        let family =
            MetricFamily::decode_length_delimited(&mut body).map_err(|error| format!("decode a MetricFamily: {error}"))?;
        let kind = MetricType::try_from(family.r#type).map_or("?", |t| t.as_str_name());
        line(&mut out, 0, &format!("{} {kind} help={:?} unit={:?}", family.name, family.help, family.unit));
        family.metric.iter().for_each(|metric| one(&mut out, metric));
    }
    Ok(out)
}

fn line(out: &mut String, depth: usize, text: &str) {
    out.push_str(&"  ".repeat(depth));
    out.push_str(text);
    out.push('\n');
}

fn labels(pairs: &[LabelPair]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|pair| format!("{}={:?}", pair.name, pair.value)).collect();
    format!("{{{}}}", pairs.join(","))
}

fn time(stamp: Option<&prost_types::Timestamp>) -> String {
    stamp.map_or_else(String::new, |t| format!(" @{}.{:09}", t.seconds, t.nanos))
}

fn exemplar(exemplar: &Exemplar) -> String {
    format!("exemplar {} {}{}", labels(&exemplar.label), exemplar.value, time(exemplar.timestamp.as_ref()))
}

fn one(out: &mut String, metric: &Metric) {
    line(out, 1, &labels(&metric.label));
    if let Some(gauge) = &metric.gauge {
        line(out, 2, &format!("gauge {}", gauge.value));
    }
    if let Some(counter) = &metric.counter {
        line(out, 2, &format!("counter {} created{}", counter.value, time(counter.start_timestamp.as_ref())));
        counter.exemplar.iter().for_each(|e| line(out, 2, &exemplar(e)));
    }
    if let Some(untyped) = &metric.untyped {
        line(out, 2, &format!("untyped {}", untyped.value));
    }
    if let Some(summary) = &metric.summary {
        let (count, sum) = (summary.sample_count, summary.sample_sum);
        line(out, 2, &format!("summary count {count} sum {sum} created{}", time(summary.start_timestamp.as_ref())));
        summary.quantile.iter().for_each(|q| line(out, 2, &format!("quantile {} = {}", q.quantile, q.value)));
    }
    metric.histogram.iter().for_each(|histogram| buckets(out, histogram));
    if metric.timestamp_ms != 0 {
        line(out, 2, &format!("timestamp_ms {}", metric.timestamp_ms));
    }
}

fn buckets(out: &mut String, histogram: &Histogram) {
    let created = time(histogram.start_timestamp.as_ref());
    line(out, 2, &format!("histogram count {} sum {} created{created}", histogram.sample_count, histogram.sample_sum));
    for bucket in &histogram.bucket {
        line(out, 2, &format!("le {} = {}", bucket.upper_bound, bucket.cumulative_count));
        bucket.exemplar.iter().for_each(|e| line(out, 3, &exemplar(e)));
    }
    let native = !histogram.positive_span.is_empty() || !histogram.negative_span.is_empty() || histogram.zero_threshold > 0.0;
    if native {
        let (schema, zero) = (histogram.schema, histogram.zero_count);
        line(out, 2, &format!("native schema {schema} zero_threshold {:e} zero_count {zero}", histogram.zero_threshold));
        side(out, "positive", &histogram.positive_span, &histogram.positive_delta);
        side(out, "negative", &histogram.negative_span, &histogram.negative_delta);
    }
    histogram.exemplars.iter().for_each(|e| line(out, 2, &format!("native {}", exemplar(e))));
}

/// Spans and deltas as they are, then as counts by bucket index.
fn side(out: &mut String, name: &str, spans: &[BucketSpan], deltas: &[i64]) {
    if spans.is_empty() {
        return;
    }
    let mut text = format!("{name} spans");
    spans.iter().for_each(|span| write!(text, " {{{},{}}}", span.offset, span.length).expect("write to a string"));
    write!(text, " deltas {deltas:?} counts").expect("write to a string");
    let (mut index, mut count, mut deltas) = (0_i64, 0_i64, deltas.iter());
    for span in spans {
        index += i64::from(span.offset);
        for _ in 0..span.length {
            count += deltas.next().copied().unwrap_or(i64::MIN);
            write!(text, " {index}:{count}").expect("write to a string");
            index += 1;
        }
    }
    line(out, 2, &text);
}
