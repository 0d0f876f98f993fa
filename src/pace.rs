//! How a connection is read: when, and how far ahead of what can be done with it.
//!
//! What is not read stays in the socket, and TCP slows the peer down: nothing is lost by it.

use crate::conn::{Mark, Phase};
use crate::hub::Hub;
use crate::id::Id;

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
        conn.mark(Mark::Unread, full);
        !full
    }

    pub(crate) fn is_closing(&self, key: u32) -> bool {
        self.conns
            .get(key as usize)
            .is_some_and(|conn| conn.is(Mark::Closing))
    }

    /// A sign of life: the next ping is due when it has been silent for a while.
    pub(crate) fn heard(&mut self, id: Id) {
        if self.is_open(id) && !self.conns[id.key as usize].is(Mark::Unpinged) {
            self.conns[id.key as usize].mark(Mark::Pinged, false);
            self.set_deadline(id.key, self.config.ping_interval);
        }
    }
}

/// Bytes that a peer may send ahead of an answer.
const MAX_AHEAD: usize = 16 * 1024;
