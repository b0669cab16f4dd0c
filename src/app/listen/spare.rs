//! One open file in reserve: out of file descriptors, it makes room to accept whoever waits and to close that connection
//! at once, so that nobody hangs in a backlog that cannot be served.

use futures_util::FutureExt;
use std::{fs::File, io};
use tokio::net::TcpListener;
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

    /// Closes one connection that waits, if there is a file to accept it with.
    pub(super) fn turn_away(&mut self, tcp: &TcpListener) {
        self.0 = None;
        if let Some(Ok((_, peer))) = tcp.accept().now_or_never() {
            debug!(%peer, "turned away: no file descriptor is left");
        }
        self.0 = open();
    }
}

fn open() -> Option<File> {
    File::open("/dev/null").ok()
}
