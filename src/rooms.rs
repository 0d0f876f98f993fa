//! Rooms: names ↔ sets of members, with an event for everything that changes.
//!
//! Knows nothing of connections: a member is anything with a [`Slot`]. The order of events is that
//! of the Socket.IO adapter: a room is created before its first member joins and deleted after its
//! last one left; who goes leaves room by room in the order of joining; what changes nothing says
//! nothing.
//!
//! Every member is in the room of its own name from the start. Nearly always it is alone there, so
//! that room is a bit with the member and becomes a room like others when somebody else joins it.
//! A room is a set of bits by slot, walked in order; a member keeps its rooms in the order of joining.

mod audience;
mod event;
mod joined;
mod members;
mod own;
mod sids;

use std::collections::HashMap;
use std::sync::Arc;

use slab::Slab;

use crate::id::{RoomName, Sid, Slot};
use crate::table;
use audience::Target;
pub use audience::{Audience, Who};
pub use event::RoomEvent;
use joined::Joined;
pub(crate) use members::Members;
use sids::Sids;

/// Rooms and their members. Every change calls the hook that comes with it, in order.
///
/// ```
/// use roomcast::{Rooms, Sid};
///
/// let mut rooms = Rooms::new();
/// let mut log = Vec::new();
/// let mut hook = |event: roomcast::RoomEvent<usize>| log.push(event.to_string());
/// rooms.enter(7, Sid::new([0; 15]), &mut hook);
/// rooms.join(7, "lobby", &mut hook);
/// assert!(!rooms.join(7, "lobby", &mut hook), "joining twice is silent");
/// assert_eq!(rooms.len("lobby"), 1);
/// assert_eq!(log[2..], ["create-room lobby", "join-room lobby AAAAAAAAAAAAAAAAAAAA"]);
/// ```
#[derive(Debug)]
pub struct Rooms<I> {
    names: HashMap<Arc<str>, u32>,
    rooms: Slab<Room>,
    /// By slot.
    members: Vec<Option<Member<I>>>,
    present: Members,
    sids: Sids,
}

#[derive(Debug)]
struct Room {
    name: Arc<str>,
    members: Members,
}

#[derive(Debug)]
struct Member<I> {
    id: I,
    sid: Sid,
    /// It is alone in the room of its own name, which stands before all in `joined`.
    own: bool,
    joined: Joined,
}

impl<I: Slot> Rooms<I> {
    /// Makes an empty set of rooms.
    pub fn new() -> Self {
        Self {
            names: HashMap::new(),
            rooms: Slab::new(),
            members: Vec::new(),
            present: Members::default(),
            sids: Sids::default(),
        }
    }

    /// Adds a member and puts it in the room of its own name. A slot that is taken stays as it is:
    /// `false`, as for a name that a present member has.
    pub fn enter(&mut self, id: I, sid: Sid, hook: &mut dyn FnMut(RoomEvent<I>)) -> bool {
        self.introduce(id, sid) && self.join_own(id, hook)
    }

    /// Adds a member that is in no room yet, not even in its own; otherwise as [`Rooms::enter`].
    pub fn introduce(&mut self, id: I, sid: Sid) -> bool {
        let slot = id.slot();
        if self.member(slot).is_some() || self.find(&sid.text()).is_some() {
            return false;
        }
        table::fit(&mut self.members, slot, || None);
        self.members[slot] = Some(Member {
            id,
            sid,
            own: false,
            joined: Joined::default(),
        });
        self.sids.insert(slot as u32, sids_of(&self.members));
        self.present.insert(slot as u32);
        true
    }

    /// Takes a member out of all its rooms, in the order of joining, and forgets it.
    pub fn exit(&mut self, id: I, hook: &mut dyn FnMut(RoomEvent<I>)) -> bool {
        let slot = id.slot();
        if !self.is_present(id) {
            return false;
        }
        self.leave_own(slot, hook);
        let joined = self.members[slot]
            .as_mut()
            .map(|member| std::mem::take(&mut member.joined));
        for room in joined.iter().flat_map(Joined::iter) {
            self.leave_room(slot, room, hook);
        }
        if let Some(member) = &self.members[slot] {
            self.sids.remove(member.sid, sids_of(&self.members));
        }
        self.members[slot] = None;
        self.present.remove(slot as u32);
        true
    }

