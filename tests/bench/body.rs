//! Pre-encoded OTLP requests that know where their times and values lie, so that a push costs the generator a few stores
//! a point, in protobuf and in JSON. Knows the wire format, and nothing of who sends it.

use crate::{
    shape::{BOUNDS, CHURN, Shape, bucket_of, buckets, count_of, delta_of, deltas_until, double_of, int_of},
    wire::{Mark, Piece, What},
};
use anyhow::{Result, ensure};
use std::{io::Write, time::Duration};

const START_NS: u64 = 1_700_000_000_000_000_000;
const PASS_NS: u64 = 1_000_000;
/// A double in JSON is padded to this, which every reader skips.
const JSON_DOUBLE: usize = 24;
/// With `--shuffle` a request comes in so many orders of its points.
const ORDERS: u64 = 4;

/// How a request is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Protobuf,
    Json,
}

/// One request; always of the same instance and series, but for churn.
pub(crate) struct Body {
    pub(crate) passes: u64,
    shape: Shape,
    form: Form,
    first: usize,
    /// The same points in different orders; mostly one.
    orders: Vec<Piece>,
    /// How often each point was replaced by a new series.
    generations: Vec<u32>,
    replaced: usize,
}

impl Body {
    /// The request of the `instance`th sender; its series are numbered from `instance * points` on.
    pub(crate) fn new(shape: Shape, form: Form, shuffle: bool, instance: usize) -> Result<Self> {
        ensure!(form == Form::Protobuf || shape.is_numbers() && shape != Shape::Churn, "JSON bodies hold plain numbers only");
        let first = instance * shape.points();
        let maker = Maker { shape, first, instance };
        let order = |number: u64| match form {
            Form::Protobuf => maker.protobuf(number),
            Form::Json => maker.json(number),
        };
        let orders = (0..if shuffle { ORDERS } else { 1 }).map(order).collect();
        let generations = if shape == Shape::Churn { vec![0; shape.points()] } else { Vec::new() };
        Ok(Self { passes: 0, shape, form, first, orders, generations, replaced: 0 })
    }

    /// The bytes to be sent.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.orders.get(self.passes as usize % self.orders.len()).map_or(&[], |piece| &piece.bytes)
    }

    /// The number of its first series.
    pub(crate) fn first(&self) -> usize {
        self.first
    }

    /// Replaces as many series as churn has replaced after that time.
    pub(crate) fn churn(&mut self, elapsed: Duration) {
        let wanted = (elapsed.as_secs_f64() * CHURN * self.generations.len() as f64) as usize;
        while self.replaced < wanted {
            let at = self.replaced % self.generations.len();
            self.generations[at] += 1;
            self.replaced += 1;
        }
    }

    /// How many series were replaced so far.
    pub(crate) fn replaced(&self) -> usize {
        self.replaced
    }

    /// Writes the next time and value of every point.
    pub(crate) fn advance(&mut self) -> Result<()> {
        self.passes += 1;
        let (shape, form, first, pass) = (self.shape, self.form, self.first, self.passes);
        ensure!(shape != Shape::Exponentials || pass < 16_000, "the counts of exponential buckets outgrow their two bytes");
        let at = pass as usize % self.orders.len();
        let Piece { bytes, marks } = &mut self.orders[at];
        for mark in marks.iter() {
            let generation = self.generations.get(mark.point as usize).copied().unwrap_or(0);
            let series = first + mark.point as usize;
            match form {
                Form::Protobuf => write_protobuf(bytes, mark, shape, (series, generation, pass))?,
                Form::Json => write_json(bytes, mark, shape, (series, pass))?,
            }
        }
        Ok(())
    }

    /// Lets the next push be the one after so many: for senders that share their series.
    pub(crate) fn skip_to(&mut self, passes: u64) {
        self.passes = passes;
    }

    /// How the label `series` of a series reads.
    pub(crate) fn generation(&self, series: usize) -> u32 {
        self.generations.get(series - self.first).copied().unwrap_or(0)
    }

    /// What a scrape has to show for a series of plain numbers once this body was sent as often as it was.
    pub(crate) fn value(&self, series: usize) -> f64 {
        let metric = (series - self.first) / (self.shape.points() / self.shape.metrics());
        match self.shape {
            Shape::Deltas => deltas_until(series, self.passes) as f64,
            shape if shape.is_counter(metric) => int_of(series, self.passes) as f64,
            _ => double_of(series, self.passes),
        }
    }
}

fn time_of(pass: u64) -> u64 {
    START_NS + pass * PASS_NS
}

