//! Names as types, rendered from `otel/registry`: a metric is a struct, its attributes are the fields.
//! Nothing below is written by hand.

#[rustfmt::skip]
pub mod attribute;
#[rustfmt::skip]
pub mod legacy;
#[rustfmt::skip]
pub mod mco;
#[rustfmt::skip]
pub mod pointsman;
