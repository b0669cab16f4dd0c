//! Protobuf wire primitives, OTLP attributes and exemplars: what `decode`, `state`, `expose` and `traces` share.
//! Meets hostile bytes: nothing here indexes, panics or trusts a length.

#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::panic))]

pub mod attributes;
pub mod exemplars;
pub mod read;
pub(crate) mod value;
pub mod write;
