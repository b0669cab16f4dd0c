//! Many instruments in one process, and plans that concern one of them at a time, in any order: each is held against a model
//! that hears of its own plans only, so that whatever another's plan does to it shows.

use super::{
    kinds::{Instrument, Kind, Set, double},
    model::{Labels, Point, SourceModel, Value},
    rig::{BEGIN, says},
    table::Shape,
};
use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::{KeyValue, any_value},
    metrics::v1::{Gauge, Sum, metric::Data, number_data_point},
};
use pointsman_instrument::{Identity, Telemetry, opamp::plan::Plan, telemetry::PlanSource};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use prost::Message;
use serde_json::json;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

const SETS: [Set; 4] = [("north", "pod-1"), ("north", "pod-2"), ("south", "pod-3"), ("south", "pod-4")];
const SHAPES: [Shape; 6] = [Shape::ON, Shape::OFF, Shape::DROP_POD, Shape::COARSE, Shape::LIMIT_2, Shape::TEN_MINUTES];

#[derive(Clone, Copy, Debug)]
enum Op {
    Tick(usize, usize, i64),
    Wait(u64),
    Push(bool),
    Plan(usize, usize),
}

fn op() -> impl Strategy<Value = Op> {
    let kind = 0..Kind::ALL.len();
    prop_oneof![
        5 => (kind.clone(), 0..SETS.len(), 0..9_i64).prop_map(|(kind, set, n)| Op::Tick(kind, set, n)),
        2 => (1..400_u64).prop_map(Op::Wait),
        2 => prop_oneof![4 => Just(true), 1 => any::<bool>()].prop_map(Op::Push),
        2 => (kind, 0..SHAPES.len()).prop_map(|(kind, shape)| Op::Plan(kind, shape)),
    ]
}

struct World {
    clock: Arc<AtomicU64>,
    telemetry: Arc<Telemetry>,
    instruments: Vec<(Instrument, SourceModel, Shape)>,
    plans: u64,
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(AtomicU64::new(BEGIN));
        let read = clock.clone();
        let now = move || SystemTime::UNIX_EPOCH + Duration::from_secs(read.load(Ordering::Relaxed));
        let telemetry = Telemetry::builder(Identity::new("shop")).seed(7).build(now);
        let make = |kind: Kind| (Instrument::new(kind, &telemetry), SourceModel::new(kind), Shape::ON);
        let instruments = Kind::ALL.into_iter().map(make).collect();
        Self { clock, telemetry, instruments, plans: 0 }
    }

    fn act(&mut self, op: Op) {
        match op {
            Op::Tick(kind, set, n) => {
                let (instrument, model, _) = &mut self.instruments[kind];
                instrument.tick(SETS[set], n);
                model.tick(SETS[set], n);
            }
            Op::Wait(secs) => {
                self.clock.fetch_add(secs, Ordering::Relaxed);
                self.instruments.iter_mut().for_each(|(_, model, _)| model.wait(secs));
            }
            Op::Push(arrives) => self.push(arrives),
            Op::Plan(kind, shape) => {
                let (_, model, holds) = &mut self.instruments[kind];
                *holds = SHAPES[shape];
                model.obey(*holds);
                self.plan();
            }
        }
    }

    fn plan(&mut self) {
        self.plans += 1;
        let lines = Kind::ALL.iter().zip(&self.instruments).map(|(kind, (_, _, shape))| {
            let mut line = says(shape);
            line["name"] = kind.name().into();
            line
        });
        let text = json!({
            "schema": 1, "component": "default/shop", "hash": format!("{:032x}", self.plans),
            "instruments": lines.collect::<Vec<_>>(), "tail": [], "baseline": {"on": true}, "spans": [],
        });
        let plan = Arc::new(Plan::read(text.to_string().as_bytes()).expect("a plan"));
        self.telemetry.obey(&plan, 0, PlanSource::Controller);
    }

    fn push(&mut self, arrives: bool) {
        let mut collection = self.telemetry.metrics();
        let mut said = BTreeMap::new();
        collection.by_ref().for_each(|body| read(&body, &mut said));
        if arrives {
            collection.arrived();
        }
        for (kind, (_, model, _)) in Kind::ALL.into_iter().zip(&mut self.instruments) {
            let wanted = model.push(arrives).unwrap_or_default();
            let mut wanted: Vec<Seen> = wanted.iter().map(|(labels, point)| modelled(kind, labels, point)).collect();
            let mut said = said.remove(kind.name()).unwrap_or_default();
            // The order of sets means nothing; of one set its former shape comes first.
            wanted.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
            said.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
            assert_eq!(said, wanted, "{kind:?} {}", kind.name());
        }
    }
}

