//! The application of a script: it does to the hub whatever the script says (`deeds`), in the middle
//! of any event, and holds what it is told to what it was told before.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;

use roomcast::{CloseReason, Event, Hub, Id, Policy, RoomEvent, Weight};

use super::ledger::Ledger;

/// Bytes that say what happens; zeros when there are no more.
pub(crate) struct Script<'s>(pub(crate) &'s [u8]);

/// How much has happened.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) opened: usize,
    pub(crate) asked: usize,
    pub(crate) heard: usize,
    pub(crate) closed: usize,
    pub(crate) rooms: usize,
    /// Times that too much was held, and connections that were closed for what waited.
    pub(crate) pressed: usize,
    pub(crate) slow: usize,
    /// Messages that came, and that were missed.
    pub(crate) got: usize,
    pub(crate) missed: usize,
}

pub(crate) struct App<'s> {
    pub(crate) script: Script<'s>,
    pub(crate) tally: Tally,
    /// Every connection there was, in its order.
    pub(crate) peers: Vec<Id>,
    /// Sockets that are open.
    pub(crate) open: BTreeSet<Id>,
    /// Whose request is not answered.
    asked: BTreeSet<Id>,
    /// Who must not be heard of again.
    closed: BTreeSet<Id>,
    rooms: BTreeMap<String, BTreeSet<Id>>,
    /// Whoever opens is in two rooms at once.
    gathers: bool,
    pub(crate) policies: BTreeMap<String, Policy>,
    /// What was sent to sockets.
    pub(crate) ledger: Ledger<Id>,
    /// Sockets that are closed, to whom all was written by then.
    pub(crate) flushed: Vec<Id>,
    /// What the application holds for clients.
    pub(crate) weights: Vec<Weight>,
    /// Bytes that it may have sent and weighed since the turn began.
    pub(crate) given: usize,
}

impl Script<'_> {
    pub(crate) fn byte(&mut self) -> u8 {
        self.bytes(1).first().copied().unwrap_or(0)
    }

    /// Up to that many bytes.
    pub(crate) fn bytes(&mut self, count: u8) -> &[u8] {
        let (bytes, rest) = self.0.split_at(self.0.len().min(usize::from(count)));
        self.0 = rest;
        bytes
    }

    pub(crate) fn one_of<T: Copy>(&mut self, choice: &[T]) -> T {
        choice[usize::from(self.byte()) % choice.len()]
    }
}

impl<'s> App<'s> {
    pub(crate) fn new(script: Script<'s>) -> Self {
        Self {
            script,
            tally: Tally::default(),
            peers: Vec::new(),
            open: BTreeSet::new(),
            asked: BTreeSet::new(),
            closed: BTreeSet::new(),
            rooms: BTreeMap::new(),
            gathers: false,
            policies: BTreeMap::new(),
            ledger: Ledger::new(true),
            flushed: Vec::new(),
            weights: Vec::new(),
            given: 0,
        }
    }

    /// From now on whoever opens is in two rooms, of which slow members miss messages.
    pub(crate) fn gather(&mut self, hub: &mut Hub) {
        self.gathers = true;
        self.set_policy(hub, "lobby", Policy::Latest);
        self.set_policy(hub, "kitchen", Policy::DropOldest);
    }

    /// One of the last connections, which may be gone.
    pub(crate) fn peer(&mut self) -> Option<Id> {
        let last = self.peers.len().min(5);
        let at = usize::from(self.script.byte()).checked_rem(last)?;
        Some(self.peers[self.peers.len() - 1 - at])
    }

    pub(crate) fn handle(&mut self, hub: &mut Hub, event: Event<'_>) {
        if let Event::Pressure { bytes } = event {
            self.give_back(hub, bytes);
        }
        let opened = matches!(event, Event::Open { .. });
        let id = self.note(event);
        if let Some(id) = id.filter(|_| opened && self.gathers) {
            hub.join(id, "lobby");
            hub.join(id, "kitchen");
        }
        for _ in 0..self.script.one_of(&[0, 1, 1, 2]) {
            let other = self.peer();
            let whom = self.script.one_of(&[id, id, other]);
            whom.or(other).into_iter().for_each(|id| self.act(hub, id));
        }
    }

    /// What must be true when all have gone.
    pub(crate) fn check_end(&self) {
        assert_eq!(self.open, BTreeSet::new(), "never closed");
        assert_eq!(self.asked, BTreeSet::new(), "never answered, nor closed");
        assert!(self.rooms.is_empty(), "rooms are left: {:?}", self.rooms);
    }

