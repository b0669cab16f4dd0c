//! The latest state of every series: a table of streams per (component, resource, scope, metric), updated where a
//! point lands. Knows no transport and no text format; time is passed in.

pub mod store;
pub mod visit;
