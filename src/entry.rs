//! How a connection begins: it is let in, or turned away before it has cost anything.

use core::net::IpAddr;

use crate::conn::{Conn, Mark};
use crate::gate::{Gate, Limits, Peer, Refusal};
use crate::hub::Hub;
use crate::id::Id;
use crate::seldom::Seldom;
use crate::table;

/// When the log was last told of what can happen often.
#[derive(Debug, Default)]
pub(crate) struct Log {
    full: Seldom,
    crowded: Seldom,
    rushed: Seldom,
    starved: Seldom,
    pub(crate) slowed: Seldom,
    /// It was told of a proxy that does not name its clients.
    pub(crate) unnamed: bool,
}

impl Hub {
    /// A new connection, which will speak HTTP first; none if it is to be closed without a word.
    /// That costs a flood two system calls each, and an answer would cost more of them.
    ///
    /// One of a trusted proxy has no seat until there is a request on it.
    pub(crate) fn accept(&mut self, address: Option<IpAddr>) -> Option<Id> {
        let proxied = address.is_some_and(|address| self.trusts(address));
        let peer = address.map(Peer::from);
        let seat = self
            .let_in(peer.filter(|_| !proxied))
            .inspect_err(|refusal| self.turn_away(*refusal, peer))
            .ok()?;
        self.generation = self.generation.wrapping_add(1);
        let generation = self.generation;
        let mut conn = Conn::new(generation, seat, self.now);
        conn.mark(Mark::Proxied, proxied);
        table::make_room(&mut self.conns);
        let key = self.conns.insert(conn) as u32;
        self.outboxes.open(key);
        self.set_deadline(key, self.config.head_timeout);
        self.stats.accepted += 1;
        Some(Id { key, generation })
    }

    /// The system gives no file descriptor, or no memory, for one more connection: those that
    /// knock wait in its queue.
    pub(crate) fn cannot_accept(&mut self, error: &std::io::Error) {
        self.stats.starved += 1;
        if let Some(missed) = self.log.starved.line(self.now) {
            log::error!("cannot accept connections for now: {error}{missed}");
        }
    }

    fn let_in(&mut self, peer: Option<Peer>) -> Result<u32, Refusal> {
        if self.conns.len() >= self.config.max_connections {
            return Err(Refusal::Full);
        }
        let limits = self.limits();
        peer.map_or(Ok(Gate::NO_SEAT), |peer| {
            self.gate.enter(peer, limits, self.now)
        })
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            open: self.config.max_connections_per_address,
            rate: self.config.connect_rate,
        }
    }

    /// Counts a connection that is not let in, or a request of a proxy, and tells the log.
    pub(crate) fn turn_away(&mut self, refusal: Refusal, peer: Option<Peer>) {
        let (count, lines, limit) = match refusal {
            Refusal::Full => (
                &mut self.stats.full,
                &mut self.log.full,
                "there are as many as Config::max_connections (--max-connections) allows",
            ),
            Refusal::Crowded => (
                &mut self.stats.crowded,
                &mut self.log.crowded,
                "this address has as many as Config::max_connections_per_address \
                 (--max-connections-per-address) allows",
            ),
            Refusal::Rushed => (
                &mut self.stats.rushed,
                &mut self.log.rushed,
                "this address opens them faster than Config::connect_rate (--connect-rate)",
            ),
        };
        *count += 1;
        if let Some(missed) = lines.line(self.now) {
            let from = peer.map_or_else(String::new, |peer| format!(" from {peer}"));
            log::warn!("a connection{from} is turned away: {limit}{missed}");
        }
    }
}
