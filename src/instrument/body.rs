//! Requests as they are filled: resource, scope, metric, points, each opened when its first item comes, and cut where a
//! receiver's limits are. Knows where items stand in a request, not what they say.

use crate::{
    limits::{BODY_BYTES_MAX, BODY_ITEMS_MAX, ITEM_BYTES_MAX},
    metric::{Kind, Meta},
    wire::{self, Open},
};
use bytes::Bytes;
use std::{collections::VecDeque, sync::Arc};

/// Requests of one signal that are full, and the one that is being filled.
pub(crate) struct Bodies {
    resource: Arc<[u8]>,
    full: VecDeque<(Bytes, u64)>,
    open: Option<Body>,
}

/// A request that is being filled.
struct Body {
    out: Vec<u8>,
    items: usize,
    of_resource: Open,
    scope: Option<(&'static str, Open)>,
    metric: Option<(&'static str, [Open; 2])>,
}

impl Bodies {
    /// For this sender: its `resource` field, encoded.
    pub(crate) fn new(resource: Arc<[u8]>) -> Self {
        Self { resource, full: VecDeque::new(), open: None }
    }

    /// One more point. Answers whether it is of a size that can be sent.
    pub(crate) fn point(&mut self, meta: &'static Meta, point: &[u8]) -> bool {
        self.item(point, |body| {
            body.in_scope(meta.scope);
            body.in_metric(meta);
            1
        })
    }

    /// One more span, of a size that can be sent.
    pub(crate) fn span(&mut self, scope: &'static str, span: &[u8]) {
        self.item(span, |body| {
            body.in_scope(scope);
            2
        });
    }

    /// A request that is full, and how many items are in it.
    pub(crate) fn full(&mut self) -> Option<(Bytes, u64)> {
        self.full.pop_front()
    }

    /// Whether there is neither a full request nor one that is being filled.
    pub(crate) fn is_empty(&self) -> bool {
        self.full.is_empty() && self.open.is_none()
    }

    /// Nothing more comes: the request that is being filled is full.
    pub(crate) fn finish(&mut self) {
        if let Some(body) = self.open.take() {
            let items = body.items as u64;
            self.full.push_back((body.closed(), items));
        }
    }

    fn item(&mut self, item: &[u8], place: impl FnOnce(&mut Body) -> u32) -> bool {
        if item.len() > ITEM_BYTES_MAX {
            return false;
        }
        if self.open.as_ref().is_some_and(|body| body.is_full(item.len())) {
            self.finish();
        }
        let body = self.open.get_or_insert_with(|| Body::new(&self.resource));
        let field = place(body);
        wire::bytes(&mut body.out, field, item);
        body.items += 1;
        true
    }
}

impl Body {
    fn new(resource: &[u8]) -> Self {
        let mut out = Vec::new();
        let of_resource = wire::open(&mut out, 1);
        out.extend_from_slice(resource);
        Self { out, items: 0, of_resource, scope: None, metric: None }
    }

    /// Whether another item might not fit; what a metric says of itself is far below the room that is left for it.
    fn is_full(&self, bytes: usize) -> bool {
        const HEAD: usize = 16 << 10;
        self.items >= BODY_ITEMS_MAX || self.out.len() + bytes + HEAD > BODY_BYTES_MAX
    }

    fn in_scope(&mut self, name: &'static str) {
        if self.scope.is_some_and(|(open, _)| open == name) {
            return;
        }
        self.leave_scope();
        let scope = wire::open(&mut self.out, 2);
        let about = wire::open(&mut self.out, 1);
        wire::text(&mut self.out, 1, name);
        wire::close(&mut self.out, about);
        self.scope = Some((name, scope));
    }

    fn in_metric(&mut self, meta: &'static Meta) {
        if self.metric.is_some_and(|(open, _)| open == meta.name) {
            return;
        }
        self.leave_metric();
        let out = &mut self.out;
        let metric = wire::open(out, 2);
        wire::text(out, 1, meta.name);
        wire::text(out, 2, meta.brief);
        wire::text(out, 3, meta.unit);
        let data = wire::open(
            out,
            match meta.kind {
                Kind::Gauge => 5,
                Kind::Counter | Kind::UpDownCounter => 7,
                Kind::Histogram => 9,
            },
        );
        if meta.kind != Kind::Gauge {
            // Cumulative.
            wire::uint(out, 2, 2);
        }
        if meta.kind == Kind::Counter {
            wire::uint(out, 3, 1);
        }
        self.metric = Some((meta.name, [metric, data]));
    }

    fn leave_metric(&mut self) {
        if let Some((_, [metric, data])) = self.metric.take() {
            wire::close(&mut self.out, data);
            wire::close(&mut self.out, metric);
        }
    }

    fn leave_scope(&mut self) {
        self.leave_metric();
        if let Some((_, scope)) = self.scope.take() {
            wire::close(&mut self.out, scope);
        }
    }

    fn closed(mut self) -> Bytes {
        self.leave_scope();
        wire::close(&mut self.out, self.of_resource);
        self.out.into()
    }
}
