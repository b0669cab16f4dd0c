//! A source for tests: a table of streams and series, read from a few lines of text.
//! Knows nothing of the store; it keeps series in the order the store promises.

use super::{
    ExposeOptions, Source,
    negotiate::{Format, Negotiated},
    scrape::{Scrape, ScrapeStats},
};
use crate::{
    model::{
        component::ComponentKey,
        instrument::{Instrument, Kind},
        point::{Buckets, Exemplar, ExpHistogram, Histogram, Number, Summary},
    },
    state::visit::{Labels, MetricInfo, ResourceInfo, ScopeInfo, Series, Stream, StreamId, Value},
    wire::attributes::{Attribute, ValueType},
};
use proptest::prelude::{Strategy, any, prop, prop_oneof};
use std::{
    cell::RefCell,
    collections::{BTreeMap, hash_map::DefaultHasher},
    fs,
    hash::{Hash, Hasher},
    path::Path,
    rc::Rc,
    sync::Arc,
};

/// Streams with their series. Cloned, it shares them.
#[derive(Clone, Debug, Default)]
pub(super) struct Fake {
    pub(super) streams: Rc<Vec<FakeStream>>,
    /// Shown after each visit, so that a test may change the series in between.
    pub(super) visits: Rc<RefCell<usize>>,
    shown: Rc<RefCell<Vec<Identity>>>, // the last series of each visit: where the next one goes on
}

/// A series by its keys, values and their types: the order of a stream.
type Identity = Vec<(Box<str>, Box<str>, ValueType)>;

#[derive(Debug)]
pub(super) struct FakeStream {
    pub(super) head: Stream,
    pub(super) series: RefCell<Vec<FakeSeries>>,
}

/// A series with attributes of its own.
#[derive(Clone, Debug)]
pub(super) struct FakeSeries {
    pub(super) attributes: Vec<Attribute>,
    pub(super) value: FakeValue,
    pub(super) start: u64,
    pub(super) time: u64,
    pub(super) exemplars: Vec<Exemplar>,
    pub(super) bounds: Vec<f64>,
}

#[derive(Clone, Debug)]
pub(super) enum FakeValue {
    Number(Number),
    Histogram(Histogram),
    Exponential(ExpHistogram),
    Summary(Summary),
}

impl FakeSeries {
    fn identity(&self) -> Identity {
        self.attributes.iter().map(|a| (a.key.clone(), a.text.clone(), a.value_type)).collect()
    }
}

impl Fake {
    /// Reads a table, a line each:
    /// `resource KEY=VALUE… @TIME`, `scope NAME VERSION SCHEMA KEY=VALUE…` (`-` is empty), `KIND NAME UNIT description` and
    /// `KEY=VALUE… : VALUE`. Texts are percent-encoded; `KEY=int:1` is an attribute of that type.
    pub(super) fn parse(table: &str) -> Self {
        let mut streams: Vec<FakeStream> = Vec::new();
        let mut resource = (Arc::new(resource_of("")), 0);
        let mut scope = Arc::new(scope_of("- - -"));
        for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            if let Some((attributes, value)) = line.split_once(": ").or(line.strip_prefix(": ").map(|value| ("", value))) {
                let stream = streams.last().expect("a metric comes before its series");
                let mut series = stream.series.borrow_mut();
                series.push(series_of(attributes, value));
                series.sort_by_cached_key(FakeSeries::identity);
            } else if word == "resource" {
                let (attributes, time) = rest.split_once('@').unwrap_or((rest, "0"));
                resource = (Arc::new(resource_of(attributes)), time.trim().parse().expect("a time"));
                scope = Arc::new(scope_of("- - -"));
            } else if word == "scope" {
                scope = Arc::new(scope_of(rest));
            } else {
                let id =
                    StreamId { component: 0, resource: 0, stream: u32::try_from(streams.len()).expect("few"), generation: 0 };
                let head = Stream {
                    id,
                    resource: Arc::clone(&resource.0),
                    resource_time: resource.1,
                    scope: Arc::clone(&scope),
                    metric: Arc::new(metric_of(word, rest, &scope.name)),
                    series: 1, // a stream of no series is not exposed; how many there are makes no difference
                };
                streams.push(FakeStream { head, series: RefCell::default() });
            }
        }
        Self { streams: Rc::new(streams), visits: Rc::default(), shown: Rc::default() }
    }
}

