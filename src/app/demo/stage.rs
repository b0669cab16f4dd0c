//! The simulated cluster with everyone who reports of it: the roles of `pointsman watch`, the nodes' daemons, and the operator's
//! loops. The scenario says what goes wrong, and when it is mended. Sends only when told to.

use super::{
    daemons::Daemons,
    feed::{Feed, Speaker, Time},
    loops::Loops,
    mco::{self, Action, Cluster, Happening, Second, Trouble},
    scenario::Scenario,
};
use jiff::Timestamp;
use pointsman_instrument::{Exporter, Transport, transport::AddressError};
use pointsman_watch::Kind;
use std::{sync::Arc, time::SystemTime};

/// The pool that the story is about.
pub(crate) const POOL: &str = "worker";
/// When the first rollout begins to be made.
const FIRST_ROLLOUT: Second = 120;
/// Rest between two rollouts.
const REST: Second = 900;

/// The transport of a sender, by its number.
pub(crate) type WayOut<'a> = &'a dyn Fn(usize) -> Result<Transport, AddressError>;

/// Everything that is simulated.
pub(crate) struct Stage {
    cluster: Cluster,
    scenario: Scenario,
    blocked: String,
    feed: Feed,
    daemons: Daemons,
    loops: Loops,
    time: Time,
    speakers: Vec<Speaker>,
    exporters: Vec<Exporter>,
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

impl Stage {
    /// A cluster at rest, whose senders count by the clock that `clock` makes of the simulated one.
    pub(crate) fn new<C>(setting: &Setting<'_>, clock: impl FnOnce(Time) -> C) -> Result<Self, AddressError>
    where
        C: Fn() -> SystemTime + Clone + Send + Sync + 'static,
    {
        let Setting { nodes, scenario, seed, start, way_out } = setting;
        let mut cluster = Cluster::new(mco::Options { start: *start, ..mco::Options::new(*nodes, *seed) });
        cluster.plan(FIRST_ROLLOUT, Action::NewTarget(POOL.to_owned()));
        let time = Time::new(*start);
        let feed = Feed::new(&mut cluster, time.clone());
        let workers: Vec<String> = (0..*nodes).map(|n| format!("{POOL}-{n}")).collect();
        let target =
            cluster.object(Kind::MachineConfigPool, POOL).and_then(|pool| pool.pointer("/spec/configuration/name")?.as_str());
        let daemons = Daemons::new(&workers, target.unwrap_or_default(), scenario.floods());
        let clock = clock(time.clone());
        let loops = Loops::new(*seed, clock.clone());
        let others = daemons.speak(*seed, &time, &clock).into_iter().chain([loops.speaker()]);
        let speakers: Vec<_> = feed.speak(*seed, &clock).into_iter().chain(others).collect();
        let exporter = |(n, speaker): (usize, &Speaker)| Ok(Exporter::new(Arc::clone(&speaker.telemetry), way_out(n)?));
        let exporters = speakers.iter().enumerate().map(exporter).collect::<Result<_, _>>()?;
        // Of the nodes that are taken first, the last: others go on beside it.
        let blocked = workers.into_iter().take(2).next_back().unwrap_or_default();
        Ok(Self { cluster, scenario: *scenario, blocked, feed, daemons, loops, time, speakers, exporters })
    }

    /// The node whose drain the scenario blocks.
    pub(crate) fn blocked_node(&self) -> &str {
        &self.blocked
    }

    /// Everyone who speaks.
    pub(crate) fn speakers(&self) -> &[Speaker] {
        &self.speakers
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
                self.direct(at, &happening);
                happened.push((at, happening));
            }
        }
        happened
    }

    /// What the scenario makes of it.
    fn direct(&mut self, at: Second, happening: &Happening) {
        match (happening, self.scenario.blocked_for()) {
            (Happening::RolloutStarted { .. }, Some(blocked_for)) => {
                self.cluster.plan(at, Action::Break(self.blocked.clone(), Trouble::Drain));
                self.cluster.plan(at + blocked_for, Action::Mend(self.blocked.clone()));
            }
            (Happening::RolloutEnded { .. }, _) => self.cluster.plan(at + REST, Action::NewTarget(POOL.to_owned())),
            _ => {}
        }
    }

    /// Everyone pushes once. Answers how many requests failed.
    pub(crate) async fn push(&mut self) -> u64 {
        let mut failed = 0;
        for exporter in &mut self.exporters {
            let before = exporter.failed();
            if exporter.push().await.is_err() {
                failed += exporter.failed().saturating_sub(before);
            }
        }
        failed
    }
}

#[cfg(test)]
mod tests;
