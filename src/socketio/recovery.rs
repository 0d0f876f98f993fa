//! Connection state recovery: a client that comes back in time gets what it missed, once and in
//! order, under its old name and in its old rooms.
//!
//! Events are kept in one log for all, the oldest dropped first when the bytes or the time are up.
//! Their positions are the offsets that clients remember. A client without an offset has got no
//! event at all, so for it everything since it connected was missed. One whose offset is spoiled
//! (clients take the last text of any event for one) gets what the server knows to be unwritten.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use super::carrier::Farewell;
use super::event::{Reason, Socket};
use super::packet::{self, Kind};
use super::session::{Frame, NEVER};
use super::{Connected, SocketIo};
use crate::{Hub, Sid};

/// Events that may be missed, and sockets that may come back.
#[derive(Debug, Default)]
pub(super) struct Recovery {
    log: VecDeque<Entry>,
    /// Stands before positions, so that no other text is taken for an offset.
    tag: String,
    /// The position of the last event; 0 before the first.
    last: u64,
    /// Bytes in the log.
    bytes: usize,
    saved: HashMap<Sid, Saved>,
    live: HashMap<Sid, Socket>,
}

/// An event as it went out, and for whom it was.
#[derive(Debug)]
struct Entry {
    time: u64,
    namespace: Arc<str>,
    addressees: Addressees,
    frames: Vec<Frame>,
}

/// Names of rooms: what a broadcast was for.
#[derive(Clone, Debug, Default)]
pub(super) struct Addressees {
    /// None: everyone. A list without names: nobody, as when a socket was meant that is gone.
    pub(super) to: Option<Vec<String>>,
    pub(super) except: Vec<String>,
}

/// A socket that is gone, for a while.
#[derive(Debug)]
struct Saved {
    sid: Sid,
    namespace: Arc<str>,
    rooms: Vec<String>,
    /// The position of the log when it connected.
    since: u64,
    /// The position up to which everything was written to it, if that is known.
    reached: Option<u64>,
    until: u64,
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
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "nobody of that name is kept",
            Self::Dropped => "what was missed is not kept any more",
            Self::Uncertain => "what reached the client is not known",
        })
    }
}

/// What the payload of a CONNECT claims.
#[derive(Debug)]
pub(super) enum Claim {
    /// A new client.
    None,
    /// A client that comes back, and cannot be who it was.
    Lost(Lost),
    /// A client that comes back: its names, and the position of the last event that it has.
    Good { pid: Sid, sid: Sid, position: u64 },
}

/// A socket that is back.
#[derive(Debug)]
pub(super) struct Back {
    pub(super) rooms: Vec<String>,
    pub(super) missed: Vec<Frame>,
}

impl Claim {
    pub(super) fn is_good(&self) -> bool {
        matches!(self, Self::Good { .. })
    }

    /// The public name that is claimed.
    pub(super) fn sid(&self) -> Option<Sid> {
        match self {
            Self::Good { sid, .. } => Some(*sid),
            _ => None,
        }
    }
}

impl Recovery {
    fn first(&self) -> u64 {
        self.last + 1 - self.log.len() as u64
    }

    fn append(&mut self, entry: Entry, duration: u64, budget: usize) {
        self.last += 1;
        self.bytes += entry.size();
        let now = entry.time;
        self.log.push_back(entry);
        while let Some(oldest) = self.log.front() {
            if self.bytes <= budget && oldest.time + duration >= now {
                return;
            }
            self.bytes -= oldest.size();
            self.log.pop_front();
        }
    }

    /// Whether all that came behind a position is kept.
    fn reaches(&self, position: u64) -> bool {
        position <= self.last && position + 1 >= self.first()
    }

    /// What a socket missed behind a position.
    fn missed(&self, saved: &Saved, position: u64) -> Vec<Frame> {
        let behind = self.log.iter().skip((position + 1 - self.first()) as usize);
        let missed = behind.filter(|entry| {
            entry.namespace == saved.namespace && entry.addressees.mean(&saved.rooms)
        });
        missed
            .flat_map(|entry| entry.frames.iter().cloned())
            .collect()
    }

