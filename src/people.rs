//! Who is here: those who gave a name. Others in the same places hear of them coming and going, of
//! another name, and of their typing.
//!
//! In a place of very many nobody hears of anybody: it would cost the square of their number, and
//! nobody could read it. Who asks is told.

use std::collections::BinaryHeap;

use roomcast::RoomName;
use roomcast::socketio::{Broadcast, Io, Socket};
use serde::Serialize;
use serde_json::{Value, json};

use crate::names::Names;
use crate::places::{EVERYONE, at, name, rooms_of};

/// The people.
pub(crate) struct People {
    names: Names<Socket>,
}

impl People {
    pub(crate) fn new() -> Self {
        Self {
            names: Names::new(),
        }
    }

    /// What somebody is called, if it gave a name.
    pub(crate) fn name(&self, socket: Socket) -> Option<&str> {
        self.names.of(socket)
    }

    /// Gives somebody a name, or another one, and tells the others.
    pub(crate) fn call(&mut self, io: &mut Io<'_>, socket: Socket, wanted: &str) {
        let id = name(io, socket);
        let former = self.names.take(socket, wanted, &id);
        match (former, self.names.of(socket)) {
            (Some(former), Some(called)) if former != called => {
                let all = at(io, EVERYONE).except(socket);
                announce(all, "renamed", (id, called, former));
            }
            (Some(_), _) => {}
            (None, _) => {
                let rooms: Vec<_> = rooms_of(io, socket).collect();
                for place in rooms.iter().map(String::as_str).chain([EVERYONE]) {
                    self.tell(io, socket, "joined", place);
                }
            }
        }
    }

    /// Tells the others in a place what one of the people does there.
    pub(crate) fn tell(&self, io: &mut Io<'_>, socket: Socket, what: &str, place: &str) {
        let Some(called) = self.names.of(socket) else {
            return;
        };
        let id = name(io, socket);
        let others = at(io, place).except(socket);
        let others = if what == "typing" {
            others.volatile()
        } else {
            others
        };
        announce(others, what, (place, id, called));
    }

    /// Somebody is gone, who was in these rooms, its own first.
    pub(crate) fn leave(&mut self, io: &mut Io<'_>, socket: Socket, id: &str, rooms: &[RoomName]) {
        let Some(called) = self.names.forget(socket) else {
            return;
        };
        let rooms = rooms.iter().map(|room| &**room).filter(|room| *room != id);
        for place in rooms.chain([EVERYONE]) {
            announce(at(io, place), "left", (place, id, &called));
        }
    }

    /// The people in a place, and how many they are; of very many not all.
    pub(crate) fn who(&self, io: &mut Io<'_>, place: &str) -> (Value, usize) {
        let here = at(io, place).fetch_sockets();
        let here = here.into_iter();
        let called = here.filter_map(|socket| Some((socket, self.names.of(socket)?)));
        let mut people: Vec<_> = called.collect();
        let count = people.len();
        people.truncate(MANY);
        let by_name = people
            .into_iter()
            .map(|(socket, called)| (called, name(io, socket)));
        let sorted = BinaryHeap::from_iter(by_name).into_sorted_vec();
        let people = sorted.into_iter().map(|(called, id)| (id, called));
        (json!(people.collect::<Vec<_>>()), count)
    }
}

fn announce(to: Broadcast<'_>, what: &str, args: impl Serialize) {
    if to.fetch_sockets().len() < MANY {
        to.emit(what, args);
    }
}

const MANY: usize = 200;
