//! The roles of `pointsman watch`, fed by the simulated cluster where an API server feeds them otherwise: what they report
//! of it is what they would report of a real one. Knows no scenario, and sends nothing.

use super::mco::{Cluster, Second, Verb, Write};
use crate::{
    app::watch::health::{self, Followed},
    kubernetes::{Clock, follow},
};
use jiff::Timestamp;
use parking_lot::Mutex;
use pointsman_core::model::{
    clock::{Mono, Wall},
    component::ComponentKey,
};
use pointsman_instrument::{
    Identity, Telemetry,
    semconv::attribute::{K8S_CLUSTER_UID, K8S_NAMESPACE_NAME, SERVICE_NAME, SERVICE_VERSION},
};
use pointsman_watch::{
    Kind, News, Watch, Watcher,
    controller::Controller,
    daemon::Daemon,
    kind::{Form, NAMESPACE},
    operator::Operator,
    table::Raw,
    watch::{Now, Shared, attach},
};
use serde_json::{Value, json, value::RawValue};
use std::{sync::Arc, time::SystemTime};

/// The uid of the simulated cluster.
pub(crate) const CLUSTER: &str = "218fc5a9-a5f1-4b54-aa05-46717d0ab26d";

const NAME: &str = "pointsman-watch";
/// Roles are told so often that time passes: at the demo's pace that is a few times a second.
const TICK: Second = 10;

/// The simulated time, for whoever reads it while it passes.
#[derive(Clone, Debug)]
pub(crate) struct Time {
    start: Timestamp,
    second: Arc<Mutex<Second>>,
}

impl Time {
    /// It begins at `start`.
    pub(crate) fn new(start: Timestamp) -> Self {
        Self { start, second: Arc::default() }
    }

    pub(crate) fn second(&self) -> Second {
        *self.second.lock()
    }

    /// That second, as a time.
    pub(crate) fn at(&self, second: Second) -> Timestamp {
        let after = jiff::SignedDuration::from_secs(i64::try_from(second).unwrap_or(i64::MAX));
        self.start.saturating_add(after).unwrap_or(self.start)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.at(self.second())
    }

    fn clock(&self) -> Clock {
        let time = self.clone();
        Arc::new(move || {
            let nanos = u64::try_from(time.now().as_nanosecond()).unwrap_or_default();
            (Mono::from_secs(time.second() + 1), Wall(nanos))
        })
    }
}

/// Somebody who speaks: what it says, and who it is, to itself and to a controller.
pub(crate) struct Speaker {
    pub(crate) telemetry: Arc<Telemetry>,
    pub(crate) identity: Identity,
    pub(crate) component: ComponentKey,
}

/// All roles.
pub(crate) struct Feed {
    roles: Vec<Box<dyn Fed>>,
    time: Time,
}

/// A role that can be fed.
trait Fed: Send {
    fn list(&self, cluster: &Cluster, now: Timestamp);
    fn take(&self, write: &Write, now: Timestamp);
    /// Time has passed.
    fn tick(&self, cluster: &Cluster, now: Timestamp);
    fn speak(&self, telemetry: &Arc<Telemetry>, time: &Time);
    fn name(&self) -> &'static str;
}

struct Role<W> {
    shared: Shared<W>,
    followed: Followed,
}

impl Feed {
    /// All roles, which have seen all that is there in the first second.
    pub(crate) fn new(cluster: &mut Cluster, time: Time) -> Self {
        // What made the objects is of the past; the list shows what came of it.
        drop(cluster.advance_to(0));
        let roles: Vec<Box<dyn Fed>> = vec![role(Operator::default()), role(Controller::default()), role(Daemon::default())];
        for role in &roles {
            role.list(cluster, time.now());
            role.tick(cluster, time.now());
        }
        Self { roles, time }
    }

