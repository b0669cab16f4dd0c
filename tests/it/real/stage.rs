//! A stage for stories: an API server of its own on which a script plays the Machine Config Operator, watchers at it, the server
//! they push to, and a Jaeger behind that. A simulated second takes only as long as its writes, and a moment for watchers to see
//! them. Knows what is read back; not what should be.

use super::{
    cluster::Cluster,
    jaeger::Jaeger,
    peers::settles,
    script::{Player, install},
    tree::Trace,
    watchers::{Watcher, account},
};
use crate::support::{Pointsman, runtime};
use jiff::{SignedDuration, Timestamp};
use pointsman::app::demo::mco::{self, Truth, Write};
use pointsman_watch::Kind;
use std::{collections::BTreeMap, path::PathBuf, thread, time::Duration};

/// Between the writes of two simulated seconds. Kinds are watched apart: this keeps the order in which they are seen.
const PACE: Duration = Duration::from_millis(30);
/// What a script says happens so long ago at least that all of its story is in the past.
const PAST: SignedDuration = SignedDuration::from_hours(6);

/// The time of day.
pub(crate) fn today() -> Timestamp {
    Timestamp::now()
}

/// When second 0 of a script is.
pub(crate) fn past() -> Timestamp {
    today().saturating_sub(PAST).expect("there is a past")
}

/// Everything that a story needs.
pub(crate) struct Stage {
    pub(crate) cluster: Cluster,
    pub(crate) kubeconfig: PathBuf,
    pub(crate) server: Pointsman,
    jaeger: Jaeger,
    script: mco::Cluster,
    player: Player,
    runtime: tokio::runtime::Runtime,
}

impl Stage {
    /// One on which nothing was played yet. The script is asked for when all the rest is there.
    pub(crate) fn new(script: impl FnOnce() -> mco::Cluster) -> Self {
        let cluster = Cluster::bare();
        install(&cluster);
        let kubeconfig = account(&cluster);
        let jaeger = Jaeger::start();
        let server = Pointsman::start(&["--traces-to", &format!("http://{}", jaeger.otlp)]);
        let runtime = runtime();
        let player = runtime.block_on(Player::new(&cluster));
        Self { cluster, kubeconfig, server, jaeger, script: script(), player, runtime }
    }

    /// A watcher that has pushed; the first of its role.
    pub(crate) fn watcher(&self, role: &str) -> Watcher {
        let watcher = Watcher::start(role, &format!("watch-{role}-0"), (&self.server, &self.kubeconfig));
        assert!(settles(|| self.events(role) > 0), "the {role} watcher does not push: {}", self.server.scrape());
        watcher
    }

    /// Changes of objects that a watcher has counted since it speaks.
    pub(crate) fn events(&self, role: &str) -> u64 {
        let text = self.server.scrape();
        counts(&text, "pointsman_watch_events_total", ["instance"]).get([role.to_owned()].as_slice()).copied().unwrap_or(0)
    }

    /// What really happened so far.
    pub(crate) fn truth(&self) -> &Truth {
        self.script.expected()
    }

    /// Plays up to that second, and through it.
    pub(crate) fn play_to(&mut self, second: u64) {
        let writes = self.script.advance_to(second);
        self.make(&writes);
    }

    /// Plays second by second until the script is there.
    pub(crate) fn play_until(&mut self, what: &str, is_there: impl Fn(&Truth) -> bool) {
        let end = self.script.now() + 24 * 3_600;
        while !is_there(self.script.expected()) {
            assert!(self.script.now() < end, "the script never comes to {what}");
            self.play_to(self.script.now() + 1);
        }
    }

    /// Plays until nothing is under way any more.
    pub(crate) fn play_out(&mut self) {
        self.play_until("its end", |truth| {
            truth.rollouts.iter().all(|rollout| rollout.end.is_some()) && truth.updates.iter().all(|update| update.end.is_some())
        });
        self.play_to(self.script.now() + 5);
    }

    /// Waits until it is as late as that second of the script; answers whether it was earlier.
    pub(crate) fn wait_for(&self, second: u64) -> bool {
        let time = self.script.time(second);
        let is_early = today() < time;
        assert!(settles(|| today() >= time), "that second is too far away");
        is_early
    }

    /// Plans something for the second to come.
    pub(crate) fn act(&mut self, action: mco::Action) {
        self.script.plan(self.script.now() + 1, action);
    }

    /// The second up to which it was played.
    pub(crate) fn second(&self) -> u64 {
        self.script.now()
    }

    fn make(&mut self, writes: &[Write]) {
        for batch in writes.chunk_by(|one, next| one.at == next.at) {
            self.runtime.block_on(self.player.play_aged(&self.cluster, batch.to_vec()));
            if batch.iter().any(|write| write.kind != Kind::Lease) {
                thread::sleep(PACE);
            }
        }
    }

    /// The traces that have a span of a rollout, in the order of their starts.
    pub(crate) fn traces(&self) -> Vec<Trace> {
        let found = self.jaeger.traces("pointsman-watch", &["rollout pool", "update node", "phase "]);
        let mut traces: Vec<_> = found.iter().map(Trace::read).collect();
        traces.sort_by_key(|trace| trace.spans.iter().map(|span| span.start).min());
        traces
    }

    /// Waits until so many rollouts have ended in Jaeger, each with all of its spans; answers them.
    pub(crate) fn rollouts(&self, count: usize) -> Vec<Trace> {
        let is_whole = |traces: &[Trace]| traces.iter().filter(|trace| trace.is_sound().is_ok()).count() >= count;
        let mut traces = Vec::new();
        let there = settles(|| {
            traces = self.traces();
            is_whole(&traces)
        });
        let told: String = traces.iter().map(Trace::text).collect();
        for trace in &traces {
            assert_eq!(trace.is_sound(), Ok(()), "{told}");
        }
        assert!(there && traces.len() == count, "{} traces, not {count}:\n{told}", traces.len());
        traces
    }
}

/// The sums of a family's series over all labels but these.
pub(crate) fn counts<const N: usize>(text: &str, family: &str, labels: [&str; N]) -> BTreeMap<Vec<String>, u64> {
    let mut sums = BTreeMap::new();
    let begins = format!("{family}{{");
    for line in text.lines().filter(|line| line.starts_with(&begins)) {
        let (series, value) = line.rsplit_once(' ').expect("a sample has a value");
        let of = |label: &str| {
            let (_, rest) = series.split_once(&format!("{label}=\"")).unwrap_or_else(|| panic!("{line} has no {label}"));
            rest.split('"').next().unwrap_or_default().to_owned()
        };
        let value: u64 = value.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
        *sums.entry(labels.map(of).to_vec()).or_default() += value;
    }
    sums
}
