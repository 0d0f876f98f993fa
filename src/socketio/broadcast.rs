//! `io.to("lobby").except(socket).emit("news", args)`: who gets an event, in words.

use super::SocketIo;
use super::args::Arguments;
use super::event::Socket;
use super::namespaces::Namespace;
use super::outgoing::Outgoing;
use super::packet;
use super::recovery::Addressees;
use crate::{Audience, Choice, Hub, Policy, Rooms, Who};

/// A set of sockets of one namespace: the union of rooms, less those of others, each once. Without
/// a room it is all of them. They are those of this server, which knows no other.
#[must_use = "nothing is done before `emit` or one of its like"]
pub struct Broadcast<'i> {
    state: &'i mut SocketIo,
    hub: &'i mut Hub,
    /// None for a namespace that does not exist.
    namespace: Option<u32>,
    audience: Audience,
    /// The same in names, for who will miss it.
    addressees: Addressees,
    volatile: bool,
    choice: Choice,
}

impl<'i> Broadcast<'i> {
    pub(super) fn new(state: &'i mut SocketIo, hub: &'i mut Hub, namespace: Option<u32>) -> Self {
        Self {
            state,
            hub,
            namespace,
            audience: Audience::default(),
            addressees: Addressees::default(),
            volatile: false,
            choice: Choice::default(),
        }
    }

