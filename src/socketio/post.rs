//! HTTP long-polling: POST, which brings packets.

use std::str;

use super::carrier::Farewell;
use super::engine::{self, Packet};
use super::event::Reason;
use super::polling::Refusal;
use super::{Handler, SocketIo};
use crate::{Hub, Request, Response};

impl SocketIo {
    /// Takes the packets of a POST.
    pub(super) fn post(
        &mut self,
        hub: &mut Hub,
        key: u32,
        request: &Request<'_>,
        handler: Handler<'_>,
    ) -> Response {
        if self.sessions[key as usize].over {
            return Refusal::UnknownSession.response();
        }
        let done = match str::from_utf8(request.body()) {
            Ok(body) if !request.lists("content-type", "application/octet-stream") => {
                self.take_body(hub, key, body, handler)
            }
            _ => Err(Reason::TransportError),
        };
        match done {
            Ok(()) => Response::new(200)
                .header("Content-Type", "text/html")
                .header("Cache-Control", "no-store")
                .body("ok"),
            Err(reason) => {
                self.end(hub, key, reason, Farewell::Close);
                Refusal::BadRequest.response()
            }
        }
    }

    fn take_body(
        &mut self,
        hub: &mut Hub,
        key: u32,
        body: &str,
        handler: Handler<'_>,
    ) -> Result<(), Reason> {
        if body.split(engine::SEPARATOR).nth(MAX_PACKETS).is_some() {
            return Err(Reason::ParseError);
        }
        self.heard(hub, key);
        for packet in engine::decode_body(body) {
            if self
                .sessions
                .get(key as usize)
                .is_none_or(|session| session.over)
            {
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

/// Packets in one body.
const MAX_PACKETS: usize = 65_536;