/// A point on the wire or in the model: labels, start, and numbers: a value, or counts of buckets, their bounds and the sum.
pub(super) type Seen = (BTreeMap<String, String>, u64, Vec<f64>);

fn modelled(kind: Kind, labels: &Labels, Point { start, value, .. }: &Point) -> Seen {
    let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let start = if kind.class().is_last() { 0 } else { *start };
    let numbers = match value {
        Value::Number(n) => vec![double(*n)],
        Value::Measured(all, bounds) => {
            let mut counts = vec![0; bounds.len() + 1];
            for n in all {
                counts[bounds.iter().position(|bound| double(*n) <= *bound).unwrap_or(bounds.len())] += 1;
            }
            counts.into_iter().map(double).chain(bounds.iter().copied()).chain([double(all.iter().sum())]).collect()
        }
    };
    (labels, start, numbers)
}

fn labels(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |pair: &KeyValue| match pair.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => text.clone(),
        Some(any_value::Value::BoolValue(flag)) => flag.to_string(),
        other => panic!("{other:?}"),
    };
    attributes.iter().map(|pair| (pair.key.replace('.', "_"), text(pair))).collect()
}

/// Points of a request, ends left out.
pub(super) fn read(body: &[u8], said: &mut BTreeMap<String, Vec<Seen>>) {
    let request = ExportMetricsServiceRequest::decode(body).expect("what we encoded");
    let scopes = request.resource_metrics.into_iter().flat_map(|resource| resource.scope_metrics);
    for metric in scopes.flat_map(|scope| scope.metrics) {
        let to = said.entry(metric.name).or_default();
        match metric.data.expect("data") {
            Data::Histogram(histogram) => to.extend(histogram.data_points.iter().filter(|p| p.flags == 0).map(|p| {
                let counts = p.bucket_counts.iter().map(|n| double(i64::try_from(*n).expect("few")));
                let numbers = counts.chain(p.explicit_bounds.iter().copied()).chain(p.sum).collect();
                (labels(&p.attributes), p.start_time_unix_nano, numbers)
            })),
            Data::Sum(Sum { data_points, .. }) | Data::Gauge(Gauge { data_points }) => {
                to.extend(data_points.iter().filter(|p| p.flags == 0).map(|p| {
                    let number = match p.value {
                        Some(number_data_point::Value::AsInt(n)) => double(n),
                        Some(number_data_point::Value::AsDouble(n)) => n,
                        None => panic!("a point without a value"),
                    };
                    (labels(&p.attributes), p.start_time_unix_nano, vec![number])
                }));
            }
            other => panic!("{other:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Scenario: 23 instruments of as many kinds in one process, with measurements, pushes that arrive or are lost, pauses, and
    /// plans that change one instrument at a time.
    /// Guarantees: every push says of every instrument what its own model says, to the nanosecond of its starts: no other's
    /// plan touched it.
    #[test]
    fn a_plan_touches_no_instrument_but_its_own(ops in proptest::collection::vec(op(), 1..120)) {
        let mut world = World::new();
        ops.into_iter().for_each(|op| world.act(op));
        world.push(true);
    }
}
