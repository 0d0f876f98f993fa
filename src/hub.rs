//! The state of a server, and what a handler may do with it. No sockets, no clock.
//!
//! Nothing here calls the handler: what a method causes is queued and delivered in order after the
//! handler has returned. Nothing here removes a connection either: closing marks it, and the end
//! of the turn removes it.

use std::collections::VecDeque;

use slab::Slab;

use crate::compress::Compressor;
use crate::config::Config;
use crate::conn::{Conn, Mark, Phase};
use crate::drain::Drain;
use crate::ending::MAX_WAIT;
use crate::entry::Log;
use crate::event::{CloseReason, Queued};
use crate::gate::Gate;
use crate::id::{Id, RoomName, Sid};
use crate::memory::Memory;
use crate::origin::Refused;
use crate::outbox::{Outboxes, Run};
use crate::policy::{Lot, Policies, Policy};
use crate::reply::Upgrade;
use crate::rooms::{Audience, Rooms};
use crate::stats::Stats;
use crate::timer::Wheel;
use crate::ws::{self, Message, Opcode};

/// Every connection, every room, and what one may do with them; a handler gets it with each event.
///
/// Methods that name a connection answer `false` when it is gone: that is no error, it happens.
/// What is sent is written at the end of the turn, in order, with one system call a receiver.
pub struct Hub {
    pub(crate) config: Config,
    pub(crate) conns: Slab<Conn>,
    pub(crate) rooms: Rooms<Id>,
    pub(crate) outboxes: Outboxes,
    pub(crate) memory: Memory,
    pub(crate) policies: Policies,
    pub(crate) timers: Wheel,
    /// Milliseconds on the clock of the loop.
    pub(crate) now: u64,
    pub(crate) queue: VecDeque<Queued>,
    /// Connections that may go on with bytes they have kept.
    pub(crate) resumed: Vec<u32>,
    /// Connections that are not read until a time, the nearest first.
    pub(crate) paused: VecDeque<(u64, Id)>,
    /// Connections to be removed at the end of the turn.
    pub(crate) gone: Vec<u32>,
    /// The handshake that is before the handler now.
    pub(crate) upgrade: Option<Upgrade>,
    pub(crate) stopping: Stopping,
    pub(crate) drain: Option<Drain>,
    pub(crate) stats: Stats,
    /// Whose pages were refused, for the log.
    pub(crate) refused: Refused,
    /// When the application wants to be woken.
    pub(crate) alarm: Option<u64>,
    /// How many connections each address has.
    pub(crate) gate: Gate,
    pub(crate) log: Log,
    pub(crate) generation: u32,
    sids: Box<dyn FnMut() -> Sid + Send>,
    /// Memory of the last broadcast, for the next one.
    pub(crate) audience: Audience,
    pub(crate) compressor: Compressor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopping {
    No,
    /// Connections are closed one after the other; the others are served.
    Draining,
    /// Asked for; the handler hears of it first.
    Asked,
    /// All connections are being closed, until this time at most.
    Until(u64),
}

/// A message encoded once, for [`Hub::push`]; good until the handler returns.
#[derive(Clone, Copy, Debug)]
pub struct Encoded {
    pub(crate) form: Form,
    batch: u32,
    lot: Option<Lot>,
}

impl Encoded {
    /// Lets receivers that are slow miss it, as a [`Policy`] says: `Policy::Latest.lot(room, topic)`.
    #[must_use]
    pub fn of_lot(self, lot: Option<Lot>) -> Self {
        Self { lot, ..self }
    }
}

/// Where an encoded message is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// In the batch.
    Run(Run),
    /// Not yet: its form depends on who gets it.
    Large(u32),
}

impl Hub {
    pub(crate) fn new(config: Config, now: u64, sids: Box<dyn FnMut() -> Sid + Send>) -> Self {
        Self {
            compressor: Compressor::new(&config),
            conns: Slab::new(),
            rooms: Rooms::new(),
            outboxes: Outboxes::new(config.max_backlog),
            memory: Memory::default(),
            policies: Policies::default(),
            config,
            timers: Wheel::new(now),
            now,
            queue: VecDeque::new(),
            resumed: Vec::new(),
            paused: VecDeque::new(),
            gone: Vec::new(),
            upgrade: None,
            stopping: Stopping::No,
            drain: None,
            stats: Stats::default(),
            refused: Refused::default(),
            alarm: None,
            gate: Gate::default(),
            log: Log::default(),
            generation: 0,
            sids,
            audience: Audience::default(),
        }
    }

