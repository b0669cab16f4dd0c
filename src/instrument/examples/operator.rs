//! A small operator without a cluster: it reconciles the JSON objects of a folder, and says with `pointsman-instrument` how
//! that goes. Two loops, as in the Machine Config Operator: `render` decides what a pool is to run, `node` makes it run.
//! Knows the library and a folder, nothing else of this repository. How to: `README.md` beside it.

use anyhow::Context as _;
use pointsman_instrument::{
    Context, Identity, Reason, Reconcile, Telemetry, Trigger, Turn,
    metric::{Counter, Histogram},
    semconv::{
        attribute::{McoControllerName, McoObjectKind, McoQueueName, McoResult, McoTask, PointsmanReconcileResult},
        mco,
    },
    span::Finished,
    start,
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};
use tokio::sync::watch;

/// An object that fails so often is given up, until an event says that it changed.
const TRIES_MAX: u32 = 3;
/// How long a failed object waits for its next try.
const RETRY_AFTER: Duration = Duration::from_millis(20);

/// Why a turn fails: a closed set, whose words become attribute values.
#[derive(Clone, Copy, Debug)]
enum Why {
    Unreadable,
    Incomplete,
    Blocked,
    Unwritable,
}

impl Reason for Why {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Incomplete => "incomplete",
            Self::Blocked => "blocked",
            Self::Unwritable => "unwritable",
        }
    }
}

/// An object as this operator sees it. What a real one reads from the API server.
struct Object {
    path: PathBuf,
    json: Value,
    annotations: BTreeMap<String, String>,
}

impl Object {
    fn read(path: &Path) -> Result<Self, Why> {
        let text = fs::read_to_string(path).map_err(|_| Why::Unreadable)?;
        let json: Value = serde_json::from_str(&text).map_err(|_| Why::Unreadable)?;
        let annotations = json["metadata"]["annotations"].as_object().into_iter().flatten();
        let annotations = annotations.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect();
        Ok(Self { path: path.to_owned(), json, annotations })
    }

    fn write(&mut self) -> Result<(), Why> {
        self.json["metadata"]["annotations"] =
            self.annotations.iter().map(|(k, v)| (k.clone(), Value::from(v.as_str()))).collect();
        fs::write(&self.path, format!("{:#}\n", self.json)).map_err(|_| Why::Unwritable)
    }
}

/// Decides what a pool is to run. Answers whether it changed the object.
fn render(object: &mut Object) -> Result<bool, Why> {
    let wanted = object.json["spec"]["config"].as_str().ok_or(Why::Incomplete)?.to_owned();
    let rendered = format!("rendered-{wanted}");
    let changed = object.json["status"]["rendered"] != rendered;
    object.json["status"]["rendered"] = rendered.into();
    Ok(changed)
}

/// Makes a pool run what was decided.
fn update(object: &mut Object) -> Result<bool, Why> {
    let rendered = object.json["status"]["rendered"].as_str().ok_or(Why::Incomplete)?.to_owned();
    if object.json["status"]["running"] == rendered {
        return Ok(false);
    }
    if object.json["spec"]["blocked"] == true {
        return Err(Why::Blocked);
    }
    object.json["status"]["running"] = rendered.into();
    Ok(true)
}

/// An object that waits for its turn.
struct Item {
    path: PathBuf,
    since: SystemTime,
    retry: u32,
    trigger: Trigger,
}

type Queue = Arc<Mutex<VecDeque<Item>>>;

fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A loop with its queue, and what it says of itself: handles are made once, and used where things happen.
struct Controller {
    telemetry: Arc<Telemetry>,
    name: McoControllerName,
    queue_name: McoQueueName,
    work: fn(&mut Object) -> Result<bool, Why>,
    /// Goes on with the trace that another loop left in the object.
    follows: bool,
    queue: Queue,
    given_up: Mutex<BTreeSet<PathBuf>>,
    turns: Reconcile,
    duration: Histogram<mco::ControllerReconcileDuration>,
    errors: Counter<mco::ControllerReconcileErrors>,
    latency: Histogram<mco::ControllerQueueLatency>,
    retries: Counter<mco::ControllerQueueRetries>,
    dropped: Counter<mco::ControllerQueueDropped>,
}

