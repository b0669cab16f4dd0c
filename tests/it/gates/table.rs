//! The table: what happens, as data, and to which kinds of instruments it can happen.
//! Knows no value that should show.

use super::{
    kinds::{BOUNDS, Class, Kind, Set},
    rig::MINUTE,
};

/// What views decide, as far as a source can do it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shape {
    pub(super) on: bool,
    /// A key that goes.
    pub(super) drop: Option<&'static str>,
    /// The only key that stays.
    pub(super) keep: Option<&'static str>,
    pub(super) buckets: Option<&'static [f64]>,
    pub(super) limit: Option<usize>,
    /// Minutes between two exports.
    pub(super) interval: Option<u64>,
}

impl Shape {
    pub(super) const ON: Self = Self { on: true, drop: None, keep: None, buckets: None, limit: None, interval: None };
    pub(super) const OFF: Self = Self { on: false, ..Self::ON };
    pub(super) const DROP_POD: Self = Self { drop: Some("pod"), ..Self::ON };
    pub(super) const ONLY_ZONE: Self = Self { keep: Some("zone"), ..Self::ON };
    pub(super) const COARSE: Self = Self { buckets: Some(COARSE), ..Self::ON };
    pub(super) const LIMIT_2: Self = Self { limit: Some(2), ..Self::ON };
    pub(super) const TEN_MINUTES: Self = Self { interval: Some(10), ..Self::ON };

    /// By its word.
    fn named(word: &str) -> Option<Self> {
        Some(match word {
            "on" => Self::ON,
            "off" => Self::OFF,
            "no-pod" => Self::DROP_POD,
            "only-zone" => Self::ONLY_ZONE,
            "no-pod-ten-minutes" => Self { interval: Some(10), ..Self::DROP_POD },
            "other" => Self { buckets: Some(OTHER), ..Self::ON },
            "no-pod-coarse" => Self { buckets: Some(COARSE), ..Self::DROP_POD },
            "coarse" => Self::COARSE,
            "two-sets" => Self::LIMIT_2,
            "ten-minutes" => Self::TEN_MINUTES,
            _ => return None,
        })
    }

    /// What of it a source can do: what is observed is said as it is, only counts and measurements lose keys, and only
    /// measurements have buckets.
    pub(super) fn at_source(self, class: Class) -> Self {
        let (adds, measures) = (ADDED(class), DISTRIBUTION(class));
        let limit = self.limit.filter(|_| !class.is_observed());
        let keep = self.keep.filter(|_| adds);
        Self { drop: self.drop.filter(|_| adds), keep, buckets: self.buckets.filter(|_| measures), limit, ..self }
    }
}

impl Shape {
    pub(super) fn stays(&self, key: &str) -> bool {
        self.drop != Some(key) && self.keep.is_none_or(|keep| keep == key)
    }

    /// Whether keys go.
    pub(super) fn sheds(&self) -> bool {
        self.drop.is_some() || self.keep.is_some()
    }

    /// Which keys go.
    pub(super) fn keys(&self) -> (Option<&'static str>, Option<&'static str>) {
        (self.drop, self.keep)
    }

    pub(super) fn bounds(&self) -> &'static [f64] {
        self.buckets.unwrap_or(BOUNDS)
    }
}

/// Bounds of which only one is among the others.
const OTHER: &[f64] = &[2.0, 10.0];
/// Some of the bounds.
const COARSE: &[f64] = &[1.0, 10.0];
const _: () = assert!(BOUNDS.len() > COARSE.len(), "the coarse buckets are fewer");

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Something happened to a set: more of it, its value now, or a measurement.
    Tick(Set, i64),
    /// What the set speaks of is gone.
    Gone(Set),
    /// Seconds pass.
    Wait(u64),
    /// A push arrives.
    Push,
    /// A push is lost.
    Lost,
    /// A push arrives, but the answer is that some of it was refused.
    Part,
    /// The wall clock goes back by seconds.
    Back(u64),
    /// A push arrives, and again, because its answer was lost.
    Twice,
    /// Minutes pass with a push each.
    Idle(u64),
    /// Minutes pass without one.
    Silent(u64),
    /// Views change: the controller decides so, and the plan reaches the source before the next push.
    Both(Shape),
    /// A plan reaches the source.
    Source(Shape),
    /// Views change, and no plan reaches the source.
    Controller(Shape),
    /// As `Both`, until so many seconds later something else holds.
    Until(Shape, u64, Shape),
    /// That moment has come, at both ends.
    Expired,
    /// The controller starts anew, with the views of before.
    Restart,
}

