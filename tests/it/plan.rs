//! The plan between its two ends: what core compiles, the library reads, and both decide the same, now and at every step.
//! The documents are in `tests/data/plan`: views and what a component reports in, the plan out. `UPDATE_EXPECT=1` writes it.

mod random;

use expect_test::expect_file;
use pointsman_core::{
    fault::{Place, Source},
    model::{
        clock::Wall,
        component::ComponentKey,
        instrument::{Instrument, Kind, Level},
    },
    view::{
        decide::Aspect,
        facts::{Consumer, Facts, Read},
        pattern::{Names, Pattern},
        plan::{Decision, Keys, Plan as ObeyedPlan, ViewSet},
        read::{Known, Object, text},
        spec::{CATALOG, Catalogue, Declared, ObjectId, View},
        sync::Reported,
        time::{format_time, parse_time},
    },
};
use pointsman_instrument::opamp::{
    messages,
    plan::{Line, Plan, SpanLine, TailLine},
};
use proptest::{
    proptest,
    strategy::{Strategy, ValueTree},
    test_runner::TestCaseError,
};
use random::{Case, NAMES, SCOPES, SPANS};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// When views are read and plans are made.
pub(crate) const NOW: Wall = Wall::from_secs(1_767_261_600);

/// Who takes the plans.
pub(crate) fn component() -> ComponentKey {
    ComponentKey { namespace: "default".into(), workload: None, service: "checkout".into() }
}

/// A catalogue that a component sent.
fn catalogue(instruments: Vec<Declared>) -> Arc<Catalogue> {
    let id = ObjectId { kind: CATALOG, namespace: "default".into(), name: "reported".into() };
    Arc::new(Catalogue {
        id,
        place: Place::Nowhere,
        service: "checkout".into(),
        schema_url: "".into(),
        instruments: instruments.into(),
    })
}

/// What a component says of itself, as it travels.
fn reported(json: &[u8]) -> Reported {
    let said: messages::Catalogue = serde_json::from_slice(json).expect("it is a catalogue message");
    let row = |instrument: &messages::Instrument| Declared {
        scope: instrument.scope.as_str().into(),
        name: instrument.name.as_str().into(),
        kind: Kind::ALL.into_iter().find(|kind| kind.as_str() == instrument.kind).expect("a kind"),
        unit: instrument.unit.as_str().into(),
        level: Level::ALL.into_iter().find(|level| level.as_str() == instrument.level).expect("a level"),
        stability: "".into(),
        attributes: instrument.attributes.iter().map(|key| key.as_str().into()).collect(),
    };
    let observed = said.instruments.iter().filter(|instrument| instrument.observed);
    Reported {
        library: said.library.as_str().into(),
        aspects: Aspect::METRIC.into_iter().filter(|aspect| said.aspects.iter().any(|word| word == aspect.as_str())).collect(),
        spans: said.aspects.iter().any(|word| word == "spans"),
        observed: Arc::new(
            observed.map(|instrument| (instrument.scope.as_str().into(), instrument.name.as_str().into())).collect(),
        ),
        catalogue: (!said.instruments.is_empty()).then(|| catalogue(said.instruments.iter().map(row).collect())),
    }
}

/// The views and catalogues of a file; a metric in a line `# read: NAME` is read by an alert.
fn views(yaml: &str) -> ViewSet {
    let source = Arc::new(Source { name: "in.yaml".into(), text: yaml.into() });
    let (mut views, mut catalogues): (Vec<Arc<View>>, Vec<Arc<Catalogue>>) = (Vec::new(), Vec::new());
    for read in text(&source, &Known { first_seen: &|_, _| NOW, namespace: "default" }) {
        match read.object.unwrap_or_else(|| panic!("the objects are good: {:?}", read.faults)) {
            Object::View(view) => views.push(view),
            Object::Catalogue(catalogue) => catalogues.push(catalogue),
        }
    }
    let reads = yaml.lines().filter_map(|line| line.strip_prefix("# read: "));
    ViewSet::compile_with(views, catalogues, Arc::new(facts(reads)))
}

/// Alerts of the component's namespace that read these metrics.
fn facts<'a>(metrics: impl Iterator<Item = &'a str>) -> Facts {
    let consumer = |metric: &str| {
        let reads = vec![Read { metric: Pattern::new(metric), labels: BTreeSet::new(), since: None }];
        let (kind, entry) = ("PrometheusRule".into(), format!("alert {metric}").into());
        Arc::new(Consumer { kind, namespace: "default".into(), name: "rules".into(), entry, reads })
    };
    Facts { consumers: metrics.map(consumer).collect(), ..Facts::default() }
}

/// The folders of the documents.
pub(crate) fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/plan");
    let entries = fs::read_dir(root).expect("the documents are there").map(|entry| entry.expect("it lists").path());
    entries.filter(|path| path.is_dir()).collect()
}

/// Plans of views drawn at random, the same every time.
pub(crate) fn drawn(count: usize) -> Vec<Vec<u8>> {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut draw = || {
        let tree = random::case().new_tree(&mut runner).expect("a case can be drawn");
        let case: Case = tree.current();
        case.set().offer(&component(), &case.reported(), NOW).body.to_vec()
    };
    (0..count).map(|_| draw()).collect()
}

