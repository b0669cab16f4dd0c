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
    blocked: String,
    quiet: Quiet,
    /// Series at the last look at which there were any.
    series: usize,
}

impl Teller {
    /// `blocked` is the node that the scenario may block.
    pub(crate) fn new(blocked: &str) -> Self {
        Self { blocked: blocked.to_owned(), quiet: Quiet::NotYet, series: 0 }
    }

    /// The line for something that happened.
    pub(crate) fn happening(second: Second, happening: &Happening) -> String {
        let text = match happening {
            Happening::RolloutStarted { pool, from, to } => {
                format!("pool {pool}: update {} -> {} started", short(from), short(to))
            }
            Happening::DrainBlocked { node } => format!("{node} Drained: waiting for PDB shop/cart"),
            Happening::DrainTier { node, minutes: 10 } => format!("{node} Drained: not done after 10 minutes"),
            Happening::DrainTier { node, .. } => format!("{node} Drained: not done after 1 hour"),
            Happening::DrainFreed { node } => format!("{node} Drained: PDB shop/cart allows it now"),
            Happening::Acted(text) => text.clone(),
            Happening::NodeUpdated { node } => format!("{node} Updated"),
            Happening::RolloutEnded { pool, nodes, start } => {
                let minutes = second.saturating_sub(*start) / 60;
                format!("pool {pool}: update done, {nodes} nodes in {minutes} min")
            }
        };
        line(second, &text)
    }

    /// The line for what a scrape shows, if that is news.
    pub(crate) fn look(&mut self, second: Second, look: Look) -> Option<String> {
        let (next, text) = match self.quiet {
            Quiet::NotYet if look.overflow => (
                Quiet::Due(second + PATIENCE),
                format!(
                    "mcd_update_state of {}: {LIMIT} attribute sets, limit reached, further sets go to otel.metric.overflow=true",
                    self.blocked
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

/// The name of a rendered config with as much of its hash as tells it from others.
fn short(config: &str) -> &str {
    let end = config.rfind('-').map_or(config.len(), |dash| (dash + 9).min(config.len()));
    config.get(..end).unwrap_or(config)
}

fn line(second: Second, text: &str) -> String {
    format!("{}  {text}", clock_text(second))
}
