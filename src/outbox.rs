//! What waits to be written: the bytes of this turn, each once, and ranges of them.
//!
//! Whatever is sent in a turn is encoded into one `batch`. A receiver has a range of it; the next
//! message to the same receiver usually lies right behind, and the range grows. So at the end of
//! the turn nearly every receiver gets one plain `write` of one range, and nothing was allocated.
//! What a whole room gets is noted, and given to its members together (`fanout`).
//!
//! What a slow receiver did not take is copied, once for all of them, into a shared `Segment`, of
//! which the backlogs hold ranges again. A segment lives as long as a range of it does.

mod backlog;
mod fanout;
mod loose;
mod run;
mod streamed;

use std::io::{self, ErrorKind, IoSlice, Write};

use crate::table;
use backlog::{Backlog, Segments};
use fanout::Fanout;
use loose::Loose;
pub(crate) use run::Run;

/// An outbox for every key, and the bytes they share.
#[derive(Debug, Default)]
pub(crate) struct Outboxes {
    batch: Vec<u8>,
    /// Counts the batches, so that a range of an earlier one is known as stale.
    number: u32,
    /// By key; the last range of each receiver. Not empty means: something to write.
    runs: Vec<Run>,
    /// By key; everything rarer.
    backlogs: Vec<Option<Box<Backlog>>>,
    /// Keys to be flushed at the end of the turn.
    dirty: Vec<u32>,
    /// Keys that have been flushed and still hold ranges of the batch.
    left: Vec<u32>,
    /// Ranges of the batch that are in backlogs.
    apart: usize,
    segments: Segments,
    fanout: Fanout,
    loose: Loose,
    /// Bytes that may wait for one receiver.
    limit: usize,
    /// Written pieces of the bodies that are streamed pass through here.
    piece: Vec<u8>,
    /// Calls of `write` so far.
    pub(crate) writes: u64,
}

/// How a flush went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flushed {
    /// All is written.
    All,
    /// Something waits: for the socket, or for the next turn.
    Some,
    /// The socket is broken, or the source of a body is.
    Broken,
}

impl Outboxes {
    /// Outboxes in which so many bytes may wait for one receiver.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// Makes room for a key.
    pub(crate) fn open(&mut self, key: u32) {
        table::fit(&mut self.runs, key as usize, || Run::EMPTY);
        table::fit(&mut self.backlogs, key as usize, || None);
    }

    /// Forgets all that waits for a key.
    pub(crate) fn close(&mut self, key: u32) {
        self.give_out();
        self.runs[key as usize] = Run::EMPTY;
        if let Some(backlog) = self.backlogs[key as usize].take() {
            backlog.release(&mut self.segments);
        }
        self.loose.close(key);
    }

    /// Appends `len` bytes at most to the batch, by `encode`; `None` when they would pass 2 GiB.
    pub(crate) fn encode(&mut self, len: usize, encode: impl FnOnce(&mut Vec<u8>)) -> Option<Run> {
        let end = self
            .batch
            .len()
            .checked_add(len)
            .filter(|end| *end <= MAX_BATCH)?;
        let start = self.batch.len() as u32;
        encode(&mut self.batch);
        debug_assert!(self.batch.len() <= end, "more was encoded than announced");
        Some(Run {
            start,
            end: self.batch.len() as u32,
        })
    }

    /// Whether so many bytes more may be encoded in this turn.
    pub(crate) fn has_room(&self, len: usize) -> bool {
        len <= MAX_BATCH - self.batch.len()
    }

    /// Forgets what was encoded last, which nobody gets.
    pub(crate) fn take_back(&mut self, run: Run) {
        debug_assert_eq!(run.end as usize, self.batch.len(), "it is the last");
        self.batch.truncate(run.start as usize);
    }

    /// How many will be written to, about.
    pub(crate) fn receivers(&self) -> usize {
        self.dirty.len() + self.fanout.receivers()
    }

    /// The number of the batch that is being filled.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// Bytes of the batch, and of the lists of its ranges.
    pub(crate) fn unsealed(&self) -> usize {
        self.batch.len() + self.apart * size_of::<Run>() + self.fanout.memory()
    }

    /// Queues a range of the batch for a key.
    #[inline]
    pub(crate) fn push(&mut self, key: u32, run: Run) {
        self.give_out();
        let last = &mut self.runs[key as usize];
        match !last.is_empty() && last.end == run.start {
            true => last.end = run.end,
            false => self.push_apart(key, run),
        }
    }

