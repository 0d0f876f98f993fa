//! What may be done to a socket: rooms, the end.

use super::carrier::Farewell;
use super::event::{Queued, Reason, Socket};
use super::packet::{self, Kind};
use super::session::{Carrier, Session};
use super::{Connected, SocketIo};
use crate::{Hub, RoomEvent, Rooms};

impl SocketIo {
    pub(super) fn join(&mut self, socket: Socket, room: &str) -> bool {
        let joined = self.change(socket, |rooms, hook| rooms.join(socket, room, hook));
        if joined {
            self.moved(socket, room, true);
        }
        joined
    }

    pub(super) fn leave(&mut self, socket: Socket, room: &str) -> bool {
        let left = self.change(socket, |rooms, hook| rooms.leave(socket, room, hook));
        if left {
            self.moved(socket, room, false);
        }
        left
    }

    /// Changes the rooms of a socket's namespace; what that causes is queued.
    fn change(
        &mut self,
        socket: Socket,
        change: impl FnOnce(&mut Rooms<Socket>, &mut dyn FnMut(RoomEvent<Socket>)) -> bool,
    ) -> bool {
        let Some(namespace) = self.namespace_of(socket) else {
            return false;
        };
        let place = &mut self.namespaces[namespace];
        let (name, queue) = (&place.name, &mut self.queue);
        change(&mut place.rooms, &mut |change| {
            let namespace = name.clone();
            queue.push_back(Queued::Room { namespace, change });
        })
    }

    /// Tells a client that it is out of a namespace; with `close`, out of all, and the connection ends.
    pub(super) fn disconnect(&mut self, hub: &mut Hub, socket: Socket, close: bool) -> bool {
        if !self.is_known(socket) {
            return false;
        }
        let session = self.sockets[socket.key as usize].session;
        let plain = matches!(self.sessions[session as usize].carrier, Carrier::Plain(_));
        let leaving = match close {
            true => self.sessions[session as usize].sockets().collect(),
            false => vec![socket.key],
        };
        for key in leaving {
            self.expel(hub, key);
        }
        if close || plain {
            self.end(
                hub,
                session,
                Reason::ServerNamespaceDisconnect,
                Farewell::Full,
            );
        }
        true
    }

    fn expel(&mut self, hub: &mut Hub, key: u32) {
        let socket = self.socket(key);
        let Connected {
            namespace, session, ..
        } = self.sockets[key as usize];
        let name = &self.namespaces[namespace].name;
        // One that is not in yet is refused.
        if self.lobby.contains_key(&key) {
            _ = self.refuse(hub, socket, "{\"message\":\"Disconnected\"}");
            return;
        }
        let text = packet::encode(Kind::Disconnect, 0, name, None, "");
        self.send_text(hub, session, text);
        self.leave_namespace(hub, socket, Reason::ServerNamespaceDisconnect);
    }

    /// Ends the connection of a socket without a packet for it.
    pub(super) fn drop_transport(&mut self, hub: &mut Hub, socket: Socket) -> bool {
        let known = self.is_known(socket);
        if known {
            let session = self.sockets[socket.key as usize].session;
            self.end(hub, session, Reason::ForcedClose, Farewell::Full);
        }
        known
    }

    pub(super) fn namespace_of(&self, socket: Socket) -> Option<u32> {
        self.is_known(socket)
            .then(|| self.sockets[socket.key as usize].namespace)
    }

    /// Notes where the events of a socket go, if they go there as they are.
    pub(super) fn connect_line(&mut self, socket: Socket) {
        let Connected {
            session,
            namespace,
            seat,
            ..
        } = self.sockets[socket.key as usize];
        let Session {
            carrier, base64, ..
        } = self.sessions[session as usize];
        let line = match carrier {
            Carrier::WebSocket(id) if !base64 && !self.lobby.contains_key(&socket.key) => Some(id),
            _ => None,
        };
        self.namespaces[namespace].set_line(seat, line);
    }

    /// Whether what is sent now leaves at once: a WebSocket without a backlog, a poll that is held.
    pub(super) fn is_writable(&self, hub: &Hub, socket: Socket) -> bool {
        let session = &self.sessions[self.sockets[socket.key as usize].session as usize];
        match session.carrier {
            Carrier::WebSocket(id) | Carrier::Plain(id) => hub.is_idle(id),
            Carrier::Polling { held } => held.is_some() && session.is_queue_empty(),
        }
    }
}
