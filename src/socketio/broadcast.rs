//! `io.to("lobby").except(socket).emit("news", args)`: an event for many, encoded once for each way
//! that packets travel, whatever the number of receivers.

use std::sync::Arc;

use super::SocketIo;
use super::args::Arguments;
use super::event::Socket;
use super::packet::{self, Kind};
use super::recovery::{self, Addressees};
use super::session::{Carrier, Frame, Session};
use crate::{Audience, Encoded, Hub, Rooms, Who};

/// A set of sockets of one namespace: the union of rooms, less those of others, each once. Without
/// a room it is all of them.
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
}

/// A packet on its way, made once for each way that packets travel.
struct Outgoing {
    frames: Vec<Frame>,
    encoded: Option<Vec<Encoded>>,
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
        }
    }

    /// Adds a room or a socket to those who get it.
    pub fn to<'w>(mut self, who: impl Into<Who<'w, Socket>>) -> Self {
        let Some(namespace) = self.namespace else {
            return self;
        };
        let rooms = &self.state.namespaces[namespace as usize].rooms;
        let who = who.into();
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
        let rooms = &self.state.namespaces[namespace as usize].rooms;
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
        self.send(event, &args, None).len()
    }

    /// Sends an event that wants an answer, for at most so many milliseconds. The number of the
    /// question comes back with [`Event::Answers`](super::Event::Answers), when all have answered
    /// or left, or the time is up.
    #[expect(clippy::needless_pass_by_value, reason = "a tuple is written in place")]
    pub fn ask(self, event: &str, args: impl Arguments, timeout: u64) -> u64 {
        self.state.asked += 1;
        let id = self.state.asked;
        let Self {
            state,
            hub,
            namespace,
            audience,
            addressees,
            volatile,
        } = self;
        let asked = Broadcast {
            state: &mut *state,
            hub: &mut *hub,
            namespace,
            audience,
            addressees,
            volatile,
        }
        .send(event, &args, Some(id));
        state.ask(hub, id, asked, timeout);
        id
    }

    /// The sockets themselves, in no particular order.
    pub fn sockets(&self) -> Vec<Socket> {
        match self.namespace {
            None => Vec::new(),
            Some(namespace) => self.state.namespaces[namespace as usize]
                .rooms
                .members(&self.audience),
        }
    }

    /// Puts all of them into a room.
    pub fn join(self, room: &str) {
        for socket in self.sockets() {
            self.state.join(socket, room);
        }
    }

    /// Takes all of them out of a room.
    pub fn leave(self, room: &str) {
        for socket in self.sockets() {
            self.state.leave(socket, room);
        }
    }

    /// Disconnects all of them; with `close`, also what they are connected to besides.
    pub fn disconnect(self, close: bool) {
        for socket in self.sockets() {
            self.state.disconnect(self.hub, socket, close);
        }
    }

    /// The position that clients remember. A volatile event has one too: its last argument would be
    /// taken for it otherwise.
    fn offset(&self, id: Option<u64>) -> Option<String> {
        let recovery = self.state.recovery.as_ref().filter(|_| id.is_none())?;
        Some(recovery::offset(if self.volatile {
            recovery.last()
        } else {
            recovery.next()
        }))
    }

    fn send(self, event: &str, args: &impl Arguments, id: Option<u64>) -> Vec<Socket> {
        let Some(namespace) = self.namespace.filter(|_| !packet::is_reserved(event)) else {
            return Vec::new();
        };
        let offset = self.offset(id);
        let name = &self.state.namespaces[namespace as usize].name;
        let Some(mut outgoing) = Outgoing::event(name, event, args, id, offset) else {
            return Vec::new();
        };
        if id.is_none() && !self.volatile {
            self.state.record(
                self.hub,
                namespace,
                self.addressees.clone(),
                &outgoing.frames,
            );
        }
        let mut sockets = self.sockets();
        if self.volatile {
            sockets.retain(|socket| self.state.is_writable(self.hub, *socket));
        }
        for socket in &sockets {
            outgoing.send(self.state, self.hub, *socket);
        }
        sockets
    }
}