impl Source for Fake {
    fn epoch(&self) -> u64 {
        1
    }

    fn streams(&self) -> Vec<Stream> {
        self.streams.iter().map(|stream| stream.head.clone()).collect()
    }

    fn visit_remembered(&self, _: StreamId, _: &mut dyn FnMut(&Series<'_>)) {}

    fn visit(&self, id: StreamId, from: usize, max: usize, f: &mut dyn FnMut(&Series<'_>)) -> Option<usize> {
        let stream = self.streams.get(id.stream as usize)?;
        *self.visits.borrow_mut() += 1;
        let all = stream.series.borrow();
        let mut labels = Labels::default();
        for series in all.iter() {
            intern(&mut labels, series);
        }
        let begin = match from.checked_sub(1) {
            Some(at) => all.partition_point(|series| series.identity() <= self.shown.borrow()[at]),
            None => 0,
        };
        for series in all.iter().skip(begin).take(max) {
            let (shape, entries) = intern(&mut labels, series);
            let value = match &series.value {
                FakeValue::Number(number) => Value::Number(*number),
                FakeValue::Histogram(histogram) => Value::Histogram(histogram),
                FakeValue::Exponential(histogram) => Value::Exponential(histogram),
                FakeValue::Summary(summary) => Value::Summary(summary),
            };
            let (start, time, exemplars) = (series.start, series.time, series.exemplars.as_slice());
            f(&Series { labels: &labels, shape, entries: &entries, start, time, value, exemplars, bounds: &series.bounds });
        }
        let last = all.get(begin + max - 1).filter(|_| begin + max < all.len())?;
        self.shown.borrow_mut().push(last.identity());
        Some(self.shown.borrow().len())
    }
}

fn intern(labels: &mut Labels, series: &FakeSeries) -> (u32, Vec<u32>) {
    fn find<T: PartialEq>(list: &mut Vec<T>, item: T) -> u32 {
        let at = list.iter().position(|known| *known == item).unwrap_or_else(|| {
            list.push(item);
            list.len() - 1
        });
        u32::try_from(at).expect("few")
    }
    let keys: Vec<u32> = series.attributes.iter().map(|attribute| find(&mut labels.keys, attribute.key.clone())).collect();
    let entries = series.attributes.iter().zip(&keys).map(|(attribute, key)| {
        let wanted = (*key, attribute.value_type, &*attribute.text);
        let is_it = |id: &u32| labels.entry(*id).is_some_and(|entry| (entry.key, entry.value_type, entry.text) == wanted);
        let known = (0..u32::try_from(labels.entries_len()).expect("few")).find(is_it);
        known.unwrap_or_else(|| labels.push(*key, attribute))
    });
    let entries = entries.collect();
    (find(&mut labels.shapes, keys.into()), entries)
}

/// Text as a table takes it.
pub(super) fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

fn text(encoded: &str) -> Box<str> {
    let mut bytes = Vec::new();
    let mut parts = encoded.split('%');
    bytes.extend(parts.next().unwrap_or("").bytes());
    for part in parts {
        let (hex, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(hex, 16).expect("two hex digits"));
        bytes.extend(rest.bytes());
    }
    String::from_utf8(bytes).expect("UTF-8").into()
}

fn attributes_of(pairs: &str) -> Vec<Attribute> {
    let attribute = |pair: &str| {
        let (key, value) = pair.split_once('=').expect("KEY=VALUE");
        let (value_type, value) = match value.strip_prefix("int:") {
            Some(int) => (ValueType::Int, int),
            None => (ValueType::String, value),
        };
        Attribute { key: text(key), value_type, text: text(value) }
    };
    let mut attributes: Vec<Attribute> = pairs.split_whitespace().map(attribute).collect();
    attributes.sort_by(|a, b| a.key.cmp(&b.key));
    attributes
}

fn resource_of(pairs: &str) -> ResourceInfo {
    let attributes = attributes_of(pairs);
    let get = |key: &str| attributes.iter().find(|attribute| &*attribute.key == key).map(|attribute| &*attribute.text);
    let component = ComponentKey::from_resource(get);
    ResourceInfo { attributes, component }
}

fn scope_of(line: &str) -> ScopeInfo {
    let mut words = line.splitn(4, ' ');
    let mut word = || words.next().filter(|word| *word != "-").map(text).unwrap_or_default();
    let (name, version, schema_url) = (word(), word(), word());
    let attributes = attributes_of(words.next().unwrap_or(""));
    ScopeInfo { name, version, schema_url, attributes: attributes.into_iter().map(|a| (a.key, a.text)).collect() }
}

fn metric_of(kind: &str, rest: &str, scope: &str) -> MetricInfo {
    let (kind, prometheus_type) = kind.split_once('/').map_or((kind, None), |(kind, sort)| (kind, Some(sort.into())));
    let kind = Kind::ALL.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(kind)).expect("a kind");
    let mut words = rest.splitn(3, ' ');
    let name = words.next().expect("a name");
    let unit = words.next().filter(|unit| *unit != "-").unwrap_or("");
    let (name, rename) = name.split_once("->").map_or((name, None), |(name, rename)| (name, Some(text(rename))));
    MetricInfo {
        instrument: Instrument { scope: scope.into(), name: text(name), kind, unit: text(unit) },
        description: text(words.next().unwrap_or("")),
        prometheus_type,
        rename,
    }
}

fn series_of(attributes: &str, value: &str) -> FakeSeries {
    let mut words = value.split_whitespace();
    let sort = words.next().expect("a value");
    let fields: Vec<(&str, &str)> = words.map(|word| word.split_once('=').expect("FIELD=…")).collect();
    let get = |name: &str| fields.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let number = |name: &str| get(name).map_or(0, |text| text.parse::<u64>().expect("a whole number"));
    let float = |name: &str| get(name).map(|text| text.parse::<f64>().expect("a number"));
    let counts =
        |text: &str| text.split(',').filter(|c| !c.is_empty()).map(|c| c.parse().expect("a count")).collect::<Vec<u64>>();
    let bounds: Vec<f64> =
        get("bounds").unwrap_or("").split(',').filter(|b| !b.is_empty()).map(|b| b.parse().expect("a bound")).collect();
    let value = match sort {
        "h" => FakeValue::Histogram(Histogram {
            count: number("count"),
            sum: float("sum"),
            bounds: bounds.clone().into(),
            counts: counts(get("counts").unwrap_or("")).into(),
        }),
        "e" => {
            let side = |name: &str| {
                let (offset, list) = get(name).and_then(|text| text.split_once(':')).unwrap_or(("0", ""));
                Buckets { offset: offset.parse().expect("an offset"), counts: counts(list) }
            };
            FakeValue::Exponential(ExpHistogram {
                count: number("count"),
                sum: float("sum").unwrap_or(0.0),
                scale: float("scale").map_or(0, |scale| format!("{scale}").parse().expect("a scale")),
                zero_count: number("zero"),
                zero_threshold: float("threshold").unwrap_or(0.0),
                positive: side("positive"),
                negative: side("negative"),
            })
        }
        "s" => {
            let pair =
                |pair: &str| pair.split_once(':').map(|(q, v)| (q.parse().expect("a quantile"), v.parse().expect("a value")));
            let quantiles = get("q").unwrap_or("").split(',').filter_map(pair).collect();
            FakeValue::Summary(Summary { count: number("count"), sum: float("sum").unwrap_or(0.0), quantiles })
        }
        text => FakeValue::Number(number_of(text)),
    };
    let exemplars = fields.iter().filter(|(name, _)| *name == "ex").map(|(_, text)| exemplar_of(text)).collect();
    FakeSeries { attributes: attributes_of(attributes), value, start: number("start"), time: number("time"), exemplars, bounds }
}

fn number_of(text: &str) -> Number {
    text.parse().map_or_else(|_| Number::Double(text.parse().expect("a number")), Number::Int)
}

/// `VALUE@TIME/TRACE/SPAN/KEY:VALUE/…`, each part but the value optional; ids are a byte that is repeated.
fn exemplar_of(encoded: &str) -> Exemplar {
    let mut parts = encoded.split('/');
    let first = parts.next().expect("a value");
    let (value, time) = first.split_once('@').unwrap_or((first, "0"));
    let mut byte = || parts.next().filter(|id| !id.is_empty()).map(|id| id.parse::<u8>().expect("a byte"));
    let (trace_id, span_id) = (byte().map(|byte| [byte; 16]), byte().map(|byte| [byte; 8]));
    let attributes = parts.filter_map(|pair| pair.split_once(':')).map(|(key, value)| (text(key), text(value))).collect();
    Exemplar { value: number_of(value), time: time.parse().expect("a time"), trace_id, span_id, attributes }
}

/// A whole body under any terms.
pub(super) fn body_with(source: Fake, options: &ExposeOptions, negotiated: Negotiated, names: &[&str]) -> (Vec<u8>, ScrapeStats) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let terms = negotiated;
    let mut scrape = Scrape::new(source, options.clone(), negotiated, &names);
    let mut out = Vec::new();
    while scrape.next_chunk(&mut out) {}
    keep(&terms.content_type(), &out);
    (out, scrape.stats())
}

/// A whole text body under the defaults.
pub(super) fn body(table: &str, format: Format) -> String {
    let negotiated = Negotiated { format, ..Negotiated::default() };
    let (out, _) = body_with(Fake::parse(table), &ExposeOptions::default(), negotiated, &[]);
    String::from_utf8(out).expect("a text body is UTF-8")
}

/// Text of every sort: any Unicode, and what often collides.
pub(super) fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a._:;\"\\\\\n ]{0,4}",
        prop::sample::select(vec!["le", "job", "a.b", "a_b", "__name__", ""]).prop_map(str::to_owned)
    ]
}

