//! What all clients share: the clock, chance, the network, the ledger of what must come, and the
//! counts of what happened.

use std::collections::BTreeMap;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::ledger::Ledger;
use super::network::{Line, Network};

pub(super) struct Stage {
    /// Clients do what they like; otherwise they come to rest.
    pub(super) chaos: bool,
    pub(super) now: u64,
    pub(super) random: ChaCha8Rng,
    pub(super) network: Network,
    pub(super) ledger: Ledger,
    pub(super) counts: Counts,
}

/// How often things happened, by what they are called.
pub(super) type Counts = BTreeMap<String, usize>;

impl Stage {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            chaos: false,
            now: 0,
            random: ChaCha8Rng::seed_from_u64(seed),
            network: Network::default(),
            ledger: Ledger::default(),
            counts: Counts::new(),
        }
    }

    pub(super) fn count(&mut self, what: &str) {
        *self.counts.entry(what.to_owned()).or_default() += 1;
    }

    /// Whether something happens that does so in one of `n` cases.
    pub(super) fn one_in(&mut self, n: u32) -> bool {
        self.random.random_ratio(1, n)
    }

    pub(super) fn below(&mut self, n: usize) -> usize {
        self.random.random_range(0..n)
    }

    pub(super) fn pick<T: Clone>(&mut self, among: &[T]) -> T {
        among[self.below(among.len())].clone()
    }

    pub(super) fn write(&mut self, line: Line, bytes: &[u8]) {
        self.network.write(line, bytes, self.now, &mut self.random);
    }

    pub(super) fn close(&mut self, line: Line) {
        self.network.close(line, self.now + 1);
    }

    /// Closes a connection some time after everything was written to it.
    pub(super) fn close_later(&mut self, line: Line) {
        let time = self.now + self.random.random_range(1..300);
        self.network.close(line, time);
    }
}
