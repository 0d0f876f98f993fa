//! One wheel for the deadlines of all connections.
//!
//! A deadline is a number. Moving it further away, which every message does, writes that number
//! and nothing else: the one entry of the connection fires early, finds the new number and files
//! itself again. Only a deadline that comes nearer is filed anew at once. Time is counted in ticks
//! of 4 ms that wrap around, which is why they are compared by their difference.

use crate::table;

/// Milliseconds in a tick: how late a deadline can be noticed.
const TICK: u64 = 4;

const SLOTS: usize = 4096;
const NONE: u32 = u32::MAX;

/// Deadlines by key; 16 bytes for each key up to the highest ever used, and 17 KiB.
#[derive(Debug)]
pub struct Wheel {
    /// The first entry of each slot's list.
    heads: Vec<u32>,
    /// A bit for each slot whose list is not empty.
    taken: [u64; SLOTS / 64],
    entries: Vec<Entry>,
    /// The tick up to which all has been expired.
    now: u32,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    prev: u32,
    next: u32,
    deadline: u32,
    /// The slot in whose list it stands, or none.
    slot: u32,
}

impl Wheel {
    /// Makes an empty wheel whose clock stands at `now`, in milliseconds.
    pub fn new(now: u64) -> Self {
        let heads = vec![NONE; SLOTS];
        Self {
            heads,
            taken: [0; SLOTS / 64],
            entries: Vec::new(),
            now: tick(now),
        }
    }

    /// Sets the deadline of a key: a time in milliseconds on the clock of [`Wheel::expire`].
    pub fn set(&mut self, key: u32, deadline: u64) {
        // Rounded up: never early.
        let deadline = tick(deadline + TICK - 1);
        table::fit(&mut self.entries, key as usize, || Entry {
            prev: NONE,
            next: NONE,
            deadline: 0,
            slot: NONE,
        });
        let entry = &mut self.entries[key as usize];
        let nearer =
            entry.slot == NONE || ahead(self.now, deadline) < ahead(self.now, entry.deadline);
        entry.deadline = deadline;
        if nearer {
            self.unlink(key);
            self.link(key);
        }
    }

    /// Forgets the deadline of a key.
    pub fn clear(&mut self, key: u32) {
        if (key as usize) < self.entries.len() {
            self.unlink(key);
        }
    }

    /// Moves the clock on and appends the keys whose deadline has passed; each is forgotten.
    pub fn expire(&mut self, now: u64, due: &mut Vec<u32>) {
        let steps = ahead(self.now, tick(now));
        // A turn of the wheel visits every slot; more would visit them twice.
        for step in 1..=steps.min(SLOTS as u32) {
            self.visit(self.now.wrapping_add(step) as usize % SLOTS, tick(now), due);
        }
        self.now = tick(now);
    }

    /// Milliseconds from the last [`Wheel::expire`] until something may be due; none when nothing is filed.
    pub fn next(&self) -> Option<u64> {
        let start = self.now as usize + 1;
        // The first word is looked at twice: from its middle at first, up to it at last.
        (0..=SLOTS / 64).find_map(|n| {
            let word = (start / 64 + n) % (SLOTS / 64);
            let from = if n == 0 { start % 64 } else { 0 };
            let bits = self.taken[word] >> from << from;
            (bits != 0).then(|| {
                let slot = word * 64 + bits.trailing_zeros() as usize;
                let ticks = (slot + SLOTS - start % SLOTS) % SLOTS + 1;
                ticks as u64 * TICK
            })
        })
    }

    fn visit(&mut self, slot: usize, now: u32, due: &mut Vec<u32>) {
        let mut key = self.heads[slot];
        while key != NONE {
            let Entry { next, deadline, .. } = self.entries[key as usize];
            self.unlink(key);
            match ahead(now, deadline) {
                0 => due.push(key),
                _ => self.link_after(key, now),
            }
            key = next;
        }
    }

    fn link(&mut self, key: u32) {
        self.link_after(key, self.now);
    }

    /// Files a key where it will be visited next: at its deadline, or as late as one turn allows.
    fn link_after(&mut self, key: u32, now: u32) {
        let ticks = ahead(now, self.entries[key as usize].deadline).clamp(1, SLOTS as u32 - 1);
        let slot = now.wrapping_add(ticks) as usize % SLOTS;
        let next = std::mem::replace(&mut self.heads[slot], key);
        self.taken[slot / 64] |= 1 << (slot % 64);
        let entry = &mut self.entries[key as usize];
        (entry.prev, entry.next, entry.slot) = (NONE, next, slot as u32);
        if next != NONE {
            self.entries[next as usize].prev = key;
        }
    }

    fn unlink(&mut self, key: u32) {
        let Entry {
            prev, next, slot, ..
        } = self.entries[key as usize];
        if slot == NONE {
            return;
        }
        self.entries[key as usize].slot = NONE;
        match prev {
            NONE => self.heads[slot as usize] = next,
            _ => self.entries[prev as usize].next = next,
        }
        if next != NONE {
            self.entries[next as usize].prev = prev;
        }
        if self.heads[slot as usize] == NONE {
            self.taken[slot as usize / 64] &= !(1 << (slot % 64));
        }
    }
}

fn tick(milliseconds: u64) -> u32 {
    (milliseconds / TICK) as u32
}

/// Ticks from `now` to a later tick; 0 for one that has passed.
fn ahead(now: u32, tick: u32) -> u32 {
    let ticks = tick.wrapping_sub(now);
    if ticks < u32::MAX / 2 { ticks } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};
    use std::collections::BTreeMap;

    /// Runs random deadlines against a plain map, beginning at a time; checks that none is early,
    /// none later than a tick, and that `next` never sleeps through one.
    fn check(start: u64) {
        let mut random = ChaCha8Rng::seed_from_u64(start);
        let (mut wheel, mut model) = (Wheel::new(start), BTreeMap::new());
        let mut now = start;
        for step in 0..30_000 {
            let key = random.random_range(0..50);
            if random.random_ratio(1, 8) {
                wheel.clear(key);
                model.remove(&key);
            } else if random.random() {
                let deadline = now + random.random_range(0..[100, 60_000][step % 2]);
                wheel.set(key, deadline);
                model.insert(key, deadline);
            }
            let sleep = wheel.next();
            assert_eq!(sleep.is_some(), !model.is_empty(), "step {step}");
            let nearest = model.values().min().copied().unwrap_or(u64::MAX);
            assert!(
                sleep.is_none_or(|ms| now + ms < nearest.max(now) + 2 * TICK),
                "step {step}"
            );
            now += random.random_range(0..[20, 40_000][usize::from(step % 50 == 0)]);
            let mut due = Vec::new();
            wheel.expire(now, &mut due);
            for key in &due {
                assert!(
                    model.remove(key).is_some_and(|deadline| deadline <= now),
                    "step {step}: early"
                );
            }
            assert!(
                model.values().all(|deadline| *deadline + 2 * TICK > now),
                "step {step}: late"
            );
        }
    }

    #[test]
    fn deadlines_are_never_early_and_at_most_a_tick_late() {
        check(0);
    }

    #[test]
    fn the_clock_wraps_around_without_harm() {
        check(TICK * u64::from(u32::MAX) - 1_000_000);
    }
}
