//! `SummaryDataPoint` and its quantiles.
//! Judges nothing: the sink does.

use super::{Run, START, Scratch, TIME, low32};
use crate::{
    decode::RawSummary,
    limits::BOUNDS_MAX,
    wire::read::{Reader, Wire, WireError, key, pieces},
};

const ATTRIBUTES_FIELD: u32 = 7;
const QUANTILES_FIELD: u32 = 6;
const ATTRIBUTES: u32 = key(ATTRIBUTES_FIELD, Wire::Len);
const QUANTILES: u32 = key(QUANTILES_FIELD, Wire::Len);
const COUNT: u32 = key(4, Wire::Fixed64);
const SUM: u32 = key(5, Wire::Fixed64);
const FLAGS: u32 = key(8, Wire::Varint);
/// `ValueAtQuantile.quantile`
const QUANTILE: u32 = key(1, Wire::Fixed64);
/// `ValueAtQuantile.value`
const VALUE: u32 = key(2, Wire::Fixed64);

pub(in crate::decode::metrics) fn summary<'s>(raw: &'s [u8], scratch: &'s mut Scratch) -> RawSummary<'s> {
    let mut point = RawSummary { attributes: &[], start: 0, time: 0, count: 0, sum: 0.0, quantiles: &[], flags: 0 };
    let (mut attributes, mut quantiles) = (Run::default(), Run::default());
    read(raw, &mut point, &mut attributes, &mut quantiles).ok();
    point.attributes = attributes.of(raw, ATTRIBUTES_FIELD, &mut scratch.attributes);
    point.quantiles = quantiles.of(raw, QUANTILES_FIELD, &mut scratch.exemplars); // a summary has no exemplars
    point
}

fn read(raw: &[u8], point: &mut RawSummary<'_>, attributes: &mut Run, quantiles: &mut Run) -> Result<(), WireError> {
    let mut reader = Reader::new(raw);
    loop {
        let began = reader.rest();
        let Some(key) = reader.key()? else { return Ok(()) };
        match key {
            ATTRIBUTES => {
                reader.bytes()?;
                attributes.add(raw, began, reader.rest());
            }
            START => point.start = reader.fixed64()?,
            TIME => point.time = reader.fixed64()?,
            COUNT => point.count = reader.fixed64()?,
            SUM => point.sum = reader.double()?,
            QUANTILES => {
                reader.bytes()?;
                quantiles.add(raw, began, reader.rest());
            }
            FLAGS => point.flags = low32(reader.varint()?),
            _ => reader.skip(key)?,
        }
    }
}

pub(in crate::decode::metrics) fn quantiles(raw: &[u8]) -> Vec<(f64, f64)> {
    pieces(raw, QUANTILES_FIELD).take(BOUNDS_MAX.saturating_add(1)).filter_map(|raw| value_at_quantile(raw).ok()).collect()
}

fn value_at_quantile(raw: &[u8]) -> Result<(f64, f64), WireError> {
    let (mut quantile, mut value) = (0.0, 0.0);
    let mut reader = Reader::new(raw);
    while let Some(key) = reader.key()? {
        match key {
            QUANTILE => quantile = reader.double()?,
            VALUE => value = reader.double()?,
            _ => reader.skip(key)?,
        }
    }
    Ok((quantile, value))
}
