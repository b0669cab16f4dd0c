//! The pure core of pointsman: bytes to points, points to state, views to plans, state to text.
//! Nothing here reads a clock, the disk, the network or a random number: callers pass what is needed.
//! Modules in reading order: `model`, `limits`, `wire`, `decode`, `state`, `view`, `expose`, `traces`, `fault`.

pub mod decode;
pub mod expose;
pub mod fault;
pub mod limits;
pub mod model;
pub mod state;
pub mod traces;
pub mod view;
pub mod wire;