    /// Puts a member into a room; `false` if it is there already, or is no member.
    pub fn join(&mut self, id: I, name: &str, hook: &mut dyn FnMut(RoomEvent<I>)) -> bool {
        if !self.is_present(id) || self.contains(name, id) {
            return false;
        }
        let room = match self.resolve(name) {
            Target::Room(room) => room,
            Target::One(owner) => self.furnish(owner),
            Target::Nobody => self.create(name, hook),
        };
        let slot = id.slot();
        let Some(member) = &mut self.members[slot] else {
            return false;
        };
        member.joined.push(room);
        self.rooms[room as usize].members.insert(slot as u32);
        let sid = member.sid;
        hook(RoomEvent::Join {
            room: self.name(room),
            id,
            sid,
        });
        true
    }

    /// Takes a member out of a room; `false` if it was not there.
    pub fn leave(&mut self, id: I, name: &str, hook: &mut dyn FnMut(RoomEvent<I>)) -> bool {
        if !self.contains(name, id) {
            return false;
        }
        match self.resolve(name) {
            Target::Room(room) => self.leave_room(id.slot(), room, hook),
            _ => self.leave_own(id.slot(), hook),
        }
        true
    }

    /// Whether a member is in a room.
    pub fn contains(&self, name: &str, id: I) -> bool {
        self.is_present(id) && self.holds(self.resolve(name), id.slot() as u32)
    }

    /// Number of members of a room; 0 if there is no such room.
    pub fn len(&self, name: &str) -> usize {
        match self.resolve(name) {
            Target::Room(room) => self.rooms[room as usize].members.len(),
            Target::One(_) => 1,
            Target::Nobody => 0,
        }
    }

    /// Whether a room has no members, which is to say whether it does not exist.
    pub fn is_empty(&self, name: &str) -> bool {
        self.len(name) == 0
    }

    /// Number of members, whatever their rooms.
    pub fn population(&self) -> usize {
        self.present.len()
    }

    /// The rooms of a member in the order of joining.
    pub fn rooms_of(&self, id: I) -> impl Iterator<Item = RoomName> {
        let member = self
            .members
            .get(id.slot())
            .and_then(Option::as_ref)
            .filter(|member| member.id == id);
        let own = member
            .filter(|member| member.own)
            .map(|member| member.sid.text());
        let joined = member
            .map(|member| member.joined.iter())
            .into_iter()
            .flatten();
        own.into_iter().chain(joined.map(|room| self.name(room)))
    }

    /// Who has that public name.
    pub fn find(&self, sid: &str) -> Option<I> {
        let slot = self.sids.find(Sid::parse(sid)?, sids_of(&self.members))?;
        self.member(slot as usize).map(|member| member.id)
    }

    /// The public name of a member.
    pub fn sid(&self, id: I) -> Option<Sid> {
        self.member(id.slot())
            .filter(|member| member.id == id)
            .map(|member| member.sid)
    }

    /// The members that an audience means, each once, in no particular order.
    pub fn members(&self, audience: &Audience) -> Vec<I> {
        let mut members = Vec::new();
        self.for_each_slot(audience, |slot| {
            members.extend(self.member(slot as usize).map(|member| member.id));
        });
        members
    }

    /// Calls for the slot of each member that an audience means, each once, in no particular order.
    /// The hot loop of a fan-out: calls from the inside of it cost half of what an iterator does
    /// that chains all these cases.
    pub fn for_each_slot(&self, audience: &Audience, mut visit: impl FnMut(u32)) {
        let Audience { to, except } = audience;
        let among = |targets: &[Target], slot| targets.iter().any(|room| self.holds(*room, slot));
        if audience.is_everyone() {
            self.present.for_each(|slot| {
                if !among(except, slot) {
                    visit(slot);
                }
            });
        }
        for (n, target) in to.iter().enumerate() {
            let visit = |slot| {
                if !among(&to[..n], slot) && !among(except, slot) {
                    visit(slot);
                }
            };
            match *target {
                Target::Room(room) => self.rooms[room as usize].members.for_each(visit),
                Target::One(slot) => [slot].into_iter().for_each(visit),
                Target::Nobody => {}
            }
        }
    }