impl Step {
    /// By its word.
    fn named(word: &str) -> Option<Self> {
        let plain = match word {
            "push" => Some(Self::Push),
            "lost" => Some(Self::Lost),
            "twice" => Some(Self::Twice),
            "part" => Some(Self::Part),
            "expired" => Some(Self::Expired),
            "restart" => Some(Self::Restart),
            _ => seconds(word).map(Self::Wait).or_else(|| Shape::named(word).map(Self::Both)),
        };
        if let Some((set, n)) = word.split_once('+') {
            return Some(Self::Tick(self::set(set)?, n.parse().ok()?));
        }
        if let Some(set) = word.strip_suffix("-gone") {
            return Some(Self::Gone(self::set(set)?));
        }
        plain.or_else(|| match word.split(':').collect::<Vec<_>>()[..] {
            ["back", time] => Some(Self::Back(seconds(time)?)),
            ["idle", time] => Some(Self::Idle(seconds(time)? / MINUTE)),
            ["silent", time] => Some(Self::Silent(seconds(time)? / MINUTE)),
            ["source", shape] => Some(Self::Source(Shape::named(shape)?)),
            ["controller", shape] => Some(Self::Controller(Shape::named(shape)?)),
            [shape, time, then] => Some(Self::Until(Shape::named(shape)?, seconds(time)?, Shape::named(then)?)),
            _ => None,
        })
    }

    /// Whether nothing shows after it.
    pub(super) fn turns_off(&self) -> bool {
        matches!(self, Self::Both(Shape { on: false, .. }) | Self::Controller(Shape { on: false, .. }))
    }
}

fn seconds(word: &str) -> Option<u64> {
    let minutes = word.strip_suffix('m').and_then(|n| n.parse::<u64>().ok()).map(|n| n * MINUTE);
    minutes.or_else(|| word.strip_suffix('s').and_then(|n| n.parse().ok()))
}

fn set(name: &str) -> Option<Set> {
    match name {
        "A" => Some(("north", "pod-1")),
        "B" => Some(("north", "pod-2")),
        "C" => Some(("south", "pod-3")),
        "D" => Some(("south", "pod-4")),
        _ => None,
    }
}

/// A row for every kind that it fits.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    fits: fn(Class) -> bool,
    pub(super) steps: Vec<Step>,
}

impl Scenario {
    /// The whole table.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let read = |line: &str| {
            let steps = line.split_whitespace().map(|word| Step::named(word).unwrap_or_else(|| panic!("`{word}` is no step")));
            steps.collect()
        };
        TABLE.iter().map(move |(name, fits, line)| Self { name, fits: *fits, steps: read(line) })
    }

    /// The kinds it can happen to.
    pub(super) fn kinds(&self) -> impl Iterator<Item = Kind> {
        Kind::ALL.into_iter().filter(|kind| (self.fits)(kind.class()))
    }
}

const ANY: fn(Class) -> bool = |_| true;
/// What is recorded and adds up: a source can take its keys away, and limit its sets.
const ADDED: fn(Class) -> bool = |class| matches!(class, Class::Sum | Class::Distribution);
const DISTRIBUTION: fn(Class) -> bool = |class| matches!(class, Class::Distribution);

/// A name, what it fits, and what happens, as a line of words.
/// `A+3` = three more of set A (the value of a gauge, a measurement of a histogram), `A-gone` = what
/// it speaks of is gone, `60s` = time passes, `push`, `lost`, `twice` = a push arrives, does not, does and its answer is lost, `part` = does
/// and is refused in part,
/// `idle:60m` = a push a minute, `silent:60m` = none, `off` = views say so and the plan arrives, `source:off` = only the plan
/// does, `controller:off` = only the views do, `off:900s:on` = until so much later, `back:90s` = the wall clock
/// goes back, `expired` = then is now, `restart` = the
/// controller starts anew.
type Row = (&'static str, fn(Class) -> bool, &'static str);

