//! One Engine.IO session as data: how it is reached, what waits for it, which deadlines it has.

use std::collections::VecDeque;
use std::sync::Arc;

use super::engine;
use crate::{Hub, Id, Sid};

/// A client's connection, whatever carries it at the moment.
#[derive(Debug)]
pub(super) struct Session {
    /// Private: who knows it can speak as this client.
    pub(super) sid: Sid,
    pub(super) carrier: Carrier,
    /// The POST under way: its head is here, its body is not.
    pub(super) post: Option<Id>,
    /// Where the page comes from whose requests wait, if it needs leave to read the answers.
    pub(super) origin: Option<Box<str>>,
    /// The WebSocket it may change to.
    pub(super) probe: Option<Id>,
    /// Packets that wait for a poll.
    queue: VecDeque<Frame>,
    /// Bytes in `queue`.
    pub(super) waiting: usize,
    /// Sockets in the order of connecting: one for each namespace.
    pub(super) sockets: Vec<u32>,
    /// Namespaces that were left, and until when packets for them are late and no error.
    left: Vec<(Arc<str>, u64)>,
    /// A packet whose binary parts have not all come.
    pub(super) partial: Option<Box<Partial>>,
    pub(super) deadlines: Deadlines,
    /// Its client takes bytes as text only.
    pub(super) base64: bool,
    /// All that was sent to it when it ended has been written.
    pub(super) flushed: bool,
    /// It is over; what is queued goes with the next poll.
    pub(super) over: bool,
    /// The first of the bodies that it still has for its client when it is over.
    pub(super) last_words: Option<String>,
    /// It stands in the list of sessions whose poll may be answered.
    pub(super) dirty: bool,
}

/// What carries packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    /// Requests; one may be held until there is something to answer.
    Polling {
        held: Option<Id>,
    },
    WebSocket(Id),
    /// The plain door: one socket in the root namespace, and none of the packets of Engine.IO.
    Plain(Id),
}

/// A packet as it is queued; shared by all receivers of a broadcast.
#[derive(Clone, Debug)]
pub(super) enum Frame {
    Text(Arc<str>),
    Binary(Arc<[u8]>),
}

/// A packet that waits for attachments.
#[derive(Debug)]
pub(super) struct Partial {
    pub(super) text: String,
    pub(super) missing: usize,
    pub(super) attachments: Vec<Vec<u8>>,
}

/// Times on the hub's clock; `u64::MAX` where nothing is waited for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadlines {
    pub(super) ping: u64,
    pub(super) pong: u64,
    pub(super) connect: u64,
    pub(super) upgrade: u64,
    /// When a session that is over is forgotten.
    pub(super) end: u64,
}

pub(super) const NEVER: u64 = u64::MAX;

impl Session {
    pub(super) fn new(sid: Sid, carrier: Carrier, ping: u64, connect: u64) -> Self {
        let deadlines = Deadlines {
            ping,
            pong: NEVER,
            connect,
            upgrade: NEVER,
            end: NEVER,
        };
        Self {
            sid,
            carrier,
            post: None,
            origin: None,
            probe: None,
            queue: VecDeque::new(),
            waiting: 0,
            sockets: Vec::new(),
            left: Vec::new(),
            partial: None,
            deadlines,
            base64: false,
            flushed: false,
            over: false,
            last_words: None,
            dirty: false,
        }
    }

    /// The body of the next poll: at most 16 packets, since python-socketio gives up on more.
    pub(super) fn next_body(&mut self) -> Option<String> {
        let count = self.queue.len().min(MAX_PACKETS);
        let frames: Vec<_> = self.queue.drain(..count).collect();
        if self.queue.is_empty() {
            self.queue = VecDeque::new();
        }
        self.waiting -= frames.iter().map(Frame::len).sum::<usize>();
        let parts: Vec<_> = frames.iter().map(Frame::part).collect();
        (!parts.is_empty()).then(|| parts.join("\u{1e}"))
    }

    /// Queues a packet for a poll.
    pub(super) fn push(&mut self, frame: Frame) {
        self.waiting += frame.len();
        self.queue.push_back(frame);
    }

    /// What waited for a poll and goes by the WebSocket now.
    pub(super) fn take_queue(&mut self) -> VecDeque<Frame> {
        self.waiting = 0;
        std::mem::take(&mut self.queue)
    }

    pub(super) fn is_queue_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether nothing that was sent to it is known to wait.
    pub(super) fn is_flushed(&self, hub: &Hub) -> bool {
        match self.carrier {
            Carrier::Polling { .. } => self.is_queue_empty(),
            Carrier::WebSocket(id) | Carrier::Plain(id) => hub.is_idle(id),
        }
    }

    /// Packets for this namespace may still be under way.
    pub(super) fn has_left(&mut self, namespace: Arc<str>, now: u64) {
        self.left
            .retain(|(known, until)| *until > now && *known != namespace);
        self.left.push((namespace, now + LATE));
    }

    pub(super) fn left_lately(&self, namespace: &str, now: u64) -> bool {
        let left = |(known, until): &(Arc<str>, u64)| **known == *namespace && *until > now;
        self.left.iter().any(left)
    }

    pub(super) fn set_origin(&mut self, origin: Option<&str>) {
        if self.origin.as_deref() != origin {
            self.origin = origin.map(Box::from);
        }
    }

    pub(super) fn held(&self) -> Option<Id> {
        match self.carrier {
            Carrier::Polling { held } => held,
            Carrier::WebSocket(_) | Carrier::Plain(_) => None,
        }
    }
}

impl Frame {
    /// The packet as a part of a body.
    fn part(&self) -> String {
        match self {
            Self::Text(text) => text.to_string(),
            Self::Binary(bytes) => engine::binary(bytes),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }
}

impl Deadlines {
    pub(super) fn next(&self) -> u64 {
        [self.ping, self.pong, self.connect, self.upgrade, self.end]
            .into_iter()
            .min()
            .unwrap_or(NEVER)
    }
}

/// Packets in the body of one poll.
const MAX_PACKETS: usize = 16;
/// Milliseconds for which packets may still be under way for a namespace that was left.
const LATE: u64 = 5_000;
