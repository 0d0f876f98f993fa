//! HTTP long-polling: what a request is for, and GET, which waits for packets (Engine.IO v4).

use super::carrier::Farewell;
use super::event::{Part, Reason};
use super::session::Carrier;
use super::{Handler, SocketIo, bundle, cors};
use crate::{Hub, Id, Request, Response, Sid};

/// What a request is refused with: the code and the text that clients of Engine.IO know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    UnknownTransport,
    UnknownSession,
    BadMethod,
    BadRequest,
    UnsupportedVersion,
}

impl Refusal {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::UnknownTransport => "Transport unknown",
            Self::UnknownSession => "Session ID unknown",
            Self::BadMethod => "Bad handshake method",
            Self::BadRequest => "Bad request",
            Self::UnsupportedVersion => "Unsupported protocol version",
        }
    }

    fn code(self) -> u8 {
        match self {
            Self::UnknownTransport => 0,
            Self::UnknownSession => 1,
            Self::BadMethod => 2,
            Self::BadRequest => 3,
            Self::UnsupportedVersion => 5,
        }
    }

    pub(super) fn response(self) -> Response {
        Response::new(400)
            .header("Content-Type", "application/json")
            .body(format!(
                "{{\"code\":{},\"message\":\"{}\"}}",
                self.code(),
                self.text()
            ))
    }
}

/// The transport that a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    Polling,
    WebSocket,
}

impl SocketIo {
    /// A request under our path.
    pub(super) fn request(
        &mut self,
        hub: &mut Hub,
        id: Id,
        request: &Request<'_>,
        handler: Handler<'_>,
    ) {
        self.end_post(id);
        let origin = cors::origin(hub, request);
        if let Some(response) = self.serve(hub, id, request, origin, handler) {
            let response = cors::allow(response, hub, origin);
            hub.respond(id, response);
        }
    }

    /// The answer to a request, unless it is held.
    fn serve(
        &mut self,
        hub: &mut Hub,
        id: Id,
        request: &Request<'_>,
        origin: Option<&str>,
        handler: Handler<'_>,
    ) -> Option<Response> {
        if request.method() == "OPTIONS" && !hub.config().origins.is_empty() {
            return Some(cors::preflight(request));
        }
        if let Some(response) = bundle::answer(request, self.file_of(request)) {
            return Some(response);
        }
        match self.check(request, false) {
            Err(refusal) => Some(refusal.response()),
            Ok(None) => {
                let key = self.open(hub, Carrier::Polling { held: None });
                let body = self.sessions[key as usize].next_body().unwrap_or_default();
                Some(self.packets(body))
            }
            Ok(Some(key)) => match request.method() {
                "GET" => self.hold(hub, id, key, origin),
                "POST" => Some(self.post(hub, key, request, handler)),
                _ => Some(Response::text(405, "GET and POST").header("Allow", "GET, POST")),
            },
        }
    }

    /// What a request names below our path, if it is a file it wants.
    pub(super) fn file_of<'r>(&self, request: &Request<'r>) -> &'r str {
        let name = request.path().strip_prefix(&*self.options.path);
        name.unwrap_or_default()
    }

    /// The checks of every request in their order; the session that it is for, or a new one.
    pub(super) fn check(
        &self,
        request: &Request<'_>,
        upgrade: bool,
    ) -> Result<Option<u32>, Refusal> {
        let transport = match parameter(request, "transport") {
            Some("polling") if self.options.polling => Transport::Polling,
            Some("websocket") if self.options.websocket => Transport::WebSocket,
            _ => return Err(Refusal::UnknownTransport),
        };
        let Some(sid) = parameter(request, "sid") else {
            return self
                .check_handshake(request, transport, upgrade)
                .map(|()| None);
        };
        let key = Sid::parse(sid)
            .and_then(|sid| self.by_sid.get(&sid))
            .ok_or(Refusal::UnknownSession)?;
        let polls = matches!(
            self.sessions[*key as usize].carrier,
            Carrier::Polling { .. }
        );
        match upgrade || polls && transport == Transport::Polling {
            true => Ok(Some(*key)),
            false => Err(Refusal::BadRequest),
        }
    }

    fn check_handshake(
        &self,
        request: &Request<'_>,
        transport: Transport,
        upgrade: bool,
    ) -> Result<(), Refusal> {
        if request.method() != "GET" {
            return Err(Refusal::BadMethod);
        }
        if (transport == Transport::WebSocket) != upgrade {
            return Err(Refusal::BadRequest);
        }
        match parameter(request, "EIO") {
            Some("4") => Ok(()),
            _ => Err(Refusal::UnsupportedVersion),
        }
    }

    /// A GET: answered with what waits, or held until something does.
    fn hold(&mut self, hub: &mut Hub, id: Id, key: u32, origin: Option<&str>) -> Option<Response> {
        let session = &mut self.sessions[key as usize];
        if session.over {
            let queued = session
                .work_mut()
                .last_words
                .take()
                .or_else(|| session.next_body());
            if queued.is_none() {
                self.forget(hub, key);
            }
            return Some(self.packets(queued.unwrap_or_else(|| "6\u{1e}1".to_owned())));
        }
        if session.held().is_some() {
            self.end(hub, key, Reason::TransportError, Farewell::Close);
            return Some(Refusal::BadRequest.response());
        }
        session.carrier = Carrier::Polling { held: Some(id) };
        session.set_origin(origin);
        self.set_role(id, Some(Part::Poll(key)));
        self.touch(key);
        None
    }

    /// Answers the poll that is held, if there is something to say.
    pub(super) fn answer_poll(&mut self, hub: &mut Hub, key: u32) {
        let session = &mut self.sessions[key as usize];
        let Some(id) = session.held() else { return };
        // A client that changes to a WebSocket waits for its poll to end.
        let release = session.work().probe.map(|_| "6".to_owned());
        let Some(body) = session.next_body().or(release) else {
            return;
        };
        session.carrier = Carrier::Polling { held: None };
        self.reply(hub, key, id, self.packets(body));
    }

    /// Answers a request of a session that had to wait for its answer.
    pub(super) fn reply(&mut self, hub: &mut Hub, key: u32, id: Id, response: Response) {
        self.set_role(id, None);
        let origin = self.sessions[key as usize].work().origin.as_deref();
        let response = cors::allow(response, hub, origin);
        hub.respond(id, response);
    }
}

/// A parameter of the query; ids and numbers need no decoding.
pub(super) fn parameter<'a>(request: &Request<'a>, name: &str) -> Option<&'a str> {
    let pairs = request
        .query()?
        .split('&')
        .filter_map(|pair| pair.split_once('='));
    pairs
        .filter(|(known, _)| *known == name)
        .map(|(_, value)| value)
        .next()
}