impl Outgoing {
    fn event(
        namespace: &str,
        event: &str,
        args: &impl Arguments,
        id: Option<u64>,
        offset: Option<String>,
    ) -> Option<Self> {
        let name = serde_json::Value::from(event).to_string();
        let args_json = Some(written(args)?).filter(|json| !json.is_empty());
        let offset = offset.map(|offset| format!("\"{offset}\""));
        let items: Vec<String> = [Some(name), args_json, offset]
            .into_iter()
            .flatten()
            .collect();
        let data = format!("[{}]", items.join(","));
        Some(Self::new(
            [Kind::Event, Kind::BinaryEvent],
            namespace,
            id,
            &data,
            args.attachments(),
        ))
    }

    fn answer(namespace: &str, id: u64, args: &impl Arguments) -> Option<Self> {
        let data = format!("[{}]", written(args)?);
        Some(Self::new(
            [Kind::Ack, Kind::BinaryAck],
            namespace,
            Some(id),
            &data,
            args.attachments(),
        ))
    }

    fn new(
        [plain, binary]: [Kind; 2],
        namespace: &str,
        id: Option<u64>,
        data: &str,
        attachments: &[Vec<u8>],
    ) -> Self {
        let kind = if attachments.is_empty() {
            plain
        } else {
            binary
        };
        let text = packet::encode(kind, attachments.len(), namespace, id, data);
        let bytes = attachments
            .iter()
            .map(|bytes| Frame::Binary(Arc::from(&**bytes)));
        Self {
            frames: std::iter::once(Frame::Text(text.into()))
                .chain(bytes)
                .collect(),
            encoded: None,
        }
    }

    fn send(&mut self, state: &mut SocketIo, hub: &mut Hub, socket: Socket) {
        let Some(session) = state
            .sockets
            .get(socket.key as usize)
            .map(|socket| socket.session)
        else {
            return;
        };
        let Session {
            carrier, base64, ..
        } = state.sessions[session as usize];
        let (Carrier::WebSocket(id), false) = (carrier, base64) else {
            return self
                .frames
                .iter()
                .for_each(|frame| state.send(hub, session, frame));
        };
        let frames = &self.frames;
        let encoded = self.encoded.get_or_insert_with(|| {
            frames
                .iter()
                .filter_map(|frame| encode(hub, frame))
                .collect()
        });
        encoded.iter().for_each(|frame| _ = hub.push(id, *frame));
    }
}

impl SocketIo {
    pub(super) fn answer(
        &mut self,
        hub: &mut Hub,
        socket: Socket,
        id: u64,
        args: &impl Arguments,
    ) -> bool {
        let Some(namespace) = self.namespace_of(socket) else {
            return false;
        };
        let name = &self.namespaces[namespace as usize].name;
        let Some(mut outgoing) = Outgoing::answer(name, id, args) else {
            return false;
        };
        outgoing.send(self, hub, socket);
        true
    }
}

fn encode(hub: &mut Hub, frame: &Frame) -> Option<Encoded> {
    match frame {
        Frame::Text(text) => hub.encode(&**text),
        Frame::Binary(bytes) => hub.encode(&**bytes),
    }
}

fn written(args: &impl Arguments) -> Option<String> {
    args.to_json()
        .map_err(|error| log::error!("arguments that JSON has no form for: {error}"))
        .ok()
}

/// The name of the room that is meant; of one socket, that of its own room.
fn name_of(rooms: &Rooms<Socket>, who: Who<'_, Socket>) -> Option<String> {
    match who {
        Who::Room(room) => Some(room.to_owned()),
        Who::One(socket) => rooms.sid(socket).map(|sid| sid.to_string()),
    }
}
