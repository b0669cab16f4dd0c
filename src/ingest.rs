//! OTLP in, over gRPC and HTTP: admission, decompression, answers. What a point means is core's.
//! Both transports end in [`Ingest`]; neither knows where the points go.

#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::panic))]

pub mod admit;
pub mod answer;
pub mod body;
pub mod grpc;
pub mod http;
pub mod inflate;
pub mod sender;
pub mod stats;

use crate::auth::{
    Denied,
    senders::{
        quota::{Over, Quota, Quotas},
        told::Told,
    },
};
use ::http::HeaderMap;
use admit::{Budget, Held};
use inflate::Encoding;
use pointsman_core::{
    decode::DecodeError,
    limits,
    model::{clock::Mono, reject::Tally, speaker::Speaker},
};
use pointsman_instrument::opamp::{messages::PLAN_HEADER, plan::PlanHash};
use stats::Stats;
use std::{sync::Arc, time::Duration};

/// What a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// Metrics.
    Metrics,
    /// Spans.
    Traces,
}

impl Signal {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Metrics, Self::Traces];

    /// The word for it in attributes and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
            Self::Traces => "traces",
        }
    }
}

/// How many times the bytes of spans stand in memory while they are sorted out: twice while their room grows, then once.
const SPAN_COPIES: usize = 3;

/// Takes one request in protobuf, of somebody where that was proven.
pub type Take = Arc<dyn Fn(&[u8], Option<&Speaker>) -> Result<Tally, DecodeError> + Send + Sync>;

/// Hears which plan shaped a request at its source, which sender's it was, and who that is where it was proven.
pub type Exported = Arc<dyn Fn(&[u8; 16], u64, Option<&Arc<Speaker>>) + Send + Sync>;

/// Where requests of both transports end.
pub struct Ingest {
    /// Takes metrics.
    pub metrics: Take,
    /// Takes spans.
    pub traces: Take,
    /// Hears of plans.
    pub exported: Exported,
    /// Bytes of all requests in flight.
    pub budget: Arc<Budget>,
    /// Largest body, also after decompression.
    pub body_bytes_max: usize,
    /// How long a body may take to arrive.
    pub body_time_max: Duration,
    /// What was taken and refused.
    pub stats: Stats,
    /// How much each sender may send, where that was said.
    pub paced: Option<Paced>,
    /// Who spoke for others, for the log.
    pub told: Told,
}

/// Quotas of senders, and the clock that they go by.
pub struct Paced {
    /// The quotas.
    pub quotas: Quotas,
    /// The clock.
    pub now: Arc<dyn Fn() -> Mono + Send + Sync>,
}

/// Why a whole request was refused. Nothing of it was applied.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Larger than we take.
    #[error("the body has more than {limit} bytes (--max-body)")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// Grows too much when inflated.
    #[error("the body grows to more than {} times its size", limits::INFLATE_RATIO_MAX)]
    Bomb,
    /// Too much is in flight.
    #[error("no memory is left for more requests, try again in {retry_secs} s")]
    Overload {
        /// When to try again, in seconds.
        retry_secs: u64,
    },
    /// Was there, and we took too long over it.
    #[error("no answer within {} s, try again later", limits::HANDLER_MS_MAX / 1000)]
    Late,
    /// Did not arrive in time.
    #[error("the body came too slowly: {} s in all, {} B/s", limits::BODY_MS_MAX / 1000, limits::BODY_BYTES_PER_SEC_MIN)]
    Slow,
    /// Ended before its end, or is no HTTP body.
    #[error("the body ended before its end")]
    Cut,
    /// An encoding we do not have.
    #[error("unknown encoding, use gzip, zstd or identity")]
    UnknownEncoding,
    /// The bytes are not what their encoding says.
    #[error("the body is not {0}")]
    Corrupt(&'static str),
    /// Not OTLP.
    #[error("not an OTLP request")]
    Decode(#[from] DecodeError),
    /// Of somebody who may not send.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Its sender has sent as much as it may for now.
    #[error("the sender has reached its {flag}, try again in {retry_secs} s", flag = .quota.flag())]
    Quota {
        /// Of what it was too much.
        quota: Quota,
        /// When to try again, in seconds.
        retry_secs: u64,
    },
    /// All of it claims to be somebody else's.
    #[error(
        "every resource claims a namespace, service or pod that is not of its sender `{by}`: see --otlp-senders-file and --otlp-identity"
    )]
    Forged {
        /// Who sent it.
        by: Box<str>,
    },
}

/// Whose fault a refusal is, which decides code and retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// Never send it again.
    Sender,
    /// Never send it again: it is too large.
    Size,
    /// Never send it again in this encoding.
    Encoding,
    /// Never send it again without saying who you are.
    Stranger,
    /// Never send it again as who you are.
    Unwelcome,
    /// Send it again later, and less of it.
    Pace,
    /// Send it again later.
    Us,
}

