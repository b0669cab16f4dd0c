//! Why a request to an API server did not do what it should, in the few kinds that matter to what comes next.
//! Keeps the server's words for logs; they never become labels.

use kube::core::Status;
use std::{future::Future, time::Duration};
use thiserror::Error;

/// Why a request failed.
#[derive(Debug, Error)]
pub enum Failure {
    /// Someone else wrote first, or the object is another one of the same name.
    #[error("somebody else wrote first")]
    Conflict,
    /// The object, its kind or its namespace is not there.
    #[error("it is not there")]
    Gone,
    /// A right is missing.
    #[error("a right is missing: {0}")]
    Forbidden(String),
    /// The server does not take what was written.
    #[error("the API server refuses it: {0}")]
    Refused(String),
    /// The server asks for patience; for how long, where it says so.
    #[error("the API server is busy")]
    Busy(Option<Duration>),
    /// The server failed or did not answer.
    #[error("the API server does not answer: {0}")]
    Away(String),
}

impl Failure {
    /// Runs a request for at most `limit`.
    ///
    /// # Errors
    ///
    /// Why it failed; a request that takes longer is [`Failure::Away`].
    pub async fn timed<T>(limit: Duration, request: impl Future<Output = Result<T, kube::Error>>) -> Result<T, Self> {
        match tokio::time::timeout(limit, request).await {
            Ok(answer) => answer.map_err(Self::from),
            Err(_) => Err(Self::Away(format!("no answer within {} s", limit.as_secs()))),
        }
    }

    /// A word for counters, of a closed set.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::Gone => "gone",
            Self::Forbidden(_) => "forbidden",
            Self::Refused(_) => "refused",
            Self::Busy(_) => "busy",
            Self::Away(_) => "away",
        }
    }
}

impl From<kube::Error> for Failure {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::of_status(*status),
            other => Self::Away(chain(&other)),
        }
    }
}

impl Failure {
    fn of_status(status: Status) -> Self {
        let details = status.details.as_ref();
        let asked = details.map(|d| u64::from(d.retry_after_seconds)).filter(|secs| *secs > 0).map(Duration::from_secs);
        // What is made in a namespace that ends is forbidden, too; but no right is missing.
        let ends = details.is_some_and(|d| d.causes.iter().any(|cause| cause.reason == "NamespaceTerminating"));
        match status.code {
            404 | 410 => Self::Gone,
            403 if ends => Self::Gone,
            409 => Self::Conflict,
            401 | 403 => Self::Forbidden(status.message),
            429 => Self::Busy(asked),
            400..=499 => Self::Refused(status.message),
            _ if asked.is_some() => Self::Busy(asked),
            _ => Self::Away(status.message),
        }
    }
}

/// An error with its causes, as one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text
}
