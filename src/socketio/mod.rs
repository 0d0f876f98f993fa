//! The Socket.IO protocol (Engine.IO v4, Socket.IO v5), so that its clients work unmodified.
//!
//! A layer: everything here goes through the public API of the crate. [`SocketIo`] is the state,
//! [`SocketIo::drive`] takes the events of the core, and a handler gets an [`Io`] with each
//! [`Event`]. What is not of this layer is handed on as [`Event::Core`].
//!
//! ```no_run
//! use roomcast::{socketio::{Event, SocketIo}, Server};
//!
//! fn main() -> std::io::Result<()> {
//!     let mut io = SocketIo::new();
//!     Server::bind("127.0.0.1:3000")?.run(|hub, event| {
//!         io.drive(hub, event, |io, event| match event {
//!             Event::Connect { socket, .. } => { io.join(socket, "lobby"); }
//!             Event::Message { socket, name: "chat message", args, .. } => {
//!                 io.to("lobby").except(socket).emit("chat message", args);
//!             }
//!             _ => {}
//!         });
//!     })
//! }
//! ```
//!
//! `engine` and `packet` are the two codecs; `session` is one client's connection as data;
//! `checks` judges every request; `polling`, `post` and `websocket` carry packets in and out, `plain`
//! is the door for clients without the protocol, `cors` says which pages may read what polls bring;
//! `carrier` is what they share: opening, the upgrade, heartbeats, the end. `sockets` is what packets
//! mean, `admission` who enters one of the `namespaces`, `actions` what may be done to a socket;
//! `broadcast` says whom an event is for and `outgoing` writes it, `questions` gathers answers,
//! `recovery` keeps what is missed, `moves` who was where; `queues` holds what waits for
//! polls, `relief` gives back what is too much, `held` counts what there is.

mod actions;
mod admission;
mod args;
mod broadcast;
mod bundle;
mod carrier;
mod checks;
mod cors;
mod engine;
mod event;
mod held;
mod io;
mod moves;
mod namespaces;
mod options;
mod outgoing;
mod packet;
mod plain;
mod polling;
mod post;
mod questions;
mod queues;
mod recovery;
mod relief;
mod session;
mod sockets;
mod websocket;

use std::collections::{HashMap, VecDeque};

use slab::Slab;

pub use args::{Args, Arguments};
pub use broadcast::Broadcast;
pub use event::{Ack, Answer, Event, Reason, Socket};
pub use held::Held;
pub use io::Io;
pub use options::Options;
pub use recovery::Lost;

use crate::{Hub, Id, Sid, Slot, Wheel};
use admission::Lobby;
use event::{Part, Queued, Role};
use moves::Moves;
use namespaces::Namespaces;
use questions::Question;
use queues::Packets;
use recovery::Recovery;
use session::Session;

/// Every session, every namespace, every socket.
pub struct SocketIo {
    options: Options,
    sessions: Slab<Session>,
    by_sid: HashMap<Sid, u32>,
    /// What connections of the core are for this layer, by their slots.
    roles: Vec<Option<Role>>,
    namespaces: Namespaces,
    sockets: Slab<Connected>,
    generation: u32,
    /// Deadlines of sessions; made with the first event, which tells the time.
    timers: Option<Wheel>,
    /// In the order of asking.
    questions: Vec<Question>,
    asked: u64,
    queue: VecDeque<Queued>,
    /// Sessions whose poll may be answered when the handler has returned, and some that are gone.
    dirty: Vec<u32>,
    /// What waits for polls.
    packets: Packets,
    /// Who is not in its namespace yet.
    lobby: Lobby,
    /// Why the session is refused that a client asks for now.
    forbidden: Option<String>,
    /// None when it is off.
    recovery: Option<Recovery>,
}

/// A socket, in its namespace or about to be.
#[derive(Debug)]
struct Connected {
    generation: u32,
    session: u32,
    namespace: u32,
    /// Its number in the namespace.
    seat: u32,
    /// Private: who knows it can come back as this socket.
    pid: Option<Sid>,
    /// The position of the log when it connected.
    since: u64,
    /// Its changes of rooms, with recovery.
    moves: Option<Box<Moves>>,
}

/// The application's handler, as it is passed around.
type Handler<'h> = &'h mut dyn FnMut(&mut Io<'_>, Event<'_>);

impl SocketIo {
    /// A layer with the default [`Options`], and the root namespace.
    pub fn new() -> Self {
        Self::with(Options::default())
    }

    /// A layer with these options, and the root namespace.
    pub fn with(options: Options) -> Self {
        let options = options.bounded();
        let recovery = options
            .max_disconnection_duration
            .map(|_| Recovery::default());
        Self {
            options,
            sessions: Slab::new(),
            by_sid: HashMap::new(),
            roles: Vec::new(),
            namespaces: Namespaces::new(),
            sockets: Slab::new(),
            generation: 0,
            timers: None,
            questions: Vec::new(),
            asked: 0,
            queue: VecDeque::new(),
            dirty: Vec::new(),
            packets: Packets::default(),
            lobby: Lobby::new(),
            forbidden: None,
            recovery,
        }
    }

