//! From what happened to what the sender reads, in the words of core's replies.
//! Knows no status line and no trailer: each transport has its own.

use super::{Blame, Refusal, Signal};
use crate::auth::Denied;
use pointsman_core::{
    decode::reply::{Code, Reply, Status, metrics_reply, traces_reply},
    limits,
    model::reject::Tally,
};
use std::time::Duration;

/// The answer to a request that was applied, in full or in part.
#[must_use]
pub fn taken(signal: Signal, tally: &Tally) -> Reply {
    match signal {
        Signal::Metrics => metrics_reply(tally),
        Signal::Traces => traces_reply(tally),
    }
}

/// The status of a request that was refused whole. Retryable only when it is our fault; a size that never fits has no
/// time to come back.
#[must_use]
pub fn refused(refusal: &Refusal) -> Status {
    let code = match refusal.blame() {
        Blame::Us => Code::Unavailable,
        Blame::Size | Blame::Pace => Code::ResourceExhausted,
        Blame::Encoding => Code::Unimplemented,
        Blame::Sender => Code::InvalidArgument,
        Blame::Stranger => Code::Unauthenticated,
        Blame::Unwelcome => Code::PermissionDenied,
    };
    match refusal {
        Refusal::Decode(error) => Status::from(error),
        Refusal::Overload { retry_secs }
        | Refusal::Quota { retry_secs, .. }
        | Refusal::Denied(Denied::Unavailable { retry_secs }) => {
            Status::new(code, refusal.to_string()).with_retry_after(Duration::from_secs(*retry_secs))
        }
        Refusal::Late => Status::new(code, refusal.to_string()).with_retry_after(Duration::from_secs(limits::RETRY_AFTER_SECS)),
        _ => Status::new(code, refusal.to_string()),
    }
}
