//! What is measured: shapes, ways in, cardinalities, peers; and how options say so.
//! Knows no server and no number that was measured.

use crate::{
    send::{CODINGS, Coding, PROTOCOLS, Protocol},
    server::Peer,
    shape::{SHAPES, Shape},
};
use anyhow::{Context, Result, bail};

const PEERS: [(&str, Peer); 2] = [("pointsman", Peer::Pointsman), ("collector", Peer::Collector)];

/// One kind of load on one number of series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Case {
    pub(crate) shape: Shape,
    pub(crate) series: usize,
    pub(crate) protocol: Protocol,
    pub(crate) coding: Coding,
    pub(crate) shuffle: bool,
}

/// Rounds of one case, in which peers take turns.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) case: Case,
    pub(crate) peers: Vec<Peer>,
    pub(crate) rounds: usize,
    pub(crate) effort: Effort,
}

/// How much is put into one round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Server CPU time of the window of ingest.
    pub(crate) cpu_seconds: f64,
    /// Senders, but for shapes that say themselves.
    pub(crate) connections: usize,
    /// Scrapes that are measured in each encoding; none only checks.
    pub(crate) scrapes: usize,
}

impl Case {
    /// The bodies that make up the series.
    pub(crate) fn instances(&self) -> usize {
        self.series / self.shape.points()
    }

    /// How the requests travel, as the tables name it.
    pub(crate) fn way(&self) -> String {
        self.protocol.name(self.coding) + if self.shuffle { ", shuffled" } else { "" }
    }
}

/// The options as words: each a flag with its value, or a variable of the environment.
pub(crate) struct Words<'a>(pub(crate) &'a [String]);

impl Words<'_> {
    pub(crate) fn has(&self, flag: &str) -> bool {
        self.0.iter().any(|arg| arg == flag)
    }

    /// The value of a flag, of its variable, or the one that is usual.
    pub(crate) fn value(&self, name: &str, usual: &str) -> String {
        let flag = format!("--{name}");
        let given = self.0.iter().position(|arg| *arg == flag).and_then(|at| self.0.get(at + 1)).cloned();
        let variable = format!("BENCH_{}", name.to_uppercase().replace('-', "_"));
        given.or_else(|| std::env::var(variable).ok()).unwrap_or_else(|| usual.to_owned())
    }

    /// The value as a number.
    pub(crate) fn number<N: std::str::FromStr>(&self, name: &str, usual: &str) -> Result<N> {
        let text = self.value(name, usual);
        text.parse().ok().with_context(|| format!("read --{name}: {text} is no such number"))
    }

    /// The values of a list, each by a name that is known.
    pub(crate) fn list<T: Copy>(&self, name: &str, usual: &str, known: &[(&str, T)]) -> Result<Vec<T>> {
        let one = |word: &str| match known.iter().find(|(name, _)| *name == word) {
            Some((_, value)) => Ok(*value),
            None => bail!("read --{name}: {word} is none of {:?}", known.iter().map(|(name, _)| *name).collect::<Vec<_>>()),
        };
        self.value(name, usual).split(',').map(one).collect()
    }

    /// Every combination of what the options name, except bodies that cannot be.
    pub(crate) fn blocks(&self) -> Result<Vec<Block>> {
        let mut blocks = Vec::new();
        let effort = Effort {
            cpu_seconds: self.number("cpu-seconds", "2")?,
            connections: self.number("connections", "2")?,
            scrapes: self.number("scrapes", "3")?,
        };
        let (rounds, peers) = (self.number("rounds", "2")?, self.list("peers", "pointsman", &PEERS)?);
        let series = self.value("series", "10000");
        for series in series.split(',') {
            let series = series.parse().with_context(|| format!("read --series: {series}"))?;
            for shape in self.list("shapes", "s1", &SHAPES)? {
                for protocol in self.list("protocols", "grpc", &PROTOCOLS)? {
                    for coding in self.list("encodings", "none", &CODINGS)? {
                        let case = Case { shape, series, protocol, coding, shuffle: self.has("--shuffle") };
                        blocks.push(Block { case, peers: peers.clone(), rounds, effort });
                    }
                }
            }
        }
        Ok(blocks)
    }
}
