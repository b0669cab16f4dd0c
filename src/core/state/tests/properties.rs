//! What must hold for any input: sums against exact models, any order of pushes, groups against their members.

use super::{points::request, script::Script};
use crate::{
    decode::{RawBuckets, RawExponential},
    model::{
        clock::{Mono, Wall},
        point::{Buckets, ExpHistogram, Number},
    },
    state::exponential::{downscale_to, merge, read},
    state::visit::Value,
};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use prost::Message;
use std::collections::BTreeMap;

/// The only number a script's store shows.
fn only_number(script: &Script) -> Number {
    let mut found = None;
    for stream in script.store.streams() {
        script.store.visit(stream.id, 0, 9, &mut |series| {
            if let Value::Number(number) = series.value {
                assert!(found.replace(number).is_none(), "one series");
            }
        });
    }
    found.unwrap()
}

fn push(script: &Script, points: &[String]) {
    let points: Vec<&str> = points.iter().map(|point| &**point).collect();
    script.store.ingest(&request("a", &points).encode_to_vec(), Mono(1), Wall(1)).unwrap();
}

/// A double that is a whole number of 2^-20: a model in whole numbers adds them without error.
fn dyadic() -> impl Strategy<Value = i64> {
    prop_oneof![-1_000_000_000_000_i64..1_000_000_000_000, -1_000_i64..1_000, Just(1)]
}

#[expect(clippy::cast_precision_loss, reason = "the model rounds once, at the end")]
fn as_double(units: i128) -> f64 {
    units as f64 / f64::from(1 << 20)
}

/// One push of a model run: member, what it adds, whether it began anew before.
#[derive(Debug, Clone)]
struct Event {
    member: usize,
    adds: u32,
    anew: bool,
    leaves: bool,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = (0..4_usize, 0..50_u32, any::<u8>(), any::<u8>());
    let event = event.prop_map(|(member, adds, anew, leaves)| Event { member, adds, anew: anew < 40, leaves: leaves < 40 });
    proptest::collection::vec(event, 1..60)
}

/// Buckets in which doubles can lie, near together or far apart.
fn sides(scale: i32) -> impl Strategy<Value = Buckets> {
    let last = if scale < 0 { 1024_i32 >> -scale } else { 1024_i32 << scale };
    let len = usize::try_from(last.min(160)).unwrap();
    let offset = prop_oneof![-last..0, -last.min(20)..0];
    (offset, proptest::collection::vec(0..5_u64, 0..len)).prop_map(|(offset, counts)| Buckets { offset, counts })
}

fn histograms() -> impl Strategy<Value = ExpHistogram> {
    let parts = (-4..=8_i32).prop_flat_map(|scale| (Just(scale), sides(scale), sides(scale), 0..9_u64));
    parts.prop_map(|(scale, positive, negative, zero_count)| {
        let count = zero_count + positive.counts.iter().sum::<u64>() + negative.counts.iter().sum::<u64>();
        ExpHistogram { count, sum: 1.0, scale, zero_count, zero_threshold: 0.0, positive, negative }
    })
}