    /// Puts a socket into a room, which is made if need be; `false` if it is there already.
    pub fn join(&mut self, id: Id, room: &str) -> bool {
        self.rooms.join(id, room, &mut |event| {
            self.queue.push_back(Queued::Room(event))
        })
    }

    /// Takes a socket out of a room, which ends with its last member; `false` if it was not there.
    pub fn leave(&mut self, id: Id, room: &str) -> bool {
        self.rooms.leave(id, room, &mut |event| {
            self.queue.push_back(Queued::Room(event))
        })
    }

    /// The rooms of a socket in the order of joining; the one of its own name is the first.
    pub fn rooms_of(&self, id: Id) -> impl Iterator<Item = RoomName> {
        self.rooms.rooms_of(id)
    }

    /// Says what becomes of messages to a room that one of its members takes too slowly, also when
    /// the room is made later; [`Policy::Close`] unless it is said.
    pub fn set_policy(&mut self, room: &str, policy: Policy) {
        self.policies.set(room, policy);
    }

    /// All rooms, to be looked at.
    pub fn rooms(&self) -> &Rooms<Id> {
        &self.rooms
    }

    /// The public name of a socket, which is also the name of its own room.
    pub fn sid(&self, id: Id) -> Option<Sid> {
        self.rooms.sid(id)
    }

    /// The socket of that public name.
    pub fn find(&self, sid: &str) -> Option<Id> {
        self.rooms.find(sid)
    }

