//! Follows the TLS profile of the cluster: one object of OpenShift, whose versions and suites listeners take over while they serve.
//! Without the object, or its kind, they are Intermediate; an API server that is away changes nothing.

use super::{drain::Stop, engine::Engine, listen::tls::Certificates, surroundings, tasks::Tasks};
use crate::kubernetes::{
    connect::connector,
    follow::{Follower, Health, News, Surroundings, Trouble},
    objects::{Form, Kind, Payload, Undefined},
};
use std::{pin::pin, sync::Arc};
use tokio::sync::mpsc;

/// The name of the one object.
pub const NAME: &str = "cluster";

/// Its kind.
#[must_use]
pub fn kind() -> Kind {
    Kind {
        group: "config.openshift.io",
        version: "v1",
        plural: "apiservers",
        kind: "APIServer",
        namespace: None,
        fields: Some(format!("metadata.name={NAME}").into()),
        labels: None,
        form: Form::Whole,
        undefined: Undefined::Empty, // it is no OpenShift
        objects_max: 1,
    }
}

/// Starts to follow, to end when asked, where the profile is the cluster's.
pub fn start(engine: &Engine, tasks: &Tasks, stop: &Stop) {
    let certificates = engine.numbers.certificates.clone().filter(|certificates| certificates.follows());
    let (Some(certificates), Some(cluster)) = (certificates, &engine.config.api_server) else { return };
    let (clock, (sender, mut incoming), stop) = (engine.clock, mpsc::channel(1), stop.clone());
    let surroundings = Surroundings {
        connect: connector(cluster.kubeconfig.clone()),
        now: Arc::new(move || (clock.mono(), clock.wall())),
        random: Arc::new(surroundings::random),
        again: Arc::default(),
    };
    let kind = kind();
    let follower = Follower::new(0, kind.clone(), surroundings, Arc::new(Health::new(kind.kind)), sender);
    tasks.vital("TLS profile", async move {
        let mut following = pin!(follower.run());
        loop {
            // Cancel-safe: the receiver keeps what it holds, the rest is pinned.
            tokio::select! {
                () = stop.asked() => return,
                () = &mut following => return,
                Some((_, news)) = incoming.recv() => take(&certificates, &kind, news),
            }
        }
    });
}

fn take(certificates: &Certificates, kind: &Kind, news: News) {
    let object = match news {
        News::Listed { mut entries, .. } => entries.pop(),
        News::Applied(entry) => Some(entry),
        News::Deleted(_) => None,
        News::Trouble(trouble) => {
            // An API server that is away is told by those who need it for more.
            let missing = trouble.and_then(|trouble| match trouble {
                Trouble::Forbidden { verb } => Some(verb),
                Trouble::Away { .. } | Trouble::Missing => None,
            });
            let resource = kind.resource();
            return certificates.cannot_follow(missing.map(|verb| (verb, resource.as_str())));
        }
        News::Begun | News::Part(_) => return, // of kinds that come as they are
    };
    match object.map(|entry| entry.payload) {
        Some(Payload::Whole(object)) => certificates.follow(Some(&object)),
        Some(Payload::Slim(_) | Payload::Raw(_)) => {} // it was not asked for so
        None => certificates.follow(None),
    }
}
