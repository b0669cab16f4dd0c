//! The component's end of sync-down: obeys what is there when the process starts, then what its controller says, and lets
//! parts of a plan end in time, with or without a controller. A controller that is away changes nothing. Starts no task: the
//! caller owns [`Client::run`].

mod catalogue;
#[cfg(test)]
mod tests;

use super::{
    Carried, Endpoint, Event, SyncError,
    carried::Carrying,
    event::told,
    files::{Done, Files},
    held::Held,
    kept::Kept,
    link::{self, Dial, Happened, Link, Promise},
    messages::Expiry,
    plan::PlanError,
    proto::ServerToAgent,
    session::{Heard, Offered, Session, Uid, description},
    steps::Now,
};
use crate::{
    identity::Identity,
    limits::{FAREWELL_MAX, FIRST_PUSH_MAX, HEARTBEAT, REJOIN_ASKED_MAX, REJOIN_MAX, REJOIN_MIN, SILENCE_MAX},
    telemetry::{PlanSource, Telemetry},
};
use bytes::Bytes;
use prost::Message;
use std::{
    future::{Future, pending, ready},
    io,
    path::PathBuf,
    pin::pin,
    sync::Arc,
    time::Duration,
};
use tokio::time::Instant;

/// Where plans come from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// The controller; without one only the file speaks.
    pub endpoint: Option<Endpoint>,
    /// A plan that is mounted into the pod.
    pub plan_file: Option<PathBuf>,
    /// Where the last good plan is kept for the next start.
    pub plan_cache: Option<PathBuf>,
}

/// Keeps a [`Telemetry`] to its plan.
pub struct Client {
    telemetry: Arc<Telemetry>,
    began: Instant,
    /// The plan in force; without one the declared levels decide.
    held: Option<Held>,
    files: Files,
    carried: Carried,
    dialled: Option<(Arc<Endpoint>, Dial)>,
    session: Session,
    line: Line,
    /// Of the catalogue that was told.
    catalogue: u64,
    /// Attempts and sessions that failed in a row.
    failures: u32,
    /// What is to be told.
    events: Vec<Event>,
}

/// How it stands with the session.
enum Line {
    /// There is none before this moment.
    Waiting(Duration),
    Opening(Promise<Result<Link, SyncError>>),
    Open(Open),
}

/// A session.
struct Open {
    link: Link,
    began: Duration,
    /// When the controller was last heard.
    heard: Duration,
    /// It answered at least once.
    joined: bool,
}

impl Client {
    /// Obeys what is there at once: the mounted plan, else the last good one, else the declared levels. Never does everything
    /// stay on, since who names a controller means it.
    #[must_use]
    pub fn new(telemetry: Arc<Telemetry>, identity: &Identity, settings: Settings) -> Self {
        Self::resume(telemetry, identity, settings, &Carried::default())
    }

    /// The same for a further telemetry of one process: what the client before it obeyed is obeyed from the start, unless the
    /// mounted plan spoke last. Where there is no plan, everything stays on with [`Carried::until_answered`], and only then.
    #[must_use]
    pub fn resume(telemetry: Arc<Telemetry>, identity: &Identity, settings: Settings, carried: &Carried) -> Self {
        let Settings { endpoint, plan_file, plan_cache } = settings;
        let dialled = endpoint.map(Arc::new).map(|endpoint| {
            let dial = link::dial(&endpoint);
            (endpoint, dial)
        });
        let uid = Uid::new(telemetry.now(), telemetry.new_ids().0.to_bytes());
        let wait = FIRST_PUSH_MAX.mul_f64(telemetry.spread());
        let (description, undescribed) = description(identity);
        telemetry.losses().description.add(u64::try_from(undescribed).unwrap_or(u64::MAX));
        let mut client = Self {
            began: Instant::now(),
            held: None,
            files: Files::new(plan_file, plan_cache),
            carried: carried.clone(),
            dialled,
            session: Session::new(uid, description),
            line: Line::Waiting(wait),
            catalogue: telemetry.catalogue_version(),
            failures: 0,
            events: Vec::new(),
            telemetry,
        };
        client.boot();
        client
    }

