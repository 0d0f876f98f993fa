//! What all clients share: the clock, chance, the network, the ledger of what must come, and the
//! counts of what happened.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::ledger::Ledger;
use super::network::{Cut, Line, Network};
use super::scale::Scale;
use crate::seeds::Counts;
use crate::sockets;

pub(super) struct Stage {
    /// Clients do what they like; otherwise they come to rest.
    pub(super) chaos: bool,
    /// On the clock of the clients; that of the server may have jumped ahead.
    pub(super) now: u64,
    pub(super) scale: Scale,
    pub(super) random: ChaCha8Rng,
    pub(super) network: Network,
    pub(super) ledger: Ledger,
    /// The application of the plain sockets.
    pub(super) plain: sockets::App,
    pub(super) counts: Counts,
}

impl Stage {
    pub(super) fn new(seed: u64, scale: Scale) -> Self {
        Self {
            chaos: false,
            now: 0,
            scale,
            random: ChaCha8Rng::seed_from_u64(seed),
            network: Network::default(),
            ledger: Ledger::default(),
            plain: sockets::App::default(),
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

    pub(super) fn cut(&mut self, line: Line, cut: Cut) {
        self.network.cut(line, cut, self.now, &mut self.random);
    }

    pub(super) fn close(&mut self, line: Line) {
        self.network.close(line, self.now + 1);
    }

    /// A client takes nothing on a connection for a while, then little, then all.
    pub(super) fn stall(&mut self, line: Line) {
        let (until, sips) = (self.now + 20 + self.below(400) as u64, self.below(12));
        self.network.stall(line, until, sips);
        self.count("stalls");
    }

    /// Closes a connection some time after everything was written to it.
    pub(super) fn close_later(&mut self, line: Line) {
        let time = self.now + self.random.random_range(1..300);
        self.network.close(line, time);
    }
}
