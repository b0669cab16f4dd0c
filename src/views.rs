//! Views from a folder or a cluster: read, compiled by core, swapped; kept when broken.
//! Knows files and the API server; decides nothing: what a view means is `core::view`'s.

pub mod cache;
pub mod components;
pub mod consumers;
pub mod controller;
pub mod crd;
pub mod dir;
pub mod events;
pub mod planfiles;
pub mod rights;
pub mod shipped;
mod state;
mod tables;
pub mod workloads;
pub mod writer;