    fn boot(&mut self) {
        let now = self.now();
        let mut carried = self.carried.kept();
        let found = self.files.look(now);
        if let Some(carrying) = carried.take_if(|carrying| carrying.source == PlanSource::Controller) {
            // It replaced what is mounted, which speaks again when it changes.
            self.resume_with(carrying);
        } else if let Some((path, found)) = found {
            self.found(path, found);
        }
        if let (None, Some(carrying)) = (&self.held, carried) {
            self.resume_with(carrying);
        }
        if self.held.is_none() {
            self.load();
        }
        match self.held {
            Some(_) => {}
            None if self.carried.waits() => self.events.push(Event::Everything),
            None => self.defaults(),
        }
    }

    fn defaults(&mut self) {
        self.telemetry.obey_defaults();
        self.events.push(Event::Defaults);
    }

    fn now(&self) -> Now {
        Now { mono: self.began.elapsed(), wall: self.telemetry.now() }
    }

    /// The mounted plan is another. While a session's plan is in force it is only noted: the controller is asked anew all the
    /// time, the file is not.
    fn found(&mut self, path: PathBuf, found: io::Result<Bytes>) {
        let led = matches!(&self.line, Line::Open(open) if open.joined);
        match found {
            Err(error) => self.events.push(Event::File(path, error)),
            Ok(_) if led && self.held.as_ref().is_some_and(|held| held.source == PlanSource::Controller) => {}
            Ok(body) => {
                let read = Held::read(body, Expiry::default(), PlanSource::File, self.now());
                self.obey_read(read, PlanSource::File);
            }
        }
    }

    /// Looks at what an earlier run kept.
    fn load(&mut self) {
        match self.files.load() {
            None => {}
            Some((path, Err(error))) => self.events.push(Event::File(path, error)),
            Some((_, Ok(Kept { body, expiry, received }))) => {
                let read = Held::again(body, &expiry, PlanSource::Cache, received, self.now());
                self.obey_read(read, PlanSource::Cache);
            }
        }
    }

    /// Obeys what an earlier client of this process obeyed; no part of it ends later than it would have there.
    fn resume_with(&mut self, Carrying { kept: Kept { body, expiry, received }, source, ends }: Carrying) {
        let now = self.now();
        let end = |end: Option<Instant>| end.map_or(Duration::MAX, |end| end.saturating_duration_since(self.began));
        let ends: Vec<_> = ends.into_iter().map(end).collect();
        let read = Held::again(body, &expiry, source, received, now);
        self.obey_read(read.map(|held| held.no_later(&ends, now)), source);
    }

    fn obey_read(&mut self, read: Result<Held, PlanError>, source: PlanSource) {
        match read {
            Ok(held) => self.obey(held),
            Err(error) => self.events.push(Event::Refused(source, error)),
        }
    }

    /// From now on this plan.
    fn obey(&mut self, held: Held) {
        let rules = self.telemetry.obey(&held.plan, held.steps.passed(), held.source);
        self.session.applied(held.hash(), held.body.clone(), rules);
        self.events.push(Event::Obeyed(held.hash(), held.source));
        self.keep(&held, held.source != PlanSource::Cache);
        self.held = Some(held);
    }

    /// Keeps what is in force, for the next client, and for the next start unless it is there as it is.
    fn keep(&mut self, held: &Held, is_news: bool) {
        let (now, at) = (self.now(), Instant::now());
        let kept = held.kept(now);
        if is_news {
            self.files.keep(kept.clone());
        }
        let ends = held.steps.left(now).into_iter().map(|left| at.checked_add(left)).collect();
        self.carried.keep(Carrying { kept, source: held.source, ends });
    }

    /// Obeys what was offered last, if it can be obeyed as a whole.
    fn take_offer(&mut self) {
        let Some(Offered { hash, body, expiry }) = self.session.take_offer() else { return };
        if let Some(held) = self.held.as_ref().filter(|held| held.is_as_good_as(&hash, &expiry)) {
            return self.session.acknowledged(held.hash());
        }
        let read = Held::read(body, expiry, PlanSource::Controller, self.now());
        let read = read
            .and_then(|held| if held.plan.hash.0 == hash.as_slice() { Ok(held) } else { Err(PlanError::Offer(held.plan.hash)) });
        match read {
            Ok(held) => self.obey(held),
            Err(error) => {
                self.session.failed(&hash, &told(&error));
                self.events.push(Event::Refused(PlanSource::Controller, error));
            }
        }
    }