#[rustfmt::skip]
const TABLE: &[Row] = &[
    ("on all the time", ANY,
        "push 60s A+3 60s push A+2 5s B+7 55s push 60s push"),
    ("on, off, on, off and on", ANY,
        "A+3 60s push 10s off A+4 50s push 10s on A+1 50s push B+2 60s push off 60s push on 60s push B+6 60s push"),
    ("off and on again between two pushes", ANY,
        "A+3 C+1 60s push 10s off 10s on 10s A+2 30s push A+1 60s push"),
    ("off before anything happened", ANY,
        "off A+3 60s push on 60s push A+2 60s push"),
    ("idle for an hour", ANY,
        "A+3 B+1 60s push idle:60m A+1 idle:2m"),
    ("a tick once an hour", ANY,
        "A+1 idle:60m A+1 idle:60m A+2 idle:60m"),
    ("off for an idle hour", ANY,
        "A+3 60s push off idle:30m A+2 idle:30m on idle:1m A+1 idle:2m"),
    ("a push is lost", ANY,
        "A+3 60s push A+2 B+5 60s lost A+1 60s push 60s lost 60s push"),
    ("a push arrives twice", ANY,
        "A+3 60s twice A+2 B+1 60s twice 60s twice"),
    ("off and on, with each next push lost or twice", ANY,
        "A+3 60s push off A+1 60s lost 60s push on A+2 60s lost A+2 60s twice 60s push"),
    ("the controller starts anew", ANY,
        "A+3 C+4 60s push A+1 restart 60s push restart 60s lost A+1 60s push"),
    ("off across a new start of the controller", ANY,
        "A+3 60s push off 60s push restart A+2 60s push on 60s push A+1 60s push"),
    ("silent for an hour", ANY,
        "A+3 60s push silent:30m A+2 silent:30m 60s push B+1 60s push"),
    ("off until a moment that comes while cut off", ANY,
        "A+3 60s push off:900s:on A+2 60s push silent:14m expired A+1 silent:2m 60s push A+1 60s push"),
    ("on until a moment that comes while cut off", ANY,
        "off A+1 60s push on:600s:off A+3 60s push silent:9m expired A+2 silent:1m 60s push on A+1 60s push"),
    ("the plan comes before the views", ANY,
        "A+3 60s push source:off A+1 60s push 60s push controller:off 60s push source:on A+2 60s push controller:on 60s \
         push A+1 60s push"),
    ("the views come before the plan", ANY,
        "A+3 60s push controller:off A+1 60s push source:off A+4 60s push controller:on 60s push source:on A+2 60s push \
         A+1 60s push"),
    ("off at the controller alone", ANY,
        "A+3 60s push controller:off A+1 60s push restart 60s push controller:on A+2 60s push"),
    ("a set goes and comes back", ANY,
        "A+3 B+2 60s push B-gone 60s push 60s lost A+1 60s push B+5 60s push 60s push"),
    ("a set goes while off", ANY,
        "A+3 B+2 60s push off B-gone 60s push on A+1 60s push B+4 60s push"),
    ("every ten minutes, longer than the store is patient", ANY,
        "A+3 60s push ten-minutes A+1 idle:15m A+2 B+1 idle:20m on idle:2m"),
    ("every ten minutes, and one of them is lost", ANY,
        "ten-minutes A+3 60s push A+1 600s lost A+1 60s push A+1 60s push idle:12m restart idle:12m"),
    ("every ten minutes, off and on", ANY,
        "ten-minutes A+3 idle:3m off A+1 idle:3m ten-minutes A+1 idle:25m"),
    ("a key goes and comes back", ADDED,
        "A+3 B+2 C+1 60s push 5s no-pod 5s A+1 50s push B+4 60s push on 10s B+6 50s push A+2 60s push"),
    ("without a key from the start, off, on, and a new start of the controller", ADDED,
        "no-pod A+3 B+2 60s push off A+9 60s push no-pod A+1 B+1 60s push restart 60s twice"),
    ("a key goes, with lost pushes around", ADDED,
        "A+3 B+2 60s push A+1 no-pod 60s lost A+1 60s push idle:10m"),
    ("buckets become fewer, and as many as before", DISTRIBUTION,
        "A+3 A+7 60s push 5s coarse 5s A+8 50s push A+20 60s push on 10s A+2 50s push"),
    ("fewer buckets, off, on", DISTRIBUTION,
        "coarse A+3 60s push off A+3 60s push coarse A+9 60s push"),
    ("two sets at most", ADDED,
        "two-sets A+3 B+2 60s push C+1 D+1 60s push C+4 A+1 60s push restart 60s push off 60s push two-sets D+1 C+2 A+3 \
         60s push"),
    ("two sets at most, at the source alone", ADDED,
        "source:two-sets A+3 B+2 60s push C+1 D+1 60s push C+4 A+1 60s push restart 60s push source:on C+1 60s push"),
    ("a key goes at the source alone", ADDED,
        "A+3 B+2 60s push source:no-pod A+1 B+1 C+5 60s push B+1 60s push restart 60s push source:on A+2 60s push 60s push"),
    ("fewer buckets at the source alone", DISTRIBUTION,
        "A+3 A+7 60s push source:coarse A+8 60s push A+20 60s push restart 60s push source:on A+2 60s push"),
    ("a key goes, and an hour later something happens", ADDED,
        "A+3 B+2 60s push no-pod idle:60m A+1 idle:2m C+1 idle:60m"),
    ("a key goes and comes back over idle hours", ADDED,
        "A+3 B+2 60s push no-pod idle:60m on idle:60m A+1 idle:2m"),
    ("a key goes at the source alone, and an hour later something happens", ADDED,
        "A+3 B+2 60s push source:no-pod idle:60m A+1 idle:2m"),
    ("one key stays", ADDED,
        "A+3 B+2 C+1 60s push only-zone A+1 60s push idle:60m C+1 60s push on A+1 60s push"),
    ("one key stays, then another goes, with nothing in between", ADDED,
        "A+3 C+2 60s push only-zone 10s no-pod 50s push A+1 60s push only-zone 60s lost 60s push"),
    ("one key stays from the start, off and on", ADDED,
        "only-zone A+3 B+2 60s push off A+1 60s push only-zone 60s push A+2 60s push"),
    ("fewer buckets, and an hour later something happens", DISTRIBUTION,
        "A+3 A+7 60s push coarse idle:60m A+8 idle:2m"),
    ("fewer buckets twice over, and lost pushes", DISTRIBUTION,
        "A+3 A+7 60s lost coarse 60s lost A+8 on 60s lost A+1 60s push idle:5m"),
    ("fewer buckets at the source alone, over an idle hour", DISTRIBUTION,
        "A+3 A+7 60s push source:coarse idle:60m A+8 idle:2m"),
    ("other buckets, and an hour later something happens", DISTRIBUTION,
        "A+3 A+7 60s push source:other idle:60m A+8 idle:2m source:on idle:60m A+1 idle:2m"),
    ("fewer buckets and keys at once", DISTRIBUTION,
        "A+3 B+7 60s push no-pod-coarse idle:60m A+8 idle:2m"),
    ("off for an idle hour, and on for another", ADDED,
        "A+3 60s push off idle:60m on idle:60m A+2 idle:2m"),
    ("a set goes between two pushes of ten minutes", ANY,
        "ten-minutes A+3 B+1 60s push B-gone idle:12m A+1 idle:12m"),
    ("a key goes between two pushes of ten minutes", ADDED,
        "ten-minutes A+3 B+1 60s push A+1 no-pod-ten-minutes idle:12m A+1 idle:25m"),
    ("pushes are refused in part", ANY,
        "A+3 B+1 60s part A+1 60s part B-gone 60s part 60s push A+1 60s push"),
    ("pushes are refused in part while a key goes", ADDED,
        "A+3 B+1 60s push no-pod 60s part 60s part A+1 60s push 60s push idle:10m"),
    ("the wall clock goes back between two pushes", ANY,
        "A+3 60s push A+1 60s push back:90s A+1 60s push A+1 60s push B+1 60s push"),
    ("the wall clock goes back before a key goes", ADDED,
        "A+3 60s push A+1 60s push back:90s no-pod 60s push A+1 60s push 60s push"),
    ("the wall clock goes back before a set goes", ADDED,
        "A+3 B+1 60s push A+1 60s push back:90s B-gone 60s push B+1 60s push 60s push"),
    ("the wall clock goes back while off", ANY,
        "A+3 60s push off 60s push back:100s on A+2 60s push A+1 60s push 60s push"),
];
