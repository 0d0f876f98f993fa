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
            _ if session.partial.is_some() => Err(BadPacket("text where bytes are due")),
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
                let partial = Partial {
                    text: text.to_owned(),
                    missing,
                    attachments: Vec::new(),
                };
                session.partial = Some(Box::new(partial));
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
        let Some(partial) = &mut session.partial else {
            return self.forced_close(hub, key, BadPacket("bytes where none are due"));
        };
        partial.attachments.push(bytes);
        if partial.attachments.len() < partial.missing {
            return;
        }
        let Some(Partial {
            text, attachments, ..
        }) = session.partial.take().map(|partial| *partial)
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
            return self.connect(hub, key, packet.namespace, packet.data, handler);
        }
        let Some(socket) = self.socket_in(key, packet.namespace) else {
            return self.late(hub, key, packet.namespace);
        };
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

    /// The first packet of a namespace.
    fn connect(&mut self, hub: &mut Hub, key: u32, name: &str, auth: &str, handler: Handler<'_>) {
        let Some(namespace) = self.find_namespace(name) else {
            return self.send_text(
                hub,
                key,
                refusal(name, "{\"message\":\"Invalid namespace\"}"),
            );
        };
        if self.socket_in(key, name).is_some() {
            return self.end(hub, key, Reason::ForcedServerClose, Farewell::Full);
        }
        if self.recover(hub, key, namespace, auth) {
            return self.deliver(hub, handler);
        }
        let socket = self.insert(key, namespace);
        let slot = socket.key;
        self.refusal = None;
        handler(
            &mut Io { state: self, hub },
            Event::Authorize {
                socket,
                namespace: name,
                auth,
            },
        );
        // The application may have disconnected it already.
        if !self.is_connected(socket) {
            return self.deliver(hub, handler);
        }
        if let Some(why) = self.refusal.take() {
            self.sockets.remove(slot as usize);
            return self.send_text(hub, key, refusal(name, &why));
        }
        if self
            .sessions
            .get(key as usize)
            .is_none_or(|session| session.over)
        {
            self.sockets.remove(slot as usize);
            return;
        }
        self.admit(hub, key, socket, auth);
        self.deliver(hub, handler);
    }

    /// A place for a socket that is not in its namespace yet.
    pub(super) fn insert(&mut self, session: u32, namespace: u32) -> Socket {
        self.generation = self.generation.wrapping_add(1);
        let generation = self.generation;
        let key = self.sockets.insert(Connected {
            generation,
            session,
            namespace,
            pid: None,
            since: 0,
        }) as u32;
        Socket { key, generation }
    }

    /// A socket enters its namespace: its own room, the packet, then the application.
    fn admit(&mut self, hub: &mut Hub, key: u32, socket: Socket, auth: &str) {
        let namespace = self.sockets[socket.key as usize].namespace;
        let mut sid = hub.fresh_sid();
        let (rooms, queue) = (
            &mut self.namespaces[namespace as usize].rooms,
            &mut self.queue,
        );
        let mut hook = |change| queue.push_back(Queued::Room { namespace, change });
        while !rooms.enter(socket, sid, &mut hook) {
            sid = hub.fresh_sid();
        }
        let pid = self.fresh_pid(hub, socket);
        self.welcome(hub, key, socket, pid);
        let auth = auth.to_owned();
        self.queue.push_back(Queued::Connect {
            socket,
            namespace,
            auth,
            recovered: false,
        });
    }

    /// Takes a socket out of its namespace; its session goes on.
    pub(super) fn leave_namespace(&mut self, hub: &mut Hub, socket: Socket, reason: Reason) {
        let Connected {
            session, namespace, ..
        } = self.sockets[socket.key as usize];
        if let Some(session) = self.sessions.get_mut(session as usize) {
            session.sockets.retain(|key| *key != socket.key);
            session.left.retain(|(_, until)| *until > hub.now());
            session.left.push((namespace, hub.now() + LATE));
        }
        self.retire(hub, socket.key, reason);
    }

    /// A socket is gone: out of its rooms, then `Event::Disconnect`.
    pub(super) fn retire(&mut self, hub: &Hub, key: u32, reason: Reason) {
        let socket = self.socket(key);
        self.save(hub, socket, reason);
        let namespace = self.sockets.remove(key as usize).namespace;
        let rooms = &mut self.namespaces[namespace as usize].rooms;
        let sid = rooms.sid(socket);
        let queue = &mut self.queue;
        rooms.exit(socket, &mut |change| {
            queue.push_back(Queued::Room { namespace, change })
        });
        // One that was never admitted has no name, and nobody heard of it.
        if let Some(sid) = sid {
            self.queue.push_back(Queued::Disconnect {
                socket,
                sid,
                namespace,
                reason,
            });
        }
        self.excuse(socket);
    }

    /// A packet for a namespace that the client is not in: late, or an error.
    fn late(&mut self, hub: &mut Hub, key: u32, name: &str) {
        let namespace = self.find_namespace(name);
        let left = &self.sessions[key as usize].left;
        let late = left
            .iter()
            .any(|(known, until)| Some(*known) == namespace && *until > hub.now());
        if !late {
            self.end(hub, key, Reason::ForcedServerClose, Farewell::Full);
        }
    }

    fn forced_close(&mut self, hub: &mut Hub, key: u32, bad: BadPacket) {
        log::info!("a session ends: {}", bad.0);
        self.end(hub, key, Reason::ForcedClose, Farewell::Full);
    }

    fn socket_in(&self, session: u32, namespace: &str) -> Option<Socket> {
        let mut sockets = self.sessions[session as usize].sockets.iter();
        let in_it = |key: &&u32| self.name_of(**key) == namespace;
        sockets.find(in_it).map(|key| self.socket(*key))
    }

    fn name_of(&self, socket: u32) -> &str {
        &self.namespaces[self.sockets[socket as usize].namespace as usize].name
    }
}

fn refusal(namespace: &str, why: &str) -> String {
    packet::encode(Kind::ConnectError, 0, namespace, None, why)
}

/// Milliseconds for which packets may still be under way for a namespace that was left.
const LATE: u64 = 5_000;
