//! What TLS and access cost, and what becomes of those who are let in beside those who should not be: which rows there are, how large
//! each is, and the section that they make together. Knows no row from inside.

mod cluster;
mod crowd;
mod ingest;
mod scrapes;
mod senders;
mod slow;
mod tokens;
mod watch;

use crate::{
    Part, overload,
    tls::{Keys, open_files},
};
use anyhow::{Result, ensure};
use cluster::Cluster;
use std::{fmt::Write, net::Ipv4Addr, time::Duration};

/// One row, or a few that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    Scrapes,
    Senders,
    Slow,
    Tokens,
    Overload,
    Ingest,
}

/// All of them, as options name them.
pub(crate) const ROWS: [(&str, Row); 6] = [
    ("scrapes", Row::Scrapes),
    ("senders", Row::Senders),
    ("slow", Row::Slow),
    ("tokens", Row::Tokens),
    ("overload", Row::Overload),
    ("ingest", Row::Ingest),
];
/// The same as a list.
pub(crate) const ALL: &str = "scrapes,senders,slow,tokens,overload,ingest";

/// How much is put into the rows.
#[derive(Clone, Copy)]
struct Size {
    /// Scrapes of a batch on a connection that is kept; a tenth of them on connections of their own.
    scrapes: usize,
    /// Turns of batches and windows.
    rounds: usize,
    /// Senders that are connected alone.
    senders: usize,
    /// Slow sockets alone.
    slow: usize,
    /// Senders and slow sockets, each, together.
    both: usize,
    /// How long a scraper is watched.
    watched: Duration,
    /// How long what has just come is let alone.
    rest: Duration,
    /// Tokens that nobody knows.
    tokens: u64,
    overload_secs: u64,
    /// Server CPU time of a window of ingest.
    cpu_seconds: f64,
}

const FULL: Size = Size {
    scrapes: 2_000,
    rounds: 4,
    senders: 10_000,
    slow: 10_000,
    both: 6_000,
    watched: Duration::from_secs(60),
    rest: Duration::from_secs(5),
    tokens: 1_000_000,
    overload_secs: 12,
    cpu_seconds: 3.0,
};
const QUICK: Size = Size {
    scrapes: 200,
    rounds: 1,
    senders: 300,
    slow: 300,
    both: 200,
    watched: Duration::from_secs(8),
    rest: Duration::from_secs(1),
    tokens: 20_000,
    overload_secs: 2,
    cpu_seconds: 0.3,
};

/// Room for so many connections: nobody is turned away for memory that is reckoned, and what is held is measured.
const ROOM: [&str; 2] = ["--memory-limit", "2GiB"];
/// Addresses of this host that crowds come from.
const ADDRESSES: usize = 8;

/// Runs the rows; one that fails costs no other.
pub(crate) fn measure(rows: &[Row], quick: bool) -> Result<Part> {
    let size = if quick { QUICK } else { FULL };
    let keys = Keys::make()?;
    let asks = |row: &Row| matches!(row, Row::Scrapes | Row::Tokens);
    // Started once, and not at all where nobody asks it.
    let cluster = rows.iter().any(asks).then(Cluster::start).transpose()?;
    let mut all = Part { title: "What TLS and access cost".into(), ..Part::default() };
    writeln!(
        all.text,
        "TLS 1.3, P-256, no session resumed; clients, API server and server share the processors. Senders show a certificate of a \
         ServiceAccount, each its own; they and slow sockets come from {ADDRESSES} addresses of this host."
    )?;
    for row in rows {
        eprintln!("access: {row:?}");
        let part = match (row, &cluster) {
            (Row::Scrapes, Some(cluster)) => scrapes::measure(&keys, cluster, size),
            (Row::Tokens, Some(cluster)) => tokens::measure(&keys, cluster, size),
            (Row::Scrapes | Row::Tokens, None) => continue,
            (Row::Senders, _) => senders::measure(&keys, size),
            (Row::Slow, _) => slow::measure(&keys, size),
            (Row::Overload, _) => overload::measure_tls(size.overload_secs, &keys),
            (Row::Ingest, _) => ingest::measure(&keys, size),
        };
        let part = part.unwrap_or_else(|error| {
            let failed = vec![format!("{error:#}")];
            Part { title: format!("{row:?}"), failed, ..Part::default() }
        });
        write!(all.text, "\n### {}\n\n{}", part.title, part.text)?;
        all.failed.extend(part.failed.iter().map(|what| format!("{}: {what}", part.title)));
        all.figures.join(part.figures);
    }
    Ok(all)
}

/// Whether this process, and the servers that it starts, may have so many connections open: they keep a fourth of their files.
fn room_for(connections: usize) -> Result<()> {
    let (has, wants) = (open_files()?, connections / 3 * 4 + 1_000);
    ensure!(
        has >= wants,
        "{connections} connections need {wants} open files and {has} are allowed: run `ulimit -n {wants}` before"
    );
    Ok(())
}

/// Where the `number`th of a crowd comes from: not from where scrapers do.
fn home(number: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 0, (number % ADDRESSES) as u8 + 2)
}

/// The value below which this share of them is.
fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(at.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

const MIB: f64 = 1_048_576.0;
