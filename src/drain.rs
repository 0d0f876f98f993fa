//! A stop that takes its time: connections are closed one after the other, evenly over
//! `Config::drain`, so that their clients come back as a ramp and not as a wall.
//!
//! Everybody is served until it is its turn. Then the stop is one as any other, for those who are left.

use crate::conn::{Mark, Phase};
use crate::event::{CloseReason, Queued};
use crate::hub::{Hub, Stopping};
use crate::id::Id;

/// Who is still to be closed.
#[derive(Debug)]
pub(crate) struct Drain {
    begin: u64,
    /// Milliseconds that all of it takes.
    span: u64,
    /// Connections at the beginning.
    total: u64,
    left: Vec<Id>,
}

impl Hub {
    /// Begins to close all connections, over so many milliseconds.
    pub(crate) fn begin_drain(&mut self, span: u64) {
        let conns = self.conns.iter();
        let left: Vec<_> = conns.map(|(key, conn)| conn.id(key as u32)).collect();
        log::info!("{} connections are closed within {span} ms", left.len());
        self.stopping = Stopping::Draining;
        self.drain = Some(Drain {
            begin: self.now,
            span,
            total: left.len() as u64,
            left,
        });
    }

    /// Closes those whose turn it is, and stops when that was the last.
    pub(crate) fn drain_on(&mut self) {
        let Some(drain) = &mut self.drain else { return };
        let staying = drain.left_at(self.now).min(drain.left.len());
        for id in drain.left.split_off(staying) {
            if let Some(phase) = self.phase(id) {
                self.dismiss(id, phase);
            }
        }
        if staying == 0 || self.conns.is_empty() {
            self.drain = None;
            self.stopping = Stopping::Asked;
            self.queue.push_back(Queued::Stop);
        }
    }

    /// Milliseconds until it is somebody's turn.
    pub(crate) fn drain_patience(&self) -> Option<u64> {
        self.drain.as_ref().map(|drain| drain.patience(self.now))
    }

    /// Ends a connection in order, but waits for what the application has not answered yet.
    fn dismiss(&mut self, id: Id, phase: Phase) {
        match phase {
            Phase::Body => _ = self.conns[id.key as usize].mark(Mark::KeepAlive, false),
            Phase::Answer => {
                self.conns[id.key as usize].mark(Mark::KeepAlive, false);
                self.queue.push_back(Queued::Leave(id));
            }
            phase => self.stop_one(id, phase),
        }
    }

    /// Ends a connection because the server stops.
    pub(crate) fn stop_one(&mut self, id: Id, phase: Phase) {
        match phase {
            Phase::Open => self.close_open(id, 1001, "server stops", CloseReason::Stopped),
            Phase::Answer | Phase::Body => {
                self.give_up(id, "the server stops", CloseReason::Stopped)
            }
            Phase::Idle if self.outboxes.is_empty(id.key) => self.lose(id, CloseReason::Stopped),
            Phase::Idle | Phase::Head => self.finish(id.key, self.config.close_timeout),
            Phase::Stream => _ = self.conns[id.key as usize].mark(Mark::KeepAlive, false),
            Phase::Closing | Phase::Last | Phase::Drain | Phase::Gone => {}
        }
    }
}

impl Drain {
    /// How many stay at that time.
    fn left_at(&self, now: u64) -> usize {
        let rest = self.span.saturating_sub(now - self.begin);
        let left = u128::from(self.total) * u128::from(rest);
        left.div_ceil(u128::from(self.span)) as usize
    }

    fn patience(&self, now: u64) -> u64 {
        let gone = self.total - self.left.len() as u64;
        let next = u128::from(gone + 1) * u128::from(self.span) / u128::from(self.total.max(1));
        (self.begin + next as u64).saturating_sub(now).max(SLICE)
    }
}

/// Milliseconds from one slice to the next at least: those due meanwhile go together.
const SLICE: u64 = 20;