impl Controller {
    fn new(
        telemetry: &Arc<Telemetry>,
        name: McoControllerName,
        queue_name: McoQueueName,
        work: fn(&mut Object) -> Result<bool, Why>,
    ) -> Self {
        let queue = Queue::default();
        // Read from state at each push: what waits now, never what was added and taken.
        let waiting = queue.clone();
        telemetry.observe::<mco::ControllerQueueDepth>(move |readings| {
            let depth = i64::try_from(locked(&waiting).len()).unwrap_or(i64::MAX);
            readings.set(depth, mco::ControllerQueueDepth { queue_name });
        });
        let this = Self {
            telemetry: telemetry.clone(),
            name,
            queue_name,
            work,
            follows: name == McoControllerName::Node,
            queue,
            given_up: Mutex::default(),
            turns: Reconcile::new(telemetry, "MachineConfigPool").controller(name.as_str()),
            duration: telemetry.histogram(),
            errors: telemetry.counter(),
            latency: telemetry.histogram(),
            retries: telemetry.counter(),
            dropped: telemetry.counter(),
        };
        // There from the start, so that the first error shows as an increase.
        this.count_errors(0);
        this.count_retries(0);
        this.count_dropped(0);
        this
    }

    fn count_errors(&self, n: u64) {
        if let Some(errors) = self.errors.on() {
            errors.add(n, mco::ControllerReconcileErrors { controller_name: self.name });
        }
    }

    fn count_retries(&self, n: u64) {
        if let Some(retries) = self.retries.on() {
            retries.add(n, mco::ControllerQueueRetries { queue_name: self.queue_name });
        }
    }

    fn count_dropped(&self, n: u64) {
        if let Some(dropped) = self.dropped.on() {
            dropped.add(n, mco::ControllerQueueDropped { queue_name: self.queue_name });
        }
    }

    fn push(&self, path: &Path, trigger: Trigger) {
        let mut given_up = locked(&self.given_up);
        match trigger {
            Trigger::Event => drop(given_up.remove(path)),
            Trigger::Resync | Trigger::Timer if given_up.contains(path) => return,
            Trigger::Resync | Trigger::Timer => {}
        }
        let item = Item { path: path.to_owned(), since: now(), retry: 0, trigger };
        locked(&self.queue).push_back(item);
    }

    /// Works until nothing waits. Answers how many objects were given up.
    async fn drain(&self) -> u32 {
        let mut given_up = 0;
        loop {
            let Some(mut item) = locked(&self.queue).pop_front() else { return given_up };
            let Err(_) = self.turn(&item) else { continue };
            item.retry += 1;
            if item.retry < TRIES_MAX {
                self.count_retries(1);
                tokio::time::sleep(RETRY_AFTER).await;
                item.since = now();
                locked(&self.queue).push_back(item);
            } else {
                self.count_dropped(1);
                locked(&self.given_up).insert(item.path);
                given_up += 1;
            }
        }
    }

    /// One turn: begun, told what it is about, ended in success or in a failure. Left early it would count as cancelled.
    fn turn(&self, item: &Item) -> Result<(), Why> {
        let began = now();
        let waited = began.duration_since(item.since).unwrap_or_default();
        if let Some(latency) = self.latency.on() {
            latency.record(waited.as_secs_f64(), mco::ControllerQueueLatency { queue_name: self.queue_name });
        }
        let name = item.path.file_stem().unwrap_or_default().to_string_lossy();
        let mut turn = self.turns.begin().object(&name).waited(waited).retry(item.retry).trigger(item.trigger);
        let object = Object::read(&item.path);
        if let Some(before) = object.as_ref().ok().and_then(|object| self.before(object)) {
            turn = turn.child_of(before);
        }
        let ended = object.and_then(|object| self.act(&turn, object));
        self.record(&turn, item, began, ended);
        match ended {
            Ok(changed) => turn.success(changed),
            Err(why) => turn.failure(why),
        }
        ended.map(drop)
    }

    /// The span that an object's annotation names. One that others spoilt is no reason to stop: the trace begins anew.
    fn before(&self, object: &Object) -> Option<Context> {
        Context::read(&object.annotations).ok().flatten().filter(|_| self.follows)
    }

    /// Does the work, and where that changed the object leaves the trace in it for the next loop.
    fn act(&self, turn: &Turn<'_>, mut object: Object) -> Result<bool, Why> {
        let changed = (self.work)(&mut object)?;
        if changed {
            turn.context().write(&mut object.annotations);
            object.write()?;
        }
        Ok(changed)
    }

