//! A role of two kinds, fed by a scripted API server on a clock that only waits for us. Every push that says something new is
//! a line: when, who, what. What roles make of objects is told in `pointsman_watch`.

mod emitted;
mod heard;
mod plans;

use self::heard::{Heard, secs};
use super::{Around, Plans, work};
use crate::{
    app::drain::{Stopper, pair},
    config::watch::{self as config, Otlp, Role},
    kubernetes::server::{Mood, Server},
};
use expect_test::{Expect, expect};
use k8s_openapi::jiff::Timestamp;
use kube::{Client, client::Body};
use parking_lot::Mutex;
use pointsman_core::model::clock::{Mono, Wall};
use pointsman_instrument::{
    Signal, Telemetry, Transport,
    metric::Counter,
    semconv::mco::{NodeDrainRetries, PoolMaxUnavailable, PoolPaused, RenderSize},
    span::Place,
};
use pointsman_watch::{
    Kind, Watcher, World,
    watch::{Observed, Seen},
    world::Change,
};
use serde_json::json;
use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep},
};

const PLURALS: [&str; 5] = ["machineconfigpools", "nodes", "machineconfigs", "namespaces", "leases"];
const POOLS: &str = PLURALS[0];
const NODES: &str = PLURALS[1];
const CONFIGS: &str = PLURALS[2];

/// A role for tests: whether each pool is paused, how large its rendered config is, and how often any node changed, as drains
/// tried again.
#[derive(Default)]
struct Simple {
    changes: Option<Counter<NodeDrainRetries>>,
}

impl Watcher for Simple {
    const ROLE: &'static str = "operator";
    const KINDS: &'static [Kind] = &[Kind::MachineConfigPool, Kind::Node, Kind::MachineConfig];
    const READS_BODIES: bool = true;

    fn changed(&mut self, change: &Change, _world: &World, _now: Timestamp) -> Option<Place> {
        if let (Change::Node(_), Some(on)) = (change, self.changes.as_ref().and_then(Counter::on)) {
            on.add(1, NodeDrainRetries { pool_name: "any".into() });
        }
        None
    }

    fn tick(&mut self, _world: &World, _now: Timestamp) {}

    fn attach(&mut self, telemetry: &Arc<Telemetry>, _world: &World, _now: Timestamp) {
        self.changes = Some(telemetry.counter());
    }

    fn begin(&self, _world: &World) {
        if let Some(on) = self.changes.as_ref().and_then(Counter::on) {
            on.add(0, NodeDrainRetries { pool_name: "any".into() });
        }
    }

    fn detach(&mut self) {
        self.changes = None;
    }

    fn observe_legacy(observed: &Observed<Self>) {
        observed.metric::<PoolMaxUnavailable>(|_, readings| readings.set(1, PoolMaxUnavailable { pool_name: "old name".into() }));
    }

    fn observe(observed: &Observed<Self>) {
        observed.metric::<PoolPaused>(|seen: &Seen<'_, Self>, readings| {
            for (name, pool) in seen.world.pools.iter() {
                readings.set(i64::from(pool.spec.paused), PoolPaused { pool_name: name.to_owned().into() });
            }
        });
        observed.metric::<RenderSize>(|seen: &Seen<'_, Self>, readings| {
            let pools = seen.world.pools.iter();
            let sizes =
                pools.filter_map(|(name, pool)| Some((name, seen.world.bodies.get(&pool.spec.configuration.name)?.bytes)));
            for (name, bytes) in sizes {
                let bytes = f64::from(u32::try_from(bytes).expect("a small one"));
                readings.set(bytes, RenderSize { pool_name: format!("size of {name}").into() });
            }
        });
    }
}

/// One process.
struct Replica {
    stopper: Stopper,
    task: JoinHandle<()>,
    /// Cut off from the API server.
    is_cut: Arc<AtomicBool>,
}

struct Cluster {
    server: Server,
    began: Instant,
    heard: Arc<Mutex<Heard>>,
    replicas: BTreeMap<&'static str, Replica>,
    /// Whether processes say old names, too.
    legacy: bool,
    /// Whom processes obey.
    plans: config::Plans,
}

impl Cluster {
    fn new() -> Self {
        let server = Server::new(&PLURALS);
        server.put("namespaces", "", "kube-system", json!({ "metadata": { "uid": "cluster-1" } }));
        Self {
            server,
            began: Instant::now(),
            heard: Arc::default(),
            replicas: BTreeMap::new(),
            legacy: false,
            plans: config::Plans::default(),
        }
    }

