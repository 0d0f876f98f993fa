//! What sockets there are, in which rooms, and what each is to get, worked out one by one.

use std::collections::{BTreeMap, BTreeSet};

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use roomcast::{Event, Hub, Id};

use super::ROOMS;
use crate::seeds::Counts;

/// What is known of a socket, worked out without looking at the hub.
#[derive(Default)]
pub(super) struct Peer {
    pub(super) rooms: BTreeSet<&'static str>,
    /// What it is to get, and whether it may miss it.
    pub(super) expected: Vec<(String, bool)>,
    /// Something was queued for it since the last flush.
    pub(super) busy: bool,
}

#[derive(Default)]
pub(super) struct App {
    pub(super) peers: BTreeMap<Id, Peer>,
    /// Who is gone, and what it was to get.
    pub(super) gone: BTreeMap<Id, Peer>,
    pub(super) policies: bool,
    /// Nobody is told of an end before the turn is over.
    pub(super) silent: bool,
    pub(super) said: usize,
    pub(super) delivered: u64,
    pub(super) random: Option<ChaCha8Rng>,
    pub(super) counts: Counts,
}

impl App {
    pub(super) fn handle(&mut self, hub: &mut Hub, event: Event<'_>) {
        match event {
            Event::Open { id } => {
                let peer = self.peers.entry(id).or_default();
                peer.busy = true;
                let room = ROOMS[self.below(ROOMS.len())];
                if self.below(2) == 0 {
                    self.join(hub, id, room);
                }
            }
            Event::Close { id, reason, .. } => {
                self.retire(id);
                let reason = format!("{reason:?}");
                let word = reason.split([' ', '(']).next().unwrap_or_default();
                self.count(&format!("closed {word}"));
                for _ in 0..self.below(if self.silent { 1 } else { 3 }) {
                    self.tell(hub);
                }
            }
            Event::Text { id, .. } => {
                for _ in 0..self.below(4) {
                    self.speak(hub, id);
                }
            }
            _ => {}
        }
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        self.random.as_mut().unwrap().random_range(0..end)
    }

    pub(super) fn count(&mut self, what: &str) {
        *self.counts.entry(what.to_owned()).or_default() += 1;
    }

    pub(super) fn any(&mut self) -> Option<Id> {
        let n = self.below(self.peers.len().max(1));
        self.peers.keys().nth(n).copied()
    }

    pub(super) fn room(&mut self) -> &'static str {
        ROOMS[self.below(ROOMS.len())]
    }

    pub(super) fn retire(&mut self, id: Id) {
        if let Some(peer) = self.peers.remove(&id) {
            self.gone.insert(id, peer);
        }
    }

    pub(super) fn join(&mut self, hub: &mut Hub, id: Id, room: &'static str) {
        let new = self.peers.get_mut(&id).unwrap().rooms.insert(room);
        assert_eq!(hub.join(id, room), new);
    }

    pub(super) fn text(&mut self) -> String {
        self.said += 1;
        let len = [0, 1, 10, 200][self.below(4)];
        format!("{} {}", self.said, "x".repeat(len))
    }

    pub(super) fn expect(&mut self, id: Id, text: &str, loose: bool) {
        let peer = self.peers.get_mut(&id).unwrap();
        peer.expected.push((text.to_owned(), loose));
        peer.busy = true;
        self.delivered += 1;
    }

    /// Says something to a room that somebody is in, but not to itself.
    pub(super) fn speak(&mut self, hub: &mut Hub, id: Id) {
        let Some(peer) = self.peers.get(&id) else {
            return;
        };
        let Some(room) = peer.rooms.first().copied() else {
            return;
        };
        self.send(hub, &[room], &[], &[], &[id]);
    }

    /// Says something to anybody.
    pub(super) fn tell(&mut self, hub: &mut Hub) {
        let room = self.room();
        let (to, some, except) = match self.below(12) {
            0 => (vec![], vec![], vec![]),
            1 => (vec![room, self.room()], vec![], vec![]),
            2 => (vec![room], vec![], vec![self.room()]),
            3 => (vec!["nowhere"], vec![], vec![]),
            4 => (vec![room], self.any().into_iter().collect(), vec![]),
            5 => (vec![], vec![], vec!["nowhere"]),
            6 => (vec![room], vec![], vec!["nowhere"]),
            7 => (vec![room, room], vec![], vec![]),
            _ => (vec![room], vec![], vec![]),
        };
        let mut but: Vec<Id> = Vec::new();
        for _ in 0..[0, 0, 1, 1, 1, 2][self.below(6)] {
            but.extend(self.any());
        }
        if self.below(20) == 0 {
            but.extend(self.gone.keys().next_back());
        }
        self.send(hub, &to, &some, &except, &but);
    }

    pub(super) fn send(
        &mut self,
        hub: &mut Hub,
        to: &[&'static str],
        some: &[Id],
        except: &[&str],
        but: &[Id],
    ) {
        let text = self.text();
        let mut broadcast = hub.everyone();
        for room in to {
            broadcast = broadcast.to(*room);
        }
        for id in some {
            broadcast = broadcast.to(*id);
        }
        for room in except {
            broadcast = broadcast.except(*room);
        }
        for id in but {
            broadcast = broadcast.except(*id);
        }
        let count = broadcast.send(&text);
        let everyone = to.is_empty() && some.is_empty();
        let meant = |id: &Id, peer: &Peer| {
            let is_in = |rooms: &[&'static str]| rooms.iter().any(|room| peer.rooms.contains(room));
            (everyone || is_in(to) || some.contains(id))
                && !except.iter().any(|room| peer.rooms.contains(room))
                && !but.contains(id)
        };
        let receivers: Vec<Id> = self
            .peers
            .iter()
            .filter(|(id, peer)| hub.is_open(**id) && meant(id, peer))
            .map(|(id, _)| *id)
            .collect();
        assert_eq!(
            count,
            receivers.len(),
            "to {to:?} {some:?} but {except:?} {but:?}"
        );
        let loose = self.policies
            && some.is_empty()
            && !to.is_empty()
            && to.iter().all(|room| *room == "few" || *room == "last");
        for id in receivers {
            self.expect(id, &text, loose);
        }
        self.count(if loose { "loose" } else { "messages" });
    }
}
