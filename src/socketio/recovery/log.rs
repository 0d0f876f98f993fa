//! What is kept for who comes back: the events that went out, and the sockets that are gone.
//!
//! Sees no hub and no session; positions, names and times are arguments.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use super::absent::{Absent, Saved};
use crate::socketio::moves::Moves;
use crate::socketio::session::Frame;
use crate::{Hub, Sid, Weight};

/// Events that may be missed, and sockets that may come back.
#[derive(Debug, Default)]
pub(in crate::socketio) struct Recovery {
    log: VecDeque<Entry>,
    /// Stands before positions, so that no other text is taken for an offset.
    pub(super) tag: String,
    /// The position of the last event; 0 before the first.
    pub(super) last: u64,
    /// Bytes in the log.
    bytes: usize,
    /// The same and those of the sockets that are gone; made with the first of either.
    weight: Option<Weight>,
    pub(super) absent: Absent,
    /// Slots of the sockets that are there, by their private names.
    pub(super) live: HashMap<Sid, u32>,
}

/// An event as it went out, and for whom it was.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) time: u64,
    pub(super) namespace: Arc<str>,
    pub(super) addressees: Addressees,
    pub(super) frames: Vec<Frame>,
}

/// Names of rooms: what a broadcast was for.
#[derive(Clone, Debug, Default)]
pub(in crate::socketio) struct Addressees {
    /// None: everyone. A list without names: nobody, as when a socket was meant that is gone.
    pub(in crate::socketio) to: Option<Vec<String>>,
    pub(in crate::socketio) except: Vec<String>,
}

/// Why a client that came back is a new socket all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lost {
    /// No socket is kept for it: it was away too long, had left in order, or never was here.
    Unknown,
    /// Some of what it missed is not kept any more: `Options::recovery_budget`.
    Dropped,
    /// Its offset says nothing, and what reached it is not known.
    Uncertain,
    /// More was missed than may wait for one client: `Config::max_backlog`.
    TooMuch,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "nobody of that name is kept",
            Self::Dropped => "what was missed is not kept any more",
            Self::Uncertain => "what reached the client is not known",
            Self::TooMuch => "more was missed than may wait for a client",
        })
    }
}

/// What the payload of a CONNECT claims.
#[derive(Debug)]
pub(in crate::socketio) enum Claim {
    /// A new client.
    None,
    /// A client that comes back, and cannot be who it was.
    Lost(Lost),
    /// A client that comes back: its names, and the position of the last event that it has.
    Good { pid: Sid, sid: Sid, position: u64 },
}

/// A socket that is back.
#[derive(Debug)]
pub(in crate::socketio) struct Back {
    pub(in crate::socketio) rooms: Vec<String>,
    pub(in crate::socketio) missed: Vec<Frame>,
}

impl Claim {
    pub(in crate::socketio) fn is_good(&self) -> bool {
        matches!(self, Self::Good { .. })
    }

    /// The public name that is claimed.
    pub(in crate::socketio) fn sid(&self) -> Option<Sid> {
        match self {
            Self::Good { sid, .. } => Some(*sid),
            _ => None,
        }
    }
}

impl Recovery {
    pub(super) fn first(&self) -> u64 {
        self.last + 1 - self.log.len() as u64
    }

    pub(super) fn append(&mut self, hub: &Hub, entry: Entry, duration: u64, budget: usize) {
        self.last += 1;
        self.bytes += entry.size();
        let now = entry.time;
        self.log.push_back(entry);
        while let Some(oldest) = self.log.front() {
            if self.bytes <= budget && oldest.time + duration >= now {
                break;
            }
            self.drop_oldest();
        }
        self.weigh(hub);
    }

    fn drop_oldest(&mut self) -> bool {
        let oldest = self.log.pop_front();
        self.bytes -= oldest.as_ref().map_or(0, Entry::size);
        oldest.is_some()
    }

    /// Tells the hub how much is kept.
    pub(super) fn weigh(&mut self, hub: &Hub) {
        let weight = self.weight.get_or_insert_with(|| hub.weigh(0));
        weight.set(self.bytes + self.absent.bytes());
    }

    /// Forgets so many bytes: the oldest events, and then the sockets that are gone for the longest
    /// time. Says how many events and sockets those were.
    pub(in crate::socketio) fn give_back(&mut self, hub: &Hub, bytes: usize) -> (usize, usize) {
        let before = (self.log.len(), self.absent.len());
        let enough = (self.bytes + self.absent.bytes()).saturating_sub(bytes);
        while self.bytes + self.absent.bytes() > enough
            && (self.drop_oldest() || self.absent.drop_oldest())
        {}
        self.log.shrink_to_fit();
        self.weigh(hub);
        (before.0 - self.log.len(), before.1 - self.absent.len())
    }