    /// Writes down what happened; says to whom.
    fn note(&mut self, event: Event<'_>) -> Option<Id> {
        match event {
            Event::Upload { id, .. } | Event::Upgrade { id, .. } => self.ask(id),
            Event::Request { id, .. } => {
                // Its body may have been on the way.
                self.asked.remove(&id);
                self.ask(id)
            }
            Event::Open { id } => self.enter(id),
            Event::Text { id, .. } | Event::Binary { id, .. } => {
                assert!(self.open.contains(&id), "{id} speaks and is not open");
                self.tally.heard += 1;
                Some(id)
            }
            Event::Close { id, reason, unsent } => self.exit(id, &reason, unsent),
            Event::Leave { id } => {
                assert!(self.asked.contains(&id), "{id} is to leave and did not ask");
                Some(id)
            }
            Event::Room(change) => self.change(change),
            _ => None,
        }
    }

    fn ask(&mut self, id: Id) -> Option<Id> {
        assert!(!self.closed.contains(&id), "{id} asks and is closed");
        assert!(!self.open.contains(&id), "{id} asks and is a socket");
        assert!(self.asked.insert(id), "{id} asks before it is answered");
        self.tally.asked += 1;
        Some(id)
    }

    fn enter(&mut self, id: Id) -> Option<Id> {
        assert!(self.asked.remove(&id), "{id} opens and did not ask");
        assert!(self.open.insert(id), "{id} opens twice");
        self.tally.opened += 1;
        Some(id)
    }

    fn exit(&mut self, id: Id, reason: &CloseReason, unsent: usize) -> Option<Id> {
        assert!(self.closed.insert(id), "{id} closes twice");
        if self.open.contains(&id) && unsent == 0 {
            self.flushed.push(id);
        }
        self.tally.slow += usize::from(*reason == CloseReason::TooSlow);
        let known = self.open.remove(&id) || self.asked.remove(&id);
        assert!(known, "{id} closes and was not heard of");
        let inside = self.rooms.values().any(|members| members.contains(&id));
        assert!(!inside, "{id} closes and is in a room");
        self.tally.closed += 1;
        Some(id)
    }

    /// Too much is held for all: some of what the application holds goes, or all, or nothing.
    fn give_back(&mut self, hub: &Hub, bytes: usize) {
        let limit = hub.config().max_memory;
        assert!(hub.memory() > limit, "no more is held than may be");
        assert_eq!(hub.memory() - bytes, limit - limit / 8);
        let left = usize::from(self.script.byte() % 4);
        self.weights.truncate(left);
        self.tally.pressed += 1;
    }

    fn change(&mut self, change: RoomEvent<Id>) -> Option<Id> {
        self.tally.rooms += 1;
        match change {
            RoomEvent::Create { room } => {
                let before = self.rooms.insert(room.to_string(), BTreeSet::new());
                assert_eq!(before, None, "{room:?} is made twice");
                None
            }
            RoomEvent::Delete { room } => {
                let members = self.rooms.remove(&*room);
                assert_eq!(members, Some(BTreeSet::new()), "{room:?} ends");
                None
            }
            RoomEvent::Join { room, id, .. } => {
                assert!(!self.closed.contains(&id), "{id} joins and is closed");
                let members = self.rooms.get_mut(&*room).expect("it was made before");
                assert!(members.insert(id), "{id} is in {room:?} already");
                Some(id)
            }
            RoomEvent::Leave { room, id, .. } => {
                let members = self.rooms.get_mut(&*room).expect("it has a member");
                assert!(members.remove(&id), "{id} is not in {room:?}");
                Some(id)
            }
        }
    }

    /// A request is answered.
    pub(crate) fn answered(&mut self, id: Id) {
        assert!(self.asked.remove(&id), "{id} is answered and did not ask");
    }

    /// The name of a room: one of a few, or that of a socket.
    pub(crate) fn room(&mut self, hub: &Hub) -> String {
        let own = self.peer().and_then(|id| hub.sid(id));
        let names = ["lobby", "kitchen", "cellar"].map(str::to_owned);
        let own = own.map_or_else(String::new, |sid| sid.to_string());
        match self.script.byte() % 4 {
            3 => own,
            n => names[usize::from(n)].clone(),
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.opened += other.opened;
        self.asked += other.asked;
        self.heard += other.heard;
        self.closed += other.closed;
        self.rooms += other.rooms;
        self.pressed += other.pressed;
        self.slow += other.slow;
        self.got += other.got;
        self.missed += other.missed;
    }
}
