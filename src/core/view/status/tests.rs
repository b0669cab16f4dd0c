//! What the status of a view says, situation by situation, in `tests/situations.yaml`.

mod cases;
mod synced;

use self::cases::{Case, cases};
use super::{EventText, Reached, Subject, ViewStatus, closest, events, first_seen, of_view, term_text};
use crate::{
    fault::{Fault, Source},
    model::{
        clock::Wall,
        component::ComponentKey,
        instrument::{Instrument, Kind},
    },
    view::{
        impact::{Basis, Cost},
        plan::{Keys, ViewSet},
        read::{Known, Object, Read, text},
        report::Seen,
        spec::{ObjectId, Term, View},
        status::{decision_changed, impact_moved, same_but_impact},
        time::parse_time,
    },
};
use expect_test::{expect, expect_file};
use serde_json::Value;
use std::{collections::BTreeMap, fmt::Write as _, sync::Arc, time::Duration};

const NOW: Wall = Wall::from_secs(1_767_261_600);

fn component() -> ComponentKey {
    ComponentKey { namespace: "shop".into(), workload: None, service: "checkout".into() }
}

/// Two instances of `checkout`: a counter of 100 series, a gauge of 300, a histogram of 12; each sends four points a minute.
fn costs() -> Vec<Cost> {
    let cost = |(name, kind, series): (&str, Kind, u32)| Cost {
        component: component(),
        instrument: Instrument { scope: "".into(), name: name.into(), kind, unit: "".into() },
        instances: 2,
        series: series.into(),
        per_minute: f64::from(series) * 4.0,
        basis: Basis::Observed,
    };
    [("orders", Kind::Counter, 100), ("state", Kind::Gauge, 300), ("latency", Kind::Histogram, 12)].map(cost).into()
}

/// Without `err`, four sets are left of anything; of other keys nobody counted.
fn distinct(_: &ComponentKey, _: &Instrument, keys: &Keys) -> Option<u64> {
    keys.drop.contains("err").then_some(4)
}

fn read(yaml: &str, now: Wall, before: Option<&ViewStatus>) -> Vec<Read> {
    let source = Arc::new(Source { name: "in.yaml".into(), text: yaml.into() });
    let seen = |_: &ObjectId, term: &Term| before.and_then(|before| first_seen(before, term)).unwrap_or(now);
    text(&source, &Known { first_seen: &seen, namespace: "shop" })
}

fn views(reads: &[Read]) -> Vec<Arc<View>> {
    let view = |read: &Read| match &read.object {
        Some(Object::View(view)) => Some(Arc::clone(view)),
        Some(Object::Catalogue(_)) | None => None,
    };
    reads.iter().filter_map(view).collect()
}

/// The status of the first object of a case, beside all others.
fn status(case: &Case, before: Option<&ViewStatus>) -> ViewStatus {
    let now = NOW.plus(Duration::from_secs(case.at));
    let reads = read(&case.yaml, now, before);
    let id = reads[0].id.clone().expect("the first object of a case has a name");
    let mut views = views(&reads);
    views.extend(case.kept.iter().flat_map(|kept| self::views(&read(kept, now, before))));
    let set = ViewSet::compile_with(views, Vec::new(), Arc::new(case.facts.clone()));
    let (costs, none) = (costs(), Vec::new());
    let costs = if case.nobody { &none } else { &costs };
    let instruments: Vec<Instrument> = costs.iter().map(|cost| cost.instrument.clone()).collect();
    let seen = if case.nobody { Vec::new() } else { vec![Seen { component: component(), instruments }] };
    let mut report = set.reports(&seen, now).into_iter().find(|report| report.id == id);
    if let (Some(report), Some(change)) = (&mut report, case.report) {
        change(report);
    }
    let reaches = report.as_ref().is_some_and(|report| report.components > 0);
    let reached = Reached { key: component(), instances: 2, sync: case.sync.as_ref() };
    let reached = if reaches { vec![reached] } else { Vec::new() };
    let names = costs.iter().map(|cost| &*cost.instrument.name);
    let suggestions = report.as_ref().map(|report| closest(&report.view, names)).unwrap_or_default();
    let impact = set.impact(&id, costs, &distinct, now);
    let faults: Vec<Fault> = reads[0].faults.iter().chain(&case.faults).cloned().collect();
    of_view(&Subject {
        id: &id,
        generation: Some(case.generation),
        faults: &faults,
        report: report.as_ref(),
        kept: case.kept.is_some(),
        impact: impact.as_ref(),
        reached: &reached,
        settling: case.settling,
        suggestions: &suggestions,
        instead: &set.instead_of(&id, costs, now),
        now,
        before,
    })
}

