//! The sessions of the demo's senders with its controller: each keeps one sender to its plan, from when that begins to speak
//! until it falls silent. Knows senders by number; not what they say.

use super::feed::Speaker;
use crate::app::drain::{self, Stop, Stopper};
use futures_util::{StreamExt, stream::FuturesUnordered};
use pointsman_instrument::{
    opamp::{Client, Endpoint, Settings},
    transport::AddressError,
};
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tracing::debug;

/// Sessions that wait to be held: more than there are senders.
const BEGUN_MAX: usize = 2048;

/// A session that is to be held, until it is told to end.
type Begun = (Client, Stop);

/// Begins and ends sessions.
#[derive(Debug)]
pub(crate) struct Sessions {
    settings: Settings,
    open: BTreeMap<usize, Stopper>,
    begun: Sender<Begun>,
}

/// Holds them.
pub(crate) struct Held(Receiver<Begun>);

impl Sessions {
    /// None yet, with the controller at `url`.
    pub(crate) fn new(url: &str) -> Result<(Self, Held), AddressError> {
        let settings = Settings { endpoint: Some(Endpoint::new(url)?), ..Settings::default() };
        let (begun, held) = channel(BEGUN_MAX);
        Ok((Self { settings, open: BTreeMap::new(), begun }, Held(held)))
    }

    /// The sender with this number takes its plans from now on.
    pub(crate) fn begin(&mut self, number: usize, speaker: &Speaker) {
        let client = Client::new(Arc::clone(&speaker.telemetry), &speaker.identity, self.settings.clone());
        let (stopper, stop) = drain::pair();
        self.open.insert(number, stopper);
        // Where nobody holds them any more, all sessions have ended.
        self.begun.try_send((client, stop)).ok();
    }

    /// The sender with this number has fallen silent.
    pub(crate) fn end(&mut self, number: usize) {
        self.open.remove(&number).iter().for_each(Stopper::ask);
    }
}

impl Held {
    /// Holds every session that is begun, until nobody can begin one and all have ended.
    pub(crate) async fn run(mut self, stop: Stop) {
        let mut open = FuturesUnordered::new();
        let mut may_begin = true;
        while may_begin || !open.is_empty() {
            tokio::select! {
                begun = self.0.recv(), if may_begin => match begun {
                    Some((client, own)) => open.push(hold(client, own, stop.clone())),
                    None => may_begin = false,
                },
                Some(()) = open.next(), if !open.is_empty() => {}
            }
        }
    }
}

async fn hold(client: Client, own: Stop, all: Stop) {
    let stop = async move {
        tokio::select! {
            () = own.asked() => {}
            () = all.asked() => {}
        }
    };
    client.run(stop, |event| debug!("{event}")).await;
}