    fn pool(&self, name: &str, paused: bool) {
        let configuration = json!({ "name": format!("rendered-{name}") });
        self.server.put(POOLS, "", name, json!({ "spec": { "paused": paused, "configuration": configuration } }));
    }

    fn node(&self, name: &str, unschedulable: bool) {
        self.server.put(NODES, "", name, json!({ "spec": { "unschedulable": unschedulable } }));
    }

    /// Starts a process that stands alone.
    fn start(&mut self, name: &'static str) {
        self.start_as(name, None, Role::Operator);
    }

    fn start_as(&mut self, name: &'static str, pod: Option<&str>, role: Role) {
        let (stopper, stop) = pair();
        let (is_cut, began) = (Arc::new(AtomicBool::new(false)), self.began);
        let client = client(self.server.client(), Arc::clone(&is_cut));
        let url = "http://127.0.0.1:4317".parse().expect("a URL");
        let otlp = Otlp { url, ca_file: None, server_name: None, token_file: None };
        let (connected, heard) = (client.clone(), Arc::clone(&self.heard));
        let around = Around {
            connect: Arc::new(move || {
                let client = connected.clone();
                Box::pin(async move { Ok(client) })
            }),
            client,
            now: Arc::new(move || {
                let passed = began.elapsed();
                let nanos = u64::try_from(passed.as_nanos()).expect("a short test");
                (Mono(nanos + 1), Wall::from_secs(1_767_261_600).plus(passed))
            }),
            random: Arc::new(|| 0),
            transport: Transport::InProcess(Arc::new(move |signal, body| match signal {
                Signal::Metrics => heard.lock().hear(name, began, &body),
                Signal::Traces => heard.lock().trace(name, &body),
            })),
            plans: Plans::new(&self.plans, &otlp).expect("an address"),
            role,
            pod: pod.map(|pod| ("here".to_owned(), pod.to_owned())),
            interval: Duration::from_secs(15),
            legacy: self.legacy,
            scrape: None,
        };
        #[expect(clippy::disallowed_methods, reason = "a test waits for its own task")]
        let task =
            tokio::spawn(async move { work(Simple::default(), |_| Vec::new(), around, stop).await.expect("no task fails") });
        self.replicas.insert(name, Replica { stopper, task, is_cut });
    }

    async fn stop(&mut self, name: &str) {
        let Replica { stopper, task, .. } = self.replicas.remove(name).expect("it runs");
        stopper.ask();
        task.await.expect("it ends by itself");
        self.say(&format!("{name} ended"));
    }

    fn cut(&self, name: &str, is_cut: bool) {
        self.replicas[name].is_cut.store(is_cut, Ordering::Relaxed);
    }

    async fn pass(&self, seconds: u64) {
        sleep(Duration::from_secs(seconds)).await;
    }

    /// How often each replica has pushed since this was last asked.
    fn say(&self, text: &str) {
        let mut heard = self.heard.lock();
        let counts: Vec<String> =
            heard.last.iter_mut().map(|(name, (_, count))| format!("{name} x{}", std::mem::take(count))).collect();
        let line = format!("{}s -- {text}: {}\n", secs(self.began), counts.join(", "));
        heard.out.push_str(&line);
    }
}

/// A client that reaches nobody while it is cut off.
fn client(inner: Client, is_cut: Arc<AtomicBool>) -> Client {
    let service = tower::service_fn(move |request: http::Request<Body>| {
        let (inner, is_cut) = (inner.clone(), Arc::clone(&is_cut));
        async move {
            if is_cut.load(Ordering::Relaxed) {
                return Err(Box::new(io::Error::from(io::ErrorKind::ConnectionRefused)) as tower::BoxError);
            }
            inner.send(request).await.map_err(Into::into)
        }
    });
    Client::new(service, "default")
}

/// Tells a story, and holds what was heard against what should have been.
async fn check(story: impl AsyncFnOnce(&mut Cluster), want: Expect) {
    let mut cluster = Cluster::new();
    cluster.pool("master", false);
    cluster.pool("worker", true);
    cluster.node("n1", false);
    story(&mut cluster).await;
    for name in cluster.replicas.keys().copied().collect::<Vec<_>>() {
        cluster.stop(name).await;
    }
    let heard = cluster.heard.lock();
    want.assert_eq(&heard.out);
}

