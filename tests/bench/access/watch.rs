//! A scraper that is watched while something goes on beside it: once on a connection that it keeps, once on a new one each time.
//! Knows how long it waited, not for what.

use super::quantile;
use crate::{dial::Target, scrape::Reader};
use anyhow::{Result, anyhow};
use std::{
    thread,
    time::{Duration, Instant},
};

/// How one of them fared.
#[derive(Default)]
pub(super) struct Waits {
    /// Seconds from when a scrape was due until it was read.
    secs: Vec<f64>,
    pub(super) failed: usize,
    pub(super) why: String,
}

/// Both of them.
pub(super) struct Watched {
    pub(super) kept: Waits,
    pub(super) fresh: Waits,
}

impl Waits {
    /// In milliseconds: half of them, nearly all of them, the worst.
    pub(super) fn show(&self) -> String {
        let ms = |share: f64| quantile(&self.secs, share) * 1e3;
        let failed = if self.failed > 0 { format!(", {} failed ({})", self.failed, self.why) } else { String::new() };
        format!("{:.0}, {:.0}, {:.0}{failed}", ms(0.5), ms(0.99), ms(1.0))
    }
}

impl Watched {
    /// The 99th percentile of the worse of the two, in milliseconds.
    pub(super) fn p99_ms(&self) -> f64 {
        quantile(&self.kept.secs, 0.99).max(quantile(&self.fresh.secs, 0.99)) * 1e3
    }

    /// Scrapes that were not answered whole.
    pub(super) fn failed(&self) -> usize {
        self.kept.failed + self.fresh.failed
    }
}

/// Watches both for so long, with a scrape each in every such time.
pub(super) fn watch(target: &Target, every: Duration, time: Duration) -> Result<Watched> {
    thread::scope(|scope| {
        let [kept, fresh] = [true, false].map(|keeps| {
            let reader = Reader::new(target.clone(), None, keeps);
            scope.spawn(move || scrape(reader, every, time))
        });
        let join = |thread: thread::ScopedJoinHandle<'_, Waits>| thread.join().map_err(|_| anyhow!("a scraper panicked"));
        Ok(Watched { kept: join(kept)?, fresh: join(fresh)? })
    })
}

/// A scrape that comes late delays none of those after it: all are counted from when they were due.
fn scrape(mut reader: Reader, every: Duration, time: Duration) -> Waits {
    let (began, mut due, mut waits) = (Instant::now(), Instant::now(), Waits::default());
    while began.elapsed() < time {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        match reader.scrape() {
            Ok(_) => waits.secs.push(due.elapsed().as_secs_f64()),
            Err(error) => {
                // As long as it took to learn that, at least.
                waits.secs.push(due.elapsed().as_secs_f64());
                waits.failed += 1;
                waits.why = format!("{error:#}");
            }
        }
        due += every;
    }
    waits
}
