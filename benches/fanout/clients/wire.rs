//! The three wires: how a message looks on its way to a server, and how it must look when it comes.
//!
//! All messages of a round have one size. So all that differs from frame to frame is the stamp and
//! the text that belongs to it, and every byte of a frame is compared with the one it must be.

use std::io;

use roomcast::sim::client_frame;

use super::text::{Filler, Stamp};
use super::wrong;

/// What a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    /// Clients send what the server is to write, in place of masked frames: see `servers::floor`.
    Floor,
    WebSocket,
    /// Socket.IO over a WebSocket: a message is the one argument of an event `m`.
    SocketIo,
}

/// How all messages of a round look.
pub(crate) struct Shape {
    wire: Wire,
    /// The head of a frame from the server, and what of the packet stands before the message.
    before: Vec<u8>,
    filler: Filler,
    after: &'static [u8],
    /// Bytes of a frame from the server.
    len: usize,
}

/// Where a receiver stands in its stream of frames.
pub(crate) struct Reader {
    /// Bytes of the frame under way that have come; less than a whole frame.
    there: usize,
    /// The first of them, up to the end of the stamp.
    first: [u8; MAX_BEFORE + Stamp::LEN],
    /// What they say, when all of them are there.
    stamp: Stamp,
}

impl Shape {
    pub(crate) fn new(wire: Wire, size: usize) -> Self {
        let (opening, after): (&[u8], &[u8]) = match wire {
            Wire::SocketIo => (b"42[\"m\",\"", b"\"]"),
            Wire::Floor | Wire::WebSocket => (b"", b""),
        };
        let payload = opening.len() + size + after.len();
        // RFC 6455 §5.2: a text, whole, not masked, with a length of one of two forms.
        let mut before = match u16::try_from(payload).expect("a length of two bytes") {
            0..126 => vec![0x81, payload as u8],
            long => [&[0x81, 126][..], &long.to_be_bytes()].concat(),
        };
        let len = before.len() + payload;
        before.extend_from_slice(opening);
        Self {
            wire,
            before,
            filler: Filler::new(size),
            after,
            len,
        }
    }

    /// Appends a message as a client sends it.
    pub(crate) fn publish(&self, out: &mut Vec<u8>, stamp: Stamp) {
        let (stamp, text) = (stamp.bytes(), self.filler.of(stamp));
        let frame = [&self.before, &stamp[..], text, self.after].concat();
        match self.wire {
            Wire::Floor => out.extend(frame),
            Wire::WebSocket | Wire::SocketIo => {
                let head = if frame[1] == 126 { 4 } else { 2 };
                out.extend(client_frame(0x81, &frame[head..]));
            }
        }
    }

    /// What must come at a place in a frame behind its stamp, up to the end of a part.
    fn expected(&self, stamp: Stamp, place: usize) -> &[u8] {
        let (text, at) = (
            self.filler.of(stamp),
            place - self.before.len() - Stamp::LEN,
        );
        match text.get(at..) {
            Some(text) if !text.is_empty() => text,
            _ => &self.after[at - text.len()..],
        }
    }
}

impl Reader {
    pub(crate) fn new() -> Self {
        Self {
            there: 0,
            first: [0; MAX_BEFORE + Stamp::LEN],
            stamp: Stamp {
                publisher: 0,
                number: 0,
            },
        }
    }

    /// Takes bytes as they come; calls back for each frame that is whole.
    pub(crate) fn read(
        &mut self,
        shape: &Shape,
        mut bytes: &[u8],
        mut each: impl FnMut(Stamp) -> io::Result<()>,
    ) -> io::Result<()> {
        while !bytes.is_empty() {
            let n = match self.there < shape.before.len() + Stamp::LEN {
                true => self.begin(shape, bytes)?,
                false => self.compare(shape, bytes)?,
            };
            self.there += n;
            bytes = &bytes[n..];
            if self.there == shape.len {
                self.there = 0;
                each(self.stamp)?;
            }
        }
        Ok(())
    }

    /// Takes what has come of the head and the stamp.
    fn begin(&mut self, shape: &Shape, bytes: &[u8]) -> io::Result<usize> {
        let end = shape.before.len() + Stamp::LEN;
        let n = bytes.len().min(end - self.there);
        self.first[self.there..][..n].copy_from_slice(&bytes[..n]);
        if self.there + n == end {
            let (before, stamp) = self.first[..end].split_at(shape.before.len());
            let stamp = (before == shape.before).then(|| Stamp::parse(stamp));
            self.stamp = stamp
                .flatten()
                .ok_or_else(|| wrong(format!("no message: {:?}", lossy(&self.first[..end]))))?;
        }
        Ok(n)
    }

    fn compare(&self, shape: &Shape, bytes: &[u8]) -> io::Result<usize> {
        let expected = shape.expected(self.stamp, self.there);
        let n = bytes.len().min(expected.len());
        match bytes[..n] == expected[..n] {
            true => Ok(n),
            false => Err(wrong(format!("{:?} is damaged", self.stamp))),
        }
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Bytes of the longest head from the server, and of the beginning of an event.
const MAX_BEFORE: usize = 12;