fn write_protobuf(bytes: &mut [u8], mark: &Mark, shape: Shape, (series, generation, pass): (usize, u32, u64)) -> Result<()> {
    let at = mark.at as usize;
    let eight = match mark.what {
        What::Time => time_of(pass).to_le_bytes(),
        What::Start => time_of(pass - 1).to_le_bytes(),
        What::Value if shape == Shape::Deltas => delta_of(series, pass).to_le_bytes(),
        // The tag before the value says which it is.
        What::Value if bytes[at - 1] == 6 << 3 | 1 => int_of(series, pass).to_le_bytes(),
        What::Value | What::Sum => double_of(series, pass).to_le_bytes(),
        What::Count => count_of(shape, series, pass).to_le_bytes(),
        What::Generation => return Ok(write!(bytes.get_mut(at..).unwrap_or_default(), "{generation:05}")?),
        What::Buckets => {
            write_buckets(&mut bytes[at..], shape, series, pass);
            return Ok(());
        }
    };
    bytes[at..at + 8].copy_from_slice(&eight);
    Ok(())
}

fn write_buckets(bytes: &mut [u8], shape: Shape, series: usize, pass: u64) {
    for bucket in 0..buckets(shape) {
        let count = bucket_of(shape, series, bucket, pass);
        if shape == Shape::Exponentials {
            bytes[2 * bucket] = (count & 0x7f) as u8 | 0x80;
            bytes[2 * bucket + 1] = (count >> 7) as u8;
        } else {
            bytes[8 * bucket..8 * bucket + 8].copy_from_slice(&count.to_le_bytes());
        }
    }
}

fn write_json(bytes: &mut [u8], mark: &Mark, shape: Shape, (series, pass): (usize, u64)) -> Result<()> {
    let at = mark.at as usize;
    let mut place = &mut bytes[at..];
    match mark.what {
        What::Time => write!(place, "{}", time_of(pass))?,
        What::Start => write!(place, "{}", time_of(pass - 1))?,
        What::Value if shape == Shape::Deltas => write!(place, "{}", delta_of(series, pass))?,
        What::Count => write!(place, "{}", int_of(series, pass))?, // an integer, as the maker marks it
        _ => write!(place, "{:>JSON_DOUBLE$}", double_of(series, pass))?,
    }
    Ok(())
}

/// Writes the request of one instance for the first time.
struct Maker {
    shape: Shape,
    first: usize,
    instance: usize,
}

impl Maker {
    fn per_metric(&self) -> usize {
        self.shape.points() / self.shape.metrics()
    }

    /// The points of a metric in one of the orders: the first as they are, the others strided through.
    fn order(&self, metric: usize, number: u64) -> impl Iterator<Item = usize> {
        let (count, stride) = (self.per_metric(), [1, 7, 3, 9][number as usize % 4]);
        (0..count).map(move |at| metric * count + at * stride % count)
    }

