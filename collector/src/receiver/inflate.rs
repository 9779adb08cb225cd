//! Compressed bodies, inflated up to a limit and no further.

use std::io::{self, Read};

use flate2::bufread::{MultiGzDecoder, ZlibDecoder};

use super::budget::{BudgetExhausted, Reservation};

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    Identity,
    Gzip,
    Zstd,
    /// zlib's format, as HTTP understands the word.
    Deflate,
}

impl Compression {
    /// What we understand, as a header lists it.
    pub(crate) const ACCEPTED: &'static str = "gzip, zstd, deflate, identity";

    /// The compression of a `Content-Encoding` or `grpc-encoding`; none for one we do not know.
    pub(crate) fn from_name(name: &[u8]) -> Option<Self> {
        match name.trim_ascii().to_ascii_lowercase().as_slice() {
            b"" | b"identity" => Some(Self::Identity),
            b"gzip" | b"x-gzip" => Some(Self::Gzip),
            b"zstd" => Some(Self::Zstd),
            b"deflate" => Some(Self::Deflate),
            _ => None,
        }
    }
}

/// The window that every zstd decoder must have room for (RFC 8878, section 3.1.1.1.2): 8 MiB.
/// A frame that asks for more could claim far more memory than its body.
const ZSTD_WINDOW_LOG: u32 = 23;
/// How much is inflated between two looks at the limit and the budget.
const STEP: usize = 64 * 1024;

/// Why a body was not inflated.
#[derive(Debug)]
pub(crate) enum InflateError {
    /// It is larger than the limit.
    TooLarge,
    /// It is not of its compression.
    Corrupt(io::Error),
    /// The budget has no room for it.
    Exhausted(BudgetExhausted),
}

/// Inflates `body` to at most `limit` bytes. `reservation` already holds `held` bytes and grows
/// ahead of the memory.
pub(crate) fn inflate(
    compression: Compression,
    body: &[u8],
    limit: usize,
    (reservation, held): (&mut Reservation, usize),
) -> Result<Vec<u8>, InflateError> {
    match compression {
        Compression::Identity => read_limited(body, limit, (reservation, held)),
        Compression::Gzip => read_limited(MultiGzDecoder::new(body), limit, (reservation, held)),
        Compression::Deflate => read_limited(ZlibDecoder::new(body), limit, (reservation, held)),
        Compression::Zstd => {
            let mut decoder =
                zstd::stream::read::Decoder::with_buffer(body).map_err(InflateError::Corrupt)?;
            decoder
                .window_log_max(ZSTD_WINDOW_LOG)
                .map_err(InflateError::Corrupt)?;
            read_limited(decoder, limit, (reservation, held))
        }
    }
}

fn read_limited(
    mut reader: impl Read,
    limit: usize,
    (reservation, held): (&mut Reservation, usize),
) -> Result<Vec<u8>, InflateError> {
    let mut inflated = Vec::new();
    // Filled in steps that double, so that growing costs little and a small body takes little.
    let mut step = STEP;
    loop {
        let start = inflated.len();
        // One byte over the limit tells a body that is too large from one that just fits.
        let end = (start + step).min(limit + 1);
        if start == end {
            return Err(InflateError::TooLarge);
        }
        reservation
            .grow_to(held + end)
            .map_err(InflateError::Exhausted)?;
        inflated.reserve_exact(end - start);
        let read = (&mut reader)
            .take((end - start) as u64)
            .read_to_end(&mut inflated)
            .map_err(InflateError::Corrupt)?;
        if inflated.len() > limit {
            return Err(InflateError::TooLarge);
        }
        if read < end - start {
            return Ok(inflated);
        }
        step = inflated.len();
    }
}

#[cfg(test)]
mod tests;
