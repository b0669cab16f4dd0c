//! gzip and zstd, whole bodies, with caps on output, ratio and window. One stream only: what follows it is an error.
//! Knows no transport; what the bytes mean is not asked.

use super::{Refusal, admit::Held};
use pointsman_core::limits;
use std::io::{BufRead, Read};

/// How a body is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Not at all.
    Identity,
    /// gzip, RFC 1952.
    Gzip,
    /// zstd, RFC 8878.
    Zstd,
}

impl Encoding {
    /// What senders may choose, as headers list it.
    pub const ACCEPTED: &'static str = "identity,gzip,zstd";

    /// Reads the value of `content-encoding` or `grpc-encoding`; one encoding only.
    ///
    /// # Errors
    /// When it is none of ours.
    pub fn parse(value: Option<&[u8]>) -> Result<Self, Refusal> {
        let value = value.unwrap_or_default().trim_ascii();
        let is = |name: &str| value.eq_ignore_ascii_case(name.as_bytes());
        if value.is_empty() || is("identity") {
            Ok(Self::Identity)
        } else if is("gzip") || is("x-gzip") {
            Ok(Self::Gzip)
        } else if is("zstd") {
            Ok(Self::Zstd)
        } else {
            Err(Refusal::UnknownEncoding)
        }
    }
}

/// Inflates a whole body.
///
/// # Errors
/// When a cap is reached, the stream is damaged or cut, or something follows it.
pub fn inflate(encoding: Encoding, body: &Held, limit: usize) -> Result<Held, Refusal> {
    match encoding {
        Encoding::Identity => {
            let mut same = Held::new(body.beside());
            same.extend(body, limit)?;
            Ok(same)
        }
        Encoding::Gzip => {
            let mut decoder = flate2::bufread::GzDecoder::new(&**body);
            let out = read_capped(&mut decoder, body, limit, "gzip")?;
            ends(decoder.into_inner(), "one gzip stream")?;
            Ok(out)
        }
        Encoding::Zstd => {
            let corrupt = |_| Refusal::Corrupt("zstd");
            let _window = body.promise(zstd_bytes(body))?; // the library takes it from elsewhere
            let mut decoder = zstd::stream::read::Decoder::with_buffer(&**body).map_err(corrupt)?.single_frame();
            decoder.window_log_max(limits::ZSTD_WINDOW_LOG_MAX).map_err(corrupt)?;
            let out = read_capped(&mut decoder, body, limit, "zstd with a window of at most 8 MiB")?;
            ends(decoder.finish(), "one zstd frame")?;
            Ok(out)
        }
    }
}

/// What the library takes to inflate a frame: its window, as its head says (RFC 8878, 3.1.1.1), and two blocks.
fn zstd_bytes(body: &[u8]) -> usize {
    const SINGLE_SEGMENT: u8 = 1 << 5;
    const BLOCKS: usize = 512 << 10;
    let window = match body.get(4..6) {
        Some(&[head, window]) if head & SINGLE_SEGMENT == 0 => {
            let base = 1_usize << (10 + u32::from(window >> 3)); // at most 41
            base.saturating_add((base / 8).saturating_mul(usize::from(window & 7)))
        }
        _ => zstd::zstd_safe::get_frame_content_size(body)
            .ok()
            .flatten()
            .map_or(usize::MAX, |size| usize::try_from(size).unwrap_or(usize::MAX)),
    };
    window.min(1 << limits::ZSTD_WINDOW_LOG_MAX).saturating_add(BLOCKS)
}

/// Reads to the end in steps, so that memory grows only with what really came out.
fn read_capped(decoder: &mut impl Read, body: &Held, limit: usize, sort: &'static str) -> Result<Held, Refusal> {
    let grown = body.len().saturating_mul(limits::INFLATE_RATIO_MAX).max(limits::INFLATE_FREE_BYTES);
    let mut out = Held::new(body.beside());
    let mut step = [0; 16 << 10];
    loop {
        let read = decoder.read(&mut step).map_err(|_| Refusal::Corrupt(sort))?;
        let Some(bytes) = step.get(..read).filter(|bytes| !bytes.is_empty()) else { return Ok(out) };
        out.extend(bytes, limit)?;
        if out.len() > grown {
            return Err(Refusal::Bomb);
        }
    }
}

fn ends(mut rest: impl BufRead, sort: &'static str) -> Result<(), Refusal> {
    match rest.fill_buf() {
        Ok([]) => Ok(()),
        _ => Err(Refusal::Corrupt(sort)),
    }
}
