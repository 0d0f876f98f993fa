//! Messages that wait for slow receivers and may be dropped: apart from the backlogs, since what is
//! in these goes out whatever happens.
//!
//! Each is copied out of the batch once, for all who wait for it. When all that is before it has
//! been written it goes into a batch again, and so it does when something follows that must not be
//! dropped: the order stays.

use std::collections::{BTreeMap, HashMap, VecDeque};

use slab::Slab;

use super::{Outboxes, Run};
use crate::policy::Lot;

/// All messages that wait so.
#[derive(Debug, Default)]
pub(crate) struct Loose {
    /// By key; none is empty.
    queues: HashMap<u32, Queue>,
    messages: Slab<Message>,
    /// Where a range of this batch was copied to, by its start.
    copies: HashMap<u32, u32>,
    /// Bytes of `messages` and of `queues`.
    bytes: usize,
    /// Keys that have taken all that was before.
    ready: Vec<u32>,
    /// Messages that were dropped so far, each counted for each receiver.
    pub(super) dropped: u64,
}

/// What waits for one receiver.
#[derive(Debug, Default)]
struct Queue {
    /// By number, so in the order of sending.
    entries: BTreeMap<u64, (u32, Lot)>,
    /// The number of the one that waits of each lot of which the latest is kept.
    latest: HashMap<Lot, u64>,
    /// The numbers of all others: whether taken or dropped, the first of them goes first.
    others: VecDeque<u64>,
    /// The number of the next.
    next: u64,
    /// Bytes of its messages.
    bytes: usize,
}

#[derive(Debug)]
struct Message {
    bytes: Box<[u8]>,
    /// Where it was in the batch that it was copied from.
    start: u32,
    /// Queues that it is in.
    holders: u32,
    /// Where it is in the batch of this number.
    run: Option<(u32, Run)>,
}

impl Outboxes {
    /// Queues a message, which waits apart if it is of a lot and the receiver is slow.
    #[inline]
    pub(crate) fn send(&mut self, key: u32, run: Run, lot: Option<Lot>) {
        match self.sends_all(lot) {
            true => self.push(key, run),
            false => self.send_rarely(key, run, lot),
        }
    }

    /// Whether messages of a lot go to all who are to get them, whoever is slow.
    #[inline]
    pub(crate) fn sends_all(&self, lot: Option<Lot>) -> bool {
        lot.is_none() && self.loose.queues.is_empty()
    }

    #[inline(never)]
    fn send_rarely(&mut self, key: u32, run: Run, lot: Option<Lot>) {
        match lot {
            None => {
                // It must not be what has no room in the end.
                self.make_room(key, (self.limit / 2).saturating_sub(self.waiting(key)));
                self.commit(key, usize::MAX);
                self.push(key, run);
            }
            Some(lot) if self.is_slow(key) => self.hold(key, run, lot),
            Some(_) => self.push(key, run),
        }
    }

    /// Bytes that wait for a key and may be dropped.
    pub(crate) fn loose(&self, key: u32) -> usize {
        self.loose.queues.get(&key).map_or(0, |queue| queue.bytes)
    }

    /// Drops what may be dropped of a key; says how many bytes that was.
    pub(crate) fn forget_loose(&mut self, key: u32) -> usize {
        let bytes = self.loose(key);
        self.loose.close(key);
        bytes
    }

    /// Messages that were dropped so far.
    pub(crate) fn dropped(&self) -> u64 {
        self.loose.dropped
    }

    /// All is written for a key: what may be dropped goes into the next turn, if there is some.
    pub(crate) fn note_written(&mut self, key: u32) {
        if self.loose.queues.contains_key(&key) {
            self.loose.ready.push(key);
        }
    }

    /// Begins a turn with what waits for those who have taken all before it.
    pub(crate) fn go_on(&mut self) {
        for key in std::mem::take(&mut self.loose.ready) {
            self.commit(key, self.limit / 2);
        }
    }

    /// Whether somebody has taken all before what waits for it.
    pub(super) fn has_ready(&self) -> bool {
        !self.loose.ready.is_empty()
    }

    fn is_slow(&self, key: u32) -> bool {
        let backlog = self.backlogs[key as usize].as_ref();
        backlog.is_some_and(|backlog| backlog.blocked)
            || self.loose.queues.contains_key(&key)
            || self.exceeds(key, self.limit / 2)
    }

