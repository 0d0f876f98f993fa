//! How a connection ends: answers that are the last, closes, losses.
//!
//! Whoever ends it, a socket leaves its rooms at once, so that nothing follows its close frame,
//! and `Event::Close` is queued behind the events of leaving. The bytes still to be written, the
//! peer's part of a close, and the removal follow without the application.

use std::time::Duration;

use crate::conn::{Mark, Phase};
use crate::event::{CloseReason, Queued};
use crate::http::{Fault, Response};
use crate::hub::Hub;
use crate::id::Id;
use crate::ws::{self, Violation};

impl Hub {
    /// Sends a response; what follows on the connection depends on the request.
    pub(crate) fn answer(&mut self, id: Id, response: Response) {
        let goes_on = !self.is_ending() && !response.closes();
        let conn = &mut self.conns[id.key as usize];
        let (keep_alive, head_only) =
            (conn.is(Mark::KeepAlive) && goes_on, conn.is(Mark::HeadOnly));
        conn.mark(Mark::KeepAlive, keep_alive);
        let mut stream = None;
        let len = response.encoded_bound();
        let encode = |batch: &mut Vec<u8>| stream = response.encode(batch, keep_alive, head_only);
        let Some(run) = self.outboxes.encode(len, encode) else {
            return self.lose(id, CloseReason::Lost);
        };
        self.outboxes.push(id.key, run);
        let Some(stream) = stream else {
            return self.answered(id.key);
        };
        let stream = self.weigh_body(stream);
        self.outboxes.stream(id.key, stream);
        self.conns[id.key as usize].phase = Phase::Stream;
        self.set_deadline(id.key, self.config.write_timeout);
    }

    /// An answer is complete: the next request, or the end.
    pub(crate) fn answered(&mut self, key: u32) {
        let conn = &mut self.conns[key as usize];
        if !conn.is(Mark::KeepAlive) || conn.is(Mark::Ended) {
            return self.finish(key, self.config.write_timeout);
        }
        conn.phase = Phase::Idle;
        conn.mark(Mark::HeadOnly, false);
        if conn.work.is_some() || conn.is(Mark::Unread) {
            self.resumed.push(key);
        }
        self.vacate(key);
        self.set_deadline(key, self.config.keep_alive);
    }

    /// Refuses what is no proper request; the connection closes after the answer.
    pub(crate) fn refuse(&mut self, id: Id, fault: Fault) {
        log::info!("connection {id}: {} {fault}", fault.status());
        self.stats.refused += 1;
        let reason = match fault {
            Fault::Timeout => CloseReason::TimedOut,
            fault => CloseReason::Refused(fault.status()),
        };
        self.answer_for(id, Response::text(fault.status(), fault), reason);
    }

    /// The rest of a body is not waited for, so that no request can follow it (RFC 9112 §9.3).
    pub(crate) fn waive_body(&mut self, id: Id) {
        self.take_work(id.key);
        self.conns[id.key as usize].mark(Mark::KeepAlive, false);
    }

    /// Gives up a request that the application has not answered.
    pub(crate) fn give_up(&mut self, id: Id, why: &str, reason: CloseReason) {
        log::warn!("connection {id}: 503 {why}");
        self.answer_for(id, Response::text(503, why), reason);
    }

    /// Answers in place of the application, which hears of the end if it knows of the request.
    pub(crate) fn answer_for(&mut self, id: Id, response: Response, reason: CloseReason) {
        let known = self.is_known(id);
        self.conns[id.key as usize].mark(Mark::KeepAlive, false);
        self.answer(id, response);
        // An answer that cannot be written has ended in `lose`.
        if known && self.phase(id) != Some(Phase::Gone) {
            self.queue.push_back(Queued::Close(id, reason, 0));
        }
    }

    /// Begins the close handshake of an open WebSocket (RFC 6455 §7.1.2).
    pub(crate) fn close_open(&mut self, id: Id, code: u16, text: &str, reason: CloseReason) {
        self.retire(id, reason);
        self.push_close(id.key, code, text);
        self.conns[id.key as usize].phase = Phase::Closing;
        self.set_deadline(id.key, self.config.close_timeout);
    }

    /// Fails a WebSocket (§7.1.7): a close frame, and no waiting for the peer's.
    pub(crate) fn fail(&mut self, id: Id, code: u16, text: &str, reason: CloseReason) {
        log::info!("socket {id}: closed with {code}: {text}");
        self.retire(id, reason);
        self.push_close(id.key, code, text);
        self.finish(id.key, self.config.close_timeout);
    }

