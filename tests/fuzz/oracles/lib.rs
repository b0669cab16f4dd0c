//! The oracles as a library for fuzzing. The tests of the repository take in the table alone, and have the checker already.
//! Holds nothing itself.

#[path = "../../../src/core/expose/checker.rs"]
mod checker;
mod table;

pub use table::{TARGETS, Target, run};