fn value() -> impl Strategy<Value = String> {
    any::<f64>().prop_map(|value| format!("{value}"))
}

/// A resource with a few metrics of a few series.
pub(super) fn table() -> impl Strategy<Value = String> {
    let pairs = |min: usize| {
        prop::collection::vec((word(), word()), min..4).prop_map(|pairs| {
            let unique: BTreeMap<String, String> = pairs.into_iter().collect();
            unique.iter().map(|(key, value)| format!("{}={} ", encoded(key), encoded(value))).collect::<String>()
        })
    };
    let kind =
        prop::sample::select(vec!["gauge", "counter", "updowncounter", "gauge/info", "gauge/unknown", "histogram", "summary"]);
    let metric = (kind, word(), word(), word(), prop::collection::btree_map(pairs(0), value(), 0..4));
    let metric = metric.prop_map(|(kind, name, unit, help, series)| {
        let unit = if unit.is_empty() { "-".to_owned() } else { encoded(&unit) };
        let value = |value: &str| match kind {
            "histogram" => "h count=3 sum=1 bounds=-1,2 counts=1,1,1 ex=0@1/1/2".to_owned(),
            "summary" => "s count=3 sum=1 q=0.5:1".to_owned(),
            // The store lets no counter fall below zero.
            "counter" => format!("{} start=1 time=2", value.trim_start_matches('-')),
            _ => format!("{value} start=1 time=2"),
        };
        let series: String = series.iter().map(|(pairs, number)| format!("{pairs}: {}\n", value(number))).collect();
        format!("{kind} {} {unit} {}\n{series}", encoded(&name), encoded(&help))
    });
    let resource = (pairs(0), word(), prop::collection::vec(metric, 0..4));
    prop::collection::vec(resource, 1..3).prop_map(|resources| {
        let one = |(pairs, scope, metrics): (String, String, Vec<String>)| {
            let scope = if scope.is_empty() { "-".to_owned() } else { encoded(&scope) };
            format!("resource {pairs}\nscope {scope} - -\n{}", metrics.concat())
        };
        resources.into_iter().map(one).collect()
    })
}

/// Keeps a body for the foreign parsers that read all of them after a run (`tests/tools/judge`); does nothing unless
/// `POINTSMAN_JUDGE_DIR` names a folder.
fn keep(content_type: &str, body: &[u8]) {
    let Some(folder) = std::env::var_os("POINTSMAN_JUDGE_DIR") else { return };
    let mut hasher = DefaultHasher::new();
    (content_type, body).hash(&mut hasher);
    let path = Path::new(&folder).join(format!("{:016x}.scrape", hasher.finish()));
    fs::write(path, [content_type.as_bytes(), b"\n", body].concat()).expect("the judges' folder can be written");
}
