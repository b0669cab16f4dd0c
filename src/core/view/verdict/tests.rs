//! Runs every folder of `tests/data/verdict`: views and observed facts in, the text of `explain` out.

use super::{
    Around, Home, Naming, Owner, Sent, Subject,
    answer::{Explained, Verdict},
    explain, never_seen, render,
    spans::{SpanSubject, span},
    words::{age, count, moment, quoted},
};
use crate::{
    fault::Source,
    model::{
        clock::Wall,
        component::ComponentKey,
        instrument::{Instrument, Kind},
        reject::Reason,
    },
    view::{
        decide::Aspect,
        plan::{RuleRef, ViewSet},
        read::{self, Known, Object},
        spec::{Origin, View},
        sync::{ComponentSync, Offer, Part, Reported},
        time,
    },
};
use expect_test::expect_file;
use serde::Deserialize;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// One case. Whoever is not named is `default/checkout` with two instances that pushed three seconds ago.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Case {
    scenario: String,
    at: String,
    #[serde(default)]
    in_cluster: bool,
    namespace: String,
    service: String,
    instances: u64,
    pushed_secs_ago: Option<u64>,
    metric: Option<String>,
    span: Option<String>,
    #[serde(default)]
    unit: String,
    #[serde(default)]
    kind: String,
    sent: Option<CaseSent>,
    sync: Option<CaseSync>,
    #[serde(default)]
    suppressed: u64,
    #[serde(default)]
    held_back: Vec<String>,
    #[serde(default)]
    readers: Vec<String>,
    #[serde(default)]
    no_time: u64,
    manager: Option<String>,
    changed: Option<String>,
    #[serde(default)]
    known: Vec<String>,
    last_trace: Option<String>,
}

/// What was observed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[derive(Default)]
struct CaseSent {
    sets: u64,
    series: u64,
    points: u64,
    overflowed: u64,
    secs_ago: u64,
    attributes: Vec<(String, u64, u64)>,
}

/// What became of its plans; every rule that the library can do is done at the source.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[derive(Default)]
struct CaseSync {
    library: String,
    connected: u64,
    applied: u64,
    pending: u64,
    failed: u64,
    since: Option<String>,
    pending_since: Option<String>,
    refusals: Vec<String>,
    aspects: Vec<String>,
    spans: bool,
    observed: Vec<(String, String)>,
    /// Instances of another version of the library, which all obey.
    others: u64,
    others_library: String,
    others_aspects: Vec<String>,
}

impl CaseSync {
    /// As the control of sessions would tell, with the plan that is offered.
    fn told(&self, set: &ViewSet, key: &ComponentKey, now: Wall) -> ComponentSync {
        let all = Aspect::METRIC.into_iter();
        let reported = Reported {
            library: (&*self.library).into(),
            aspects: all.filter(|aspect| self.aspects.iter().any(|word| word == aspect.as_str())).collect(),
            spans: self.spans,
            observed: Arc::new(self.observed.iter().map(|(scope, name)| ((&**scope).into(), (&**name).into())).collect()),
            catalogue: None,
        };
        let mut parts = Vec::new();
        if self.others > 0 {
            let can = |aspect: &Aspect| self.others_aspects.iter().any(|word| word == aspect.as_str());
            let aspects = Aspect::METRIC.into_iter().filter(can).collect();
            let others = Reported { library: (&*self.others_library).into(), aspects, ..reported.clone() };
            parts.push(part(self.applied - self.others, reported.clone(), set.offer(key, &reported, now)));
            parts.push(part(self.others, others.clone(), set.offer(key, &others, now)));
        }
        let offer = set.offer(key, &reported, now);
        let at = |text: &Option<String>| text.as_deref().map(|text| time::parse_time(text).expect("a time"));
        ComponentSync {
            library: (&*self.library).into(),
            connected: self.connected,
            applied: self.applied,
            pending: self.pending,
            pending_since: at(&self.pending_since),
            failed: self.failed,
            // The hash of a plan is judged elsewhere: here it would only change with every word of a view.
            hash: "9f2c0e1d4b5a69788796a5b4c3d2e1f0".into(),
            since: at(&self.since),
            at_source: Arc::new(offer.at_source),
            at_controller: Arc::new(offer.at_controller),
            refusals: self.refusals.iter().map(|words| (&**words).into()).collect(),
            catalogue: None,
            reported: Some(Arc::new(reported)),
            gone: 0,
            parts,
        }
    }
}

fn part(instances: u64, reported: Reported, offer: Offer) -> Part {
    Part {
        instances,
        applied: instances,
        hash: "".into(),
        at_source: Arc::new(offer.at_source),
        at_controller: Arc::new(offer.at_controller),
        reported: Some(Arc::new(reported)),
    }
}

/// Scenario: every folder. Guarantees: `explain` prints what `out.txt` says, at most 120 columns wide but for what is to be pasted;
/// as JSON it reads back the same; every verdict has a case.
#[test]
fn verdicts_read_as_the_cases_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/verdict");
    let mut folders: Vec<PathBuf> =
        fs::read_dir(&root).expect("the cases are there").map(|entry| entry.expect("it lists").path()).collect();
    folders.sort();
    let mut verdicts = BTreeSet::new();
    for folder in &folders {
        let explained = run(folder);
        verdicts.insert(format!("{:?}", explained.verdict));
        let text = render::text(&explained);
        for line in text.lines().filter(|line| !line.starts_with(" undo") && !line.starts_with(" turn on")) {
            assert!(line.chars().count() <= 120, "{}: {line}", folder.display());
        }
        expect_file![folder.join("out.txt")].assert_eq(&text);
        let json = serde_json::to_value(&explained).expect("plain data");
        let again: Explained = serde_json::from_value(json).expect("its own form");
        assert_eq!(again, explained, "{}", folder.display());
    }
    assert!(folders.len() >= 12, "{} cases", folders.len());
    assert_eq!(verdicts.len(), 10, "{verdicts:?}");
}

