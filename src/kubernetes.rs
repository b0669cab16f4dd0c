//! What everybody who talks to an API server needs: a client, a follower of one kind, a Lease, and why a request failed.
//! Knows nothing of what objects mean. Reads no clock and spawns nothing: both come from `app`.

pub mod connect;
pub mod failure;
pub mod follow;
pub mod lease;
pub mod objects;
pub mod review;

#[cfg(test)]
pub(crate) mod fake;
#[cfg(test)]
pub(crate) mod server;

use pointsman_core::model::clock::{Mono, Wall};
use std::sync::Arc;

/// Both clocks at one moment, for whoever may not read them: monotonic for delays, wall for expiries.
pub type Clock = Arc<dyn Fn() -> (Mono, Wall) + Send + Sync>;
/// A random number, for jitter.
pub type Random = Arc<dyn Fn() -> u64 + Send + Sync>;
