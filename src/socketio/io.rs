//! What a handler may do: the layer and the hub, together.

use super::args::Arguments;
use super::broadcast::Broadcast;
use super::event::{Ack, Socket};
use super::{Options, SocketIo};
use crate::{Hub, Policy, RoomName, Rooms, Sid, Who};

/// All sockets and their rooms, and what one may do with them; a handler gets it with each event.
///
/// Methods that name a socket answer `false` when it is gone: that is no error, it happens.
pub struct Io<'a> {
    pub(super) state: &'a mut SocketIo,
    pub(super) hub: &'a mut Hub,
}

impl Io<'_> {
    /// Begins an event for a room of the root namespace, or for one socket of any.
    pub fn to<'w>(&mut self, who: impl Into<Who<'w, Socket>>) -> Broadcast<'_> {
        let who = who.into();
        let namespace = match who {
            Who::Room(_) => Some(0),
            Who::One(socket) => self.state.namespace_of(socket),
        };
        Broadcast::new(self.state, self.hub, namespace).to(who)
    }

    /// Begins an event for all sockets of the root namespace.
    pub fn everyone(&mut self) -> Broadcast<'_> {
        Broadcast::new(self.state, self.hub, Some(0))
    }

    /// Begins an event for all sockets of a namespace; nobody if there is no such namespace.
    pub fn of(&mut self, namespace: &str) -> Broadcast<'_> {
        let namespace = self.state.namespaces.find(namespace);
        Broadcast::new(self.state, self.hub, namespace)
    }

    /// Begins an event for all sockets of the namespace that a socket is in.
    pub fn around(&mut self, socket: Socket) -> Broadcast<'_> {
        let namespace = self.state.namespace_of(socket);
        Broadcast::new(self.state, self.hub, namespace)
    }

    /// Begins an event for all sockets of a socket's namespace but those in the room of its own
    /// name, which is the socket itself as long as it has not left it: `socket.broadcast` elsewhere.
    pub fn broadcast(&mut self, socket: Socket) -> Broadcast<'_> {
        let own = self.sid(socket).map(|sid| sid.text());
        let around = self.around(socket);
        match own {
            Some(own) => around.except(&*own),
            None => around,
        }
    }

    /// Puts a socket into a room of its namespace; `false` if it is there already.
    pub fn join(&mut self, socket: Socket, room: &str) -> bool {
        self.state.join(socket, room)
    }

    /// Takes a socket out of a room; `false` if it was not there.
    pub fn leave(&mut self, socket: Socket, room: &str) -> bool {
        self.state.leave(socket, room)
    }

    /// Says what becomes of events to a room of a namespace, whose name begins with a slash, when a
    /// client takes them too slowly; [`Policy::Close`] unless it is said. With [`Policy::Latest`] the
    /// topic of an event is its name. An event that is kept for recovery is kept nevertheless, and
    /// one that asks for an answer is never dropped. `false` if there is no such namespace.
    pub fn set_policy(&mut self, namespace: &str, room: &str, policy: Policy) -> bool {
        let namespace = self.state.namespaces.find(namespace);
        if let Some(namespace) = namespace {
            self.state.namespaces[namespace].policies.set(room, policy);
        }
        namespace.is_some()
    }

    /// Sends an event to one socket.
    pub fn emit(&mut self, socket: Socket, event: &str, args: impl Arguments) -> bool {
        self.to(socket).emit(event, args) > 0
    }

    /// Answers an event of a client that waits for it.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "an ack is good for one answer"
    )]
    pub fn answer(&mut self, ack: Ack, args: impl Arguments) -> bool {
        let Ack { socket, id } = ack;
        self.state.answer(self.hub, socket, id, &args)
    }

    /// Refuses the client of [`Event::Authorize`](super::Event::Authorize), at once or after
    /// [`Io::defer`]: the message, and data as JSON text for it, which may be empty. The client may
    /// ask again. `false` when the socket is in already, or gone.
    pub fn refuse(&mut self, socket: Socket, message: &str, data: &str) -> bool {
        let message = serde_json::Value::from(message);
        let why = match data {
            "" => format!("{{\"message\":{message}}}"),
            data => format!("{{\"message\":{message},\"data\":{data}}}"),
        };
        self.state.refuse(self.hub, socket, &why)
    }

    /// Refuses the client of [`Event::Handshake`](super::Event::Handshake), by 403 and this text.
    pub fn forbid(&mut self, text: &str) {
        self.state.forbidden = Some(text.to_owned());
    }

    /// Leaves the client of [`Event::Authorize`](super::Event::Authorize) waiting, for
    /// [`Io::admit`] or [`Io::refuse`] at another event; at most for `Options::connect_timeout`
    /// when it is in no namespace yet.
    pub fn defer(&mut self, socket: Socket) -> bool {
        self.state.defer(socket)
    }

    /// Lets a client in that [`Io::defer`] left waiting; `false` when it is gone meanwhile.
    pub fn admit(&mut self, socket: Socket) -> bool {
        self.state.admit(self.hub, socket)
    }

    /// Disconnects a socket from its namespace; with `close`, its client from everything.
    pub fn disconnect(&mut self, socket: Socket, close: bool) -> bool {
        self.state.disconnect(self.hub, socket, close)
    }

    /// Cuts the connection of a socket without a word, so that its client comes back by itself.
    pub fn drop_transport(&mut self, socket: Socket) -> bool {
        self.state.drop_transport(self.hub, socket)
    }

    /// The public name of a socket, which is also the name of its own room.
    pub fn sid(&self, socket: Socket) -> Option<Sid> {
        self.rooms(socket)?.sid(socket)
    }

    /// The socket of the root namespace that has this public name.
    pub fn find(&self, sid: &str) -> Option<Socket> {
        self.state.namespaces[0].rooms.find(sid)
    }

    /// The rooms of a socket in the order of joining.
    pub fn rooms_of(&self, socket: Socket) -> Vec<RoomName> {
        self.rooms(socket)
            .map_or_else(Vec::new, |rooms| rooms.rooms_of(socket).collect())
    }

    /// All rooms of the namespace that a socket is in.
    pub fn rooms(&self, socket: Socket) -> Option<&Rooms<Socket>> {
        let namespace = self.state.namespace_of(socket)?;
        Some(&self.state.namespaces[namespace].rooms)
    }

    /// The name of the namespace that a socket is in.
    pub fn namespace(&self, socket: Socket) -> Option<&str> {
        let namespace = self.state.namespace_of(socket)?;
        Some(&self.state.namespaces[namespace].name)
    }

    /// The hub of the core.
    pub fn hub(&mut self) -> &mut Hub {
        self.hub
    }

    /// The options in force.
    pub fn options(&self) -> &Options {
        &self.state.options
    }
}
