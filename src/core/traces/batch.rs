//! Kept spans as `ExportTraceServiceRequest` bytes: resources, scopes and spans are copied raw, nothing is encoded anew.
//! Cuts where a batch is full, and repeats the resource and the scope in the next. Decides nothing.

use crate::{
    decode::{RawResource, RawScope},
    wire::write,
};

/// One request for a back end.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Batch {
    /// An `ExportTraceServiceRequest`. Two of them after one another are one that holds the spans of both.
    pub bytes: Vec<u8>,
    /// How many spans it holds.
    pub spans: u64,
}

/// Collects spans; see [`BatchWriter::finish`].
#[derive(Debug)]
pub struct BatchWriter {
    bytes_max: usize,
    done: Vec<Batch>,
    spans: u64,       // in the batch that is being written
    request: Vec<u8>, // its finished ResourceSpans
    scopes: Vec<u8>,  // finished ScopeSpans of the current resource
    open: Vec<u8>,    // spans of the current scope
    resource: Head,
    scope: Head,
}

/// What stands around spans: the raw message and its schema URL.
#[derive(Debug, Default)]
struct Head {
    raw: Vec<u8>,
    schema_url: Vec<u8>,
}

impl Head {
    fn set(&mut self, raw: &[u8], schema_url: &[u8]) {
        self.raw.clear();
        self.raw.extend_from_slice(raw);
        self.schema_url.clear();
        self.schema_url.extend_from_slice(schema_url);
    }

    const fn len(&self) -> usize {
        self.raw.len().saturating_add(self.schema_url.len())
    }

    /// Appends field `field` of `out`: head in 1, `inner` (encoded already as field 2), schema URL in 3.
    fn close_into(&self, out: &mut Vec<u8>, field: u32, inner: &[u8]) {
        write::nested(out, field, |message| {
            if !self.raw.is_empty() {
                write::bytes(message, 1, &self.raw);
            }
            message.extend_from_slice(inner);
            if !self.schema_url.is_empty() {
                write::bytes(message, 3, &self.schema_url);
            }
        });
    }
}

impl BatchWriter {
    /// Batches hold up to about `bytes_max`; a larger span goes alone, and a resource or scope that weighs more gets at
    /// least as many bytes of spans.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        let (request, scopes, open) = (Vec::new(), Vec::new(), Vec::new());
        Self { bytes_max, done: Vec::new(), spans: 0, request, scopes, open, resource: Head::default(), scope: Head::default() }
    }

    /// Spans that follow belong to this resource.
    pub fn resource(&mut self, resource: &RawResource<'_>) {
        self.close_resource();
        self.resource.set(resource.raw, resource.schema_url);
        self.scope.set(&[], &[]);
    }

    /// Spans that follow belong to this scope.
    pub fn scope(&mut self, scope: &RawScope<'_>) {
        self.close_scope();
        self.scope.set(scope.raw, scope.schema_url);
    }

    /// Adds the bytes of a `Span`.
    pub fn span(&mut self, raw: &[u8]) {
        let written = self.request.len().saturating_add(self.scopes.len()).saturating_add(self.open.len());
        let heads = self.resource.len().saturating_add(self.scope.len());
        let size = written.saturating_add(heads).saturating_add(raw.len());
        // The next batch repeats the heads: with less between two cuts, a heavy head would multiply a small request.
        if self.spans > 0 && size > self.bytes_max && written >= heads {
            self.close_batch();
        }
        write::bytes(&mut self.open, 2, raw);
        self.spans = self.spans.saturating_add(1);
    }

    /// The batches, in the order of their spans; none when there was no span.
    #[must_use]
    pub fn finish(mut self) -> Vec<Batch> {
        self.close_batch();
        self.done
    }

    fn close_scope(&mut self) {
        if !self.open.is_empty() {
            self.scope.close_into(&mut self.scopes, 2, &self.open);
            self.open.clear();
        }
    }

    fn close_resource(&mut self) {
        self.close_scope();
        if !self.scopes.is_empty() {
            self.resource.close_into(&mut self.request, 1, &self.scopes);
            self.scopes.clear();
        }
    }

    fn close_batch(&mut self) {
        self.close_resource();
        if self.spans > 0 {
            self.done.push(Batch { bytes: std::mem::take(&mut self.request), spans: std::mem::take(&mut self.spans) });
        }
    }
}

#[cfg(test)]
mod tests;
