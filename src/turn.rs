//! What is done once a turn: deadlines, the flush, limits, and the removal of what is gone.
//!
//! The loop calls `expire`, then `flush` for every key of `take_dirty`, then `settle`, then `reap`.

use std::io::Write;

use crate::conn::{Mark, Phase};
use crate::deliver;
use crate::event::{CloseReason, Handler, Queued};
use crate::http::Fault;
use crate::hub::{Hub, Stopping};
use crate::id::Id;
use crate::outbox::Flushed;
use crate::ws::Opcode;

/// What the loop does with a socket after a flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Nothing,
    /// Close the writing side: all is said.
    Shutdown,
}

impl Hub {
    /// Does what is due at the time `now`.
    pub(crate) fn expire(&mut self, handler: Handler<'_>) {
        let mut due = Vec::new();
        self.outboxes.go_on();
        self.timers.expire(self.now, &mut due);
        for key in due {
            if let Some(conn) = self.conns.get(key as usize) {
                self.run_out(conn.id(key), conn.phase);
            }
        }
        if self.alarm.is_some_and(|alarm| alarm <= self.now) {
            self.alarm = None;
            self.queue.push_back(Queued::Wake);
        }
        self.drain_on();
        deliver::drain(self, handler);
        if self.stopping == Stopping::Asked {
            self.close_all();
            deliver::drain(self, handler);
        }
    }

    /// Milliseconds until `expire` has something to do; none if nothing is waited for.
    pub(crate) fn patience(&self) -> Option<u64> {
        let busy = self.outboxes.is_dirty()
            || !self.resumed.is_empty()
            || self.stopping == Stopping::Asked;
        if busy {
            return Some(0);
        }
        let end = match self.stopping {
            Stopping::Until(end) => Some(end.saturating_sub(self.now)),
            _ => None,
        };
        let alarm = self.alarm.map(|alarm| alarm.saturating_sub(self.now));
        let pause = self
            .paused
            .front()
            .map(|next| next.0.saturating_sub(self.now));
        let waits = [self.timers.next(), end, alarm, pause, self.drain_patience()];
        waits.into_iter().flatten().min()
    }

    /// Whether so much is to be written that it is done within the turn, before more is made of it:
    /// readers keep up, and what peers cause takes no more memory than they are worth together.
    pub(crate) fn is_laden(&self) -> bool {
        self.outboxes.unsealed() + self.compressor.kept > LARGE_BATCH
    }

    /// Writes what waits for a connection.
    pub(crate) fn flush(&mut self, key: u32, out: &mut dyn Write) -> Next {
        let Some(conn) = self.conns.get(key as usize) else {
            return Next::Nothing;
        };
        let (id, phase, ended) = (conn.id(key), conn.phase, conn.is(Mark::Ended));
        if phase == Phase::Gone {
            return Next::Nothing;
        }
        match self.outboxes.flush(key, out) {
            Flushed::Broken => {
                self.lose(id, CloseReason::Lost);
                Next::Nothing
            }
            Flushed::Some => {
                if self.outboxes.note_progress(key, self.now) && phase == Phase::Stream {
                    self.set_deadline(key, self.config.write_timeout);
                }
                Next::Nothing
            }
            Flushed::All => {
                self.outboxes.note_written(key);
                self.written(id, phase, ended)
            }
        }
    }

    /// The writing side of a socket could not be closed: it is broken. The application hears of what
    /// ends in a flush when that is over, since what it sends then is of the next batch.
    pub(crate) fn cannot_shut_down(&mut self, key: u32) {
        if let Some(conn) = self.conns.get(key as usize) {
            self.lose(conn.id(key), CloseReason::Lost);
        }
    }

    /// Ends the batch of this turn, and enforces the limits on what slow receivers keep waiting.
    pub(crate) fn settle(&mut self, handler: Handler<'_>) {
        self.compressor.forget();
        for key in self.outboxes.seal() {
            let Some(conn) = self.conns.get(key as usize) else {
                continue;
            };
            let over = self.outboxes.backlog(key) > self.config.max_backlog;
            if over && !conn.phase.is_over() {
                self.too_slow(conn.id(key));
            }
        }
        deliver::drain(self, handler);
        self.relieve(handler);
    }

    /// Removes what is gone; its key may be used again.
    pub(crate) fn reap(&mut self, mut removed: impl FnMut(u32)) {
        for key in std::mem::take(&mut self.gone) {
            if self.conns.contains(key as usize) {
                self.take_work(key);
                let conn = self.conns.remove(key as usize);
                self.gate.leave(conn.seat);
                self.outboxes.close(key);
                self.timers.clear(key);
                removed(key);
            }
        }
    }

