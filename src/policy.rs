//! What becomes of messages that a slow receiver does not take: one rule for each room.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroU64;

/// What becomes of the messages to a room when one of its members does not take them as fast as
/// they come; see [`Hub::set_policy`](crate::Hub::set_policy).
///
/// What is dropped is dropped whole, for that member alone, and the others see nothing of it. A
/// member is slow when its socket is full, or when half of `Config::max_backlog` waits for it. Other
/// messages for it still come in the order of sending, and may then fill its backlog and close it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// They wait, and beyond `Config::max_backlog` the member is closed with 1008 "too slow".
    #[default]
    Close,
    /// The newest wait, as many as fit into half of `Config::max_backlog`; older ones are dropped.
    DropOldest,
    /// Of each topic the latest waits, and the others are dropped: for prices, positions, states. A
    /// member gets the latest of all topics in the end, or is closed when these alone are more than
    /// `Config::max_backlog`.
    Latest,
}

/// Messages of which a slow receiver may miss some: those of a room, or of a topic in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lot(NonZeroU64);

/// The policies of rooms, by name. A room need not exist to have one.
#[derive(Clone, Debug, Default)]
pub struct Policies(HashMap<Box<str>, Policy>);

/// Finds the policy of a message to several rooms: the one that all of them have, or else
/// [`Policy::Close`], which also is that of a message to everyone or to one socket.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choice {
    policy: Option<Policy>,
    rooms: u64,
    topic: u64,
}

impl Policy {
    /// The lot of messages to that room, and with that topic if the policy asks for it; none when
    /// nothing may be dropped.
    pub fn lot(self, room: &str, topic: &str) -> Option<Lot> {
        let mut choice = Choice::default();
        choice.add(self, room);
        choice.set_topic(topic);
        choice.lot()
    }
}

impl Lot {
    /// Whether the latest of it takes the place of those before it.
    pub fn keeps_latest(self) -> bool {
        self.0.get() & LATEST != 0
    }
}

impl Policies {
    /// Gives a room a policy.
    pub fn set(&mut self, room: &str, policy: Policy) {
        match policy {
            Policy::Close => self.0.remove(room),
            policy => self.0.insert(room.into(), policy),
        };
    }

    /// The policy of a room.
    pub fn of(&self, room: &str) -> Policy {
        // Most programs have none, and then no name is looked up.
        match self.0.is_empty() {
            true => Policy::Close,
            false => self.0.get(room).copied().unwrap_or_default(),
        }
    }
}

impl Choice {
    /// Adds a room and its policy.
    pub fn add(&mut self, policy: Policy, room: &str) {
        let same = self.policy.is_none_or(|known| known == policy);
        self.policy = Some(if same { policy } else { Policy::Close });
        if policy != Policy::Close {
            self.rooms = hash(&(self.rooms, room));
        }
    }

    /// Says what the message is about, for [`Policy::Latest`].
    pub fn set_topic(&mut self, topic: &str) {
        self.topic = hash(&topic);
    }

    /// The lot of the message; none when nothing may be dropped.
    pub fn lot(&self) -> Option<Lot> {
        let bits = match self.policy? {
            Policy::Close => return None,
            Policy::DropOldest => self.rooms & !LATEST,
            Policy::Latest => hash(&(self.rooms, self.topic)) | LATEST,
        };
        NonZeroU64::new(bits).map(Lot)
    }
}

/// The same for the same value in every run. Whoever finds two topics of one hash, among 2⁶³, gets
/// one of them dropped for receivers that are slow.
fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Set in lots of which the latest is kept.
const LATEST: u64 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_may_be_dropped_where_all_its_rooms_say_so() {
        let mut policies = Policies::default();
        policies.set("a", Policy::DropOldest);
        policies.set("b", Policy::DropOldest);
        policies.set("c", Policy::Latest);
        let lot = |rooms: &[&str], topic| {
            let mut choice = Choice::default();
            rooms
                .iter()
                .for_each(|room| choice.add(policies.of(room), room));
            choice.set_topic(topic);
            choice.lot()
        };
        assert_eq!(lot(&[], "x"), None);
        assert_eq!(lot(&["d"], "x"), None);
        assert_eq!(lot(&["a", "d"], "x"), None);
        assert_eq!(lot(&["a", "c"], "x"), None);
        assert!(lot(&["a"], "x").is_some_and(|lot| !lot.keeps_latest()));
        assert_eq!(lot(&["a"], "x"), lot(&["a"], "y"));
        assert!(lot(&["a", "b"], "x").is_some());
        assert!(lot(&["c"], "x").is_some_and(Lot::keeps_latest));
        assert_ne!(lot(&["c"], "x"), lot(&["c"], "y"));
        assert_eq!(Policy::Latest.lot("c", "x"), lot(&["c"], "x"));
        policies.set("a", Policy::Close);
        assert_eq!(policies.of("a"), Policy::Close);
    }
}
