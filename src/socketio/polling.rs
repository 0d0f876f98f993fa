//! HTTP long-polling: what a request is for, and GET, which waits for packets (Engine.IO v4).

use super::carrier::{Farewell, response};
use super::checks::Refusal;
use super::event::{Part, Reason};
use super::session::Carrier;
use super::{Handler, SocketIo, bundle, cors};
use crate::{Hub, Id, Request, Response};

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
        let served = match self.check(hub, request, false, handler) {
            Err(refusal) => Err(refusal),
            Ok(None) => Ok(Some(self.open_polling(hub, id, request))),
            Ok(Some(key)) => match request.method() {
                "GET" => self.hold(hub, id, key, origin),
                "POST" => self.post(hub, id, key, request, handler).map(Some),
                _ => Ok(Some(
                    Response::text(405, "GET and POST").header("Allow", "GET, POST"),
                )),
            },
        };
        served.unwrap_or_else(|refusal| Some(self.refused(hub, &refusal, handler)))
    }

    /// Opens a session that polls. It needs no connection to stay for a while, so that no limit of
    /// connections holds for it: there are as many at most, and each counts for many messages.
    fn open_polling(&mut self, hub: &mut Hub, id: Id, request: &Request<'_>) -> Response {
        if self.sessions.len() >= hub.config().max_connections {
            log::info!("no session: there are Config::max_connections (--max-connections)");
            return Response::text(503, "too many sessions");
        }
        hub.charge(id, OPENING);
        let key = self.open(hub, Carrier::Polling { held: None });
        let session = &mut self.sessions[key as usize];
        // Its clients name only the HTTP library that they use, always one of Python.
        let agent = request.header("user-agent").unwrap_or_default();
        session.few = agent.to_ascii_lowercase().contains("python");
        let body = session.next_body(&mut self.packets).unwrap_or_default();
        response(body)
    }

    /// What a request names below our path, if it is a file it wants.
    pub(super) fn file_of<'r>(&self, request: &Request<'r>) -> &'r str {
        let name = request.path().strip_prefix(&*self.options.path);
        name.unwrap_or_default()
    }

    /// A GET: answered with what waits, or held until something does.
    fn hold(
        &mut self,
        hub: &mut Hub,
        id: Id,
        key: u32,
        origin: Option<&str>,
    ) -> Result<Option<Response>, Refusal> {
        let session = &mut self.sessions[key as usize];
        if session.over {
            let queued = session.next_body(&mut self.packets);
            if queued.is_none() {
                self.forget(hub, key);
            }
            let body = queued.unwrap_or_else(|| "6\u{1e}1".to_owned());
            return Ok(Some(response(body)));
        }
        if session.held().is_some() {
            self.end(hub, key, Reason::TransportError, Farewell::Close);
            return Err(Refusal::BadRequest("POLL_OVERLAP"));
        }
        session.carrier = Carrier::Polling { held: Some(id) };
        session.set_origin(origin);
        self.set_role(id, Some(Part::Poll(key)));
        // The heartbeat answers it before, and ends it when the client is gone.
        hub.allow_time(id, self.options.ping_interval + self.options.ping_timeout);
        self.touch(key);
        Ok(None)
    }

    /// Answers the poll that is held, if there is something to say.
    pub(super) fn answer_poll(&mut self, hub: &mut Hub, key: u32) {
        let session = &mut self.sessions[key as usize];
        let Some(id) = session.held() else { return };
        // A client that changes to a WebSocket waits for its poll to end.
        let release = session.work().probe.map(|_| "6".to_owned());
        let Some(body) = session.next_body(&mut self.packets).or(release) else {
            return;
        };
        session.carrier = Carrier::Polling { held: None };
        self.reply(hub, key, id, response(body));
    }

    /// Answers a request of a session that had to wait for its answer.
    pub(super) fn reply(&mut self, hub: &mut Hub, key: u32, id: Id, response: Response) {
        let origin = self.sessions[key as usize].work().origin.as_deref();
        let response = cors::allow(response, hub, origin);
        // One whose time was up in this very turn is answered already, and its close is still to come.
        let part = (!hub.respond(id, response)).then_some(Part::Orphan);
        self.set_role(id, part);
    }
}

/// Messages that opening a session counts for: by default a connection opens a thousand of them at
/// once, for a proxy whose clients come back, and then a hundred in a second.
const OPENING: usize = 100;
