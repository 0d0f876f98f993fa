//! The application of a script: it does to the hub whatever the script says, in the middle of any
//! event, and holds what it is told to what it was told before.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::ops::AddAssign;

use roomcast::{Event, Hub, Id, Response, RoomEvent};

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
}

pub(crate) struct App<'s> {
    pub(crate) script: Script<'s>,
    pub(crate) tally: Tally,
    /// Every connection there was, in its order.
    pub(crate) peers: Vec<Id>,
    /// Sockets that are open.
    open: BTreeSet<Id>,
    /// Whose request is not answered.
    asked: BTreeSet<Id>,
    /// Who must not be heard of again.
    closed: BTreeSet<Id>,
    rooms: BTreeMap<String, BTreeSet<Id>>,
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
    pub(crate) fn new(script: &'s [u8]) -> Self {
        Self {
            script: Script(script),
            tally: Tally::default(),
            peers: Vec::new(),
            open: BTreeSet::new(),
            asked: BTreeSet::new(),
            closed: BTreeSet::new(),
            rooms: BTreeMap::new(),
        }
    }

    /// One of the last connections, which may be gone.
    pub(crate) fn peer(&mut self) -> Option<Id> {
        let last = self.peers.len().min(5);
        let at = usize::from(self.script.byte()).checked_rem(last)?;
        Some(self.peers[self.peers.len() - 1 - at])
    }

    pub(crate) fn handle(&mut self, hub: &mut Hub, event: Event<'_>) {
        let id = self.note(event);
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
            Event::Close { id, .. } => self.exit(id),
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

    fn exit(&mut self, id: Id) -> Option<Id> {
        assert!(self.closed.insert(id), "{id} closes twice");
        let known = self.open.remove(&id) || self.asked.remove(&id);
        assert!(known, "{id} closes and was not heard of");
        let inside = self.rooms.values().any(|members| members.contains(&id));
        assert!(!inside, "{id} closes and is in a room");
        self.tally.closed += 1;
        Some(id)
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

    /// Does one thing.
    pub(crate) fn act(&mut self, hub: &mut Hub, id: Id) {
        let number = u64::from(self.script.byte());
        match self.script.byte() % 24 {
            0..4 => _ = hub.join(id, &self.room(hub)),
            4 => _ = hub.leave(id, &self.room(hub)),
            5 | 6 => _ = hub.send(id, "x".repeat(number as usize).as_str()),
            7 | 8 => {
                _ = hub
                    .to(&*self.room(hub))
                    .except(id)
                    .send(&vec![7; number as usize * 8])
            }
            9 => {
                let room = self.room(hub);
                hub.everyone().except(&*room).send("all");
            }
            10 => self.push(hub, id),
            11 => {
                let code = self.script.one_of(&[1000, 1005, 1006, 4999, 0]);
                hub.close(id, code, &"bye".repeat(number as usize));
            }
            12..16 => self.respond(hub, id, Response::text(200, "hello")),
            16 => self.respond(hub, id, Response::new(204).header("Connection", "close")),
            17 => self.respond(
                hub,
                id,
                Response::new(200).body(vec![b'x'; number as usize * 600]),
            ),
            18 => {
                // The source may end before its length.
                let source = std::io::repeat(b'x').take(number * 600);
                self.respond(
                    hub,
                    id,
                    Response::new(200).stream(number / 2 * 1000, source),
                );
            }
            19 => _ = hub.open_nameless(id),
            20 => _ = hub.open_unpinged(id) || hub.choose_protocol(id, "chat"),
            21 => hub.wake_at(hub.now() + number * 1000),
            22 => _ = hub.allow_time(id, number * 1000),
            _ if number > 250 => hub.stop(),
            _ => {}
        }
    }

    fn respond(&mut self, hub: &mut Hub, id: Id, response: Response) {
        if hub.respond(id, response) {
            assert!(self.asked.remove(&id), "{id} is answered and did not ask");
        }
    }

    /// One message, encoded once, to several.
    fn push(&mut self, hub: &mut Hub, id: Id) {
        let Some(message) = hub.encode("pushed") else {
            return;
        };
        for id in [Some(id), self.peer(), self.peer()].into_iter().flatten() {
            assert_eq!(
                hub.push(id, message),
                hub.is_open(id),
                "{id} is sent something"
            );
        }
    }

    /// The name of a room: one of a few, or that of a socket.
    fn room(&mut self, hub: &Hub) -> String {
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
    }
}
