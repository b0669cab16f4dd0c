//! Compares a scrape with what was sent, value by value: every living series once with all of its samples, and no other.
//! Reads text line by line and protobuf through foreign types; knows the exposition only as far as the bench's series need it.

use crate::{
    body::Body,
    shape::{BOUNDS, Shape, bucket_of, buckets, count_of, double_of},
};
use anyhow::{Context, Result, bail, ensure};
use prometheus_client::encoding::prometheus_protobuf::prometheus_data_model::{Histogram, Metric, MetricFamily};
use prost::Message;

/// What was sent, for asking what a series is worth.
#[derive(Clone, Copy)]
pub(crate) struct Model<'b> {
    pub(crate) shape: Shape,
    pub(crate) bodies: &'b [Body],
}

/// What a sample is of its series.
#[derive(Clone, Copy)]
enum Part {
    Value,
    Bucket(usize),
    Sum,
    Count,
}

/// Which samples of each series were seen.
struct Seen<'b> {
    model: Model<'b>,
    series: Vec<u32>,
}

impl<'b> Seen<'b> {
    fn new(model: Model<'b>) -> Self {
        Self { model, series: vec![0; model.bodies.len() * model.shape.points()] }
    }

    /// Takes one sample of the series that is labelled so.
    fn sample(&mut self, label: &str, part: Part, value: f64) -> Result<()> {
        let shape = self.model.shape;
        let (number, generation) = label.split_once('-').unwrap_or((label, "0"));
        let (series, generation): (usize, u32) = (number.parse()?, generation.parse()?);
        let body = self.model.bodies.get(series / shape.points()).context("nobody sent it")?;
        ensure!(body.generation(series) == generation, "this series has ended");
        let (bit, expected) = match part {
            Part::Value => (0, body.value(series)),
            Part::Sum => (0, double_of(series, body.passes)),
            Part::Count => (1, count_of(shape, series, body.passes) as f64),
            Part::Bucket(bucket) => {
                let below = (0..=bucket).map(|bucket| bucket_of(shape, series, bucket, body.passes)).sum::<u64>();
                // Of an exponential histogram text has but the last.
                (if shape == Shape::Exponentials { 2 } else { 2 + bucket }, below as f64)
            }
        };
        let seen = self.series.get_mut(series).context("nobody sent it")?;
        ensure!(*seen & 1 << bit == 0, "it is there twice");
        *seen |= 1 << bit;
        ensure!(value == expected, "{expected} was sent, {value} is shown");
        Ok(())
    }

    fn finish(self) -> Result<()> {
        let whole = match self.model.shape {
            Shape::Histograms => (1 << (2 + BOUNDS.len() + 1)) - 1,
            Shape::Exponentials => 0b111,
            _ => 1,
        };
        let missing = self.series.iter().filter(|seen| **seen != whole).count();
        ensure!(missing == 0, "{missing} of {} series are missing from the scrape, or parts of them", self.series.len());
        Ok(())
    }
}

/// Checks text 0.0.4 or OpenMetrics.
pub(crate) fn text(body: &[u8], model: Model<'_>) -> Result<()> {
    let text = std::str::from_utf8(body).context("read the scrape as text")?;
    let mut seen = Seen::new(model);
    for line in text.lines().filter(|line| line.starts_with("bench_")) {
        let (name, _) = line.split_once('{').with_context(|| format!("find the labels of {line}"))?;
        if name.ends_with("_created") {
            continue;
        }
        let series = label(line, "series").with_context(|| format!("find the series of {line}"))?;
        let (_, value) = line.rsplit_once(' ').context("find the value")?;
        let part = match name {
            _ if model.shape.is_numbers() => Part::Value,
            name if name.ends_with("_sum") => Part::Sum,
            name if name.ends_with("_count") => Part::Count,
            _ => bucket(label(line, "le").context("find the bound")?, model.shape).with_context(|| line.to_owned())?,
        };
        seen.sample(series, part, value.parse()?).with_context(|| line.to_owned())?;
    }
    seen.finish()
}

fn label<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let (_, rest) = line.split_once(&format!("{name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

fn bucket(bound: &str, shape: Shape) -> Result<Part> {
    let bound: f64 = if bound == "+Inf" { f64::INFINITY } else { bound.parse()? };
    if bound == f64::INFINITY {
        return Ok(Part::Bucket(buckets(shape) - 1));
    }
    ensure!(shape == Shape::Histograms, "a bucket that nobody sent");
    Ok(Part::Bucket(BOUNDS.iter().position(|at| *at == bound).context("a bound that nobody sent")?))
}

/// Checks delimited protobuf; exponential histograms bucket by bucket.
pub(crate) fn protobuf(mut body: &[u8], model: Model<'_>) -> Result<()> {
    let mut seen = Seen::new(model);
    while !body.is_empty() {
        let family = MetricFamily::decode_length_delimited(&mut body).context("decode a MetricFamily")?;
        if !family.name.starts_with("bench_") {
            continue;
        }
        for metric in &family.metric {
            one(&mut seen, metric).with_context(|| format!("{} {:?}", family.name, metric.label))?;
        }
    }
    seen.finish()
}

fn one(seen: &mut Seen<'_>, metric: &Metric) -> Result<()> {
    let series = metric.label.iter().find(|label| label.name == "series").context("find the series")?.value.as_str();
    if let Some(gauge) = &metric.gauge {
        return seen.sample(series, Part::Value, gauge.value);
    }
    if let Some(counter) = &metric.counter {
        return seen.sample(series, Part::Value, counter.value);
    }
    let Some(histogram) = &metric.histogram else { bail!("a metric of another kind") };
    seen.sample(series, Part::Sum, histogram.sample_sum)?;
    seen.sample(series, Part::Count, histogram.sample_count as f64)?;
    if seen.model.shape == Shape::Exponentials {
        let counts = native(histogram)?;
        let (number, passes) = (series.parse::<usize>()?, seen.model.bodies.first().map_or(0, |body| body.passes));
        let passes = seen.model.bodies.get(number / seen.model.shape.points()).map_or(passes, |body| body.passes);
        let sent: Vec<i64> =
            (0..buckets(Shape::Exponentials)).map(|at| bucket_of(Shape::Exponentials, number, at, passes) as i64).collect();
        ensure!(counts == sent, "its buckets are {counts:?}, not {sent:?}");
        return seen.sample(series, Part::Bucket(buckets(Shape::Exponentials) - 1), histogram.sample_count as f64);
    }
    for (at, bucket) in histogram.bucket.iter().enumerate() {
        seen.sample(series, Part::Bucket(at), bucket.cumulative_count as f64)?;
    }
    if histogram.bucket.len() == BOUNDS.len() {
        // The last bucket may be left to the count.
        seen.sample(series, Part::Bucket(BOUNDS.len()), histogram.sample_count as f64)?;
    }
    Ok(())
}

/// The counts of the buckets of a native histogram.
fn native(histogram: &Histogram) -> Result<Vec<i64>> {
    ensure!(histogram.schema == 3 && histogram.negative_delta.is_empty(), "it has another schema, or negative buckets");
    let mut counts = Vec::new();
    let mut count = 0;
    let mut deltas = histogram.positive_delta.iter();
    for (at, span) in histogram.positive_span.iter().enumerate() {
        // Where the first bucket lies is its offset + 1, as Prometheus counts.
        let gap = if at == 0 { span.offset - 1 } else { span.offset };
        counts.extend((0..gap).map(|_| 0));
        for delta in deltas.by_ref().take(span.length as usize) {
            count += delta;
            counts.push(count);
        }
    }
    Ok(counts)
}
