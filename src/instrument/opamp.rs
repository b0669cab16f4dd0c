//! Sync-down: the plan that a controller compiled from its views, and the protocol that carries it (OpAMP).
//! What a plan does to instruments is `telemetry`'s; what is on the wire stands here, for both ends.

pub mod messages;
pub mod plan;
#[allow(missing_docs, clippy::all, unused_qualifications, reason = "made by prost from opamp.proto")]
#[rustfmt::skip]
pub mod proto;
