//! The API server as one who knows who comes and what they may do: a client, a rate and counts that all oracles of the
//! process share. Asks nothing itself, and decides nothing.

use super::{engine::Engine, surroundings, tasks::Tasks};
use crate::auth::access::{
    Oracle,
    ask::{self, Outage, Turns, World, counts::Counts, review::Reviewer},
};
use kube::Client;
use pointsman_core::limits;
use std::sync::Arc;

/// What the oracles of one process share.
pub struct Desk {
    client: Client,
    of_readers: Arc<Turns>,
    of_senders: Arc<Turns>,
    counts: Arc<Counts>,
    world: World,
}

impl Desk {
    /// As often as the configuration allows; what becomes of questions is counted with the engine's numbers.
    #[must_use]
    pub fn new(engine: &Engine, client: Client, tasks: &Tasks) -> Self {
        let tasks = tasks.clone();
        let world = World {
            now: engine.clock.now(),
            spawn: Arc::new(move |question| tasks.spawn(question)),
            secret: surroundings::secret(),
        };
        let rate = engine.config.kube_api;
        let counts = Arc::clone(engine.numbers.access.get_or_init(Arc::default));
        let of_readers = Turns::new(rate.per_second, rate.burst);
        let [per_second, burst] = [rate.per_second, rate.burst].map(|n| n.saturating_mul(limits::SENDER_API_TIMES));
        Self { client, of_readers, of_senders: Turns::new(per_second, burst), counts, world }
    }

    /// An oracle of those who read, for tokens that are meant for one of these audiences; without any, for the API server's own.
    /// They may go on for a while when it is away.
    #[must_use]
    pub fn for_readers(&self, audiences: Vec<String>) -> Arc<dyn Oracle> {
        self.open(audiences, Outage::StandIn, &self.of_readers)
    }

    /// The same of those who send: nobody is taken for one on an old word, and they wear out no turn of those who read.
    #[must_use]
    pub fn for_senders(&self, audiences: Vec<String>) -> Arc<dyn Oracle> {
        self.open(audiences, Outage::Refuse, &self.of_senders)
    }

    fn open(&self, audiences: Vec<String>, outage: Outage, turns: &Arc<Turns>) -> Arc<dyn Oracle> {
        let reviewer = Box::new(Reviewer::new(self.client.clone(), audiences));
        ask::open(reviewer, outage, Arc::clone(turns), Arc::clone(&self.counts), self.world.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::{Arc, Client, Desk, Engine, Tasks};
    use crate::{
        app::clock::Clock,
        auth::access::{Patience, Token, Unavailable},
        config::{Config, Given},
        telemetry::{AccessOutcome, AccessQuestion},
    };
    use http_body_util::Full;
    use hyper::body::Bytes;
    use parking_lot::Mutex;
    use std::convert::Infallible;

    /// Scenario: two oracles of readers, of two audiences, and one of senders, over a server that fails, and a rate of one question.
    /// Guarantees: readers share a rate, senders have their own; all share the counts, which our own metrics and limits tell; before
    /// there is a desk, none do.
    #[tokio::test(start_paused = true)]
    async fn t29_oracles_share_a_rate_and_are_counted() {
        let flags = [("kube-api-qps", vec!["1".to_owned()]), ("kube-api-burst", vec!["1".to_owned()])].into();
        let config = Config::read(&Given { flags, ..Given::default() }).unwrap();
        let engine = Engine::new(config, Clock::start()).unwrap();
        assert!(engine.numbers.snapshot().access.is_empty());
        let heard = Arc::new(Mutex::new(0));
        let log = Arc::clone(&heard);
        let service = tower::service_fn(move |_: http::Request<kube::client::Body>| {
            *log.lock() += 1;
            async { Ok::<_, Infallible>(http::Response::builder().status(503).body(Full::new(Bytes::new())).unwrap()) }
        });
        let desk = Desk::new(&engine, Client::new(service, "default"), &Tasks::default());
        let (read, others) = (desk.for_readers(Vec::new()), desk.for_readers(vec!["us".to_owned()]));
        let senders = desk.for_senders(vec!["us".to_owned()]);
        let [one, two] = ["one", "two"].map(|text| Token::new(text.to_owned()));
        assert_eq!(read.user(&one, &Patience::default()).await, Err(Unavailable { retry_secs: 5 }));
        // The clock of the engine is the real one: its next turn is almost a second away, and the one after that too far.
        let patience = Patience::default();
        let first = futures_util::poll!(others.user(&two, &patience));
        assert!(first.is_pending());
        assert_eq!(read.user(&two, &Patience::default()).await, Err(Unavailable { retry_secs: 1 }));
        assert_eq!(senders.user(&one, &Patience::default()).await, Err(Unavailable { retry_secs: 5 }));
        let snapshot = engine.numbers.snapshot();
        let asked = AccessQuestion::Token;
        let of = |ended| snapshot.access.iter().find(|(question, outcome, _)| (*question, *outcome) == (asked, ended));
        assert_eq!(snapshot.access.len(), 10);
        assert_eq!(
            [AccessOutcome::Error, AccessOutcome::Limited, AccessOutcome::Hit].map(|ended| of(ended).unwrap().2),
            [2, 1, 0]
        );
        assert!(snapshot.limits.contains(&("access_rate", 1)), "{:?}", snapshot.limits);
        assert_eq!(*heard.lock(), 2);
    }
}
