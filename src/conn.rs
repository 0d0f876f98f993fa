//! One connection as data: in which phase it is, and what it holds of work that is not done.
//!
//! An idle connection is these 24 bytes. Everything with a buffer stands in `Work`, which exists
//! only while a request or a frame is under way.

use crate::bucket::Bucket;
use crate::http;
use crate::id::Id;
use crate::ws;

/// An open connection.
#[derive(Debug)]
pub(crate) struct Conn {
    pub(crate) work: Option<Box<Work>>,
    /// The seat of its address at the gate, or [`Gate::NO_SEAT`](crate::gate::Gate::NO_SEAT).
    pub(crate) seat: u32,
    /// Tells this connection from earlier ones with the same key.
    pub(crate) generation: u32,
    pub(crate) phase: Phase,
    /// Bits of the window that its peer has for what is compressed, 9 to 15; 0 where that was not
    /// agreed on (RFC 7692 §7.1.2).
    pub(crate) window: u8,
    /// Yes or no to each [`Mark`], a bit each.
    marks: u16,
    /// The requests or messages that it has sent.
    pub(crate) used: Bucket,
}

/// What is so, or not so, of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum Mark {
    /// Another request may follow the one that is being answered.
    KeepAlive = 1,
    /// The request is HEAD: its answer goes without a body.
    HeadOnly = 1 << 1,
    /// A ping is out, and nothing has come since.
    Pinged = 1 << 2,
    /// A WebSocket that is never pinged.
    Unpinged = 1 << 3,
    /// The peer has closed its side; nothing will come.
    Ended = 1 << 4,
    /// Bytes wait in the socket that were not read, because enough of them are kept already.
    Unread = 1 << 5,
    /// It stands in the loop's list of sockets to be read.
    Listed = 1 << 6,
    /// The kernel has said that the peer's side is closed: behind what can be read is the end.
    Closing = 1 << 7,
    /// It is not read for a while, since it sends too fast.
    Paused = 1 << 8,
    /// It is that of a trusted proxy: its seat is that of the client whose request it carries.
    Proxied = 1 << 9,
    /// A client of a trusted proxy has sent a request over it.
    Begun = 1 << 10,
}

/// Where a connection stands. HTTP goes `Idle → Head → Body → Answer → Stream → Idle`, each but
/// `Answer` skipped if there is nothing to wait for; a WebSocket goes `Answer → Open → Closing`.
/// All end in `Last → Drain → Gone`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing of a next request has come.
    Idle,
    /// A part of a head has come.
    Head,
    /// A part of a body; the application has the head.
    Body,
    /// The application has the request.
    Answer,
    /// A body is read and sent piece by piece.
    Stream,
    /// A WebSocket.
    Open,
    /// Our close frame is sent, the peer's is awaited.
    Closing,
    /// What is queued is sent, then our side of the connection is closed.
    Last,
    /// Our side is closed. What still comes is read over, so that closing the socket does not
    /// reset the connection before the peer has read our last words (RFC 9112 §9.6).
    Drain,
    /// To be removed at the end of the turn.
    Gone,
}

/// What a connection holds while something is unfinished.
#[derive(Debug, Default)]
pub(crate) struct Work {
    /// Bytes that could not be used yet; they go in front of the next ones.
    pub(crate) kept: Vec<u8>,
    pub(crate) decoder: ws::Decoder,
    /// The head of the request whose body is arriving.
    pub(crate) head: Vec<u8>,
    pub(crate) body: Option<http::Body>,
    /// What the latest ping said, whose pong waits until the peer has taken what is before it.
    pub(crate) pong: Option<Box<[u8]>>,
    /// When the frame or the message began of which a part has come.
    pub(crate) begun: Option<u64>,
}

impl Conn {
    pub(crate) fn new(generation: u32, seat: u32, now: u64) -> Self {
        Self {
            work: None,
            seat,
            generation,
            phase: Phase::Idle,
            marks: Mark::KeepAlive as u16,
            used: Bucket::new(now),
            window: 0,
        }
    }

    pub(crate) fn id(&self, key: u32) -> Id {
        Id {
            key,
            generation: self.generation,
        }
    }

    pub(crate) fn is(&self, mark: Mark) -> bool {
        self.marks & mark as u16 != 0
    }

    /// Sets a mark or takes it away; whether it was set before.
    pub(crate) fn mark(&mut self, mark: Mark, on: bool) -> bool {
        let before = self.is(mark);
        match on {
            true => self.marks |= mark as u16,
            false => self.marks &= !(mark as u16),
        }
        before
    }

    /// Bytes that are kept for later.
    pub(crate) fn kept(&self) -> usize {
        self.work.as_ref().map_or(0, |work| work.kept.len())
    }
}

impl Phase {
    /// Whether nothing that comes from the peer matters any more.
    pub(crate) fn is_over(self) -> bool {
        matches!(self, Self::Last | Self::Drain | Self::Gone)
    }
}

impl Work {
    pub(crate) fn is_done(&self) -> bool {
        self.kept.is_empty()
            && self.body.is_none()
            && self.pong.is_none()
            && self.decoder.is_empty()
    }

    /// Bytes that it takes.
    pub(crate) fn len(&self) -> usize {
        let body = self.body.as_ref().map_or(0, |body| body.bytes.capacity());
        let pong = self.pong.as_ref().map_or(0, |pong| pong.len());
        let bytes = self.kept.capacity() + self.head.capacity() + self.decoder.len() + body + pong;
        match bytes {
            0 => 0,
            bytes => bytes + size_of::<Self>(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_takes_24_bytes_and_its_place_in_the_slab_no_more() {
        assert_eq!(size_of::<Conn>(), 24);
        let mut slab = slab::Slab::new();
        slab.reserve_exact(1);
        slab.insert(Conn::new(0, 0, 0));
        assert_eq!(size_of::<Option<Conn>>(), 24);
    }
}
