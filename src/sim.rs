//! A server without sockets: the same hub, under a network of bytes and a clock that is turned by
//! hand. For tests of applications, and for ours.

use std::io::{self, ErrorKind, Write};
use std::net::IpAddr;

use crate::config::Config;
use crate::deliver;
use crate::event::{Event, Handler};
use crate::hub::Hub;
use crate::id::{Id, Sid};
use crate::turn::Next;

/// A simulated server. Nothing happens but what its methods say, so every run is the same.
///
/// ```
/// use roomcast::{Config, Event, Response, Sim};
///
/// let mut sim = Sim::new(Config::default());
/// let mut handler = |hub: &mut roomcast::Hub, event: Event<'_>| {
///     if let Event::Request { id, request } = event {
///         hub.respond(id, Response::text(200, request.path()));
///     }
/// };
/// let client = sim.connect();
/// sim.receive(client, b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", &mut handler);
/// sim.end_turn(&mut handler);
/// assert!(sim.take(client).ends_with(b"\r\n\r\n/hello\n"));
/// ```
pub struct Sim {
    hub: Hub,
    wires: Vec<Wire>,
}

/// One connection as its peer sees it.
#[derive(Debug, Default)]
struct Wire {
    /// Written by the server and not taken yet.
    bytes: Vec<u8>,
    /// Bytes that may be written until the peer takes some; as of a full socket.
    room: usize,
    /// Calls of `write`.
    writes: usize,
    /// The server has closed its side.
    shut: bool,
    /// The peer has closed its side, behind all that the server has received.
    ended: bool,
    /// Which connection it belongs to.
    id: Option<Id>,
}

