//! What the chat takes from people: how long names, rooms and messages may be, what may stand in
//! them, and how fast they may come. Everything is refused in words for its sender.
//!
//! A text is passed on as it came, so of that only the length is looked at: what shows it has to
//! show it as text. Names and rooms are lines that people tell each other apart by, so there is
//! nothing in them that cannot be seen.

use std::collections::HashMap;
use std::hash::Hash;

use serde_json::value::RawValue;

use crate::history::Since;

/// Why something is refused.
pub(crate) type Refusal = String;

/// What can be set; the rest are constants below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Bytes of a message.
    pub(crate) max_text: usize,
    /// Events of one client in a second; ten seconds' worth of them may come at once.
    pub(crate) rate: u32,
}

impl Limits {
    /// A message is a text, and not too long.
    pub(crate) fn text(&self, text: &RawValue) -> Result<(), Refusal> {
        let json = text.get();
        match json.starts_with('"') {
            false => Err("a message is a text".to_owned()),
            true if json.len() > self.max_text + 2 => {
                Err(format!("a message has at most {} bytes", self.max_text))
            }
            true => Ok(()),
        }
    }
}

/// What a person may be called: the spaces around it are not a part of it.
pub(crate) fn person(name: &str) -> Result<String, Refusal> {
    let name = name.trim();
    match name.chars().count() {
        1..=MAX_PERSON if name.len() <= MAX_NAME && !name.contains(is_unseen) => {
            Ok(name.to_owned())
        }
        _ => Err(format!(
            "a name has 1 to {MAX_PERSON} letters, in {MAX_NAME} bytes at most, which can be seen"
        )),
    }
}

/// What a room may be called.
pub(crate) fn room(room: &RawValue) -> Result<String, Refusal> {
    let room = string(room).ok_or("the name of a room is a text")?;
    match room.len() {
        1..=MAX_NAME if !room.contains(is_unseen) => Ok(room),
        _ => Err(format!(
            "the name of a room has 1 to {MAX_NAME} bytes and no characters that cannot be seen"
        )),
    }
}

/// The name that a sender gives a message.
pub(crate) fn offset(offset: &RawValue) -> Result<String, Refusal> {
    let offset = string(offset).filter(|offset| offset.len() <= MAX_NAME);
    offset.ok_or(format!(
        "the id of a message is a text of {MAX_NAME} bytes at most"
    ))
}

/// How far somebody has read, if that is said: the number of a message, and the run it is of.
pub(crate) fn since(args: &[Box<RawValue>]) -> Result<Option<Since>, Refusal> {
    let number = |arg: &RawValue| {
        serde_json::from_str::<u64>(arg.get())
            .map_err(|_| "how far it has been read is a number".to_owned())
    };
    match args {
        [] => Ok(None),
        [offset] => Ok(Some((number(offset)?, None))),
        [offset, run] => Ok(Some((number(offset)?, Some(number(run)?)))),
        _ => Err(unknown("join")),
    }
}

/// Why an event is none of the chat.
pub(crate) fn unknown(event: &str) -> Refusal {
    let is = |known: &&str| {
        known
            .split_once(" (")
            .is_some_and(|(name, _)| name == event)
    };
    let known = EVENTS.join(", ");
    match EVENTS.iter().any(is) {
        true => format!("{event} has other arguments; the events are {known}"),
        false => format!("there is no such event; the events are {known}"),
    }
}

const EVENTS: [&str; 9] = [
    "chat message (text)",
    "room message (room, text)",
    "private message (id, text)",
    "join (room)",
    "leave (room)",
    "whoami ()",
    "name (name)",
    "who (room)",
    "typing (room)",
];

/// The text that an argument is, if it is one.
pub(crate) fn string(arg: &RawValue) -> Option<String> {
    serde_json::from_str(arg.get()).ok()
}

/// Control characters, what turns the direction of the text behind it, and what has no width: by
/// those one name could look like another. Joiners are left, which emoji are made of.
fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{2800}' | '\u{fe00}'..='\u{fe0e}'
            | '\u{200b}' | '\u{200c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// How far each is ahead of the rate that it may go at.
#[derive(Debug)]
pub(crate) struct Pace<K> {
    /// When all that it sent will have been worked off, in microseconds.
    even: HashMap<K, u64>,
}

impl<K: Eq + Hash> Pace<K> {
    pub(crate) fn new() -> Self {
        Self {
            even: HashMap::new(),
        }
    }

    /// One more at a time in milliseconds, at a rate of so many in a second: refused if that is
    /// more than ten seconds' worth ahead.
    pub(crate) fn step(&mut self, who: K, now: u64, rate: u32) -> Result<(), Refusal> {
        let now = now * 1000;
        let even = self.even.entry(who).or_insert(now);
        if *even >= now + AHEAD {
            return Err(format!(
                "too fast: {rate} in a second are taken, {} at once",
                10 * rate
            ));
        }
        *even = now.max(*even) + 1_000_000 / u64::from(rate.max(1));
        Ok(())
    }

    pub(crate) fn forget(&mut self, who: &K) {
        self.even.remove(who);
    }
}

/// Rooms of one client besides its own, so that one cannot fill the memory with them.
pub(crate) const MAX_ROOMS: usize = 32;
/// Bytes of the name of a room, a person or a message.
const MAX_NAME: usize = 64;
/// Letters of a person's name.
const MAX_PERSON: usize = 32;
/// Microseconds.
const AHEAD: u64 = 10_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn names_are_lines_that_can_be_seen() {
        assert_eq!(person(" Ada L. "), Ok("Ada L.".to_owned()));
        for name in ["x", "👩‍👩‍👧", "❤️", "<b>", &"x".repeat(32), "عمر"] {
            assert_eq!(person(name), Ok(name.to_owned()));
        }
        let long = "x".repeat(33);
        for name in [
            "",
            "  ",
            &long,
            "a\nb",
            "\u{202e}ada",
            "a\u{200b}da",
            "\u{2066}x\u{2069}",
            "A\u{34f}da",
            "Ada\u{fe00}",
            "\u{2800}",
        ] {
            assert!(person(name).is_err(), "{name:?}");
        }
        assert!(person(&"😀".repeat(17)).is_err(), "bytes count as well");
        assert!(room(&raw("\"\\u202e\"")).is_err());
        assert_eq!(room(&raw("\"a b\"")), Ok("a b".to_owned()));
    }

    #[test]
    fn a_text_is_as_long_as_it_may_be() {
        let limits = Limits {
            max_text: 3,
            rate: 1,
        };
        assert_eq!(limits.text(&raw("\"abc\"")), Ok(()));
        assert!(limits.text(&raw("\"abcd\"")).is_err());
        assert!(limits.text(&raw("7")).is_err());
    }

    #[test]
    fn ten_seconds_worth_may_come_at_once_and_then_the_rate() {
        let mut pace = Pace::new();
        let mut taken = |who, now| pace.step(who, now, 2).is_ok();
        assert_eq!((0..30).filter(|_| taken(1, 500)).count(), 20);
        assert!(taken(2, 500), "others are not concerned");
        assert!(taken(1, 501));
        assert!(!taken(1, 1000));
        assert!(taken(1, 1001));
        assert_eq!((0..30).filter(|_| taken(1, 60_000)).count(), 20);
        pace.forget(&1);
        assert_eq!(pace.even.len(), 1);
    }
}
