//! What should show: a small model of both ends, written from the rules and not from the code. A source holds sets of the
//! shape that it was told; a controller shows what arrived last, unless its views say otherwise.

mod controller;
mod source;

use super::{
    kinds::{Class, Kind, Set, double},
    rig::SECOND,
    table::Shape,
};
use controller::ControllerModel;
pub(super) use source::SourceModel;
use std::collections::BTreeMap;

/// Samples of a scrape by name and labels, in billionths, so that every nanosecond of a start counts.
pub(super) type Samples = BTreeMap<String, i128>;
/// Labels of a series.
pub(super) type Labels = BTreeMap<&'static str, &'static str>;

/// A series at one moment.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Point {
    /// Since when it counts; it does not show of gauges and up-down counters.
    pub(super) start: u64,
    /// Of which moment it speaks.
    pub(super) time: u64,
    pub(super) value: Value,
}

/// A value; of a histogram every measurement, and the bounds that it has.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Number(i64),
    Measured(Vec<i64>, &'static [f64]),
}

/// Both ends.
pub(super) struct Model {
    kind: Kind,
    source: SourceModel,
    /// What the source does once the plan's moment has come.
    then: Option<Shape>,
    controller: ControllerModel,
}

impl Value {
    fn add(&mut self, other: &Self) {
        match (self, other) {
            (Self::Number(sum), Self::Number(n)) => *sum += n,
            (Self::Measured(all, bounds), Self::Measured(more, others)) => {
                all.extend(more);
                *bounds = if others.len() < bounds.len() { others } else { bounds };
            }
            (this, other) => panic!("{this:?} and {other:?} do not add up"),
        }
    }
}

fn shed(labels: &Labels, shape: &Shape) -> Labels {
    labels.iter().filter(|(key, _)| shape.stays(key)).map(|(key, value)| (*key, *value)).collect()
}

/// What takes the sets that a limit does not admit.
fn overflow() -> Labels {
    BTreeMap::from([("otel_metric_overflow", "true")])
}

impl Model {
    pub(super) fn new(kind: Kind) -> Self {
        Self { kind, source: SourceModel::new(kind), then: None, controller: ControllerModel::new(kind.class()) }
    }

    pub(super) fn tick(&mut self, set: Set, n: i64) {
        self.source.tick(set, n);
    }

    pub(super) fn gone(&mut self, set: Set) {
        self.source.gone(set);
    }

    /// The wall clock goes back; the controller goes by what passes.
    pub(super) fn back(&mut self, secs: u64) {
        self.source.back(secs);
    }

    pub(super) fn wait(&mut self, secs: u64) {
        self.source.wait(secs);
        self.controller.wait(secs);
    }

    /// Something is said, and arrives or not; the source is told so or not.
    pub(super) fn push(&mut self, arrives: bool, told: bool) {
        let said = self.source.push(told);
        if let Some(said) = said.filter(|_| arrives) {
            self.controller.take(&said, self.source.ends_at());
        }
    }

    /// A plan reaches the source; after a moment that is to come it says something else.
    pub(super) fn source(&mut self, shape: Shape, then: Option<Shape>) {
        self.source.obey(shape);
        self.then = then;
    }

    /// Views reach the controller.
    pub(super) fn controller(&mut self, shape: Shape) {
        self.controller.obey(shape);
    }

    /// That moment has come: the source obeys what is left of its plan, the controller what is left of its views.
    pub(super) fn expired(&mut self, views: Shape) {
        if let Some(then) = self.then {
            self.source.obey(then);
        }
        self.controller.obey(views);
    }

    /// A controller that starts anew has its views, and nothing else.
    pub(super) fn restarted(&mut self) {
        self.controller.restart();
    }

    /// The store ends what it did not hear of for long.
    pub(super) fn expire(&mut self) {
        self.controller.expire();
    }

    /// What a scraper sees.
    pub(super) fn samples(&mut self) -> Samples {
        let kind = self.kind;
        self.controller.shown().iter().flat_map(|(labels, point)| samples(kind, labels, point)).collect()
    }
}

/// A series as OpenMetrics writes it.
fn samples(kind: Kind, labels: &Labels, Point { start, time, value }: &Point) -> Vec<(String, i128)> {
    let sample = |suffix: &str, bound: Option<String>, billionths: i128| {
        let labels = labels.iter().map(|(key, value)| (*key, (*value).to_owned()));
        let labels: BTreeMap<&str, String> = labels.chain(bound.map(|bound| ("le", bound))).collect();
        let labels: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        (format!("{}{suffix}{{{}}}", kind.name().replace('.', "_"), labels.join(",")), billionths)
    };
    let whole = |n: i64| i128::from(n) * i128::from(SECOND);
    let many = |n: usize| whole(i64::try_from(n).expect("few"));
    // A start at the point's own moment only says that it is not known, and so does none.
    let created = (0 < *start && start < time).then(|| sample("_created", None, (*start).into()));
    match value {
        Value::Number(n) if matches!(kind.class(), Class::Sum | Class::ObservedSum) => {
            [sample("_total", None, whole(*n))].into_iter().chain(created).collect()
        }
        Value::Number(n) => vec![sample("", None, whole(*n))],
        Value::Measured(all, bounds) => {
            let below = |bound: f64| many(all.iter().filter(|n| double(**n) <= bound).count());
            let bucket = |bound: f64| sample("_bucket", Some(format!("{bound:.1}")), below(bound));
            let mut samples: Vec<_> = bounds.iter().map(|bound| bucket(*bound)).collect();
            samples.push(sample("_bucket", Some("+Inf".to_owned()), many(all.len())));
            samples.push(sample("_count", None, many(all.len())));
            samples.push(sample("_sum", None, whole(all.iter().sum())));
            samples.extend(created);
            samples
        }
    }
}
