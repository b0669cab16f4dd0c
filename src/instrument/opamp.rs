//! Sync-down: the plan that a controller compiled from its views, and the protocol that carries it (OpAMP).
//! What a plan does to instruments is `telemetry`'s; what is on the wire stands here, for both ends, and the component's end
//! of a session.

mod carried;
mod client;
mod endpoint;
mod error;
mod event;
mod files;
mod held;
mod kept;
mod link;
pub mod messages;
pub mod plan;
mod poll;
#[allow(missing_docs, clippy::all, unused_qualifications, reason = "made by prost from opamp.proto")]
#[rustfmt::skip]
pub mod proto;
mod session;
mod socket;
mod steps;

pub use carried::Carried;
pub use client::{Client, Settings};
pub use endpoint::Endpoint;
pub use error::SyncError;
pub use event::Event;
