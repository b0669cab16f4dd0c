//! Protobuf wire primitives, OTLP attributes and exemplars: what `decode`, `state`, `expose` and `traces` share.
//! Meets hostile bytes: nothing here indexes, panics or trusts a length.

pub mod attributes;
pub mod read;
pub mod write;
