//! The last messages to everyone and of each room, for who comes later, and the names that senders
//! gave theirs, so that one sent twice is said once. Both are bounded.
//!
//! Of each place so many are kept, and of all together so many bytes: the oldest go first. Who has
//! read up to a number can be told whether anything behind it is gone.

use std::collections::{HashMap, VecDeque};

use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

use crate::places::EVERYONE;

/// What was said lately.
pub(crate) struct History {
    /// Tells numbers of this run of the server from those of earlier ones.
    pub(crate) run: u64,
    /// Messages of one place that are kept at most.
    limit: usize,
    kept: VecDeque<Said>,
    /// Bytes in `kept`.
    bytes: usize,
    /// The number of the last message.
    pub(crate) last: u64,
    /// The number of the last message that is not kept any more.
    forgotten: u64,
    /// Numbers of messages by the names that their senders gave them.
    named: HashMap<String, u64>,
    /// The same names, the oldest first.
    names: VecDeque<String>,
}

/// The number that somebody has read up to, and the run of the server it is of, if that is known.
pub(crate) type Since = (u64, Option<u64>);

/// A message to all of a place.
pub(crate) struct Said {
    /// A room, or everyone.
    pub(crate) place: String,
    pub(crate) number: u64,
    /// The number of the last one before it in the same place, or of a later one elsewhere.
    before: u64,
    pub(crate) text: Box<RawValue>,
    pub(crate) sender: String,
    /// What the sender was called.
    pub(crate) name: Option<String>,
    /// Milliseconds since 1970.
    pub(crate) at: u64,
}

impl Said {
    /// It as an event: its name and its arguments, with what is known besides as the last one if
    /// there is anything; of one that was said earlier also the time, for who wants it.
    pub(crate) fn event(&self, with_time: bool) -> (&'static str, Vec<Box<RawValue>>) {
        let mut args = vec![self.text.clone()];
        args.extend(to_raw_value(&self.number));
        args.extend(to_raw_value(&self.sender));
        let about = match (&self.name, with_time) {
            (None, false) => None,
            (None, true) => Some(json!({ "at": self.at })),
            (name, false) => Some(json!({ "name": name })),
            (name, true) => Some(json!({ "name": name, "at": self.at })),
        };
        args.extend(about.and_then(|about| to_raw_value(&about).ok()));
        if self.place == EVERYONE {
            return ("chat message", args);
        }
        args.splice(..0, to_raw_value(&self.place));
        ("room message", args)
    }

    fn bytes(&self) -> usize {
        let name = self.name.as_ref().map_or(0, String::len);
        self.place.len() + self.text.get().len() + self.sender.len() + name + size_of::<Self>()
    }
}

impl History {
    /// Keeps so many messages of a place, and half a MiB of all of them at most. Its run of the server
    /// has a number that no other has.
    pub(crate) fn new(limit: usize, run: u64) -> Self {
        Self {
            run,
            limit,
            kept: VecDeque::new(),
            bytes: 0,
            last: 0,
            forgotten: 0,
            named: HashMap::new(),
            names: VecDeque::new(),
        }
    }

    /// The number of the next message.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// A message, with its number.
    pub(crate) fn said(
        &mut self,
        place: &str,
        text: &RawValue,
        sender: &str,
        name: Option<&str>,
        at: u64,
    ) -> Said {
        Said {
            place: place.to_owned(),
            number: self.next_number(),
            before: 0,
            text: text.to_owned(),
            sender: sender.to_owned(),
            name: name.map(str::to_owned),
            at,
        }
    }

    /// Keeps a message.
    pub(crate) fn keep(&mut self, mut said: Said) {
        let before = self.of(&said.place).next_back().map(|kept| kept.number);
        said.before = before.unwrap_or(self.forgotten);
        if self.of(&said.place).count() >= self.limit {
            let place = &said.place;
            let oldest = self.kept.iter().position(|kept| kept.place == *place);
            oldest.into_iter().for_each(|oldest| self.drop_at(oldest));
        }
        self.bytes += said.bytes();
        self.kept.push_back(said);
        while self.bytes > MAX_BYTES || self.limit == 0 && !self.kept.is_empty() {
            self.drop_at(0);
        }
    }

    fn drop_at(&mut self, index: usize) {
        if let Some(gone) = self.kept.remove(index) {
            self.bytes -= gone.bytes();
            self.forgotten = self.forgotten.max(gone.number);
        }
    }

    /// Remembers the name that a message came under.
    pub(crate) fn remember(&mut self, name: String, number: u64) {
        self.names.push_back(name.clone());
        self.named.insert(name, number);
        if self.names.len() > MAX_NAMES {
            let oldest = self.names.pop_front();
            oldest.map(|oldest| self.named.remove(&oldest));
        }
    }

    /// The number of a message that came under this name before.
    pub(crate) fn number_of(&self, name: &str) -> Option<u64> {
        self.named.get(name).copied()
    }

    /// How far somebody has read in this run. What was read in another one is nothing here.
    pub(crate) fn here(&self, (number, run): Since) -> u64 {
        match run.is_none_or(|run| run == self.run) {
            true => number,
            false => 0,
        }
    }

