//! The cases of `tests/data/watch`: object states in, exact series out, through the real store and exposition.
//! `UPDATE_EXPECT=1 cargo test -p pointsman-watch --lib cases` writes what comes after `---`; then read the difference.
//! Knows every role by its name, and nothing of what they do.

mod old;
pub(crate) mod short;
pub(crate) mod spans;

use crate::{
    controller, daemon,
    kind::{Form, Kind},
    operator,
    scrape::{ScrapeFailure, Target},
    table::{News, Raw, Trouble},
    watch::{Now, Shared, Watch, Watcher, attach, attach_legacy},
};
use jiff::{SignedDuration, Timestamp};
use opentelemetry_proto::tonic::trace::v1::Span;
use parking_lot::Mutex;
use pointsman_core::{
    expose::{ExposeOptions, negotiate::Negotiated, scrape::Scrape},
    model::clock::{Mono, Wall},
    state::store::{Store, StoreConfig},
};
use pointsman_instrument::{Identity, Signal, Telemetry, opamp::plan::Plan, telemetry::PlanSource};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::Path,
    sync::Arc,
    time::Duration,
};

/// When every case begins.
const START: &str = "2026-01-01T00:00:00Z";
/// Between two steps time passes in ticks of so many seconds.
const TICK_SECS: i64 = 10;

/// What a file says before `---`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What happens.
    scenario: String,
    /// What must hold.
    guarantees: String,
    role: String,
    /// The daemon's role for this node alone.
    node: Option<String>,
    /// Families to show; a `*` at the end stands for anything, `>0` for those of its samples that are not 0.
    show: Vec<String>,
    /// Whether the operator's old names are there too.
    #[serde(default)]
    legacy: bool,
    /// Families of the operator's own, as `old` says it sets them from the same objects: before ours, after `# old: `.
    #[serde(default)]
    old: Vec<String>,
    /// Files of `tests/data/watch/base` with objects that are there from the start.
    #[serde(default)]
    base: Vec<String>,
    /// At the end, every span that was sent, as lines that begin with `# `.
    #[serde(default)]
    spans: bool,
    steps: Vec<Step>,
}

/// What happens at one moment.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Step {
    /// Since the start, as in `1h5m`.
    at: String,
    /// Objects, each merged (RFC 7386) onto the one of its kind and name. The first step's are listed.
    apply: Vec<Value>,
    /// Short forms of pools, nodes and MachineConfigNodes by their names, see `short`; they come before `apply`.
    pool: BTreeMap<String, Vec<String>>,
    node: BTreeMap<String, BTreeMap<String, String>>,
    mcn: BTreeMap<String, Vec<String>>,
    /// `Kind/name`
    delete: Vec<String>,
    /// Kinds that are listed anew as they are; where all are, those that come first.
    relist: Vec<String>,
    /// Kinds that are not defined from now on.
    missing: Vec<String>,
    /// Kinds that are away from now on: what happens to them shows when they are listed again.
    away: Vec<String>,
    /// Objects as text, whatever it says: `{kind, name, text}`.
    raw: Vec<BTreeMap<String, String>>,
    /// Why a kind cannot be watched from now on, by its name: `Away`, `Missing`, `Forbidden`; empty: it can.
    trouble: BTreeMap<String, String>,
    /// From now on it leads, or does not: then it sees everything and says nothing.
    leads: Option<bool>,
    /// From now on what has a name of these patterns is off by a plan, and everything else is on.
    off: Option<Vec<String>>,
    /// Pools whose turn at the operator's controller fails, as far as `old` is concerned.
    old_fails: Vec<String>,
    /// What endpoints of the operator's answer: `{node, text}` or `{node, failure}`; without a node the controller's.
    scrapes: Vec<BTreeMap<String, String>>,
    /// The watcher starts anew, and lists everything.
    restart: bool,
    /// What it shows then is part of the expectation; after the last step it always is.
    scrape: bool,
}

