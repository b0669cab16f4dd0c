//! The operator's controllers, which report how their own loops turn, as an operator does that is instrumented: turns, errors and
//! work queues. Knows what happens to drains; nothing of metrics that follow from objects.

use super::{
    feed::{CLUSTER, Speaker},
    mco::{Happening, Second},
};
use parking_lot::Mutex;
use pointsman_core::model::component::ComponentKey;
use pointsman_instrument::{
    Identity, Telemetry,
    metric::{Counter, Histogram},
    semconv::{
        attribute::{
            K8S_CLUSTER_UID, K8S_DEPLOYMENT_NAME, K8S_NAMESPACE_NAME, K8S_POD_NAME, McoControllerName, McoQueueName, McoResult,
            SERVICE_NAME,
        },
        mco::{
            ControllerQueueDepth, ControllerQueueDropped, ControllerQueueLatency, ControllerQueueRetries,
            ControllerReconcileDuration, ControllerReconcileErrors,
        },
    },
};
use pointsman_watch::kind::NAMESPACE;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::SystemTime,
};

const NAME: &str = "machine-config-controller";
/// A turn that waits for an eviction gives up after so long.
const EVICTION: f64 = 30.0;

/// A loop: its name and queue, seconds between two turns, and seconds that a usual turn takes.
type Loop = (McoControllerName, McoQueueName, Second, f64);

const LOOPS: [Loop; 5] = [
    (McoControllerName::Node, McoQueueName::Nodecontroller, 5, 0.02),
    (McoControllerName::Drain, McoQueueName::Draincontroller, 15, 0.3),
    (McoControllerName::Render, McoQueueName::Rendercontroller, 60, 0.08),
    (McoControllerName::Template, McoQueueName::Templatecontroller, 120, 0.5),
    (McoControllerName::KubeletConfig, McoQueueName::Kubeletconfigcontroller, 120, 0.04),
];

/// Keys that wait, by queue.
type Depths = Arc<Mutex<BTreeMap<McoQueueName, i64>>>;

/// All loops of one process.
pub(crate) struct Loops {
    telemetry: Arc<Telemetry>,
    identity: Identity,
    seed: u64,
    durations: Histogram<ControllerReconcileDuration>,
    errors: Counter<ControllerReconcileErrors>,
    latencies: Histogram<ControllerQueueLatency>,
    retries: Counter<ControllerQueueRetries>,
    dropped: Counter<ControllerQueueDropped>,
    depths: Depths,
    /// Nodes whose drain fails.
    blocked: BTreeSet<String>,
    /// Pools for which no config can be rendered.
    unrendered: BTreeSet<String>,
}

impl Loops {
    /// At rest; its telemetry counts by this clock.
    pub(crate) fn new(seed: u64, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        let pod = format!("{NAME}-0");
        let identity = Identity::new(NAME).instance(&pod).with(K8S_POD_NAME, &pod).with(K8S_DEPLOYMENT_NAME, NAME);
        let identity = identity.with(K8S_NAMESPACE_NAME, NAMESPACE).with(K8S_CLUSTER_UID, CLUSTER);
        let telemetry = Telemetry::builder(identity.clone()).seed(seed ^ 1 << 60).build(clock);
        let depths: Depths = Arc::new(Mutex::new(LOOPS.iter().map(|(_, queue, ..)| (*queue, 0)).collect()));
        let read = Arc::clone(&depths);
        telemetry.observe::<ControllerQueueDepth>(move |readings| {
            for (queue_name, depth) in read.lock().iter() {
                readings.set(*depth, ControllerQueueDepth { queue_name: *queue_name });
            }
        });
        Self {
            seed,
            durations: telemetry.histogram(),
            errors: telemetry.counter(),
            latencies: telemetry.histogram(),
            retries: telemetry.counter(),
            dropped: telemetry.counter(),
            depths,
            blocked: BTreeSet::new(),
            unrendered: BTreeSet::new(),
            telemetry,
            identity,
        }
    }

    /// Who speaks.
    pub(crate) fn speaker(&self) -> Speaker {
        let of = [(K8S_NAMESPACE_NAME, NAMESPACE), (K8S_DEPLOYMENT_NAME, NAME), (SERVICE_NAME, NAME)];
        let of = |key: &str| of.into_iter().find(|(known, _)| *known == key).map(|(_, value)| value);
        Speaker {
            telemetry: Arc::clone(&self.telemetry),
            identity: self.identity.clone(),
            component: ComponentKey::from_resource(of),
        }
    }

    /// Something happened to a node, or to the pool.
    pub(crate) fn record(&mut self, happening: &Happening) {
        match happening {
            Happening::DrainBlocked { node } => drop(self.blocked.insert(node.clone())),
            Happening::DrainFreed { node } => drop(self.blocked.remove(node)),
            Happening::RenderFailed { pool } => drop(self.unrendered.insert(pool.clone())),
            Happening::RenderMended { pool } => drop(self.unrendered.remove(pool)),
            _ => {}
        }
    }

    /// One more second has passed.
    pub(crate) fn pass(&self, second: Second) {
        for (number, (controller_name, queue_name, every, usual)) in (0_u64..).zip(LOOPS) {
            // Each begins at a second of its own, or all turned at once.
            if (second + number).is_multiple_of(every) {
                let luck = luck(self.seed ^ number << 32 ^ second);
                let failing = match controller_name {
                    McoControllerName::Drain => self.blocked.len(),
                    McoControllerName::Render => self.unrendered.len(),
                    _ => 0,
                };
                self.turn((controller_name, queue_name), usual * (0.5 + 2.0 * luck), failing);
                if let Some(latencies) = self.latencies.on() {
                    latencies.record(0.05 * luck, ControllerQueueLatency { queue_name });
                }
            }
        }
    }

    fn turn(&self, (controller_name, queue_name): (McoControllerName, McoQueueName), took: f64, failing: usize) {
        let fails = failing > 0;
        let took = if fails && controller_name == McoControllerName::Drain { took + EVICTION } else { took };
        let result = if fails { McoResult::Error } else { McoResult::Success };
        if let Some(durations) = self.durations.on() {
            durations.record(took, ControllerReconcileDuration { controller_name, result });
        }
        let failed = u64::from(fails);
        if let Some(errors) = self.errors.on() {
            errors.add(failed, ControllerReconcileErrors { controller_name });
        }
        if let Some(retries) = self.retries.on() {
            retries.add(failed, ControllerQueueRetries { queue_name });
        }
        // A key that cannot be worked off is tried for ever here: nothing is given up, and the counter says so.
        if let Some(dropped) = self.dropped.on() {
            dropped.add(0, ControllerQueueDropped { queue_name });
        }
        let waits = i64::try_from(failing).unwrap_or(i64::MAX);
        self.depths.lock().insert(queue_name, waits);
    }
}

/// Between 0 and 1, the same for the same number.
fn luck(number: u64) -> f64 {
    let mixed = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    f64::from(u32::try_from(mixed >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}
