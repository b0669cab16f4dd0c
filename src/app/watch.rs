//! `pointsman watch`: one role of `pointsman_watch` at work. An API server feeds it, an OTLP receiver hears it, and of several
//! replicas the one that holds the Lease speaks. Wiring only: what objects mean is the role's.

mod asked;
mod bodies;
mod feed;
pub(super) mod health;
mod plans;
mod scrapes;
mod speak;

#[cfg(test)]
mod tests;

use self::{
    bodies::Bodies,
    feed::Feed,
    health::Followed,
    plans::Plans,
    scrapes::{Keys, Nodes, Scraper},
    speak::{Speaker, Voice},
};
use super::{clock::Clock, drain::Stop, fetch::FileError, surroundings, tasks::Tasks};
use crate::{
    config::watch::{Otlp, Role, Scrape, WatchConfig},
    kubernetes::{
        self, Random,
        connect::{Connect, connector},
        follow::{Follower, Health, Surroundings},
        lease::{Terms, elector::Elector},
    },
};
use futures_util::future::join_all;
use kube::Client;
use parking_lot::Mutex;
use pointsman_core::{
    fault::{Fault, Place, code::Code},
    limits,
};
use pointsman_instrument::{
    Transport,
    transport::{Protocol, Target},
};
use pointsman_watch::{Watch, Watcher, controller::Controller, daemon::Daemon, operator::Operator};
use std::{path::Path, sync::Arc, time::Duration};
use tokio::sync::{mpsc, oneshot, watch};
use tracing::{info, warn};

/// Why a watcher did not start, or ended by itself.
#[derive(Debug)]
pub enum WatchError {
    /// What was given does not fit this machine: all of it.
    Faults(Vec<Fault>),
    /// A part without which it must not go on has failed.
    Other(anyhow::Error),
}

/// Watches what the configuration names, until it is asked to stop.
///
/// # Errors
/// Every fault in what was given; or the part that failed.
pub async fn run(config: &WatchConfig, clock: Clock, stop: Stop) -> Result<(), WatchError> {
    let around = Around::new(config, clock).await.map_err(WatchError::Faults)?;
    info!(role = config.role.word(), otlp = %config.otlp.url, "watching");
    let worked = match &config.role {
        Role::Operator => work(Operator::default(), |_| Vec::new(), around, stop).await,
        Role::Controller { .. } => work(Controller::default(), |_| Vec::new(), around, stop).await,
        Role::Daemon => work(Daemon::default(), Daemon::scrape_targets, around, stop).await,
        Role::Node { name } => work(Daemon::for_node(name), Daemon::scrape_targets, around, stop).await,
    };
    worked.map_err(WatchError::Other)
}

/// What a role works with.
struct Around {
    connect: Connect,
    client: Client,
    now: kubernetes::Clock,
    random: Random,
    transport: Transport,
    plans: Plans,
    role: Role,
    pod: Option<(String, String)>,
    interval: Duration,
    /// Whether the operator's old names are pushed too.
    legacy: bool,
    /// What is scraped, and what opens it.
    scrape: Option<(Scrape, Keys)>,
}

impl Around {
    async fn new(config: &WatchConfig, clock: Clock) -> Result<Self, Vec<Fault>> {
        let connect = connector(config.kubeconfig.clone());
        let (client, transport) = ((connect)().await, transport(&config.otlp));
        let plans = Plans::new(&config.plans, &config.otlp);
        let client = client.map_err(|error| {
            let why = format!("{:#}", anyhow::Error::new(error));
            let from = config.kubeconfig.as_deref().map_or_else(|| "this pod".into(), Path::to_string_lossy);
            let place = Place::Setting("--kubeconfig".into());
            Fault::new(Code::CannotRead, place, &["use", &format!("the cluster of {from}"), &why])
        });
        let scrape = config.scrape.as_ref().map(|how| Keys::read(how).map(|keys| (how.clone(), keys))).transpose();
        let scrape = scrape.map_err(|FileError { path, source }| {
            let is_token = config.scrape.as_ref().is_some_and(|how| how.token_file.as_ref() == Some(&path));
            let flag = if is_token { "--scrape-token-file" } else { "--scrape-ca-file" };
            let (path, why) = (path.display().to_string(), source.to_string());
            Fault::new(Code::CannotRead, Place::Setting(flag.into()), &["read", &path, &why])
        });
        match (client, transport, plans, scrape) {
            (Ok(client), Ok(transport), Ok(plans), Ok(scrape)) => Ok(Self {
                connect,
                client,
                now: Arc::new(move || (clock.mono(), clock.wall())),
                random: Arc::new(surroundings::random),
                transport,
                plans,
                role: config.role.clone(),
                pod: config.pod.clone(),
                interval: config.interval,
                legacy: config.legacy_metrics,
                scrape,
            }),
            (client, transport, plans, scrape) => {
                let faults = client.err().into_iter().chain(transport.err()).chain(plans.err());
                Err(faults.chain(scrape.err()).collect())
            }
        }
    }

