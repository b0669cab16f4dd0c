//! The lines of the story: from what happened in the cluster, and from what scrapes show.
//! Pure: it prints nothing, reads no clock, and tells of the server only what was seen there.

#[cfg(test)]
mod tests;

use super::{
    folder::{LIMIT, QUIET_MINUTES},
    look::Look,
    mco::{Happening, Second},
    time::clock_text,
};
use std::fmt::Display;

/// A pause that lasts so long is told of.
const DAY: Second = 24 * 3600;
/// Simulated seconds between the limit's first bite and the view against it.
const PATIENCE: Second = 60;

/// Where the view `quiet-mcd` is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quiet {
    /// The limit has not bitten.
    NotYet,
    /// It is to be written then.
    Due(Second),
    /// It was written then; scrapes still show the metric.
    Written(Second),
    /// Scrapes do not show the metric any more.
    Off(Second),
    /// They show it again.
    Over,
}

/// What scrapes show of the daemon that stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Daemon {
    /// It has not stopped, or that is told.
    Speaks,
    /// It has stopped; its series are still there.
    Stopped,
    /// They are not.
    Ended,
}

/// Tells the story of one run.
#[derive(Debug)]
pub(crate) struct Teller {
    node: String,
    quiet: Quiet,
    /// Series at the last look at which there were any.
    series: usize,
    daemon: Daemon,
    /// Points that the daemon of the node had counted at the last look at which it had.
    points: u64,
    /// The pool that is paused, and in how many seconds from the start that will have lasted a day.
    paused: Option<(String, Second)>,
}

impl Teller {
    /// `node` is the one that the scenario is about.
    pub(crate) fn new(node: &str) -> Self {
        let (quiet, daemon) = (Quiet::NotYet, Daemon::Speaks);
        Self { node: node.to_owned(), quiet, series: 0, daemon, points: 0, paused: None }
    }

    /// The line for something that happened.
    pub(crate) fn happening(&mut self, second: Second, happening: &Happening) -> String {
        match happening {
            Happening::DaemonSilent { node } if *node == self.node => self.daemon = Daemon::Stopped,
            Happening::PoolPaused { pool, seconds } => {
                self.paused = Some((pool.clone(), second + DAY.saturating_sub(*seconds)));
            }
            Happening::PoolResumed { .. } => self.paused = None,
            _ => {}
        }
        line(second, &text(second, happening))
    }

    /// The lines for what a scrape shows, if that is news.
    pub(crate) fn look(&mut self, second: Second, look: Look) -> Vec<String> {
        let told = [self.day(second), self.daemon(look), self.limit(second, look)];
        told.into_iter().flatten().map(|text| line(second, &text)).collect()
    }

    /// A pause that has lasted a day.
    fn day(&mut self, second: Second) -> Option<String> {
        let (pool, _) = self.paused.take_if(|(_, at)| *at <= second)?;
        Some(format!("pool {pool}: paused for a day now"))
    }

    /// What became of the series of the daemon that stopped, and from where it counts when it is back.
    fn daemon(&mut self, look: Look) -> Option<String> {
        let (before, node) = (self.points, &self.node);
        self.points = if look.points > 0 { look.points } else { self.points };
        match self.daemon {
            Daemon::Stopped if look.node == 0 => {
                self.daemon = Daemon::Ended;
                Some(format!("{node}: the series of its daemon have ended"))
            }
            Daemon::Ended if look.node > 0 && look.points > 0 => {
                self.daemon = Daemon::Speaks;
                let (series, points) = (look.node, look.points);
                Some(format!(
                    "{node}: its daemon is heard again, {series} series; it counts anew: {points} points, {before} before"
                ))
            }
            _ => None,
        }
    }