    /// The offset of a position, as clients remember it.
    fn offset(&self, position: u64) -> String {
        format!("{}{position:x}", self.tag)
    }

    /// The position of an offset; `None` for a text that is none of ours.
    fn position(&self, offset: &str) -> Option<u64> {
        let digits = offset.strip_prefix(&*self.tag)?;
        u64::from_str_radix(digits, 16).ok()
    }

    fn judge(&self, pid: Sid, offset: Option<&str>, namespace: &str, now: u64) -> Claim {
        let saved = self.saved.get(&pid);
        let Some(saved) = saved.filter(|saved| *saved.namespace == *namespace && saved.until > now)
        else {
            return Claim::Lost(Lost::Unknown);
        };
        let position = match offset {
            None => Some(saved.since),
            Some(offset) => self.position(offset).or(saved.reached),
        };
        match position {
            None => Claim::Lost(Lost::Uncertain),
            Some(position) if !self.reaches(position) => Claim::Lost(Lost::Dropped),
            Some(position) => Claim::Good {
                pid,
                sid: saved.sid,
                position,
            },
        }
    }
}

impl Entry {
    fn size(&self) -> usize {
        self.frames.iter().map(Frame::len).sum::<usize>() + OVERHEAD
    }
}

impl Addressees {
    fn mean(&self, rooms: &[String]) -> bool {
        let among = |names: &[String]| names.iter().any(|name| rooms.contains(name));
        self.to.as_deref().is_none_or(among) && !among(&self.except)
    }
}

impl SocketIo {
    /// The position of the next event as its offset, or of the last one, for an event that is not
    /// kept: its last argument would be taken for an offset otherwise. `None` when recovery is off.
    pub(super) fn offset(&mut self, hub: &mut Hub, kept: bool) -> Option<String> {
        let recovery = self.recovery.as_mut()?;
        if recovery.tag.is_empty() {
            let tag: String = hub.fresh_sid().text().chars().take(TAG).collect();
            recovery.tag = format!("{tag}.");
        }
        Some(recovery.offset(recovery.last + u64::from(kept)))
    }

    /// Keeps an event for those who miss it.
    pub(super) fn record(
        &mut self,
        hub: &Hub,
        namespace: u32,
        addressees: Addressees,
        frames: &[Frame],
    ) {
        let (Some(recovery), Some(duration)) =
            (&mut self.recovery, self.options.max_disconnection_duration)
        else {
            return;
        };
        let entry = Entry {
            time: hub.now(),
            namespace: self.namespaces[namespace].name.clone(),
            addressees,
            frames: frames.to_vec(),
        };
        recovery.append(entry, duration, self.options.recovery_budget);
    }

    /// Remembers a socket that goes for a reason which may pass.
    pub(super) fn save(&mut self, hub: &Hub, socket: Socket, reason: Reason) {
        let Connected {
            namespace,
            session,
            pid,
            since,
            ..
        } = self.sockets[socket.key as usize];
        let (Some(recovery), Some(pid)) = (&mut self.recovery, pid) else {
            return;
        };
        recovery.live.remove(&pid);
        let place = &self.namespaces[namespace];
        let Some(sid) = place.rooms.sid(socket).filter(|_| may_pass(reason)) else {
            return;
        };
        let rooms = place.rooms.rooms_of(socket);
        let now = hub.now();
        let saved = Saved {
            sid,
            namespace: place.name.clone(),
            rooms: rooms.map(|room| room.to_string()).collect(),
            since,
            reached: self.sessions[session as usize]
                .flushed
                .then_some(recovery.last),
            until: now + self.options.max_disconnection_duration.unwrap_or(0),
        };
        recovery.saved.retain(|_, saved| saved.until > now);
        if recovery.saved.len() < MAX_SAVED {
            recovery.saved.insert(pid, saved);
        }
    }

