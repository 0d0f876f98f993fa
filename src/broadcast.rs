//! `hub.to("lobby").except(id).send(text)`: who gets a message, in words.

use crate::hub::Hub;
use crate::id::Id;
use crate::outbox::Run;
use crate::policy::{Choice, Lot, Policy};
use crate::rooms::{Audience, Who};
use crate::ws::Message;

/// A message on its way: the members of a union of rooms, less those of others, each once.
///
/// ```
/// # fn handle(hub: &mut roomcast::Hub, id: roomcast::Id) {
/// hub.to("kitchen").to("cellar").except("cook").except(id).send("dinner is ready");
/// hub.everyone().except(id).send(b"\x01\x02");
/// # }
/// ```
#[must_use = "nothing is sent before `send`"]
pub struct Broadcast<'h> {
    hub: &'h mut Hub,
    audience: Audience,
    choice: Choice,
}

impl<'h> Broadcast<'h> {
    fn new(hub: &'h mut Hub) -> Self {
        let audience = std::mem::take(&mut hub.audience);
        Self {
            hub,
            audience,
            choice: Choice::default(),
        }
    }

    /// Adds a room or a socket to those who get it. A room that does not exist adds nobody.
    pub fn to<'w>(mut self, who: impl Into<Who<'w, Id>>) -> Self {
        let who = who.into();
        match who {
            Who::Room(room) => self.choice.add(self.hub.policies.of(room), room),
            Who::One(_) => self.choice.add(Policy::Close, ""),
        }
        self.audience.to(&self.hub.rooms, who);
        self
    }

    /// Leaves out a socket, or all members of a room, whatever else they are in.
    pub fn except<'w>(mut self, who: impl Into<Who<'w, Id>>) -> Self {
        self.audience.except(&self.hub.rooms, who.into());
        self
    }

    /// Says what the message is about, for rooms of [`Policy::Latest`]; without it all that is sent
    /// to such a room is about the same.
    pub fn topic(mut self, topic: &str) -> Self {
        self.choice.set_topic(topic);
        self
    }

    /// Encodes the message once and queues it for each receiver; says how many there are.
    pub fn send<'m>(mut self, message: impl Into<Message<'m>>) -> usize {
        let lot = self.choice.lot();
        let count = self.hub.publish(&self.audience, message.into(), lot);
        self.audience.clear();
        self.hub.audience = self.audience;
        count
    }
}

impl Hub {
    /// Begins a broadcast to a room, or to one socket by its [`Id`]; see [`Broadcast`].
    pub fn to<'w>(&mut self, who: impl Into<Who<'w, Id>>) -> Broadcast<'_> {
        Broadcast::new(self).to(who)
    }

    /// Begins a broadcast to every socket.
    pub fn everyone(&mut self) -> Broadcast<'_> {
        Broadcast::new(self)
    }

    fn publish(&mut self, audience: &Audience, message: Message<'_>, lot: Option<Lot>) -> usize {
        if self.compressor.takes(message) {
            return self.publish_large(audience, message, lot);
        }
        let Some(run) = self.encode_frame(message.opcode(), message.payload()) else {
            return 0;
        };
        let room = self.rooms.single(audience);
        let count = match room.filter(|_| self.outboxes.sends_all(lot)) {
            Some((members, but)) => self.outboxes.fan_out(members, but, run),
            None => self.send_each(audience, run, lot),
        };
        if count == 0 {
            self.outboxes.take_back(run);
        }
        self.stats.delivered += count as u64;
        count
    }

    fn send_each(&mut self, audience: &Audience, run: Run, lot: Option<Lot>) -> usize {
        let mut count = 0;
        self.rooms.for_each_slot(audience, |key| {
            self.outboxes.send(key, run, lot);
            count += 1;
        });
        count
    }
}