/// Scenario: every document, read by the library. Guarantees: the plan byte by byte, and nothing of it that the library does not
/// understand as core meant it, at any step.
#[test]
fn every_document_is_written_and_read() {
    let folders = folders();
    assert!(folders.len() >= 5, "{} documents", folders.len());
    for folder in folders {
        let read = |name: &str| fs::read(folder.join(name)).expect("each document has this file");
        let yaml = String::from_utf8(read("in.yaml")).expect("it is text");
        let (set, reported) = (views(&yaml), reported(&read("reported.json")));
        let own = reported.catalogue.iter().map(|own| (component(), Arc::clone(own))).collect();
        let set = set.with_reported(&own);
        let offer = set.offer(&component(), &reported, NOW);
        expect_file![folder.join("plan.json")].assert_eq(std::str::from_utf8(&offer.body).expect("it is text"));
        agree(&set, &reported).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    }
}

proptest! {
    /// Scenario: any views, readers and catalogue. Guarantees: what the library reads says of every declared instrument what core
    /// decides, as far as the library can; of others it has nothing off that core has on, and off what is named exactly; of spans
    /// the same as core; at every step, whose hash is that of what core then offers.
    #[test]
    fn both_ends_decide_the_same(case in random::case()) {
        agree(&case.set(), &case.reported()).map_err(TestCaseError::fail)?;
    }
}

/// Whether both ends agree on everything, now and at each step.
fn agree(set: &ViewSet, reported: &Reported) -> Result<(), String> {
    let offer = set.offer(&component(), reported, NOW);
    let plan = Plan::read(&offer.body).map_err(|error| format!("it is not read: {error}"))?;
    if plan.hash.0 != offer.hash || plan.next.len() != offer.next.len() {
        return Err("hash or steps are others".into());
    }
    for (passed, at) in std::iter::once(&NOW).chain(&offer.next).enumerate() {
        let then = set.offer(&component(), reported, *at);
        let step = |error: String| format!("after {passed} steps, at {}: {error}", format_time(*at));
        if plan.hash_after(passed).0 != then.hash {
            return Err(step("the hash is not that of what is offered then".into()));
        }
        let core = set.plan(&component(), *at);
        let moment = Moment { set, plan: &plan, passed, core, reported };
        moment.declared().and_then(|()| moment.others()).and_then(|()| moment.spans()).map_err(step)?;
    }
    Ok(())
}

/// Both ends at one moment.
struct Moment<'a> {
    set: &'a ViewSet,
    plan: &'a Plan,
    passed: usize,
    core: ObeyedPlan,
    reported: &'a Reported,
}

