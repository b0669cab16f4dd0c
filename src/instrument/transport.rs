//! How OTLP bytes leave: gRPC, HTTP with protobuf, or a closure in the same process. Bytes go in as they are to be
//! sent; nothing here knows metrics or spans.

pub(crate) mod connect;
mod error;
mod grpc;
mod http1;
pub mod raw;
mod target;
#[cfg(test)]
pub(crate) mod tests;

pub use error::{AddressError, SendError};
pub use grpc::Grpc;
pub(crate) use http1::retry_after;
pub use target::{Protocol, Target};

use crate::{opamp::plan::PlanHash, wire};
use bytes::Bytes;
use std::sync::Arc;

/// Which OTLP service a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// `ExportMetricsServiceRequest`
    Metrics,
    /// `ExportTraceServiceRequest`
    Traces,
}

/// Takes requests in the same process.
pub type Sink = Arc<dyn Fn(Signal, Bytes) + Send + Sync>;

/// Where requests go.
#[derive(Clone)]
pub enum Transport {
    /// OTLP/gRPC.
    Grpc(Grpc),
    /// OTLP/HTTP with protobuf; each request on a connection of its own.
    Http(Arc<Target>),
    /// No wire at all.
    InProcess(Sink),
}

impl Transport {
    /// OTLP/gRPC to `http://host:port` or `https://host:port`, with the defaults of [`Target`].
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn grpc(url: &str) -> Result<Self, AddressError> {
        Target::new(Protocol::Grpc, url).map(Self::from)
    }

    /// OTLP/HTTP with protobuf to `http://host:port` or `https://host:port`; `/v1/metrics` and `/v1/traces` are added to
    /// its path. With the defaults of [`Target`].
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn http(url: &str) -> Result<Self, AddressError> {
        Target::new(Protocol::Http, url).map(Self::from)
    }

    /// Sends one request, with the name of the plan that shaped it; answers how many of its points or spans were refused.
    /// Call it inside a Tokio runtime.
    ///
    /// # Errors
    /// When the request as a whole was not taken.
    pub async fn send(&self, signal: Signal, body: Bytes, plan: Option<PlanHash>) -> Result<u64, SendError> {
        let answer = match self {
            Self::InProcess(sink) => {
                sink(signal, body);
                return Ok(0);
            }
            Self::Grpc(grpc) => grpc.send(signal, body, plan).await,
            Self::Http(target) => {
                let answer = tokio::time::timeout(target.timeout, http1::send(target, signal, &body, plan)).await;
                answer.unwrap_or(Err(SendError::Slow(target.timeout)))
            }
        };
        answer.map(|answer| rejected(&answer))
    }
}

impl From<Target> for Transport {
    fn from(target: Target) -> Self {
        match target.protocol {
            Protocol::Grpc => Self::Grpc(Grpc::new(Arc::new(target))),
            Protocol::Http => Self::Http(Arc::new(target)),
        }
    }
}

/// The count of `partial_success`; an answer that does not parse refused nothing we know of.
fn rejected(answer: &[u8]) -> u64 {
    let count = wire::message(answer, 1).and_then(|partial| wire::number(partial, 1));
    // A negative count is none.
    count.and_then(|n| u64::try_from(n.cast_signed()).ok()).unwrap_or(0)
}