    /// What a socket missed behind a position.
    fn missed(&self, saved: &Saved, position: u64, most: usize) -> Result<Vec<Frame>, Lost> {
        let known = position <= self.last && position + 1 >= self.first();
        if !known || !saved.moves.reach(position) {
            return Err(Lost::Dropped);
        }
        let (mut rooms, mut moves) = (saved.rooms.clone(), saved.moves.clone());
        let mut missed = Vec::new();
        let behind = (position + 1..=self.last).rev();
        // Backwards, since the rooms are those of the end.
        for (position, entry) in behind.zip(self.log.iter().rev()) {
            moves.undo(&mut rooms, position);
            if entry.namespace == saved.namespace && entry.addressees.mean(&rooms) {
                missed.push(entry);
            }
        }
        // It would be cut for its backlog, and come back for the same again.
        let size: usize = missed.iter().map(|entry| entry.size()).sum();
        if size + OVERHEAD > most {
            return Err(Lost::TooMuch);
        }
        let frames = missed.iter().rev().flat_map(|entry| &entry.frames);
        Ok(frames.cloned().collect())
    }

    /// The offset of a position, as clients remember it.
    pub(super) fn offset(&self, position: u64) -> String {
        format!("{}{position:x}", self.tag)
    }

    /// The position of an offset; `None` for a text that is none of ours.
    fn position(&self, offset: &str) -> Option<u64> {
        let digits = offset.strip_prefix(&*self.tag)?;
        u64::from_str_radix(digits, 16).ok()
    }

    /// What a claim is worth.
    pub(super) fn judge(
        &self,
        pid: Sid,
        offset: Option<&str>,
        namespace: &str,
        now: u64,
        most: usize,
    ) -> Claim {
        let saved = self.absent.find(pid);
        let Some(saved) = saved.filter(|saved| *saved.namespace == *namespace && saved.until > now)
        else {
            return Claim::Lost(Lost::Unknown);
        };
        let position = match offset {
            None => Some(saved.since),
            Some(offset) => self.position(offset).or(saved.reached),
        };
        let Some(position) = position else {
            return Claim::Lost(Lost::Uncertain);
        };
        // A client keeps its last offset when it is taken for somebody new.
        let position = position.max(saved.since);
        match self.missed(saved, position, most) {
            Err(why) => Claim::Lost(why),
            Ok(_) => Claim::Good {
                pid,
                sid: saved.sid,
                position,
            },
        }
    }

    /// A socket that is back, which then is no longer kept.
    pub(super) fn take(
        &mut self,
        claim: &Claim,
        most: usize,
    ) -> Result<(Sid, u64, Moves, Back), Option<Lost>> {
        let (pid, position) = match *claim {
            Claim::None => return Err(None),
            Claim::Lost(why) => return Err(Some(why)),
            Claim::Good { pid, position, .. } => (pid, position),
        };
        let saved = self.absent.find(pid).ok_or(Lost::Unknown)?;
        // Once more: the log has gone on if the application made up its mind in between.
        let missed = self.missed(saved, position, most)?;
        let saved = self.absent.take(pid).ok_or(Lost::Unknown)?;
        let rooms = saved.rooms;
        Ok((pid, saved.since, saved.moves, Back { rooms, missed }))
    }
}

impl Entry {
    fn size(&self) -> usize {
        let packets: usize = self.frames.iter().map(Frame::len).sum();
        packets + self.addressees.size() + OVERHEAD
    }
}

impl Addressees {
    /// Bytes of the names, which may be longer than the event, and as many as one likes.
    fn size(&self) -> usize {
        let names = self.to.iter().flatten().chain(&self.except);
        names.map(|name| name.len() + size_of::<String>()).sum()
    }

    pub(super) fn mean(&self, rooms: &[String]) -> bool {
        let among = |names: &[String]| names.iter().any(|name| rooms.contains(name));
        self.to.as_deref().is_none_or(among) && !among(&self.except)
    }
}

/// Bytes that an entry of the log takes beside its packets.
const OVERHEAD: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Sim};

    #[test]
    fn the_names_of_rooms_count() {
        let (mut sim, mut recovery) = (Sim::new(Config::default()), Recovery::default());
        for _ in 0..10 {
            let entry = Entry {
                time: 0,
                namespace: "/".into(),
                addressees: Addressees {
                    to: Some(vec!["x".repeat(400)]),
                    except: vec!["y".repeat(500)],
                },
                frames: vec![Frame::Text("2[]".into())],
            };
            recovery.append(sim.hub(), entry, 1000, 5000);
        }
        assert!((3..5).contains(&recovery.log.len()));
        assert!((3000..=5000).contains(&sim.hub().memory()));
        recovery.give_back(sim.hub(), 5000);
        assert_eq!(sim.hub().memory(), 0);
    }
}
