//! How often each limit of connections bit: a closed list of names, and a count for each.
//! Decides nothing.

use std::sync::atomic::{AtomicU64, Ordering};

/// A limit of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Connections in all.
    Connections,
    /// Connections of one address.
    ConnectionsPerAddress,
    /// Connections of an address that had to be cut off too often.
    Reconnects,
    /// Files that the process may open.
    OpenFiles,
    /// The time for a request's head.
    HeadTime,
    /// The size of a request's head.
    HeadBytes,
    /// What an HTTP/2 peer may do beside asking: resets, continuations, empty frames, broken rules.
    Http2,
    /// The time in which a peer has to read what we write.
    WriteTime,
    /// The time without a byte.
    IdleTime,
    /// The time for an answer.
    HandlerTime,
    /// The time to end once asked to.
    GraceTime,
}

impl Limit {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Connections,
        Self::ConnectionsPerAddress,
        Self::Reconnects,
        Self::OpenFiles,
        Self::HeadTime,
        Self::HeadBytes,
        Self::Http2,
        Self::WriteTime,
        Self::IdleTime,
        Self::HandlerTime,
        Self::GraceTime,
    ];

    /// The word for it in attributes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::ConnectionsPerAddress => "connections_per_address",
            Self::Reconnects => "reconnects",
            Self::OpenFiles => "open_files",
            Self::HeadTime => "head_time",
            Self::HeadBytes => "head_bytes",
            Self::Http2 => "http2",
            Self::WriteTime => "write_time",
            Self::IdleTime => "idle_time",
            Self::HandlerTime => "handler_time",
            Self::GraceTime => "grace_time",
        }
    }
}

/// The counts of all listeners.
#[derive(Debug, Default)]
pub struct Hits([AtomicU64; Limit::ALL.len()]);

impl Hits {
    /// It bit once more.
    pub fn hit(&self, limit: Limit) {
        if let Some((_, count)) = self.pairs().find(|(known, _)| *known == limit) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often it bit.
    #[must_use]
    pub fn of(&self, limit: Limit) -> u64 {
        self.pairs().find(|(known, _)| *known == limit).map_or(0, |(_, count)| count.load(Ordering::Relaxed))
    }

    /// Everything, by name.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.pairs().map(|(limit, count)| (limit.as_str(), count.load(Ordering::Relaxed)))
    }

    fn pairs(&self) -> impl Iterator<Item = (Limit, &AtomicU64)> {
        Limit::ALL.into_iter().zip(&self.0)
    }
}
