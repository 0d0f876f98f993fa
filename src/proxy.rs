//! Clients behind a trusted proxy: its connection counts for the client whose request it carries.
//!
//! A proxy keeps its connections and sends the requests of many clients over each. So a connection
//! has the seat of a client from the head of a request to the end of its answer, and a WebSocket to
//! its own end. Between two requests it is nobody's: how many a proxy keeps is not the clients' doing.
//!
//! Nor is over which of them a request comes. So what a client opens, for `Config::connect_rate`, is
//! each connection with the first request on it, and each WebSocket; a further request is none.

use core::net::IpAddr;
use std::mem;

use crate::conn::Mark;
use crate::event::CloseReason;
use crate::gate::{Gate, Peer, Refusal};
use crate::http::{Request, Response};
use crate::hub::Hub;
use crate::id::Id;
use crate::network;

impl Hub {
    /// Whether an address is that of a trusted proxy.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        let mut networks = self.config.trusted_proxies.iter();
        networks.any(|network| network.contains(address))
    }

    /// Gives a connection of a trusted proxy the seat of the client that sends a request over it;
    /// `false` if that client is turned away, which is answered then.
    pub(crate) fn seat_client(&mut self, id: Id, request: &Request<'_>) -> bool {
        let conn = &mut self.conns[id.key as usize];
        if !conn.is(Mark::Proxied) {
            return true;
        }
        let forwarded = request.members("x-forwarded-for");
        let Some(client) = network::client(forwarded, &self.config.trusted_proxies) else {
            self.note_unnamed();
            return true;
        };
        log::debug!("connection {id} has a request from {client}");
        let opens = !conn.mark(Mark::Begun, true) || request.wants_websocket();
        let (peer, limits) = (Peer::from(client), self.limits());
        let seat = match opens {
            true => self.gate.enter(peer, limits, self.now),
            false => self.gate.sit(peer, limits, self.now),
        };
        match seat {
            Ok(seat) => self.conns[id.key as usize].seat = seat,
            Err(refusal) => self.refuse_client(id, refusal, peer),
        }
        seat.is_ok()
    }

    /// The answer to a request is complete: the connection of a proxy is nobody's until the next.
    pub(crate) fn vacate(&mut self, key: u32) {
        let conn = &mut self.conns[key as usize];
        if conn.is(Mark::Proxied) {
            self.gate.leave(mem::replace(&mut conn.seat, Gate::NO_SEAT));
        }
    }

    fn refuse_client(&mut self, id: Id, refusal: Refusal, peer: Peer) {
        self.turn_away(refusal, Some(peer));
        self.stats.refused += 1;
        let response = Response::text(503, "too many connections from this address");
        let response = response.header("Retry-After", RETRY_AFTER);
        self.answer_for(id, response, CloseReason::Refused(503));
    }

    fn note_unnamed(&mut self) {
        if !mem::replace(&mut self.log.unnamed, true) {
            log::warn!(
                "a request of a trusted proxy names no client in X-Forwarded-For: no limit for an \
                 address holds for it, nor for others like it, which are not logged"
            );
        }
    }
}

/// Seconds after which a client may open connections again.
const RETRY_AFTER: &str = "10";
