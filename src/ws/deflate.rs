//! permessage-deflate (RFC 7692 §7), by flate2: one inflater and a few compressors for the whole
//! server, each made when it is first needed.
//!
//! Neither side keeps a context from one message to the next (§7.1.1), so that a message that was
//! compressed once is right for every receiver with the same window, and an idle connection has
//! nothing to remember.

mod offer;

use flate2::{Compress, Decompress, FlushCompress, FlushDecompress, Status};

use super::compression::{Codec, Compression};
use super::{Refusal, Violation};

impl Compression {
    /// Compresses by permessage-deflate, which every browser offers.
    ///
    /// ```
    /// use roomcast::{Compression, Config};
    ///
    /// let config = Config {
    ///     compression: Some(Compression::deflate().threshold(4096)),
    ///     ..Config::default()
    /// };
    /// ```
    pub fn deflate() -> Self {
        Self {
            threshold: 1024,
            codec: || Box::<Zlib>::default(),
        }
    }
}

/// 40 KB for the inflater, 330 KB at most for each compressor.
#[derive(Debug, Default)]
struct Zlib {
    inflater: Option<Decompress>,
    /// By the bits of the window, from [`LEAST_WINDOW`] on.
    compressors: [Option<Compress>; (GREATEST_WINDOW - LEAST_WINDOW + 1) as usize],
}

impl Codec for Zlib {
    fn agree(&self, offers: &str) -> Result<Option<(String, u8)>, Refusal> {
        offer::agree(offers)
    }

    fn deflate(&mut self, payload: &[u8], window: u8) -> Option<Vec<u8>> {
        let level = flate2::Compression::new(LEVEL);
        let compress = self.compressors[usize::from(window - LEAST_WINDOW)]
            .get_or_insert_with(|| Compress::new_with_window_bits(level, false, window));
        compress.reset();
        // What does not fit here is no shorter.
        let mut out = Vec::with_capacity(payload.len());
        compress
            .compress_vec(payload, &mut out, FlushCompress::Sync)
            .ok()?;
        // RFC 7692 §7.2.1: the empty block that ends it is not sent. It is not there if the room
        // was too small.
        let whole = compress.total_in() == payload.len() as u64 && out.len() < out.capacity();
        let len = out.strip_suffix(&TAIL).filter(|_| whole)?.len();
        out.truncate(len);
        (len < payload.len()).then_some(out)
    }

    fn inflate(&mut self, bytes: &[u8], out: &mut Vec<u8>, limit: usize) -> Result<(), Violation> {
        let zlib = self.inflater.get_or_insert_with(|| Decompress::new(false));
        zlib.reset(false);
        inflate(zlib, bytes, out, limit)?;
        // §7.2.2: the empty block that was not sent; and one more that ends the stream, which is a
        // block of its own only if the message was whole.
        let len = out.len();
        match inflate(zlib, &[&TAIL[..], &LAST].concat(), out, limit)? {
            true if out.len() == len => Ok(()),
            _ => Err(Violation::NotDeflate),
        }
    }
}

/// Inflates what these bytes hold; says whether a last block (RFC 1951 §3.2.3) was their end.
fn inflate(
    zlib: &mut Decompress,
    mut bytes: &[u8],
    out: &mut Vec<u8>,
    limit: usize,
) -> Result<bool, Violation> {
    loop {
        make_room(out, limit);
        let before = zlib.total_in();
        let status = zlib
            .decompress_vec(bytes, out, FlushDecompress::None)
            .map_err(|_| Violation::NotDeflate)?;
        bytes = &bytes[(zlib.total_in() - before) as usize..];
        if out.len() > limit {
            return Err(Violation::TooLong);
        }
        let ended = status == Status::StreamEnd;
        if ended {
            // RFC 7692 §7.2.3.4: other blocks may follow the last one.
            zlib.reset(false);
        }
        if bytes.is_empty() && (ended || out.len() < out.capacity()) {
            return Ok(ended);
        }
    }
}

/// Doubles the room of what grows, up to one byte more than it may have.
fn make_room(out: &mut Vec<u8>, limit: usize) {
    if out.len() == out.capacity() {
        let most = limit.saturating_add(1) - out.len();
        out.reserve_exact(out.len().max(FIRST_ROOM).min(most));
    }
}

/// What a flush ends with: the lengths of an empty block without compression (RFC 1951 §3.2.4).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
/// Such a block, whole, as the last of a stream.
const LAST: [u8; 5] = [1, 0, 0, 0xff, 0xff];
/// The smallest window that zlib compresses for; the protocol knows 8, too.
const LEAST_WINDOW: u8 = 9;
const GREATEST_WINDOW: u8 = 15;
/// Of 9. At 6, which is usual, JSON takes twice the time and becomes a twentieth shorter.
const LEVEL: u32 = 3;
/// Bytes that an inflated message gets room for at first.
const FIRST_ROOM: usize = 4096;

#[cfg(test)]
mod tests;
