//! Scrapes the operator's own endpoints where a user wants it: over TLS, with a token, one after the other and few at a time,
//! spread over the interval. Whoever does not answer delays and stops no other. Knows not what an answer means.

use super::feed::timestamp;
use crate::{
    app::{
        drain::Stop,
        fetch::{self, Ask, FetchError, FileError, Token},
    },
    config::watch::{Scrape, Scraped},
    kubernetes::Clock,
};
use futures_util::stream::{self, StreamExt};
use http::StatusCode;
use pointsman_core::limits;
use pointsman_watch::{
    Watcher,
    limits::SCRAPE_BYTES_MAX,
    scrape::{CONTROLLER_NAME, DAEMON_NAME, PATH, PORT, ScrapeFailure, Target, read},
    watch::Shared,
};
use rustls::ClientConfig;
use std::{collections::BTreeMap, pin::pin, sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tracing::{debug, info, warn};

/// How often it is asked whom to scrape while there is nobody.
const LOOK: Duration = Duration::from_secs(1);
/// What endpoints are asked for: the one format that is read.
const TEXT: &str = "text/plain;version=0.0.4";

/// The nodes that a role knows, with their addresses.
pub(super) type Nodes<W> = fn(&W) -> Vec<(Box<str>, Box<str>)>;

/// What opens an endpoint.
#[derive(Clone)]
pub(super) struct Keys {
    trust: Arc<ClientConfig>,
    token: Option<Token>,
}

/// Scrapes for one role.
pub(super) struct Scraper<W> {
    shared: Shared<W>,
    nodes: Nodes<W>,
    how: Scrape,
    /// The last ones that could be read.
    keys: Keys,
    now: Clock,
    /// How many failed in the round before, and why.
    failed: BTreeMap<&'static str, usize>,
}

/// One endpoint.
struct Endpoint {
    whose: Target,
    host: Box<str>,
    port: u16,
    path: Box<str>,
}

impl Keys {
    /// Reads the files.
    pub(super) fn read(how: &Scrape) -> Result<Self, FileError> {
        let trust = fetch::trust(how.ca_file.as_deref())?;
        Ok(Self { trust, token: how.token_file.as_deref().map(Token::read).transpose()? })
    }
}

impl<W: Watcher> Scraper<W> {
    pub(super) fn new(shared: Shared<W>, nodes: Nodes<W>, (how, keys): (Scrape, Keys), now: Clock) -> Self {
        Self { shared, nodes, how, keys, now, failed: BTreeMap::new() }
    }

    /// Scrapes round by round until `stop`, once everything was listed.
    pub(super) async fn run(self, listed: watch::Receiver<bool>, stop: Stop) {
        tokio::select! {
            () = stop.asked() => {}
            () = self.keep(listed) => {}
        }
    }

    async fn keep(mut self, mut listed: watch::Receiver<bool>) {
        if listed.wait_for(|listed| *listed).await.is_err() {
            return; // who lists has ended, and so will this
        }
        loop {
            // A token lasts an hour, and certificates are renewed: both are read anew for each round.
            match Keys::read(&self.how) {
                Ok(keys) => self.keys = keys,
                Err(error) => warn!(error = format!("{:#}", anyhow::Error::new(error)), "scraping with the last good files"),
            }
            let endpoints = self.endpoints();
            if endpoints.is_empty() {
                sleep(LOOK).await;
            } else {
                self.round(endpoints).await;
            }
        }
    }

    fn endpoints(&self) -> Vec<Endpoint> {
        match &self.how.of {
            Scraped::Controller { url } => {
                let host = url.host().unwrap_or(CONTROLLER_NAME).trim_start_matches('[').trim_end_matches(']').into();
                let path = if url.path() == "/" { PATH } else { url.path() }.into();
                vec![Endpoint { whose: Target::Controller, host, port: url.port_u16().unwrap_or(PORT), path }]
            }
            Scraped::Daemons { port } => {
                let nodes = (self.nodes)(self.shared.lock().watcher());
                let endpoint = |(node, host)| Endpoint { whose: Target::Node(node), host, port: *port, path: PATH.into() };
                nodes.into_iter().map(endpoint).collect()
            }
        }
    }

    /// Asks each once, evenly over the interval.
    async fn round(&mut self, endpoints: Vec<Endpoint>) {
        let of = u32::try_from(endpoints.len()).unwrap_or(u32::MAX);
        let step = self.how.interval.checked_div(of).unwrap_or(self.how.interval);
        let mut failed: BTreeMap<&'static str, usize> = BTreeMap::new();
        let (how, keys) = (&self.how, &self.keys);
        let spread = stream::iter(endpoints.into_iter().enumerate()).then(|(at, endpoint)| async move {
            if at > 0 {
                sleep(step).await;
            }
            endpoint
        });
        let asked = spread.map(|endpoint| async move {
            // Read here: who waits for the lock is not to wait for this.
            let answer = scrape(&endpoint, how, keys).await.and_then(|body| read(&body));
            (endpoint.whose, answer)
        });
        let mut asked = pin!(asked.buffer_unordered(limits::WATCH_SCRAPES_AT_ONCE));
        while let Some((whose, answer)) = asked.next().await {
            if let Err(failure) = &answer {
                *failed.entry(word(*failure)).or_default() += 1;
            }
            self.shared.lock().take_scrape(&whose, answer, timestamp(&self.now));
        }
        if failed != self.failed {
            match failed.is_empty() {
                true => info!(of, "every endpoint answers scrapes"),
                false => warn!(?failed, of, "endpoints do not answer scrapes"),
            }
            self.failed = failed;
        }
        sleep(step).await;
    }
}

async fn scrape(endpoint: &Endpoint, how: &Scrape, keys: &Keys) -> Result<String, ScrapeFailure> {
    let Endpoint { whose, host, port, path } = endpoint;
    let own = if *whose == Target::Controller { host } else { DAEMON_NAME };
    let name = how.server_name.as_deref().unwrap_or(own);
    let (tls, token) = (Some((&keys.trust, name)), keys.token.as_ref());
    let ask = Ask { host, port: *port, tls, path, accept: TEXT, token, bytes_max: SCRAPE_BYTES_MAX };
    let most = Duration::from_millis(limits::WATCH_SCRAPE_MS_MAX);
    let answer = timeout(most, fetch::get(&ask)).await.unwrap_or_else(|_| Err(FetchError::Away("it is too slow".to_owned())));
    let (status, body) = answer.map_err(|error| {
        debug!(?whose, ?error, "an endpoint was not scraped");
        match error {
            FetchError::Away(_) => ScrapeFailure::Away,
            FetchError::TooLong => ScrapeFailure::TooLarge,
            FetchError::Unusable(_) => ScrapeFailure::Refused,
        }
    })?;
    match status {
        StatusCode::OK => String::from_utf8(body.into()).map_err(|_| ScrapeFailure::NotText),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(ScrapeFailure::Forbidden),
        _ => Err(ScrapeFailure::Refused),
    }
}

const fn word(failure: ScrapeFailure) -> &'static str {
    match failure {
        ScrapeFailure::Away => "away",
        ScrapeFailure::Forbidden => "forbidden",
        ScrapeFailure::Refused => "refused",
        ScrapeFailure::TooLarge => "too large",
        ScrapeFailure::NotText => "not text",
    }
}

#[cfg(test)]
mod tests;
