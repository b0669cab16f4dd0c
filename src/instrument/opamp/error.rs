//! Why there is no session with the controller, and when it may be sought again.
//! Knows no connection, and does not wait: `client` does.

use std::{error::Error, time::Duration};
use thiserror::Error;

/// Why a session did not come about, or ended.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SyncError {
    /// There was no connection, or it broke.
    #[error("reach the controller")]
    Reach(#[source] Box<dyn Error + Send + Sync>),
    /// It answered with another HTTP status than it should.
    #[error("speak with the controller: status {0}")]
    Status(http::StatusCode, Option<Duration>),
    /// What it sent is not of the protocol.
    #[error("understand the controller: {0}")]
    Malformed(&'static str),
    /// It ended the session.
    #[error("speak with the controller: it closed the session ({0})")]
    Closed(String),
    /// It sent an error instead of an answer.
    #[error("speak with the controller: it refused ({0})")]
    Refused(String, Option<Duration>),
    /// It was not heard for so long.
    #[error("hear the controller within {0:?}")]
    Silent(Duration),
}

impl SyncError {
    pub(super) fn reach(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Reach(source.into())
    }

    /// After how long the controller asked to come again.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status(_, after) | Self::Refused(_, after) => *after,
            Self::Reach(_) | Self::Malformed(_) | Self::Closed(_) | Self::Silent(_) => None,
        }
    }
}
