//! Prometheus out: names, label text, and three formats, written from the store's streams in slices.
//! Knows no HTTP: a scrape is a value that hands out chunks.

pub mod names;
