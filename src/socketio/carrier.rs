//! A session from its opening to its end, whatever carries it: deadlines, sending, closing.

use std::sync::Arc;

use super::event::{Part, Reason};
use super::queues::Range;
use super::session::{Carrier, Frame, NEVER, Session};
use super::{SocketIo, engine};
use crate::{CloseReason, Hub, Id, Lot, Response};

impl SocketIo {
    /// Opens a session; the open packet is the first thing sent on it.
    pub(super) fn open(&mut self, hub: &mut Hub, carrier: Carrier) -> u32 {
        let (sid, now) = (hub.fresh_sid(), hub.now());
        let (ping, connect) = (
            now + self.options.ping_interval,
            now + self.options.connect_timeout,
        );
        let key = self
            .sessions
            .insert(Session::new(sid, carrier, ping, connect)) as u32;
        self.by_sid.insert(sid, key);
        self.refile(hub, key);
        let upgrades = match carrier {
            Carrier::Polling { .. } if self.options.websocket => "\"websocket\"",
            _ => "",
        };
        let Self { options, .. } = self;
        let core = hub.config();
        let max = options.max_http_buffer_size;
        let max = max.min(core.max_body).min(core.max_message);
        let text = engine::open(
            &sid.text(),
            upgrades,
            options.ping_interval,
            options.ping_timeout,
            max,
        );
        self.send(hub, key, &Frame::Text(text.into()));
        key
    }

    /// Sends one packet to one session.
    pub(super) fn send(&mut self, hub: &mut Hub, key: u32, frame: &Frame) {
        let Some(session) = self
            .sessions
            .get_mut(key as usize)
            .filter(|session| !session.over)
        else {
            return;
        };
        match session.carrier {
            Carrier::WebSocket(id) => write(hub, id, session.base64, frame),
            // Events get there as JSON arrays; the packets around them mean nothing there.
            Carrier::Plain(_) => {}
            Carrier::Polling { .. } => {
                self.queue_up(hub, key, std::slice::from_ref(frame), &mut None, None);
            }
        }
    }

    /// Has an event wait for a poll of a session; `range` is where it is, once it is somewhere.
    pub(super) fn queue_up(
        &mut self,
        hub: &mut Hub,
        key: u32,
        frames: &[Frame],
        range: &mut Option<Range>,
        lot: Option<Lot>,
    ) {
        let session = &mut self.sessions[key as usize];
        if session.over {
            return;
        }
        // Beyond the limit it ends, but not here: whoever sends is in the middle of something.
        let limit = hub.config().max_backlog;
        if session.waiting() <= limit {
            let packets = &mut self.packets;
            let range = *range.get_or_insert_with(|| packets.add(hub, frames, lot));
            hub.note_dropped(session.push(range, limit, packets));
        }
        self.touch(key);
    }

    pub(super) fn send_text(&mut self, hub: &mut Hub, key: u32, text: String) {
        self.send(hub, key, &Frame::Text(Arc::from(text)));
    }

    /// Has the poll of a session looked at when the handler has returned.
    pub(super) fn touch(&mut self, key: u32) {
        if !std::mem::replace(&mut self.sessions[key as usize].dirty, true) {
            self.dirty.push(key);
        }
    }

    /// The client answered a ping, or gave another sign of life.
    pub(super) fn heard(&mut self, hub: &mut Hub, key: u32) {
        let interval = self.options.ping_interval;
        let Some(session) = self.sessions.get_mut(key as usize) else {
            return;
        };
        if session.pinged {
            (session.beat, session.pinged) = (hub.now() + interval, false);
            self.refile(hub, key);
        }
    }

    pub(super) fn refile(&mut self, hub: &mut Hub, key: u32) {
        let session = &mut self.sessions[key as usize];
        session.tidy(hub.now());
        let next = session.deadline();
        let Some(timers) = &mut self.timers else {
            return;
        };
        timers.set(key, next);
        if next != NEVER {
            // Not what the wheel says: it counts from its last turn, which may be long ago.
            hub.wake_at(next);
        }
    }

    /// Deadlines have passed.
    pub(super) fn wake(&mut self, hub: &mut Hub) {
        let mut due = Vec::new();
        if let Some(timers) = &mut self.timers {
            timers.expire(hub.now(), &mut due);
        }
        for key in due {
            if self.sessions.contains(key as usize) {
                self.run_out(hub, key);
            }
        }
        self.expire_questions(hub);
        let wait = self.timers.as_ref().and_then(crate::Wheel::next);
        wait.into_iter()
            .for_each(|wait| hub.wake_at(hub.now() + wait));
    }

