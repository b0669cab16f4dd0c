//! The lines of the story: from what happened in the cluster, and from what scrapes show.
//! Pure: it prints nothing, reads no clock, and tells of the server only what was seen there.

#[cfg(test)]
mod tests;

use super::{
    cluster::{Event, Second, UNAVAILABLE_MAX},
    folder::{LIMIT, QUIET_MINUTES},
    look::Look,
    time::clock_text,
};
use std::fmt::Display;

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

/// Tells the story of one run.
#[derive(Debug)]
pub(crate) struct Teller {
    nodes: Vec<String>,
    blocked: usize,
    quiet: Quiet,
    /// Series at the last look at which there were any.
    series: usize,
}

impl Teller {
    /// Of these nodes; `blocked` is the one the scenario may block.
    pub(crate) fn new(nodes: Vec<String>, blocked: usize) -> Self {
        Self { nodes, blocked, quiet: Quiet::NotYet, series: 0 }
    }

    /// The blocked node's name.
    pub(crate) fn blocked_node(&self) -> &str {
        self.name(self.blocked)
    }

    fn name(&self, node: usize) -> &str {
        self.nodes.get(node).map_or("", |name| name)
    }

    /// The line for something that happened, if it is worth one.
    pub(crate) fn event(&self, second: Second, event: &Event, trace: Option<&dyn Display>) -> Option<String> {
        let seen = trace.map_or(String::new(), |t| format!("   trace {t}"));
        let text = match event {
            Event::RolloutStarted { from, to } => {
                format!("pool worker: update {from} -> {to} started, maxUnavailable {UNAVAILABLE_MAX}{seen}")
            }
            Event::DrainBlocked { node } => format!("{} Drained: waiting for PDB shop/cart{seen}", self.name(*node)),
            Event::DrainTier { node, tier: 0 } => format!("{} Drained: not done after 10 minutes", self.name(*node)),
            Event::DrainTier { node, .. } => format!("{} Drained: not done after 1 hour", self.name(*node)),
            Event::DrainFreed { node } => format!("{} Drained: PDB shop/cart allows it now", self.name(*node)),
            Event::RolloutEnded { start } => {
                let minutes = second.saturating_sub(*start) / 60;
                format!("pool worker: update done, {} nodes in {minutes} min", self.nodes.len())
            }
            Event::UpdateEnded { node, .. } => format!("{} Updated", self.name(*node)),
            Event::PhaseEnded { .. } | Event::UpdateStarted { .. } => return None,
        };
        Some(line(second, &text))
    }

    /// The line for what a scrape shows, if that is news.
    pub(crate) fn look(&mut self, second: Second, look: Look) -> Option<String> {
        let (next, text) = match self.quiet {
            Quiet::NotYet if look.overflow => (
                Quiet::Due(second + PATIENCE),
                format!(
                    "mcd_update_state of {}: {LIMIT} attribute sets, limit reached, further sets go to otel.metric.overflow=true",
                    self.blocked_node()
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
        Some(line(second, &text))
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

fn line(second: Second, text: &str) -> String {
    format!("{}  {text}", clock_text(second))
}