/// Scenario: one kind is not answered for 20 s. Guarantees: nothing is pushed before both kinds were listed; then at once, and every
/// 15 s. A stop pushes once more.
#[tokio::test(start_paused = true)]
async fn the_first_push_is_a_whole_picture() {
    check(
        async |cluster: &mut Cluster| {
            cluster.server.mood(&[NODES], Mood::BlackHole);
            cluster.start("a");
            cluster.pass(20).await;
            cluster.server.mood(&[NODES], Mood::Fine);
            cluster.pass(60).await;
            cluster.say("a minute");
        },
        expect![[r#"
            21.2s a: any=0 master=0 worker=1
            80s -- a minute: a x4
            80s -- a ended: a x1
        "#]],
    )
    .await;
}

/// Scenario: one kind is never answered. Guarantees: the other does not wait for it for ever.
#[tokio::test(start_paused = true)]
async fn a_kind_that_is_never_answered_is_not_waited_for() {
    check(
        async |cluster: &mut Cluster| {
            cluster.server.mood(&[NODES], Mood::BlackHole);
            cluster.start("a");
            cluster.pass(62).await;
        },
        expect![[r#"
            30s a: any=0 master=0 worker=1
            62s -- a ended: a x4
        "#]],
    )
    .await;
}

/// Scenario: a pool is deleted and a node changes while no watch tells, then the server has forgotten the versions; later every
/// watch breaks. Guarantees: the list swaps whole: the series of the pool is gone at the next push, and no other; nothing flaps.
#[tokio::test(start_paused = true)]
async fn a_relist_swaps_whole_and_a_break_changes_nothing() {
    check(
        async |cluster: &mut Cluster| {
            cluster.start("a");
            cluster.pass(20).await;
            cluster.server.delete(POOLS, "", "worker", true);
            cluster.node("n1", true);
            cluster.server.forget();
            cluster.server.cut();
            cluster.pass(30).await;
            cluster.say("after 410");
            cluster.server.cut();
            cluster.pass(30).await;
            cluster.say("after a break");
        },
        expect![[r#"
            0s a: any=0 master=0 worker=1
            30s a: any=1 master=0 worker ends
            45s a: any=1 master=0
            50s -- after 410: a x4
            80s -- after a break: a x2
            80s -- a ended: a x1
        "#]],
    )
    .await;
}

/// Scenario: the API server is away for two minutes, and a pool changes meanwhile. Guarantees: who stands alone pushes on what was
/// last known; the change shows once the server is back; no series is lost or told twice.
#[tokio::test(start_paused = true)]
async fn an_api_server_that_restarts_costs_no_series() {
    check(
        async |cluster: &mut Cluster| {
            cluster.start("a");
            cluster.pass(20).await;
            cluster.server.mood(&PLURALS, Mood::Away);
            cluster.server.cut();
            cluster.pool("worker", false);
            cluster.pass(120).await;
            cluster.say("away for two minutes");
            cluster.server.mood(&PLURALS, Mood::Fine);
            cluster.pass(60).await;
            cluster.say("back for one");
        },
        expect![[r#"
            0s a: any=0 master=0 worker=1
            140s -- away for two minutes: a x10
            165s a: any=0 master=0 worker=0
            200s -- back for one: a x4
            200s -- a ended: a x1
        "#]],
    )
    .await;
}

/// Scenario: the right to read nodes is missing, and later given; then pools are not defined any more. Guarantees: the other kind
/// is told all the while; what was known of a kind stays while its right is missing, and ends with its definition.
#[tokio::test(start_paused = true)]
async fn one_kind_in_trouble_takes_no_other_with_it() {
    check(
        async |cluster: &mut Cluster| {
            cluster.server.mood(&[NODES], Mood::Says(403));
            cluster.start("a");
            cluster.pass(20).await;
            cluster.server.mood(&[NODES], Mood::Fine);
            cluster.pass(42).await;
            cluster.node("n1", true);
            cluster.pass(20).await;
            cluster.server.mood(&[POOLS], Mood::Says(403));
            cluster.server.cut();
            cluster.pass(60).await;
            cluster.say("pools are forbidden");
            cluster.server.mood(&[POOLS], Mood::Says(404));
            cluster.pass(60).await;
            cluster.say("pools are not defined");
            cluster.server.mood(&[POOLS], Mood::Fine);
            cluster.pass(60).await;
        },
        expect![[r#"
            0s a: any=0 master=0 worker=1
            30s a: any=1 master=0 worker=1
            75s a: any=2 master=0 worker=1
            142s -- pools are forbidden: a x10
            165s a: any=2 master ends worker ends
            180s a: any=2
            202s -- pools are not defined: a x4
            225s a: any=2 master=0 worker=1
            262s -- a ended: a x5
        "#]],
    )
    .await;
}

/// Scenario: two replicas; the one that holds the Lease is cut off from the API server, and comes back. Guarantees: only the holder
/// pushes; it falls silent before the other begins, which is within the Lease's time; every series goes on; the first one waits.
#[tokio::test(start_paused = true)]
async fn of_two_replicas_one_speaks() {
    check(
        async |cluster: &mut Cluster| {
            cluster.start_as("a", Some("watch-a"), Role::Operator);
            cluster.pass(1).await;
            cluster.start_as("b", Some("watch-b"), Role::Operator);
            cluster.pass(61).await;
            cluster.say("a minute");
            cluster.cut("a", true);
            cluster.pool("master", true);
            cluster.pass(10).await;
            cluster.say("a was cut off 10 s ago");
            cluster.pass(50).await;
            cluster.say("a was cut off a minute ago");
            cluster.cut("a", false);
            cluster.pass(60).await;
            cluster.say("a is back");
        },
        expect![[r#"
            0s a: any=0 master=0 worker=1
            62s -- a minute: a x5
            72s -- a was cut off 10 s ago: a x0
            76s b: any=0 master=1 worker=1
            122s -- a was cut off a minute ago: a x0, b x4
            182s -- a is back: a x0, b x4
            182s -- a ended: a x0, b x0
            182s -- b ended: a x0, b x1
        "#]],
    )
    .await;
}

/// Scenario: two replicas; the one that speaks is asked to stop. Guarantees: it pushes once more, then hands the Lease on; the other
/// begins at its next look.
#[tokio::test(start_paused = true)]
async fn who_stops_hands_over_at_once() {
    check(
        async |cluster: &mut Cluster| {
            cluster.start_as("a", Some("watch-a"), Role::Operator);
            cluster.pass(1).await;
            cluster.start_as("b", Some("watch-b"), Role::Operator);
            cluster.pass(20).await;
            cluster.pool("master", true);
            cluster.pass(1).await;
            cluster.stop("a").await;
            cluster.pass(3).await;
            cluster.say("3 s later");
        },
        expect![[r#"
            0s a: any=0 master=0 worker=1
            22s a: any=0 master=1 worker=1
            22s -- a ended: a x3
            23s b: any=0 master=1 worker=1
            25s -- 3 s later: a x0, b x1
            25s -- b ended: a x0, b x1
        "#]],
    )
    .await;
}

/// Scenario: a pod whose cluster can be told; one that may not read its uid; and the watcher of one node of two. Guarantees: a
/// replica is not told from another; one node's watcher is, sees no other node, and sends no traces.
#[tokio::test(start_paused = true)]
async fn the_resource_says_who_speaks() {
    check(
        async |cluster: &mut Cluster| {
            cluster.heard.lock().shows_resource = true;
            cluster.start_as("a", Some("watch-a"), Role::Operator);
            cluster.pass(1).await;
            cluster.server.mood(&["namespaces"], Mood::Says(403));
            cluster.start_as("b", None, Role::Node { name: "n2".into() });
            cluster.pass(1).await;
            cluster.node("n1", true);
            cluster.node("n2", true);
            cluster.pass(20).await;
            let traced = format!("{:?} sent spans", cluster.heard.lock().traced);
            cluster.say(&traced);
        },
        expect![[r#"
            0s a: service.name=pointsman-watch service.instance.id=operator service.version=0.1.0 k8s.cluster.uid=cluster-1 k8s.namespace.name=here any=0 master=0 worker=1
            1s b: service.name=pointsman-watch service.instance.id=daemon/n2 service.version=0.1.0 k8s.node.name=n2 any=0 master=0 worker=1
            15s a: service.name=pointsman-watch service.instance.id=operator service.version=0.1.0 k8s.cluster.uid=cluster-1 k8s.namespace.name=here any=2 master=0 worker=1
            16s b: service.name=pointsman-watch service.instance.id=daemon/n2 service.version=0.1.0 k8s.node.name=n2 any=1 master=0 worker=1
            22s -- {"a"} sent spans: a x2, b x2
            22s -- a ended: a x1, b x0
            22s -- b ended: a x0, b x1
        "#]],
    )
    .await;
}

/// Scenario: the rendered configs of two pools are there, one of them cannot be read at first; then a pool gets a new one.
/// Guarantees: the first push has what could be read; each body is read once, a failed one again after a minute.
#[tokio::test(start_paused = true)]
async fn bodies_are_read_once() {
    check(
        async |cluster: &mut Cluster| {
            for name in ["rendered-master", "rendered-worker"] {
                cluster.server.put(CONFIGS, "", name, json!({ "spec": { "osImageURL": "quay.io/one" } }));
            }
            cluster.server.fail_once("rendered-master");
            cluster.start("a");
            cluster.pass(50).await;
            cluster.pass(50).await;
            cluster.server.put(CONFIGS, "", "rendered-new", json!({ "spec": { "osImageURL": "quay.io/two", "fips": true } }));
            cluster.server.put(POOLS, "", "worker", json!({ "spec": { "configuration": { "name": "rendered-new" } } }));
            cluster.pass(22).await;
            cluster.say(&format!("{} bodies asked for", cluster.server.count("get machineconfigs")));
        },
        expect![[r#"
            0s a: any=0 master=0 size of worker=171 worker=1
            75s a: any=0 master=0 size of master=171 size of worker=171 worker=1
            105s a: any=0 master=0 size of master=171 size of worker=180 worker=0
            122s -- 4 bodies asked for: a x9
            122s -- a ended: a x1
        "#]],
    )
    .await;
}

/// Scenario: nodes are forbidden and then let be, configs are not defined; then the API server is away. Guarantees: what went wrong
/// is counted by kind and reason, and what is known ages.
#[tokio::test(start_paused = true)]
async fn how_watches_fare_is_told() {
    check(
        async |cluster: &mut Cluster| {
            cluster.heard.lock().shows_health = true;
            cluster.server.mood(&[NODES], Mood::Says(403));
            cluster.server.mood(&[CONFIGS], Mood::Says(404));
            cluster.start("a");
            cluster.pass(1).await;
            cluster.server.mood(&[NODES], Mood::Fine);
            cluster.pass(20).await;
            cluster.server.mood(&PLURALS, Mood::Away);
            cluster.server.cut();
            cluster.pass(40).await;
        },
        expect![[r#"
            0s a: cache.objects:MachineConfigPool=2 errors:MachineConfig,missing=1 errors:Node,forbidden=1 events:MachineConfigPool=2
            15s a: cache.objects:MachineConfigPool=2 cache.objects:Node=1 errors:MachineConfig,missing=1 errors:Node,forbidden=2 events:MachineConfigPool=2 events:Node=1 lag:MachineConfig=15 lag:MachineConfigPool=15 lag:Node=14
            30s a: cache.objects:MachineConfigPool=2 cache.objects:Node=1 errors:MachineConfig,missing=1 errors:MachineConfigPool,away=5 errors:Node,away=3 errors:Node,forbidden=2 events:MachineConfigPool=2 events:Node=1 lag:MachineConfig=30 lag:MachineConfigPool=30 lag:Node=29
            45s a: cache.objects:MachineConfigPool=2 cache.objects:Node=1 errors:MachineConfig,away=6 errors:MachineConfig,missing=1 errors:MachineConfigPool,away=6 errors:Node,away=4 errors:Node,forbidden=2 events:MachineConfigPool=2 events:Node=1 lag:MachineConfig=45 lag:MachineConfigPool=45 lag:Node=44
            60s a: cache.objects:MachineConfigPool=2 cache.objects:Node=1 errors:MachineConfig,away=7 errors:MachineConfig,missing=1 errors:MachineConfigPool,away=7 errors:Node,away=5 errors:Node,forbidden=2 events:MachineConfigPool=2 events:Node=1 lag:MachineConfig=60 lag:MachineConfigPool=60 lag:Node=59
            61s a: cache.objects:MachineConfigPool=2 cache.objects:Node=1 errors:MachineConfig,away=7 errors:MachineConfig,missing=1 errors:MachineConfigPool,away=7 errors:Node,away=6 errors:Node,forbidden=2 events:MachineConfigPool=2 events:Node=1 lag:MachineConfig=61 lag:MachineConfigPool=61 lag:Node=60
            61s -- a ended: a x6
        "#]],
    )
    .await;
}

/// Scenario: names of the operator's own metrics are wanted. Guarantees: they are said beside ours, and only then.
#[tokio::test(start_paused = true)]
async fn old_names_are_said_where_they_are_wanted() {
    check(
        async |cluster: &mut Cluster| {
            cluster.start("a");
            cluster.pass(1).await;
            cluster.legacy = true;
            cluster.start("b");
            cluster.pass(1).await;
        },
        expect![[r#"
            0s a: any=0 master=0 worker=1
            1s b: any=0 master=0 old name=1 worker=1
            2s -- a ended: a x2, b x1
            2s -- b ended: a x0, b x1
        "#]],
    )
    .await;
}
