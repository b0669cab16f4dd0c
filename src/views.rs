//! Views from a folder or a cluster: read, compiled by core, swapped; kept when broken.
//! Knows files and Kubernetes objects; decides nothing: what a view means is `core::view`'s.

pub mod crd;
pub mod dir;
