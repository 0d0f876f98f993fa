//! What waits for polls: each packet once, whatever the number of clients that it waits for.
//!
//! Packets lie one behind the other in segments, and a queue is ranges of them, as in the backlogs
//! of the core: a thousand clients of a busy room whose polls do not come hold its packets once.
//! A segment lives as long as a range of it does.

use std::collections::VecDeque;
use std::mem;

use slab::Slab;

use super::session::Frame;
use crate::{Hub, Lot, Weight};

/// The packets of all queues.
#[derive(Debug, Default)]
pub(super) struct Packets {
    segments: Slab<Segment>,
    /// The one that still grows.
    open: Option<u32>,
    /// Bytes that all of it takes; made with the first packet.
    weight: Option<Weight>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Segment {
    frames: Vec<Frame>,
    bytes: usize,
    /// Ranges that refer to it.
    ranges: u32,
}

/// Packets one behind the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    segment: u32,
    start: u32,
    end: u32,
    /// Set for those that may be dropped.
    pub(super) lot: Option<Lot>,
}

/// What waits for one client, in the order of sending.
#[derive(Debug, Default)]
pub(super) struct Queue {
    ranges: VecDeque<Range>,
    /// Bytes of its packets.
    bytes: usize,
}

impl Packets {
    /// Adds an event, which is a text and its attachments. The caller queues it for somebody at once.
    pub(super) fn add(&mut self, hub: &Hub, frames: &[Frame], lot: Option<Lot>) -> Range {
        let open = self
            .open
            .filter(|open| self.segments[*open as usize].bytes < SEGMENT);
        let key = open.unwrap_or_else(|| self.segments.insert(Segment::default()) as u32);
        self.open = Some(key);
        let segment = &mut self.segments[key as usize];
        let start = segment.frames.len() as u32;
        segment.frames.extend_from_slice(frames);
        let bytes: usize = frames.iter().map(cost).sum();
        segment.bytes += bytes;
        self.weight.get_or_insert_with(|| hub.weigh(0));
        self.grow(bytes as isize);
        Range {
            segment: key,
            start,
            end: start + frames.len() as u32,
            lot,
        }
    }

    /// Bytes that all packets take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn frame(&self, segment: u32, at: u32) -> &Frame {
        &self.segments[segment as usize].frames[at as usize]
    }

    pub(super) fn len_of(&self, range: Range) -> usize {
        let frames = &self.segments[range.segment as usize].frames;
        let frames = &frames[range.start as usize..range.end as usize];
        frames.iter().map(Frame::len).sum()
    }

    fn hold(&mut self, segment: u32) {
        self.segments[segment as usize].ranges += 1;
        self.grow(size_of::<Range>() as isize);
    }

    fn release(&mut self, segment: u32) {
        self.grow(-(size_of::<Range>() as isize));
        let held = &mut self.segments[segment as usize];
        held.ranges -= 1;
        if held.ranges == 0 {
            let bytes = held.bytes;
            self.segments.remove(segment as usize);
            self.grow(-(bytes as isize));
            self.open = self.open.filter(|open| *open != segment);
        }
    }

    fn grow(&mut self, bytes: isize) {
        self.bytes = self.bytes.wrapping_add_signed(bytes);
        if let Some(weight) = &mut self.weight {
            weight.set(self.bytes);
        }
    }
}

