//! What was sent to whom, and what came of it. Messages are numbered; what a receiver gets is held
//! to what was sent to it: in order, each once, and missed only where that may be.

use std::collections::BTreeMap;
use std::fmt::Debug;

/// What may become of a message whose receiver is slow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It comes, or the receiver is closed.
    Must,
    /// It may be missed.
    Oldest,
    /// It may be missed for a later one of the same lot.
    Latest(String),
}

#[derive(Debug)]
pub(crate) struct Ledger<K> {
    receivers: BTreeMap<K, Receiver>,
    number: u64,
    /// What must come has all come before it that was not missed by then.
    strict: bool,
}

#[derive(Debug, Default)]
struct Receiver {
    sent: Vec<(u64, Fate)>,
    /// How many of these have come, or were missed.
    past: usize,
    missed: u64,
}

impl<K: Ord + Clone + Debug> Ledger<K> {
    pub(crate) fn new(strict: bool) -> Self {
        Self {
            receivers: BTreeMap::new(),
            number: 0,
            strict,
        }
    }

    /// The number of the next message.
    pub(crate) fn next(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    pub(crate) fn sent(&mut self, to: K, number: u64, fate: Fate) {
        let receiver = self.receivers.entry(to).or_default();
        receiver.sent.push((number, fate));
    }

    pub(crate) fn got(&mut self, who: &K, number: u64) {
        let receiver = self.receivers.entry(who.clone()).or_default();
        let mut ahead = receiver.sent[receiver.past..].iter();
        let Some(skipped) = ahead.position(|sent| sent.0 == number) else {
            panic!("{who:?} gets {number}: it was not sent, or has come, or is out of order");
        };
        let at = receiver.past + skipped;
        receiver.check_missed(who, at, self.strict);
        receiver.past = at + 1;
    }

    /// Everything has come that was sent and not missed rightly.
    pub(crate) fn check_whole(&mut self, who: &K) {
        if let Some(receiver) = self.receivers.get_mut(who) {
            let end = receiver.sent.len();
            receiver.check_missed(who, end, self.strict);
            receiver.past = end;
        }
    }

    /// How many messages somebody has missed.
    pub(crate) fn missed(&self, who: &K) -> u64 {
        self.receivers
            .get(who)
            .map_or(0, |receiver| receiver.missed)
    }
}

impl Receiver {
    /// What lies before this place and has not come may be missed.
    fn check_missed(&mut self, who: &impl Debug, end: usize, strict: bool) {
        for at in self.past..end {
            let (number, fate) = &self.sent[at];
            let mut later = self.sent[at + 1..]
                .iter()
                .map(|sent| &sent.1)
                .take_while(|fate| !strict || **fate != Fate::Must);
            let rightly = match fate {
                Fate::Must => false,
                Fate::Oldest => true,
                Fate::Latest(_) => later.any(|other| other == fate),
            };
            assert!(rightly, "{who:?} has missed {number} ({fate:?})");
            self.missed += 1;
        }
    }
}
