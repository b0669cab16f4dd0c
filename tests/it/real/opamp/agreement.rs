//! What the Go example does with a plan is what the engine decides: every case of `tests/data/view`, each of its instruments and
//! spans, at each step of its plan. Knows the engine and the tool, no server.

use crate::{
    real::peers::tool,
    view::case::{Case, Push},
};
use pointsman_core::{
    fault::{Place, Source},
    model::{
        clock::Wall,
        component::{ComponentKey, Workload},
        instrument::{Instrument, Kind, Level},
    },
    view::{
        decide::Aspect,
        facts::{Consumer, Facts, Read},
        pattern::Pattern,
        plan::ViewSet,
        read::{Known, Object, text},
        spec::{Catalogue, Declared, ObjectId},
        sync::Reported,
        time::parse_time,
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

/// How the answers stand to the engine's.
#[derive(Debug, Default)]
struct Tally {
    asked: usize,
    /// Off for the engine.
    off: usize,
    /// Off for both.
    both_off: usize,
}

/// Scenario: plans of all cases, with and without a catalogue, are handed to the Go example, which is asked of each instrument
/// before and after each step. Guarantees: what the engine has on is never off; what the catalogue declares is exactly as the
/// engine decides; of what nobody declared, most of what is off is off at the source too.
#[test]
#[ignore = "needs the public Go OpAMP client: bash tests/run.sh"]
fn the_go_example_decides_as_the_engine_does() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/view");
    let entries = fs::read_dir(root).expect("the cases are there");
    let mut folders: Vec<_> = entries.map(|entry| entry.expect("it lists").path()).collect();
    folders.sort();
    let (mut declared, mut others) = (Tally::default(), Tally::default());
    for folder in &folders {
        let read = |name: &str| fs::read_to_string(folder.join(name)).expect("each case has this file");
        let case: Case = serde_json::from_str(&read("case.json")).expect("the case is of its form");
        let now = parse_time(&case.at).expect("a time");
        let views = compile(&read("in.yaml"), case.seen.as_deref().and_then(parse_time).unwrap_or(now), &case);
        each(&case, &views, now, (&mut declared, &mut others), &folder.display().to_string());
    }
    assert!(declared.asked >= 150 && declared.off >= 50, "{declared:?}");
    assert!(others.off >= 40 && others.both_off * 10 >= others.off * 8, "{others:?}");
    // Where patterns are spelled as instruments are, nothing is left on that is off.
    let (plain, now) = plain();
    let (views, mut here) = (compile(PLAIN, now, &plain), Tally::default());
    each(&plain, &views, now, (&mut Tally::default(), &mut here), "the plain case");
    assert!(here.off >= 8 && here.both_off == here.off, "{here:?}");
}

/// Views whose patterns need no reading between the lines, two of which end.
const PLAIN: &str = "
apiVersion: pointsman.dev/v1alpha1
kind: TelemetryView
metadata: {name: standing}
spec:
  reason: test
  baseline: None
  metrics:
  - {name: queues, match: {instruments: [\"queue.*\"], scopes: [\"op*\"]}, state: Enabled}
  - {name: adds, match: {instruments: [\"queue.?dds\"], kinds: [Counter]}, state: Disabled}
  traces:
  - {name: probes, match: {spans: [\"GET /?ealthz\", \"ping *\"], scopes: [\"http*\"]}, state: Disabled}
---
apiVersion: pointsman.dev/v1alpha1
kind: TelemetryView
metadata: {name: window}
spec:
  reason: test
  expiry: {at: 2026-01-01T11:00:00Z}
  metrics:
  - {name: more, match: {instruments: [\"*\"]}, state: Enabled}
---
apiVersion: pointsman.dev/v1alpha1
kind: TelemetryView
metadata: {name: silence}
spec:
  reason: test
  expiry: {at: 2026-01-01T12:00:00Z}
  metrics:
  - {name: less, match: {instruments: [\"queue.depth\"]}, state: Disabled}
  traces:
  - {name: none, match: {spans: [\"*\"], scopes: [\"op\"]}, state: Disabled}
";

/// The case of those views, and its moment.
fn plain() -> (Case, Wall) {
    let mut push = Vec::new();
    for (name, kind) in [("queue.adds", "Counter"), ("queue.dds", "Counter"), ("queue.depth", "Gauge"), ("syncs", "Counter")] {
        for scope in ["op", "operator", "http", ""] {
            push.push(serde_json::json!({"scope": scope, "metric": name, "kind": kind}));
        }
    }
    let spans: Vec<_> = ["GET /healthz", "GET /health", "ping a", "ping", "reconcile"]
        .iter()
        .flat_map(|name| ["http", "httpd", "op", "other"].map(|scope| serde_json::json!({"scope": scope, "name": name})))
        .collect();
    let case = serde_json::json!({"push": push, "spans": spans});
    let case: Case = serde_json::from_value(case).expect("a case");
    let now = parse_time(&case.at).expect("a time");
    (case, now)
}

/// Holds every component of a case to the engine, with what it declares and without.
fn each(case: &Case, views: &ViewSet, now: Wall, (declared, others): (&mut Tally, &mut Tally), place: &str) {
    for component in case.push.iter().map(component).collect::<BTreeSet<_>>() {
        let theirs: BTreeSet<Instrument> =
            case.push.iter().filter(|push| self::component(push) == component).map(instrument).collect();
        for (is_declared, tally) in [(true, &mut *declared), (false, &mut *others)] {
            let asked = Asked { views, component: &component, instruments: &theirs, case, now };
            asked.hold(is_declared, tally, place);
        }
    }
}

/// One component of one case.
struct Asked<'a> {
    views: &'a ViewSet,
    component: &'a ComponentKey,
    instruments: &'a BTreeSet<Instrument>,
    case: &'a Case,
    now: Wall,
}

impl Asked<'_> {
    fn hold(&self, is_declared: bool, tally: &mut Tally, place: &str) {
        let catalogue = is_declared.then(|| Arc::new(catalogue(self.component, self.instruments)));
        let reported = Reported { aspects: BTreeSet::from([Aspect::State]), spans: true, catalogue, ..Reported::default() };
        let views = match &reported.catalogue {
            Some(catalogue) => self.views.with_reported(&BTreeMap::from([(self.component.clone(), Arc::clone(catalogue))])),
            None => self.views.with_reported(&BTreeMap::new()),
        };
        let offer = views.offer(self.component, &reported, self.now);
        for passed in 0..=offer.next.len() {
            let at = passed.checked_sub(1).and_then(|last| offer.next.get(last)).map_or(self.now, |at| *at);
            let plan = views.plan(self.component, at);
            let spans = &self.case.spans;
            let dash = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
            let mut questions = String::new();
            for instrument in self.instruments {
                questions.push_str(&format!("{} {} {}\n", dash(&instrument.scope), instrument.name, instrument.kind.as_str()));
            }
            // Names of spans may have blanks: the tool takes everything between scope and kind as the name.
            spans.iter().for_each(|span| questions.push_str(&format!("{} {} span\n", dash(&span.scope), span.name)));
            let answers = ask(&offer.body, passed, &questions);
            assert_eq!(answers.len(), self.instruments.len() + spans.len(), "{place}: {questions}{answers:?}");
            let (metrics, of_spans) = answers.split_at(self.instruments.len());
            for (instrument, is_on) in self.instruments.iter().zip(metrics) {
                let want = plan.decide(instrument).on;
                // Of which scope an instrument without one is, the plan cannot know.
                let is_exact = is_declared && !instrument.scope.is_empty();
                let is_right = if is_exact { *is_on == want } else { *is_on || !want };
                assert!(is_right, "{place}, step {passed}: {instrument:?} is {is_on}, not {want}: {}", written(&offer.body));
                tally.asked += 1;
                tally.off += usize::from(!want);
                tally.both_off += usize::from(!want && !is_on);
            }
            for (span, is_on) in spans.iter().zip(of_spans) {
                let want = plan.decide_span(&span.scope, &span.name).is_none_or(|decision| decision.on);
                assert_eq!(*is_on, want, "{place}, step {passed}: span {} {}: {}", span.scope, span.name, written(&offer.body));
            }
        }
    }
}

fn written(body: &[u8]) -> String {
    String::from_utf8_lossy(body).into_owned()
}

/// What the Go example answers, line by line.
fn ask(plan: &[u8], passed: usize, questions: &str) -> Vec<bool> {
    let file = tempfile::NamedTempFile::new().expect("a file can be made");
    fs::write(file.path(), plan).expect("the file is ours");
    let mut command = Command::new(tool("opampclient"));
    command.arg("-plan").arg(file.path()).args(["-passed", &passed.to_string()]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the tool starts");
    let mut input = child.stdin.take().expect("it is piped");
    input.write_all(questions.as_bytes()).expect("it reads");
    drop(input);
    let out = child.wait_with_output().expect("it ends with its input");
    assert!(out.status.success(), "{questions}: {}", String::from_utf8_lossy(plan));
    String::from_utf8_lossy(&out.stdout).lines().map(|line| line == "true").collect()
}

fn compile(yaml: &str, seen: Wall, case: &Case) -> ViewSet {
    let source = Arc::new(Source { name: "in.yaml".into(), text: yaml.into() });
    let (mut views, mut catalogues, mut ids) = (Vec::new(), Vec::new(), BTreeSet::new());
    for read in text(&source, &Known { first_seen: &|_, _| seen, namespace: "default" }) {
        match read.object.filter(|object| ids.insert(object.id().clone())) {
            Some(Object::View(view)) => views.push(view),
            Some(Object::Catalogue(catalogue)) => catalogues.push(catalogue),
            None => {}
        }
    }
    ViewSet::compile_with(views, catalogues, Arc::new(facts(case)))
}

fn facts(case: &Case) -> Facts {
    let cluster = &case.cluster;
    let consumer = |reader: &crate::view::case::Reader| {
        let labels = reader.labels.iter().map(|label| (&**label).into()).collect();
        let since = reader.since.as_deref().map(|text| parse_time(text).expect("a time"));
        Arc::new(Consumer {
            kind: "PrometheusRule".into(),
            namespace: (&*reader.namespace).into(),
            name: "rules".into(),
            entry: format!("alert {}", reader.alert).into(),
            reads: vec![Read { metric: Pattern::new(&reader.metric), labels, since }],
        })
    };
    let labels = |labels: &BTreeMap<String, String>| labels.iter().map(|(k, v)| ((&**k).into(), (&**v).into())).collect();
    Facts {
        namespaces: cluster.namespaces.iter().map(|(name, of)| ((&**name).into(), labels(of))).collect(),
        consumers: cluster.readers.iter().map(consumer).collect(),
        protecting: cluster.protecting.iter().map(|name| (&**name).into()).collect(),
    }
}

/// What a component declares of itself.
fn catalogue(component: &ComponentKey, instruments: &BTreeSet<Instrument>) -> Catalogue {
    let declared = instruments.iter().map(|instrument| Declared {
        scope: instrument.scope.clone(),
        name: instrument.name.clone(),
        kind: instrument.kind,
        unit: instrument.unit.clone(),
        level: Level::Standard,
        stability: "".into(),
        attributes: Vec::new(),
    });
    Catalogue {
        id: ObjectId { kind: "InstrumentCatalog", namespace: component.namespace.clone(), name: "reported".into() },
        place: Place::default(),
        service: component.service.clone(),
        schema_url: "".into(),
        instruments: declared.collect(),
    }
}

fn component(push: &Push) -> ComponentKey {
    let workload = push.workload.as_ref().map(|owner| Workload { kind: (&*owner.kind).into(), name: (&*owner.name).into() });
    ComponentKey { namespace: (&*push.namespace).into(), workload, service: (&*push.service).into() }
}

fn instrument(push: &Push) -> Instrument {
    let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == push.kind).expect("a kind as on the wire");
    Instrument { scope: (&*push.scope).into(), name: (&*push.metric).into(), kind, unit: (&*push.unit).into() }
}
