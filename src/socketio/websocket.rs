//! WebSockets: a session of their own, or the one that a polling session changes to.

use super::carrier::{Farewell, response, write};
use super::checks::{Refusal, parameter};
use super::engine::Packet;
use super::event::{Part, Reason};
use super::plain::complain;
use super::session::{Carrier, NEVER};
use super::{Handler, SocketIo};
use crate::{Hub, Id, Request, Response};

impl SocketIo {
    /// A client asks for a WebSocket under our path.
    pub(super) fn upgrade(
        &mut self,
        hub: &mut Hub,
        id: Id,
        request: &Request<'_>,
        handler: Handler<'_>,
    ) {
        match self.check(hub, request, true, handler) {
            Ok(session) => {
                let base64 = parameter(request, "b64") == Some("1");
                let part = match session {
                    None => Part::Opening { base64 },
                    Some(session) => Part::Joining { session, base64 },
                };
                hub.open_nameless(id);
                hub.open_unpinged(id);
                self.set_role(id, Some(part));
            }
            Err(refusal) => {
                self.refused(hub, &refusal, handler);
                refuse(hub, id, &refusal);
            }
        }
    }

    /// A WebSocket is open.
    pub(super) fn opened(&mut self, hub: &mut Hub, id: Id, handler: Handler<'_>) {
        match self.role(id) {
            Some(Part::Opening { base64 }) => {
                let key = self.open(hub, Carrier::WebSocket(id));
                self.sessions[key as usize].base64 = base64;
                self.set_role(id, Some(Part::Web(key)));
            }
            Some(Part::Joining { session, base64 }) => {
                self.begin_upgrade(hub, id, session, base64);
            }
            Some(Part::Door) => self.open_plain(hub, id, handler),
            _ => {}
        }
    }

    /// A session may change to this WebSocket, unless it is doing so or has done so already.
    fn begin_upgrade(&mut self, hub: &mut Hub, id: Id, key: u32, base64: bool) {
        let timeout = self.options.upgrade_timeout;
        let session = self.sessions.get_mut(key as usize);
        let free = session.filter(|session| {
            matches!(session.carrier, Carrier::Polling { .. })
                && session.work().probe.is_none()
                && !session.over
        });
        let Some(session) = free else {
            self.set_role(id, Some(Part::Orphan));
            hub.close(id, 1005, "");
            return;
        };
        session.base64 = base64;
        let work = session.work_mut();
        (work.probe, work.upgrade) = (Some(id), hub.now() + timeout);
        self.set_role(id, Some(Part::Probe(key)));
        self.refile(hub, key);
    }

    /// A text message on one of our WebSockets.
    pub(super) fn text(&mut self, hub: &mut Hub, id: Id, text: &str, handler: Handler<'_>) {
        match (self.role(id), Packet::decode(text)) {
            (Some(Part::Web(key)), _) if text.len() > self.options.max_http_buffer_size => {
                self.too_long(hub, id, key);
            }
            (Some(Part::Web(key)), Ok(packet)) => {
                self.heard(hub, key);
                self.take(hub, key, packet, handler);
            }
            (Some(Part::Web(key)), Err(_)) => {
                self.end(hub, key, Reason::ParseError, Farewell::Nothing)
            }
            (Some(Part::Probe(key)), Ok(packet)) => self.probe(hub, id, key, &packet),
            (Some(Part::Probe(key)), Err(_)) => self.abandon_upgrade(hub, key),
            (Some(Part::Plain(key)), _) => self.plain_text(hub, id, key, text, handler),
            _ => {}
        }
    }

    /// A binary message on one of our WebSockets.
    pub(super) fn binary(&mut self, hub: &mut Hub, id: Id, bytes: &[u8], handler: Handler<'_>) {
        match self.role(id) {
            Some(Part::Web(key)) if bytes.len() > self.options.max_http_buffer_size => {
                self.too_long(hub, id, key);
            }
            Some(Part::Web(key)) => {
                self.heard(hub, key);
                self.attachment(hub, key, bytes.to_vec(), handler);
            }
            Some(Part::Probe(key)) => self.abandon_upgrade(hub, key),
            Some(Part::Plain(_)) => complain(hub, id, "a message is text: one JSON array"),
            _ => {}
        }
    }

    /// A message longer than the client was told it may be; the core may take longer ones.
    fn too_long(&mut self, hub: &mut Hub, id: Id, key: u32) {
        hub.close(id, 1009, "longer than maxPayload");
        self.end(hub, key, Reason::TransportError, Farewell::Nothing);
    }

    fn take(&mut self, hub: &mut Hub, key: u32, packet: Packet<'_>, handler: Handler<'_>) {
        match packet {
            Packet::Message(text) => self.packet(hub, key, text, handler),
            Packet::Binary(bytes) => self.attachment(hub, key, bytes, handler),
            Packet::Pong | Packet::Upgrade | Packet::Noop => {}
            Packet::Close => self.end(hub, key, Reason::TransportClose, Farewell::Nothing),
            Packet::Ping(_) => self.end(hub, key, Reason::TransportError, Farewell::Nothing),
        }
    }

    /// The upgrade: `2probe` is answered by `3probe`, and nothing else goes out before the `5`.
    fn probe(&mut self, hub: &mut Hub, id: Id, key: u32, packet: &Packet<'_>) {
        match packet {
            Packet::Ping("probe") => {
                hub.send(id, "3probe");
                self.touch(key);
            }
            Packet::Upgrade => self.change_over(hub, id, key),
            _ => self.abandon_upgrade(hub, key),
        }
    }

    /// Polling ends, and what waited for a poll goes by the WebSocket, in order.
    fn change_over(&mut self, hub: &mut Hub, id: Id, key: u32) {
        let held = self.sessions[key as usize].held();
        if let Some(poll) = held {
            self.reply(hub, key, poll, response("6".to_owned()));
        }
        self.refuse_post(hub, key);
        if self.sessions[key as usize].over {
            return self.end_at_the_switch(hub, id, key);
        }
        self.set_role(id, Some(Part::Web(key)));
        let session = &mut self.sessions[key as usize];
        let work = session.work_mut();
        (work.probe, work.upgrade) = (None, NEVER);
        session.carrier = Carrier::WebSocket(id);
        let sockets: Vec<_> = session.sockets().collect();
        for frame in std::mem::take(&mut session.work_mut().queue).take_all(&mut self.packets) {
            self.send(hub, key, &frame);
        }
        for socket in sockets {
            self.connect_line(self.socket(socket));
        }
        self.refile(hub, key);
    }

    /// The session ended while its client was changing: what was queued goes here, then the end.
    fn end_at_the_switch(&mut self, hub: &mut Hub, id: Id, key: u32) {
        let session = &mut self.sessions[key as usize];
        let base64 = session.base64;
        for frame in std::mem::take(&mut session.work_mut().queue).take_all(&mut self.packets) {
            write(hub, id, base64, &frame);
        }
        self.forget(hub, key);
    }
}

/// A refused upgrade is told in plain text, on a connection that ends.
fn refuse(hub: &mut Hub, id: Id, refusal: &Refusal) {
    let response = Response::new(refusal.status())
        .header("Content-Type", "text/html")
        .header("Connection", "close");
    hub.respond(id, response.body(refusal.text()));
}