impl Refusal {
    /// Whose fault it is.
    #[must_use]
    pub const fn blame(&self) -> Blame {
        match self {
            Self::TooLarge { .. } | Self::Bomb => Blame::Size,
            Self::Overload { .. } | Self::Late => Blame::Us,
            Self::Quota { .. } => Blame::Pace,
            Self::UnknownEncoding => Blame::Encoding,
            Self::Denied(Denied::Unknown) => Blame::Stranger,
            Self::Denied(Denied::Unavailable { .. }) => Blame::Us,
            Self::Denied(Denied::Homeless) | Self::Forged { .. } => Blame::Unwelcome,
            Self::Slow | Self::Cut | Self::Corrupt(_) | Self::Decode(_) => Blame::Sender,
        }
    }

    /// The word for it in attributes: a closed list.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too_large",
            Self::Bomb => "bomb",
            Self::Overload { .. } => "overload",
            Self::Late => "late",
            Self::Slow => "slow",
            Self::Cut => "cut",
            Self::UnknownEncoding => "unknown_encoding",
            Self::Corrupt(_) => "corrupt",
            Self::Decode(_) => "not_otlp",
            Self::Denied(Denied::Unknown) => "unauthenticated",
            Self::Denied(Denied::Unavailable { .. }) => "unavailable",
            Self::Denied(Denied::Homeless) => "permission_denied",
            Self::Quota { quota, .. } => quota.word(),
            Self::Forged { .. } => "forged",
        }
    }
}

impl From<Over> for Refusal {
    fn from(Over { quota, wait }: Over) -> Self {
        Self::Quota { quota, retry_secs: wait.as_secs().saturating_add(1) }
    }
}

impl Ingest {
    /// Counts a request of a sender, before its body is read.
    ///
    /// # Errors
    /// When it has sent as much as it may for now.
    pub fn pace(&self, said: &Said) -> Result<(), Refusal> {
        let Some((paced, by)) = self.paced.as_ref().zip(said.by.as_deref()) else { return Ok(()) };
        Ok(paced.quotas.begin(by, (paced.now)())?)
    }

    /// Inflates a body within every cap.
    ///
    /// # Errors
    /// When it is too large, grows too much, or is not what its encoding says.
    pub fn inflate(&self, encoding: Encoding, body: Held) -> Result<Held, Refusal> {
        match encoding {
            Encoding::Identity => Ok(body),
            Encoding::Gzip | Encoding::Zstd => off_reactor(body.len(), || inflate::inflate(encoding, &body, self.body_bytes_max)),
        }
    }

    /// Applies a request in protobuf, and tells which plan shaped it, where it says so.
    ///
    /// # Errors
    /// When it is not OTLP, or no memory is left for what comes of it: then nothing was applied.
    pub fn apply(&self, signal: Signal, body: &Held, said: &Said) -> Result<Tally, Refusal> {
        let take = match signal {
            Signal::Metrics => &self.metrics,
            Signal::Traces => &self.traces,
        };
        // Spans are copied on their way out; points are not.
        let copies = if signal == Signal::Traces { body.len().saturating_mul(SPAN_COPIES) } else { 0 };
        let promise = body.promise(copies)?;
        let tally = off_reactor(body.len(), || take(body, said.by.as_deref()))?;
        drop(promise);
        let forged = tally.forged().fold(0, |sum: u64, (_, points)| sum.saturating_add(points));
        if let Some(by) = said.by.as_deref().filter(|_| forged > 0) {
            tally.forged().for_each(|(claim, _)| self.told.tell(by, claim.key()));
            if forged == tally.received {
                self.stats.points(signal, &tally);
                return Err(Refusal::Forged { by: by.name.clone() });
            }
        }
        self.stats.took(signal, body.len(), &tally);
        if let Some((paced, by)) = self.paced.as_ref().zip(said.by.as_deref()) {
            paced.quotas.took(by, body.len(), (paced.now)());
        }
        if let Some(PlanHash(hash)) = said.plan {
            (self.exported)(&hash, sender::sender(body), said.by.as_ref());
        }
        Ok(tally)
    }
}

/// What is said of a request beside its body.
#[derive(Debug, Default)]
pub struct Said {
    /// Which plan shaped it at its source.
    pub plan: Option<PlanHash>,
    /// Who sent it, where that was proven.
    pub by: Option<Arc<Speaker>>,
}

impl Said {
    fn of<B>(request: &::http::Request<B>) -> Self {
        Self { plan: plan_of(request.headers()), by: request.extensions().get::<Arc<Speaker>>().cloned() }
    }
}

/// Which plan shaped a request at its source; what is no hash says nothing.
fn plan_of(headers: &HeaderMap) -> Option<PlanHash> {
    PlanHash::read(headers.get(PLAN_HEADER)?.to_str().ok()?).ok()
}

/// Runs work whose cost grows with `bytes`: small work here, large work where it stops nobody else.
pub fn off_reactor<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    if bytes > limits::INLINE_BYTES_MAX { tokio::task::block_in_place(work) } else { work() }
}

#[cfg(test)]
mod tests;
