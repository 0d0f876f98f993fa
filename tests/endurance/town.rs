//! The course of events: crowds that come and go, two of them at a time, and strangers between.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use crate::client::Kind;
use crate::crowd::Crowd;
use crate::stranger;

/// All that clients do, by a seed.
pub(crate) struct Town {
    port: u16,
    random: ChaCha8Rng,
    /// How many crowds there have been.
    crowds: u64,
    /// How many clients went in which manner.
    tally: BTreeMap<String, u64>,
}

impl Town {
    pub(crate) fn new(port: u16, seed: u64) -> Self {
        let random = ChaCha8Rng::seed_from_u64(seed);
        Self {
            port,
            random,
            crowds: 0,
            tally: BTreeMap::new(),
        }
    }

    /// So many connections come, these many messages arrive, evenly over the time, and all go.
    pub(crate) fn live(&mut self, connections: u64, deliveries: u64) {
        let rounds = connections.div_ceil(ROUND);
        let (mut heard, mut older) = (0, None);
        for round in 1..=rounds {
            let mut newer = self.arrive();
            while heard * rounds < deliveries * round {
                heard += newer.talk(&mut self.random);
                let older = older.as_mut();
                heard += older.map_or(0, |older: &mut Crowd| older.talk(&mut self.random));
            }
            if let Some(older) = older.replace(newer) {
                older.disperse(&mut self.random);
            }
        }
        if let Some(last) = older {
            last.disperse(&mut self.random);
        }
    }

    /// How many clients went in which manner, in words.
    pub(crate) fn tally(&self) -> String {
        let tally = self.tally.iter();
        let parts: Vec<_> = tally
            .map(|(manner, count)| format!("{manner} {count}"))
            .collect();
        parts.join(", ")
    }

    /// A crowd comes, and some strangers who are gone again.
    fn arrive(&mut self) -> Crowd {
        self.crowds += 1;
        let addr = self.addr();
        let kinds: Vec<_> = KINDS
            .iter()
            .flat_map(|(kind, count)| vec![*kind; *count])
            .collect();
        let crowd = Crowd::gather(self.crowds, &kinds, addr, &mut self.random);
        for manner in crowd.manners() {
            *self.tally.entry(format!("{manner:?}")).or_default() += 1;
        }
        for _ in kinds.len()..ROUND as usize {
            stranger::visit(addr, &mut self.random);
            *self.tally.entry("Stranger".to_owned()).or_default() += 1;
        }
        crowd
    }

    /// One of some addresses of the server: between two addresses there are not enough ports for
    /// all the connections that the kernel remembers for a minute.
    fn addr(&self) -> SocketAddr {
        let last = 1 + self.crowds % 16;
        SocketAddr::from(([127, 0, 0, last as u8], self.port))
    }
}

/// Connections that come together.
const ROUND: u64 = 100;
/// Those of them that are clients of the chat.
const KINDS: [(Kind, usize); 3] = [(Kind::Plain, 50), (Kind::SocketIo, 30), (Kind::Polling, 10)];
