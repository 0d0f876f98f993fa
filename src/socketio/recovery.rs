//! Connection state recovery: a client that comes back in time gets what it missed, once and in
//! order, under its old name and in its old rooms.
//!
//! Events are kept in one log for all, the oldest dropped first when the bytes or the time are up.
//! Their positions are the offsets that clients remember. A client without an offset has got no
//! event at all, so for it everything since it connected was missed. One whose offset is spoiled
//! (clients take the last text of any event for one) gets what the server knows to be unwritten.

mod absent;
mod log;

use super::carrier::Farewell;
use super::event::{Reason, Socket};
use super::packet::{self, Kind};
use super::session::{Frame, NEVER};
use super::{Connected, SocketIo};
use crate::{Hub, Sid};
use absent::Saved;
use log::Entry;
pub use log::Lost;
pub(super) use log::{Addressees, Back, Claim, Recovery};

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
        recovery.append(hub, entry, duration, self.options.recovery_budget);
    }

    /// Remembers a socket that goes for a reason which may pass.
    pub(super) fn save(&mut self, hub: &Hub, socket: Socket, reason: Reason) {
        let connected = &mut self.sockets[socket.key as usize];
        let moves = connected.moves.take().unwrap_or_default();
        let Connected {
            namespace,
            session,
            pid,
            since,
            ..
        } = *connected;
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
            moves: *moves,
            number: 0,
            until: now + self.options.max_disconnection_duration.unwrap_or(0),
        };
        recovery.absent.save(pid, saved, now);
        recovery.weigh(hub);
    }

    /// What a payload claims, and whether it may be so.
    pub(super) fn claim(&self, hub: &Hub, namespace: &str, auth: &str) -> Claim {
        let recovery = self.recovery.as_ref();
        let Some((recovery, (pid, offset))) = recovery.zip(claimed(auth)) else {
            return Claim::None;
        };
        let most = hub.config().max_backlog;
        let claim = recovery.judge(pid, offset.as_deref(), namespace, hub.now(), most);
        if let Claim::Lost(why) = &claim {
            ::log::info!("not recovered: {why}");
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
        // A client of the plain door is not told its private name.
        let can_come_back = self.can_answer(socket);
        let Some(recovery) = self.recovery.as_mut().filter(|_| can_come_back) else {
            return Err(None);
        };
        let connected = &mut self.sockets[socket.key as usize];
        let (pid, back) = match recovery.take(claim, hub.config().max_backlog) {
            Ok((pid, since, moves, back)) => {
                (connected.since, connected.moves) = (since, Some(Box::new(moves)));
                (pid, Ok(back))
            }
            Err(why) => {
                connected.since = recovery.last;
                (hub.fresh_sid(), Err(why))
            }
        };
        connected.pid = Some(pid);
        recovery.weigh(hub);
        recovery.live.insert(pid, socket.key);
        back
    }

    /// A client that is back before its old connection was noticed to be gone.
    pub(super) fn end_predecessor(&mut self, hub: &mut Hub, key: u32, auth: &str) {
        let recovery = self.recovery.as_ref();
        let claimed = recovery.zip(claimed(auth));
        let socket = claimed.and_then(|(recovery, (pid, _))| recovery.live.get(&pid));
        let session = socket
            .and_then(|key| self.sockets.get(*key as usize))
            .map(|socket| socket.session);
        if let Some(session) = session.filter(|session| *session != key) {
            self.end(hub, session, Reason::TransportClose, Farewell::Close);
        }
    }

    /// Notes that a socket has changed its rooms.
    pub(super) fn moved(&mut self, socket: Socket, room: &str, joined: bool) {
        let Some(recovery) = &self.recovery else {
            return;
        };
        let (last, first) = (recovery.last, recovery.first());
        let connected = &mut self.sockets[socket.key as usize];
        // Who has no private name is not in yet, or cannot come back.
        if connected.pid.is_some() {
            let moves = connected.moves.get_or_insert_default();
            moves.push(room, joined, last, first);
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

/// Letters of the tag.
const TAG: usize = 4;