    /// Sends a message to one socket.
    pub fn send<'m>(&mut self, id: Id, message: impl Into<Message<'m>>) -> bool {
        match self.is_open(id) {
            true => self
                .encode(message)
                .is_some_and(|encoded| self.push(id, encoded)),
            false => false,
        }
    }

    /// Encodes a message once, for any number of receivers that the program chooses itself.
    ///
    /// `None` when the bytes of this turn would pass 2 GiB.
    ///
    /// ```
    /// # fn handle(hub: &mut roomcast::Hub, winners: &[roomcast::Id]) {
    /// if let Some(message) = hub.encode("you win") {
    ///     for id in winners {
    ///         hub.push(*id, message);
    ///     }
    /// }
    /// # }
    /// ```
    pub fn encode<'m>(&mut self, message: impl Into<Message<'m>>) -> Option<Encoded> {
        let message = message.into();
        let form = match self.compressor.takes(message) {
            true => self.keep_large(message)?,
            false => Form::Run(self.encode_frame(message.opcode(), message.payload())?),
        };
        Some(Encoded {
            form,
            batch: self.outboxes.number(),
            lot: None,
        })
    }

    /// Encodes messages that go one behind the other, or not at all where a slow receiver may miss
    /// them ([`Encoded::of_lot`]). They are not compressed. `None` as for [`Hub::encode`], and when
    /// there is none.
    pub fn encode_together<'m>(
        &mut self,
        messages: impl IntoIterator<Item = Message<'m>>,
    ) -> Option<Encoded> {
        let mut whole: Option<Run> = None;
        for message in messages {
            let run = self.encode_frame(message.opcode(), message.payload())?;
            whole = Some(whole.map_or(run, |whole| whole.through(run)));
        }
        Some(Encoded {
            form: Form::Run(whole?),
            batch: self.outboxes.number(),
            lot: None,
        })
    }

    /// Sends an encoded message to one socket; `false` also when the message is of an earlier turn.
    pub fn push(&mut self, id: Id, message: Encoded) -> bool {
        if !self.is_open(id) || message.batch != self.outboxes.number() {
            return false;
        }
        let Some(run) = self.form_for(id.key, message) else {
            return false;
        };
        self.outboxes.send(id.key, run, message.lot);
        self.stats.delivered += 1;
        true
    }

    /// Closes a WebSocket with a code (RFC 6455 §7.4) and a reason of at most 123 bytes, or gives
    /// up a request that is unanswered or not whole. It leaves its rooms at once; [`Event::Close`](crate::Event::Close) follows.
    ///
    /// 1005 sends a close frame without a code; any other code that may not be sent, as 1006 or one
    /// below 1000, becomes 1000.
    pub fn close(&mut self, id: Id, code: u16, reason: &str) -> bool {
        match self.phase(id) {
            Some(Phase::Open) => self.close_open(id, code, reason, CloseReason::Closed),
            Some(Phase::Answer | Phase::Body) => self.lose(id, CloseReason::Closed),
            _ => return false,
        }
        true
    }

    /// Stops the server: nothing is accepted any more, every connection is closed (a WebSocket
    /// with 1001), and what is queued is written for at most `Config::close_timeout`. That begins
    /// at once or, with `Config::drain`, goes on for that long; asked again, it does not.
    pub fn stop(&mut self) {
        let span = self.config.drain.min(MAX_WAIT).as_millis() as u64;
        match self.stopping {
            Stopping::No if span > 0 => self.begin_drain(span),
            Stopping::No | Stopping::Draining => {
                self.drain = None;
                self.stopping = Stopping::Asked;
                self.queue.push_back(Queued::Stop);
            }
            Stopping::Asked | Stopping::Until(_) => {}
        }
    }

    /// The time in milliseconds, on a clock that only goes forward; it stands still during a turn.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// Asks for [`Event::Wake`](crate::Event::Wake) at that time on the clock of [`Hub::now`]. Of
    /// several such wishes the earliest stands; ask again at every wake.
    pub fn wake_at(&mut self, time: u64) {
        self.alarm = Some(self.alarm.map_or(time, |alarm| alarm.min(time)));
    }

    /// A fresh name that nobody can guess, for what an application names itself.
    pub fn fresh_sid(&mut self) -> Sid {
        (self.sids)()
    }

    /// Counts so many messages more than have come on a connection, for `Config::message_rate`: for
    /// a layer whose requests or messages hold several of its own.
    pub fn charge(&mut self, id: Id, messages: usize) {
        if self.phase(id).is_some() {
            self.spend(id, messages, self.config.message_rate);
        }
    }

    /// Counts so many messages more in [`Stats::dropped`]: for a layer that keeps some of its own.
    pub fn note_dropped(&mut self, messages: usize) {
        self.stats.dropped += messages as u64;
    }

    /// Counts a body in [`Stats::crammed`]: for a layer that takes no more packets with one.
    pub fn note_crammed(&mut self) {
        self.stats.crammed += 1;
    }

    /// Whether nothing waits to be written to a socket: what is sent now is not behind a backlog.
    pub fn is_idle(&self, id: Id) -> bool {
        self.is_open(id) && self.outboxes.is_empty(id.key)
    }

    /// Whether a socket is open.
    pub fn is_open(&self, id: Id) -> bool {
        self.phase(id) == Some(Phase::Open)
    }

    /// Number of connections of any kind.
    pub fn connections(&self) -> usize {
        self.conns.len()
    }

    /// Bytes that are left over for slow receivers, shared ones counted once.
    pub fn backlog(&self) -> usize {
        self.outboxes.pinned()
    }

    /// Counters since the start.
    pub fn stats(&self) -> Stats {
        Stats {
            writes: self.outboxes.writes,
            compressed: self.compressor.count,
            dropped: self.stats.dropped + self.outboxes.dropped(),
            ..self.stats
        }
    }

    /// The limits and deadlines in force.
    pub fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn phase(&self, id: Id) -> Option<Phase> {
        let conn = self.conns.get(id.key as usize)?;
        (conn.generation == id.generation).then_some(conn.phase)
    }

    /// Turns a connection into a WebSocket.
    pub(crate) fn open(&mut self, upgrade: &Upgrade) {
        let Upgrade {
            id,
            accept,
            chosen,
            nameless,
            unpinged,
            agreed,
            ..
        } = upgrade;
        let (extension, window) = match agreed {
            Some((answer, window)) => (Some(answer.as_str()), *window),
            None => (None, 0),
        };
        let encode =
            |batch: &mut Vec<u8>| ws::switching(batch, accept, chosen.as_deref(), extension);
        let Some(run) = self
            .outboxes
            .encode(512 + chosen.as_ref().map_or(0, String::len), encode)
        else {
            return self.lose(*id, CloseReason::Lost);
        };
        self.outboxes.push(id.key, run);
        let conn = &mut self.conns[id.key as usize];
        (conn.phase, conn.window) = (Phase::Open, window);
        conn.mark(Mark::Unpinged, *unpinged);
        self.stats.opened += 1;
        match unpinged {
            true => self.timers.clear(id.key),
            false => self.set_deadline(id.key, self.config.ping_interval),
        }
        let mut hook = |event| self.queue.push_back(Queued::Room(event));
        while !nameless && !self.rooms.enter(*id, (self.sids)(), &mut hook) {}
        self.queue.push_back(Queued::Open(*id));
    }

    pub(crate) fn encode_frame(&mut self, opcode: Opcode, payload: &[u8]) -> Option<Run> {
        let len = ws::frame_len(payload.len());
        self.outboxes
            .encode(len, |batch| ws::frame(batch, opcode, payload))
    }
}