    /// Adds a namespace that clients may enter; its name begins with a slash.
    #[must_use]
    pub fn namespace(mut self, name: &str) -> Self {
        self.namespaces.fix(name);
        self
    }

    /// Lets clients enter namespaces of whatever name the predicate says yes to. Such a namespace
    /// is there from its first socket to its last.
    ///
    /// ```
    /// use roomcast::socketio::SocketIo;
    ///
    /// let io = SocketIo::new().namespaces_where(|name| name.starts_with("/game-"));
    /// ```
    #[must_use]
    pub fn namespaces_where(
        mut self,
        predicate: impl FnMut(&str) -> bool + Send + 'static,
    ) -> Self {
        self.namespaces.predicate = Some(Box::new(predicate));
        self
    }

    /// Takes an event of the core; calls the handler for everything that comes of it.
    pub fn drive(
        &mut self,
        hub: &mut Hub,
        event: crate::Event<'_>,
        mut handler: impl FnMut(&mut Io<'_>, Event<'_>),
    ) {
        let handler: Handler<'_> = &mut handler;
        self.timers.get_or_insert_with(|| Wheel::new(hub.now()));
        match event {
            crate::Event::Request { id, request }
                if request.path().starts_with(&self.options.path) =>
            {
                self.request(hub, id, &request, handler);
            }
            crate::Event::Upload { id, request }
                if request.path().starts_with(&self.options.path) =>
            {
                self.upload(hub, id, &request, handler);
            }
            crate::Event::Upgrade { id, request }
                if request.path().starts_with(&self.options.path) =>
            {
                self.upgrade(hub, id, &request, handler);
            }
            crate::Event::Upgrade { id, request }
                if self.options.plain_path.as_deref() == Some(request.path()) =>
            {
                hub.open_nameless(id);
                self.set_role(id, Some(Part::Door));
            }
            crate::Event::Open { id } if self.role(id).is_some() => self.opened(hub, id, handler),
            crate::Event::Text { id, text } if self.role(id).is_some() => {
                self.text(hub, id, text, handler)
            }
            crate::Event::Binary { id, bytes } if self.role(id).is_some() => {
                self.binary(hub, id, bytes, handler)
            }
            crate::Event::Close {
                id,
                ref reason,
                unsent,
            } if self.role(id).is_some() => self.gone(hub, id, reason, unsent),
            crate::Event::Leave { id } if self.role(id).is_some() => self.leave_poll(hub, id),
            event => {
                match event {
                    crate::Event::Wake => self.wake(hub),
                    crate::Event::Stop => self.stop(hub),
                    crate::Event::Pressure { bytes } => self.give_back(hub, bytes),
                    _ => {}
                }
                handler(&mut Io { state: self, hub }, Event::Core(event));
            }
        }
        // What settles may end a session, which the application must hear of.
        while !(self.queue.is_empty() && self.dirty.is_empty()) {
            self.deliver(hub, handler);
            self.settle(hub);
        }
    }

    /// Calls the handler for everything that is queued, also for what that causes.
    fn deliver(&mut self, hub: &mut Hub, handler: Handler<'_>) {
        while let Some(queued) = self.queue.pop_front() {
            self.hand_over(hub, queued, handler);
        }
    }

    fn hand_over(&mut self, hub: &mut Hub, queued: Queued, handler: Handler<'_>) {
        let io = &mut Io { state: self, hub };
        match queued {
            Queued::Connect {
                socket,
                ref namespace,
                ref auth,
                recovered,
                lost,
            } => handler(
                io,
                Event::Connect {
                    socket,
                    namespace,
                    auth,
                    recovered,
                    lost,
                },
            ),
            Queued::Answers {
                question,
                answers,
                missing,
            } => handler(
                io,
                Event::Answers {
                    question,
                    answers,
                    missing,
                },
            ),
            Queued::Disconnect {
                socket,
                sid,
                ref namespace,
                rooms,
                reason,
            } => handler(
                io,
                Event::Disconnect {
                    socket,
                    sid,
                    namespace,
                    rooms,
                    reason,
                },
            ),
            Queued::Room {
                ref namespace,
                change,
            } => handler(io, Event::Room { namespace, change }),
        }
    }

    fn role(&self, id: Id) -> Option<Part> {
        let role = self.roles.get(id.slot())?.as_ref()?;
        (role.id == id).then_some(role.part)
    }

    fn set_role(&mut self, id: Id, part: Option<Part>) {
        if self.roles.len() <= id.slot() {
            self.roles.resize(id.slot() + 1, None);
        }
        self.roles[id.slot()] = part.map(|part| Role { id, part });
    }

    /// Whether a socket is there, be it in its namespace or about to be.
    fn is_known(&self, socket: Socket) -> bool {
        self.sockets
            .get(socket.key as usize)
            .is_some_and(|known| known.generation == socket.generation)
    }

    fn socket(&self, key: u32) -> Socket {
        let Connected {
            generation, seat, ..
        } = self.sockets[key as usize];
        Socket {
            key,
            generation,
            seat,
        }
    }
}

impl Default for SocketIo {
    fn default() -> Self {
        Self::new()
    }
}