    /// Runs until `stop` is ready, then tells the controller that it goes. What a log is to know is told to `on_event`.
    pub async fn run(mut self, stop: impl Future<Output = ()>, mut on_event: impl FnMut(&Event)) {
        let mut stop = pin!(stop);
        loop {
            self.tick();
            self.events.drain(..).for_each(|event| on_event(&event));
            let wait = self.wait();
            let telemetry = self.telemetry.clone();
            let offered = self.session.has_offer();
            tokio::select! {
                biased;
                () = &mut stop => break,
                happened = self.line.happened() => self.happened(happened),
                // Nothing more has come for now.
                () = ready(()), if offered => self.take_offer(),
                done = self.files.done() => self.done(done),
                () = telemetry.catalogue_changed() => {}
                () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => {}
            }
        }
        self.leave().await;
        self.finish().await;
        self.events.drain(..).for_each(|event| on_event(&event));
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Found(path, found) => self.found(path, found),
            Done::NotKept(path, error) => self.events.push(Event::File(path, error)),
            Done::Nothing => {}
        }
    }

    /// Waits until what is in force is kept, if that is quick.
    async fn finish(&mut self) {
        let until = Instant::now() + FAREWELL_MAX;
        while !self.files.is_kept() {
            self.files.begin(self.now());
            match tokio::time::timeout_at(until, self.files.done()).await {
                // It is late for another plan.
                Ok(Done::Found(..) | Done::Nothing) => {}
                Ok(done @ Done::NotKept(..)) => self.done(done),
                Err(_) => return,
            }
        }
    }

    /// Does what is due.
    fn tick(&mut self) {
        let now = self.now();
        if let Some(mut held) = self.held.take() {
            if held.steps.pass(now) {
                let rules = self.telemetry.obey(&held.plan, held.steps.passed(), held.source);
                self.session.stepped(held.hash(), rules);
                self.events.push(Event::Stepped(held.hash()));
                self.keep(&held, true);
            }
            self.held = Some(held);
        }
        self.files.begin(now);
        let version = self.telemetry.catalogue_version();
        if version != self.catalogue {
            self.catalogue = version;
            self.session.catalogue_changed(now.mono);
        }
        self.advance(now.mono);
    }

    /// Connects, says what is due, and gives up a controller that is gone.
    fn advance(&mut self, now: Duration) {
        match &mut self.line {
            Line::Waiting(until) if *until <= now => {
                if let Some((endpoint, dial)) = self.dialled.clone() {
                    self.line = Line::Opening(Box::pin(Link::open(endpoint, dial)));
                }
            }
            Line::Open(open) if now.saturating_sub(open.heard) >= SILENCE_MAX => self.lost(SyncError::Silent(SILENCE_MAX)),
            Line::Open(open) if open.link.ready() => {
                if let Some(held) = self.held.as_ref().filter(|_| self.session.tells_catalogue(now)) {
                    let rules = self.telemetry.obey(&held.plan, held.steps.passed(), held.source);
                    self.session.reported(held.hash(), rules);
                }
                let (telemetry, events) = (&self.telemetry, &mut self.events);
                if let Some(message) = self.session.say(now, || catalogue(telemetry, events)) {
                    open.link.say(message.encode_to_vec());
                }
            }
            Line::Waiting(_) | Line::Opening(_) | Line::Open(_) => {}
        }
    }

    /// How long nothing needs to be done, unless something happens.
    fn wait(&self) -> Option<Duration> {
        let now = self.now();
        let line = match &self.line {
            Line::Waiting(until) => self.dialled.as_ref().map(|_| *until),
            Line::Opening(_) => None,
            Line::Open(Open { link, heard, .. }) => {
                let gone = heard.saturating_add(SILENCE_MAX);
                Some(if link.ready() { self.session.due().min(gone) } else { gone })
            }
        };
        let moments = [line, self.files.due()].into_iter().flatten();
        let waits = moments.map(|moment| moment.saturating_sub(now.mono));
        waits.chain(self.held.as_ref().and_then(|held| held.steps.wait(now))).min()
    }

    fn happened(&mut self, happened: Result<LineHappened, SyncError>) {
        let now = self.now().mono;
        match happened {
            Ok(LineHappened::Opened(link)) => {
                self.session.connected(now);
                self.line = Line::Open(Open { link, began: now, heard: now, joined: false });
            }
            Ok(LineHappened::On(Happened::Sent)) => {}
            Ok(LineHappened::On(Happened::Alive)) => self.heard(now),
            Ok(LineHappened::On(Happened::Message(body))) => match ServerToAgent::decode(body) {
                Ok(message) => self.hear(message, now),
                Err(_) => self.lost(SyncError::Malformed("a message is no ServerToAgent")),
            },
            Err(error) => {
                // What it offered before it went counts.
                self.take_offer();
                self.lost(error);
            }
        }
    }

    fn hear(&mut self, message: ServerToAgent, now: Duration) {
        match self.session.hear(message, self.held.as_ref().map(Held::hash)) {
            Heard::Nothing => self.heard(now),
            Heard::Objection(why) => {
                self.heard(now);
                self.events.push(Event::Objected(why));
            }
            Heard::Leave(why, after) => self.lost(SyncError::Refused(why, after)),
            Heard::Refused(why) => {
                if let Line::Open(open) = &mut self.line {
                    open.heard = now;
                }
                self.events.push(Event::Ignored(why));
            }
        }
    }

    /// The controller is there and well.
    fn heard(&mut self, now: Duration) {
        let Line::Open(open) = &mut self.line else { return };
        open.heard = now;
        // One that ends sessions as soon as they begin is not well, whatever it says in between.
        if now.saturating_sub(open.began) >= HEARTBEAT {
            self.failures = 0;
        }
        if !std::mem::replace(&mut open.joined, true) {
            self.events.push(Event::Joined);
            if self.carried.answered() && self.held.is_none() {
                self.defaults();
            }
        }
    }

    /// There is no session now. What is in force stays so.
    fn lost(&mut self, error: SyncError) {
        self.failures = self.failures.saturating_add(1);
        let wait = pause(self.failures, error.retry_after(), self.telemetry.spread());
        self.line = Line::Waiting(self.now().mono.saturating_add(wait));
        self.events.push(Event::Lost(error));
    }

    /// Says farewell, if that is quick.
    async fn leave(&mut self) {
        let now = self.now().mono;
        let Line::Open(open) = &mut self.line else { return };
        let farewell = self.session.farewell(now).encode_to_vec();
        let said = async {
            open.link.sent().await?;
            open.link.say(farewell);
            open.link.close();
            open.link.sent().await
        };
        if let Ok(Err(error)) = tokio::time::timeout(FAREWELL_MAX, said).await {
            self.events.push(Event::Lost(error));
        }
    }
}