impl Sim {
    /// Makes a server with its clock at zero. The names of its sockets are counted, not random.
    pub fn new(config: Config) -> Self {
        let mut count = 0_u64;
        let sids = move || {
            count += 1;
            let mut bytes = [0; 15];
            // Spread over the first bytes, as random ones would be.
            bytes[..8].copy_from_slice(&count.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
            bytes[8..15].copy_from_slice(&count.to_be_bytes()[1..]);
            Sid::new(bytes)
        };
        Self {
            hub: Hub::new(config, 0, Box::new(sids)),
            wires: Vec::new(),
        }
    }

    /// The state, as a handler gets it.
    pub fn hub(&mut self) -> &mut Hub {
        &mut self.hub
    }

    /// A peer connects; its socket takes all that is written until [`Sim::set_room`] says otherwise.
    ///
    /// It has no address, so that no limit for one address holds for it.
    pub fn connect(&mut self) -> Id {
        self.enter(None)
    }

    /// A peer connects from an address. One that is turned away is not connected.
    /// That of a trusted proxy ([`Config::trusted_proxies`]) counts for the clients behind it.
    pub fn connect_from(&mut self, address: IpAddr) -> Id {
        self.enter(Some(address))
    }

    fn enter(&mut self, address: Option<IpAddr>) -> Id {
        let Some(id) = self.hub.accept(address) else {
            return NOBODY;
        };
        let key = id.key as usize;
        if self.wires.len() <= key {
            self.wires.resize_with(key + 1, Wire::default);
        }
        self.wires[key] = Wire {
            room: usize::MAX,
            id: Some(id),
            ..Wire::default()
        };
        id
    }

    /// One read of these bytes.
    pub fn receive(&mut self, id: Id, bytes: &[u8], handler: Handler<'_>) {
        if self.is_connected(id) {
            deliver::receive(&mut self.hub, id.key, &mut bytes.to_vec(), handler);
        }
    }

    /// The peer closes its side, or is gone.
    pub fn hang_up(&mut self, id: Id, handler: Handler<'_>) {
        if let Some(wire) = self.wire(id) {
            wire.ended = true;
            deliver::hang_up(&mut self.hub, id.key, handler);
        }
    }

    /// Moves the clock on. A loop waits between its turns only: call [`Sim::end_turn`] before.
    pub fn advance(&mut self, milliseconds: u64) {
        self.hub.now += milliseconds;
    }

    /// Milliseconds until a deadline may be due; `None` when there is nothing to wait for.
    pub fn patience(&self) -> Option<u64> {
        self.hub.patience()
    }

    /// What a loop does at the end of a turn: kept bytes, deadlines, the flush, removals.
    pub fn end_turn(&mut self, handler: Handler<'_>) {
        for key in deliver::resume(&mut self.hub, handler) {
            if self.wires[key as usize].ended {
                deliver::hang_up(&mut self.hub, key, handler);
            }
        }
        self.hub.expire(handler);
        self.write_all();
        while self.hub.outboxes.has_more() {
            self.write_all();
        }
        self.hub.settle(handler);
        let wires = &mut self.wires;
        self.hub
            .reap(|key| (wires[key as usize].id, wires[key as usize].shut) = (None, true));
    }

    fn write_all(&mut self) {
        let dirty = self.hub.outboxes.take_dirty();
        for key in &dirty {
            let wire = &mut self.wires[*key as usize];
            wire.shut |= self.hub.flush(*key, wire) == Next::Shutdown;
        }
        self.hub.outboxes.give_back(dirty);
    }

    /// Lets a socket take so many bytes more before it is full.
    pub fn set_room(&mut self, id: Id, bytes: usize) {
        if let Some(wire) = self.wire(id) {
            wire.room = bytes;
            self.hub.outboxes.unblock(id.key);
        }
    }

    /// What the server has written to a peer since the last time, until its key is used again.
    pub fn take(&mut self, id: Id) -> Vec<u8> {
        self.wires
            .get_mut(id.key as usize)
            .map(|wire| std::mem::take(&mut wire.bytes))
            .unwrap_or_default()
    }

    /// Calls of `write` for a connection so far.
    pub fn writes(&self, id: Id) -> usize {
        self.wires
            .get(id.key as usize)
            .map_or(0, |wire| wire.writes)
    }

    /// Whether the server has closed its side of a connection, or all of it.
    pub fn is_shut(&self, id: Id) -> bool {
        self.wires
            .get(id.key as usize)
            .is_none_or(|wire| wire.shut || wire.id != Some(id))
    }

    /// Whether a connection is there, closing or not.
    pub fn is_connected(&self, id: Id) -> bool {
        self.wires
            .get(id.key as usize)
            .is_some_and(|wire| wire.id == Some(id))
    }

    /// Bytes of heap that stand for the network, and that a server on real sockets does not have.
    pub fn network_bytes(&self) -> usize {
        let written: usize = self.wires.iter().map(|wire| wire.bytes.capacity()).sum();
        self.wires.capacity() * size_of::<Wire>() + written
    }

    /// Whether the server was stopped and all is closed.
    pub fn is_stopped(&self) -> bool {
        self.hub.is_stopped()
    }

    /// Connects, asks for a WebSocket at a path, and takes the answer: a socket that is open.
    pub fn open(&mut self, path: &str, handler: Handler<'_>) -> Id {
        let id = self.connect();
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: sim\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        );
        self.receive(id, head.as_bytes(), handler);
        self.end_turn(handler);
        let answer = self.take(id);
        let end = answer
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .map_or(answer.len(), |at| at + 4);
        if let Some(wire) = self.wire(id) {
            wire.bytes = answer[end..].to_vec();
        }
        id
    }

    /// A client sends a text message, in one masked frame.
    pub fn text(&mut self, id: Id, text: &str, handler: Handler<'_>) {
        self.receive(id, &client_frame(0x81, text.as_bytes()), handler);
    }

    fn wire(&mut self, id: Id) -> Option<&mut Wire> {
        self.wires
            .get_mut(id.key as usize)
            .filter(|wire| wire.id == Some(id))
    }
}

/// Names no connection.
const NOBODY: Id = Id {
    key: u32::MAX,
    generation: 0,
};

/// A frame as a client sends it: the first byte, and a payload that is masked (RFC 6455 §5.3).
pub fn client_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mut bytes = vec![first];
    match payload.len() {
        len @ 0..=125 => bytes.push(0x80 | len as u8),
        len @ 126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            bytes.push(0x80 | 127);
            bytes.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&MASK);
    bytes.extend(
        payload
            .iter()
            .zip(MASK.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    bytes
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[io::IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[io::IoSlice<'_>]) -> io::Result<usize> {
        self.writes += 1;
        let mut written = 0;
        for slice in slices {
            let n = slice.len().min(self.room);
            self.bytes.extend_from_slice(&slice[..n]);
            self.room -= if self.room == usize::MAX { 0 } else { n };
            written += n;
        }
        if written == 0 {
            Err(ErrorKind::WouldBlock.into())
        } else {
            Ok(written)
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A handler that lets everything be.
pub fn quiet(_: &mut Hub, _: Event<'_>) {}