impl Queue {
    pub(super) const fn new() -> Self {
        Self {
            ranges: VecDeque::new(),
            bytes: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Bytes of its packets.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Appends an event; for one of a lot others may be dropped, so that no more than half of `limit`
    /// waits. Says how many those are.
    pub(super) fn push_within(
        &mut self,
        range: Range,
        limit: usize,
        packets: &mut Packets,
    ) -> usize {
        // Nobody else may hold where it is, when what is dropped was all that did.
        packets.hold(range.segment);
        let len = packets.len_of(range);
        let dropped = match range.lot {
            Some(lot) if self.bytes + len > limit / 2 => {
                self.make_room(lot, (limit / 2).saturating_sub(len), packets)
            }
            _ => 0,
        };
        self.push(range, packets);
        packets.release(range.segment);
        dropped
    }

    /// Appends packets.
    fn push(&mut self, range: Range, packets: &mut Packets) {
        self.bytes += packets.len_of(range);
        match self.ranges.back_mut() {
            Some(last) if last.is_before(range) => last.end = range.end,
            _ => {
                packets.hold(range.segment);
                self.ranges.push_back(range);
            }
        }
    }

    /// Puts packets before all others.
    pub(super) fn push_first(&mut self, range: Range, packets: &mut Packets) {
        self.bytes += packets.len_of(range);
        packets.hold(range.segment);
        self.ranges.push_front(range);
    }

    /// Takes so many packets from the front.
    pub(super) fn take(&mut self, count: usize, packets: &mut Packets) -> Vec<Frame> {
        let mut taken = Vec::new();
        while taken.len() < count {
            let Some(range) = self.ranges.front_mut() else {
                break;
            };
            taken.push(packets.frame(range.segment, range.start).clone());
            range.start += 1;
            if range.is_empty() {
                packets.release(range.segment);
                self.ranges.pop_front();
            }
        }
        self.bytes -= taken.iter().map(Frame::len).sum::<usize>();
        if self.ranges.is_empty() {
            self.ranges = VecDeque::new();
        }
        taken
    }

    /// Makes room for one of a lot, down to so many bytes if that can be: of those that may be
    /// dropped the ones go that it takes the place of, then the oldest that are not the latest of their topics.
    /// Says how many went.
    fn make_room(&mut self, lot: Lot, limit: usize, packets: &mut Packets) -> usize {
        let replaced = |range: Range, _| range.lot == Some(lot) && lot.keeps_latest();
        let old =
            |range: Range, bytes| bytes > limit && range.lot.is_some_and(|lot| !lot.keeps_latest());
        self.drop_where(replaced, packets) + self.drop_where(old, packets)
    }

    /// Drops events of ranges from the front on, as long as that is to be with so many bytes left.
    fn drop_where(&mut self, goes: impl Fn(Range, usize) -> bool, packets: &mut Packets) -> usize {
        let (mut dropped, mut at) = (0, 0);
        while let Some(range) = self.ranges.get(at).copied() {
            match goes(range, self.bytes) && self.drop_first(at, packets) {
                true => dropped += 1,
                false => at += 1,
            }
        }
        dropped
    }

    /// Drops the first event of a range; `false` if none of it begins there.
    fn drop_first(&mut self, at: usize, packets: &mut Packets) -> bool {
        let range = self.ranges[at];
        let is_text = |n: &u32| matches!(packets.frame(range.segment, *n), Frame::Text(_));
        // Attachments whose text is on its way already must follow it.
        let Some(first) = (range.start..range.end).find(is_text) else {
            return false;
        };
        let next = (first + 1..range.end).find(is_text).unwrap_or(range.end);
        let (before, gone, behind) = (
            Range {
                end: first,
                ..range
            },
            Range {
                start: first,
                end: next,
                ..range
            },
            Range {
                start: next,
                ..range
            },
        );
        self.bytes -= packets.len_of(gone);
        let left = [before, behind]
            .into_iter()
            .filter(|range| !range.is_empty());
        let left: Vec<_> = left.inspect(|range| packets.hold(range.segment)).collect();
        packets.release(range.segment);
        self.ranges.remove(at);
        for range in left.into_iter().rev() {
            self.ranges.insert(at, range);
        }
        true
    }

    /// Takes all there is.
    pub(super) fn take_all(mut self, packets: &mut Packets) -> Vec<Frame> {
        self.take(usize::MAX, packets)
    }

    /// Forgets all.
    pub(super) fn clear(&mut self, packets: &mut Packets) {
        for range in mem::take(self).ranges {
            packets.release(range.segment);
        }
    }
}

impl Range {
    fn is_empty(self) -> bool {
        self.start == self.end
    }

    fn is_before(self, next: Self) -> bool {
        self.segment == next.segment && self.end == next.start && self.lot == next.lot
    }
}

/// Bytes that a packet takes.
fn cost(frame: &Frame) -> usize {
    frame.len() + OVERHEAD
}

/// Bytes that a packet takes beside its own.
pub(super) const OVERHEAD: usize = 64;
/// Bytes from which on a segment grows no more.
const SEGMENT: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Policy, Sim};

    #[test]
    fn attachments_whose_text_is_on_its_way_are_not_dropped() {
        let (mut sim, mut packets) = (Sim::new(Config::default()), Packets::default());
        let lot = Policy::DropOldest.lot("busy", "");
        let [text, part] = [Frame::Text("x".into()), Frame::Binary([1][..].into())];
        let event = [text, part.clone(), part];
        let mut queue = Queue::new();
        for _ in 0..3 {
            queue.push(packets.add(sim.hub(), &event, lot), &mut packets);
        }
        assert_eq!(queue.take(2, &mut packets).len(), 2);
        assert_eq!(queue.make_room(lot.unwrap(), 4, &mut packets), 1);
        assert_eq!(queue.make_room(lot.unwrap(), 0, &mut packets), 1);
        let left = queue.take_all(&mut packets);
        assert!(matches!(left[..], [Frame::Binary(_)]), "{left:?}");
        assert_eq!(packets.bytes(), 0);
    }
}