    /// What is left of it is for speaking.
    fn voice(self, followed: Followed) -> Voice {
        Voice {
            followed,
            client: self.client,
            namespace: self.pod.map(|(namespace, _)| namespace),
            role: self.role,
            now: self.now,
            transport: self.transport,
            plans: self.plans,
            interval: self.interval,
            legacy: self.legacy,
        }
    }
}

/// Over HTTP where the port is the one of OTLP/HTTP, else over gRPC.
fn transport(otlp: &Otlp) -> Result<Transport, Fault> {
    let url = &otlp.url;
    let protocol = if url.port_u16() == Some(4318) { Protocol::Http } else { Protocol::Grpc };
    let target = Target::new(protocol, &url.to_string()).map_err(|error| {
        let why = format!("{:#}", anyhow::Error::new(error));
        Fault::new(Code::BadSetting, Place::Setting("--otlp".into()), &["otlp", "the receiver", &why])
    })?;
    Ok(otlp.secure(target).into())
}

impl Otlp {
    /// With the certificates to trust, the name to ask for and the token to show.
    fn secure(&self, mut target: Target) -> Target {
        let Self { url: _, ca_file, server_name, token_file } = self;
        if let Some(path) = ca_file {
            target = target.ca_file(path);
        }
        if let Some(name) = server_name {
            target = target.server_name(name);
        }
        if let Some(path) = token_file {
            target = target.token_file(path);
        }
        target
    }
}

/// Works until it is asked to stop; then says what is left to say, and hands the Lease on.
async fn work<W: Watcher>(watcher: W, nodes: Nodes<W>, mut around: Around, stop: Stop) -> anyhow::Result<()> {
    let tasks = Tasks::default();
    let shared = Arc::new(Mutex::new(Watch::new(watcher)));
    let (sender, news) = mpsc::channel(limits::WATCH_NEWS_MAX);
    let kinds = asked::kinds::<W>(&around.role);
    let again: Vec<_> = kinds.iter().map(|_| Arc::default()).collect();
    let followed: Followed = kinds.iter().map(|kind| (*kind, Arc::new(Health::new(kind.facts().kind)))).collect();
    let followers = followed.iter().zip(&again).enumerate().map(|(at, ((kind, health), again))| {
        let (asked, health) = (asked::of(*kind, &around.role), Arc::clone(health));
        let (connect, now, random) = (Arc::clone(&around.connect), Arc::clone(&around.now), Arc::clone(&around.random));
        let surroundings = Surroundings { connect, now, random, again: Arc::clone(again) };
        Follower::new(at, asked, surroundings, health, sender.clone()).run()
    });
    let (followers, asked) = (join_all(followers.collect::<Vec<_>>()), stop.clone());
    tasks.vital("follow", async move {
        tokio::select! {
            () = asked.asked() => {}
            _ = followers => {}
        }
    });
    let feed = Feed::new(Arc::clone(&shared), kinds, again, Arc::clone(&around.now));
    let ((listed, is_listed), (whole, is_whole)) = (watch::channel(false), watch::channel(false));
    tasks.vital("feed", feed.run(news, listed, stop.clone()));
    if let Some(scrape) = around.scrape.take() {
        let scraper = Scraper::new(Arc::clone(&shared), nodes, scrape, Arc::clone(&around.now));
        tasks.vital("scrapes", scraper.run(is_listed.clone(), stop.clone()));
    }
    let bodies = Bodies::new(Arc::clone(&shared), around.client.clone(), &around.role, Arc::clone(&around.now));
    tasks.vital("bodies", bodies.run(is_listed, whole, stop.clone()));

    let (spoken, said) = oneshot::channel::<()>();
    let hold = around.pod.as_ref().map(|(namespace, pod)| {
        let terms = Terms::watch(namespace, pod, around.role.word());
        let elector = Elector::new(around.client.clone(), terms, Arc::clone(&around.now));
        let hold = elector.hold();
        // The Lease goes last, so that the next one begins when this one has ended. No sender is as good as its last word.
        tasks.vital("lease", elector.run(async move { drop(said.await) }));
        hold
    });
    let speaker = Speaker::new(shared, around.voice(followed), hold);
    let speaking = stop.clone();
    tasks.vital("speak", async move {
        speaker.run(is_whole, speaking).await;
        drop(spoken);
    });
    tokio::select! {
        () = stop.asked() => {}
        name = tasks.failed() => anyhow::bail!("the {name} task panicked"),
    }
    tokio::select! {
        complete = tasks.finish(Duration::from_millis(limits::DRAIN_MS_MAX)) => info!(complete, "ended"),
        () = stop.now() => warn!("ended at once: asked twice"),
    }
    Ok(())
}
