//! The application of the simulation: it relays, and works out what everybody must get.

use std::collections::{BTreeMap, BTreeSet};

use roomcast::{CloseReason, Event, Hub, Id, RoomEvent};

/// What the application knows and expects, by the events it was given.
#[derive(Default)]
pub(crate) struct App {
    pub(crate) open: BTreeSet<Id>,
    pub(crate) closed: BTreeMap<Id, CloseReason>,
    pub(crate) rooms: BTreeMap<String, BTreeSet<Id>>,
    /// What every socket must get, in order.
    pub(crate) expected: BTreeMap<Id, Vec<String>>,
}

impl App {
    pub(crate) fn handle(&mut self, hub: &mut Hub, event: Event<'_>) {
        match event {
            Event::Open { id } => assert!(self.open.insert(id), "opened twice"),
            Event::Text { id, text } => self.take(hub, id, text),
            Event::Close { id, reason, .. } => {
                assert!(self.open.remove(&id), "closed without having been open");
                assert!(
                    !self.rooms.values().any(|members| members.contains(&id)),
                    "closed and still in a room"
                );
                self.closed.insert(id, reason);
            }
            Event::Room(change) => self.note(change),
            _ => {}
        }
    }

    fn take(&mut self, hub: &mut Hub, id: Id, text: &str) {
        assert!(
            self.open.contains(&id),
            "a message of a socket that is not open"
        );
        match text.split_once(' ') {
            Some(("join", room)) => _ = hub.join(id, room),
            Some(("leave", room)) => _ = hub.leave(id, room),
            Some(("close", _)) => _ = hub.close(id, 1000, "as you wish"),
            Some((room, _)) => {
                let members = self.rooms.get(room).cloned().unwrap_or_default();
                let receivers: Vec<_> =
                    members.into_iter().filter(|member| *member != id).collect();
                let count = hub.to(room).except(id).send(text);
                assert_eq!(count, receivers.len(), "receivers of {room}");
                for receiver in receivers {
                    self.expected
                        .entry(receiver)
                        .or_default()
                        .push(text.to_owned());
                }
            }
            None => panic!("a text that nobody sent: {text}"),
        }
    }

    fn note(&mut self, change: RoomEvent<Id>) {
        match change {
            RoomEvent::Create { room } => {
                assert!(
                    self.rooms
                        .insert(room.to_string(), BTreeSet::new())
                        .is_none(),
                    "{room} was there"
                );
            }
            RoomEvent::Delete { room } => {
                assert!(
                    self.rooms
                        .remove(&*room)
                        .is_some_and(|members| members.is_empty()),
                    "{room} had members"
                );
            }
            RoomEvent::Join { room, id, .. } => {
                assert!(self.rooms.get_mut(&*room).unwrap().insert(id))
            }
            RoomEvent::Leave { room, id, .. } => {
                assert!(self.rooms.get_mut(&*room).unwrap().remove(&id))
            }
        }
    }
}