    /// What became of the metric that floods.
    fn limit(&mut self, second: Second, look: Look) -> Option<String> {
        let (next, text) = match self.quiet {
            Quiet::NotYet if look.overflow => (
                Quiet::Due(second + PATIENCE),
                format!(
                    "mcd_update_state of {}: {LIMIT} attribute sets, limit reached, further sets go to otel.metric.overflow=true",
                    self.node
                ),
            ),
            Quiet::Written(at) if look.all == 0 => (
                Quiet::Off(second),
                format!(
                    "view quiet-mcd: mcd_update_state is off, {} series ended, expires {}",
                    self.series,
                    clock_text(at + QUIET_MINUTES * 60)
                ),
            ),
            Quiet::Off(_) if look.all > 0 => {
                (Quiet::Over, format!("view quiet-mcd: over, mcd_update_state is on again, {} series", look.all))
            }
            _ => {
                self.series = if look.all > 0 { look.all } else { self.series };
                return None;
            }
        };
        self.quiet = next;
        self.series = if look.all > 0 { look.all } else { self.series };
        Some(text)
    }

    /// Whether it is time to write the view.
    pub(crate) fn wants_quiet(&self, second: Second) -> bool {
        matches!(self.quiet, Quiet::Due(at) if second >= at)
    }

    /// The view was written.
    pub(crate) fn quiet_written(&mut self, second: Second, path: &dyn Display) -> String {
        self.quiet = Quiet::Written(second);
        line(second, &format!("view quiet-mcd: written to {path}, for {QUIET_MINUTES} minutes"))
    }

    /// Whether the view has run its course, or never began one.
    pub(crate) fn is_quiet_over(&self) -> bool {
        matches!(self.quiet, Quiet::Over | Quiet::NotYet)
    }
}

/// What happened, in words.
fn text(second: Second, happening: &Happening) -> String {
    match happening {
        Happening::RolloutStarted { pool, from, to } => {
            format!("pool {pool}: update {} -> {} started", short(from), short(to))
        }
        Happening::DrainBlocked { node } => format!("{node} Drained: waiting for PDB shop/cart"),
        Happening::DrainTier { node, minutes: 10 } => format!("{node} Drained: not done after 10 minutes"),
        Happening::DrainTier { node, .. } => format!("{node} Drained: not done after 1 hour"),
        Happening::DrainFreed { node } => format!("{node} Drained: PDB shop/cart allows it now"),
        Happening::NodeUpdated { node } => format!("{node} Updated"),
        Happening::RolloutEnded { pool, nodes, start } => {
            let minutes = second.saturating_sub(*start) / 60;
            format!("pool {pool}: update done, {nodes} nodes in {minutes} min")
        }
        Happening::RebootFailed { node } => {
            format!("{node} RebootedNode: the reboot command failed; the node is Degraded, its daemon tries again")
        }
        Happening::RebootWorked { node, attempt } => format!("{node} RebootedNode: attempt {attempt} works"),
        Happening::DaemonSilent { node } => format!("{node}: its daemon has stopped"),
        Happening::DaemonBack { node, .. } => format!("{node}: its daemon has started again"),
        Happening::RenderFailed { pool } => format!("pool {pool}: no config can be rendered, RenderDegraded"),
        Happening::RenderMended { pool } => format!("pool {pool}: a config can be rendered again"),
        Happening::PoolPaused { pool, seconds: 0 } => format!("pool {pool}: paused"),
        Happening::PoolPaused { pool, seconds } => {
            format!("pool {pool}: has been paused for {} h {} min", seconds / 3600, seconds / 60 % 60)
        }
        Happening::UpdateWaits { pool, to } => format!("pool {pool}: {} waits, the pool is paused", short(to)),
        Happening::PoolResumed { pool } => format!("pool {pool}: not paused any more"),
        Happening::AuthorityEnds { days } => format!("certificates: KubeAPIServerServingCAData ends in {days} days"),
        Happening::AuthorityRenewed => {
            "certificates: KubeAPIServerServingCAData is renewed; nodes of a paused pool do not get it".to_owned()
        }
    }
}

/// The name of a rendered config with as much of its hash as tells it from others.
fn short(config: &str) -> &str {
    let end = config.rfind('-').map_or(config.len(), |dash| (dash + 9).min(config.len()));
    config.get(..end).unwrap_or(config)
}

fn line(second: Second, text: &str) -> String {
    format!("{}  {text}", clock_text(second))
}
