//! The simulated cluster with everyone who reports of it: the roles of `pointsman watch`, the nodes' daemons, and the operator's
//! loops. The director says what goes wrong, and when it is mended. Sends only when told to.

use super::{
    daemons::Daemons,
    direct::{Director, POOL},
    feed::{Feed, Speaker, Time},
    loops::Loops,
    mco::{self, Cluster, Happening, Second},
    scenario::Scenario,
};
use jiff::Timestamp;
use pointsman_instrument::{Exporter, Transport, transport::AddressError};
use pointsman_watch::Kind;
use std::{mem, sync::Arc, time::SystemTime};

/// The transport of a sender, by its number.
pub(crate) type WayOut<'a> = &'a dyn Fn(usize) -> Result<Transport, AddressError>;

/// The wall's time, as senders count it.
type SenderClock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// Everything that is simulated.
pub(crate) struct Stage {
    cluster: Cluster,
    director: Director,
    feed: Feed,
    daemons: Daemons,
    loops: Loops,
    time: Time,
    seed: u64,
    clock: SenderClock,
    senders: Vec<Sender>,
    turns: Vec<Turn>,
}

/// One of those who speak.
struct Sender {
    /// The node whose daemon it is.
    node: Option<String>,
    way_out: Transport,
    speaks: Option<(Speaker, Exporter)>,
}

/// Somebody stops speaking, or begins anew.
#[derive(Debug)]
pub(crate) enum Turn {
    /// The sender with this number.
    Stopped(usize),
    /// The sender with this number.
    Began(usize),
}

/// What a stage is made of.
pub(crate) struct Setting<'a> {
    pub(crate) nodes: usize,
    pub(crate) scenario: Scenario,
    pub(crate) seed: u64,
    /// When the simulation begins, by its own time.
    pub(crate) start: Timestamp,
    /// The transport of each sender.
    pub(crate) way_out: WayOut<'a>,
}

impl Sender {
    fn new(node: Option<String>, speaker: Speaker, way_out: Transport) -> Self {
        let mut this = Self { node, way_out, speaks: None };
        this.begin(speaker);
        this
    }

    fn begin(&mut self, speaker: Speaker) {
        let exporter = Exporter::new(Arc::clone(&speaker.telemetry), self.way_out.clone());
        self.speaks = Some((speaker, exporter));
    }
}

impl Stage {
    /// A cluster at rest, whose senders count by the clock that `clock` makes of the simulated one.
    pub(crate) fn new<C>(setting: &Setting<'_>, clock: impl FnOnce(Time) -> C) -> Result<Self, AddressError>
    where
        C: Fn() -> SystemTime + Send + Sync + 'static,
    {
        let Setting { nodes, scenario, seed, start, way_out } = setting;
        let workers: Vec<String> = (0..*nodes).map(|n| format!("{POOL}-{n}")).collect();
        let director = Director::new(*scenario, &workers);
        let mut cluster = Cluster::new(options(setting));
        director.opening().into_iter().for_each(|(second, action)| cluster.plan(second, action));
        let time = Time::new(*start);
        let feed = Feed::new(&mut cluster, time.clone());
        let target =
            cluster.object(Kind::MachineConfigPool, POOL).and_then(|pool| pool.pointer("/spec/configuration/name")?.as_str());
        let daemons = Daemons::new(&workers, target.unwrap_or_default(), scenario.floods());
        let clock: SenderClock = Arc::new(clock(time.clone()));
        let roles = feed.speak(*seed, &told(&clock)).into_iter().map(|speaker| (None, speaker));
        let speak = |node: &String| Some((Some(node.clone()), daemons.speak(node, *seed, &time, told(&clock))?));
        let loops = Loops::new(*seed, told(&clock));
        let others = daemons.nodes().filter_map(speak).chain([(None, loops.speaker())]);
        let speakers: Vec<_> = roles.chain(others).collect();
        let sender = |(n, (node, speaker))| Ok(Sender::new(node, speaker, way_out(n)?));
        let senders = speakers.into_iter().enumerate().map(sender).collect::<Result<_, _>>()?;
        Ok(Self { cluster, director, feed, daemons, loops, time, seed: *seed, clock, senders, turns: Vec::new() })
    }

    /// The node that the scenario is about.
    pub(crate) fn node(&self) -> &str {
        self.director.node()
    }

    /// Everyone who speaks now, by number.
    pub(crate) fn speakers(&self) -> impl Iterator<Item = (usize, &Speaker)> {
        self.senders.iter().enumerate().filter_map(|(n, sender)| sender.speaks.as_ref().map(|(speaker, _)| (n, speaker)))
    }

    /// Who stopped speaking and who began, since this was last asked.
    pub(crate) fn take_turns(&mut self) -> Vec<Turn> {
        mem::take(&mut self.turns)
    }

    /// Lets time pass up to that second; answers what happened, with its second, in order.
    pub(crate) fn advance(&mut self, second: Second) -> Vec<(Second, Happening)> {
        let mut happened = Vec::new();
        for second in self.time.second() + 1..=second {
            self.feed.advance(&mut self.cluster, second);
            self.daemons.pass(second);
            self.loops.pass(second);
            for (at, happening) in self.cluster.take_happenings() {
                self.daemons.record(at, &happening);
                self.loops.record(&happening);
                for (when, action) in self.director.follow(at, &happening) {
                    self.cluster.plan(when, action);
                }
                self.turn(&happening);
                happened.push((at, happening));
            }
        }
        happened
    }

    /// A daemon that is silent does not push; one that starts again begins all its counts anew.
    fn turn(&mut self, happening: &Happening) {
        let (Happening::DaemonSilent { node } | Happening::DaemonBack { node, .. }) = happening else { return };
        let Some((n, sender)) = (0..).zip(&mut self.senders).find(|(_, sender)| sender.node.as_ref() == Some(node)) else {
            return;
        };
        if matches!(happening, Happening::DaemonSilent { .. }) {
            sender.speaks = None;
            self.turns.push(Turn::Stopped(n));
        } else if let Some(speaker) = self.daemons.speak(node, self.seed, &self.time, told(&self.clock)) {
            sender.begin(speaker);
            self.turns.push(Turn::Began(n));
        }
    }

    /// Everyone pushes once. Answers how many requests failed.
    pub(crate) async fn push(&mut self) -> u64 {
        let mut failed = 0;
        for (_, exporter) in self.senders.iter_mut().filter_map(|sender| sender.speaks.as_mut()) {
            let before = exporter.failed();
            if exporter.push().await.is_err() {
                failed += exporter.failed().saturating_sub(before);
            }
        }
        failed
    }
}

/// The cluster as the scenario finds it.
fn options(setting: &Setting<'_>) -> mco::Options {
    let Setting { nodes, scenario, seed, start, .. } = setting;
    let mut options = mco::Options { start: *start, ..mco::Options::new(*nodes, *seed) };
    options.authority_days = scenario.authority_days().unwrap_or(options.authority_days);
    for pool in options.pools.iter_mut().filter(|pool| pool.name == POOL) {
        pool.paused_for = scenario.paused_for();
    }
    options
}

/// The clock as senders take it.
fn told(clock: &SenderClock) -> impl Fn() -> SystemTime + Clone + Send + Sync + 'static {
    let clock = Arc::clone(clock);
    move || clock()
}

#[cfg(test)]
mod tests;
