//! What packets mean: entering and leaving namespaces, events, answers (Socket.IO v5).

use super::args::Args;
use super::carrier::Farewell;
use super::event::{Ack, Event, Queued, Reason, Socket};
use super::packet::{self, BadPacket, Kind, Packet};
use super::session::Partial;
use super::{Connected, Handler, Io, SocketIo};
use crate::Hub;

impl SocketIo {
    /// The text of a packet has come.
    pub(super) fn packet(&mut self, hub: &mut Hub, key: u32, text: &str, handler: Handler<'_>) {
        let Some(session) = self
            .sessions
            .get_mut(key as usize)
            .filter(|session| !session.over)
        else {
            return;
        };
        let packet = match Packet::decode(text) {
            _ if session.work().partial.is_some() => Err(BadPacket("text where bytes are due")),
            packet => packet,
        };
        match packet {
            Err(bad) => self.forced_close(hub, key, bad),
            Ok(Packet { attachments: 0, .. })
            | Ok(Packet {
                kind: Kind::Connect,
                ..
            }) => {
                self.act(hub, key, packet, &[], handler);
            }
            Ok(Packet {
                attachments: missing,
                ..
            }) => {
                let partial = Partial::new(hub, text, missing);
                session.work_mut().partial = Some(partial);
            }
        }
    }

    /// Bytes have come that belong to a packet.
    pub(super) fn attachment(
        &mut self,
        hub: &mut Hub,
        key: u32,
        bytes: Vec<u8>,
        handler: Handler<'_>,
    ) {
        let Some(session) = self
            .sessions
            .get_mut(key as usize)
            .filter(|session| !session.over)
        else {
            return;
        };
        let Some(partial) = &mut session.work_mut().partial else {
            return self.forced_close(hub, key, BadPacket("bytes where none are due"));
        };
        partial.push(bytes);
        if partial.attachments.len() < partial.missing {
            return;
        }
        let Some(Partial {
            text, attachments, ..
        }) = session.work_mut().partial.take()
        else {
            return;
        };
        let packet = Packet::decode(&text).and_then(|packet| {
            packet::check_placeholders(packet.data, attachments.len())?;
            Ok(packet)
        });
        self.act(hub, key, packet, &attachments, handler);
    }

    fn act(
        &mut self,
        hub: &mut Hub,
        key: u32,
        packet: Result<Packet<'_>, BadPacket>,
        attachments: &[Vec<u8>],
        handler: Handler<'_>,
    ) {
        let packet = match packet {
            Ok(packet) => packet,
            Err(bad) => return self.forced_close(hub, key, bad),
        };
        if packet.kind == Kind::Connect {
            self.connect(hub, key, packet.namespace, packet.data, handler);
            return self.deliver(hub, handler);
        }
        let Some(socket) = self.socket_in(key, packet.namespace) else {
            return self.late(hub, key, packet.namespace);
        };
        if self.lobby.contains_key(&socket.key) && packet.kind != Kind::Disconnect {
            return self.end(hub, key, Reason::ForcedServerClose, Farewell::Full);
        }
        let args = Args {
            json: packet.data,
            attachments,
        };
        match packet.kind {
            Kind::Disconnect => {
                self.leave_namespace(hub, socket, Reason::ClientNamespaceDisconnect)
            }
            Kind::Ack | Kind::BinaryAck => self.answered(socket, packet.id, &args),
            _ => {
                let ack = packet.id.map(|id| Ack { socket, id });
                let name = &*packet.event;
                handler(
                    &mut Io { state: self, hub },
                    Event::Message {
                        socket,
                        name,
                        args,
                        ack,
                    },
                );
            }
        }
        self.deliver(hub, handler);
    }

    /// Takes a socket out of its namespace; its session goes on.
    pub(super) fn leave_namespace(&mut self, hub: &mut Hub, socket: Socket, reason: Reason) {
        let Connected {
            session, namespace, ..
        } = self.sockets[socket.key as usize];
        let name = self.namespaces[namespace].name.clone();
        if let Some(session) = self.sessions.get_mut(session as usize) {
            session.remove_socket(socket.key);
            session.has_left(name, hub.now());
        }
        self.retire(hub, socket.key, reason);
    }

    /// A socket is gone: out of its rooms, then `Event::Disconnect`.
    pub(super) fn retire(&mut self, hub: &Hub, key: u32, reason: Reason) {
        let socket = self.socket(key);
        let admitted = !self.lobby.contains_key(&key);
        let place = &self.namespaces[self.sockets[key as usize].namespace];
        let namespace = place.name.clone();
        let rooms = place.rooms.rooms_of(socket).collect();
        self.save(hub, socket, reason);
        let sid = self.remove(socket);
        // Of one that was never admitted the application has not heard.
        if let Some(sid) = sid.filter(|_| admitted) {
            self.queue.push_back(Queued::Disconnect {
                socket,
                sid,
                namespace,
                rooms,
                reason,
            });
        }
        self.excuse(socket);
    }

    /// A packet for a namespace that the client is not in: late, or an error.
    fn late(&mut self, hub: &mut Hub, key: u32, name: &str) {
        if !self.sessions[key as usize].left_lately(name, hub.now()) {
            self.end(hub, key, Reason::ForcedServerClose, Farewell::Full);
        }
    }

    fn forced_close(&mut self, hub: &mut Hub, key: u32, bad: BadPacket) {
        log::info!("a session ends: {}", bad.0);
        self.end(hub, key, Reason::ForcedClose, Farewell::Full);
    }

    /// The socket that a session has in a namespace, be it admitted or not.
    pub(super) fn socket_in(&self, session: u32, namespace: &str) -> Option<Socket> {
        let namespace = self.namespaces.find(namespace)?;
        let mut sockets = self.sessions[session as usize].sockets();
        let in_it = |key: &u32| self.sockets[*key as usize].namespace == namespace;
        sockets.find(in_it).map(|key| self.socket(key))
    }
}
