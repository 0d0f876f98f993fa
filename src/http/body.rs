//! The body of a request as it arrives, by length or in chunks (RFC 9112 §6 and §7.1), gathered
//! whole and bounded. Chunk extensions and trailers are read over; nobody may act on them.

use httparse::{EMPTY_HEADER, Status};

use super::{Fault, Framing};

/// A body that is arriving. After [`Body::decode`] has said `true`, take [`Body::bytes`].
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) bytes: Vec<u8>,
    step: Step,
    limit: u64,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// So many bytes, and the body is whole.
    Rest(u64),
    /// A line with the size of the next chunk.
    Size,
    /// So many bytes of this chunk.
    Chunk(u64),
    /// The CR LF behind a chunk.
    ChunkEnd,
    /// Lines behind the last chunk, up to an empty one; so many bytes of them may still come.
    Trailers(usize),
    Whole,
}

impl Body {
    /// Begins a body; one that declares more than `limit` bytes is refused before a byte is kept.
    pub(crate) fn begin(framing: Framing, limit: u64) -> Result<Self, Fault> {
        let step = match framing {
            Framing::Length(len) if len > limit => return Err(Fault::BodyTooLarge),
            Framing::Length(len) => Step::Rest(len),
            Framing::Chunked => Step::Size,
        };
        Ok(Self {
            bytes: Vec::new(),
            step,
            limit,
        })
    }

    /// Takes what it can of `bytes`; says how many it used and whether the body is whole now.
    /// The caller keeps the rest and brings it again with more behind it.
    pub(crate) fn decode(&mut self, bytes: &[u8]) -> Result<(usize, bool), Fault> {
        let mut used = 0;
        loop {
            let (step_used, next) = match self.step {
                Step::Rest(left) => self.take(&bytes[used..], left, Step::Rest, Step::Whole),
                Step::Chunk(left) => self.take(&bytes[used..], left, Step::Chunk, Step::ChunkEnd),
                Step::Size => self.size(&bytes[used..])?,
                Step::ChunkEnd => chunk_end(&bytes[used..])?,
                Step::Trailers(left) => trailer(&bytes[used..], left)?,
                Step::Whole => return Ok((used, true)),
            };
            used += step_used;
            let Some(next) = next else {
                return Ok((used, false));
            };
            self.step = next;
        }
    }

    /// Copies up to `left` bytes; the next step is `done`, or none when more must come first.
    fn take(
        &mut self,
        bytes: &[u8],
        left: u64,
        more: fn(u64) -> Step,
        done: Step,
    ) -> (usize, Option<Step>) {
        let n = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        self.bytes.extend_from_slice(&bytes[..n]);
        let left = left - n as u64;
        if left == 0 {
            return (n, Some(done));
        }
        self.step = more(left);
        (n, None)
    }

    /// Reads one line. httparse alone takes a LF for a part of an extension, which then never has to
    /// end.
    fn size(&self, bytes: &[u8]) -> Result<(usize, Option<Step>), Fault> {
        let end = bytes.iter().position(|&byte| byte == b'\n');
        if end.unwrap_or(bytes.len()) > MAX_SIZE_LINE {
            return Err(Fault::Malformed("the size of a chunk is too long a line"));
        }
        let Some(end) = end else { return Ok((0, None)) };
        match httparse::parse_chunk_size(&bytes[..=end]) {
            Ok(Status::Complete((used, size))) if is_size(&bytes[..end]) => self.chunk(used, size),
            _ => Err(Fault::Malformed("the size of a chunk is no number")),
        }
    }

    fn chunk(&self, used: usize, size: u64) -> Result<(usize, Option<Step>), Fault> {
        match size {
            0 => Ok((used, Some(Step::Trailers(MAX_TRAILERS)))),
            size if size > self.limit - self.bytes.len() as u64 => Err(Fault::BodyTooLarge),
            size => Ok((used, Some(Step::Chunk(size)))),
        }
    }
}

/// RFC 9112 §7.1: digits, and behind them nothing or extensions, which are text. httparse alone takes
/// a line without a digit for a 0, and lets spaces end it, and control characters pass.
fn is_size(line: &[u8]) -> bool {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit());
    let (size, rest) = line.split_at(digits.count());
    let text = |byte: &u8| !byte.is_ascii_control() || *byte == b'\t';
    let extension = rest.strip_suffix(b"\r").unwrap_or(rest);
    !size.is_empty()
        && (extension.is_empty() || extension.trim_ascii_start().starts_with(b";"))
        && extension.iter().all(text)
}

fn chunk_end(bytes: &[u8]) -> Result<(usize, Option<Step>), Fault> {
    match bytes {
        [b'\r', b'\n', ..] => Ok((2, Some(Step::Size))),
        [] | [b'\r'] => Ok((0, None)),
        _ => Err(Fault::Malformed("a chunk is longer than its size")),
    }
}

