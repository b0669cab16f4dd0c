mod gates;

use super::Rollouts;
use crate::{
    cases::{self, short, spans},
    daemon::Daemon,
    kind::Kind,
    limits::{HELD_PHASES_MAX, OPEN_SPANS_MAX, OPEN_TEXT_BYTES_MAX, SPAN_EVENTS_MAX, TEXT_CHARS_MAX},
    table::{News, Raw, Trouble},
    watch::{Now, Shared, Watch, attach, system_time},
};
use expect_test::expect;
use jiff::{SignedDuration, Timestamp};
use opentelemetry_proto::tonic::{common::v1::any_value, trace::v1::Span};
use parking_lot::Mutex;
use pointsman_instrument::{Identity, Signal, Telemetry};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use serde_json::{Value, json};
use std::{collections::BTreeMap, collections::BTreeSet, sync::Arc};

const START: i64 = 1_767_225_600;
const KINDS: [(Kind, &str); 3] =
    [(Kind::MachineConfigPool, "MachineConfigPool"), (Kind::Node, "Node"), (Kind::MachineConfigNode, "MachineConfigNode")];

/// The objects of a cluster, and watchers of them.
struct Cluster {
    now: Timestamp,
    objects: BTreeMap<(Kind, String), Value>,
}

/// One watcher, and what it has sent.
struct Watching {
    shared: Shared<Daemon>,
    telemetry: Arc<Telemetry>,
    sent: Vec<Span>,
}

impl Cluster {
    fn new() -> Self {
        let mut this = Self { now: Timestamp::from_second(START).expect("it is a time"), objects: BTreeMap::new() };
        this.write(pool());
        ["a", "b"].into_iter().for_each(|name| this.join(name, 0, "1"));
        this
    }

    fn join(&mut self, name: &str, uid: u32, config: &str) {
        self.write(json!({"kind": "Node", "metadata": {"name": name, "uid": format!("{name}-{uid}"), "labels": {"worker": ""}}}));
        self.node(name, &[("currentConfig", config), ("desiredConfig", config), ("state", "Done")]);
        self.mcn(name, &["UpdatePrepared=F", "UpdateExecuted=F", "Cordoned=F", "Drained=F", "AppliedFilesAndOS=F", "Updated=T"]);
    }

    fn write(&mut self, patch: Value) -> (Kind, String) {
        let kind = KINDS.iter().find(|(_, name)| patch["kind"] == *name).expect("it is one of them").0;
        let key = (kind, patch["metadata"]["name"].as_str().expect("it has a name").to_owned());
        merge(self.objects.entry(key.clone()).or_insert(Value::Null), &patch);
        key
    }

    fn times(&self) -> (Timestamp, Timestamp) {
        (self.now, self.now)
    }

    fn node(&mut self, name: &str, values: &[(&str, &str)]) -> (Kind, String) {
        let values: BTreeMap<String, String> = values.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        self.write(short::node(name, values.iter()))
    }

    fn mcn(&mut self, name: &str, words: &[&str]) -> (Kind, String) {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let old = self.objects.get(&(Kind::MachineConfigNode, name.to_owned()));
        let patch = short::mcn(name, &words, old, self.times());
        self.write(patch)
    }

    fn pool(&mut self, words: &[&str]) -> (Kind, String) {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let old = self.objects.get(&(Kind::MachineConfigPool, "worker".to_owned()));
        let patch = short::pool("worker", &words, old, self.times());
        self.write(patch)
    }

    fn raw(&self, key: &(Kind, String)) -> Raw {
        let json = serde_json::value::to_raw_value(&self.objects[key]).expect("it is JSON");
        Raw { name: key.1.as_str().into(), json }
    }

    fn list(&self, kind: Kind) -> News {
        News::Listed(self.objects.keys().filter(|(of, _)| *of == kind).map(|key| self.raw(key)).collect())
    }

