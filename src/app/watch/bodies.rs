//! Reads the bodies that a role wants, each once and few at a time; one that cannot be read is tried again later.
//! Knows which are wanted, not what for.

use super::asked;
use crate::{
    app::drain::Stop,
    config::watch::Role,
    kubernetes::{Clock, follow::fetch, objects},
};
use futures_util::stream::{self, StreamExt};
use kube::Client;
use pointsman_core::{limits, model::clock::Mono};
use pointsman_watch::{Kind, Watcher, watch::Shared};
use std::{collections::BTreeMap, time::Duration};
use tokio::{sync::watch, time::sleep};
use tracing::debug;

/// How often it is asked what is wanted.
const LOOK: Duration = Duration::from_secs(1);

/// Reads bodies for one role.
pub(super) struct Bodies<W> {
    shared: Shared<W>,
    client: Client,
    kind: objects::Kind,
    now: Clock,
    /// Those that could not be read, and when they were tried.
    failed: BTreeMap<Box<str>, Mono>,
}

impl<W: Watcher> Bodies<W> {
    pub(super) fn new(shared: Shared<W>, client: Client, role: &Role, now: Clock) -> Self {
        Self { shared, client, kind: asked::of(Kind::MachineConfig, role), now, failed: BTreeMap::new() }
    }

    /// Reads what is wanted until `stop`, once everything was listed; tells when each body was tried that was wanted then.
    pub(super) async fn run(self, listed: watch::Receiver<bool>, whole: watch::Sender<bool>, stop: Stop) {
        tokio::select! {
            () = stop.asked() => {}
            () = self.keep(listed, whole) => {}
        }
    }

    async fn keep(mut self, mut listed: watch::Receiver<bool>, whole: watch::Sender<bool>) {
        if listed.wait_for(|listed| *listed).await.is_err() {
            return; // who lists has ended, and so will this
        }
        loop {
            let wanted = self.wanted();
            if wanted.is_empty() {
                whole.send_if_modified(|whole| !std::mem::replace(whole, true));
                sleep(LOOK).await;
            } else {
                self.read(wanted).await;
            }
        }
    }

    /// What is wanted and was not tried in vain lately.
    fn wanted(&mut self) -> Vec<Box<str>> {
        let (now, mut wanted) = ((self.now)().0, self.shared.lock().wanted());
        let again = Duration::from_secs(limits::WATCH_BODY_AGAIN_SECS);
        self.failed.retain(|name, tried| now.since(*tried) < again && wanted.contains(name));
        wanted.retain(|name| !self.failed.contains_key(name));
        wanted
    }

    async fn read(&mut self, wanted: Vec<Box<str>>) {
        let (client, kind) = (&self.client, &self.kind);
        let reads = wanted.into_iter().map(|name| async move {
            let read = fetch(client, kind, &name).await;
            (name, read)
        });
        let mut reads = stream::iter(reads).buffer_unordered(limits::WATCH_BODIES_AT_ONCE);
        while let Some((name, read)) = reads.next().await {
            match read {
                Ok(Some(body)) => self.shared.lock().take_body(&name, body.get()),
                Ok(None) => drop(self.failed.insert(name, (self.now)().0)),
                Err(error) => {
                    debug!(%name, error = format!("{:#}", anyhow::Error::new(error)), "a body was not read");
                    self.failed.insert(name, (self.now)().0);
                }
            }
        }
    }
}
