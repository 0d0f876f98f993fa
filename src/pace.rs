//! How a connection is read: when, how far ahead of what can be done with it, and how fast.
//!
//! What is not read stays in the socket, and TCP slows the peer down: nothing is lost by it. So who
//! sends too fast is not closed: it may be a benchmark, or a client that has much to catch up with.

use std::time::Duration;

use crate::conn::{Mark, Phase};
use crate::event::CloseReason;
use crate::hub::Hub;
use crate::id::Id;
use crate::ws::Opcode;

impl Hub {
    /// Puts a connection on the list of those to be read; `false` if it is there, or gone.
    pub(crate) fn list(&mut self, key: u32, closing: bool) -> bool {
        let Some(conn) = self.conns.get_mut(key as usize) else {
            return false;
        };
        conn.mark(Mark::Closing, closing || conn.is(Mark::Closing));
        !conn.mark(Mark::Listed, true)
    }

    /// Takes a connection off that list; whether it has use for more bytes. If not they stay in
    /// the socket until it goes on, and the peer is slowed down by TCP.
    pub(crate) fn unlist(&mut self, key: u32) -> bool {
        let Some(conn) = self.conns.get_mut(key as usize) else {
            return false;
        };
        let waits = !matches!(conn.phase, Phase::Body | Phase::Closing);
        conn.mark(Mark::Listed, false);
        let full = waits && conn.kept() > MAX_AHEAD.max(self.config.max_head);
        let full = full || conn.is(Mark::Paused) && !conn.phase.is_over();
        conn.mark(Mark::Unread, full);
        !full
    }

    pub(crate) fn is_closing(&self, key: u32) -> bool {
        self.conns
            .get(key as usize)
            .is_some_and(|conn| conn.is(Mark::Closing))
    }

    /// A sign of life: the next ping is due when it has been silent for a while. It is none for who
    /// sends and does not read.
    pub(crate) fn heard(&mut self, id: Id) {
        let stuck = self.outboxes.stuck_since(id.key);
        if stuck.is_some_and(|since| self.is_past(since, self.config.write_timeout)) {
            return self.too_slow(id);
        }
        if self.is_open(id) && !self.conns[id.key as usize].is(Mark::Unpinged) {
            self.conns[id.key as usize].mark(Mark::Pinged, false);
            self.set_deadline(id.key, self.config.ping_interval);
        }
    }

    /// Notes when something unfinished began, and fails a WebSocket that takes too long for it.
    pub(crate) fn await_message(&mut self, id: Id, begun: &mut Option<u64>) {
        let since = *begun.get_or_insert(self.now);
        if self.is_open(id) && self.is_past(since, self.config.message_timeout) {
            self.stats.timed_out += 1;
            self.fail(id, 1008, "message not whole in time", CloseReason::TimedOut);
        }
    }

    fn is_past(&self, since: u64, wait: Duration) -> bool {
        u128::from(self.now.saturating_sub(since)) >= wait.as_millis()
    }

    /// Counts what has come, against a rate a second.
    pub(crate) fn spend(&mut self, id: Id, count: usize, rate: u32) {
        self.conns[id.key as usize]
            .used
            .spend(self.now, count, rate);
    }

    /// Whether a connection has sent more than its rate and the burst allow; it has to pause then.
    pub(crate) fn is_too_fast(&mut self, id: Id) -> bool {
        let conn = &mut self.conns[id.key as usize];
        if conn.used.ahead(self.now) < BURST {
            return false;
        }
        if conn.mark(Mark::Paused, true) {
            return true;
        }
        let limit = match conn.phase {
            Phase::Open | Phase::Closing => "message_rate (--message-rate)",
            _ => "request_rate (--request-rate)",
        };
        self.paused.push_back((self.now + PAUSE, id));
        self.stats.slowed += 1;
        if let Some(missed) = self.log.slowed.line(self.now) {
            log::warn!(
                "connection {id} is read slowly: it sends faster than Config::{limit}{missed}"
            );
        }
        true
    }

    /// Lets those go on whose pause is over.
    pub(crate) fn unpause(&mut self) {
        while self.paused.front().is_some_and(|next| next.0 <= self.now) {
            let Some((_, id)) = self.paused.pop_front() else {
                return;
            };
            if self.phase(id).is_some() {
                self.conns[id.key as usize].mark(Mark::Paused, false);
                self.resumed.push(id.key);
            }
        }
        self.paused.shrink_to(KEEP_PAUSED);
    }

    /// Answers a ping. RFC 6455 §5.5.3: of several that wait for their answer, the latest gets one;
    /// so a peer that sends pings and takes nothing has one pong that waits, whatever it sends.
    pub(crate) fn answer_ping(
        &mut self,
        key: u32,
        payload: &[u8],
        waiting: &mut Option<Box<[u8]>>,
    ) {
        if self.outboxes.backlog(key) == 0 {
            return self.push_frame(key, Opcode::Pong, payload);
        }
        if waiting.replace(payload.into()).is_some() {
            self.stats.skipped_pongs += 1;
        }
    }

    /// Sends the pong that waits, if all before it is taken.
    pub(crate) fn release_pong(&mut self, id: Id, waiting: &mut Option<Box<[u8]>>) {
        if waiting.is_some() && self.is_open(id) && self.outboxes.backlog(id.key) == 0 {
            let payload = waiting.take().unwrap_or_default();
            self.push_frame(id.key, Opcode::Pong, &payload);
        }
    }
}

/// Milliseconds that a peer may be ahead of its rate: after a while without a connection it has
/// things to tell.
const BURST: u64 = 10_000;
/// Milliseconds for which who sends too fast is not read: often enough for an even flow, seldom
/// enough to cost nothing.
const PAUSE: u64 = 100;
/// Places of the list of those that pause which are kept.
const KEEP_PAUSED: usize = 256;
/// Bytes that a peer may send ahead of an answer.
const MAX_AHEAD: usize = 16 * 1024;
