//! What an application says to a request: an answer, now or later, or how a WebSocket opens.

use std::time::Duration;

use crate::conn::Phase;
use crate::http::{Request, Response};
use crate::hub::Hub;
use crate::id::Id;
use crate::ws::{self, Refusal};

/// A WebSocket that opens when the handler returns.
#[derive(Debug)]
pub(crate) struct Upgrade {
    pub(crate) id: Id,
    pub(crate) accept: String,
    pub(crate) offered: Vec<String>,
    pub(crate) chosen: Option<String>,
    pub(crate) nameless: bool,
    pub(crate) unpinged: bool,
    /// The extension that was agreed on: the answer, and the window.
    pub(crate) agreed: Option<(String, u8)>,
}

impl Upgrade {
    /// Whether a request is a handshake in order, from a page that is let in, and what answers it.
    pub(crate) fn judge(hub: &mut Hub, id: Id, request: &Request<'_>) -> Result<Self, Refusal> {
        if !hub.admits_origin(request) {
            return Err(Refusal::Origin);
        }
        let accept = ws::accept_key(request)?;
        let offers: Vec<_> = request.headers("sec-websocket-extensions").collect();
        Ok(Self {
            id,
            accept,
            offered: request.protocols().map(str::to_owned).collect(),
            chosen: None,
            nameless: false,
            unpinged: false,
            agreed: hub.compressor.agree(&offers.join(","))?,
        })
    }
}

impl Hub {
    /// Answers a request, or refuses a WebSocket from [`Event::Upgrade`](crate::Event::Upgrade) or
    /// a body from [`Event::Upload`](crate::Event::Upload).
    ///
    /// `false` when the connection is gone or the request has been answered already.
    pub fn respond(&mut self, id: Id, response: Response) -> bool {
        match self.phase(id) {
            Some(Phase::Answer) => {}
            Some(Phase::Body) => self.waive_body(id),
            _ => return false,
        }
        self.upgrade.take_if(|upgrade| upgrade.id == id);
        self.answer(id, response);
        true
    }

    /// Chooses the subprotocol of the WebSocket that is about to open, one of
    /// [`Request::protocols`](crate::Request::protocols); `false` if the client does not offer it,
    /// or outside of [`Event::Upgrade`](crate::Event::Upgrade).
    pub fn choose_protocol(&mut self, id: Id, protocol: &str) -> bool {
        let upgrade = self.upgrade.as_mut().filter(|upgrade| upgrade.id == id);
        let Some(upgrade) = upgrade else { return false };
        // RFC 6455 §4.2.2: one that the client offered; letters count.
        upgrade.chosen = upgrade
            .offered
            .iter()
            .find(|offered| *offered == protocol)
            .cloned();
        upgrade.chosen.is_some()
    }

    /// Gives the WebSocket that is about to open no name and puts it in no room: for a layer that
    /// has rooms of its own. `false` outside of [`Event::Upgrade`](crate::Event::Upgrade).
    pub fn open_nameless(&mut self, id: Id) -> bool {
        let upgrade = self.upgrade.as_mut().filter(|upgrade| upgrade.id == id);
        upgrade.map(|upgrade| upgrade.nameless = true).is_some()
    }

    /// Has the WebSocket that is about to open never pinged: for a layer that has a heartbeat of
    /// its own. `false` outside of [`Event::Upgrade`](crate::Event::Upgrade).
    pub fn open_unpinged(&mut self, id: Id) -> bool {
        let upgrade = self.upgrade.as_mut().filter(|upgrade| upgrade.id == id);
        upgrade.map(|upgrade| upgrade.unpinged = true).is_some()
    }

    /// Gives the application so many milliseconds from now to answer a request, in place of what is
    /// left of `Config::answer_timeout`: for long polls. `false` when nobody waits for an answer.
    pub fn allow_time(&mut self, id: Id, milliseconds: u64) -> bool {
        let waits = self.phase(id) == Some(Phase::Answer);
        if waits {
            self.set_deadline(id.key, Duration::from_millis(milliseconds));
        }
        waits
    }
}
