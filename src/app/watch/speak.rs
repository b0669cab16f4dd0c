//! Lets a role speak while it leads: telemetry of its own for each time that it does, pushed at once and then on a beat.
//! Who lost the Lease falls silent in mid-sentence; who is asked to stop says what is left to say.
//! Knows when to speak, not what about.

use super::{
    feed::timestamp,
    health::{self, Followed},
    plans::{self, Plans},
};
use crate::{
    app::drain::Stop,
    config::watch::Role,
    kubernetes::{
        Clock,
        follow::fetch,
        lease::elector::Hold,
        objects::{Form, Kind, Undefined},
    },
};
use kube::Client;
use pointsman_core::limits;
use pointsman_instrument::{
    Exporter, Identity, Telemetry, Transport, opamp,
    semconv::attribute::{K8S_CLUSTER_UID, K8S_NAMESPACE_NAME, K8S_NODE_NAME, SERVICE_VERSION},
};
use pointsman_watch::{
    Watcher,
    watch::{Now, Shared, attach, attach_legacy},
};
use serde::Deserialize;
use std::{
    future::ready,
    pin::pin,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};
use tokio::{sync::watch, time::sleep};
use tracing::{debug, info, warn};

/// The namespace whose uid stands for the cluster: every cluster has it, and it is never made anew.
const CLUSTER: &str = "kube-system";
const NAMESPACES: Kind = Kind {
    group: "",
    version: "v1",
    plural: "namespaces",
    kind: "Namespace",
    namespace: None,
    fields: None,
    labels: None,
    form: Form::RawMetadata,
    undefined: Undefined::Empty,
    objects_max: 1,
};

/// What it takes to speak.
pub(super) struct Voice {
    pub(super) client: Client,
    /// Where our pod lives.
    pub(super) namespace: Option<String>,
    pub(super) role: Role,
    pub(super) followed: Followed,
    pub(super) now: Clock,
    pub(super) transport: Transport,
    pub(super) plans: Plans,
    pub(super) interval: Duration,
    /// Whether the operator's old names are pushed too.
    pub(super) legacy: bool,
}

/// Speaks for a role.
pub(super) struct Speaker<W> {
    shared: Shared<W>,
    voice: Voice,
    /// `None`: there is nobody else.
    hold: Option<Hold>,
}

/// Why it fell silent.
enum Silence {
    /// Another may speak.
    Lost,
    /// It was asked to stop.
    Asked,
}

impl<W: Watcher> Speaker<W> {
    pub(super) fn new(shared: Shared<W>, voice: Voice, hold: Option<Hold>) -> Self {
        Self { shared, voice, hold }
    }

    /// Speaks whenever it leads, from when there is a whole picture, until `stop`.
    pub(super) async fn run(mut self, is_whole: watch::Receiver<bool>, stop: Stop) {
        let first = async {
            let mut is_whole = is_whole;
            // A role that nobody feeds any more is about to end.
            if is_whole.wait_for(|whole| *whole).await.is_err() {
                std::future::pending::<()>().await;
            }
            let cluster = self.voice.cluster().await;
            info!(role = self.voice.role.word(), cluster = cluster.as_deref().unwrap_or("unknown"), "every kind was listed");
            cluster
        };
        let cluster = tokio::select! {
            () = stop.asked() => return,
            cluster = first => cluster,
        };
        if let Some(uid) = &cluster {
            self.shared.lock().of_cluster(uid);
        }
        loop {
            tokio::select! {
                () = stop.asked() => return,
                () = leading(&mut self.hold) => {}
            }
            let (exporter, client) = self.begin(cluster.as_deref());
            let silence = self.speak(exporter, client, &stop).await;
            self.shared.lock().detach();
            match silence {
                Silence::Lost => info!("another replica may speak now"),
                Silence::Asked => return,
            }
        }
    }

    /// Counters begin now: whoever spoke before had counters of its own.
    fn begin(&self, cluster: Option<&str>) -> (Exporter, Option<opamp::Client>) {
        let now = Arc::clone(&self.voice.now);
        let clock = move || UNIX_EPOCH.checked_add(Duration::from_nanos((now)().1.0)).unwrap_or(UNIX_EPOCH);
        let identity = self.voice.identity(cluster);
        let telemetry = Telemetry::new(identity.clone(), clock);
        // First of all: nothing is made that is off.
        let client = self.voice.plans.obey(&telemetry, &identity);
        let now = Arc::clone(&self.voice.now);
        let now: Now = Arc::new(move || timestamp(&now));
        attach(&self.shared, &telemetry, &now);
        if self.voice.legacy {
            attach_legacy(&self.shared, &telemetry, &now);
        }
        health::observe(&telemetry, &self.shared, &self.voice.followed, &self.voice.now);
        let transport = self.voice.transport.clone();
        // A rollout is the story of many nodes: who sees one of them does not tell it.
        let traces = (!matches!(self.voice.role, Role::Node { .. })).then(|| transport.clone());
        (Exporter::split(telemetry, Some(transport), traces), client)
    }

