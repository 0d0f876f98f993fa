//! Sockets that are gone and may come back, for a while and as far as the memory goes: those who
//! are gone for the longest time are forgotten first. All of them may come back for equally long, so
//! that the order of going is also that of their time being up.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::Sid;
use crate::socketio::moves::Moves;

/// Who is gone, by private name.
#[derive(Debug, Default)]
pub(super) struct Absent {
    sockets: HashMap<Sid, Saved>,
    /// The same names in the order of going, by number; among them some of who is back.
    order: VecDeque<(u64, Sid)>,
    /// How many have gone so far.
    gone: u64,
    /// What all of them take.
    bytes: usize,
}

/// A socket that is gone, for a while.
#[derive(Debug)]
pub(super) struct Saved {
    pub(super) sid: Sid,
    pub(super) namespace: Arc<str>,
    pub(super) rooms: Vec<String>,
    /// The position of the log when it connected.
    pub(super) since: u64,
    /// The position up to which everything was written to it, if that is known.
    pub(super) reached: Option<u64>,
    pub(super) moves: Moves,
    pub(super) until: u64,
    /// Which one to go it was; counted here.
    pub(super) number: u64,
}

impl Absent {
    /// Remembers a socket, and forgets those whose time is up, or whose place it takes.
    pub(super) fn save(&mut self, pid: Sid, mut saved: Saved, now: u64) {
        self.gone += 1;
        saved.number = self.gone;
        self.order.push_back((saved.number, pid));
        self.bytes += saved.size();
        self.sockets.insert(pid, saved);
        while let Some(oldest) = self.oldest() {
            if self.bytes <= MAX_BYTES && self.sockets[&oldest].until > now {
                return;
            }
            self.take(oldest);
        }
    }

    pub(super) fn find(&self, pid: Sid) -> Option<&Saved> {
        self.sockets.get(&pid)
    }

    /// A socket that is back.
    pub(super) fn take(&mut self, pid: Sid) -> Option<Saved> {
        let saved = self.sockets.remove(&pid)?;
        self.bytes -= saved.size();
        if self.order.len() > 2 * self.sockets.len() {
            let sockets = &self.sockets;
            self.order.retain(|entry| is_gone(sockets, *entry));
        }
        Some(saved)
    }

    pub(super) fn len(&self) -> usize {
        self.sockets.len()
    }

    /// What all of them take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn drop_oldest(&mut self) -> bool {
        let oldest = self.oldest();
        oldest.and_then(|pid| self.take(pid)).is_some()
    }

    fn oldest(&mut self) -> Option<Sid> {
        while let Some(&entry) = self.order.front() {
            if is_gone(&self.sockets, entry) {
                return Some(entry.1);
            }
            self.order.pop_front();
        }
        None
    }
}

/// Whether the socket that was this one to go has not come back.
fn is_gone(sockets: &HashMap<Sid, Saved>, (number, pid): (u64, Sid)) -> bool {
    sockets
        .get(&pid)
        .is_some_and(|saved| saved.number == number)
}

impl Saved {
    /// Roughly what it takes, its rooms included.
    fn size(&self) -> usize {
        let names = self.rooms.iter().map(|room| room.len() + OVERHEAD / 4);
        OVERHEAD + names.sum::<usize>() + self.moves.size()
    }
}

/// Bytes for sockets that may come back: a hundred thousand of them in two rooms each.
const MAX_BYTES: usize = 32 << 20;
/// Bytes that a socket takes beside its rooms.
const OVERHEAD: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    fn pid(n: u64) -> Sid {
        let mut bytes = [0; 15];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        Sid::new(bytes)
    }

    fn saved(room: &str, until: u64) -> Saved {
        Saved {
            sid: pid(0),
            namespace: "/".into(),
            rooms: vec![room.to_owned()],
            since: 0,
            reached: None,
            moves: Moves::default(),
            until,
            number: 0,
        }
    }

    #[test]
    fn whose_time_is_up_and_who_takes_too_much_is_forgotten_the_oldest_first() {
        let mut absent = Absent::default();
        for n in 0..4 {
            absent.save(pid(n), saved("lobby", 100 + n), n);
        }
        assert_eq!(absent.take(pid(1)).unwrap().until, 101);
        assert!(absent.take(pid(1)).is_none());
        absent.save(pid(4), saved("lobby", 202), 102);
        let kept = |absent: &Absent| {
            let kept = (0..7).filter(|n| absent.find(pid(*n)).is_some());
            kept.collect::<Vec<_>>()
        };
        assert_eq!(kept(&absent), [3, 4], "at 102");
        let long = "x".repeat(MAX_BYTES / 2);
        absent.save(pid(5), saved(&long, 203), 102);
        assert_eq!(kept(&absent), [3, 4, 5]);
        absent.save(pid(6), saved(&long, 203), 102);
        assert_eq!(kept(&absent), [6]);
        absent.take(pid(6));
        assert_eq!((absent.bytes, absent.order.len()), (0, 0));
    }

    #[test]
    fn who_was_back_and_is_gone_again_is_not_the_oldest() {
        let mut absent = Absent::default();
        (0..9).for_each(|n| absent.save(pid(n), saved("lobby", 100), 0));
        absent.take(pid(0));
        absent.save(pid(0), saved("lobby", 100), 0);
        for n in 1..9 {
            assert!(absent.drop_oldest() && absent.find(pid(n)).is_none(), "{n}");
        }
        assert!(absent.find(pid(0)).is_some() && absent.drop_oldest() && !absent.drop_oldest());
    }
}
