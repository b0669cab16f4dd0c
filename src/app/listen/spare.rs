//! One open file in reserve: out of file descriptors, it makes room to accept whoever waits, one after the other, and to close
//! each connection at once, so that nobody hangs in a backlog that cannot be served.

use futures_util::FutureExt;
use pointsman_core::limits::BACKLOG_MAX;
use std::{fs::File, io};
use tokio::{net::TcpListener, task::unconstrained};
use tracing::debug;

/// The process, and the system, have no file descriptor left.
const EMFILE: i32 = 24;
const ENFILE: i32 = 23;

/// The file in reserve, where it could be had.
#[derive(Debug)]
pub(super) struct Spare(Option<File>);

impl Spare {
    pub(super) fn new() -> Self {
        Self(open())
    }

    /// Whether `accept` failed for want of a file descriptor.
    pub(super) fn is_needed(error: &io::Error) -> bool {
        matches!(error.raw_os_error(), Some(EMFILE | ENFILE))
    }

    /// Closes the connections that wait, as long as there is a file to accept them with; tells how many.
    pub(super) fn turn_away(&mut self, tcp: &TcpListener) -> u32 {
        self.0 = None;
        let mut turned_away = 0;
        while turned_away < BACKLOG_MAX {
            let Some(Ok((_, peer))) = unconstrained(tcp.accept()).now_or_never() else { break };
            debug!(%peer, "turned away: no file descriptor is left");
            turned_away += 1;
        }
        self.0 = open();
        turned_away
    }
}

fn open() -> Option<File> {
    File::open("/dev/null").ok()
}
