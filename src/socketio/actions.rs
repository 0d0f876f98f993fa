//! What may be done to a socket: rooms, the end.

use super::SocketIo;
use super::carrier::Farewell;
use super::event::{Queued, Reason, Socket};
use super::packet::{self, Kind};
use super::session::Carrier;
use crate::{Hub, RoomEvent, Rooms};

impl SocketIo {
    pub(super) fn join(&mut self, socket: Socket, room: &str) -> bool {
        self.change(socket, |rooms, hook| rooms.join(socket, room, hook))
    }

    pub(super) fn leave(&mut self, socket: Socket, room: &str) -> bool {
        self.change(socket, |rooms, hook| rooms.leave(socket, room, hook))
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
        let queue = &mut self.queue;
        let rooms = &mut self.namespaces[namespace as usize].rooms;
        change(rooms, &mut |change| {
            queue.push_back(Queued::Room { namespace, change })
        })
    }

    /// Tells a client that it is out of a namespace; with `close`, out of all, and the connection ends.
    pub(super) fn disconnect(&mut self, hub: &mut Hub, socket: Socket, close: bool) -> bool {
        if !self.is_connected(socket) {
            return false;
        }
        let session = self.sockets[socket.key as usize].session;
        let leaving = match close {
            true => self.sessions[session as usize].sockets.clone(),
            false => vec![socket.key],
        };
        for key in leaving {
            let socket = self.socket(key);
            let namespace = self.sockets[key as usize].namespace;
            let name = &self.namespaces[namespace as usize].name;
            let text = packet::encode(Kind::Disconnect, 0, name, None, "");
            self.send_text(hub, session, text);
            self.leave_namespace(hub, socket, Reason::ServerNamespaceDisconnect);
        }
        if close {
            self.end(
                hub,
                session,
                Reason::ServerNamespaceDisconnect,
                Farewell::Full,
            );
        }
        true
    }

    pub(super) fn namespace_of(&self, socket: Socket) -> Option<u32> {
        self.is_connected(socket)
            .then(|| self.sockets[socket.key as usize].namespace)
    }

    /// Whether what is sent now leaves at once: a WebSocket without a backlog, a poll that is held.
    pub(super) fn is_writable(&self, hub: &Hub, socket: Socket) -> bool {
        let session = &self.sessions[self.sockets[socket.key as usize].session as usize];
        match session.carrier {
            Carrier::WebSocket(id) => hub.is_idle(id),
            Carrier::Polling { held } => held.is_some() && session.is_queue_empty(),
        }
    }
}
