//! What the envelopes of metrics and traces share: field 1 is the resource or scope, 2 the items, 3 the schema URL.
//! Fields come in any order, so one look ahead finds the head; lengths alone are read.

use crate::wire::read::{Reader, Wire, joined, key};

/// The items of a `ResourceMetrics`, `ScopeMetrics`, `ResourceSpans` or `ScopeSpans`.
pub(super) const ITEMS: u32 = 2;
/// The envelopes of a request.
pub(super) const ENVELOPES: u32 = 1;
const HEAD: u32 = 1;
const HEAD_KEY: u32 = key(HEAD, Wire::Len);
const SCHEMA_URL: u32 = key(3, Wire::Len);

/// The resource or scope of an envelope, with its schema URL.
pub(super) fn head<'s>(raw: &'s [u8], scratch: &'s mut Vec<u8>) -> (&'s [u8], &'s [u8]) {
    let (mut head, mut heads, mut schema_url): (&[u8], u32, &[u8]) = (&[], 0, &[]);
    let mut reader = Reader::new(raw);
    while let Ok(Some(key)) = reader.key() {
        let value = match key {
            HEAD_KEY | SCHEMA_URL => reader.bytes(),
            _ => reader.skip(key).map(|()| raw),
        };
        let Ok(value) = value else { break };
        match key {
            HEAD_KEY => (head, heads) = (value, heads.saturating_add(1)),
            SCHEMA_URL => schema_url = value,
            _ => (),
        }
    }
    (if heads > 1 { joined(raw, HEAD, scratch) } else { head }, schema_url)
}
