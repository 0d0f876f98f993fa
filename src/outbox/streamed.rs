//! Bodies that are read and sent piece by piece, each when all before it is written.

use std::io::{IoSlice, Read, Write};

use super::backlog::Backlog;
use super::{Flushed, Outboxes, write};
use crate::http::Stream;

impl Outboxes {
    /// Queues a body that is read when all before it is written.
    pub(crate) fn stream(&mut self, key: u32, stream: Stream) {
        self.give_out();
        self.backlog_of(key).stream = Some(stream);
        self.mark(key);
    }

    /// Reads a piece of a streamed body and writes it.
    pub(super) fn write_piece(&mut self, backlog: &mut Backlog, out: &mut dyn Write) -> Flushed {
        let Some(stream) = &mut backlog.stream else {
            return Flushed::All;
        };
        self.piece.clear();
        let want = stream.left.min(PIECE);
        match (&mut stream.source).take(want).read_to_end(&mut self.piece) {
            Ok(n) if n as u64 == want => stream.left -= want,
            Ok(_) => return broken_source("it ended too early"),
            Err(error) => return broken_source(error),
        }
        if stream.left == 0 {
            backlog.stream = None;
        }
        self.writes += 1;
        let Ok(n) = write(out, &[IoSlice::new(&self.piece)]) else {
            return Flushed::Broken;
        };
        backlog.moved |= n > 0;
        if n < self.piece.len() {
            backlog.keep_bytes(&self.piece[n..], &mut self.segments);
            backlog.blocked = true;
            return Flushed::Some;
        }
        match backlog.stream {
            None => Flushed::All,
            Some(_) => Flushed::Some,
        }
    }
}

fn broken_source(why: impl std::fmt::Display) -> Flushed {
    log::warn!("a streamed body cannot be read on: {why}");
    Flushed::Broken
}

/// Bytes of a streamed body that are read at a time.
pub(super) const PIECE: u64 = 64 * 1024;
