//! The instances of one component, in this process: each is `pointsman-instrument` as an operator uses it, with its own telemetry,
//! pushes and session. Two counters are recorded all the time, as far as their gates are open.
//! Knows nothing of views and of what is exposed.

use crate::support::now;
use pointsman_instrument::{
    Identity, Telemetry,
    metric::Counter,
    semconv::{
        attribute::{K8S_DEPLOYMENT_NAME, K8S_NAMESPACE_NAME, McoControllerName, McoQueueName},
        mco::{ControllerQueueDropped, ControllerReconcileErrors},
    },
    start,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, SystemTime},
};
use tokio::sync::watch;

/// Between two records.
const TICK: Duration = Duration::from_millis(50);
/// What it takes to push and to say good-bye.
const END: Duration = Duration::from_secs(20);

/// Instances of a component.
pub(crate) struct Fleet {
    members: Vec<Arc<Member>>,
    stop: watch::Sender<bool>,
    thread: Option<thread::JoinHandle<()>>,
}

/// One of them.
struct Member {
    telemetry: Arc<Telemetry>,
    errors: Counter<ControllerReconcileErrors>,
    dropped: Counter<ControllerQueueDropped>,
    events: Mutex<Vec<String>>,
}

impl Fleet {
    /// So many instances of the Deployment `operator` in a namespace, with these variables in their environment.
    pub(crate) fn start(namespace: &str, count: usize, variables: &[(&str, &str)]) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
        let entered = runtime.enter();
        let (stop, stopped) = watch::channel(false);
        let variables: Vec<(String, String)> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (mut members, mut tasks) = (Vec::new(), Vec::new());
        for i in 0..count {
            let identity = Identity::new("operator").instance(&format!("operator-{i}"));
            let identity = identity.with(K8S_NAMESPACE_NAME, namespace).with(K8S_DEPLOYMENT_NAME, "operator");
            let started = start(identity, variables.clone(), wall).expect("the variables are good");
            let telemetry = started.telemetry.clone();
            let (errors, dropped) = (telemetry.counter(), telemetry.counter());
            let member = Arc::new(Member { telemetry, errors, dropped, events: Mutex::default() });
            members.push(member.clone());
            tasks.push(runtime.spawn(started.exporter.run(started.every, ended(stopped.clone()), |_| ())));
            if let Some(sync) = started.sync {
                let told = member.clone();
                let tell = move |event: &pointsman_instrument::opamp::Event| told.tell(&event.to_string());
                tasks.push(runtime.spawn(sync.run(ended(stopped.clone()), tell)));
            }
            tasks.push(runtime.spawn(work(member, stopped.clone())));
        }
        drop(entered);
        let thread = thread::spawn(move || {
            runtime.block_on(async {
                for task in tasks {
                    task.await.expect("no task fails");
                }
            });
        });
        Self { members, stop, thread: Some(thread) }
    }

    /// How many record errors.
    pub(crate) fn open(&self) -> usize {
        self.members.iter().filter(|member| member.errors.on().is_some()).count()
    }

    /// How many obey each plan; nobody's is empty.
    pub(crate) fn hashes(&self) -> BTreeMap<String, usize> {
        let mut all = BTreeMap::new();
        for member in &self.members {
            let hash = member.telemetry.plan_hash().map(|hash| hash.to_string()).unwrap_or_default();
            *all.entry(hash).or_default() += 1;
        }
        all
    }

    /// What happened to each.
    pub(crate) fn events(&self) -> Vec<Vec<String>> {
        self.members.iter().map(|member| member.events.lock().unwrap_or_else(PoisonError::into_inner).clone()).collect()
    }
}

impl Member {
    fn tell(&self, event: &str) {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push(event.to_owned());
    }

    fn record(&self) {
        for controller_name in McoControllerName::ALL {
            if let Some(errors) = self.errors.on() {
                errors.add(1, ControllerReconcileErrors { controller_name });
            }
        }
        if let Some(dropped) = self.dropped.on() {
            dropped.add(1, ControllerQueueDropped { queue_name: McoQueueName::ALL[0] });
        }
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        // All may have ended by themselves.
        self.stop.send(true).ok();
        let (deadline, Some(thread)) = (now() + END, self.thread.take()) else { return };
        while !thread.is_finished() && now() < deadline {
            thread::sleep(TICK);
        }
        if thread.is_finished() {
            thread.join().ok();
        }
    }
}

async fn work(member: Arc<Member>, mut stopped: watch::Receiver<bool>) {
    loop {
        member.record();
        tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => return,
            () = tokio::time::sleep(TICK) => {}
        }
    }
}

async fn ended(mut stopped: watch::Receiver<bool>) {
    // Without a fleet it has ended too.
    stopped.wait_for(|stopped| *stopped).await.ok();
}

#[expect(clippy::disallowed_methods, reason = "tests have no app::clock")]
fn wall() -> SystemTime {
    SystemTime::now()
}