    /// Lets them speak: the telemetry of each counts by this clock.
    pub(crate) fn speak(&self, seed: u64, clock: &(impl Fn() -> SystemTime + Clone + Send + Sync + 'static)) -> Vec<Speaker> {
        let speak = |(number, role): (u64, &dyn Fed)| {
            let identity = Identity::new(NAME).instance(role.name()).with(SERVICE_VERSION, env!("CARGO_PKG_VERSION"));
            let identity = identity.with(K8S_CLUSTER_UID, CLUSTER).with(K8S_NAMESPACE_NAME, NAMESPACE);
            let telemetry = Telemetry::builder(identity.clone()).seed(seed ^ number << 32).build(clock.clone());
            role.speak(&telemetry, &self.time);
            let of =
                |key: &str| [(K8S_NAMESPACE_NAME, NAMESPACE), (SERVICE_NAME, NAME)].into_iter().find(|(known, _)| *known == key);
            let component = ComponentKey::from_resource(|key| of(key).map(|(_, value)| value));
            Speaker { telemetry, identity, component }
        };
        (1..).zip(self.roles.iter().map(|role| &**role)).map(speak).collect()
    }

    /// Lets time pass up to that second, and shows them every write when it is made.
    pub(crate) fn advance(&self, cluster: &mut Cluster, second: Second) {
        for second in cluster.now() + 1..=second {
            let writes = cluster.advance_to(second);
            *self.time.second.lock() = second;
            let now = self.time.now();
            for role in &self.roles {
                writes.iter().for_each(|write| role.take(write, now));
                if second.is_multiple_of(TICK) {
                    role.tick(cluster, now);
                }
            }
        }
    }
}

fn role<W: Watcher>(watcher: W) -> Box<dyn Fed> {
    let followed = W::KINDS.iter().map(|kind| (*kind, Arc::new(follow::Health::new(kind.facts().kind)))).collect();
    Box::new(Role { shared: Arc::new(Mutex::new(Watch::new(watcher))), followed })
}

impl<W: Watcher> Fed for Role<W> {
    fn list(&self, cluster: &Cluster, now: Timestamp) {
        for kind in W::KINDS {
            let objects = cluster.objects().filter(|(of, ..)| of == kind);
            let list = objects.map(|(_, name, object)| raw(*kind, name, object)).collect();
            self.shared.lock().take(*kind, News::Listed(list), now);
        }
    }

    fn take(&self, write: &Write, now: Timestamp) {
        let Write { kind, name, verb, at: _ } = write;
        if W::KINDS.contains(kind) {
            let news = match verb {
                Verb::Put(object) => News::Applied(raw(*kind, name, object)),
                Verb::Delete => News::Deleted(name.as_str().into()),
            };
            self.shared.lock().take(*kind, news, now);
        }
    }

    fn tick(&self, cluster: &Cluster, now: Timestamp) {
        let wanted = self.shared.lock().wanted();
        for name in wanted {
            if let Some(body) = cluster.object(Kind::MachineConfig, &name) {
                self.shared.lock().take_body(&name, &body.to_string());
            }
        }
        self.shared.lock().tick(now);
        let mono = Mono::from_secs(cluster.now() + 1);
        self.followed.iter().for_each(|(_, health)| health.is_current(mono));
    }

    fn speak(&self, telemetry: &Arc<Telemetry>, time: &Time) {
        let clock = time.clone();
        let now: Now = Arc::new(move || clock.now());
        self.shared.lock().of_cluster(CLUSTER);
        attach(&self.shared, telemetry, &now);
        health::observe(telemetry, &self.shared, &self.followed, &time.clock());
    }

    fn name(&self) -> &'static str {
        W::ROLE
    }
}

/// As much of an object as an API server is asked for.
fn raw(kind: Kind, name: &str, object: &Value) -> Raw {
    let json = match kind.facts().form {
        Form::Whole => object.to_string(),
        Form::Metadata => json!({"metadata": object["metadata"]}).to_string(),
    };
    Raw { name: name.into(), json: RawValue::from_string(json).expect("what is printed as JSON is JSON") }
}

#[cfg(test)]
mod tests;
