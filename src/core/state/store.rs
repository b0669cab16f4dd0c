//! The store's face: ingest a request, swap views, expire, visit. One lock per component.

use super::visit::{Series, Stream, StreamId};
use crate::{
    decode::DecodeError,
    model::{
        clock::{Mono, Wall},
        reject::Tally,
    },
    view::plan::ViewSet,
};
use std::sync::Arc;

/// What the store is told once.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// Series in all (`--max-series`).
    pub series_max: usize,
    /// Idle resources end after this (`--expire-after`).
    pub expire_after: std::time::Duration,
    /// Seeds of the identity hash, random per process.
    pub seeds: [u64; 2],
}

/// The state of everything that was pushed.
#[derive(Debug)]
pub struct Store {
    config: StoreConfig,
}

impl Store {
    /// An empty store.
    #[must_use]
    pub fn new(config: StoreConfig) -> Self {
        Self { config }
    }

    /// Takes one `ExportMetricsServiceRequest` in protobuf.
    ///
    /// # Errors
    /// When the frame does not parse: then nothing was applied.
    pub fn ingest(&self, body: &[u8], now: Mono, wall: Wall) -> Result<Tally, DecodeError> {
        let _ = (body, now, wall, &self.config);
        Ok(Tally::default())
    }

    /// Swaps the views; streams whose decision stays the same are not touched.
    pub fn set_views(&self, views: Arc<ViewSet>, now: Wall) {
        let _ = (views, now);
    }

    /// Ends what fell silent. Runs on its own tick.
    pub fn expire(&self, now: Mono) {
        let _ = now;
    }

    /// Changes whenever [`Store::streams`] would answer differently, series counts apart.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        0
    }

    /// Every stream that is on, in no particular order.
    #[must_use]
    pub fn streams(&self) -> Vec<Stream> {
        Vec::new()
    }

    /// Shows up to `max` series of a stream to `f`, in the stream's fixed order (bytes of original keys and label text,
    /// entry by entry), beginning at the `from`-th. Holds the component's lock for the call only.
    /// Returns where to go on, or `None` at the end.
    pub fn visit(&self, id: StreamId, from: usize, max: usize, f: &mut dyn FnMut(&Series<'_>)) -> Option<usize> {
        let _ = (id, from, max, f);
        None
    }
}
