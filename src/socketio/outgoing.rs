//! An event or an answer as it goes out: written once for each way that it travels (the frame of a
//! WebSocket, the packet of a poll, the array of the plain door), whatever the number of receivers.

use std::sync::Arc;

use super::SocketIo;
use super::args::Arguments;
use super::event::Socket;
use super::packet::{self, Kind};
use super::queues::Range;
use super::session::{Carrier, Frame, Session};
use crate::{Encoded, Hub, Id, Lot, Message};

/// A packet on its way.
pub(super) struct Outgoing {
    /// The text, and the bytes it refers to.
    frames: Vec<Frame>,
    /// Where in the text the array of the plain door begins.
    start: usize,
    /// Where it ends, without the bracket: before the offset.
    end: usize,
    framed: Option<Vec<Encoded>>,
    plain: Option<Vec<Encoded>>,
    /// Where it waits for polls.
    queued: Option<Range>,
    /// Set if receivers that are slow may miss it.
    pub(super) lot: Option<Lot>,
}

impl Outgoing {
    /// An event; one that is not answered may have an offset as its last argument.
    pub(super) fn event(
        namespace: &str,
        event: &str,
        args: &dyn Arguments,
        id: Option<u64>,
        offset: Option<String>,
    ) -> Option<Self> {
        let mut data = format!("[{}", serde_json::Value::from(event));
        let json = written(args)?;
        if !json.is_empty() {
            data.push(',');
            data.push_str(&json);
        }
        let bare = data.len();
        if let Some(offset) = offset {
            data.push_str(&format!(",\"{offset}\""));
        }
        data.push(']');
        let kinds = [Kind::Event, Kind::BinaryEvent];
        let mut outgoing = Self::new(kinds, namespace, id, &data, args.attachments());
        outgoing.start = outgoing.text().len() - data.len();
        outgoing.end = outgoing.start + bare;
        Some(outgoing)
    }

    /// What a client waits for.
    pub(super) fn answer(namespace: &str, id: u64, args: &dyn Arguments) -> Option<Self> {
        let data = format!("[{}]", written(args)?);
        let kinds = [Kind::Ack, Kind::BinaryAck];
        Some(Self::new(
            kinds,
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
            start: 0,
            end: 0,
            framed: None,
            plain: None,
            queued: None,
            lot: None,
        }
    }

    pub(super) fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// Gives it to one socket, the way that its packets go now.
    pub(super) fn send(&mut self, state: &mut SocketIo, hub: &mut Hub, socket: Socket) {
        let Some(socket) = state.sockets.get(socket.key as usize) else {
            return;
        };
        let key = socket.session;
        let Session {
            carrier, base64, ..
        } = state.sessions[key as usize];
        match carrier {
            Carrier::WebSocket(id) if !base64 => {
                self.push(hub, id);
            }
            Carrier::Plain(id) => self.plain(hub).iter().for_each(|it| _ = hub.push(id, *it)),
            Carrier::WebSocket(_) => self.frames.iter().for_each(|it| state.send(hub, key, it)),
            Carrier::Polling { .. } => {
                state.queue_up(hub, key, &self.frames, &mut self.queued, self.lot);
            }
        }
    }

    /// Gives it to the client behind a WebSocket, as it is.
    #[inline]
    pub(super) fn push(&mut self, hub: &mut Hub, id: Id) {
        for encoded in self.framed(hub) {
            hub.push(id, *encoded);
        }
    }

    fn framed(&mut self, hub: &mut Hub) -> &[Encoded] {
        let frames = self.frames.iter();
        self.framed
            .get_or_insert_with(|| encode(hub, frames, self.lot))
    }

    fn plain(&mut self, hub: &mut Hub) -> &[Encoded] {
        let text = &self.text()[self.start..self.end];
        let array = self.plain.is_none().then(|| format!("{text}]"));
        let array = array.map(|array| Frame::Text(array.into()));
        let frames = array.iter().chain(&self.frames[1..]);
        self.plain
            .get_or_insert_with(|| encode(hub, frames, self.lot))
    }

    fn text(&self) -> &str {
        match self.frames.first() {
            Some(Frame::Text(text)) => text,
            _ => "",
        }
    }
}

impl SocketIo {
    /// Answers an event of a client.
    pub(super) fn answer(
        &mut self,
        hub: &mut Hub,
        socket: Socket,
        id: u64,
        args: &dyn Arguments,
    ) -> bool {
        let Some(namespace) = self.namespace_of(socket) else {
            return false;
        };
        let name = &self.namespaces[namespace].name;
        let Some(mut outgoing) = Outgoing::answer(name, id, args) else {
            return false;
        };
        outgoing.send(self, hub, socket);
        true
    }

    /// Whether the client of a socket knows how to answer.
    pub(super) fn can_answer(&self, socket: Socket) -> bool {
        let session = self.sockets[socket.key as usize].session;
        !matches!(self.sessions[session as usize].carrier, Carrier::Plain(_))
    }
}

/// All of a packet or nothing: what would not fit into this turn is refused as a whole.
fn encode<'f>(
    hub: &mut Hub,
    frames: impl Iterator<Item = &'f Frame>,
    lot: Option<Lot>,
) -> Vec<Encoded> {
    let messages = frames.map(|frame| match frame {
        Frame::Text(text) => Message::from(&**text),
        Frame::Binary(bytes) => Message::from(&**bytes),
    });
    // A receiver that may miss it misses it with its attachments.
    let encoded: Option<_> = match lot {
        Some(_) => hub
            .encode_together(messages)
            .map(|whole| vec![whole.of_lot(lot)]),
        None => messages.map(|message| hub.encode(message)).collect(),
    };
    encoded.unwrap_or_default()
}

fn written(args: &dyn Arguments) -> Option<String> {
    args.to_json()
        .map_err(|error| log::error!("arguments that JSON has no form for: {error}"))
        .ok()
}
