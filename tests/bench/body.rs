//! Pre-encoded OTLP requests of shape S1 (10 metrics × 100 points, 5 attributes) that know where their times and values
//! lie, so that a push costs the generator two stores a point. Knows the wire format, and nothing of who sends it.

/// Points of one request, which is also the number of series of one instance.
pub(crate) const POINTS: usize = 1000;
const METRICS: usize = 10;
const START_NS: u64 = 1_700_000_000_000_000_000;
const PASS_NS: u64 = 1_000_000;

/// One request; always of the same instance and series.
pub(crate) struct Body {
    pub(crate) bytes: Vec<u8>,
    points: Vec<Place>,
    pub(crate) passes: u64,
}

/// Where one point keeps what changes, and which series it is.
#[derive(Clone, Copy)]
struct Place {
    time: usize,
    value: usize,
    series: usize,
}

/// Encoded bytes and the places in them.
#[derive(Default)]
struct Piece {
    bytes: Vec<u8>,
    points: Vec<Place>,
}

impl Body {
    /// The request of the `instance`th sender; its series are numbered from `instance * POINTS` on.
    pub(crate) fn new(instance: usize) -> Self {
        let mut resource = Piece::default();
        for (key, value) in [
            ("service.namespace", "bench".to_owned()),
            ("service.name", "bench-sender".to_owned()),
            ("service.instance.id", format!("instance-{instance:05}")),
        ] {
            resource.nest(1, attribute(key, &value));
        }
        let mut scope = Piece::default();
        scope.text(1, "bench.scope");
        let mut scope_metrics = Piece::default();
        scope_metrics.nest(1, scope);
        for metric in 0..METRICS {
            scope_metrics.nest(2, encode_metric(instance, metric));
        }
        let mut resource_metrics = Piece::default();
        resource_metrics.nest(1, resource);
        resource_metrics.nest(2, scope_metrics);
        let mut request = Piece::default();
        request.nest(1, resource_metrics);
        Self { bytes: request.bytes, points: request.points, passes: 0 }
    }

    /// Writes the next time and value of every point.
    pub(crate) fn advance(&mut self) {
        self.passes += 1;
        let time = (START_NS + self.passes * PASS_NS).to_le_bytes();
        for place in &self.points {
            let value = if is_counter(place.series) {
                int_of(place.series, self.passes).to_le_bytes()
            } else {
                double_of(place.series, self.passes).to_le_bytes()
            };
            self.bytes[place.time..place.time + 8].copy_from_slice(&time);
            self.bytes[place.value..place.value + 8].copy_from_slice(&value);
        }
    }

    /// What the scrape has to show for `series` once this body was sent as often as it was.
    pub(crate) fn expected(&self, series: usize) -> f64 {
        if is_counter(series) { int_of(series, self.passes) as f64 } else { double_of(series, self.passes) }
    }
}

/// Every second metric is a monotonic cumulative sum of integers, the others are gauges of doubles.
fn is_counter(series: usize) -> bool {
    (series % POINTS) / (POINTS / METRICS) % 2 == 1
}

fn int_of(series: usize, pass: u64) -> u64 {
    series as u64 + pass * 3
}

/// Odd enough that its shortest text has many digits, as measured values have.
fn double_of(series: usize, pass: u64) -> f64 {
    (series as f64 + 1.0) * 1.1 + pass as f64 * 0.37
}

fn encode_metric(instance: usize, metric: usize) -> Piece {
    let mut data = Piece::default();
    for point in 0..POINTS / METRICS {
        data.nest(1, encode_point(instance * POINTS + metric * (POINTS / METRICS) + point));
    }
    let counter = metric % 2 == 1;
    if counter {
        data.bytes.extend([2 << 3, 2, 3 << 3, 1]); // cumulative, monotonic
    }
    let mut out = Piece::default();
    out.text(1, &format!("bench.{}.{metric}", if counter { "counter" } else { "gauge" }));
    out.text(2, "A metric of the bench.");
    out.nest(if counter { 7 } else { 5 }, data);
    out
}

fn encode_point(series: usize) -> Piece {
    let mut out = Piece::default();
    out.bytes.push(2 << 3 | 1);
    out.bytes.extend(START_NS.to_le_bytes());
    out.bytes.push(3 << 3 | 1);
    let time = out.bytes.len();
    out.bytes.extend([0; 8]);
    out.bytes.push(if is_counter(series) { 6 << 3 | 1 } else { 4 << 3 | 1 });
    let value = out.bytes.len();
    out.bytes.extend([0; 8]);
    out.points.push(Place { time, value, series });
    for (key, value) in [
        ("http.request.method", "GET".to_owned()),
        ("k8s.namespace.name", format!("tenant-{:03}", series % 40)),
        ("k8s.node.name", format!("worker-{:03}.internal", series % 250)),
        ("phase", "Reconciling".to_owned()),
        ("series", series.to_string()),
    ] {
        out.nest(7, attribute(key, &value));
    }
    out
}

/// A `KeyValue` with a string value.
fn attribute(key: &str, value: &str) -> Piece {
    let mut any = Piece::default();
    any.text(1, value);
    let mut out = Piece::default();
    out.text(1, key);
    out.nest(2, any);
    out
}

impl Piece {
    fn text(&mut self, field: u8, text: &str) {
        self.nest(field, Self { bytes: text.as_bytes().to_vec(), points: Vec::new() });
    }

    /// Appends `inner` as the length-delimited `field`, and moves its places to where they lie now.
    fn nest(&mut self, field: u8, inner: Self) {
        self.bytes.push(field << 3 | 2);
        let mut length = inner.bytes.len();
        while length >= 0x80 {
            self.bytes.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        self.bytes.push(length as u8);
        let base = self.bytes.len();
        self.points.extend(inner.points.iter().map(|at| Place { time: at.time + base, value: at.value + base, ..*at }));
        self.bytes.extend(inner.bytes);
    }
}
