//! OTLP requests for the steps: shape S1 (10 metrics × 100 points, 5 attributes, one of them unique) and 1,000 spans. The
//! same bytes at every run. Knows the wire format, and nothing of what reads it.

use pointsman_core::wire::write;
use std::fmt::Write;

/// Points or spans of one request.
pub(crate) const ITEMS: usize = 1_000;
pub(crate) const METRICS: usize = 10;
const POINTS: usize = ITEMS / METRICS;
const START: u64 = 1_700_000_000_000_000_000;
/// Stands where a time, or the generation of a series, is written before each use.
const MARK: [u8; 8] = *b"~~time~~";
const GENERATION: &str = "generatn";

/// A request whose times, and with them its series where it is asked for, can be changed in place.
pub(crate) struct Request {
    pub(crate) bytes: Vec<u8>,
    times: Vec<usize>,
    generations: Vec<usize>,
}

impl Request {
    /// The points of each metric in an order of their own; order 0 is that in which they were made.
    pub(crate) fn in_order(instance: usize, order: usize) -> Self {
        let mut bytes = Vec::new();
        write::nested(&mut bytes, 1, |out| {
            write::nested(out, 1, |out| resource(out, instance));
            write::nested(out, 2, |out| {
                write::nested(out, 1, |out| write::bytes(out, 1, b"bench.scope"));
                (0..METRICS).for_each(|at| write::nested(out, 2, |out| metric(out, at, order)));
            });
        });
        let (times, generations) = (places(&bytes, &MARK), places(&bytes, GENERATION.as_bytes()));
        Self { bytes, times, generations }
    }

    /// Moves every point to another moment.
    pub(crate) fn at(&mut self, pass: usize) -> &[u8] {
        let time = (START + 1_000_000 * (pass as u64 + 1)).to_le_bytes();
        self.times.iter().for_each(|at| self.bytes[*at..*at + 8].copy_from_slice(&time));
        &self.bytes
    }

    /// The same of series that were never there before.
    pub(crate) fn anew(&mut self, pass: usize) -> &[u8] {
        let generation = format!("{pass:08}");
        self.generations.iter().for_each(|at| self.bytes[*at..*at + 8].copy_from_slice(generation.as_bytes()));
        self.at(pass)
    }
}

/// One request of 1,000 spans, a tenth of which failed.
pub(crate) fn spans() -> Vec<u8> {
    let mut bytes = Vec::new();
    write::nested(&mut bytes, 1, |out| {
        write::nested(out, 1, |out| resource(out, 0));
        write::nested(out, 2, |out| {
            write::nested(out, 1, |out| write::bytes(out, 1, b"bench.scope"));
            (0..ITEMS).for_each(|at| write::nested(out, 2, |out| span(out, at)));
        });
    });
    bytes
}

/// The points of one request as JSON.
pub(crate) fn json() -> String {
    let mut metrics = Vec::new();
    for at in 0..METRICS {
        let points: Vec<String> = (0..POINTS).map(|point| json_point(at, at * POINTS + point)).collect();
        let points = points.join(",");
        let data = match at % 2 {
            0 => format!(r#""gauge":{{"dataPoints":[{points}]}}"#),
            _ => format!(r#""sum":{{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[{points}]}}"#),
        };
        metrics.push(format!(r#"{{"name":"bench.metric.{at}","description":"A metric of the bench.",{data}}}"#));
    }
    format!(
        r#"{{"resourceMetrics":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"bench-sender"}}}}]}},"scopeMetrics":[{{"scope":{{"name":"bench.scope"}},"metrics":[{}]}}]}}]}}"#,
        metrics.join(",")
    )
}

fn json_point(metric: usize, series: usize) -> String {
    let mut attributes = String::new();
    for (key, value) in attributes_of(series) {
        let comma = if attributes.is_empty() { "" } else { "," };
        write!(attributes, r#"{comma}{{"key":"{key}","value":{{"stringValue":"{value}"}}}}"#).expect("text grows");
    }
    let value = match metric % 2 {
        0 => format!(r#""asDouble":{}"#, double(series)),
        _ => format!(r#""asInt":"{}""#, 1_000 + series),
    };
    format!(r#"{{"startTimeUnixNano":"{START}","timeUnixNano":"{}",{value},"attributes":[{attributes}]}}"#, START + 1)
}

fn resource(out: &mut Vec<u8>, instance: usize) {
    let instance = format!("instance-{instance:05}");
    for (key, value) in
        [("service.namespace", "bench"), ("service.name", "bench-sender"), ("service.instance.id", instance.as_str())]
    {
        write::nested(out, 1, |out| attribute(out, key, value));
    }
}

fn metric(out: &mut Vec<u8>, at: usize, order: usize) {
    write::bytes(out, 1, format!("bench.metric.{at}").as_bytes());
    write::bytes(out, 2, b"A metric of the bench.");
    let is_counter = at % 2 == 1;
    write::nested(out, if is_counter { 7 } else { 5 }, |out| {
        for turn in 0..POINTS {
            // 1 keeps the order; odd numbers that share no divisor with 100 shuffle it.
            let point = turn * [1, 37, 63, 89][order % 4] % POINTS;
            write::nested(out, 1, |out| number(out, at * POINTS + point, is_counter));
        }
        if is_counter {
            write::uint(out, 2, 2); // cumulative
            write::uint(out, 3, 1); // monotonic
        }
    });
}

fn number(out: &mut Vec<u8>, series: usize, is_counter: bool) {
    write::fixed64(out, 2, START);
    write::fixed64(out, 3, u64::from_le_bytes(MARK));
    if is_counter {
        write::fixed64(out, 6, 1_000 + series as u64);
    } else {
        write::double(out, 4, double(series));
    }
    for (key, value) in attributes_of(series) {
        write::nested(out, 7, |out| attribute(out, key, &value));
    }
}

fn span(out: &mut Vec<u8>, at: usize) {
    let trace = u128::MAX / (ITEMS as u128 + 1) * (at as u128 / 5 + 1);
    write::bytes(out, 1, &trace.to_be_bytes());
    write::bytes(out, 2, &(at as u64 + 1).to_be_bytes());
    write::bytes(out, 5, format!("Reconcile machineconfigpool {}", at % 20).as_bytes());
    write::uint(out, 6, 1);
    write::fixed64(out, 7, START);
    write::fixed64(out, 8, START + 1_000_000 * (at as u64 % 50));
    for (key, value) in attributes_of(at) {
        write::nested(out, 9, |out| attribute(out, key, &value));
    }
    if at.is_multiple_of(10) {
        write::nested(out, 15, |out| write::uint(out, 3, 2));
    }
}

fn attributes_of(series: usize) -> [(&'static str, String); 5] {
    [
        ("http.request.method", "GET".to_owned()),
        ("k8s.namespace.name", format!("tenant-{:03}", series % 40)),
        ("k8s.node.name", format!("worker-{:03}.internal", series % 250)),
        ("phase", "Reconciling".to_owned()),
        ("series", format!("{GENERATION}{series:04}")),
    ]
}

/// Many digits, as measured values have.
fn double(series: usize) -> f64 {
    (series as f64 + 1.0) * 1.1 + 0.37
}

fn attribute(out: &mut Vec<u8>, key: &str, value: &str) {
    write::bytes(out, 1, key.as_bytes());
    write::nested(out, 2, |out| write::bytes(out, 1, value.as_bytes()));
}

fn places(bytes: &[u8], mark: &[u8]) -> Vec<usize> {
    let windows = bytes.windows(mark.len()).enumerate();
    windows.filter(|(_, window)| *window == mark).map(|(at, _)| at).collect()
}