    /// Fails a WebSocket whose peer broke the protocol.
    pub(crate) fn violate(&mut self, id: Id, violation: Violation) {
        if self.is_open(id) {
            self.stats.violations += 1;
            let (code, text) = (violation.close_code(), violation.to_string());
            return self.fail(id, code, &text, CloseReason::Violation(violation));
        }
        self.finish(id.key, self.config.close_timeout);
    }

    /// The peer closes: its code goes back (§5.5.1), or ours has been sent already.
    pub(crate) fn closed_by_peer(&mut self, id: Id, code: Option<u16>, reason: &str) {
        if self.is_open(id) {
            self.retire(
                id,
                CloseReason::Peer {
                    code,
                    reason: reason.to_owned(),
                },
            );
            match code {
                Some(code) => self.push_close(id.key, code, ""),
                None => self.push_frame(id.key, ws::Opcode::Close, &[]),
            }
        }
        // Nothing follows a close (§5.5.1), and some clients leave the connection open for ever: a
        // server that stops does not wait for its end.
        if self.is_stopping() {
            self.conns[id.key as usize].mark(Mark::Ended, true);
        }
        self.finish(id.key, self.config.close_timeout);
    }

    /// Too much waits for a receiver.
    pub(crate) fn too_slow(&mut self, id: Id) {
        self.stats.too_slow += 1;
        match self.is_open(id) {
            true => self.fail(id, 1008, "too slow", CloseReason::TooSlow),
            false => self.lose(id, CloseReason::TooSlow),
        }
    }

    /// The end without further words: the socket broke, or there is nothing to wait for.
    pub(crate) fn lose(&mut self, id: Id, reason: CloseReason) {
        self.retire(id, reason);
        self.conns[id.key as usize].phase = Phase::Gone;
        self.gone.push(id.key);
    }

    /// Writes what is queued for so long at most, then closes.
    pub(crate) fn finish(&mut self, key: u32, patience: Duration) {
        self.conns[key as usize].phase = Phase::Last;
        self.take_work(key);
        self.set_deadline(key, patience);
        // Also with nothing to write: the flush is where a connection goes on to its end.
        self.outboxes.touch(key);
    }

    /// What the application must know of an end: out of the rooms, then `Event::Close`.
    pub(crate) fn retire(&mut self, id: Id, reason: CloseReason) {
        let known = self.is_known(id);
        let unsent = self.outboxes.waiting(id.key) + self.outboxes.forget_loose(id.key);
        let queue = &mut self.queue;
        self.rooms
            .exit(id, &mut |event| queue.push_back(Queued::Room(event)));
        if known {
            queue.push_back(Queued::Close(id, reason, unsent));
        }
    }

    /// Whether the application has heard of a connection and not yet of its end.
    fn is_known(&self, id: Id) -> bool {
        matches!(
            self.phase(id),
            Some(Phase::Open | Phase::Answer | Phase::Body)
        )
    }

    fn push_close(&mut self, key: u32, code: u16, text: &str) {
        if code == NO_CODE {
            return self.push_frame(key, ws::Opcode::Close, &[]);
        }
        let code = if ws::sendable(code) { code } else { 1000 };
        let run = self
            .outboxes
            .encode(CLOSE_LEN, |batch| ws::close(batch, code, text));
        run.into_iter().for_each(|run| self.outboxes.push(key, run));
    }

    /// Queues a control frame, which goes out whatever waits before it.
    pub(crate) fn push_frame(&mut self, key: u32, opcode: ws::Opcode, payload: &[u8]) {
        let run = self.encode_frame(opcode, payload);
        run.into_iter().for_each(|run| self.outboxes.push(key, run));
    }

    pub(crate) fn set_deadline(&mut self, key: u32, wait: Duration) {
        let wait = wait.min(MAX_WAIT).as_millis() as u64;
        self.timers.set(key, self.now.saturating_add(wait));
    }
}

/// A wait that is longer is no longer, since the time of the wheel wraps around after 198 days.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(30 * 86_400);
/// RFC 6455 §7.4.1: stands for a close frame that carries no code.
const NO_CODE: u16 = 1005;
/// Bytes of the longest close frame.
const CLOSE_LEN: usize = 127;
