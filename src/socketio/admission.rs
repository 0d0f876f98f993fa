//! Entering a namespace: who asks, who is let in, who is refused; at once, or when the application
//! has made up its mind.

use std::collections::HashMap;

use super::carrier::Farewell;
use super::event::{Event, Queued, Reason, Socket};
use super::packet::{self, Kind};
use super::recovery::{Claim, Lost};
use super::session::{Carrier, Frame};
use super::{Connected, Handler, Io, SocketIo};
use crate::{Hub, Sid};

/// Sockets that are not in their namespace yet, by their slots.
pub(super) type Lobby = HashMap<u32, Waiting>;

/// A client that has asked to enter.
#[derive(Debug)]
pub(super) struct Waiting {
    auth: String,
    claim: Claim,
    /// The application will say later.
    deferred: bool,
}

impl SocketIo {
    /// The first packet of a namespace.
    pub(super) fn connect(
        &mut self,
        hub: &mut Hub,
        key: u32,
        name: &str,
        auth: &str,
        handler: Handler<'_>,
    ) {
        if self.socket_in(key, name).is_some() {
            return self.end(hub, key, Reason::ForcedServerClose, Farewell::Full);
        }
        // The application hears of the end of an old connection before it hears of the new one.
        self.end_predecessor(hub, key, auth);
        self.deliver(hub, handler);
        if self.is_over(key) {
            return;
        }
        if self.sessions[key as usize].is_everywhere(hub.now()) {
            return self.say_no(hub, key, name, "{\"message\":\"Too many namespaces\"}");
        }
        let Some(namespace) = self.namespaces.find_or_make(name) else {
            return self.say_no(hub, key, name, "{\"message\":\"Invalid namespace\"}");
        };
        let claim = self.claim(hub, name, auth);
        let socket = self.receive(hub, key, namespace, auth, claim);
        let waiting = self.lobby.get(&socket.key);
        let is_back = waiting.is_some_and(|waiting| waiting.claim.is_good());
        if !(is_back && self.options.skip_middlewares) {
            handler(
                &mut Io { state: self, hub },
                Event::Authorize {
                    socket,
                    namespace: name,
                    auth,
                },
            );
        }
        let waiting = self.lobby.get(&socket.key);
        if self.is_known(socket) && waiting.is_some_and(|waiting| !waiting.deferred) {
            self.admit(hub, socket);
        }
    }

    fn is_over(&self, key: u32) -> bool {
        let session = self.sessions.get(key as usize);
        session.is_none_or(|session| session.over)
    }

    /// A place for a socket that is in no room and hears nothing yet.
    fn receive(
        &mut self,
        hub: &mut Hub,
        session: u32,
        namespace: u32,
        auth: &str,
        mut claim: Claim,
    ) -> Socket {
        self.generation = self.generation.wrapping_add(1);
        let generation = self.generation;
        let place = &mut self.namespaces[namespace];
        let seat = place.seat();
        let key = self.sockets.insert(Connected {
            generation,
            session,
            namespace,
            seat,
            pid: None,
            since: 0,
            moves: None,
        }) as u32;
        let socket = Socket {
            key,
            generation,
            seat,
        };
        // Somebody of the old name is waiting already.
        if claim
            .sid()
            .is_some_and(|sid| !place.rooms.introduce(socket, sid))
        {
            claim = Claim::Lost(Lost::Unknown);
        }
        while place.rooms.sid(socket).is_none() {
            place.rooms.introduce(socket, hub.fresh_sid());
        }
        self.sessions[session as usize].add_socket(key);
        let waiting = Waiting {
            auth: auth.to_owned(),
            claim,
            deferred: false,
        };
        self.lobby.insert(key, waiting);
        socket
    }

    /// The application will say later whether a socket may enter.
    pub(super) fn defer(&mut self, socket: Socket) -> bool {
        let waiting = self
            .is_known(socket)
            .then(|| self.lobby.get_mut(&socket.key));
        waiting
            .flatten()
            .map(|waiting| waiting.deferred = true)
            .is_some()
    }

    /// A socket enters: its own room, what it missed, the packet, then the application hears of it.
    pub(super) fn admit(&mut self, hub: &mut Hub, socket: Socket) -> bool {
        let Some(Waiting { auth, claim, .. }) = self.take_waiting(socket) else {
            return false;
        };
        let Connected {
            session, namespace, ..
        } = self.sockets[socket.key as usize];
        let back = self.redeem(hub, socket, &claim);
        let place = &mut self.namespaces[namespace];
        let (name, queue) = (&place.name, &mut self.queue);
        let mut hook = |change| {
            let namespace = name.clone();
            queue.push_back(Queued::Room { namespace, change });
        };
        place.rooms.join_own(socket, &mut hook);
        for room in back.iter().flat_map(|back| &back.rooms) {
            place.rooms.join(socket, room, &mut hook);
        }
        for frame in back.iter().flat_map(|back| &back.missed) {
            self.send(hub, session, frame);
        }
        self.welcome(hub, socket);
        self.connect_line(socket);
        self.queue.push_back(Queued::Connect {
            socket,
            namespace: self.namespaces[namespace].name.clone(),
            auth,
            recovered: back.is_ok(),
            lost: back.err().flatten(),
        });
        true
    }

    /// Refuses a socket: its client may ask again, on the same connection.
    pub(super) fn refuse(&mut self, hub: &mut Hub, socket: Socket, why: &str) -> bool {
        if self.take_waiting(socket).is_none() {
            return false;
        }
        let Connected {
            session, namespace, ..
        } = self.sockets[socket.key as usize];
        let name = self.namespaces[namespace].name.clone();
        self.sessions[session as usize].remove_socket(socket.key);
        self.remove(socket);
        self.say_no(hub, session, &name, why);
        true
    }

    fn take_waiting(&mut self, socket: Socket) -> Option<Waiting> {
        let known = self.is_known(socket);
        known.then(|| self.lobby.remove(&socket.key)).flatten()
    }

    fn say_no(&mut self, hub: &mut Hub, key: u32, namespace: &str, why: &str) {
        if let Carrier::Plain(id) = self.sessions[key as usize].carrier {
            hub.send(id, &format!("[\"connect_error\",{why}]"));
            return self.end(hub, key, Reason::ForcedServerClose, Farewell::Full);
        }
        let text = packet::encode(Kind::ConnectError, 0, namespace, None, why);
        self.send(hub, key, &Frame::Text(text.into()));
    }

    /// Takes a socket out of its rooms and forgets it; says the public name that it had.
    pub(super) fn remove(&mut self, socket: Socket) -> Option<Sid> {
        self.lobby.remove(&socket.key);
        let namespace = self.sockets.remove(socket.key as usize).namespace;
        let place = &mut self.namespaces[namespace];
        let sid = place.rooms.sid(socket);
        let (name, queue) = (&place.name, &mut self.queue);
        place.rooms.exit(socket, &mut |change| {
            let namespace = name.clone();
            queue.push_back(Queued::Room { namespace, change });
        });
        self.namespaces.release(namespace, socket.seat);
        sid
    }
}