    /// Pushes until it may no longer, or is asked to stop: then once more, with a few attempts.
    async fn speak(&mut self, exporter: Exporter, client: Option<opamp::Client>, stop: &Stop) -> Silence {
        let Voice { interval, .. } = self.voice;
        let mut lost = pin!(lost(&mut self.hold));
        let flush = async {
            let exporter = beat(exporter, interval, stop).await;
            exporter.run(interval, ready(()), |error| warn!(%error, "the last push failed")).await;
        };
        let both = async { tokio::join!(flush, plans::keep(client, stop)) };
        // Whoever lost the Lease cuts off even a request in flight, and its session: the other one's must not meet them.
        tokio::select! {
            biased;
            () = &mut lost => Silence::Lost,
            _ = both => Silence::Asked,
        }
    }
}

/// Pushes at once and then on a beat; sooner after a failure. A push that has begun is ended before a stop is heard.
async fn beat(mut exporter: Exporter, interval: Duration, stop: &Stop) -> Exporter {
    let mut failures = 0;
    loop {
        let pushed = exporter.push().await;
        let pause = match pushed {
            Ok(()) => {
                if failures > 0 {
                    info!(failures, "the receiver takes pushes again");
                }
                failures = 0;
                interval
            }
            Err(error) => {
                if failures == 0 {
                    warn!(error = format!("{:#}", anyhow::Error::new(error)), "a push failed; it is tried again");
                } else {
                    debug!(%error, failures, "a push failed again");
                }
                failures = u32::saturating_add(failures, 1);
                let again = Duration::from_millis(limits::WATCH_PUSH_AGAIN_MS);
                again.saturating_mul(1 << failures.saturating_sub(1).min(8)).min(interval)
            }
        };
        tokio::select! {
            biased;
            () = stop.asked() => return exporter,
            () = sleep(pause) => {}
        }
    }
}

impl Voice {
    /// A take-over keeps it: nothing in it tells one replica from another.
    fn identity(&self, cluster: Option<&str>) -> Identity {
        let instance = match &self.role {
            Role::Node { name } => format!("{}/{name}", self.role.word()),
            role => role.word().to_owned(),
        };
        let mut identity = Identity::new("pointsman-watch").instance(&instance).with(SERVICE_VERSION, env!("CARGO_PKG_VERSION"));
        let node = if let Role::Node { name } = &self.role { Some(name.as_str()) } else { None };
        let more = [(K8S_CLUSTER_UID, cluster), (K8S_NAMESPACE_NAME, self.namespace.as_deref()), (K8S_NODE_NAME, node)];
        for (key, value) in more.into_iter().filter_map(|(key, value)| Some((key, value?))) {
            identity = identity.with(key, value);
        }
        identity
    }

    /// The uid of the cluster, once the API server has answered; `None` where we may not know it.
    async fn cluster(&self) -> Option<String> {
        loop {
            match fetch(&self.client, &NAMESPACES, CLUSTER).await {
                Ok(None) => return None,
                Ok(Some(body)) => return serde_json::from_str::<Named>(body.get()).ok().map(|named| named.metadata.uid),
                Err(error) if error.is_refused() => return None,
                Err(error) => debug!(%error, "the uid of the cluster is not known yet"),
            }
            sleep(Duration::from_millis(limits::WATCH_BACKOFF_MS_MIN)).await;
        }
    }
}

#[derive(Deserialize)]
struct Named {
    metadata: Uid,
}

#[derive(Deserialize)]
struct Uid {
    uid: String,
}

async fn leading(hold: &mut Option<Hold>) {
    if let Some(hold) = hold {
        hold.held().await;
    }
}

/// Whoever has no other replica is never followed by one.
async fn lost(hold: &mut Option<Hold>) {
    match hold {
        Some(hold) => hold.lost().await,
        None => std::future::pending().await,
    }
}