    fn hold(&mut self, key: u32, run: Run, lot: Lot) {
        let loose = &mut self.loose;
        if lot.keeps_latest() {
            loose.drop_lot(key, lot);
        }
        let message = *loose.copies.entry(run.start).or_insert_with(|| {
            let bytes = self.batch[run.range()].into();
            loose.bytes += run.len() + size_of::<Message>();
            loose.messages.insert(Message {
                bytes,
                start: run.start,
                holders: 0,
                run: None,
            }) as u32
        });
        loose.messages[message as usize].holders += 1;
        loose.bytes += ENTRY;
        let queue = loose.queues.entry(key).or_default();
        queue.bytes += run.len();
        queue.push(message, lot);
        self.make_room(key, self.limit / 2);
        // All that is left may be needed: it joins the backlog, and the limit of that decides.
        if self.loose(key) > self.limit {
            self.commit(key, usize::MAX);
        }
    }

    /// Drops the oldest down to so many bytes, but none that is the latest of its topic.
    fn make_room(&mut self, key: u32, bytes: usize) {
        let loose = &mut self.loose;
        while let Some(queue) = loose.queues.get(&key).filter(|queue| queue.bytes > bytes) {
            let Some(&oldest) = queue.others.front() else {
                return;
            };
            loose.take(key, oldest);
            loose.dropped += 1;
        }
    }

    /// Moves what waits into the batch, up to so many bytes that wait there then, or one message.
    fn commit(&mut self, key: u32, limit: usize) {
        let number = self.number;
        while let Some(queue) = self.loose.queues.get(&key) {
            let Some((&at, &(first, _))) = queue.entries.first_key_value() else {
                return;
            };
            let Message { bytes, run, .. } = &self.loose.messages[first as usize];
            let waiting = self.waiting(key);
            if waiting > 0 && waiting + bytes.len() > limit {
                return;
            }
            let known = run.filter(|run| run.0 == number).map(|run| run.1);
            let run = known.or_else(|| {
                let start = self.batch.len();
                let end = start + bytes.len();
                (end <= super::MAX_BATCH).then(|| {
                    self.batch.extend_from_slice(bytes);
                    Run {
                        start: start as u32,
                        end: end as u32,
                    }
                })
            });
            let Some(run) = run else {
                return self.loose.ready.push(key);
            };
            self.loose.messages[first as usize].run = Some((number, run));
            self.loose.take(key, at);
            self.push(key, run);
        }
    }
}

impl Loose {
    /// Bytes that all of it takes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The batch has ended, and all ranges of it.
    pub(super) fn seal(&mut self) {
        self.copies.clear();
    }

    /// Forgets what waits for a key.
    pub(super) fn close(&mut self, key: u32) {
        let queue = self.queues.get(&key);
        let all: Vec<_> = queue
            .into_iter()
            .flat_map(|queue| queue.entries.keys().copied())
            .collect();
        all.into_iter().for_each(|at| self.take(key, at));
    }

    /// Takes an entry out of a queue.
    fn take(&mut self, key: u32, at: u64) {
        let Some(queue) = self.queues.get_mut(&key) else {
            return;
        };
        let Some(message) = queue.remove(at) else {
            return;
        };
        let held = &mut self.messages[message as usize];
        queue.bytes -= held.bytes.len();
        held.holders -= 1;
        self.bytes -= ENTRY;
        if held.holders == 0 {
            self.bytes -= held.bytes.len() + size_of::<Message>();
            let start = held.start;
            self.messages.remove(message as usize);
            // The same range may be asked for again in this turn.
            if self.copies.get(&start) == Some(&message) {
                self.copies.remove(&start);
            }
        }
        if queue.entries.is_empty() {
            self.queues.remove(&key);
        }
    }

    /// Drops the one of a lot.
    fn drop_lot(&mut self, key: u32, lot: Lot) {
        let queue = self.queues.get(&key);
        if let Some(&at) = queue.and_then(|queue| queue.latest.get(&lot)) {
            self.take(key, at);
            self.dropped += 1;
        }
    }
}

impl Queue {
    fn push(&mut self, message: u32, lot: Lot) {
        let at = self.next;
        self.next += 1;
        self.entries.insert(at, (message, lot));
        match lot.keeps_latest() {
            true => _ = self.latest.insert(lot, at),
            false => self.others.push_back(at),
        }
    }

    fn remove(&mut self, at: u64) -> Option<u32> {
        let (message, lot) = self.entries.remove(&at)?;
        match lot.keeps_latest() {
            true => _ = self.latest.remove(&lot),
            false => _ = self.others.pop_front(),
        }
        Some(message)
    }
}

/// Bytes that a message takes in a queue, roughly: its place, and where that is found.
const ENTRY: usize = 64;
