//! The checks of every request under our path, in the order of the reference server, and what those
//! are told who fail them.

use super::event::Event;
use super::session::Carrier;
use super::{Handler, Io, SocketIo};
use crate::{Hub, Request, Response, Sid};

/// What a request is refused with: the code and the text that clients of Engine.IO know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    UnknownTransport,
    UnknownSession,
    BadMethod,
    /// For one of many reasons.
    BadRequest(&'static str),
    /// By the application, in its words.
    Forbidden(String),
    UnsupportedVersion,
}

impl Refusal {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::UnknownTransport => "Transport unknown",
            Self::UnknownSession => "Session ID unknown",
            Self::BadMethod => "Bad handshake method",
            Self::BadRequest(_) => "Bad request",
            Self::Forbidden(text) => text,
            Self::UnsupportedVersion => "Unsupported protocol version",
        }
    }

    pub(super) fn status(&self) -> u16 {
        match self {
            Self::Forbidden(_) => 403,
            _ => 400,
        }
    }

    pub(super) fn response(&self) -> Response {
        let message = serde_json::Value::from(self.text());
        Response::new(self.status())
            .header("Content-Type", "application/json")
            .body(format!(
                "{{\"code\":{},\"message\":{message}}}",
                self.code()
            ))
    }

    fn code(&self) -> u8 {
        match self {
            Self::UnknownTransport => 0,
            Self::UnknownSession => 1,
            Self::BadMethod => 2,
            Self::BadRequest(_) => 3,
            Self::Forbidden(_) => 4,
            Self::UnsupportedVersion => 5,
        }
    }

    fn context(&self) -> &'static str {
        match self {
            Self::UnknownTransport => "UNKNOWN_TRANSPORT",
            Self::UnknownSession => "UNKNOWN_SID",
            Self::BadMethod => "BAD_HANDSHAKE_METHOD",
            Self::BadRequest(context) => context,
            Self::Forbidden(_) => "FORBIDDEN",
            Self::UnsupportedVersion => "UNSUPPORTED_PROTOCOL_VERSION",
        }
    }
}

/// The transport that a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transport {
    Polling,
    WebSocket,
}

impl SocketIo {
    /// The session that a request is for, or a new one.
    pub(super) fn check(
        &mut self,
        hub: &mut Hub,
        request: &Request<'_>,
        upgrade: bool,
        handler: Handler<'_>,
    ) -> Result<Option<u32>, Refusal> {
        let transport = match parameter(request, "transport") {
            Some("polling") if self.options.polling => Transport::Polling,
            Some("websocket") if self.options.websocket => Transport::WebSocket,
            _ => return Err(Refusal::UnknownTransport),
        };
        let Some(sid) = parameter(request, "sid") else {
            self.check_handshake(hub, request, transport, upgrade, handler)?;
            return Ok(None);
        };
        let sid = Sid::parse(sid).and_then(|sid| self.by_sid.get(&sid));
        let key = *sid.ok_or(Refusal::UnknownSession)?;
        let carrier = self.sessions[key as usize].carrier;
        let fits = match transport {
            Transport::WebSocket => upgrade,
            Transport::Polling => !upgrade && matches!(carrier, Carrier::Polling { .. }),
        };
        match fits {
            true => Ok(Some(key)),
            false => Err(Refusal::BadRequest("TRANSPORT_MISMATCH")),
        }
    }

    fn check_handshake(
        &mut self,
        hub: &mut Hub,
        request: &Request<'_>,
        transport: Transport,
        upgrade: bool,
        handler: Handler<'_>,
    ) -> Result<(), Refusal> {
        if request.method() != "GET" {
            return Err(Refusal::BadMethod);
        }
        if (transport == Transport::WebSocket) != upgrade {
            return Err(Refusal::BadRequest("TRANSPORT_HANDSHAKE_ERROR"));
        }
        self.forbidden = None;
        handler(&mut Io { state: self, hub }, Event::Handshake { request });
        if let Some(text) = self.forbidden.take() {
            return Err(Refusal::Forbidden(text));
        }
        match parameter(request, "EIO") {
            Some("4") => Ok(()),
            _ => Err(Refusal::UnsupportedVersion),
        }
    }

    /// The answer to a request that is refused; the application hears of it, too.
    pub(super) fn refused(
        &mut self,
        hub: &mut Hub,
        refusal: &Refusal,
        handler: Handler<'_>,
    ) -> Response {
        let event = Event::Refused {
            code: refusal.code(),
            message: refusal.text(),
            context: refusal.context(),
        };
        handler(&mut Io { state: self, hub }, event);
        refusal.response()
    }
}

/// A parameter of the query; ids and numbers need no decoding.
pub(super) fn parameter<'a>(request: &Request<'a>, name: &str) -> Option<&'a str> {
    let mut pairs = request.query()?.split('&');
    pairs.find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}
