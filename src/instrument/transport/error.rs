//! What can be wrong with an address, and with a request; which of the latter may be sent again, and when. The lists are
//! OTLP's. Knows no connection.

use crate::wire::{self, Field};
use std::{error::Error, time::Duration};
use tonic::{Code, Status};

/// The address is not one that can be used.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// Not a URL.
    #[error("read {url:?} as a URL")]
    NotUrl {
        /// As given.
        url: String,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// None of the four schemes of a session.
    #[error("read {url:?}: write ws://host:port, wss://, http:// or https://")]
    NotOpamp {
        /// As given.
        url: String,
    },
    /// Neither `http://` nor `https://`, or no host.
    #[error("read {url:?}: write http://host:port or https://host:port")]
    NotHttp {
        /// As given.
        url: String,
    },
}

/// A request that was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The receiver answered with a gRPC status.
    #[error("export over gRPC: {0:?}")]
    Grpc(Code, #[source] Box<Status>),
    /// The receiver answered with an HTTP status, and after how long to come again.
    #[error("export over HTTP: status {0}")]
    Http(http::StatusCode, Option<Duration>),
    /// There was no answer.
    #[error("reach the receiver")]
    Reach(#[source] Box<dyn Error + Send + Sync>),
    /// Nobody answered in time.
    #[error("export within {0:?}")]
    Slow(Duration),
}

impl SendError {
    pub(super) fn reach(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Reach(source.into())
    }

    /// Whether the same request may be taken later (OTLP's list of retryable answers).
    #[must_use]
    pub fn retryable(&self) -> bool {
        match self {
            Self::Grpc(code, _) => {
                use Code::{Aborted, Cancelled, DataLoss, DeadlineExceeded, OutOfRange, ResourceExhausted, Unavailable};
                match code {
                    Cancelled | DeadlineExceeded | Aborted | OutOfRange | Unavailable | DataLoss => true,
                    // Only a receiver that says when it will recover.
                    ResourceExhausted => self.retry_after().is_some(),
                    _ => false,
                }
            }
            Self::Http(status, _) => matches!(status.as_u16(), 429 | 502 | 503 | 504),
            Self::Reach(_) | Self::Slow(_) => true,
        }
    }

    /// After how long the receiver asked to come again: gRPC's `RetryInfo`, HTTP's `Retry-After` in seconds.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Grpc(_, status) => retry_info(status.details()),
            Self::Http(_, after) => *after,
            Self::Reach(_) | Self::Slow(_) => None,
        }
    }

    /// Whether the receiver itself gave this answer: the fault may lie in the request.
    pub(crate) fn answered(&self) -> bool {
        match self {
            Self::Grpc(code, _) => *code != Code::Unavailable,
            Self::Http(..) => true,
            Self::Reach(_) | Self::Slow(_) => false,
        }
    }
}

/// The delay of a `google.rpc.RetryInfo` among the details of a `google.rpc.Status`.
fn retry_info(details: &[u8]) -> Option<Duration> {
    const TYPE: &[u8] = b"type.googleapis.com/google.rpc.RetryInfo";
    let anys = wire::fields(details).filter_map(|field| match field {
        Field::Bytes(3, any) => Some(any),
        _ => None,
    });
    let info = anys.filter(|any| wire::message(any, 1) == Some(TYPE)).find_map(|any| wire::message(any, 2))?;
    let delay = wire::message(info, 1)?;
    let number = |wanted| u32::try_from(wire::number(delay, wanted).unwrap_or(0)).ok();
    // A negative delay is a huge number here: it says nothing.
    Some(Duration::new(u64::from(number(1)?), number(2).filter(|nanos| *nanos < 1_000_000_000)?))
}
