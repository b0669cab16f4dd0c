//! What the objects of a Machine Config Operator mean, as metrics and spans. Pure: objects come in as JSON with the time at
//! which they were seen, and readings go out through `pointsman-instrument`. Knows no API server, no clock and no thread.
//!
//! ```text
//! JSON ─decode─▶ Table<T> ─Delta─▶ Watcher (operator | controller | daemon) ─▶ counters, histograms, spans
//!                    └──────── World ◀─read at each export─ observed metrics
//! ```

pub mod api;
pub mod bodies;
#[cfg(test)]
mod cases;
pub mod certificate;
pub mod classify;
pub mod controller;
pub mod daemon;
pub mod kind;
pub mod limits;
pub mod membership;
mod node_facts;
pub mod operator;
pub mod rollout;
pub mod scrape;
pub mod sets;
pub mod table;
mod turns;
pub mod watch;
pub mod world;

pub use kind::Kind;
pub use table::News;
pub use watch::{Watch, Watcher};
pub use world::World;
