//! What the application of a script does to the hub. Whatever it sends is written down.

use std::io::Read;

use roomcast::{Audience, Hub, Id, Lot, Message, Policy, Response, Who};

use super::app::App;
use super::ledger::Fate;
use super::reader::text;

impl App<'_> {
    /// Does one thing.
    pub(crate) fn act(&mut self, hub: &mut Hub, id: Id) {
        let number = u64::from(self.script.byte());
        let len = number as usize;
        match self.script.byte() % 34 {
            0..4 => _ = hub.join(id, &self.room(hub)),
            4 => _ = hub.leave(id, &self.room(hub)),
            5 | 6 => self.send(hub, id, len),
            7..10 => {
                let room = self.room(hub);
                self.publish(hub, &[&room], Who::One(id), len * 8);
            }
            10 => {
                let room = self.room(hub);
                self.publish(hub, &[], Who::Room(&room), len);
            }
            11 => self.push(hub, id, len),
            12 => {
                let code = self.script.one_of(&[1000, 1005, 1006, 4999, 0]);
                hub.close(id, code, &"bye".repeat(len));
            }
            13..17 => self.respond(hub, id, Response::text(200, "hello")),
            17 => self.respond(hub, id, Response::new(204).header("Connection", "close")),
            18 => {
                // A large body counts until it is sent, and it may be cut when the turn ends.
                self.given += len * 600;
                self.respond(hub, id, Response::new(200).body(vec![b'x'; len * 600]));
            }
            19 => {
                // The source may end before its length.
                let source = std::io::repeat(b'x').take(number * 600);
                let response = Response::new(200).stream(number / 2 * 1000, source);
                self.respond(hub, id, response);
            }
            20 => _ = hub.open_nameless(id),
            21 => _ = hub.open_unpinged(id) || hub.choose_protocol(id, "chat"),
            22 => hub.wake_at(hub.now() + number * 1000),
            23 => _ = hub.allow_time(id, number * 1000),
            24 => {
                let (room, policy) = (self.room(hub), self.policy());
                self.set_policy(hub, &room, policy);
            }
            25..29 => {
                let room = self.room(hub);
                self.publish(hub, &[&room], Who::Room(""), len * 4);
            }
            29 => {
                let rooms = [self.room(hub), self.room(hub)];
                self.publish(
                    hub,
                    &rooms.each_ref().map(|room| &**room),
                    Who::One(id),
                    len,
                );
            }
            30 => self.push_together(hub, id, len),
            31 => self.weigh(hub, len * 64),
            32 => hub.charge(id, len * 100),
            _ if number > 250 => hub.stop(),
            _ => {}
        }
    }

    fn respond(&mut self, hub: &mut Hub, id: Id, response: Response) {
        if hub.respond(id, response) {
            self.answered(id);
        }
    }

    fn send(&mut self, hub: &mut Hub, id: Id, len: usize) {
        let number = self.ledger.next();
        let sent = hub.send(id, &text(number, 0, 1, len));
        assert_eq!(sent, hub.is_open(id), "{id} is sent something");
        if sent {
            self.ledger.sent(id, number, Fate::Must);
        }
    }

    /// A message to the members of rooms, or to everyone, less some.
    fn publish(&mut self, hub: &mut Hub, rooms: &[&str], except: Who<'_, Id>, len: usize) {
        let topic = self.script.one_of(&["", "gold", "tin"]);
        let mut audience = Audience::default();
        for room in rooms {
            audience.to(hub.rooms(), Who::Room(room));
        }
        audience.except(hub.rooms(), except);
        let whom = hub.rooms().members(&audience);
        let (number, fate) = (self.ledger.next(), self.fate(rooms, topic));
        let broadcast = match rooms {
            [] => hub.everyone(),
            [first, others @ ..] => {
                let first = hub.to(*first);
                others
                    .iter()
                    .fold(first, |broadcast, room| broadcast.to(*room))
            }
        };
        let text = text(number, 0, 1, len);
        let message = match len % 2 {
            0 => Message::Text(&text),
            _ => Message::Binary(text.as_bytes()),
        };
        let count = broadcast.except(except).topic(topic).send(message);
        assert_eq!(count, whom.len(), "receivers in {rooms:?}");
        self.spend(text.len(), count);
        for id in whom {
            self.ledger.sent(id, number, fate.clone());
        }
    }

    /// One message, encoded once, to several.
    fn push(&mut self, hub: &mut Hub, id: Id, len: usize) {
        let number = self.ledger.next();
        let text = text(number, 0, 1, len * 4);
        let (lot, fate) = self.lot(hub);
        let message = hub.encode(&text).expect("few bytes").of_lot(lot);
        for id in self.several(id) {
            let sent = hub.push(id, message);
            assert_eq!(sent, hub.is_open(id), "{id} is sent something");
            if sent {
                self.ledger.sent(id, number, fate.clone());
            }
        }
        self.spend(text.len(), 3);
    }

    /// A message of several frames, which come together or not at all.
    fn push_together(&mut self, hub: &mut Hub, id: Id, len: usize) {
        let number = self.ledger.next();
        let texts = [0, 1, 2].map(|part| text(number, part, 3, len));
        let (lot, fate) = self.lot(hub);
        let messages = texts.each_ref().map(|text| Message::Text(text));
        let whole = hub.encode_together(messages).expect("few bytes");
        for id in self.several(id) {
            if hub.push(id, whole.of_lot(lot)) {
                self.ledger.sent(id, number, fate.clone());
            }
        }
        self.spend(texts.concat().len(), 3);
    }

    /// Up to three connections, each once.
    fn several(&mut self, id: Id) -> Vec<Id> {
        let mut ids = vec![id];
        for _ in 0..2 {
            ids.extend(self.peer().filter(|id| !ids.contains(id)));
        }
        ids
    }

    pub(crate) fn set_policy(&mut self, hub: &mut Hub, room: &str, policy: Policy) {
        hub.set_policy(room, policy);
        self.policies.insert(room.to_owned(), policy);
    }

    fn policy(&mut self) -> Policy {
        self.script
            .one_of(&[Policy::DropOldest, Policy::Latest, Policy::Close])
    }

    /// What the application says itself of a message that it encodes.
    fn lot(&mut self, hub: &Hub) -> (Option<Lot>, Fate) {
        let (policy, room) = (self.policy(), self.room(hub));
        let topic = self.script.one_of(&["", "gold", "tin"]);
        (policy.lot(&room, topic), fate(policy, &[&room], topic))
    }

    /// What becomes of a message to these rooms: what all of them say, or else nothing is missed.
    fn fate(&self, rooms: &[&str], topic: &str) -> Fate {
        let policy = |room: &&str| self.policies.get(*room).copied().unwrap_or_default();
        let first = rooms.first().map_or(Policy::Close, policy);
        match rooms.iter().all(|room| policy(room) == first) {
            true => fate(first, rooms, topic),
            false => Fate::Must,
        }
    }

    /// Something is held for clients, or less of it.
    fn weigh(&mut self, hub: &Hub, bytes: usize) {
        match self.script.byte() % 4 {
            0 => _ = self.weights.pop(),
            1 if !self.weights.is_empty() => {
                let last = self.weights.len() - 1;
                self.weights[last].set(bytes);
                self.given += bytes;
            }
            _ => {
                self.weights.truncate(3);
                self.weights.push(hub.weigh(bytes));
                self.given += bytes;
            }
        }
    }

    /// Counts what a message may take until the end of the turn: plain and compressed, and a place
    /// in each queue.
    fn spend(&mut self, len: usize, receivers: usize) {
        self.given += 2 * (len + 100) + 16 * receivers;
    }
}

fn fate(policy: Policy, rooms: &[&str], topic: &str) -> Fate {
    match policy {
        Policy::Close => Fate::Must,
        Policy::DropOldest => Fate::Oldest,
        Policy::Latest => Fate::Latest(format!("{rooms:?} {topic}")),
    }
}
