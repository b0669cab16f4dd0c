//! What was aimed at and what was seen, in one table: a figure that was missed stays in it, as missed.
//! Knows figures by their name only; whoever measures hands them in.

use anyhow::Result;
use std::fmt::Write;

/// Figures by the goal they belong to.
#[derive(Default)]
pub(crate) struct Figures(Vec<(&'static str, f64)>);

impl Figures {
    /// Takes a figure for a goal; of several the last counts.
    pub(crate) fn take(&mut self, goal: &'static str, value: f64) {
        self.0.retain(|(name, _)| *name != goal);
        self.0.push((goal, value));
    }

    /// Takes over those of another part.
    pub(crate) fn join(&mut self, others: Self) {
        others.0.into_iter().for_each(|(name, value)| self.take(name, value));
    }

    /// Takes the largest of memory and the least of what was kept.
    pub(crate) fn worst(&mut self, (memory, held): (&'static str, f64), (goodput, kept): (&'static str, f64)) {
        self.most(memory, held);
        self.take(goodput, self.get(goodput).map_or(kept, |before| before.min(kept)));
    }

    /// Takes the largest of those that are handed in.
    pub(crate) fn most(&mut self, goal: &'static str, value: f64) {
        self.take(goal, self.get(goal).map_or(value, |before| before.max(value)));
    }

    fn get(&self, goal: &str) -> Option<f64> {
        self.0.iter().find(|(name, _)| *name == goal).map(|(_, value)| *value)
    }
}

/// Which side of the reach is good.
#[derive(Clone, Copy)]
enum Reach {
    Least(f64),
    Most(f64),
    /// Nobody said how much is enough.
    Open,
}
use Reach::{Least, Most, Open};

/// One goal: its name, its reach, its unit, and how many digits are shown.
struct Goal(&'static str, Reach, &'static str, usize);

pub(crate) const INGEST_100K: &str = "ingest, 1,000 points a request, gRPC, 100k series";
pub(crate) const INGEST_1M: &str = "ingest, 1,000 points a request, gRPC, 1M series";
pub(crate) const RATIO_100K: &str = "the same at 100k series, against the Collector";
pub(crate) const RATIO_1M: &str = "the same at 1M series, against the Collector";
pub(crate) const INGEST_SMALL: &str = "ingest, 100 points a request, gRPC, 100k series";
pub(crate) const INGEST_GZIP: &str = "ingest, gRPC, gzip, 100k series";
pub(crate) const INGEST_JSON: &str = "ingest, HTTP JSON, 100k series";
pub(crate) const MEMORY: &str = "memory a series, 5 attributes, 1M series";
pub(crate) const MEMORY_RATIO: &str = "memory a series, 100k series, part of the Collector's";
pub(crate) const SCRAPE_PLAIN: &str = "scrape of 1M series, text, CPU";
pub(crate) const SCRAPE_GZIP: &str = "scrape of 1M series, text, gzip, CPU";
pub(crate) const SCRAPE_FIRST: &str = "scrape of 1M series, text, first byte";
pub(crate) const SCRAPE_MEMORY: &str = "scrape of 1M series, text, extra RSS";
pub(crate) const SCRAPE_P99: &str = "ingest p99 while 1M series are scraped ÷ without";
pub(crate) const RULES: &str = "1,000 rules in force, a point";
pub(crate) const DISABLED: &str = "a disabled metric, cost of a point ÷ enabled";
pub(crate) const SWITCH: &str = "a view turns 1M series off or on, CPU beside the pushes";
pub(crate) const RENAME: &str = "a view renames 1M series, CPU beside the pushes";
pub(crate) const KEEP: &str = "a view drops an attribute of 500k series, CPU beside the pushes";
pub(crate) const OVERLOAD_MEMORY_2: &str = "overload 2 ×, most RSS ÷ limit";
pub(crate) const OVERLOAD_MEMORY_10: &str = "overload 10 ×, most RSS ÷ limit";
pub(crate) const OVERLOAD_KEPT_2: &str = "overload 2 ×, accepted a CPU-second, of saturation";
pub(crate) const OVERLOAD_KEPT_10: &str = "overload 10 ×, accepted a CPU-second, of saturation";
pub(crate) const IDLE: &str = "idle RSS";
pub(crate) const READY: &str = "from exec to ready";
pub(crate) const SPANS: &str = "spans forwarded, gzip";
pub(crate) const SPANS_PLAIN: &str = "spans forwarded to a back end without gzip";
pub(crate) const BINARY: &str = "binary, stripped";
pub(crate) const READ_CERTIFICATE: &str = "a scrape by certificate and rule, CPU beside one that is not asked";
pub(crate) const READ_TOKEN: &str = "a scrape by token, known, CPU beside one that is not asked";
pub(crate) const SENDERS_MEMORY: &str = "10,000 TLS senders, most RSS";
pub(crate) const SENDERS_BACK: &str = "10,000 TLS senders come back at once, all acknowledged";
pub(crate) const SENDERS_BACK_MEMORY: &str = "the same, most RSS";
pub(crate) const SLOW_P99: &str = "scrape p99 beside 10,000 slow sockets";
pub(crate) const BOTH_P99: &str = "scrape p99 beside 6,000 TLS senders and 6,000 slow sockets";
pub(crate) const TOKENS_CALLS: &str = "1,000,000 unknown tokens, questions to the API server ÷ allowed";
pub(crate) const TOKENS_MEMORY: &str = "the same, growth of RSS";
pub(crate) const TLS_OVERLOAD_MEMORY: &str = "overload 10 × over TLS, most RSS ÷ limit";
pub(crate) const TLS_OVERLOAD_KEPT: &str = "overload 10 × over TLS, accepted a CPU-second, of saturation";
pub(crate) const TLS_GRPC: &str = "ingest over TLS, gRPC, points a CPU-second, of plain";
pub(crate) const TLS_HTTP: &str = "ingest over TLS, HTTP, points a CPU-second, of plain";

const GOALS: [Goal; 41] = [
    Goal(INGEST_100K, Least(4.0), "M points/CPU-s", 2),
    Goal(INGEST_1M, Least(3.0), "M points/CPU-s", 2),
    Goal(RATIO_100K, Least(20.0), "×", 1),
    Goal(RATIO_1M, Least(30.0), "×", 1),
    Goal(INGEST_SMALL, Least(2.0), "M points/CPU-s", 2),
    Goal(INGEST_GZIP, Least(2.5), "M points/CPU-s", 2),
    Goal(INGEST_JSON, Least(0.5), "M points/CPU-s", 2),
    Goal(MEMORY, Most(150.0), "B", 0),
    Goal(MEMORY_RATIO, Open, "×", 3),
    Goal(SCRAPE_PLAIN, Most(150.0), "ms", 0),
    Goal(SCRAPE_GZIP, Most(500.0), "ms", 0),
    Goal(SCRAPE_FIRST, Most(10.0), "ms", 1),
    Goal(SCRAPE_MEMORY, Most(2.0), "MiB", 2),
    Goal(SCRAPE_P99, Most(1.3), "×", 2),
    Goal(RULES, Most(2.0), "ns", 1),
    Goal(DISABLED, Most(0.2), "×", 2),
    Goal(SWITCH, Most(50.0), "ms", 0),
    Goal(RENAME, Most(50.0), "ms", 0),
    Goal(KEEP, Most(500.0), "ms", 0),
    Goal(OVERLOAD_MEMORY_2, Most(1.0), "×", 2),
    Goal(OVERLOAD_MEMORY_10, Most(1.0), "×", 2),
    Goal(OVERLOAD_KEPT_2, Least(0.95), "×", 2),
    Goal(OVERLOAD_KEPT_10, Least(0.95), "×", 2),
    Goal(IDLE, Most(12.0), "MiB", 1),
    Goal(READY, Most(50.0), "ms", 0),
    Goal(SPANS, Least(0.8), "M spans/CPU-s", 2),
    Goal(SPANS_PLAIN, Least(0.8), "M spans/CPU-s", 2),
    Goal(BINARY, Most(25.0), "MB", 1),
    Goal(READ_CERTIFICATE, Most(0.2), "ms", 3),
    Goal(READ_TOKEN, Most(0.2), "ms", 3),
    Goal(SENDERS_MEMORY, Most(512.0), "MiB", 0),
    Goal(SENDERS_BACK, Most(60.0), "s", 1),
    Goal(SENDERS_BACK_MEMORY, Open, "MiB", 0),
    Goal(SLOW_P99, Most(1000.0), "ms", 0),
    Goal(BOTH_P99, Most(1000.0), "ms", 0),
    Goal(TOKENS_CALLS, Most(1.0), "×", 2),
    Goal(TOKENS_MEMORY, Open, "MiB", 1),
    Goal(TLS_OVERLOAD_MEMORY, Most(1.0), "×", 2),
    Goal(TLS_OVERLOAD_KEPT, Least(0.95), "×", 2),
    Goal(TLS_GRPC, Least(0.7), "×", 2),
    Goal(TLS_HTTP, Least(0.7), "×", 2),
];

/// The table of every goal: one for which there is no figure was not met. Of a part alone, only what it measured.
pub(crate) fn table(figures: &Figures, whole: bool) -> Result<String> {
    let mut out = String::from("| measure | reach | seen | met |\n| --- | --- | --- | --- |\n");
    for Goal(name, reach, unit, digits) in GOALS {
        let seen = figures.get(name);
        if seen.is_none() && !whole {
            continue;
        }
        let (reach, is_met) = match reach {
            Least(least) => (format!("≥ {least} {unit}"), Some(seen.is_some_and(|seen| seen >= least))),
            Most(most) => (format!("≤ {most} {unit}"), Some(seen.is_some_and(|seen| seen <= most))),
            Open => ("–".to_owned(), None),
        };
        let met = is_met.map_or("–", |is_met| if is_met { "yes" } else { "**no**" });
        let seen = seen.map_or("not measured".to_owned(), |seen| format!("{seen:.digits$} {unit}"));
        writeln!(out, "| {name} | {reach} | {seen} | {met} |")?;
    }
    Ok(out)
}