    /// A watcher that starts now.
    fn watch(&self) -> Watching {
        let shared = Arc::new(Mutex::new(Watch::new(Daemon::default())));
        let clock = Arc::new(Mutex::new(self.now));
        let telemetry = Telemetry::new(Identity::new("pointsman-watch"), {
            let clock = Arc::clone(&clock);
            move || system_time(*clock.lock())
        });
        for kind in <Daemon as crate::watch::Watcher>::KINDS {
            shared.lock().take(*kind, self.list(*kind), self.now);
        }
        let now: Now = Arc::new(move || *clock.lock());
        // Known late, as it is asked for when everything was listed.
        shared.lock().of_cluster("cluster");
        attach(&shared, &telemetry, &now);
        Watching { shared, telemetry, sent: Vec::new() }
    }
}

impl Watching {
    fn tell(&mut self, kind: Kind, news: News, now: Timestamp) {
        self.shared.lock().take(kind, news, now);
        self.take();
    }

    fn tick(&mut self, now: Timestamp) {
        self.shared.lock().tick(now);
        self.take();
    }

    fn take(&mut self) {
        while let Some(body) = self.telemetry.take_spans() {
            self.sent.extend(spans::read(&body.body));
        }
    }

    /// What of the caps a scrape shows.
    fn limit_hits(&self, now: Timestamp) -> String {
        let store = cases::store();
        for (signal, body) in self.telemetry.collect() {
            if signal == Signal::Metrics {
                cases::ingest(&store, &body, u64::try_from(now.as_nanosecond()).expect("after 1970"));
            }
        }
        cases::shown(&store, &["pointsman_limit_hits_total".to_owned()])
    }

    fn with<R>(&self, read: impl FnOnce(&Rollouts) -> R) -> R {
        read(self.shared.lock().watcher().rollouts())
    }
}

fn pool() -> Value {
    json!({"kind": "MachineConfigPool", "metadata": {"name": "worker", "uid": "pool"},
        "spec": {"nodeSelector": {"matchLabels": {"worker": ""}}, "configuration": {"name": "1"}},
        "status": {"configuration": {"name": "1"}, "conditions": [{"type": "Updated", "status": "True"}]}})
}

fn merge(target: &mut Value, patch: &Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            patch.iter().for_each(|(key, value)| merge(target.entry(key.clone()).or_insert(Value::Null), value));
        }
        (target, patch) => *target = patch.clone(),
    }
}

/// One write of a rollout.
type Write = fn(&mut Cluster) -> (Kind, String);

/// A rollout of two nodes, write by write.
const ROLLOUT: &[Write] = &[
    |c| c.pool(&["target=2", "Updated=F"]),
    |c| c.node("a", &[("desiredConfig", "2"), ("state", "Working")]),
    |c| c.mcn("a", &["Updated=F"]),
    |c| c.mcn("a", &["UpdatePrepared=T"]),
    |c| c.mcn("a", &["UpdateExecuted=U", "Cordoned=T"]),
    |c| c.node("a", &[("desiredDrain", "drain-2")]),
    |c| c.mcn("a", &["Drained=U Draining node."]),
    |c| c.mcn("a", &["Drained=U error when evicting pods/x"]),
    |c| c.mcn("a", &["Drained=T"]),
    |c| c.node("a", &[("lastAppliedDrain", "drain-2")]),
    |c| c.mcn("a", &["AppliedFilesAndOS=U"]),
    |c| c.mcn("a", &["AppliedFilesAndOS=T", "UpdateExecuted=T"]),
    |c| c.mcn("a", &["RebootedNode=U"]),
    |c| c.mcn("a", &["RebootedNode=T"]),
    |c| c.mcn("a", &["Resumed=T"]),
    |c| c.mcn("a", &["UpdateComplete=T", "Uncordoned=T"]),
    |c| c.node("a", &[("currentConfig", "2"), ("state", "Done")]),
    |c| c.mcn("a", &["reset"]),
    |c| c.node("b", &[("desiredConfig", "2"), ("state", "Working")]),
    |c| c.mcn("b", &["Updated=F"]),
    |c| c.mcn("b", &["UpdatePrepared=T"]),
    |c| c.mcn("b", &["UpdateExecuted=U", "AppliedFilesAndOS=U"]),
    |c| c.mcn("b", &["UpdateExecuted=T", "AppliedFilesAndOS=T"]),
    |c| c.node("b", &[("currentConfig", "2"), ("state", "Done")]),
    |c| c.mcn("b", &["reset"]),
    |c| c.pool(&["reached=2", "Updated=T"]),
];