/// Populated buckets at a scale, as a model: index to count.
fn model(side: &Buckets, from: i32, to: i32) -> BTreeMap<i64, u64> {
    let mut counts = BTreeMap::new();
    for (index, n) in (i64::from(side.offset)..).zip(&side.counts).filter(|(_, n)| **n > 0) {
        *counts.entry(index >> (from - to)).or_default() += n;
    }
    counts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// Guarantees: whole deltas add up exactly as in 128 bits, whatever is mixed in comes out within one rounding.
    #[test]
    fn deltas_are_a_big_number(whole in proptest::collection::vec(any::<i64>(), 1..40), parts in proptest::collection::vec(dyadic(), 0..40)) {
        let script = Script::default();
        let exact: i128 = whole.iter().map(|i| i128::from(*i)).sum();
        let points: Vec<String> = whole.iter().enumerate().map(|(i, n)| format!("updown+ u{{}} {n} {}..{}", i + 1, i + 2)).collect();
        points.chunks(7).for_each(|points| push(&script, points));
        match only_number(&script) {
            Number::Int(sum) => prop_assert_eq!(i128::from(sum), exact),
            #[expect(clippy::cast_precision_loss, reason = "the model rounds once, at the end")]
            Number::Double(sum) => {
                let error = (sum - exact as f64).abs();
                prop_assert!(error <= (exact as f64).abs() * f64::EPSILON + 4096.0, "{sum} for {exact}");
            }
        }
        let script = Script::default();
        let exact: i128 = parts.iter().map(|units| i128::from(*units)).sum::<i128>() + (1_i128 << 20);
        let points: Vec<String> = parts.iter().enumerate()
            .map(|(i, units)| format!("updown+ u{{}} {:?} {}..{}", as_double(i128::from(*units)), i + 2, i + 3)).collect();
        push(&script, &["updown+ u{} 1 1..2".to_owned()]);
        points.chunks(7).for_each(|points| push(&script, points));
        prop_assert_eq!(only_number(&script).as_f64(), as_double(exact));
    }

    /// Guarantees: a group adds increments: it shows what all members added in all their lives, and never dips.
    #[test]
    fn a_group_adds_every_increment_once(events in events()) {
        let mut script = Script::default();
        script.run("views {name: r, match: {instruments: [c]}, attributes: {drop: [pod]}}");
        // Member 9 never leaves, so that there is always a group to look at.
        push(&script, &["counter c{pod=9} 0 1..2".to_owned()]);
        let mut members = [(1_usize, 0_u64); 4];
        let (mut total, mut last) = (0_u64, 0_i64);
        for (at, event) in (10..).step_by(10).zip(&events) {
            let (start, value) = &mut members[event.member];
            if event.anew {
                (*start, *value) = (at, 0);
            }
            *value += u64::from(event.adds);
            total += u64::from(event.adds);
            push(&script, &[format!("counter c{{pod={}}} {value} {start}..{}", event.member, at + 1)]);
            if event.leaves {
                push(&script, &[format!("counter c{{pod={}}} 0..{} stale", event.member, at + 2)]);
            }
            let Number::Int(shown) = only_number(&script) else { panic!("whole numbers stay whole") };
            prop_assert!(shown >= last);
            prop_assert_eq!(u64::try_from(shown).unwrap(), total);
            last = shown;
        }
    }

    /// Guarantees: the same pushes in any order of arrival show the same bytes.
    #[test]
    fn any_order_shows_the_same(order in Just((0..24_u64).collect::<Vec<_>>()).prop_shuffle(), seed in 1..99_u64) {
        let point = |i: u64| {
            let (series, at) = (i % 5, 10 * (i + 1));
            let start = if i >= 12 { 125 } else { 1 }; // every counter begins anew in the middle
            [
                format!("gauge g{{k={series},z=v}} {} 0..{at}", i * seed),
                format!("counter c{{k={series}}} {} {start}..{at}", i * seed),
                format!("hist h{{b=1,k={series}}} le=1 c={i},{seed} {start}..{at}"),
                format!("exp e{{k={series}}} sum=1 s=2 p=0:{i},{seed} {start}..{at}"),
                format!("summary s{{k={series}}} n={i} sum=1 q0.5=1 {start}..{at}"),
            ]
        };
        let shown = |order: &[u64]| {
            let mut script = Script::default();
            order.iter().for_each(|i| push(&script, &point(*i)));
            script.run("show")
        };
        let sorted: Vec<u64> = (0..24).collect();
        prop_assert_eq!(shown(&order), shown(&sorted));
    }

    /// Guarantees: off and on again shows cumulative series as before at their next push, and the others untouched.
    #[test]
    fn off_and_on_shows_the_same(values in proptest::collection::vec(0..1_000_u64, 1..20)) {
        let points = |at: u64| -> Vec<String> {
            values.iter().enumerate().map(|(i, v)| format!("counter {}{{k={i}}} {v} 1..{at}", if i % 2 == 0 { "x" } else { "y" })).collect()
        };
        let mut script = Script::default();
        push(&script, &points(10));
        let before = script.run("show");
        script.run("views {name: r, match: {instruments: [x]}, state: Disabled}\n views");
        push(&script, &points(10));
        prop_assert_eq!(script.run("show"), before);
    }

    /// Guarantees: a lower scale keeps every count, and two scales down is twice one.
    #[test]
    fn downscaling_keeps_counts(histogram in histograms(), by in 0..6_i32) {
        let to = histogram.scale - by;
        let mut once = histogram.clone();
        downscale_to(&mut once, to);
        prop_assert_eq!(model(&once.positive, to, to), model(&histogram.positive, histogram.scale, to));
        prop_assert_eq!(model(&once.negative, to, to), model(&histogram.negative, histogram.scale, to));
        let mut steps = histogram.clone();
        (0..by).for_each(|_| { let scale = steps.scale - 1; downscale_to(&mut steps, scale) });
        prop_assert_eq!(steps, once);
    }

    /// Guarantees: merging is adding bucket by bucket at a scale that both have.
    #[test]
    fn merging_adds_counts(a in histograms(), b in histograms()) {
        let mut merged = a.clone();
        merge(&mut merged, &b);
        let to = merged.scale;
        prop_assert!(to <= a.scale.min(b.scale));
        for (side, a_side, b_side) in [(&merged.positive, &a.positive, &b.positive), (&merged.negative, &a.negative, &b.negative)] {
            let mut sum = model(a_side, a.scale, to);
            model(b_side, b.scale, to).into_iter().for_each(|(index, n)| *sum.entry(index).or_default() += n);
            prop_assert_eq!(model(side, to, to), sum);
            prop_assert!(side.counts.len() <= 160);
        }
        prop_assert_eq!((merged.count, merged.zero_count), (a.count + b.count, a.zero_count + b.zero_count));
    }

    /// Guarantees: whatever a sender claims, reading ends soon, keeps the count, and shows a scale that formats know.
    #[test]
    fn reading_is_bounded(scale in any::<i32>(), offsets in any::<[i32; 2]>(), counts in proptest::collection::vec(any::<u8>(), 0..400)) {
        let count = counts.iter().filter(|n| **n < 0x80).map(|n| u64::from(*n)).sum();
        let counts: Vec<u8> = counts.into_iter().filter(|n| *n < 0x80).collect();
        let point = RawExponential {
            attributes: &[], start: 1, time: 2, count, sum: Some(1.0), scale, zero_count: 0, zero_threshold: 0.0,
            positive: RawBuckets { offset: offsets[0], counts: &counts },
            negative: RawBuckets { offset: offsets[1], counts: &[] },
            flags: 0, exemplars: &[],
        };
        if let Ok(histogram) = read(&point) {
            prop_assert!((-4..=8).contains(&histogram.scale));
            prop_assert!(histogram.positive.counts.len() <= 160);
            prop_assert_eq!(histogram.positive.counts.iter().sum::<u64>(), count);
        }
    }
}
