//! Compresses chunks as they come: whatever is ready goes out at once, the rest with the last chunk.
//! Knows no HTTP and no format.

use pointsman_core::expose::negotiate::Encoding;
use std::io::{self, Write};

/// gzip level 1: a scrape is read once, and its text shrinks well at any level.
const GZIP_LEVEL: u32 = 1;
const ZSTD_LEVEL: i32 = 1;

/// One body's compressor.
pub enum Compress {
    /// None.
    Plain,
    /// gzip.
    Gzip(flate2::write::GzEncoder<Vec<u8>>),
    /// zstd.
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl Compress {
    /// For an agreed encoding.
    ///
    /// # Errors
    /// When the compressor cannot be set up.
    pub fn new(encoding: Encoding) -> io::Result<Self> {
        Ok(match encoding {
            Encoding::Identity => Self::Plain,
            Encoding::Gzip => Self::Gzip(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(GZIP_LEVEL))),
            Encoding::Zstd => Self::Zstd(zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL)?),
        })
    }

    /// Takes a chunk and gives what is ready; everything when it is the last.
    ///
    /// # Errors
    /// When compressing fails.
    pub fn push(&mut self, chunk: Vec<u8>, is_last: bool) -> io::Result<Vec<u8>> {
        match self {
            Self::Plain => Ok(chunk),
            Self::Gzip(encoder) => {
                encoder.write_all(&chunk)?;
                if is_last {
                    encoder.try_finish()?;
                }
                Ok(std::mem::take(encoder.get_mut()))
            }
            Self::Zstd(encoder) => {
                encoder.write_all(&chunk)?;
                if is_last {
                    encoder.do_finish()?;
                }
                Ok(std::mem::take(encoder.get_mut()))
            }
        }
    }
}