    /// Adds a room or a socket to those who get it.
    pub fn to<'w>(mut self, who: impl Into<Who<'w, Socket>>) -> Self {
        let Some(namespace) = self.namespace else {
            return self;
        };
        let Namespace {
            rooms, policies, ..
        } = &self.state.namespaces[namespace];
        let who = who.into();
        match who {
            Who::Room(room) => self.choice.add(policies.of(room), room),
            Who::One(_) => self.choice.add(Policy::Close, ""),
        }
        if self.state.recovery.is_some() {
            let to = self.addressees.to.get_or_insert_default();
            to.extend(name_of(rooms, who));
        }
        self.audience.to(rooms, who);
        self
    }

    /// Leaves out a socket, or all members of a room.
    pub fn except<'w>(mut self, who: impl Into<Who<'w, Socket>>) -> Self {
        let Some(namespace) = self.namespace else {
            return self;
        };
        let rooms = &self.state.namespaces[namespace].rooms;
        let who = who.into();
        self.addressees.except.extend(
            self.state
                .recovery
                .as_ref()
                .and_then(|_| name_of(rooms, who)),
        );
        self.audience.except(rooms, who);
        self
    }

    /// Leaves out receivers that cannot take the event right now, in place of letting it wait.
    pub fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// Sends an event; says how many get it. A reserved name, as `connect`, is sent to nobody.
    #[expect(clippy::needless_pass_by_value, reason = "a tuple is written in place")]
    pub fn emit(self, event: &str, args: impl Arguments) -> usize {
        match self.volatile {
            true => self.send_to_some(event, &args, None).len(),
            false => self.send(event, &args),
        }
    }

    /// Sends an event that wants an answer, for at most so many milliseconds. The number of the
    /// question comes back with [`Event::Answers`](super::Event::Answers), when all have answered
    /// or left, or the time is up. Clients of the plain door get the event, and are not waited for.
    #[expect(clippy::needless_pass_by_value, reason = "a tuple is written in place")]
    pub fn ask(self, event: &str, args: impl Arguments, timeout: u64) -> u64 {
        self.ask_for(event, &args, timeout)
    }

    /// The sockets themselves, in no particular order.
    pub fn fetch_sockets(&self) -> Vec<Socket> {
        let Some(namespace) = self.namespace else {
            return Vec::new();
        };
        let mut sockets = self.state.namespaces[namespace]
            .rooms
            .members(&self.audience);
        if !self.state.lobby.is_empty() {
            sockets.retain(|socket| !self.state.lobby.contains_key(&socket.key));
        }
        sockets
    }

    /// Puts all of them into a room.
    pub fn sockets_join(self, room: &str) {
        for socket in self.fetch_sockets() {
            self.state.join(socket, room);
        }
    }

    /// Takes all of them out of a room.
    pub fn sockets_leave(self, room: &str) {
        for socket in self.fetch_sockets() {
            self.state.leave(socket, room);
        }
    }

    /// Disconnects all of them; with `close`, also what they are connected to besides.
    pub fn disconnect_sockets(self, close: bool) {
        for socket in self.fetch_sockets() {
            self.state.disconnect(self.hub, socket, close);
        }
    }

    /// The event, written, and kept for who will miss it; none when it cannot be.
    fn write(
        &mut self,
        event: &str,
        args: &dyn Arguments,
        id: Option<u64>,
    ) -> Option<(u32, Outgoing)> {
        let namespace = self.namespace.filter(|_| !packet::is_reserved(event))?;
        let kept = id.is_none() && !self.volatile;
        let offset = match id {
            None => self.state.offset(self.hub, kept),
            // An argument more would stand where listeners expect the function that answers.
            Some(_) => None,
        };
        let name = &self.state.namespaces[namespace].name;
        let mut outgoing = Outgoing::event(name, event, args, id, offset)?;
        self.choice.set_topic(event);
        outgoing.lot = self.choice.lot().filter(|_| id.is_none());
        if kept {
            let addressees = std::mem::take(&mut self.addressees);
            self.state
                .record(self.hub, namespace, addressees, outgoing.frames());
        }
        Some((namespace, outgoing))
    }

    /// Sends an event to each; says how many there are. The hot path: for most of them nothing is
    /// looked at but where their WebSocket is.
    fn send(mut self, event: &str, args: &dyn Arguments) -> usize {
        let Some((namespace, mut outgoing)) = self.write(event, args, None) else {
            return 0;
        };
        let (mut count, mut others) = (0, Vec::new());
        let place = &self.state.namespaces[namespace];
        let hub = &mut *self.hub;
        place
            .rooms
            .for_each_slot(&self.audience, |seat| match place.line(seat) {
                Some(id) => {
                    outgoing.push(hub, id);
                    count += 1;
                }
                None => others.extend(place.rooms.at(seat)),
            });
        others.retain(|socket| !self.state.lobby.contains_key(&socket.key));
        self.send_each(&mut outgoing, &others);
        count + others.len()
    }

    /// Sends an event to those who can take it now, or who are asked; says who they are.
    fn send_to_some(mut self, event: &str, args: &dyn Arguments, id: Option<u64>) -> Vec<Socket> {
        let mut sockets = self.fetch_sockets();
        let Some((_, mut outgoing)) = self.write(event, args, id) else {
            return Vec::new();
        };
        if self.volatile {
            sockets.retain(|socket| self.state.is_writable(self.hub, *socket));
        }
        self.send_each(&mut outgoing, &sockets);
        sockets
    }

    fn ask_for(self, event: &str, args: &dyn Arguments, timeout: u64) -> u64 {
        self.state.asked += 1;
        let id = self.state.asked;
        let asked = Broadcast {
            state: &mut *self.state,
            hub: &mut *self.hub,
            ..self
        };
        let mut asked = asked.send_to_some(event, args, Some(id));
        asked.retain(|socket| self.state.can_answer(*socket));
        self.state.ask(self.hub, id, asked, timeout);
        id
    }

    fn send_each(&mut self, outgoing: &mut Outgoing, sockets: &[Socket]) {
        for socket in sockets {
            outgoing.send(self.state, self.hub, *socket);
        }
    }
}

/// The name of the room that is meant; of one socket, that of its own room.
fn name_of(rooms: &Rooms<Socket>, who: Who<'_, Socket>) -> Option<String> {
    match who {
        Who::Room(room) => Some(room.to_owned()),
        Who::One(socket) => rooms.sid(socket).map(|sid| sid.to_string()),
    }
}