    /// The one room that an audience means, less one member at most; none if it means more than that.
    pub(crate) fn single(&self, audience: &Audience) -> Option<(&Members, Option<u32>)> {
        let members = match audience.to[..] {
            [] => &self.present,
            [Target::Room(room)] => &self.rooms[room as usize].members,
            _ => return None,
        };
        match audience.except[..] {
            [] | [Target::Nobody] => Some((members, None)),
            [Target::One(slot)] => Some((members, Some(slot))),
            _ => None,
        }
    }

    /// What a name means now: a room, the room that one member has to itself, or nobody.
    fn resolve(&self, name: &str) -> Target {
        if let Some(room) = self.names.get(name) {
            return Target::Room(*room);
        }
        let slot = Sid::parse(name).and_then(|sid| self.sids.find(sid, sids_of(&self.members)));
        let alone =
            slot.filter(|slot| self.member(*slot as usize).is_some_and(|member| member.own));
        alone.map_or(Target::Nobody, Target::One)
    }

    /// What a room or a member means now.
    fn target(&self, who: Who<'_, I>) -> Target {
        match who {
            Who::Room(name) => self.resolve(name),
            Who::One(id) if self.is_present(id) => Target::One(id.slot() as u32),
            Who::One(_) => Target::Nobody,
        }
    }

    fn is_present(&self, id: I) -> bool {
        self.member(id.slot()).is_some_and(|member| member.id == id)
    }

    /// The member in a slot.
    pub fn at(&self, slot: u32) -> Option<I> {
        self.member(slot as usize).map(|member| member.id)
    }

    fn member(&self, slot: usize) -> Option<&Member<I>> {
        self.members.get(slot)?.as_ref()
    }

    #[inline]
    fn holds(&self, target: Target, slot: u32) -> bool {
        match target {
            Target::Room(room) => self.is_in(room, slot),
            Target::One(one) => one == slot,
            Target::Nobody => false,
        }
    }

    /// Apart, so that the loop over an audience stays small: it mostly leaves out one member.
    #[inline(never)]
    fn is_in(&self, room: u32, slot: u32) -> bool {
        self.rooms[room as usize].members.contains(slot)
    }

    fn name(&self, room: u32) -> RoomName {
        RoomName::Shared(Arc::clone(&self.rooms[room as usize].name))
    }

    fn create(&mut self, name: &str, hook: &mut dyn FnMut(RoomEvent<I>)) -> u32 {
        let room = self.add(name);
        hook(RoomEvent::Create {
            room: self.name(room),
        });
        room
    }

    fn add(&mut self, name: &str) -> u32 {
        let name: Arc<str> = name.into();
        let room = self.rooms.insert(Room {
            name: Arc::clone(&name),
            members: Members::default(),
        });
        self.names.insert(name, room as u32);
        room as u32
    }

    fn leave_room(&mut self, slot: usize, room: u32, hook: &mut dyn FnMut(RoomEvent<I>)) {
        let name = self.name(room);
        let Some(member) = &mut self.members[slot] else {
            return;
        };
        member.joined.remove(room);
        hook(RoomEvent::Leave {
            room: name.clone(),
            id: member.id,
            sid: member.sid,
        });
        let members = &mut self.rooms[room as usize].members;
        members.remove(slot as u32);
        if members.is_empty() {
            self.rooms.remove(room as usize);
            self.names.remove(&*name);
            hook(RoomEvent::Delete { room: name });
        }
    }
}

impl<I: Slot> Default for Rooms<I> {
    fn default() -> Self {
        Self::new()
    }
}

fn sids_of<I>(members: &[Option<Member<I>>]) -> impl Fn(u32) -> Sid + '_ {
    |slot| {
        members[slot as usize]
            .as_ref()
            .expect("a named slot has its member")
            .sid
    }
}

#[cfg(test)]
mod tests;
