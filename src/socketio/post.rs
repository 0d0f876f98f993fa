//! HTTP long-polling: POST, which brings packets. One at a time: a session knows the POST that is
//! under way, from its head to its last byte, and they end together if one of them ends early.

use std::str;

use super::carrier::Farewell;
use super::checks::Refusal;
use super::engine::{self, Packet};
use super::event::{Part, Reason};
use super::{Handler, SocketIo, bundle, cors};
use crate::{Hub, Id, Request, Response};

impl SocketIo {
    /// The head of a request under our path is here, its body is on its way.
    pub(super) fn upload(
        &mut self,
        hub: &mut Hub,
        id: Id,
        request: &Request<'_>,
        handler: Handler<'_>,
    ) {
        let bundled = bundle::answer(request, self.file_of(request)).is_some();
        if request.method() != "POST" || bundled {
            return;
        }
        let origin = cors::origin(hub, request);
        let checked = match self.check(hub, request, false, handler) {
            Ok(Some(key)) => self.check_post(hub, key, request).map(|()| key),
            Ok(None) => Err(Refusal::BadMethod),
            Err(refusal) => Err(refusal),
        };
        match checked {
            Ok(key) => {
                let session = &mut self.sessions[key as usize];
                session.work_mut().post = Some(id);
                session.set_origin(origin);
                self.set_role(id, Some(Part::Post(key)));
            }
            Err(refusal) => {
                let response = self.refused(hub, &refusal, handler);
                let response = cors::allow(response, hub, origin);
                hub.respond(id, response);
            }
        }
    }

    /// The POST that was under way is whole.
    pub(super) fn end_post(&mut self, id: Id) {
        if let Some(Part::Post(key)) = self.role(id) {
            self.set_role(id, None);
            self.sessions[key as usize].work_mut().post = None;
        }
    }

    /// Nobody is there any more for the packets of the POST that is under way.
    pub(super) fn refuse_post(&mut self, hub: &mut Hub, key: u32) {
        if let Some(id) = self.sessions[key as usize].work_mut().post.take() {
            self.reply(
                hub,
                key,
                id,
                Refusal::BadRequest("SESSION_CLOSED").response(),
            );
        }
    }

    /// Whether a POST may bring packets. If it breaks the rules its session ends.
    fn check_post(
        &mut self,
        hub: &mut Hub,
        key: u32,
        request: &Request<'_>,
    ) -> Result<(), Refusal> {
        let session = &self.sessions[key as usize];
        if session.over {
            return Err(Refusal::UnknownSession);
        }
        let overlap = session.work().post.is_some();
        if overlap || request.lists("content-type", "application/octet-stream") {
            self.end(hub, key, Reason::TransportError, Farewell::Close);
            return Err(Refusal::BadRequest(match overlap {
                true => "DATA_REQUEST_OVERLAP",
                false => "INVALID_CONTENT_TYPE",
            }));
        }
        Ok(())
    }

    /// Takes the packets of a POST.
    pub(super) fn post(
        &mut self,
        hub: &mut Hub,
        id: Id,
        key: u32,
        request: &Request<'_>,
        handler: Handler<'_>,
    ) -> Result<Response, Refusal> {
        self.check_post(hub, key, request)?;
        if request.body().len() > self.options.max_http_buffer_size {
            return Ok(Response::text(413, "the body is longer than maxPayload"));
        }
        let done = match str::from_utf8(request.body()) {
            Ok(body) => self.take_body(hub, id, key, body, handler),
            Err(_) => Err(Reason::TransportError),
        };
        if let Err(reason) = done {
            self.end(hub, key, reason, Farewell::Close);
            return Err(Refusal::BadRequest("PARSE_ERROR"));
        }
        Ok(Response::new(200)
            .header("Content-Type", "text/html")
            .header("Cache-Control", "no-store")
            .body("ok"))
    }

    fn take_body(
        &mut self,
        hub: &mut Hub,
        id: Id,
        key: u32,
        body: &str,
        handler: Handler<'_>,
    ) -> Result<(), Reason> {
        let most = self.options.max_packets;
        let packets = body
            .split(engine::SEPARATOR)
            .take(most.saturating_add(1))
            .count();
        hub.charge(id, packets);
        if packets > most {
            hub.note_crammed();
            log::info!("a session ends: more than {most} packets in a body");
            return Err(Reason::ParseError);
        }
        self.heard(hub, key);
        for packet in engine::decode_body(body) {
            let max = hub.config().max_backlog;
            let session = self.sessions.get(key as usize);
            // One for whose polls too much waits ends as soon as this POST is answered.
            if session.is_none_or(|session| session.over || session.waiting() > max) {
                return Ok(());
            }
            match packet.map_err(|_| Reason::ParseError)? {
                Packet::Message(text) => self.packet(hub, key, text, handler),
                Packet::Binary(bytes) => self.attachment(hub, key, bytes, handler),
                Packet::Close => self.end(hub, key, Reason::TransportClose, Farewell::Noop),
                Packet::Ping(_) => return Err(Reason::TransportError),
                Packet::Pong | Packet::Upgrade | Packet::Noop => {}
            }
        }
        Ok(())
    }
}
