//! Whom a message is for: a set of rooms and members, less another one.

use super::Rooms;
use crate::id::Slot;

/// Members of a union of rooms, without those of others; built by [`Broadcast`](crate::Broadcast).
///
/// Names are resolved when they are added, so an audience must be used before rooms change.
#[derive(Debug, Default)]
pub struct Audience {
    /// Rooms to reach; with none of them named, everyone is meant.
    pub(crate) to: Vec<Target>,
    pub(crate) except: Vec<Target>,
}

/// What a name of a room meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The key of a room.
    Room(u32),
    /// The slot of one member.
    One(u32),
    /// A room that does not exist; it adds nobody, and never everybody.
    Nobody,
}

impl Audience {
    /// Adds a room to those that are reached; one that does not exist adds nobody.
    pub fn to<I: Slot>(&mut self, rooms: &Rooms<I>, room: &str) {
        self.to.push(rooms.resolve(room));
    }

    /// Adds one member.
    pub fn to_member<I: Slot>(&mut self, rooms: &Rooms<I>, id: I) {
        self.to.push(rooms.one(id));
    }

    /// Leaves out the members of a room.
    pub fn except<I: Slot>(&mut self, rooms: &Rooms<I>, room: &str) {
        self.except.push(rooms.resolve(room));
    }

    /// Leaves out one member.
    pub fn except_member<I: Slot>(&mut self, rooms: &Rooms<I>, id: I) {
        self.except.push(rooms.one(id));
    }

    /// Whether no room was named at all.
    pub(crate) fn is_everyone(&self) -> bool {
        self.to.is_empty()
    }

    /// Forgets all, keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.to.clear();
        self.except.clear();
    }
}
