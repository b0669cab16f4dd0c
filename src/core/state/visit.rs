//! What an exposition may see of the state: streams, and their series in a fixed order.
//! Plain data, borrowed; knows neither how it came about nor how it is written.

use crate::{
    model::{
        component::ComponentKey,
        instrument::Instrument,
        point::{Exemplar, ExpHistogram, Histogram, Number, Summary},
    },
    wire::attributes::{Attribute, ValueType},
};
use std::sync::Arc;

/// A resource as read once: its attributes sorted by original key.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceInfo {
    /// Every attribute of the resource.
    pub attributes: Vec<Attribute>,
    /// The component it belongs to.
    pub component: ComponentKey,
}

impl ResourceInfo {
    /// What it holds in memory, roughly.
    pub(crate) fn bytes(&self) -> usize {
        let texts: usize = self.attributes.iter().map(|attribute| attribute.key.len() + attribute.text.len()).sum();
        texts + 2 * self.attributes.capacity() * size_of::<Attribute>()
    }
}

/// A scope as read once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScopeInfo {
    /// `name`
    pub name: Box<str>,
    /// `version`
    pub version: Box<str>,
    /// `schema_url` of the ScopeMetrics.
    pub schema_url: Box<str>,
    /// Scope attributes as (original key, label text), sorted by key.
    pub attributes: Vec<(Box<str>, Box<str>)>,
}

/// The head of a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricInfo {
    /// Scope name, OTLP name, kind, unit.
    pub instrument: Instrument,
    /// `description` as last sent.
    pub description: Box<str>,
    /// `metadata["prometheus.type"]`, where sent.
    pub prometheus_type: Option<Box<str>>,
    /// The name a view gave it, in place of the OTLP name.
    pub rename: Option<Box<str>>,
}

/// Names one stream of the store; stays valid, or finds nothing once the stream is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    /// Which component.
    pub component: u32,
    /// Which resource of it.
    pub resource: u32,
    /// Which stream of that.
    pub stream: u32,
    /// Grows with each re-use of the place.
    pub generation: u32,
}

/// One stream that has something to expose.
#[derive(Debug, Clone)]
pub struct Stream {
    /// Its name in [`super::store::Store::visit`].
    pub id: StreamId,
    /// Shared with its resource.
    pub resource: Arc<ResourceInfo>,
    /// Time of the first point the resource sent: of two resources with one identity the newest wins (RS-05).
    pub resource_time: u64,
    /// Shared with its scope.
    pub scope: Arc<ScopeInfo>,
    /// Its head.
    pub metric: Arc<MetricInfo>,
    /// How many series it has now. 0: it only remembers what streams that are joined with it go on from.
    pub series: usize,
}

/// Index into [`Labels::keys`].
pub type KeyId = u32;
/// Names an [`Entry`] in [`Labels::entry`].
pub type EntryId = u32;
/// Index into [`Labels::shapes`].
pub type ShapeId = u32;

/// An interned attribute value with its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Entry<'a> {
    /// Which key.
    pub key: KeyId,
    /// Part of the identity.
    pub value_type: ValueType,
    /// Whether `text` holds `\`, `"` or a newline, so that text formats must escape it.
    pub escape: bool,
    /// The label value, raw.
    pub text: &'a str,
}

/// An [`Entry`] as it is kept: its text lies among those of the others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    pub(super) key: KeyId,
    pub(super) text_at: u32,
    pub(super) text_len: u16,
    pub(super) value_type: ValueType,
    pub(super) escape: bool,
}

/// The interned attributes of one component. Ids are re-used only a tick after nothing refers to them any more; the
/// epoch moves when they are given up.
#[derive(Debug, Default)]
pub struct Labels {
    /// Original keys.
    pub keys: Vec<Box<str>>,
    /// Key sets: the keys of a series, sorted by original key bytes, in the order of its entries.
    pub shapes: Vec<Box<[KeyId]>>,
    pub(super) entries: Vec<Kept>,
    /// The texts of all entries: a box for each would cost more than most of them.
    pub(super) texts: String,
}

/// One series, borrowed under the component's lock: copy what you need.
#[derive(Debug, Clone, Copy)]
pub struct Series<'a> {
    /// The component's interned attributes.
    pub labels: &'a Labels,
    /// Its key set.
    pub shape: ShapeId,
    /// Its values, in the order of the shape's keys.
    pub entries: &'a [EntryId],
    /// Start time in Unix nanoseconds; 0 = unknown.
    pub start: u64,
    /// Time of the last point in Unix nanoseconds.
    pub time: u64,
    /// The value.
    pub value: Value<'a>,
    /// Exemplars, any order; empty for most.
    pub exemplars: &'a [Exemplar],
    /// Bounds a view asks for: an exponential histogram is exposed with them where a format has no native histograms.
    pub bounds: &'a [f64],
}

/// The value of a series.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// Gauge and both sums.
    Number(Number),
    /// Explicit buckets.
    Histogram(&'a Histogram),
    /// Exponential buckets.
    Exponential(&'a ExpHistogram),
    /// Quantiles.
    Summary(&'a Summary),
}

impl Labels {
    /// The entry of an id.
    #[inline]
    #[must_use]
    pub fn entry(&self, id: EntryId) -> Option<Entry<'_>> {
        let kept = self.entries.get(id as usize)?;
        let at = kept.text_at as usize;
        let text = self.texts.get(at..at + usize::from(kept.text_len))?;
        Some(Entry { key: kept.key, value_type: kept.value_type, escape: kept.escape, text })
    }

    /// One more than the largest id.
    #[must_use]
    pub const fn entries_len(&self) -> usize {
        self.entries.len()
    }

    /// Values without a key, their ids in their order.
    #[cfg(test)]
    pub(crate) fn of_texts(texts: &[String]) -> Self {
        let mut labels = Self::default();
        for text in texts {
            let (text_at, text_len) = (labels.texts.len().try_into().expect("short"), text.len().try_into().expect("short"));
            let escape = text.contains(['"', '\\', '\n']);
            labels.entries.push(Kept { key: 0, text_at, text_len, value_type: ValueType::String, escape });
            labels.texts += text;
        }
        labels
    }

    /// The original key of an entry.
    #[must_use]
    pub fn key_of(&self, entry: EntryId) -> &str {
        self.entries.get(entry as usize).and_then(|kept| self.keys.get(kept.key as usize)).map_or("", |key| key)
    }
}