/// Scenario: every case. Guarantees: each shows exactly the series it says.
#[test]
fn every_case_shows_exactly_its_series() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/watch");
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut wrong = String::new();
    let mut paths: Vec<_> = fs::read_dir(&root).expect("the cases are there").map(|e| e.expect("it lists").path()).collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|e| e == "txt")) {
        let text = fs::read_to_string(path).expect("it reads");
        let (head, want) = text.split_once("\n---\n").unwrap_or_else(|| panic!("{}: no line ---", path.display()));
        let case: Case = serde_saphyr::from_str(head).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert!(!case.scenario.is_empty() && !case.guarantees.is_empty(), "{}: say what it is for", path.display());
        let got = run(&case, &root.join("base"));
        let shows = got.lines().any(|line| !line.starts_with('#') || case.spans && line.contains(".."));
        let is_old_shown = case.old.is_empty() || got.contains("# old: ");
        assert!(shows && is_old_shown, "{}: shows nothing at any time: are the families spelt right?", path.display());
        if got == want {
            continue;
        }
        if update {
            fs::write(path, format!("{head}\n---\n{got}")).expect("it writes");
        } else {
            writeln!(wrong, "{}\n--- want\n{want}--- got\n{got}", path.display()).expect("a string takes everything");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn run(case: &Case, base: &Path) -> String {
    match case.role.as_str() {
        "operator" => Play::new(case, base, operator::Operator::default).run(case),
        "controller" => Play::new(case, base, controller::Controller::default).run(case),
        "daemon" => match case.node.clone() {
            Some(node) => Play::new(case, base, move || daemon::Daemon::for_node(&node)).run(case),
            None => Play::new(case, base, daemon::Daemon::default).run(case),
        },
        role => panic!("no role {role}"),
    }
}

/// A case at play.
struct Play<W: Watcher> {
    make: Box<dyn Fn() -> W>,
    shared: Shared<W>,
    telemetry: Arc<Telemetry>,
    store: Arc<Store>,
    objects: BTreeMap<(Kind, String), Value>,
    away: BTreeSet<Kind>,
    spans: Vec<Span>,
    now: Arc<Mutex<Timestamp>>,
    legacy: bool,
}

impl<W: Watcher> Play<W> {
    fn new(case: &Case, base: &Path, make: impl Fn() -> W + 'static) -> Self {
        let now = Arc::new(Mutex::new(start()));
        let make = Box::new(make);
        let (shared, telemetry) = begin(make(), &now);
        let store = store();
        let (objects, away, spans) = (BTreeMap::new(), BTreeSet::new(), Vec::new());
        let mut this = Self { make, shared, telemetry, store, objects, away, spans, now, legacy: case.legacy };
        for file in &case.base {
            let text = fs::read_to_string(base.join(format!("{file}.yaml"))).expect("the base is there");
            let objects: Vec<Value> = serde_saphyr::from_str(&text).expect("the base is a list of objects");
            objects.into_iter().for_each(|object| drop(this.merge(object)));
        }
        this
    }

    fn run(mut self, case: &Case) -> String {
        let mut out = String::new();
        let mut old = old::Old::default();
        let last = case.steps.len().saturating_sub(1);
        for (i, step) in case.steps.iter().enumerate() {
            self.pass(start() + step.at.parse::<SignedDuration>().expect("`at` is a duration"));
            self.step(step, i == 0);
            self.give_bodies();
            old.turns(self.shared.lock().world(), &step.old_fails, *self.now.lock());
            if step.scrape || i == last {
                if last > 0 {
                    writeln!(out, "# {}", step.at).expect("a string takes everything");
                }
                let is_shown = |line: &String| case.old.iter().any(|family| is_of(line, family));
                old.lines().filter(is_shown).for_each(|line| out += &format!("# old: {line}\n"));
                out += &self.show(&case.show);
            }
        }
        if case.spans {
            out += &spans::tree(&self.spans, start());
        }
        out
    }

    /// Time passes, tick by tick.
    fn pass(&self, until: Timestamp) {
        loop {
            let next = (*self.now.lock() + SignedDuration::from_secs(TICK_SECS)).min(until);
            if next <= *self.now.lock() {
                return;
            }
            *self.now.lock() = next;
            self.shared.lock().tick(next);
        }
    }

    fn step(&mut self, step: &Step, is_first: bool) {
        let objects: Vec<Value> = self.in_full(step).into_iter().chain(step.apply.clone()).collect();
        let changed: Vec<_> = objects.into_iter().map(|object| self.merge(object)).collect();
        let gone: Vec<_> = step.delete.iter().map(|at| at.split_once('/').expect("Kind/name")).collect();
        for (kind, name) in &gone {
            assert!(self.objects.remove(&(kind_of(kind, name), (*name).to_owned())).is_some(), "{kind}/{name} is not there");
        }
        if step.restart {
            self.shared.lock().detach();
            while let Some(sent) = self.telemetry.take_spans() {
                self.spans.extend(spans::read(&sent.body));
            }
            (self.shared, self.telemetry) = begin((self.make)(), &self.now);
        }
        if step.leads == Some(false) {
            self.shared.lock().detach();
            self.telemetry = begin((self.make)(), &self.now).1;
        }
        if let Some(off) = &step.off {
            self.telemetry.obey(&plan(off), 0, PlanSource::Controller);
        }
        let missing: Vec<_> = step.missing.iter().map(|kind| kind_of(kind, "")).collect();
        for kind in &missing {
            self.tell(*kind, News::Trouble(Some(Trouble::Missing)));
            self.tell(*kind, News::Listed(Vec::new()));
        }
        for kind in step.away.iter().map(|kind| kind_of(kind, "")) {
            self.tell(kind, News::Trouble(Some(Trouble::Away)));
            self.away.insert(kind);
        }
        if step.restart || is_first {
            let first: Vec<_> = step.relist.iter().map(|kind| kind_of(kind, "")).collect();
            let others = W::KINDS.iter().chain(W::OPT_IN).filter(|kind| !first.contains(kind) && !missing.contains(kind));
            first.iter().chain(others).for_each(|kind| self.list(*kind));
            assert!(self.shared.lock().is_ready(), "everything was listed");
            self.lead();
        } else {
            for key in changed {
                let raw = self.raw(&key);
                self.tell(key.0, News::Applied(raw));
            }
            gone.iter().for_each(|(kind, name)| self.tell(kind_of(kind, name), News::Deleted((*name).into())));
            for kind in step.relist.iter().map(|kind| kind_of(kind, "")) {
                self.away.remove(&kind);
                self.list(kind);
                self.tell(kind, News::Trouble(None));
            }
        }
        for (kind, trouble) in &step.trouble {
            let of_name = |known: &Trouble| format!("{known:?}") == *trouble;
            let trouble = [Trouble::Away, Trouble::Missing, Trouble::Forbidden].into_iter().find(of_name);
            self.tell(kind_of(kind, ""), News::Trouble(trouble));
        }
        for answer in &step.scrapes {
            let target = answer.get("node").map_or(Target::Controller, |node| Target::Node(node.as_str().into()));
            let body = answer.get("text").map(String::as_str).ok_or(ScrapeFailure::Away);
            let now = *self.now.lock();
            self.shared.lock().take_scrape(&target, body.and_then(crate::scrape::read), now);
        }
        for raw in &step.raw {
            let json = serde_json::value::RawValue::from_string(raw["text"].clone()).expect("it is JSON");
            self.tell(kind_of(&raw["kind"], &raw["name"]), News::Applied(Raw { name: raw["name"].as_str().into(), json }));
        }
        if step.leads == Some(true) {
            self.lead();
        }
    }

    fn lead(&self) {
        let now = Arc::clone(&self.now);
        let now: Now = Arc::new(move || *now.lock());
        attach(&self.shared, &self.telemetry, &now);
        if self.legacy {
            attach_legacy(&self.shared, &self.telemetry, &now);
        }
    }

    /// The bodies that are wanted, of MachineConfigs that were given a `spec`.
    fn give_bodies(&self) {
        let mut watch = self.shared.lock();
        for name in watch.wanted() {
            let object = &self.objects[&(Kind::MachineConfig, name.as_ref().to_owned())];
            if object.get("spec").is_some() {
                watch.take_body(&name, &object.to_string());
            }
        }
    }

    fn tell(&self, kind: Kind, news: News) {
        if (W::KINDS.contains(&kind) || W::OPT_IN.contains(&kind)) && !self.away.contains(&kind) {
            let now = *self.now.lock();
            self.shared.lock().take(kind, news, now);
        }
    }

    fn list(&self, kind: Kind) {
        let of_kind = self.objects.keys().filter(|(of, _)| *of == kind);
        self.tell(kind, News::Listed(of_kind.map(|key| self.raw(key)).collect()));
    }

    /// The short forms of a step, as patches.
    fn in_full(&self, step: &Step) -> Vec<Value> {
        let times = (start(), *self.now.lock());
        let old = |kind, name: &String| self.objects.get(&(kind, name.clone()));
        let pools = step.pool.iter().map(|(name, words)| short::pool(name, words, old(Kind::MachineConfigPool, name), times));
        let nodes = step.node.iter().map(|(name, values)| short::node(name, values.iter()));
        let mcns = step.mcn.iter().map(|(name, words)| short::mcn(name, words, old(Kind::MachineConfigNode, name), times));
        pools.chain(nodes).chain(mcns).collect()
    }

    /// Merges an object onto the one of its kind and name.
    fn merge(&mut self, patch: Value) -> (Kind, String) {
        let text =
            |pointer: &str| patch.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer} in {patch}"));
        let name = text("/metadata/name").to_owned();
        let key = (kind_of(text("/kind"), &name), name);
        let fresh = || json!({"metadata": {"uid": format!("uid-{}", key.1), "creationTimestamp": START, "generation": 1}});
        merge(self.objects.entry(key.clone()).or_insert_with(fresh), &patch);
        key
    }

    fn raw(&self, key: &(Kind, String)) -> Raw {
        let mut object = self.objects[key].clone();
        if key.0.facts().form == Form::Metadata {
            object = json!({"metadata": object["metadata"]});
        }
        Raw { name: key.1.as_str().into(), json: serde_json::value::to_raw_value(&object).expect("it is JSON") }
    }

    /// Exports, scrapes, and keeps the samples of some families.
    fn show(&mut self, families: &[String]) -> String {
        let at = u64::try_from(self.now.lock().as_nanosecond()).expect("after 1970");
        for (signal, body) in self.telemetry.collect() {
            if signal == Signal::Traces {
                self.spans.extend(spans::read(&body));
            } else {
                ingest(&self.store, &body, at);
            }
        }
        self.telemetry.metrics_arrived();
        self.store.expire(Mono(at));
        shown(&self.store, families)
    }
}

/// Where exports go.
pub(crate) fn store() -> Arc<Store> {
    Arc::new(Store::new(StoreConfig { series_max: 100_000, expire_after: Duration::from_secs(864_000), seeds: [1, 2] }))
}

/// Takes one export.
pub(crate) fn ingest(store: &Arc<Store>, body: &[u8], at: u64) {
    let tally = store.ingest(body, Mono(at), Wall(at)).expect("our own export is whole");
    assert_eq!(tally.rejected_total(), 0, "{tally:?}");
}

/// What a scrape shows of these families.
pub(crate) fn shown(store: &Arc<Store>, families: &[String]) -> String {
    let options = ExposeOptions { scope_labels: false, ..ExposeOptions::default() };
    let mut scrape = Scrape::new(Arc::clone(store), options, Negotiated::default(), &[]);
    let mut body = Vec::new();
    while scrape.next_chunk(&mut body) {}
    let text = String::from_utf8(body).expect("an exposition is UTF-8");
    let wanted = |line: &&str| families.iter().any(|family| is_of(line, family));
    text.lines().filter(wanted).fold(String::new(), |out, line| out + &bare(line) + "\n")
}

fn begin<W: Watcher>(watcher: W, now: &Arc<Mutex<Timestamp>>) -> (Shared<W>, Arc<Telemetry>) {
    let clock = Arc::clone(now);
    let identity = Identity::new("pointsman-watch").instance(W::ROLE);
    let telemetry = Telemetry::new(identity, move || crate::watch::system_time(*clock.lock()));
    (Arc::new(Mutex::new(Watch::new(watcher))), telemetry)
}

/// A plan in which instruments and spans of these patterns are off, and nothing else is.
pub(crate) fn plan(off: &[String]) -> Arc<Plan> {
    let of = |key: &str| off.iter().map(|pattern| json!({key: pattern, "on": false})).collect::<Vec<_>>();
    // Another plan has another hash; which, is a controller's to say.
    let hash =
        off.iter().flat_map(|pattern| pattern.bytes()).fold(7_u128, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    let plan = json!({"schema": 1, "component": "here/pointsman-watch", "hash": format!("{hash:032x}"), "instruments": [],
        "tail": of("instruments"), "baseline": {"on": true}, "spans": of("spans")});
    Arc::new(Plan::read(plan.to_string().as_bytes()).expect("it is a plan"))
}

fn start() -> Timestamp {
    START.parse().expect("it is a time")
}

fn kind_of(kind: &str, name: &str) -> Kind {
    match (kind, name) {
        ("Secret", "machine-config-server-ca") => Kind::ServerCaSecret,
        ("Secret", _) => Kind::ServerTlsSecret,
        _ => Kind::ALL.into_iter().find(|k| k.facts().kind == kind).unwrap_or_else(|| panic!("no kind {kind}")),
    }
}

/// A JSON merge patch (RFC 7386).
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Value::Object(target) = target else { return };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            merge(target.entry(key).or_insert(Value::Null), value);
        }
    }
}

/// Whether a sample is of a family, given by its whole name or by the beginning of it and a star.
fn is_of(line: &str, family: &str) -> bool {
    if let Some(family) = family.strip_suffix(">0") {
        return is_of(line, family) && !line.ends_with(" 0");
    }
    let name = line.split(['{', ' ']).next().unwrap_or_default();
    match family.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => [family.to_owned(), format!("{family}_bucket"), format!("{family}_sum"), format!("{family}_count")]
            .contains(&name.to_owned()),
    }
}

/// A sample without the labels that say who sent it.
fn bare(line: &str) -> String {
    let Some((name, rest)) = line.split_once('{') else { return line.to_owned() };
    let Some((labels, value)) = rest.rsplit_once('}') else { return line.to_owned() };
    let ours = |label: &&str| !label.starts_with("job=") && !label.starts_with("instance=");
    let kept: Vec<&str> =
        labels.split_inclusive("\",").map(|label| label.strip_suffix(',').unwrap_or(label)).filter(ours).collect();
    format!("{name}{{{}}}{value}", kept.join(","))
}