fn run(folder: &Path) -> Explained {
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect("each case has this file");
    let case: Case = serde_json::from_str(&read("case.json")).expect("the case is of the form above");
    assert!(!case.scenario.is_empty(), "{}", folder.display());
    let now = time::parse_time(&case.at).expect("a time");
    let (set, views) = compile(&read("in.yaml"), &case);
    let ago = |secs: u64| Wall(now.0 - secs * 1_000_000_000);
    let key = ComponentKey { namespace: (&*case.namespace).into(), workload: None, service: (&*case.service).into() };
    let sync = case.sync.as_ref().map(|sync| sync.told(&set, &key, now));
    let owner = Owner { key: &key, instances: case.instances, last_push: case.pushed_secs_ago.map(ago), sync: sync.as_ref() };
    let refused = [(Reason::NoTime, case.no_time)];
    let view = |by: &RuleRef| {
        let is_it = |view: &&Arc<View>| view.id.kind == &*by.kind && view.id.namespace == by.namespace && view.id.name == by.view;
        views.iter().find(is_it).map(Arc::clone)
    };
    let around = Around {
        now,
        home: if case.in_cluster { Home::Cluster } else { Home::Files },
        naming: Naming { ratio_suffix: true, ..Naming::default() },
        silent_after: Duration::from_secs(150),
        view: &view,
        suppressed: &|_| case.suppressed,
        refused: if case.no_time > 0 { &refused } else { &[] },
    };
    let plan = set.plan(&key, now);
    if let Some(name) = &case.span {
        let subject = SpanSubject { owner, scope: "lib", name, last_trace: case.last_trace.as_deref() };
        return span(&plan, &subject, &around);
    }
    let name = case.metric.as_deref().expect("a metric or a span");
    if !case.known.is_empty() {
        return never_seen(name, case.known.iter().map(String::as_str), &around);
    }
    let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == case.kind).expect("a kind");
    let instrument = Instrument { scope: "lib".into(), name: name.into(), kind, unit: (&*case.unit).into() };
    let sent = case.sent.as_ref().map(|sent| Sent {
        instances: case.instances,
        sets: sent.sets,
        series: sent.series,
        points: sent.points,
        overflowed: sent.overflowed,
        last: ago(sent.secs_ago),
        attributes: sent.attributes.iter().map(|(key, values, without)| ((&**key).into(), *values, *without)).collect(),
    });
    let held_by = |rule: &str| RuleRef {
        kind: "TelemetryView".into(),
        namespace: key.namespace.clone(),
        view: "quiet".into(),
        rule: rule.into(),
    };
    let held: Vec<_> =
        case.held_back.iter().map(|rule| (Arc::new(held_by(rule)), case.readers.first().cloned().unwrap_or_default())).collect();
    let subject = Subject { owner, instrument: &instrument, sent: sent.as_ref(), held_back: &held, readers: &case.readers };
    explain(&plan.explain(&instrument), &subject, &around)
}

fn compile(yaml: &str, case: &Case) -> (ViewSet, Vec<Arc<View>>) {
    let source = Arc::new(Source { name: "views/in.yaml".into(), text: yaml.into() });
    let changed = case.changed.as_deref().map(|text| time::parse_time(text).expect("a time"));
    let seen = changed.unwrap_or_else(|| time::parse_time(&case.at).expect("a time"));
    let (mut views, mut catalogues) = (Vec::new(), Vec::new());
    for read in read::text(&source, &Known { first_seen: &|_, _| seen, namespace: "default" }) {
        match read.object {
            Some(Object::View(view)) => {
                let origin = Origin { manager: case.manager.as_deref().map(Into::into), changed, ..Origin::default() };
                views.push(Arc::new(View { origin, ..(*view).clone() }));
            }
            Some(Object::Catalogue(catalogue)) => catalogues.push(catalogue),
            None => panic!("{:?}", read.faults),
        }
    }
    (ViewSet::compile(views.clone(), catalogues), views)
}

/// Scenario: numbers, ages, moments and shell words, small and large. Guarantees: they read as people write them.
#[test]
fn words_are_short() {
    let counts = [0.0, 0.4, 7.6, 412.0, 9_999.0, 18_240.0, 999_949.0, 1_249_000.0, 2e9];
    assert_eq!(counts.map(count).join(" "), "0 0.4 8 412 9999 18.2k 999.9k 1.2M 2G");
    let ages = [3, 60, 95, 720, 3_600, 11_520, 86_400, 7_776_000];
    assert_eq!(ages.map(|secs| age(Duration::from_secs(secs))).join(" "), "3s 1m 1m35s 12m 1h 3h12m 24h 90d");
    let now = Wall::from_secs(1_767_261_600);
    assert_eq!(moment(Wall(now.0 - 3_000_000_007), now), "09:59:56Z");
    assert_eq!(moment(Wall::from_secs(1_700_000_000), now), "2023-11-14T22:13:20Z");
    assert_eq!(quoted("it's"), r"'it'\''s'");
    assert_eq!(Verdict::default().as_str(), "NEVER SEEN");
}