/// Before these writes a node is marked and nothing more.
const MARKED_ONLY: [usize; 2] = [2, 19];

/// What must be the same of a span whoever watched: trace, parent, name, and the id of what is not a leaf.
type Shape = (Vec<u8>, Vec<u8>, String, Option<Vec<u8>>);

fn shape(sent: &[Span]) -> Vec<Shape> {
    let of = |span: &Span| {
        let is_leaf = span.name.starts_with("phase ") && !span.name.starts_with("phase Update")
            || matches!(span.name.as_str(), "phase UpdatePrepared" | "phase UpdatePostActionComplete");
        let id = (!is_leaf).then(|| span.span_id.clone());
        (span.trace_id.clone(), span.parent_span_id.clone(), span.name.clone(), id)
    };
    let mut shape: Vec<_> = sent.iter().map(of).collect();
    shape.sort();
    shape
}

/// What each watcher has sent of a rollout that changes hands before the write of this number, if at all.
fn played(kill_before: Option<usize>) -> [Vec<Span>; 2] {
    let mut cluster = Cluster::new();
    let mut watching = cluster.watch();
    let mut first = Vec::new();
    for (i, write) in ROLLOUT.iter().enumerate() {
        cluster.now += SignedDuration::from_secs(20);
        if kill_before == Some(i) {
            first = std::mem::take(&mut watching.sent);
            watching = cluster.watch();
        }
        watching.tick(cluster.now);
        let key = write(&mut cluster);
        watching.tell(key.0, News::Applied(cluster.raw(&key)), cluster.now);
    }
    assert_eq!(watching.with(Rollouts::open_spans), 0, "nothing is left open");
    [first, watching.sent]
}

