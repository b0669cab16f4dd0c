//! What a back end answers: how many spans it did not take, and when to come again. Reads hostile bytes: what does not
//! parse counts as not said.

use crate::{
    limits::ECHO_BYTES_MAX,
    wire::read::{Reader, Wire, WireError, key},
};
use std::time::Duration;

/// `ExportTracePartialSuccess`: spans were taken, except these.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Partial {
    /// `rejected_spans`; 0 with a message is a warning.
    pub rejected: u64,
    /// `error_message`, cut at [`ECHO_BYTES_MAX`].
    pub message: String,
}

/// Reads an `ExportTraceServiceResponse`. `None` means that everything was taken without a remark.
#[must_use]
pub fn partial_success(response: &[u8]) -> Option<Partial> {
    let mut partial = Partial::default();
    for part in fields(response, 1) {
        let mut reader = Reader::new(part);
        while let Ok(Some(tag)) = reader.key() {
            let read = match tag {
                _ if tag == key(1, Wire::Varint) => {
                    reader.varint().map(|n| partial.rejected = u64::try_from(n.cast_signed()).unwrap_or(0))
                }
                _ if tag == key(2, Wire::Len) => reader.bytes().map(|text| partial.message = excerpt(text)),
                _ => reader.skip(tag),
            };
            if read.is_err() {
                break;
            }
        }
    }
    (partial != Partial::default()).then_some(partial)
}

/// The delay of a `google.rpc.RetryInfo` within the `google.rpc.Status` of `grpc-status-details-bin`.
#[must_use]
pub fn retry_delay(details: &[u8]) -> Option<Duration> {
    const RETRY_INFO: &[u8] = b"google.rpc.RetryInfo";
    fields(details, 3).into_iter().find_map(|any| {
        let is_retry_info = fields(any, 1).last().is_some_and(|url| url.rsplit(|b| *b == b'/').next() == Some(RETRY_INFO));
        let info = fields(any, 2).last().copied().filter(|_| is_retry_info)?;
        duration(fields(info, 1).last().copied()?).ok()
    })
}

/// `google.protobuf.Duration`; negative counts as zero.
fn duration(raw: &[u8]) -> Result<Duration, WireError> {
    let (mut seconds, mut nanos) = (0_i64, 0_i64);
    let mut reader = Reader::new(raw);
    while let Some(tag) = reader.key()? {
        match tag {
            _ if tag == key(1, Wire::Varint) => seconds = reader.varint()?.cast_signed(),
            _ if tag == key(2, Wire::Varint) => nanos = reader.varint()?.cast_signed(),
            _ => reader.skip(tag)?,
        }
    }
    let seconds = u64::try_from(seconds).unwrap_or(0);
    let nanos = u32::try_from(nanos.clamp(0, 999_999_999)).unwrap_or(0);
    Ok(Duration::new(seconds, nanos))
}

/// Every length-delimited field with this number, as far as the message parses.
pub(super) fn fields(raw: &[u8], number: u32) -> Vec<&[u8]> {
    let mut found = Vec::new();
    let mut reader = Reader::new(raw);
    while let Ok(Some(tag)) = reader.key() {
        let read = if tag == key(number, Wire::Len) { reader.bytes().map(|bytes| found.push(bytes)) } else { reader.skip(tag) };
        if read.is_err() {
            break;
        }
    }
    found
}

/// Foreign text for logs and the page: cut, and without control characters.
#[must_use]
pub fn excerpt(text: &[u8]) -> String {
    let cut = text.get(..ECHO_BYTES_MAX).unwrap_or(text);
    String::from_utf8_lossy(cut).chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests;