    /// Queues a range that does not begin where the last one ends.
    #[inline(never)]
    fn push_apart(&mut self, key: u32, run: Run) {
        let last = &mut self.runs[key as usize];
        let earlier = std::mem::replace(last, run);
        match earlier.is_empty() {
            true => self.mark(key),
            false => {
                self.apart += 1;
                self.backlog_of(key).runs.push(earlier);
            }
        }
    }

    /// Has a key flushed at the end of the turn, though nothing may wait for it.
    pub(crate) fn touch(&mut self, key: u32) {
        self.give_out();
        if self.runs[key as usize].is_empty() {
            self.mark(key);
        }
    }

    /// The socket takes bytes again.
    pub(crate) fn unblock(&mut self, key: u32) {
        if let Some(backlog) = &mut self.backlogs[key as usize] {
            backlog.blocked = false;
            self.mark(key);
        }
    }

    /// Bytes that were left over for a key in earlier turns.
    pub(crate) fn backlog(&self, key: u32) -> usize {
        self.backlogs[key as usize]
            .as_ref()
            .map_or(0, |backlog| backlog.len)
    }

    /// Bytes that wait for a key, those of this turn included.
    pub(crate) fn waiting(&self, key: u32) -> usize {
        let runs: usize = self.runs_of(key).map(Run::len).sum();
        self.backlog(key) + runs + self.fanout.waiting(key)
    }

    /// Whether more than so much waits for a key. Asked for every frame, so that the ranges of the
    /// batch are added up only when the batch is long enough to matter.
    pub(crate) fn exceeds(&self, key: u32, limit: usize) -> bool {
        self.batch.len() + self.backlog(key) > limit && self.waiting(key) > limit
    }

    /// Whether nothing waits for a key.
    pub(crate) fn is_empty(&self, key: u32) -> bool {
        self.runs[key as usize].is_empty()
            && self.backlogs[key as usize].is_none()
            && self.loose(key) + self.fanout.waiting(key) == 0
    }

    /// Keys with something to write; each is then flushed. When there are no more
    /// ([`Outboxes::has_more`]) the batch is sealed.
    ///
    /// Of a room not all come at once, so that the first of many need not wait for all to be looked at.
    pub(crate) fn take_dirty(&mut self) -> Vec<u32> {
        match self.dirty.is_empty() {
            true => self.give_out_to(WORDS),
            false => self.give_out(),
        }
        // Sockets that were accepted one after the other lie near each other in the kernel, too.
        self.dirty.sort_unstable();
        std::mem::take(&mut self.dirty)
    }

    /// Gives back the memory of a list that [`Outboxes::take_dirty`] made.
    pub(crate) fn give_back(&mut self, mut keys: Vec<u32>) {
        keys.clear();
        keys.shrink_to(KEEP_KEYS);
        if self.dirty.is_empty() {
            self.dirty = keys;
        }
    }

    /// Whether something wants to be written in the next turn, without waiting for a socket.
    pub(crate) fn is_dirty(&self) -> bool {
        !self.dirty.is_empty() || !self.fanout.is_empty() || self.has_ready()
    }

    /// Bytes that all backlogs together keep in memory.
    pub(crate) fn pinned(&self) -> usize {
        self.segments.bytes() + self.loose.bytes()
    }

    /// Writes what waits for a key, with one call of `write`, or one for every 64 pieces.
    pub(crate) fn flush(&mut self, key: u32, out: &mut dyn Write) -> Flushed {
        let run = self.runs[key as usize];
        if self.backlogs[key as usize].is_some() {
            return self.flush_backlog(key, out);
        }
        if run.is_empty() {
            return Flushed::All;
        }
        self.writes += 1;
        match write(out, &[IoSlice::new(&self.batch[run.range()])]) {
            Err(_) => Flushed::Broken,
            Ok(n) if n == run.len() => {
                self.runs[key as usize] = Run::EMPTY;
                Flushed::All
            }
            Ok(n) => {
                self.runs[key as usize].start += n as u32;
                let backlog = self.backlog_of(key);
                (backlog.blocked, backlog.queued) = (true, false);
                self.left.push(key);
                Flushed::Some
            }
        }
    }

