//! The last messages to everyone, for who comes later, and the names that senders gave theirs, so
//! that one sent twice is said once. Both are bounded.

use std::collections::{HashMap, VecDeque};

use serde_json::value::RawValue;

/// What was said lately.
pub(crate) struct History {
    /// Messages that are kept at most.
    limit: usize,
    kept: VecDeque<Kept>,
    /// Bytes in `kept`.
    bytes: usize,
    /// The number of the last message.
    last: u64,
    /// Numbers of messages by the names that their senders gave them.
    named: HashMap<String, u64>,
    /// The same names, the oldest first.
    names: VecDeque<String>,
}

/// A message that is kept.
pub(crate) struct Kept {
    pub(crate) number: u64,
    pub(crate) text: Box<RawValue>,
    pub(crate) sender: String,
}

impl History {
    /// Keeps so many messages, and 256 KiB of them at most.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            kept: VecDeque::new(),
            bytes: 0,
            last: 0,
            named: HashMap::new(),
            names: VecDeque::new(),
        }
    }

    /// The number of the next message.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Keeps a message, under the name that its sender gave it; says its number.
    pub(crate) fn keep(&mut self, text: &RawValue, sender: &str, name: Option<String>) -> u64 {
        let number = self.next_number();
        self.bytes += text.get().len();
        self.kept.push_back(Kept {
            number,
            text: text.to_owned(),
            sender: sender.to_owned(),
        });
        while self.kept.len() > self.limit || self.bytes > MAX_BYTES {
            let oldest = self.kept.pop_front();
            self.bytes -= oldest.map_or(0, |oldest| oldest.text.get().len());
        }
        if let Some(name) = name {
            self.names.push_back(name.clone());
            self.named.insert(name, number);
        }
        if self.names.len() > MAX_NAMES {
            let oldest = self.names.pop_front();
            oldest.map(|oldest| self.named.remove(&oldest));
        }
        number
    }

    /// The number of a message that came under this name before.
    pub(crate) fn number_of(&self, name: &str) -> Option<u64> {
        self.named.get(name).copied()
    }

    /// What is kept behind a number, the oldest first. A number that was not given yet is one of
    /// this server before it was restarted: all came behind that.
    pub(crate) fn behind(&self, number: u64) -> impl Iterator<Item = &Kept> {
        let number = if number > self.last { 0 } else { number };
        self.kept.iter().filter(move |kept| kept.number > number)
    }
}

const MAX_BYTES: usize = 256 << 10;
/// Names that are remembered: a client tries again within seconds.
const MAX_NAMES: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Box<RawValue> {
        serde_json::value::to_raw_value(text).unwrap()
    }

    fn numbers(history: &History, behind: u64) -> Vec<u64> {
        history.behind(behind).map(|kept| kept.number).collect()
    }

    #[test]
    fn the_last_messages_are_kept() {
        let mut history = History::new(3);
        for n in 1..=4 {
            assert_eq!(history.keep(&text("x"), "sender", None), n);
        }
        assert_eq!(history.next_number(), 5, "one that is not kept");
        history.keep(&text("y"), "sender", None);
        assert_eq!(numbers(&history, 0), [3, 4, 6]);
        assert_eq!(numbers(&history, 4), [6]);
        assert_eq!(numbers(&history, 6), [0; 0]);
        assert_eq!(numbers(&history, 7), [3, 4, 6], "of an earlier run");
        let large = text(&"x".repeat(MAX_BYTES - 5));
        history.keep(&large, "sender", None);
        assert_eq!(numbers(&history, 0), [6, 7], "bytes are bounded as well");
        let mut none = History::new(0);
        none.keep(&text("x"), "sender", None);
        assert_eq!(numbers(&none, 0), [0; 0]);
    }

    #[test]
    fn names_are_remembered_for_a_while() {
        let mut history = History::new(3);
        for n in 0..=MAX_NAMES {
            let name = n.to_string();
            assert_eq!(history.number_of(&name), None);
            history.keep(&text("x"), "sender", Some(name));
        }
        assert_eq!(history.number_of("0"), None);
        assert_eq!(history.number_of("1"), Some(2));
        assert_eq!(history.named.len(), MAX_NAMES);
    }
}
