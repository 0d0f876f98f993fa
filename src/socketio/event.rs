//! What can happen on this layer, and why a socket is gone.

use std::fmt;
use std::sync::Arc;

use super::args::Args;
use super::recovery::Lost;
use crate::{Id, Request, RoomEvent, RoomName, Sid, Slot};

/// A socket: one client in one namespace. Like an [`Id`], it never names another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Socket {
    pub(super) key: u32,
    pub(super) generation: u32,
    /// Its number in its namespace: the tables there are as long as the namespace is full, not as
    /// long as that of all sockets.
    pub(super) seat: u32,
}

impl Slot for Socket {
    fn slot(self) -> usize {
        self.seat as usize
    }
}

/// What happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A client asks for a session, by long-polling or by a WebSocket, which it gets unless it is
    /// refused by [`Io::forbid`](super::Io::forbid).
    Handshake {
        /// Its first request: its address, its fields.
        request: &'a Request<'a>,
    },
    /// A request of Engine.IO was refused.
    Refused {
        /// The code that the client is told: 0 for a transport that is unknown or off, 1 for a session
        /// that is unknown, 2 for a method, 3 for anything else that is wrong, 4 for what the
        /// application forbade, 5 for another version of the protocol.
        code: u8,
        /// What the client is told in words.
        message: &'a str,
        /// What it was about, as `TRANSPORT_MISMATCH`; the client is not told.
        context: &'static str,
    },
    /// A client asks to enter a namespace. It enters when the handler returns, unless it is refused
    /// by [`Io::refuse`](super::Io::refuse), or put off by [`Io::defer`](super::Io::defer) until
    /// [`Io::admit`](super::Io::admit) or `refuse`. A client that is recovered is not asked for,
    /// unless `Options::skip_middlewares` is off.
    Authorize {
        /// The socket that it would be; it may join rooms already, and nothing is sent to it yet.
        socket: Socket,
        /// The namespace.
        namespace: &'a str,
        /// The payload of the client, as JSON text; empty if there is none.
        auth: &'a str,
    },
    /// A socket is connected: the client has been told so.
    Connect {
        /// The new socket.
        socket: Socket,
        /// Its namespace.
        namespace: &'a str,
        /// The payload of the client, as JSON text; empty if there is none.
        auth: &'a str,
        /// It has come back: its name and its rooms are as they were, and it gets what it missed.
        recovered: bool,
        /// Why not, for a client that asked for it.
        lost: Option<Lost>,
    },
    /// A client has sent an event.
    Message {
        /// Who sent it.
        socket: Socket,
        /// The name of the event.
        name: &'a str,
        /// Its arguments.
        args: Args<'a>,
        /// The client waits for an answer: [`Io::answer`](super::Io::answer).
        ack: Option<Ack>,
    },
    /// Answers to a question that [`Broadcast::ask`](super::Broadcast::ask) sent.
    Answers {
        /// The question.
        question: u64,
        /// Who answered, and what; in the order of arrival.
        answers: Vec<Answer>,
        /// How many were asked, are still there, and did not answer in time.
        missing: usize,
    },
    /// A socket has left its rooms and its namespace.
    Disconnect {
        /// Who is gone.
        socket: Socket,
        /// The public name that it had.
        sid: Sid,
        /// The namespace that it was in.
        namespace: &'a str,
        /// The rooms that it was in, its own included, in the order of joining.
        rooms: Vec<RoomName>,
        /// Why.
        reason: Reason,
    },
    /// Something changed in the rooms of a namespace.
    Room {
        /// The namespace.
        namespace: &'a str,
        /// What changed.
        change: RoomEvent<Socket>,
    },
    /// What is not of this layer: other requests, other WebSockets, their rooms.
    Core(crate::Event<'a>),
}

/// What one socket answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Who answered.
    pub socket: Socket,
    pub(super) json: String,
    pub(super) attachments: Vec<Vec<u8>>,
}

impl Answer {
    /// What was answered.
    pub fn args(&self) -> Args<'_> {
        Args {
            json: &self.json,
            attachments: &self.attachments,
        }
    }
}

/// The answer that a client waits for; good for one.
#[derive(Debug)]
pub struct Ack {
    pub(super) socket: Socket,
    pub(super) id: u64,
}

/// Why a socket is gone; written out, the exact words of the reference server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The connection broke, or a poll was abandoned.
    TransportError,
    /// The connection ended.
    TransportClose,
    /// The client sent what is no packet of Socket.IO.
    ForcedClose,
    /// A ping was not answered.
    PingTimeout,
    /// The client sent what is no packet of Engine.IO.
    ParseError,
    /// The server stops.
    ServerShuttingDown,
    /// No namespace in time, or a packet for one that it is not in.
    ForcedServerClose,
    /// The client left the namespace.
    ClientNamespaceDisconnect,
    /// The application disconnected it.
    ServerNamespaceDisconnect,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TransportError => "transport error",
            Self::TransportClose => "transport close",
            Self::ForcedClose => "forced close",
            Self::PingTimeout => "ping timeout",
            Self::ParseError => "parse error",
            Self::ServerShuttingDown => "server shutting down",
            Self::ForcedServerClose => "forced server close",
            Self::ClientNamespaceDisconnect => "client namespace disconnect",
            Self::ServerNamespaceDisconnect => "server namespace disconnect",
        })
    }
}

/// An event that waits until the handler returns.
#[derive(Debug)]
pub(super) enum Queued {
    Connect {
        socket: Socket,
        namespace: Arc<str>,
        auth: String,
        recovered: bool,
        lost: Option<Lost>,
    },
    Answers {
        question: u64,
        answers: Vec<Answer>,
        missing: usize,
    },
    Disconnect {
        socket: Socket,
        sid: Sid,
        namespace: Arc<str>,
        rooms: Vec<RoomName>,
        reason: Reason,
    },
    Room {
        namespace: Arc<str>,
        change: RoomEvent<Socket>,
    },
}

/// A connection of the core and what it is for this layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Role {
    pub(super) id: Id,
    pub(super) part: Part,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A poll that is held for a session.
    Poll(u32),
    /// A POST that is under way for a session.
    Post(u32),
    /// A WebSocket that is about to open for a new session.
    Opening {
        /// It takes bytes as text only.
        base64: bool,
    },
    /// A WebSocket that is about to open for a session that polls.
    Joining {
        session: u32,
        /// It takes bytes as text only.
        base64: bool,
    },
    /// The WebSocket of a session.
    Web(u32),
    /// A WebSocket that is about to open at the plain door.
    Door,
    /// The WebSocket of a plain client.
    Plain(u32),
    /// A WebSocket that a session may change to.
    Probe(u32),
    /// Ours, and of no session any more.
    Orphan,
}