    /// Ends the batch: what is left of it for slow receivers moves to a segment.
    /// Returns their keys, whose backlogs have grown.
    pub(crate) fn seal(&mut self) -> Vec<u32> {
        let left = std::mem::take(&mut self.left);
        let runs = left.iter().flat_map(|key| self.runs_of(*key)).collect();
        let parts = self.segments.copy(&self.batch, runs);
        for &key in &left {
            let run = std::mem::replace(&mut self.runs[key as usize], Run::EMPTY);
            if let Some(backlog) = &mut self.backlogs[key as usize] {
                backlog.keep(run, &parts, &mut self.segments);
            }
        }
        debug_assert!(!self.has_more(), "somebody has not got all");
        debug_assert!(
            self.dirty
                .iter()
                .all(|key| self.runs[*key as usize].is_empty()),
            "something was queued between the flush and the end of the batch"
        );
        self.loose.seal();
        self.number = self.number.wrapping_add(1);
        self.apart = 0;
        self.batch.clear();
        if self.batch.capacity() > KEEP_CAPACITY {
            self.batch = Vec::new();
        }
        left
    }

    /// Sees to it that a key is flushed at the end of the turn.
    fn mark(&mut self, key: u32) {
        let queued = self.backlogs[key as usize]
            .as_mut()
            .map(|backlog| &mut backlog.queued);
        if queued.is_none_or(|queued| !std::mem::replace(queued, true)) {
            self.dirty.push(key);
        }
    }

    fn backlog_of(&mut self, key: u32) -> &mut Backlog {
        // What has a range of the batch stands in the list already.
        let queued = !self.runs[key as usize].is_empty();
        self.backlogs[key as usize].get_or_insert_with(|| Box::new(Backlog::new(queued)))
    }

    /// All ranges of the batch that wait for a key.
    fn runs_of(&self, key: u32) -> impl Iterator<Item = Run> + '_ {
        let backlog = self.backlogs[key as usize].iter();
        let earlier = backlog.flat_map(|backlog| &backlog.runs).copied();
        let runs = earlier.chain([self.runs[key as usize]]);
        runs.filter(|run| !run.is_empty())
    }

    fn flush_backlog(&mut self, key: u32, out: &mut dyn Write) -> Flushed {
        let Some(mut backlog) = self.backlogs[key as usize].take() else {
            return Flushed::All;
        };
        backlog.queued = false;
        let flushed = self.write_backlog(key, &mut backlog, out);
        if flushed == Flushed::All {
            return flushed;
        }
        if !self.runs[key as usize].is_empty() {
            self.left.push(key);
        }
        let go_on = flushed == Flushed::Some && !backlog.blocked;
        self.backlogs[key as usize] = Some(backlog);
        if go_on {
            self.mark(key);
        }
        flushed
    }

    fn write_backlog(&mut self, key: u32, backlog: &mut Backlog, out: &mut dyn Write) -> Flushed {
        if backlog.blocked {
            return Flushed::Some;
        }
        let run = &mut self.runs[key as usize];
        if backlog.is_written() && run.is_empty() {
            return self.write_piece(backlog, out);
        }
        // More than one call only for a receiver whose messages are in very many pieces.
        while !(backlog.blocked || backlog.is_written() && run.is_empty()) {
            let slices = backlog.slices(&self.segments, &self.batch, *run);
            let offered: usize = slices.iter().map(|slice| slice.len()).sum();
            self.writes += 1;
            let Ok(n) = write(out, &slices) else {
                return Flushed::Broken;
            };
            backlog.advance(n, run, &mut self.segments);
            backlog.blocked = n < offered;
            backlog.moved |= n > 0;
        }
        match backlog.is_written() && run.is_empty() && backlog.stream.is_none() {
            true => Flushed::All,
            false => Flushed::Some,
        }
    }
}

/// One call of `write`: how many bytes were taken, 0 when the socket is full.
fn write(out: &mut dyn Write, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    loop {
        let written = match slices {
            [only] => out.write(only),
            _ => out.write_vectored(slices),
        };
        match written {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(0),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            written => return written,
        }
    }
}

/// Bytes of a batch, far from the end of `u32`, also when it is appended to a segment.
const MAX_BATCH: usize = 1 << 31;
/// Words of members that are looked at before the first of them are written to.
const WORDS: usize = 4;
/// Keys of a list that is kept: a broadcast to all must not cost all of them four bytes for ever.
const KEEP_KEYS: usize = 1024;
/// A batch that grew beyond this gives its memory back.
const KEEP_CAPACITY: usize = 2 << 20;

#[cfg(test)]
mod tests;