/// Scenario: a watcher is killed before any one write of a rollout, and another one starts. Guarantees: what both have sent
/// together is the tree that one would have sent, under the same ids and from about the same starts, with one marked gap.
#[test]
fn a_watcher_that_takes_over_goes_on_with_the_same_tree() {
    let [_, whole] = played(None);
    let starts = |sent: &[Span]| -> BTreeMap<_, _> {
        let above = sent.iter().filter(|span| !span.name.starts_with("phase "));
        above.map(|span| (span.span_id.clone(), span.start_time_unix_nano)).collect()
    };
    let gap = |sent: &[Span]| {
        sent.iter()
            .flat_map(|span| &span.events)
            .filter(|e| e.name == "mco.watch.gap")
            .map(|e| e.time_unix_nano)
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(whole.iter().filter(|span| span.parent_span_id.is_empty()).count(), 1);
    assert!(gap(&whole).is_empty());
    for kill_before in 1..ROLLOUT.len() {
        let [mut both, second] = played(Some(kill_before));
        assert!(gap(&both).is_empty(), "{kill_before}: whoever was killed knew of no gap");
        assert_eq!(gap(&second).len(), 1, "{kill_before}: one gap, at one time");
        both.extend(second);
        assert_eq!(shape(&both), shape(&whole), "{kill_before}");
        // What tells of a start may have been written one write after it was seen. Before that write the pool alone tells.
        for (id, start) in starts(&whole) {
            let told = starts(&both)[&id];
            let is_bare = MARKED_ONLY.contains(&kill_before) && told <= start;
            assert!(is_bare || told.abs_diff(start) <= 20_000_000_000, "{kill_before}");
        }
    }
}

/// What may happen to a cluster.
#[derive(Clone, Debug)]
enum Happening {
    Phase { node: bool, phase: usize, status: u8, message: u8, is_seen: bool },
    Node { node: bool, what: u8, is_seen: bool },
    Pool { what: u8, is_seen: bool },
    Delete { what: u8 },
    Watch { what: u8 },
    Wait { secs: u32 },
}

fn happening() -> impl Strategy<Value = Happening> {
    let seen = || proptest::bool::weighted(0.8);
    prop_oneof![
        8 => (any::<bool>(), 0..16_usize, 0..4_u8, 0..3_u8, seen())
            .prop_map(|(node, phase, status, message, is_seen)| Happening::Phase { node, phase, status, message, is_seen }),
        6 => (any::<bool>(), 0..9_u8, seen()).prop_map(|(node, what, is_seen)| Happening::Node { node, what, is_seen }),
        4 => (0..6_u8, seen()).prop_map(|(what, is_seen)| Happening::Pool { what, is_seen }),
        1 => (0..4_u8).prop_map(|what| Happening::Delete { what }),
        1 => (0..4_u8).prop_map(|what| Happening::Watch { what }),
        1 => prop_oneof![Just(60_u32), Just(4_000), Just(700_000)].prop_map(|secs| Happening::Wait { secs }),
    ]
}

/// Does it; answers the object that changed, and whether the watcher sees it.
fn act(cluster: &mut Cluster, happening: &Happening, n: usize) -> Option<((Kind, String), bool)> {
    let name = |node: bool| if node { "a" } else { "b" };
    match happening {
        Happening::Phase { node, phase, status, message, is_seen } => {
            let types = super::phase::ORDER.map(|phase| phase.as_str());
            let kind = types.get(*phase).copied().unwrap_or(if *phase == 13 { "NodeDegraded" } else { "Updated" });
            let status = ["T", "F", "U", "Maybe"][usize::from(*status)];
            let message = ["", " error: no", " at work"][usize::from(*message)];
            let words = if *phase == 15 { "reset".to_owned() } else { format!("{kind}={status}{message}") };
            Some((cluster.mcn(name(*node), &[&words]), *is_seen))
        }
        Happening::Node { node, what, is_seen } => {
            let next = format!("{}", n / 7);
            let at = cluster.objects.get(&(Kind::Node, name(*node).to_owned()));
            let target =
                at.and_then(|at| at["metadata"]["annotations"]["machineconfiguration.openshift.io/desiredConfig"].as_str());
            let target = target.unwrap_or_default().to_owned();
            let values: &[(&str, &str)] = match what {
                0 | 1 => &[("desiredConfig", &next), ("state", "Working")],
                2 | 3 => &[("currentConfig", &target), ("state", "Done")],
                4 => &[("state", "Degraded"), ("reason", "error: ostree")],
                5 => &[("desiredImage", &next)],
                6 => &[("desiredDrain", "drain-x")],
                7 => &[("lastAppliedDrain", "drain-x"), ("post-config-action", "")],
                _ => &[("post-config-action", "Rebooting"), ("bootID", &next)],
            };
            Some((cluster.node(name(*node), values), *is_seen))
        }
        Happening::Pool { what, is_seen } => {
            let next = format!("target={}", n / 7);
            let at = cluster.objects.get(&(Kind::MachineConfigPool, "worker".to_owned()));
            let reached =
                format!("reached={}", at.and_then(|at| at["spec"]["configuration"]["name"].as_str()).unwrap_or_default());
            let words: &[&str] = match what {
                0 => &[&next, "Updated=F"],
                1 => &[&reached, "Updated=T"],
                2 => &["Updated=F"],
                3 => &["paused=true"],
                4 => &["paused=false"],
                _ => &["Degraded=T because"],
            };
            Some((cluster.pool(words), *is_seen))
        }
        Happening::Delete { .. } | Happening::Watch { .. } | Happening::Wait { .. } => None,
    }
}

/// What happens to objects and watches themselves.
fn disturb(cluster: &mut Cluster, watching: &mut Watching, happening: &Happening, n: usize) {
    let now = cluster.now;
    match happening {
        Happening::Delete { what } => {
            let (kind, name) =
                [(KINDS[0].0, "worker"), (KINDS[1].0, "a"), (KINDS[2].0, "a"), (KINDS[1].0, "b")][usize::from(*what)];
            if cluster.objects.remove(&(kind, name.to_owned())).is_some() {
                watching.tell(kind, News::Deleted(name.into()), now);
                return;
            }
            match kind {
                Kind::MachineConfigPool => drop(cluster.write(pool())),
                Kind::Node => cluster.join(name, u32::try_from(n).expect("few"), "1"),
                _ => drop(cluster.mcn(name, &["Updated=T"])),
            }
            watching.tell(kind, News::Applied(cluster.raw(&(kind, name.to_owned()))), now);
        }
        Happening::Watch { what } => match KINDS.get(usize::from(*what)) {
            Some((kind, _)) if n.is_multiple_of(2) => watching.tell(*kind, News::Trouble(Some(Trouble::Away)), now),
            Some((kind, _)) => watching.tell(*kind, cluster.list(*kind), now),
            None => watching.shared.lock().detach(),
        },
        Happening::Wait { secs } => {
            cluster.now += SignedDuration::from_secs(i64::from(*secs));
            watching.tick(cluster.now);
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// Scenario: anything happens to two nodes, their pool and its watches in any order, and some of it is not seen. Guarantees:
    /// nothing panics, each span ends once and not before it began, and what is open is bounded and ends with its objects.
    #[test]
    fn whatever_happens_each_span_ends_once(happenings in proptest::collection::vec(happening(), 1..120)) {
        let mut cluster = Cluster::new();
        let mut watching = cluster.watch();
        for (n, happening) in happenings.iter().enumerate() {
            cluster.now += SignedDuration::from_secs(7);
            watching.tick(cluster.now);
            if let Some((key, true)) = act(&mut cluster, happening, n) {
                watching.tell(key.0, News::Applied(cluster.raw(&key)), cluster.now);
            }
            disturb(&mut cluster, &mut watching, happening, n);
            let open = watching.with(Rollouts::open_spans);
            // A pool, and of two nodes the update, its parents and leaves, and what waits for a rollout to be known.
            assert!(open <= 1 + 2 * (1 + 13 + HELD_PHASES_MAX), "{open}");
        }
        for (kind, name) in cluster.objects.keys() {
            watching.shared.lock().take(*kind, News::Deleted(name.as_str().into()), cluster.now);
        }
        for (kind, _) in KINDS {
            watching.tell(kind, News::Listed(Vec::new()), cluster.now);
        }
        assert_eq!(watching.with(Rollouts::open_spans), 0);
        let mut ids = BTreeSet::new();
        for span in &watching.sent {
            assert!(ids.insert((&span.trace_id, &span.span_id)), "{} ended twice", span.name);
            assert!(span.start_time_unix_nano <= span.end_time_unix_nano, "{span:?}");
            assert!(span.end_time_unix_nano <= u64::try_from(cluster.now.as_nanosecond()).expect("after 1970"), "{span:?}");
        }
    }
}

/// Scenario: more nodes are being updated than spans may be open. Guarantees: the cap holds, what is beyond it is counted and
/// followed to its end, and room that comes free is used; a scrape shows what was left out.
#[test]
fn open_spans_are_capped() {
    let mut cluster = Cluster::new();
    cluster.pool(&["target=2", "Updated=F"]);
    let nodes = OPEN_SPANS_MAX + 5;
    for i in 0..nodes {
        let name = format!("n{i}");
        cluster.write(json!({"kind": "Node", "metadata": {"name": name, "uid": name, "labels": {"worker": ""}}}));
        cluster.node(&name, &[("currentConfig", "1"), ("desiredConfig", "2"), ("state", "Working")]);
    }
    let mut watching = cluster.watch();
    assert_eq!(watching.with(|r| (r.open_spans(), r.refused_spans())), (OPEN_SPANS_MAX, 6));
    for i in 0..nodes {
        let key = cluster.node(&format!("n{i}"), &[("currentConfig", "2"), ("state", "Done")]);
        watching.tell(key.0, News::Applied(cluster.raw(&key)), cluster.now);
    }
    let key = cluster.pool(&["reached=2", "Updated=T"]);
    watching.tell(key.0, News::Applied(cluster.raw(&key)), cluster.now);
    assert_eq!((watching.with(Rollouts::open_spans), watching.sent.len()), (0, OPEN_SPANS_MAX));
    watching.tell(Kind::Node, News::Listed(Vec::new()), cluster.now);
    expect![[r#"
        pointsman_limit_hits_total{pointsman_limit="watch.open_spans"} 6
    "#]]
    .assert_eq(&watching.limit_hits(cluster.now));
}

/// Scenario: the reasons of nodes that are being updated change again and again, each text as long as one may be, until all of
/// them are more than open spans may hold; then the nodes are done, and another update begins. Guarantees: what is beyond is
/// dropped and counted on its span, and a scrape shows it; room that comes free is used.
#[test]
fn texts_of_open_spans_are_capped() {
    let mut cluster = Cluster::new();
    cluster.pool(&["target=2", "Updated=F"]);
    let mut watching = cluster.watch();
    expect![[""]].assert_eq(&watching.limit_hits(cluster.now));
    let tell = |cluster: &mut Cluster, watching: &mut Watching, name: &str, values: &[(&str, &str)]| {
        let key = cluster.node(name, values);
        watching.tell(key.0, News::Applied(cluster.raw(&key)), cluster.now);
    };
    let text = |i: usize| format!("{i:04}{}", "\u{1F980}".repeat(TEXT_CHARS_MAX - 4));
    let bytes = text(0).len();
    let (fits, each) = (OPEN_TEXT_BYTES_MAX / bytes, SPAN_EVENTS_MAX - 1);
    let nodes: Vec<String> = (0..=fits / each).map(|i| format!("n{i}")).collect();
    for name in &nodes {
        cluster.join(name, 0, "1");
        tell(&mut cluster, &mut watching, name, &[]);
        tell(&mut cluster, &mut watching, name, &[("desiredConfig", "2"), ("state", "Working")]);
        for i in 0..each {
            tell(&mut cluster, &mut watching, name, &[("reason", &text(i))]);
        }
    }
    let dropped = nodes.len() * each - fits;
    assert_eq!(watching.with(Rollouts::refused_texts), u64::try_from(dropped).expect("a small number"));
    expect![[r#"
        pointsman_limit_hits_total{pointsman_limit="watch.open_text_bytes"} 21
    "#]]
    .assert_eq(&watching.limit_hits(cluster.now));
    for name in &nodes {
        tell(&mut cluster, &mut watching, name, &[("currentConfig", "2"), ("state", "Done"), ("reason", "")]);
    }
    let told = |spans: &[Span]| {
        let updates = spans.iter().filter(|span| span.name == "update node");
        updates.fold((0, 0), |(kept, lost), span| (kept + span.events.len(), lost + span.dropped_events_count))
    };
    assert_eq!(told(&watching.sent), (fits, u32::try_from(dropped).expect("a small number")));
    tell(&mut cluster, &mut watching, "n0", &[("desiredConfig", "3"), ("state", "Working")]);
    tell(&mut cluster, &mut watching, "n0", &[("reason", &text(0))]);
    assert_eq!(watching.with(Rollouts::refused_texts), u64::try_from(dropped).expect("a small number"), "there is room again");
}

/// Scenario: a node drains over and over in an update whose rollout never comes to be known; then its pool leaves `Updated`.
/// Guarantees: the cap on what waits holds, the oldest are given up and counted, and the latest are sent with the rollout.
#[test]
fn phases_that_wait_for_their_rollout_are_capped() {
    let mut cluster = Cluster::new();
    let mut watching = cluster.watch();
    let write = |cluster: &mut Cluster, watching: &mut Watching, write: Write| {
        cluster.now += SignedDuration::from_secs(10);
        let key = write(cluster);
        watching.tell(key.0, News::Applied(cluster.raw(&key)), cluster.now);
    };
    write(&mut cluster, &mut watching, |c| c.pool(&["target=2"]));
    write(&mut cluster, &mut watching, |c| c.node("a", &[("desiredConfig", "2"), ("state", "Working")]));
    for _ in 0..HELD_PHASES_MAX + 36 {
        write(&mut cluster, &mut watching, |c| c.mcn("a", &["Updated=F", "Drained=U"]));
        write(&mut cluster, &mut watching, |c| c.mcn("a", &["Drained=T"]));
    }
    // The update, the parent of its drains, and the drains.
    assert_eq!(watching.with(|r| (r.open_spans(), r.refused_spans())), (1 + 1 + HELD_PHASES_MAX, 36));
    assert!(watching.sent.is_empty());
    write(&mut cluster, &mut watching, |c| c.pool(&["Updated=F"]));
    let attempt = |span: &Span| span.attributes.iter().find(|pair| pair.key == "mco.phase.attempt").cloned();
    let last = watching.sent.last().and_then(attempt).and_then(|pair| pair.value?.value);
    let number = i64::try_from(HELD_PHASES_MAX + 36).expect("few");
    assert_eq!((watching.sent.len(), last), (HELD_PHASES_MAX, Some(any_value::Value::IntValue(number))));
}