    fn resource(&self) -> [(&'static str, String); 3] {
        [
            ("service.namespace", "bench".to_owned()),
            ("service.name", "bench-sender".to_owned()),
            ("service.instance.id", format!("instance-{:06}", self.instance)),
        ]
    }

    fn labels(&self, point: usize) -> [(&'static str, String); 4] {
        let series = self.first + point;
        [
            ("http.request.method", "GET".to_owned()),
            ("k8s.namespace.name", format!("tenant-{:03}", series % 40)),
            ("k8s.node.name", format!("worker-{:03}.internal", series % 250)),
            ("phase", "Reconciling".to_owned()),
        ]
    }

    fn name(&self, metric: usize) -> String {
        let kind = match self.shape {
            Shape::Histograms => "histogram",
            Shape::Exponentials => "exponential",
            shape if shape.is_counter(metric) => "counter",
            _ => "gauge",
        };
        format!("bench.{kind}.{metric}")
    }

    fn protobuf(&self, order: u64) -> Piece {
        let mut resource = Piece::default();
        for (key, value) in self.resource() {
            resource.attribute(1, key, Piece::from(value.as_str()));
        }
        let mut scope = Piece::default();
        scope.text(1, "bench.scope");
        let mut scope_metrics = Piece::default();
        scope_metrics.nest(1, scope);
        for metric in 0..self.shape.metrics() {
            scope_metrics.nest(2, self.metric(metric, order));
        }
        let mut resource_metrics = Piece::default();
        resource_metrics.nest(1, resource);
        resource_metrics.nest(2, scope_metrics);
        let mut request = Piece::default();
        request.nest(1, resource_metrics);
        request
    }

    fn metric(&self, metric: usize, order: u64) -> Piece {
        let mut data = Piece::default();
        for point in self.order(metric, order) {
            data.nest(1, self.point(metric, point));
        }
        let temporality = if self.shape == Shape::Deltas { 1 } else { 2 };
        let field = match self.shape {
            Shape::Histograms | Shape::Exponentials => {
                data.bytes.extend([2 << 3, temporality]);
                if self.shape == Shape::Histograms { 9 } else { 10 }
            }
            shape if shape.is_counter(metric) => {
                data.bytes.extend([2 << 3, temporality, 3 << 3, 1]); // monotonic
                7
            }
            _ => 5,
        };
        let mut out = Piece::default();
        out.text(1, &self.name(metric));
        out.text(2, "A metric of the bench.");
        out.nest(field, data);
        out
    }

    fn point(&self, metric: usize, point: usize) -> Piece {
        let mut out = Piece::default();
        out.fixed(2, What::Start, point);
        if self.shape != Shape::Deltas {
            out.marks.clear(); // a cumulative start stays
            out.bytes[1..].copy_from_slice(&START_NS.to_le_bytes());
        }
        out.fixed(3, What::Time, point);
        let attributes = match self.shape {
            Shape::Histograms => {
                out.fixed(4, What::Count, point);
                out.fixed(5, What::Sum, point);
                let mut counts = Piece::default();
                counts.mark(What::Buckets, point);
                counts.bytes.extend([0; 8 * (BOUNDS.len() + 1)]);
                out.nest(6, counts);
                let bounds = BOUNDS.iter().flat_map(|bound| bound.to_le_bytes()).collect();
                out.nest(7, Piece { bytes: bounds, marks: Vec::new() });
                9
            }
            Shape::Exponentials => {
                out.fixed(4, What::Count, point);
                out.fixed(5, What::Sum, point);
                out.bytes.extend([6 << 3, 6]); // scale 3, in zigzag
                let mut counts = Piece::default();
                counts.mark(What::Buckets, point);
                counts.bytes.resize(2 * buckets(self.shape), 0);
                let mut positive = Piece::default();
                positive.nest(2, counts);
                out.nest(8, positive);
                1
            }
            shape => {
                out.fixed(if shape.is_counter(metric) { 6 } else { 4 }, What::Value, point);
                7
            }
        };
        for (key, value) in self.labels(point) {
            out.attribute(attributes, key, Piece::from(value.as_str()));
        }
        let mut series = Piece::from((self.first + point).to_string().as_str());
        if self.shape == Shape::Churn {
            series.bytes.push(b'-');
            series.mark(What::Generation, point);
            series.bytes.extend(b"00000");
        }
        out.attribute(attributes, "series", series);
        out
    }

    fn json(&self, order: u64) -> Piece {
        let pair = |(key, value): &(&str, String)| format!(r#"{{"key":"{key}","value":{{"stringValue":"{value}"}}}}"#);
        let resource: Vec<_> = self.resource().iter().map(pair).collect();
        let mut out = Piece::from(r#"{"resourceMetrics":[{"resource":{"attributes":["#);
        out.append(resource.join(",").as_str().into());
        out.append(r#"]},"scopeMetrics":[{"scope":{"name":"bench.scope"},"metrics":["#.into());
        for metric in 0..self.shape.metrics() {
            let kind = if self.shape.is_counter(metric) { "sum" } else { "gauge" };
            let head = format!(r#"{{"name":"{}","description":"A metric of the bench.","{kind}":{{"#, self.name(metric));
            out.append(if metric == 0 { "" } else { "," }.into());
            out.append(head.as_str().into());
            if kind == "sum" {
                let temporality = if self.shape == Shape::Deltas { 1 } else { 2 };
                out.append(format!(r#""aggregationTemporality":{temporality},"isMonotonic":true,"#).as_str().into());
            }
            out.append(r#""dataPoints":["#.into());
            for (at, point) in self.order(metric, order).enumerate() {
                out.append(if at == 0 { "" } else { "," }.into());
                out.append(self.json_point(metric, point));
            }
            out.append("]}}".into());
        }
        out.append("]}]}]}".into());
        out
    }

    fn json_point(&self, metric: usize, point: usize) -> Piece {
        let mut out = Piece::from(r#"{"startTimeUnixNano":""#);
        if self.shape == Shape::Deltas {
            out.mark(What::Start, point);
        }
        out.append(format!(r#"{START_NS}","timeUnixNano":""#).as_str().into());
        out.mark(What::Time, point);
        out.append(format!(r#"{START_NS}","#).as_str().into());
        if self.shape == Shape::Deltas {
            out.append(r#""asInt":""#.into());
            out.mark(What::Value, point);
            out.append("0\"".into());
        } else if self.shape.is_counter(metric) {
            out.append(r#""asInt":""#.into());
            out.mark(What::Count, point);
            out.append("0000000000\"".into());
        } else {
            out.append(r#""asDouble":"#.into());
            out.mark(What::Value, point);
            out.append(" ".repeat(JSON_DOUBLE).as_str().into());
        }
        let series = [("series", (self.first + point).to_string())];
        let labels = self.labels(point).into_iter().chain(series);
        let labels: Vec<_> =
            labels.map(|(key, value)| format!(r#"{{"key":"{key}","value":{{"stringValue":"{value}"}}}}"#)).collect();
        out.append(format!(r#","attributes":[{}]}}"#, labels.join(",")).as_str().into());
        out
    }
}
