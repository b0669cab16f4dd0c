//! Prometheus out: names, label text, and three formats, written from the store's streams in slices.
//! Knows no HTTP: a scrape is a value that hands out chunks.

pub mod escape;
pub mod names;
pub mod negotiate;
pub mod number;
