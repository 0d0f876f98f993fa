//! Connection state recovery: a client that comes back in time gets what it missed, once and in
//! order, under its old name and in its old rooms.
//!
//! Events are kept in one log for all, the oldest dropped first when the bytes or the time are up.
//! Their positions are the offsets that clients remember. A client without an offset has got no
//! event at all, so for it everything since it connected was missed.

use std::collections::{HashMap, VecDeque};

use super::carrier::Farewell;
use super::event::{Queued, Reason, Socket};
use super::packet::{self, Kind};
use super::session::{Frame, NEVER};
use super::{Connected, SocketIo};
use crate::{Hub, Sid};

/// Events that may be missed, and sockets that may come back.
#[derive(Debug, Default)]
pub(super) struct Recovery {
    log: VecDeque<Entry>,
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
    namespace: u32,
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
    namespace: u32,
    rooms: Vec<String>,
    /// The position of the log when it connected.
    since: u64,
    until: u64,
}

impl Recovery {
    /// The position that the next event gets.
    pub(super) fn next(&self) -> u64 {
        self.last + 1
    }

    pub(super) fn last(&self) -> u64 {
        self.last
    }

    fn first(&self) -> u64 {
        self.next() - self.log.len() as u64
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

    /// What a socket missed behind an offset; `None` when some of it is not kept any more.
    fn missed(&self, saved: &Saved, offset: u64) -> Option<Vec<Frame>> {
        if offset > self.last || offset + 1 < self.first() {
            return None;
        }
        let behind = self.log.iter().skip((offset + 1 - self.first()) as usize);
        let missed = behind.filter(|entry| {
            entry.namespace == saved.namespace && entry.addressees.mean(&saved.rooms)
        });
        Some(
            missed
                .flat_map(|entry| entry.frames.iter().cloned())
                .collect(),
        )
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
            namespace,
            addressees,
            frames: frames.to_vec(),
        };
        recovery.append(entry, duration, self.options.recovery_budget);
    }

    /// Remembers a socket that goes for a reason which may pass.
    pub(super) fn save(&mut self, hub: &Hub, socket: Socket, reason: Reason) {
        let Connected {
            namespace,
            pid,
            since,
            ..
        } = self.sockets[socket.key as usize];
        let (Some(recovery), Some(pid)) = (&mut self.recovery, pid) else {
            return;
        };
        recovery.live.remove(&pid);
        let rooms = &self.namespaces[namespace as usize].rooms;
        let Some(sid) = rooms.sid(socket).filter(|_| may_pass(reason)) else {
            return;
        };
        let now = hub.now();
        let until = now + self.options.max_disconnection_duration.unwrap_or(0);
        let rooms = rooms
            .rooms_of(socket)
            .map(|room| room.to_string())
            .collect();
        recovery.saved.retain(|_, saved| saved.until > now);
        if recovery.saved.len() < MAX_SAVED {
            recovery.saved.insert(
                pid,
                Saved {
                    sid,
                    namespace,
                    rooms,
                    since,
                    until,
                },
            );
        }
    }

    /// A new private name for a socket, if it may come back.
    pub(super) fn fresh_pid(&mut self, hub: &mut Hub, socket: Socket) -> Option<Sid> {
        let recovery = self.recovery.as_mut()?;
        let pid = hub.fresh_sid();
        recovery.live.insert(pid, socket);
        let connected = &mut self.sockets[socket.key as usize];
        (connected.pid, connected.since) = (Some(pid), recovery.last());
        Some(pid)
    }

    /// Brings a socket back, if the payload of its CONNECT names one that may; the missed events
    /// go out first, then the answer.
    pub(super) fn recover(&mut self, hub: &mut Hub, key: u32, namespace: u32, auth: &str) -> bool {
        let Some((pid, offset)) = self.recovery.as_ref().and_then(|_| claim(auth)) else {
            return false;
        };
        self.end_predecessor(hub, key, pid);
        let Some(recovery) = &mut self.recovery else {
            return false;
        };
        let saved = recovery
            .saved
            .remove(&pid)
            .filter(|saved| saved.namespace == namespace && saved.until > hub.now());
        let Some(saved) = saved else {
            log::debug!("no recovery: nobody of that name, or too late");
            return false;
        };
        let Some(missed) = recovery.missed(&saved, offset.unwrap_or(saved.since)) else {
            log::info!("no recovery: what was missed is not kept any more");
            return false;
        };
        self.restore(hub, key, pid, &saved, &missed, auth);
        true
    }

    fn restore(
        &mut self,
        hub: &mut Hub,
        key: u32,
        pid: Sid,
        saved: &Saved,
        missed: &[Frame],
        auth: &str,
    ) {
        let Saved {
            sid,
            namespace,
            since,
            ..
        } = *saved;
        let socket = self.insert(key, namespace);
        let connected = &mut self.sockets[socket.key as usize];
        (connected.pid, connected.since) = (Some(pid), since);
        let (rooms, queue) = (
            &mut self.namespaces[namespace as usize].rooms,
            &mut self.queue,
        );
        let mut hook = |change| queue.push_back(Queued::Room { namespace, change });
        rooms.enter(socket, sid, &mut hook);
        for room in &saved.rooms {
            rooms.join(socket, room, &mut hook);
        }
        if let Some(recovery) = &mut self.recovery {
            recovery.live.insert(pid, socket);
        }
        missed.iter().for_each(|frame| self.send(hub, key, frame));
        self.welcome(hub, key, socket, Some(pid));
        self.queue.push_back(Queued::Connect {
            socket,
            namespace,
            auth: auth.to_owned(),
            recovered: true,
        });
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
    pub(super) fn welcome(&mut self, hub: &mut Hub, key: u32, socket: Socket, pid: Option<Sid>) {
        let namespace = &self.namespaces[self.sockets[socket.key as usize].namespace as usize];
        let Some(sid) = namespace.rooms.sid(socket) else {
            return;
        };
        let names = match pid {
            Some(pid) => format!("{{\"sid\":\"{sid}\",\"pid\":\"{pid}\"}}"),
            None => format!("{{\"sid\":\"{sid}\"}}"),
        };
        let text = packet::encode(Kind::Connect, 0, &namespace.name, None, &names);
        let session = &mut self.sessions[key as usize];
        session.sockets.push(socket.key);
        session.deadlines.connect = NEVER;
        self.send_text(hub, key, text);
    }
}

/// The private name and the offset that a payload claims.
fn claim(auth: &str) -> Option<(Sid, Option<u64>)> {
    let auth: serde_json::Value = serde_json::from_str(auth).ok()?;
    let pid = Sid::parse(auth.get("pid")?.as_str()?)?;
    let offset = auth.get("offset").and_then(serde_json::Value::as_str);
    // An offset that is none, as of a string in an event without one, is beyond all positions.
    Some((
        pid,
        offset.map(|offset| u64::from_str_radix(offset, 16).unwrap_or(NEVER - 1)),
    ))
}

/// The offset of a position, as clients remember it.
pub(super) fn offset(position: u64) -> String {
    format!("{position:x}")
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
