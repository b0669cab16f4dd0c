//! The latest state of every series: a table of streams per (component, resource, scope, metric), updated where a
//! point lands. Knows no transport and no text format; time is passed in.
//! In reading order: `store` (the face), `visit` (what expositions see), `session` (a request), `component`, `stream`.

pub mod counts;
pub mod observe;
pub mod room;
pub mod store;
pub mod visit;

mod aliases;
mod component;
mod costs;
mod directory;
mod distributions;
mod exemplars;
mod expiry;
mod exponential;
mod histogram;
mod identity;
mod labels;
mod land;
mod looks;
mod number;
mod overflow;
mod owners;
mod session;
pub(crate) mod shape;
mod share;
mod show;
mod stream;
mod table;
mod temporal;

#[cfg(test)]
mod tests;
