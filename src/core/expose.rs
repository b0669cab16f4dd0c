//! Prometheus out: names, label text, and three formats, written from the store's streams in slices.
//! Knows no HTTP: a scrape is a value that hands out chunks.

#[cfg(test)]
pub mod checker;
mod classic;
pub mod escape;
mod exemplar;
#[cfg(test)]
mod fake;
mod labels;
pub mod layout;
pub mod names;
pub mod negotiate;
pub mod number;
mod openmetrics;
mod protobuf;
pub mod scrape;
mod text;

use crate::state::{
    store::Store,
    visit::{Series, Stream, StreamId},
};
use names::TranslationStrategy;
use std::sync::Arc;

/// What a user may choose about the exposition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExposeOptions {
    /// How names are translated (`--translation-strategy`).
    pub strategy: TranslationStrategy,
    /// Whether samples carry `otel_scope_*` labels (`--scope-labels`).
    pub scope_labels: bool,
    /// Whether gauges of unit `1` get `_ratio` (`--ratio-suffix`).
    pub ratio_suffix: bool,
    /// Whether `instance` may come from other attributes than `service.instance.id` (`--instance-fallback`).
    pub instance_fallback: bool,
    /// Resource attributes that become labels (`--promote-resource-attributes`).
    pub promote: Vec<String>,
}

impl Default for ExposeOptions {
    fn default() -> Self {
        Self {
            strategy: TranslationStrategy::default(),
            scope_labels: true,
            ratio_suffix: true,
            instance_fallback: true,
            promote: Vec::new(),
        }
    }
}

/// Where streams and their series are read from: the store, or a table in tests.
pub trait Source {
    /// As [`Store::epoch`].
    fn epoch(&self) -> u64;
    /// As [`Store::streams`].
    fn streams(&self) -> Vec<Stream>;
    /// As [`Store::visit`].
    fn visit(&self, id: StreamId, from: usize, max: usize, f: &mut dyn FnMut(&Series<'_>)) -> Option<usize>;
    /// As [`Store::visit_remembered`].
    fn visit_remembered(&self, id: StreamId, f: &mut dyn FnMut(&Series<'_>));
}

impl Source for Arc<Store> {
    fn epoch(&self) -> u64 {
        Store::epoch(self)
    }

    fn streams(&self) -> Vec<Stream> {
        Store::streams(self)
    }

    fn visit(&self, id: StreamId, from: usize, max: usize, f: &mut dyn FnMut(&Series<'_>)) -> Option<usize> {
        Store::visit(self, id, from, max, f)
    }

    fn visit_remembered(&self, id: StreamId, f: &mut dyn FnMut(&Series<'_>)) {
        Store::visit_remembered(self, id, f);
    }
}
