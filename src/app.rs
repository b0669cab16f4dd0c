//! Wiring only: bind, then run; the tools; the demo; drain.
//! The only module that knows all others, the clock and the tasks.

pub mod access;
pub mod api;
pub mod assets;
pub mod check;
pub mod circle;
pub mod clock;
pub mod cluster;
pub mod conflicts;
pub mod convert;
pub mod demo;
pub mod drain;
pub mod engine;
pub mod fetch;
pub mod leases;
pub mod listen;
mod log;
pub mod manual;
pub mod memory;
pub mod numbers;
pub mod observer;
pub mod oracle;
pub mod profile;
pub mod run;
pub mod screens;
pub mod senders;
pub mod serve;
pub mod standing;
pub mod statuses;
pub mod surroundings;
pub mod tasks;
pub mod ticks;
pub mod tools;
pub mod views;
pub mod watch;