/// Reads over one line; the empty one ends the body.
fn trailer(bytes: &[u8], left: usize) -> Result<(usize, Option<Step>), Fault> {
    let end = bytes.iter().position(|&byte| byte == b'\n');
    if end.map_or(bytes.len(), |end| end + 1) > left {
        return Err(Fault::HeadTooLarge);
    }
    match end {
        None => Ok((0, None)),
        Some(0) => Err(Fault::Malformed("a trailer does not end in CR LF")),
        Some(end) if bytes[end - 1] != b'\r' => {
            Err(Fault::Malformed("a trailer does not end in CR LF"))
        }
        Some(1) => Ok((2, Some(Step::Whole))),
        Some(end) if is_field(&bytes[..=end]) => {
            Ok((end + 1, Some(Step::Trailers(left - end - 1))))
        }
        Some(_) => Err(Fault::Malformed("a trailer is no field")),
    }
}

/// RFC 9112 §7.1.2: a trailer is a field as any other, so it is held to the same rules (§5.1, §5.2).
fn is_field(line: &[u8]) -> bool {
    let section = [line, b"\r\n"].concat();
    let parsed =
        httparse::parse_headers(&section, &mut [EMPTY_HEADER]).map(|status| status.is_complete());
    parsed == Ok(true)
}

/// Bytes of the line with a chunk's size; its extensions have no use here.
const MAX_SIZE_LINE: usize = 128;
/// Bytes of all trailers together.
const MAX_TRAILERS: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: u64 = 20;

    /// Feeds `pieces` as they would arrive; the result is the body and the bytes behind it.
    fn feed<'a>(
        framing: Framing,
        pieces: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Option<(String, String)>, u16> {
        let mut body = Body::begin(framing, LIMIT).map_err(Fault::status)?;
        let mut kept = Vec::new();
        let mut whole = false;
        for piece in pieces {
            kept.extend_from_slice(piece);
            let (used, done) = body.decode(&kept).map_err(Fault::status)?;
            kept.drain(..used);
            whole |= done;
        }
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ok(whole.then(|| (text(body.bytes), text(kept))))
    }

    #[track_caller]
    fn check(framing: Framing, bytes: &[u8], expected: Result<Option<(&str, &str)>, u16>) {
        let expected =
            expected.map(|whole| whole.map(|(body, rest)| (body.to_owned(), rest.to_owned())));
        assert_eq!(feed(framing, [bytes].into_iter()), expected);
        assert_eq!(feed(framing, bytes.chunks(1)), expected, "byte by byte");
        for at in 0..bytes.len() {
            assert_eq!(
                feed(framing, [&bytes[..at], &bytes[at..]].into_iter()),
                expected,
                "split at {at}"
            );
        }
    }

    #[test]
    fn a_body_of_known_length_ends_where_it_says() {
        check(Framing::Length(5), b"helloGET", Ok(Some(("hello", "GET"))));
        check(Framing::Length(5), b"hell", Ok(None));
        check(Framing::Length(21), b"", Err(413));
    }

    #[test]
    fn chunks_are_joined_and_extensions_and_trailers_are_read_over() {
        check(
            Framing::Chunked,
            b"5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\nG",
            Ok(Some(("hello world", "G"))),
        );
        check(
            Framing::Chunked,
            b"0\r\nX: y\r\nZ: w\r\n\r\n",
            Ok(Some(("", ""))),
        );
        check(Framing::Chunked, b"a\r\n0123456789\r\n0\r\n", Ok(None));
    }

    #[test]
    fn chunks_that_lie_are_refused() {
        check(Framing::Chunked, b"5\r\nhello!\r\n", Err(400));
        check(Framing::Chunked, b"x\r\n", Err(400));
        check(Framing::Chunked, b"-1\r\n", Err(400));
        check(Framing::Chunked, b"1\nh", Err(400));
        check(Framing::Chunked, b"1;a\nb\r\nx\r\n", Err(400));
        check(Framing::Chunked, b"\r\n\r\n", Err(400));
        check(Framing::Chunked, b";a\r\n\r\n", Err(400));
        check(Framing::Chunked, b"1 \r\nx\r\n", Err(400));
        check(Framing::Chunked, b"1;\0\r\nx\r\n", Err(400));
        check(Framing::Chunked, b"0\r\nX: y\n\r\n", Err(400));
        check(Framing::Chunked, b"0\r\nX : y\r\n\r\n", Err(400));
        check(Framing::Chunked, b"0\r\nGET / HTTP/1.1\r\n\r\n", Err(400));
        check(Framing::Chunked, b"15\r\n", Err(413));
        check(Framing::Chunked, b"ffffffffffffffff\r\n", Err(413));
        check(
            Framing::Chunked,
            b"10\r\n0123456789abcdef\r\n5\r\n",
            Err(413),
        );
        check(
            Framing::Chunked,
            &[b"1;", &[b'x'; 200][..]].concat(),
            Err(400),
        );
        check(
            Framing::Chunked,
            &[b"0\r\n", &[b'x'; 2100][..]].concat(),
            Err(431),
        );
    }
}
