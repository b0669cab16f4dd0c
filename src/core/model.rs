//! The words everything agrees on: clocks, instruments, components, values, reasons to refuse a point.
//! Plain data with `PartialEq`; knows no encoding and no rule.

pub mod clock;
pub mod component;
pub mod instrument;
pub mod point;
pub mod reject;
pub mod speaker;
pub mod workloads;
