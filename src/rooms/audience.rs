//! Whom a message is for: a set of rooms and members, less another one.

use super::Rooms;
use crate::id::Slot;

/// A room by its name, or one member.
#[derive(Clone, Copy, Debug)]
pub enum Who<'a, I> {
    /// All members of a room; one that does not exist has none.
    Room(&'a str),
    /// One member; none if it is gone.
    One(I),
}

impl<'a, I> From<&'a str> for Who<'a, I> {
    fn from(room: &'a str) -> Self {
        Self::Room(room)
    }
}

impl<'a, I> From<&'a String> for Who<'a, I> {
    fn from(room: &'a String) -> Self {
        Self::Room(room)
    }
}

impl<I: Slot> From<I> for Who<'_, I> {
    fn from(id: I) -> Self {
        Self::One(id)
    }
}

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
    /// Adds a room or a member to those that are reached.
    pub fn to<I: Slot>(&mut self, rooms: &Rooms<I>, who: Who<'_, I>) {
        self.to.push(rooms.target(who));
    }

    /// Leaves out a member, or all members of a room, whatever else they are in.
    pub fn except<I: Slot>(&mut self, rooms: &Rooms<I>, who: Who<'_, I>) {
        self.except.push(rooms.target(who));
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