impl Moment<'_> {
    fn core(&self, instrument: &Instrument) -> Decision {
        self.core.decide(instrument)
    }

    fn line(&self, scope: &str, name: &str) -> Option<&Line> {
        let line = |scope: &str| self.plan.instruments.iter().find(|line| line.scope == scope && line.name == name);
        line(scope).or_else(|| line(""))
    }

    /// What is declared with its scope.
    fn declared(&self) -> Result<(), String> {
        let rows = self.reported.catalogue.iter().flat_map(|own| own.instruments.iter()).filter(|row| !row.scope.is_empty());
        for row in rows {
            let instrument =
                Instrument { scope: row.scope.clone(), name: row.name.clone(), kind: row.kind, unit: row.unit.clone() };
            let line = self.line(&row.scope, &row.name).ok_or_else(|| format!("{} has no line", row.name))?;
            let (says, want) = (line.after(self.passed), self.told(&instrument));
            let got = format!("{says:?}");
            let by = want.by.as_ref().map(ToString::to_string);
            let keep = want.keys.keep.as_ref().map(|keys| keys.iter().map(ToString::to_string).collect());
            let drop: BTreeSet<String> = want.keys.drop.iter().map(ToString::to_string).collect();
            let buckets = want.buckets.as_ref().map(|buckets| format!("{buckets:?}"));
            let told = says.buckets.as_ref().map(|bounds| format!("Explicit({bounds:?})"));
            let same = says.on == want.on && says.by == by && says.keep == keep && says.drop == drop && told == buckets;
            if !same || says.limit != want.limit || says.interval_ms != want.interval_ms {
                return Err(format!("{instrument:?}: {got}, and core {want:?}"));
            }
        }
        Ok(())
    }

    /// What core decides, as far as the library says that it can do it.
    fn told(&self, instrument: &Instrument) -> Decision {
        let mut want = self.core(instrument);
        let can = |aspect| self.reported.aspects.contains(&aspect);
        let is_observed = self.reported.observed.contains(&(instrument.scope.clone(), instrument.name.clone()));
        let is_added_up = matches!(instrument.kind, Kind::Counter | Kind::Histogram) && !is_observed;
        if !can(Aspect::State) {
            (want.on, want.by) = (true, None);
            if !self.core(instrument).on {
                return Decision { on: true, ..Decision::default() };
            }
        }
        if !want.on {
            return Decision { on: false, by: want.by, ..Decision::default() };
        }
        let shapes = can(Aspect::Attributes) && is_added_up;
        want.limit = want.limit.filter(|_| can(Aspect::Cardinality) && !is_observed && (shapes || want.keys.is_all()));
        want.keys = if shapes { want.keys } else { Keys::default() };
        want.buckets = want.buckets.filter(|_| can(Aspect::Buckets) && is_added_up && instrument.kind == Kind::Histogram);
        want.interval_ms = want.interval_ms.filter(|_| can(Aspect::Interval));
        want
    }

    /// What is declared without its scope, or not at all.
    fn others(&self) -> Result<(), String> {
        for (scope, name) in NAMES.iter().flat_map(|name| SCOPES.iter().map(move |scope| (*scope, *name))) {
            for (kind, unit) in [(Kind::Counter, "s"), (Kind::Gauge, "1"), (Kind::Histogram, "")] {
                let instrument = Instrument { scope: scope.into(), name: name.into(), kind, unit: unit.into() };
                let is_declared = self.plan.instruments.iter().any(|line| line.scope == scope && line.name == name);
                if is_declared && !scope.is_empty() {
                    continue; // of its own kind and unit only: see `declared`
                }
                let any = self.line(scope, name).map(|line| line.after(self.passed).on);
                let on = any.unwrap_or_else(|| self.tail(&instrument));
                let core = self.core(&instrument).on;
                if !on && core && (any.is_none() || self.is_row(&instrument)) {
                    return Err(format!("{instrument:?} is off, and core has it on"));
                }
                if on && !core && any.is_none() && self.is_plain(&instrument) {
                    return Err(format!("{instrument:?} is on, and core has it off, by {:?}", self.core(&instrument).by));
                }
            }
        }
        Ok(())
    }

    /// Whether it is declared for any scope, with this kind and unit.
    fn is_row(&self, instrument: &Instrument) -> bool {
        let mut rows = self.reported.catalogue.iter().flat_map(|own| own.instruments.iter());
        let same = |row: &Declared| row.name == instrument.name && row.kind == instrument.kind && row.unit == instrument.unit;
        rows.any(|row| row.scope.is_empty() && same(row))
    }

    /// Whether every pattern that means it means it by its own name, and nobody reads it.
    fn is_plain(&self, instrument: &Instrument) -> bool {
        let names = Names::of(instrument);
        let can = self.reported.aspects.contains(&Aspect::State);
        let mut patterns = random::PATTERNS.iter().map(|pattern| Pattern::new(pattern));
        can && self.set.readers(instrument).is_empty()
            && patterns.all(|pattern| pattern.names(&names) == pattern.matches(&instrument.name))
    }

    /// What the tail says: what is off means what matches exactly, what is on all that core may mean.
    fn tail(&self, instrument: &Instrument) -> bool {
        let names = Names::of(instrument);
        let is_meant = |line: &&TailLine| {
            let pattern = Pattern::new(&line.instruments);
            let named = if line.on { pattern.names(&names) } else { pattern.matches(&instrument.name) };
            let kind = line.kinds.is_empty() || line.kinds.iter().any(|kind| kind == instrument.kind.as_str());
            named && kind && in_scope(&line.scopes, &instrument.scope) && line.until.is_none_or(|until| self.passed < until)
        };
        self.plan.tail.iter().find(is_meant).map_or(self.plan.baseline, |line| line.on)
    }

    fn spans(&self) -> Result<(), String> {
        for (scope, name) in SCOPES.iter().flat_map(|scope| SPANS.iter().map(move |name| (*scope, *name))) {
            let is_meant = |line: &&SpanLine| {
                let holds = line.until.is_none_or(|until| self.passed < until);
                holds && Pattern::new(&line.spans).matches(name) && in_scope(&line.scopes, scope)
            };
            let on = self.plan.spans.iter().find(is_meant).is_none_or(|line| line.on);
            let core = self.core.decide_span(scope, name).is_none_or(|decision| decision.on);
            if on != (core || !self.reported.spans) {
                return Err(format!("span {name} of {scope}: {on}, and core {core}"));
            }
        }
        Ok(())
    }
}

fn in_scope(patterns: &[String], scope: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| Pattern::new(pattern).matches(scope))
}

/// Scenario: a time of a step, written by core. Guarantees: the library counts the same moment.
#[test]
fn both_ends_mean_the_same_moment() {
    let end = "2026-01-01T14:00:00.250Z";
    let yaml = format!(
        "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {{name: v}}\nspec: {{baseline: None, expiry: {{at: \"{end}\"}}}}\n"
    );
    let offer = views(&yaml).offer(&component(), &Reported::default(), NOW);
    let plan = Plan::read(&offer.body).expect("it is read");
    let nanos = plan.next[0].at.duration_since(std::time::UNIX_EPOCH).expect("it is after 1970").as_nanos();
    assert_eq!(u128::from(parse_time(end).expect("a time").0), nanos);
    assert_eq!(u128::from(offer.next[0].0), nanos);
}
