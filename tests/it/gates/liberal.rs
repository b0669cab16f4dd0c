//! A rule that turns something on must reach it at the source under every name that the controller takes for it: else the
//! source would not send what a view asks for.

use super::property::read;
use opentelemetry::{
    KeyValue,
    metrics::{Meter, MeterProvider},
};
use pointsman_core::{
    model::instrument::Kind,
    view::pattern::{Names, Pattern},
};
use pointsman_instrument::{Identity, Telemetry, opamp::plan::Plan, telemetry::PlanSource};
use proptest::{
    collection::vec,
    prelude::{ProptestConfig, Strategy, any, proptest},
    sample::select,
    strategy::ValueTree,
    test_runner::TestRunner,
};
use serde_json::json;
use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

const KINDS: [Kind; 4] = [Kind::Counter, Kind::UpDownCounter, Kind::Gauge, Kind::Histogram];
const WORDS: [&str; 8] = ["foo", "total", "ratio", "9a", "seconds", "b", "count", "per"];
const BETWEEN: [&str; 7] = [".", "_", "..", "__", "-", "/", "._"];
const UNITS: [&str; 7] = ["", "1", "s", "By/s", "{thing}", "total", "%"];
const BEHIND: [&str; 7] = ["", "_total", "_created", "_bucket", "_sum", "_count", "_x"];

/// Words with something between them, and sometimes behind, as OpenTelemetry allows it in a name.
fn name() -> impl Strategy<Value = String> {
    let word = || (select(&WORDS[..]), select(&BETWEEN[..]));
    (vec(word(), 1..5), any::<bool>()).prop_map(|(words, trails)| {
        let mut name: String = words.iter().flat_map(|(word, between)| [*word, *between]).collect();
        if !trails {
            name.truncate(name.len() - words.last().map_or(0, |(_, between)| between.len()));
        }
        if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { format!("total.{name}") }
    })
}

/// A pattern that was made from one of the spellings of an instrument, or from something like it.
#[derive(Clone, Debug)]
struct Made {
    spelling: usize,
    behind: &'static str,
    cuts: Vec<u8>,
}

fn made() -> impl Strategy<Value = Made> {
    let cuts = vec(0..150_u8, 60);
    (any::<usize>(), select(&BEHIND[..]), cuts).prop_map(|(spelling, behind, cuts)| Made { spelling, behind, cuts })
}

impl Made {
    fn pattern(&self, names: &Names<'_>) -> String {
        let all: Vec<&str> = names.all().collect();
        let text = format!("{}{}", all[self.spelling % all.len()], self.behind);
        let cut = |(c, cut): (char, &u8)| match cut {
            0 => "?".to_owned(),
            1 => "*".to_owned(),
            2 => format!("{c}*"),
            3 => String::new(),
            _ => c.to_string(),
        };
        text.chars().zip(self.cuts.iter().chain(std::iter::repeat(&9))).map(cut).collect()
    }
}

/// Something happens to an instrument of this name.
#[expect(clippy::disallowed_methods, reason = "stands for another crate, which names its instruments itself")]
fn happens(meter: &Meter, name: String, unit: &'static str, kind: Kind) {
    let none: &[KeyValue] = &[];
    match kind {
        Kind::Counter => meter.u64_counter(name).with_unit(unit).build().add(1, none),
        Kind::UpDownCounter => meter.i64_up_down_counter(name).with_unit(unit).build().add(1, none),
        Kind::Gauge => meter.f64_gauge(name).with_unit(unit).build().record(1.0, none),
        _ => meter.f64_histogram(name).with_unit(unit).build().record(1.0, none),
    }
}

/// Whether an instrument is on where this pattern is, and nothing else.
fn is_on(pattern: &str, name: &str, unit: &'static str, kind: Kind) -> bool {
    let telemetry = Telemetry::builder(Identity::new("shop")).seed(7).build(|| SystemTime::UNIX_EPOCH);
    let text = json!({
        "schema": 1, "component": "default/shop", "hash": format!("{:032x}", 1), "instruments": [],
        "tail": [{"instruments": pattern, "on": true, "by": "v/r"}], "baseline": {"on": false, "by": "v"}, "spans": [],
    });
    let plan = Arc::new(Plan::read(text.to_string().as_bytes()).expect("a plan"));
    telemetry.obey(&plan, 0, PlanSource::Controller);
    happens(&telemetry.meters().meter("shop"), name.to_owned(), unit, kind);
    let mut said = BTreeMap::new();
    telemetry.metrics().for_each(|body| read(&body, &mut said));
    said.contains_key(name)
}

/// Scenario: names whose Prometheus spelling differs in every way there is, each with a pattern in that spelling.
/// Guarantees: on at the source; a pattern that means another is off.
#[test]
fn every_spelling_turns_on_at_the_source() {
    for (name, pattern, kind) in [
        ("foo.total", "foo", Kind::Counter),
        ("total.foo", "foo_total", Kind::Counter),
        ("a..b", "a_b", Kind::Gauge),
        ("a__b", "a_b_total", Kind::Counter),
        ("total.9a", "_9a_total", Kind::Counter),
        ("a.", "a_", Kind::Gauge),
        ("ratio.a", "a_ratio", Kind::Gauge),
        ("a.b", "a.b_bucket", Kind::Histogram),
    ] {
        assert!(is_on(pattern, name, "1", kind), "{pattern} {name}");
        assert!(!is_on("c_*", name, "1", kind), "{name}");
    }
}

/// Scenario: patterns made from spellings. Guarantees: most of them name what they were made from, so that the property below
/// is about something.
#[test]
fn patterns_mostly_name_what_they_were_made_from() {
    let mut runner = TestRunner::deterministic();
    let strategy = (name(), made(), select(&UNITS[..]), select(&KINDS[..]));
    let named = (0..500).filter(|_| {
        let (name, made, unit, kind) = strategy.new_tree(&mut runner).expect("a value").current();
        let names = Names::new(&name, unit, kind);
        Pattern::new(&made.pattern(&names)).names(&names)
    });
    let named = named.count();
    assert!((100..500).contains(&named), "{named} of 500");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// Scenario: an instrument of any kind and unit, and a plan with a pattern that is on before everything else is off.
    /// Guarantees: where the controller would say that the pattern names the instrument, it is on at the source.
    #[test]
    fn what_the_controller_takes_for_named_is_on_at_the_source(
        name in name(), made in made(), unit in select(&UNITS[..]), kind in select(&KINDS[..]),
    ) {
        let names = Names::new(&name, unit, kind);
        let pattern = made.pattern(&names);
        if Pattern::new(&pattern).names(&names) {
            assert!(is_on(&pattern, &name, unit, kind), "{pattern} {:?}", names.all().collect::<Vec<_>>());
        }
    }
}
