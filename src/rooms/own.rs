//! The room of a member's own name: a bit with the member as long as nobody else is in it.

use super::{RoomEvent, Rooms};
use crate::id::Slot;

impl<I: Slot> Rooms<I> {
    /// Puts a member into the room of its own name; `false` if it is there already, or is no member.
    pub fn join_own(&mut self, id: I, hook: &mut dyn FnMut(RoomEvent<I>)) -> bool {
        let Some(sid) = self.sid(id) else {
            return false;
        };
        let room = sid.text();
        let known = self.names.contains_key(&*room);
        let Some(member) = &mut self.members[id.slot()] else {
            return false;
        };
        // The bit means the first of its rooms, in the order of joining.
        if known || member.own || !member.joined.is_empty() {
            return self.join(id, &room, hook);
        }
        member.own = true;
        hook(RoomEvent::Create { room: room.clone() });
        hook(RoomEvent::Join { room, id, sid });
        true
    }

    /// Makes a room like others of the one that a member has to itself: somebody comes to visit.
    pub(super) fn furnish(&mut self, owner: u32) -> u32 {
        let name = self.member(owner as usize).map(|member| member.sid.text());
        let room = self.add(&name.expect("an own room has its owner"));
        self.rooms[room as usize].members.insert(owner);
        if let Some(member) = &mut self.members[owner as usize] {
            member.own = false;
            member.joined.push_front(room);
        }
        room
    }

    pub(super) fn leave_own(&mut self, slot: usize, hook: &mut dyn FnMut(RoomEvent<I>)) {
        let Some(member) = self.members[slot].as_mut().filter(|member| member.own) else {
            return;
        };
        member.own = false;
        let room = member.sid.text();
        hook(RoomEvent::Leave {
            room: room.clone(),
            id: member.id,
            sid: member.sid,
        });
        hook(RoomEvent::Delete { room });
    }
}
