//! What a controller is told of this process and its instruments: as much as it takes.
//! Pure; knows no session, and sends nothing.

#[cfg(test)]
mod tests;

use crate::{
    limits::CATALOGUE_INSTRUMENTS_MAX,
    opamp::{
        messages::{Catalogue, Instrument},
        session::fitted,
    },
};
use bytes::Bytes;

/// What is told of this library.
const LIBRARY: &str = concat!("pointsman-instrument ", env!("CARGO_PKG_VERSION"));
/// What it can do at the source.
const ASPECTS: [&str; 6] = ["state", "attributes", "buckets", "cardinality", "interval", "spans"];

/// The catalogue, and how many instruments are left out because they are too many or too large together.
pub(super) fn told(mut instruments: Vec<Instrument>) -> (Bytes, usize) {
    let beyond = instruments.len().saturating_sub(CATALOGUE_INSTRUMENTS_MAX);
    instruments.truncate(CATALOGUE_INSTRUMENTS_MAX);
    let mut catalogue = Catalogue {
        library: LIBRARY.to_owned(),
        aspects: ASPECTS.map(str::to_owned).to_vec(),
        schema_url: String::new(),
        instruments,
    };
    let (json, left_out) = fitted(catalogue.instruments.len(), |count| {
        catalogue.instruments.truncate(count);
        serde_json::to_vec(&catalogue)
    });
    (json, left_out.saturating_add(beyond))
}
