//! The daemons of the simulated nodes, which still say by themselves how updates end: `mcd_update_state`, with the error in
//! words. Knows what its nodes go through; nothing of other metrics.

use super::{
    feed::{CLUSTER, Speaker, Time},
    mco::{Happening, Second},
};
use parking_lot::Mutex;
use pointsman_core::model::component::ComponentKey;
use pointsman_instrument::{
    Identity, Telemetry,
    semconv::{
        attribute::{K8S_CLUSTER_UID, K8S_DAEMONSET_NAME, K8S_NAMESPACE_NAME, K8S_NODE_NAME, K8S_POD_NAME, SERVICE_NAME},
        legacy::McdUpdateState,
    },
};
use pointsman_watch::kind::NAMESPACE;
use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

/// Different errors a flooding daemon sends in one rollout.
const ERRORS_MAX: usize = 600;
const NAME: &str = "machine-config-daemon";

/// When each (config, error) of a node was last seen; an empty error is success. As the real daemon, it forgets nothing.
type Results = Arc<Mutex<BTreeMap<(String, String), Second>>>;

/// The daemons of one pool.
pub(crate) struct Daemons {
    /// What each remembers, by its node.
    nodes: BTreeMap<String, Results>,
    /// How often each has started again.
    restarts: BTreeMap<String, u64>,
    target: String,
    /// Whether each second of a blocked drain makes a new error text.
    floods: bool,
    /// The node whose drain is blocked, and the attempts that its daemon counted.
    blocked: Option<(String, u64)>,
}

impl Daemons {
    /// Of these nodes, which run this config.
    pub(crate) fn new(nodes: &[String], target: &str, floods: bool) -> Self {
        let first =
            |node: &String| (node.clone(), Arc::new(Mutex::new(BTreeMap::from([((target.to_owned(), String::new()), 0)]))));
        let (nodes, restarts) = (nodes.iter().map(first).collect(), BTreeMap::new());
        Self { nodes, restarts, target: target.to_owned(), floods, blocked: None }
    }

    /// Their nodes, in the order in which they speak.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = &String> {
        self.nodes.keys()
    }

    /// Lets the daemon of a node speak: its telemetry begins now, and counts by this clock.
    pub(crate) fn speak(
        &self,
        node: &str,
        seed: u64,
        time: &Time,
        clock: impl Fn() -> SystemTime + Send + Sync + 'static,
    ) -> Option<Speaker> {
        let (number, results) =
            (1..).zip(&self.nodes).find(|(_, (name, _))| *name == node).map(|(n, (_, results))| (n, results))?;
        let restarts = self.restarts.get(node).copied().unwrap_or_default();
        let pod = format!("{NAME}-{node}");
        let identity = Identity::new(NAME).instance(&pod).with(K8S_POD_NAME, &pod).with(K8S_DAEMONSET_NAME, NAME);
        let identity = identity.with(K8S_NAMESPACE_NAME, NAMESPACE).with(K8S_CLUSTER_UID, CLUSTER).with(K8S_NODE_NAME, node);
        let telemetry = Telemetry::builder(identity.clone()).seed(seed ^ number << 40 ^ restarts << 52).build(clock);
        let (results, time) = (Arc::clone(results), time.clone());
        telemetry.observe::<McdUpdateState>(move |readings| {
            for ((config, err), at) in results.lock().iter() {
                let metric = McdUpdateState { config: config.clone().into(), err: err.clone().into() };
                readings.set(time.at(*at).as_duration().as_secs_f64(), metric);
            }
        });
        let of = [(K8S_NAMESPACE_NAME, NAMESPACE), (K8S_DAEMONSET_NAME, NAME), (SERVICE_NAME, NAME)];
        let of = |key: &str| of.into_iter().find(|(known, _)| *known == key).map(|(_, value)| value);
        Some(Speaker { telemetry, identity, component: ComponentKey::from_resource(of) })
    }

    /// Something happened to a node, or to the pool.
    pub(crate) fn record(&mut self, second: Second, happening: &Happening) {
        match happening {
            Happening::RolloutStarted { to, .. } => {
                self.target.clone_from(to);
                self.nodes.values().for_each(|results| results.lock().retain(|(_, error), _| error.is_empty()));
            }
            Happening::NodeUpdated { node } => self.result(node, String::new(), second),
            Happening::DrainBlocked { node } => {
                self.blocked = Some((node.clone(), 0));
                self.attempt(second);
            }
            Happening::DrainFreed { .. } => self.blocked = None,
            Happening::DaemonBack { node, config } => self.restarted(node, config, second),
            _ => {}
        }
    }

    /// A daemon that starts again remembers nothing but what its node runs; who reads its old memory reads no more.
    fn restarted(&mut self, node: &str, config: &str, second: Second) {
        let Some(results) = self.nodes.get_mut(node) else { return };
        *results = Arc::new(Mutex::new(BTreeMap::from([((config.to_owned(), String::new()), second)])));
        *self.restarts.entry(node.to_owned()).or_default() += 1;
    }

    /// One more second has passed.
    pub(crate) fn pass(&mut self, second: Second) {
        if self.floods {
            self.attempt(second);
        }
    }

    fn attempt(&mut self, second: Second) {
        let Some((node, attempts)) = &mut self.blocked else { return };
        *attempts += 1;
        let attempt = if self.floods { format!(", attempt {attempts}") } else { String::new() };
        let (node, error) = (node.clone(), format!("failed to drain {node}: cannot evict pod shop/cart-0{attempt}"));
        self.result(&node, error, second);
    }

    fn result(&self, node: &str, error: String, second: Second) {
        let Some(results) = self.nodes.get(node) else { return };
        let (mut results, key) = (results.lock(), (self.target.clone(), error));
        if results.len() < ERRORS_MAX || key.1.is_empty() {
            results.insert(key, second);
        }
    }
}