/// Scenario: every word and every condition a view can have, one after the other. Guarantees: its status and events are these.
#[test]
fn every_situation_has_its_status() {
    let mut known: BTreeMap<&str, ViewStatus> = BTreeMap::new();
    let mut out = String::new();
    for case in cases() {
        let before = case.before.map(|name| known.get(name).expect("a case follows an earlier one"));
        let status = status(&case, before);
        let events: Vec<String> = events(before, &status).iter().map(event).collect();
        let value = serde_json::to_value(&status).expect("a status has text keys");
        assert!(serde_json::from_value::<ViewStatus>(value.clone()).expect("it reads back") == status, "{}", case.name);
        writeln!(out, "--- # {}\nstatus:", case.name).expect("text grows");
        yaml(&mut out, &value);
        writeln!(out, "events:{}", if events.is_empty() { " []" } else { "" }).expect("text grows");
        events.iter().for_each(|event| writeln!(out, "- {event}").expect("text grows"));
        known.insert(case.name, status);
    }
    expect_file!["./tests/situations.yaml"].assert_eq(&out);
}

/// Scenario: a view turns a metric on, then off, then says the same again, then is refused; and one that turns off from the first.
/// Guarantees: each change that turns off is an event with what goes, and so is the refusal; what says nothing new is none.
#[test]
fn t21_whoever_turns_off_is_told_in_an_event() {
    let view = |state: &str| {
        let rule = format!("{{name: r, match: {{instruments: [orders]}}, state: {state}}}");
        format!(
            "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {{name: v, namespace: shop}}\nspec:\n  reason: r\n  metrics:\n  - {rule}\n"
        )
    };
    let of =
        |yaml: String, before: Option<&ViewStatus>| status(&Case { name: "v", yaml, generation: 1, ..Case::default() }, before);
    let told = |before: Option<&ViewStatus>, after: &ViewStatus| -> Vec<String> {
        events(before, after).into_iter().map(|event| format!("{} {}: {}", event.warning, event.reason, event.message)).collect()
    };
    let (on, off) = (of(view("Enabled"), None), of(view("Disabled"), None));
    let goes = ["false Programmed: in force at the controller; turns off orders"];
    assert_eq!(told(None, &off), goes);
    assert_eq!(told(Some(&on), &of(view("Disabled"), Some(&on))), goes);
    assert_eq!(told(Some(&off), &of(view("Disabled"), Some(&off))), Vec::<String>::new());
    let refused = of(view("Perhaps"), Some(&off));
    let told = told(Some(&off), &refused);
    assert!(told.len() == 1 && told[0].starts_with("true Refused: "), "{told:?}");
}

fn event(event: &EventText) -> String {
    let kind = if event.warning { "Warning" } else { "Normal" };
    Value::from(format!("{kind} {}: {}", event.reason, event.message)).to_string()
}

/// One line for every field, and for every item of a list of maps.
fn yaml(out: &mut String, value: &Value) {
    let fields = value.as_object().expect("a status is a map");
    for (key, value) in fields {
        match value {
            Value::Array(items) if items.iter().any(Value::is_object) => {
                writeln!(out, "  {key}:").expect("text grows");
                items.iter().for_each(|item| writeln!(out, "  - {item}").expect("text grows"));
            }
            value => writeln!(out, "  {key}: {value}").expect("text grows"),
        }
    }
}