/// What happened on a line.
enum LineHappened {
    Opened(Link),
    On(Happened),
}

impl Line {
    /// What happens next; nothing while there is no session. May be dropped at any time.
    async fn happened(&mut self) -> Result<LineHappened, SyncError> {
        match self {
            Self::Waiting(_) => pending().await,
            Self::Opening(opening) => opening.await.map(LineHappened::Opened),
            Self::Open(open) => open.link.happened().await.map(LineHappened::On),
        }
    }
}

/// What this process has, as it is told.
fn catalogue(telemetry: &Telemetry, events: &mut Vec<Event>) -> Bytes {
    let (json, left_out) = catalogue::told(telemetry.catalogue());
    if left_out > 0 {
        telemetry.losses().catalogue.add(u64::try_from(left_out).unwrap_or(u64::MAX));
        events.push(Event::LeftOut(left_out));
    }
    json
}

/// How long to wait after so many failures in a row: anything up to a longest that doubles each time, so that those who were
/// lost together do not come back together. What the controller asks for comes before it.
fn pause(failures: u32, asked: Option<Duration>, spread: f64) -> Duration {
    let doubled = REJOIN_MIN.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX)).min(REJOIN_MAX);
    asked.unwrap_or_default().min(REJOIN_ASKED_MAX).saturating_add(doubled.mul_f64(spread))
}