    /// Whether the server has stopped: all connections are gone, or their time is up.
    pub(crate) fn is_stopped(&self) -> bool {
        match self.stopping {
            Stopping::Until(end) => self.conns.is_empty() || self.now >= end,
            _ => false,
        }
    }

    /// Whether everything is being closed, and no request is followed by another.
    pub(crate) fn is_ending(&self) -> bool {
        matches!(self.stopping, Stopping::Asked | Stopping::Until(_))
    }

    /// Whether it accepts no more connections.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping != Stopping::No
    }

    /// All is written for a connection: what was it waiting for?
    fn written(&mut self, id: Id, phase: Phase, ended: bool) -> Next {
        match phase {
            Phase::Stream => self.answered(id.key),
            Phase::Idle | Phase::Head | Phase::Open if self.has_waited(id.key, phase) => {
                self.resumed.push(id.key)
            }
            Phase::Last if ended => self.lose(id, CloseReason::Lost),
            Phase::Last => {
                self.conns[id.key as usize].phase = Phase::Drain;
                return Next::Shutdown;
            }
            _ => {}
        }
        Next::Nothing
    }

    /// Whether there is something to do now that all is written: the next request, or a pong. A
    /// frame of which a part has come is not: that we write to a peer is no sign of its life.
    fn has_waited(&self, key: u32, phase: Phase) -> bool {
        let work = self.conns[key as usize].work.as_ref();
        work.is_some_and(|work| phase != Phase::Open || work.pong.is_some())
    }

    /// A deadline has passed.
    fn run_out(&mut self, id: Id, phase: Phase) {
        match phase {
            Phase::Head | Phase::Body => self.refuse(id, Fault::Timeout),
            Phase::Answer => self.give_up(
                id,
                "the application did not answer in time",
                CloseReason::TimedOut,
            ),
            Phase::Open if self.conns[id.key as usize].is(Mark::Pinged) => {
                self.stats.timed_out += 1;
                self.fail(id, 1008, "ping not answered", CloseReason::TimedOut);
            }
            Phase::Open => {
                self.conns[id.key as usize].mark(Mark::Pinged, true);
                self.push_frame(id.key, Opcode::Ping, &[]);
                self.set_deadline(id.key, self.config.ping_timeout);
            }
            Phase::Idle | Phase::Stream | Phase::Closing | Phase::Last | Phase::Drain => {
                self.stats.idled += u64::from(phase == Phase::Idle);
                self.stats.untaken += u64::from(phase == Phase::Stream);
                self.lose(id, CloseReason::TimedOut)
            }
            Phase::Gone => {}
        }
    }

    fn close_all(&mut self) {
        let wait = self.config.close_timeout.as_millis() as u64;
        self.stopping = Stopping::Until(self.now.saturating_add(wait));
        let all: Vec<_> = self
            .conns
            .iter()
            .map(|(key, conn)| (conn.id(key as u32), conn.phase))
            .collect();
        for (id, phase) in all {
            self.stop_one(id, phase);
        }
    }
}

/// Bytes of a batch, of the lists of its ranges, and of what is kept to be compressed.
const LARGE_BATCH: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Event, Sim};

    #[test]
    fn a_socket_whose_writing_side_cannot_be_closed_is_told_once_and_its_neighbours_hear_of_it() {
        let mut sim = Sim::new(Config::default());
        let mut closed = Vec::new();
        let mut handler = |hub: &mut Hub, event: Event<'_>| match event {
            Event::Open { id } => _ = hub.join(id, "lobby"),
            Event::Close { id, .. } => {
                closed.push(id);
                hub.to("lobby").send("one has gone");
            }
            _ => {}
        };
        let [one, other] = [(); 2].map(|()| sim.open("/", &mut handler));
        sim.take(other);
        sim.receive(
            one,
            &crate::sim::client_frame(0x88, &1000u16.to_be_bytes()),
            &mut handler,
        );
        sim.end_turn(&mut handler);
        sim.hub().cannot_shut_down(one.key);
        for _ in 0..2 {
            sim.end_turn(&mut handler);
        }
        let heard = sim.take(other);
        assert_eq!(heard, b"\x81\x0cone has gone");
        assert!(!sim.is_connected(one) && sim.is_connected(other));
        assert_eq!(closed, [one]);
    }
}
