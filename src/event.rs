//! What can happen: one enum, which is all that a handler sees.

use std::fmt;

use crate::http::Request;
use crate::id::Id;
use crate::rooms::RoomEvent;
use crate::ws::Violation;

/// What happened. Text, bytes and requests are borrowed from the read buffer.
///
/// A connection is named by its [`Id`] from [`Event::Open`], or from the first request on it, up to
/// [`Event::Close`]; after that no event names it again. A request whose body does not come together
/// with its head is [`Event::Upload`] first, and then [`Event::Request`], or [`Event::Close`] if the
/// body never gets whole. What has been answered ends without an event.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A request over HTTP, whole. Answer with [`Hub::respond`](crate::Hub::respond), now or
    /// later; after `Config::answer_timeout`, a minute by default, the client gets 503, so a program
    /// without pages answers 404. A client that closes its side of
    /// the connection while its answer is outstanding counts as gone: [`Event::Close`] follows.
    Request {
        /// The connection that waits for the answer.
        id: Id,
        /// What is asked for.
        request: Request<'a>,
    },
    /// The head of a request is here, and not all of its body; [`Request::body`] is empty. Nothing
    /// has to be done about it. Answer with [`Hub::respond`](crate::Hub::respond) to refuse the
    /// body, now or before it is whole: nothing more comes of this request then, and the connection
    /// ends behind the answer. A client that waits for `100 Continue` gets it when the handler
    /// returns.
    Upload {
        /// The connection that the body comes on.
        id: Id,
        /// What is asked for.
        request: Request<'a>,
    },
    /// A client asks for a WebSocket, correctly and from an origin that is let in. Answer with
    /// [`Hub::respond`](crate::Hub::respond) to refuse it, or choose a subprotocol with
    /// [`Hub::choose_protocol`](crate::Hub::choose_protocol); otherwise it opens when the handler returns.
    Upgrade {
        /// The connection, which is not a socket yet.
        id: Id,
        /// The request: its path, its fields.
        request: Request<'a>,
    },
    /// A WebSocket is open. It is in the room of its own name already.
    Open {
        /// The new socket.
        id: Id,
    },
    /// A text message, whole.
    Text {
        /// Who sent it.
        id: Id,
        /// The message.
        text: &'a str,
    },
    /// A binary message, whole.
    Binary {
        /// Who sent it.
        id: Id,
        /// The message.
        bytes: &'a [u8],
    },
    /// A WebSocket is closed and has left its rooms, or a request is off that was not answered yet,
    /// whole or not.
    Close {
        /// Who is gone.
        id: Id,
        /// Why.
        reason: CloseReason,
        /// Bytes that were sent to it and were not written when it ended: with none, all is on its
        /// way at least.
        unsent: usize,
    },
    /// Something changed in the rooms. In order, and always after what caused it.
    Room(RoomEvent<Id>),
    /// The time has come that [`Hub::wake_at`](crate::Hub::wake_at) asked for.
    Wake,
    /// More is held for all clients together than `Config::max_memory`: give back what can be done
    /// without, as much as `bytes`, of what is counted with [`Hub::weigh`](crate::Hub::weigh). When
    /// the handler returns connections are closed until it fits, those first for which most is held.
    Pressure {
        /// Bytes to give back.
        bytes: usize,
    },
    /// The server stops over a while, `Config::drain`, and it is the turn of this request: answer it
    /// soon. At the end of that while it gets 503. A WebSocket is closed without this event.
    Leave {
        /// The connection that waits for the answer, and that ends behind it.
        id: Id,
    },
    /// The server was told to stop, and `Config::drain` is over. After the handler returns every
    /// connection is closed that is left.
    Stop,
}

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The peer closed it in order, with the code and the reason of its close frame.
    Peer {
        /// The close code (RFC 6455 §7.4), if there was one.
        code: Option<u16>,
        /// What the peer says about it; at most 123 bytes, often empty.
        reason: String,
    },
    /// The connection broke, or the peer went away without a close frame.
    Lost,
    /// The peer broke the protocol.
    Violation(Violation),
    /// A ping, or a request, was not answered in time, or a body did not come in time.
    TimedOut,
    /// A body that was on its way is malformed or too long; the client got this status.
    Refused(u16),
    /// The peer did not take what was sent to it: `Config::max_backlog`.
    TooSlow,
    /// The application closed it.
    Closed,
    /// The server stops.
    Stopped,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Peer { code: None, .. } => f.write_str("closed by the peer"),
            Self::Peer {
                code: Some(code),
                reason,
            } => write!(f, "closed by the peer: {code} {}", reason.escape_debug()),
            Self::Lost => f.write_str("connection lost"),
            Self::Violation(violation) => write!(f, "protocol violation: {violation}"),
            Self::TimedOut => f.write_str("timed out"),
            Self::Refused(status) => write!(f, "refused with {status}"),
            Self::TooSlow => f.write_str("too slow"),
            Self::Closed => f.write_str("closed by the application"),
            Self::Stopped => f.write_str("server stopped"),
        }
    }
}

/// An event that waits until the handler returns; it owns what it says.
#[derive(Debug)]
pub(crate) enum Queued {
    Open(Id),
    Close(Id, CloseReason, usize),
    Room(RoomEvent<Id>),
    Wake,
    Pressure(usize),
    Leave(Id),
    Stop,
}

impl From<Queued> for Event<'_> {
    fn from(queued: Queued) -> Self {
        match queued {
            Queued::Open(id) => Event::Open { id },
            Queued::Close(id, reason, unsent) => Event::Close { id, reason, unsent },
            Queued::Room(change) => Event::Room(change),
            Queued::Wake => Event::Wake,
            Queued::Pressure(bytes) => Event::Pressure { bytes },
            Queued::Leave(id) => Event::Leave { id },
            Queued::Stop => Event::Stop,
        }
    }
}

/// What the application does about events, as the loop passes it around.
pub(crate) type Handler<'h> = &'h mut dyn FnMut(&mut crate::Hub, Event<'_>);
