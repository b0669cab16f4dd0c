//! A cluster as it changes, fails and recovers, told by an API server in process and on a clock that only waits for us.
//! Every update is one line: when, what is off, and what became of each object.

mod api_failures;
mod decisions;
mod outages;

use super::{Controller, Sources, Update};
use crate::kubernetes::{follow::Health, server::Server};
use expect_test::Expect;
use parking_lot::Mutex;
use pointsman_core::{
    fault::render,
    model::{
        clock::{Mono, Wall},
        component::ComponentKey,
        instrument::{Instrument, Kind},
    },
    view::{plan::ViewSet, spec::Catalogue},
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
    time::{Instant, sleep},
};

const START: u64 = 1_767_261_600; // 2026-01-01T10:00:00Z
/// Every kind that is watched, by plural.
const PLURALS: [&str; 8] = [
    "telemetryviews",
    "clustertelemetryviews",
    "namespaces",
    "pods",
    "replicasets",
    "jobs",
    "prometheusrules",
    "horizontalpodautoscalers",
];
const VIEWS: &str = "telemetryviews";
const CLUSTER_VIEWS: &str = "clustertelemetryviews";

/// A view of namespace `ns` that turns one instrument off.
fn off(instrument: &str) -> Value {
    view(json!([{ "name": "r", "match": { "instruments": [instrument] }, "state": "Disabled" }]))
}

fn view(metrics: Value) -> Value {
    let spec = json!({ "reason": "test", "metrics": metrics });
    json!({ "apiVersion": "pointsman.dev/v1alpha1", "kind": "TelemetryView", "spec": spec })
}

/// A cluster, one controller that watches it, and all that it said.
struct World {
    server: Server,
    out: Arc<Mutex<String>>,
    began: Instant,
    state_dir: Option<tempfile::TempDir>,
    catalogues: watch::Sender<Arc<Vec<Arc<Catalogue>>>>,
    running: Option<Running>,
    last: Arc<Mutex<Option<Update>>>,
}

/// A controller at work.
struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
    health: Vec<Arc<Health>>,
}

impl World {
    fn new() -> Self {
        let catalogues = watch::Sender::new(Arc::default());
        let (out, last) = Default::default();
        Self { server: Server::new(&PLURALS), out, began: Instant::now(), state_dir: None, catalogues, running: None, last }
    }

    fn sources(&self) -> Sources {
        let (server, began) = (self.server.clone(), self.began);
        Sources {
            connect: Arc::new(move || {
                let client = server.client();
                Box::pin(async move { Ok(client) })
            }),
            now: Arc::new(move || {
                let passed = began.elapsed();
                let nanos = u64::try_from(passed.as_nanos()).expect("a short test");
                (Mono(nanos + 1), Wall::from_secs(START).plus(passed))
            }),
            random: Arc::new(|| 0),
            offload: Arc::new(|work| work()),
            catalogues: self.catalogues.subscribe(),
            protecting: BTreeSet::new(),
            state_dir: self.state_dir.as_ref().map(|dir| dir.path().to_owned()),
        }
    }

    /// Keeps the last good views in a folder from now on.
    fn keep(&mut self) -> PathBuf {
        let dir = self.state_dir.insert(tempfile::Builder::new().suffix(".dir").tempdir().expect("a temporary folder"));
        dir.path().join("views-cache.json")
    }

    /// Starts the controller, and waits until it has said what it has to say.
    async fn start(&mut self) {
        let controller = Controller::new(self.sources());
        let health = controller.health();
        let (out, last, began) = (Arc::clone(&self.out), Arc::clone(&self.last), self.began);
        match controller.cached() {
            Some(update) => {
                out.lock().push_str(&told(began, &update, last.lock().as_ref()));
                *last.lock() = Some(update);
            }
            None => *last.lock() = None,
        }
        let (stop, stopped) = oneshot::channel::<()>();
        let on_update = move |update: Update| {
            let text = told(began, &update, last.lock().as_ref());
            out.lock().push_str(&text);
            *last.lock() = Some(update);
        };
        let run = controller.run(on_update, async move { drop(stopped.await) });
        #[expect(clippy::disallowed_methods, reason = "a test waits for its own task")]
        let task = tokio::spawn(run);
        self.running = Some(Running { stop, task, health });
        self.pass(0.01).await;
    }

    async fn stop(&mut self) {
        let Running { stop, task, .. } = self.running.take().expect("it runs");
        stop.send(()).expect("it still runs");
        task.await.expect("it ends by itself");
    }

    /// Lets time pass.
    async fn pass(&self, seconds: f64) {
        sleep(Duration::from_secs_f64(seconds)).await;
    }

    fn say(&self, text: &str) {
        self.out.lock().push_str(&format!("{}s -- {text}\n", self.began.elapsed().as_millis() as f64 / 1_000.0));
    }

    /// What was told last.
    fn update(&self) -> Update {
        self.last.lock().clone().expect("something was told")
    }

    /// The counters of every watch that did not go smoothly.
    fn health(&self) {
        let Running { health, .. } = self.running.as_ref().expect("it runs");
        let mut lines = String::new();
        for (plural, now) in PLURALS.iter().zip(health.iter().map(|health| health.now())) {
            if (now.errors, now.restarts, now.relists) != (0, 0, 1) {
                let (relists, errors, restarts) = (now.relists, now.errors, now.restarts);
                lines.push_str(&format!("   {plural}: {relists} lists, {errors} errors, {restarts} restarts\n"));
            }
        }
        self.say("health");
        self.out.lock().push_str(&lines);
    }
}

fn told(began: Instant, update: &Update, last: Option<&Update>) -> String {
    let component = ComponentKey { namespace: "ns".into(), workload: None, service: "s".into() };
    let plan = update.views.plan(&component, Wall::from_secs(START).plus(began.elapsed()));
    let is_off = |name: &&str| {
        let instrument = Instrument { scope: "".into(), name: (*name).into(), kind: Kind::Counter, unit: "".into() };
        !plan.decide(&instrument).on
    };
    let off: Vec<&str> = ["a", "b", "c"].into_iter().filter(is_off).collect();
    let object = |object: &Arc<super::ClusterObject>| {
        let verdict = match (object.accepted, object.kept) {
            (true, _) => "accepted",
            (false, true) => "kept",
            (false, false) => "refused",
        };
        format!("{} {verdict}", object.id.name)
    };
    let objects: Vec<String> = update.objects.iter().map(object).collect();
    let same = |last: &Update| Arc::ptr_eq(&last.views as &Arc<ViewSet>, &update.views);
    let same = if last.is_some_and(same) { " (same views)" } else { "" };
    let cached = if update.cached { " cached" } else { "" };
    let at = began.elapsed().as_millis() as f64 / 1_000.0;
    let mut out = format!("{at}s:{cached} off [{}] objects [{}]{same}\n", off.join(" "), objects.join(", "));
    for fault in &update.faults {
        let text = render::short(fault);
        out.push_str(&format!("   {}\n", text.rsplit_once(".dir/").map_or(&*text, |(_, rest)| rest)));
    }
    out
}

/// Tells a story, and holds what was told against what should have been.
async fn check(story: impl AsyncFnOnce(&mut World), want: Expect) {
    let mut world = World::new();
    story(&mut world).await;
    if world.running.is_some() {
        world.stop().await;
    }
    want.assert_eq(&world.out.lock());
}
