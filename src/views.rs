//! Views from a folder: read, compiled by core, swapped; kept when broken.
//! Knows files; decides nothing: what a view means is `core::view`'s.

pub mod components;
pub mod consumers;
pub mod dir;
pub mod events;
pub mod lease;
pub mod writer;
