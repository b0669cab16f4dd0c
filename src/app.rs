//! Wiring only: bind, then run; the tools; the demo; drain.
//! The only module that knows all others, the clock and the tasks.

pub mod clock;
pub mod demo;
pub mod drain;
pub mod listen;
pub mod run;
pub mod serve;
pub mod surroundings;
pub mod tasks;