    /// What is kept of a place behind a number, the oldest first. A number that was not given yet
    /// is one of this server before it was restarted: all came behind that.
    pub(crate) fn behind(&self, place: &str, number: u64) -> impl Iterator<Item = &Said> {
        let number = if number > self.last { 0 } else { number };
        self.of(place).filter(move |kept| kept.number > number)
    }

    /// Something behind the number may have been said in this place that is not kept any more. Who
    /// was not here yet, and knows of no run, misses nothing; who was in another run, all that is
    /// gone in this one.
    pub(crate) fn has_gap(&self, place: &str, since: Since) -> bool {
        let number = self.here(since);
        let first_missing = match (self.behind(place, number).next(), self.of(place).next()) {
            (Some(first), _) => first.before,
            (None, Some(_)) => 0,
            (None, None) => self.forgotten,
        };
        let was_here = since.0 > 0 || since.1.is_some_and(|run| run > 0);
        was_here && number < first_missing
    }

    fn of(&self, place: &str) -> impl DoubleEndedIterator<Item = &Said> {
        self.kept.iter().filter(move |kept| kept.place == place)
    }
}

/// Less than may wait for one client that has just come.
const MAX_BYTES: usize = 512 << 10;
/// Names that are remembered: a client tries again within seconds.
const MAX_NAMES: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(history: &mut History, place: &str, text: &str) {
        let text = to_raw_value(text).unwrap();
        let said = history.said(place, &text, "sender", None, 0);
        history.keep(said);
    }

    fn numbers(history: &History, place: &str, behind: u64) -> Vec<u64> {
        let behind = history.behind(place, behind);
        behind.map(|kept| kept.number).collect()
    }

    #[test]
    fn the_last_messages_are_kept() {
        let mut history = History::new(3, 7);
        for n in 1..=4 {
            keep(&mut history, EVERYONE, "x");
            assert_eq!(history.last, n);
        }
        assert_eq!(history.next_number(), 5, "one that is not kept");
        keep(&mut history, EVERYONE, "y");
        assert_eq!(numbers(&history, EVERYONE, 0), [3, 4, 6]);
        assert_eq!(numbers(&history, EVERYONE, 4), [6]);
        assert_eq!(numbers(&history, EVERYONE, 6), [0; 0]);
        assert_eq!(
            numbers(&history, EVERYONE, 7),
            [3, 4, 6],
            "of an earlier run"
        );
        keep(&mut history, EVERYONE, &"x".repeat(MAX_BYTES - 300));
        assert_eq!(
            numbers(&history, EVERYONE, 0),
            [6, 7],
            "bytes are bounded as well"
        );
        let mut none = History::new(0, 7);
        keep(&mut none, EVERYONE, "x");
        assert_eq!(numbers(&none, EVERYONE, 0), [0; 0]);
        assert_eq!(none.bytes, 0);
    }

    #[test]
    fn what_was_read_in_another_run_is_nothing_here() {
        let history = History::new(3, 7);
        assert_eq!(history.here((5, Some(7))), 5);
        assert_eq!(history.here((5, None)), 5);
        assert_eq!(history.here((5, Some(6))), 0);
    }

    #[test]
    fn rooms_have_each_their_own_and_know_what_is_gone() {
        let mut history = History::new(2, 7);
        for place in ["a", "b", "a", "a", "b"] {
            keep(&mut history, place, "x");
        }
        assert_eq!(numbers(&history, "a", 0), [3, 4]);
        assert_eq!(numbers(&history, "b", 0), [2, 5]);
        assert!(
            !history.has_gap("a", (0, None)),
            "who comes anew misses nothing"
        );
        assert!(!history.has_gap("a", (1, None)));
        keep(&mut history, "a", "x");
        assert_eq!(numbers(&history, "a", 1), [4, 6]);
        assert!(history.has_gap("a", (1, None)), "3 is gone");
        assert!(!history.has_gap("a", (3, None)) && !history.has_gap("a", (6, None)));
        assert!(!history.has_gap("b", (2, None)) && !history.has_gap("b", (5, None)));
        assert!(history.has_gap("a", (9, Some(6))), "1 and 3, in this run");
        assert!(!history.has_gap("b", (9, Some(6))) && !history.has_gap("a", (0, Some(0))));
        for run in [6, 7] {
            let here = (0, Some(run));
            assert!(history.has_gap("a", here), "was here before the first");
        }
        keep(&mut history, "c", &"x".repeat(MAX_BYTES - 160));
        assert_eq!(numbers(&history, "b", 0), [0; 0]);
        assert!(history.has_gap("b", (2, None)));
        assert!(!history.has_gap("b", (7, None)));
    }

    #[test]
    fn names_are_remembered_for_a_while() {
        let mut history = History::new(3, 7);
        for n in 0..=MAX_NAMES {
            let name = n.to_string();
            assert_eq!(history.number_of(&name), None);
            history.remember(name, n as u64);
        }
        assert_eq!(history.number_of("0"), None);
        assert_eq!(history.number_of("1"), Some(1));
        assert_eq!(history.named.len(), MAX_NAMES);
    }
}