    /// What the Machine Config Operator is to say of its controllers, beside the library's own count, time and span.
    fn record(&self, turn: &Turn<'_>, item: &Item, began: SystemTime, ended: Result<bool, Why>) {
        let end = now();
        let result = if ended.is_ok() { McoResult::Success } else { McoResult::Error };
        if let Some(duration) = self.duration.on() {
            let took = end.duration_since(began).unwrap_or_default().as_secs_f64();
            duration.record(took, mco::ControllerReconcileDuration { controller_name: self.name, result });
        }
        self.count_errors(u64::from(ended.is_err()));
        let result = match ended {
            Ok(false) => return,
            Ok(true) => PointsmanReconcileResult::Changed,
            Err(_) => PointsmanReconcileResult::Error,
        };
        // A span within the turn's own. Where another process does not record this trace, neither do we.
        let Some(place) = turn.child() else { return };
        let span = mco::ControllerReconcile {
            object_kind: McoObjectKind::MachineConfigPool,
            controller_name: self.name,
            queue_name: Some(self.queue_name),
            pointsman_reconcile_trigger: item.trigger,
            pointsman_reconcile_result: result,
        };
        let span = Finished::new(span, place, began, end);
        self.telemetry.span(match ended {
            Ok(_) => span,
            Err(why) => span.failed(why.as_str()),
        });
    }
}

/// The operator: its loops, and the tasks that it runs one after the other.
struct Operator {
    folder: PathBuf,
    render: Controller,
    node: Controller,
    duration: Histogram<mco::OperatorSyncDuration>,
    errors: Counter<mco::OperatorSyncErrors>,
}

impl Operator {
    fn new(telemetry: &Arc<Telemetry>, folder: PathBuf) -> Self {
        Self {
            folder,
            render: Controller::new(telemetry, McoControllerName::Render, McoQueueName::Rendercontroller, render),
            node: Controller::new(telemetry, McoControllerName::Node, McoQueueName::Nodecontroller, update),
            duration: telemetry.histogram(),
            errors: telemetry.counter(),
        }
    }

    /// Looks at every object once.
    async fn sync(&self, trigger: Trigger) -> anyhow::Result<()> {
        let mut paths: Vec<_> = fs::read_dir(&self.folder)?.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<_>>()?;
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        for (controller, task) in [(&self.render, McoTask::RenderConfig), (&self.node, McoTask::MachineConfigPools)] {
            paths.iter().for_each(|path| controller.push(path, trigger));
            let began = now();
            let given_up = controller.drain().await;
            if let Some(duration) = self.duration.on() {
                let took = now().duration_since(began).unwrap_or_default().as_secs_f64();
                duration.record(took, mco::OperatorSyncDuration { task });
            }
            if let Some(errors) = self.errors.on() {
                errors.add(u64::from(given_up > 0), mco::OperatorSyncErrors { task });
            }
        }
        Ok(())
    }
}

/// The clock of this program; the library reads it through the closure it is given.
#[expect(clippy::disallowed_methods, reason = "an operator of its own: it has no `app::clock`")]
fn now() -> SystemTime {
    SystemTime::now()
}

/// Ready once the other end of this channel is gone.
async fn ended(mut stopped: watch::Receiver<()>) {
    while stopped.changed().await.is_ok() {}
}

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stderr, reason = "a program of its own: stderr is its log")]
async fn main() -> anyhow::Result<()> {
    let folder: PathBuf = std::env::args_os().nth(1).context("say which folder: operator FOLDER")?.into();
    // Everything that is wrong with the environment is told at once, before any work.
    let identity = Identity::new("example-operator").instance("example-operator-0");
    let started = start(identity, std::env::vars(), now)?;
    let operator = Operator::new(&started.telemetry, folder);
    let (stop, stopped) = watch::channel(());
    let pushing = started.exporter.run(
        started.every,
        ended(stopped.clone()),
        // A receiver that is away is no reason to stop: the next push says all of it again.
        |error| eprintln!("push telemetry: {error}"),
    );
    // Where a plan comes from somewhere: it decides what is on, and may change at any time.
    let obeying = async {
        if let Some(sync) = started.sync {
            sync.run(ended(stopped), |event| eprintln!("plan: {event}")).await;
        }
    };
    let working = async {
        let first = operator.sync(Trigger::Event).await;
        let second = operator.sync(Trigger::Resync).await;
        // The exporter then pushes once more, the controller is told, and both end.
        drop(stop);
        first.and(second)
    };
    let (worked, (), ()) = tokio::join!(working, pushing, obeying);
    worked
}