    /// What a payload claims, and whether it may be so.
    pub(super) fn claim(&mut self, hub: &mut Hub, key: u32, namespace: &str, auth: &str) -> Claim {
        let Some((pid, offset)) = self.recovery.as_ref().and_then(|_| claimed(auth)) else {
            return Claim::None;
        };
        self.end_predecessor(hub, key, pid);
        let claim = self.recovery.as_ref().map_or(Claim::None, |recovery| {
            recovery.judge(pid, offset.as_deref(), namespace, hub.now())
        });
        if let Claim::Lost(why) = &claim {
            log::info!("not recovered: {why}");
        }
        claim
    }

    /// Makes a claim good: a socket that is back, or a new one, with the reason if it asked to be.
    pub(super) fn redeem(
        &mut self,
        hub: &mut Hub,
        socket: Socket,
        claim: &Claim,
    ) -> Result<Back, Option<Lost>> {
        let Some(recovery) = &mut self.recovery else {
            return Err(None);
        };
        let fate = match *claim {
            Claim::None => Err(None),
            Claim::Lost(why) => Err(Some(why)),
            // The log has gone on while the application made up its mind.
            Claim::Good { position, .. } if !recovery.reaches(position) => Err(Some(Lost::Dropped)),
            Claim::Good { pid, position, .. } => match recovery.saved.remove(&pid) {
                Some(saved) => Ok((pid, saved, position)),
                None => Err(Some(Lost::Unknown)),
            },
        };
        let (pid, since) = match &fate {
            Ok((pid, saved, _)) => (*pid, saved.since),
            Err(_) => (hub.fresh_sid(), recovery.last),
        };
        recovery.live.insert(pid, socket);
        let connected = &mut self.sockets[socket.key as usize];
        (connected.pid, connected.since) = (Some(pid), since);
        fate.map(|(_, saved, position)| Back {
            missed: recovery.missed(&saved, position),
            rooms: saved.rooms,
        })
    }

    /// A client that is back before its old connection was noticed to be gone.
    fn end_predecessor(&mut self, hub: &mut Hub, key: u32, pid: Sid) {
        let socket = self
            .recovery
            .as_ref()
            .and_then(|recovery| recovery.live.get(&pid).copied());
        let session = socket
            .and_then(|socket| self.sockets.get(socket.key as usize))
            .map(|socket| socket.session);
        if let Some(session) = session.filter(|session| *session != key) {
            self.end(hub, session, Reason::TransportClose, Farewell::Close);
        }
    }

    /// Tells a client that it is in, and under which names.
    pub(super) fn welcome(&mut self, hub: &mut Hub, socket: Socket) {
        let Connected {
            namespace,
            session,
            pid,
            ..
        } = self.sockets[socket.key as usize];
        let place = &self.namespaces[namespace];
        let Some(sid) = place.rooms.sid(socket) else {
            return;
        };
        let names = match pid {
            Some(pid) => format!("{{\"sid\":\"{sid}\",\"pid\":\"{pid}\"}}"),
            None => format!("{{\"sid\":\"{sid}\"}}"),
        };
        let text = packet::encode(Kind::Connect, 0, &place.name, None, &names);
        let entered = &mut self.sessions[session as usize];
        entered.work_mut().connect = NEVER;
        entered.tidy(hub.now());
        self.send_text(hub, session, text);
    }
}

/// The private name and the offset that a payload has.
fn claimed(auth: &str) -> Option<(Sid, Option<String>)> {
    let auth: serde_json::Value = serde_json::from_str(auth).ok()?;
    let pid = Sid::parse(auth.get("pid")?.as_str()?)?;
    let offset = auth.get("offset").and_then(serde_json::Value::as_str);
    Some((pid, offset.map(str::to_owned)))
}

fn may_pass(reason: Reason) -> bool {
    !matches!(
        reason,
        Reason::ParseError | Reason::ClientNamespaceDisconnect | Reason::ServerNamespaceDisconnect
    )
}

/// Bytes that an entry of the log takes beside its packets.
const OVERHEAD: usize = 128;
/// Sockets that may come back.
const MAX_SAVED: usize = 65_536;
/// Letters of the tag.
const TAG: usize = 4;
