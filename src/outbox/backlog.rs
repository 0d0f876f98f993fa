//! What one slow receiver has not taken yet, and the memory that all of them share.

use std::collections::VecDeque;
use std::io::IoSlice;

use slab::Slab;

use super::{Outboxes, Run};
use crate::http::Stream;

/// What waits for one receiver besides its last range of the batch, in the order of sending.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    /// Left over from earlier turns.
    ranges: VecDeque<Range>,
    /// Ranges of the batch of this turn, before the one in `Outboxes::runs`.
    pub(super) runs: Vec<Run>,
    /// A body that goes behind all this.
    pub(super) stream: Option<Stream>,
    /// The socket was full; it will say when it takes bytes again.
    pub(super) blocked: bool,
    /// The socket has taken something since that was last asked.
    pub(super) moved: bool,
    /// When it was known to have taken something.
    pub(super) since: u64,
    /// It stands in the list of those to be flushed.
    pub(super) queued: bool,
    /// Bytes in `ranges`.
    pub(super) len: usize,
}

/// A range of a segment.
#[derive(Clone, Copy, Debug)]
struct Range {
    segment: u32,
    start: u32,
    end: u32,
}

/// A part of a batch and where it was copied to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    run: Run,
    segment: u32,
    /// Added to a position in the batch it gives that in the segment.
    shift: u32,
}

/// Bytes that slow receivers share, each a log that grows until it is large enough.
#[derive(Debug, Default)]
pub(crate) struct Segments {
    all: Slab<Segment>,
    /// The one that still grows.
    open: Option<u32>,
    bytes: usize,
    /// Ranges of all receivers. Of short messages that lie among those for others they take more
    /// than the messages, and they are not shared.
    ranges: usize,
}

#[derive(Debug)]
struct Segment {
    bytes: Vec<u8>,
    /// Ranges that refer to it.
    ranges: u32,
}

impl Backlog {
    pub(super) fn new(queued: bool) -> Self {
        Self {
            queued,
            moved: true,
            ..Self::default()
        }
    }

    /// Turns what is left of the batch into ranges of the segments that hold its `parts` now.
    pub(super) fn keep(&mut self, last: Run, parts: &[Part], segments: &mut Segments) {
        let runs = std::mem::take(&mut self.runs);
        for run in runs.into_iter().chain([last]).filter(|run| !run.is_empty()) {
            let behind = parts.partition_point(|part| part.run.start <= run.start);
            let Part { segment, shift, .. } = parts[behind - 1];
            let (start, end) = (run.start.wrapping_add(shift), run.end.wrapping_add(shift));
            self.push(
                Range {
                    segment,
                    start,
                    end,
                },
                segments,
            );
        }
    }

    /// Keeps bytes that nobody shares.
    pub(super) fn keep_bytes(&mut self, bytes: &[u8], segments: &mut Segments) {
        let (segment, start) = segments.append(bytes);
        let end = start + bytes.len() as u32;
        self.push(
            Range {
                segment,
                start,
                end,
            },
            segments,
        );
    }

    fn push(&mut self, range: Range, segments: &mut Segments) {
        self.len += range.len();
        match self.ranges.back_mut() {
            Some(last) if last.segment == range.segment && last.end == range.start => {
                last.end = range.end
            }
            _ => {
                segments.hold(range.segment);
                self.ranges.push_back(range);
            }
        }
    }

    /// Whether nothing but a stream waits here.
    pub(super) fn is_written(&self) -> bool {
        self.ranges.is_empty() && self.runs.is_empty()
    }

    /// What to write next, in order.
    pub(super) fn slices<'a>(
        &self,
        segments: &'a Segments,
        batch: &'a [u8],
        last: Run,
    ) -> Vec<IoSlice<'a>> {
        let kept = self.ranges.iter().map(|range| segments.slice(*range));
        let runs = self
            .runs
            .iter()
            .copied()
            .chain([last])
            .filter(|run| !run.is_empty());
        kept.chain(runs.map(|run| &batch[run.range()]))
            .take(MAX_SLICES)
            .map(IoSlice::new)
            .collect()
    }

    /// Forgets `n` bytes that were written; `last` is the range behind all runs.
    pub(super) fn advance(&mut self, mut n: usize, last: &mut Run, segments: &mut Segments) {
        while let Some(range) = self.ranges.front_mut() {
            let taken = n.min(range.len());
            range.start += taken as u32;
            self.len -= taken;
            n -= taken;
            if range.len() > 0 {
                return;
            }
            segments.release(range.segment);
            self.ranges.pop_front();
        }
        let mut written = 0;
        for run in self.runs.iter_mut().chain([last]) {
            let taken = n.min(run.len());
            run.start += taken as u32;
            n -= taken;
            written += usize::from(run.is_empty());
        }
        self.runs.drain(..written.min(self.runs.len()));
    }

    /// Gives up all ranges.
    pub(super) fn release(self, segments: &mut Segments) {
        for range in self.ranges {
            segments.release(range.segment);
        }
    }
}