    fn run_out(&mut self, hub: &mut Hub, key: u32) {
        let now = hub.now();
        let session = &self.sessions[key as usize];
        let (pinged, beat, work) = (session.pinged, session.beat, session.work());
        let (connect, upgrade) = (work.connect, work.upgrade);
        if work.end <= now {
            return self.forget(hub, key);
        }
        if upgrade <= now {
            self.abandon_upgrade(hub, key);
        }
        if pinged && beat <= now {
            return self.end(hub, key, Reason::PingTimeout, Farewell::Full);
        }
        if connect <= now {
            return self.end(hub, key, Reason::ForcedServerClose, Farewell::Full);
        }
        if beat <= now {
            let session = &mut self.sessions[key as usize];
            (session.beat, session.pinged) = (now + self.options.ping_timeout, true);
            self.ping(hub, key);
        }
        if self.sessions.contains(key as usize) {
            self.refile(hub, key);
        }
    }

    /// Overtakes what waits for polls: behind many messages it would come when the client, which
    /// waits for it, has given up.
    fn ping(&mut self, hub: &mut Hub, key: u32) {
        let ping = Frame::Text("2".into());
        let session = &mut self.sessions[key as usize];
        if !matches!(session.carrier, Carrier::Polling { .. }) {
            return self.send(hub, key, &ping);
        }
        let range = self.packets.add(hub, &[ping], None);
        session.push_first(range, &mut self.packets);
        self.touch(key);
    }

    /// Ends a session: its sockets are gone at once, its client is told as `farewell` says.
    pub(super) fn end(&mut self, hub: &mut Hub, key: u32, reason: Reason, farewell: Farewell) {
        let Some(session) = self
            .sessions
            .get_mut(key as usize)
            .filter(|session| !session.over)
        else {
            return;
        };
        session.over = true;
        // One that is silent, or back by another way, may not have got what was written.
        let lost = reason == Reason::PingTimeout || farewell == Farewell::Close;
        session.flushed |= !lost && session.is_flushed(hub);
        for socket in session.take_sockets() {
            self.retire(hub, socket, reason);
        }
        self.refuse_post(hub, key);
        if farewell != Farewell::Full {
            self.abandon_upgrade(hub, key);
        }
        match self.sessions[key as usize].carrier {
            Carrier::WebSocket(id) => {
                self.set_role(id, Some(Part::Orphan));
                hub.close(id, 1005, "");
                self.forget(hub, key);
            }
            Carrier::Plain(id) => {
                self.set_role(id, Some(Part::Orphan));
                // When the server stops the core closes it, and says so.
                if reason != Reason::ServerShuttingDown {
                    hub.close(id, 1000, &reason.to_string());
                }
                self.forget(hub, key);
            }
            Carrier::Polling { held } => self.end_polling(hub, key, held, farewell),
        }
    }

    fn end_polling(&mut self, hub: &mut Hub, key: u32, held: Option<Id>, farewell: Farewell) {
        let session = &mut self.sessions[key as usize];
        session.carrier = Carrier::Polling { held: None };
        let Some(id) = held else {
            return match farewell {
                Farewell::Full => self.linger(hub, key),
                _ => self.forget(hub, key),
            };
        };
        let queued = match farewell {
            Farewell::Full => session.next_body(&mut self.packets),
            _ => None,
        };
        let more = queued.is_some();
        let last = match farewell {
            Farewell::Full | Farewell::Close => "1",
            Farewell::Noop => "6",
            Farewell::Nothing => "",
        };
        let body = queued.unwrap_or_else(|| last.to_owned());
        self.reply(hub, key, id, response(body));
        match more {
            true => self.linger(hub, key),
            false => self.forget(hub, key),
        }
    }

    /// Remembers a session that is over until its next poll, for half a minute.
    fn linger(&mut self, hub: &mut Hub, key: u32) {
        let session = &mut self.sessions[key as usize];
        session.beat = NEVER;
        let work = session.work_mut();
        // A change to a WebSocket has no more time than it had.
        (work.connect, work.end) = (NEVER, hub.now() + LINGER);
        self.refile(hub, key);
    }

    pub(super) fn forget(&mut self, hub: &mut Hub, key: u32) {
        self.abandon_upgrade(hub, key);
        let mut session = self.sessions.remove(key as usize);
        session.forget_queue(&mut self.packets);
        self.by_sid.remove(&session.sid);
        if let Some(timers) = &mut self.timers {
            timers.clear(key);
        }
    }

