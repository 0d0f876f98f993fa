//! Which slot has this [`Sid`]: an open table of slots and nothing else.
//!
//! A `HashMap<Sid, u32>` takes up to 48 bytes for each connection; this takes at most 10, because
//! the names themselves stand with the members already. Names are random, so their own bytes place
//! them, and nobody can choose names that collide.

use crate::id::Sid;

/// A set of slots, found by the names that the caller looks up for them.
#[derive(Debug, Default)]
pub(crate) struct Sids {
    /// A power of two of places, at most seven eighths taken; searched from the name's place on.
    table: Vec<u32>,
    len: usize,
}

const FREE: u32 = u32::MAX;

impl Sids {
    /// Adds a slot whose name `name_of` already tells; the name must not be there yet.
    pub(crate) fn insert(&mut self, slot: u32, name_of: impl Fn(u32) -> Sid) {
        if (self.len + 1) * 8 > self.table.len() * 7 {
            self.resize(&name_of);
        }
        self.place(slot, name_of(slot));
        self.len += 1;
    }

    pub(crate) fn find(&self, name: Sid, name_of: impl Fn(u32) -> Sid) -> Option<u32> {
        self.locate(name, name_of).map(|at| self.table[at])
    }

    /// Removes a name, while `name_of` still tells the names of all.
    pub(crate) fn remove(&mut self, name: Sid, name_of: impl Fn(u32) -> Sid) {
        let Some(mut hole) = self.locate(name, &name_of) else {
            return;
        };
        self.len -= 1;
        // Moves back what stands behind, so that no search stops at the hole before its goal.
        let mut at = hole;
        loop {
            self.table[hole] = FREE;
            let moved = loop {
                at = (at + 1) & (self.table.len() - 1);
                let slot = self.table[at];
                if slot == FREE {
                    return;
                }
                let home = self.home(name_of(slot));
                if self.distance(home, at) >= self.distance(hole, at) {
                    break slot;
                }
            };
            self.table[hole] = moved;
            hole = at;
        }
    }

    fn locate(&self, name: Sid, name_of: impl Fn(u32) -> Sid) -> Option<usize> {
        if self.table.is_empty() {
            return None;
        }
        let mut at = self.home(name);
        while self.table[at] != FREE {
            if name_of(self.table[at]) == name {
                return Some(at);
            }
            at = (at + 1) & (self.table.len() - 1);
        }
        None
    }

    fn resize(&mut self, name_of: impl Fn(u32) -> Sid) {
        let wider = vec![FREE; (self.table.len() * 2).max(8)];
        let slots = std::mem::replace(&mut self.table, wider);
        for slot in slots.into_iter().filter(|slot| *slot != FREE) {
            self.place(slot, name_of(slot));
        }
    }

    fn place(&mut self, slot: u32, name: Sid) {
        let mut at = self.home(name);
        while self.table[at] != FREE {
            at = (at + 1) & (self.table.len() - 1);
        }
        self.table[at] = slot;
    }

    fn home(&self, name: Sid) -> usize {
        name.hash() as usize & (self.table.len() - 1)
    }

    /// Places from one to another, going forward and around.
    fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & (self.table.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

    #[test]
    fn a_table_with_crowded_names_finds_what_a_map_finds() {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        // Few first bytes, so that most names want the same places.
        let names: Vec<Sid> = (0..200)
            .map(|n| {
                Sid::new(
                    [[n as u8 % 3; 8].as_slice(), &[n as u8; 7]]
                        .concat()
                        .try_into()
                        .unwrap(),
                )
            })
            .collect();
        let name_of = |slot: u32| names[slot as usize];
        let mut sids = Sids::default();
        let mut model = std::collections::BTreeSet::new();
        for step in 0..20_000 {
            let slot = random.random_range(0..200);
            if model.insert(slot) {
                sids.insert(slot, name_of);
            } else {
                model.remove(&slot);
                sids.remove(name_of(slot), name_of);
            }
            let asked = random.random_range(0..200);
            let found = sids.find(name_of(asked), name_of);
            assert_eq!(
                found,
                model.contains(&asked).then_some(asked),
                "step {step}"
            );
        }
    }
}