impl Outboxes {
    /// Notes the time, if the socket has taken something; whether it has.
    pub(crate) fn note_progress(&mut self, key: u32, now: u64) -> bool {
        let Some(backlog) = &mut self.backlogs[key as usize] else {
            return false;
        };
        let moved = std::mem::take(&mut backlog.moved);
        if moved {
            backlog.since = now;
        }
        moved
    }

    /// Bytes that all backlogs together take, with what is remembered of who waits for which.
    pub(crate) fn memory(&self) -> usize {
        self.pinned() + self.segments.ranges * size_of::<Range>()
    }

    /// Bytes in memory that wait for a key.
    pub(crate) fn held(&self, key: u32) -> usize {
        let backlog = self.backlogs[key as usize].as_ref();
        let stream = backlog.and_then(|backlog| backlog.stream.as_ref());
        let ranges = backlog.map_or(0, |backlog| backlog.ranges.len() * size_of::<Range>());
        let body = stream.map_or(0, |stream| stream.held);
        self.backlog(key) + ranges + self.loose(key) + body
    }

    /// Since when a socket takes nothing, if it is full.
    pub(crate) fn stuck_since(&self, key: u32) -> Option<u64> {
        let backlog = self.backlogs[key as usize].as_ref();
        backlog
            .filter(|backlog| backlog.blocked)
            .map(|backlog| backlog.since)
    }
}

impl Segments {
    /// Bytes that are kept in memory.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Copies what `runs` hold of the batch, each byte once and none between them. The parts are in
    /// the order of the batch, and the caller makes ranges of all of them at once.
    pub(super) fn copy(&mut self, batch: &[u8], mut runs: Vec<Run>) -> Vec<Part> {
        runs.sort_unstable_by_key(|run| run.start);
        let mut joined: Vec<Run> = Vec::new();
        for run in runs {
            match joined.last_mut() {
                Some(last) if run.start <= last.end => last.end = last.end.max(run.end),
                _ => joined.push(run),
            }
        }
        let copied = joined.into_iter().map(|run| {
            let (segment, start) = self.append(&batch[run.range()]);
            let shift = start.wrapping_sub(run.start);
            Part {
                run,
                segment,
                shift,
            }
        });
        copied.collect()
    }

    /// Appends bytes and tells where they stand. The caller makes a range of them at once.
    pub(super) fn append(&mut self, bytes: &[u8]) -> (u32, u32) {
        let open = self
            .open
            .filter(|open| self.all[*open as usize].bytes.len() < SEGMENT);
        let key = open.unwrap_or_else(|| {
            self.all.insert(Segment {
                bytes: Vec::new(),
                ranges: 0,
            }) as u32
        });
        self.open = Some(key);
        let segment = &mut self.all[key as usize];
        let start = segment.bytes.len() as u32;
        segment.bytes.extend_from_slice(bytes);
        self.bytes += bytes.len();
        (key, start)
    }

    fn slice(&self, range: Range) -> &[u8] {
        &self.all[range.segment as usize].bytes[range.start as usize..range.end as usize]
    }

    fn hold(&mut self, key: u32) {
        self.all[key as usize].ranges += 1;
        self.ranges += 1;
    }

    fn release(&mut self, key: u32) {
        self.ranges -= 1;
        let segment = &mut self.all[key as usize];
        segment.ranges -= 1;
        if segment.ranges == 0 {
            self.bytes -= segment.bytes.len();
            self.all.remove(key as usize);
            self.open = self.open.filter(|open| *open != key);
        }
    }
}

impl Range {
    fn len(self) -> usize {
        (self.end - self.start) as usize
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stream({} bytes)", self.left)
    }
}

/// Slices in one call of `writev`; more than this is no faster.
const MAX_SLICES: usize = 64;
/// Bytes from which on a segment grows no more: small enough to be given back soon, large enough
/// that neighbouring leftovers join to one range.
const SEGMENT: usize = 256 * 1024;
