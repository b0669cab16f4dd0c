//! Plans as ConfigMaps, for components that may not dial out: who asks for one, which may be written, and what became of it.
//! Pure but for one table that the writer and those who desire share; talks to no API server.

#[cfg(test)]
mod tests;

use super::components::ComponentSpec;
use parking_lot::Mutex;
use pointsman_core::{
    limits::PLAN_FILES_MAX,
    model::component::{ComponentKey, Workload},
};
use std::{collections::BTreeMap, sync::Arc};

/// The annotation of a `TelemetryComponent` with which a user asks for its plan as a ConfigMap of that name, in its namespace.
pub const ANNOTATION: &str = "pointsman.dev/plan-configmap";
/// The key under which the plan stands there.
pub const DATA_KEY: &str = "plan.json";
/// Where in a component's status it says what became of it.
pub const CONDITION: &str = "PlanFile";

/// Namespace and name.
type Key = (Box<str>, Box<str>);

/// A ConfigMap as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredPlan {
    /// Where it lives.
    pub namespace: Box<str>,
    /// Its name there.
    pub name: Box<str>,
    /// The `TelemetryComponent` that asks for it.
    pub component: Box<str>,
    /// The plan's hash, in hexadecimal.
    pub hash: Box<str>,
    /// The plan, canonical JSON.
    pub body: Arc<str>,
}

/// What a component asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Which component it is.
    pub component: ComponentKey,
    /// The name of the ConfigMap.
    pub config_map: Box<str>,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its plan stands there: the ConfigMap's name, and the hash.
    Written(Box<str>, Box<str>),
    /// A ConfigMap of that name stands there that is not ours.
    NotOurs(Box<str>),
    /// Another component asks for the same ConfigMap, and has it.
    Taken(Box<str>, Box<str>),
    /// No object can have this name.
    BadName(Box<str>),
    /// More components ask than are served.
    TooMany,
    /// The API server does not take it, in its words.
    Failed(Box<str>, String),
}

impl Outcome {
    /// As a condition says it: whether it holds, one word, cause and fix.
    #[must_use]
    pub fn said(&self) -> (bool, &'static str, String) {
        match self {
            Self::Written(name, hash) => (true, "Written", format!("ConfigMap {name}, key {DATA_KEY}, holds plan {hash}")),
            Self::NotOurs(name) => (
                false,
                "NotOurs",
                format!(
                    "ConfigMap {name} stands there without our label, and is not touched; name another one in {ANNOTATION}, or remove it"
                ),
            ),
            Self::Taken(name, by) => {
                (false, "Taken", format!("ConfigMap {name} is for component {by}; name another one in {ANNOTATION}"))
            }
            Self::BadName(name) => {
                (false, "BadName", format!("no ConfigMap can be called `{name}`; name another one in {ANNOTATION}"))
            }
            Self::TooMany => (
                false,
                "TooMany",
                format!("more than {PLAN_FILES_MAX} components ask for a ConfigMap; take the annotation {ANNOTATION} off some"),
            ),
            Self::Failed(name, words) => (
                false,
                "NotWritten",
                format!("ConfigMap {name} was not written: {words}; see components/plan-files for the rights that it takes"),
            ),
        }
    }
}

/// Who asks, and what became of it: the writer fills it in, whoever says what should stand there reads it.
#[derive(Debug, Default)]
pub struct PlanFiles {
    requests: Mutex<BTreeMap<Key, Request>>,
    outcomes: Mutex<BTreeMap<Key, Outcome>>,
}

impl PlanFiles {
    /// All components of ours that stand in the cluster, with what they ask for.
    pub fn look(&self, found: BTreeMap<Key, Request>) {
        let mut outcomes = self.outcomes.lock();
        let before = std::mem::replace(&mut *self.requests.lock(), found.clone());
        for ((namespace, name), request) in before {
            let key = (namespace, name);
            if !found.contains_key(&key) && outcomes.remove(&key).is_some() {
                let (namespace, component) = &key;
                tracing::info!(%namespace, %component, config_map = %request.config_map, "a plan is asked for no more: its ConfigMap stays");
            }
        }
        outcomes.retain(|key, _| found.contains_key(key));
    }

    /// Another process writes from now on.
    pub fn forget(&self) {
        self.requests.lock().clear();
        self.outcomes.lock().clear();
    }

    /// Who may have a ConfigMap. Those who may not are told why.
    #[must_use]
    pub fn granted(&self) -> BTreeMap<Key, Request> {
        let (granted, refused) = decide(&self.requests.lock());
        let mut outcomes = self.outcomes.lock();
        outcomes.extend(refused);
        granted
    }

    /// Remembers what became of a request.
    pub fn note(&self, namespace: &str, component: &str, outcome: Outcome) {
        let key = (namespace.into(), component.into());
        if self.requests.lock().contains_key(&key) {
            self.outcomes.lock().insert(key, outcome);
        }
    }

    /// What became of the request of a component; `None`: it asks for nothing, or nothing was done yet.
    #[must_use]
    pub fn outcome(&self, namespace: &str, component: &str) -> Option<Outcome> {
        self.outcomes.lock().get(&(namespace.into(), component.into())).cloned()
    }
}

/// Who may have a ConfigMap, and who may not, and why: of two who name the same one the first by name has it.
fn decide(requests: &BTreeMap<Key, Request>) -> (BTreeMap<Key, Request>, BTreeMap<Key, Outcome>) {
    let (mut granted, mut refused) = (BTreeMap::new(), BTreeMap::new());
    let mut taken: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for (key, request) in requests {
        let ((namespace, component), name) = (key, &request.config_map);
        let outcome = if !super::components::is_subdomain(name) {
            Outcome::BadName(name.chars().take(253).collect())
        } else if granted.len() >= PLAN_FILES_MAX {
            Outcome::TooMany
        } else if let Some(by) = taken.get(&(&**namespace, &**name)) {
            Outcome::Taken(name.clone(), (*by).into())
        } else {
            taken.insert((namespace, name), component);
            granted.insert(key.clone(), request.clone());
            continue;
        };
        refused.insert(key.clone(), outcome);
    }
    (granted, refused)
}

/// The component that an object of ours stands for; `None` where it stands for none that has this name.
#[must_use]
pub fn key_of(namespace: &str, name: &str, spec: &ComponentSpec) -> Option<ComponentKey> {
    let workload = spec.workload_ref.as_ref();
    let workload = workload.map(|workload| Workload { kind: workload.kind.as_str().into(), name: workload.name.as_str().into() });
    // Who has no service is shown with the name that OpenTelemetry gives it.
    let services = [spec.service_name.as_str(), ""].into_iter();
    let mut keys =
        services.map(|service| ComponentKey { namespace: namespace.into(), workload: workload.clone(), service: service.into() });
    keys.find(|key| key.object_name() == name)
}