    /// A connection of the core is gone.
    pub(super) fn gone(&mut self, hub: &mut Hub, id: Id, reason: &CloseReason, unsent: usize) {
        let part = self.role(id);
        self.set_role(id, None);
        match part {
            Some(Part::Web(key) | Part::Plain(key)) => {
                self.sessions[key as usize].flushed = unsent == 0;
                self.end(hub, key, why(reason), Farewell::Nothing);
            }
            Some(Part::Poll(key)) => self.end(hub, key, Reason::TransportError, Farewell::Nothing),
            Some(Part::Post(key)) => {
                self.sessions[key as usize].work_mut().post = None;
                // A body that is too long is the fault of one message: the client was told by 413.
                if *reason != CloseReason::Refused(413) {
                    self.end(hub, key, Reason::TransportError, Farewell::Close);
                }
            }
            Some(Part::Probe(key)) => {
                self.sessions[key as usize].work_mut().probe = None;
                self.abandon_upgrade(hub, key);
            }
            Some(Part::Opening { .. } | Part::Joining { .. } | Part::Door | Part::Orphan)
            | None => {}
        }
    }

    /// The server stops: no client is told by a packet, so that all come back when it is up again.
    /// A client that polls finds nobody at its next poll; from a close python-socketio stays away.
    pub(super) fn stop(&mut self, hub: &mut Hub) {
        let keys: Vec<_> = self.sessions.iter().map(|(key, _)| key as u32).collect();
        for key in keys {
            self.end(hub, key, Reason::ServerShuttingDown, Farewell::Noop);
        }
    }

    /// The server stops in slices, and it is the turn of this request: if it is a poll its session
    /// ends as all do then, without a packet that says so, and its client comes back.
    pub(super) fn leave_poll(&mut self, hub: &mut Hub, id: Id) {
        if let Some(Part::Poll(key)) = self.role(id) {
            self.end(hub, key, Reason::ServerShuttingDown, Farewell::Noop);
        }
    }

    /// The WebSocket that a session might have changed to is closed, and polling goes on.
    pub(super) fn abandon_upgrade(&mut self, hub: &mut Hub, key: u32) {
        let work = self.sessions[key as usize].work_mut();
        work.upgrade = NEVER;
        let probe = work.probe.take();
        self.sessions[key as usize].tidy(hub.now());
        if let Some(id) = probe {
            self.set_role(id, Some(Part::Orphan));
            hub.close(id, 1005, "");
        }
    }

    /// When the handler has returned: polls are answered with what has come together.
    pub(super) fn settle(&mut self, hub: &mut Hub) {
        for key in std::mem::take(&mut self.dirty) {
            // One that is forgotten still stands in the list.
            let session = self.sessions.get_mut(key as usize);
            let Some(session) = session.filter(|session| session.dirty) else {
                continue;
            };
            session.dirty = false;
            if !session.over && session.waiting() > hub.config().max_backlog {
                log::info!("a session ends: too much waits for its polls");
                self.end(hub, key, Reason::TransportError, Farewell::Close);
            } else {
                self.answer_poll(hub, key);
            }
        }
    }
}

/// Packets as the answer to a request.
pub(super) fn response(body: String) -> Response {
    Response::new(200)
        .header("Content-Type", "text/plain; charset=UTF-8")
        .header("Cache-Control", "no-store")
        .body(body)
}

/// One packet on a WebSocket.
pub(super) fn write(hub: &mut Hub, id: Id, base64: bool, frame: &Frame) {
    match frame {
        Frame::Text(text) => hub.send(id, &**text),
        Frame::Binary(bytes) if base64 => hub.send(id, &engine::binary(bytes)),
        Frame::Binary(bytes) => hub.send(id, &**bytes),
    };
}

/// What the end of a WebSocket is called on this layer.
fn why(reason: &CloseReason) -> Reason {
    match reason {
        CloseReason::Violation(_) | CloseReason::TooSlow => Reason::TransportError,
        CloseReason::TimedOut => Reason::PingTimeout,
        CloseReason::Stopped => Reason::ServerShuttingDown,
        _ => Reason::TransportClose,
    }
}

/// What a client that polls hears of the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Farewell {
    /// All that was queued, then a close; at the next polls if none is held.
    Full,
    /// A noop: it has closed the session itself, or is to learn it by its next poll.
    Noop,
    /// A close.
    Close,
    /// Nothing: it is gone.
    Nothing,
}

/// Milliseconds that a session which is over waits for its last poll.
const LINGER: u64 = 30_000;