/// Scenario: a term that was seen, another term, none. Guarantees: only the same term counts from when it was first seen.
#[test]
fn a_term_is_seen_once() {
    let status = ViewStatus {
        expires_at: Some("2026-01-01T14:00:00Z".into()),
        expiry_term: Some("after 4h".into()),
        ..ViewStatus::default()
    };
    let four = Term::After(Duration::from_secs(4 * 3_600));
    assert_eq!(first_seen(&status, &four), parse_time("2026-01-01T10:00:00Z"));
    assert_eq!(first_seen(&status, &Term::After(Duration::from_secs(5 * 3_600))), None);
    assert_eq!(first_seen(&ViewStatus::default(), &four), None);
    let at = Term::At(parse_time("2026-01-01T14:00:00.5Z").expect("it is a time"));
    let status = ViewStatus { expiry_term: Some(term_text(&at)), ..status };
    expect![[r#"Some("at 2026-01-01T14:00:00.500Z")"#]].assert_eq(&format!("{:?}", status.expiry_term));
    assert_eq!(first_seen(&status, &at), parse_time("2026-01-01T13:59:59.5Z"));
    assert_eq!(first_seen(&status, &four), None);
}

/// Scenario: two ways to write one spec, and specs that differ in one thing. Guarantees: the hash tells what is said, not how.
#[test]
fn the_hash_is_of_what_is_said() {
    let hash = |spec: &str| {
        let head = "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {name: v}\nspec:\n";
        let views = views(&read(&format!("{head}{spec}"), NOW, None));
        super::hash::of_spec(views.first().expect("the view is good"))
    };
    let plain = hash("  reason: r\n  metrics:\n  - {name: a, match: {instruments: [x]}, state: Disabled}\n");
    let turned =
        "  # why\n  metrics:\n  - state: Disabled\n    match:\n      instruments:\n      - x # here\n    name: a\n  reason: r\n";
    expect!["9c813708dc502cb8"].assert_eq(&plain);
    assert_eq!(plain, hash(turned));
    assert_eq!(plain, hash(&format!("{turned}  mode: Enforce\n  baseline: Inherit\n")));
    for other in [
        "  metrics:\n  - {name: a, match: {instruments: [x]}, state: Disabled}\n",
        "  reason: r\n  metrics:\n  - {name: b, match: {instruments: [x]}, state: Disabled}\n",
        "  reason: r\n  metrics:\n  - {name: a, match: {instruments: [y]}, state: Disabled}\n",
        "  reason: r\n  metrics:\n  - {name: a, match: {scopes: [x], instruments: [x]}, state: Disabled}\n",
        "  reason: r\n  metrics:\n  - {name: a, match: {instruments: [x]}, state: Enabled}\n",
        "  reason: r\n  mode: DryRun\n  metrics:\n  - {name: a, match: {instruments: [x]}, state: Disabled}\n",
        "  reason: r\n  expiry: {after: 4h}\n  metrics:\n  - {name: a, match: {instruments: [x]}, state: Disabled}\n",
    ] {
        assert_ne!(plain, hash(other), "{other}");
    }
}

/// Scenario: a status after which one thing moved. Guarantees: a decision, an impact and a mere number are told apart.
#[test]
fn what_moved_is_told_apart() {
    let case = cases().into_iter().find(|case| case.name == "simple").expect("there is a simple case");
    let before = status(&case, None);
    let says = |change: &dyn Fn(&mut ViewStatus)| {
        let mut after = before.clone();
        change(&mut after);
        let (decision, impact) = (decision_changed(&before, &after), impact_moved(&before, &after));
        format!("decision {decision}, impact {impact}, same but impact {}\n", same_but_impact(&before, &after))
    };
    let series = |to: u64| move |status: &mut ViewStatus| status.impact.as_mut().expect("it has an impact").series_before = to;
    let out = [
        ("nothing", says(&|_| ())),
        ("a tenth", says(&series(453))),
        ("more than a tenth", says(&series(454))),
        ("an impact that came", says(&|status| status.impact = None)),
        ("series of a rule", says(&|status| status.rules[0].series_before = 7)),
        ("instances", says(&|status| status.components.instances = 7)),
        ("a text", says(&|status| status.conditions[1].message = "x".into())),
        ("a reason", says(&|status| status.conditions[1].reason = "NoMatch".into())),
        ("a rule's state", says(&|status| status.rules[0].state = "Overridden".into())),
        ("a generation", says(&|status| status.observed_generation = Some(9))),
        ("a problem", says(&|status| status.problems.push(super::Problem::default()))),
        ("an end", says(&|status| status.expires_at = Some("2026-01-01T14:00:00Z".into()))),
    ];
    let out: String = out.into_iter().map(|(what, says)| format!("{what}: {says}")).collect();
    expect![[r#"
        nothing: decision false, impact false, same but impact true
        a tenth: decision false, impact false, same but impact true
        more than a tenth: decision false, impact true, same but impact true
        an impact that came: decision false, impact true, same but impact true
        series of a rule: decision false, impact false, same but impact true
        instances: decision false, impact false, same but impact false
        a text: decision false, impact false, same but impact false
        a reason: decision true, impact false, same but impact false
        a rule's state: decision true, impact false, same but impact false
        a generation: decision true, impact false, same but impact false
        a problem: decision true, impact false, same but impact false
        an end: decision true, impact false, same but impact false
    "#]]
    .assert_eq(&out);
}

/// Scenario: a new view, at every length of message. Guarantees: what `kubectl get` prints, and no text over its cap.
#[test]
fn columns_are_words() {
    let mut out = String::new();
    for case in cases().into_iter().filter(|case| case.before.is_none()) {
        let status = status(&case, None);
        writeln!(out, "{}: {}", case.name, status.columns().join(" | ")).expect("text grows");
        let longest = status.conditions.iter().map(|condition| condition.message.chars().count()).max();
        assert!(longest <= Some(500), "{}", case.name);
    }
    expect![[r#"
        simple: Programmed | 2/2 | 412->312 | 
        baseline None: Programmed | 2/2 | 412->300 | 
        partly: PartiallyProgrammed | 2/2 | 112->112 | 
        cluster defaults: Programmed | 2/2 | 412->300 | 
        drops a counted attribute: Programmed | 2/2 | 412->116 | 
        drops an uncounted attribute: Programmed | 2/2 | 412->362 | 
        limits: Programmed | 2/2 | 412->56 | 
        slows down: Programmed | 2/2 | 412->412 | 
        spans only: Programmed | 2/2 | 412->412 | 
        dry run: DryRun |  | 412->112 | 
        dry run of baseline None: DryRun |  | 412->0 | 
        no match: NoMatch | 2/2 | 412->412 | 
        no targets: NoTargets | 0/0 | 0->0 | 
        no component yet: NoTargets | 0/0 | 0->0 | 
        overridden: Overridden | 2/2 | 412->412 | 
        protected: Protected | 2/2 | 412->412 | 
        protected in part: PartiallyProgrammed | 2/2 | 412->100 | 
        goes blank: Programmed | 2/2 | 412->300 | 
        protected labels: PartiallyProgrammed | 2/2 | 412->256 | 
        ending: Programmed | 2/2 | 412->312 | 2026-01-01T14:00:00Z
        ending at a moment: Programmed | 2/2 | 412->312 | 2026-01-01T14:00:01Z
        a window over a standing view: Programmed | 2/2 | 312->412 | 2026-01-01T11:00:00Z
        a dry run that will end: DryRun |  | 412->312 | 2026-01-01T11:00:00Z
        refused: Refused | 0/0 |  | 
        refused for many faults: Refused | 0/0 |  | 
        refused over a cap: Refused | 0/0 |  | 
        conflicted: Overridden | 2/2 | 312->312 | 
        conflicted as it is written: Programmed | 2/2 | 412->312 | 
        over the cap of another view: Programmed | 2/2 | 412->312 | 
        a flood: PartiallyProgrammed | 2/2 | 412->312 | 
        h1: Programmed | 2/2 | 412->312 | 
        obeyed at the source: Programmed | 2/2 | 412->312 | 
        a new view, and one waits for a moment: Programmed | 1/2 | 412->312 | 
        both wait: Programmed | 0/2 | 412->312 | 
        both refused, at length: Programmed | 0/2 | 412->312 | 
        one takes no plans: Programmed | 2/2 | 412->312 | 
        none of both takes plans: Programmed | 2/2 | 412->312 | 
        more obey than push: Programmed | 3/3 | 412->312 | 
        of two sorts the smaller cannot turn it off: Programmed | 13/13 | 412->312 | 
        a dry run of what others obey: DryRun |  | 412->312 | 
        refused, and others are obeyed: Refused | 0/0 |  | 
        a rule is left to the controller: Programmed | 2/2 | 412->312 | 
        all is left to the controller: Programmed | 2/2 | 412->412 | 
        its baseline is left: Programmed | 2/2 | 412->0 | 
        rules for spans: Programmed | 2/2 | 412->412 | 
        it has nothing to do there: NoMatch | 2/2 | 412->412 | 
        a start, and a new view: Programmed | 2/2 | 412->312 | 
    "#]]
    .assert_eq(&out);
}
