//! The members of a room as bits: 64 slots to a word, the words that are not empty in their order.
//!
//! Walking a room is the hot loop of a fan-out, and slots of connections that came one after the
//! other lie beside each other: so a word has many of them, and what is written for them does, too.
//! A thousand neighbours take 256 bytes; one that is far from all others takes 16.

/// Slots, each at most once.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Members {
    /// The number of the word and its bits, of which one is set at least; sorted.
    words: Vec<(u32, u64)>,
    len: u32,
}

impl Members {
    pub(crate) fn len(&self) -> usize {
        self.len as usize
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn contains(&self, slot: u32) -> bool {
        let (word, bit) = place(slot);
        self.find(word).is_ok_and(|at| self.words[at].1 & bit != 0)
    }

    /// Adds a slot that is not there yet.
    pub(crate) fn insert(&mut self, slot: u32) {
        let (word, bit) = place(slot);
        match self.find(word) {
            Ok(at) => self.words[at].1 |= bit,
            Err(at) => self.words.insert(at, (word, bit)),
        }
        self.len += 1;
    }

    /// Takes out a slot that is there.
    pub(super) fn remove(&mut self, slot: u32) {
        let (word, bit) = place(slot);
        let Ok(at) = self.find(word) else { return };
        self.words[at].1 &= !bit;
        self.len -= 1;
        if self.words[at].1 == 0 {
            self.words.remove(at);
            // A room that was full once does not keep its size for the few that stayed.
            if self.words.len() < self.words.capacity() / 4 {
                self.words.shrink_to(self.words.len() * 2);
            }
        }
    }

    /// Becomes the same as another one, in the memory it has.
    pub(crate) fn copy(&mut self, other: &Self) {
        self.words.clone_from(&other.words);
        self.len = other.len;
    }

    /// Takes out all in the first so many words.
    pub(crate) fn forget(&mut self, words: usize) {
        let words = words.min(self.words.len());
        let gone = self.words.drain(..words);
        self.len -= gone.map(|(_, bits)| bits.count_ones()).sum::<u32>();
    }

    /// Calls for each, the lowest first.
    #[inline]
    pub(crate) fn for_each(&self, visit: impl FnMut(u32)) {
        self.for_each_of(usize::MAX, visit);
    }

    /// Calls for each in the first so many words, the lowest first.
    #[inline]
    pub(crate) fn for_each_of(&self, words: usize, mut visit: impl FnMut(u32)) {
        for &(word, mut bits) in self.words.iter().take(words) {
            while bits != 0 {
                visit(word * u64::BITS + bits.trailing_zeros());
                bits &= bits - 1;
            }
        }
    }

    fn find(&self, word: u32) -> Result<usize, usize> {
        self.words.binary_search_by_key(&word, |entry| entry.0)
    }
}

/// Where the bit of a slot is: in which word, and which of it.
fn place(slot: u32) -> (u32, u64) {
    (slot / u64::BITS, 1 << (slot % u64::BITS))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::rngs::ChaCha8Rng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    #[test]
    fn they_are_those_of_a_set_and_in_its_order() {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let (mut members, mut model) = (Members::default(), BTreeSet::new());
        for step in 0..20_000 {
            let most = [64, 300, u32::MAX][step / 2500 % 3];
            let slot = random.random_range(0..most);
            assert_eq!(members.contains(slot), model.contains(&slot));
            match model.remove(&slot) {
                true => members.remove(slot),
                false => {
                    model.insert(slot);
                    members.insert(slot);
                }
            }
            let gone = model.iter().next().copied().filter(|_| step % 3 == 0);
            if let Some(gone) = gone {
                model.remove(&gone);
                members.remove(gone);
            }
            assert_eq!(members.len(), model.len());
        }
        let mut walked = Vec::new();
        members.for_each(|slot| walked.push(slot));
        assert_eq!(walked, model.iter().copied().collect::<Vec<_>>());
        model.iter().for_each(|slot| members.remove(*slot));
        assert!(members.is_empty() && members.words.capacity() < 16);
    }
}
